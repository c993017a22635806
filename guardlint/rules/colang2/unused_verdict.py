"""A Colang 2.x rail asks a check and does nothing with the answer.

What it does: in the flows that a rail consists of, finds a check whose result is given to no variable, or
to one that nothing reads: the built-in rail actions, the team's actions that return a boolean, and flows
that return their verdict.

Why it matters: the check runs, and the flow ends well whatever it says. The message passes.

How to fix: test the result, refuse, and ``abort``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from guardlint.nemo.catalogue import snake_case
from guardlint.nemo.configuration import Configuration
from guardlint.rules.colang2 import unset_variable
from guardlint.rules.colang2._reading import (
    Invocation,
    has_guardrails,
    invocations,
    is_action,
    rail_flows,
    runs,
)
from guardlint.rules.rule import Found, Project, Related, Rule
from guardlint.source.colang import Flow
from guardlint.source.lazy_pattern import lazy_pattern

RULE = Rule(severity="error", confidence="high", since="0.1.0", controls=("LLM01:2025",))

# Bookkeeping, which answers True where it has been done.
_RECORDS = lazy_pattern(
    r"(?:log|audit|count|notify|record|save|store|send|write|track|update|report|emit|increment|mark|print"
    r"|trace|add|submit|publish|push|post|persist|collect|measure|reset|clear|set)(?:_|$)"
)


def check(project: Project) -> Iterator[Found]:
    """One finding for each check."""
    configuration = project.configuration
    if not runs(configuration) or not has_guardrails(configuration):
        return
    unset = {found.place.line: found.place.file for found in unset_variable.check(project)}
    for flow in rail_flows(configuration).values():
        if any(
            unset.get(item.place.line) == item.place.file for item in flow.statements if item.kind == "if"
        ):
            continue  # the test is there, and looks at another variable
        for index, statement in enumerate(flow.statements):
            if statement.text.startswith(("when ", "or when ")):
                continue
            for made in invocations(statement):
                if made.verb != "await" or not _has_verdict(configuration, made):
                    continue
                name = made.target or made.reference
                if name is not None and _is_read(flow, index, name):
                    yield from _as_text(configuration, flow, index, made)
                    continue
                yield Found(
                    f"nothing tests the result of `{made.name}`",
                    made.place,
                    "the check runs, and the message passes whatever it finds",
                    f"write `if ${name or 'result'}…` below, with a refusal and `abort`",
                    value=(flow.name, made.name),
                )


def _as_text(configuration: Configuration, flow: Flow, index: int, made: Invocation) -> Iterator[Found]:
    """A boolean that is compared with a text, which it never equals."""
    own = configuration.action_named(made.name) if is_action(made.name) else None
    if own is None or own.returns != "bool" or made.target is None:
        return
    compared = re.compile(rf"\${made.target}\s*==\s*(\"[^\"]*\"|'[^']*')")
    for statement in flow.statements[index + 1 :]:
        found = compared.search(statement.expression) if statement.kind in ("if", "elif") else None
        if found is not None:
            yield Found(
                f"`{found[0]}` is never true: `{made.name}` returns a boolean",
                statement.expression_place or statement.place,
                "the check runs, and the message passes whatever it finds",
                f"write `if ${made.target}`",
                value=(flow.name, made.name, "compared"),
                related=(Related(made.place, "the verdict"),),
            )


def _has_verdict(configuration: Configuration, made: Invocation) -> bool:
    if is_action(made.name):
        own = configuration.action_named(made.name)
        if own is not None:
            return own.returns == "bool" and _RECORDS.match(snake_case(made.name)) is None
        facts = configuration.catalogue.action(made.name)
        return bool(facts and facts["rail"])
    flow = configuration.flows.get(made.name)
    return flow is not None and _only_returns(configuration, flow)


def _only_returns(configuration: Configuration, flow: Flow) -> bool:
    """Whether a flow asks a check and returns the answer instead of aborting."""
    if any(statement.kind == "abort" for statement in flow.statements):
        return False
    asked = {
        made.target
        for statement in flow.statements
        for made in invocations(statement)
        if made.target and is_action(made.name) and _has_verdict(configuration, made)
    }
    return any(
        statement.kind == "return" and any(f"${name}" in statement.text for name in asked)
        for statement in flow.statements
    )


def _is_read(flow: Flow, index: int, name: str) -> bool:
    pattern = re.compile(rf"\${name}\b")
    for statement in flow.statements[index + 1 :]:
        text = statement.expression if statement.target else statement.text
        if pattern.search(text) and statement.kind not in ("log", "print"):
            return True
    # A global is read by others.
    return any(statement.kind == "global" and pattern.search(statement.text) for statement in flow.statements)
