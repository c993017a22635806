"""A change takes a guardrail away.

What it does: ``guardlint gate`` compares the rails that work in a configuration with those that worked in
the commit that the change starts from.

Why it matters: a check of the new state alone finds nothing wrong with a configuration that has fewer
rails. What the rail stopped yesterday passes tomorrow, and nobody was asked.

How to fix: put the rail back, or have whoever owns the standard agree that it goes.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.rules.rule import Found, Project, Rule

RULE = Rule(severity="error", confidence="high", since="0.1.0")


def check(_project: Project) -> Iterator[Found]:
    """None by itself: it takes two states to see it (``guardlint.lint.gate``)."""
    return iter(())
