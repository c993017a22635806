"""What one query costs: calls, tokens, money and time, per rail and together.

Counted on the courses of ``guardlint.nemo.calls``. Low is the cheapest course with the traffic's low figures,
high the dearest with its high ones, usual the plain message's with the usual ones, where for money the share
of blocked input is counted in. What has no price has no cost: it is named, never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from math import ceil

from guardlint.nemo.asked import asked_tasks
from guardlint.nemo.calls import Prediction, predict
from guardlint.nemo.configuration import Configuration
from guardlint.nemo.course import Ask, Course
from guardlint.nemo.once import once
from guardlint.nemo.prompt_choice import answering_model
from guardlint.nemo.tokens import LEVELS, Level, Range, Traffic, read_tokens, written_tokens
from guardlint.source.record import field, record

__all__ = ["DAYS", "Figures", "Price", "Spending", "chunks_of", "price_of", "rounded", "spending"]

DAYS = 30
"""Days of a month."""

_MILLION = 1_000_000


@record
class Price:
    """A model's price and pace. ``model``: ``engine/model``, ``*`` for any text.

    ``input`` and ``output`` are per million tokens; ``latency_ms`` is of one call.
    """

    model: str
    input: float
    output: float
    latency_ms: Range | None = None


@record
class Figures:
    """``cost`` and ``latency_ms`` are None where a price or a pace is not known."""

    calls: Range
    tokens: Range
    cost: Range | None
    latency_ms: Range | None


@record
class Spending:
    """One query of a configuration under one kind of traffic.

    ``parts``: who asks, with the figures of its own calls, in the order of the plain message, then what else
    may be asked. ``per_month``: cost. ``unpriced`` and ``untimed``: models without a price, without a pace.
    """

    query: Figures
    parts: Mapping[str, Figures]
    per_month: Range | None
    unpriced: tuple[str, ...] = ()
    untimed: tuple[str, ...] = ()
    models: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def dearest(self, figure: str, level: Level) -> str | None:
        """The part that has the most of ``calls``, ``tokens``, ``cost`` or ``latency_ms``."""
        best: tuple[float, str] | None = None
        for name, figures in self.parts.items():
            own: Range | None = getattr(figures, figure)
            if own is not None and (best is None or own.at(level) > best[0]):
                best = (own.at(level), name)
        return best[1] if best is not None else None


def chunks_of(configuration: Configuration, tokens: float) -> int | None:
    """Into how many pieces a streamed answer is checked; None where it is checked whole.

    A piece is complete after ``chunk_size`` tokens, ``context_size`` of which stay for the next
    (``rails/llm/buffer.py``); what ends the stream counts as a token.
    """
    tokens += 1
    path = ("rails", "output", "streaming")
    if configuration.effective((*path, "enabled")) is not True:
        return None
    size, context = (configuration.effective((*path, name)) for name in ("chunk_size", "context_size"))
    size = size if isinstance(size, int) and size > 0 else 200
    context = context if isinstance(context, int) and 0 <= context < size else 0
    full = 0 if tokens < size else 1 + int((tokens - size) // (size - context))
    covered = 0 if full == 0 else size + (full - 1) * (size - context)
    return max(1, full + (1 if tokens > covered else 0))


def price_of(model: str, prices: Sequence[Price]) -> Price | None:
    """The first price that fits ``engine/model``, None without one."""
    return next((one for one in prices if fnmatchcase(model, one.model)), None)


@once
def spending(configuration: Configuration, traffic: Traffic, prices: tuple[Price, ...]) -> Spending:
    """The figures of one query."""
    models = _models(configuration)
    counted = _Counted(configuration, traffic, prices, models)
    found = {level: counted.prediction(level) for level in LEVELS}
    everything = (*found["usual"].usual.asked, *found["high"].most.asked)
    everything += tuple(ask for course in found["high"].courses for ask in course.asked)
    names = tuple(dict.fromkeys(ask.by for ask in everything))
    asked = tuple(dict.fromkeys(counted.model(ask) for ask in everything))
    unpriced = tuple(model for model in asked if counted.price(model) is None)
    untimed = tuple(model for model in asked if not _timed(counted.price(model)))
    parts = {
        name: counted.figures(found, lambda ask, name=name: ask.by == name)  # type: ignore[misc]
        for name in names
    }
    query = counted.figures(found, lambda _: True)
    return Spending(
        query,
        parts,
        _per_month(counted, found, query.cost),
        unpriced,
        untimed,
        {name: tuple(dict.fromkeys(counted.model(a) for a in everything if a.by == name)) for name in names},
    )


def _per_month(counted: _Counted, found: Mapping[Level, Prediction], cost: Range | None) -> Range | None:
    if cost is None:
        return None
    traffic = counted.traffic
    usual = cost.usual
    blocked = [course for course in found["usual"].courses if course.state == "stopped"]
    if blocked and traffic.blocked:
        stopped = min(blocked, key=lambda course: len(course.asked))
        short = counted.sum(stopped, "cost", "usual", lambda _: True) or 0.0
        usual = usual * (1 - traffic.blocked) + short * traffic.blocked
    each = (cost.low, usual, cost.high)
    low, middle, high = (
        one * traffic.queries_per_day.at(level) * DAYS for one, level in zip(each, LEVELS, strict=True)
    )
    return Range(low, middle, high)


class _Counted:
    """Sums over courses."""

    def __init__(
        self,
        configuration: Configuration,
        traffic: Traffic,
        prices: Sequence[Price],
        models: Mapping[str, str],
    ) -> None:
        self.configuration = configuration
        self.traffic = traffic
        self.prices = prices
        self.models = models
        self.known: dict[tuple[str, Level], tuple[float, float]] = {}

    def prediction(self, level: Level) -> Prediction:
        """The courses; of a streamed answer as long as the traffic's."""
        streamed = self.traffic.streamed
        chunks = chunks_of(self.configuration, self.traffic.answer.at(level)) if streamed else None
        return predict(self.configuration, chunks)

    def model(self, ask: Ask) -> str:
        """``engine/model`` that answers."""
        return self.models.get(ask.task) or self.models[""]

    def price(self, model: str) -> Price | None:
        """The price of the model."""
        return price_of(model, self.prices)

    def tokens(self, ask: Ask, level: Level) -> tuple[float, float]:
        """Read and written."""
        key = (ask.task, level)
        if key not in self.known:
            read = read_tokens(self.configuration, ask.task, self.traffic, level)
            self.known[key] = (read, written_tokens(ask.task, self.traffic, level))
        return self.known[key]

    def one(self, ask: Ask, figure: str, level: Level) -> float | None:
        """One figure of one call."""
        if figure == "calls":
            return 1.0
        read, written = self.tokens(ask, level)
        if figure == "tokens":
            return read + written
        price = self.price(self.model(ask))
        if price is None:
            return None
        if figure == "cost":
            return (read * price.input + written * price.output) / _MILLION
        return price.latency_ms.at(level) if price.latency_ms is not None else None

    def sum(self, course: Course, figure: str, level: Level, wanted: Callable[[Ask], bool]) -> float | None:
        """One figure of a course; calls made together take as long as the slowest rail's."""
        whole = 0.0
        together: dict[tuple[str, str], float] = {}
        for ask in course.asked:
            if not wanted(ask):
                continue
            value = self.one(ask, figure, level)
            if value is None:
                return None
            if figure == "latency_ms" and ask.together:
                key = (ask.together, ask.by)
                together[key] = together.get(key, 0.0) + value
            else:
                whole += value
        slowest: dict[str, float] = {}
        for (group, _), value in together.items():
            slowest[group] = max(slowest.get(group, 0.0), value)
        return whole + sum(slowest.values())

    def figures(self, found: Mapping[Level, Prediction], wanted: Callable[[Ask], bool]) -> Figures:
        """All figures of the calls that are wanted."""
        return Figures(
            self._range(found, "calls", wanted) or Range(0, 0, 0),
            self._range(found, "tokens", wanted) or Range(0, 0, 0),
            self._range(found, "cost", wanted),
            self._range(found, "latency_ms", wanted),
        )

    def _range(
        self, found: Mapping[Level, Prediction], figure: str, wanted: Callable[[Ask], bool]
    ) -> Range | None:
        low = [self.sum(course, figure, "low", wanted) for course in found["low"].courses]
        usual = self.sum(found["usual"].usual, figure, "usual", wanted)
        high = [self.sum(course, figure, "high", wanted) for course in found["high"].courses]
        if usual is None or None in low or None in high:
            return None
        least, most = min(one for one in low if one is not None), max(one for one in high if one is not None)
        return Range(min(least, usual), usual, max(most, usual))


def _timed(price: Price | None) -> bool:
    return price is not None and price.latency_ms is not None


def _models(configuration: Configuration) -> dict[str, str]:
    """By task the model that answers; ``""`` for whatever else is asked."""
    main = answering_model(configuration, "")
    found = {"": "the application's model" if main == "unknown" else main}
    for item in asked_tasks(configuration):
        found[item.task] = item.model or found[""]
    return found


def rounded(value: float) -> int:
    """Tokens and milliseconds are shown whole, rounded up."""
    return ceil(value - 1e-9)
