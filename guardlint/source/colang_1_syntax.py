"""Is a file Colang 1.0 for NeMo's parser? Its first error, and where: the statements, one by one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from guardlint.source.colang_1_elements import check_elements
from guardlint.source.colang_1_examples import SaidText, read_examples
from guardlint.source.colang_1_lines import Line, Unreadable, first_word, without
from guardlint.source.colang_1_reader import need
from guardlint.source.colang_1_said import Said, bracketed

__all__ = ["read_colang_1"]

_STATEMENTS = frozenset(
    "import,include,use,define,when,else when,user,bot,event,do,flow,allow,accept,disallow,deny,reject,goto,"
    "go to,run,set,expect,label,checkpoint,if,else,else if,any,infer,pass,continue,break,stop,abort,return,"
    "done,context,meta,log,while,for,foreach".split(",")
)
_BEGIN_A_FLOW = frozenset(
    "user,bot,event,if,while,for,when,any,run,label,set,goto,go to,do,flow,continue,break,stop,abort,done,"
    "return,check,meta,global,var,local,param,log".split(",")
)

# How the lines begin at which the first reading of a file, for its imports, can stop.
_LOOKED_AT = ("def", "import", "include", "else", "go")

# Definitions that say nothing of imports, whatever their names are.
_DEFINES = ("define user ", "define bot ", "define flow ", "define subflow ")

# What stops the parser of NeMo by accident stops this one likewise.
_ACCIDENTS = (LookupError, TypeError, AttributeError, ValueError, AssertionError, RuntimeError, SyntaxError)


def read_colang_1(text: str) -> tuple[tuple[str, int, int] | None, list[SaidText]]:
    """The first error (message, line and column, both from 1) and what is said, each with its line.

    Of a file with an error NeMo keeps nothing.
    """
    parse: _Parse | None = None
    try:
        parse = _Parse(text)
        parse.imports()
        return None, [(kind, name, said, line.number) for kind, name, said, line in parse.run()]
    except Unreadable as problem:
        return _at(parse, str(problem)), []
    except _ACCIDENTS:
        return _at(parse, "the statement cannot be read here"), []


def _at(parse: _Parse | None, message: str) -> tuple[str, int, int]:
    return (message, parse.line.number, parse.line.indent + 1) if parse else (message, 1, 1)


class _Parse(Said):
    def imports(self) -> None:
        """Raise at the first line of which NeMo cannot say whether it imports something.

        It reads the file for its imports first, with no memory of what stood before a line.
        """
        for at, line in enumerate(self.lines):
            text = line.text
            if not text.startswith(_LOOKED_AT) or (text.startswith(_DEFINES) and text[-1] != ":"):
                continue
            self.at = at
            self.fetch()
            if self.word == "define":
                first_word(without("define", self.text))
            elif self.word in ("import", "include"):
                need(without(self.word, self.text), "`import` must be followed by a path")
        self.at = 0

    def run(self) -> list[SaidText]:
        """What is said; raises at the first error."""
        while self.at < len(self.lines):
            self.fetch()
            if self.word in ("import", "include"):
                need(without(self.word, self.text), "`import` must be followed by a path")
                self.at += 1
            elif self.word in ("define", "def"):
                self.define()
            elif not self._opens_namespace():
                self._statement()
                self.at += 1
        for items in self.flows.values():
            check_elements(items, self._enter_element)
        return read_examples(self.examples, self._enter_line)

    def _enter_element(self, element: Any) -> None:
        self.line = self.where.get(id(element), self.line)

    def _enter_line(self, line: Line) -> None:
        self.line = line

    def _opens_namespace(self) -> bool:
        while self.branches and self.indent < self.branches[-1][1][0]:
            self.branches.pop()
        while (
            self.ifs
            and self.indent < self.ifs[-1][1]
            and (self.word not in ("else", "else if") or self.indent < self.ifs[-1][2])
        ):
            self.ifs.pop()
        if self.word in _STATEMENTS or self.next is None or self.next.indent <= self.line.indent:
            return False
        if self.branches and self.branches[-1][0]:
            return False
        while self.indents and self.indents[-1] > self.line.indent:
            self.indents.pop()
            self.namespaces.pop()
        self.namespaces.append(self.text.removeprefix(":"))
        self.namespace = ".".join(self.namespaces)
        self.opening = self.line
        self.is_second = self.namespace in self.flows
        self.indents.append(self.next.indent)
        self.branches = []
        self.ifs = []
        self.at += 1
        return True

    def _statement(self) -> None:
        if self.word in _BEGIN_A_FLOW and self.namespace not in self.flows:
            self.flows[self.namespace] = []
            self.element = {}
            self.branches = [(self.flows[self.namespace], [self.line.indent])]
        if self.word in ("when", "else when"):
            self._when()
        word = self.word
        if word in _METHODS:
            _METHODS[word](self)
        elif word in ("goto", "go to"):
            self.element = {"goto": self.rest(word.count(" ") + 1)}
            self.add(self.element)
        elif word in ("set", "expect", "check"):
            value = self.rest().strip()
            self.with_parameters(word, value[1:-1] if value[0] in "'\"" else value)
        elif word in ("while", "any", "infer"):
            self._block(word)
        elif word in _SIMPLE:
            self.element = {"bot": "stop"} if _SIMPLE[word] == "stop" else {_SIMPLE[word]: True}
            self.add(self.element)
        else:
            need(word != "flow", "`flow` belongs to Colang 2.x, and a `define` makes this file 1.0")
            raise Unreadable(f"`{word or self.line.text}` is no statement of Colang 1.0")

    def _when(self) -> None:
        need(
            self.next is not None and self.next.indent > self.line.indent,
            self.no_block(f"`{self.word}`"),
        )
        assert self.next is not None
        level = [self.next.indent]
        elements: list[Any] = []
        self.add(elements)
        self.branches.append((elements, level))
        if self.word == "when":
            self.text = without("when", self.text)
            if self.text.startswith("no "):
                self.text = without("no", self.text)
                self.insert(self.at + 1, "continue", self.next.indent)
                self.insert(self.at + 2, "else", self.indent)
                self.next = self.lines[self.at + 1]
        else:
            self.text = without("when", without("else", self.text))
        self.indent = level[0] = min(line.indent for line in self.below())
        self.parameter_levels = 2
        self.word = first_word(self.text)

    def do(self) -> None:
        value = bracketed(self.rest().strip())
        flow, bracket, given = value.partition("(")
        results = None
        if "=" in flow:
            results, _, flow = flow.partition("=")
            flow = flow.strip()
        self.element = {"flow": f"{flow}{bracket}{given}"}
        if self.has_block:
            self.parameters()
        if results is not None and results.strip():
            need(all(part.strip() for part in results.split(",")), "a result has no name")
            self.element["_return_vars"] = []
        self.add(self.element)

    def meta(self) -> None:
        self.element = {}
        text = without("meta", self.text)
        if text.startswith("{"):
            try:
                self.element = json.loads(text)
            except ValueError:
                raise Unreadable("`meta` needs a JSON object") from None
        if self.has_block:
            self.parameters()
        items = self.branch()
        if not items or next(iter(items[0].keys()), None) != "meta":
            items.insert(0, {"meta": {}})
        items[0]["meta"].update(self.element)

    def label(self) -> None:
        parts = re.findall(r'([^$"]+)(\$.*|".*")?', self.rest().strip())
        need(len(parts) == 1, "a label is a name, and perhaps a value after it")
        self.element = {"label": parts[0][0].strip()}
        if parts[0][1]:
            self.element["value"] = parts[0][1]
        if self.has_block:
            self.parameters()
        self.add(self.element)

    def event_statement(self) -> None:
        self.with_parameters("event", bracketed(self.rest()))

    def run_statement(self) -> None:
        self.with_parameters("run", bracketed(self.rest().strip()))

    def condition(self) -> None:
        self._if(self.rest().strip())

    def _if(self, condition: str) -> None:
        self.element = {"if": condition, "then": []}
        self.add(self.element)
        need(self.next is not None, "an indented block must follow `if`")
        assert self.next is not None
        self.ifs.append((self.element, self.next.indent, self.indent))
        self.branches.append((self.element["then"], [self.next.indent]))

    def else_(self) -> None:
        need(self.ifs, f"`{self.word}` has no `if` before it at its indentation")
        element, indent, _ = self.ifs[-1]
        element["else"] = []
        self.branches.append((element["else"], [indent]))
        if self.word == "else if":
            self._if(self.rest(2).strip())

    def _block(self, word: str) -> None:
        condition = self.rest().strip() if word == "while" else None
        if word == "infer" and (event := without("infer", self.text)):
            self.insert(self.at + 1, event, self.indent + 1)
            self.next = self.lines[self.at + 1]
        inner: list[Any] = []
        self.element = {"while": condition, "do": inner} if word == "while" else {word: inner}
        self.add(self.element)
        need(self.next is not None, f"an indented block must follow `{word}`")
        assert self.next is not None
        self.branches.append((inner, [self.next.indent]))


_METHODS: dict[str, Callable[[_Parse], None]] = {
    "user": _Parse.user,
    "bot": _Parse.bot,
    "event": _Parse.event_statement,
    "do": _Parse.do,
    "meta": _Parse.meta,
    "run": _Parse.run_statement,
    "label": _Parse.label,
    "checkpoint": _Parse.label,
    "if": _Parse.condition,
    "else": _Parse.else_,
    "else if": _Parse.else_,
}
_SIMPLE = {
    "pass": "continue",
    "continue": "continue",
    "break": "break",
    "stop": "stop",
    "abort": "stop",
    "return": "return",
    "done": "return",
}
