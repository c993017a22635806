"""A central repository from git, at a tag: its objects are read, and nothing is checked out.

So no hook, filter, submodule or link of the repository ever runs or leads anywhere.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from guardlint.bundle.published import MAX_BYTES
from guardlint.errors import ConfigError, VerificationError

__all__ = ["fetch_git"]

_SECONDS = 300
_PROTOCOLS = "https:ssh:file"
# How people reach their own hosts; every other GIT_ variable speaks of the repository that we stand in.
_KEPT = ("GIT_SSH", "GIT_SSH_COMMAND", "GIT_ASKPASS", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "GIT_PROXY_COMMAND")
_PLAIN = (b"100644", b"100755")


def fetch_git(address: str, tag: str, subfolder: str | None, place: str) -> tuple[dict[str, bytes], str]:
    """The files below ``policies/`` and ``rails/`` of the tag ``tag`` of the repository at ``address``.

    Their paths are from the repository's top; the second is the commit.

    Raises ConfigError, at ``place``, where git cannot fetch it, and VerificationError for what is no file.
    """
    with tempfile.TemporaryDirectory(prefix="guardlint-git-") as folder:
        store = Path(folder)
        _git(store, place, "init", "--quiet", "--bare", "--template=", ".")
        reference = f"refs/tags/{tag}"
        _git(
            store, place, "-c", "fetch.fsckObjects=true", "fetch", "--quiet", "--depth=1", "--no-tags",
            "--no-recurse-submodules", "--no-auto-gc", "--", address, f"+{reference}:{reference}",
        )  # fmt: skip
        commit = _git(store, place, "rev-parse", "--verify", f"{reference}^{{commit}}").decode().strip()
        return _files(store, commit, f"{subfolder}/" if subfolder else "", place), commit


def _files(store: Path, commit: str, start: str, place: str) -> dict[str, bytes]:
    listed = _git(store, place, "ls-tree", "-r", "-l", "-z", "--full-tree", commit)
    wanted: dict[str, bytes] = {}
    total = 0
    for line in listed.split(b"\0")[:-1]:
        facts, _, name = line.partition(b"\t")
        mode, _, object_id, size = facts.split()
        path = name.decode("utf-8", "replace")
        if not path.startswith((f"{start}policies/", f"{start}rails/")):
            continue
        if mode not in _PLAIN:
            raise VerificationError(f"`{path}` of the repository is no plain file", place=place)
        total += int(size)
        wanted[path] = object_id
    if total > MAX_BYTES:
        raise VerificationError(f"the repository holds more than {MAX_BYTES} bytes", place=place)
    asked = b"".join(object_id + b"\n" for object_id in wanted.values())
    return dict(zip(wanted, _contents(_git(store, place, "cat-file", "--batch", text=asked)), strict=True))


def _contents(answer: bytes) -> list[bytes]:
    """What ``git cat-file --batch`` says: a line with the size, the content, a line end; again."""
    found = []
    at = 0
    while at < len(answer):
        end = answer.index(b"\n", at)
        size = int(answer[at:end].split()[2])
        found.append(answer[end + 1 : end + 1 + size])
        at = end + 1 + size + 1
    return found


def _git(store: Path, place: str, *arguments: str, text: bytes = b"") -> bytes:
    try:
        done = subprocess.run(
            ["git", "-c", f"core.hooksPath={os.devnull}", *arguments],
            cwd=store,
            env=_environment(os.environ, store),
            input=text,
            capture_output=True,
            check=False,
            timeout=_SECONDS,
        )
    except FileNotFoundError:
        raise ConfigError("git is not installed", place=place, help="install it, or use an archive") from None
    except subprocess.TimeoutExpired:
        raise ConfigError(f"git did not answer within {_SECONDS} seconds", place=place) from None
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().split("\n")[-1].removeprefix("fatal: ")
        raise ConfigError(f"git: {said or 'failed'}", place=place, help="check address and tag")
    return done.stdout


def _environment(environ: Mapping[str, str], store: Path) -> dict[str, str]:
    outside = {name: value for name, value in environ.items() if not name.startswith("GIT_") or name in _KEPT}
    return {
        **outside,
        "GIT_DIR": str(store),
        "GIT_ALLOW_PROTOCOL": _PROTOCOLS,
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
    }
