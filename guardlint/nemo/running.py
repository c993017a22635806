"""Which rails of NeMo's library something starts: a list of rails, or a flow of the team's."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from guardlint.nemo.catalogue import load_catalogue, snake_case
from guardlint.nemo.configuration import Configuration
from guardlint.nemo.once import once_each
from guardlint.nemo.reach import never_starts
from guardlint.nemo.references import normalise_flow
from guardlint.source.colang import Call
from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.place import Place
from guardlint.source.record import record
from guardlint.source.yaml_file import DataPath

__all__ = ["RunningRail", "read_parameters", "running_rails", "written_elsewhere"]

_ARGUMENT = lazy_pattern(r"\b(\w+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")


@record
class RunningRail:
    """A library rail that runs, with what the catalogue knows of it.

    ``place`` is the entry of the list, or the call; ``path`` is None for a call. ``parameters`` are the
    ``$name=value`` of the entry, or the named text arguments of the call.
    """

    flow: str
    surface: dict[str, Any]
    place: Place
    parameters: dict[str, str]
    path: DataPath | None = None

    @property
    def direction(self) -> str:
        """The direction that the rail is made for."""
        return str(self.surface["direction"])


@once_each
def running_rails(configuration: Configuration) -> Iterator[RunningRail]:
    """Every library rail that is listed, or called in a flow of the team's that something starts.

    A flow or an action of the team's of the same name takes the library's place; those are left out.
    """
    for rail in configuration.all_rails():
        if rail.surface is None or rail.flow in configuration.flows or _replaced(configuration, rail.surface):
            continue
        yield RunningRail(rail.flow, rail.surface, rail.place, read_parameters(rail.text), rail.path)
    for flow in configuration.flows.values():
        if never_starts(configuration, flow):
            continue
        for call in flow.calls():
            surface = _called(configuration, call)
            if surface is not None and not _replaced(configuration, surface):
                arguments = {
                    name: double or single for name, double, single in _ARGUMENT.findall(call.arguments)
                }
                yield RunningRail(surface["flow"], surface, call.place, arguments)


def read_parameters(text: str) -> dict[str, str]:
    """The parameters of an entry that the Colang runtime reads (``utils._get_flow_params``).

    Behind a ``$`` that is the first one only, with the blanks around its ``=``; in brackets all of them.
    """
    if "(" in text and ")" in text:
        inside = text.split("(")[1].split(")", maxsplit=1)[0]
    elif "$" in text:
        inside = text.split("$")[1]
    else:
        return {}
    found = {}
    for part in inside.split(","):
        name, sign, value = part.strip().partition("=")
        if sign:
            quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
            found[name] = value[1:-1] if quoted else value
    return found


def written_elsewhere(configuration: Configuration, path: DataPath) -> bool:
    """Whether what should stand at ``path`` (``rails.config.…``) stands under a wrong key or is lost.

    Another rule (unknown-key, duplicate-key, replaced-rails) says so: this answer keeps the others silent.
    """
    if path[:2] != ("rails", "config"):
        return False
    for file in configuration.yaml_files:
        if isinstance(file.data, dict) and (
            path[2] in file.data or any(_near(key, "rails") for key in file.data)
        ):
            return True
    if configuration.value(("rails", path[2])) is not None:
        return True
    value: Any = configuration.joined.raw
    for depth, part in enumerate(path):
        if not isinstance(value, dict):
            break
        node = configuration.catalogue.key(path[:depth]) if depth else configuration.catalogue.data["keys"]
        options = (node or {}).get("options", ())
        known = (node or {}).get("keys") or {key for option in options for key in option.get("keys", ())}
        if known and "entries" not in (node or {}) and any(key not in known for key in value if depth):
            return True
        value = value.get(part)
    if any(
        twice == path[: len(twice)] for file in configuration.yaml_files for twice, *_ in file.duplicates()
    ):
        return True
    return any(
        replaced.key == "rails" and _at(replaced.lost.data, path) not in (None, [], {})
        for replaced in configuration.joined.replaced
    )


def _near(key: Any, wanted: str) -> bool:
    return key != wanted and str(key).strip().casefold().rstrip("s_") == wanted.rstrip("s")


def _at(value: Any, path: DataPath) -> Any:
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _replaced(configuration: Configuration, surface: dict[str, Any]) -> bool:
    return configuration.action_named(str(surface["action"])) is not None


def _called(configuration: Configuration, call: Call) -> dict[str, Any] | None:
    """The library rail that a call starts, by its flow or by its action."""
    if call.kind != "execute":
        name = normalise_flow(call.name)
        homes = configuration.catalogue.directions_of(name) if name not in configuration.flows else []
        if homes:
            return configuration.catalogue.surface(homes[0], name)
    surfaces = _by_action(configuration.catalogue.nemo).get(snake_case(call.name), ())
    return next((surface for surface in surfaces if _has_arguments(call, surface["fixed"])), None)


@cache
def _by_action(version: str) -> dict[str, list[dict[str, Any]]]:
    """The library's rails of one NeMo version by the action that they run."""
    found: dict[str, list[dict[str, Any]]] = {}
    for surface in load_catalogue(version).data["surfaces"]:
        found.setdefault(snake_case(str(surface["action"])), []).append(surface)
    return found


def _arguments(call: Call) -> dict[str, str]:
    return {name: double or single for name, double, single in _ARGUMENT.findall(call.arguments)}


def _has_arguments(call: Call, fixed: dict[str, Any]) -> bool:
    """Whether a call of an action gives the arguments that make it this rail."""
    written = _arguments(call)
    return all(written.get(name, value) == value for name, value in fixed.items() if isinstance(value, str))
