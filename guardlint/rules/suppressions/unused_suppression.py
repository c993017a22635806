"""A comment that allows a finding which is not there.

What it does: looks for ``# guardlint: allow[…]`` comments whose rule says nothing about their line.

Why it matters: the fault is mended, or the line moved, and the permission stayed. The next fault of the
kind on that line would pass unseen.

How to fix: take the comment out, or move it to the line that it speaks of.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.rules.rule import Found, Project, Rule
from guardlint.rules.suppressions._comments import without_rule
from guardlint.source.allowances import Allowance
from guardlint.source.place import Place

RULE = Rule(severity="warning", confidence="high", since="0.1.0", fix="safe")


def check(_project: Project) -> Iterator[Found]:
    """None by itself: which comments are used is known when all rules have spoken."""
    return iter(())


def unused(configuration: Configuration, name: str, place: Place, allowance: Allowance) -> Found:
    """The finding for a rule that a comment names in vain."""
    return Found(
        f"nothing is found here that `{name}` would have to allow",
        place,
        "the permission stays, and hides the next fault of the kind on this line",
        "take the comment out, or move it to the line that it speaks of",
        value=name,
        fix=without_rule(configuration, allowance, name),
    )
