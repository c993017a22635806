"""The rules for tools: what may be called, with what, what may come back, and how a plan says so."""

from __future__ import annotations

from typing import Any

import pytest

from guardlint.errors import ConfigError
from guardlint.guard.tool_rules import ToolRules, foreign_host, read_tools

TRANSFER = {
    "type": "object",
    "additionalProperties": False,
    "required": ["amount", "to"],
    "properties": {"amount": {"type": "number", "maximum": 1000}, "to": {"type": "string"}},
}


def rules(**settings: Any) -> ToolRules:
    return read_tools({"step": "tools", "rail": "tool-validation", **settings})


def test_no_settings_allow_what_is_readable() -> None:
    """Without a list any tool may be called, with any arguments that are JSON."""
    free = rules()
    assert free.check_call("anything", {"url": "https://evil.example"}) is None
    assert free.check_call("anything", "") is None
    assert free.check_result("anything", "https://evil.example") is None


@pytest.mark.parametrize(
    "arguments",
    [
        '{"amount": 5, "to": "rent"',
        '{"amount": 5, "amount": 900, "to": "rent"}',
        '{"amount": NaN, "to": "rent"}',
        "[1]",
        "5",
        "null",
        "no json",
        {"amount": object()},
        {"amount": float("nan")},
        "[" * 5_000,
        None,
        [],
    ],
)
def test_arguments_that_two_readers_may_read_differently(arguments: Any) -> None:
    """Half a text, a key twice, NaN, no object at all: nobody knows what the tool would make of it."""
    assert "arguments-unreadable" == rules().check_call("transfer", arguments)


def test_deep_arguments_are_not_walked() -> None:
    """A value of a thousand brackets is refused, not followed until the interpreter gives up."""
    deep: Any = "x"
    for _ in range(100_000):
        deep = [deep]
    assert "arguments-unreadable" == rules().check_call("transfer", {"a": deep})
    assert "result-unreadable" == rules().check_result("transfer", deep)


def test_schema_of_the_arguments() -> None:
    """A tool with a schema takes what fits, one without takes anything."""
    strict = rules(schemas={"transfer": TRANSFER})
    assert strict.check_call("transfer", {"amount": 5, "to": "rent"}) is None
    assert strict.check_call("transfer", '{"amount": 5, "to": "rent"}') is None
    assert strict.check_call("search", {"amount": "x"}) is None
    for wrong in ({"amount": 5}, {"amount": 5000, "to": "x"}, {"amount": 5, "to": "x", "as": "admin"}):
        assert "arguments-not-as-declared" == strict.check_call("transfer", wrong)


def test_schema_is_never_fetched() -> None:
    """A reference to another document allows nothing and asks no server."""
    away = rules(schemas={"transfer": {"$ref": "http://127.0.0.1:9/schema.json"}})
    assert "arguments-not-as-declared" == away.check_call("transfer", {})


def test_lengths_and_tools() -> None:
    """Arguments and results are measured as JSON; a tool that is not listed neither acts nor answers."""
    narrow = rules(tools=["search"], max_call=40, max_result=40)
    assert "tool-not-allowed" == narrow.check_call("Search", {})
    assert "tool-not-allowed" == narrow.check_result("delete", "done")
    assert "call-too-long" == narrow.check_call("search", {"q": "x" * 40})
    assert "call-too-long" == narrow.check_call("search", " " * 41)
    assert "result-too-long" == narrow.check_result("search", ["x" * 40])
    assert "result-unreadable" == narrow.check_result("search", object())
    assert narrow.check_result("search", "x" * 40) is None
    assert narrow.check_result("", "of a tool without a name") is None


@pytest.mark.parametrize(
    "text",
    [
        "https://evil.example/a",
        "HTTPS://EVIL.EXAMPLE",
        "see http:\\\\evil.example\\a",
        "https:evil.example",
        "https:///evil.example/a",
        "//evil.example/a",
        "https://bank.example@evil.example/",
        "https://bank.example:443@evil.example/",
        "https://bank.example.evil.example",
        "https://notbank.example",
        "ftp://evil.example/a",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "https://10.0.0.1/",
    ],
)
def test_addresses_of_others(text: str) -> None:
    """Whatever an HTTP client would call, in a value, a key or deep inside."""
    for value in (text, {"a": [{"b": f"go to {text} now"}]}, {text: 1}):
        assert foreign_host(value, ("bank.example",))
        assert foreign_host(value, ())


@pytest.mark.parametrize(
    "text",
    [
        "https://bank.example/a?b=c",
        "https://help.bank.example:8443#d",
        "(https://bank.example).",
        "//bank.example/a",
        "a // b",
        "10 // 3",
        "http or https?",
        "data: what is kept",
        "1/2 and 3/4",
        "no address",
        "C:\\Users\\anna",
        "",
    ],
)
def test_addresses_of_the_company_and_none(text: str) -> None:
    """Hosts on the list with what is below them, and texts that only look like addresses."""
    assert not foreign_host(text, ("bank.example",))


def test_sides() -> None:
    """Listed on output a rail looks at calls only, on input at results only."""
    calls, results = rules(checks=["calls"], tools=[]), rules(checks=["results"], tools=[])
    assert ("tool-not-allowed", None) == (calls.check_call("a", {}), calls.check_result("a", "x"))
    assert (None, "tool-not-allowed") == (results.check_call("a", {}), results.check_result("a", "x"))


@pytest.mark.parametrize(
    "entry",
    [
        {"tool": ["a"]},
        {"tools": "a"},
        {"tools": [1]},
        {"schemas": ["a"]},
        {"schemas": {"a": {"type": "nothing"}}},
        {"max_call": 0},
        {"max_call": True},
        {"max_result": "many"},
        {"hosts": [""]},
        {"checks": []},
        {"checks": ["texts"]},
        {"rail": ""},
    ],
)
def test_rules_that_cannot_be_read(entry: dict[str, Any]) -> None:
    """A guard that skipped what it does not understand would let it pass."""
    with pytest.raises(ConfigError):
        rules(**entry)
