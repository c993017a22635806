"""``guardlint check`` from the outside: exit codes, messages, outputs, and every kind of bad input."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "claims-and-cards"
SNAPSHOTS = Path(__file__).parents[1] / "snapshots"
SCHEMA = json.loads((ROOT / "schemas" / "findings.json").read_text(encoding="utf-8"))
GOOD = """\
models: []
rails: {input: {flows: [regex check input]}, config: {regex_detection: {input: {patterns: [AnyDesk]}}}}
"""
BAD = "models: []\nrails: {inputs: {flows: [regex check input]}}\n"
WARNING = "models: [{type: main, engine: openai, model: x, temperature: 0}]\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def config(folder: Path, text: str = GOOD) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yml").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("text", "fail_on", "code"),
    [
        (GOOD, "note", 0),
        (BAD, "error", 1),
        (BAD, "never", 0),
        (WARNING, "error", 0),
        (WARNING, "warning", 1),
    ],
)
def test_the_exit_code_tells_findings_from_none(
    guardlint, here: Path, text: str, fail_on: str, code: int
) -> None:
    """0 without, 1 with findings at or above --fail-on."""
    config(here, text)
    assert code == guardlint("check", "--fail-on", fail_on).code


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["absent"], 2, "absent: no such file or directory"),
        (["empty"], 3, "no NeMo Guardrails configuration here"),
        (["notes"], 3, "no NeMo Guardrails configuration here"),
        (["good/config.yml"], 2, "is a file; NeMo loads directories (name its directory, good)"),
        (
            ["good", "--select", "unknown-keys"],
            2,
            "no rule is named `unknown-keys` (did you mean `unknown-key`?)",
        ),
        (["good", "--ignore", "nonsense"], 2, "no rule is named `nonsense`"),
        (["good", "--policy", "custommer-facing"], 2, "customer-facing"),
        (["good", "--central", "absent"], 2, "absent"),
        (["good", "--output", "json"], 2, "is not FORMAT=PATH"),
        (["good", "--output", "xml=x"], 2, "FORMAT is one of"),
        (["good", "--output", "json=absent/x.json"], 2, "there is no such directory"),
        (["good", "--fail-on", "sometimes"], 2, "sometimes"),
        (["good", "--nonsense"], 2, "--nonsense"),
    ],
)
def test_bad_arguments_are_one_clear_message(
    guardlint, here: Path, arguments: list[str], code: int, says: str
) -> None:
    """The place, what is wrong, the mend; the code of DESIGN 4; nothing half-written."""
    config(here / "good")
    (here / "empty").mkdir()
    (here / "notes").mkdir()
    (here / "notes" / "compose.yml").write_text("services: {}\n")
    ran = guardlint("check", *arguments)
    assert code == ran.code
    assert says in ran.err
    assert [line for line in ran.err.splitlines() if line.lower().startswith("error:")] != []
    assert len([line for line in ran.err.splitlines() if line.lower().startswith("error")]) == 1
    assert {"good", "empty", "notes"} == {entry.name for entry in here.iterdir()}


def test_a_misspelt_command_is_told_what_was_meant(guardlint, here: Path) -> None:
    """Code 2, with the name of the command."""
    ran = guardlint("chek")
    assert 2 == ran.code
    assert "Did you mean 'check'" in ran.err


def test_one_bad_path_does_not_hide_the_others(guardlint, here: Path) -> None:
    """The others are checked and reported, and the code says that an argument was wrong."""
    config(here / "bad", BAD)
    ran = guardlint("check", "absent", "bad", "--output", "json=out.json")
    assert 2 == ran.code
    assert "absent" in ran.err
    assert "error[unknown-key]" in ran.out
    assert 1 == len(json.loads((here / "out.json").read_text())["configurations"])


BOMB = "a: &a [x, x]\n" + "".join(
    f"b{n}: &b{n} [{', '.join(['*' + ('b' + str(n - 1) if n else 'a')] * 4)}]\n" for n in range(40)
)
BROKEN = {
    "not YAML": ("prompts.yml", b"prompts: [\n", "is not valid YAML", 1),
    "a billion laughs": ("prompts.yml", ("models: []\n" + BOMB).encode(), "aliases expand", 20),
    "not UTF-8": ("prompts.yml", b"a: 1\nb: \xff\n", "is not UTF-8", 2),
    "empty": ("prompts.yml", b"", "is empty", 1),
    "a null byte": ("prompts.yml", b"a: 1\nb: \x00\n", "control character", 2),
    "bottomless": ("prompts.yml", b"a: " + b"[" * 100_000, "nested", 1),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_cannot_be_read_is_a_finding(guardlint, here: Path, name: str) -> None:
    """With file and line, `loads: no` and code 1; the configuration beside it is checked as ever."""
    file, data, says, line = BROKEN[name]
    config(here / "broken")
    (here / "broken" / file).write_bytes(data)
    config(here / "other", BAD)
    ran = guardlint("check", "--format", "json")
    assert 1 == ran.code
    report = json.loads(ran.out)
    jsonschema.validate(report, SCHEMA)
    by_rule = {item["rule"]: item for item in report["findings"]}
    assert {"unreadable-file", "unknown-key"} == set(by_rule)
    found = by_rule["unreadable-file"]
    assert says in found["message"]
    assert f"broken/{file}" == found["file"]
    assert found["line"] <= line
    assert ["no", "yes"] == [item["loads"] for item in report["configurations"]]


def test_a_dangling_link_and_a_link_to_itself_are_findings(guardlint, here: Path) -> None:
    """The operating system cannot read them, whoever asks; root too."""
    config(here / "team")
    (here / "team" / "gone.yml").symlink_to(here / "nowhere.yml")
    (here / "team" / "loop.yml").symlink_to(here / "team" / "loop.yml")
    (here / "team" / "again").symlink_to(here / "team", target_is_directory=True)
    ran = guardlint("check", "team")
    assert 1 == ran.code
    assert "team/gone.yml:1:1" in ran.out
    assert "no such file or directory" in ran.out
    assert "team/loop.yml:1:1" in ran.out
    assert 2 == ran.out.count("error[unreadable-file]")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_a_pipe_and_a_device_are_findings(guardlint, here: Path) -> None:
    """Whoever waits for a pipe waits for ever, with a cache and without."""
    config(here / "team")
    os.mkfifo(here / "team" / "flows.co")
    (here / "team" / "zero.yml").symlink_to("/dev/zero")
    for cache in ((), ("--no-cache",)):
        ran = guardlint("check", "team", *cache)
        assert 1 == ran.code
        assert 2 == ran.out.count("it is a pipe or a device")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_permission_is_a_finding(guardlint, here: Path) -> None:
    """The same for a file that this user may not open."""
    config(here / "team")
    (here / "team" / "secret.yml").write_text("a: 1\n")
    (here / "team" / "secret.yml").chmod(0)
    ran = guardlint("check", "team")
    assert 1 == ran.code
    assert "permission denied" in ran.out


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("team: a\nteir: gold\n", "teir"),
        ("team: a\ntier: gold-plated\n", "gold-plated"),
        ("team: a\npolicy: custommer-facing\n", "custommer-facing"),
        ("team: a\ndisable: {unknown-keys: because}\n", "unknown-keys"),
        ("team: [a\n", "guardlint.yml"),
        ("", "guardlint.yml"),
    ],
)
def test_a_team_file_with_a_mistake_is_an_error_of_its_own(
    guardlint, here: Path, text: str, says: str
) -> None:
    """Code 2 and one line with file and line; the configurations are checked all the same."""
    config(here / "team", BAD)
    (here / "guardlint.yml").write_text(text, encoding="utf-8")
    ran = guardlint("check", "team")
    assert 2 == ran.code
    assert says in ran.err
    assert re.search(r"guardlint\.yml:\d+", ran.err)
    assert "error[unknown-key]" in ran.out


def test_a_declared_configuration_that_is_not_there_is_an_error(guardlint, here: Path) -> None:
    """The other declared ones are checked."""
    config(here / "team", BAD)
    (here / "guardlint.yml").write_text("team: a\nconfigurations:\n  - path: nowhere\n  - path: team\n")
    ran = guardlint("check")
    assert 2 == ran.code
    assert re.search(r"guardlint\.yml:3.*nowhere", ran.err)
    assert "error[unknown-key]" in ran.out


def test_the_hook_is_content_with_nothing_to_check(guardlint, here: Path) -> None:
    """3 for a person, 0 and silence for pre-commit."""
    assert 3 == guardlint("check").code
    ran = guardlint("check", "--hook")
    assert (0, "") == (ran.code, ran.err)


def test_nothing_is_left_of_an_output_that_cannot_be_written(guardlint, here: Path) -> None:
    """A folder stands in the way: one message, no temporary file, no traceback."""
    config(here / "team", BAD)
    (here / "out").mkdir()
    ran = guardlint("check", "team", "--output", "json=out")
    assert ran.code not in (0, 1)
    assert "out" in ran.err
    assert {"team", "out"} == {entry.name for entry in here.iterdir()}
    assert [] == list((here / "out").iterdir())


def test_every_output_of_one_run_says_the_same(guardlint, here: Path) -> None:
    """Text to the screen, JSON and text to files."""
    config(here / "team", BAD)
    ran = guardlint("check", "team", "--output", "json=a.json", "--output", "text=a.txt")
    assert (here / "a.txt").read_text(encoding="utf-8") == ran.out
    assert (here / "a.json").read_text(encoding="utf-8") == guardlint("check", "team", "--format", "json").out
    jsonschema.validate(json.loads((here / "a.json").read_text(encoding="utf-8")), SCHEMA)


def test_select_and_ignore_choose_the_rules(guardlint, here: Path) -> None:
    """Only the chosen rules speak."""
    config(here / "team", BAD)
    assert 0 == guardlint("check", "team", "--ignore", "unknown-key").code
    assert 0 == guardlint("check", "team", "--select", "replaced-rails").code
    assert 1 == guardlint("check", "team", "--select", "unknown-key").code


@pytest.fixture
def example(here: Path) -> Path:
    """A copy of the example, without its team file: no policy, only what NeMo does."""
    for name in ("broken", "mended"):
        shutil.copytree(EXAMPLE / name, here / name, ignore=shutil.ignore_patterns("__pycache__"))
    return here


def listed_faults() -> Iterator[tuple[str, str, int]]:
    for fault in yaml.safe_load((EXAMPLE / "faults.yml").read_text(encoding="utf-8"))["faults"]:
        yield fault["rule"], f"broken/{fault['file']}", fault["line"]


def findings(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(text)["findings"]
    return found


def test_the_broken_example_has_exactly_its_faults(guardlint, example: Path) -> None:
    """Rule, file and line of each of faults.yml, all errors, and not one more."""
    ran = guardlint("check", "broken", "--format", "json")
    assert 1 == ran.code
    found = [(item["rule"], item["file"], item["line"]) for item in findings(ran.out)]
    assert sorted(listed_faults()) == sorted(found)
    assert {"error"} == {item["severity"] for item in findings(ran.out)}


def test_the_mended_example_has_none(guardlint, example: Path) -> None:
    """Not even a note."""
    ran = guardlint("check", "mended", "--fail-on", "note", "--format", "json")
    assert (0, []) == (ran.code, findings(ran.out))


def test_each_mend_takes_exactly_its_finding_away(guardlint, example: Path) -> None:
    """The faults are independent: mending one leaves the eight others where they were.

    Another fault may have kept one from mattering: `reveals` names it.
    """
    for fault in yaml.safe_load((EXAMPLE / "faults.yml").read_text(encoding="utf-8"))["faults"]:
        copy = example / fault["id"]
        shutil.copytree(example / "broken", copy)
        path = copy / fault["mend"]["file"]
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(fault["mend"]["replace"], fault["mend"]["with"]), encoding="utf-8")
        rest = {
            (item["rule"], item["file"].partition("/")[2])
            for item in findings(guardlint("check", copy.name, "--format", "json").out)
        }
        before = sorted((rule, file.partition("/")[2]) for rule, file, _ in listed_faults())
        before.remove((fault["rule"], fault["file"]))
        before += [(item["rule"], item["file"]) for item in fault.get("reveals", ())]
        assert set(before) == rest, fault["id"]


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_report_of_the_broken_example_is_the_kept_one(guardlint, example: Path, form: str) -> None:
    """Character by character. After a wanted change: GUARDLINT_SNAPSHOTS=write pytest tests/cli."""
    ran = guardlint("check", "broken", "--output", f"{form}=out")
    assert 1 == ran.code
    text = (example / "out").read_text(encoding="utf-8")
    kept = SNAPSHOTS / f"claims-and-cards-broken.{'txt' if form == 'text' else 'json'}"
    if os.environ.get("GUARDLINT_SNAPSHOTS") == "write":
        kept.write_text(text, encoding="utf-8")
    assert kept.read_text(encoding="utf-8") == text


def test_two_runs_say_the_same_in_the_same_order(guardlint, example: Path) -> None:
    """Byte for byte, whatever the order of the arguments."""
    one = guardlint("check", "broken", "mended", "--format", "json").out
    assert one == guardlint("check", "broken", "mended", "--format", "json").out
    assert one == guardlint("check", "mended", "broken", "--format", "json").out


def test_the_result_does_not_depend_on_the_working_directory(
    guardlint, example: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the paths do: relative to the directory, or absolute when they lie outside of it."""
    from_here = json.loads(guardlint("check", "broken", "--format", "json").out)
    monkeypatch.chdir(example / "broken" / "rails")
    from_there = json.loads(guardlint("check", "..", "--format", "json").out)
    monkeypatch.chdir(example / "broken")
    from_inside = json.loads(guardlint("check", "--format", "json").out)

    def normal(report: dict[str, Any]) -> Any:
        text = json.dumps(
            [
                {key: value for key, value in item.items() if key != "fingerprint"}
                for item in report["findings"]
            ]
        )
        return json.loads(text.replace(f"{example}/", "").replace("broken/", "").replace('"broken"', '"."'))

    def places(report: dict[str, Any]) -> list[tuple[str, str, int, int]]:
        return sorted(
            (item["rule"], Path(item["file"]).name, item["line"], item["column"])
            for item in report["findings"]
        )

    assert places(from_here) == places(from_there) == places(from_inside)
    assert sorted(item["message"] for item in normal(from_here)) == sorted(
        item["message"] for item in normal(from_inside)
    )
    assert {"config.yml", "flows/cards.co", "prompts.yml", "rails/input.co", "rails/rails.yml"} == {
        item["file"] for item in from_inside["findings"]
    }
    assert all(item["file"].startswith("/") or ".." not in item["file"] for item in from_there["findings"])


def run_outside(*arguments: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """A process of its own, without a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "guardlint", *arguments],
        cwd=cwd,
        env={**{k: v for k, v in os.environ.items() if k != "NO_COLOR"}, "PYTHONPATH": str(ROOT), **environ},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_a_pipe_gets_no_colours(example: Path) -> None:
    """Nor a terminal where NO_COLOR is set."""
    assert "\x1b[" not in run_outside("check", "broken", cwd=example).stdout


@pytest.mark.parametrize(("environ", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_a_terminal_gets_colours_unless_it_asks_for_none(
    example: Path, environ: dict[str, str], coloured: bool
) -> None:
    """Seen through a pseudo terminal."""
    import pty

    main, side = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "guardlint", "check", "broken"],
        cwd=example,
        env={
            **{k: v for k, v in os.environ.items() if k != "NO_COLOR"},
            "TERM": "xterm",
            "PYTHONPATH": str(ROOT),
            **environ,
        },
        stdout=side,
        stderr=subprocess.PIPE,
    )
    os.close(side)
    seen = b""
    while True:
        try:
            piece = os.read(main, 65536)
        except OSError:
            break
        if not piece:
            break
        seen += piece
    os.close(main)
    assert 1 == process.wait(timeout=30)
    assert coloured == (b"\x1b[" in seen)


def test_a_closed_pipe_is_no_failure(example: Path) -> None:
    """`guardlint check | head -1` ends in silence."""
    done = subprocess.run(
        f"{sys.executable} -m guardlint check broken | head -1",
        shell=True,
        cwd=example,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("error[unknown-key]")
    assert "" == done.stderr


@pytest.mark.parametrize(
    "encoding",
    ["ascii", "latin-1", "cp1252"],
)
def test_a_terminal_without_unicode_is_no_failure(example: Path, encoding: str) -> None:
    """Signs that it cannot show must not end the run."""
    done = subprocess.run(
        [sys.executable, "-m", "guardlint", "check", "mended"],
        cwd=example,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": encoding},
        capture_output=True,
        check=False,
    )
    assert 0 == done.returncode, done.stderr


HEAVY = ("nemoguardrails", "presidio_analyzer", "spacy", "cryptography", "pydantic", "numpy", "jinja2")


def test_checking_imports_nothing_heavy(example: Path) -> None:
    """The linter half needs click, PyYAML and jsonschema; with a team file and a policy too."""
    program = (
        "import sys; from guardlint.cli.main import _main; "
        "code = _main(['check', 'broken', '--policy', 'customer-facing', '--output', 'json=out.json']); "
        f"print([name for name in {HEAVY!r} if name in sys.modules], code, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=example,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "[] 1\n" == done.stderr


def test_help_imports_no_more_than_click(here: Path) -> None:
    """Nothing of the linter is loaded before a command is chosen."""
    done = run_outside("--help", cwd=here, PYTHONPROFILEIMPORTTIME="1")
    assert 0 == done.returncode
    assert "yaml" not in {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
