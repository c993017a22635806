"""``guardlint test`` on rails: over-blocking, coverage, filters, processes, formats, and ``new-rail``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from junitparser import JUnitXml

from guardlint.cli._trials.benign import wilson
from guardlint.policy.documents import read_document
from guardlint.resources import resource_dir


@pytest.fixture
def central(tmp_path: Path, guardlint: Any) -> Path:
    """A central repository with one pattern rail, as ``new-rail`` writes it."""
    (tmp_path / "policies").mkdir()
    assert 0 == guardlint("new-rail", "no-herons", "--into", tmp_path).code
    return tmp_path


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize(
    "options", [(), ("--direction", "input"), ("--judge",)], ids=["output", "input", "judge"]
)
def test_a_new_rail_passes_at_once(tmp_path: Path, guardlint: Any, options: tuple[str, ...]) -> None:
    """With every document right, and cases that let pass and that act."""
    (tmp_path / "rails").mkdir()
    made = guardlint("new-rail", "no-herons", "--into", tmp_path, *options)
    assert (0, "") == (made.code, made.err)
    assert "rails/no-herons/rail.yml" in made.out
    ran = guardlint("test", tmp_path)
    assert (0, "") == (ran.code, ran.err)
    assert "1 of 1 rails and flows act and let pass" in ran.out
    assert read_document(tmp_path / "rails" / "no-herons" / "tests.yml", "rail-tests").data["benign"]


def test_new_rail_refuses(central: Path, tmp_path: Path, guardlint: Any) -> None:
    """A name that is taken, one that is no name, and a folder that is no central repository."""
    for name, said in (
        ("no-herons", "there is a rail named `no-herons`"),
        ("content-safety", "there is a rail named `content-safety`"),
        ("No Herons", "is not written in kebab-case"),
    ):
        ran = guardlint("new-rail", name, "--into", central)
        assert (2, True) == (ran.code, said in ran.err)
    (tmp_path / "empty").mkdir()
    ran = guardlint("new-rail", "no-storks", "--into", tmp_path / "empty")
    assert (2, True) == (ran.code, "this is no central repository" in ran.err)


def test_over_blocking_fails_above_two_percent(central: Path, guardlint: Any) -> None:
    """One stopped text is told; the share decides."""
    tests = central / "rails" / "no-herons" / "tests"
    tests.mkdir()
    fine = [f"- {{text: The heron number {number} stands in the pond.}}" for number in range(60)]
    (tests / "benign.yml").write_text("\n".join([*fine, "- text: We say example-word-to-block here."]))
    ran = guardlint("test", central, "--coverage")
    assert (0, "") == (ran.code, ran.err)
    assert "! no-herons@0.1.0  benign-61: is stopped or changed, and is benign\n" in ran.out
    assert "1 of 63 (1.6%, 95 % between 0.3% and 8.5%)" in ran.out
    (tests / "benign.yml").write_text("\n".join([*fine[:30], "- text: We say example-word-to-block here."]))
    ran = guardlint("test", central)
    assert 1 == ran.code
    assert "✗ no-herons@0.1.0  over-blocking: stops or changes 1 of 33 (3.0%, 95 %" in ran.out
    assert "1 of 33 benign texts are stopped or changed (3.0%)" in ran.out


def test_a_mistake_in_a_list_of_benign_texts_has_its_place(central: Path, guardlint: Any) -> None:
    """Also where the list is the whole file."""
    tests = central / "rails" / "no-herons" / "tests"
    tests.mkdir()
    (tests / "benign.yml").write_text("- text: fine\n- text: fine, too\n  direktion: input\n")
    ran = guardlint("test", central)
    assert 2 == ran.code
    assert "benign.yml:3:3" in ran.out
    assert "direktion" in ran.out


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"), [(0, 30, 0.0, 0.1135), (1, 50, 0.0035, 0.105), (9, 10, 0.5958, 0.9821)]
)
def test_the_interval_is_wilsons(hits: int, count: int, low: float, high: float) -> None:
    """Figures of the literature: R's ``binom.confint(method = "wilson")``."""
    assert (low, high) == pytest.approx(wilson(hits, count), abs=5e-4)


def test_a_rail_that_never_acts_and_one_that_lets_nothing_pass(central: Path, guardlint: Any) -> None:
    """Both are unproven."""
    file = central / "rails" / "no-herons" / "tests.yml"
    data = "schema: guardlint/rail-tests/v1\ncases:\n  - id: one\n    about: harm\n    direction: output\n"
    file.write_text(data + '    user: Hi\n    reply: "example-word-to-block"\n    expect: blocked\n')
    ran = guardlint("test", central)
    assert 1 == ran.code
    assert "no-herons@0.1.0  on output: no case lets anything pass" in ran.out
    file.write_text(data + "    user: Hi\n    reply: Hello\n    expect: passed\n")
    ran = guardlint("test", central)
    assert 1 == ran.code
    assert "no-herons@0.1.0  on output: no case makes it act" in ran.out
    assert "1 case, 0 failed" in ran.out


def test_a_rail_without_cases_is_unproven(central: Path, guardlint: Any) -> None:
    """It is not passed over."""
    guardlint("new-rail", "no-storks", "--into", central)
    (central / "rails" / "no-storks" / "tests.yml").unlink()
    ran = guardlint("test", central)
    assert 1 == ran.code
    said = "✗ no-storks@0.1.0  on output: no case lets anything pass, no case makes it act\n"
    assert said in ran.out


def test_settings_of_a_case(tmp_path: Path, guardlint: Any) -> None:
    """A guard for each choice of the rail's settings."""
    (tmp_path / "rails").mkdir()
    guardlint("new-rail", "short", "--into", tmp_path, "--direction", "input")
    rail = tmp_path / "rails" / "short"
    source = (resource_dir("rails") / "block-secrets" / "rail.yml").read_text()
    (rail / "rail.yml").write_text(
        source.replace("id: block-secrets", "id: short").replace("before: [mask-personal-data]\n", "")
    )
    said = "user: Hi, reply: 'password: not-A-real-1'"
    names = "API_KEY, AWS_ACCESS_KEY, AWS_SECRET_KEY, CRYPTO, JWT, PASSWORD, PRIVATE_KEY"
    more = f", settings: {{entities: [{names}]}}"
    cases = (
        "{id: usual, about: harm, direction: input, user: 'password: not-A-real-1', expect: blocked}",
        "{id: fine, about: benign, direction: input, user: Hi, expect: passed}",
        f"{{id: out, about: harm, direction: output, {said}, expect: blocked}}",
        "{id: fine-out, about: benign, direction: output, user: Hi, reply: Hi, expect: passed}",
        f"{{id: more, about: harm, direction: output, {said}, expect: blocked{more}}}",
    )
    (rail / "tests.yml").write_text(
        "schema: guardlint/rail-tests/v1\ncases:\n" + "".join(f"  - {case}\n" for case in cases)
    )
    ran = guardlint("test", tmp_path)
    assert (0, "5 cases, 0 failed") == (ran.code, ran.out.splitlines()[-1])
    change(rail / "tests.yml", "CRYPTO, JWT", "CRYPTOS, JWT")
    ran = guardlint("test", tmp_path)
    assert 2 == ran.code
    assert "'CRYPTOS' is not a value of 'entities'" in ran.out


def test_what_broke_has_decided_nothing(tmp_path: Path, guardlint: Any) -> None:
    """A guard blocks when a judge is down; a case that expects a block must not pass for that."""
    (tmp_path / "rails").mkdir()
    guardlint("new-rail", "no-herons", "--into", tmp_path, "--judge")
    tests = tmp_path / "rails" / "no-herons" / "tests.yml"
    change(tests, '    expect: blocked\n    judge: ["Yes"]\n', "    expect: blocked\n")
    ran = guardlint("test", tmp_path)
    assert 1 == ran.code
    assert "example-blocked: something broke (rail-failed), asks the judge" in ran.out


def test_filters(central: Path, guardlint: Any) -> None:
    """By rail and by name; of what no case exercises nothing is said then."""
    guardlint("new-rail", "no-storks", "--into", central, "--direction", "input")
    ran = guardlint("test", central, "--rail", "no-storks", "-v")
    assert 0 == ran.code
    assert "no-herons" not in ran.out
    assert ran.out.endswith("3 cases, 0 failed\n")
    ran = guardlint("test", central, "-k", "HERONS", "-k", "blocked")
    assert 0 == ran.code
    assert "act and let pass" not in ran.out
    assert ran.out.endswith("1 case, 0 failed\n")
    assert 3 == guardlint("test", central, "-k", "nobody").code
    unknown = guardlint("test", central, "--rail", "no-stork")
    assert (2, True) == (unknown.code, "did you mean `no-storks`?" in unknown.err)


def test_the_order_is_the_same_with_one_process_and_with_two(central: Path, guardlint: Any) -> None:
    """Whoever is ready first."""
    for name in ("b-one", "c-two", "d-three"):
        guardlint("new-rail", name, "--into", central)
    change(central / "rails" / "c-two" / "tests.yml", "expect: passed", "expect: blocked")
    one = guardlint("test", central, "-v", "--jobs", "1")
    two = guardlint("test", central, "-v", "--jobs", "2")
    assert (1, 1) == (one.code, two.code)
    assert " s in 2 processes" in two.out

    def without_time(text: str) -> list[str]:
        return [line for line in text.splitlines() if " s in " not in line]

    assert without_time(one.out) == without_time(two.out)


def test_json_and_junit(central: Path, guardlint: Any, tmp_path: Path) -> None:
    """Printed or written, with a schema, and as a reader of JUnit files sees it."""
    change(central / "rails" / "no-herons" / "tests.yml", "expect: passed", "expect: blocked")
    files = ["--output", f"json={tmp_path / 'a.json'}", "--output", f"junit={tmp_path / 'a.xml'}"]
    ran = guardlint("test", central, "--format", "json", *files)
    assert 1 == ran.code
    data = json.loads(ran.out)
    schema = json.loads((resource_dir("schemas") / "test-report.json").read_text())
    Draft202012Validator(schema).validate(data)
    Draft202012Validator(schema).validate(json.loads((tmp_path / "a.json").read_text()))
    assert {"cases": 3, "passed": 2, "failed": 1} == {
        key: data["summary"][key] for key in ("cases", "passed", "failed")
    }
    assert ["passed"] == [
        way for way, count in data["coverage"][0]["exercised"].items() if way == "passed" and count
    ]
    assert {"stopped": 0, "texts": 1} == {key: data["over_blocking"][0][key] for key in ("stopped", "texts")}
    suites = JUnitXml.fromfile(str(tmp_path / "a.xml"))
    assert (3, 1, 0) == (suites.tests, suites.failures, suites.errors)
    wrong = guardlint("test", central, "--output", "yaml=x")
    assert (2, True) == (wrong.code, "FORMAT is one of text, json, junit" in wrong.err)


def test_progress_is_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line that is wiped away in the end."""
    import io
    import sys

    from guardlint.cli._trials.outcome import Outcome
    from guardlint.cli._trials.session import _Bar

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    bar = _Bar([])
    bar.done(Outcome("no-herons", "one", "x", "failed", "is passed"))
    bar.clear()
    assert "\r1 of 1, 1 failed  no-herons" in sys.stderr.getvalue()
    assert sys.stderr.getvalue().endswith(" \r")


POLICY = """\
schema: guardlint/policy/v1
id: acme
version: 1.0.0
title: Acme
owner: ai-governance@example.com
description: One constraint.
forbid:
  - id: no-tracing
    reason: nobody reads it
    controls: ["LLM02:2025"]
    enforced_by: configuration
    setting: tracing.enabled
    equals: true
"""
CLEAN = "  - {id: clean, configuration: {config.yml: 'models: []'}, violates: []}\n"
TRACED = "  - {id: traced, configuration: {config.yml: 'tracing: {enabled: true}'}, violates: [no-tracing]}\n"


@pytest.mark.parametrize(
    ("cases", "said"),
    [
        (CLEAN, "✗ acme  no-tracing: no case makes it fire"),
        (TRACED, "✗ acme  no-tracing: every case makes it fire"),
        (CLEAN + TRACED, None),
    ],
    ids=["never", "always", "both"],
)
def test_a_constraint_that_no_case_makes_fire(
    tmp_path: Path, guardlint: Any, cases: str, said: str | None
) -> None:
    """And one that fires always; at the place of the constraint."""
    tests = tmp_path / "policies" / "acme" / "tests"
    tests.mkdir(parents=True)
    (tests.parent / "policy.yml").write_text(POLICY)
    (tests / "cases.yml").write_text(f"schema: guardlint/policy-tests/v1\ncases:\n{cases}")
    ran = guardlint("test", tmp_path, "--policies")
    assert (1 if said else 0) == ran.code
    if said:
        assert f"{said}\n" in ran.out
        assert "policy.yml:8:" in ran.out
    else:
        assert "1 of 1 constraints fire and hold\n" in ran.out


def test_a_rail_is_tried_on_both_engines_that_it_claims(central: Path, guardlint: Any) -> None:
    """A pattern that only one of them heeds, and an engine that cannot serve it."""
    manifest = central / "rails" / "no-herons" / "rail.yml"
    change(manifest, "runs: nemo\n", "runs: nemo\nengines: [iorails, llmrails]\n")
    assert 0 == guardlint("test", central).code
    # NeMo's fast engine has no such rail, and says so.
    change(manifest, "flows: [regex check output]", "flows: [regex check output, self check hallucination]")
    ran = guardlint("test", central)
    assert 2 == ran.code
    assert "no-herons@0.1.0 claims NeMo's fast engine, which cannot serve it" in ran.out
    assert "rails/no-herons/rail.yml" in ran.out
    change(manifest, "engines: [iorails, llmrails]", "engines: [llmrails]")
    assert 2 != guardlint("test", central).code
