"""Waivers as they are written: read whole, or refused at the line that is wrong."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from guardlint.errors import ConfigError
from guardlint.policy.central import Central
from guardlint.policy.waivers import read_waivers

ONE = """\
schema: guardlint/waiver/v1
waivers:
  - id: portal-keys
    rule: unknown-key
    team: claims
    configuration: ./guardrails/bot/
    path: portal
    reason: read by the portal
    owner: claims@example.com
    approver: governance@example.com
    ticket: CLAIM-7
    approved: 2026-10-01
    expires: 2026-12-31
"""


@pytest.fixture
def central(tmp_path: Path) -> Path:
    """A central repository with one waiver."""
    (tmp_path / "policies" / "waivers").mkdir(parents=True)
    (tmp_path / "policies" / "waivers" / "claims.yml").write_text(ONE)
    return tmp_path


def test_everything_that_is_written_is_there(central: Path) -> None:
    """Dates are dates, the configuration's path has one spelling, the place is the entry's."""
    (waiver,) = read_waivers(central)
    assert ("guardrails/bot", "portal") == (waiver.configuration, waiver.path)
    assert (date(2026, 10, 1), date(2026, 12, 31), 91) == (waiver.approved, waiver.expires, waiver.days)
    assert str(waiver.place).endswith("claims.yml:3:5")
    assert waiver.data()["expires"] == "2026-12-31"
    assert waiver.said.startswith("portal-keys until 2026-12-31 (CLAIM-7; owner claims@example.com")


def test_waivers_are_found_by_team_and_configuration(central: Path) -> None:
    """Of another team, or another configuration, there are none."""
    repository = Central.open(central)
    assert ["portal-keys"] == [item.id for item in repository.waivers_of("claims", "guardrails/bot")]
    assert () == repository.waivers_of("claims", "guardrails")
    assert () == repository.waivers_of("cards", "guardrails/bot")


def test_the_reference_repository_lends_none(tmp_path: Path) -> None:
    """Policies and rails are looked for there too; an exception is the company's own."""
    (tmp_path / "policies").mkdir()
    assert () == Central.open(tmp_path).waivers()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("2026-12-31", "'2026-02-31'", "claims.yml:13:14: it is no date of the calendar"),
        ("2026-12-31", "2026-09-30", "claims.yml:13:14: it ends on 2026-09-30, before it is approved"),
        ("    ticket: CLAIM-7\n", "", "the key 'ticket' is missing"),
        ("    approved: 2026-10-01\n", "", "the key 'approved' is missing"),
        ("expires:", "expiry:", "unknown key 'expiry' (did you mean 'expires'?)"),
    ],
)
def test_what_is_wrong_is_told_at_its_line(central: Path, old: str, new: str, said: str) -> None:
    """A waiver without an end, a ticket or an approver is none."""
    (central / "policies" / "waivers" / "claims.yml").write_text(ONE.replace(old, new))
    with pytest.raises(ConfigError) as caught:
        read_waivers(central)
    assert said in str(caught.value)


def test_an_id_names_one_waiver(central: Path) -> None:
    """In all files together: reports name waivers by it."""
    (central / "policies" / "waivers" / "more.yaml").write_text(ONE)
    with pytest.raises(ConfigError, match=r"the waiver 'portal-keys' stands in .*claims\.yml:3 already"):
        read_waivers(central)
