"""A rail that waits to be armed runs in parallel with others, and the request never ends.

What it does: looks for NeMo's fact-checking and hallucination rails in a direction with ``parallel: true``.

Why it matters: these rails end at once where no flow has armed them for the answer. Run in parallel, NeMo
takes that end for a beginning and goes round without end: the request never returns, and no time limit of
the application's event loop can stop it, because the loop itself stands still.

How to fix: run the direction in order (``parallel: false``), or arm the rail for every answer.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.nemo.shapes import is_true
from guardlint.rules._mends import replace_value
from guardlint.rules.rule import Found, Project, Related, Rule

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="unsafe", controls=("LLM10:2025",))


def check(project: Project) -> Iterator[Found]:
    """One finding for each such rail; a team's own flow of the name is another flow."""
    configuration = project.configuration
    library = configuration.catalogue.flows(configuration.generation)
    for direction in ("input", "output"):
        path = ("rails", direction, "parallel")
        if configuration.generation != "1.0" or not is_true(configuration.value(path)):
            continue
        for rail in configuration.rails(direction):
            variable = library.get(rail.flow, {}).get("armed_by")
            if variable is None or rail.surface is None or rail.flow in configuration.flows:
                continue
            yield Found(
                f"`{rail.flow}` waits for `${variable}` and runs in parallel",
                rail.place,
                f"a request whose answer no flow has armed with `${variable} = True` never ends, and the "
                "application's event loop stands still",
                f"write `parallel: false` under `rails.{direction}`",
                path=rail.path,
                value=rail.text,
                related=(Related(configuration.place(path, key=True), "all rails of the direction at once"),),
                fix=replace_value(configuration, path, False, safe=False),
            )
