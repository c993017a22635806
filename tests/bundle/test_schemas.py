"""The three schemas: valid themselves, strict everywhere, and agreeing with the code beside them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest
from jsonschema import Draft202012Validator

from guardlint.bundle.schema import first_fault
from guardlint.resources import resource_dir

KINDS = ("bundle-contents", "bundle-difference", "bundle-manifest", "plan", "revisions", "trust")


def schema(kind: str) -> dict[str, object]:
    return json.loads((resource_dir("schemas") / f"{kind}.json").read_text(encoding="utf-8"))


def nodes(value: object, path: str = "") -> Iterator[tuple[str, dict[str, object]]]:
    if isinstance(value, dict):
        yield path, value
    for key, item in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield from nodes(item, f"{path}/{key}")


@pytest.mark.parametrize("kind", KINDS)
def test_a_schema_is_one_of_2020_12(kind: str) -> None:
    """By the metaschema."""
    Draft202012Validator.check_schema(schema(kind))
    assert "https://json-schema.org/draft/2020-12/schema" == schema(kind)["$schema"]


@pytest.mark.parametrize("kind", KINDS)
def test_no_object_is_open(kind: str) -> None:
    """Every mapping says what else may stand in it; plan steps say it behind their ``if``."""
    open_objects = [
        path
        for path, node in nodes(schema(kind))
        if node.get("type") == "object" and "additionalProperties" not in node
    ]
    assert ([] if kind != "plan" else ["/$defs/steps/items"]) == open_objects


def test_the_end_of_a_pattern_is_the_end(workshop) -> None:
    """In Python ``$`` also matches before a line end; in JSON Schema it does not."""
    for key in ("name", "guardlint", "tier", "created"):
        whole = workshop.complete()
        assert first_fault("bundle-manifest", whole) is None
        fault = first_fault("bundle-manifest", {**whole, key: f"{whole[key]}\n"})
        assert (key,) == fault[0], key


def test_a_waiver_of_the_central_repository_fits(workshop) -> None:
    """With the fields of schemas/waiver.json, all of them."""
    item = schema("waiver")["properties"]["waivers"]["items"]
    ours = schema("bundle-manifest")["properties"]["waivers"]["items"]
    assert set(item["properties"]) == set(ours["properties"])
    assert set(item["required"]) == set(ours["required"])


def test_importing_the_package_imports_nothing() -> None:
    """Neither cryptography nor jsonschema nor YAML before one is needed."""
    script = (
        "import sys, guardlint.bundle\n"
        "assert not any(name.startswith('guardlint.bundle.') for name in sys.modules)\n"
        "import guardlint.bundle.verify, guardlint.bundle.seal\n"
        "print(sorted({'cryptography', 'jsonschema', 'nemoguardrails'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "[]\n" == done.stdout
