"""The rail that runs natively: its cases on guardlint's detector, and the names a policy may write."""

from __future__ import annotations

from typing import Any

import pytest

from guardlint.pii import PROFILES, Detector
from guardlint.policy.documents import read_document
from guardlint.policy.rails import load_rail
from guardlint.resources import resource_dir

FOLDER = resource_dir("rails") / "mask-personal-data"
CASES = [
    case
    for case in read_document(FOLDER / "tests.yml", "rail-tests").data["cases"]
    # Passages and tools need a guard: `guardlint test` tries them in one.
    if not {"context", "tool"} & set(case)
]


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector()


@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in CASES])
def test_case(case: dict[str, Any], detector: Detector) -> None:
    """The text becomes what the case says, and a case that passes is left as it is."""
    text = case["user"] if case["direction"] == "input" else case["reply"]
    assert case.get("becomes", text) == detector.mask(text)


def test_entities_are_those_that_the_detector_serves() -> None:
    """A policy may name every entity that a recogniser finds, and none that would never match."""
    assert PROFILES["everything"].entities == set(load_rail(FOLDER).settings["entities"].values or ())
