"""What the rails of many calls asked of models, in tokens and money, beside what the bundle predicted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from guardlint.guard.audit_chain import Record

__all__ = ["Bill", "Money", "Spent", "Tokens", "figure", "read_bill", "short"]

_MOST: Final = 1e15  # of anything; beyond it a sum of floating-point numbers says nothing
_MOST_NAMES: Final = 1000  # of one kind, as in audit_stats
_OTHERS: Final = "(others)"
_KINDS: Final = ("rail", "model", "team")


@dataclass(frozen=True, slots=True)
class _Use:
    """One entry of a step's ``usage``; ``cost`` is None where a price or the tokens are not known."""

    rail: str
    model: str
    calls: int
    counted: int
    read: int
    written: int
    cost: float | None


@dataclass(frozen=True, slots=True)
class _Price:
    """The ``cost`` of a record: what its tokens cost, or else what its calls are estimated to."""

    currency: str
    actual: float | None
    estimated: float
    predicted: float | None


@dataclass(frozen=True, slots=True)
class Bill:
    """What one record says of models and money.  ``predicted`` is None without a prediction."""

    team: str
    calls: int
    predicted: float | None
    price: _Price | None
    uses: tuple[_Use, ...]


@dataclass(slots=True)
class Tokens:
    """Calls, how many of them have told their tokens, and these; ``cost`` by currency."""

    calls: int = 0
    counted: int = 0
    read: int = 0
    written: int = 0
    cost: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))

    def add(self, use: _Use, currency: str | None) -> None:
        """Count one entry."""
        self.calls += use.calls
        self.counted += use.counted
        self.read += use.read
        self.written += use.written
        if currency is not None and use.cost is not None:
            self.cost[currency] += use.cost

    def data(self) -> Record:
        """As in ``schemas/audit-stats.json``."""
        return {
            "calls": self.calls,
            "counted": self.counted,
            "input_tokens": self.read,
            "output_tokens": self.written,
            "cost": {currency: short(cost) for currency, cost in sorted(self.cost.items())},
        }


@dataclass(slots=True)
class Money:
    """Of one currency.  ``actual`` is by tokens, ``estimated`` of the other calls, by their number.

    ``counted`` of ``calls`` went into ``actual``; ``compared`` is the part of both that has a prediction.
    """

    calls: int = 0
    counted: int = 0
    actual: float = 0.0
    estimated: float = 0.0
    compared: float = 0.0
    predicted: float = 0.0

    def add(self, calls: int, price: _Price) -> None:
        """Count what one record cost."""
        self.calls += calls
        if price.actual is None:
            self.estimated += price.estimated
        else:
            self.counted += calls
            self.actual += price.actual
        if price.predicted is not None:
            self.compared += price.estimated if price.actual is None else price.actual
            self.predicted += price.predicted

    def data(self) -> Record:
        """As in ``schemas/audit-stats.json``."""
        sums = ("actual", "estimated", "compared", "predicted")
        counts = {"calls": self.calls, "counted": self.counted}
        return counts | {name: short(getattr(self, name)) for name in sums}


@dataclass(slots=True)
class Spent:
    """The sums so far."""

    calls: int = 0
    compared: int = 0
    """The calls made where the bundle predicts a number, which are what ``predicted`` compares with."""
    predicted: float = 0.0
    all: Tokens = field(default_factory=Tokens)
    by: dict[str, defaultdict[str, Tokens]] = field(
        default_factory=lambda: {kind: defaultdict(Tokens) for kind in _KINDS}
    )
    money: defaultdict[str, Money] = field(default_factory=lambda: defaultdict(Money))
    teams: defaultdict[str, defaultdict[str, Money]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(Money))
    )

    def add(self, bill: Bill) -> None:
        """Count one record."""
        self.calls += bill.calls
        if bill.predicted is not None:
            self.compared += bill.calls
            self.predicted += bill.predicted
        currency = None
        if bill.price is not None:
            currency = _known(bill.price.currency, self.money)
            self.money[currency].add(bill.calls, bill.price)
            teams = self.teams[currency]
            teams[_known(bill.team, teams)].add(bill.calls, bill.price)
        for use in bill.uses:
            self.all.add(use, currency)
            for kind, name in (("rail", use.rail), ("model", use.model), ("team", bill.team)):
                sums = self.by[kind]
                sums[_known(name, sums)].add(use, currency)

    def calls_data(self) -> Record:
        """``llm_calls`` of ``schemas/audit-stats.json``."""
        return {
            "made": self.calls,
            "compared": self.compared,
            "predicted": short(self.predicted),
            "counted": self.all.counted,
            "input_tokens": self.all.read,
            "output_tokens": self.all.written,
        }

    def usage_data(self) -> Record:
        """``usage``: tokens by rail, by model and by team, those with most calls first."""
        return {
            kind: {
                name: found.data()
                for name, found in sorted(sums.items(), key=lambda item: (-item[1].calls, item[0]))
            }
            for kind, sums in self.by.items()
        }

    def cost_data(self) -> Record:
        """``cost``: money by currency, the same by team in it."""
        return {
            currency: found.data()
            | {"teams": {team: part.data() for team, part in sorted(self.teams[currency].items())}}
            for currency, found in sorted(self.money.items())
        }


def read_bill(record: Mapping[str, Any]) -> Bill:
    """What a record says.  Raises what reading it raises (KeyError, TypeError, …) where it is no record."""
    team, predicted = record["team"], record["llm_calls_predicted"]
    return Bill(
        "none" if team is None else str(team),
        figure(record["llm_calls"]),
        None if predicted is None else figure(predicted),
        _price(record["cost"]),
        tuple([_use(use) for step in record["steps"] for use in step.get("usage", ())]),
    )


def figure(value: Any, instead: int | None = None) -> Any:
    """A number that a record may hold, or ``instead`` of null.  Raises ValueError for anything else."""
    if value is None and instead is not None:
        return instead
    if type(value) not in (int, float) or not 0 <= value < _MOST:
        raise ValueError
    return value


def short(value: float | None) -> float | None:
    """Six figures: enough for money and milliseconds, and equal sums look equal."""
    return None if value is None else float(f"{value:.6g}")


def _use(use: Mapping[str, Any]) -> _Use:
    rail, model, cost = use["rail"], use["model"], use["cost"]
    return _Use(
        "unknown" if rail is None else str(rail),
        "unknown" if model is None else str(model),
        figure(use["calls"]),
        figure(use["counted"]),
        figure(use["input_tokens"]),
        figure(use["output_tokens"]),
        None if cost is None else figure(cost),
    )


def _price(cost: Mapping[str, Any] | None) -> _Price | None:
    """None where a record has neither an actual cost nor an estimate."""
    if cost is None:
        return None
    actual, estimated, predicted = cost.get("actual"), cost["estimated"], cost["predicted"]
    if actual is None and estimated is None:
        return None
    return _Price(
        str(cost["currency"]),
        None if actual is None else figure(actual),
        figure(estimated, 0),
        None if predicted is None else figure(predicted),
    )


def _known(name: str, names: Mapping[str, object]) -> str:
    return name if name in names or len(names) < _MOST_NAMES else _OTHERS
