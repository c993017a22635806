"""What each approved rail costs on a text of 1,200 characters, without a model.

    python benchmarks/rails_speed.py

Rails that run in NeMo are compiled as a bundle would have them and asked on NeMo's fast engine, one flow by
itself, in a running event loop; native ones are asked as the guard asks them. The text is ordinary prose that
no rail stops, so every pattern is tried. Medians of many; the least beside them, which a busy machine moves
less. Issue 10 asks for at most 1 ms of each. Rails that ask a judge cost its answer, and are left out;
benchmarks/pii_speed.py measures the two that look for personal data and secrets.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from guardlint.bundle.steps import plan_of
from guardlint.engines import Direction, Rails, Unit, open_rails
from guardlint.guard.plan import read_plan
from guardlint.nemo.configuration import read_configuration
from guardlint.policy.central import Central
from guardlint.policy.company import company_configuration
from guardlint.policy.model import ComposedPolicy
from guardlint.policy.rails import Rail

LIMIT_MS = 1.0
TIMES = 400
SIDES: tuple[Direction, ...] = ("input", "output")
PROSE = """\
Hello, I have a question about my current account and the card that you sent to me last week. The fee on the
statement is not what I expected, and the branch could not tell me why it was charged twice. Could you please
look at the two payments from Monday, and also at the transfer to my landlord on Friday? I would like to know
when the refund will arrive, and whether I have to fill in a form for it. In your letter you said that the
previous rules apply until March. Do I need to sign anything, or may I ignore the letter? My daughter wants to
open an account too; she is a student and has no income yet. Which of your accounts is free for her, and what
does she need to bring along? The app shows me a message that I do not understand: it says that the limit of
the card was reached, although I paid nothing but groceries. Please show me where I can see the limit, and how
I can change it. The page with the instructions is a little hard to follow, so a short list of steps would
help me most. One more thing: on the 14th somebody called me and asked for a code. I gave none and hope that
it was right. Is there anything that I should do now, such as blocking the card? Many thanks for all your
help so far; you have been kinder to me than my old bank ever was in twenty years.
"""
TEXT = PROSE.replace("\n", " ")[:1_200]
POLICY = """\
schema: guardlint/policy/v1
id: trial
version: 1.0.0
title: One rail
owner: benchmarks
description: One rail.
rails:
  {direction}:
    - {{rail: {rail}, reason: measured, controls: ["LLM01:2025"]}}
"""


def policy_of(rail: Rail, direction: Direction, folder: Path) -> tuple[ComposedPolicy, Central]:
    """A policy that has one rail on one side."""
    home = folder / "policies" / "trial"
    home.mkdir(parents=True)
    text = POLICY.format(direction=direction, rail=f"{rail.id}@{rail.major}")
    (home / "policy.yml").write_text(text, encoding="utf-8")
    central = Central.open(folder)
    return central.policy("trial"), central


async def measured(ask: Callable[[], Awaitable[Any]]) -> tuple[float, float]:
    """Median and least of one call, in milliseconds."""
    found = []
    for _ in range(TIMES):
        started = time.perf_counter()
        await ask()
        found.append((time.perf_counter() - started) * 1000)
    return statistics.median(found), min(found)


async def in_nemo(rail: Rail, direction: Direction, folder: Path) -> tuple[float, float]:
    """The rail's flows on the fast engine."""
    policy, central = policy_of(rail, direction, folder)
    company = folder / "company"
    for name, data in company_configuration(policy, central).items():
        (company / name).parent.mkdir(parents=True, exist_ok=True)
        (company / name).write_bytes(data)
    rails: Rails = open_rails(company, "iorails")
    await rails.start()
    turns = [{"role": "user", "content": TEXT if direction == "input" else "Hello."}]
    turns += [{"role": "assistant", "content": TEXT}] if direction == "output" else []

    async def ask(unit: Unit) -> None:
        verdict = await rails.check(direction, turns, unit)
        assert verdict.status == "passed", (rail.id, verdict)

    try:
        each = [await measured(partial(ask, unit)) for unit in rails.units[direction]]
        return sum(median for median, _ in each), sum(least for _, least in each)
    finally:
        await rails.close()


async def native(rail: Rail, direction: Direction, folder: Path) -> tuple[float, float]:
    """The check of a native step, or of the rules for tools, as the plan of a bundle has it."""
    policy, central = policy_of(rail, direction, folder)
    (folder / "team").mkdir()
    (folder / "team" / "config.yml").write_text("models: []\n", encoding="utf-8")
    plan = read_plan(plan_of(policy, central, read_configuration(folder / "team")))
    checks = [step.native for step in plan.steps[direction] if step.native is not None]

    async def ask() -> None:
        assert not any(check.check([TEXT]) for check in checks)
        for rules in plan.tool_rules:
            assert rules.check_call("search", {"query": TEXT}) is None
            assert rules.check_result("search", TEXT) is None

    return await measured(ask)


def sides() -> Iterator[tuple[Rail, Direction]]:
    """Every approved rail that asks no model, on every side that it has."""
    central = Central.open()
    for name in central.rails():
        rail = central.rail(name)
        for direction in SIDES:
            side = rail.directions.get(direction)
            if side is not None and not side.llm_calls and rail.runs != "pii":
                yield rail, direction


async def main() -> int:
    """Print a line for each rail and side; 1 when one is over the limit."""
    slow = 0
    print(f"{len(TEXT):,} characters, {TIMES} times each; milliseconds: median, least")
    for rail, direction in sides():
        with tempfile.TemporaryDirectory(prefix="guardlint-rails-") as folder:
            work = in_nemo if rail.runs == "nemo" else native
            median, least = await work(rail, direction, Path(folder))
        over = median > LIMIT_MS
        slow += over
        where = "fast engine" if rail.runs == "nemo" else "native"
        print(
            f"{rail.id:28} {direction:7} {where:12} {median:7.3f} {least:7.3f}{'  over 1 ms' if over else ''}"
        )
    return 1 if slow else 0


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
