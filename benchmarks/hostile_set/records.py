"""What the parts of the benchmark hand to each other."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

__all__ = ["Case", "Link", "Pipe", "Team", "Trick", "write"]


@dataclass(frozen=True, slots=True)
class Link:
    """A symbolic link in a team's directory."""

    target: str


@dataclass(frozen=True, slots=True)
class Pipe:
    """A named pipe in a team's directory: opening it for reading waits for ever."""


Content = bytes | Link | Pipe


@dataclass(slots=True)
class Team:
    """A team's directory while tricks are put into it. ``words`` are the base's (see fault_set)."""

    files: dict[str, Content]
    words: Mapping[str, str] = field(default_factory=dict)

    def put(self, path: str, content: str | Content) -> None:
        """Write a file, or a longer one where it exists already and both are text."""
        data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
        here = self.files.get(path)
        self.files[path] = (
            here + b"\n" + data if isinstance(here, bytes) and isinstance(data, bytes) else data
        )

    @property
    def config(self) -> str:
        """The path of the main YAML file."""
        return next(name for name in ("config.yml", "config.yaml") if name in self.files)

    def change(self, edit: Callable[[dict[str, Any]], None]) -> None:
        """Edit the main YAML file as data; where a trick before made it unreadable, leave it."""
        here = self.files[self.config]
        try:
            data = yaml.load(here, Loader=_Loader) if isinstance(here, bytes) else None
        except (yaml.YAMLError, UnicodeDecodeError, ValueError):
            return
        if isinstance(data, dict):
            edit(data)
            text = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True)
            self.files[self.config] = text.encode("utf-8", "surrogatepass")


Trick = Callable[[Team, random.Random], None]
"""Puts one trick into a team's directory; the dice choose among its variants."""


@dataclass(frozen=True, slots=True)
class Case:
    """One hostile configuration; ``number`` and the run's seed make it again."""

    number: int
    base: str
    tricks: tuple[str, ...]
    files: Mapping[str, Content]


def write(root: Path, files: Mapping[str, Content]) -> None:
    """Put a configuration on disk; what this file system cannot name is left out."""
    import os

    root.mkdir(parents=True)
    for name, content in files.items():
        path = root / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, Link):
                path.symlink_to(content.target)
            elif isinstance(content, Pipe):
                os.mkfifo(path)
            else:
                path.write_bytes(content)
        except (OSError, ValueError):
            continue
