"""What a rail does with the result of an action, told by running the rail's flows on paper.

In Colang 1.0 the subflows that a rail calls with ``do`` are run in their places. In 2.x only ``abort`` makes
a rail fail, in the flow itself or in one that it calls.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import Any

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.once import once
from guardlint.nemo.references import normalise_flow
from guardlint.rules.actions._code import Use
from guardlint.rules.colang._blocks import REFUSES, run
from guardlint.rules.colang._rails import rail_flows
from guardlint.rules.colang._values import FAILS, UNKNOWN, Made, Outcome, evaluate, names_in
from guardlint.rules.flow_blocks import Block, blocks_of, flatten
from guardlint.source.colang import Flow, Statement
from guardlint.source.place import Place
from guardlint.source.record import record, replace

__all__ = ["Decision", "decision_of", "rails_on_paper"]

_DEEPEST = 5
_LITERAL = re.compile(r"\"([^\"]*)\"|'([^']*)'|(?<![\w.])(-?\d+(?:\.\d+)?)\b")
_BASE: tuple[Any, ...] = (True, False, None, 0, 1, 100, -1, "", Outcome(is_blocked=True), Outcome())


@record
class Decision:
    """A rail that blocks or not by what one statement is given. ``place`` is that of the first test.

    ``is_bare``: that test asks whether the value counts as true, and nothing else.
    """

    blocks: tuple[Block, ...]
    statement: Statement
    place: Place
    is_bare: bool

    def lets_pass(self, value: Any) -> bool:
        """Whether a text passes for certain where the action returns this; a doubt is a no."""
        for whole in _filled(value):
            for test in _tests(list(self.blocks), self.statement):
                if evaluate(test.expression, {str(self.statement.target): whole}) is FAILS:
                    return False
            if _refuses(list(self.blocks), self.statement, whole) is not False:
                return False
        return value is not UNKNOWN


@once
def decision_of(configuration: Configuration, use: Use) -> Decision | None:
    """The rail that decides by the result of a call; None where none does, or it cannot be told."""
    if use.target is None:
        return None
    for blocks in rails_on_paper(configuration):
        statement = next((item for item in flatten(list(blocks)) if item.place == use.statement.place), None)
        if statement is None or statement.target is None:
            continue
        tests = [*_tests(list(blocks), statement)]
        if tests and any(
            _refuses(list(blocks), statement, value) is True for value in _candidates(tests, statement)
        ):
            bare = re.fullmatch(rf"(?:not\s+)?\${statement.target}", tests[0].expression.strip())
            return Decision(blocks, statement, tests[0].place, bare is not None)
    return None


@once
def rails_on_paper(configuration: Configuration) -> tuple[tuple[Block, ...], ...]:
    """The blocks of every rail of the team's, with those of the flows that it calls."""
    from guardlint.rules.colang2._reading import ENTRIES, flows_of

    flows = configuration.flows
    if configuration.generation == "1.0":
        tops = [rail.flow for rail in rail_flows(configuration) if rail.is_listed]
        return tuple(tuple(_inlined(blocks_of(flow), flows, 0)) for flow in dict.fromkeys(tops))
    flows = flows_of(configuration)
    names = [*ENTRIES.values(), *(rail.flow for way in ENTRIES for rail in configuration.rails(way))]
    return tuple(
        tuple(_inlined(blocks_of(_as_old(flows[name], flows)), flows, 0)) for name in names if name in flows
    )


def _inlined(blocks: list[Block], flows: dict[str, Flow], depth: int) -> list[Block]:
    found: list[Block] = []
    for block in blocks:
        statement = block.statement
        inner = _inlined(block.inside, flows, depth)
        name = _called(statement)
        flow = flows.get(name) if name is not None else None
        if flow is not None and depth < _DEEPEST:
            if statement.kind in ("flow", "ask"):
                flow = _as_old(flow, flows)
            inner = _inlined(blocks_of(flow), flows, depth + 1)
            if statement.kind != "ask":
                statement = replace(statement, kind="inline")
        found.append(Block(statement, inner))
    return found


def _called(statement: Statement) -> str | None:
    if statement.kind in ("flow", "ask"):
        return statement.expression
    call = statement.call
    return normalise_flow(call.name) if call is not None and call.kind == "do" else None


def _as_old(flow: Flow, flows: dict[str, Flow]) -> Flow:
    """A flow of Colang 2.x in the words of 1.0: what is said decides nothing, and calls are followed."""
    return replace(flow, statements=tuple(_plain(item, flows) for item in flow.statements))


def _plain(statement: Statement, flows: dict[str, Flow]) -> Statement:
    from guardlint.rules.colang2._reading import invocations

    if statement.kind in ("if", "elif", "else", "while", "abort", "return", "when"):
        return statement
    made = invocations(statement)
    named = [item for item in made if item.name in flows]
    if statement.kind == "set" and not named:
        if made and statement.call is None:
            return replace(statement, expression="")
        return statement
    if len(named) == 1 and len(made) == 1 and made[0].verb == "await":
        kind = "ask" if statement.kind == "set" else "flow"
        return replace(statement, kind=kind, expression=made[0].name, call=None)
    if named or statement.kind == "set":
        return replace(statement, kind="unclear")
    return replace(statement, kind="log", call=None)


def _refuses(blocks: list[Block], statement: Statement, value: Any) -> bool | None:
    """Whether the rail refuses whatever else is; False where there is a way on; None where it is unclear."""
    outcomes = run(blocks, {id(statement): value}, frozenset())
    if outcomes is None:
        return None
    return outcomes.effects == {REFUSES}


def _tests(blocks: list[Block], statement: Statement) -> Iterator[Statement]:
    """The conditions that look at the result, or at something made of it."""
    made = {statement.target}
    after = False
    for item in flatten(blocks):
        if item is statement:
            after = True
        elif after and made & set(names_in(item.expression)):
            if item.kind in ("if", "elif", "else", "while"):
                yield item
            elif item.target is not None:
                made.add(item.target)


def _candidates(tests: list[Statement], statement: Statement) -> Iterator[Any]:
    """Values one of which blocks, if any does: those that the tests speak of, and members of them."""
    text = "\n".join(item.expression for item in tests)
    plain: list[Any] = [*_BASE]
    for match in _LITERAL.finditer(text):
        if match[3] is None:
            plain.append(match[1] or match[2] or "")
        else:
            plain += [float(match[3]), float(match[3]) + 1, float(match[3]) - 1]
    keys = set(re.findall(rf"\${statement.target}(?:\.(?!get\b)|\[\s*[\"']|\.get\(\s*[\"'])(\w+)", text))
    members = ({key: value} for key in keys for value in plain)
    return chain(plain, members)


def _filled(value: Any) -> Iterator[Any]:
    """A value whose unknown members are true, and the same with false ones."""
    if isinstance(value, dict) and UNKNOWN in value.values():
        for member in (True, False):
            yield {key: member if item is UNKNOWN else item for key, item in value.items()}
    elif isinstance(value, Made) and UNKNOWN in value.members.values():
        for whole in _filled(dict(value.members)):
            yield Made(whole)
    else:
        yield value
