"""The NeMo version that a check speaks of: the team's pin, else the newest catalogue."""

from __future__ import annotations

import os
from pathlib import Path

from guardlint.lint.pins import allowed_in
from guardlint.lint.specifiers import Allowed, is_older
from guardlint.nemo.catalogue import known_versions, latest_version

__all__ = ["Folders", "is_older", "target_version"]


Folders = dict[str, tuple[list[Allowed], bool]]
"""By folder, what its files ask for, and whether it is the top of a git repository."""


def target_version(root: Path, read: Folders | None = None) -> str:
    """The version that the team's files ask for, looked for in ``root`` and the folders above it.

    An exact version in the nearest folder wins, or one above that the nearer requirements allow (the lock
    file of a workspace); else it is the newest known release that the nearest requirements allow. Without a
    version or any requirement it is the newest. The search ends at the top of the git repository.
    ``read`` keeps what folders say, for configurations that lie side by side.
    """
    read = {} if read is None else read
    required: list[Allowed] = []
    folder, last = str(root), None
    while folder != last:
        if folder not in read:
            is_top = os.path.exists(os.path.join(folder, ".git"))  # noqa: PTH110, PTH118
            read[folder] = list(allowed_in(folder)), is_top
        found, is_top = read[folder]
        for allowed in found:
            version = allowed.exact
            if version is not None and all(other.holds(version) for other in required):
                return version
        required = required or found
        if is_top:
            break
        folder, last = os.path.dirname(folder), folder  # noqa: PTH120
    return _newest_of(required)


def _newest_of(required: list[Allowed]) -> str:
    """The newest known release that all of the requirements allow, or some release of its series."""
    bounded = [allowed for allowed in required if allowed.clauses]
    for version in reversed(known_versions()):
        series = version.rpartition(".")[0]
        if all(allowed.reaches(series) for allowed in bounded):
            fits = all(allowed.holds(version) for allowed in bounded)
            return version if fits else series
    oldest = known_versions()[0]
    too_old = bounded and all(allowed.holds("0.0.1") for allowed in bounded)
    return oldest if too_old else latest_version()
