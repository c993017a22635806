"""How NeMo makes one dictionary of many YAML files, with the origin of every value kept.

``_join_config`` concatenates some lists, merges some mappings, keeps the first of some values and replaces
the others whole; keys that it does not know are dropped, or go into ``custom_data`` when a file before had
one. Which key is joined how comes from the catalogue, where the generator found it by trying.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from guardlint.source.place import Place
from guardlint.source.record import record
from guardlint.source.yaml_file import DataPath, YamlFile

__all__ = ["Joined", "Replaced"]

_Found = tuple[YamlFile, DataPath]
_Origin = Callable[[DataPath], _Found | None]


@record
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
        if isinstance(file.data, dict):
            self._join(file.data, lambda path: (file, path))
            for key in file.data:
                if not any(key in keys for keys in self.joining.values() if isinstance(keys, list)):
                    self._rest(file, key)

    def join(self, other: Joined) -> None:
        """Join what an import comes to: NeMo joins its files with one another before."""
        self._join(other.raw, other.origin)
        if "custom_data" in other.raw:
            # What NeMo did not know stands in there, each key from a file of its own.
            self.origins.update(
                {path: found for path, found in other.origins.items() if path[0] == "custom_data"}
            )
        self.replaced += other.replaced
        self.dropped += other.dropped
        self.kept += other.kept

    def _join(self, data: dict[str, Any], origin: _Origin) -> None:
        for key in self.joining["concatenated"]:
            self._concatenate(data, key, origin)
        for key in self.joining["merged"]:
            self._merge(data, key, origin)
        for key in self.joining["union"]:
            self._union(data, key, origin)
        for key in self.joining["first"]:
            if self.raw.get(key):
                continue
            self.next_file(key)
            if key in data:
                self.raw[key] = data[key]
                self._set((key,), origin((key,)))
        for key in self.joining["replaced"]:
            if key in data:
                self._replace(data[key], key, origin((key,)))

    def _replace(self, value: Any, key: str, found: _Found | None) -> None:
        if (key,) in self.origins and found is not None:
            self.replaced.append(Replaced(key, self.origins[(key,)][0], found[0]))
        self.raw[key] = dict(value) if key == "custom_data" and isinstance(value, dict) else value
        for path in [path for path in self.origins if path[0] == key]:
            del self.origins[path]
        self._set((key,), found)

    def _set(self, path: DataPath, found: _Found | None) -> None:
        if found is not None:
            self.origins[path] = found

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

    def _concatenate(self, data: dict[str, Any], key: str, origin: _Origin) -> None:
        more = data.get(key)
        if not isinstance(more, list):
            return
        items = self.raw.setdefault(key, [])
        for index, item in enumerate(more):
            self._set((key, len(items)), origin((key, index)))
            items.append(item)
        if (key,) not in self.origins:
            self._set((key,), origin((key,)))

    def _merge(self, data: dict[str, Any], key: str, origin: _Origin) -> None:
        more = data.get(key)
        if not isinstance(more, dict):
            return
        section = self.raw.setdefault(key, {})
        for name, value in more.items():
            section[name] = value
            self._set((key, name), origin((key, name)))
        if (key,) not in self.origins:
            self._set((key,), origin((key,)))

    def _union(self, data: dict[str, Any], key: str, origin: _Origin) -> None:
        more = data.get(key)
        if not isinstance(more, list | str | dict):
            return
        items = self.raw.setdefault(key, [])
        # NeMo goes through whatever it is: a text letter by letter, a mapping by its keys.
        for index, item in enumerate(more):
            if item not in items:
                where = (key, index) if isinstance(more, list) else (key,)
                self._set((key, len(items)), origin(where))
                items.append(item)
        if (key,) not in self.origins:
            self._set((key,), origin((key,)))
