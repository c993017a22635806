"""The company half: deterministic, the judge's and nobody else's model, and clear errors."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from guardlint.errors import ConfigError
from guardlint.policy.central import Central
from guardlint.policy.company import company_configuration, nemo_rails
from guardlint.policy.digest import digest_of

JUDGE = """\
extends: [customer-facing@1]
models:
  judge: {engine: openai, model: judge-1, api_key_env_var: JUDGE_API_KEY, parameters: {base_url: "https://llm.example.com/v1"}}
"""


def test_same_policy_same_bytes(central: Any) -> None:
    """Two readings of one repository give the same files."""
    first, second = central(ours=JUDGE), Central.open(central(ours=JUDGE).path)
    assert company_configuration(first.policy("ours"), first) == company_configuration(
        second.policy("ours"), second
    )


def test_content(central: Any) -> None:
    """Flows in the policy's order, the judge for main and for each task, the approved prompts unchanged."""
    repository = central(ours=JUDGE)
    files = company_configuration(repository.policy("ours"), repository)
    assert ["config.yml", "prompts.yml"] == sorted(files)
    config = yaml.safe_load(files["config.yml"])
    assert ["regex check input", "self check input"] == config["rails"]["input"]["flows"]
    assert ["self check output"] == config["rails"]["output"]["flows"]
    assert ["main", "self_check_input", "self_check_output"] == [model["type"] for model in config["models"]]
    assert {"openai"} == {model["engine"] for model in config["models"]}
    assert {"JUDGE_API_KEY"} == {model["api_key_env_var"] for model in config["models"]}
    patterns = repository.rail("prompt-injection-patterns").directions["input"].config
    assert patterns == config["rails"]["config"]
    approved = [dict(prompt.nemo) for prompt in repository.rail("self-check").prompts]
    assert approved == yaml.safe_load(files["prompts.yml"])["prompts"]


def test_policy_without_nemo_rails_has_no_company_configuration(central: Any) -> None:
    """Masking runs in the guard: there is nothing for NeMo to do."""
    body = 'rails:\n  input:\n    - {rail: mask-personal-data@1, reason: r, controls: ["LLM02:2025"]}\n'
    repository = central(a=body)
    assert {} == company_configuration(repository.policy("a"), repository)
    assert () == nemo_rails(repository.policy("a"), repository)


def test_judge_is_missing() -> None:
    """The error stands at the rail that asks and says what to write."""
    reference = Central.open()
    with pytest.raises(ConfigError) as caught:
        company_configuration(reference.policy("customer-facing"), reference)
    assert "self-check@1.0.0 asks a judge model, and customer-facing@1.0.0 names none" in caught.value.message
    assert "models: {judge:" in (caught.value.help or "")
    assert (caught.value.place or "").endswith("customer-facing/policy.yml:14:7")


def test_changed_prompt_is_not_approved(central: Any) -> None:
    """A prompt that is not the text of its digest is refused, and the right digest is said."""
    repository = central(a="")
    folder = repository.path / "rails" / "self-check"
    folder.mkdir(parents=True)
    shipped = Central.open().rail("self-check")
    for name, data in shipped.files.items():
        (folder / name).write_bytes(data.replace(b"Must this message be blocked?", b"Is this message fine?"))
    with pytest.raises(
        ConfigError, match=r"prompts.yml:\d+:13: the approved prompt 'self-check-input' is not the text"
    ):
        repository.rail("self-check")


def test_rail_digest_is_of_what_it_does(central: Any) -> None:
    """README and tests do not change a rail's digest, line ends of a checkout neither; its manifest does."""
    shipped = Central.open().rail("self-check")
    repository = central(a="")
    folder = repository.path / "rails" / "self-check"
    folder.mkdir(parents=True)
    for name, data in shipped.files.items():
        (folder / name).write_bytes(data.replace(b"\n", b"\r\n"))
    (folder / "README.md").write_text("other words")
    assert shipped.digest == repository.rail("self-check").digest
    (folder / "rail.yml").write_bytes(shipped.files["rail.yml"] + b"# changed\n")
    assert shipped.digest != Central.open(repository.path).rail("self-check").digest


def test_digest_of_is_of_names_and_contents() -> None:
    """The order of the mapping does not count, names and contents do, and a join of both cannot be forged."""
    assert digest_of({"a": b"1", "b": b"2"}) == digest_of({"b": b"2", "a": b"1"})
    assert digest_of({"a": b"1"}) != digest_of({"b": b"1"})
    assert digest_of({"a": b"1"}) != digest_of({"a": b"2"})
    # printf 1 > a && sha256sum a | sha256sum
    assert "sha256:fc5b2781bc65746b95c7f8f9f0265d76a070b77c7006e2b4964c7ebddf193d36" == digest_of({"a": b"1"})


def test_two_rails_with_patterns_share_one_configuration(central: Any) -> None:
    """Lists append, scalars must agree, and a disagreement is told at the second rail."""
    shipped = Central.open().rail("prompt-injection-patterns").files["rail.yml"].decode()
    second = shipped.replace("id: prompt-injection-patterns", "id: our-patterns")
    second = second[: second.index("          # Every gap")] + "          patterns: ['\\bxyzzy\\b']\n"
    body = "rails:\n  input:\n" + "".join(
        f'    - {{rail: {rail}@1, reason: r, controls: ["LLM01:2025"]}}\n'
        for rail in ("prompt-injection-patterns", "our-patterns")
    )
    repository = central(a=body)
    folder = repository.path / "rails" / "our-patterns"
    folder.mkdir(parents=True)
    (folder / "rail.yml").write_text(second, encoding="utf-8")
    config = yaml.safe_load(company_configuration(repository.policy("a"), repository)["config.yml"])
    assert r"\bxyzzy\b" == config["rails"]["config"]["regex_detection"]["input"]["patterns"][-1]

    (folder / "rail.yml").write_text(
        second.replace("insensitive: true", "insensitive: false"), encoding="utf-8"
    )
    fresh = Central.open(repository.path)
    with pytest.raises(ConfigError, match=r"policy.yml:10:7: the rail 'our-patterns@1' wants rails.config"):
        company_configuration(fresh.policy("a"), fresh)
