"""Scores by entity: a rail declares them, a policy sets them, a child and a team only lower one."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from guardlint.errors import ConfigError
from guardlint.policy.central import Central
from guardlint.policy.changes import changes
from guardlint.policy.floors import check_floors
from guardlint.policy.rails import load_rail
from guardlint.resources import resource_dir

Write = Callable[..., Central]
FLOOR = (
    "require: [{id: found, personal_data: [PERSON], direction: input, threshold: 0.5, enforced_by: bundle,"
    " reason: r, controls: ['LLM02:2025']}]\n"
)


def rail(**settings: str) -> str:
    said = ", ".join(f"{name}: {value}" for name, value in settings.items())
    return (
        "rails:\n  input:\n    - rail: mask-personal-data@1\n"
        "      controls: ['LLM02:2025']\n      reason: r\n"
        + (f"      settings: {{{said}}}\n" if said else "")
    )


def child(**own: str) -> str:
    return "extends: [parent@1]\n" + rail(**own)


def scores(central: Central, policy: str) -> dict[str, Any]:
    (use,) = central.policy(policy).rails["input"]
    return dict(use.settings["thresholds"])


def manifest(tmp_path: Path, old: str, new: str) -> Path:
    folder = tmp_path / "mask-personal-data"
    shutil.copytree(resource_dir("rails") / folder.name, folder)
    text = (folder / "rail.yml").read_text(encoding="utf-8")
    assert old in text
    (folder / "rail.yml").write_text(text.replace(old, new), encoding="utf-8")
    return folder


def test_a_policy_sets_scores_and_a_child_lowers_them(central: Write) -> None:
    """What the child leaves out stays as it was."""
    written = central(
        parent=rail(thresholds="{PERSON: 0.6, PHONE_NUMBER: 0.7}"), child=child(thresholds="{PERSON: 0.5}")
    )
    assert {"PERSON": 0.6, "PHONE_NUMBER": 0.7} == scores(written, "parent")
    assert {"PERSON": 0.5, "PHONE_NUMBER": 0.7} == scores(written, "child")


@pytest.mark.parametrize("higher", ["{PERSON: 0.7}", "{PHONE_NUMBER: 0.5}", "{PERSON: 0.3, URL: 0.41}"])
def test_nothing_needs_a_higher_score(central: Write, higher: str) -> None:
    """Neither one that the parent names nor one that has the detector's usual score."""
    written = central(parent=rail(thresholds="{PERSON: 0.6}"), child=child(thresholds=higher))
    with pytest.raises(ConfigError, match=r"loosens parent@1\.0\.0"):
        written.policy("child")


def test_of_two_parents_the_lower_one(central: Write) -> None:
    """For each entity, the usual one among them."""
    written = central(
        left=rail(thresholds="{PERSON: 0.6, URL: 0.2}"),
        right=rail(thresholds="{PERSON: 0.5, PHONE_NUMBER: 0.7}"),
        both="extends: [left@1, right@1]\n",
    )
    assert {"PERSON": 0.5, "URL": 0.2, "PHONE_NUMBER": 0.4} == scores(written, "both")


@pytest.mark.parametrize(
    ("value", "message", "mend"),
    [
        ("{PERSN: 0.5}", "names 'PERSN', which the rail cannot look for", "did you mean 'PERSON'?"),
        ("{EMAIL: 0.5}", "names 'EMAIL'", "did you mean 'EMAIL_ADDRESS'?"),
        ("{PERSON: high}", "has 'high' for PERSON, which is no number", ""),
        ("{PERSON: true}", "has 'True' for PERSON, which is no number", ""),
        ("{PERSON: 0.05}", "has 0.05 for PERSON, below 0.1", ""),
        ("{PERSON: 1.5}", "has 1.5 for PERSON, above 0.9", ""),
        ("0.5", "is a mapping of entities to scores", ""),
        ("[PERSON]", "is a mapping of entities to scores", ""),
        ("{NRP: 0.5}", "mask-personal-data@1 does not look for NRP", ""),
    ],
)
def test_scores_that_are_none(central: Write, value: str, message: str, mend: str) -> None:
    """A score that would do nothing is refused as well, at its line."""
    with pytest.raises(ConfigError) as refused:
        central(parent=rail(thresholds=value)).policy("parent")
    assert message in refused.value.message
    assert mend in (refused.value.help or "")
    assert "policies/parent/policy.yml:" in (refused.value.place or "")


def test_an_entity_that_is_looked_for_may_have_one(central: Write) -> None:
    """Whether this policy adds it or its parent did."""
    wide = rail(entities="[NRP, PERSON]")
    assert {"NRP": 0.2} == scores(central(parent=wide, child=child(thresholds="{NRP: 0.2}")), "child")


def test_a_floor_of_a_policy_sees_the_scores(central: Write) -> None:
    """The rail must not need a higher one; a lower one is fine."""
    central(parent=rail(thresholds="{PERSON: 0.5, PHONE_NUMBER: 0.9}") + FLOOR).policy("parent")
    with pytest.raises(ConfigError, match=r"looks for PERSON from a score of 0\.6 on, above 0\.5"):
        central(parent=rail(thresholds="{PERSON: 0.6}") + FLOOR).policy("parent")


def test_a_floor_sees_the_scores_of_the_manifest(central: Write, tmp_path: Path) -> None:
    """A central rail may bring its own; the policy need not repeat them."""
    shutil.copytree(resource_dir("rails") / "mask-personal-data", tmp_path / "rails/mask-personal-data")
    file = tmp_path / "rails/mask-personal-data/rail.yml"
    file.write_text(file.read_text().replace("default: {}", "default: {PERSON: 0.6, NRP: 0.3}"))
    with pytest.raises(ConfigError, match=r"looks for PERSON from a score of 0\.6 on"):
        central(parent=rail() + FLOOR).policy("parent")
    policy = central(parent=rail(thresholds="{PERSON: 0.5}") + FLOOR).policy("parent")
    check_floors(policy)
    assert {"PERSON": 0.5, "NRP": 0.3} == policy.rails["input"][0].settings["thresholds"]


def test_a_change_of_scores_has_a_direction(central: Write) -> None:
    """`guardlint policy diff` says whether more or less is found."""
    written = central(high=rail(thresholds="{PERSON: 0.6}"), low=rail(thresholds="{PERSON: 0.3}"))
    rails = {"mask-personal-data": load_rail(resource_dir("rails") / "mask-personal-data")}
    one, two = written.policy("high"), written.policy("low")
    assert ["stricter"] == [c.way for c in changes(one, two, rails) if c.section == "rails.input"]
    assert ["looser"] == [c.way for c in changes(two, one, rails) if c.section == "rails.input"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("default: {}\n    tighter: lower", "default: {}\n    tighter: superset", "tighter when 'lower'"),
        ("default: {}", "default: 0.5", "tighter when 'lower'"),
        ("default: {}", "default: {PERSN: 0.5}", "the default names 'PERSN'"),
        ("default: {}", "default: {PERSON: 0.95}", "the default has 0.95 for PERSON, above 0.9"),
        ("maximum: 0.9", "maximum: 5", "a number from 0 to 1"),
        ("  thresholds:", "  threshold:", "has no setting 'threshold'"),
        ("  entities:", "  entitys:", "has no setting 'entitys'"),
    ],
)
def test_a_manifest_with_scores_is_whole(tmp_path: Path, old: str, new: str, message: str) -> None:
    """A setting that the guard does not know would do nothing."""
    with pytest.raises(ConfigError) as refused:
        load_rail(manifest(tmp_path, old, new))
    assert message in refused.value.message
    assert "rail.yml:" in (refused.value.place or "")


def test_a_mapping_of_another_rail_has_no_such_order(tmp_path: Path) -> None:
    """Schemas of tools do not get lower."""
    folder = tmp_path / "tool-validation"
    shutil.copytree(resource_dir("rails") / folder.name, folder)
    file = folder / "rail.yml"
    file.write_text(
        file.read_text().replace("default: {}\n    tighter: superset", "default: {}\n    tighter: lower")
    )
    with pytest.raises(ConfigError, match="a mapping does not get lower or higher"):
        load_rail(folder)
