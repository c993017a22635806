"""A flow tests the result of a built-in rail action as if it were true or false.

What it does: finds variables that hold the result of a built-in rail action and are tested bare, as in
``if not $allowed``.

Why it matters: since NeMo 0.24 these actions return a RailOutcome, which is true whatever the verdict.
``if not $allowed`` is never taken, so the message passes that the judge has condemned; ``if $allowed`` is
always taken, so every message is refused.

How to fix: test ``$allowed.is_blocked`` (or ``.is_transform``), or delete the copied flow and redefine only
the bot message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.rules.rule import Found, Project, Related, Rule
from guardlint.source.colang import Flow, Statement
from guardlint.source.place import Place

RULE = Rule(severity="error", confidence="high", since="0.1.0", controls=("LLM01:2025",))

_TESTS = frozenset({"if", "elif", "else", "while", "when"})


def check(project: Project) -> Iterator[Found]:
    """One finding for each test."""
    configuration = project.configuration
    for flow in configuration.flows.values():
        outcomes: dict[str, Statement] = {}
        for statement in flow.statements:
            if statement.target is not None:
                outcomes.pop(statement.target, None)
                if statement.call is not None and _returns_outcome(configuration, statement.call.name):
                    outcomes[statement.target] = statement
            elif statement.kind in _TESTS:
                yield from _bare_tests(configuration, flow, statement, outcomes)


def _returns_outcome(configuration: Configuration, name: str) -> bool:
    """A built-in rail action that no code of the team takes the place of."""
    facts = configuration.catalogue.action(name)
    if not facts or not facts["rail"] or configuration.action_named(name) is not None:
        return False
    return not configuration.has_unnamed_actions


def _bare_tests(
    configuration: Configuration, flow: Flow, statement: Statement, outcomes: dict[str, Statement]
) -> Iterator[Found]:
    start = statement.expression_place or statement.place
    for name, origin in outcomes.items():
        for match in re.finditer(rf"(?:\bnot\s+)?\${name}(?![\w.\[])", statement.expression):
            place = Place.at(start.file, start.line, start.column + match.start(), len(match[0]))
            assert origin.call is not None
            effect = _effect(statement.expression[match.end() :], match[0].startswith("not"))
            used = _runs(configuration, flow)
            yield Found(
                f"`${name}` is the outcome of `{origin.call.name}`, which is true whatever the verdict",
                place,
                effect if used else f"{effect}, wherever `{flow.name}` is run",
                f"write `if ${name}.is_blocked`, or delete this flow and use the library's",
                value=(flow.name, name, origin.call.name),
                related=(Related(origin.call.place, "returns a RailOutcome since NeMo 0.24"),),
                severity=None if used else "warning",
                since_nemo="0.24.0",
            )


def _effect(rest: str, negated: bool) -> str:
    """What the test comes to: an outcome is true, equals nothing but outcomes, and has no order."""
    if re.match(r"\s*[<>]", rest):
        return "an outcome cannot be compared: the request ends in an internal error"
    equal = re.match(r"\s*(?:==|is\b(?!\s+not)|in\b)", rest) is not None
    if equal == negated:
        return "the test is always true: every message takes this branch"
    return "the test is never true: what the rail condemns passes all the same"


def _runs(configuration: Configuration, flow: Flow) -> bool:
    if any(rail.flow == flow.name for rail in configuration.all_rails()):
        return True
    if configuration.generation == "2.x" or "subflow" not in flow.modifiers:
        return True
    return any(
        call.kind == "do" and call.name == flow.name
        for other in configuration.flows.values()
        for call in other.calls()
    )
