"""Same input, same bytes: on other Pythons, in other folders, under other clocks, masks and locales."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]

PACK = """
import hashlib, pathlib, sys
from guardlint.bundle.container import pack, unpack
assert not {"yaml", "click", "jsonschema", "cryptography"} & set(sys.modules)
root = pathlib.Path(sys.argv[1])
files = {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}
archive = pack(files, mtime=1_700_000_000)
assert archive == pack(unpack(archive), mtime=1_700_000_000)
print(hashlib.sha256(archive).hexdigest())
"""

SEAL = """
import datetime, hashlib, json, pathlib, sys
from guardlint.bundle.keys import load_private
from guardlint.bundle.seal import seal
root, manifest, key = map(pathlib.Path, sys.argv[1:])
files = {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}
created = datetime.datetime(2026, 3, 1, 12, 0, 0, 999, datetime.UTC)
signers = [load_private(key.read_bytes())]
bundle = seal(files, json.loads(manifest.read_text()), signers=signers, created=created)
print(hashlib.sha256(bundle).hexdigest())
"""


def interpreter(version: str) -> list[str] | None:
    """A Python of this version that starts, or None; pyenv's stand-ins start only when told the version."""
    program = shutil.which(f"python{version}")
    command = ["env", f"PYENV_VERSION={version}", program] if program else None
    if command and subprocess.run([*command, "-c", ""], capture_output=True, check=False).returncode == 0:
        return command
    return None


def tree(folder: Path, files: dict[str, bytes], *, mask: int, reverse: bool) -> Path:
    """The files on disk, made in either order under some umask."""
    before = os.umask(mask)
    try:
        for name, content in sorted(files.items(), reverse=reverse):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    finally:
        os.umask(before)
    return folder


def run(command: list[str], script: str, *arguments: Path, cwd: Path, **environ: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), **environ}
    done = subprocess.run(
        [*command, "-c", script, *map(str, arguments)],
        cwd=cwd, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def trees(tmp_path_factory, workshop) -> tuple[Path, Path]:
    """The same files in two folders."""
    one = tree(tmp_path_factory.mktemp("one"), dict(workshop.files), mask=0o022, reverse=False)
    two = tree(tmp_path_factory.mktemp("two") / "deeper", dict(workshop.files), mask=0o077, reverse=True)
    return one, two


def test_two_folders_give_one_bundle(trees, workshop, tmp_path) -> None:
    """Signature included: Ed25519 has no randomness of its own."""
    one, two = trees
    manifest, key = tmp_path / "manifest", tmp_path / "key"
    manifest.write_text(json.dumps(workshop.manifest()))
    key.write_bytes(workshop.key.to_pem())
    arguments = (manifest, key)
    python = [sys.executable]
    first = run(python, SEAL, one, *arguments, cwd=one, TZ="Asia/Kolkata", PYTHONHASHSEED="1", LC_ALL="C")
    second = run(
        python, SEAL, two, *arguments, cwd=two, TZ="America/St_Johns", PYTHONHASHSEED="2", PYTHONUTF8="1"
    )
    assert first == second


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_every_python_gives_one_archive(trees, version: str) -> None:
    """The container needs nothing but the standard library, so any Python on the machine can be asked."""
    other = interpreter(version)
    if other is None:
        pytest.skip(f"there is no Python {version} here")
    one, two = trees
    assert run([sys.executable], PACK, one, cwd=one) == run(other, PACK, two, cwd=two, TZ="UTC+9")
