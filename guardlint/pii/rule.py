"""Our own recognisers: a pattern, a check, and the words around that speak for or against it.

Rules are data and run on the standard library's ``re``, so a rule costs one regular expression.
Every pattern is linear, or bounded, in the length of the text.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterator

from guardlint.pii.lexicon import lexicon
from guardlint.pii.reading import BREAK
from guardlint.pii.span import Hit, Rank
from guardlint.source.record import record

__all__ = ["LIFT", "WINDOW", "Context", "Needs", "Rule", "against", "words"]

WINDOW = 64
"""Characters before a candidate in which context words count."""
LIFT = 0.35
"""What a context word adds to a score: Presidio's figure (LemmaContextAwareEnhancer)."""
_FLOOR_WITH_CONTEXT = 0.4


class Needs(enum.Flag):
    """What a text must hold before a recogniser is worth running."""

    NOTHING = 0
    DIGIT = enum.auto()
    AT = enum.auto()


def words(*phrases: str) -> re.Pattern[str]:
    """A pattern for any of ``phrases``; those of four letters and more may go on (``accounts``)."""
    parts = [
        re.escape(p.lower()) + ("" if len(p) > 3 else r"(?!\w)")
        for p in sorted(set(phrases), key=_longest_first)
    ]
    return re.compile(r"(?<!\w)(?:" + "|".join(parts) + ")")


def _longest_first(phrase: str) -> tuple[int, str]:
    return -len(phrase), phrase


# A number that follows one of these belongs to a thing, unless a nearer word says otherwise.
_THINGS = words(*lexicon("things"))


@record
class Context:
    """Words that support a candidate when they stand before it.

    With ``required`` a candidate without one is dropped. A word of ``others`` that stands nearer speaks for
    another entity of the same shape: the candidate is not lifted, so that the other one wins.
    """

    supporting: re.Pattern[str]
    required: bool = False
    others: re.Pattern[str] | None = None

    def score(self, text: str, start: int, score: float) -> float:
        """The score of a candidate at ``start``; 0 when it must be dropped."""
        before = text[max(0, start - WINDOW) : start].rpartition(BREAK)[2].lower()
        last = -1
        for found in self.supporting.finditer(before):
            last = found.end()
        if last < 0:
            return 0.0 if self.required else score
        if self.required and any(thing.start() >= last for thing in _THINGS.finditer(before)):
            return 0.0
        if self.others is not None and any(other.start() >= last for other in self.others.finditer(before)):
            return score
        return min(1.0, max(score + LIFT, _FLOOR_WITH_CONTEXT))


@record
class Rule:
    """One shape of one entity.

    The group ``value`` of ``pattern`` is the personal data, else the whole match.
    ``check`` sees that value: False drops it, True proves it, None leaves it as it is.
    """

    entity: str
    pattern: re.Pattern[str]
    score: float
    check: Callable[[str], bool | None] | None = None
    context: Context | None = None
    needs: Needs = Needs.NOTHING
    rank: Rank = Rank.SHAPED

    def find(self, text: str) -> Iterator[Hit]:
        """Candidates in ``text``, in order."""
        group = "value" if "value" in self.pattern.groupindex else 0
        for match in self.pattern.finditer(text):
            start, end = match.span(group)
            verdict = self.check(match.group(group)) if self.check else None
            if start == end or verdict is False:
                continue
            score = 1.0 if verdict else self.score
            if self.context:
                score = self.context.score(text, start, score)
            if score:
                yield Hit(start, end, self.entity, score, Rank.PROVEN if verdict else self.rank)


def against(text: str, start: int) -> bool:
    """Whether the words before ``start`` say that a number there names a thing."""
    return bool(_THINGS.search(text[max(0, start - 32) : start].lower()))
