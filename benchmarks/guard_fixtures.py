"""Sealed bundles and guards of a few lines of configuration, for the benchmarks of the guard."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from guardlint.bundle.keys import generate
from guardlint.bundle.seal import seal
from guardlint.bundle.trust import trusting
from guardlint.bundle.verify import verify_bundle
from guardlint.engines import installed_nemo
from guardlint.guard import Guard

__all__ = ["REFUSAL", "REGEX", "guard_of", "plan", "self_check"]

NOWHERE = "http://127.0.0.1:9/v1"
REFUSAL = "I cannot help with that."
MODEL = """\
colang_version: "1.0"
models:
  - type: main
    engine: openai
    model: scripted
    parameters: {base_url: "%s", api_key: none}
"""
REGEX_RAILS = """\
rails:
  input: {flows: [regex check input]}
  output: {flows: [regex check output]}
  config:
    regex_detection:
      input: {patterns: ['(?i)ignore (all )?previous instructions']}
      output: {patterns: ['(?i)secret plan']}
"""
REGEX = MODEL % NOWHERE + REGEX_RAILS
"""A company half of two regular expressions, one for each side."""


def self_check(base_url: str, flows_in: str, flows_out: str) -> str:
    """A company half whose judges are a model at ``base_url``; NeMo's own tasks with prompts of one line."""
    prompts = "\n".join(
        f"  - task: self_check_{side}\n    content: 'Is this blocked? {{{{ {text} }}}} Answer Yes or No:'"
        for side, text in (("input", "user_input"), ("output", "bot_response"))
    )
    rails = REGEX_RAILS.replace("[regex check input]", flows_in).replace("[regex check output]", flows_out)
    return f"{MODEL % base_url}{rails}prompts:\n{prompts}\n"


def plan(**changes: Any) -> dict[str, Any]:
    """The plan of a bundle with company rails on both sides."""
    return {
        "schema": "guardlint/plan/v1",
        "input": [{"step": "company"}],
        "output": [{"step": "company"}],
        "refusal": REFUSAL,
        "on_error": "block",
        "timeout_seconds": 30,
        **changes,
    }


def guard_of(
    folder: Path,
    *,
    company: str = REGEX,
    team: Mapping[str, str] | None = None,
    plan_data: Mapping[str, Any] | None = None,
    engine: str = "iorails",
    audit: Any = None,
) -> Guard:
    """A guard of a bundle that was sealed, written to ``folder`` and verified."""
    from guardlint.bundle.steps import plan_bytes

    files = {"company/config.yml": company.encode(), "plan.yml": plan_bytes(plan_data or plan())}
    files |= {f"team/{name}": text.encode() for name, text in (team or {}).items()}
    digest = f"sha256:{'0' * 64}"
    manifest = {
        "name": "benchmark",
        "guardlint": "0",
        "nemo": installed_nemo(),
        "revision": 1,
        "not_before": None,
        "expires": None,
        "policy": {"id": "baseline", "version": "1.0.0", "digest": digest, "composed_of": []},
        "tier": None,
        "rails": [],
        "configuration": {"path": ".", "digest": digest},
        "source": {"commit": None, "clean": None},
        "waivers": [],
        "engines": {
            "company": {"uses": engine, "reason": None},
            "team": {"uses": "llmrails" if team else "none", "reason": None},
        },
        "llm_calls": {"low": 0, "usual": 0, "high": 0},
        "team_code": "isolated" if team else "none",
    }
    key = generate()
    path = folder / f"{len(list(folder.glob('*.glbundle')))}.glbundle"
    path.write_bytes(seal(files, manifest, signers=[key], created=datetime(2026, 1, 1, tzinfo=UTC)))
    return Guard(verify_bundle(path, trusting(key.public)), audit)
