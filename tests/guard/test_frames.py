"""Frames between guard and worker."""

from __future__ import annotations

import io

import pytest

from guardlint.guard.frames import MAX_FRAME, BadFrame, decode, encode, read_frame, size_of
from guardlint.guard.said import read_verdict


@pytest.mark.parametrize("text", ["", "plain", "ünïcödé \u2028 \x00", "lone \ud800 surrogate"])
def test_round_trip(text: str) -> None:
    """Any text arrives as it was."""
    stream = io.BytesIO(encode({"text": text}) + encode({"n": 2}))
    assert (read_frame(stream), read_frame(stream), read_frame(stream)) == ({"text": text}, {"n": 2}, None)


@pytest.mark.parametrize("body", [b"", b"[]", b"not json", b'"text"', b"[" * 100_000])
def test_nonsense(body: bytes) -> None:
    """What is no object is no frame."""
    with pytest.raises(BadFrame):
        decode(body)


def test_too_large() -> None:
    """A length that nobody would send is not waited for."""
    with pytest.raises(BadFrame):
        size_of((MAX_FRAME + 1).to_bytes(4, "big"))


def test_cut_short() -> None:
    """The end of the stream within a frame is the end."""
    assert read_frame(io.BytesIO(encode({"a": 1})[:-1])) is None


GOOD = {"status": "passed", "text": "a", "rail": None, "error": False, "rails": [], "llm_calls": 0}


@pytest.mark.parametrize(
    "change",
    [
        {"status": "allowed"},
        {"text": None},
        {"rail": 3},
        {"error": "no"},
        {"error": True},
        {"rails": None},
        {"llm_calls": "1"},
    ],
)
def test_a_lying_worker(change: dict[str, object]) -> None:
    """A verdict of another shape is a broken worker, never a pass."""
    assert read_verdict(GOOD).status == "passed"
    with pytest.raises(BadFrame):
        read_verdict({**GOOD, **change})
