"""What the rails of a bundle cost: which engine serves each half, calls of models, tokens, money, time.

The guard asks NeMo for its input and output rails only, so nothing of a dialog is counted, and the
application's own call is not either.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from guardlint.bundle.ingredients import HOOKS
from guardlint.bundle.running import own_code, runs
from guardlint.nemo.calls import Prediction, predict
from guardlint.nemo.configuration import Configuration
from guardlint.nemo.course import Course
from guardlint.nemo.prompt_choice import model_name
from guardlint.nemo.serving import guardrails_engine
from guardlint.nemo.spending import Figures, Spending, price_of, spending
from guardlint.nemo.tokens import LEVELS, Range
from guardlint.policy.economy import Economy

__all__ = ["Halves", "cost_data", "engine_data", "llm_calls_data", "prices_data", "profiles_of"]

Halves = tuple[Configuration | None, Configuration]
"""The company's half, None where no rail of it runs in NeMo, and the team's."""

_FIGURES = {"llm_calls": "calls", "tokens": "tokens", "cost": "cost", "latency_ms": "latency_ms"}
_INPUT = "rails.input"
_RAILS = tuple(f"rails.{hook}" for hook in HOOKS)


def engine_data(half: Configuration | None) -> dict[str, Any]:
    """The engine that the guard will use for a half, and why."""
    if half is not None and half.colang_version != "1.0":
        return {"uses": "none", "reason": f"the application runs rails in Colang {half.colang_version}"}
    if half is None or not any(runs(half, hook) for hook in HOOKS):
        return {"uses": "none", "reason": "no rail of this half runs in NeMo"}
    engine = guardrails_engine(half)
    own = own_code(half)
    if engine.uses == "iorails" and own is not None:
        return {"uses": "llmrails", "reason": f"it has {own}, which IORails does not read"}
    return {"uses": engine.uses, "reason": engine.reason}


def llm_calls_data(halves: Halves) -> dict[str, int]:
    """Calls of models for the rails of one guarded query.

    Low: blocked by the first rail that can. High: the team's rails rewrote the message, and the company's
    are asked again.
    """
    company, team = halves
    found = [predict(half) for half in _running(halves)]
    again = _most(predict(company), (_INPUT,)) if company is not None and runs(team, "input") else 0
    return {
        "low": _fewest(found[0]) if found else 0,
        "usual": sum(_asked(one.usual, _RAILS) for one in found),
        "high": sum(_most(one, _RAILS) for one in found) + again,
    }


def cost_data(halves: Halves, economy: Economy, profiles: Sequence[str]) -> list[dict[str, Any]]:
    """What one guarded query costs under each kind of traffic; null where a price or a pace is not known."""
    return [_profile_data(halves, economy, name) for name in profiles]


def prices_data(halves: Halves, economy: Economy) -> dict[str, Any] | None:
    """What the models of both halves cost, so that the tokens of a call can be priced; None without a table.

    A model without a price is not in it.
    """
    if economy.currency is None:
        return None
    models: dict[str, dict[str, float]] = {}
    for name in sorted({model_name(model) for half in _running(halves) for model in half.models}):
        price = price_of(name, economy.prices)
        if price is not None:
            models[name] = {"input": price.input, "output": price.output}
    return {"currency": economy.currency, "examples": economy.examples, "models": models}


def _running(halves: Halves) -> list[Configuration]:
    """The halves that the guard asks at all, the company's first."""
    return [half for half in halves if half is not None and any(runs(half, hook) for hook in HOOKS)]


def _profile_data(halves: Halves, economy: Economy, name: str) -> dict[str, Any]:
    company, team = halves
    found = [spending(half, economy.profile(name), economy.prices) for half in _running(halves)]
    rewritten = found[0] if company is not None and runs(team, "input") else None
    unpriced = {
        model
        for one in found
        for by, models in one.models.items()
        if by.startswith(_RAILS)
        for model in models
        if model in one.unpriced
    }
    return {
        "profile": name,
        "currency": economy.currency,
        "examples": economy.examples,
        "per_query": {shown: _sum(found, figure, rewritten) for shown, figure in _FIGURES.items()},
        "unpriced": sorted(unpriced),
    }


def _sum(found: Sequence[Spending], figure: str, rewritten: Spending | None) -> dict[str, float] | None:
    """The parts of both halves together; at most, the company's input rails run twice."""
    ranges = [_range(part, figure) for one in found for part in _parts(one, _RAILS)]
    again = [_range(part, figure) for part in _parts(rewritten, (_INPUT,))] if rewritten is not None else []
    if None in ranges:
        return None
    # Sums of binary fractions: the ninth decimal is beyond any price.
    total: dict[str, float] = {
        level: round(sum(one.at(level) for one in ranges if one is not None), 9) for level in LEVELS
    }
    total["high"] = round(total["high"] + sum(one.at("high") for one in again if one is not None), 9)
    return total


def _range(part: Figures, figure: str) -> Range | None:
    found: Range | None = getattr(part, figure)
    return found


def _parts(one: Spending, sections: tuple[str, ...]) -> Iterator[Figures]:
    return (part for by, part in one.parts.items() if by.startswith(sections))


def _asked(course: Course, sections: tuple[str, ...]) -> int:
    return sum(1 for ask in course.asked if ask.by.startswith(sections))


def _most(prediction: Prediction, sections: tuple[str, ...]) -> int:
    return max(_asked(course, sections) for course in prediction.courses)


def _fewest(prediction: Prediction) -> int:
    return min(_asked(course, (_INPUT,)) for course in prediction.courses)


def profiles_of(economy: Economy, budgets: Mapping[Any, Any]) -> tuple[str, ...]:
    """The kinds of traffic to count for: those that the policy has budgets for, else all that are known."""
    named = sorted({key.profile for key in budgets})
    return tuple(named or sorted(economy.profiles))
