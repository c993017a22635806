"""What the outline of a Colang file consists of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from guardlint.source.colang_errors import Problem
from guardlint.source.place import Place
from guardlint.source.record import record

__all__ = ["Call", "CallKind", "ColangFile", "Flow", "Import", "Message", "Statement"]

CallKind = Literal["execute", "await", "start", "activate", "do", "flow"]


@record
class Call:
    """``execute f(...)``, ``await F(...)``, ``activate f`` or ``do f``; ``place`` is the name's."""

    kind: CallKind
    name: str
    arguments: str
    place: Place


@record
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


@record
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


@record
class Message:
    """``define user …`` or ``define bot …`` with its texts."""

    kind: Literal["user", "bot"]
    name: str
    texts: tuple[str, ...]
    place: Place


@record
class Import:
    """``import core`` or ``import "path"``; ``is_path`` for the second. In 1.0 NeMo forgets either."""

    name: str
    place: Place
    is_path: bool = False


@record
class ColangFile:
    """The outline of one file; ``version`` is NeMo's judgement of it.

    ``messages`` are the definitions as they stand; ``said`` is what NeMo keeps of them and of what flows
    say, one for each name, empty where it keeps nothing. ``problems``: what NeMo's parser of that version
    refuses, with its place.
    """

    file: str
    version: Literal["1.0", "2.x"]
    flows: tuple[Flow, ...] = ()
    messages: tuple[Message, ...] = ()
    imports: tuple[Import, ...] = ()
    problems: tuple[Problem, ...] = ()
    said: tuple[Message, ...] = ()
