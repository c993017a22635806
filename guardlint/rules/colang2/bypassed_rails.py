"""The dialog of a Colang 2.x configuration goes past its rails.

What it does: where there are input rails, finds flows that wait for ``UtteranceUserAction.Finished()``
themselves; where there are output rails, flows that say something with ``UtteranceBotAction``.

Why it matters: the rails run inside the library's flows, ``user said`` and ``bot say``. A flow that uses
the event or the action below them gets the message before it is checked, and says what nobody checks.

How to fix: wait with ``user said something``, and speak with ``bot say``.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.rules._text_mends import replace_text
from guardlint.rules.colang2._reading import ENTRIES, flows_of, has_guardrails, invocations, rail_flows, runs
from guardlint.rules.rule import Fix, Found, Project, Rule
from guardlint.source.colang import Flow, Statement
from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.place import Place

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="unsafe", controls=("LLM01:2025",))

_FIXED = lazy_pattern(r"\(\s*script\s*=\s*\"[^\"{$]*\"")
_SPEAKS = lazy_pattern(r"(?:await )?UtteranceBotAction\(\s*script\s*=\s*(\$[\w.]+|\"[^\"]*\")\s*\)")
_HEARS = lazy_pattern(r"UtteranceUserAction\.Finished\s*\(")


def check(project: Project) -> Iterator[Found]:
    """One finding for each statement."""
    configuration = project.configuration
    if not runs(configuration) or not has_guardrails(configuration):
        return
    rails = {
        way: name in configuration.flows or bool(configuration.rails(way)) for way, name in ENTRIES.items()
    }
    parts = rail_flows(configuration)
    for flow in flows_of(configuration).values():
        if flow.name in parts or flow.is_override or flow.name.startswith("_"):
            continue
        for statement in flow.statements:
            heard = _HEARS.search(statement.text) if statement.kind in ("match", "when") else None
            if rails["input"] and heard is not None and _answers(flow):
                place = statement.place
                yield Found(
                    f"flow `{flow.name}` hears the user past the input rails",
                    Place.at(
                        place.file, place.line, place.column + heard.start(), len("UtteranceUserAction")
                    ),
                    "the flow goes on with the message before a rail has read it",
                    "write `user said something`",
                    value=(flow.name, statement.text),
                )
            for made in invocations(statement) if rails["output"] else ():
                if made.name == "UtteranceBotAction" and not _FIXED.match(made.arguments):
                    yield Found(
                        f"flow `{flow.name}` speaks past the output rails",
                        made.place,
                        "what it says is sent, and no rail reads it",
                        "write `bot say` with the same text",
                        value=(flow.name, statement.text),
                        fix=_said(configuration, statement),
                    )


def _said(configuration: Configuration, statement: Statement) -> Fix | None:
    """``bot say $text`` for the action, where it is all that the line does."""
    form = _SPEAKS.fullmatch(statement.text)
    if form is None:
        return None
    return replace_text(configuration, statement.place, statement.text, f"bot say {form[1]}", safe=False)


def _answers(flow: Flow) -> bool:
    """Flows that only watch (logging, counting) are the team's own business; those that answer are not."""
    return any(
        made.name.startswith("bot ") or made.name in ("UtteranceBotAction", "llm continue interaction")
        for statement in flow.statements
        for made in invocations(statement)
    )
