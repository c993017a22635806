"""The lock files: pinned by hash, no addresses, one version of each thing, all that pyproject asks for."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = ("core", "all", "dev", "build")

_PIN = re.compile(r"^[A-Za-z0-9][\w.-]*==[\w.!+]+(?: ; [^\\]+)? \\$")
_HASH = re.compile(r"^ {4}--hash=sha256:[0-9a-f]{64}(?P<more> \\)?$")


@dataclass(frozen=True)
class Pin:
    """One locked distribution."""

    requirement: Requirement
    hashes: frozenset[str]

    @property
    def name(self) -> str:
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> str:
        return str(self.requirement.specifier).removeprefix("==")


def _lines(lock: str) -> list[str]:
    return (ROOT / "requirements" / f"{lock}.lock").read_text(encoding="utf-8").splitlines()


def _pins(lock: str) -> dict[str, Pin]:
    text = "\n".join(_lines(lock)).replace("\\\n", " ")
    pins = []
    for line in text.splitlines():
        requirement, *hashes = line.split(" --hash=")
        pins.append(Pin(Requirement(requirement.strip()), frozenset(text.strip() for text in hashes)))
    found = {pin.name: pin for pin in pins}
    assert len(found) == len(pins), f"{lock}.lock names a distribution twice"
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_has_pins_and_hashes_only(lock: str):
    """Every line is `name==version` or a SHA-256 of it: no address, no option, no comment, no path."""
    expected = _PIN
    for number, line in enumerate(_lines(lock), start=1):
        match = expected.match(line)
        assert match, f"requirements/{lock}.lock:{number}: {line}"
        expected = _HASH if expected is _PIN or match["more"] else _PIN
    assert expected is _PIN, f"requirements/{lock}.lock ends within a pin"


@pytest.mark.parametrize(("smaller", "larger"), [("core", "all"), ("all", "dev"), ("build", "dev")])
def test_locks_agree(smaller: str, larger: str):
    """What the smaller lock pins, the larger one pins too, at the same version with the same files."""
    small, large = _pins(smaller), _pins(larger)
    assert {(pin.name, pin.version) for pin in small.values()} <= {
        (pin.name, pin.version) for pin in large.values()
    }
    assert [] == [name for name, pin in small.items() if pin.hashes != large[name].hashes]


def _asked(project: dict, extra: str | None) -> Iterator[Requirement]:
    """What pyproject.toml asks for, `guardlint[extra]` followed."""
    wanted = project["dependencies"] if extra is None else project["optional-dependencies"][extra]
    for text in wanted:
        requirement = Requirement(text)
        if canonicalize_name(requirement.name) == "guardlint":
            for other in sorted(requirement.extras):
                yield from _asked(project, other)
        else:
            yield requirement


@pytest.mark.parametrize(("lock", "extra"), [("core", None), ("all", "all"), ("dev", "dev")])
def test_locks_hold_what_pyproject_asks_for(lock: str, extra: str | None):
    """Each dependency of the core and of the extra is locked, at a version within its bounds."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pins = _pins(lock)
    asked = [*_asked(project, None), *(_asked(project, extra) if extra else ())]
    missing = [str(wish) for wish in asked if canonicalize_name(wish.name) not in pins]
    assert missing == []
    outside = [
        f"{wish} but {pins[canonicalize_name(wish.name)].version} is locked"
        for wish in asked
        if not wish.specifier.contains(pins[canonicalize_name(wish.name)].version, prereleases=True)
    ]
    assert outside == []


def test_build_lock_holds_the_build_tools():
    """What [build-system] requires, and what an editable install needs besides."""
    system = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]
    pins = _pins("build")
    for wish in map(Requirement, system["requires"]):
        assert wish.specifier.contains(pins[canonicalize_name(wish.name)].version)
    assert "editables" in pins


def test_all_is_every_extra_but_dev():
    """`guardlint[all]` leaves out nothing that a user may want, and `dev` holds all of it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    assert set(Requirement(extras["all"][0]).extras) == set(extras) - {"all", "dev"}
    assert "guardlint[all]" in extras["dev"]


def test_core_is_three_libraries():
    """The linter half stands on click, PyYAML and jsonschema (DESIGN §3)."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {Requirement(text).name for text in project["dependencies"]} == {"click", "PyYAML", "jsonschema"}
    heavy = {"nemoguardrails", "presidio-analyzer", "spacy", "numpy", "cryptography", "pydantic"}
    assert set(_pins("core")) & heavy == set()
