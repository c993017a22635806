"""A message that hangs the worker of a half does not take those with it that came later."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from guardlint.guard import isolated

ACTIONS = """
import os, time
from nemoguardrails.actions import action

@action(name="act_on")
async def act_on(text: str):
    if "hang" in text:
        time.sleep(60)
    if "die" in text:
        os._exit(3)
    return text
"""
FLOW = """
define subflow team input
  $user_message = execute act_on(text=$user_message)
"""
SECONDS = 8.0


@pytest.fixture
def guard(workshop: Any, shared_configs: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(isolated, "_GRACE_SECONDS", 0.1)
    config = shared_configs.main_model % shared_configs.nowhere
    team = {
        "config.yml": config + "rails:\n  input: {flows: [team input]}\n",
        "rails.co": FLOW,
        "actions.py": ACTIONS,
    }
    return workshop.guard(team=team, plan_data=shared_configs.plan(timeout=SECONDS))


def verdicts(guard: Any, *texts: tuple[float, str]) -> dict[str, Any]:
    """What becomes of texts that are asked about after so many seconds each."""
    found: dict[str, Any] = {}

    def ask(wait: float, text: str) -> None:
        time.sleep(wait)
        found[text] = guard.check_input(text).verdict

    threads = [threading.Thread(target=ask, args=one) for one in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_who_has_time_left(guard: Any) -> None:
    """The one that hangs is blocked at its deadline; its neighbour is asked about in the next worker."""
    assert guard.check_input("hello").verdict.status == "passed"
    found = verdicts(guard, (0.0, "hang"), (SECONDS - 1.0, "a neighbour"))
    assert found["hang"].reason in ("timeout", "rail-failed")
    assert found["hang"].error
    assert found["a neighbour"].status == "passed"


def test_who_ends_the_worker(guard: Any) -> None:
    """A text that ends the process is not given to the next one: nobody knows which it was."""
    started = time.monotonic()
    verdict = guard.check_input("die").verdict
    assert (verdict.reason, verdict.error) == ("rail-failed", True)
    assert time.monotonic() - started < SECONDS
    assert guard.check_input("hello").verdict.status == "passed"
