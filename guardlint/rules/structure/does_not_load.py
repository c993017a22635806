"""NeMo refuses the configuration.

What it does: reports what ``RailsConfig.from_path`` or ``LLMRails`` would raise for: values of the wrong
shape, models without a name, rails without the prompt that they need, settings that exclude each other.

Why it matters: NeMo often stops without naming a file or a key (``'NoneType' object has no attribute
'get'`` for an empty section).

How to fix: as the finding says.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.nemo.loading import refusals
from guardlint.rules.rule import Found, Project, Rule, dotted

RULE = Rule(severity="error", confidence="high", since="0.1.0")


def check(project: Project) -> Iterator[Found]:
    """One finding for each reason that no other rule reports."""
    for refusal in refusals(project.configuration):
        if refusal.topic == "other":
            yield Found(
                refusal.message,
                refusal.place,
                "NeMo raises an error when it loads the configuration",
                refusal.help,
                path=refusal.path,
                value=dotted(refusal.path) if refusal.path else refusal.message,
            )
