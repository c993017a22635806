"""The settings of the rail for tools: lists that only shrink, schemas that only grow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from guardlint.errors import ConfigError
from guardlint.policy.central import Central

Write = Callable[..., Central]
SCHEMA = "{type: object, maxProperties: 1}"


def rail(**settings: str) -> str:
    said = ", ".join(f"{name}: {value}" for name, value in settings.items())
    return (
        "rails:\n  output:\n    - rail: tool-validation@1\n      reason: r\n      controls: ['LLM06:2025']\n"
        + (f"      settings: {{{said}}}\n" if said else "")
    )


def settings(central: Central, policy: str) -> dict[str, Any]:
    (use,) = central.policy(policy).rails["output"]
    return dict(use.settings)


def child(**own: str) -> str:
    return "extends: [parent@1]\n" + rail(**own)


def test_any_tool_becomes_a_list_and_a_list_becomes_shorter(central: Write) -> None:
    """Whatever may be called at first, a policy that extends it may name the tools, and take some away."""
    assert ["a", "b"] == settings(central(parent=rail(), child=child(tools="[a, b]")), "child")["tools"]
    assert ["a"] == settings(central(parent=rail(tools="[a, b]"), child=child(tools="[a]")), "child")["tools"]
    assert (
        [] == settings(central(parent=rail(hosts="[a.example]"), child=child(hosts="[]")), "child")["hosts"]
    )


@pytest.mark.parametrize("wider", [{"tools": "[a, b]"}, {"tools": "any"}, {"max_call": "900"}])
def test_nothing_becomes_wider(central: Write, wider: dict[str, str]) -> None:
    """Another tool, any tool, a longer call: loosens, and names the parent."""
    parent = rail(tools="[a]", max_call="500")
    with pytest.raises(ConfigError, match=r"loosens parent@1\.0\.0"):
        central(parent=parent, child=child(**wider)).policy("child")


def test_schemas_of_other_tools_are_added(central: Write) -> None:
    """A child says more tools' arguments, and not less, or something else, of its parent's."""
    parent = rail(schemas=f"{{a: {SCHEMA}}}")
    written = central(parent=parent, child=child(schemas=f"{{a: {SCHEMA}, b: {{type: object}}}}"))
    assert {"a", "b"} == set(settings(written, "child")["schemas"])
    for looser in (f"{{b: {SCHEMA}}}", "{a: {type: object}}"):
        with pytest.raises(ConfigError, match="loosens"):
            central(parent=parent, child=child(schemas=looser)).policy("child")


def test_two_parents(central: Write) -> None:
    """Of lists what both allow, of schemas what either says; two of one tool contradict each other."""
    written = central(
        left=rail(tools="[a, b]", schemas=f"{{a: {SCHEMA}}}"),
        right=rail(tools="[b, c]", schemas=f"{{b: {SCHEMA}}}"),
        both="extends: [left@1, right@1]\n",
    )
    found = settings(written, "both")
    assert (["b"], {"a", "b"}) == (found["tools"], set(found["schemas"]))
    with pytest.raises(ConfigError, match="contradicts"):
        central(
            left=rail(schemas=f"{{a: {SCHEMA}}}"),
            right=rail(schemas="{a: {type: object}}"),
            both="extends: [left@1, right@1]\n",
        ).policy("both")
