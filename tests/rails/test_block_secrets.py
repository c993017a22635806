"""The rail that blocks secrets: its cases on guardlint's detector with the entities of its manifest."""

from __future__ import annotations

from typing import Any

import pytest

from guardlint.pii import PROFILES, Detector
from guardlint.policy.documents import read_document
from guardlint.policy.rails import load_rail
from guardlint.resources import resource_dir

FOLDER = resource_dir("rails") / "block-secrets"
RAIL = load_rail(FOLDER)
CASES = [
    case
    for case in read_document(FOLDER / "tests.yml", "rail-tests").data["cases"]
    # Passages and tools need a guard: `guardlint test` tries them in one.
    if not {"context", "tool"} & set(case)
]


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector(PROFILES["default"].only(RAIL.settings["entities"].default))


@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in CASES])
def test_case(case: dict[str, Any], detector: Detector) -> None:
    """A case that blocks holds a secret, and a case that passes none."""
    text = case["user"] if case["direction"] == "input" else case["reply"]
    assert ("blocked" == case["expect"]) is bool(detector.detect(text))


def test_every_kind_of_secret_is_tried(detector: Detector) -> None:
    """No entity of the default is without a case."""
    texts = [case.get("reply", case["user"]) for case in CASES if case["expect"] == "blocked"]
    found = {span.entity for text in texts for span in detector.detect(text)}
    assert set(RAIL.settings["entities"].default) == found


def test_a_team_may_only_add_and_nobody_may_mask() -> None:
    """``entities`` grows, and ``action`` is what the rail is for."""
    assert "superset" == RAIL.settings["entities"].tighter
    assert ("block",) == RAIL.settings["action"].values
    assert RAIL.mistake("action", "mask")
