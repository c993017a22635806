"""The engine: discovery, choice of rules, order, secrets, fingerprints."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from guardlint.errors import NothingToCheck, UsageError
from guardlint.lint.check import Target, check, discover, select_rules
from guardlint.nemo.discover import find_roots, is_root
from guardlint.report.json_v1 import render_json
from guardlint.report.text import render_text
from guardlint.rules.registry import all_rules, rule_ids

GOOD = "models: []\nrails: {input: {flows: [regex check input]}}\n"


def write(root: Path, **files: str) -> Path:
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_yml", ".yml").replace("_co", ".co")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def names(start: Path) -> list[str]:
    return [root.relative_to(start).as_posix() for root in find_roots(start)]


def test_the_outermost_configurations_are_found(tmp_path: Path) -> None:
    """Nested ones belong to the outer; hidden folders and environments are passed over."""
    write(
        tmp_path,
        a__config_yml=GOOD,
        a__tests__config_yml=GOOD,
        b__deep__config_yml=GOOD,
        node_modules__x__config_yml=GOOD,
        docs__compose_yml="services: {}\n",
    )
    write(tmp_path / ".hidden", config_yml=GOOD)
    (tmp_path / "env2").mkdir()
    (tmp_path / "env2" / "pyvenv.cfg").touch()
    write(tmp_path / "env2" / "lib", config_yml=GOOD)
    assert ["a", "b/deep"] == names(tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (GOOD, True),
        ("models: []\n", True),
        ("models:\n  - {type: main, engine: openai, model: x}\n", True),
        ("rails: {input: {flows: []}}\n", True),
        ("models: []\nrails: {outptu: {}}\n", True),
        ("rail: {input: {flows: []}}\n", True),
        ('colang_version: "2.x"\n', True),
        ("models:\n  - {name: orders, columns: []}\n", False),
        ("rails: {gems: [rails]}\n", False),
        ("services: {}\n", False),
        ("prompts: [one]\n", False),
        ("- models\n", False),
        ("", False),
    ],
)
def test_what_is_a_configuration(tmp_path: Path, text: str, expected: bool) -> None:
    """NeMo's keys with NeMo's shapes: not a dbt model, not a Ruby project."""
    assert expected == is_root(write(tmp_path, config_yml=text))


def test_colang_files_alone_are_a_configuration(tmp_path: Path) -> None:
    """Where no YAML file is one."""
    write(tmp_path, bot__rails_co="define flow x\n  stop\n")
    assert ["bot"] == names(tmp_path)


@pytest.mark.parametrize(
    "manifest", ["schema: guardlint/rail/v1\n", "id: x\r\n'schema' : \"guardlint/rail/v1\"\r\n"]
)
def test_the_parts_of_an_approved_rail_are_no_configuration(tmp_path: Path, manifest: str) -> None:
    """By name, by walking and from within; a configuration that lies among them still is one."""
    parts = "import guardrails\n"
    write(tmp_path, rails__topic__rail_yml=manifest, rails__topic__prompts_yml="prompts: []\n")
    write(tmp_path, rails__topic__topic_co=parts, rails__topic__colang_2__topic_co=parts)
    for start in (".", "rails", "rails/topic", "rails/topic/colang_2"):
        assert [] == find_roots(tmp_path / start), start
    write(tmp_path, bot__rails_co=parts)
    assert ["bot"] == names(tmp_path)
    write(tmp_path, rails__topic__tests__config_yml=GOOD)
    assert ["rails/topic/tests"] == names(tmp_path)


def test_a_file_named_like_a_manifest_hides_nothing(tmp_path: Path) -> None:
    """Neither another tool's nor one that a team lays beside its configuration."""
    write(tmp_path, bot__rail_yml="schema: railway/v1\n", bot__rails_co="define flow x\n  stop\n")
    assert ["bot"] == names(tmp_path)
    write(tmp_path, other__rail_yml="schema: guardlint/rail/v1\n", other__rails_yml=GOOD)
    assert ["other"] == names(tmp_path)


def test_what_git_ignores_is_passed_over(tmp_path: Path) -> None:
    """As long as the folder is in a repository."""
    write(tmp_path, keep__config_yml=GOOD, out__config_yml=GOOD)
    (tmp_path / ".gitignore").write_text("out/\n")
    assert ["keep", "out"] == names(tmp_path)
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    assert ["keep"] == names(tmp_path)


def test_problems_with_paths_come_beside_what_was_found(tmp_path: Path) -> None:
    """Each with the exception of its kind."""
    write(tmp_path, a__config_yml=GOOD)
    (tmp_path / "empty").mkdir()
    roots, problems = discover(
        [tmp_path / "a", tmp_path / "empty", tmp_path / "no", tmp_path / "a" / "config.yml"]
    )
    assert [tmp_path / "a"] == roots
    assert [NothingToCheck, UsageError, UsageError] == [type(problem) for problem in problems]


def test_the_same_directory_named_twice_is_checked_once(tmp_path: Path) -> None:
    """However it is written."""
    write(tmp_path, a__config_yml=GOOD)
    roots, _ = discover([tmp_path / "a", tmp_path / "a" / ".." / "a", tmp_path])
    assert [tmp_path / "a"] == roots


def test_rules_are_chosen_by_id() -> None:
    """An unknown one is an error that names the nearest."""
    assert ["unknown-flow"] == [rule.id for rule in select_rules(["unknown-flow"])]
    assert len(all_rules()) - 1 == len(select_rules(ignore=["unknown-flow"]))
    with pytest.raises(UsageError, match="unknown-flow"):
        select_rules(["unknown-flows"])


def test_ids_are_words_and_come_from_the_files() -> None:
    """Kebab-case, unique, with a documentation of three headings."""
    assert len(set(rule_ids())) == len(rule_ids())
    for rule in all_rules():
        assert all(part.isalnum() and part.islower() for part in rule.id.split("-"))
        for heading in ("What it does:", "Why it matters:", "How to fix:"):
            assert heading in rule.documentation, rule.id


SECRET = "sk-" + "fake" * 6
LEAKY = f"""\
models:
  - type: main
    engine: openai
    model: gpt-4o-mini
    api_key: {SECRET}
rails:
  input:
    flows: [check it]
    {SECRET}: 1
  output: {{flow: [x], api_key: hunter2}}
"""


def test_no_output_holds_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither frames nor messages nor JSON, whatever rule speaks of the line."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path, config_yml=LEAKY)
    report = check([Target(tmp_path)])
    assert report.findings != ()
    for text in (render_text(report), render_text(report, colour=True), render_json(report)):
        assert "fakefake" not in text
        assert "hunter2" not in text


def test_carets_stay_true_beside_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mark stands under the key, though the line before it is asterisks."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path, config_yml=f"models: []\nrails: {{config: {{x: '{SECRET}'}}, outputs: {{flows: []}}}}\n")
    text = render_text(check([Target(tmp_path)], select_rules(["unknown-key"])))
    lines = text.split("\n")
    framed = [index for index, line in enumerate(lines) if line.startswith("2 | ")]
    marked = {lines[at][lines[at + 1].index("^") : lines[at + 1].rindex("^") + 1] for at in framed}
    assert {"x", "outputs"} == marked


def test_a_fingerprint_survives_edits_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines may move; another rule, value or configuration is another finding."""
    monkeypatch.chdir(tmp_path)
    bad = "models: []\nrails: {input: {flows: [nothing, nobody]}}\n"
    write(tmp_path / "a", config_yml=bad)
    unknown = select_rules(["unknown-flow"])
    before = check([Target(tmp_path / "a")], unknown).findings
    write(
        tmp_path / "a", config_yml="# a comment\n\n" + bad.replace("[nothing", "[regex check input, nothing")
    )
    after = check([Target(tmp_path / "a")], unknown).findings
    assert [item.fingerprint for item in before] == [item.fingerprint for item in after]
    assert 2 == len({item.fingerprint for item in before})
    write(tmp_path / "b", config_yml=bad)
    assert not {item.fingerprint for item in before} & {
        item.fingerprint for item in check([Target(tmp_path / "b")], unknown).findings
    }


def test_findings_come_in_the_order_of_the_files(tmp_path: Path) -> None:
    """File, line, column, rule."""
    write(
        tmp_path,
        b_yml="models: []\nrails: {input: {flow: [], flows: [nobody]}, outputs: {}}\n",
        a_yml="prompt: []\nmodels: []\n",
    )
    findings = check([Target(tmp_path)]).findings
    keys = [(item.place.file, item.place.line, item.place.column, item.rule) for item in findings]
    assert sorted(keys) == keys
    assert len(keys) > 3


def test_a_folder_of_configurations_is_none_itself(tmp_path: Path) -> None:
    """Whatever file lies beside them; with its own config.yml it is one, and so is one with a single part."""
    write(tmp_path / "shelf", sample_yml=GOOD, cards__config_yml=GOOD, deep__loans__config_yml=GOOD)
    write(tmp_path / "whole", config_yml=GOOD, cards__config_yml=GOOD, loans__config_yml=GOOD)
    write(tmp_path / "parted", rails_yml=GOOD, base__config_yml=GOOD)
    assert ["parted", "shelf/cards", "shelf/deep/loans", "whole"] == names(tmp_path)
    assert ["cards", "deep/loans"] == names(tmp_path / "shelf")
    assert ["."] == names(tmp_path / "parted")
