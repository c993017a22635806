"""What the prompt of a judge means by yes.

A heuristic on words, so it says nothing where it is in doubt: a question that speaks of good and of bad, an
answer that is explained both ways, a language that it does not know.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Literal

from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.record import record

__all__ = ["Asked", "asked_for"]

Side = Literal["good", "bad"]


@record
class Asked:
    """Where a prompt says what yes means, and what: that the text is ``good``, or ``bad``."""

    yes_is: Side
    offset: int
    length: int


# Words that a judge's question is made of. A word that starts with one of them counts.
_BAD = (
    r"block|violat|unsafe|harmful|inappropriate|unacceptable|disallow|reject|refus|den(?:y|ied)"
    r"|forb[ia]d|prohibit|break|breach|toxic|offensive|jailbreak|attack|malicious|abus|illegal|unethical"
    r"|hate|hateful|stop|flag|filter|censor|danger|off[- ]?topic|mislead|leak|non-?complian|hallucinat"
    r"|problem|suspicious|threat|inadmissible|out[- ]of[- ]scope|outside|attempt|manipulat|inject|insult"
    r"|risk|impersonat|against|circumvent|bypass|escalat|contradict|unsupported|invent|fabricat|wrong"
    r"|false|incorrect|inaccurate|made up|suppress|withh[eo]ld|criminal|fraud|exfiltrat|unauthori[sz]ed"
    r"|disclos|reveal|expos|intercept|halt|prevent|quarantin|verletz|verst(?:oß|öß|oss)|blockier"
    r"|abgelehnt|gesperrt|schädlich|unzulässig|bloqu|viol|dangereu|interdit|refus[ée]"
)
_GOOD = (
    r"accept|allow|safe|appropriate|permi(?:t|ss)|okay|ok|fine|compl(?:y|ie|ian)|adher|conform|follow"
    r"|respect|obey|harmless|benign|legitimate|legit|pass|approv|polite|suitable|within|in line with"
    r"|in accordance|meets?|free (?:of|from)|on[- ]topic|proceed|answered|respond|let through|go through"
    r"|forwarded|innocuous|admissible|proper|decent|tolerable|akzeptabel|zulässig|erlaubt|unbedenklich"
    r"|angemessen|acceptable|autoris|convenable|conforme"
    r"|be (?:sent|shown|delivered|released|published)"
    r"|(?:bot|assistant|agent|model|we|i) (?:may |can |should )?(?:answer|reply|help|assist|send|show)"
)
# Good words of the question whether an answer is supported; elsewhere they are about anything.
_SUPPORTED = r"|support|entail|ground|accura|true|correct|faithful|based on|agree|backed|consistent|valid"
# What a message is about is no judgement on it: "is the user asking to approve a loan?"
_TOPIC = lazy_pattern(
    r"\b(?:ask(?:s|ing)?|about|tr(?:y|ies|ying)|mention\w*|contain\w*|talk\w*|discuss\w*|want\w*|seek\w*"
    r"|regard\w*|concern\w*|relat(?:ed|es|ing)|includ\w*|express\w*|wish\w*|inquir\w*"
    r"|request(?:ing|s) (?:for|to|that))\b"
)
_NEGATION = lazy_pattern(
    r"\b(?:not|never|no|without|free (?:of|from)|neither|nor|lack(?:s|ing)?|fails? to|anything but|other than"
    r"|cannot|avoids?|kein\w*|nicht|sans|pas)\b|n't\b"
)
_JINJA = lazy_pattern(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_FREE = lazy_pattern(r"\bfree (?:of|from)\b")
# A sentence that goes on in the next line.
_BROKEN_LINE = lazy_pattern(r"(?<=[\w,])[ \t]*\n[ \t]*(?=[a-z])")
# The judge answers with yes and no.
_YES_NO = lazy_pattern(r"\byes\b|\bja\b\W+(?:oder\W+)?nein|\boui\b\W+(?:ou\W+)?non")
_OTHER_WORDS = lazy_pattern(r"\bsafe\W+(?:or\W+)unsafe\b|\bunsafe\W+(?:or\W+)safe\b")
# Answer "yes" if …, say yes when …, return yes only if …
_YES_IF = (
    r"\byes\b[\"'`*_.)\]]*\s*(?:\([^)]*\)\s*)?(?:only\s+)?"
    r"(?:if|when|whenever|in case|for|means|=|:|->|→|–|-)\s*(?P<then>[^\n]*?)"
    r"(?=[.;\n]|$|,?\s*(?:and|or|otherwise|else)?\s*[\"'`*]*\bno\b[\"'`*]*\s*(?:if|when|otherwise|means|=|:))"
)
# If …, answer yes; block it by saying "yes"; … -> yes
# If …, answer yes; block it by saying "yes"; … -> yes
_IF_YES = (
    r"(?:,|\bthen\b|\bby\b|→|->)\s*(?:please\s+|you\s+)?(?:must\s+|should\s+)?(?:only\s+)?"
    r"(?:answer|respond|reply|say|saying|return|output|write|answering|replying)\s+(?:with\s+|only\s+)*"
    r"[\"'`*]*\byes\b"
)


@cache
def _yes_if() -> tuple[re.Pattern[str], ...]:
    return (re.compile(_YES_IF), re.compile(_IF_YES))


@cache
def _words(facts: bool) -> re.Pattern[str]:
    good = _GOOD + (_SUPPORTED if facts else "")
    return re.compile(rf"\b(?:(?P<bad>{_BAD})|(?P<good>{good}))\w*")


def asked_for(template: str, *, facts: bool = False, beside: str = "") -> Asked | None:
    """What yes means in a prompt, or None where it cannot be told.

    An explanation of the answer counts more than the question. ``facts``: the question is about support by
    evidence. ``beside`` is the rest of the prompt, where the answer may be spoken of.
    """
    text = _plain(template)
    if not _YES_NO.search(text + beside.lower()) or _OTHER_WORDS.search((beside.lower() + text)[-400:]):
        return None
    explained = _explained(text, facts)
    if explained is not None:
        sides = {asked.yes_is for asked in explained}
        return explained[0] if len(sides) == 1 else None
    return _question(text, facts)


def _plain(template: str) -> str:
    """Lower case, with what Jinja puts in taken out; every character keeps its place."""
    blank = re.sub(
        r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", lambda found: " " * len(found[0]), template, flags=re.DOTALL
    )
    blank = _BROKEN_LINE.sub(lambda found: " " * len(found[0]), blank)
    lowered = blank.lower()
    if len(lowered) != len(blank):  # a few letters become two
        lowered = "".join(low if len(low := letter.lower()) == 1 else letter for letter in blank)
    return lowered.replace("’", "'")


def _explained(text: str, facts: bool) -> list[Asked] | None:
    """Where the prompt says when to answer yes: each with its side. None where it says nothing of it."""
    found: list[Asked] = []
    said = False
    for part, start, end in _explanations(text):
        words = part.strip()
        if len(words) < 4 or re.fullmatch(r"(?:or\W+)?no\W*.*", words):
            continue
        said = True
        side = _side(words, facts)
        if side is not None:
            found.append(Asked(side, start, end - start))
    if said and not found:
        return [Asked("bad", 0, 0), Asked("good", 0, 0)]  # in doubt
    return found or None


def _explanations(text: str) -> Iterator[tuple[str, int, int]]:
    """Each condition of a yes, with the span of the whole sentence."""
    after, before = _yes_if()
    for match in after.finditer(text):
        yield match["then"], match.start(), match.end()
    for match in before.finditer(text):
        start = max(text.rfind(mark, 0, match.start()) for mark in (".", ";", "\n")) + 1
        blank = len(text[start:]) - len(text[start:].lstrip())
        yield text[start : match.start()], start + blank, match.end()


def _question(text: str, facts: bool) -> Asked | None:
    """The last question of the prompt; without one, the task that it sets: "decide whether …"."""
    for end in sorted((match.start() for match in _QUESTION_END.finditer(text)), reverse=True):
        start = max(text.rfind(mark, 0, end) for mark in (".", "\n", "?", ":", "!", '"')) + 1
        sentence = text[start:end]
        if re.fullmatch(r"[\s\"'(]*(?:yes|no|answer)\b.{0,30}", sentence) or len(sentence.split()) < 3:
            continue
        if text[end] != "?" and not re.match(r"\s*(?:is|are|does|do|should|may|can|would)\b", sentence):
            continue
        return _asked(text, start, end, facts)
    if _OTHER_VERDICT.search(text):
        return None
    tasks = list(_TASK.finditer(text))
    task = tasks[-1] if tasks else None
    return _asked(text, task.start(), task.end(), facts) if task is not None else None


_QUESTION_END = lazy_pattern(r"\?|\(?[\"'`]?\byes\b[\"'`]?\s*(?:/|or)\s*[\"'`]?no\b")
_TASK = lazy_pattern(
    r"\b(?:decide|determine|judge|check|say|tell|assess|evaluate|verify|answer|state)\b[^.?!:\n]{0,40}?"
    r"\b(?:whether|if)\b[^.?!:\n]+"
)
# Something else in the prompt may turn the task round.
_OTHER_VERDICT = lazy_pattern(
    r"\bblock|\bviolat|\brefus|\breject|\bno\b[\"'`*]*\s*(?:if|when|otherwise|means|=|:)"
)


def _asked(text: str, start: int, end: int, facts: bool) -> Asked | None:
    sentence = text[start:end]
    side = _side(sentence, facts)
    first = start + len(sentence) - len(sentence.lstrip())
    return Asked(side, first, len(text[first:end].rstrip()) + (text[end : end + 1] == "?")) if side else None


def _side(sentence: str, facts: bool) -> Side | None:
    """What a yes to the sentence says; None where its words disagree or say nothing."""
    sentence = re.sub(r"\(?\byes\b\W{1,3}(?:or\W{1,3})?no\b\)?|\([^)]*\)", " ", sentence)
    sides: set[Side] = set()
    negations = [match.end() for match in _NEGATION.finditer(sentence)]
    for match in _words(facts).finditer(sentence):
        bad = match["bad"] is not None
        negated = any(0 <= match.start() - end <= 40 for end in negations)
        if negated and not bad and match.start() - max(end for end in negations if end <= match.start()) > 20:
            negated = False
        sides.add("good" if bad == negated else "bad")
    if sides == {"good"} and not facts and _TOPIC.search(sentence) and not _FREE.search(sentence):
        return None
    return sides.pop() if len(sides) == 1 else None
