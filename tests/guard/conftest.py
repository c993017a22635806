"""Really sealed bundles and real guards, made of a few lines of configuration each."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest
import yaml

from guardlint.bundle.keys import PrivateKey, generate
from guardlint.bundle.seal import seal
from guardlint.bundle.trust import Trust, trusting
from guardlint.guard import Guard, audit, audit_file
from guardlint.resources import resource_dir

NOWHERE = "http://127.0.0.1:9/v1"
REFUSAL = "I cannot help with that."
MAIN_MODEL = """
colang_version: "1.0"
models:
  - type: main
    engine: openai
    model: scripted
    parameters: {base_url: "%s", api_key: none}
"""
REGEX_RAILS = """
rails:
  input: {flows: [regex check input]}
  output: {flows: [regex check output]}
  config:
    regex_detection:
      input: {patterns: ['(?i)ignore (all )?previous instructions']}
      output: {patterns: ['(?i)secret plan']}
"""
SELF_CHECK_RAILS = """
rails:
  input: {flows: [self check input]}
  output: {flows: [self check output]}
prompts:
  - task: self_check_input
    content: |
      Should this user message be blocked? It is: {{ user_input }}
      Answer (Yes or No):
  - task: self_check_output
    content: |
      Should this bot response be blocked? It is: {{ bot_response }}
      Answer (Yes or No):
"""
COMPANY_STEPS = {
    "input": [{"step": "company"}, {"step": "team"}, {"step": "company", "when": "rewritten"}],
    "output": [{"step": "team"}, {"step": "company"}],
}
PII_STEP = {
    "step": "pii",
    "rail": "mask-personal-data",
    "entities": ["EMAIL_ADDRESS", "PHONE_NUMBER", "PERSON"],
    "thresholds": {},
    "action": "mask",
}


def regex_config(base_url: str = NOWHERE) -> str:
    """A company half that needs no model: two regular expressions."""
    return MAIN_MODEL % base_url + REGEX_RAILS


def self_check_config(base_url: str) -> str:
    """A company half whose judge is a model at ``base_url``."""
    return MAIN_MODEL % base_url + SELF_CHECK_RAILS


def plan(*, pii: bool = False, timeout: float = 30, **changes: Any) -> dict[str, Any]:
    """The usual plan, with the personal-data step first and last when ``pii``."""
    steps = {hook: list(entries) for hook, entries in COMPANY_STEPS.items()}
    if pii:
        steps = {"input": [PII_STEP, *steps["input"]], "output": [*steps["output"], PII_STEP]}
    return {
        "schema": "guardlint/plan/v1",
        **steps,
        "refusal": REFUSAL,
        "on_error": "block",
        "timeout_seconds": timeout,
        **changes,
    }


@dataclass(frozen=True)
class Workshop:
    """Makes bundles in ``folder`` and guards of them, which are closed at the end."""

    folder: Path
    key: PrivateKey
    guards: list[Guard]

    @property
    def trust(self) -> Trust:
        return trusting(self.key.public)

    def bundle(
        self,
        *,
        company: str | Mapping[str, str] | None = None,
        team: Mapping[str, str] | None = None,
        plan_data: Mapping[str, Any] | None = None,
        engines: Mapping[str, Any] | None = None,
        signers: list[PrivateKey] | None = None,
        nemo: str = "0.24.1",
        manifest: Mapping[str, Any] | None = None,
    ) -> Path:
        company = {"config.yml": company or regex_config()} if not isinstance(company, Mapping) else company
        files = {f"company/{name}": textwrap.dedent(text).encode() for name, text in company.items()}
        files |= {f"team/{name}": textwrap.dedent(text).encode() for name, text in (team or {}).items()}
        files["plan.yml"] = yaml.safe_dump(dict(plan_data or plan())).encode()
        digest = f"sha256:{'0' * 64}"
        told = {
            "name": "claims",
            "guardlint": "0.1.0",
            "nemo": nemo,
            "revision": 3,
            "not_before": None,
            "expires": None,
            "policy": {"id": "baseline", "version": "1.0.0", "digest": digest, "composed_of": []},
            "tier": "internal",
            "rails": [],
            "configuration": {"path": "config", "digest": digest},
            "source": {"commit": None, "clean": None},
            "waivers": [],
            "engines": engines
            or {
                "company": {"uses": "iorails", "reason": "library rails only"},
                "team": {"uses": "llmrails" if team else "none", "reason": "test"},
            },
            "llm_calls": {"low": 0, "usual": 0, "high": 0},
            "team_code": "isolated" if team else "none",
            **(manifest or {}),
        }
        path = self.folder / f"bundle-{len(list(self.folder.iterdir()))}.glbundle"
        keys = [self.key] if signers is None else signers
        path.write_bytes(seal(files, told, signers=keys, created=datetime(2026, 1, 1, tzinfo=UTC)))
        return path

    def guard(self, *, audit: Any = None, **parts: Any) -> Guard:
        guard = Guard.load(self.bundle(**parts), trust=self.trust, audit=audit)
        self.guards.append(guard)
        return guard


@pytest.fixture(scope="session")
def signing_key() -> PrivateKey:
    return generate()


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory, signing_key: PrivateKey) -> Iterator[Workshop]:
    shop = Workshop(tmp_path_factory.mktemp("bundles"), signing_key, [])
    yield shop
    for guard in shop.guards:
        guard.close()


@pytest.fixture(scope="module")
def regex_guard(workshop: Workshop) -> Guard:
    """A guard with the company's regex rails only."""
    return workshop.guard()


@pytest.fixture(scope="session")
def shared_configs() -> SimpleNamespace:
    """The configurations of this file, for tests that make their own bundles."""
    return SimpleNamespace(
        regex=regex_config, self_check=self_check_config, main_model=MAIN_MODEL, nowhere=NOWHERE, plan=plan
    )


@pytest.fixture(scope="session")
def record_schema() -> jsonschema.Draft202012Validator:
    """What a record must be."""
    schema = json.loads((resource_dir("schemas") / "audit-record.json").read_text(encoding="utf-8"))
    return jsonschema.Draft202012Validator(schema)


@pytest.fixture(autouse=True)
def every_record_is_one(
    monkeypatch: pytest.MonkeyPatch, record_schema: jsonschema.Draft202012Validator
) -> Iterator[None]:
    """Whatever a test of the guard records is a record by the schema."""
    wrong: list[str] = []
    handed_on, written = audit.chained, audit_file.sealed

    def look(record: dict[str, Any]) -> None:
        if "schema" in record:  # tests of files write records of their own
            wrong.extend(error.message for error in record_schema.iter_errors(record))

    def chained(record: dict[str, Any], previous: str, key: bytes | None = None) -> Any:
        line, linked = handed_on(record, previous, key)
        look(linked)
        return line, linked

    def sealed(text: str, key: bytes | None = None) -> Any:
        line, digest = written(text, key)
        look(json.loads(line))
        return line, digest

    monkeypatch.setattr(audit, "chained", chained)
    monkeypatch.setattr(audit_file, "sealed", sealed)
    yield
    assert [] == wrong
