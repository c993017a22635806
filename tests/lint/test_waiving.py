"""Which findings a waiver lifts, and which it does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from guardlint.lint.check import select_rules
from guardlint.lint.finding import Finding
from guardlint.lint.waiver_review import Use, review
from guardlint.lint.waiving import waived
from guardlint.policy.central import Central
from guardlint.policy.waivers import Waiver
from guardlint.source.place import Place

TODAY = date(2026, 11, 22)
PLACE = Place.at("bot/config.yml", 3)
FINDING = Finding(
    "stream-before-check",
    "error",
    "high",
    "it streams",
    "bot",
    PLACE,
    "rails.output.streaming",
    "x",
    "mend it",
    "f0",
)
WAIVER = Waiver(
    "until-spring", "stream-before-check", "claims", "bot", None, "the gateway checks", "owner@example.com",
    "governance@example.com", "CLAIM-7", date(2026, 10, 1), date(2027, 3, 1), Place.at("claims.yml", 3),
)  # fmt: skip


def limited(days: int | None, *, waivable: bool = True):
    """A policy that allows waivers of so many days."""
    longest = SimpleNamespace(value=days, origin=SimpleNamespace(label="strict@1.0.0")) if days else None
    return SimpleNamespace(longest_waiver=longest, label="strict@1.0.0", waivable=lambda _: waivable)


def lifts(waiver: Waiver, finding: Finding = FINDING, policy=None, today: date | None = TODAY) -> bool:
    """Whether it does; one that speaks of the finding and does not lift it says why."""
    (found,) = waived([finding], [waiver], policy, today).findings
    assert found.lapsed == (found.help != finding.help)
    return found.waived_by is not None


def test_a_waiver_lifts_and_is_shown() -> None:
    """With owner, approver, ticket, last day and reason; it does not count any more."""
    result = waived([FINDING, replace(FINDING, rule="unknown-key")], [WAIVER], None, TODAY)
    first, second = result.findings
    assert (
        "until-spring until 2027-03-01 (CLAIM-7; owner owner@example.com, "
        "approved by governance@example.com): the gateway checks"
    ) == first.waived_by
    assert not first.counts
    assert second.counts
    assert (WAIVER,) == result.used


@pytest.mark.parametrize(
    ("path", "at", "expected"),
    [
        (None, "rails.output.streaming", True),
        (None, None, True),
        ("rails.output.streaming", "rails.output.streaming", True),
        ("rails.output", "rails.output.streaming", True),
        ("rails.input.flows", "rails.input.flows[self check input]", True),
        ("rails.out", "rails.output.streaming", False),
        ("rails.output.streaming", "rails.output", False),
        ("rails.output.streaming", None, False),
    ],
)
def test_a_path_limits_it(path: str | None, at: str | None, expected: bool) -> None:
    """To what stands there and below."""
    assert expected == lifts(replace(WAIVER, path=path), replace(FINDING, path=at))


def test_a_requirement_is_waived_by_its_own_id() -> None:
    """And never all that a policy asks at once."""
    finding = replace(FINDING, rule="policy-violation", requirement="models.allow_engines")
    assert lifts(replace(WAIVER, rule="models.allow_engines"), finding)
    assert not lifts(replace(WAIVER, rule="no-key-in-parameters"), finding)
    assert not lifts(replace(WAIVER, rule="policy-violation"), finding)


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        (date(2026, 9, 30), "it begins on 2026-10-01"),
        (date(2026, 10, 1), None),
        (date(2027, 3, 1), None),
        (date(2027, 3, 2), "it ended on 2027-03-01 (CLAIM-7)"),
    ],
)
def test_it_counts_from_its_approval_to_its_last_day(today: date, expected: str | None) -> None:
    """Both included; the finding then says which waiver does not lift it, and whose it is."""
    (found,) = waived([FINDING], [WAIVER], None, today).findings
    assert (expected is None) == (found.waived_by is not None)
    if expected:
        assert (
            f"mend it; the waiver `until-spring` of owner@example.com does not lift it: {expected}"
            == found.help
        )


def test_a_policy_says_how_long_and_what_never() -> None:
    """A longer one lifts nothing, and neither does one of what nobody may waive."""
    assert lifts(WAIVER, policy=limited(151))
    assert not lifts(WAIVER, policy=limited(150))
    assert not lifts(WAIVER, replace(FINDING, waivable=False), limited(None, waivable=False))


def test_of_two_the_one_that_counts_lifts() -> None:
    """Whatever their order; the renewed one stands beside the old one."""
    old = replace(WAIVER, id="old", expires=date(2026, 10, 31))
    for order in ([old, WAIVER], [WAIVER, old]):
        result = waived([FINDING], order, None, TODAY)
        assert ("until-spring",) == tuple(waiver.id for waiver in result.used)
        assert not result.findings[0].lapsed


@pytest.mark.parametrize(
    ("days", "said"), [(15, []), (14, ["in 14 days"]), (1, ["tomorrow"]), (0, ["today"])]
)
def test_two_weeks_before_there_is_a_warning(days: int, said: list[str]) -> None:
    """One for each waiver that is used, however much it lifts."""
    waiver = replace(WAIVER, expires=TODAY + timedelta(days=days))
    result = waived([FINDING, FINDING], [waiver], None, TODAY, select_rules(["ending-waiver"]))
    assert len(said) == len(result.about)
    assert all(when in found.message for when, (_, found) in zip(said, result.about, strict=True))


def reviewed(tmp_path: Path, waiver: Waiver, *uses: Use, today: date = TODAY) -> tuple[str, str]:
    """State and reason of one waiver under the reference policies."""
    (tmp_path / "policies").mkdir(exist_ok=True)
    central = Central.open(tmp_path)
    central._waivers = (waiver,)
    (found,) = review(central, today, uses)
    return found.state, found.why


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, ("counts", "")),
        ({"expires": date(2026, 12, 1)}, ("ends soon", "mend what it is for, or agree on a new day")),
        ({"approved": date(2026, 12, 1)}, ("begins later", "it begins on 2026-12-01")),
        ({"expires": date(2026, 11, 21)}, ("fails", "it ended on 2026-11-21: take it out")),
        ({"rule": "unknown-kye"}, ("fails", "no rule or requirement is named `unknown-kye`; `unknown-key`?")),
        ({"rule": "no-key-in-parameters"}, ("counts", "")),
        ({"rule": "models.allow_engines"}, ("counts", "")),
        ({"rule": "stale-baseline"}, ("fails", "there is no exception from `stale-baseline`")),
        ({"approver": "owner@example.com"}, ("fails", "its owner approved it: somebody else has to")),
    ],
)
def test_owners_are_told_how_their_waivers_stand(tmp_path: Path, changed: dict, expected: tuple) -> None:
    """Without a look at any team's repository."""
    assert expected == reviewed(tmp_path, replace(WAIVER, **changed))


def test_a_waiver_that_lifts_nothing_fails_its_owner(tmp_path: Path) -> None:
    """Where its team was looked at; a configuration that is not there is named."""
    used, unused = (
        Use("claims", {"bot": None}, frozenset({WAIVER.id})),
        Use("claims", {"bot": None}, frozenset()),
    )
    assert ("counts", "") == reviewed(tmp_path, WAIVER, used)
    assert ("fails", "nothing is found that it would lift: take it out") == reviewed(tmp_path, WAIVER, unused)
    assert ("counts", "") == reviewed(tmp_path, WAIVER, Use("cards", {}, frozenset()))
    state, why = reviewed(tmp_path, replace(WAIVER, configuration="bots"), unused)
    assert ("fails", "claims has no configuration `bots`; `bot`?") == (state, why)
