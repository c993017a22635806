"""A rail or a flow is named that nobody defines.

What it does: looks up every name in ``rails.*.flows`` and every ``do …`` among the flows of the
configuration and of NeMo's library.

Why it matters: for input, output and retrieval rails NeMo refuses to load. Names of tool rails are never
checked: the request fails when the rail is due. A ``do`` of a missing flow breaks the request that
reaches it.

How to fix: write the name of an existing flow, or define the flow.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.references import normalise_flow
from guardlint.rules.rule import Found, Project, Related, Rule
from guardlint.source.names import closest
from guardlint.source.place import Place

RULE = Rule(severity="error", confidence="high", since="0.1.0")

_TOOL_RAILS = ("tool_input", "tool_output")


def check(project: Project) -> Iterator[Found]:
    """One finding for each name in each place."""
    configuration = project.configuration
    tool_flows = configuration.catalogue.data["iorails"]["flows"]
    for rail in configuration.all_rails():
        name = rail.text if rail.direction == "retrieval" else rail.flow
        tool = rail.direction in _TOOL_RAILS and rail.flow in tool_flows[rail.direction]
        if tool or configuration.flow_exists(name):
            continue
        if configuration.foreign_imports:
            continue
        at_load = rail.direction not in _TOOL_RAILS
        yield Found(
            f"no flow is named `{name}`",
            rail.place,
            "NeMo refuses to load the configuration"
            if at_load
            else "NeMo loads it, and the request fails when the rail is due",
            _help(configuration, name, rail.direction),
            path=rail.path,
            value=rail.text,
            related=_skipped(configuration, name),
        )
    if configuration.generation == "1.0":
        yield from _calls(configuration)


def _calls(configuration: Configuration) -> Iterator[Found]:
    for flow_name, flow in configuration.flows.items():
        for call in flow.calls():
            if call.kind != "do" or call.name.startswith("$"):
                continue
            name = normalise_flow(call.name)
            if not configuration.flow_exists(name) and not configuration.foreign_imports:
                yield Found(
                    f"no flow is named `{name}`",
                    call.place,
                    f"the request that reaches this line of `{flow_name}` ends in an internal error",
                    _help(configuration, name, None),
                    value=(flow.name, name),
                    related=_skipped(configuration, name),
                )


def _help(configuration: Configuration, name: str, direction: str | None) -> str:
    library = configuration.catalogue.flows(configuration.generation)
    if name in library:
        return f"write `import {library[name]['module']}` in a .co file: Colang 2.x has what is imported"
    fitting = [
        flow for flow in library if direction is None or configuration.catalogue.surface(direction, flow)
    ]
    meant = closest(name, [*configuration.flows, *fitting]) or closest(name, library)
    return f"write `{meant}`" if meant else f"define `{name}` in a .co file, or take the line out"


def _skipped(configuration: Configuration, name: str) -> tuple[Related, ...]:
    """The definition in a file that NeMo takes for the other Colang version, and skips."""
    for file in configuration.colang_files:
        if file.version != configuration.generation:
            for flow in file.flows:
                if flow.name == name:
                    label = f"defined here, but NeMo takes this file for Colang {file.version} and skips it"
                    return (Related(flow.place, label),)
            if file.flows or file.messages:
                continue
            place = Place.at(file.file)
            return (Related(place, f"NeMo takes this file for Colang {file.version} and skips it"),)
    return ()
