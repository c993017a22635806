"""What rails asked of models: tokens from the server to the record, money by the bundle's prices."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from guardlint.engines.usage import Usage, merged, usage_of
from guardlint.guard import AuditLog, Guard
from guardlint.guard.audit_read import records_of
from guardlint.guard.audit_stats import stats_of
from guardlint.guard.pricing import Pricing
from guardlint.harness.brain import ScriptedBrain
from guardlint.harness.misbehaving import MisbehavingServer
from guardlint.harness.openai_server import ScriptedServer

MODEL = "openai/scripted"
PRICES = {"currency": "EUR", "examples": False, "models": {MODEL: {"input": 2.0, "output": 8.0}}}
CHAT = {
    "profile": "chat",
    "currency": "EUR",
    "examples": False,
    "per_query": {
        "llm_calls": {"low": 1, "usual": 2, "high": 2},
        "tokens": {"low": 1, "usual": 100, "high": 200},
        "cost": {"low": 0, "usual": 0.004, "high": 0.01},
        "latency_ms": None,
    },
    "unpriced": [],
}
TEAM = {
    "config.yml": """
        models:
          - {type: main, engine: openai, model: teams-own, parameters: {base_url: "%s", api_key: none}}
        rails: {input: {flows: [self check input]}}
        prompts: [{task: self_check_input, content: "Block this? {{ user_input }}"}]
        """,
}


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer(ScriptedBrain("No")) as running:
        yield running


def note(read: int | None, written: int | None, **changes: Any) -> Any:
    """NeMo's note of a call."""
    facts = {"llm_provider_name": "openai", "llm_model_name": "scripted", "from_cache": False, **changes}
    return SimpleNamespace(prompt_tokens=read, completion_tokens=written, **facts)


@pytest.mark.parametrize(
    ("calls", "wanted"),
    [
        ([], ()),
        ([note(10, 2)], (Usage("judge", MODEL, 1, 1, 10, 2),)),
        ([note(10, 2), note(5, 1)], (Usage("judge", MODEL, 2, 2, 15, 3),)),
        ([note(0, 0)], (Usage("judge", MODEL, 1, 0, 0, 0),)),
        ([note(None, None), note(5, 0)], (Usage("judge", MODEL, 2, 1, 5, 0),)),
        ([note(10, 2, from_cache=True)], (Usage("judge", MODEL, 1, 1, 0, 0),)),
        ([note(1, 1, llm_model_name="another")], (Usage("judge", None, 1, 1, 1, 1),)),
        ([note(1, 1, llm_provider_name="unknown")], (Usage("judge", MODEL, 1, 1, 1, 1),)),
        ([note(1, 1, llm_provider_name="x", llm_model_name="twice")], (Usage("judge", None, 1, 1, 1, 1),)),
    ],
)
def test_what_nemo_notes(calls: list[Any], wanted: tuple[Usage, ...]) -> None:
    """Tokens that were told, by the names of the configuration; none is not nought."""
    assert wanted == usage_of("judge", calls, (MODEL, "nim/twice", "azure/twice"))


def test_one_for_each_rail_and_model() -> None:
    one, two = Usage("a", MODEL, 1, 1, 5, 1), Usage("b", MODEL, 1, 0, 0, 0)
    assert (Usage("a", MODEL, 2, 2, 10, 2), two) == merged([one, two, one])


def test_pricing() -> None:
    """All or nothing: a call without tokens or price makes the whole unknown."""
    pricing = Pricing.of({"prices": PRICES, "cost": [CHAT]})
    assert pricing is not None
    assert {"currency": "EUR", "profile": "chat", "predicted": 0.004} == pricing.told
    known = Usage("judge", MODEL, 2, 2, 1000, 100)
    assert 0.0028 == pricing.cost(known) == pricing.actual(2, [known])
    assert 0 == pricing.actual(0, [])
    for used in (
        Usage("judge", MODEL, 2, 1, 10, 0),
        Usage("judge", "x/y", 1, 1, 1, 1),
        Usage("j", None, 1, 1, 1, 1),
    ):
        assert pricing.cost(used) is None is pricing.actual(used.calls + 2, [known, used])
    assert pricing.actual(3, [known]) is None
    assert (0, 0.002) == (pricing.estimated(0), pricing.estimated(1))
    without = Pricing.of({"prices": PRICES, "cost": [CHAT, CHAT]})
    assert without is not None
    assert ({"currency": "EUR", "profile": None, "predicted": None}, None) == (
        without.told,
        without.estimated(1),
    )
    assert Pricing.of({"prices": None}) is None


@pytest.mark.parametrize("way", ["sync", "async"])
def test_from_the_server_to_the_statistics(
    workshop: Any, shared_configs: Any, server: ScriptedServer, tmp_path: Path, way: str
) -> None:
    """Tokens as the server told them, by rail; the cost at the bundle's prices, beside its prediction."""
    log = tmp_path / "audit.jsonl"
    guard: Guard = workshop.guard(
        company=shared_configs.self_check(server.base_url),
        audit=AuditLog(log, team="claims"),
        manifest={"prices": PRICES, "cost": [CHAT], "llm_calls": {"low": 1, "usual": 2, "high": 2}},
    )

    async def chat(messages: Any) -> str:
        return "Tuesday is fine."

    server.forget()
    if way == "sync":
        verdict = guard.call(lambda messages: "Tuesday is fine.", "Is Tuesday fine?").verdict
    else:
        verdict = asyncio.run(guard.acall(chat, "Is Tuesday fine?")).verdict
    asked = [len(prompt.text.split()) for prompt in server.seen]
    assert ("passed", 2) == (verdict.status, len(asked))
    used = [one for step in verdict.steps for one in step.usage]
    assert [
        Usage(f"self check {side}", MODEL, 1, 1, read, 1)
        for side, read in zip(("input", "output"), asked, strict=True)
    ] == used
    (record,) = records_of([log])
    costs = [(read * 2 + 8) / 1e6 for read in asked]
    assert costs == [one["cost"] for step in record["steps"] for one in step["usage"]]
    cost = {"currency": "EUR", "profile": "chat", "predicted": 0.004, "estimated": 0.004}
    assert {**cost, "actual": pytest.approx(sum(costs))} == record["cost"]
    found = stats_of([record]).data()
    assert (2, sum(asked), 2) == tuple(
        found["llm_calls"][name] for name in ("counted", "input_tokens", "output_tokens")
    )
    assert {"self check input", "self check output"} == set(found["usage"]["rail"])
    assert {"claims": 2} == {team: of["calls"] for team, of in found["usage"]["team"].items()}
    money = found["cost"]["EUR"]
    assert (0, 0.004, 2) == (money["estimated"], money["predicted"], money["counted"])
    assert pytest.approx(sum(costs)) == money["actual"] == money["teams"]["claims"]["compared"]


def test_a_server_that_tells_no_tokens(workshop: Any, shared_configs: Any, tmp_path: Path) -> None:
    """The cost is estimated, and said to be."""
    log = tmp_path / "audit.jsonl"
    with MisbehavingServer() as silent:
        guard = workshop.guard(
            company=shared_configs.self_check(silent.base_url),
            audit=log,
            manifest={"prices": PRICES, "cost": [CHAT], "llm_calls": {"low": 1, "usual": 2, "high": 2}},
        )
        guard.check_input("Is Tuesday fine?")
    (record,) = records_of([log])
    entry = {"rail": "self check input", "model": MODEL, "calls": 1, "counted": 0, "cost": None}
    assert [{**entry, "input_tokens": 0, "output_tokens": 0}] == record["steps"][0]["usage"]
    assert (0.002, None) == (record["cost"]["estimated"], record["cost"]["actual"])
    found = stats_of([record]).data()["cost"]["EUR"]
    assert (0, 0, 0.002, 0.002) == tuple(
        found[name] for name in ("counted", "actual", "estimated", "compared")
    )


def test_no_model_no_usage(workshop: Any, tmp_path: Path) -> None:
    """Rails that ask nobody cost nothing, and nothing is written of it."""
    log = tmp_path / "audit.jsonl"
    workshop.guard(audit=log, manifest={"prices": PRICES}).check_input("hello")
    (record,) = records_of([log])
    assert all("usage" not in step for step in record["steps"])
    assert {"currency": "EUR", "profile": None, "predicted": None, "estimated": 0, "actual": 0} == record[
        "cost"
    ]


def test_a_team_in_a_process_of_its_own(workshop: Any, server: ScriptedServer, tmp_path: Path) -> None:
    """Its tokens come through too; a model that the configuration does not name is nobody's."""
    team = {name: text % server.base_url for name, text in TEAM.items()}
    log = tmp_path / "audit.jsonl"
    guard = workshop.guard(team=team, audit=log, manifest={"prices": PRICES})
    assert "passed" == guard.check_input("Is Tuesday fine?").verdict.status
    (record,) = records_of([log])
    step = next(step for step in record["steps"] if step["step"] == "team")
    (used,) = step["usage"]
    assert ("self check input", "openai/teams-own", 1, 1) == tuple(
        used[name] for name in ("rail", "model", "calls", "counted")
    )
    assert used["input_tokens"] > 3
    assert (None, None) == (used["cost"], record["cost"]["actual"])
    assert "Tuesday" not in json.dumps(record)
