"""A rail or a flow is named that nobody defines.

What it does: looks up every name in ``rails.*.flows`` and every ``do …`` among the flows of the
configuration and of NeMo's library.

Why it matters: for input, output and retrieval rails NeMo refuses to load. Names of tool rails are never
checked: the request fails when the rail is due. A ``do`` of a missing flow breaks the request that
reaches it. A blank at the end of a quoted name passes the check at load, which cuts it off, and breaks
every request, where nothing is cut.

How to fix: write the name of an existing flow, or define the flow.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.loading import refusals
from guardlint.nemo.once import once
from guardlint.nemo.references import RailReference, normalise_flow
from guardlint.nemo.unread import unread_flow
from guardlint.rules._mends import is_slip, replace_value
from guardlint.rules._text_mends import add_import, replace_text
from guardlint.rules.rule import Fix, Found, Project, Related, Rule
from guardlint.source.colang import Call
from guardlint.source.names import closest
from guardlint.source.place import Place

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="safe")

_TOOL_RAILS = ("tool_input", "tool_output")
_WHY = {
    "document": "NeMo takes what begins with kb for documents",
    "ignored": ".railsignore hides the file",
    "ending": "NeMo does not read files with this ending",
}


def check(project: Project) -> Iterator[Found]:
    """One finding for each name in each place."""
    configuration = project.configuration
    tool_flows = configuration.catalogue.data["iorails"]["flows"]
    # Colang 2.x has no rails of some directions: the section is what is wrong, not the names in it.
    refused = {item.path for item in refusals(configuration)} if configuration.generation == "2.x" else set()
    for rail in configuration.all_rails():
        name = rail.text if rail.direction == "retrieval" else rail.flow
        tool = rail.direction in _TOOL_RAILS and rail.flow in tool_flows[rail.direction]
        if tool or configuration.flow_exists(name):
            if not tool and configuration.generation == "1.0" and _has_blanks(rail.text):
                yield _blanks(configuration, rail)
            continue
        if configuration.foreign_imports or ("rails", rail.direction) in refused:
            continue
        if _is_explained(project, name):
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
            fix=_fix(configuration, name, rail.direction, rail=rail),
        )
    if configuration.generation == "1.0":
        yield from _calls(project)


def _has_blanks(text: str) -> bool:
    """Whether the name that NeMo checks at load and the one that it runs are two; parameters are cut off."""
    return text != text.strip() and not any(sign in text for sign in "($")


def _blanks(configuration: Configuration, rail: RailReference) -> Found:
    where = "begins" if rail.text.lstrip() != rail.text else "ends"
    return Found(
        f"no flow is named `{rail.text}`: the name {where} with a blank",
        rail.place,
        "NeMo loads it, and every request ends in an error when the rail is due",
        f"write `{rail.flow}`",
        path=rail.path,
        value=rail.text,
        fix=replace_value(configuration, rail.path, rail.text.strip()),
    )


def _is_explained(project: Project, name: str) -> bool:
    """Whether the flow stands in a file that is not read, of which a rule of its own speaks."""
    from guardlint.rules.structure import ignored_file, skipped_file, taken_for_document, unread_file

    places = {item.place.file for item in _skipped(project.configuration, name)}
    return bool(places) and any(
        {found.place.file, *(item.place.file for item in found.related)} & places
        for rule in (skipped_file, taken_for_document, unread_file, ignored_file)
        for found in rule.check(project)
    )


def _calls(project: Project) -> Iterator[Found]:
    configuration = project.configuration
    for flow_name, flow in configuration.flows.items():
        for call in flow.calls():
            if call.kind != "do" or call.name.startswith("$"):
                continue
            name = normalise_flow(call.name)
            if configuration.flow_exists(name) or configuration.foreign_imports:
                continue
            if not _is_explained(project, name):
                yield Found(
                    f"no flow is named `{name}`",
                    call.place,
                    f"the request that reaches this line of `{flow_name}` ends in an internal error",
                    _help(configuration, name, None),
                    value=(flow.name, name),
                    related=_skipped(configuration, name),
                    fix=_fix(configuration, name, None, call=call),
                )


def _fix(
    configuration: Configuration,
    name: str,
    direction: str | None,
    *,
    rail: RailReference | None = None,
    call: Call | None = None,
) -> Fix | None:
    """The flow that is meant; none where one of the name stands in a file that is not read."""
    library = configuration.catalogue.flows(configuration.generation)
    if _skipped(configuration, name):
        return None
    if name in library:
        return add_import(configuration, library[name]["module"])
    meant = _meant(configuration, name, direction)
    if meant is None:
        return None
    safe = is_slip(name, meant)
    if call is not None:
        return replace_text(configuration, call.place, call.name, call.name.replace(name, meant), safe=safe)
    if rail is None or any(other.flow == meant for other in configuration.rails(rail.direction)):
        return None
    return replace_value(configuration, rail.path, rail.text.replace(name, meant, 1), safe=safe)


@once
def _meant(configuration: Configuration, name: str, direction: str | None) -> str | None:
    """The flow of the team's, or of the library's for this direction, that is near."""
    library = configuration.catalogue.flows(configuration.generation)
    fitting = [
        flow for flow in library if direction is None or configuration.catalogue.surface(direction, flow)
    ]
    return closest(name, [*configuration.flows, *fitting])


def _help(configuration: Configuration, name: str, direction: str | None) -> str:
    library = configuration.catalogue.flows(configuration.generation)
    if name in library:
        return f"write `import {library[name]['module']}` in a .co file: Colang 2.x has what is imported"
    meant = _meant(configuration, name, direction) or closest(name, library)
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
    unread = unread_flow(configuration, name)
    if unread is None:
        return ()
    file_of_it, found = unread
    configuration.texts.setdefault(file_of_it.name, file_of_it.text)
    return (Related(found.place, f"defined here, but {_WHY[file_of_it.why]}"),)
