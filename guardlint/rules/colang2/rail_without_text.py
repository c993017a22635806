"""A library rail does not get the text in Colang 2.x.

What it does: finds library flows that read ``$user_message``, ``$bot_message`` or ``$relevant_chunks``, or
wait for ``$check_facts`` or ``$check_hallucination``, without declaring them ``global``, where a rail calls
them or the YAML lists them.

Why it matters: variables of Colang 2.x belong to their flow. The library's flow has its own, which is
always None: the regular expressions are tried on nothing and everything passes, the fact check never
starts, the search for personal data fails, and the reply is empty. A ``global`` in the calling flow does
not help.

How to fix: write a flow of your own that takes the text as a parameter and calls the same action with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from guardlint.nemo.configuration import Configuration
from guardlint.rules.colang2._reading import ENTRIES, flows_of, invocations, rail_flows, runs
from guardlint.rules.rule import Found, Project, Rule
from guardlint.source.place import Place
from guardlint.source.yaml_file import DataPath

RULE = Rule(severity="error", confidence="high", since="0.1.0", controls=("LLM01:2025", "LLM02:2025"))

# The modules of library/*/flows.co whose flows name a variable that is not theirs: in every wheel from 0.17
# to 0.24.1 that has the module. What their action makes of None is that of 0.24.1.
_PASSES: Final = "the action gets None for the text: everything passes unread"
_FAILS: Final = "the action gets None for the text and fails: every message gets an empty reply"
_NEVER: Final = "the flow waits for a variable that is never set in it: the check is never made"
_MODULES: Final = {
    "nemoguardrails.library.regex.flows": _PASSES,
    "nemoguardrails.library.sensitive_data_detection.flows": _FAILS,
    "nemoguardrails.library.self_check.facts.flows": _NEVER,
    "nemoguardrails.library.factchecking.align_score.flows": _NEVER,
}
_UNREAD: Final = "the service gets None for the text: nothing of the message is checked"
_SERVICES: Final = tuple(
    f"nemoguardrails.library.{name}.flows"
    for name in (
        "activefence",
        "clavata",
        "gliner",
        "injection_detection",
        "policyai",
        "privateai",
        "prompt_security",
    )
)
_FLOWS: Final = {"self check hallucination": _NEVER, "hallucination warning": _NEVER}


def check(project: Project) -> Iterator[Found]:
    """One finding for each call or listed rail."""
    configuration = project.configuration
    if not runs(configuration):
        return
    library = configuration.catalogue.flows("2.x")

    def effect(name: str) -> str | None:
        if name in configuration.flows or name not in library:
            return None
        if name.startswith("bot ") or not configuration.flow_exists(name):
            return None
        module = library[name]["module"]
        if module in _SERVICES:
            return None if library[name]["params"] else _UNREAD
        return _FLOWS.get(name) or _MODULES.get(module)

    calls: list[tuple[str, Place, DataPath | None]] = [
        (rail.flow, rail.place, rail.path)
        for way in ENTRIES
        for rail in configuration.rails(way)
        if _is_armed(configuration, library.get(rail.flow, {}).get("armed_by"))
    ]
    for flow in rail_flows(configuration).values():
        calls += [
            (made.name, made.place, None) for statement in flow.statements for made in invocations(statement)
        ]
    for name, place, path in calls:
        what = effect(name)
        if what is not None:
            action = next(iter(library[name]["actions"]), "the action")
            yield Found(
                f"`{name}` does not get the text in Colang 2.x",
                place,
                what,
                f"write a flow of your own that takes the text as a parameter and calls `{action}` with it",
                path=path,
                value=name,
                confidence="medium" if what == _UNREAD else None,
            )


def _is_armed(configuration: Configuration, variable: str | None) -> bool:
    """Whether a flow sets the variable that a rail waits for; where none does, unarmed-rail says so."""
    return variable is None or any(
        statement.target == variable
        for flow in flows_of(configuration).values()
        for statement in flow.statements
    )
