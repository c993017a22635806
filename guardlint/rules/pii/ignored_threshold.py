"""A low score threshold on a direction that is masked, where NeMo does not read it.

What it does: looks for a ``score_threshold`` below 0.4 on a direction that only ``mask sensitive data on …``
works on, with an entity that scores less than 0.4 on its own.

Why it matters: the masking rails use 0.4 whatever is written. What was to be found by the lower threshold
stays in the text.

How to fix: add a recognizer with a higher score for the entity, or use the detecting rail.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.nemo.personal_data import SECTION, active_sources, entities, scores
from guardlint.nemo.taint import MASKING
from guardlint.rules.rule import Found, Project, Rule

RULE = Rule(severity="warning", confidence="high", since="0.1.0", controls=("LLM02:2025",))

_MASKED_FROM = 0.4


def check(project: Project) -> Iterator[Found]:
    """One finding for each threshold that would have made a difference."""
    configuration = project.configuration
    for source, steps in active_sources(configuration).items():
        path = (*SECTION, source, "score_threshold")
        written = configuration.value(path)
        if isinstance(written, bool) or not isinstance(written, int | float) or written >= _MASKED_FROM:
            continue
        if any(step.action not in MASKING for step in steps):
            continue
        kept = [
            name
            for name, _ in entities(configuration, source)
            if (found := scores(name)) is not None and written <= found[0] < _MASKED_FROM
        ]
        if not kept:
            continue
        names = " and ".join(f"`{name}`" for name in kept)
        yield Found(
            f"the masking rails do not read `score_threshold`: they use {_MASKED_FROM:g}",
            configuration.place(path),
            f"{names} of a lower score stay in the text unless a word such as `license` stands beside them",
            "give the entity a recognizer of a higher score, or use "
            f"`detect sensitive data on {source}`, which reads the threshold",
            path=path,
            value=written,
        )
