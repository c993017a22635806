"""What a worker says, read as data: the code of a configuration may have said it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, TypeGuard, cast

from guardlint.engines import Direction, Engine, RailsVerdict
from guardlint.engines.usage import Usage
from guardlint.guard.frames import BadFrame

__all__ = ["Told", "one_line", "read_hello", "read_verdict"]

_STATUSES: Final = ("passed", "modified", "blocked")
_MOST_CALLS: Final = 1_000_000  # more than any check makes of a model; no reader of records stumbles over it

_MOST_USES: Final = 100  # rails and models that one check asks
_MOST_TOKENS: Final = 10**12


@dataclass(frozen=True, slots=True)
class Told:
    """What a worker says of its rails once they are loaded."""

    engine: Engine
    flows: Mapping[Direction, tuple[str, ...]]
    unused: tuple[str, ...]
    models: tuple[str, ...]


def read_hello(ready: Mapping[str, Any]) -> Told:
    """What a worker says when it is ready; the configuration's code may have said it.  Raises BadFrame."""
    engine, flows, unused = ready.get("engine"), ready.get("flows"), ready.get("unused")
    models = ready.get("models", [])
    if engine not in ("iorails", "llmrails") or not isinstance(flows, dict) or not _are_names(unused):
        raise BadFrame
    if not _are_names(models):
        raise BadFrame
    if not set(flows) <= {"input", "output"} or not all(map(_are_names, flows.values())):
        raise BadFrame
    kept = {name: tuple(names) for name, names in flows.items() if names}
    told = MappingProxyType(cast("dict[Direction, tuple[str, ...]]", kept))
    return Told(engine, told, tuple(unused), tuple(models))


def _are_names(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(name, str) and len(name) < 500 for name in value)


def one_line(value: object) -> str:
    """One printable line of what a worker says for people to read."""
    text = "".join(character if character.isprintable() else " " for character in str(value or ""))
    return text[:500]


def read_verdict(frame: Mapping[str, Any]) -> RailsVerdict:
    """The verdict in a frame; a worker that says anything else is broken.  Raises BadFrame."""
    status, text, rail = frame.get("status"), frame.get("text"), frame.get("rail")
    rails, calls = frame.get("rails"), frame.get("llm_calls")
    if status not in _STATUSES or not isinstance(text, str) or not isinstance(rail, str | None):
        raise BadFrame
    if not _are_names(rails) or type(calls) is not int or not isinstance(frame.get("error"), bool):
        raise BadFrame
    if not 0 <= calls < _MOST_CALLS:
        raise BadFrame
    if frame["error"] and status != "blocked":
        raise BadFrame
    usage = _read_usage(frame.get("usage", []))
    return RailsVerdict(status, text, rail, frame["error"], tuple(map(str, rails)), calls, usage=usage)


def _read_usage(said: object) -> tuple[Usage, ...]:
    if not isinstance(said, list) or len(said) > _MOST_USES:
        raise BadFrame
    found = []
    for one in said:
        if not isinstance(one, list) or len(one) != 6:
            raise BadFrame
        names, figures = one[:2], one[2:]
        if not all(name is None or isinstance(name, str) for name in names):
            raise BadFrame
        if not all(type(figure) is int and 0 <= figure < _MOST_TOKENS for figure in figures):
            raise BadFrame
        if not 0 < figures[0] >= figures[1]:
            raise BadFrame
        found.append(Usage(*one))
    return tuple(found)
