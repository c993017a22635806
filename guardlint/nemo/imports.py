"""What ``import_paths`` and ``import`` bring in: modules of NeMo's library, or files that lie elsewhere.

NeMo looks for a path where the application runs, then in the folders of the environment variable COLANGPATH
(there also with ``.co`` added), then in its own library (``rails/llm/config.py``, ``_load_imported_paths``).
A folder is walked like a configuration, a ``.co`` file is read, any other file brings nothing. ``import`` in
a Colang 1.0 file is parsed and forgotten.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from guardlint.source.colang import Import
from guardlint.source.record import record

__all__ = [
    "Imported",
    "Search",
    "dotted",
    "foreign_imports",
    "imported_modules",
    "likely_search",
    "written_path",
]


@record
class Search:
    """Where imports are looked for: the folders in which the application may run, and COLANGPATH."""

    working: tuple[Path, ...] = ()
    colang_path: tuple[Path, ...] = ()

    def find(self, name: str) -> Path | None:
        """The folder or file that NeMo would take for ``name``; None where there is none."""
        for here in self.working:
            if (here / name).exists():
                return here / name
            for folder in self.colang_path:
                for candidate in (here / folder / name, here / folder / f"{name}.co"):
                    if candidate.exists() and not candidate.name.endswith(".co.co"):
                        return candidate
        return None


@record
class Imported:
    """One import of something that is not NeMo's: ``found`` is None where guardlint does not find it."""

    name: str
    found: Path | None


def likely_search(root: Path, colang_path: str) -> Search:
    """Where an application that uses ``root`` runs: at the top of its repository, or in a folder on the way.

    NeMo takes the working directory, which is the application's and not guardlint's. Outside a repository
    the configuration's folder and the one that holds it are tried. ``colang_path``: COLANGPATH's value.
    """
    absolute = Path(os.path.abspath(root))  # noqa: PTH100 - links stay as the application sees them
    above = [absolute, *absolute.parents]
    top = next((index for index, folder in enumerate(above) if (folder / ".git").exists()), 1)
    folders = [part.strip() for part in colang_path.split(os.pathsep)]
    return Search(tuple(reversed(above[: top + 1])), tuple(Path(part) for part in folders if part))


def written_path(item: Import) -> str:
    """What NeMo makes of ``import a.b`` (``a/b``) and ``import "a/b.co"``, whose quotes it keeps."""
    return f'"{item.name}"' if item.is_path else item.name.replace(".", "/")


def dotted(name: str) -> str:
    """A path as the catalogue names modules."""
    return name.removesuffix(".co").replace("/", ".")


def imported_modules(names: Iterable[str], modules: Mapping[str, Any]) -> frozenset[str]:
    """The library's modules among ``names``, with those that they import; a folder brings all below it."""
    found: set[str] = set()
    wanted = list(names)
    while wanted:
        name = wanted.pop()
        new = {item for item in modules if item == name or item.startswith(f"{name}.")} - found
        found |= new
        wanted.extend(inner for item in new for inner in modules[item]["imports"])
    return frozenset(found)


def foreign_imports(names: Sequence[str], modules: Mapping[str, Any]) -> tuple[str, ...]:
    """The names that are not the library's."""
    return tuple(
        name
        for name in names
        if not dotted(name).startswith("nemoguardrails.")
        and not any(item == dotted(name) or item.startswith(f"{dotted(name)}.") for item in modules)
    )
