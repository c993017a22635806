"""Recognisers and allow-lists in a rail's manifest."""

import shutil
from pathlib import Path

import pytest

from guardlint.errors import ConfigError
from guardlint.policy.rails import load_rail
from guardlint.resources import resource_dir

OWN = """
recognizers:
  - name: badge
    supported_entity: STAFF_BADGE
    patterns: [{name: plain, regex: '%s', score: 0.3}]
    context: [badge, pass]
    context_required: true
allow_list: [help@bank.example]
"""


def _rail(tmp_path: Path, added: str, rail: str = "mask-personal-data") -> Path:
    folder = tmp_path / rail
    shutil.copytree(resource_dir("rails") / rail, folder)
    manifest = folder / "rail.yml"
    manifest.write_text(manifest.read_text(encoding="utf-8") + added, encoding="utf-8")
    return folder


def test_a_rail_brings_recognisers(tmp_path: Path) -> None:
    """In Presidio's form; one for each pattern."""
    rail = load_rail(_rail(tmp_path, OWN % "SB-[0-9]{5}"))
    (one,) = rail.recognizers
    assert (one.entity, one.pattern, one.score, one.context, one.required) == (
        "STAFF_BADGE",
        "SB-[0-9]{5}",
        0.3,
        ("badge", "pass"),
        True,
    )
    assert rail.allow_list == ("help@bank.example",)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(", "is no regular expression"),
        ("x*", "matches the empty text"),
        ("(a+)+b", "repeats a repetition"),
    ],
)
def test_a_pattern_that_cannot_be_used_is_refused(tmp_path: Path, pattern: str, message: str) -> None:
    """At its place in the manifest."""
    with pytest.raises(ConfigError, match=message) as caught:
        load_rail(_rail(tmp_path, OWN % pattern))
    assert "rail.yml:" in str(caught.value.place)


def test_only_where_they_have_a_meaning(tmp_path: Path) -> None:
    """A rail that runs in NeMo has NeMo's recognisers."""
    with pytest.raises(ConfigError, match="has no meaning for a rail that runs in NeMo"):
        load_rail(_rail(tmp_path, OWN % "SB-[0-9]{5}", "self-check"))
