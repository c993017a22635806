"""Which engine NeMo's ``Guardrails`` takes, and how many model calls a query costs, as NeMo does it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from guardlint.harness.brain import ScriptedBrain
from guardlint.harness.scripted import ScriptedModel, load_rails, telemetry_off
from guardlint.nemo.catalogue import load_catalogue
from guardlint.nemo.configuration import read_configuration
from guardlint.nemo.serving import guardrails_engine, llm_calls, llmrails_engine

telemetry_off()

SURFACES: list[dict[str, Any]] = load_catalogue().data["surfaces"]


def write(folder: Path, text: str, **files: str) -> Path:
    (folder / "config.yml").write_text(text, encoding="utf-8")
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_text(content, encoding="utf-8")
    return folder


def rail_text(surface: dict[str, Any]) -> str:
    return surface["flow"] + "".join(
        f" ${parameter['name']}=main" for parameter in surface["params"] if parameter["required"]
    )


@pytest.mark.parametrize("surface", SURFACES, ids=lambda item: f"{item['direction']}: {item['flow']}")
def test_the_engine_is_the_one_that_nemo_chooses(surface: dict[str, Any]) -> None:
    """For each rail of the library, alone in its direction: IORails.unsupported_reason decides."""
    import tempfile

    from nemoguardrails.guardrails.iorails import IORails
    from nemoguardrails.rails.llm.config import RailsConfig

    text = (
        "models: [{type: main, engine: openai, model: x}]\n"
        f'rails:\n  {surface["direction"]}:\n    flows: ["{rail_text(surface)}"]\n'
    )
    config = RailsConfig.model_construct(
        **{
            **RailsConfig(models=[{"type": "main", "engine": "openai", "model": "x"}]).__dict__,
            "rails": RailsConfig(models=[]).rails.model_validate(
                {surface["direction"]: {"flows": [rail_text(surface)]}}
            ),
        }
    )
    reason = IORails.unsupported_reason(config)
    with tempfile.TemporaryDirectory() as folder:
        engine = guardrails_engine(read_configuration(write(Path(folder), text)))
    if reason and "which the environment does not have" in reason:
        # What is installed where the application runs, the linter cannot know: it names the packages.
        assert all(package in engine.reason for package in surface["packages"])
    else:
        assert ("llmrails" if reason else "iorails") == engine.uses, (reason, engine.reason)


@pytest.mark.parametrize(
    ("text", "uses"),
    [
        ("models: []\nrails: {dialog: {single_call: {enabled: true}}}\n", "llmrails"),
        ("models: []\nrails: {retrieval: {flows: [regex check retrieval]}}\n", "llmrails"),
        ("models: []\nrails: {input: {flows: [regex check input]}}\n", "iorails"),
        ("models: []\nrails: {input: {flows: [our own flow]}}\n", "llmrails"),
        ('colang_version: "2.x"\nmodels: []\n', "llmrails"),
        ("models: []\n", "iorails"),
    ],
)
def test_other_reasons_for_an_engine(tmp_path: Path, text: str, uses: str) -> None:
    """Sections, own flows and the Colang version; checked against NeMo where it loads them."""
    from nemoguardrails.guardrails.iorails import IORails
    from nemoguardrails.rails.llm.config import RailsConfig

    root = write(tmp_path, text)
    configuration = read_configuration(root)
    assert uses == guardrails_engine(configuration).uses
    assert (uses == "iorails") == (IORails.unsupported_reason(RailsConfig.from_path(str(root))) is None)
    assert "llmrails" == llmrails_engine(configuration).uses


IN, OUT = "  input: {flows: [self check input]}\n", "  output: {flows: [self check output]}\n"
PROMPTS = """\
prompts:
  - {task: self_check_input, content: "Block? {{ user_input }} Answer (Yes or No):"}
  - {task: self_check_output, content: "Block? {{ bot_response }} Answer (Yes or No):"}
"""
DIALOG = (
    'define user ask hours\n  "when do you open"\n\ndefine flow hours\n  user ask hours\n  bot tell hours\n'
)


@pytest.mark.parametrize(
    ("text", "colang"),
    [
        ("models: []\n", ""),
        (PROMPTS + "models: []\nrails: {input: {flows: [self check input]}}\n", ""),
        (
            PROMPTS + "models: []\nrails:\n" + IN + OUT,
            "",
        ),
        (
            PROMPTS + "models: []\nrails:\n  input: {flows: [regex check input]}\n" + OUT,
            "",
        ),
        ("models: []\n", DIALOG),
        (PROMPTS + "models: []\nrails: {input: {flows: [self check input]}}\n", DIALOG),
    ],
)
def test_the_predicted_model_calls_are_those_that_nemo_makes(tmp_path: Path, text: str, colang: str) -> None:
    """An ordinary message makes the usual number; one that the first judge condemns the low one."""
    root = write(tmp_path, text, x_co=colang) if colang else write(tmp_path, text)
    calls = llm_calls(read_configuration(root))
    counts = []
    for message in ("what is the weather", "the vault code"):
        model = ScriptedModel(ScriptedBrain(forbidden=("vault code",)))
        rails = load_rails(root, model)
        asyncio.run(rails.generate_async(messages=[{"role": "user", "content": message}]))
        counts.append(len(model.seen))
    assert calls.low <= min(counts)
    assert max(counts) <= calls.high
    assert calls.usual == counts[0]
    if "self check input" in text:
        assert calls.low == counts[1] == 1
