"""A check of a Colang 2.x rail is started, and the rail does not wait for it.

What it does: finds ``start`` and ``activate`` of a flow or an action that can block, in the flows that a
rail consists of.

Why it matters: ``start`` and ``activate`` go on at once. The flow of the rail ends, NeMo stops what it had
started, and the message passes before the verdict is there.

How to fix: call the flow by its name alone, or write ``await``.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.rules._text_mends import replace_text
from guardlint.rules.colang2._reading import (
    Invocation,
    has_guardrails,
    invocations,
    is_action,
    rail_flows,
    runs,
)
from guardlint.rules.rule import Found, Project, Rule
from guardlint.source.colang import Flow

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="safe", controls=("LLM01:2025",))


def check(project: Project) -> Iterator[Found]:
    """One finding for each start."""
    configuration = project.configuration
    if not runs(configuration) or not has_guardrails(configuration):
        return
    for flow in rail_flows(configuration).values():
        for statement in flow.statements:
            for made in invocations(statement):
                if made.verb == "await" or not _can_block(configuration, made):
                    continue
                if _is_awaited(flow, made):
                    continue
                plain = statement.text.replace(f"{made.verb} ", "await " if made.target else "", 1)
                yield Found(
                    f"`{flow.name}` does not wait for `{made.name}`",
                    statement.place,
                    "the rail ends before the verdict is there, and the message passes",
                    f"write `{plain if not is_action(made.name) else f'await {made.name}(…)'}`",
                    value=(flow.name, made.name),
                    fix=replace_text(configuration, statement.place, statement.text, plain)
                    if plain != statement.text and made.reference is None
                    else None,
                )


def _can_block(configuration: Configuration, made: Invocation) -> bool:
    """A flow that aborts, a library rail, or an action whose result is used."""
    if is_action(made.name):
        facts = configuration.catalogue.action(made.name)
        return bool(made.target) or bool(facts and facts["rail"])
    return _aborts(configuration, made.name, set())


def _aborts(configuration: Configuration, name: str, seen: set[str]) -> bool:
    flow = configuration.flows.get(name)
    if flow is None:
        facts = configuration.catalogue.flows("2.x").get(name, {})
        return bool(facts.get("stops") or facts.get("rewrites"))
    if name in seen:
        return False
    seen.add(name)
    return any(
        statement.kind == "abort"
        or statement.target in ("user_message", "bot_message")
        or any(_aborts(configuration, made.name, seen) for made in invocations(statement))
        for statement in flow.statements
    )


def _is_awaited(flow: Flow, made: Invocation) -> bool:
    """Whether the flow waits for what it started, by its reference."""
    name = made.reference
    return name is not None and any(
        f"${name}." in statement.text and statement.kind in ("match", "when", "or", "call", "other", "await")
        for statement in flow.statements
    )
