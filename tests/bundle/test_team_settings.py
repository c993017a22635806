"""What a rail leaves to the team: chosen in the team file, within bounds, and run by the guard."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from guardlint.bundle.compile import Compiled, compile_bundle
from guardlint.errors import ConfigError
from guardlint.lint.targets import find_targets
from guardlint.pii.profiles import profile_named
from guardlint.policy.central import Central
from guardlint.policy.company import company_configuration
from guardlint.resources import examples_dir, resource_dir

NOW = datetime(2026, 11, 22, tzinfo=UTC)
RAIL = """\
schema: guardlint/rail/v1
id: own-words
version: 1.0.0
title: A rail of a test
owner: tests
description: A rail of a test.
when: In tests.
when_not: Elsewhere.
controls: ["LLM01:2025"]
runs: nemo
directions:
  input:
    flows: [regex check input]
    sends: []
    llm_calls: 0
    config:
      regex_detection:
        input:
          patterns: {setting: words}
          most: {setting: most}
settings:
  words: {description: words, default: [magic], list: true, tighter: superset}
  most: {description: how many, default: 5, tighter: lower, team: true, minimum: 2, maximum: 9}
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    shutil.copytree(examples_dir() / "claims-and-cards", tmp_path / "team")
    shutil.copytree(examples_dir() / "central", tmp_path / "central")
    return tmp_path


@pytest.fixture
def choose(place: Path) -> Callable[[str], None]:
    """Write the settings of the one configuration that the team declares."""

    def write(settings: str) -> None:
        file = place / "team/guardlint.yml"
        file.write_text(file.read_text().rstrip() + f"\n    settings: {settings}\n")

    return write


def compiled(place: Path) -> Compiled:
    found = find_targets([place / "team/mended"], embedded=False)
    for problem in found.problems:
        raise problem
    (target,) = found.targets
    assert target.policy is not None
    return compile_bundle(
        target.root, target.policy, Central.open(place / "central"), name="claims", created=NOW
    )


def own_rail(place: Path, text: str = RAIL) -> None:
    """A rail of the company's own, used by its policy."""
    folder = place / "central/rails/own-words"
    folder.mkdir(parents=True)
    (folder / "rail.yml").write_text(text)
    policy = place / "central/policies/harbour-bank/policy.yml"
    use = 'rails:\n  input:\n    - {rail: own-words@1, reason: x y, controls: ["LLM01:2025"]}\n'
    policy.write_text(policy.read_text().replace("\nmodels:", f"\n{use}\nmodels:"))


def steps(compiled: Compiled, direction: str) -> list[dict[str, Any]]:
    return [step for step in compiled.plan[direction] if step["step"] == "pii"]


def test_entities_come_on_top(place: Path, choose: Callable[[str], None]) -> None:
    """Of the default profile and the team's, in both directions; the manifest says who chose."""
    choose("{mask-personal-data: {entities: [ES_NIE, PERSON]}}")
    bundle = compiled(place)
    wanted = sorted({*dict(profile_named("default").thresholds), "ES_NIE"})
    assert [wanted] == [step["entities"] for step in steps(bundle, "input")]
    assert {tuple(wanted)} == {tuple(step["entities"]) for step in steps(bundle, "output")}
    masking = [rail for rail in bundle.manifest["rails"] if rail["id"] == "mask-personal-data"]
    assert [["entities"]] * 2 == [rail["team_settings"] for rail in masking]
    assert [wanted] * 2 == [rail["settings"]["entities"] for rail in masking]


def test_a_team_lowers_scores(place: Path, choose: Callable[[str], None]) -> None:
    """Those of the rail that it does not name stay; the plan and the manifest carry them."""
    own = place / "central/rails/mask-personal-data"
    shutil.copytree(resource_dir("rails") / own.name, own)
    (own / "rail.yml").write_text(
        (own / "rail.yml").read_text().replace("default: {}", "default: {URL: 0.3}")
    )
    choose("{mask-personal-data: {thresholds: {PERSON: 0.25}}}")
    bundle = compiled(place)
    assert [{"PERSON": 0.25, "URL": 0.3}] == [step["thresholds"] for step in steps(bundle, "input")]
    told = [rail for rail in bundle.manifest["rails"] if rail["id"] == "mask-personal-data"]
    assert [["thresholds"]] * 2 == [rail["team_settings"] for rail in told]
    assert [{"PERSON": 0.25, "URL": 0.3}] * 2 == [rail["settings"]["thresholds"] for rail in told]


def test_nothing_chosen_is_the_policys(place: Path) -> None:
    """Then the manifest names nobody."""
    bundle = compiled(place)
    assert [None] == [step["entities"] for step in steps(bundle, "input")]
    assert all(rail["team_settings"] == [] for rail in bundle.manifest["rails"])


@pytest.mark.parametrize(
    ("settings", "message", "mend"),
    [
        ("{mask-personal-data: {entities: [ES_NIF2]}}", "'ES_NIF2' is not a value of 'entities'", "ES_NIF"),
        ("{mask-personal-data: {entitys: [ES_NIF]}}", "has no setting 'entitys'", "did you mean 'entities'?"),
        ("{mask-personal-data: {action: mask}}", "is the policy's to say", "choose entities, thresholds"),
        (
            "{mask-personal-data: {thresholds: {PERSON: 0.5}}}",
            "'thresholds' of mask-personal-data",
            "lower one",
        ),
        ("{mask-personal-data: {thresholds: {PERSN: 0.3}}}", "names 'PERSN'", "did you mean 'PERSON'?"),
        ("{mask-personal-data: {thresholds: {NRP: 0.3}}}", "does not look for NRP", "add it to `entities`"),
        ("{mask-personal-dta: {entities: [ES_NIF]}}", "uses no rail 'mask-personal-dta'", "did you mean"),
        ("{no-personal-advice: {strict: true}}", "uses no rail 'no-personal-advice'", "its rails: "),
        ("{self-check: {strict: true}}", "has no setting 'strict'", "its settings: none"),
    ],
)
def test_mistakes_are_shown_where_they_stand(
    place: Path, choose: Callable[[str], None], settings: str, message: str, mend: str
) -> None:
    """In the team file, by check as well as by compile."""
    choose(settings)
    with pytest.raises(ConfigError) as refused:
        compiled(place)
    assert message in refused.value.message
    assert mend in (refused.value.help or "")
    line = len((place / "team/guardlint.yml").read_text().splitlines())
    assert f"guardlint.yml:{line}:" in (refused.value.place or "")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("most: {setting: most}", "most: 5", "so that the setting does nothing"),
        ("{setting: most}", "{setting: mst}", "there is no setting 'mst'"),
        ("tighter: lower", "tighter: fixed", "a setting that is fixed is nobody's to choose"),
        ("default: 5", "default: '5'", None),
    ],
)
def test_a_rail_with_settings_is_whole(place: Path, old: str, new: str, said: str | None) -> None:
    """A setting that no config names would do nothing, and nobody would know."""
    own_rail(place, RAIL.replace(old, new))
    problems = find_targets([place / "team/mended"], embedded=False).problems
    assert ([] if said is None else [True]) == [
        said is not None and said in item.message for item in problems
    ]


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ("most: 4", None),
        ("most: 5", None),
        ("most: 6", "loosens harbour-bank@1.0.0"),
        ("most: 1", "'most' of own-words@1.0.0 is below 2"),
        ("most: 10", "'most' of own-words@1.0.0 is above 9"),
        ("most: true", "'True' is not a value of 'most'"),
        ("words: [b]", "'words' of own-words@1.0.0 is the policy's to say"),
    ],
)
def test_numbers_have_bounds(
    place: Path, choose: Callable[[str], None], chosen: str, said: str | None
) -> None:
    """Below the rail's least, above its largest, looser than the policy: refused. Else NeMo gets it."""
    own_rail(place)
    choose(f"{{own-words: {{{chosen}}}}}")
    found = find_targets([place / "team/mended"], embedded=False)
    if said is not None:
        assert [True] == [said in problem.message for problem in found.problems]
        return
    assert [] == found.problems
    policy = found.targets[0].policy
    assert policy is not None
    files = company_configuration(policy, Central.open(place / "central"))
    config = yaml.safe_load(files["config.yml"])["rails"]["config"]["regex_detection"]["input"]
    assert int(chosen.removeprefix("most: ")) == config["most"]
    assert "magic" in config["patterns"]
