"""A flow says a text where NeMo wants the name of a message.

What it does: finds ``bot "…"`` in the Colang 1.0 flows of the team.

Why it matters: NeMo loads it, and takes the text for the name. When the flow comes to the line, the request
ends in an internal error, and the text is never said. ``bot say "…"`` says a text in Colang 2.x only.

How to fix: write a name before the text, ``bot inform closed "…"``, another one for each text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.rules._text_mends import replace_text
from guardlint.rules.colang._rails import rail_flows, waits_for_event
from guardlint.rules.rule import Found, Project, Rule
from guardlint.source.colang import Flow, Statement

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="unsafe")

_WORDS_OF_NAME = 4


def check(project: Project) -> Iterator[Found]:
    """One finding for each line."""
    configuration = project.configuration
    if configuration.generation != "1.0":
        return
    said = [
        (flow, statement)
        for flow in configuration.flows.values()
        for statement in flow.statements
        if statement.kind == "bot" and re.fullmatch(r'"[^"]*"', statement.expression.strip())
    ]
    rails = {rail.flow.name for rail in rail_flows(configuration)} if said else set()
    for flow, statement in said:
        if flow.name in rails and waits_for_event(flow) is not None:
            continue  # it never comes here: dialog-flow-as-rail
        yield _found(configuration, flow, statement, in_rail=flow.name in rails)


def _found(configuration: Configuration, flow: Flow, statement: Statement, *, in_rail: bool) -> Found:
    words = re.findall(r"[a-z]+", statement.expression.lower())[:_WORDS_OF_NAME]
    named = f"bot {' '.join(words) or 'say it'} "
    return Found(
        "`bot` is given a text and no name",
        statement.place,
        "NeMo takes the text for a name that cannot be one: the customer gets an internal error"
        + (" in the place of the refusal" if in_rail else ""),
        f'write `{named}"…"`',
        value=(flow.name, statement.expression),
        severity="warning" if in_rail else None,
        fix=replace_text(configuration, statement.place, "bot ", named, safe=False),
    )
