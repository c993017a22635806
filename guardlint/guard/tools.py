"""Calls of tools and what tools answer: finding them in messages, and the company's rules for them.

The shapes are those of OpenAI's chat completions and responses, of Anthropic's content blocks and of
LangChain's messages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from time import perf_counter
from typing import Any, Final

from guardlint.engines import Direction, Status
from guardlint.guard.call import Call
from guardlint.guard.messages import Message
from guardlint.guard.plan import Plan, ToolRule
from guardlint.guard.verdict import StepRecord

__all__ = [
    "call_message",
    "judge_call",
    "judge_calls",
    "judge_claimed",
    "judge_result",
    "judge_results",
    "tool_calls",
    "tool_results",
]

_CALLS: Final = frozenset(
    {"function_call", "tool_use", "custom_tool_call", "mcp_call", "tool_call"}
    | {"server_tool_use", "mcp_tool_use"}
)
_WRAPPED: Final = ("function", "function_call", "functionCall", "custom", "toolUse")
_ARGUMENTS: Final = ("arguments", "args", "input")
_RESULTS: Final = ("tool_result", "_call_output")
_TOOL_ROLES: Final = frozenset({"tool", "function"})
_DEPTH: Final = 12  # how deep in a reply a call may stand


def call_message(name: str, arguments: Any) -> Message:
    """The assistant's message that calls this tool."""
    return {"role": "assistant", "tool_calls": [{"type": "function", "name": name, "arguments": arguments}]}


def tool_calls(value: Any, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Name and arguments of every tool that a reply, as plain data, calls."""
    if depth > _DEPTH:
        return
    if isinstance(value, Mapping):
        called = _called(value)
        yield from called
        for key, item in value.items():
            # What a call is made with may look like another one.
            if isinstance(item, Mapping | list | tuple) and not (called and key in (*_WRAPPED, *_ARGUMENTS)):
                yield from tool_calls(item, depth + 1)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from tool_calls(item, depth + 1)


def _called(value: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The call that a dictionary is; more than one when it is written in two ways at once."""
    found = []
    for key in _WRAPPED:
        inner = value.get(key)
        if isinstance(inner, Mapping) and "name" in inner:
            given = [inner[name] for name in _ARGUMENTS if name in inner] or [""]
            found += [(str(inner["name"]), arguments) for arguments in given]
    name, kind = value.get("name"), str(value.get("type"))
    if isinstance(name, str):
        keys = _ARGUMENTS if kind in _CALLS else _ARGUMENTS[:2]
        found += [(name, value[key]) for key in keys if key in value]
    return found


def tool_results(messages: Sequence[Message], start: int = 0) -> list[tuple[str, Any]]:
    """Name (empty when no message says it) and answer of every tool in the messages from ``start`` on."""
    names: dict[str, str] = {}
    found: list[tuple[str, Any]] = []
    for index, message in enumerate(messages):
        if message["role"] == "assistant":
            names.update(_numbered(message))
        if index < start:
            continue
        if message["role"] in _TOOL_ROLES or str(message.get("type")).endswith(_RESULTS):
            found.append((_name_of(message, names), _answer(message)))
        content = message.get("content")
        parts = [part for part in content if isinstance(part, Mapping)] if isinstance(content, list) else []
        for part in parts:
            inner = part.get("toolResult")  # of Bedrock
            answer = inner if isinstance(inner, Mapping) else part
            if answer is inner or str(part.get("type")).endswith(_RESULTS):
                found.append((_name_of(answer, names), _answer(answer)))
    return found


def _numbered(value: Any, depth: int = 0) -> Iterator[tuple[str, str]]:
    """The identifiers of an assistant's calls, with the names of the tools."""
    if isinstance(value, Mapping):
        called = _called(value)
        holders: list[Any] = [value, value.get("toolUse")] if called else []
        for holder in holders:
            for key in ("id", "call_id", "toolUseId") if isinstance(holder, Mapping) else ():
                if isinstance(holder.get(key), str):
                    yield holder[key], called[0][0]
        inside = (*_WRAPPED, *_ARGUMENTS) if called else ()
        value = [item for key, item in value.items() if key not in inside]
    if isinstance(value, list) and depth <= _DEPTH:
        for item in value:
            if isinstance(item, Mapping | list):
                yield from _numbered(item, depth + 1)


def _name_of(answer: Mapping[str, Any], names: Mapping[str, str]) -> str:
    for key in ("tool_call_id", "tool_use_id", "toolUseId", "call_id"):
        number = answer.get(key)
        if isinstance(number, str) and number in names:
            return names[number]
    name = answer.get("name")
    return name if isinstance(name, str) else ""


def _answer(value: Mapping[str, Any]) -> Any:
    return value["output"] if "output" in value else value.get("content")


def judge_call(plan: Plan, call: Call, name: str, arguments: Any) -> None:
    """Block ``call`` when a rule forbids this call of a tool."""
    _judge(plan, call, "output", [(name, arguments)], lambda rule: rule.check_call)


def judge_result(plan: Plan, call: Call, name: str, result: Any) -> None:
    """Block ``call`` when a rule forbids this answer of a tool."""
    _judge(plan, call, "input", [(name, result)], lambda rule: rule.check_result)


def judge_calls(plan: Plan, call: Call, reply: Message) -> None:
    """Block ``call`` when a rule forbids a tool that the reply calls."""
    if plan.tool_rules:
        _judge(plan, call, "output", list(tool_calls(reply)), lambda rule: rule.check_call)


def judge_results(plan: Plan, call: Call) -> None:
    """Block ``call`` when a rule forbids what a tool answered, in the messages that are judged."""
    if plan.tool_rules:
        results = tool_results(call.messages, call.history)
        _judge(plan, call, "input", results, lambda rule: rule.check_result)


def judge_claimed(plan: Plan, call: Call) -> None:
    """Block ``call`` when a rule forbids a call that a history claims was made, in turns of strangers."""
    if plan.tool_rules and call.strangers:
        claimed = [one for index in sorted(call.strangers) for one in tool_calls(call.messages[index])]
        _judge(plan, call, "input", claimed, lambda rule: rule.check_call)


def _judge(
    plan: Plan,
    call: Call,
    hook: Direction,
    found: Sequence[tuple[str, Any]],
    check_of: Callable[[ToolRule], Callable[[str, Any], str | None]],
) -> None:
    if not found:
        return
    for rule in plan.tool_rules:
        started = perf_counter()
        try:
            codes = [check_of(rule)(name, value) for name, value in found]
        except Exception:  # noqa: BLE001 - a rule that breaks lets nothing through; its words may be content
            call.block("rail-failed", rail=rule.rail, error=True)
        else:
            code = next((code for code in codes if code is not None), None)
            if code is not None:
                call.block("rail", rail=rule.rail, code=code)
        status: Status = "blocked" if call.blocked else "passed"
        blamed = rule.rail if call.blocked else None
        taken = round((perf_counter() - started) * 1000, 3)
        call.steps.append(
            StepRecord(hook, "tools", None, (rule.rail,), status, blamed, call.error, len(found), 0, taken)
        )
        if call.blocked:
            return
