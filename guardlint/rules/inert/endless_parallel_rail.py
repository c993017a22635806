"""A rail that may have nothing to do runs in parallel with others, and the request never ends.

What it does: looks for NeMo's fact-checking and hallucination rails, and for flows of the team's with a path
on which nothing is executed and nothing said, in a direction with ``parallel: true``.

Why it matters: the library's rails end at once where no flow has armed them for the answer, and so does a
flow that begins with a condition when it does not hold. Run in parallel, NeMo takes that end for a beginning
and goes round without end: the request never returns, and no time limit of the application's event loop can
stop it, because the loop itself stands still.

How to fix: run the direction in order (``parallel: false``), arm the rail for every answer, or begin the
flow with an action.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.references import RailReference
from guardlint.nemo.shapes import is_true
from guardlint.rules._mends import replace_value
from guardlint.rules.colang._rails import waits_for_event
from guardlint.rules.inert._stepless import is_about_the_text, passed_over
from guardlint.rules.rule import Found, Project, Related, Rule
from guardlint.source.colang import Statement

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="unsafe", controls=("LLM10:2025",))


def check(project: Project) -> Iterator[Found]:
    """One finding for each such rail; a team's own flow of a library name is the team's."""
    configuration = project.configuration
    if configuration.generation != "1.0":
        return
    library = configuration.catalogue.flows("1.0")
    for direction in ("input", "output"):
        if not is_true(configuration.value(("rails", direction, "parallel"))):
            continue
        for rail in configuration.rails(direction):
            own = configuration.flows.get(rail.flow)
            if own is not None:
                condition = None if waits_for_event(own) else passed_over(configuration, own)
                if condition is not None:
                    yield _stepless(configuration, rail, condition)
                continue
            variable = library.get(rail.flow, {}).get("armed_by")
            if variable is not None and rail.surface is not None:
                yield _unarmed(configuration, rail, variable)


def _unarmed(configuration: Configuration, rail: RailReference, variable: str) -> Found:
    path = ("rails", rail.direction, "parallel")
    return Found(
        f"`{rail.flow}` waits for `${variable}` and runs in parallel",
        rail.place,
        f"a request whose answer no flow has armed with `${variable} = True` never ends, and the "
        "application's event loop stands still",
        f"write `parallel: false` under `rails.{rail.direction}`",
        path=rail.path,
        value=rail.text,
        related=(Related(configuration.place(path, key=True), "all rails of the direction at once"),),
        fix=replace_value(configuration, path, False, safe=False),
    )


def _stepless(configuration: Configuration, rail: RailReference, condition: Statement) -> Found:
    path = ("rails", rail.direction, "parallel")
    test = condition.text.splitlines()[0]
    return Found(
        f"`{rail.flow}` may end without a step and runs in parallel",
        rail.place,
        f"a request for which `{test}` leaves the flow nothing to execute or say never ends, and the "
        "application's event loop stands still",
        f"write `parallel: false` under `rails.{rail.direction}`, or begin the flow with an action",
        path=rail.path,
        value=rail.text,
        confidence=None if is_about_the_text(condition) else "medium",
        related=(
            Related(condition.place, "decides whether anything is done"),
            Related(configuration.place(path, key=True), "all rails of the direction at once"),
        ),
        fix=replace_value(configuration, path, False, safe=False),
    )
