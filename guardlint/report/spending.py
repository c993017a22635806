"""What a query costs, for people and for machines (``guardlint cost``)."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from typing import Any

from guardlint.nemo.spending import Figures, Spending
from guardlint.nemo.tokens import Range, Traffic
from guardlint.policy.economy import Economy
from guardlint.source.redact import redact

__all__ = ["SHOWN", "money", "render_spending", "spending_data"]

SHOWN = "guardlint/cost/v1"

_HEADS = ("model calls", "tokens", "cost", "milliseconds")
_UNKNOWN = "unknown"


def render_spending(name: str, traffic: Traffic, economy: Economy, found: Spending) -> str:
    """A table with low, usual and high of every rail that asks a model, and what is most of it."""
    return "\n".join(_lines(name, traffic, economy, found)) + "\n"


def spending_data(name: str, found: Spending) -> dict[str, Any]:
    """The same as JSON; what is not known is null."""
    return {
        "path": name,
        "per_query": _data(found.query),
        "per_month": _range_data(found.per_month),
        "parts": [
            {"by": by, "models": list(found.models.get(by, ())), **_data(figures)}
            for by, figures in found.parts.items()
        ],
        "unpriced": list(found.unpriced),
        "untimed": list(found.untimed),
    }


def money(value: float) -> str:
    """Two figures at least, and no more than a price has: 0.00042, 0.031, 12.50."""
    if value == 0:
        return "0"
    if value >= 1:
        return f"{value:,.2f}"
    digits = 1
    while value * 10**digits < 10 and digits < 8:
        digits += 1
    return f"{value:.{digits}f}"


def _lines(name: str, traffic: Traffic, economy: Economy, found: Spending) -> Iterator[str]:
    currency = economy.currency or ""
    yield f"{name}  one query of {traffic.name}: low, usual, high"
    rows = [("", *(head if head != "cost" else f"cost {currency}".strip() for head in _HEADS))]
    rows += [(redact(by), *_cells(figures)) for by, figures in found.parts.items()]
    rows.append(("together", *_cells(found.query)))
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        yield f"  {'  '.join(cells)}".rstrip()
    if found.per_month is not None:
        low, usual, high = (money(one) for one in _three(found.per_month))
        day = " to ".join(
            f"{one:,.0f}" for one in (traffic.queries_per_day.low, traffic.queries_per_day.high)
        )
        yield f"  a month ({day} queries a day): {low} to {high} {currency}, usually {usual}"
    yield from _most(found)
    for model in found.unpriced:
        yield f"  no price for {redact(model)}: policies/prices.yml has none that holds today"
    for model in found.untimed:
        if model not in found.unpriced:
            yield f"  no latency for {redact(model)}: its entry of policies/prices.yml has no latency_ms"
    if economy.examples:
        yield "  prices or traffic are guardlint's examples; write your own into the central repository"


def _most(found: Spending) -> Iterator[str]:
    said = []
    for figure, words in (("tokens", "tokens"), ("cost", "cost"), ("latency_ms", "time")):
        whole: Range | None = getattr(found.query, figure)
        name = found.dearest(figure, "usual")
        if whole is None or name is None or whole.usual == 0:
            continue
        part: Range = getattr(found.parts[name], figure)
        said.append(f"{words} {redact(name)} ({part.usual / whole.usual:.0%})")
    if said:
        yield f"  most of it: {', '.join(said)}"


def _cells(figures: Figures) -> tuple[str, str, str, str]:
    return (
        _whole(figures.calls),
        _whole(figures.tokens),
        " ".join(money(one) for one in _three(figures.cost)) if figures.cost else _UNKNOWN,
        _whole(figures.latency_ms) if figures.latency_ms else _UNKNOWN,
    )


def _whole(found: Range) -> str:
    return " ".join(f"{ceil(one - 1e-9):,}" for one in _three(found))


def _three(found: Range) -> tuple[float, float, float]:
    return found.low, found.usual, found.high


def _data(figures: Figures) -> dict[str, Any]:
    return {
        "llm_calls": _range_data(figures.calls),
        "tokens": _range_data(figures.tokens),
        "cost": _range_data(figures.cost),
        "latency_ms": _range_data(figures.latency_ms),
    }


def _range_data(found: Range | None) -> dict[str, float] | None:
    if found is None:
        return None
    return {"low": found.low, "usual": found.usual, "high": found.high}
