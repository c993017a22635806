"""What NeMo's loader does with a key, found by loading: is it kept, how is it joined, may it be null."""

from __future__ import annotations

import ast
import copy
import inspect
import os
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from nemoguardrails import RailsConfig
from nemoguardrails.colang import parse_colang_file
from nemoguardrails.rails.llm import config as nemo_config

from tools.catalogue.keys import LONGEST_DEFAULT, Node, model_node

__all__ = ["joining", "key_table"]

# A value that loads and differs from the default, for keys whose validators want more than a type.
_PROBES: dict[str, Any] = {
    "models": [{"type": "main", "engine": "openai", "model": "m"}],
    "prompts": [{"task": "general", "content": "x"}],
    "flows": [{"id": "probe", "elements": []}],
    "colang_version": "2.x",
    "import_paths": [],
    "sensitive_data_detection": {"input": {"entities": ["PERSON"]}},
    "embedding_search_provider": {"name": "probe"},
}


def joining() -> dict[str, Any]:
    """How NeMo joins the files of one configuration, per top-level key.

    ``concatenated``, ``merged`` (per inner key, the later file wins), ``union``, ``replaced`` (as a whole by
    the later file) and ``first`` (the first file that gives a truthy value); ``rest`` says where any other
    key goes if that place exists already, else it is dropped.
    """
    table: dict[str, Any] = {kind: [] for kind in ("concatenated", "merged", "union", "replaced", "first")}
    for key in _loader_keys():
        kind = _joined_how(key)
        if kind is not None:
            table[kind].append(key)
    table["rest"] = _rest()
    return table


def key_table() -> Node:
    """The node of a whole configuration file, corrected by what loading one really does."""
    table = model_node(RailsConfig)
    keys: dict[str, Node] = table["keys"]
    keys["colang_version"]["values"] = _colang_versions()
    for key in _loader_keys():
        keys.setdefault(key, {"type": "any"})
    joined: dict[str, Any] = {}
    nemo_config._join_config(joined, {})
    for key, value in joined.items():
        # What joining supplies is what an absent key means, so nothing at the top is required.
        if keys[key].pop("required", False) and len(repr(value)) <= LONGEST_DEFAULT:
            keys[key]["default"] = value
    with tempfile.TemporaryDirectory() as folder:
        prober = _Prober(Path(folder))
        for key in sorted(keys):
            if not prober.has_effect(key, _PROBES.get(key, _sample(keys[key]))):
                keys[key] = {"type": "any", "dropped": True}
        for path, node in _mapping_paths(table):
            prober.correct_null(path, node)
    return table


def _colang_versions() -> list[str]:
    """The versions that the parser accepts, among the texts that its function mentions."""
    accepted = []
    for word in sorted(_strings(parse_colang_file)):
        try:
            parse_colang_file("probe.co", "", version=word)
        except ValueError as problem:
            if "version" not in str(problem):
                raise
            continue
        accepted.append(word)
    return accepted


def _loader_keys() -> list[str]:
    """Every key name that the joining function mentions or that the configuration model has."""
    words = {word for word in _strings(nemo_config._join_config) if word.isidentifier()}
    return sorted(words | set(RailsConfig.model_fields))


def _strings(function: Any) -> set[str]:
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def _joined_how(key: str) -> str | None:
    """The kind of joining, told apart by joining two lists and, where lists are refused, two mappings."""
    outcomes = {
        ("a", "b", "b", "c"): "concatenated",
        ("a", "b", "c"): "union",
        ("b", "c"): "replaced",
        ("a", "b"): "first",
    }
    joined = {key: ["a", "b"]}
    try:
        nemo_config._join_config(joined, {key: ["b", "c"]})
    except TypeError:
        mapping: dict[str, Any] = {key: {"x": 1, "y": 1}}
        nemo_config._join_config(mapping, {key: {"y": 2, "z": 2}})
        return "merged" if mapping[key] == {"x": 1, "y": 2, "z": 2} else None
    kind = outcomes[tuple(joined[key])]
    fresh: dict[str, Any] = {}
    nemo_config._join_config(fresh, {key: ["a"]})
    return kind if fresh.get(key) == ["a"] else None


def _rest() -> str | None:
    """The key that collects unknown keys once it exists (``custom_data``)."""
    unknown = "a key that NeMo does not know"
    for key in _loader_keys():
        joined: dict[str, Any] = {}
        try:
            nemo_config._join_config(joined, {key: {}, unknown: 1})
        except TypeError:
            continue
        if isinstance(joined.get(key), dict) and unknown in joined[key]:
            return key
    return None


def _sample(node: Node) -> Any:
    """A value of a node's type that differs from the default."""
    if node["type"] == "list":
        return [_sample(node["items"])]
    if node["type"] == "mapping":
        keys: dict[str, Node] = node["keys"]
        wanted = {name: child for name, child in keys.items() if child.get("required")}
        wanted = wanted or dict(list(keys.items())[:1])
        return {name: _sample(child) for name, child in wanted.items()} or {"probe": _sample_entry(node)}
    if node["type"] != "scalar":
        return {"probe": 1}
    others = [value for value in node.get("values", []) if value != node.get("default")]
    if others:
        return others[0]
    return {"str": "probe", "int": 7, "float": 0.25, "bool": not node.get("default")}[node["scalar"]]


def _sample_entry(node: Node) -> Any:
    return _sample(node["entries"]) if "entries" in node else 1


def _mapping_paths(node: Node, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Node]]:
    """Every key that is reached through mappings alone."""
    for name, child in node.get("keys", {}).items():
        yield (*path, name), child
        yield from _mapping_paths(child, (*path, name))


class _Prober:
    """Loads small configurations from one folder, so that their dumps can be compared."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._plain = self._load({})

    def has_effect(self, key: str, value: Any) -> bool:
        """Whether a top-level key in a file changes what NeMo loads."""
        loaded = self._load({key: value})
        if loaded is None:
            raise ValueError(f"the probe for {key} does not load")
        # An import path is listed even when it is one that NeMo would import anyway.
        return loaded != self._plain or (key == "import_paths" and self._load({key: ["no such"]}) is None)

    def correct_null(self, path: tuple[str, ...], node: Node) -> None:
        """Set or remove ``nullable`` by loading; left alone where the parent cannot stand by itself."""
        if node.get("dropped") or self._load(_nested(path[:-1], {})) is None:
            return
        node.pop("nullable", None)
        if self._load(_nested(path, None)) is not None:
            node["nullable"] = True

    def _load(self, data: dict[str, Any]) -> dict[str, Any] | None:
        (self._folder / "config.yml").write_text(yaml.safe_dump(copy.deepcopy(data)), encoding="utf-8")
        try:
            loaded = RailsConfig.from_path(os.fspath(self._folder))
        except Exception:  # noqa: BLE001 - NeMo refuses with TypeError, AttributeError, its own and pydantic's
            return None
        dumped: dict[str, Any] = loaded.model_dump(mode="json")
        return dumped


def _nested(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    for name in reversed(path):
        value = {name: value}
    result: dict[str, Any] = value
    return result
