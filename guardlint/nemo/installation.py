"""What the files around a configuration say about the packages that are installed with NeMo.

Requirements, project, lock and image files of the configuration's folder and those above it, up to the top of
the repository. Nothing is run, and a file that cannot be read says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from guardlint.source.files import shown_path
from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.listing import is_like, names_like
from guardlint.source.place import Place
from guardlint.source.record import record

__all__ = ["Installation", "Requirement", "forget_folders", "installation_of"]

_NAMES = (
    "requirements*.txt",
    "requirements*.in",
    "requirements/*.txt",
    "constraints*.txt",
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "Pipfile",
    "Pipfile.lock",
    "*.lock",
    "pylock.toml",
    "environment*.y*ml",
    "*ockerfile*",
    "Containerfile*",
    "Makefile",
    "*.sh",
    "*.md",
    ".python-version",
    "runtime.txt",
    ".github/workflows/*.y*ml",
)
_IMAGES = ("dockerfile", "containerfile")
_REQUIREMENT = lazy_pattern(
    r"""(?:^[ \t"'\-]*|["'])(?P<name>nemoguardrails)(?![\w.-])[ \t]*"""
    r"""(?:\[(?P<extras>[^\]]*)\])?(?P<rest>[^\n]*)""",
    re.IGNORECASE | re.MULTILINE,
)
_LISTS = lazy_pattern(r"requirements.*\.(?:txt|in)|pyproject\.toml", re.IGNORECASE)
# Without a repository around it a configuration lies in its application's folder, or one below.
_DEEPEST = 2
_LARGEST = 2_000_000


@record
class Requirement:
    """One line that asks for NeMo, with the extras that it names."""

    place: Place
    extras: frozenset[str]


@record
class Installation:
    """The files that were found: their paths and texts, the nearest folder first."""

    texts: tuple[tuple[Path, str], ...]

    def mentions(self, *words: str) -> bool:
        """Whether any file names one of the words, in any case."""
        return any(word in text.lower() for _, text in self.texts for word in words)

    def requirements(self) -> tuple[Requirement, ...]:
        """The lines that ask for NeMo in requirements and project files."""
        found = []
        for path, text in self.texts:
            if not _LISTS.fullmatch(path.name) and path.parent.name != "requirements":
                continue
            for match in _REQUIREMENT.finditer(text):
                if "{" in match["rest"]:  # a table of poetry or of uv says more than its first line
                    extras = frozenset(re.findall(r"[\"'](\w+)[\"']", match["rest"]))
                else:
                    names = (match["extras"] or "").split(",")
                    extras = frozenset(name.strip().lower() for name in names if name.strip())
                before = text[: match.start("name")]
                if re.search(r"\bname\s*=\s*[\"']$", before):
                    continue  # NeMo's own project file
                line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
                width = len(match["name"])
                found.append(Requirement(Place.at(shown_path(path), line, column, width), extras))
        return tuple(found)

    def images(self) -> Iterator[tuple[Path, str]]:
        """The image files."""
        for path, text in self.texts:
            if any(name in path.name.lower() for name in _IMAGES):
                yield path, text


def installation_of(root: Path) -> Installation:
    """Read the files around the configuration at ``root``, a directory or a file."""
    texts: dict[Path, str] = {}
    folder = root if root.is_dir() else root.parent
    folders = [folder, *folder.parents]
    top = next((level for level, above in enumerate(folders) if (above / ".git").exists()), _DEEPEST)
    for above in folders[: top + 1]:
        for path, text in _texts_in(above):
            texts.setdefault(path, text)
    return Installation(tuple(texts.items()))


def forget_folders() -> None:
    """Read every folder anew: at the begin of a run, in which configurations side by side share theirs."""
    _texts_in.cache_clear()


@lru_cache(maxsize=32)
def _texts_in(folder: Path) -> tuple[tuple[Path, str], ...]:
    """The files of one folder that say how NeMo is installed, with their texts."""
    names = {"": names_like(folder, *(pattern for pattern in _NAMES if "/" not in pattern))}
    found: dict[Path, str] = {}
    for pattern in _NAMES:
        below, _, last = pattern.rpartition("/")
        if below not in names:
            names[below] = names_like(folder / below, last)
        for name in names[below]:
            path = folder / below / name
            if path not in found and is_like(name, last):
                text = _text(path)
                if text:
                    found[path] = text
    return tuple(found.items())


def _text(path: Path) -> str:
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            return ""
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return ""
