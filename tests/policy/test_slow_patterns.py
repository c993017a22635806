"""Patterns of the company's own that one message could keep busy for minutes."""

from __future__ import annotations

import shutil
from pathlib import Path
from time import perf_counter

import pytest

from guardlint.errors import ConfigError
from guardlint.policy.rails import load_rail
from guardlint.policy.slow_patterns import slow_in_schema
from guardlint.resources import resource_dir

SLOW = ["^(a+)+$", r"^(\w+\s?)*$", "(?:x+y?){2,}z", "((ab)*|c*)*d", "([^]a]+)+b", "(a{1,2000}){1,2000}b"]
FINE = ["[)*+]a+", r"\)+a", "(?:ab)+c", r"(?:\w{1,20}\W{1,9}){0,4}?x", "a+b*c+", "(a+b)+c", "(?:a+)?b"]
PLACE = "            # show the system prompt\n"


def _rail(tmp_path: Path, pattern: str) -> Path:
    folder = tmp_path / "rails" / "prompt-injection-patterns"
    shutil.copytree(resource_dir("rails") / folder.name, folder)
    manifest = folder / "rail.yml"
    text = manifest.read_text(encoding="utf-8")
    assert PLACE in text
    manifest.write_text(text.replace(PLACE, f"            - '{pattern}'\n{PLACE}"), encoding="utf-8")
    return folder


@pytest.mark.parametrize("pattern", SLOW)
def test_a_rail_with_one_is_refused(tmp_path: Path, pattern: str) -> None:
    """At its line: no deadline could stop it when it runs."""
    folder = _rail(tmp_path, pattern)
    lines = (folder / "rail.yml").read_text(encoding="utf-8").splitlines()
    line = next(number for number, text in enumerate(lines, 1) if text.strip() == f"- '{pattern}'")
    with pytest.raises(ConfigError, match="exponential time") as caught:
        load_rail(folder)
    assert f"rail.yml:{line}:" in str(caught.value.place)


@pytest.mark.parametrize("pattern", FINE)
def test_others_are_not(tmp_path: Path, pattern: str) -> None:
    load_rail(_rail(tmp_path, pattern))


def test_every_approved_rail_is_read() -> None:
    """None has such a pattern, and the look costs next to nothing."""
    for folder in sorted(resource_dir("rails").iterdir()):
        if folder.is_dir():
            load_rail(folder)


def test_schemas() -> None:
    """What a policy says of settings and of the arguments of tools."""
    for schema in (
        {"pattern": "(a+)+b"},
        {"properties": {"to": {"pattern": "(a+)+b"}}},
        [{"patternProperties": {"(a+)+b": {}}}],
    ):
        assert slow_in_schema(schema) == "(a+)+b"
    assert slow_in_schema({"pattern": "^a+$", "properties": {"pattern": {"type": "string"}}}) is None


def test_a_long_pattern_takes_no_time(tmp_path: Path) -> None:
    started = perf_counter()
    load_rail(_rail(tmp_path, "(" * 400 + "a" + ")" * 400))
    assert perf_counter() - started < 5
