"""Personal data is masked in every message, and in the reply, before anyone else reads it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from typing import Any

import pytest

from guardlint.errors import ConfigError, RuntimeUnavailable
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


def _pid(guard: Guard) -> int:
    (pid,) = guard._service._now().masker._detectors.pids
    return int(pid)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_detector_that_dies(workshop: Any, shared_configs: Any) -> None:
    """What it was asked goes to its successor, and is masked as ever; so does what comes next."""
    guard = workshop.guard(plan_data=shared_configs.plan(pii=True))
    killed = _pid(guard)
    os.kill(killed, signal.SIGKILL)
    checked = guard.check_input(f"my new mail is x{MAIL}")
    assert (checked.value, checked.verdict.error) == ("my new mail is <EMAIL_ADDRESS>", False)
    assert MAIL not in repr(checked)
    assert _pid(guard) != killed
    assert guard.check_input(f"my newest mail is y{MAIL}").value == "my newest mail is <EMAIL_ADDRESS>"


def test_detector_that_hangs(workshop: Any, shared_configs: Any) -> None:
    """It is killed and the call blocked within the deadline; the host's event loop is free meanwhile."""
    guard = workshop.guard(plan_data=shared_configs.plan(pii=True, timeout=2))
    stopped = _pid(guard)
    os.kill(stopped, signal.SIGSTOP)

    async def host() -> tuple[Any, int]:
        ticks = 0
        task = asyncio.create_task(guard.acheck_input("something never seen"))
        while not task.done():
            await asyncio.sleep(0.01)
            ticks += 1
        return task.result().verdict, ticks

    verdict, ticks = asyncio.run(host())
    assert (verdict.reason, verdict.error) == ("personal-data-failed", True)
    assert ticks > 50
    for _ in range(500):  # the verdict does not wait for the end of the process
        if not alive(stopped):
            break
        time.sleep(0.01)
    assert not alive(stopped)


def test_a_hanging_detector_takes_no_neighbour_with_it(workshop: Any, shared_configs: Any) -> None:
    """Texts of a lost batch are tried again, one by one."""
    guard = workshop.guard(plan_data=shared_configs.plan(pii=True, timeout=20))
    detectors = guard._service._now().masker._detectors
    detectors._limit = 1.0
    os.kill(_pid(guard), signal.SIGSTOP)
    messages = [{"role": "user", "content": f"turn {number}, mail {number}{MAIL}"} for number in range(4)]
    value = guard.check_input(messages).value
    assert [message["content"] for message in value] == [
        f"turn {number}, mail <EMAIL_ADDRESS>" for number in range(4)
    ]


def test_a_conversation_that_is_sent_again(guard: Guard) -> None:
    """Old turns are not looked at twice, and are masked all the same."""
    masker = guard._service._now().masker
    messages = [{"role": "user", "content": f"turn {number} {MAIL}"} for number in range(5)]
    first = guard.check_input(messages).value
    known = len(masker._seen)
    assert guard.check_input(messages).value == first
    assert len(masker._seen) == known
    assert MAIL not in repr(vars(masker._seen))


def _step(**changes: Any) -> dict[str, Any]:
    return {"step": "pii", "rail": "mask-personal-data", "entities": None, "action": "mask", **changes}


def test_pseudonyms_come_back_in_the_reply(workshop: Any, shared_configs: Any) -> None:
    """The model sees names that stand for values, the same throughout; the user sees the values."""
    step = _step(action="pseudonym", restore=True)
    guard = workshop.guard(plan_data=shared_configs.plan(input=[step, {"step": "company"}]))
    seen: list[Any] = []

    def model(messages: list[Any]) -> str:
        seen.extend(messages)
        return "I wrote to <EMAIL_ADDRESS_2>, not to EMAIL_ADDRESS_1. <PERSON_9>?"

    messages = [
        {"role": "user", "content": f"I am {MAIL}"},
        {"role": "user", "content": f"Write to bo@example.com, not {MAIL.upper()}"},
    ]
    result = guard.call(model, messages)
    assert [message["content"] for message in seen] == [
        "I am <EMAIL_ADDRESS_1>",
        "Write to <EMAIL_ADDRESS_2>, not <EMAIL_ADDRESS_1>",
    ]
    assert result.reply == f"I wrote to bo@example.com, not to {MAIL}. <PERSON_9>?"


def test_actions_by_entity(workshop: Any, shared_configs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stars, digests, a block, and values that are allowed."""
    monkeypatch.setenv("GUARDLINT_PII_HASH_KEY", "a key for tests")
    step = _step(
        actions={"CREDIT_CARD": "last_four", "IBAN_CODE": "hash", "API_KEY": "block"},
        allow_list=["help@bank.example"],
    )
    guard = workshop.guard(plan_data=shared_configs.plan(input=[step, {"step": "company"}]))
    value = guard.check_input("card 4111 1111 1111 1111, GB82WEST12345698765432, help@bank.example").value
    assert value.startswith("card **** **** **** 1111, <IBAN_CODE:")
    assert value.endswith(">, help@bank.example")
    blocked = guard.check_input("the key is sk" + "-" + "a1B2" * 10).verdict
    assert (blocked.status, blocked.reason) == ("blocked", "personal-data")


def test_a_model_that_is_not_installed(workshop: Any, shared_configs: Any) -> None:
    """A guard whose plan names a model does not start without it."""
    model = {"language": "de", "package": "de_nowhere_sm", "sha256": "0" * 64}
    plan = shared_configs.plan(input=[_step(models=[model]), {"step": "company"}])
    with pytest.raises(RuntimeUnavailable, match="de_nowhere_sm is not installed"):
        workshop.guard(plan_data=plan)


def test_hashing_needs_its_key(workshop: Any, shared_configs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Digests without a key can be undone by trial."""
    monkeypatch.delenv("GUARDLINT_PII_HASH_KEY", raising=False)
    plan = shared_configs.plan(input=[_step(action="hash"), {"step": "company"}])
    with pytest.raises(ConfigError, match="needs a key"):
        workshop.guard(plan_data=plan)


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


def test_a_recogniser_of_the_companys_own(workshop: Any, shared_configs: Any) -> None:
    """A plan may bring patterns that guardlint does not know."""
    own = {
        "entity": "STAFF_BADGE",
        "pattern": "SB-[0-9]{5}",
        "score": 0.3,
        "context": ["badge"],
        "required": True,
    }
    plan = shared_configs.plan(input=[_step(recognizers=[own]), {"step": "company"}])
    guard = workshop.guard(plan_data=plan)
    assert guard.check_input("my badge is SB-12345").value == "my badge is <STAFF_BADGE>"
    assert guard.check_input("the part SB-12345 is broken").value == "the part SB-12345 is broken"
