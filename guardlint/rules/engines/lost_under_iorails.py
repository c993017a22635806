"""The team's own flows, actions or texts, and an engine that does not read them.

What it does: where a Python file of the directory makes ``Guardrails(config)`` and NeMo would choose IORails,
looks for what IORails leaves out: flows and bot messages in .co files, actions, instructions.

Why it matters: IORails runs NeMo's own rails and nothing else. A library flow that the team has redefined, a
refusal in the team's words or a dialog rail is not applied, and no log line says so.

How to fix: use ``LLMRails``, or ``Guardrails(config, use_iorails=False)``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.serving import guardrails_engine
from guardlint.rules.rule import Found, Project, Related, Rule
from guardlint.source.files import read_text, shown_path
from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.place import Place

RULE = Rule(severity="warning", confidence="medium", since="0.1.0")

_CALL = lazy_pattern(r"^[^#\n]*\bGuardrails\((?![^\n]*(?:use_iorails\s*=\s*False|\bllm\s*=))", re.MULTILINE)
_IMPORT = lazy_pattern(
    r"^\s*from\s+nemoguardrails\S*\s+import\s+(?:\([^)]*|[^\n(]*)\bGuardrails\b|\bnemoguardrails\.Guardrails\b",
    re.MULTILINE,
)


def check(project: Project) -> Iterator[Found]:
    """One finding for the first thing that is lost."""
    configuration = project.configuration
    lost = _lost(configuration)
    if lost is None or guardrails_engine(configuration).uses != "iorails":
        return
    call = _call(configuration)
    if call is None:
        return
    place, what = lost
    yield Found(
        f"`Guardrails(config)` does not apply {what}",
        place,
        "NeMo chooses IORails, which runs every rail listed here and reads neither .co files nor actions",
        "use `LLMRails(config)`, or pass `use_iorails=False`",
        value=what,
        related=(Related(call, "the engine is made here"),),
    )


def _lost(configuration: Configuration) -> tuple[Place, str] | None:
    for flow in configuration.flows.values():
        return flow.place, f"the flow `{flow.name or 'without a name'}`"
    for message in configuration.messages.values():
        return message.place, f"the text of `{message.name}`"
    return None


def _call(configuration: Configuration) -> Place | None:
    """Where a Python file in the directory makes the engine."""
    for file in configuration.files:
        if file.path.suffix != ".py":
            continue
        try:
            text = read_text(file.path)
        except (OSError, ValueError):
            continue
        found = _CALL.search(text) if _IMPORT.search(text) else None
        if found is not None:
            line = text.count("\n", 0, found.end()) + 1
            column = found.end() - (text.rfind("\n", 0, found.end()) + 1) - len("Guardrails(") + 1
            return Place.at(shown_path(file.path), line, column, len("Guardrails"))
    return None
