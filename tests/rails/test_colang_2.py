"""The variants of the rails for Colang 2.x, each with real NeMo and a scripted judge, without a guard."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import yaml

from guardlint.policy.documents import read_document
from guardlint.policy.filling import filled
from guardlint.policy.rails import load_rail
from guardlint.resources import resource_dir

RAILS = resource_dir("rails")
VARIANTS = sorted(path.parent.name for path in RAILS.glob("*/colang_2"))
REPLY = "The fee is 3 a month."
MAIN = """\
import core
import guardrails

flow main
  activate answering

@active
flow answering
  user said something
  $reply = await ScriptedReplyAction()
  bot say $reply
"""
CALL = """
flow {side} rails ${side}_text
  company {name} on {side}
"""


def assemble(rail: str, folder: Path, base_url: str) -> Path:
    """A configuration that runs one rail: its Colang, its part of rails.config and its prompts."""
    read = load_rail(RAILS / rail)
    settings = {name: setting.default for name, setting in read.settings.items()}
    config: dict[str, Any] = {"colang_version": "2.x", "rails": {"config": {}}}
    kinds = dict.fromkeys(kind for side in read.directions.values() for kind in side.models)
    model = {"engine": "openai", "model": "scripted", "parameters": {"base_url": base_url}}
    config["models"] = [{"type": kind, **model} for kind in (["main", *kinds] if kinds else [])]
    calls = MAIN
    for side, what in read.directions.items():
        config["rails"]["config"] |= filled(what.config, settings)
        # `and` is a word of the language.
        calls += CALL.format(side=side, name=rail.replace("-and-", "-").replace("-", " "))
    folder.mkdir(parents=True)
    (folder / "config.yml").write_text(yaml.safe_dump(config))
    prompts = [dict(prompt.nemo) for prompt in read.prompts]
    (folder / "prompts.yml").write_text(yaml.safe_dump({"prompts": prompts}))
    (folder / "main.co").write_text(calls)
    for path in (RAILS / rail / "colang_2").glob("*.co"):
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def cases(rail: str) -> list[dict[str, Any]]:
    """Some of those that block and some of those that pass; all of them run on Colang 1.0."""
    every = [
        case
        for case in read_document(RAILS / rail / "tests.yml", "rail-tests").data["cases"]
        if not {"settings", "context", "tool"} & set(case)
    ]
    blocked = [case for case in every if case["expect"] == "blocked" and "..." not in case.get("judge", ())]
    return [*blocked[:4], *[case for case in every if case["expect"] == "passed"][:4]]


def test_every_rail_says_in_its_manifest_which_languages_it_has() -> None:
    """The folder and the manifest agree; a rail that runs natively has no Colang."""
    for path in RAILS.glob("*/rail.yml"):
        said = yaml.safe_load(path.read_text()).get("colang", ())
        assert ("2.x" in said) == (path.parent.name in VARIANTS), path.parent.name


@pytest.mark.parametrize("rail", VARIANTS)
def test_variant(rail: str, tmp_path: Path, judge: Any, monkeypatch: Any) -> None:
    """What the rail blocks on Colang 1.0 it blocks on 2.x, and what it passes it passes."""
    from nemoguardrails import LLMRails, RailsConfig

    monkeypatch.setenv("OPENAI_API_KEY", "not-a-real-key")
    rails = LLMRails(RailsConfig.from_path(str(assemble(rail, tmp_path / rail, judge.base_url))))
    reply = REPLY

    async def scripted_reply() -> str:
        return reply

    rails.register_action(scripted_reply, "ScriptedReplyAction")
    tried = cases(rail)
    assert {"blocked", "passed"} == {case["expect"] for case in tried}
    for case in tried:
        reply = case["reply"] if case["direction"] == "output" else REPLY
        # A rail with two sides is asked on the other one too, and finds nothing there.
        other = ["no"] if len(load_rail(RAILS / rail).directions) > 1 else []
        before, after = (other, []) if case["direction"] == "output" else ([], other)
        judge.script(*before, *case.get("judge", ()), *after)
        said = asyncio.run(rails.generate_async(messages=[{"role": "user", "content": case["user"]}]))
        assert (case["expect"] == "passed") == (said["content"] == reply), case["id"]
