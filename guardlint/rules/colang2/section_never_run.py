"""Rails are listed for a direction that Colang 2.x does not have.

What it does: finds ``rails.retrieval.flows``, ``rails.tool_input.flows`` and ``rails.tool_output.flows`` in a
configuration of Colang 2.x.

Why it matters: in Colang 2.x NeMo writes flows for input and output rails only. The others load and are
never run: what was to be masked in retrieved texts goes to the model as it is.

How to fix: call the rail in a flow, where the texts are retrieved.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.rules.colang2._reading import runs
from guardlint.rules.rule import Found, Project, Rule

RULE = Rule(severity="error", confidence="high", since="0.1.0", controls=("LLM01:2025", "LLM02:2025"))


def check(project: Project) -> Iterator[Found]:
    """One finding for each listed rail."""
    configuration = project.configuration
    if not runs(configuration):
        return
    for way in ("retrieval", "tool_input", "tool_output"):
        for rail in configuration.rails(way):
            yield Found(
                f"`{rail.text}` is never run: Colang 2.x has no {way.replace('_', ' ')} rails",
                rail.place,
                "NeMo loads the list and never looks at it",
                "call it in a flow of a .co file, or use Colang 1.0",
                path=rail.path,
                value=rail.text,
            )
