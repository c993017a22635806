"""A flow tests the result of a built-in rail action as if it were true or false.

What it does: finds variables that hold the result of a built-in rail action and are tested bare, as in
``if not $allowed``, or asked for something that an outcome does not have, as in ``$result.blocked``; and
``.is_blocked`` asked of the boolean or the text that an action of the team's returns.

Why it matters: since NeMo 0.24 these actions return a RailOutcome, which is true whatever the verdict.
``if not $allowed`` is never taken, so the message passes that the judge has condemned; ``if $allowed`` is
always taken, so every message is refused. An attribute that is not there raises: every request fails.

How to fix: test ``$allowed.is_blocked`` (or ``.is_transform``), or delete the copied flow and redefine only
the bot message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from guardlint.nemo.catalogue import snake_case
from guardlint.nemo.configuration import Configuration
from guardlint.nemo.old_outcomes import outcome_test
from guardlint.nemo.once import once_each
from guardlint.nemo.reach import never_starts
from guardlint.rules._text_mends import replace_text
from guardlint.rules.colang._python import ActionFunction, function_of
from guardlint.rules.colang._rails import RailFlow, rail_flows, team_action
from guardlint.rules.colang._waking import woken_by
from guardlint.rules.rule import Fix, Found, Project, Related, Rule
from guardlint.source.colang import Call, Flow, Statement
from guardlint.source.place import Place

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="safe", controls=("LLM01:2025",))

_TESTS = frozenset({"if", "elif", "else", "while", "when"})


def check(project: Project) -> Iterator[Found]:
    """One finding for each test."""
    yield from _faults(project.configuration)


def flows_of_old_style(configuration: Configuration) -> set[str]:
    """The names of the flows that the rule speaks of."""
    return {found.value[0] for found in _faults(configuration)}


@once_each
def _faults(configuration: Configuration) -> Iterator[Found]:
    if configuration.generation == "1.0":
        rails = {rail.flow.name: rail for rail in reversed(list(rail_flows(configuration)))}
    else:
        rails = {}
    for flow in configuration.flows.values():
        raised: set[str] = set()
        outcomes: dict[str, Statement] = {}
        plain: dict[str, Statement] = {}
        for statement in flow.statements:
            if statement.target is not None and statement.call is not None:
                outcomes.pop(statement.target, None)
                plain.pop(statement.target, None)
                if _is_no_action(configuration, statement.call):
                    continue
                if _returns_outcome(configuration, statement.call.name):
                    outcomes[statement.target] = statement
                elif _returns_plain(configuration, statement.call.name):
                    plain[statement.target] = statement
            elif statement.target is not None or statement.kind in _TESTS:
                for found in _bare_tests(configuration, flow, statement, outcomes, rails.get(flow.name)):
                    # The first that raises is as far as a request comes.
                    if not raised & {found.value[1]}:
                        yield found
                    if "raises" in found.at_run_time or "internal error" in found.at_run_time:
                        raised.add(found.value[1])
                yield from _attributes_of_plain(flow, statement, plain)
                if statement.target is not None:
                    alias = outcomes.get(statement.expression.strip().removeprefix("$"))
                    outcomes.pop(statement.target, None)
                    plain.pop(statement.target, None)
                    if alias is not None:
                        outcomes[statement.target] = alias


def _is_no_action(configuration: Configuration, call: Call) -> bool:
    """Colang 2.x has no ``execute``: the word is the beginning of a flow's name."""
    return configuration.generation == "2.x" and call.kind == "execute"


def _returns_plain(configuration: Configuration, name: str) -> bool:
    """An action of the team's that returns a boolean, a text or a number, and nothing else."""
    action = team_action(configuration, name)
    function = function_of(configuration, action) if action is not None else None
    return configuration.generation == "1.0" and function is not None and _plain_values(function)


def _plain_values(function: ActionFunction) -> bool:
    return bool(function.values) and not any(isinstance(value, dict) for value in function.values or ())


def _attributes_of_plain(flow: Flow, statement: Statement, plain: dict[str, Statement]) -> Iterator[Found]:
    start = statement.expression_place or statement.place
    for name, origin in plain.items():
        if f"${name}." not in statement.expression:
            continue
        match = re.search(rf"\${name}\.(is_blocked|is_transform|blocked|allowed)\b", statement.expression)
        if match is None:
            continue
        assert origin.call is not None
        yield Found(
            f"`${name}` is what `{origin.call.name}` returns, which has no `{match[1]}`",
            Place.at(start.file, start.line, start.column + match.start(), len(match[0])),
            "the test raises: every request that comes to it ends in an error",
            f"write `if ${name}`",
            value=(flow.name, name, origin.call.name),
            related=(Related(origin.call.place, "the team's own action, no RailOutcome"),),
        )


def _returns_outcome(configuration: Configuration, name: str) -> bool:
    """A built-in rail action that no code of the team takes the place of."""
    facts = configuration.catalogue.action(name)
    if not facts or not facts["rail"] or configuration.action_named(name) is not None:
        return False
    return not configuration.has_unnamed_actions


def _bare_tests(
    configuration: Configuration,
    flow: Flow,
    statement: Statement,
    outcomes: dict[str, Statement],
    rail: RailFlow | None,
) -> Iterator[Found]:
    start = statement.expression_place or statement.place
    for name, origin in outcomes.items():
        assert origin.call is not None
        for match in re.finditer(_USE.format(name=name), statement.expression):
            effect = _effect_of(statement, match)
            if effect is None:
                continue
            woken = woken_by(configuration, rail, origin) if rail is not None else None
            if woken is not None:
                effect = (
                    f"the library's `{woken[0]}` wakes up on the same action and reads `${woken[1]}`, which "
                    "is not set: every request ends in an error"
                )
            used = not never_starts(configuration, flow)
            wrong = match["wrong"]
            yield Found(
                f"`${name}` is the outcome of `{origin.call.name}`, which "
                + (f"has no `{wrong}`" if wrong else "is true whatever the verdict"),
                Place.at(start.file, start.line, start.column + match.start(), len(match[0])),
                effect if used else f"{effect}, wherever `{flow.name}` is run",
                f"write `if ${name}.is_blocked`, or delete this flow and use the library's",
                value=(flow.name, name, origin.call.name),
                related=(Related(origin.call.place, "returns a RailOutcome since NeMo 0.24"),),
                severity=None if used else "warning",
                since_nemo="0.24",
                fix=_tested(configuration, flow, origin, name),
            )


def _tested(configuration: Configuration, flow: Flow, origin: Statement, name: str) -> Fix | None:
    """The same decisions, asked of the outcome: all of a flow, for one that raises hides others."""
    assert origin.call is not None
    action = snake_case(origin.call.name)
    fixes = []
    for statement in flow.statements:
        old = statement.expression.strip()
        if re.search(rf"\${name}\b", old) is None or statement is origin or "(" in old:
            continue
        if statement.target is not None and old == f"${name}":
            continue  # another name for the outcome
        terms = re.split(r"(\s+(?:and|or)\s+)", old)
        new = "".join((f"${name}" in term and outcome_test(action, term)) or term for term in terms)
        if new != old and statement.expression_place is not None:
            fixes.append(replace_text(configuration, statement.expression_place, old, new))
    made = [fix for fix in fixes if fix is not None]
    if not made:
        return None
    title = made[0].title if len(made) == 1 else f"ask `${name}` as an outcome, {len(made)} times"
    return Fix(title, tuple(edit for fix in made for edit in fix.edits))


# A use of an outcome: bare, or with an attribute or a key. What an outcome has is no fault.
_USE = r"(?:\bnot\s+)?\${name}(?!\w)(?:\.(?P<known>is_blocked|is_transform|reason|metadata|transform_text|decision|failed|transforms)\b|\.(?P<wrong>\w+)|(?P<key>\[))?"  # noqa: E501


def _effect_of(statement: Statement, match: re.Match[str]) -> str | None:
    """What a use comes to; None where it is right."""
    if match["known"]:
        return None
    if match["wrong"] or match["key"]:
        return "the test raises: every request that comes to it ends in an error"
    rest = statement.expression[match.end() :]
    before = statement.expression[: match.start()]
    if re.search(r"(?:\bin|<|>|len\()\s*$", before):
        return "an outcome is no text: the test raises, and every request ends in an error"
    negated = match[0].startswith("not")
    if statement.target is not None and not negated and not re.match(r"\s*(?:[=!<>]=?|in\b|is\b)", rest):
        return None  # handed on, or a member of something
    return _effect(rest, negated)


def _effect(rest: str, negated: bool) -> str:
    """What the test comes to: an outcome is true, equals nothing but outcomes, and has no order."""
    if re.match(r"\s*[<>]", rest):
        return "an outcome cannot be compared: the request ends in an internal error"
    equal = re.match(r"\s*(?:==|is\b(?!\s+not)|in\b)", rest) is not None
    if equal == negated:
        return "the test is always true: every message takes this branch"
    return "the test is never true: what the rail condemns passes all the same"
