"""A tolerant outline of a Colang file: what it defines, calls, sets and tests, and where.

NeMo's own parsers stop at the first mistake and keep no columns; this reader keeps what it understands
of every line. It covers both languages: 1.0 (``define flow``) and 2.x (``flow``). Which of them a file
is, NeMo decides by a heuristic that ``is_version_2`` repeats (``nemoguardrails/colang/__init__.py``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from guardlint.source.colang_errors import Problem, syntax_problems
from guardlint.source.place import Place

__all__ = ["Call", "ColangFile", "Flow", "Import", "Message", "Statement", "is_version_2", "parse_colang"]

CallKind = Literal["execute", "await", "start", "activate", "do", "flow"]


@dataclass(frozen=True, slots=True)
class Call:
    """``execute f(...)``, ``await F(...)``, ``activate f`` or ``do f``; ``place`` is the name's."""

    kind: CallKind
    name: str
    arguments: str
    place: Place


@dataclass(frozen=True, slots=True)
class Statement:
    """One logical line.

    ``kind`` is its first word (``if``, ``bot``, ``stop``), or ``set``, ``call``, ``other``; ``target`` the
    variable that an assignment sets, without ``$``; ``expression`` its right side, a condition, or what
    follows the keyword; ``expression_place`` where that begins.
    """

    kind: str
    text: str
    place: Place
    target: str | None = None
    expression: str = ""
    expression_place: Place | None = None
    call: Call | None = None


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow or subflow; ``place`` is the name's."""

    name: str
    place: Place
    modifiers: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    decorators: tuple[str, ...] = ()
    statements: tuple[Statement, ...] = ()

    @property
    def is_override(self) -> bool:
        """Whether the flow takes the place of another of its name (Colang 2.x, ``@override``)."""
        return any(decorator.lstrip("@").split("(")[0].strip() == "override" for decorator in self.decorators)

    def calls(self) -> Iterator[Call]:
        """Every call in the flow, in order."""
        return (statement.call for statement in self.statements if statement.call is not None)


@dataclass(frozen=True, slots=True)
class Message:
    """``define user …`` or ``define bot …`` with its texts."""

    kind: Literal["user", "bot"]
    name: str
    texts: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Import:
    """``import core`` (2.x) or ``import "path"`` (1.0)."""

    name: str
    place: Place


@dataclass(frozen=True, slots=True)
class ColangFile:
    """The outline of one file; ``version`` is NeMo's judgement of it.

    ``problems``: what NeMo's parser of that version refuses, with its place.
    """

    file: str
    version: Literal["1.0", "2.x"]
    flows: tuple[Flow, ...] = ()
    messages: tuple[Message, ...] = ()
    imports: tuple[Import, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(slots=True)
class _Line:
    number: int
    indent: int
    text: str


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
    text = re.sub(r'""".*?"""', "", text, flags=re.DOTALL)
    text = re.sub(r"#.*$", "", text, flags=re.MULTILINE)
    return not any(re.match(r"^\s*define", line) for line in text.split("\n"))


def parse_colang(text: str, file: str) -> ColangFile:
    """Read a file; whatever is not understood becomes a statement of kind ``other``."""
    version: Literal["1.0", "2.x"] = "2.x" if is_version_2(text) else "1.0"
    reader = _Reader(file, version)
    for line in _logical_lines(text):
        reader.read(line)
    return reader.finish(syntax_problems(text, file, version))


_DEFINE = re.compile(
    r"""define\s+(?P<mods>(?:(?:parallel|extension|override|priority\s+\S+)\s+)*)
    (?P<what>flow|subflow|user|bot|action)\b\s*(?P<name>.*)$""",
    re.VERBOSE,
)
_FLOW_2 = re.compile(r"flow\s+(?P<name>[^$(\n]+?)\s*(?P<params>[$(].*?)?\s*(?:->.*)?$")
_SET = re.compile(r"\$(?P<name>[A-Za-z_]\w*)\s*=(?!=)\s*(?P<value>.*)$")
_CALL = re.compile(
    r"(?P<verb>execute|await|start|activate|do)\s+(?P<name>[^\s(][^(]*?)\s*(?:\((?P<args>.*)\)?)?$"
)
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

    def read(self, line: _Line) -> None:
        if self._begins(line):
            return
        if self.message is not None:
            if line.text[:1] in "\"'" or line.text.startswith("- "):
                self.message[3].append(_text_of_message(line.text.strip("- \t")))
            return
        if self.flow is not None and line.indent > self.flow_indent:
            self.flow.statements.append(self._statement(line))

    def finish(self, problems: tuple[Problem, ...]) -> ColangFile:
        self._close()
        return ColangFile(
            self.file, self.version, tuple(self.flows), tuple(self.messages), tuple(self.imports), problems
        )

    def _begins(self, line: _Line) -> bool:
        """Whether the line opens a definition, an import or a decorator."""
        text = line.text
        if text.startswith("import ") and line.indent == 0:
            self._close()
            name = text[7:].strip().strip("\"'")
            self.imports.append(
                Import(name, self._place(line, text.index(name) if name in text else 7, len(name)))
            )
            return True
        if text.startswith("@") and self.version == "2.x":
            self.decorators.append(text)
            return True
        define = _DEFINE.match(text) if self.version == "1.0" else None
        if define is not None:
            self._close()
            name = define["name"].rstrip().rstrip(":")
            place = self._place(line, define.start("name"), max(len(name), 1))
            if define["what"] in ("user", "bot"):
                self.message = ("user" if define["what"] == "user" else "bot", name, place, [])
            else:
                self._open(line, name, place, (*define["mods"].split(), define["what"]), ())
            return True
        flow = _FLOW_2.match(text) if self.version == "2.x" and line.indent == 0 else None
        if flow is not None:
            self._close()
            name = flow["name"].strip()
            parameters = tuple(re.findall(r"\$(\w+)", flow["params"] or ""))
            self._open(line, name, self._place(line, flow.start("name"), len(name)), ("flow",), parameters)
            return True
        return False

    def _open(
        self, line: _Line, name: str, place: Place, modifiers: tuple[str, ...], parameters: tuple[str, ...]
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

    def _statement(self, line: _Line) -> Statement:
        text = line.text
        place = self._place(line, 0, len(text.split("\n", 1)[0]))
        assignment = _SET.match(text)
        if assignment is not None:
            value, start = assignment["value"], assignment.start("value")
            call = self._call(line, value, start)
            return Statement(
                "set", text, place, assignment["name"], value, self._place(line, start, len(value) or 1), call
            )
        word = re.match(r"[A-Za-z_]+", text)
        if word is not None and word[0] in _KEYWORDS:
            start = len(text) - len(text[word.end() :].lstrip())
            rest = text[start:]
            if word[0] == "else" and re.match(r"(?:if|when)\b", rest):
                start = len(text) - len(rest[rest.index(" ") :].lstrip()) if " " in rest else len(text)
                rest = text[start:]
            rest = rest.rstrip().removesuffix(":")
            call = self._call(line, rest, start) if word[0] in ("when", "if") else None
            return Statement(word[0], text, place, None, rest, self._place(line, start, len(rest) or 1), call)
        call = self._call(line, text, 0)
        return Statement("call" if call else "other", text, place, None, text, place, call)

    def _call(self, line: _Line, text: str, start: int) -> Call | None:
        found = _CALL.match(text)
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
        if self.version == "2.x" and re.match(r"[A-Za-z_][\w ]*", text) and start == 0:
            # A bare name in 2.x awaits the flow or action of that name.
            name = re.split(r"[$(\"]", text, maxsplit=1)[0].strip()
            return Call("flow", name, text[len(name) :].strip(), self._place(line, start, len(name)))
        return None

    def _place(self, line: _Line, offset: int, width: int) -> Place:
        return Place.at(self.file, line.number, line.indent + offset + 1, max(width, 1))


def _text_of_message(text: str) -> str:
    """Without its double quotes; what stands in single ones NeMo takes for the name of an intent."""
    return "{intent:" + text.replace(" ", "|") + "}" if text.startswith("'") else text.strip('"')


def _logical_lines(text: str) -> Iterator[_Line]:
    """Lines without comments, docstrings and blank lines; a string may run over several lines."""
    in_docstring = False
    pending: _Line | None = None
    for number, raw in enumerate(text.split("\n"), 1):
        stripped = raw.strip().lstrip("\ufeff")
        if in_docstring:
            in_docstring = '"""' not in stripped
            continue
        if pending is not None:
            pending.text += "\n" + stripped
            if _balanced(pending.text):
                yield pending
                pending = None
            continue
        if not stripped or stripped.startswith("#"):
            continue
        if stripped.startswith('"""'):
            in_docstring = '"""' not in stripped[3:]
            continue
        line = _Line(number, len(raw) - len(raw.lstrip()), _without_comment(stripped))
        if not line.text:
            continue
        if _opens_long_string(line.text):
            pending = line
            continue
        yield line
    if pending is not None:
        yield pending


def _without_comment(text: str) -> str:
    quote = ""
    for index, character in enumerate(text):
        if quote:
            if character == quote and text[index - 1] != "\\":
                quote = ""
        elif character in "\"'" and not (index and text[index - 1].isalnum()):
            quote = character
        elif character == "#":
            return text[:index].rstrip()
    return text.rstrip()


def _opens_long_string(text: str) -> bool:
    """A line that starts a double-quoted text and does not end it goes on below (Colang 1.0)."""
    return text.startswith('"') and not _balanced(text)


def _balanced(text: str) -> bool:
    return len(re.findall(r'(?<!\\)"', text)) % 2 == 0
