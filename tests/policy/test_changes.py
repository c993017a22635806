"""What a change of policy brings: stricter, looser, different, and nothing where nothing changes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from guardlint.policy.central import Central
from guardlint.policy.changes import changes
from guardlint.policy.described import lines_of
from guardlint.source.record import replace

Write = Callable[..., Central]

WHY = 'reason: because, controls: ["LLM01:2025"]'


def entry(verb: str, body: str, id: str = "x") -> str:
    return f"{verb}: [{{id: {id}, {WHY}, enforced_by: configuration, {body}}}]\n"


def rail(name: str, settings: str = "") -> str:
    return f"rails: {{input: [{{rail: {name}@1, {WHY}{settings}}}]}}\n"


def ways(central: Write, before: str, after: str) -> list[tuple[str, str, str]]:
    repository = central(a=before, b=after)
    rails = {name: repository.rail(name) for name in repository.rails()}
    found = changes(repository.policy("a"), repository.policy("b"), rails)
    return [(change.way, change.section, change.id) for change in found]


STRICTER = [
    pytest.param("", rail("self-check"), ("rails.input", "self-check"), id="rail"),
    pytest.param(
        rail("mask-personal-data", ", settings: {entities: [PERSON]}"),
        rail("mask-personal-data", ", settings: {entities: [PERSON, IBAN_CODE]}"),
        ("rails.input", "mask-personal-data"),
        id="entities",
    ),
    pytest.param("", entry("forbid", "engine: nim"), ("forbid", "x"), id="requirement"),
    pytest.param(
        entry("allow", "engines: [nim, openai]"), entry("allow", "engines: [nim]"), ("allow", "x"), id="allow"
    ),
    pytest.param(
        "models: {allow_engines: [nim, openai]}\n",
        "models: {allow_engines: [nim]}\n",
        ("models", "allow_engines"),
        id="engines",
    ),
    pytest.param(
        "runtime: {timeout_seconds: 9}\n",
        "runtime: {timeout_seconds: 5}\n",
        ("runtime", "timeout_seconds"),
        id="timeout",
    ),
    pytest.param(
        "team_code: {actions: isolated}\n",
        "team_code: {actions: reviewed}\n",
        ("team_code", "actions"),
        id="code",
    ),
    pytest.param(
        "severity: {unknown-key: note}\n",
        "severity: {unknown-key: error}\n",
        ("severity", "unknown-key"),
        id="severity",
    ),
    pytest.param("", "not_waivable: [unknown-key]\n", ("not_waivable", "unknown-key"), id="not-waivable"),
    pytest.param(
        "waivers: {longest_days: 90}\n",
        "waivers: {longest_days: 30}\n",
        ("waivers", "longest_days"),
        id="waivers",
    ),
    pytest.param("", "runtime: {mode: enforce}\n", ("runtime", "mode"), id="mode"),
]


@pytest.mark.parametrize(("loose", "tight", "where"), STRICTER)
def test_stricter_one_way_is_looser_the_other(
    loose: str, tight: str, where: tuple[str, str], central: Write
) -> None:
    """Each kind of constraint is told by its order, in both directions, and nothing else is told."""
    assert [("stricter", *where)] == ways(central, loose, tight)
    assert [("looser", *where)] == ways(central, tight, loose)
    assert [] == ways(central, tight, tight)


def test_what_has_no_order_is_different(central: Write) -> None:
    """Judges, refusals, and a requirement that asks for something else under its id."""
    one = "models: {judge: {engine: openai, model: a}}\nruntime: {refusal: No.}\n"
    two = "models: {judge: {engine: openai, model: b}}\nruntime: {refusal: Sorry.}\n"
    assert [("different", "models", "judge"), ("different", "runtime", "refusal")] == ways(central, one, two)
    other = (
        entry("require", "setting: passthrough, equals: true"),
        entry("require", "setting: streaming, equals: true"),
    )
    assert [("different", "require", "x")] == ways(central, *other)
    assert [("different", "severity", "unknown-key")] == ways(central, "", "severity: {unknown-key: error}\n")


def test_another_id_for_the_same_is_no_change(central: Write) -> None:
    """What is said under a new name is neither lost nor new."""
    assert [] == ways(
        central, entry("forbid", "engine: nim", "one"), entry("forbid", "engine: nim", "another")
    )


def test_every_line_has_its_origin(central: Write) -> None:
    """What a child inherits is shown with its parent's file and line, what it says with its own."""
    policy = central(
        a=entry("forbid", "engine: nim"), b="extends: [a@1]\nruntime: {timeout_seconds: 3}\n"
    ).policy("b")
    origins = {
        (line.section, line.id): (line.origin.label, line.origin.place.line) for line in lines_of(policy)
    }
    assert origins["forbid", "x"] == ("a@1.0.0", 7)
    assert origins["runtime", "timeout_seconds"] == ("b@1.0.0", 8)
    said = {(line.section, line.id): line.says for line in lines_of(policy)}
    assert said["forbid", "x"] == "no engine 'nim'"


@pytest.mark.parametrize(
    ("verb", "body", "says"),
    [
        ("require", "rail: self check input, direction: input", "input rail 'self check input'"),
        (
            "require",
            "setting: passthrough, equals: true, when: {setting: streaming, equals: false}",
            "passthrough is true, where streaming is false",
        ),
        ("require", "order: [a, b], direction: output", "output rails in the order 'a', 'b'"),
        (
            "require",
            "personal_data: [PERSON], direction: input, becomes: block, threshold: 0.5",
            "PERSON in input is blocked, from a score of at most 0.5 on",
        ),
        ("require", "nemo_version: {at_least: '0.22', below: '0.25'}", "NeMo at least 0.22 and below 0.25"),
        (
            "require",
            f"prompt: self_check_input, digests: ['sha256:{'0' * 64}']",
            "prompts for 'self_check_input' are of 1 approved",
        ),
        ("forbid", "setting: tracing.enabled, equals: true", "no tracing.enabled of true"),
        ("forbid", "rail: regex*, direction: input", "no input rail 'regex*'"),
        (
            "allow",
            "text: input, to: [local, nim], masked: true",
            "input text goes to 'local' or 'nim' only, masked",
        ),
        ("allow", "endpoints: [local]", "endpoints: 'local' only"),
    ],
)
def test_says(verb: str, body: str, says: str, central: Write) -> None:
    """A requirement in words that need no schema beside them."""
    (line,) = (line for line in lines_of(central(a=entry(verb, body)).policy("a")) if line.id == "x")
    assert line.says == says


def test_a_setting_that_an_earlier_rail_did_not_have(central: Write) -> None:
    """It did what the default does, so that only a value beyond it is a change of direction."""
    repository = central(
        a=rail("mask-personal-data"), b=rail("mask-personal-data", ", settings: {thresholds: {URL: 0.2}}")
    )
    rails = {name: repository.rail(name) for name in repository.rails()}
    before, after = repository.policy("a"), repository.policy("b")
    (use,) = before.rails["input"]
    earlier = {name: value for name, value in use.settings.items() if name != "thresholds"}
    before = replace(before, rails={**before.rails, "input": (replace(use, settings=earlier),)})
    assert ["stricter"] == [change.way for change in changes(before, after, rails)]
    assert [] == [
        change.way for change in changes(before, repository.policy("a"), rails) if change.way == "looser"
    ]
