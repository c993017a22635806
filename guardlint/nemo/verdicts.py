"""What the prompt of a judge means by yes.

A heuristic on words, so it says nothing where it is in doubt: a question that speaks of good and of bad, an
answer that is explained both ways, a language that it does not know.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
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


# Words that a judge's question is made of. A word that starts with one of them counts. Compiled to one
# regular expression they would cost a small check a tenth of its time.
_BAD_WORDS = (
    "block violat unsafe harmful inappropriate unacceptable disallow reject refus deny denied forbid "
    "forbad prohibit break breach toxic offensive jailbreak attack malicious abus illegal unethical "
    "hate stop flag filter censor danger offtopic mislead leak noncomplian hallucinat problem "
    "suspicious threat inadmissible outside attempt manipulat inject insult risk impersonat against "
    "circumvent bypass escalat contradict unsupported invent fabricat wrong false incorrect inaccurate "
    "suppress withheld withhold criminal fraud exfiltrat unauthorised unauthorized disclos reveal expos "
    "intercept halt prevent quarantin verletz verstoß verstöß verstoss blockier abgelehnt gesperrt "
    "schädlich unzulässig bloqu viol dangereu interdit".split()
)
_BAD_PHRASES = (
    *("off topic", "off-topic", "non-complian", "made up"),
    *(f"out{one}of{other}scope" for one in "- " for other in "- "),
)
_GOOD_WORDS = (
    "accept allow safe appropriate permit permiss ok fine comply complie complian adher conform follow "
    "respect obey harmless benign legit pass approv polite suitable within meet proceed answered "
    "respond forwarded innocuous admissible proper decent tolerable akzeptabel zulässig erlaubt "
    "unbedenklich angemessen autoris convenable conforme".split()
)
_GOOD_PHRASES = (
    *("in line with", "in accordance", "free of", "free from", "on topic", "on-topic"),
    *("let through", "go through"),
    *(f"be {done}" for done in ("sent", "shown", "delivered", "released", "published")),
    *(
        f"{who} {may}{does}"
        for who in ("bot", "assistant", "agent", "model", "we", "i")
        for may in ("", "may ", "can ", "should ")
        for does in ("answer", "reply", "help", "assist", "send", "show")
    ),
)
_BAD = (*_BAD_WORDS, *_BAD_PHRASES)
_PHRASES = (*_BAD_PHRASES, *_GOOD_PHRASES, "based on")
_GOOD = (*_GOOD_WORDS, *_GOOD_PHRASES)
# Good words of the question whether an answer is supported; elsewhere they are about anything.
_GOOD_OF_FACTS = (
    *_GOOD,
    *"support entail ground accura true correct faithful agree backed consistent valid".split(),
    "based on",
)
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
_FREE = lazy_pattern(r"\bfree (?:of|from)\b", needs=("free ",))
# A sentence that goes on in the next line.
_BROKEN_LINE = lazy_pattern(r"(?<=[\w,])[ \t]*\n[ \t]*(?=[a-z])")
# The judge answers with yes and no.
_YES_NO = lazy_pattern(r"\byes\b|\bja\b\W+(?:oder\W+)?nein|\boui\b\W+(?:ou\W+)?non")
_OTHER_WORDS = lazy_pattern(r"\bsafe\W+(?:or\W+)unsafe\b|\bunsafe\W+(?:or\W+)safe\b", needs=("unsafe",))
# Answer "yes" if …, say yes when …, return yes only if …
_YES_IF = lazy_pattern(
    r"\byes\b[\"'`*_.)\]]*\s*(?:\([^)]*\)\s*)?(?:only\s+)?"
    r"(?:if|when|whenever|in case|for|means|=|:|->|→|–|-)\s*(?P<then>[^\n]*?)"
    r"(?=[.;\n]|$|,?\s*(?:and|or|otherwise|else)?\s*[\"'`*]*\bno\b[\"'`*]*\s*(?:if|when|for|otherwise|means|=|:))"
)
# If …, answer yes; block it by saying "yes"; … -> yes
_IF_YES = lazy_pattern(
    r"(?:,|\bthen\b|\bby\b|→|->)\s*(?:please\s+|you\s+)?(?:must\s+|should\s+)?(?:only\s+)?"
    r"(?:answer|respond|reply|say|saying|return|output|write|answering|replying)\s+(?:with\s+|only\s+)*"
    r"[\"'`*]*\byes\b"
)
# Answer "no" if …, "yes" otherwise.
_NO_ELSE_YES = lazy_pattern(
    r"\bno\b[\"'`*]*\s*(?:only\s+)?(?:if|when)\s+(?P<then>[^\n.;]{4,160}?)[\s,;.]*(?:\band\b|\bor\b|\bbut\b)?\s*"
    r"(?:[\"'`*]*\byes\b[\"'`*]*\s*(?:otherwise|if not|else|in all other cases)"
    r"|(?:otherwise|else)\b\W*(?:(?:answer|say|reply|respond|return|output)\s+(?:with\s+)?)?[\"'`*]*yes\b)"
)
_YES = lazy_pattern("yes")
_EXPLAINING = ("(", "only", "if", "when", "in case", "for", "means", "=", ":", "-", "→", "–")
_ANSWERING = tuple("answer respond reply say saying return output write answering replying".split())
_ORDERING = ("please", "you", "must", "should", "only")


def _is_explained(text: str, at: int) -> bool:
    """Whether what follows the yes at ``at`` may be its condition: most prompts hold none."""
    return text[at + 3 :].lstrip("\"'`*_.)]").lstrip().startswith(_EXPLAINING)


def _is_ordered(text: str, at: int) -> bool:
    """Whether a condition may stand before the yes at ``at``, and an order to answer between the two."""
    words = text[:at].rstrip("\"'`*").rsplit(None, 12)
    while words and words[-1] in ("with", "only"):
        words.pop()
    verb = words.pop() if words else ""
    if verb not in _ANSWERING:
        return verb.endswith(_ANSWERING)
    while words and words[-1] in _ORDERING:
        words.pop()
    return bool(words) and words[-1].endswith((",", "then", "by", "→", "->", *_ORDERING))


_WORD = lazy_pattern(r"\w+")


def _judgements(sentence: str, facts: bool) -> Iterator[tuple[int, bool]]:
    """Where a word of judgement begins, and whether it is a bad one."""
    good = _GOOD_OF_FACTS if facts else _GOOD
    end = 0
    for word in _WORD.finditer(sentence):
        start = word.start()
        is_bad = sentence.startswith(_BAD, start)
        if start < end or not (is_bad or sentence.startswith(good, start)):
            continue
        yield start, is_bad
        if sentence.startswith(_PHRASES, start):
            end = max(start + len(item) for item in _PHRASES if sentence.startswith(item, start))


# Teams copy the prompts of others, and a check of many configurations meets the same text again and again.
@lru_cache(maxsize=512)
def asked_for(template: str, *, facts: bool = False, beside: str = "") -> Asked | None:
    """What yes means in a prompt, or None where it cannot be told.

    An explanation of the answer counts more than the question. ``facts``: the question is about support by
    evidence. ``beside`` is the rest of the prompt, where the answer may be spoken of.
    """
    text = _plain(template)
    if not _YES_NO.search(text + beside.lower()) or _OTHER_WORDS.search((beside.lower() + text)[-400:]):
        return None
    turned = _NO_ELSE_YES.search(text) if "otherwise" in text or "else" in text or "if not" in text else None
    if turned is not None and (of_no := _side(turned["then"], facts)) is not None:
        side: Side = "good" if of_no == "bad" else "bad"
        return Asked(side, turned.start(), turned.end() - turned.start())
    explained = _explained(text, facts)
    if explained is not None:
        sides = {asked.yes_is for asked in explained}
        return explained[0] if len(sides) == 1 else None
    return _question(text, facts)


def _plain(template: str) -> str:
    """Lower case, with what Jinja puts in taken out; every character keeps its place."""
    blank = _JINJA.sub(lambda found: " " * len(found[0]), template)
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
    places = [found.start() for found in _YES.finditer(text)]
    for match in _YES_IF.finditer(text) if any(_is_explained(text, at) for at in places) else ():
        yield match["then"], match.start(), match.end()
    for match in _IF_YES.finditer(text) if any(_is_ordered(text, at) for at in places) else ():
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


_NOT_IN_EVIDENCE = lazy_pattern(
    r"\b(?:anything|something|claims?|statements?|information|details?|facts?)\b[^.?\n]{0,25}?"
    r"\b(?:not|never)\b[^.?\n]{0,25}?\b(?:evidence|context|documents?|sources?)\b",
    needs=("not", "never"),
)


_ASIDE = lazy_pattern(r"\(?\byes\b\W{1,3}(?:or\W{1,3})?no\b\)?|\([^)]*\)", needs=("yes", "("))
_LET_THROUGH = lazy_pattern(r"\blet (?:\w+ ){1,4}through\b", needs=("through",))


def _side(sentence: str, facts: bool) -> Side | None:
    """What a yes to the sentence says; None where its words disagree or say nothing."""
    sentence = _ASIDE.sub(" ", sentence)
    sentence = _LET_THROUGH.sub("let through", sentence)
    if facts:
        sentence = _NOT_IN_EVIDENCE.sub("unsupported", sentence)
    sides: set[Side] = set()
    negations = [match.end() for match in _NEGATION.finditer(sentence)]
    for start, bad in _judgements(sentence, facts):
        negated = any(0 <= start - end <= 40 for end in negations)
        if negated and not bad and start - max(end for end in negations if end <= start) > 20:
            negated = False
        sides.add("good" if bad == negated else "bad")
    if sides == {"good"} and not facts and _TOPIC.search(sentence) and not _FREE.search(sentence):
        return None
    return sides.pop() if len(sides) == 1 else None
