"""The benchmark of generated pairs, small; and that its judge sees a composition that loosens."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from guardlint.policy import compose, join


def load(name: str) -> ModuleType:
    path = Path(__file__).parents[2] / "benchmarks" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_composing_never_loosens() -> None:
    """Not one of the first pairs, and most are worth judging."""
    result = load("policy_pairs").run(25, seed=7, configurations=40)
    assert [] == result["examples"]
    assert result["children_composed"] > 5
    assert result["joins_composed"] > 50


def test_the_judge_sees_a_composition_that_loosens(monkeypatch: pytest.MonkeyPatch) -> None:
    """With an order that calls everything tighter, pairs are found to be looser."""
    for module in (compose, join):
        monkeypatch.setattr(module, "requirement_implies", lambda entry, floor: True)
        monkeypatch.setattr(module, "as_tight", lambda kind, value, floor: True)
    assert load("policy_pairs").run(25, seed=7, configurations=40)["looser"] > 5
