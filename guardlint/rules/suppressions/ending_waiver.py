"""A waiver that ends within two weeks.

What it does: looks at the last day of each waiver that lifts a finding of the configuration.

Why it matters: on the day after, the finding counts again, and checks, gates and compiles fail.

How to fix: mend what the waiver is for. Only its owner and approver can agree on a new day, in the central
repository.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from guardlint.rules.rule import Found, Project, Related, Rule
from guardlint.source.place import Place

if TYPE_CHECKING:
    from guardlint.policy.waivers import Waiver

RULE = Rule(severity="warning", confidence="high", since="0.1.0")


def check(_project: Project) -> Iterator[Found]:
    """None by itself: which waivers are used is known when all rules have spoken."""
    return iter(())


def ending(waiver: Waiver, place: Place, today: date) -> Found:
    """The finding for a waiver that lifts something at ``place``."""
    left = (waiver.expires - today).days
    when = "today" if left == 0 else "tomorrow" if left == 1 else f"in {left} days"
    return Found(
        f"the waiver `{waiver.id}` of `{waiver.rule}` ends {when}, on {waiver.expires}",
        place,
        "nothing changes today; after that day the finding counts again, and checks fail",
        f"mend it ({waiver.ticket}), or speak with {waiver.owner} in time",
        value=(waiver.id, waiver.expires.isoformat()),
        related=(Related(waiver.place, "the waiver"),),
        waivable=False,
    )
