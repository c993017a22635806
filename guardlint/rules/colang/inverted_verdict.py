"""A rail refuses what its check lets pass, and lets pass what it condemns.

What it does: runs the flow of a rail on paper with each verdict, and speaks where the refusal lies in the
wrong branch: for NeMo's own actions that is certain, for an action of the team's the names tell it
(``$is_jailbreak``, ``$allowed``).

Why it matters: harmless messages are refused, and the condemned ones pass.

How to fix: turn the test around.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from guardlint.nemo.configuration import Configuration
from guardlint.rules._text_mends import replace_text
from guardlint.rules.actions._code import tests_of, uses
from guardlint.rules.colang._blocks import NOTHING, REFUSES, run
from guardlint.rules.colang._python import function_of
from guardlint.rules.colang._rails import rail_flows, team_action, waits_for_event
from guardlint.rules.colang._values import Outcome, names_in
from guardlint.rules.colang._waking import wakes_library
from guardlint.rules.colang.old_style_outcome import flows_of_old_style
from guardlint.rules.flow_blocks import Block, blocks_of, flatten
from guardlint.rules.rule import Fix, Found, Project, Related, Rule
from guardlint.source.colang import Flow, Statement
from guardlint.source.place import Place

__all__ = ["RULE", "check", "side_of"]

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="safe", controls=("LLM01:2025",))

_BAD = frozenset(
    "jailbreak injection toxic toxicity blocked forbidden harmful unsafe abusive abuse violation violates "
    "leak leaks banned suspicious malicious offensive profanity flagged attack secret secrets pii scam fraud "
    "disallowed condemned prohibited hallucination hallucinated bad unsupported offtopic insult threat "
    "rejected unwanted dangerous risky inappropriate illegal confidential denied refused restricted nsfw "
    "noncompliant malformed hateful hit hits detected triggered alert".split()
)
_GOOD = frozenset(
    "allowed safe ok okay valid clean approved acceptable accepted permitted passed passes compliant "
    "harmless benign legitimate appropriate supported grounded accurate fine good permissible "
    "conforms trusted factual".split()
)
_UNSURE = frozenset("no not non without free un never check validate verify moderate".split())


def check(project: Project) -> Iterator[Found]:
    """One finding for each verdict."""
    configuration = project.configuration
    if configuration.generation == "2.x":
        yield from _modern(configuration)
        return
    explained = flows_of_old_style(project.configuration)
    told: set[str] = set()
    for rail in rail_flows(configuration):
        flow = rail.flow
        if flow.name in told or flow.name in explained or waits_for_event(flow) is not None:
            continue
        told.add(flow.name)
        blocks = blocks_of(flow)
        for statement in flow.statements:
            if statement.kind == "set" and statement.call is not None and statement.call.kind == "execute":
                yield from _judge(configuration, flow, blocks, statement)


def _modern(configuration: Configuration) -> Iterator[Found]:
    """In Colang 2.x: the branch that aborts is taken for the verdict that is good by its name."""
    from guardlint.rules.colang2._reading import has_guardrails
    from guardlint.rules.colang2._reading import rail_flows as modern_rail_flows

    rails = modern_rail_flows(configuration) if has_guardrails(configuration) else {}
    for use in uses(configuration) if rails and configuration.actions else ():
        own = configuration.action_named(use.name)
        side = _side(use.target or "", use.name)
        if use.flow.name not in rails or own is None or own.returns != "bool" or side is None:
            continue
        tests = [test for test in tests_of(use) if test.key is None]
        if tests and all(test.blocks_on != (side == "bad") for test in tests):
            yield Found(
                f"`{use.flow.name}` refuses what `{use.name}` lets pass",
                tests[0].place,
                "harmless messages are refused, and those that the check condemns pass",
                "turn the test around",
                value=(use.flow.name, use.name, use.target),
                related=(Related(use.place, "the verdict"),),
                confidence="medium",
                fix=_turned_line(configuration, tests[0].place) if len(tests) == 1 else None,
            )


def _judge(
    configuration: Configuration, flow: Flow, blocks: list[Block], asked: Statement
) -> Iterator[Found]:
    assert asked.call is not None
    name = asked.call.name
    facts = configuration.catalogue.action(name)
    certain = False
    own = configuration.action_named(name)
    if own is None and facts and facts["rail"] and not configuration.has_unnamed_actions:
        if configuration.catalogue.data["nemo"] < "0.24":
            return
        verdicts: tuple[Any, Any] = (Outcome(is_blocked=True), Outcome())
        certain = True
    else:
        action = team_action(configuration, name)
        function = function_of(configuration, action) if action is not None else None
        if function is None or function.values not in ((True, False), (False, True)):
            return
        side = _side(asked.target or "", name)
        if side is None:
            return
        verdicts = (side == "bad", side != "bad")
    ends = [_ends(blocks, asked, value) for value in verdicts]
    test = _test(blocks, asked)
    if ends != [frozenset((NOTHING,)), frozenset((REFUSES,))] or test is None:
        return
    yield Found(
        f"`{test.expression}` refuses what `{name}` lets pass",
        test.expression_place or test.place,
        "harmless messages are refused, and those that the check condemns pass"
        if not wakes_library(configuration, flow.name, asked)
        else "harmless messages are refused here, the others by the library's flow of the action",
        f"write `if ${asked.target}.is_blocked`" if certain else "turn the test around",
        value=(flow.name, name, asked.target),
        related=(Related(asked.call.place, "the verdict"),),
        confidence=None if certain else "medium",
        since_nemo="0.24" if certain else None,
        fix=_turned(configuration, test, certain),
    )


def _turned(configuration: Configuration, test: Statement, certain: bool) -> Fix | None:
    """The test with or without its ``not``."""
    old = test.expression.strip()
    plain = re.fullmatch(r"(not\s+)?(\$\w+(?:\.is_blocked)?)", old)
    if plain is None or test.expression_place is None:
        return None
    new = plain[2] if plain[1] else f"not {old}"
    return replace_text(configuration, test.expression_place, old, new, safe=certain)


def _turned_line(configuration: Configuration, place: Place) -> Fix | None:
    """The line of a test that asks for nothing but one variable, with or without its ``not``."""
    lines = configuration.texts.get(place.file, "").removeprefix("\ufeff").split("\n")
    found = re.match(r"\s*(?:if|elif)\s+((not\s+)?(\$\w+))\s*:?\s*(?:#.*)?$", lines[place.line - 1])
    if found is None:
        return None
    at = Place.at(place.file, place.line, found.start(1) + 1, len(found[1]))
    return replace_text(configuration, at, found[1], found[3] if found[2] else f"not {found[1]}", safe=False)


def _ends(blocks: list[Block], asked: Statement, value: Any) -> frozenset[int] | None:
    outcomes = run(blocks, {id(asked): value}, frozenset())
    return None if outcomes is None else outcomes.effects


def _test(blocks: list[Block], asked: Statement) -> Statement | None:
    made = {asked.target}
    for statement in flatten(blocks):
        if made & set(names_in(statement.expression)):
            if statement.kind in ("if", "elif", "else"):
                return statement
            if statement.target is not None:
                made.add(statement.target)
    return None


def _side(variable: str, action: str) -> str | None:
    """Whether True means that the text is ``bad`` or ``good``, by the names; None in doubt."""
    sides = {side for name in (variable, action) if (side := side_of(name)) is not None}
    named = side_of(variable) is not None or re.match(r"is_|detect_|contains_|has_", action)
    if len(sides) != 1 or not named:
        return None
    return next(iter(sides))


@lru_cache(maxsize=1024)
def side_of(name: str) -> str | None:
    """Whether a name says that the text is ``bad`` or ``good`` where it is true; None in doubt."""
    words = set(re.split(r"_|(?<=[a-z])(?=[A-Z])", name))
    words = {word.lower() for word in words}
    bad, good = words & _BAD, words & _GOOD
    if bool(bad) == bool(good) or words & _UNSURE:
        return None
    return "bad" if bad else "good"
