"""A tolerant outline of a Colang file: what it defines, calls, sets and tests, and where.

NeMo's own parsers stop at the first mistake and keep no columns; this reader keeps what it understands
of every line. It covers both languages: 1.0 (``define flow``) and 2.x (``flow``). Which of them a file
is, NeMo decides by a heuristic that ``is_version_2`` repeats (``nemoguardrails/colang/__init__.py``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from guardlint.source.colang_1_examples import SaidText
from guardlint.source.colang_errors import Problem, read_exactly
from guardlint.source.colang_lines import LogicalLine, logical_lines
from guardlint.source.colang_records import (
    Call,
    CallKind,
    ColangFile,
    Flow,
    Import,
    Message,
    Statement,
)
from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.place import Place

__all__ = [
    "Call",
    "ColangFile",
    "Flow",
    "Import",
    "Message",
    "Statement",
    "is_version_2",
    "parse_colang",
    "parse_each",
]


@dataclass(slots=True)
class _Draft:
    name: str
    place: Place
    modifiers: tuple[str, ...]
    parameters: tuple[str, ...]
    decorators: tuple[str, ...]
    statements: list[Statement] = field(default_factory=list)

    def finish(self) -> Flow:
        return Flow(
            self.name, self.place, self.modifiers, self.parameters, self.decorators, tuple(self.statements)
        )


def is_version_2(text: str) -> bool:
    """True where NeMo takes the file for Colang 2.x: no line starts with ``define``.

    Triple-quoted text and comments are taken out first, whatever stands around them.
    """
    if '"""' in text:
        text = re.sub(r'""".*?"""', "", text, flags=re.DOTALL)
    # A comment takes nothing away from the beginning of a line.
    return not any(line.lstrip().startswith("define") for line in text.split("\n"))


def parse_colang(text: str, file: str) -> ColangFile:
    """Read a file; whatever is not understood becomes a statement of kind ``other``."""
    return parse_each([(text, file)])[0]


def parse_each(files: Sequence[tuple[str, str]]) -> list[ColangFile]:
    """The same for the texts of several files, each with its name.

    All are outlined before the first is read as NeMo does: neither reader makes the processor forget the
    other for every file.
    """
    readers = [_outlined(text, file) for text, file in files]
    exact = [
        read_exactly(text, file, reader.version) for (text, file), reader in zip(files, readers, strict=True)
    ]
    return [reader.finish(*found) for reader, found in zip(readers, exact, strict=True)]


def _outlined(text: str, file: str) -> _Reader:
    reader = _Reader(file, "2.x" if is_version_2(text) else "1.0")
    for line in logical_lines(text):
        reader.read(line)
    return reader


_DEFINE = lazy_pattern(
    r"""define\s+(?P<mods>(?:(?:parallel|extension|override|priority\s+\S+)\s+)*)
    (?P<what>flow|subflow|user|bot|action)\b\s*(?P<name>.*)$""",
    re.VERBOSE,
)
_FLOW_2 = lazy_pattern(r"flow\s+(?P<name>[^$(\n]+?)\s*(?P<params>[$(].*?)?\s*(?:->.*)?$")
_SET = lazy_pattern(r"\$(?P<name>[A-Za-z_]\w*)\s*=(?!=)\s*(?P<value>.*)$")
_CALL = lazy_pattern(
    r"(?P<verb>execute|await|start|activate|do)\s+(?P<name>[^\s(][^(]*?)\s*(?:\((?P<args>.*)\)?)?$"
)
_VERBS = ("execute", "await", "start", "activate", "do")
_WORD = lazy_pattern(r"[A-Za-z_]+")
_BOT = lazy_pattern(r"bot\b")
_IF_OR_WHEN = lazy_pattern(r"(?:if|when)\b")
_END_OF_NAME = lazy_pattern(r"[$(\"]")
_KEYWORDS = frozenset(
    "if else elif when while stop abort return break continue pass global send match user bot event "
    "create meta priority goto label checkpoint log print or and any infer".split()
)


class _Reader:
    def __init__(self, file: str, version: Literal["1.0", "2.x"]) -> None:
        self.file = file
        self.version = version
        self.flows: list[Flow] = []
        self.messages: list[Message] = []
        self.imports: list[Import] = []
        self.decorators: list[str] = []
        self.flow: _Draft | None = None
        self.flow_indent = 0
        self.message: tuple[Literal["user", "bot"], str, Place, list[str]] | None = None

    def read(self, line: LogicalLine) -> None:
        if self._begins(line):
            return
        if self.message is not None and line.text.startswith("bot") and _BOT.match(line.text):
            self._answer(line)
        if self.message is not None:
            if line.text[:1] in "\"'" or line.text.startswith("- "):
                self.message[3].append(_text_of_message(line.text.strip("- \t")))
            return
        if self.flow is not None and line.indent > self.flow_indent:
            self.flow.statements.append(self._statement(line))

    def finish(self, problems: tuple[Problem, ...], said: list[SaidText]) -> ColangFile:
        self._close()
        return ColangFile(
            self.file,
            self.version,
            tuple(self.flows),
            tuple(self.messages),
            tuple(self.imports),
            problems,
            self._said(said),
        )

    def _said(self, said: list[SaidText]) -> tuple[Message, ...]:
        """One message for each name, at its first definition, else at its first text."""
        defined: dict[tuple[str, str], Place] = {}
        for message in self.messages:
            defined.setdefault((message.kind, message.name), message.place)
        lines = {
            statement.place.line: statement.place for flow in self.flows for statement in flow.statements
        }
        texts: dict[tuple[Literal["user", "bot"], str], list[str]] = {}
        places: dict[tuple[str, str], Place] = {}
        for kind, name, text, line in said:
            texts.setdefault((kind, name), []).append(text)
            places.setdefault(
                (kind, name), defined.get((kind, name)) or lines.get(line, Place.at(self.file, line))
            )
        return tuple(
            Message(kind, name, tuple(found), places[kind, name]) for (kind, name), found in texts.items()
        )

    def _answer(self, line: LogicalLine) -> None:
        """``bot …`` below a definition: NeMo begins a flow that answers what was defined."""
        assert self.message is not None
        kind, name, place, _ = self.message
        name = name.replace(" ", "|") if kind == "user" else name
        self._close()
        self._open(line, f"{name}_direct", place, ("flow",), ())
        self.flow_indent = line.indent - 2
        if self.flow is not None:
            self.flow.statements.append(Statement("user", f"user {name}", place, None, name, place))

    def _begins(self, line: LogicalLine) -> bool:
        """Whether the line opens a definition, an import or a decorator."""
        text = line.text
        if text.startswith("import ") and line.indent == 0:
            self._close()
            name = text[7:].strip().strip("\"'")
            where = self._place(line, text.index(name) if name in text else 7, len(name))
            self.imports.append(Import(name, where, text[7:].lstrip()[:1] in "\"'"))
            return True
        if text.startswith("@") and self.version == "2.x":
            self.decorators.append(text)
            return True
        define = _DEFINE.match(text) if self.version == "1.0" and text.startswith("define") else None
        if define is not None:
            self._close()
            name = define["name"].rstrip().rstrip(":")
            place = self._place(line, define.start("name"), max(len(name), 1))
            if define["what"] == "action":
                return True  # passed over, with all that is indented below
            if define["what"] in ("user", "bot"):
                self.message = ("user" if define["what"] == "user" else "bot", name, place, [])
            else:
                self._open(line, name, place, (*define["mods"].split(), define["what"]), ())
            return True
        is_flow = self.version == "2.x" and line.indent == 0 and text.startswith("flow")
        flow = _FLOW_2.match(text) if is_flow else None
        if flow is not None:
            self._close()
            name = flow["name"].strip()
            parameters = tuple(re.findall(r"\$(\w+)", flow["params"] or ""))
            self._open(line, name, self._place(line, flow.start("name"), len(name)), ("flow",), parameters)
            return True
        return False

    def _open(
        self,
        line: LogicalLine,
        name: str,
        place: Place,
        modifiers: tuple[str, ...],
        parameters: tuple[str, ...],
    ) -> None:
        self.flow = _Draft(name, place, modifiers, parameters, tuple(self.decorators))
        self.flow_indent = line.indent
        self.decorators = []

    def _close(self) -> None:
        if self.flow is not None:
            self.flows.append(self.flow.finish())
        if self.message is not None:
            kind, name, place, texts = self.message
            self.messages.append(Message(kind, name, tuple(texts), place))
        self.flow = None
        self.message = None

    def _statement(self, line: LogicalLine) -> Statement:
        text = line.text
        place = self._place(line, 0, len(text.split("\n", 1)[0]))
        assignment = _SET.match(text) if text[0] == "$" else None
        if assignment is not None:
            value, start = assignment["value"], assignment.start("value")
            call = self._call(line, value, start)
            return Statement(
                "set", text, place, assignment["name"], value, self._place(line, start, len(value) or 1), call
            )
        word = _WORD.match(text)
        if word is not None and word[0] in _KEYWORDS:
            start = len(text) - len(text[word.end() :].lstrip())
            rest = text[start:]
            if word[0] == "else" and _IF_OR_WHEN.match(rest):
                start = len(text) - len(rest[rest.index(" ") :].lstrip()) if " " in rest else len(text)
                rest = text[start:]
            rest = rest.rstrip().removesuffix(":")
            call = self._call(line, rest, start) if word[0] in ("when", "if") else None
            return Statement(word[0], text, place, None, rest, self._place(line, start, len(rest) or 1), call)
        call = self._call(line, text, 0)
        return Statement("call" if call else "other", text, place, None, text, place, call)

    def _call(self, line: LogicalLine, text: str, start: int) -> Call | None:
        found = _CALL.match(text) if text.startswith(_VERBS) else None
        if found is not None:
            verb, name = found["verb"], found["name"].strip()
            arguments = (found["args"] or "").removesuffix(")")
            if self.version == "2.x":
                name, _, rest = name.partition(" $")
                arguments = arguments or rest
            where = self._place(line, start + found.start("name"), len(name))
            kinds: dict[str, CallKind] = {
                "execute": "execute", "await": "await", "start": "start", "activate": "activate", "do": "do",
            }  # fmt: skip
            return Call(kinds[verb], name.strip(), arguments, where)
        if self.version == "2.x" and start == 0 and _WORD.match(text):
            # A bare name in 2.x awaits the flow or action of that name.
            name = _END_OF_NAME.split(text, maxsplit=1)[0].strip()
            return Call("flow", name, text[len(name) :].strip(), self._place(line, start, len(name)))
        return None

    def _place(self, line: LogicalLine, offset: int, width: int) -> Place:
        return Place.at(self.file, line.number, line.indent + offset + 1, max(width, 1))


def _text_of_message(text: str) -> str:
    """Without its double quotes; what stands in single ones NeMo takes for the name of an intent."""
    return "{intent:" + text.replace(" ", "|") + "}" if text.startswith("'") else text.strip('"')
