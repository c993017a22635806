"""Whatever the change and however it reached the branch: the gate says what is new in it, and nothing else.

A state of the repository is a set of folders, each with rails that work and faults that it has. From two
states follows what the gate must find; git holds them in histories of every kind.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from guardlint.cli._commands import main
from guardlint.lint import unchanged

ENVIRON = {
    **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
}
# One error each, found by a rule that knows it by its own fingerprint.
FAULTS = {
    "unknown-key rail": "rail: {}\n",
    "unknown-key prompt": "prompt: []\n",
    "unknown-key instruction": "instruction: []\n",
    "tracing-breaks-requests": "tracing: {enabled: true, span_format: otel}\n",
}
INPUT = ("self check input", "check length", "check words")
OUTPUT = ("self check output", "check answers")
HEAD = """\
models: []
prompts:
  - task: self_check_input
    content: "Should this be blocked? {{ user_input }} (Yes or No)"
  - task: self_check_output
    content: "Should this be blocked? {{ bot_response }} (Yes or No)"
"""
FLOWS = "".join(
    f'define subflow {name}\n  if "x" in ${who}_message\n    bot refuse to respond\n    stop\n\n'
    for name, who in (("check length", "user"), ("check words", "user"), ("check answers", "bot"))
)


@dataclass(frozen=True)
class Bot:
    """One configuration."""

    faults: frozenset[str] = frozenset()
    rails: frozenset[str] = frozenset({"self check input"})
    comments: int = 0

    def write(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        lists = [(way, [name for name in names if name in self.rails]) for way, names in WAYS]
        rails = "".join(f"  {way}: {{flows: [{', '.join(names)}]}}\n" for way, names in lists)
        text = "# note\n" * self.comments + HEAD + f"rails:\n{rails}"
        text += "".join(FAULTS[name] for name in sorted(self.faults))
        (folder / "config.yml").write_text(text, encoding="utf-8")
        (folder / "flows.co").write_text(FLOWS, encoding="utf-8")

    def missing(self, before: Bot) -> int:
        """How many findings about removed rails are due; all of a direction at once are one."""
        if before.rails and not self.rails:
            return 1
        gone = before.rails - self.rails
        return sum(
            1 if not self.rails & set(names) and gone & set(names) else len(gone & set(names))
            for _, names in WAYS
        )


WAYS = (("input", INPUT), ("output", OUTPUT))
State = dict[str, Bot]
bots = st.builds(
    Bot,
    st.frozensets(st.sampled_from(sorted(FAULTS)), max_size=2),
    st.frozensets(st.sampled_from(INPUT + OUTPUT), max_size=4),
    st.integers(0, 2),
)


def alike(before: State, after: State) -> bool:
    """Whether git may take a folder that comes for one that goes."""
    return bool(set(before) - set(after) and set(after) - set(before))


states = st.dictionaries(st.sampled_from(["bot", "apps/claims", "apps/cards"]), bots, min_size=1, max_size=3)


@dataclass(frozen=True)
class History:
    """How ``before`` became ``after``, and what the base is called."""

    name: str
    make: Callable[[Path, State, State], str] = field(repr=False)

    def __str__(self) -> str:
        return self.name


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, env=ENVIRON, check=True, capture_output=True)


def put(root: Path, state: State) -> None:
    """The work tree holds the state, and nothing else."""
    for path in root.iterdir():
        if path.name != ".git":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    (root / "README.txt").write_text("bots\n", encoding="utf-8")
    for name, bot in state.items():
        bot.write(root / name)


def commit(root: Path, state: State) -> None:
    put(root, state)
    git(root, "add", "-A")
    git(root, "commit", "-q", "--allow-empty", "-m", "change")


def linear(root: Path, before: State, after: State) -> str:
    """Two commits."""
    commit(root, before)
    git(root, "checkout", "-q", "-b", "change")
    commit(root, after)
    return "main"


def uncommitted(root: Path, before: State, after: State) -> str:
    """One commit, and files that nobody has added."""
    commit(root, before)
    put(root, after)
    return "HEAD"


def merged(root: Path, before: State, after: State) -> str:
    """Main went on, and was merged into the branch."""
    linear(root, before, after)
    git(root, "checkout", "-q", "main")
    (root / "notes").mkdir()
    (root / "notes" / "config.yml").write_text("models: []\nrail: {}\n", encoding="utf-8")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "others")
    git(root, "checkout", "-q", "change")
    git(root, "merge", "-q", "--no-edit", "main")
    return "main"


def diverged(root: Path, before: State, after: State) -> str:
    """Main mended everything meanwhile, which is no merit of the branch."""
    linear(root, before, after)
    git(root, "checkout", "-q", "main")
    commit(root, dict.fromkeys(before, Bot(rails=frozenset(INPUT + OUTPUT))))
    git(root, "checkout", "-q", "change")
    return "main"


def shallow(root: Path, before: State, after: State) -> str:
    """A clone that knows the two commits and not that one follows the other."""
    linear(root, before, after)
    origin = root.with_name("origin")
    root.rename(origin)
    git(root.parent, "clone", "-q", "--depth=1", "--branch=change", f"file://{origin}", root.name)
    git(root, "fetch", "-q", "--depth=1", "origin", "main:refs/remotes/origin/main")
    return "origin/main"


def first(root: Path, before: State, after: State) -> str:
    """What GitHub calls the commit before the first."""
    commit(root, after)
    return "0" * 40


HISTORIES = [History(make.__name__, make) for make in (linear, uncommitted, merged, diverged, shallow, first)]
quick = settings(
    max_examples=4,
    deadline=None,
    # Each example is several runs of git: what fails is shown as it was found.
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)


@contextlib.contextmanager
def repository() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve() / "repo"
        root.mkdir()
        git(root, "init", "-q", "-b", "main")
        yield root


def gate(root: Path, base: str) -> tuple[int, Counter[tuple[str, str]]]:
    """The exit code, and folder and rule of each finding that counts."""
    out = root.with_name("gate.json")
    out.unlink(missing_ok=True)
    said = io.StringIO()
    with contextlib.chdir(root), contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = main(["gate", "--base", base, "--output", f"json={out}"])
    found = json.loads(out.read_text(encoding="utf-8"))["findings"] if out.exists() else []
    return code, Counter((item["configuration"], item["rule"]) for item in found if not item["suppressed"])


def due(before: State, after: State) -> Counter[tuple[str, str]]:
    """What the change brings, by what is known of the two states."""
    found: Counter[tuple[str, str]] = Counter()
    for name, bot in after.items():
        was = before.get(name, Bot(rails=frozenset()))
        for fault in bot.faults - was.faults:
            found[name, fault.partition(" ")[0]] += 1
        found[name, "removed-rail"] += bot.missing(was)
    for name, was in before.items():
        if name not in after and was.rails:
            found[name, "removed-rail"] += 1
    return +found


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "GITHUB_ACTIONS",
        "GITHUB_STEP_SUMMARY",
        "GUARDLINT_CENTRAL",
        *set(os.environ) - set(ENVIRON),
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("history", HISTORIES, ids=str)
@quick
@given(before=states, after=states)
def test_the_gate_finds_what_is_due(history: History, before: State, after: State) -> None:
    """In every history; and what is left out because it is unchanged would have said nothing."""
    assume(not alike(before, after))
    with repository() as root:
        base = history.make(root, before, after)
        expected = due({} if history.name == "first" else before, after)
        assert (int(bool(expected)), expected) == gate(root, base)
        with patch.object(unchanged, "unchanged", lambda *_: frozenset()):
            assert (int(bool(expected)), expected) == gate(root, base)


@quick
@given(before=states, data=st.data())
def test_a_change_that_only_removes_findings_passes(before: State, data: st.DataObject) -> None:
    """Faults go, rails come, lines move."""
    after = {
        name: Bot(
            frozenset(fault for fault in sorted(bot.faults) if data.draw(st.booleans())),
            bot.rails | data.draw(st.frozensets(st.sampled_from(INPUT + OUTPUT))),
            data.draw(st.integers(0, 3)),
        )
        for name, bot in before.items()
    }
    with repository() as root:
        assert (0, Counter()) == gate(root, linear(root, before, after))


@quick
@given(before=states, data=st.data())
def test_a_change_that_adds_a_finding_fails(before: State, data: st.DataObject) -> None:
    """Whatever it mends elsewhere."""
    after = dict(data.draw(states))
    name = data.draw(st.sampled_from(sorted(before)))
    fault = data.draw(st.sampled_from(sorted(FAULTS)))
    was = before[name]
    before = {**before, name: Bot(was.faults - {fault}, was.rails, was.comments)}
    after[name] = Bot(frozenset({fault}), was.rails)
    assume(not alike(before, after))
    with repository() as root:
        code, found = gate(root, linear(root, before, after))
        assert (1, True) == (code, found[name, fault.partition(" ")[0]] == 1)


@quick
@given(before=states, other=st.sampled_from(["moved", "apps/moved", "deep/down/moved"]))
def test_a_renamed_folder_brings_nothing(before: State, other: str) -> None:
    """Its faults are known under the new name, and its rails work."""
    name = min(before)
    with repository() as root:
        commit(root, before)
        git(root, "checkout", "-q", "-b", "change")
        (root / other).parent.mkdir(parents=True, exist_ok=True)
        git(root, "mv", name, other)
        git(root, "commit", "-q", "-m", "moved")
        assert (0, Counter()) == gate(root, "main")


@quick
@given(after=states)
def test_a_base_that_is_not_there_is_no_verdict(after: State) -> None:
    """Neither passed nor failed: exit code 2."""
    with repository() as root:
        commit(root, after)
        assert (2, Counter()) == gate(root, "origin/main")
