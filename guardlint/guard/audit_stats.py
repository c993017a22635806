"""What many records say together.  Reads them one by one: memory does not grow with them."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from guardlint.guard.audit_chain import Record
from guardlint.guard.audit_spent import Spent, figure, read_bill, short

__all__ = ["SCHEMA", "Latency", "Stats", "stats_of"]

SCHEMA: Final = "guardlint/audit-stats/v1"
_LEAST: Final = 0.001
_CLASSES: Final = 1 / math.log(1.02)  # a percentile is at most two in a hundred beside the exact one
_MOST_NAMES: Final = 1000  # of one kind; a log that has more is not one that a guard wrote
_OTHERS: Final = "(others)"
_NAMES: Final = ("hook", "function", "app", "team", "environment", "tier", "mode", "reason", "rail")
_PLAIN: Final = ("verdict", *_NAMES, "error", "degraded")
_BY: Final = (*_NAMES, "policy", "bundle", "waiver")
_PERCENTS: Final = (50, 90, 99)


@dataclass(slots=True)
class Latency:
    """Milliseconds, counted in classes that are 2 % wide; what is below a microsecond counts as one."""

    count: int = 0
    total: float = 0.0
    most: float = 0.0
    _classes: Counter[int] = field(default_factory=Counter)

    def add(self, milliseconds: float) -> None:
        """Count one call."""
        self.count += 1
        self.total += milliseconds
        self.most = max(self.most, milliseconds)
        self._classes[math.floor(math.log(max(_LEAST, milliseconds)) * _CLASSES)] += 1

    def percentile(self, percent: float) -> float | None:
        """The latency that so many calls stay below, None without any call."""
        wanted, seen = self.count * percent / 100, 0
        for number in sorted(self._classes):
            seen += self._classes[number]
            if seen >= wanted:
                return min(math.exp((number + 0.5) / _CLASSES), self.most)
        return None

    def data(self) -> Record:
        """Mean, percentiles and maximum; null without any call."""
        found = {f"p{percent}": short(self.percentile(percent)) for percent in _PERCENTS}
        mean = self.total / self.count if self.count else None
        return {
            "calls": self.count,
            "mean": short(mean),
            **found,
            "max": short(self.most if self.count else None),
        }


@dataclass(slots=True)
class Stats:
    """The counts so far.  ``kinds`` hold how many calls each name of a kind was in."""

    calls: int = 0
    missed: int = 0
    not_records: int = 0
    first: str | None = None
    last: str | None = None
    facts: Counter[str] = field(default_factory=Counter)
    kinds: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    latency: defaultdict[str, Latency] = field(default_factory=lambda: defaultdict(Latency))
    steps: defaultdict[str, Latency] = field(default_factory=lambda: defaultdict(Latency))
    entities: Counter[str] = field(default_factory=Counter)
    spent: Spent = field(default_factory=Spent)
    _alike: Counter[tuple[Any, ...]] = field(default_factory=Counter)
    """Most records differ in numbers only: what they say in words is counted once for all of them."""

    def add(self, record: Mapping[str, Any]) -> None:
        """Count a record.  One that is none, or is of another version, is counted as such."""
        try:
            self._add(record)
        except (KeyError, TypeError, ValueError, AttributeError):
            self.not_records += 1

    def _add(self, record: Mapping[str, Any]) -> None:
        bundle, policy, time = record["bundle"], record["policy"], record["time"]
        alike = (
            *(record[name] for name in _PLAIN),
            (policy["id"], policy["version"]),
            (bundle["name"], bundle["revision"], bundle["digest"]),
            tuple(record["waivers"]),
        )
        took = record["latency_ms"]
        guard, function = figure(took["guard"]), figure(took["function"], 0)
        steps = [(f"{step['hook']} {step['step']}", figure(step["latency_ms"])) for step in record["steps"]]
        steps += [
            (f"{step['hook']} {flow}", figure(spent))
            for step in record["steps"]
            for flow, spent in step["rails_ms"].items()
        ]
        missed, bill = figure(record["missed"]), read_bill(record)
        entities = [(str(name), figure(count)) for name, count in record["entities"].items()]
        if not isinstance(time, str):
            raise TypeError
        self._alike[alike] += 1
        if len(self._alike) > _MOST_NAMES:
            self._settle()
        self.calls += 1
        self.missed += missed
        if self.first is None or time < self.first:
            self.first = time
        if self.last is None or time > self.last:
            self.last = time
        for entity, count in entities:
            _count(self.entities, entity, count)
        self.latency["guard"].add(guard)
        if took["function"] is not None:
            self.latency["function"].add(function)
        for name, milliseconds in steps:
            known = name in self.steps or len(self.steps) < _MOST_NAMES
            self.steps[name if known else _OTHERS].add(milliseconds)
        self.spent.add(bill)

    def _settle(self) -> None:
        """Count what was alike under each of its names."""
        for alike, count in self._alike.items():
            *plain, policy, bundle, waivers = alike
            named = dict(zip(_PLAIN, plain, strict=True))
            for fact in ("error", "degraded"):
                self.facts[fact] += count if named.pop(fact) is True else 0
            if named["verdict"] != "blocked":
                del named["reason"], named["rail"]
            named["policy"] = f"{policy[0]}@{policy[1]}"
            named["bundle"] = f"{bundle[0]} revision {bundle[1]} ({str(bundle[2])[:12]})"
            for kind, name in named.items():
                _count(self.kinds[kind], "none" if name is None else str(name), count)
            for waiver in waivers:
                _count(self.kinds["waiver"], str(waiver), count)
        self._alike.clear()

    def data(self) -> Record:
        """The whole as JSON (``schemas/audit-stats.json``); shares are of all calls, 0 to 1."""
        self._settle()
        verdicts = self.kinds["verdict"]
        counted = {name: verdicts[name] for name in ("passed", "modified", "blocked")}
        counted |= {name: self.facts[name] for name in ("error", "degraded")}
        return {
            "schema": SCHEMA,
            "calls": self.calls,
            "missed": self.missed,
            "not_records": self.not_records,
            "first": self.first,
            "last": self.last,
            "verdicts": {
                name: {"calls": count, "share": round(count / self.calls, 6) if self.calls else 0}
                for name, count in counted.items()
            },
            "by": {kind: dict(self.kinds[kind].most_common()) for kind in _BY},
            "entities": dict(self.entities.most_common()),
            "latency_ms": {name: self.latency[name].data() for name in ("guard", "function")},
            "steps": {name: found.data() for name, found in sorted(self.steps.items())},
            "llm_calls": self.spent.calls_data(),
            "usage": self.spent.usage_data(),
            "cost": self.spent.cost_data(),
        }


def stats_of(records: Iterable[Mapping[str, Any]], *, since: str = "", until: str = "") -> Stats:
    """Count records whose time is at or after ``since`` and before ``until`` (RFC 3339, or its beginning)."""
    found = Stats()
    for record in records:
        time = record.get("time")
        if isinstance(time, str) and (time < since or (until and time >= until)):
            continue
        found.add(record)
    return found


def _count(counter: Counter[str], name: str, more: int) -> None:
    counter[name if name in counter or len(counter) < _MOST_NAMES else _OTHERS] += more
