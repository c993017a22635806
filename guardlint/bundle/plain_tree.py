"""What a configuration's directory may hold at all, asked before anything that it names is read.

Who writes the directory does not run the compiler: a link can lead to a key that lies where bundles are
signed, a pipe or a device never ends, and with a link or an import of ``/`` the walk of one directory is a
walk of everything.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from guardlint.bundle.container import MAX_ARCHIVE_BYTES, MAX_FILES
from guardlint.errors import BundleError
from guardlint.nemo.catalogue import latest_version, load_catalogue
from guardlint.nemo.configuration import assemble
from guardlint.nemo.file_reading import text_of_file
from guardlint.nemo.imports import foreign_imports, likely_search
from guardlint.nemo.walk import walk
from guardlint.source.files import shown_path

__all__ = ["refuse_imports", "refuse_odd_files"]

_HELP = "copy what is imported into the directory"


def refuse_odd_files(root: Path) -> None:
    """Raises BundleError for links out of ``root``, pipes, devices, and more than a bundle holds."""
    top = os.path.realpath(root)
    inside = top.rstrip(os.sep) + os.sep
    # Folders reached by links inside are walked where they stand, so nothing is followed here.
    count = size = 0
    for folder, folders, files in os.walk(top):
        for name in [*folders, *files]:
            path = os.path.join(folder, name)  # noqa: PTH118 - thousands of names
            status = os.lstat(path)
            if stat.S_ISLNK(status.st_mode):
                real = os.path.realpath(path)
                if not real.startswith(inside) or f"{path}{os.sep}".startswith(f"{real}{os.sep}"):
                    raise BundleError(
                        "is a link that leads out of the configuration, or around in it",
                        place=_shown(path),
                        help="copy what it links to into the directory",
                    )
                continue
            if stat.S_ISDIR(status.st_mode):
                continue
            if not stat.S_ISREG(status.st_mode):
                raise BundleError("is no plain file, and a bundle carries nothing else", place=_shown(path))
            count, size = count + 1, size + status.st_size
            if count > MAX_FILES or size > MAX_ARCHIVE_BYTES:
                raise BundleError(
                    f"the directory is too large: at most {MAX_FILES} files and {MAX_ARCHIVE_BYTES} bytes "
                    "fit into a bundle",
                    place=_shown(top),
                    help="keep large files outside the configuration's directory",
                )


def refuse_imports(root: Path) -> None:
    """Raises BundleError for imports from outside ``root``; asks where they lead and reads none."""
    catalogue = load_catalogue(latest_version())
    alone = assemble(root, shown_path(root), catalogue, walk(root), text_of_file)
    if alone.value(("import_paths",)):
        raise BundleError(
            "`import_paths` reach outside the configuration, and a bundle carries its directory only",
            place=str(alone.place(("import_paths",), key=True)),
            help=_HELP,
        )
    search = likely_search(root, os.environ.get("COLANGPATH", ""))
    for name in foreign_imports(alone.import_names, catalogue.data["modules"]):
        found = search.find(name) if name.isprintable() else None
        if found is not None and not found.resolve().is_relative_to(root.resolve()):
            raise BundleError(
                f"`import {name}` reaches outside the configuration, and a bundle carries its directory only",
                place=_shown(str(root)),
                help=_HELP,
            )


def _shown(path: str) -> str:
    """A name as a terminal may show it: who wrote it may have put orders to the terminal into it."""
    return path if path.isprintable() else ascii(path)[1:-1]
