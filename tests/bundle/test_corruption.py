"""A sample of benchmarks/bundle_corruption.py: a real bundle, damaged in every way, is always refused."""

from __future__ import annotations

import importlib.util
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest

from guardlint.bundle.keys import generate
from guardlint.bundle.trust import trusting
from guardlint.bundle.verify import verify_bundle

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "bundle_corruption.py"
NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bundle_corruption", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_every_damage_is_refused_in_one_line(benchmark: ModuleType) -> None:
    """Twenty of each kind; the bundle itself is accepted before and after."""
    key = generate()
    bundle = benchmark.example(key)
    trust = trusting(key.public)
    count = 20 * len(benchmark.CORRUPTIONS)
    verify_bundle(bundle, trust, now=NOW)
    missed = [
        what
        for what, changed in benchmark.corrupted(bundle, count, seed=3)
        if benchmark.refusal(changed, trust, NOW) is None
    ]
    assert [] == missed
    verify_bundle(bundle, trust, now=NOW)


def test_the_benchmark_sees_what_is_accepted(benchmark: ModuleType) -> None:
    """A refusal is a line; what verifies gives none, and would be counted as missed."""
    key = generate()
    assert benchmark.refusal(benchmark.example(key), trusting(key.public), NOW) is None


def test_hostile_archives_are_those_of_the_tests(benchmark: ModuleType) -> None:
    """At least the two hundred that are asked for, each with a name of its own."""
    tricks = [what for what, _, _ in benchmark.hostile()]
    assert len(tricks) >= 200
    assert len(set(tricks)) == len(tricks)
