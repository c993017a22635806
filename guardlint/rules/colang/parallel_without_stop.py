"""A rail that runs in parallel with others refuses without a stop.

What it does: looks for flows of the team's in a direction with ``parallel: true`` whose refusal is not
followed by ``stop``.

Why it matters: rails that run one after the other end the request with any message. In parallel only
``stop`` does: without it the user is sent the refusal, and after it the answer that was refused.

How to fix: write ``stop`` after the message.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.rules._text_mends import add_line, ends_there
from guardlint.rules.colang._blocks import run
from guardlint.rules.colang._rails import rail_flows, waits_for_event
from guardlint.rules.flow_blocks import blocks_of
from guardlint.rules.rule import Found, Project, Related, Rule

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="safe", controls=("LLM01:2025",))


def check(project: Project) -> Iterator[Found]:
    """One finding for each flow."""
    configuration = project.configuration
    told: set[str] = set()
    for rail in rail_flows(configuration):
        path = ("rails", rail.direction, "parallel")
        if rail.direction == "retrieval" or configuration.effective(path) is not True:
            continue
        if rail.flow.name in told or waits_for_event(rail.flow) is not None:
            continue
        told.add(rail.flow.name)
        outcomes = run(blocks_of(rail.flow), {}, frozenset())
        said = outcomes.goes_on_after if outcomes is not None else None
        if said is not None:
            yield Found(
                f"no `stop` after `{said.text.splitlines()[0]}` in a rail that runs in parallel",
                said.place,
                "the refusal is sent, and the answer after it: in parallel only `stop` ends the request",
                "write `stop` on the line after the message",
                value=rail.flow.name,
                related=(Related(configuration.place(path), f"the {rail.direction} rails run in parallel"),),
                fix=add_line(configuration, said.place, "stop", title="add `stop`")
                if ends_there(configuration, said)
                else None,
            )
