"""The ``budgets`` of a policy: what one query may cost. Smaller is tighter.

A budget is for a traffic profile of the central repository, one figure (``llm_calls``, ``tokens``, ``cost``,
``latency_ms``) and one level of its envelope (``low``, ``usual``, ``high``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from guardlint.errors import ConfigError
from guardlint.policy.view import EffectiveView, Violation

if TYPE_CHECKING:
    from guardlint.nemo.spending import Spending
    from guardlint.nemo.tokens import Level, Range
    from guardlint.policy.economy import Economy
    from guardlint.policy.load import Policy
    from guardlint.policy.model import ComposedPolicy, Origin, Valued

__all__ = ["Budget", "Budgets", "budget_text", "composed_budgets", "joined_budgets", "over_budget"]

_UNITS = {"llm_calls": "model calls", "tokens": "tokens", "cost": "", "latency_ms": "milliseconds"}
_WORDS = {"low": "at least", "usual": "usually", "high": "at most"}
_REASON = "what a query may cost is the company's to say"
_CONTROLS = ("LLM10:2025",)


class Budget(NamedTuple):
    """What is limited: one level of one figure under one profile."""

    profile: str
    figure: str
    level: Level

    @property
    def id(self) -> str:
        """What a waiver names; the levels of one figure are one requirement."""
        return f"budgets.{self.profile}.{self.figure}"


Budgets = Mapping["Budget", "Valued[float]"]


def composed_budgets(policy: Policy, floor: ComposedPolicy | None) -> dict[Budget, Valued[float]]:
    """The policy's budgets on top of its parents'. Raises ConfigError, naming both, where one is larger."""
    from guardlint.policy.model import Valued

    merged = dict(floor.budgets) if floor else {}
    for profile, figures in policy.data.get("budgets", {}).items():
        for figure, levels in figures.items():
            for level, most in levels.items():
                key = Budget(profile, figure, level)
                here = policy.origin("budgets", profile, figure, level)
                before = merged.get(key)
                if before is not None and most > before.value:
                    name = f"{key.id}.{level}"
                    raise ConfigError(
                        f"loosens {before.origin}: {name} is {_number(before.value)} there "
                        f"and {_number(most)} here",
                        place=str(here.place),
                    )
                merged[key] = Valued(float(most), here)
    return merged


def joined_budgets(left: Budgets, right: Budgets) -> dict[Budget, Valued[float]]:
    """Both; of two for one thing the smaller."""
    merged = dict(left)
    for key, value in right.items():
        if key not in merged or value.value < merged[key].value:
            merged[key] = value
    return merged


def budget_text(key: Budget, value: Valued[float]) -> str:
    """``at most 6 model calls usually``."""
    unit = _UNITS[key.figure] or "of money"
    return f"{_number(value.value)} {unit} a query, {_WORDS[key.level]}, for {key.profile}"


def over_budget(policy: ComposedPolicy, view: EffectiveView) -> Iterator[Violation]:
    """One violation for each figure that is over budget, of its first level that is."""
    if not policy.budgets:
        return
    economy = policy.economy
    assert economy is not None
    said: set[str] = set()
    for key, most in policy.budgets.items():
        if key.id in said:
            continue
        traffic = economy.profile(key.profile, place=str(most.origin.place))
        spending = view.spending(traffic, economy.prices)
        predicted = _figure(spending, key.figure)
        if predicted is None or predicted.at(key.level) > most.value:
            said.add(key.id)
            yield _violation(policy, key, most, spending, predicted, economy)


def _violation(
    policy: ComposedPolicy,
    key: Budget,
    most: Valued[float],
    spending: Spending,
    predicted: Range | None,
    economy: Economy,
) -> Violation:
    reason, controls = _why(policy, most.origin)
    unit = _UNITS[key.figure] or economy.currency or ""
    what = "costs" if key.figure == "cost" else "takes"
    label = most.origin.label
    if predicted is None:
        missing = spending.unpriced if key.figure == "cost" else (*spending.unpriced, *spending.untimed)
        models = ", ".join(dict.fromkeys(missing))
        word = "price" if key.figure == "cost" else "latency"
        message = f"what a query of {key.profile} {what} is not known, and {label} has a budget for it"
        mend = f"add the {word} of {models} to policies/prices.yml, or use a model that has one"
        path: tuple[str | int, ...] = ("models",)
    else:
        shown = _number(predicted.at(key.level))
        message = (
            f"a query of {key.profile} {what} {_WORDS[key.level]} {shown} {_counted(unit, shown)}, "
            f"and {label} allows {_number(most.value)}"
        )
        dearest = spending.dearest("calls" if key.figure == "llm_calls" else key.figure, key.level) or ""
        mend = f"{_most_of_it(spending, key, dearest, unit)}; 'guardlint cost' shows every part"
        path = _path(dearest)
    return Violation(
        requirement=key.id,
        origin=most.origin,
        reason=reason,
        controls=controls,
        message=message,
        path=path,
        file=None,
        at_run_time=f"every query may cost that much, {_volume(spending, economy)}",
        help=mend,
    )


def _most_of_it(spending: Spending, key: Budget, dearest: str, unit: str) -> str:
    """Which part has most, or that several have the same."""
    shares = {name: _figure_of(spending, name, key.figure) for name in spending.parts}
    most = shares.get(dearest)
    if most is None:
        return "no part of it stands out"
    own = most.at(key.level)
    same = [name for name, part in shares.items() if part is not None and part.at(key.level) == own]
    if len(same) > 1:
        return (
            f"{len(same)} parts have the same share of it, {_number(own)} {_counted(unit, _number(own))} each"
        )
    return f"most of it is '{dearest}' ({_number(own)} {_counted(unit, _number(own))})"


def _volume(spending: Spending, economy: Economy) -> str:
    if spending.per_month is None:
        return "and nobody has said how much that is in money"
    return f"{_number(spending.per_month.usual)} {economy.currency or ''} a month usually".replace("  ", " ")


def _path(by: str) -> tuple[str | int, ...]:
    """The list of rails that asks most, or where the dialog is set."""
    section, colon, _ = by.partition(": ")
    parts = section.split(".")
    if colon and parts[0] == "rails" and len(parts) == 2:
        return ("rails", parts[1], "flows")
    return ("models",)


def _figure(spending: Spending, figure: str) -> Range | None:
    found: Range | None = getattr(spending.query, "calls" if figure == "llm_calls" else figure)
    return found


def _figure_of(spending: Spending, part: str, figure: str) -> Range | None:
    figures = spending.parts.get(part)
    if figures is None:
        return None
    found: Range | None = getattr(figures, "calls" if figure == "llm_calls" else figure)
    return found


def _why(policy: ComposedPolicy, origin: Origin) -> tuple[str, tuple[str, ...]]:
    given = [one for one in policy.reasons.get("budgets", ()) if one.origin.policy == origin.policy]
    return (given[-1].reason, given[-1].controls) if given else (_REASON, _CONTROLS)


def _counted(unit: str, number: str) -> str:
    return unit.removesuffix("s") if number == "1" and unit in _UNITS.values() else unit


def _number(value: float) -> str:
    if value == int(value):
        return f"{int(value):,}"
    if value >= 10:
        return f"{value:,.1f}"
    return f"{value:.2g}"
