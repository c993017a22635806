"""How NeMo makes one dictionary of many YAML files, with the origin of every value kept.

``_join_config`` concatenates some lists, merges some mappings, keeps the first of some values and replaces
the others whole; keys that it does not know are dropped, or go into ``custom_data`` when a file before had
one. Which key is joined how comes from the catalogue, where the generator found it by trying.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from guardlint.source.place import Place
from guardlint.source.yaml_file import DataPath, YamlFile

__all__ = ["Joined", "Replaced"]


@dataclass(frozen=True, slots=True)
class Replaced:
    """A section of an earlier file that a later file took the place of."""

    key: str
    lost: YamlFile
    kept: YamlFile


@dataclass(slots=True)
class Joined:
    """The joined dictionary and, for every value, the file and path that it came from."""

    joining: dict[str, list[str]]
    raw: dict[str, Any] = field(default_factory=dict)
    origins: dict[DataPath, tuple[YamlFile, DataPath]] = field(default_factory=dict)
    replaced: list[Replaced] = field(default_factory=list)
    dropped: list[tuple[YamlFile, str]] = field(default_factory=list)
    kept: list[tuple[YamlFile, str]] = field(default_factory=list)

    def add(self, file: YamlFile) -> None:
        """Join the next file in walk order; sections of the wrong shape are left out."""
        if not isinstance(file.data, dict):
            return
        known: set[str] = set()
        for key in self.joining["concatenated"]:
            known.add(key)
            self._concatenate(file, key)
        for key in self.joining["merged"]:
            known.add(key)
            self._merge(file, key)
        for key in self.joining["union"]:
            known.add(key)
            self._union(file, key)
        for key in self.joining["first"]:
            known.add(key)
            if self.raw.get(key):
                continue
            self.next_file(key)
            if key in file.data:
                self.raw[key] = file.data[key]
                self.origins[(key,)] = (file, (key,))
        for key in self.joining["replaced"]:
            known.add(key)
            if key in file.data:
                if (key,) in self.origins:
                    self.replaced.append(Replaced(key, self.origins[(key,)][0], file))
                value = file.data[key]
                self.raw[key] = dict(value) if key == "custom_data" and isinstance(value, dict) else value
                self.origins[(key,)] = (file, (key,))
        for key in file.data:
            if key not in known:
                self._rest(file, key)

    def next_file(self, *keys: str) -> None:
        """Forget empty values of the keys of which NeMo keeps the first, as it does at every file."""
        for key in keys or self.joining["first"]:
            if not self.raw.get(key):
                self.forget(key)

    def forget(self, key: str) -> None:
        """Take a key out, as if nobody had written it."""
        self.raw.pop(key, None)
        self.origins.pop((key,), None)

    def origin(self, path: DataPath) -> tuple[YamlFile, DataPath] | None:
        """The file that the value at ``path`` came from, and its path there."""
        for length in range(len(path), 0, -1):
            found = self.origins.get(path[:length])
            if found is not None:
                return found[0], (*found[1], *path[length:])
        return None

    def place(self, path: DataPath, *, key: bool = False) -> Place | None:
        """Where the value at ``path`` of the effective configuration was written."""
        found = self.origin(path)
        return found[0].place(found[1], key=key) if found else None

    def _rest(self, file: YamlFile, key: str) -> None:
        """A key that NeMo does not know goes into ``custom_data`` where there is one by now."""
        own = self.raw.get("custom_data")
        if not isinstance(own, dict):
            self.dropped.append((file, key))
            return
        self.kept.append((file, key))
        if key not in own:
            own[key] = file.data[key]
            self.origins[("custom_data", key)] = (file, (key,))

    def _concatenate(self, file: YamlFile, key: str) -> None:
        more = file.data.get(key)
        if not isinstance(more, list):
            return
        items = self.raw.setdefault(key, [])
        for index, item in enumerate(more):
            self.origins[(key, len(items))] = (file, (key, index))
            items.append(item)
        self.origins.setdefault((key,), (file, (key,)))

    def _merge(self, file: YamlFile, key: str) -> None:
        more = file.data.get(key)
        if not isinstance(more, dict):
            return
        section = self.raw.setdefault(key, {})
        for name, value in more.items():
            section[name] = value
            self.origins[(key, name)] = (file, (key, name))
        self.origins.setdefault((key,), (file, (key,)))

    def _union(self, file: YamlFile, key: str) -> None:
        more = file.data.get(key)
        if not isinstance(more, list):
            return
        items = self.raw.setdefault(key, [])
        for index, item in enumerate(more):
            if item not in items:
                self.origins[(key, len(items))] = (file, (key, index))
                items.append(item)
        self.origins.setdefault((key,), (file, (key,)))
