"""The generated facts about one NeMo version (``tools/generate_catalogue.py`` writes them).

There is one data file for each NeMo series: the newest is whole, each older one says what is different.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any

from guardlint.source.lazy_pattern import lazy_pattern

__all__ = [
    "DIRECTIONS",
    "Catalogue",
    "catalogued_version",
    "known_versions",
    "latest_version",
    "load_catalogue",
    "presidio_facts",
    "snake_case",
]

DIRECTIONS = ("input", "output", "retrieval", "tool_input", "tool_output")

_DATA = Path(__file__).parent / "data"
_RELEASE = lazy_pattern(r"(\d+)(?:\.(\d+))?")


@cache
def known_versions() -> tuple[str, ...]:
    """The NeMo release of each series that guardlint knows, the oldest first."""
    names = [name.removesuffix(".json") for name in os.listdir(_DATA) if name[0].isdecimal()]  # noqa: PTH208
    return tuple(sorted(names, key=_series))


def latest_version() -> str:
    """The newest NeMo version that guardlint knows."""
    return known_versions()[-1]


@lru_cache(maxsize=64)
def catalogued_version(version: str) -> str:
    """The known release that answers for ``version``: the one of its series.

    The oldest answers for what is older, the newest for what is newer and for what is no version.
    """
    wanted = _series(version)
    fitting = [known for known in known_versions() if _series(known) <= wanted]
    return fitting[-1] if fitting else known_versions()[0]


def _series(version: str) -> tuple[int, int]:
    found = _RELEASE.match(version.strip().removeprefix("v"))
    return (int(found[1]), int(found[2] or 0)) if found else _series(latest_version())


@dataclass(frozen=True)
class Catalogue:
    """Look-ups in the facts about one release; ``data`` is in the form of the whole file."""

    data: dict[str, Any]

    @property
    def nemo(self) -> str:
        """The NeMo version that the facts are of."""
        return str(self.data["nemo"])

    @cached_property
    def _surfaces(self) -> dict[tuple[str, str], dict[str, Any]]:
        return {(entry["direction"], entry["flow"]): entry for entry in self.data["surfaces"]}

    def surface(self, direction: str, flow: str) -> dict[str, Any] | None:
        """The library rail ``flow`` in ``direction``, or None."""
        return self._surfaces.get((direction, flow))

    @cached_property
    def _directions(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for direction, name in self._surfaces:
            found.setdefault(name, []).append(direction)
        return found

    def directions_of(self, flow: str) -> list[str]:
        """The directions in which the library offers ``flow``."""
        return self._directions.get(flow, [])

    @cached_property
    def surface_of_action(self) -> dict[str, dict[str, Any]]:
        """The first library rail of each action."""
        found: dict[str, dict[str, Any]] = {}
        for entry in self.data["surfaces"]:
            found.setdefault(entry["action"], entry)
        return found

    @cached_property
    def tasks_of_action(self) -> dict[str, dict[str, dict[str, Any]]]:
        """The prompt tasks with their facts, by the action that asks them in NeMo's spelling."""
        found: dict[str, dict[str, dict[str, Any]]] = {}
        for task, facts in self.data["tasks"].items():
            found.setdefault(snake_case(str(facts["action"])), {})[task] = facts
        return found

    @cached_property
    def builtin_prompts(self) -> dict[str, list[tuple[str, dict[str, Any]]]]:
        """NeMo's own prompts by task, each with its file."""
        found: dict[str, list[tuple[str, dict[str, Any]]]] = {}
        for file, rows in self.data["builtin_prompts"].items():
            for row in rows:
                found.setdefault(row["task"], []).append((file, row))
        return found

    def flows(self, version: str) -> dict[str, dict[str, Any]]:
        """Library and system flows of a Colang version by name."""
        found: dict[str, dict[str, Any]] = self.data["flows"].get(version, {})
        return found

    def messages(self, version: str) -> dict[str, list[str]]:
        """Bot messages that the library defines."""
        found: dict[str, list[str]] = self.data["bot_messages"].get(version, {})
        return found

    def action(self, name: str) -> dict[str, Any] | None:
        """A built-in action by either spelling (``self_check_input``, ``SelfCheckInputAction``)."""
        actions: dict[str, dict[str, Any]] = self.data["actions"]
        return actions.get(name) or actions.get(snake_case(name))

    def task(self, task: str) -> dict[str, Any] | None:
        """The facts of a prompt task; ``… $model=x`` and ``… $variant=x`` answer for their base task."""
        tasks: dict[str, dict[str, Any]] = self.data["tasks"]
        if task in tasks:
            return tasks[task]
        base = task.split("=", 1)[0] if "$" in task else task
        return tasks.get(base) or tasks.get(base.split(" $", 1)[0])

    def key(self, path: tuple[str | int, ...]) -> dict[str, Any] | None:
        """The node of the key table at ``path`` (list indexes stand for any item), or None."""
        node: dict[str, Any] | None = self.data["keys"]
        for part in path:
            if node is None:
                return None
            if isinstance(part, int):
                node = node.get("items")
            else:
                node = node.get("keys", {}).get(part) or node.get("entries")
        return node

    def default(self, path: tuple[str | int, ...]) -> Any:
        """NeMo's default at ``path``, or None."""
        node = self.key(path)
        return node.get("default") if node else None


@lru_cache(maxsize=4096)
def snake_case(name: str) -> str:
    """``SelfCheckInputAction`` → ``self_check_input``, as NeMo's action dispatcher normalises names."""
    if name.endswith("Action"):
        name = name.replace("Action", "")
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()


def load_catalogue(version: str | None = None) -> Catalogue:
    """The catalogue that answers for a version (``catalogued_version``); the newest where none is given."""
    return _load(latest_version() if version is None else catalogued_version(version))


@cache
def _load(version: str) -> Catalogue:
    data: dict[str, Any] = json.loads((_DATA / f"{version}.json").read_bytes())
    if version == latest_version():
        return Catalogue(data)
    from guardlint.nemo.differences import apply_difference

    whole = apply_difference(_load(data["newer"]).data, data["changes"])
    return Catalogue({**whole, "nemo": data["nemo"], "series": data["series"]})


@cache
def presidio_facts() -> dict[str, Any]:
    """The entities that Presidio's default registry serves."""
    name = min(name for name in os.listdir(_DATA) if name.startswith("presidio-"))  # noqa: PTH208
    found: dict[str, Any] = json.loads((_DATA / name).read_bytes())
    return found
