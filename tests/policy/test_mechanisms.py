"""What nothing enforces is refused where the policy is read or composed, and told where it stands."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from guardlint.errors import ConfigError
from guardlint.policy.central import Central
from guardlint.policy.documents import schema_of
from guardlint.policy.mechanisms import GUARD_KEYS

Write = Callable[..., Central]

WHY = 'reason: because, controls: ["LLM01:2025"]'
MASK = f"rails: {{input: [{{rail: mask-personal-data@1, {WHY}}}]}}\n"


def entry(verb: str, body: str, by: str = "configuration") -> str:
    return f"{verb}: [{{id: x, {WHY}, enforced_by: {by}, {body}}}]\n"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            entry("require", "rail: self check input, direction: input", "bundle"),
            "'bundle' does not enforce a rail of the team's on input",
        ),
        (
            entry("require", "setting: passthrough, equals: true", "runtime"),
            "'runtime' does not enforce a setting",
        ),
        (entry("forbid", "engine: nim", "bundle"), "'bundle' does not enforce an engine"),
        (
            entry("require", "personal_data: [PERSON], direction: retrieval", "bundle"),
            "no bundle enforces what becomes of personal data on retrieval",
        ),
        (
            entry("require", "personal_data: [PERSON], direction: tool_input"),
            "nothing enforces what becomes of personal data on tool_input",
        ),
        (
            entry("require", "order: [one, two], direction: dialog"),
            "nothing enforces an order on dialog",
        ),
        (
            entry("allow", "text: input, to: [local]", "bundle"),
            "no bundle enforces where a text goes, only that it is masked before",
        ),
        (
            entry("allow", "text: retrieval, to: ['*'], masked: true", "bundle"),
            "no bundle enforces where a text goes on retrieval",
        ),
        (
            entry(
                "require",
                "personal_data: [PERSON], direction: input, when: {setting: passthrough, equals: true}",
                "bundle",
            ),
            "a bundle does not look at the team's settings",
        ),
        (
            MASK.replace("input:", "retrieval:"),
            "nothing enforces a company rail on retrieval",
        ),
        (MASK.replace("input:", "tool_output:"), "nothing enforces a company rail on tool_output"),
        (MASK.replace("}]}", ", on_error: pass}]}"), "nothing lets one rail fail open"),
        ("runtime: {mode: monitor}\n", "nothing enforces 'mode: monitor'"),
        ("runtime: {telemetry: required}\n", "nothing enforces 'telemetry: required'"),
        ("runtime: {content_capture: full}\n", "nothing enforces 'content_capture: full'"),
        (
            entry("require", "personal_data: [PERSON], direction: input", "bundle"),
            "'x' holds in no bundle: no rail of a@1.0.0 masks personal data on input",
        ),
        (
            MASK.replace("}]}", ", settings: {entities: [PERSON]}}]}")
            + entry("require", "personal_data: [PERSON, IBAN_CODE], direction: input", "bundle"),
            "does not look for IBAN_CODE",
        ),
        (
            MASK + entry("require", "personal_data: [PERSON], direction: input, becomes: block", "bundle"),
            "does not block personal data: its action is 'mask'",
        ),
        (
            MASK + entry("require", "personal_data: [PERSON], direction: input, threshold: 0.1", "bundle"),
            "looks for PERSON from a score of 0.4 on, above 0.1",
        ),
        (
            entry("require", "nemo_version: {at_least: '0.24', below: '0.22'}"),
            "no NeMo release is at least 0.24 and below 0.22",
        ),
        (
            entry("require", "prompt: self_chek_input, digests: ['sha256:" + "0" * 64 + "']"),
            "NeMo asks no prompt",
        ),
        (entry("require", "personal_data: [EMAIL_ADRESS], direction: input"), "nothing finds the entity"),
        (
            entry("require", "setting: passthrough, schema: {pattern: '('}"),
            "'(' is no regular expression",
        ),
    ],
)
def test_refused(body: str, message: str, central: Write) -> None:
    """Each is an error at its own line, when the policy is opened."""
    with pytest.raises(ConfigError) as caught:
        central(a=body).policy("a")
    assert message in caught.value.message
    assert "policies/a/policy.yml:" in (caught.value.place or "")


@pytest.mark.parametrize(
    "body",
    [
        MASK
        + entry("require", "personal_data: [PERSON, IBAN_CODE], direction: input, threshold: 0.4", "bundle"),
        MASK + entry("allow", "text: input, to: ['*'], masked: true", "bundle"),
        "runtime: {mode: enforce, content_capture: never, on_error: block, audit: required}\n",
        MASK.replace("}]}", ", on_error: block}]}"),
        entry("require", "rail: greeting, direction: dialog"),
        entry("forbid", "rail: small talk, direction: dialog"),
        entry("require", "rail: '*', direction: tool_output"),
    ],
)
def test_accepted(body: str, central: Write) -> None:
    """What the bundle, the guard or the check enforces is taken."""
    central(a=body).policy("a")


def test_a_child_that_takes_the_masking_away_is_refused_for_its_parent(central: Write) -> None:
    """A floor of a parent holds in every child, whatever the child's own rails."""
    floor = entry("require", "personal_data: [PERSON, IBAN_CODE], direction: input", "bundle")
    wide = MASK.replace("}]}", ", settings: {entities: [PERSON, IBAN_CODE]}}]}")
    composed = central(a=wide + floor, b="extends: [a@1]\n").policy("b")
    assert [["IBAN_CODE", "PERSON"]] == [sorted(use.settings["entities"]) for use in composed.rails["input"]]


def test_every_key_of_runtime_is_known_to_a_mechanism() -> None:
    """A new key in the schema that nobody judges would be ignored."""
    keys = set(schema_of("policy")["properties"]["runtime"]["properties"])
    assert keys == {"on_error", "timeout_seconds", "refusal", *GUARD_KEYS}
