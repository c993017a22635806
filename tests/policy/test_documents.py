"""Reading documents: what is shipped is valid, and a typo is told with its exact place."""

from __future__ import annotations

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from guardlint.errors import ConfigError
from guardlint.policy.central import Central
from guardlint.policy.documents import Kind, parse_document, read_document, schema_of
from guardlint.resources import central_dir

KINDS: tuple[Kind, ...] = (
    "policy",
    "rail",
    "prompts",
    "tiers",
    "team",
    "waiver",
    "rail-tests",
    "policy-tests",
)
SHIPPED: list[tuple[str, Kind]] = [
    ("policies/*/policy.yml", "policy"),
    ("policies/prices.yml", "prices"),
    ("policies/traffic.yml", "traffic"),
    ("policies/*/tests/*.yml", "policy-tests"),
    ("policies/tiers.yml", "tiers"),
    ("rails/*/rail.yml", "rail"),
    ("rails/*/prompts.yml", "prompts"),
    ("rails/*/tests.yml", "rail-tests"),
]

POLICY = """\
schema: guardlint/policy/v1
id: mine
version: 1.0.0
title: Mine
owner: me
description: Mine.
"""


@pytest.mark.parametrize("kind", KINDS)
def test_schema_is_a_schema(kind: Kind) -> None:
    """Every schema is valid JSON Schema 2020-12 and refuses unknown keys."""
    Draft202012Validator.check_schema(schema_of(kind))
    assert schema_of(kind)["additionalProperties"] is False
    assert f"https://guardlint.dev/schemas/{kind}.json" == schema_of(kind)["$id"]


@pytest.mark.parametrize(("pattern", "kind"), SHIPPED)
def test_shipped_documents_are_valid(pattern: str, kind: Kind) -> None:
    """Every document that guardlint ships is accepted by its schema."""
    found = sorted(central_dir().glob(pattern))
    assert found
    for path in found:
        read_document(path, kind)


def test_shipped_folders_are_complete() -> None:
    """Every policy and every rail has a README for its readers and tests next to it, and loads."""
    central = Central.open()
    for name in central.policies():
        assert (central.path / "policies" / name / "README.md").is_file()
        assert (central.path / "policies" / name / "tests" / "cases.yml").is_file()
        assert name == central.policy(name).id
    for name in central.rails():
        assert (central.path / "rails" / name / "README.md").is_file()
        assert (central.path / "rails" / name / "tests.yml").is_file()
        assert name == central.rail(name).id


RAILS = """rails:
  input:
    - rail: self-check@1
      reason: because
      controls: ["LLM01:2025"]
"""
SUBJECTS = "'rail', 'any_rail', 'order', 'setting', 'prompt', 'personal_data', 'nemo_version'"
REQUIRE = """require:
  - id: a-rail
    reason: because
    controls: ["LLM01:2025"]
    enforced_by: configuration
"""


@pytest.mark.parametrize(
    ("body", "place", "message", "help"),
    [
        ("tilte: x\n", "7:1", "unknown key 'tilte'", None),
        ("rail:\n  input: []\n", "7:1", "unknown key 'rail'", "did you mean 'rails'?"),
        ("runtime: {on_eror: block}\n", "7:11", "unknown key 'on_eror'", "did you mean 'on_error'?"),
        (
            "runtime: {on_error: blok}\n",
            "7:21",
            "'blok' is not one of 'block', 'pass'",
            "did you mean 'block'?",
        ),
        ("runtime: {timeout_seconds: soon}\n", "7:28", "'soon' is not a number", None),
        ("extends: [Base@1]\n", "7:11", "'Base@1' is not written as it must be", "an id and a major version"),
        (
            "extends: baseline@1\n",
            "7:10",
            "'baseline@1' is not a list",
            "the policies that this one tightens",
        ),
        ("severity: {unknown-key: fatal}\n", "7:25", "'fatal' is not one of", None),
        (
            "severity: {Unknown Key: error}\n",
            "7:12",
            "'Unknown Key' is not a name that may stand here",
            "kebab-case",
        ),
        (
            RAILS.replace("reason: because", "reasn: because"),
            "10:7",
            "unknown key 'reasn'",
            "did you mean 'reason'?",
        ),
        (RAILS.replace("      reason: because\n", ""), "9:7", "the key 'reason' is missing", None),
        (
            RAILS.replace("LLM01", "LLM11"),
            "11:18",
            "'LLM11:2025' is not written as it must be",
            "control identifier",
        ),
        (REQUIRE, "8:5", f"one of {SUBJECTS} is missing", None),
        (REQUIRE + "    rail: self check input\n", "12:5", "'rail' needs 'direction' beside it", None),
        (
            REQUIRE
            + "    rail: self check input\n    setting: core\n    direction: input\n    equals: true\n",
            "13:5",
            f"only one of {SUBJECTS} may stand here",
            "'rail' is given too",
        ),
        (
            REQUIRE.replace("configuration", "hope") + "    setting: passthrough\n    equals: true\n",
            "11:18",
            "'hope' is not one of 'configuration', 'bundle', 'runtime'",
            None,
        ),
        (
            "models: {judge: {engine: openai, model: m, parameters: {api_key: x}}}\n",
            "7:57",
            "'api_key' is not a name that may stand here",
            "api_key_env_var",
        ),
        ("title: again\n", "4:1", "the key 'title' stands twice in one mapping", "keep one"),
        ("rails: [\n", "7:8", "", None),
    ],
)
def test_typo_has_its_place(body: str, place: str, message: str, help: str | None) -> None:
    """A mistake names file, line and column, says what is wrong and what was probably meant."""
    with pytest.raises(ConfigError) as caught:
        parse_document(POLICY + body, "policy.yml", "policy")
    assert f"policy.yml:{place}" == caught.value.place
    assert message in caught.value.message
    assert "\n" not in str(caught.value)
    if help is not None:
        assert help in (caught.value.help or "")


@pytest.mark.parametrize("text", ["", "- a\n", "just text\n", "1\n"])
def test_a_document_is_a_mapping(text: str) -> None:
    """An empty file, a list or a text is told as what it is."""
    with pytest.raises(ConfigError, match="a policy document is a mapping"):
        parse_document(text, "policy.yml", "policy")


def test_unreadable_file(tmp_path: Path) -> None:
    """A file that is missing, or is no text, is one clear line."""
    with pytest.raises(ConfigError, match="cannot read"):
        read_document(tmp_path / "none.yml", "policy")
    (tmp_path / "bytes.yml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not UTF-8"):
        read_document(tmp_path / "bytes.yml", "policy")


def test_dates_are_texts() -> None:
    """YAML makes a date of 2026-12-31; a document holds the text, as its schema says."""
    waiver = """\
schema: guardlint/waiver/v1
waivers:
  - {id: w, rule: r, team: t, configuration: c, reason: x, owner: o, approver: a, ticket: T,
     approved: 2026-10-01, expires: 2026-12-31}
"""
    assert "2026-12-31" == parse_document(waiver, "w.yml", "waiver").data["waivers"][0]["expires"]
