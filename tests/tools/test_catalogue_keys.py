"""The key table says the same as the JSON Schema, and both say what NeMo does with a key."""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from guardlint.nemo.catalogue import known_versions, load_catalogue

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = json.loads((ROOT / "guardlint/nemo/data/0.24.1.json").read_text(encoding="utf-8"))
SCHEMA = json.loads((ROOT / "schemas/nemo/0.24.1.json").read_text(encoding="utf-8"))

SCALARS = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}
RENAMED = {
    "min": "minimum",
    "max": "maximum",
    "above": "exclusiveMinimum",
    "min_length": "minLength",
    "max_length": "maxLength",
    "pattern": "pattern",
    "default": "default",
    "deprecated": "deprecated",
    "suggested": "examples",
}


def differences(node: dict[str, Any], schema: Any, path: str = "$") -> Iterator[str]:
    """Every place at which a key table and a JSON Schema say different things."""
    if node.get("dropped"):
        if schema is not False:
            yield f"{path}: dropped but allowed"
        return
    for fact, name in RENAMED.items():
        if node.get(fact, ...) != schema.get(name, ...):
            yield f"{path}: {fact}"
    nullable = bool(node.get("nullable"))
    if node.get("values", []) != [value for value in schema.get("enum", []) if value is not None]:
        yield f"{path}: values"
    if node.get("secret", False) != schema.get("writeOnly", False):
        yield f"{path}: secret"
    if node["type"] == "union":
        options = [option for option in schema["anyOf"] if option != {"type": "null"}]
        if nullable != (len(options) < len(schema["anyOf"])) or len(options) != len(node["options"]):
            yield f"{path}: options"
        for index, pair in enumerate(zip(node["options"], options, strict=True)):
            yield from differences(*pair, f"{path}|{index}")
        return
    kind = {"mapping": "object", "list": "array", "scalar": SCALARS.get(node.get("scalar", "")), "any": None}
    expected = kind[node["type"]]
    if ([expected, "null"] if nullable and expected else expected) != schema.get("type"):
        yield f"{path}: type"
    if node["type"] == "list":
        yield from differences(node["items"], schema["items"], f"{path}[]")
    if node["type"] == "mapping":
        yield from mapping_differences(node, schema, path)


def mapping_differences(node: dict[str, Any], schema: dict[str, Any], path: str) -> Iterator[str]:
    properties = schema.get("properties", {})
    if set(node["keys"]) != set(properties):
        yield f"{path}: keys"
    required = sorted(name for name, child in node["keys"].items() if child.get("required"))
    if required != schema.get("required", []):
        yield f"{path}: required"
    others = schema["additionalProperties"]
    if "entries" in node:
        yield from differences(node["entries"], others, f"{path}.*")
    elif bool(node.get("open")) is not others:
        yield f"{path}: open"
    for name in set(node["keys"]) & set(properties):
        yield from differences(node["keys"][name], properties[name], f"{path}.{name}")


@pytest.mark.parametrize("version", known_versions())
def test_the_schema_is_valid_and_says_exactly_what_the_table_says(version: str) -> None:
    schema = json.loads((ROOT / f"schemas/nemo/{version}.json").read_text(encoding="utf-8"))

    jsonschema.Draft202012Validator.check_schema(schema)

    assert [] == list(differences(load_catalogue(version).data["keys"], schema))
    assert {"^x-": True} == schema["patternProperties"]
    assert f"urn:guardlint:nemo:{version}" == schema["$id"]


def test_the_walk_sees_a_difference() -> None:
    changed = json.loads(json.dumps(SCHEMA))
    del changed["properties"]["rails"]["properties"]["input"]["properties"]["flows"]
    changed["properties"]["tracing"]["properties"]["enabled"]["default"] = True

    expected = ["$.rails.input: keys", "$.tracing.enabled: default"]
    assert expected == sorted(differences(CATALOGUE["keys"], changed))


@pytest.fixture(scope="module")
def nemo() -> Any:
    """NeMo's configuration class, with telemetry off before anything of NeMo is imported."""
    os.environ.update(NEMO_GUARDRAILS_NO_USAGE_STATS="1", DO_NOT_TRACK="1")
    return importlib.import_module("nemoguardrails").RailsConfig


def mapping_paths(node: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, node
    for name, child in node["keys"].items():
        if child["type"] == "mapping":
            yield from mapping_paths(child, (*path, name))


def load(nemo: Any, folder: Path, path: tuple[str, ...], value: Any) -> dict[str, Any] | None:
    for name in reversed(path):
        value = {name: value}
    (folder / "config.yml").write_text(yaml.safe_dump(value), encoding="utf-8")
    try:
        loaded = nemo.from_path(str(folder))
    except Exception:  # noqa: BLE001 - NeMo refuses with errors of many kinds
        return None
    dumped: dict[str, Any] = loaded.model_dump(mode="json")
    return dumped


def test_an_unknown_key_is_kept_refused_or_lost_just_as_the_table_says(nemo: Any, tmp_path: Path) -> None:
    seen = {"kept": 0, "refused": 0, "lost": 0}
    for path, node in mapping_paths(CATALOGUE["keys"]):
        plain = load(nemo, tmp_path, path, {})
        if plain is None or "entries" in node:
            continue
        odd = load(nemo, tmp_path, path, {"no_such_key": 1})
        actual = "refused" if odd is None else "lost" if odd == plain else "kept"
        expected = "kept" if node.get("open") else "refused" if node.get("forbids_extra") else "lost"
        assert expected == actual, path
        seen[actual] += 1
    assert min(seen.values()) > 5, seen


@pytest.mark.parametrize("key", ["sensitive_data_detection", "embedding_search_provider", "config_path"])
def test_a_dropped_key_changes_nothing_that_nemo_loads(nemo: Any, tmp_path: Path, key: str) -> None:
    value = "x" if key == "config_path" else {"name": "x"}

    assert CATALOGUE["keys"]["keys"][key] == {"type": "any", "dropped": True}
    assert load(nemo, tmp_path, (), {}) == load(nemo, tmp_path, (key,), value)


def test_a_classifier_without_its_discriminator_is_refused(nemo: Any, tmp_path: Path) -> None:
    """The table calls ``engine`` required although one option has a default for it."""
    path = ("rails", "config", "hf_classifier", "toxicity")

    assert load(nemo, tmp_path, path, {"model": "m"}) is None
    assert load(nemo, tmp_path, path, {"model": "m", "engine": "local"}) is not None


def test_nulls_that_nemo_takes_and_nulls_that_crash_it() -> None:
    keys = CATALOGUE["keys"]["keys"]

    assert keys["passthrough"]["nullable"]
    assert not keys["prompts"].get("nullable"), "Optional in the model, but joining the files crashes"
    assert not keys["rails"]["keys"]["input"].get("nullable")


def test_joining_rules() -> None:
    joining = CATALOGUE["joining"]

    assert ["docs", "flows", "instructions", "models", "prompts"] == joining["concatenated"]
    assert ["bot_messages", "sensitive_data_detection", "user_messages"] == joining["merged"]
    assert ["import_paths"] == joining["union"]
    assert {"rails", "custom_data", "colang_version", "tracing"} < set(joining["replaced"])
    assert "custom_data" == joining["rest"]


def test_nemos_own_examples_have_no_fault_by_the_schema(nemo: Any) -> None:
    examples = Path(importlib.import_module("nemoguardrails").__file__ or "").parent / "examples"
    validator = jsonschema.Draft202012Validator(SCHEMA)
    files = [path for path in examples.rglob("*.yml") if load_directory(nemo, path.parent)]

    assert len(files) >= 3
    assert [] == [
        (path.name, error.message)
        for path in files
        for error in validator.iter_errors(yaml.safe_load(path.read_text(encoding="utf-8")))
    ]


def load_directory(nemo: Any, folder: Path) -> bool:
    return nemo.from_path(str(folder)) is not None
