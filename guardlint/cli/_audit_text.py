"""What ``guardlint audit`` prints, for people and for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from guardlint.errors import VerificationError
    from guardlint.guard.audit_verify import ChainReport

__all__ = ["chain_lines", "stats_csv", "stats_lines", "verified_data"]

_BAR: Final = 24
_GENESIS: Final = "0" * 64
_MOST_LINES: Final = 15  # of one kind; JSON and CSV have all
_TITLES: Final = {
    "reason": "blocked because of",
    "rail": "blocked by",
    "hook": "what was checked",
    "function": "the function",
    "app": "application",
    "team": "team",
    "environment": "environment",
    "tier": "tier",
    "policy": "policy",
    "bundle": "bundle",
    "mode": "mode",
    "waiver": "waivers in force",
}
_SAID_ALWAYS: Final = {"reason", "rail", "policy", "bundle", "waiver"}


def chain_lines(report: ChainReport) -> Iterator[str]:
    """One whole chain."""
    files = report.files
    shown = files[0].as_posix() if len(files) == 1 else f"{files[0].as_posix()} and {len(files) - 1} more"
    when = f", {_moment(report.first)} to {_moment(report.last)}" if report.first else ""
    yield f"{shown}: {_counted(report.records, 'record')}{when}"
    start = "the very first" if report.begins == _GENESIS else f"the one after {report.begins[:12]}"
    yield f"  whole  every record is as it was written, from {start} on"
    yield f"  head   {report.head}"
    if report.torn:
        more = f" and {report.torn - 3} more" if report.torn > 3 else ""
        places = ", ".join(report.torn_at[:3])
        yield f"  torn   {_counted(report.torn, 'line')} half written by a crash: {places}{more}"
    if report.missed:
        yield f"  missed {_counted(report.missed, 'call')} whose record could not be written"


def verified_data(
    chains: list[ChainReport], broken: VerificationError | None, keyed: bool
) -> dict[str, object]:
    """What ``verify`` found, as JSON (``schemas/audit-verified.json``)."""
    return {
        "schema": "guardlint/audit-verified/v1",
        "whole": broken is None,
        "key_checked": keyed and broken is None,
        "chains": [
            {
                "files": [path.as_posix() for path in chain.files],
                "records": chain.records,
                "begins": chain.begins,
                "head": chain.head,
                "first": chain.first,
                "last": chain.last,
                "torn": chain.torn,
                "torn_at": list(chain.torn_at),
                "missed": chain.missed,
            }
            for chain in chains
        ],
        "broken": None if broken is None else {"place": broken.place, "message": broken.message},
    }


def stats_lines(data: Mapping[str, Any]) -> Iterator[str]:
    """The table for people; nothing in it where a log holds nothing of its kind."""
    calls = data["calls"]
    if not calls:
        yield "no calls"
        return
    yield f"{_counted(calls, 'call')}, {_moment(data['first'])} to {_moment(data['last'])} UTC"
    for name, found in data["verdicts"].items():
        yield _row(name, found["calls"], calls)
    if data["missed"]:
        yield f"  {'missed':10} {data['missed']:>10,}          whose record could not be written"
    if data["not_records"]:
        yield f"  {data['not_records']:,} lines are no records that this guardlint reads"
    for kind, names in data["by"].items():
        if names and (len(names) > 1 or kind in _SAID_ALWAYS):
            yield ""
            yield _TITLES[kind]
            yield from _bars(names, sum(names.values()) if kind in ("reason", "rail") else calls)
    if data["entities"]:
        yield ""
        yield "personal data found"
        yield from _bars(data["entities"], sum(data["entities"].values()))
    yield ""
    yield f"milliseconds{'':21} {'calls':>10} {'mean':>9} {'p50':>9} {'p90':>9} {'p99':>9} {'max':>9}"
    named = {"the guard": data["latency_ms"]["guard"], "the function": data["latency_ms"]["function"]}
    for name, found in {**named, **data["steps"]}.items():
        if found["calls"]:
            cells = " ".join(f"{_figure(found[key]):>9}" for key in ("mean", "p50", "p90", "p99", "max"))
            yield f"  {name:31} {found['calls']:>10,} {cells}"
    yield ""
    yield from _spent(data, calls)


def _spent(data: Mapping[str, Any], calls: int) -> Iterator[str]:
    made = data["llm_calls"]
    yield f"model calls of the rails  {made['made']:,} made, {_figure(made['made'] / calls)} a call"
    if made["predicted"]:
        share = made["compared"] / made["predicted"]
        yield f"  predicted               {_figure(made['predicted'])}; made {share:.0%} of that"
    if made["made"]:
        untold = made["made"] - made["counted"]
        but = f"; of {_counted(untold, 'call')} nobody knows" if untold else ""
        yield (
            f"  tokens                  {_tokens(made)}{but}"
            if made["counted"]
            else "  tokens                  nobody knows"
        )
    for currency, money in data["cost"].items():
        yield f"  cost {_plain(currency):18} {_money(money)}"
        if len(money["teams"]) > 1:
            for team, part in list(money["teams"].items())[:_MOST_LINES]:
                yield f"    {_plain(team):21} {_money(part)}"
    for kind, title in (("rail", "tokens by rail"), ("model", "tokens by model"), ("team", "tokens by team")):
        names = data["usage"][kind]
        if len(names) > 1 or (names and kind == "rail"):
            yield ""
            yield title
            for name, found in list(names.items())[:_MOST_LINES]:
                cost = "".join(f", {_figure(cost)} {_plain(of)}" for of, cost in found["cost"].items())
                yield f"  {_plain(name):31} {_counted(found['calls'], 'call')}, {_tokens(found)}{cost}"


def _tokens(found: Mapping[str, Any]) -> str:
    return f"{found['input_tokens']:,} read, {found['output_tokens']:,} written"


def _money(money: Mapping[str, Any]) -> str:
    """What was spent, how that is known, and how it compares with the prediction."""
    spent = money["actual"] + money["estimated"]
    known = "by tokens" if money["counted"] == money["calls"] else "estimated"
    if money["counted"] and money["counted"] < money["calls"]:
        known = f"{_figure(money['actual'])} by tokens, {_figure(money['estimated'])} estimated"
    if not money["calls"]:
        known = "no model was asked"
    against = f"; {_figure(money['predicted'])} predicted" if money["predicted"] else ""
    share = f", spent {money['compared'] / money['predicted']:.0%} of that" if money["predicted"] else ""
    return f"{_figure(spent)} spent ({known}){against}{share}"


def stats_csv(data: Mapping[str, Any]) -> str:
    """Rows of kind, name, figure and value."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(("kind", "name", "figure", "value"))
    for key in ("calls", "missed", "not_records", "first", "last"):
        writer.writerow(("all", "", key, data[key]))
    for name, found in data["verdicts"].items():
        writer.writerows(("verdict", name, figure, value) for figure, value in found.items())
    for kind, names in data["by"].items():
        writer.writerows((kind, _cell(name), "calls", count) for name, count in names.items())
    writer.writerows(("entity", _cell(name), "found", count) for name, count in data["entities"].items())
    for kind in ("latency_ms", "steps"):
        for name, found in data[kind].items():
            writer.writerows((kind, _cell(name), figure, value) for figure, value in found.items())
    writer.writerows(("llm_calls", "", figure, value) for figure, value in data["llm_calls"].items())
    for kind, names in data["usage"].items():
        for name, found in names.items():
            counts = {key: value for key, value in found.items() if key != "cost"}
            counts |= {f"cost {_cell(currency)}": cost for currency, cost in found["cost"].items()}
            writer.writerows((f"usage by {kind}", _cell(name), key, value) for key, value in counts.items())
    for currency, money in data["cost"].items():
        for team, part in {"": money, **money["teams"]}.items():
            name = f"{_cell(currency)} {_cell(team)}".rstrip()
            sums = ((key, value) for key, value in part.items() if key != "teams")
            writer.writerows(("cost", name, key, value) for key, value in sums)
    return stream.getvalue()


def _bars(names: Mapping[str, int], whole: int) -> Iterator[str]:
    shown = dict(list(names.items())[:_MOST_LINES])
    width = max(10, *(len(_plain(name)) for name in shown))
    for name, count in shown.items():
        yield _row(_plain(name), count, whole, width)
    if len(names) > _MOST_LINES:
        yield f"  and {len(names) - _MOST_LINES} more"


def _row(name: str, count: int, whole: int, width: int = 10) -> str:
    share = count / whole if whole else 0
    bar = "█" * max(round(share * _BAR), 1 if count else 0)
    return f"  {name:{width}} {count:>10,} {share:>7.1%}  {bar}".rstrip()


def _plain(name: str) -> str:
    """A name out of a file that anybody may have written: one line, no control characters."""
    return "".join(character if character.isprintable() else "?" for character in name)[:60]


def _cell(name: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    plain = _plain(name)
    return f"'{plain}" if plain[:1] in tuple("=+-@") else plain


def _figure(value: float | None) -> str:
    if value is None:
        return "-"
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.2f}" if value >= 1 else f"{value:.3g}"


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _moment(time: str | None) -> str:
    """To the minute; as it stands when it is no time."""
    return _plain(time or "?").replace("T", " ")[:16]
