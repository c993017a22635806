"""A mend is kept when it proves right, and leaves no trace when it does not."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from guardlint.errors import GuardlintError
from guardlint.lint.check import Target
from guardlint.lint.mending import Mended, mend, write_mended
from guardlint.rules.rule import Fix, Found, LoadedRule, Project, Rule
from guardlint.source.edits import Edit
from guardlint.source.place import Place
from guardlint.source.yaml_edits import delete_entry, rename_key
from guardlint.source.yaml_file import YamlFile

TEXT = "# ours\nmodels: []\nrail: # every message\n  input: {flows: []}\nold: 1 # gone\n"


def rule(name: str, *fixes: Fix | None) -> LoadedRule:
    """A rule that finds the key ``rail`` or ``old``, with one fix after the other."""

    def check(project: Project) -> Iterator[Found]:
        for file in project.configuration.yaml_files:
            for key in ("rail", "old"):
                if key in file.data:
                    for number, fix in enumerate(fixes or made(file, key)):
                        yield Found(f"{key} {number}", file.place((key,)), "x", "x", path=(key,), fix=fix)

    return LoadedRule(name, "test", Rule("error", "high", "0.1.0"), "x", check)


def made(file: YamlFile, key: str) -> Sequence[Fix | None]:
    edit = rename_key(file, (key,), "rails") if key == "rail" else delete_entry(file, (key,))
    assert edit is not None
    safe = key == "rail"
    return [Fix(f"mend {key}", (edit,), safe, (("rail",), ("rails",)) if safe else (("old",),))]


RENAMED = (("rail",), ("rails",))


def renamed() -> tuple[Edit, ...]:
    return (Edit(Place.at("config.yml", 3, 1, 4), "rails"),)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "config.yml").write_text(TEXT, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(root: Path, *fixes: Fix, unsafe: bool = False) -> Mended:
    return mend([Target(root)], [rule("some-rule", *fixes)], unsafe=unsafe)


def text(root: Path) -> str:
    return (root / "config.yml").read_bytes().decode()


def test_a_safe_mend_is_made_and_an_unsafe_one_is_not(root: Path) -> None:
    """Nothing is written before it is asked for."""
    mended = run(root)
    assert ["mend rail"] == [found.fix.title for found in mended.applied if found.fix]
    assert TEXT == text(root)
    write_mended(mended)
    assert TEXT.replace("rail:", "rails:") == text(root)
    assert not run(root).after


def test_a_comment_is_never_lost(root: Path) -> None:
    """The unsafe mend would take one with it."""
    mended = run(root, unsafe=True)
    assert ["mend rail"] == [found.fix.title for found in mended.applied if found.fix]
    assert ["mend old"] == [found.fix.title for found in mended.refused if found.fix]


@pytest.mark.parametrize(
    "fix",
    [
        Fix("changes too much", (Edit.insert("config.yml", 2, 1, "core: {}\n"),), changes=(("rail",),)),
        Fix("breaks the file", (Edit.insert("config.yml", 2, 1, "{"),), changes=((),)),
        Fix("changes nothing", (Edit.insert("config.yml", 2, 1, "# more\n"),), changes=((),)),
        Fix("overlaps", (Edit.insert("config.yml", 99, 1, "x"),), changes=((),)),
        Fix("is of no file", (Edit.insert("none.yml", 1, 1, "x"),), changes=((),)),
    ],
    ids=lambda fix: fix.title,
)
def test_what_does_not_prove_right_is_dropped(root: Path, fix: Fix) -> None:
    """And is named, so that nobody believes it made."""
    mended = run(root, fix)
    assert ([], {}) == (mended.applied, mended.after)
    assert {fix.title} == {found.fix.title for found in mended.refused if found.fix}


def test_a_fix_may_name_the_comments_that_it_takes(root: Path) -> None:
    """A suppression that suppresses nothing is one."""
    edit = Edit(Place("config.yml", 1, 1, 2, 1), "")
    assert [] == run(root, Fix("take it out", (edit, *renamed()), changes=RENAMED)).applied
    fix = Fix("take it out", (edit, *renamed()), changes=RENAMED, comments=("# ours",))
    assert ["take it out"] == [found.fix.title for found in run(root, fix).applied if found.fix]


def test_what_is_imported_from_elsewhere_is_left_alone(tmp_path: Path, root: Path) -> None:
    """Another configuration may read it too."""
    inside = root / "team"
    inside.mkdir()
    (root / "config.yml").rename(inside / "config.yml")
    (root / "shared.yml").write_text("a: 1\n", encoding="utf-8")
    fix = Fix("change it", (Edit.insert("shared.yml", 1, 1, "b: 2\n"),), changes=((),))
    mended = mend([Target(inside)], [rule("some-rule", fix)], unsafe=True)
    assert ([], [], {}) == (mended.applied, mended.refused, mended.after)


@pytest.mark.parametrize(
    ("name", "text"), [("actions.py", "x = 1\n"), ("rails.co", "define flow a\n  stop  # here\n")]
)
def test_code_is_not_broken_and_keeps_its_comments(root: Path, name: str, text: str) -> None:
    """In Python and Colang too."""
    (root / name).write_text(text, encoding="utf-8")
    last = text.count("\n")
    gone = Edit(Place(name, last, 1, last, len(text.split("\n")[last - 1]) + 1), "  (")
    fix = Fix("break it", (gone, *renamed()), changes=RENAMED)
    assert [] == run(root, fix, unsafe=True).applied


def test_line_ends_the_mark_and_the_mode_stay(root: Path) -> None:
    """Byte for byte but for the mend."""
    path = root / "config.yml"
    before = b"\xef\xbb\xbf" + TEXT.encode().replace(b"\n", b"\r\n")
    path.write_bytes(before)
    path.chmod(0o640)
    write_mended(run(root))
    assert before.replace(b"rail:", b"rails:") == path.read_bytes()
    assert 0o640 == path.stat().st_mode & 0o777


def test_a_link_stays_a_link(root: Path) -> None:
    """What it points at is mended."""
    real = root / "shared.txt"
    (root / "config.yml").rename(real)
    (root / "config.yml").symlink_to(real)
    write_mended(run(root))
    assert (root / "config.yml").is_symlink()
    assert "rails:" in real.read_text(encoding="utf-8")


def test_a_file_that_changed_meanwhile_is_not_overwritten(root: Path) -> None:
    """Somebody saved it in the editor."""
    mended = run(root)
    (root / "config.yml").write_text("models: []\n", encoding="utf-8")
    with pytest.raises(GuardlintError, match="has changed"):
        write_mended(mended)
    assert "models: []\n" == text(root)


def test_what_is_suppressed_is_left_alone(root: Path) -> None:
    """Somebody wants it so."""
    (root / "config.yml").write_text(
        "models: []\nrail: {} # guardlint: allow[some-rule] -- read by the portal\n", encoding="utf-8"
    )
    assert [] == run(root).applied


def test_the_diff_is_one_that_git_applies(root: Path) -> None:
    """Also where the last line has no end."""
    from guardlint.cli._mends import diff_of

    (root / "config.yml").write_text("models: []\nrail: {}", encoding="utf-8")
    mended = run(root)
    subprocess.run(["git", "init", "-q"], check=True, cwd=root)
    environ = {**os.environ, "GIT_CEILING_DIRECTORIES": str(root.parent)}
    subprocess.run(["git", "apply"], input=diff_of(mended).encode(), check=True, cwd=root, env=environ)
    assert "models: []\nrails: {}" == text(root)


def moving(new: str) -> LoadedRule:
    """A rule that wants the file `rails.YML` under another name, and says so once more until it is there."""

    def check(project: Project) -> Iterator[Found]:
        there = {file.relative for file in project.configuration.files}
        if "rails.YML" in there:
            fix = Fix(f"rename it to {new}", (), renames=(("rails.YML", new),))
            yield Found("unread", Place.at("rails.YML"), "x", "x", value="rails.YML", fix=fix)

    return LoadedRule("some-rule", "test", Rule("error", "high", "0.1.0"), "x", check)


def test_a_file_gets_another_name(root: Path) -> None:
    """With an edit of the same text after it, in a diff that git applies, with nothing written before."""
    from guardlint.cli._mends import diff_of

    (root / "config.yml").write_text("models: []\n", encoding="utf-8")
    (root / "rails.YML").write_text("rail: {}\n", encoding="utf-8")
    mended = mend([Target(root)], [moving("rails.yml"), rule("other-rule")])
    assert {"rails.YML": "rails.yml"} == mended.renamed
    assert "rail: {}\n" == (root / "rails.YML").read_text(encoding="utf-8")
    subprocess.run(["git", "init", "-q"], check=True, cwd=root)
    environ = {**os.environ, "GIT_CEILING_DIRECTORIES": str(root.parent)}
    text = diff_of(mended)
    assert "rename from rails.YML\nrename to rails.yml\n" in text
    subprocess.run(["git", "apply", "--check"], input=text.encode(), check=True, cwd=root, env=environ)
    write_mended(mended)
    assert ["config.yml", "rails.yml"] == sorted(path.name for path in root.glob("*.y*ml"))
    assert "rails: {}\n" == (root / "rails.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize("new", ["config.yml", "deeper/rails.yml"])
def test_no_file_takes_the_place_of_another(root: Path, new: str) -> None:
    """Nor does one leave its folder."""
    (root / "rails.YML").write_text("rails: {}\n", encoding="utf-8")
    mended = mend([Target(root)], [moving(new)])
    assert ([], {}, {}) == (mended.applied, mended.renamed, mended.after)
    assert 1 == len(mended.refused)


def test_a_name_that_is_taken_meanwhile_is_left(root: Path) -> None:
    """Somebody renamed it by hand."""
    (root / "rails.YML").write_text("rails: {}\n", encoding="utf-8")
    mended = mend([Target(root)], [moving("rails.yml")])
    (root / "rails.yml").write_text("rails: {}\n", encoding="utf-8")
    with pytest.raises(GuardlintError, match="renamed"):
        write_mended(mended)
