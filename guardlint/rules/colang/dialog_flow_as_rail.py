"""A flow of the dialog is listed as a rail.

What it does: looks for a ``user …`` line in the flows of the team's that are listed as rails.

Why it matters: a rail is run when the message is there already. A ``user …`` line in it waits for one more
event of the user's, which never comes: every message gets an empty reply. NeMo loads it without a word.

How to fix: take the flow out of the list (a dialog flow runs by itself), or take the ``user …`` line out of
the rail and test ``$user_message``.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.rules.colang._rails import rail_flows, waits_for_event
from guardlint.rules.rule import Found, Project, Related, Rule

RULE = Rule(severity="error", confidence="high", since="0.1.0")


def check(project: Project) -> Iterator[Found]:
    """One finding for each flow."""
    told: set[str] = set()
    for rail in rail_flows(project.configuration):
        waiting = waits_for_event(rail.flow)
        if waiting is None or rail.flow.name in told or rail.direction == "retrieval":
            continue
        told.add(rail.flow.name)
        yield Found(
            f"`{rail.flow.name}` is an {rail.direction} rail and waits for `{waiting.text}`",
            waiting.place,
            "the event never comes: every message gets an empty reply",
            f"take `{rail.rail.text}` out of `rails.{rail.direction}.flows` if the flow belongs to the "
            "dialog, else take this line out",
            value=rail.flow.name,
            related=(Related(rail.rail.place, "listed as a rail here"),),
        )
