"""A document that a schema has accepted is accepted again without jsonschema, and no other one is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from guardlint.policy import accepted, documents
from guardlint.policy.documents import validate

TEAM = {"schema": "guardlint/team/v1", "team": "cards"}


@pytest.fixture
def marks(tmp_path: Path) -> Iterator[Path]:
    accepted.keep_in(str(tmp_path / "cache"))
    yield tmp_path / "cache"
    accepted.keep_in(None)


def refusing(kind: str) -> Any:
    raise AssertionError(f"{kind} was validated")


def test_the_second_time_nothing_is_validated(marks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert validate(TEAM, "team") is None
    monkeypatch.setattr(documents, "_validator", refusing)
    assert validate(TEAM, "team") is None
    with pytest.raises(AssertionError, match="was validated"):
        validate({**TEAM, "team": "loans"}, "team")
    with pytest.raises(AssertionError, match="was validated"):
        validate(TEAM, "policy")


def test_a_refused_document_leaves_no_mark(marks: Path) -> None:
    refused = {**TEAM, "teem": 1}
    assert validate(refused, "team") is not None
    assert validate(refused, "team") is not None
    assert not marks.exists() or not list(marks.glob("*.ok"))


def test_marks_in_a_folder_that_others_write_do_not_count(
    marks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    validate(TEAM, "team")
    marks.chmod(0o777)
    monkeypatch.setattr(documents, "_validator", refusing)
    with pytest.raises(AssertionError, match="was validated"):
        validate(TEAM, "team")


def test_without_a_folder_nothing_is_kept(tmp_path: Path) -> None:
    assert validate(TEAM, "team") is None
    assert not accepted.is_accepted({}, TEAM)


def test_marks_stay_few(marks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accepted, "_MOST", 10)
    for number in range(25):
        accepted.accept({}, number)
    assert 10 >= len(list(marks.glob("*.ok")))
    assert accepted.is_accepted({}, 24)
