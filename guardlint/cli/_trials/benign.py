"""Texts that look dangerous and are not, and the share of them that a rail stops or changes all the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import sqrt
from pathlib import Path
from typing import Any

from guardlint.cli._trials.outcome import Outcome
from guardlint.errors import ConfigError
from guardlint.policy.documents import Document, validate
from guardlint.policy.rails import Rail
from guardlint.source.files import read_text
from guardlint.source.record import record
from guardlint.source.yaml_file import YamlProblem, parse_yaml

__all__ = ["LIMIT", "Benign", "Rate", "benign_texts", "rates", "wilson"]

LIMIT = 0.02
"""The greatest share of benign texts that a rail may stop or change."""

_Z = 1.959964  # the normal distribution's, for 95 %


@record
class Benign:
    """One text as a case for the guard. ``by_judge``: a model decides, so that no script says anything."""

    id: str
    case: Mapping[str, Any]
    place: str
    by_judge: bool


@record
class Rate:
    """``stopped`` of ``count``, with the 95 % Wilson interval."""

    suite: str
    stopped: int
    count: int

    @property
    def share(self) -> float:
        """0 to 1."""
        return self.stopped / self.count

    @property
    def interval(self) -> tuple[float, float]:
        """Where the share of all such texts lies, 19 times out of 20."""
        return wilson(self.stopped, self.count)

    @property
    def too_high(self) -> bool:
        """Whether the share found is above the limit."""
        return self.share > LIMIT

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.stopped} of {self.count} ({self.share:.1%}, 95 % between {low:.1%} and {high:.1%})"


def wilson(hits: int, count: int) -> tuple[float, float]:
    """The 95 % Wilson score interval of ``hits`` in ``count`` tries, 0 to 1."""
    if not count:
        return 0.0, 1.0
    share, square = hits / count, _Z * _Z
    middle = share + square / (2 * count)
    spread = _Z * sqrt(share * (1 - share) / count + square / (4 * count * count))
    whole = 1 + square / count
    return max(0.0, (middle - spread) / whole), min(1.0, (middle + spread) / whole)


def rates(outcomes: Sequence[Outcome]) -> list[Rate]:
    """One for each rail of which some benign text was decided by no script."""
    stopped: dict[str, list[bool]] = {}
    for outcome in outcomes:
        if outcome.counted and outcome.status != "skipped":
            acted = any(mark[2] == "acted" for mark in outcome.marks)
            stopped.setdefault(outcome.suite, []).append(acted)
    return [Rate(suite, sum(each), len(each)) for suite, each in stopped.items()]


def benign_texts(rail: Rail, document: Document) -> Iterator[Benign]:
    """Those of the rail's tests, and of ``tests/benign.yml`` in its folder. Raises ConfigError."""
    seen: set[str] = set()
    for index, entry in enumerate(document.data.get("benign", ())):
        yield from _of(rail, entry, index, str(document.place("benign", index)), seen)
    path = rail.folder / "tests" / "benign.yml"
    if path.is_file():
        entries, places = _list(path)
        for index, (entry, place) in enumerate(zip(entries, places, strict=True)):
            yield from _of(rail, entry, index, place, seen)


def _of(rail: Rail, entry: Mapping[str, Any], index: int, place: str, seen: set[str]) -> Iterator[Benign]:
    texts = [way for way in rail.directions if way in ("input", "output")]
    asked = [entry["direction"]] if "direction" in entry else texts
    for way in asked:
        name = entry.get("id") or f"benign-{index + 1}"
        name = f"{name}-{way}" if len(asked) > 1 else name
        while name in seen:
            name = f"{name}-more"
        seen.add(name)
        case = {key: entry[key] for key in ("context", "tool") if key in entry}
        case |= {"direction": way}
        if way == "output":
            case |= {"reply": entry["text"], "user": entry.get("user", "Hello.")}
        else:
            case["user"] = entry["text"]
        side = rail.directions.get(way)
        yield Benign(name, case, place, side is not None and side.llm_calls > 0)


def _list(path: Path) -> tuple[list[Any], list[str]]:
    """A file that is a list of benign texts, held against the same schema."""
    try:
        source = parse_yaml(read_text(path), str(path))
    except YamlProblem as problem:
        raise ConfigError(problem.message, place=str(problem.place)) from None
    except (OSError, UnicodeDecodeError):
        raise ConfigError("it cannot be read as UTF-8 text", place=str(path)) from None
    data: Any = source.data
    inside: tuple[str | int, ...] = ()
    if isinstance(data, dict):
        data, inside = data.get("benign"), ("benign",)
    mistake = validate({"schema": "guardlint/rail-tests/v1", "benign": data}, "rail-tests")
    if mistake is not None:
        where = (*inside, *mistake.path[1:])
        place = str(source.place(where, key=mistake.at_key))
        raise ConfigError(mistake.message, place=place, help=mistake.help)
    return data, [str(source.place((*inside, index))) for index in range(len(data))]
