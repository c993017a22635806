"""What a new version of the central repository changes for the team that takes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from guardlint.errors import ConfigError
from guardlint.policy.central import Central
from guardlint.policy.model import ComposedPolicy
from guardlint.policy.rails import Rail
from guardlint.policy.vendor import digest_of_file

__all__ = ["changes"]

_Document = ComposedPolicy | Rail
_TABLES = {
    "tiers": "who has which tier",
    "prices": "what a query costs, by which budgets are judged",
    "traffic": "what queries look like, by which budgets are judged",
    "reviews": "whose code somebody has read",
}


def changes(before: Path | None, after: Path, team: str) -> Iterator[str]:
    """One line for each policy, rail, waiver and table that differs, and the count of files.

    ``before`` is None where nothing was vendored. Waivers are those of ``team``.
    """
    old, new = _Side(before), _Side(after)
    for line, name in _versions("policy", old.policies, new.policies):
        yield line
        if name is not None:
            yield from _rules(old, new, name)
    for line, _ in _versions("rail", old.rails, new.rails):
        yield line
    yield from _waivers(old.waivers(team), new.waivers(team))
    yield from _tables(old.files, new.files)
    added = len(new.files.keys() - old.files.keys())
    gone = len(old.files.keys() - new.files.keys())
    changed = sum(1 for name in old.files.keys() & new.files.keys() if old.files[name] != new.files[name])
    if added or gone or changed:
        yield f"files    {changed} changed, {added} new, {gone} gone"


def _rules(old: _Side, new: _Side, name: str) -> Iterator[str]:
    """What gets stricter (+), looser (-) or other (~) in one policy."""
    from guardlint.policy.changes import changes

    marks = {"stricter": "+", "looser": "-", "different": "~"}
    for item in changes(old.policies[name], new.policies[name], {**old.known(), **new.known()}):
        said = item.before if item.after is None else item.after
        gone = " (no more)" if item.after is None else ""
        yield f"    {marks[item.way]} {item.section} {item.id}: {said}{gone}"


def _versions(
    kind: str, old: Mapping[str, _Document], new: Mapping[str, _Document]
) -> Iterator[tuple[str, str | None]]:
    """A line for each that differs; and its id, where both sides have it."""
    for name in sorted({*old, *new}):
        lead = f"{kind:8} {name}"
        if name not in old:
            yield f"{lead} {new[name].version} new", None
        elif name not in new:
            yield f"{lead} {old[name].version} gone", None
        elif old[name].version != new[name].version:
            before, after = old[name].version, new[name].version
            back = " (back to an older one)" if _numbers(after) < _numbers(before) else ""
            yield f"{lead} {before} -> {after}{back}", name
        elif old[name].digest != new[name].digest:
            yield f"{lead} {new[name].version} changed, and kept its version", name


def _tables(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    """The tables that every policy is read with, and what a change of each may change."""
    for name, what in _TABLES.items():
        path = f"policies/{name}.yml"
        if old.get(path) != new.get(path):
            how = "gone" if path not in new else f"changed: {what}" if path in old else "new"
            yield f"{name:8} {how}"


def _waivers(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for name in sorted({*old, *new}):
        if name not in old:
            yield f"waiver   {name} new: {new[name]}"
        elif name not in new:
            yield f"waiver   {name} gone: {old[name]}"
        elif old[name] != new[name]:
            yield f"waiver   {name} changed: {new[name]}"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


class _Side:
    """One state; what cannot be read in it is not there."""

    def __init__(self, folder: Path | None) -> None:
        self._central = Central.open(folder) if folder is not None else None
        self.policies: dict[str, ComposedPolicy] = {}
        self.rails: dict[str, Rail] = {}
        self.files: dict[str, str] = {}
        if folder is not None:
            self.files = {
                path.relative_to(folder).as_posix(): digest_of_file(path.read_bytes())
                for path in sorted(folder.rglob("*"))
                if path.is_file() and not path.is_symlink()
            }
            self._read(folder, self._central or Central.open(folder))

    def _read(self, folder: Path, central: Central) -> None:
        for path in sorted(folder.glob("rails/*/rail.yml")):
            with suppress(ConfigError):
                self.rails[path.parent.name] = central.rail(path.parent.name)
        for path in sorted(folder.glob("policies/*/policy.yml")):
            with suppress(ConfigError):
                self.policies[path.parent.name] = central.policy(path.parent.name)

    def known(self) -> dict[str, Rail]:
        """Every rail that a policy can name, those of the reference repository included."""
        found: dict[str, Rail] = {}
        if self._central is None:
            return found
        for name in self._central.rails():
            with suppress(ConfigError):
                found[name] = self._central.rail(name)
        return found

    def waivers(self, team: str) -> dict[str, str]:
        try:
            listed = self._central.waivers() if self._central is not None else ()
        except ConfigError:
            return {}
        return {
            item.id: f"{item.rule} for {item.configuration} until {item.expires}"
            for item in listed
            if item.team == team
        }
