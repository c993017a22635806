"""What the engines can be asked for by itself, and in which order."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from guardlint.engines import RailsVerdict, Unit, open_rails
from guardlint.guard.crossing import finished
from guardlint.harness.brain import ScriptedBrain
from guardlint.harness.openai_server import ScriptedServer

CONFIG = """
colang_version: "1.0"
models:
  - type: main
    engine: openai
    model: scripted
    parameters: {base_url: "%s", api_key: none}
rails:
  input:
    flows:
      - self check input
      - self check input $variant=topics
      - regex check input
      - context bloat detection on input
  config:
    regex_detection:
      input: {patterns: [forbidden]}
    context_bloat_detection: {action: reject, max_chars: 1000}
prompts:
  - {task: self_check_input, content: "Is this rude? {{ user_input }}"}
  - {task: self_check_input $variant=topics, content: "Is this about football? {{ user_input }}"}
"""


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer(ScriptedBrain()) as server:
        yield server


def configuration(folder: Path, base_url: str) -> Path:
    (folder / "config.yml").write_text(CONFIG % base_url)
    return folder


def test_order(tmp_path: Path, server: ScriptedServer) -> None:
    """What may rewrite first, then what asks nobody, then what asks a model; else as written."""
    rails = open_rails(configuration(tmp_path, server.base_url))
    assert rails.units["input"] == (
        Unit(("context bloat detection on input",), rewrites=True, waits=False),
        Unit(("regex check input",), rewrites=False, waits=False),
        Unit(("self check input",), rewrites=False, waits=True),
        Unit(("self check input $variant=topics",), rewrites=False, waits=True),
    )
    asyncio.run(rails.close())


def test_one_by_one(tmp_path: Path, server: ScriptedServer) -> None:
    """Each answers for itself, also of two that share a name, and says so under its full name."""
    server.forget()

    async def ask() -> list[RailsVerdict]:
        rails = open_rails(configuration(tmp_path, server.base_url))
        await rails.start()
        turns = [{"role": "user", "content": "a forbidden word"}]
        try:
            return [await rails.check("input", turns, unit) for unit in rails.units["input"]]
        finally:
            await rails.close()

    bloat, regex, rude, topics = asyncio.run(ask())
    assert (bloat.status, bloat.rails) == ("passed", ("context bloat detection on input",))
    assert regex == RailsVerdict("blocked", "", "regex check input", rails=("regex check input",))
    assert (rude.rails, rude.llm_calls) == (("self check input",), 1)
    assert (topics.rails, topics.llm_calls) == (("self check input $variant=topics",), 1)
    asked = [prompt.text for prompt in server.seen]
    assert len(asked) == 2
    assert "rude" in asked[0]
    assert "football" in asked[1]


def test_without_an_event_loop(tmp_path: Path, server: ScriptedServer) -> None:
    """A unit that does not wait answers in any thread, with no loop at all."""
    rails = open_rails(configuration(tmp_path, server.base_url))
    for unit in rails.units["input"]:
        if not unit.waits:
            done = finished(rails.check("input", [{"role": "user", "content": "forbidden"}], unit))
            assert done is not None
            assert done[0].error is False
    asyncio.run(rails.close())


def test_colang_runs_all_together(tmp_path: Path, server: ScriptedServer) -> None:
    """LLMRails runs what the configuration lists."""
    rails = open_rails(configuration(tmp_path, server.base_url), "llmrails")
    (unit,) = rails.units["input"]
    assert (unit.flows, unit.waits) == (rails.flows["input"], True)
