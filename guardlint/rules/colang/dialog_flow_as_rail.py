"""A flow of the dialog is listed as a rail.

What it does: looks for a ``user …`` line, or ``bot ...`` as the first, in the flows of the team's that are
listed as rails, and for the library's ``hallucination warning``, which begins so.

Why it matters: a rail is run when the message is there already. A ``user …`` line in it waits for one more
event of the user's, and ``bot ...`` for one more message, which never comes: every message gets an empty
reply. NeMo loads it without a word.

How to fix: take the flow out of the list (a dialog flow runs by itself), or take the ``user …`` line out of
the rail and test ``$user_message``.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.rules.colang._rails import rail_flows, waits_for_event
from guardlint.rules.rule import Found, Project, Related, Rule
from guardlint.source.colang import Flow, Statement

RULE = Rule(severity="error", confidence="high", since="0.1.0")


def check(project: Project) -> Iterator[Found]:
    """One finding for each flow."""
    told: set[str] = set()
    yield from _of_library(project.configuration)
    for rail in rail_flows(project.configuration):
        always = waits_for_event(rail.flow) or _waits_for_message(rail.flow)
        waiting = always or _waits_in_branch(rail.flow)
        if waiting is None or rail.flow.name in told or rail.direction == "retrieval":
            continue
        told.add(rail.flow.name)
        yield Found(
            f"`{rail.flow.name}` is an {rail.direction} rail and waits for `{waiting.text}`",
            waiting.place,
            "the event never comes: every message gets an empty reply"
            if always
            else "the event never comes: a message that gets here is answered with an empty reply",
            f"take `{rail.rail.text}` out of `rails.{rail.direction}.flows` if the flow belongs to the "
            "dialog, else take this line out",
            value=rail.flow.name,
            related=(Related(rail.rail.place, "listed as a rail here"),),
        )


def _waits_in_branch(flow: Flow) -> Statement | None:
    """A ``user …`` line that only some messages come to."""
    return next((statement for statement in flow.statements if statement.kind == "user"), None)


# The one flow of the library's that runs in the dialog (library/hallucination/flows.v1.co).
_DIALOG = "hallucination warning"


def _waits_for_message(flow: Flow) -> Statement | None:
    """``bot ...`` at the beginning: any message of the bot's, of which none follows."""
    first = flow.statements[0] if flow.statements else None
    return first if first is not None and first.text.split() == ["bot", "..."] else None


def _of_library(configuration: Configuration) -> Iterator[Found]:
    for rail in configuration.all_rails() if configuration.generation == "1.0" else ():
        if rail.flow == _DIALOG and _DIALOG not in configuration.flows and rail.direction == "output":
            yield Found(
                f"`{_DIALOG}` is a flow of the dialog, listed as an {rail.direction} rail",
                rail.place,
                "it waits for a message of the bot's that never comes: every message gets an empty reply",
                "take it out: it runs by itself where a flow sets `$hallucination_warning = True`",
                path=rail.path,
                value=(rail.flow, rail.direction),
            )
