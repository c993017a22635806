"""``guardlint cost``: a table, JSON, and what it says of prices that are not known."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from guardlint.cli._commands import main

CONFIGURATION = """\
models: [{type: main, engine: openai, model: %s}]
prompts: [{task: self_check_input, content: "Block? {{ user_input }} Answer (Yes or No):"}]
rails: {input: {flows: [self check input]}}
"""


def write(folder: Path, model: str = "gpt-4o-mini") -> str:
    (folder / "config.yml").write_text(CONFIGURATION % model, encoding="utf-8")
    return str(folder)


def test_the_table_names_each_part_and_the_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the envelope of each, and what is most of it."""
    assert 0 == main(["cost", write(tmp_path), "--profile", "customer-chat"])
    said = capsys.readouterr().out
    lines = [" ".join(line.split()) for line in said.splitlines()]
    assert any(line.startswith("rails.input: self check input 1 1 1 ") for line in lines)
    assert any(line.startswith("the answer 0 1 1 ") for line in lines)
    assert any(line.startswith("together 1 2 2 ") for line in lines)
    assert "most of it: tokens the answer" in said
    assert "examples" in said


def test_json_has_the_same_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each as low, usual and high."""
    assert 0 == main(["cost", write(tmp_path), "--profile", "customer-chat", "--format", "json"])
    data = json.loads(capsys.readouterr().out)
    (found,) = data["configurations"]
    assert {"low": 1, "usual": 2, "high": 2} == found["per_query"]["llm_calls"]
    whole = sum(part["tokens"]["usual"] for part in found["parts"])
    assert whole == pytest.approx(found["per_query"]["tokens"]["usual"])
    assert found["per_query"]["cost"]["low"] < found["per_query"]["cost"]["high"]
    assert [] == found["unpriced"]


def test_an_unknown_price_is_said_and_not_guessed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Calls and tokens are shown all the same."""
    assert 0 == main(["cost", write(tmp_path, "unheard-of"), "--profile", "customer-chat"])
    said = capsys.readouterr().out
    assert "no price for openai/unheard-of" in said
    assert "unknown" in said
    assert "a month" not in said


def test_the_profile_must_be_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A typo is an error with the nearest name, and of several one must be chosen."""
    assert 2 == main(["cost", write(tmp_path), "--profile", "customer-chatt"])
    assert "did you mean 'customer-chat'?" in capsys.readouterr().err
    assert 2 == main(["cost", write(tmp_path)])
    assert "give --profile NAME" in capsys.readouterr().err
