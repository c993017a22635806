"""A library rail does not get the text in Colang 2.x.

What it does: finds library flows that read ``$user_message``, ``$bot_message`` or ``$relevant_chunks``, or
wait for ``$check_facts`` or ``$check_hallucination``, or write ``$relevant_chunks``, without declaring them
``global``, where the YAML lists them or a flow that runs calls them.

Why it matters: variables of Colang 2.x belong to their flow. The library's flow has its own, which is
always None: the regular expressions are tried on nothing and everything passes, the fact check never
starts, the search for personal data fails, and the reply is empty; a condemned passage stays where it was. A
``global`` in the calling flow does not help.

How to fix: write a flow of your own that takes the text as a parameter and calls the same action with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from guardlint.nemo.configuration import Configuration
from guardlint.rules.colang2._reading import ENTRIES, flows_of, invocations, rail_flows, runs
from guardlint.rules.rule import Found, Project, Rule
from guardlint.source.colang import Flow
from guardlint.source.place import Place
from guardlint.source.yaml_file import DataPath

RULE = Rule(severity="error", confidence="high", since="0.1.0", controls=("LLM01:2025", "LLM02:2025"))

# The modules of library/*/flows.co whose flows name a variable that is not theirs: in every wheel from 0.17
# to 0.24.1 that has the module, but for ``_MASKS``. What their action makes of None is that of 0.24.1.
_PASSES: Final = "the action gets None for the text: everything passes unread"
_FAILS: Final = "the action gets None for the text and fails: every message gets an empty reply"
_NEVER: Final = "the flow waits for a variable that is never set in it: the check is never made"
_MODULES: Final = {
    "nemoguardrails.library.regex.flows": _PASSES,
    "nemoguardrails.library.sensitive_data_detection.flows": _FAILS,
    "nemoguardrails.library.self_check.facts.flows": _NEVER,
    "nemoguardrails.library.factchecking.align_score.flows": _NEVER,
    # These actions refuse an empty text before they ask their service.
    "nemoguardrails.library.clavata.flows": _FAILS,
    "nemoguardrails.library.gliner.flows": _FAILS,
    "nemoguardrails.library.prompt_security.flows": _FAILS,
}
_UNREAD: Final = "the service gets None for the text: nothing of the message is checked"
_SERVICES: Final = tuple(
    f"nemoguardrails.library.{name}.flows"
    for name in (
        "activefence",
        "injection_detection",
        "policyai",
        "privateai",
    )
)
_LOST: Final = "the flow empties a variable of its own: the model gets the condemned passages as they are"
_FLOWS: Final = {
    "self check hallucination": _NEVER,
    "hallucination warning": _NEVER,
    "autoalign groundedness output": _NEVER,
    "hf classifier check retrieval": _LOST,
}
# Up to 0.23 they say `global` first, and get the text.
_MASKS: Final = frozenset(f"mask sensitive data on {way}" for way in ("input", "output", "retrieval"))


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
        if name in _FLOWS:
            return _FLOWS[name]
        if library[name]["params"]:
            return None  # the text is among them, or the action looks for it in the context itself
        module = library[name]["module"]
        return _UNREAD if module in _SERVICES else _MODULES.get(module)

    calls: list[tuple[str, Place, DataPath | None]] = [
        (rail.flow, rail.place, rail.path)
        for way in ENTRIES
        for rail in configuration.rails(way)
        if _is_armed(configuration, library.get(rail.flow, {}).get("armed_by"))
    ]
    for flow in _running(configuration).values():
        calls += [
            (made.name, made.place, None) for statement in flow.statements for made in invocations(statement)
        ]
    for name, place, path in calls:
        what = effect(name)
        if what is not None:
            action = next((_in_colang(action) for action in library[name]["actions"]), "the action")
            yield Found(
                f"`{name}` loses what it rewrites in Colang 2.x"
                if what == _LOST
                else f"`{name}` does not get the text in Colang 2.x",
                place,
                what,
                f"write a flow of your own that {_mend(what, action)}",
                path=path,
                value=name,
                confidence="medium" if what == _UNREAD else None,
                since_nemo="0.24" if name in _MASKS else None,
            )


def _mend(what: str, action: str) -> str:
    """What a flow of the team's does instead."""
    if what == _LOST:
        return f"says `global $relevant_chunks` and calls `{action}`"
    if what == _NEVER:
        return f"calls `{action}` and waits for no variable"
    return f"takes the text as a parameter and calls `{action}` with it"


def _running(configuration: Configuration) -> dict[str, Flow]:
    """The flows of the rails, and what ``main`` and active flows call: retrieved texts are checked there."""
    flows = flows_of(configuration)
    names = ["main", *(name for name, flow in flows.items() if "@active" in flow.decorators)]
    found = dict(rail_flows(configuration))
    while names:
        name = names.pop()
        flow = flows.get(name)
        if flow is None or name in found:
            continue
        found[name] = flow
        names += [made.name for statement in flow.statements for made in invocations(statement)]
    return found


def _in_colang(action: str) -> str:
    """How Colang 2.x spells the name of an action (``detect_pii``: ``DetectPiiAction``)."""
    if action.endswith("Action"):
        return action
    return "".join(part[:1].upper() + part[1:] for part in action.split("_")) + "Action"


def _is_armed(configuration: Configuration, variable: str | None) -> bool:
    """Whether a flow sets the variable that a rail waits for; where none does, unarmed-rail says so."""
    return variable is None or any(
        statement.target == variable
        for flow in flows_of(configuration).values()
        for statement in flow.statements
    )
