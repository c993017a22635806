"""The team file: ``guardlint.yml``, or ``[tool.guardlint]`` in ``pyproject.toml``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from guardlint.errors import ConfigError
from guardlint.policy.central import Central
from guardlint.policy.central_source import CentralSource, central_source
from guardlint.policy.documents import Document, Mistake, read_document, validate
from guardlint.policy.model import ComposedPolicy
from guardlint.policy.vendor import Altered, altered, open_vendored
from guardlint.policy.waivers import Waiver
from guardlint.source.files import read_text
from guardlint.source.place import Place
from guardlint.source.record import field, record
from guardlint.source.yaml_file import DataPath

__all__ = [
    "TeamConfiguration",
    "TeamFile",
    "altered_files",
    "central_of",
    "load_team_file",
    "path_of",
    "policy_for",
    "tier_for",
    "waivers_for",
]


@record
class TeamConfiguration:
    """A NeMo configuration that the team declares. ``path`` is relative to the team file, with ``/``.

    ``settings`` are what the team chooses of the company's rails: the value and its place, by rail and name.
    """

    path: str
    name: str | None
    tier: str | None
    place: Place
    settings: Mapping[str, Mapping[str, tuple[Any, Place]]] = field(default_factory=dict)


@record
class TeamFile:
    """What a team says about itself. ``places`` are of the top-level keys that were written.

    ``rules`` are packages of the company's own rules, by the names of their entry points.
    """

    file: Path
    team: str
    central: CentralSource | None
    policy: str | None
    tier: str | None
    configurations: tuple[TeamConfiguration, ...]
    required_version: str | None
    rules: tuple[str, ...]
    disable: Mapping[str, str]
    places: Mapping[str, Place]

    @property
    def root(self) -> Path:
        """The folder that the paths in the file are relative to."""
        return self.file.parent

    def place(self, key: str) -> str:
        """``file:line:column`` of a top-level key, or the file's first line."""
        return str(self.places.get(key, Place.at(str(self.file))))

    def entry(self, configuration: Path) -> TeamConfiguration | None:
        """What the file declares for the configuration at this path, or None."""
        wanted = configuration.resolve()
        return next((c for c in self.configurations if (self.root / c.path).resolve() == wanted), None)


def load_team_file(path: Path, *, version: str | None = None) -> TeamFile:
    """Read a team file; with ``version`` (of guardlint) also hold it against ``required-version``.

    Raises ConfigError naming file, line and column.
    """
    team = _from_toml(path) if path.suffix == ".toml" else _from_yaml(path)
    if team.policy is not None and team.tier is not None:
        raise ConfigError(
            "'policy' and 'tier' both stand here, and a tier names its policy",
            place=team.place("policy"),
            help="keep one",
        )
    if (
        version is not None
        and team.required_version is not None
        and not _meets(version, team.required_version)
    ):
        raise ConfigError(
            f"this repository wants guardlint {team.required_version}, and this is {version}",
            place=team.place("required-version"),
        )
    return team


def central_of(team: TeamFile | None) -> Central:
    """The central repository that a team file names, else the reference one. Raises ConfigError."""
    if team is None or team.central is None:
        return Central.open(None)
    place = team.place("central")
    if team.central.path is not None:
        return Central.open(team.root / team.central.path, place=place)
    return Central.open(open_vendored(team.root, team.central, place), place=place)


def altered_files(team: TeamFile | None) -> tuple[Altered, ...]:
    """The vendored files that are not those of the lock; none without a vendored one. Raises ConfigError."""
    return altered(team.root) if team is not None and team.central and team.central.vendored else ()


def tier_for(team: TeamFile, configuration: Path, central: Central) -> str | None:
    """The tier of a configuration: what the team claims, else what the central repository assigns."""
    entry = team.entry(configuration)
    claimed = (entry.tier if entry else None) or (None if team.policy else team.tier)
    if claimed is not None or team.policy is not None:
        return claimed
    assigned = central.assigned_tier(team.team, path_of(team, configuration), team.root)
    return assigned[0] if assigned else None


def policy_for(team: TeamFile, configuration: Path, central: Central) -> ComposedPolicy | None:
    """The policy of one configuration, or None when neither the team nor the central repository has one.

    The central repository assigns; a team may claim the same or a policy that extends it, never less.
    Raises ConfigError for an unknown policy or tier and for a claim of less.
    """
    entry = team.entry(configuration)
    claim: ComposedPolicy | None = None
    place = team.place("policy" if team.policy else "tier")
    if entry is not None and entry.tier is not None:
        place = str(entry.place)
        claim = central.policy(central.tier_policy(entry.tier, place=place), place=place)
    elif team.tier is not None:
        claim = central.policy(central.tier_policy(team.tier, place=place), place=place)
    elif team.policy is not None:
        claim = central.policy(team.policy, place=place)
    assigned = central.assigned_tier(team.team, path_of(team, configuration), team.root)
    if assigned is None:
        return claim
    tier, where = assigned
    floor = central.policy(central.tier_policy(tier, place=where), place=where)
    if claim is None:
        return floor
    if not central.binds:
        return claim
    if floor.id not in {part.id for part in claim.composed_of}:
        raise ConfigError(
            f"claims {claim.label} for '{path_of(team, configuration)}', and {where} assigns the tier "
            f"'{tier}' with {floor.label}, which it does not extend",
            place=place,
            help=f"write 'tier: {tier}', or leave it out",
        )
    return claim


def waivers_for(team: TeamFile, configuration: Path, central: Central) -> tuple[Waiver, ...]:
    """The waivers that the central repository holds for one configuration. Raises ConfigError."""
    return central.waivers_of(team.team, path_of(team, configuration), team.root)


def path_of(team: TeamFile, configuration: Path) -> str:
    """The configuration's path as the central repository knows it: relative to the team file, with ``/``."""
    root, path = team.root.resolve(), configuration.resolve()
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()


def _from_yaml(path: Path) -> TeamFile:
    document: Document = read_document(path, "team")
    return _team_file(path, document.data, lambda parts, key: document.place(*parts, key=key))


def _from_toml(path: Path) -> TeamFile:
    try:
        text = read_text(path)
        table = tomllib.loads(text.lstrip("\ufeff")).get("tool", {}).get("guardlint")
    except OSError as error:
        raise ConfigError(f"cannot read: {error.strerror or error}", place=str(path)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"it is no TOML: {error}", place=str(path)) from None
    if table is None:
        raise ConfigError("there is no [tool.guardlint]", place=str(path))

    def place(parts: DataPath, _key: bool) -> Place:
        return _toml_place(str(path), text, parts)

    mistake: Mistake | None = validate(table, "team")
    if mistake is not None:
        raise ConfigError(mistake.message, place=str(place(mistake.path, mistake.at_key)), help=mistake.help)
    return _team_file(path, table, place)


def _team_file(path: Path, data: Mapping[str, Any], place: Any) -> TeamFile:
    return TeamFile(
        file=path,
        team=data["team"],
        central=central_source(data["central"], str(place(("central",), False)))
        if "central" in data
        else None,
        policy=data.get("policy"),
        tier=data.get("tier"),
        configurations=tuple(
            TeamConfiguration(
                # A path written for Windows is the same folder elsewhere.
                path=entry["path"].replace("\\", "/").rstrip("/") or ".",
                name=entry.get("name"),
                tier=entry.get("tier"),
                place=place(("configurations", index), False),
                settings={
                    rail: {
                        name: (value, place(("configurations", index, "settings", rail, name), False))
                        for name, value in chosen.items()
                    }
                    for rail, chosen in entry.get("settings", {}).items()
                },
            )
            for index, entry in enumerate(data.get("configurations", ()))
        ),
        required_version=data.get("required-version"),
        rules=tuple(data.get("rules", ())),
        disable=dict(data.get("disable", {})),
        places={key: place((key,), False) for key in data},
    )


def _toml_place(file: str, text: str, path: DataPath) -> Place:
    """The line of the last part of ``path`` that can be found below ``[tool.guardlint``.

    tomllib keeps no places; the table's header is the answer when a key is written some other way.
    """
    lines = text.splitlines()
    start = next((n for n, line in enumerate(lines) if re.match(r"\s*\[+\s*tool\.guardlint\b", line)), 0)
    place = Place.at(file, start + 1, 1, len(lines[start]) if lines else 1)
    for part in path:
        if not isinstance(part, str):
            continue
        key = re.compile(rf"(?:^\s*|[{{,]\s*|\.)[\"']?{re.escape(part)}[\"']?(?=\s*[=.\]])")
        for number in range(place.line - 1, len(lines)):
            found = key.search(lines[number])
            if found:
                column = found.end() - len(part) - (1 if lines[number][found.end() - 1] in "\"'" else 0)
                place = Place.at(file, number + 1, column + 1, len(part))
                break
    return place


def _meets(version: str, specifier: str) -> bool:
    have = _numbers(version)
    for clause in specifier.split(","):
        match = re.fullmatch(r"\s*(==|!=|>=|<=|>|<|~=)\s*([\d.]+)\s*", clause)
        assert match is not None  # the schema has seen to its form
        operator, want = match.group(1), _numbers(match.group(2))
        if operator == "~=":
            series = len(match.group(2).split(".")) - 1
            if not (have >= want and have[:series] == want[:series]):
                return False
        elif not _COMPARE[operator](have, want):
            return False
    return True


def _numbers(version: str) -> tuple[int, ...]:
    """``1.2`` and ``1.2.0`` are one version; what follows the numbers (``.dev1``) does not count."""
    numbers = [int(part) for part in re.match(r"\d+(?:\.\d+)*", version)[0].split(".")]  # type: ignore[index]
    return (*numbers, 0, 0, 0)[: max(4, len(numbers))]


_COMPARE = {
    "==": lambda have, want: have == want,
    "!=": lambda have, want: have != want,
    ">=": lambda have, want: have >= want,
    "<=": lambda have, want: have <= want,
    ">": lambda have, want: have > want,
    "<": lambda have, want: have < want,
}
