"""A Colang 2.x rail aborts whatever its check has found.

What it does: runs the rails on paper, and finds an ``abort`` that every message comes to, below a test of
the same flow.

Why it matters: the ``abort`` stands outside the branch that it belongs to. No message is answered: those
that the check condemns get the refusal, and all others an empty reply.

How to fix: indent ``abort`` as deep as the refusal above it.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.rules.actions._decision import rails_on_paper
from guardlint.rules.colang._blocks import REFUSES, run
from guardlint.rules.colang2._reading import has_guardrails, runs
from guardlint.rules.flow_blocks import Block
from guardlint.rules.rule import Found, Project, Related, Rule
from guardlint.source.colang import Statement

RULE = Rule(severity="error", confidence="high", since="0.1.0")


def check(project: Project) -> Iterator[Found]:
    """One finding for each line."""
    configuration = project.configuration
    if not runs(configuration) or not has_guardrails(configuration):
        return
    told: set[int] = set()
    for blocks in rails_on_paper(configuration):
        outcomes = run(list(blocks), {}, frozenset())
        if outcomes is None or outcomes.effects != {REFUSES}:
            continue
        found = _outside(list(blocks))
        if found is None or found[1].place.line in told:
            continue
        test, abort = found
        told.add(abort.place.line)
        yield Found(
            "`abort` stands outside the branch of its test",
            abort.place,
            "every message comes here: none is answered, whatever the check has found",
            "indent `abort` as deep as the lines of the branch above",
            value=abort.place.line,
            related=(Related(test.place, "the test"),),
        )


def _outside(blocks: list[Block]) -> tuple[Statement, Statement] | None:
    """The first ``abort`` that is always reached, and the test before it that does not abort."""
    test: Statement | None = None
    for block in blocks:
        kind = block.statement.kind
        if kind == "inline":
            found = _outside(block.inside)
            if found is not None:
                return found
        elif kind == "if" and not _leaves(block.inside):
            test = block.statement
        elif kind == "abort":
            return (test, block.statement) if test is not None else None
    return None


def _leaves(blocks: list[Block]) -> bool:
    """Whether a branch has an end of its own: what follows is then for the others."""
    return any(block.statement.kind in ("return", "abort") or _leaves(block.inside) for block in blocks)
