"""A company's own spaCy model: which one, for which language, and the proof that it is that one.

Nothing is downloaded: the package is installed by whoever installs guardlint, found by its name and held
against the digest that the company wrote down when it approved the model.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from guardlint.errors import ConfigError
from guardlint.pii.model_labels import SERVED
from guardlint.source.record import record

__all__ = ["ModelSpec", "digest_of", "folder_of"]

_LANGUAGE: Final = re.compile(r"[a-z]{2,3}")
_PACKAGE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


@record
class ModelSpec:
    """A model that reads texts of ``language`` (two or three small letters, such as ``de``).

    ``package``: the name under which it is installed, such as ``de_core_news_md``. ``sha256``: what
    :func:`digest_of` says of its folder. ``labels``: the model's labels and the entities they stand for,
    where they differ from spaCy's usual ones.
    """

    language: str
    package: str
    sha256: str
    labels: tuple[tuple[str, str], ...] = ()

    def checked(self) -> ModelSpec:
        """This one.  Raises ConfigError when a part of it cannot be meant."""
        if not _LANGUAGE.fullmatch(self.language):
            raise ConfigError(
                f"the language {self.language!r} of a model is no language tag", help="write de"
            )
        if not _PACKAGE.fullmatch(self.package):
            raise ConfigError(f"the model for {self.language} names no package")
        if not _SHA256.fullmatch(self.sha256):
            raise ConfigError(
                f"the sha256 of the model {self.package} is not one",
                help=f"python -m guardlint.pii {self.package}",
            )
        for label, entity in self.labels:
            if entity not in SERVED:
                raise ConfigError(
                    f"the label {label} of {self.package} stands for {entity}, which no model finds",
                    help="one of " + ", ".join(sorted(SERVED)),
                )
        return self


def folder_of(package: str) -> Path | None:
    """Where the model of an installed package lies, without importing it; None when there is none."""
    spec = importlib.util.find_spec(package)
    for root in (spec.submodule_search_locations if spec else None) or ():
        for folder in (Path(root), *sorted(Path(root).glob(f"{package}-*"))):
            if (folder / "config.cfg").is_file():
                return folder
    return None


def digest_of(folder: Path) -> str:
    """The SHA-256 over every file of a model: names and digests, in order.  Raises OSError.

    Python files and their bytecode are left out: they are never run.
    """
    total = hashlib.sha256()
    for path in _files(folder):
        name = path.relative_to(folder).as_posix()
        total.update(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {name}\n".encode())
    return total.hexdigest()


def _files(folder: Path) -> Iterable[Path]:
    return sorted(
        (
            path
            for path in folder.rglob("*")
            if path.is_file() and path.suffix not in {".py", ".pyc"} and "__pycache__" not in path.parts
        ),
        key=lambda path: path.relative_to(folder).as_posix(),
    )
