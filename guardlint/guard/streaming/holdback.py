"""How much of a growing text may be released: the pure core of guarded streams, without any I/O.

The text is looked at whenever a number of words has come. What is looked at and what is released then
follows from the text before that place alone, so the pieces in which it came change nothing: that is how no
cut leaks. Each look reads the words that are not final yet, with the words (and the headings) before them,
so the work grows with the text and not with its square.

::

    held = Holdback()
    held.feed(piece)                        # or held.end()
    while (window := held.question()) is not None:
        segment = held.answer(detector.detect(window))
        release(transformer.apply(segment.text, segment.spans, ...))
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from guardlint.guard.streaming.beginnings import Beginnings
from guardlint.guard.streaming.keys import Keys
from guardlint.guard.streaming.lines import Inserts, Lines
from guardlint.guard.streaming.tails import HELD_WORDS, WORD, ends_sentence, growing_from, json_from
from guardlint.pii import Span
from guardlint.pii.normalise import normalise

__all__ = ["LIMIT", "Holdback", "Segment", "TooLong"]

LIMIT: Final = 16_384
"""Characters that are held at most: what is longer and has no end yet is blocked."""
_LEFT: Final = 160
"""Characters before the first one that is not final: context words count for 64, addresses reach 128."""
_LEFT_TO_LINE: Final = 60
"""So many more are read when the line begins there."""
_NO_HEADING: Final = "# "
"""Before the rest of a line, which must not be taken for a line of headings."""
_FIRST_STEP: Final = 12
_LEAST_STEP: Final = 20
_STEP: Final = 32
_EARLY: Final = 4
"""Words between two looks: fewer where they make a sentence final, above all for the first looks."""


class TooLong(Exception):
    """More than :data:`LIMIT` characters that may all belong to one value."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A final stretch of the text, and what is in it (offsets into the stretch)."""

    start: int
    text: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class _Look:
    """The text to ``end`` is looked at from ``start``, behind what is put before it."""

    start: int
    end: int
    before: str
    final: bool


class Holdback:
    """One growing text.  Feed it, ask what to look at, tell what was found, take what is final."""

    __slots__ = (
        "_ended",
        "_inserts",
        "_keys",
        "_lines",
        "_look",
        "_looked",
        "_looks",
        "_own",
        "_scanned",
        "_text",
        "_too_long",
        "_words",
        "released",
    )

    def __init__(self, own: Beginnings | None = None) -> None:
        """``own``: the patterns of a company's own recognisers."""
        self._own = own or Beginnings(())
        self._text = ""
        self._words: list[tuple[int, int]] = []
        self._lines = Lines()
        self._inserts = Inserts()
        self._keys = Keys()
        self._looked = 0  # words until the last look
        self._scanned = 0  # words that were asked whether they are the last of a look
        self._looks = 0
        self._look: _Look | None = None
        self._ended = False
        self._too_long = False
        self.released = 0
        """How many characters are final."""

    @property
    def text(self) -> str:
        """Everything that came."""
        return self._text

    @property
    def is_done(self) -> bool:
        """Whether all of the text is final."""
        return self._ended and self.released == len(self._text)

    def feed(self, text: str) -> None:
        """More text."""
        self._text += text
        if self._too_long:
            return
        start = self._words[-1][1] if self._words else 0
        for word in WORD.finditer(self._text, start):
            if word.end() - word.start() > LIMIT:
                self._too_long = True
                return
            if word.end() < len(self._text):
                self._words.append(word.span())

    def end(self) -> None:
        """No more text."""
        self._ended = True

    def question(self) -> str | None:
        """The text to look at now; None when more has to come first.  Raises TooLong."""
        if self._look is None:
            self._look = self._next()
        look = self._look
        return None if look is None else look.before + self._text[look.start : look.end]

    def answer(self, spans: Sequence[Span]) -> Segment:
        """What is final after this was found in what :meth:`question` gave; it may be empty."""
        look = self._look
        assert look is not None, "an answer follows a question"
        shift = look.start - len(look.before)
        first = self.released
        found = [
            Span(max(span.start + shift, first), span.end + shift, span.entity, span.score)
            for span in spans
            if span.end + shift > first
        ]
        stop = look.end if look.final else self._final(look.end, found)
        self._looks += 1
        self._look = None
        self.released = stop
        kept = tuple(
            Span(span.start - first, span.end - first, span.entity, span.score)
            for span in found
            if span.end <= stop
        )
        return Segment(first, self._text[first:stop], kept)

    def _next(self) -> _Look | None:
        if self._reach():
            end = self._words[self._looked - 1][1]
            if end - self.released > LIMIT:
                self._too_long = True
                raise TooLong
            return self._window(end, final=False)
        if self._too_long:
            raise TooLong
        if self._ended and self.released < len(self._text):
            return self._window(len(self._text), final=True)
        return None

    def _reach(self) -> bool:
        """Whether the words for the next look have come; it is at the last of :attr:`_looked` then."""
        held = self._looked - bisect_left(self._words, (self.released, 0), hi=self._looked)
        # More when much is held, or a long value would be read again and again.
        most = _FIRST_STEP if not self._looks else max(_STEP, held // 2)
        least = (
            most
            if held > max(_STEP, 2 * HELD_WORDS)
            else _FIRST_STEP
            if self._looks < _EARLY
            else _LEAST_STEP
        )
        for count in range(max(self._looked + least, self._scanned), self._looked + most + 1):
            if count > len(self._words):
                return False
            self._scanned = count
            ended = self._words[count - 1 - HELD_WORDS] if count > HELD_WORDS else None
            if count == self._looked + most or (ended and ends_sentence(self._text, *ended)):
                self._looked = count
                return True
        return False

    def _window(self, end: int, *, final: bool) -> _Look:
        self._lines.advance(self._text, end)
        self._inserts.advance(self._text, end)
        self._keys.advance(self._text, end)
        first = self.released
        statement = self._inserts.header(first)
        if statement:
            start = self._inserts.floor(first)
            before = self._text[slice(*statement)] if start > statement[1] else ""
            return _Look(start if before else statement[0], end, before, final)
        start, above = self._keys.left(self._left(first))
        line = self._lines.at(start)
        if line.columns:
            start = line.start
            before = f"{self._text[line.heading : line.heading_end]}\n" if line.heading < start else ""
        elif start - line.start <= _LEFT_TO_LINE:
            start, above = self._keys.left(line.start)
            before = f"{_NO_HEADING}{above}\n" if above else ""
        else:
            before = f"{_NO_HEADING}{above}"
        return _Look(start, end, before, final)

    def _left(self, first: int) -> int:
        """The beginning of a word some way before ``first``."""
        index = bisect_right(self._words, (max(first - _LEFT, 0), 0))
        return min(self._words[index][0], first) if index < len(self._words) else first

    def _begun(self, end: int) -> int:
        """Where a value of a company's own may have begun; recognisers see the text without its tricks."""
        if not self._own.patterns:
            return end
        base = self._left(self.released)
        view = normalise(self._text[base:end])
        start = bisect_left(view.starts, self.released - base)
        first = self._own.first(view.text, start, len(view.text))
        return base + view.starts[first] if first < len(view.text) else end

    def _final(self, end: int, found: Sequence[Span]) -> int:
        """How far ``text[:end]`` is final, which is never within a value or a word."""
        stop = growing_from(self._text, self._words, self._looked, self.released)
        stop = min(stop, self._begun(end))
        outside = json_from(self._text, end, [(span.start, span.end) for span in found])
        if outside is not None:
            stop = min(stop, outside)
        while True:
            before = stop
            stop = self._inserts.floor(self._lines.floor(self._text, stop, end))
            stop = max(self.released, self._keys.floor(stop))
            for span in reversed(found):
                if span.start < stop <= span.end:
                    stop = span.start
            index = bisect_right(self._words, (stop, end), hi=self._looked) - 1
            if index >= 0 and self._words[index][0] < stop < self._words[index][1]:
                stop = self._words[index][0]
            if stop <= self.released:
                return self.released
            if stop == before:
                return stop
