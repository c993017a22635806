"""Whatever a team writes: the bundle, if there is one, holds the company's half and a plan that runs it all.

The grammar of tricks, the compiler's opponent, is ``benchmarks/hostile_set``; here is a small slice of what
``benchmarks/hostile.py`` runs, and each hole that it found, by name.
"""

from __future__ import annotations

import importlib
import os
import random
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from guardlint.bundle.compile import Compiled, compile_bundle
from guardlint.errors import BundleError
from guardlint.policy.central import Central
from guardlint.resources import examples_dir

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NUMBERS = range(700_000, 700_030)


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], Any]:
    """The modules of the benchmark by name, with a working directory of their own."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    monkeypatch.chdir(tmp_path)
    return lambda name: importlib.import_module(f"hostile_set.{name}")


def test_random_tricks_yield_no_bundle_without_the_companys_rails(hostile, tmp_path: Path) -> None:
    """One to four tricks each, compiled as they are and as if no rule had seen anything."""
    prover = hostile("proving").Prover(tmp_path / "proof")
    outcomes = [prover.prove(number) for number in NUMBERS]
    assert [] == [(outcome.case.number, outcome.holes) for outcome in outcomes if outcome.holes]
    assert {"bundle", "check", "refused"} == {outcome.checked for outcome in outcomes}


def test_each_trick_by_itself_yields_none_either(hostile, tmp_path: Path) -> None:
    """Every production of the grammar once, so that none is left out of the proof."""
    making, records = hostile("making"), hostile("records")
    prover = hostile("proving").Prover(tmp_path / "proof")
    (name, files, words), *_ = making.sound_bases()
    holes, refused = {}, []
    for number, (trick, put) in enumerate(making.TRICKS.items()):
        team = records.Team(dict(files), words)
        put(team, random.Random(number))
        outcome = prover.prove_case(records.Case(number, name, (trick,), team.files), "harbour-fast")
        holes |= {trick: outcome.holes} if outcome.holes else {}
        refused += [trick] if outcome.unchecked == "refused" else []
    assert {} == holes
    assert {"link", "pipe"} <= set(refused) <= {"link", "pipe", "name", "setting", "same file"}


def test_the_proof_sees_a_bundle_that_lacks_a_rail(hostile, tmp_path: Path, monkeypatch) -> None:
    """The control: with a compiler that lets a team's file into the company's half, all fall through."""
    proving = hostile("proving")
    prover = proving.Prover(tmp_path / "proof")
    inner = prover._central_parts["company_configuration"]
    prover._central_parts["company_configuration"] = lambda *arguments: {
        **inner(*arguments),
        "zz.yml": b"rails: {}\n",
    }
    outcome = next(o for o in map(prover.prove, NUMBERS) if o.bundle is not None)
    assert any("company half" in hole for hole in outcome.holes)


def test_choices_of_a_team_only_ever_tighten(hostile) -> None:
    """What a team file may set of a company's rail: more entities; anything else is refused."""
    from guardlint.errors import ConfigError
    from guardlint.pii.profiles import profile_named
    from guardlint.policy.team_settings import with_settings
    from guardlint.source.place import Place

    central = Central.open(examples_dir() / "central")
    policy = central.policy("harbour-bank")
    default = set(dict(profile_named("default").thresholds))
    place, dice, taken = Place.at("guardlint.yml", 1), random.Random(7), 0
    values = (
        "default", [], ["ES_NIF"], ["ES_NIF", "ES_NIE"], ["PERSON"], ["es_nif"], [["ES_NIF"]], None, 0, {},
        True, "mask", "block", "ES_NIF", ["default"], [None], {"ES_NIF": 1}, ["ES_NIF", 3], "",
    )  # fmt: skip
    rails = (
        "mask-personal-data",
        "self-check",
        "prompt-injection-patterns",
        "no-such",
        "Mask-Personal-Data",
        "",
    )
    for _ in range(600):
        choices = {
            dice.choice(rails): {
                dice.choice(("entities", "action", "patterns", "flows", "runs", "ENTITIES", "")): (
                    dice.choice(values),
                    place,
                )
            }
            for _ in range(dice.choice((1, 1, 2)))
        }
        try:
            chosen = with_settings(policy, choices, central)
        except ConfigError:
            continue
        taken += 1
        for direction, uses in chosen.rails.items():
            assert [use.ref for use in policy.rails[direction]] == [use.ref for use in uses]
            for before, use in zip(policy.rails[direction], uses, strict=True):
                entities = use.settings.get("entities", "default")
                assert entities == "default" or default <= set(entities)
                assert {**before.settings, "entities": 0} == {**use.settings, "entities": 0}
    assert taken


@pytest.fixture
def team(tmp_path: Path) -> Path:
    return Path(shutil.copytree(examples_dir() / "claims-and-cards" / "mended", tmp_path / "guardrails"))


def compiled(team: Path, policy: str = "harbour-bank") -> Compiled:
    central = Central.open(examples_dir() / "central")
    return compile_bundle(team, central.policy(policy), central, name="claims", created=NOW, revision=1)


def refused(team: Path) -> str:
    """The line with which the directory is refused."""
    with pytest.raises(BundleError) as caught:
        compiled(team)
    assert str(caught.value).isprintable()
    return str(caught.value)


@pytest.mark.parametrize(
    "target", ["/etc/hostname", "/", "..", ".", "/dev/zero", "/no/such/file", "../key.pem"]
)
def test_links_do_not_lead_out_of_the_directory(team: Path, target: str) -> None:
    """What lies where bundles are signed, a signing key for one, does not go into a bundle."""
    (team.parent / "key.pem").write_text("not a key")
    (team / "terms.md").symlink_to(target)
    assert "is a link that leads out of the configuration" in refused(team)


def test_links_within_the_directory_are_files_like_others(team: Path) -> None:
    """Their content is packed under their name."""
    (team / "again.md").symlink_to("config.yml")
    assert b"team/again.md" in compiled(team).data


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the platform has no named pipes")
@pytest.mark.parametrize("name", ["x.yml", "x.co", "kb/x.md", "notes.txt", "actions.py.old"])
def test_a_pipe_is_refused_and_not_waited_for(team: Path, name: str) -> None:
    """Reading one would wait for ever."""
    (team / name).parent.mkdir(exist_ok=True)
    os.mkfifo(team / name)
    assert "is no plain file" in refused(team)


@pytest.mark.parametrize("path", ["/", "..", "../.."])
def test_imports_are_not_followed_to_see_that_they_lead_out(team: Path, path: str) -> None:
    """An import of ``/`` would be a walk over everything."""
    (team / "extra.yml").write_text(f"import_paths: ['{path}']\n")
    assert "`import_paths` reach outside" in refused(team)


def test_names_are_shown_without_their_orders_to_the_terminal(team: Path) -> None:
    """A name can hold escape sequences."""
    (team / "a\x1b[2Jb").symlink_to("/etc/hostname")
    assert "\\x1b" in refused(team)


def test_a_repository_within_does_not_run_its_programs(team: Path) -> None:
    """Git takes a folder with HEAD, objects and refs for a repository, and its settings name programs."""
    marker = team.parent / "ran"
    (team / "objects").mkdir()
    (team / "refs").mkdir()
    (team / "HEAD").write_text("ref: refs/heads/main\n")
    (team / "config").write_text(
        f'[core]\n\tbare = false\n\tworktree = .\n\tfsmonitor = "touch {marker}; false"\n'
    )
    compiled(team)
    assert not marker.exists()


MODERN = """\
colang_version: "2.x"
models:
  - {type: main, engine: openai, model: gpt-4o-mini}
prompts:
  - task: self_check_output
    content: |
      Bot message: "{{ bot_response }}"
      Should the message be blocked (Yes or No)? Answer:
"""
MODERN_COLANG = """\
import core
import guardrails
import llm
import nemoguardrails.library.self_check.output_check

flow main
  user said something
  $answer = ..."The answer, in quotes."
  bot say $answer

flow output rails $output_text
  self check output
"""


def test_a_required_rail_in_colang_2_is_refused_not_lost(tmp_path: Path) -> None:
    """The guard runs no rails in Colang 2.x, so a policy that relies on one of the team's compiles none."""
    team = tmp_path / "guardrails"
    team.mkdir()
    (team / "config.yml").write_text(MODERN)
    (team / "main.co").write_text(MODERN_COLANG)
    assert "the guard runs no rails in Colang 2.x" in refused(team)


LIBRARY_RAILS = """\
colang_version: "1.0"
models:
  - {type: main, engine: openai, model: gpt-4o-mini}
rails:
  input:
    flows: [self check input]
  output:
    flows: [self check output]
prompts:
  - task: self_check_input
    content: |
      User message: "{{ user_input }}"
      Should the user message be blocked (Yes or No)? Answer:
  - task: self_check_output
    content: |
      Bot message: "{{ bot_response }}"
      Should the message be blocked (Yes or No)? Answer:
"""
OWN_COLANG = """\
define flow self check output
  $verdict = execute self_check_output
  if $verdict.is_blocked
    bot refuse to respond
    stop
"""


def test_flows_of_the_team_are_not_left_to_an_engine_that_reads_none(tmp_path: Path) -> None:
    """NeMo's own choice is IORails, which passes over what a team wrote in Colang and Python."""
    engines = {}
    for name, files in {
        "library": {},
        "messages": {"words.co": 'define bot refuse to respond\n  "No."\n'},
        "colang": {"own.co": OWN_COLANG},
        "python": {"actions.py": ""},
    }.items():
        team = tmp_path / name
        team.mkdir()
        for path, text in {"config.yml": LIBRARY_RAILS, **files}.items():
            (team / path).write_text(text)
        engines[name] = compiled(team).manifest["engines"]["team"]["uses"]
    assert {
        "library": "iorails",
        "messages": "iorails",
        "colang": "llmrails",
        "python": "llmrails",
    } == engines
