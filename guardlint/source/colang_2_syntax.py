"""Is a file Colang 2.x for NeMo's parser? Its first syntax error, and where.

NeMo hands a file to a parser that lark builds from a grammar. ``data/colang-2.x.json`` is the table that
lark computes from it (``tools/catalogue/grammar.py``); this module walks the table, so that the answer is
NeMo's and lark is not needed. What NeMo refuses after the parse, while it builds its elements (the order of
arguments, decorators, a file of one statement), is found while the table is walked.
"""

from __future__ import annotations

import re
from ast import literal_eval
from dataclasses import dataclass

from guardlint.source.colang_2_table import match, table

__all__ = ["syntax_error_2"]


_TAB = 8
_OPENING = {"LPAR", "LSQB", "LBRACE"}
_CLOSING = {"RPAR", "RSQB", "RBRACE"}


class SyntaxProblem(Exception):
    """The message, and the offset in the text where it belongs."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


# Made for every word of a file, and so not frozen, which costs as much as all the rest of making one.
@dataclass(slots=True)
class Token:
    """A terminal's name, its text and its offset."""

    kind: str
    text: str
    offset: int


@dataclass(slots=True)
class Node:
    """What a rule stands for: the names of what it consists of, from ``start`` to ``end``."""

    parts: list[tuple[str, int, int]]
    start: int
    end: int


def syntax_error_2(text: str) -> tuple[str, int, int] | None:
    """Message, line and column (both from 1) of the first error, or None where NeMo reads the file."""
    expanded, lines = _expanded(text)
    try:
        _Parse(expanded + "\n").run()
    except SyntaxProblem as problem:
        before = expanded[: problem.offset]
        line = before.count("\n")
        column = problem.offset - (before.rfind("\n") + 1) + 1
        return problem.message, lines[min(line, len(lines) - 1)], column
    return None


def _expanded(text: str) -> tuple[str, list[int]]:
    """The text with each ``...`` statement written out, as NeMo does before it parses; each line's number."""
    found: list[str] = []
    numbers: list[int] = []
    inside = False
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        opens, closes = stripped.startswith('"""'), stripped.endswith('"""')
        whole = opens and closes and stripped != '"""'
        statement = None
        if inside:
            inside = not closes
        elif opens:
            inside = not whole
        else:
            statement = re.match(r"( +)\.\.\.", line)
        written = [line]
        if statement is not None:
            # Which statements NeMo writes does not matter to the syntax; that they end the line does.
            written = ["", f"{statement[1]}pass", line[statement.end() :]]
        found += written
        numbers += [number] * len(written)
    return "\n".join(found), numbers


class _Parse:
    def __init__(self, text: str) -> None:
        self.text = text
        self.table = table()
        self.offset = 0
        self.states = [0]
        self.nodes: list[Node] = []
        self.indents = [0]
        self.line_end = 0
        self.brackets: list[Token] = []

    def run(self) -> None:
        """Raise SyntaxProblem at the first error."""
        last = Token("", "", 0)
        while (token := self._next()) is not None:
            last = token
            if token.kind == "_NEWLINE":
                self._newline(token)
                continue
            self._feed(token)
            if token.kind in _OPENING:
                self.brackets.append(token)
            elif token.kind in _CLOSING and self.brackets:
                self.brackets.pop()
        for _ in self.indents[1:]:
            self._feed(Token("_DEDENT", "", last.offset))
        self._feed(Token("$END", "", last.offset))

    def _next(self) -> Token | None:
        lexer = self.table.lexer(self.states[-1])
        text, length = self.text, len(self.text)
        while self.offset < length:
            start = self.offset
            if text[start] == " ":
                # Blanks begin nothing, in no state.
                self.offset += 1
                continue
            kind, end = lexer.match(text, start)
            if end == start:
                raise self._unexpected_text(start)
            self.offset = end
            if kind not in self.table.ignored:
                word = text[start:end]
                return Token(lexer.keywords.get(kind, {}).get(word, kind), word, start)
        return None

    def _newline(self, token: Token) -> None:
        """A line break inside brackets is nothing; elsewhere the blanks after it open and close blocks."""
        if self.brackets:
            return
        self._feed(token)
        self.line_end = token.offset
        blanks = token.text.rpartition("\n")[2]
        indent = blanks.count(" ") + blanks.count("\t") * _TAB
        after = token.offset + len(token.text)
        if indent > self.indents[-1]:
            self.indents.append(indent)
            self._feed(Token("_INDENT", blanks, after))
            return
        while indent < self.indents[-1]:
            self.indents.pop()
            self._feed(Token("_DEDENT", blanks, after))
        if indent != self.indents[-1]:
            raise SyntaxProblem("the line is indented like none of the lines above it", after)

    def _feed(self, token: Token) -> None:
        known, states, nodes = self.table, self.states, self.nodes
        kind = token.kind
        while True:
            action = known.states[states[-1]].get(kind)
            if action is None:
                raise self._unexpected(token)
            if action >= 0:
                states.append(action)
                end = token.offset + len(token.text)
                nodes.append(Node([(kind, token.offset, end)], token.offset, end))
                return
            rule = -1 - action
            if known.idle[rule] and len(nodes[-1].parts) == 1:
                states[-1] = known.idle_end(states[-2], states[-1], kind)
                continue
            origin, size, kept, name, gives_way = known.rules[rule]
            children = nodes[len(nodes) - size :]
            del nodes[len(nodes) - size :]
            del states[len(states) - size :]
            nodes.append(self._node(name, children, kept, gives_way, token))
            states.append(known.states[states[-1]][origin])
            if kind == "$END" and states[-1] == known.end:
                return

    def _node(self, name: str, children: list[Node], kept: str, gives_way: bool, token: Token) -> Node:
        start = children[0].start if children else token.offset
        end = children[-1].end if children else token.offset
        stay = [child.parts for child, keep in zip(children, kept, strict=True) if keep == "1"]
        parts = stay[0] if stay else []
        for more in stay[1:]:
            # In place: a list that grew with each statement would be copied as often.
            parts += more
        if name == "argvalue":
            return Node([("positional" if len(children) == 1 else "named", start, end)], start, end)
        if name in ("classic_arguments", "decorator_parameters"):
            self._arguments(parts, values=name == "decorator_parameters")
        if name == "start":
            _lone_statement(parts)
        if name.startswith("_") or (gives_way and len(parts) == 1):
            return Node(parts, start, end)
        return Node([(name, start, end)], start, end)

    def _arguments(self, parts: list[tuple[str, int, int]], *, values: bool) -> None:
        """Positional arguments come first; a decorator's are literals."""
        named = False
        for kind, start, end in parts:
            if kind == "positional" and named:
                raise SyntaxProblem("a positional argument stands after a named one", start)
            named = named or kind == "named"
            if values and kind in ("positional", "named"):
                text = self.text[start:end]
                value = text.partition("=")[2] if kind == "named" else text
                try:
                    literal_eval(value.strip())
                except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
                    raise SyntaxProblem("a decorator's argument must be a plain value", start) from None

    def _unexpected_text(self, offset: int) -> SyntaxProblem:
        character = self.text[offset]
        if "_INDENT" in self.table.states[self.states[-1]]:
            return self._no_block()
        if character == "\t":
            return SyntaxProblem("a tab stands where only blanks may", offset)
        if character == "\ufeff":
            return SyntaxProblem("the file begins with a byte order mark, which NeMo cannot read", offset)
        if character in "\"'":
            kind, _ = match(self.table.root, self.text, offset)
            if not kind:
                return SyntaxProblem(f"a text that begins with {character} is not closed on its line", offset)
        word = re.match(r"\w+", self.text[offset:])
        return SyntaxProblem(f"`{word[0] if word else character}` cannot stand here", offset)

    def _no_block(self) -> SyntaxProblem:
        return SyntaxProblem("an indented block must follow", max(self.line_end - 1, 0))

    def _unexpected(self, token: Token) -> SyntaxProblem:
        expected = self.table.states[self.states[-1]]
        if self.brackets and token.kind in ("$END", "_DEDENT"):
            bracket = self.brackets[-1]
            return SyntaxProblem(f"the bracket `{bracket.text}` is never closed", bracket.offset)
        if token.kind == "_INDENT":
            return SyntaxProblem("the line is indented, and nothing above it opens a block", token.offset)
        if "_INDENT" in expected:
            return self._no_block()
        if token.kind in ("_NEWLINE", "_DEDENT", "$END"):
            return SyntaxProblem("the line ends before the statement does", max(token.offset - 1, 0))
        return SyntaxProblem(f"`{token.text}` cannot stand here", token.offset)


def _lone_statement(parts: list[tuple[str, int, int]]) -> None:
    """NeMo cannot handle a file that consists of one statement other than a flow."""
    if len(parts) == 1 and parts[0][0] not in ("flow_def", "while_stmt", "doc_string_stmt", "suite", "stmt"):
        raise SyntaxProblem(
            "the file holds a single statement and no flow, which NeMo cannot read", parts[0][1]
        )
