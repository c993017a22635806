"""What policies see of configurations as guardlint reads them: hosts, readers, protections, code, dialog."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from guardlint.nemo.configuration import read_configuration
from guardlint.policy.central import Central
from guardlint.policy.evaluate import violations
from guardlint.policy.reviews import code_digest
from guardlint.rules.effective_view import ConfigurationView, place_of

WHY = 'reason: because, controls: ["LLM01:2025"], enforced_by: configuration'
MASK = "mask sensitive data on input"
MAIN = "models: [{type: main, engine: openai, model: gpt-4o}]\n"
ASK = 'prompts: [{task: self_check_input, content: "Block it? {{ user_input }}"}]\n'
PII = "sensitive_data_detection: {input: {entities: [PERSON], score_threshold: 0.6}}"


@pytest.fixture
def found(tmp_path: Path, central: Callable[..., Central]) -> Callable[..., list[tuple[str, int]]]:
    """Hold files against one entry of a policy: message and line of each violation."""

    def run(verb: str, body: str, version: str | None = None, **files: str) -> list[tuple[str, int]]:
        text = body if verb == "" else f"{verb}: [{{id: x, {WHY}, {body}}}]\n"
        policy = central(a=text).policy("a")
        root = tmp_path / "team"
        for name, content in files.items():
            path = root / name.replace("__", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        configuration = read_configuration(root, version=version)
        return [
            (item.message, place_of(configuration, item).line)
            for item in violations(policy, ConfigurationView(configuration))
        ]

    return run


CASES = [
    pytest.param(
        "allow",
        "endpoints: ['*.example.com', local]",
        MAIN,
        [("the endpoint 'api.openai.com' is not on the allow list of a@1.0.0", 1)],
        id="the-engines-own-host",
    ),
    pytest.param(
        "allow",
        "endpoints: ['*.example.com', local]",
        MAIN.replace("gpt-4o}", 'gpt-4o, parameters: {base_url: "https://llm.example.com/v1"}}'),
        [],
        id="a-host-that-is-written",
    ),
    pytest.param(
        "allow",
        "endpoints: [local]",
        MAIN.replace("gpt-4o}", 'gpt-4o, parameters: {base_url: "http://10.1.2.3:8000/v1"}}')
        + 'rails: {config: {gliner: {server_endpoint: "https://gliner.example.org/v1"}}}\n',
        [("the endpoint 'gliner.example.org' is not on the allow list of a@1.0.0", 2)],
        id="a-service-of-a-rail",
    ),
    pytest.param(
        "allow",
        "endpoints: [local]",
        MAIN.replace("openai", "ollama")
        + 'rails: {config: {regex_detection: {input: {patterns: ["https://evil.example.org"]}}}}\n',
        [],
        id="a-pattern-is-no-host",
    ),
    pytest.param("allow", "models: ['openai/gpt-4o*']", MAIN, [], id="a-model"),
    pytest.param(
        "allow",
        "models: ['nim/*']",
        MAIN,
        [("the model 'openai/gpt-4o' is not on the allow list of a@1.0.0", 1)],
        id="another-model",
    ),
    pytest.param(
        "forbid",
        "endpoint: '*.openai.com'",
        MAIN,
        [("the endpoint 'api.openai.com' is forbidden by a@1.0.0", 1)],
        id="a-forbidden-host",
    ),
    pytest.param(
        "allow",
        "text: input, to: [openai], masked: true",
        MAIN + "rails: {input: {flows: [self check input]}}\n" + ASK,
        [
            ("the user's message goes to the main model (openai/gpt-4o) before personal data is masked", 2),
        ],
        id="a-judge-reads-it-unmasked",
    ),
    pytest.param(
        "allow",
        "text: input, to: [openai], masked: true",
        MAIN + f"rails: {{config: {{{PII}}}, input: {{flows: [{MASK}, self check input]}}}}\n" + ASK,
        [],
        id="masked-before-the-judge",
    ),
    pytest.param(
        "allow",
        "text: input, to: [nim]",
        MAIN,
        [("the user's message goes to the main model (openai/gpt-4o)", 1)],
        id="the-model-that-answers",
    ),
    pytest.param(
        "allow",
        "text: output, to: [openai]",
        MAIN,
        [],
        id="nobody-reads-the-reply",
    ),
    pytest.param(
        "require",
        "personal_data: [PERSON, IBAN_CODE], direction: input",
        MAIN + f"rails: {{config: {{{PII}}}, input: {{flows: [mask sensitive data on input]}}}}\n",
        [("rails.config.sensitive_data_detection.input.entities lacks IBAN_CODE", 2)],
        id="an-entity-is-not-listed",
    ),
    pytest.param(
        "require",
        "personal_data: [PERSON], direction: input, threshold: 0.5",
        MAIN + f"rails: {{config: {{{PII}}}, input: {{flows: [mask sensitive data on input]}}}}\n",
        [("rails.config.sensitive_data_detection.input: PERSON is masked from 0.6 on", 2)],
        id="a-threshold-above",
    ),
    pytest.param(
        "require",
        "personal_data: [PERSON], direction: input, becomes: block",
        MAIN + f"rails: {{config: {{{PII}}}, input: {{flows: [mask sensitive data on input]}}}}\n",
        [("rails.config.sensitive_data_detection.input: PERSON is masked, and a@1.0.0 requires", 2)],
        id="masked-is-not-blocked",
    ),
    pytest.param(
        "require",
        "personal_data: [PERSON], direction: input",
        MAIN + f"rails: {{config: {{{PII}}}, input: {{flows: [detect sensitive data on input]}}}}\n",
        [],
        id="blocked-is-masked-and-more",
    ),
    pytest.param(
        "require",
        "personal_data: [PERSON], direction: input",
        MAIN + f"rails: {{config: {{{PII}}}}}\n",
        [("no rail looks for personal data on input", 2)],
        id="entities-and-no-rail",
    ),
    pytest.param(
        "require",
        "order: [mask sensitive data on input, self check input], direction: input",
        MAIN
        + "rails:\n  input:\n    flows:\n      - self check input\n      - mask sensitive data on input\n"
        + ASK,
        [("'mask sensitive data on input' runs behind 'self check input'", 6)],
        id="another-order",
    ),
    pytest.param(
        "require",
        f"prompt: self_check_input, digests: ['sha256:{'0' * 64}']",
        MAIN + ASK,
        [("the prompt for 'self_check_input' is not one that a@1.0.0 approves", 2)],
        id="a-prompt-that-nobody-approved",
    ),
    pytest.param(
        "require",
        "setting: models, schema: {type: array, maxItems: 1, items: {required: [model]}}",
        MAIN,
        [],
        id="fits-a-schema",
    ),
    pytest.param(
        "require",
        "setting: models, schema: {type: array, minItems: 2}",
        MAIN,
        [("models is a list, and a@1.0.0 requires what its schema says", 1)],
        id="fits-no-schema",
    ),
]


@pytest.mark.parametrize(("verb", "body", "config", "expected"), CASES)
def test_seen(verb: str, body: str, config: str, expected: list[tuple[str, int]], found: Any) -> None:
    """Each is told once, where the team must edit, and its harmless neighbour not at all."""
    told = found(verb, body, config__yml=config)
    assert [line for _, line in expected] == [line for _, line in told], told
    for (wanted, _), (message, _) in zip(expected, told, strict=True):
        assert message.startswith(wanted)


def test_dialog_and_tools_are_flows_of_the_teams(found: Any) -> None:
    """A flow that starts by itself is a rail on dialog; a subflow and another name are none."""
    flow = "define flow hand over\n  user asks for a person\n  bot refuse to respond\n"
    body = "rail: hand over, direction: dialog"
    assert [] == found("require", body, config__yml=MAIN, handover__co=flow)
    told = found(
        "require", body, config__yml=MAIN, handover__co=flow.replace("define flow", "define subflow")
    )
    assert ["no dialog rail 'hand over' runs, and a@1.0.0 requires it"] == [message for message, _ in told]


def test_a_rail_within_a_flow_of_the_teams_runs(found: Any) -> None:
    """By its flow or by its action, in a listed flow of Colang 1.0 and in the rails' flow of 2.x."""
    body = "rail: self check output, direction: output"
    listed = MAIN + "rails: {output: {flows: [our checks]}}\n"
    for call in ("do self check output", "$ok = execute self_check_output"):
        flow = f"define flow our checks\n  {call}\n"
        assert [] == found("require", body, config__yml=listed, checks__co=flow)
    assert 1 == len(
        found("require", body, config__yml=listed, checks__co="define flow our checks\n  bot hello\n")
    )
    second = "import guardrails\nimport nemoguardrails.library.self_check.output_check\n\n"
    flow = second + "flow output rails $output_text\n  self check output\n"
    assert [] == found("require", body, config__yml='colang_version: "2.x"\n' + MAIN, checks__co=flow)


def test_a_model_in_the_process_is_local(found: Any) -> None:
    """Also where it is the one that answers, and has no address."""
    config = MAIN.replace("openai", "hf_pipeline_llama2")
    assert [] == found("allow", "text: input, to: [local]", config__yml=config)


def test_versions_of_nemo(found: Any) -> None:
    """The series counts, as guardlint's facts about NeMo do."""
    body = "nemo_version: {at_least: '0.22', except: ['0.23']}"
    assert [] == found("require", body, "0.22.0", config__yml=MAIN)
    assert [] == found("require", body, "0.24.1", config__yml=MAIN)
    for version in ("0.20.0", "0.23.0"):
        ((message, _),) = found("require", body, version, config__yml=MAIN)
        assert message == (
            f"the configuration is for NeMo {version}, and a@1.0.0 requires at least 0.22 and not 0.23"
        )


def test_reviewed_code(tmp_path: Path, central: Callable[..., Central], found: Any) -> None:
    """Code whose digest is in reviews.yml passes, with any line ends; a changed byte does not."""
    code = "def helper():\n    return 1\n"
    policies = tmp_path / "policies"
    policies.mkdir()
    (policies / "reviews.yml").write_text(
        "schema: guardlint/reviews/v1\nreviews:\n"
        "  - {team: t, file: actions.py, reviewer: r, date: 2026-01-01, "
        f"digest: '{code_digest(code.encode())}'}}\n"
    )
    rule = "team_code: {actions: reviewed}\n"
    assert [] == found("", rule, config__yml=MAIN, actions__py=code)
    assert [] == found("", rule, config__yml=MAIN, actions__py=code.replace("\n", "\r\n"))
    ((message, _),) = found("", rule, config__yml=MAIN, actions__py=code + "\n")
    assert message == "'actions.py' is reviewed by nobody, and a@1.0.0 requires it"


def test_a_value_that_fits_no_schema_is_not_shown(found: Any) -> None:
    """It may be a secret."""
    config = MAIN.replace("gpt-4o}", "gpt-4o, parameters: {api_key: obviously-fake}}")
    told = found("require", "setting: 'models[*].parameters', schema: {maxProperties: 0}", config__yml=config)
    assert len(told) == 1
    assert "obviously-fake" not in repr(told)
