"""What a policy chooses of a rail, and the passages that a guard hands over, on both of NeMo's engines."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from guardlint.engines import RailsVerdict, open_rails
from guardlint.engines.evidence import with_passages
from guardlint.policy.documents import read_document
from guardlint.policy.rails import load_rail
from guardlint.resources import resource_dir

RAILS = resource_dir("rails")
POLICY = """\
schema: guardlint/policy/v1
id: trial
version: 1.0.0
title: One rail on trial
owner: tests
description: A policy for tests.
rails:
  {direction}:
    - {{rail: {rail}@1, reason: trial, controls: ["LLM01:2025"]{settings}}}
models:
  judge: {{engine: openai, model: scripted, parameters: {{base_url: "{base_url}", max_attempts: 1}}}}
"""
CASES = [
    pytest.param(path.parent.name, case, engine, id=f"{path.parent.name}:{case['id']}-{engine}")
    for path in sorted(RAILS.glob("*/tests.yml"))
    for engine in load_rail(path.parent).engines
    for case in read_document(path, "rail-tests").data["cases"]
    if {"settings", "context"} & set(case)
]


def test_every_rail_in_nemo_claims_an_engine() -> None:
    """Nothing claims to run in NeMo without saying where, and nothing native claims an engine."""
    for path in RAILS.glob("*/rail.yml"):
        rail = load_rail(path.parent)
        assert bool(rail.engines) == (rail.runs == "nemo"), rail.id


@pytest.mark.parametrize(("rail", "case", "engine"), CASES)
def test_case(
    rail: str, case: dict[str, Any], engine: Any, tmp_path: Path, judge: Any, monkeypatch: Any
) -> None:
    """The verdict of the case, and what the judge sees of it, on each engine that the rail claims."""
    import json

    from guardlint.policy.central import Central
    from guardlint.policy.company import company_configuration

    monkeypatch.setenv("OPENAI_API_KEY", "not-a-real-key")
    home = tmp_path / "central" / "policies" / "trial"
    home.mkdir(parents=True)
    settings = f", settings: {json.dumps(case['settings'])}" if "settings" in case else ""
    direction = case["direction"]
    text = POLICY.format(rail=rail, direction=direction, settings=settings, base_url=judge.base_url)
    (home / "policy.yml").write_text(text)
    central = Central.open(tmp_path / "central")
    company = tmp_path / "company"
    company.mkdir()
    for name, data in company_configuration(central.policy("trial"), central).items():
        (company / name).write_bytes(data)
    turns = [{"role": "user", "content": case["user"]}]
    turns += [{"role": "assistant", "content": case["reply"]}] if direction == "output" else []
    judge.script(*case.get("judge", ()))
    verdict = asyncio.run(_asked(company, engine, direction, with_passages(turns, case.get("context", []))))
    expected = case["expect"]
    if engine == "llmrails" and case.get("settings") == {"without_passages": "pass"}:
        expected = "blocked"  # all flows run together there: the judge is asked, and has no answer
    assert expected == verdict.status
    let_through = expected == "passed" and case.get("settings") == {"without_passages": "pass"}
    assert let_through == bool(verdict.degraded)  # noted, never in silence
    assert len(case.get("judge", ())) == len(judge.requests) or expected != case["expect"]
    assert [] == [seen for seen in case.get("judge_sees", ()) if seen not in judge.seen]
    assert [] == [seen for seen in case.get("judge_never_sees", ()) if seen in judge.seen]


async def _asked(company: Path, engine: Any, direction: Any, turns: Any) -> RailsVerdict:
    rails = open_rails(company, engine)
    await rails.start()
    try:
        (unit,) = rails.units[direction]
        return await rails.check(direction, turns, unit)
    finally:
        await rails.close()


def test_passages_of_one_call_are_not_seen_by_another(tmp_path: Path, judge: Any) -> None:
    """Two checks at the same time: each prompt has the passages of its own."""
    from guardlint.policy.central import Central
    from guardlint.policy.company import company_configuration

    home = tmp_path / "policies" / "trial"
    home.mkdir(parents=True)
    (home / "policy.yml").write_text(
        POLICY.format(rail="grounded-reply", direction="output", settings="", base_url=judge.base_url)
    )
    central = Central.open(tmp_path)
    company = tmp_path / "company"
    company.mkdir()
    for name, data in company_configuration(central.policy("trial"), central).items():
        (company / name).write_bytes(data)
    turns = [{"role": "user", "content": "Which?"}, {"role": "assistant", "content": "That one."}]
    judge.script(*["no"] * 20)

    async def both() -> list[RailsVerdict]:
        rails = open_rails(company, "iorails")
        await rails.start()
        try:
            (unit,) = rails.units["output"]
            work = [
                rails.check("output", with_passages(turns, [f"passage-{number}"] if number % 2 else []), unit)
                for number in range(20)
            ]
            return await asyncio.gather(*work)
        finally:
            await rails.close()

    assert {"passed"} == {verdict.status for verdict in asyncio.run(both())}
    prompts = [request["messages"][-1]["content"] for request in judge.requests]
    assert 10 == sum("<passages>" in prompt for prompt in prompts)
    assert 10 == len({prompt for prompt in prompts if "<passages>" in prompt})
    assert all(prompt.count("passage-") <= 1 for prompt in prompts)
