"""Where the rails look at a growing text, and what may be released after they did: pure, without I/O.

A rail always sees the whole text so far. After a look that is not the last one, the eight words before the
place looked at stay back: a forbidden phrase may have begun there. Where the rails' own patterns are known,
whatever could still become a match of one stays back too, however long it is (see ``beginnings``).
"""

from __future__ import annotations

from typing import Final

from guardlint.guard.streaming.tails import HELD_WORDS, WORD, ends_sentence
from guardlint.guard.streaming_plan import Looks

__all__ = ["Gate"]

_LEAST_WORDS: Final = 8
"""A sentence shorter than that is looked at together with the next: ``Dr.``, ``1.``, ``Yes!``."""


class Gate:
    """One growing text and its looks.  Feed it, ask what to look at, then say what came of it."""

    __slots__ = ("_ended", "_last", "_looked", "_looks", "_released", "_scanned", "_text", "_whole", "_words")

    def __init__(self, looks: Looks) -> None:
        self._looks = looks
        self._text = ""
        self._words: list[tuple[int, int]] = []
        self._scanned = 0  # words that were asked whether a look follows them
        self._looked = 0  # words that have been looked at
        self._last: int | None = None  # the end of the present look
        self._released = 0
        self._ended = False
        self._whole = False

    @property
    def is_done(self) -> bool:
        """Whether all of the text was looked at."""
        return self._ended and self._released == len(self._text)

    def feed(self, text: str) -> None:
        """More text."""
        self._text += text
        for word in WORD.finditer(self._text, self._words[-1][1] if self._words else 0):
            if word.end() < len(self._text):
                self._words.append(word.span())

    def end(self) -> None:
        """No more text."""
        self._ended = True

    def question(self) -> str | None:
        """The text to look at now; None when more has to come first."""
        if self._last is None:
            self._last = self._next()
        return None if self._last is None else self._text[: self._last]

    def passed(self) -> str:
        """The rails let :meth:`question` pass as it is: what may be released now."""
        last = self._last
        assert last is not None, "an answer follows a question"
        self._last = None
        if last == len(self._text) and self._ended:
            stop = last
        else:
            stop = self._words[self._looked - HELD_WORDS][0] if self._looked > HELD_WORDS else 0
            if stop > self._released:
                stop = min(stop, self._looks.forbidden.first(self._text, self._released, last))
        stop = max(stop, self._released)
        text, self._released = self._text[self._released : stop], stop
        return text

    def rewritten(self, text: str) -> str | None:
        """The rails changed it to ``text``: what may be released now.

        Before the end that is nothing, and no more looks come until then: the next words may change what is
        rewritten. None when the end of it contradicts what was released.
        """
        last = self._last
        assert last is not None, "an answer follows a question"
        self._last = None
        if last < len(self._text) or not self._ended:
            self._whole = True
            return ""
        before = self._text[: self._released]
        self._released = last
        return text[len(before) :] if text.startswith(before) else None

    def _next(self) -> int | None:
        while not self._whole and self._scanned < len(self._words):
            self._scanned += 1
            if self._is_due():
                self._looked = self._scanned
                return self._words[self._scanned - 1][1]
        return len(self._text) if self._ended and self._released < len(self._text) else None

    def _is_due(self) -> bool:
        count = self._scanned - self._looked
        if self._looks.every_tokens is not None and count >= self._looks.every_tokens:
            return True
        if not self._looks.sentence or count < _LEAST_WORDS:
            return False
        return ends_sentence(self._text, *self._words[self._scanned - 1])
