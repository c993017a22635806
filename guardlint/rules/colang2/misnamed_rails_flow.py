"""A flow is named almost like one of the two that NeMo runs as rails.

What it does: finds flows whose name is near ``input rails`` or ``output rails`` where that flow is missing
and nothing calls the one that is there.

Why it matters: the library asks for exactly these names, and goes on when there is none. The checks in the
flow are never made.

How to fix: write the name exactly: ``flow input rails $input_text``, ``flow output rails $output_text``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.rules._text_mends import replace_text
from guardlint.rules.colang2._reading import ENTRIES, flows_of, invocations, runs
from guardlint.rules.rule import Found, Project, Rule
from guardlint.source.colang import Flow
from guardlint.source.names import closest

_FILLERS = frozenset({"my", "our", "run", "check", "the", "all", "user", "bot", "on", "for"})

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="safe", controls=("LLM01:2025",))


def check(project: Project) -> Iterator[Found]:
    """One finding for each flow."""
    configuration = project.configuration
    if not runs(configuration):
        return
    missing = [
        name
        for way, name in ENTRIES.items()
        if name not in configuration.flows and not configuration.rails(way)
    ]
    for flow in flows_of(configuration).values() if missing else ():
        meant = _meant(flow, missing)
        if meant is not None and not _is_used(configuration, flow):
            yield Found(
                f"flow `{flow.name}` is nothing that NeMo runs; `{meant}` is",
                flow.place,
                f"NeMo finds no flow `{meant}` and goes on: every message passes unchecked",
                f"rename it: `flow {meant} ${meant.split()[0]}_text`",
                value=flow.name,
                fix=replace_text(
                    configuration,
                    flow.place,
                    flow.name,
                    meant if flow.parameters else f"{meant} ${meant.split()[0]}_text",
                ),
            )


def _meant(flow: Flow, missing: list[str]) -> str | None:
    words = re.findall(r"[a-z]+", flow.name.casefold())
    for name in missing:
        way = name.split()[0]
        sides = {word for word in words if word.rstrip("s") in ("input", "output")}
        rails = {word for word in words if word in ("rail", "rails", "guardrail", "guardrails")}
        if (
            {side.rstrip("s") for side in sides} == {way}
            and rails
            and not set(words) - sides - rails - _FILLERS
        ):
            return name
    return closest(flow.name, missing)


def _is_used(configuration: Configuration, flow: Flow) -> bool:
    """Whether another flow runs it, the YAML lists it, or a decorator starts it."""
    if any(decorator.startswith("@active") for decorator in flow.decorators) or flow.is_override:
        return True
    if any(rail.flow == flow.name for rail in configuration.all_rails()):
        return True
    return any(
        made.name == flow.name
        for other in flows_of(configuration).values()
        if other is not flow
        for statement in other.statements
        for made in invocations(statement)
    )
