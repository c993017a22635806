"""A Colang 2.x rail rewrites the text, and the new text is lost.

What it does: in the flows that a rail consists of, finds assignments to ``$user_message`` or
``$bot_message`` without ``global``, and to the parameter of such a flow where nothing reads it afterwards.

Why it matters: variables belong to their flow. NeMo goes on with the global ``$user_message`` or
``$bot_message``, which still holds the original, with everything that was to be masked.

How to fix: write ``global $bot_message`` (or ``$user_message``), and assign to that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from guardlint.rules._text_mends import add_line
from guardlint.rules.colang2._reading import ENTRIES, has_guardrails, rail_flows, runs
from guardlint.rules.rule import Found, Project, Rule
from guardlint.source.colang import Flow, Statement
from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.place import Place
from guardlint.source.record import replace

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="safe", controls=("LLM02:2025",))

_ANSWER = lazy_pattern(r"\b(?:answer|bot|output|response)(?=\b|_)")


def check(project: Project) -> Iterator[Found]:
    """One finding for each assignment."""
    configuration = project.configuration
    if not runs(configuration) or not has_guardrails(configuration):
        return
    ways = {name: way for way, name in ENTRIES.items()}
    for flow in rail_flows(configuration).values():
        said = {
            name
            for statement in flow.statements
            if statement.kind == "global"
            for name in re.findall(r"\$(\w+)", statement.text)
        }
        for index, statement in enumerate(flow.statements):
            target = statement.target
            if target is None or target in said:
                continue
            if target in ("user_message", "bot_message") and target not in flow.parameters:
                if statement.expression.strip().removeprefix("$") in flow.parameters:
                    continue  # the text itself under another name
                spoken = target
            elif flow.name in ways and target in flow.parameters and not _is_read(flow, index, target):
                spoken = {"input": "user_message", "output": "bot_message"}[ways[flow.name]]
            elif flow.name not in ways and target in flow.parameters and not _is_read(flow, index, target):
                spoken = "bot_message" if _ANSWER.search(f"{flow.name} {target}") else "user_message"
            else:
                continue
            found = _found(flow, statement, target, spoken)
            above = flow.statements[0].place
            text = f"global ${spoken}"
            fix = add_line(configuration, above, text, title=f"add `{text}`", above=True)
            yield replace(found, fix=fix if target == spoken else None)


def _found(flow: Flow, statement: Statement, target: str, spoken: str) -> Found:
    where = statement.place
    return Found(
        f"`${target}` is flow `{flow.name}`'s own, and the new text is lost",
        Place.at(where.file, where.line, where.column, len(target) + 1),
        "NeMo goes on with the original text, as if the rail had not rewritten it",
        f"write `global ${spoken}` above" + ("" if target == spoken else f", and assign to `${spoken}`"),
        value=(flow.name, target),
    )


def _is_read(flow: Flow, index: int, name: str) -> bool:
    pattern = re.compile(rf"\${name}\b")
    return any(
        pattern.search(later.expression if later.target else later.text)
        for later in flow.statements[index + 1 :]
    )
