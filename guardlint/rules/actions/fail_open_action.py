"""An action on which a rail depends lets the message pass when it fails.

What it does: for each action whose result a flow tests before it blocks, looks at what the code returns from
its ``except`` blocks, after a service's bad status, and under ``suppress``; in Colang 2.x also at errors that
the action leaves to its caller. An action that returns nothing, or the same whatever it reads, is one that
always lets the message pass.

Why it matters: a check that is down is a check that finds nothing. Whoever can make the service fail, by
length, load or a strange character, is past it. In Colang 1.0 an error that is not caught blocks; in 2.x it
makes the result None, and a flow that tests whether the text is bad goes on.

How to fix: return the value on which the flow blocks. In Colang 1.0 ``raise`` does as well.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from guardlint.nemo.configuration import Configuration
from guardlint.rules.actions import replaced_action
from guardlint.rules.actions._code import Code, Test, code_of, run_of, tests_of, uses
from guardlint.rules.actions._constant import without_verdict
from guardlint.rules.actions._decision import Decision, decision_of
from guardlint.rules.actions._failures import Failure, failures_of, left_to_the_caller
from guardlint.rules.actions._values import blocks
from guardlint.rules.rule import Confidence, Found, Project, Related, Rule, Severity
from guardlint.source.place import Place

RULE = Rule(severity="error", confidence="high", since="0.1.0", controls=("LLM01:2025",))


def check(project: Project) -> Iterator[Found]:
    """One finding for each way in which an action fails open."""
    configuration = project.configuration
    said: set[tuple[str, int]] = set()
    for use in uses(configuration) if configuration.actions else ():
        code = code_of(configuration, use.name)
        failures = _failures(configuration, code) if code is not None else []
        if code is None or not failures:
            continue
        tests = tests_of(use)
        decision = decision_of(configuration, use)
        place = tests[0].place if tests else decision.place if decision is not None else use.place
        for failure in failures:
            if not _pass((None,) if failure.raises else failure.values, tests, decision):
                continue
            where = failure.place
            if failure.constant and _is_replaced(project, code):
                continue
            if (where.file, where.line) not in said:
                said.add((where.file, where.line))
                yield _found(configuration, code, failure, tests[0] if tests else None, place)


def _is_replaced(project: Project, code: Code) -> bool:
    """Whether it takes the place of a check of NeMo's and never blocks: the rule replaced-action says so."""
    return any(found.value == code.definition.name for found in replaced_action.check(project))


def _failures(configuration: Configuration, code: Code) -> list[Failure]:
    """What may let a message pass: an error that is raised gives None, in Colang 2.x."""
    node, owner = run_of(code.node), code.node if isinstance(code.node, ast.ClassDef) else None
    if node is None:
        return []
    is_modern = configuration.generation == "2.x"
    found = [*failures_of(code.file, node, owner), *without_verdict(code.file, node)]
    found = [failure for failure in found if is_modern or not failure.raises]
    return [*found, *left_to_the_caller(code.file, node)] if is_modern else found


def _pass(values: tuple[Any, ...], tests: tuple[Test, ...], decision: Decision | None) -> bool:
    """Whether the text passes with each of the values."""
    if decision is not None:
        return all(map(decision.lets_pass, values))
    return bool(tests) and all(blocks(value, test) is False for value in values for test in tests)


def _found(
    configuration: Configuration, code: Code, failure: Failure, test: Test | None, place: Place
) -> Found:
    severity: Severity | None = "warning" if failure.narrow else None
    confidence: Confidence | None = "medium" if failure.narrow else None
    name = code.definition.name
    mend = "the value on which the flow blocks"
    if test is not None and test.key is None:
        mend = f"`{test.blocks_on}`"
    effect = "the flow takes the failure for a clean text, and the message passes"
    if failure.constant:
        effect = "the flow takes every text for a clean one, and every message passes"
    if failure.raises:
        effect = "in Colang 2.x a failing action gives None: the flow goes on, and the message passes"
    raising = "" if configuration.generation == "2.x" else ", or raise the error again"
    return Found(
        f"`{name}` {failure.what}",
        failure.place,
        effect,
        f"return {mend} where the text must not pass"
        if failure.constant
        else f"return {mend} where the check fails{raising}",
        value=(name, failure.what, failure.place.line - code.definition.place.line),
        related=(Related(place, "blocks on this"),),
        severity=severity,
        confidence=confidence,
    )
