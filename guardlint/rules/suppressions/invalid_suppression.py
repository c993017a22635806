"""A comment that is to allow a finding and allows nothing.

What it does: reads every ``# guardlint: allow[…]`` comment: its form, the rules that it names, its reason
and its last day.

Why it matters: a suppression with a misspelt rule, without a reason or past its day suppresses nothing. Who
wrote it believes that the finding is dealt with, and who reads it that somebody looked into it.

How to fix: write ``# guardlint: allow[rule-id] until=2027-03-31 -- reason``, or take the comment out and
mend what it speaks of.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.rules.registry import rule_ids
from guardlint.rules.rule import Found, Project, Rule
from guardlint.rules.suppressions._comments import respelt
from guardlint.source.allowances import Allowance, allowances_of
from guardlint.source.names import closest
from guardlint.source.place import Place

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="safe")

_NOTHING = "guardlint takes no notice of the comment, and the finding stays"
_FORM = "write `# guardlint: allow[rule-id] until=2027-03-31 -- reason`"


def check(project: Project) -> Iterator[Found]:
    """One finding for each thing that is wrong with a comment."""
    for file, text in project.configuration.texts.items():
        for allowance in allowances_of(text, file):
            yield from _wrong(project, allowance)


def _wrong(project: Project, allowance: Allowance) -> Iterator[Found]:
    names = ",".join(name for name, _ in allowance.rules)
    if allowance.problem is not None:
        yield Found(f"the suppression {allowance.problem}", allowance.place, _NOTHING, _FORM, value=names)
        return
    if allowance.until is not None and project.today is not None and allowance.until < project.today:
        yield Found(
            f"the suppression of `{names}` ended on {allowance.until}",
            allowance.place,
            "the finding that it allowed counts again",
            "mend what it speaks of, or agree on a new day with whoever owns the risk",
            value=(names, str(allowance.until)),
        )
    for name, place in allowance.rules:
        if name not in rule_ids() and name not in project.company_rules:
            meant = closest(name, (*rule_ids(), *project.company_rules))
            mend = f"write `{meant}`" if meant else "`guardlint rules` lists the ids"
            yield Found(
                f"no rule is named `{name}`",
                place,
                _NOTHING,
                mend,
                value=name,
                fix=respelt(project.configuration, allowance, place, meant) if meant else None,
            )


def not_waivable(name: str, place: Place, policy: str) -> Found:
    """The finding for a comment about what the policy lets nobody suppress."""
    return Found(
        f"{policy} does not let a team suppress `{name}`",
        place,
        _NOTHING,
        "take the comment out, and mend the finding",
        value=name,
        policy=policy,
    )
