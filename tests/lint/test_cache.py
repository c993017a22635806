"""What is remembered is said again byte for byte, and any change of what it rests on ends it."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guardlint.cli._commands import main
from guardlint.lint import cache
from guardlint.lint.cache import remembered
from guardlint.lint.cache_store import MOST_BYTES, Remembered, cache_folder, read_entry, write_entry
from guardlint.resources import examples_dir
from guardlint.source.files import write_atomic

ROOT = Path(__file__).parents[2]
PACKAGE = cache._package


@dataclass(frozen=True)
class Ran:
    """One run: exit code, both streams as bytes, and whether guardlint had to work for it."""

    code: int
    out: bytes
    err: bytes
    worked: bool

    @property
    def said(self) -> tuple[int, bytes, bytes]:
        return self.code, self.out, self.err


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    monkeypatch.setenv("GUARDLINT_CACHE_DIR", str(tmp_path / "cache"))
    # Somebody may be editing the checkout while the tests run.
    monkeypatch.setattr(cache, "_package", lambda: ["as it is"])
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)

    def one(*arguments: str, fresh: bool = False) -> Ran:
        worked: list[bool] = []

        def counted(given: Sequence[str]) -> int:
            worked.append(True)
            return main(given)

        streams = [io.BytesIO(), io.BytesIO()]
        kept = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = (io.TextIOWrapper(stream, encoding="utf-8") for stream in streams)
        try:
            code = (counted if fresh else lambda given: remembered(given, counted))(list(arguments))
            sys.stdout.flush()
            sys.stderr.flush()
            out, err = (stream.getvalue() for stream in streams)
        finally:
            sys.stdout, sys.stderr = kept
        return Ran(code, out, err, bool(worked))

    return one


def team(folder: Path, name: str = "broken") -> Path:
    """A team's repository: the configuration, a team file, a pin, a file that no one reads."""
    shutil.copytree(examples_dir() / "claims-and-cards" / name, folder / "config")
    (folder / "requirements.txt").write_text("nemoguardrails==0.24.1\n")
    (folder / ".railsignore").write_text("draft*\n")
    return folder / "config"


@pytest.mark.parametrize("name", ["broken", "mended"])
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_second_run_says_the_same_without_work(run: Callable[..., Ran], name: str, form: str) -> None:
    team(Path.cwd(), name)
    arguments = ("check", "config", "--format", form)
    fresh = run(*arguments, fresh=True)
    first, second = run(*arguments), run(*arguments)
    assert fresh.said == first.said == second.said
    assert (True, False) == (first.worked, second.worked)


def test_every_file_counts(run: Callable[..., Ran]) -> None:
    """Of the configuration, the pin and the ignore file above it: one more byte, and it works again."""
    config = team(Path.cwd())
    paths = [*(path for path in sorted(config.rglob("*")) if path.suffix in (".yml", ".co", ".py", ".md"))]
    paths += [Path("requirements.txt"), Path(".railsignore")]
    run("check", "config")
    for path in paths:
        path.write_bytes(path.read_bytes() + b"\n")
        assert run("check", "config").worked, path
        assert not run("check", "config").worked, path


EDITS: dict[str, Callable[[Path], object]] = {
    "a new YAML file": lambda config: (config / "more.yml").write_text("custom_data: {a: 1}\n"),
    "a new folder": lambda config: (config / "sub").mkdir(exist_ok=True),
    "a file in it": lambda config: (
        (config / "sub").mkdir(exist_ok=True),
        (config / "sub" / "x.co").write_text("define flow x\n  bot y\n"),
    ),
    "one more line": lambda config: (
        (config / "config.yml").is_file()
        and (config / "config.yml").write_bytes(b"# more\n" + (config / "config.yml").read_bytes())
    ),
    "a file gone": lambda config: (config / "prompts.yml").unlink(missing_ok=True),
    "a file renamed": lambda config: (
        (config / "actions.py").exists() and (config / "actions.py").rename(config / "other.py")
    ),
    "an older pin": lambda _: Path("requirements.txt").write_text("nemoguardrails==0.21.0\n"),
    "a lock file": lambda _: Path("uv.lock").write_text('name = "nemoguardrails"\nversion = "0.20.0"\n'),
    "no pin": lambda _: Path("requirements.txt").unlink(missing_ok=True),
    "a project file": lambda _: Path("pyproject.toml").write_text(
        '[project]\nname = "x"\ndependencies = ["nemoguardrails>=0.22,<0.23"]\n'
    ),
    "an ignore file of its own": lambda config: (config / ".railsignore").write_text("prompts*\n"),
    "a repository": lambda _: Path(".git").mkdir(exist_ok=True),
    "a large file": lambda config: (config / "large.yml").write_text("# x\n" * 600_000),
    "not so large any more": lambda config: (config / "large.yml").write_text("rail: {}\n"),
    "not UTF-8": lambda config: (config / "encoding.yml").write_bytes(b"\xff\xfe models"),
    "a team file": lambda _: Path("guardlint.yml").write_text("team: cards\ndisable: {}\n"),
    "a broken team file": lambda _: Path("guardlint.yml").write_text("team: [\n"),
    "a folder in the place of a file": lambda config: (
        (config / "config.yml").unlink(missing_ok=True) if (config / "config.yml").is_file() else None,
        (config / "config.yml").mkdir(exist_ok=True),
    ),
    "another configuration beside": lambda config: (
        (config.parent / "second").mkdir(exist_ok=True),
        (config.parent / "second" / "config.yml").write_text("models: []\nrail: {}\n"),
    ),
}  # fmt: skip


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    edits=st.lists(st.sampled_from(sorted(EDITS)), min_size=1, max_size=4),
    where=st.sampled_from(["config", "."]),
    form=st.sampled_from(["text", "json"]),
)
def test_remembered_or_not_the_answer_is_the_same(
    run: Callable[..., Ran], edits: list[str], where: str, form: str
) -> None:
    """After each of any edits, the run through the cache says what a run without it says; twice."""
    for path in Path.cwd().iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    config = team(Path.cwd())
    arguments = ("check", where, "--format", form)
    for edit in ("nothing", *edits):
        EDITS.get(edit, lambda _: None)(config)
        fresh = run(*arguments, fresh=True)
        first, second = run(*arguments), run(*arguments)
        assert fresh.said == first.said == second.said, edit
        assert not second.worked or second.code == 2, edit


def test_the_policy_counts(run: Callable[..., Ran], tmp_path: Path) -> None:
    """Every document of the central repository that the run reads."""
    team(Path.cwd(), "mended")
    central = shutil.copytree(examples_dir() / "central", tmp_path / "central")
    arguments = ("check", "config", "--policy", "cards-assistant", "--central", str(central))
    policies = sorted(path.stem for path in (central / "policies").glob("*"))
    arguments = (*arguments[:3], policies[0], *arguments[4:])
    first = run(*arguments)
    assert run(*arguments).said == first.said
    for path in sorted((central / "policies" / policies[0]).glob("policy.yml")):
        path.write_text(path.read_text() + "# changed\n")
        assert run(*arguments).worked, path


def test_arguments_environment_and_day_count(
    run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    team(Path.cwd())
    run("check", "config")
    assert run("check", "config", "--format", "json").worked
    assert run("check", "./config").worked
    assert not run("check", "config").worked
    monkeypatch.setenv("COLANGPATH", "elsewhere")
    assert run("check", "config").worked
    monkeypatch.delenv("COLANGPATH")
    assert run("check", "config").worked
    assert not run("check", "config").worked
    monkeypatch.setattr(cache.time, "time", lambda: 4e9)
    assert run("check", "config").worked


def test_guardlint_itself_counts(
    run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A rule that is edited, added or deleted, in a checkout as in an installed package."""
    team(Path.cwd())
    own = tmp_path / "package"
    (own / "rules").mkdir(parents=True)
    (own / "rules" / "a.py").write_text("one")
    monkeypatch.setattr(cache, "_package", PACKAGE)
    monkeypatch.setattr(cache, "_PACKAGE", str(own))
    run("check", "config")
    assert not run("check", "config").worked
    (own / "rules" / "a.py").write_text("two")
    assert run("check", "config").worked
    (own / "rules" / "b.py").write_text("")
    assert run("check", "config").worked
    (own / "rules" / "__pycache__").mkdir()
    (own / "rules" / "__pycache__" / "b.pyc").write_text("")
    assert not run("check", "config").worked


def test_files_are_written_again(run: Callable[..., Ran]) -> None:
    """Where nothing has changed, `--output` still leaves its file."""
    team(Path.cwd())
    Path("out").mkdir()
    arguments = ("check", "config", "--output", "json=out/found.json")
    run(*arguments)
    written = Path("out/found.json").read_bytes()
    Path("out/found.json").unlink()
    assert not run(*arguments).worked
    assert written == Path("out/found.json").read_bytes()


SPOILING: dict[str, Callable[[], object]] = {
    "a file written in place": lambda: Path("config/config.yml").write_text("models: []\n"),
    "a file read and replaced": lambda: (
        Path("config/config.yml").read_text(),
        write_atomic(Path("config/config.yml"), b"models: []\n"),
    ),
    "a file deleted": lambda: Path("config/prompts.yml").unlink(),
    "a folder made": lambda: Path("config/new").mkdir(),
    "a process started": lambda: subprocess.run(["true"], check=True),
    "the whole environment read": lambda: dict(os.environ),
}


@pytest.mark.parametrize("what", sorted(SPOILING))
def test_a_run_that_does_more_than_look_is_not_remembered(run: Callable[..., Ran], what: str) -> None:
    """As `--fix` does; the next run works again."""
    worked = []

    def one(_: Sequence[str]) -> int:
        worked.append(True)
        SPOILING[what]()
        return 0

    for _ in range(2):
        shutil.rmtree("config", ignore_errors=True)
        Path("requirements.txt").unlink(missing_ok=True)
        team(Path.cwd())
        streams = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = (io.TextIOWrapper(io.BytesIO()) for _ in streams)
        try:
            remembered(["check", "config"], one)
        finally:
            sys.stdout, sys.stderr = streams
    assert [True, True] == worked


def test_damaged_foreign_and_unsafe_entries_are_none(run: Callable[..., Ran], tmp_path: Path) -> None:
    """Cut off, altered, empty, of others: guardlint works as if there were no cache."""
    team(Path.cwd())
    first = run("check", "config")
    entry = next((tmp_path / "cache").glob("*.run"))
    whole = entry.read_bytes()
    for damaged in (whole[:-3], whole[:40], b"", b"no entry", whole.replace(b"config", b"konfig")):
        entry.write_bytes(damaged)
        again = run("check", "config")
        assert (True, first.said) == (again.worked, again.said)
    assert not run("check", "config").worked
    (tmp_path / "cache").chmod(0o777)
    assert run("check", "config").worked
    (tmp_path / "cache").chmod(0o700)
    assert not run("check", "config").worked


def test_where_nothing_can_be_written_all_works(
    run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    team(Path.cwd())
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GUARDLINT_CACHE_DIR", str(tmp_path / "file" / "below"))
    first = run("check", "config")
    assert (first.said, True) == (run("check", "config").said, run("check", "config").worked)


def test_no_cache_neither_reads_nor_writes(run: Callable[..., Ran], tmp_path: Path) -> None:
    team(Path.cwd())
    assert run("check", "config", "--no-cache").said == run("check", "config").said
    assert 1 == len(list((tmp_path / "cache").glob("*.run")))
    assert run("check", "config", "--no-cache").worked


def test_a_secret_is_in_no_entry(run: Callable[..., Ran], tmp_path: Path) -> None:
    """Neither from the configuration nor from the environment; nobody else can read the folder."""
    team(Path.cwd())
    secret = "sk-" + "a1B2" * 10
    config = Path("config/config.yml")
    config.write_text(
        config.read_text().replace("engine: openai", f"engine: openai\n    api_key: {secret}", 1)
    )
    run("check", "config")
    for path in (tmp_path / "cache").iterdir():
        assert secret.encode() not in path.read_bytes()
        assert 0o600 == path.stat().st_mode & 0o777
    assert 0o700 == (tmp_path / "cache").stat().st_mode & 0o777


def test_the_folder_stays_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The entries that were used longest ago go first; one that is too big is not written."""
    monkeypatch.setattr("guardlint.lint.cache_store.MOST_ENTRIES", 3)
    folder = str(tmp_path / "c")
    entry = Remembered([("S", "x", "-")], [(1, b"text")], [], 0)
    for number in range(6):
        write_entry(folder, f"k{number}", entry)
        os.utime(tmp_path / "c" / f"k{number}.run", (number, number))
    assert read_entry(folder, "k5") is not None
    assert ["k3.run", "k4.run", "k5.run"] == sorted(path.name for path in (tmp_path / "c").glob("*.run"))
    write_entry(folder, "big", Remembered([("S", "x", "-")], [(1, b"x" * (MOST_BYTES // 4))], [], 0))
    assert read_entry(folder, "big") is None


def test_where_the_cache_is() -> None:
    home = Path.home()
    assert "/tmp/x" == cache_folder({"GUARDLINT_CACHE_DIR": "/tmp/x"})
    assert "/c/guardlint" == cache_folder({"XDG_CACHE_HOME": "/c"}, "linux")
    assert f"{home}/.cache/guardlint" == cache_folder({"XDG_CACHE_HOME": "relative"}, "linux")
    assert f"{home}/Library/Caches/guardlint" == cache_folder({}, "darwin")
    assert cache_folder({}, "win32") is None


def test_git_decides_again_what_it_ignores(run: Callable[..., Ran]) -> None:
    """An ignored configuration is no target; when .gitignore changes, it is."""
    team(Path.cwd())
    (Path("hidden") / "config").mkdir(parents=True)
    Path("hidden/config/config.yml").write_text("models: []\n")
    subprocess.run(["git", "init", "-q"], check=True)
    Path(".gitignore").write_text("hidden/\n")
    first = run("check", ".")
    assert not run("check", ".").worked
    Path(".gitignore").write_text("\n")
    again = run("check", ".")
    assert again.worked
    assert b"hidden" in again.out
    assert b"hidden" not in first.out


def test_a_link_that_leads_elsewhere(run: Callable[..., Ran]) -> None:
    """The named folder is a link; it is turned to another configuration."""
    team(Path.cwd())
    Path("one").symlink_to("config")
    run("check", "one")
    assert not run("check", "one").worked
    shutil.copytree("config", "other")
    (Path("other") / "config.yml").write_text("models: []\n")
    Path("one").unlink()
    Path("one").symlink_to("other")
    assert run("check", "one").worked


def test_nothing_is_imported_before_the_cache_has_answered(tmp_path: Path) -> None:
    """Not even click, where nothing has changed."""
    team(tmp_path)
    environ = {**os.environ, "GUARDLINT_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-X", "importtime", "-m", "guardlint", "check", "config"]
    for _ in range(3):
        done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert not loaded & {"click", "yaml", "json", "hashlib", "pathlib._abc", "guardlint.lint.check"}
    assert 1 == done.returncode
