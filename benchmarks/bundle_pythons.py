"""The same bytes from every Python: compiles the example with each, in two directories.

    python benchmarks/bundle_pythons.py python3.11 python3.12 python3.13

For each interpreter an environment is made with the locked packages of the extra `bundle`, guardlint is put
on its path, and the example is compiled and signed in a directory of its own, under another umask, time zone,
locale and hash seed. Issue 7 asks for one digest on two Pythons and in two directories. Needs a package
index.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from guardlint.bundle.keys import generate, write_pair

ROOT = Path(__file__).parents[1]
GUARDLINT = ("guardlint", "policies", "rails", "schemas", "examples", "docs/rules")
PACKAGES = ("attrs", "cffi", "click", "cryptography", "jsonschema", "jsonschema-specifications", "pycparser",
            "pyyaml", "referencing", "rpds-py", "typing-extensions")  # fmt: skip
MOODS = (
    {"TZ": "Asia/Kolkata", "PYTHONHASHSEED": "1", "LC_ALL": "C"},
    {"TZ": "America/St_Johns", "PYTHONHASHSEED": "2", "PYTHONUTF8": "1"},
)


def locked() -> list[str]:
    """Name and version of each package, as the lock has it."""
    text = (ROOT / "requirements" / "all.lock").read_text(encoding="utf-8")
    found = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", text, re.MULTILINE)
    return [f"{name}=={version}" for name, version in found if name.lower() in PACKAGES]


def environment(python: str, folder: Path) -> Path:
    """The interpreter of a new environment with the packages."""
    base = python.removeprefix("python")
    command = ["env", f"PYENV_VERSION={base}", python]
    subprocess.run([*command, "-m", "venv", str(folder)], check=True, capture_output=True)
    inside = folder / "bin" / "python"
    subprocess.run([inside, "-m", "pip", "install", "-q", *locked()], check=True)
    return inside


def compiled(python: Path, code: Path, place: Path, key: Path, mood: dict[str, str], mask: str) -> str:
    """The SHA-256 of the bundle that this interpreter makes in this directory with guardlint in ``code``."""
    for name in ("central", "claims-and-cards"):
        shutil.copytree(code / "examples" / name, place / name)
    output = place / "app.glbundle"
    command = f'umask {mask}; exec "$0" -m guardlint compile claims-and-cards/mended --key "$1" -o "$2"'
    said = subprocess.run(
        ["sh", "-c", command, python, key, output],
        cwd=place,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(code), "SOURCE_DATE_EPOCH": "1795000000", **mood},
        capture_output=True,
        text=True,
        check=False,
    )
    if said.returncode:
        sys.exit(f"{python}: {said.stdout}{said.stderr}")
    return hashlib.sha256(output.read_bytes()).hexdigest()


def main(pythons: list[str]) -> int:
    """Print a digest for each interpreter and directory; 1 where they differ."""
    digests = set()
    with tempfile.TemporaryDirectory() as folder:
        # A copy, since the digest of guardlint's code goes in and somebody may be editing it.
        code = Path(folder, "code")
        for part in GUARDLINT:
            shutil.copytree(ROOT / part, code / part, ignore=shutil.ignore_patterns("__pycache__"))
        key = Path(folder, "a.key")
        write_pair(key, Path(folder, "a.pub"), generate())
        for name in pythons:
            python = environment(name, Path(folder, name))
            for number, mood in enumerate(MOODS):
                place = Path(folder, f"{name}-{number}", *("deeper",) * number)
                place.mkdir(parents=True)
                digest = compiled(python, code, place, key, mood, ("022", "077")[number])
                version = subprocess.run([python, "-V"], capture_output=True, text=True, check=True).stdout
                print(f"{version.strip():<16} {mood['TZ']:<18} {digest[:32]}")
                digests.add(digest)
    print("identical" if len(digests) == 1 else f"{len(digests)} DIFFERENT BUNDLES")
    return 0 if len(digests) == 1 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["python3.11", "python3.13"]))
