"""The report for machines keeps its schema, whatever is in it."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from guardlint.lint.check import Target, check
from guardlint.report.json_v1 import as_data, render_json

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "schemas" / "findings.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def broken() -> dict[str, object]:
    return as_data(check([Target(ROOT / "examples" / "claims-and-cards" / "broken")]))


def test_the_schema_is_one() -> None:
    """JSON Schema 2020-12."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_broken_example_fits_the_schema(broken: dict[str, object]) -> None:
    """Every finding, engine and count."""
    jsonschema.Draft202012Validator(SCHEMA).validate(broken)
    assert 9 == broken["summary"]["errors"]  # type: ignore[index]


@pytest.mark.parametrize(
    "files",
    [
        {"config.yml": ""},
        {"config.yml": "- a\n"},
        {"config.yml": "rails: [\n"},
        {"config.yml": "models: 3\nrails: {input: }\n"},
        {"config.yml": 'colang_version: "2.x"\nmodels: []\n', "main.co": "flow main\n  match X()\n"},
        {"config.yml": "models: []\n1: {2: 3}\n", "ünï.yml": "rail: {}\n"},
    ],
)
def test_any_configuration_fits_the_schema(tmp_path: Path, files: dict[str, str]) -> None:
    """The worst as well."""
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    data = json.loads(render_json(check([Target(tmp_path)])))
    jsonschema.Draft202012Validator(SCHEMA).validate(data)


def test_a_spoilt_report_does_not_fit(broken: dict[str, object]) -> None:
    """The schema is strict: unknown names and line 0 are refused."""
    for spoil in ('"line": 0', '"surprise": 1'):
        text = json.dumps(broken).replace('"line": 19', spoil, 1).replace('"line": 18', spoil, 1)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(text))


def test_paths_name_list_entries(broken: dict[str, object]) -> None:
    """As DESIGN 4 writes them."""
    paths = {item["rule"]: item["path"] for item in broken["findings"]}  # type: ignore[attr-defined]
    assert "rails.output.flows[self check facts]" == paths["unarmed-rail"]
    assert "rails.input.flows[mask sensitive data on input]" == paths["pii-without-entities"]
