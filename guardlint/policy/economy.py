"""Traffic and prices of a central repository: ``policies/traffic.yml`` and ``policies/prices.yml``."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from guardlint.errors import ConfigError
from guardlint.nemo.spending import Price
from guardlint.nemo.tokens import Range, Traffic
from guardlint.policy.documents import Document, read_document
from guardlint.source.names import closest
from guardlint.source.record import field, record

__all__ = ["Economy", "read_economy"]


@record
class Economy:
    """``prices`` are those that hold; ``examples`` tells that some of the figures are nobody's own.

    ``currency`` is None without a table of prices.
    """

    profiles: Mapping[str, Traffic] = field(default_factory=dict)
    prices: tuple[Price, ...] = ()
    currency: str | None = None
    examples: bool = False

    def profile(self, name: str, *, place: str | None = None) -> Traffic:
        """The profile of that name. Raises ConfigError, at ``place``, where there is none."""
        if name not in self.profiles:
            near = closest(name, self.profiles)
            known = ", ".join(sorted(self.profiles)) or "none; write policies/traffic.yml"
            raise ConfigError(
                f"unknown traffic profile '{name}'",
                place=place,
                help=f"did you mean '{near}'?" if near else f"profiles: {known}",
            )
        return self.profiles[name]


def read_economy(folders: tuple[Path, ...], today: datetime.date) -> Economy:
    """The documents of the first folder that has each; ``today`` decides which prices hold.

    Raises ConfigError where one is wrong, and where a figure's usual value is not between low and high.
    """
    traffic = _first(folders, "traffic.yml")
    prices = _first(folders, "prices.yml")
    profiles: dict[str, Traffic] = {}
    examples = False
    if traffic is not None:
        document = read_document(traffic, "traffic")
        for name, data in document.data["profiles"].items():
            profiles[name] = _profile(document, name, data)
            examples = examples or data.get("example", False)
    if prices is None:
        return Economy(profiles, examples=examples)
    document = read_document(prices, "prices")
    return Economy(
        profiles,
        _prices(document, today),
        document.data["currency"],
        examples or document.data.get("example", False),
    )


def _first(folders: tuple[Path, ...], name: str) -> Path | None:
    paths = (folder / "policies" / name for folder in folders)
    return next((path for path in paths if path.is_file()), None)


def _profile(document: Document, name: str, data: Mapping[str, Any]) -> Traffic:
    def figure(key: str, default: Range) -> Range:
        return _range(document, data[key], "profiles", name, key) if key in data else default

    one, nothing = Range(1, 1, 1), Range(0, 0, 0)
    return Traffic(
        name,
        figure("queries_per_day", nothing),
        figure("input_tokens", nothing),
        figure("output_tokens", nothing),
        figure("retrieved_tokens", nothing),
        figure("turns", one),
        float(data.get("blocked_input", 0.0)),
        float(data.get("tokenizer", {}).get("characters_per_token", 4.0)),
        bool(data.get("streamed", False)),
    )


def _range(document: Document, data: Mapping[str, Any], *path: str | int) -> Range:
    found = Range(data["low"], data["usual"], data["high"])
    if not found.low <= found.usual <= found.high:
        raise document.error("usual does not lie between low and high", *path)
    return found


def _prices(document: Document, today: datetime.date) -> tuple[Price, ...]:
    """Of each model the newest price that holds; a name without ``*`` before one with."""
    found: dict[str, tuple[datetime.date, Price]] = {}
    for index, entry in enumerate(document.data["prices"]):
        try:
            since = datetime.date.fromisoformat(entry["valid_from"])
        except ValueError:
            what = f"'{entry['valid_from']}' is no date"
            raise document.error(what, "prices", index, "valid_from", help="write 2026-01-31") from None
        latency = entry.get("latency_ms")
        pace = _range(document, latency, "prices", index, "latency_ms") if latency else None
        name = entry["model"]
        if since <= today and (name not in found or since > found[name][0]):
            found[name] = (since, Price(name, entry["input"], entry["output"], pace))
    return tuple(
        sorted((price for _, price in found.values()), key=lambda one: ("*" in one.model, one.model))
    )
