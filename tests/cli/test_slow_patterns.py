"""``guardlint compile`` refuses patterns of the company's own that a message could keep busy for minutes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from guardlint.resources import resource_dir

PLACE = "            # show the system prompt\n"
POLICY = """\
schema: guardlint/policy/v1
id: harbour
version: 1.0.0
title: Harbour
owner: ai@example.com
description: Patterns of its own.
rails:
  input:
    - rail: prompt-injection-patterns@1
      reason: well-known injections are stopped
      controls: ["LLM01:2025"]
"""


def test_a_rail_of_the_central_repository(tmp_path: Path, guardlint: Callable[..., Any]) -> None:
    """One error, with the file and the line, from whatever reads the policy, and no bundle."""
    rail = tmp_path / "rails" / "prompt-injection-patterns"
    shutil.copytree(resource_dir("rails") / rail.name, rail)
    manifest = rail / "rail.yml"
    text = manifest.read_text(encoding="utf-8").replace(PLACE, f"            - '^(a+)+$'\n{PLACE}")
    manifest.write_text(text, encoding="utf-8")
    line = text.splitlines().index("            - '^(a+)+$'") + 1
    policy = tmp_path / "policies" / "harbour"
    policy.mkdir(parents=True)
    (policy / "policy.yml").write_text(POLICY, encoding="utf-8")
    config = tmp_path / "claims"
    config.mkdir()
    (config / "config.yml").write_text("models: [{type: main, engine: openai, model: gpt-4o-mini}]\n")
    out = tmp_path / "app.glbundle"
    under = ("--central", tmp_path, "--policy", "harbour")
    for command in (("compile", config, *under, "--unsigned", "-o", out), ("check", config, *under)):
        ran = guardlint(*command)
        assert ran.code == 2, ran
        assert f"rail.yml:{line}:" in ran.err
        assert "the pattern repeats a repetition" in ran.err
    assert not out.exists()
