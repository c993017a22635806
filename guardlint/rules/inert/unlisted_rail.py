"""A rail is configured, and no list of rails and no flow runs it.

What it does: compares the sections under ``rails.config`` with the rails that run.

Why it matters: the settings look like protection and do nothing: NeMo runs only what is listed.

How to fix: list the rail, or take the section out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.references import normalise_flow
from guardlint.nemo.running import running_rails
from guardlint.rules._mends import add_item
from guardlint.rules.rule import Fix, Found, Project, Rule
from guardlint.source.yaml_file import DataPath

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="unsafe")

# Entities without a rail for personal data are told by a rule of their own.
_ELSEWHERE = frozenset({"sensitive_data_detection"})
_DIRECTIONS = ("input", "output", "retrieval")


def check(project: Project) -> Iterator[Found]:
    """One finding for each section, or for each direction in it."""
    configuration = project.configuration
    sections = configuration.value(("rails", "config"))
    if not isinstance(sections, dict) or _rail_is_missing(configuration):
        return
    running = {(str(rail.surface["config_key"]), rail.direction) for rail in running_rails(configuration)}
    unfit = [rail for rail in configuration.all_rails() if rail.surface is None]
    for section, settings in sections.items():
        rails = [item for item in configuration.catalogue.data["surfaces"] if item["config_key"] == section]
        if (
            not rails
            or not settings
            or section in _ELSEWHERE
            or _used_by_the_team(configuration, str(section))
        ):
            continue
        path: DataPath = ("rails", "config", section)
        started = {direction for key, direction in running if key == section}
        if any(rail.flow in _names(configuration, section, "flow") for rail in unfit):
            continue  # it is listed in a direction that it is not made for
        listed = {
            rail.direction
            for rail in configuration.all_rails()
            if rail.flow in _names(configuration, section, "flow")
        }
        if listed and not started:
            continue  # the team has put a flow or an action of its own in its place
        if not started:
            yield _found(configuration, path, rails, _spoken_of(settings, rails))
            continue
        if _by_direction(settings) and any(not _says_something(settings.get(name)) for name in started):
            continue  # the settings stand under another direction than the rail, which has a rule of its own
        for direction in _DIRECTIONS:
            fitting = [rail for rail in rails if rail["direction"] == direction]
            content = settings.get(direction) if isinstance(settings, dict) else None
            if fitting and _says_something(content) and direction not in started | listed:
                yield _found(configuration, (*path, direction), fitting, fitting, f" on {direction}")


def _spoken_of(settings: Any, rails: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rails of the only direction that the settings hold something for, else all of them."""
    said = [
        name for name in _DIRECTIONS if isinstance(settings, dict) and _says_something(settings.get(name))
    ]
    return [rail for rail in rails if said == [rail["direction"]]] or rails


def _found(
    configuration: Configuration,
    path: DataPath,
    rails: list[dict[str, Any]],
    meant: list[dict[str, Any]],
    where: str = "",
) -> Found:
    names = [f"`{rail['flow']}` under `rails.{rail['direction']}.flows`" for rail in rails]
    shown = " or ".join(names[:2]) + (" (or another of its rails)" if len(names) > 2 else "")
    return Found(
        f"`{path[2]}` is configured, and none of its rails runs{where}",
        configuration.place(path, key=True),
        "NeMo reads the settings and checks nothing with them",
        f"list {shown}, or take the settings out",
        path=path,
        value=path[2:],
        fix=_listed(configuration, meant),
    )


def _listed(configuration: Configuration, rails: list[dict[str, Any]]) -> Fix | None:
    """The one rail that the section can be meant for, where it needs nothing else to run."""
    if (
        len(rails) != 1
        or rails[0]["prompt_required"]
        or rails[0]["params"]
        or configuration.generation != "1.0"
    ):
        return None
    return add_item(configuration, ("rails", rails[0]["direction"], "flows"), rails[0]["flow"])


def _by_direction(settings: Any) -> bool:
    return isinstance(settings, dict) and any(_says_something(settings.get(name)) for name in _DIRECTIONS)


def _says_something(content: Any) -> bool:
    """Whether the part of one direction names anything to look for."""
    return isinstance(content, dict) and any(
        isinstance(value, list | dict) and value for value in content.values()
    )


def _rail_is_missing(configuration: Configuration) -> bool:
    """A list, or a rail in Colang 2.x, names one that does not exist: which section it was meant for, is
    not known."""
    if configuration.generation == "2.x" and any(
        call.kind != "execute" and not configuration.flow_exists(normalise_flow(call.name))
        for direction in ("input", "output")
        for flow in (configuration.flows.get(f"{direction} rails"),)
        for call in (flow.calls() if flow is not None else ())
    ):
        return True
    return any(
        not configuration.flow_exists(rail.flow)
        and rail.flow not in ("tool call validation", "tool result validation")
        for rail in configuration.all_rails()
    )


def _used_by_the_team(configuration: Configuration, section: str) -> bool:
    """Whether code or a flow of the team's names the section, or a file lists one of its rails anyhow.

    A rail that stands in a list which NeMo does not read is told where that list is told.
    """
    if any(section in configuration.texts[file.file] for file in configuration.python_files):
        return True
    colang = "\n".join(configuration.texts[file.file] for file in configuration.colang_files)
    if section in colang or any(name in colang for name in _names(configuration, section, "action")):
        return True
    names = _names(configuration, section, "flow")
    written = "\n".join(configuration.texts[file.file] for file in configuration.yaml_files) + colang
    if not any(name in written for name in names):
        return False
    lines = (line.split("#", 1)[0] for line in written.splitlines())
    listed = {rail.flow for rail in configuration.all_rails()}
    return any(name in line for line in lines for name in names - listed)


def _names(configuration: Configuration, section: str, key: str) -> set[str]:
    return {item[key] for item in configuration.catalogue.data["surfaces"] if item["config_key"] == section}
