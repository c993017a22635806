"""A rail asks for a verdict and does the same whatever it is.

What it does: runs the flow of a rail on paper, once for each verdict that its action can return: the outcome
of a built-in rail action, and what the ``return`` lines of the team's own action can give.

Why it matters: a result that no test looks at, a comparison that can never be true (another type, another
spelling), a ``stop`` in a branch that is never taken: NeMo runs the check, pays for it, and lets everything
pass. NeMo loads all of it without a word.

How to fix: test the verdict as it is, and refuse and ``stop`` in that branch.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from guardlint.nemo.catalogue import snake_case
from guardlint.nemo.configuration import Configuration
from guardlint.rules._text_mends import add_line, ends_there, replace_text
from guardlint.rules.colang import never_set_variable
from guardlint.rules.colang._blocks import NOTHING, REFUSES, run
from guardlint.rules.colang._python import ActionFunction, function_of
from guardlint.rules.colang._rails import RailFlow, rail_flows, read_elsewhere, team_action, waits_for_event
from guardlint.rules.colang._values import FAILS, UNKNOWN, Outcome, evaluate, names_in
from guardlint.rules.colang._waking import wakes_library
from guardlint.rules.colang.old_style_outcome import flows_of_old_style
from guardlint.rules.flow_blocks import Block, blocks_of, flatten
from guardlint.rules.rule import Found, Project, Related, Rule
from guardlint.source.colang import Flow, Statement
from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.record import replace

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="unsafe", controls=("LLM01:2025",))

_CHECKS = lazy_pattern(
    r"check|detect|scan|valid|verif|moderat|judge|screen|classif|inspect|block|safe|allow|is_|has_|contains"
    r"|guard|jailbreak|injection|toxic|pii|filter|find|forbid|policy|abus|unsafe|leak|harm"
)
# Bookkeeping, which answers True where it has been done.
_RECORDS = lazy_pattern(
    r"(?:log|audit|count|notify|record|save|store|send|write|track|update|report|emit|increment|mark|print"
    r"|trace|add|submit|publish|push|post|persist|collect|measure|reset|clear)(?:_|$)"
)
_COMPARES = lazy_pattern(r"[=!<>]=?\s*[^TF]|\bin\b|\.")
_NONE, _ALL = frozenset((NOTHING,)), frozenset((REFUSES,))
_MASKS = lazy_pattern(r"mask|redact|anonymi[sz]e|sanitiz|sanitis|scrub|pseudonymi|obfuscate")
_TEXT_OF = {"input": "user_message", "output": "bot_message", "retrieval": "relevant_chunks"}
_BLOCKED, _CHANGED, _PASSED = Outcome(is_blocked=True), Outcome(is_transform=True), Outcome()


def check(project: Project) -> Iterator[Found]:
    """One finding for each verdict."""
    configuration = project.configuration
    explained = flows_of_old_style(configuration) | {
        found.value[0] for found in never_set_variable.check(project) if isinstance(found.value, tuple)
    }
    seen: set[str] = set()
    for rail in rail_flows(configuration):
        if rail.flow.name in seen or rail.flow.name in explained or waits_for_event(rail.flow) is not None:
            continue
        seen.add(rail.flow.name)
        yield from _of_flow(configuration, rail)


def _of_flow(configuration: Configuration, rail: RailFlow) -> Iterator[Found]:
    flow = rail.flow
    blocks = blocks_of(flow)
    shared = frozenset(
        item.target for item in flow.statements
        if item.target is not None and read_elsewhere(configuration, flow, item.target)
    )  # fmt: skip
    for statement in flow.statements:
        if statement.kind not in ("set", "call") or statement.call is None or statement.target in shared:
            continue
        if statement.target in _TEXT_OF.values():
            continue  # it takes the place of a text, and is no verdict
        if statement.call.kind == "execute" and not wakes_library(configuration, flow.name, statement):
            found = _judge(configuration, rail, blocks, statement, shared)
            if found is not None:
                yield found
                return  # one that is never heeded is enough to say about a flow


def _judge(
    configuration: Configuration,
    rail: RailFlow,
    blocks: list[Block],
    asked: Statement,
    shared: frozenset[str],
) -> Found | None:
    assert asked.call is not None
    name = asked.call.name
    test = _used(blocks, asked)
    forgotten = test is None and not _mentioned(rail.flow, asked)
    facts = configuration.catalogue.action(name)
    own = configuration.action_named(name)
    if own is None and facts and facts["rail"] and not configuration.has_unnamed_actions:
        if "mask" in name:  # what becomes of a masked text is mask-not-applied's
            return _lost_text(configuration, rail, asked) if forgotten else None
        if configuration.catalogue.data["nemo"] < "0.24":
            return None
        return _of_library(configuration, rail, blocks, asked, test, shared, forgotten=forgotten)
    function = _function(configuration, name)
    if function is None:
        unknown = own is None and facts is None and asked.target is not None and _CHECKS.search(name)
        if not unknown or not forgotten or _effects(blocks, asked, UNKNOWN, shared) != _NONE:
            return None
        found = _nothing_done(rail, blocks, asked, None, confidence="medium")
        return replace(found, severity="warning")
    if function.acts:
        return None
    if function.values is None or (len(function.values) < 2 and not isinstance(function.values[0], dict)):
        if forgotten and asked.target is not None and _MASKS.search(name):
            return _lost_text(configuration, rail, asked)
        nothing = forgotten or _effects(blocks, asked, UNKNOWN, shared) == _NONE
        if nothing and _CHECKS.search(name):
            return _nothing_done(rail, blocks, asked, test, confidence="medium")
        return None
    if test is not None and _cannot_be_asked(test, asked, function):
        return _no_such_member(rail, asked, test, function)
    ends = [_effects(blocks, asked, value, shared) for value in function.values]
    if test is not None and all(function.values) and not _COMPARES.search(test.expression):
        return None  # always true: a rule of its own says so, at the action
    is_check = bool(set(map(type, function.values)) <= {bool, dict} or _CHECKS.search(name))
    is_check = is_check and not (asked.target is None and _RECORDS.match(snake_case(name)))
    if is_check and (forgotten or all(end == _NONE for end in ends)):
        return _nothing_done(rail, blocks, asked, test, function)
    if all(end == _ALL for end in ends) and test is not None:
        return _always(rail, asked, test, function)
    return None


def _cannot_be_asked(test: Statement, asked: Statement, function: ActionFunction) -> bool:
    """Whether the test is an error with every value that the action returns."""
    plain = re.sub(r"^(?:not\s+)+", "", test.expression.strip())
    return asked.target is not None and all(
        evaluate(plain, {asked.target: value}) is FAILS for value in function.values or ()
    )


def _no_such_member(rail: RailFlow, asked: Statement, test: Statement, function: ActionFunction) -> Found:
    assert asked.call is not None
    return Found(
        f"`{test.expression}` asks for what `{asked.call.name}` does not return",
        test.expression_place or test.place,
        "the condition is an error: every request that comes here ends with it",
        f"write `if ${asked.target}`"
        if set(map(type, function.values or ())) == {bool}
        else "test what the action returns",
        value=(rail.flow.name, asked.call.name, asked.target),
        related=(Related(asked.call.place, _returns(function)),),
    )


def _of_library(
    configuration: Configuration,
    rail: RailFlow,
    blocks: list[Block],
    asked: Statement,
    test: Statement | None,
    shared: frozenset[str],
    *,
    forgotten: bool,
) -> Found | None:
    """The verdict of a built-in rail action."""
    ends = [_effects(blocks, asked, value, shared) for value in (_BLOCKED, _CHANGED, _PASSED)]
    if forgotten or ends == [_NONE] * 3:
        found = _nothing_done(rail, blocks, asked, test)
        refusal = f"if ${asked.target}.is_blocked\n  bot refuse to respond\n  stop"
        if test is None and asked.target is not None and ends_there(configuration, asked):
            mend = add_line(configuration, asked.place, refusal, title="test the verdict", safe=False)
            return replace(found, fix=mend)
        return found
    return _always(rail, asked, test, None) if ends == [_ALL] * 3 and test is not None else None


def _mentioned(flow: Flow, asked: Statement) -> bool:
    """Whether another line of the flow has the verdict in it."""
    if asked.target is None:
        return False
    wanted = re.compile(rf"\${asked.target}(?!\w)|\{{\{{-?\s*{asked.target}\b")
    return any(item is not asked and wanted.search(item.text) for item in flow.statements)


def _function(configuration: Configuration, name: str) -> ActionFunction | None:
    action = team_action(configuration, name)
    return None if action is None else function_of(configuration, action)


def _effects(
    blocks: list[Block], asked: Statement, value: Any, shared: frozenset[str]
) -> frozenset[int] | None:
    outcomes = run(blocks, {id(asked): value}, shared)
    return None if outcomes is None else outcomes.effects


def _used(blocks: list[Block], asked: Statement) -> Statement | None:
    """The first test that looks at the verdict, or at something made of it."""
    made = {asked.target}
    after = False
    for statement in flatten(blocks):
        after = after or statement is asked
        if not after or statement is asked:
            continue
        looks = made & set(names_in(statement.expression))
        if looks and statement.kind in ("if", "elif", "else", "while"):
            return statement
        if looks and statement.target is not None:
            made.add(statement.target)
    return None


def _nothing_done(
    rail: RailFlow,
    blocks: list[Block],
    asked: Statement,
    test: Statement | None,
    function: ActionFunction | None = None,
    confidence: Any = None,
) -> Found:
    assert asked.call is not None
    name = asked.call.name
    related: tuple[Related, ...] = ()
    if test is None:
        place = asked.call.place
        message = f"no test looks at the verdict of `{name}`"
        if function is None and confidence is None:
            help_text = f"write `if ${asked.target or 'response'}.is_blocked`, and refuse and `stop` there"
        elif asked.target is None:
            help_text = f"write `$found = execute {name}…` and `if $found`, and refuse and `stop` there"
        else:
            help_text = f"write `if ${asked.target}`, and refuse and `stop` there"
    else:
        place = test.expression_place or test.place
        related = (Related(asked.call.place, _returns(function)),)
        if _acts_below(blocks, test):
            message = f"`{test.expression}` is never true, whatever `{name}` finds"
            help_text = "compare with what the action returns, in its type and spelling"
        else:
            message = f"`{rail.flow.name}` does nothing about the verdict of `{name}`"
            help_text = "write `bot refuse to respond` and `stop` in the branch of the test"
    return Found(
        message,
        place,
        f"the check runs, and what it condemns passes the {rail.direction} rail all the same",
        help_text,
        value=(rail.flow.name, name, asked.target),
        related=related,
        confidence=confidence,
        since_nemo="0.24" if function is None and confidence is None else None,
    )


def _lost_text(configuration: Configuration, rail: RailFlow, asked: Statement) -> Found:
    assert asked.call is not None
    name, text = asked.call.name, _TEXT_OF[rail.direction]
    own = configuration.action_named(name) is not None
    outcome = f'write `${text} = ${asked.target or "masked"}.transform_text["{text}"]` on a line below'
    return Found(
        f"`${asked.target}` holds what `{name}` has made, and nothing uses it"
        if asked.target
        else f"nothing uses what `{name}` has made",
        asked.place,
        f"`${text}` stays as it was: nothing is masked",
        f"write `${text} = execute {name}(…)`" if own else outcome,
        value=(rail.flow.name, name, asked.target),
        fix=replace_text(configuration, asked.place, f"${asked.target}", f"${text}", safe=False)
        if own and asked.target
        else None,
    )


def _returns(function: ActionFunction | None) -> str:
    if function is None or not function.values:
        return "the verdict"
    if isinstance(function.values[0], dict):
        return "returns a mapping with " + ", ".join(f"`{key}`" for key in function.values[0])
    return "returns " + " or ".join(f"`{value!r}`" for value in function.values[:4])


def _acts_below(blocks: list[Block], test: Statement) -> bool:
    for block in blocks:
        if block.statement is test:
            return any(item.kind in ("bot", "stop", "abort", "create") for item in flatten(block.inside))
        if _acts_below(block.inside, test):
            return True
    return False


def _always(rail: RailFlow, asked: Statement, test: Statement, function: ActionFunction | None) -> Found:
    assert asked.call is not None
    return Found(
        f"`{rail.flow.name}` refuses whatever `{asked.call.name}` finds",
        test.expression_place or test.place,
        "every path of the flow ends in a refusal: no message gets an answer",
        "refuse and `stop` in one branch of the test only",
        value=(rail.flow.name, asked.call.name, asked.target),
        related=(Related(asked.call.place, _returns(function)),),
        since_nemo="0.24" if function is None else None,
    )
