"""An entry of the baseline whose fault is mended.

What it does: compares ``guardlint-baseline.json`` with what is found.

Why it matters: the entry permits a fault that is not there any more. If it comes back, nobody is told.

How to fix: write the baseline anew with ``guardlint baseline``, or take the entry out.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.rules.rule import Found, Project, Rule

RULE = Rule(severity="warning", confidence="high", since="0.1.0")


def check(_project: Project) -> Iterator[Found]:
    """None by itself: the baseline speaks of all configurations together (``guardlint.lint.baseline``)."""
    return iter(())
