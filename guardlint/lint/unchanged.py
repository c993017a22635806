"""Which configurations a change leaves as they were, so that there is nothing to compare in them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from guardlint.lint.check import Target
from guardlint.nemo.imports import likely_search
from guardlint.source.lazy_pattern import lazy_pattern

__all__ = ["unchanged"]

_IMPORT = lazy_pattern(r"^[ \t]*import[ \t]+[\"']?([\w./-]+)", re.MULTILINE)
# Requirements bring in others from anywhere (`-r ../common.txt`).
_ANYWHERE = (".txt", ".in")
_BELOW = (("requirements",), (".github", "workflows"))


def unchanged(targets: Iterable[Target], changed: frozenset[str], top: Path) -> frozenset[Path]:
    """The directories of ``targets`` whose check says in both states the same.

    ``changed`` are the paths below ``top``, the repository, that differ in any way; a folder ends in ``/``
    and stands for all below it. A directory counts as changed where anything below it is, or anything that
    its check may read elsewhere: what lies in a folder above it, lists of requirements, and whatever it
    imports or links to.
    """
    paths = [PurePosixPath(name) for name in changed]
    if any(path.name.endswith(_ANYWHERE) for path in paths):
        return frozenset()
    touched = {str(above) for path in paths for above in (path, *path.parents)}
    near = {str(folder) for name in changed for folder in _read_from(name)}
    words = {part for path in paths for part in (*path.parts, path.stem)}
    found = set()
    for target in targets:
        root = target.root.resolve()
        if target.embedded is not None or not root.is_relative_to(top):
            continue
        name = PurePosixPath(root.relative_to(top).as_posix())
        above = {str(folder) for folder in name.parents}
        whole = any(str(folder) + "/" in changed for folder in (name, *name.parents))
        if str(name) in touched or str(name) == "." or whole or above & near:
            continue
        if not _reaches_out(root, words):
            found.add(root)
    return frozenset(found)


def _read_from(name: str) -> Iterator[PurePosixPath]:
    """The folders for whose configurations something counts that lies in none."""
    path = PurePosixPath(name)
    if not name.endswith("/") or path.name in (below[0] for below in _BELOW):
        yield path.parent
    for folders in _BELOW:
        if path.parts[-1 - len(folders) : -1] == folders:
            yield path.parents[len(folders)]


def _reaches_out(root: Path, words: set[str]) -> bool:
    """Whether a configuration links to, or imports, what is not NeMo's: what that changes is not known."""
    search = likely_search(root, os.environ.get("COLANGPATH", ""))
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = os.path.join(folder, name)  # noqa: PTH118 - asked for every file of a repository
            if os.path.islink(path):  # noqa: PTH114
                return True
            if not name.endswith((".co", ".yml", ".yaml")) or name in folders:
                continue
            try:
                with open(path, encoding="utf-8", errors="replace") as stream:  # noqa: PTH123
                    text = stream.read()
            except OSError:
                return True
            if "import_paths" in text:
                return True
            for found in _IMPORT.finditer(text):
                wanted = found[1].replace(".", "/").strip("/")
                if set(wanted.split("/")) & words or search.find(wanted) is not None:
                    return True
    return False
