"""Waivers: dated exceptions, written in the central repository (``policies/waivers/*.yml``).

Here they are read. Whether one applies to a finding is decided in ``guardlint.lint.waiving``, nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from guardlint.errors import ConfigError
from guardlint.policy.documents import Document, read_document
from guardlint.source.place import Place
from guardlint.source.record import record

__all__ = ["WARNING_DAYS", "Waiver", "read_waivers", "waiver_files"]

WARNING_DAYS = 14
"""So many days before its last one, a waiver that is used brings a warning."""


@record
class Waiver:
    """An exception from ``rule`` (a rule or a requirement) for one configuration of one team.

    ``configuration`` is its path relative to the team file, with ``/``; ``path`` the place in it, as findings
    name places, or None for anywhere. It counts from ``approved`` to ``expires``, both included; in the
    ``repository`` (the path of its remote ``origin``) that it names, or in all of the team's.
    """

    id: str
    rule: str
    team: str
    configuration: str
    path: str | None
    reason: str
    owner: str
    approver: str
    ticket: str
    approved: date
    expires: date
    place: Place
    repository: str | None = None

    @property
    def said(self) -> str:
        """What every output says of a finding that it waives."""
        return (
            f"{self.id} until {self.expires} ({self.ticket}; owner {self.owner}, "
            f"approved by {self.approver}): {' '.join(self.reason.split())}"
        )

    @property
    def days(self) -> int:
        """How long it is for, in days."""
        return (self.expires - self.approved).days

    def data(self) -> dict[str, str]:
        """What stands in the document, dates as ``YYYY-MM-DD``; a bundle's manifest holds the same."""
        found = {
            "id": self.id,
            "rule": self.rule,
            "team": self.team,
            "configuration": self.configuration,
            "reason": self.reason,
            "owner": self.owner,
            "approver": self.approver,
            "ticket": self.ticket,
            "approved": self.approved.isoformat(),
            "expires": self.expires.isoformat(),
        }
        limits = {"repository": self.repository, "path": self.path}
        return {**found, **{name: value for name, value in limits.items() if value is not None}}


def waiver_files(central: Path) -> list[Path]:
    """The files with waivers of a central repository, sorted."""
    folder = central / "policies" / "waivers"
    return sorted(path for ending in ("yml", "yaml") for path in folder.glob(f"**/*.{ending}"))


def read_waivers(central: Path) -> tuple[Waiver, ...]:
    """Every waiver of the central repository at ``central``, by file and place.

    Raises ConfigError where a document is wrong, a date is none, or an id stands twice.
    """
    found: dict[str, Waiver] = {}
    for path in waiver_files(central):
        for waiver in _waivers(read_document(path, "waiver")):
            first = found.setdefault(waiver.id, waiver)
            if first is not waiver:
                raise ConfigError(
                    f"the waiver '{waiver.id}' stands in {first.place.file}:{first.place.line} already",
                    place=str(waiver.place),
                    help="give it another id",
                )
    return tuple(found.values())


def _waivers(document: Document) -> Iterator[Waiver]:
    for index, entry in enumerate(document.data["waivers"]):
        approved, expires = (_date(document, index, name) for name in ("approved", "expires"))
        if expires < approved:
            raise document.error(
                f"it ends on {expires}, before it is approved on {approved}", "waivers", index, "expires"
            )
        yield Waiver(
            id=entry["id"],
            rule=entry["rule"],
            team=entry["team"],
            # A path written for Windows, or with a slash at its end, is the same folder.
            configuration=entry["configuration"].replace("\\", "/").removeprefix("./").rstrip("/") or ".",
            path=entry.get("path"),
            reason=entry["reason"],
            owner=entry["owner"],
            approver=entry["approver"],
            ticket=entry["ticket"],
            approved=approved,
            expires=expires,
            place=document.place("waivers", index),
            repository=entry.get("repository"),
        )


def _date(document: Document, index: int, name: str) -> date:
    try:
        return date.fromisoformat(document.data["waivers"][index][name])
    except ValueError:
        raise document.error("it is no date of the calendar", "waivers", index, name) from None
