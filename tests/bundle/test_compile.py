"""Compiling: what goes in, what is refused, and that the same input gives the same bytes."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from guardlint.bundle.compile import CheckFailed, Compiled, Standing, checked, compile_bundle
from guardlint.bundle.keys import PrivateKey, generate, write_pair
from guardlint.bundle.trust import trusting
from guardlint.bundle.verify import verify_bundle
from guardlint.errors import BundleError, ConfigError
from guardlint.policy.central import Central
from guardlint.resources import examples_dir
from guardlint.rules.registry import rule_ids

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def central() -> Central:
    return Central.open(examples_dir() / "central")


@pytest.fixture(scope="module")
def key() -> PrivateKey:
    return generate()


@pytest.fixture
def team(tmp_path: Path) -> Path:
    return Path(shutil.copytree(examples_dir() / "claims-and-cards" / "mended", tmp_path / "guardrails"))


def compiled(team: Path, central: Central, *signers: PrivateKey, policy: str = "harbour-bank") -> Compiled:
    return compile_bundle(
        team, central.policy(policy), central, name="claims", created=NOW, revision=7, signers=signers
    )


def test_the_mended_example_becomes_a_bundle_that_verifies(
    team: Path, central: Central, key: PrivateKey, tmp_path: Path
) -> None:
    """The bundle holds both halves, and the team's files are what they were, byte by byte."""
    from guardlint.bundle.keys import write_public

    bundle = compiled(team, central, key)
    write_public(tmp_path / "k.pub", key.public)
    verified = verify_bundle(bundle.data, tmp_path / "k.pub", now=NOW)
    theirs = {
        name.removeprefix("team/"): data for name, data in verified.files.items() if name.startswith("team/")
    }
    on_disk = {
        path.relative_to(team).as_posix(): path.read_bytes()
        for path in team.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert on_disk == theirs
    assert {"config.yml", "prompts.yml"} == {
        name.removeprefix("company/") for name in verified.files if name.startswith("company/")
    }
    assert ("harbour-bank", "1.0.0") == (
        verified.manifest["policy"]["id"],
        verified.manifest["policy"]["version"],
    )
    assert ["baseline", "customer-facing", "harbour-bank"] == [
        part["id"] for part in verified.manifest["policy"]["composed_of"]
    ]


def test_same_input_gives_the_same_bytes(
    team: Path, central: Central, key: PrivateKey, tmp_path: Path
) -> None:
    """Another directory of the same name, compiled again, gives an identical bundle."""
    elsewhere = Path(shutil.copytree(team, tmp_path / "other" / "guardrails"))
    assert compiled(team, central, key).data == compiled(elsewhere, central, key).data


def test_the_plan_masks_before_every_judge_and_ends_with_the_companys_rails(
    team: Path, central: Central
) -> None:
    """The order of DESIGN §6."""
    plan = compiled(team, central).plan
    assert ["pii", "company", "team", "company"] == [step["step"] for step in plan["input"]]
    assert "rewritten" == plan["input"][-1]["when"]
    assert ["pii", "team", "pii", "company"] == [step["step"] for step in plan["output"]]


def test_engines_and_calls_are_predicted(team: Path, central: Central) -> None:
    """The company half runs on NeMo's fast engine; the team's own flows need the Colang runtime.

    Usually four calls: both halves judge both sides. The facts rail asks only where a flow arms it.
    """
    manifest = compiled(team, central).manifest
    assert ("iorails", "llmrails") == tuple(manifest["engines"][half]["uses"] for half in ("company", "team"))
    assert {"low": 0, "usual": 4, "high": 6} == manifest["llm_calls"]
    assert "isolated" == manifest["team_code"]


def test_a_configuration_with_errors_is_refused(central: Central, tmp_path: Path) -> None:
    """The report that says why comes with the refusal."""
    broken = Path(shutil.copytree(examples_dir() / "claims-and-cards" / "broken", tmp_path / "broken"))
    with pytest.raises(CheckFailed) as refused:
        compiled(broken, central)
    assert refused.value.report.count("error") >= 8
    assert {finding.rule for finding in refused.value.report.findings} <= set(rule_ids())


def test_a_policy_without_a_judge_is_refused_at_the_rail_that_asks(team: Path) -> None:
    """The reference policy names no model; the message says what to write and where."""
    with pytest.raises(ConfigError) as refused:
        compiled(team, Central.open(None), policy="customer-facing")
    assert "customer-facing/policy.yml" in (refused.value.place or "")
    assert "judge" in (refused.value.help or "")


def test_imports_from_outside_the_directory_are_refused(team: Path, central: Central) -> None:
    """A bundle carries one directory, so a path that leads out of it would be lost."""
    config = team / "config.yml"
    config.write_text(config.read_text() + "\nimport_paths:\n  - ../shared\n")
    with pytest.raises(BundleError, match="import_paths"):
        compiled(team, central)


def test_a_railsignore_above_the_configuration_goes_in(team: Path, central: Central) -> None:
    """NeMo looks for it upwards; inside a bundle there is no upwards."""
    (team.parent / ".railsignore").write_text("draft.yml\n")
    (team / "draft.yml").write_text("rails:\n  input:\n    flows: [no such flow]\n")
    files = compiled(team, central).data
    assert b"team/.railsignore" in files


BLOCKED = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("nemoguardrails", "presidio_analyzer", "spacy", "langchain"):
            raise ImportError(f"{name} must not be imported here")

sys.meta_path.insert(0, Refuse())
from guardlint.cli._commands import main
for arguments in (
    ["compile", sys.argv[1], "--key", "a.key", "-o", "a.glbundle"],
    ["verify", "a.glbundle", "--trust", "a.pub"],
    ["inspect", "a.glbundle", "--trust", "a.pub"],
    ["diff", "a.glbundle", "a.glbundle", "--trust", "a.pub"],
    ["sign", "a.glbundle", "--key", "a.key"],
    ["compile", sys.argv[1], "--plain", "merged"],
):
    assert main(arguments) == 0, arguments
assert "nemoguardrails" not in sys.modules
"""


def test_nothing_here_needs_nemo(tmp_path: Path, key: PrivateKey) -> None:
    """Compile, sign, verify, inspect and diff where NeMo and Presidio cannot be imported at all."""
    write_pair(tmp_path / "a.key", tmp_path / "a.pub", key)
    shutil.copytree(examples_dir() / "central", tmp_path / "central")
    shutil.copytree(examples_dir() / "claims-and-cards", tmp_path / "team")
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED, "team/mended"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert 0 == done.returncode, done.stdout + done.stderr


def test_what_python_compiled_stays_out(team: Path, central: Central) -> None:
    """Nobody has read it, and it is another one for each Python."""
    before = compiled(team, central).data
    (team / "__pycache__").mkdir()
    (team / "__pycache__" / "actions.cpython-311.pyc").write_bytes(b"anything")
    assert before == compiled(team, central).data


def test_files_that_change_meanwhile_are_refused(
    team: Path, central: Central, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is packed is what was checked."""
    from guardlint.bundle import compile as module

    def check_and_edit(*arguments: Any) -> Any:
        found = checked(*arguments)
        (team / "flows" / "late.co").write_text("define flow late\n  bot say late\n")
        return found

    monkeypatch.setattr(module, "checked", check_and_edit)
    with pytest.raises(BundleError, match="files changed while they were compiled"):
        compiled(team, central)


def test_every_ingredient_has_its_digest(team: Path, central: Central, tmp_path: Path) -> None:
    """Policies, rails, prompts, tools, team files: a change of one of them is a change of its digest."""
    manifest = compiled(team, central).manifest
    digests = [part["digest"] for part in manifest["policy"]["composed_of"]]
    digests += [rail["digest"] for rail in manifest["rails"]]
    digests += [prompt["digest"] for rail in manifest["rails"] for prompt in rail["prompts"]]
    digests += [*manifest["digests"].values(), manifest["configuration"]["digest"]]
    assert all(re.fullmatch("sha256:[0-9a-f]{64}", digest) for digest in digests)
    own = Path(shutil.copytree(examples_dir() / "central", tmp_path / "own"))
    policy = own / "policies/harbour-bank/policy.yml"
    policy.write_text(policy.read_text().replace("1.0.0", "1.0.1"))
    other = compiled(team, Central.open(own)).manifest
    assert manifest["policy"]["digest"] != other["policy"]["digest"]
    assert manifest["policy"]["composed_of"][:2] == other["policy"]["composed_of"][:2]
    (team / "flows/fees.co").write_bytes((team / "flows/fees.co").read_bytes() + b"\n# more\n")
    assert manifest["configuration"] != compiled(team, central).manifest["configuration"]


def test_whether_the_tree_was_clean(team: Path, central: Central) -> None:
    """Of the configuration and what stands beside it, not of the bundle that lies in the same repository."""

    def git(*arguments: str) -> None:
        who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
        subprocess.run(["git", *who, *arguments], cwd=team.parent, check=True, capture_output=True)

    def source(*beside: Path) -> dict[str, Any]:
        standing = Standing(files=beside)
        made = compile_bundle(
            team, central.policy("harbour-bank"), central, name="claims", created=NOW, standing=standing
        )
        assert made.manifest["configuration"]["path"] == "guardrails"
        return dict(made.manifest["source"])

    git("init", "-q")
    assert {"commit": None, "clean": None} == source()
    beside = team.parent / "guardlint.yml"
    beside.write_text("team: a\n")
    git("add", "-A")
    git("commit", "-q", "-m", "first")
    (team.parent / "app.glbundle").write_bytes(b"")
    assert source(beside)["clean"] is True
    beside.write_text("team: b\n")
    assert (True, False) == (source()["clean"], source(beside)["clean"])
    (team / "config.yml").write_text((team / "config.yml").read_text() + "\n")
    assert source()["clean"] is False


def test_calls_are_those_that_a_guard_makes(team: Path, tmp_path: Path) -> None:
    """A usual query, guarded, with a scripted judge: the predicted number of calls, and the cost of each."""
    pytest.importorskip("nemoguardrails")
    from guardlint.guard import Guard
    from guardlint.harness.brain import ScriptedBrain
    from guardlint.harness.openai_server import ScriptedServer

    own = Path(shutil.copytree(examples_dir() / "central", tmp_path / "own"))
    with ScriptedServer(ScriptedBrain("Your claim is open.")) as server:
        for file in (own / "policies/harbour-bank/policy.yml", team / "config.yml"):
            file.write_text(file.read_text().replace("http://127.0.0.1:8901/v1", server.base_url))
        key = generate()
        made = compiled(team, Central.open(own), key)
        (tmp_path / "a.glbundle").write_bytes(made.data)
        records: list[dict[str, Any]] = []
        trust = trusting(key.public)
        with Guard.load(tmp_path / "a.glbundle", trust=trust, now=NOW, audit=records.append) as guard:
            result = guard.call(lambda messages: "Your claim is open.", "Where is my claim?")
        assert "passed" == result.verdict.status
        assert made.manifest["llm_calls"]["usual"] == len(server.seen)
    cost = made.manifest["cost"][0]["per_query"]
    assert cost["llm_calls"] == {name: float(number) for name, number in made.manifest["llm_calls"].items()}
    assert 0 == cost["cost"]["low"] < cost["cost"]["usual"] < cost["cost"]["high"]
    prices = made.manifest["prices"]
    used = [one for step in records[0]["steps"] for one in step.get("usage", ())]
    spent = sum(
        one["input_tokens"] * prices["models"][one["model"]]["input"]
        + one["output_tokens"] * prices["models"][one["model"]]["output"]
        for one in used
    )
    assert made.manifest["llm_calls"]["usual"] == sum(one["counted"] for one in used)
    assert pytest.approx(spent / 1_000_000) == records[0]["cost"]["actual"] > 0


POLICY = """\
schema: guardlint/policy/v1
id: lenient
version: 1.0.0
title: A policy of a test
owner: tests
description: A policy of a test.
{more}
"""


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("runtime: {on_error: pass}", "on_error `pass` cannot be enforced: this guard always blocks"),
        ("runtime: {telemetry: required}", "nothing enforces 'telemetry: required'"),
        ("runtime: {mode: canary}", "nothing enforces 'mode: canary'"),
        (
            'rails: {retrieval: [{rail: self-check@1, reason: x y, controls: ["LLM01:2025"]}]}',
            "nothing enforces a company rail on retrieval",
        ),
        (
            "require: [{id: a-b, reason: x, controls: ['X:1'], enforced_by: runtime, setting: a, equals: 1}]",
            "'runtime' does not enforce a setting",
        ),
    ],
)
def test_what_nothing_enforces_is_refused(team: Path, tmp_path: Path, more: str, said: str) -> None:
    """When the policy is read, or at the latest here; never left out."""
    folder = tmp_path / "own" / "policies" / "lenient"
    folder.mkdir(parents=True)
    (folder / "policy.yml").write_text(POLICY.format(more=more))
    with pytest.raises((BundleError, ConfigError)) as refused:
        compiled(team, Central.open(tmp_path / "own"), policy="lenient")
    assert said in refused.value.message
    assert "lenient/policy.yml:7:" in (refused.value.place or "")
