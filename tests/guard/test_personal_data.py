"""Personal data is masked in every message, and in the reply, before anyone else reads it."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest

from guardlint.errors import ConfigError
from guardlint.guard import Guard

MAIL = "jane.doe@example.com"


@pytest.fixture(scope="module")
def guard(workshop: Any, shared_configs: Any) -> Guard:
    return workshop.guard(plan_data=shared_configs.plan(pii=True))


def test_every_message_and_part(guard: Guard) -> None:
    """All roles, history, text parts, tool results and the arguments of tool calls."""
    arguments = json.dumps({"to": MAIL, "phone": 12, "note": "hi"})
    messages = [
        {"role": "system", "content": f"The customer is {MAIL}."},
        {"role": "user", "content": f"My mail is {MAIL}"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "1", "type": "function", "function": {"name": "mail", "arguments": arguments}}
            ],
        },
        {"role": "tool", "tool_call_id": "1", "content": f"sent to {MAIL}"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": f"and {MAIL}?"},
                {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
                {"type": "tool_result", "content": [{"type": "text", "text": MAIL}]},
            ],
        },
    ]
    before = json.dumps(messages)
    seen: list[Any] = []
    result = guard.call(lambda messages: seen.extend(messages) or "fine", messages)
    assert MAIL not in json.dumps(seen)
    assert json.dumps(seen).count("<EMAIL_ADDRESS>") == 6
    assert json.loads(seen[2]["tool_calls"][0]["function"]["arguments"]) == {
        "to": "<EMAIL_ADDRESS>",
        "phone": 12,
        "note": "hi",
    }
    assert seen[4]["content"][1] == messages[4]["content"][1]
    assert json.dumps(messages) == before
    assert (result.verdict.status, dict(result.verdict.entities)) == ("modified", {"EMAIL_ADDRESS": 6})


def test_reply(guard: Guard) -> None:
    """What the function says is masked in its own shape."""
    result = guard.call(lambda messages: f"Write to {MAIL}.", "hello")
    assert (result.reply, result.verdict.status) == ("Write to <EMAIL_ADDRESS>.", "modified")
    message = guard.call(lambda messages: {"content": f"Write to {MAIL}.", "id": 7}, "hello").reply
    assert message == {"content": "Write to <EMAIL_ADDRESS>.", "id": 7}


def test_checks_alone(guard: Guard) -> None:
    """The hooks mask too; the context of an output check is masked for judges."""
    assert guard.check_input(f"I am {MAIL}").value == "I am <EMAIL_ADDRESS>"
    checked = guard.check_output("fine", messages=f"I am {MAIL}")
    assert (checked.value, dict(checked.verdict.entities)) == ("fine", {"EMAIL_ADDRESS": 1})


def test_step_is_recorded(guard: Guard) -> None:
    """The native step is in the verdict under the name of its rail."""
    step = guard.check_input(f"I am {MAIL}").verdict.steps[0]
    assert (step.step, step.engine, step.rails, step.status) == (
        "pii",
        None,
        ("mask-personal-data",),
        "modified",
    )


def test_detector_that_breaks(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    """A detector that raises blocks, and what it said is not repeated."""
    masker = guard._service._now().masker

    def broken(self: Any, text: str, language: str = "en") -> Any:
        raise RuntimeError(text)

    monkeypatch.setattr(type(next(iter(masker._detectors.values()))), "detect", broken)
    checked = guard.check_input(f"my new mail is x{MAIL}")
    assert (checked.verdict.reason, checked.verdict.error) == ("personal-data-failed", True)
    assert MAIL not in repr(checked)


def test_detector_that_hangs(workshop: Any, shared_configs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The deadline blocks, and the host's event loop is free meanwhile."""
    guard = workshop.guard(plan_data=shared_configs.plan(pii=True, timeout=0.5))
    masker = guard._service._now().masker

    def hanging(self: Any, text: str, language: str = "en") -> Any:
        time.sleep(1.5)
        return []

    monkeypatch.setattr(type(next(iter(masker._detectors.values()))), "detect", hanging)

    async def host() -> tuple[Any, int]:
        ticks = 0
        task = asyncio.create_task(guard.acheck_input("something never seen"))
        while not task.done():
            await asyncio.sleep(0.01)
            ticks += 1
        return task.result().verdict, ticks

    verdict, ticks = asyncio.run(host())
    assert (verdict.reason, verdict.error) == ("timeout", True)
    assert ticks > 20


def test_block_instead_of_mask(workshop: Any, shared_configs: Any) -> None:
    """A plan may refuse personal data altogether."""
    step = {"step": "pii", "rail": "no-mail", "entities": ["EMAIL_ADDRESS"], "action": "block"}
    plan = shared_configs.plan(input=[step, {"step": "company"}])
    verdict = workshop.guard(plan_data=plan).check_input(f"I am {MAIL}").verdict
    assert (verdict.status, verdict.rail, verdict.reason, verdict.error) == (
        "blocked",
        "no-mail",
        "personal-data",
        False,
    )


def test_unknown_entity(workshop: Any, shared_configs: Any) -> None:
    """An entity that nothing finds is refused at load."""
    plan = shared_configs.plan(
        input=[{"step": "pii", "rail": "mask", "entities": ["EMAIL"], "action": "mask"}, {"step": "company"}]
    )
    with pytest.raises(ConfigError, match="EMAIL"):
        workshop.guard(plan_data=plan)
