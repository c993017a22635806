"""A Colang 2.x flow is called that nobody defines, or whose library is not imported.

What it does: looks up every flow that a rail calls, and elsewhere those whose name is near a flow that is
there, among the flows of the configuration and of the imported library modules.

Why it matters: NeMo loads it. With ``activate llm continuation`` the model writes the missing flow from its
name, so that a check consists of whatever the model thinks of; without it the flow waits for ever, and the
reply is empty.

How to fix: write the flow's exact name, import the library module that defines it, or define the flow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.rules._mends import is_slip
from guardlint.rules._text_mends import add_import, replace_text
from guardlint.rules.colang2._reading import (
    Invocation,
    called_flow,
    flows_of,
    generates_flows,
    has_guardrails,
    invocations,
    is_old_call,
    outcome,
    rail_flows,
    runs,
)
from guardlint.rules.rule import Fix, Found, Project, Related, Rule, Severity
from guardlint.rules.structure.skipped_file import hides_flow
from guardlint.source.names import closest

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="safe", controls=("LLM01:2025",))


def check(project: Project) -> Iterator[Found]:
    """One finding for each name, at its first call in a rail."""
    configuration = project.configuration
    if not runs(configuration) or configuration.foreign_imports:
        return
    rails = rail_flows(configuration)
    guarded = has_guardrails(configuration)
    found: dict[str, list[tuple[Invocation, bool]]] = {}
    near: dict[str, str | None] = {}
    written = generates_flows(configuration)
    for flow in flows_of(configuration).values():
        in_rail = flow.name in rails
        if in_rail and not guarded:
            continue
        for statement in flow.statements:
            if statement.text.startswith(("when ", "or when ")) and not in_rail:
                continue  # waits for what the user means, which no flow need define
            for made in invocations(statement):
                name = called_flow(configuration, made)
                if name is None or configuration.flow_exists(name):
                    continue
                if name not in near:
                    near[name] = _meant(configuration, name)
                meant = near[name]
                dialog = name.startswith(("user ", "bot ")) or written
                if in_rail or (_certain(configuration, meant) if dialog else True):
                    found.setdefault(name, []).append((made, in_rail))
    for name, calls in found.items():
        if hides_flow(configuration, name):
            continue
        calls.sort(key=lambda call: not call[1])
        made, in_rail = calls[0]
        related = tuple(Related(other.place, "called here as well") for other, _ in calls[1:4])
        yield _found(configuration, made, near[name], in_rail, written, related)


def _found(
    configuration: Configuration,
    made: Invocation,
    meant: str | None,
    in_rail: bool,
    written: bool,
    related: tuple[Related, ...],
) -> Found:
    library = configuration.catalogue.flows("2.x")
    severity: Severity | None = None
    effect = outcome(configuration)
    if in_rail and made.name.startswith("bot "):
        severity = None if written else "warning"
        effect = (
            "the model writes what is said, and reads the condemned message for it"
            if written
            else "nothing is said: whoever is refused gets an empty reply"
        )
    elif not in_rail and written:
        severity = "warning"
    return Found(
        f"no flow is named `{made.name}`"
        if made.name not in library
        else f"flow `{made.name}` is not imported",
        made.place,
        effect,
        _help(configuration, made.name, meant),
        value=made.name,
        related=related,
        severity=severity,
        fix=_fix(configuration, made, meant) if meant else None,
    )


def _fix(configuration: Configuration, made: Invocation, meant: str) -> Fix | None:
    """The import, or the name at its first call; others of the name are found in turn."""
    library = configuration.catalogue.flows("2.x")
    if meant == made.name:
        return add_import(configuration, str(library[meant]["module"]).removesuffix(".flows"))
    safe = is_slip(made.name, meant)
    # Another flow may give back something else than the one that was written here.
    if made.target is not None and not safe:
        return None
    return replace_text(configuration, made.place, made.name, meant, safe=safe)


def _meant(configuration: Configuration, name: str) -> str | None:
    library = configuration.catalogue.flows("2.x")
    if name in library:
        return name
    imported = [flow for flow, facts in library.items() if facts["module"] in configuration.library_modules]
    if name.startswith("bot "):
        imported = [flow for flow in imported if flow.startswith("bot ")]
    return closest(name, [*configuration.flows, *imported]) or closest(name, library)


def _certain(configuration: Configuration, meant: str | None) -> bool:
    """Whether the flow that is meant is a check or a flow of the team's, not one of the dialog's."""
    if meant is None:
        return False
    return meant in configuration.flows or not meant.startswith(("user ", "bot ", "_"))


def _help(configuration: Configuration, name: str, meant: str | None) -> str:
    library = configuration.catalogue.flows("2.x")
    if is_old_call(name):
        action = "".join(
            word[:1].upper() + word[1:] for word in re.split(r"[_ ]", name.removeprefix("execute "))
        )
        return f"write `await {action.removesuffix('Action')}Action`: Colang 2.x has no `execute`"
    if meant is None:
        return f"define `flow {name}` in a .co file, or write the name of one that is there"
    if meant in library and library[meant]["module"] not in configuration.library_modules:
        module = str(library[meant]["module"]).removesuffix(".flows")
        call = "" if meant == name else f"write `{meant}`, and "
        return f"{call}{'write' if not call else 'add'} `import {module}` at the top of a .co file"
    return f"write `{meant}`"
