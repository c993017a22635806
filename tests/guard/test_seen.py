"""Remembering texts without keeping them."""

from __future__ import annotations

from guardlint.guard.seen import SeenTexts


def test_bounded_and_keyed() -> None:
    """The oldest is forgotten first, use keeps a text, and another step or another key is another memory."""
    seen = SeenTexts(limit=2)
    seen.remember("company", "a")
    seen.remember("company", "b")
    assert (seen.knows("company", "a"), seen.knows("team", "a")) == (True, False)
    seen.remember("company", "c")
    assert [seen.knows("company", text) for text in "abc"] == [True, False, True]
    assert seen._passed._digest("company", "a") != SeenTexts()._passed._digest("company", "a")
    seen.remember("company", "lone \ud800 surrogate")
    assert b"lone" not in repr(seen._passed._answers).encode()
