"""Whose signature counts: a public key, a folder of them, or a ``trust.yml``.

A trust store lists the keys of the people who may release bundles.  To rotate, list the new key beside the
old one, sign with the new one from then on, and give the old one a last day (``not_after``) or, when it has
leaked, put its id under ``revoked``: that wins over every list of keys.  It also says which bundles of theirs
are meant for this place: of which applications, and from which revision on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import reduce
from pathlib import Path
from types import MappingProxyType
from typing import Any

from guardlint.bundle.keys import PublicKey, key_id, load_public, read_public
from guardlint.bundle.manifest import parse_time
from guardlint.bundle.schema import first_fault
from guardlint.errors import ConfigError, UsageError
from guardlint.source.files import read_text
from guardlint.source.yaml_file import YamlFile, YamlProblem, parse_yaml

__all__ = ["Trust", "TrustSource", "load_trust", "trusting"]

_MAX_TRUST_CHARACTERS = 1024 * 1024
_ENDINGS = (".pem", ".pub")
_NONE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Trust:
    """Keys by id, ids never to be trusted, the lowest revision accepted, and the last moment of some keys.

    ``applications`` are those whose bundles are accepted, None for any; ``revisions`` are the files in which
    the last revision is recorded (``guardlint.bundle.revisions``).
    """

    keys: Mapping[str, PublicKey]
    revoked: frozenset[str] = frozenset()
    minimum_revision: int = 0
    not_after: Mapping[str, datetime] = field(default_factory=lambda: _NONE)
    applications: frozenset[str] | None = None
    revisions: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        """Raise ConfigError for a key under an id that is not its own, or a time without a zone."""
        for identity, public in self.keys.items():
            if identity != key_id(public):
                raise ConfigError(f"key {key_id(public)} is listed under the id {identity!r}")
        if any(moment.tzinfo is None for moment in self.not_after.values()):
            raise ConfigError("the last moment of a key needs a time zone")


TrustSource = Trust | PublicKey | str | Path | Sequence[Trust | PublicKey | str | Path]


def trusting(*keys: PublicKey) -> Trust:
    """Trust in exactly these keys."""
    return Trust({key_id(public): public for public in keys})


def load_trust(source: TrustSource) -> Trust:
    """The trust that a PEM file, a ``trust.yml``, a folder of ``*.pem``, ``*.pub`` and one, or several give.

    Several add up: every key of each, revoked by any, the highest minimum revision, the earliest last moment,
    the applications that all of them name, every record of revisions.
    Raises ConfigError with the file (and line) when something cannot be read or no key is left, UsageError
    for what is none of these.
    """
    trust = _load(source)
    if not trust.keys:
        raise ConfigError("no trusted key is given", help="name a public key in PEM form, or a trust.yml")
    return trust


def _load(source: TrustSource) -> Trust:
    if isinstance(source, Trust):
        return source
    if isinstance(source, PublicKey):
        return trusting(source)
    if isinstance(source, str | Path):
        path = Path(source)
        return _folder(path) if path.is_dir() else _file(path)
    if not isinstance(source, Iterable):
        raise UsageError(
            f"no key can be read from {type(source).__name__}: nobody's signature counts",
            help="name a public key in PEM form, a folder of them or a trust.yml",
        )
    return reduce(_added, (_load(part) for part in source), Trust({}))


def _added(one: Trust, other: Trust) -> Trust:
    last = dict(one.not_after)
    for identity, moment in other.not_after.items():
        last[identity] = min(moment, last.get(identity, moment))
    return Trust(
        {**one.keys, **other.keys},
        one.revoked | other.revoked,
        max(one.minimum_revision, other.minimum_revision),
        last,
        _both(one.applications, other.applications),
        tuple(dict.fromkeys((*one.revisions, *other.revisions))),
    )


def _both(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    if one is None or other is None:
        return other if one is None else one
    return one & other


def _folder(folder: Path) -> Trust:
    try:
        files = sorted(
            path for path in folder.iterdir() if path.suffix in _ENDINGS or path.name == "trust.yml"
        )
    except OSError as error:
        raise ConfigError(f"cannot read the folder: {error.strerror}", place=str(folder)) from None
    if not files:
        raise ConfigError("folder holds no *.pem, no *.pub and no trust.yml", place=str(folder))
    return reduce(_added, map(_file, files), Trust({}))


def _file(path: Path) -> Trust:
    if path.suffix not in (".yml", ".yaml"):
        return trusting(read_public(path, environ={}))
    try:
        text = read_text(path)
    except OSError as error:
        raise ConfigError(f"cannot read: {error.strerror}", place=str(path)) from None
    except UnicodeDecodeError:
        raise ConfigError("it is not UTF-8 text", place=str(path), help="save it as UTF-8") from None
    if len(text) > _MAX_TRUST_CHARACTERS:
        raise ConfigError(f"trust store is longer than {_MAX_TRUST_CHARACTERS} characters", place=str(path))
    return _document(text, path)


def _document(text: str, path: Path) -> Trust:
    try:
        source = parse_yaml(text, str(path))
    except YamlProblem as problem:
        raise ConfigError(problem.message, place=str(problem.place)) from None
    for twice, place, _ in source.duplicates():
        raise ConfigError(
            f"the key '{twice[-1]}' stands twice in one mapping", place=str(place), help="keep one"
        )
    data = _with_text_dates(source)
    fault = first_fault("trust", data)
    if fault is not None:
        where, at_key, message, mend = fault
        raise ConfigError(message, place=str(source.place(where, key=at_key)), help=mend)
    keys: dict[str, PublicKey] = {}
    last: dict[str, datetime] = {}
    for index, entry in enumerate(data["keys"]):
        here = str(source.place(("keys", index)))
        public = _public(entry, path, here)
        identity = key_id(public)
        if entry.get("id", identity) != identity:
            at_id = str(source.place(("keys", index, "id")))
            raise ConfigError("id is not that of the key", place=at_id, help=f"the key has the id {identity}")
        if identity in keys:
            raise ConfigError("the same key is listed twice", place=here, help="keep one")
        keys[identity] = public
        if "not_after" in entry:
            try:
                last[identity] = _last_moment(entry["not_after"])
            except ValueError:
                at_date = str(source.place(("keys", index, "not_after")))
                raise ConfigError("not_after is no date of the calendar", place=at_date) from None
    return Trust(
        keys,
        frozenset(data.get("revoked", ())),
        int(data.get("minimum_revision", 0)),
        last,
        frozenset(data["applications"]) if "applications" in data else None,
        (path.parent / data["revisions"],) if "revisions" in data else (),
    )


def _public(entry: Mapping[str, str], path: Path, place: str) -> PublicKey:
    if "public_key" in entry:
        return load_public(entry["public_key"].encode("utf-8"), place=place)
    return read_public(path.parent / entry["file"], environ={})


def _last_moment(text: str) -> datetime:
    if len(text) == len("2026-12-31"):
        return datetime.combine(date.fromisoformat(text), time.max, UTC)
    return parse_time(text)


def _with_text_dates(source: YamlFile) -> Any:
    """The data with YAML's own dates, which JSON does not have, as the text that the schema speaks of."""

    def converted(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: converted(item) for key, item in value.items()}
        if isinstance(value, list):
            return [converted(item) for item in value]
        if isinstance(value, datetime) and value.utcoffset() == timedelta(0):
            return f"{value.replace(microsecond=0, tzinfo=None).isoformat()}Z"
        return value.isoformat() if isinstance(value, date) else value

    return converted(source.data)
