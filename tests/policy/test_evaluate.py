"""Requirements against configurations: the policies' own cases, loaded by NeMo, and every kind by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from guardlint.nemo.configuration import read_configuration
from guardlint.policy.central import Central
from guardlint.policy.described import lines_of
from guardlint.policy.documents import read_document
from guardlint.policy.evaluate import violations
from guardlint.resources import resource_dir
from guardlint.rules.effective_view import ConfigurationView

CASES = [
    pytest.param(name, case, id=f"{name}:{case['id']}")
    for name in Central.open().policies()
    for case in read_document(resource_dir("policies") / name / "tests" / "cases.yml", "policy-tests").data[
        "cases"
    ]
]


# What NeMo's own object tells; who reads a text, and what code is called, the files tell.
TOLD_BY_NEMO = {"rail", "order", "setting", "engine", "file"}


@pytest.mark.parametrize(("policy", "case"), CASES)
def test_policy_case(policy: str, case: dict[str, Any], nemo_view: Callable[..., Any]) -> None:
    """NeMo loads the configuration, and it violates exactly the requirements that the case lists."""
    composed = Central.open().policy(policy)
    loaded = nemo_view(case["configuration"])
    view = ConfigurationView(read_configuration(loaded.folder, version=case.get("nemo")))
    found = list(violations(composed, view))
    assert set(case["violates"]) == {violation.requirement for violation in found}
    for violation in found:
        assert all((violation.reason, violation.controls, violation.help, violation.at_run_time))
    told = {entry.id for entry in composed.requirements if entry.subject in TOLD_BY_NEMO}
    by_nemo = {violation.requirement for violation in violations(composed, loaded)} & told
    assert by_nemo == set(case["violates"]) & told


@pytest.mark.parametrize("policy", Central.open().policies())
def test_every_requirement_can_fire(policy: str) -> None:
    """Each requirement of a policy is violated by one of its cases or of its parents' cases."""
    composed = Central.open().policy(policy)
    tested = {
        violated
        for part in composed.composed_of
        for case in read_document(
            resource_dir("policies") / part.id / "tests" / "cases.yml", "policy-tests"
        ).data["cases"]
        for violated in case["violates"]
    }
    asked = {entry.id for entry in composed.requirements if entry.enforced_by == "configuration"}
    assert asked <= tested


@pytest.mark.parametrize("policy", Central.open().policies())
def test_every_line_says_why(policy: str) -> None:
    """Each line of a reference policy has a reason and controls, whether it is a requirement or a section."""
    for line in lines_of(Central.open().policy(policy)):
        assert line.reason, line
        assert line.controls, line


def entry(what: str, **keys: str) -> str:
    head = 'reason: because\n    controls: ["LLM01:2025"]\n    enforced_by: configuration\n'
    text = f"{what}:\n  - id: x\n    {head}"
    return text + "".join(f"    {key}: {value}\n" for key, value in keys.items())


STREAM = {"rails": {"output": {"streaming": {"enabled": True, "stream_first": True, "chunk_size": 200}}}}
FLOWS = {"rails": {"input": {"flows": ["topic safety check input $model=m"]}}}
MODELS = {
    "models": [
        {"engine": "nim", "parameters": {"temperature": 0}},
        {"engine": "openai", "parameters": {"api_key": "k"}},
    ]
}


@pytest.mark.parametrize(
    ("body", "data", "message", "path"),
    [
        (
            entry("require", rail="self check input", direction="input"),
            FLOWS,
            "no input rail 'self check input' runs, and a@1.0.0 requires it",
            ("rails", "input", "flows"),
        ),
        (
            entry("require", any_rail="[self check input, llama guard check input]", direction="input"),
            {},
            "no input rail of 'self check input' or 'llama guard check input' runs, and a@1.0.0 requires one",
            ("rails", "input", "flows"),
        ),
        (entry("require", rail="topic safety*", direction="input"), FLOWS, None, None),
        (
            entry("require", setting="rails.output.streaming.stream_first", equals="false"),
            STREAM,
            "rails.output.streaming.stream_first is true, and a@1.0.0 requires false",
            ("rails", "output", "streaming", "stream_first"),
        ),
        (
            entry(
                "require",
                setting="rails.output.streaming.stream_first",
                equals="false",
                when="{setting: rails.output.streaming.enabled, equals: false}",
            ),
            STREAM,
            None,
            None,
        ),
        (
            entry("require", setting="rails.output.streaming.chunk_size", maximum="100"),
            STREAM,
            "rails.output.streaming.chunk_size is 200, and a@1.0.0 requires at most 100",
            None,
        ),
        (entry("require", setting="rails.output.streaming.chunk_size", minimum="100"), STREAM, None, None),
        (
            entry("require", setting="rails.output.streaming.chunk_size", minimum="100"),
            {},
            "rails.output.streaming.chunk_size is not set, and a@1.0.0 requires at least 100",
            None,
        ),
        (
            entry("require", setting="models[*].engine", one_of="[openai, azure]"),
            MODELS,
            "models[0].engine is nim, and a@1.0.0 requires openai or azure",
            ("models", 0, "engine"),
        ),
        (
            entry("forbid", setting="models[*].parameters.*api_key"),
            MODELS,
            "'models[1].parameters.api_key' is forbidden by a@1.0.0",
            ("models", 1, "parameters", "api_key"),
        ),
        (
            entry("forbid", setting="tracing.enabled", equals="true"),
            {"tracing": {"enabled": True}},
            "'tracing.enabled: true' is forbidden by a@1.0.0",
            ("tracing", "enabled"),
        ),
        (entry("forbid", setting="tracing.enabled", equals="true"), {"tracing": {"enabled": 1}}, None, None),
        (
            entry("forbid", rail='"topic*"'),
            FLOWS,
            "the input rail 'topic safety check input' is forbidden",
            None,
        ),
        (entry("forbid", rail='"topic*"', direction="output"), FLOWS, None, None),
        (
            entry("forbid", engine='"n*"'),
            MODELS,
            "the model engine 'nim' is forbidden by a@1.0.0",
            ("models", 0, "engine"),
        ),
        (entry("forbid", file='"*.py"'), {}, None, None),
        (entry("forbid", file='"*.yml"'), {}, "the file 'config.yml' is forbidden by a@1.0.0", None),
        (entry("forbid", action="look*"), {}, "the action 'look_up' is forbidden by a@1.0.0", None),
        (
            "models: {allow_engines: [openai]}\n",
            MODELS,
            "the model engine 'nim' is not on the allow list of a@1.0.0",
            ("models", 0, "engine"),
        ),
    ],
)
def test_kind(
    body: str, data: dict[str, Any], message: str | None, path: Any, central: Any, plain_view: Any
) -> None:
    """Each kind of requirement fires where it must, once, with its subject first, and else not."""
    policy = central(a=body).policy("a")
    found = list(violations(policy, plain_view(data, actions=["look_up"])))
    assert ([] if message is None else [message]) == [
        violation.message[: len(message or "")] for violation in found
    ]
    for violation in found:
        assert path is None or path == violation.path
        assert violation.policy == "a@1.0.0"
        assert all((violation.reason, violation.help, violation.at_run_time))
        assert "\n" not in violation.message + violation.help + violation.at_run_time


def test_code_of_a_team(central: Any, plain_view: Any) -> None:
    """Forbidden Python is told by its file."""
    policy = central(a="team_code: {actions: forbidden, config_py: forbidden}\n").policy("a")
    view = plain_view(files=["config.yml", "config.py", "actions.py", "actions/more.py", "tools/config.py"])
    assert ["config.py", "actions.py", "actions/more.py"] == [v.file for v in violations(policy, view)]


def test_a_secret_is_never_shown(central: Any, plain_view: Any) -> None:
    """The value of a setting that must not be set does not appear in any text."""
    policy = central(a=entry("forbid", setting="models[*].parameters.*api_key")).policy("a")
    view = plain_view({"models": [{"engine": "openai", "parameters": {"api_key": "obviously-fake"}}]})
    assert "obviously-fake" not in repr(list(violations(policy, view)))
