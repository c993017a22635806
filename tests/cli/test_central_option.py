"""A central repository on the command line: what is named, what is fetched, and what is not taken."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from guardlint.cli._central_option import fetched_central, named_source
from guardlint.errors import ConfigError, UsageError, VerificationError

POLICY = """\
schema: guardlint/policy/v1
id: retail
version: 1.0.0
title: Retail
owner: governance@example.com
description: What retail asks.
"""

FORBIDS = """\
forbid:
  - {id: no-server, reason: because, controls: ["LLM06:2025"], enforced_by: configuration,
     setting: actions_server_url}
"""
TIERS = """\
schema: guardlint/tiers/v1
tiers: {retail: {policy: retail@1, description: shops}}
default: retail
"""


@pytest.fixture
def standard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A central repository with a tag, and the working directory beside it."""
    root = tmp_path / "standard"
    (root / "policies" / "retail").mkdir(parents=True)
    (root / "policies" / "retail" / "policy.yml").write_text(POLICY)
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "1"], ["tag", "v1"]):
        who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
        subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True)
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    return root


def packed(standard: Path) -> Path:
    path = standard.with_suffix(".tar")
    with tarfile.open(path, "w") as tar:
        text = (standard / "policies" / "retail" / "policy.yml").read_bytes()
        entry = tarfile.TarInfo("policies/retail/policy.yml")
        entry.size = len(text)
        tar.addfile(entry, io.BytesIO(text))
    return path


def test_a_folder_is_read_where_it_is(standard: Path) -> None:
    """And nothing at all is nothing."""
    with fetched_central("standard", None, None) as folder:
        assert Path("standard") == folder
    with fetched_central(None, None, None) as folder:
        assert folder is None


def test_a_tag_is_fetched_for_as_long_as_it_is_needed(standard: Path) -> None:
    """What lies in the folder since then is not in it."""
    (standard / "policies" / "retail" / "policy.yml").write_text("broken")
    with fetched_central("./standard@v1", None, None) as folder:
        assert folder is not None
        assert POLICY == (folder / "policies" / "retail" / "policy.yml").read_text()
    assert not folder.exists()


def test_an_archive_is_known_by_its_digest(standard: Path) -> None:
    """Another one is not taken."""
    path = packed(standard)
    digest = f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
    with fetched_central(path.name, None, digest) as folder:
        assert folder is not None
        assert (folder / "policies" / "retail" / "policy.yml").is_file()
    with (
        pytest.raises(VerificationError, match="has the digest"),
        fetched_central(path.name, None, f"sha256:{'0' * 64}"),
    ):
        pass


def test_what_does_not_compose_is_not_taken(standard: Path) -> None:
    """Though somebody tagged it."""
    (standard / "policies" / "retail" / "policy.yml").write_text(POLICY + "extends: [retial@1]\n")
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *who, "commit", "-qam", "2"], cwd=standard, check=True)
    subprocess.run(["git", "tag", "v2"], cwd=standard, check=True)
    with pytest.raises(ConfigError, match="unknown policy"), fetched_central("./standard@v2", None, None):
        pass


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        ("https://git.example.com/standards.git", None, "does not say which version"),
        ("standards.tar", None, "does not say which version"),
        (None, "release.pub", "are for an archive"),
        ("http://git.example.com/standards.git@v1", None, "no protocol that can be trusted"),
    ],
)
def test_what_names_nothing_that_can_be_had(text: str | None, key: str | None, words: str) -> None:
    """Each names the option that it came by."""
    with pytest.raises((UsageError, ConfigError), match=words):
        named_source(text, key, None, "--central", Path())


def test_a_folder_with_a_sign_in_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is one."""
    monkeypatch.chdir(tmp_path)
    Path("a/b@c").mkdir(parents=True)
    source = named_source("a/b@c", None, None, "--central", Path())
    assert source is not None
    assert "a/b@c" == source.path


def test_the_gate_takes_a_tag(
    standard: Path, tmp_path: Path, guardlint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the standard's folder holds since then does not count, and nothing of the fetched one stays."""
    (standard / "policies" / "retail" / "policy.yml").write_text(POLICY + FORBIDS)
    (standard / "policies" / "tiers.yml").write_text(TIERS)
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    for arguments in (["add", "-A"], ["commit", "-qm", "2"], ["tag", "v2"]):
        subprocess.run(["git", *who, *arguments], cwd=standard, check=True)
    (standard / "policies" / "retail" / "policy.yml").write_text("broken")
    team = tmp_path / "team"
    (team / "bot").mkdir(parents=True)
    (team / "guardlint.yml").write_text("team: shop\n")
    (team / "bot" / "config.yml").write_text("models: []\n")
    for arguments in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-qm", "1"]):
        subprocess.run(["git", *who, *arguments], cwd=team, check=True)
    monkeypatch.chdir(team)
    gate = ("gate", "--base", "HEAD", "--team", "shop", "--central")
    assert 0 == guardlint(*gate, "../standard@v2").code
    (team / "bot" / "config.yml").write_text("models: []\nactions_server_url: http://tools\n")
    ran = guardlint(*gate, "../standard@v2")
    assert 1 == ran.code
    assert "forbidden by retail@1.0.0" in ran.out
    assert "guardlint-central-" not in ran.out + ran.err
    missing = guardlint(*gate, "../standard@v3")
    assert 2 == missing.code
    assert "v3" in missing.err
