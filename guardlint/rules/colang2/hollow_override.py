"""A flow of NeMo's library is overridden by one that does nothing of what it did.

What it does: looks at flows with ``@override`` that take the place of a library rail, or of the flows that
run the rails, and neither run an action nor call another flow that could block.

Why it matters: Colang 2.x runs the override and never the library's flow. The rail is listed and called as
before, and every message passes.

How to fix: delete the override, or check in it what the library's flow checked and ``abort``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from guardlint.nemo.configuration import Configuration
from guardlint.rules.colang2 import unused_verdict
from guardlint.rules.colang2._reading import flows_of, invocations, is_action, runs
from guardlint.rules.flow_blocks import blocks_of, flatten
from guardlint.rules.rule import Found, Project, Rule
from guardlint.source.colang import Flow

RULE = Rule(severity="error", confidence="high", since="0.1.0", controls=("LLM01:2025",))

_RUNNERS = {
    "run input rails": ("input rails",),
    "run output rails": ("output rails",),
    "_user_said": ("run input rails", "input rails"),
    "_user_said_something_unexpected": ("run input rails", "input rails"),
    "_bot_say": ("run output rails", "output rails"),
}


def check(project: Project) -> Iterator[Found]:
    """One finding for each override."""
    configuration = project.configuration
    if not runs(configuration):
        return
    library = configuration.catalogue.flows("2.x")
    for name, flow in flows_of(configuration).items():
        if not flow.is_override or name not in library or not configuration.flow_exists(name):
            continue
        if name not in _RUNNERS and any(found.value[0] == name for found in unused_verdict.check(project)):
            continue  # it asks, and nothing heeds the answer
        facts = library[name]
        if name in _RUNNERS:
            if _has_rails(configuration) and not _calls(flow, _RUNNERS[name]):
                yield _found(flow, "the rails are never run: every message passes unchecked", "rails")
        elif not _is_check(name, facts) or _does_something(configuration, flow):
            continue
        else:
            yield _found(flow, "NeMo runs this in the place of the rail: everything passes", "check")


def _is_check(name: str, facts: dict[str, Any]) -> bool:
    return bool(facts.get("stops") or facts.get("rewrites")) and not name.startswith("bot ")


def _found(flow: Flow, effect: str, what: str) -> Found:
    return Found(
        f"the override of `{flow.name}` leaves out its {what}",
        flow.place,
        effect,
        "delete the override, or do in it what the library's flow does",
        value=flow.name,
    )


def _has_rails(configuration: Configuration) -> bool:
    names = ("input rails", "output rails")
    return any(name in configuration.flows for name in names) or any(
        configuration.rails(way) for way in ("input", "output")
    )


def _calls(flow: Flow, wanted: tuple[str, ...]) -> bool:
    return any(made.name in wanted for statement in flow.statements for made in invocations(statement))


def _does_something(configuration: Configuration, flow: Flow) -> bool:
    """Whether it aborts or rewrites on some condition, or leaves that to another flow or an action."""
    library = configuration.catalogue.flows("2.x")
    for statement in flatten(blocks_of(flow)):
        if statement.kind == "abort" or statement.target in (
            "user_message",
            "bot_message",
            "relevant_chunks",
        ):
            return True
        for made in invocations(statement):
            if (
                made.name in configuration.flows
                and made.name != flow.name
                and not made.name.startswith("bot ")
            ):
                return True
            if made.name in library and (
                library[made.name].get("stops") or library[made.name].get("rewrites")
            ):
                return True
            if is_action(made.name) and _may_block_itself(configuration, made.name):
                return True
    return False


def _may_block_itself(configuration: Configuration, name: str) -> bool:
    """An action of the team's may send events of its own; the library's only give their verdict."""
    return configuration.catalogue.action(name) is None
