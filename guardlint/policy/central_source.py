"""Where a team's central repository comes from: a path, a git repository at a tag, or an archive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from guardlint.errors import ConfigError
from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.record import record

__all__ = ["SOURCE_KEYS", "CentralSource", "central_source"]

SOURCE_KEYS = ("path", "git", "tag", "archive", "key", "digest", "subfolder")

_SCHEME = lazy_pattern(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_SCP = lazy_pattern(r"[A-Za-z0-9_][A-Za-z0-9._-]*@[A-Za-z0-9][A-Za-z0-9.-]*:[^:]")
_HELPER = lazy_pattern(r"[A-Za-z0-9]+::")
_GIT_SCHEMES = ("https", "ssh", "file")


@record
class CentralSource:
    """``central`` of a team file: one of ``path``, ``git`` (with ``tag``) and ``archive``.

    An archive has a ``key`` whose signature counts, a ``digest``, or both. ``subfolder`` is the folder of the
    repository or archive that holds ``policies/`` and ``rails/``.
    """

    path: str | None = None
    git: str | None = None
    tag: str | None = None
    archive: str | None = None
    key: str | None = None
    digest: str | None = None
    subfolder: str | None = None

    @property
    def vendored(self) -> bool:
        """Whether ``guardlint update`` fetches it; a path is read where it is."""
        return self.path is None

    def data(self) -> dict[str, str]:
        """What was written, as the lock file repeats it."""
        return {name: value for name in SOURCE_KEYS if (value := getattr(self, name)) is not None}

    def __str__(self) -> str:
        where = self.path or (f"{self.git} at {self.tag}" if self.git else self.archive)
        return f"{where}, {self.subfolder}" if self.subfolder else str(where)


def central_source(data: Mapping[str, Any], place: str) -> CentralSource:
    """The source that ``data`` (which the schema accepts) names; ``place`` is where it stands.

    Raises ConfigError for what no schema can say: protocols that nobody can trust, keys in addresses.
    """
    source = CentralSource(**data)
    if source.path is not None and source.subfolder is not None:
        raise ConfigError("a path needs no `subfolder`", place=place, help="write it into the path")
    if source.archive is not None and source.key is None and source.digest is None:
        raise ConfigError(
            "an archive needs something to know it by",
            place=place,
            help="name the public `key` that signed it, or its `digest`",
        )
    if source.git is not None:
        _check_address(source.git, _GIT_SCHEMES, place, scp=True)
    if source.archive is not None:
        _check_address(source.archive, ("https",), place, scp=False)
    if ".." in (source.tag or ""):
        raise ConfigError(f"`{source.tag}` is no name of a tag", place=place)
    return source


def _check_address(address: str, allowed: tuple[str, ...], place: str, *, scp: bool) -> None:
    scheme = _SCHEME.match(address)
    if _HELPER.match(address) or (scheme is not None and scheme[1] not in allowed):
        raise ConfigError(
            f"`{address.partition(':')[0]}` is no protocol that can be trusted here",
            place=place,
            help=f"use {' or '.join(f'{name}://' for name in allowed)}",
        )
    if scheme is not None and scheme[1] == "https":
        host = address[scheme.end() :].partition("/")[0]
        if "@" in host:
            raise ConfigError(
                "the address holds a name or a password",
                place=place,
                help="take it out; git and the system have credential stores",
            )
    if scheme is None and ":" in address and not (scp and _SCP.match(address)):
        raise ConfigError(f"`{address}` is no address", place=place, help="write it with its protocol")
