"""What a message hides from a reader or from a pattern: invisible signs, noise, orders in an encoding."""

from __future__ import annotations

import base64
import binascii
import codecs
import re
import unicodedata
from collections.abc import Iterator
from typing import Final

__all__ = ["ORDER", "encoded_order", "hidden_signs", "noise"]

ORDER: Final = re.compile(
    r"\b(?:ignore|disregard|forget|bypass|override|overlook|reveal|print|repeat|show|disable|drop|break)\b"
    r"[^.!?\n]{0,60}?\b(?:instructions?|prompts?|rules|restrictions?|filters?|guidelines?|guardrails?"
    r"|safety)\b"
    r"|\byou are now\b|\bdo anything now\b|\bpretend (?:to be|you are|that you)\b|\bjailbreak"
    r"|\bact as (?:an?|if)\b",
)
"""In small letters: an order of the well-known kind. A plain one is prompt-injection-patterns' to judge."""

# Words of ORDER, one of which any order holds; a text is turned round only for one of them.
_WORDS: Final = (
    "instruction", "prompt", "rules", "restriction", "filter", "guideline", "guardrail", "safety",
    "you are now", "anything now", "pretend", "jailbreak", "act as",
)  # fmt: skip
_BACKWARDS: Final = tuple(word[::-1] for word in _WORDS)
_ROTATED: Final = tuple(codecs.encode(word, "rot13") for word in _WORDS)
_TAGS: Final = re.compile("[\U000e0020-\U000e007e]{3,}")
_FLAG: Final = "\U0001f3f4"
_INVISIBLE: Final = re.compile("[A-Za-z][\u00ad\u200b-\u200d\u2060-\u2064\ufeff]{1,9}(?=[A-Za-z])")
_TURNED: Final = re.compile("[\u202d\u202e]")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{24,4000}={0,2}")
_HEX: Final = re.compile(r"(?:(?:\\x|0x|%)?[0-9a-fA-F]{2}[\s:,]?){20,2000}")
_SPACED: Final = re.compile(r"(?<!\w)(?:\w(?: {1,3}|[.*_|-])){12,400}\w(?!\w)")
_LEET: Final = str.maketrans("013457@$!|", "oieastasii")
_LEET_SIGN: Final = re.compile(r"[013457@$][A-Za-z](?=[A-Za-z013457@$])")
_RUN, _PAIRS, _SINGLES = 24, 20, 12  # words so long, or so many so short, before an encoding is looked for
# Letters of other scripts that look Latin, as prompts use them to pass for others.
_TWINS: Final = str.maketrans(
    "аеорсухіјѕԁһӏвкмнтАЕОРСХІЈЅВКМНТαορικντυΑΒΕΗΙΚΜΝΟΡΤΥΖ",
    "aeopcyxijsdhlbkmhtAEOPCXIJSBKMHTaopikvtuABEHIKMNOPTYZ",
)
# What comes with text that is copied from a page or a PDF: no disguise.
_COPIED: Final = str.maketrans({"\u00a0": " ", "\u202f": " ", "\ufb00": "ff", "\ufb01": "fi", "\ufb02": "fl"})
# Marks of suffixes that a search made: a word, two or more signs that nobody writes together, a word.
_ODD: Final = re.compile(
    r"[A-Za-z](?:[.!?;:]?(?:\]|\)|\})[({\[]|\*\*|\\[!+\"'.]|\"\\|[.;!?]\]|\}\(|--[\"'])(?=[A-Za-z ])"
    r"|(?<=[a-z] )(?:\\[+!\"']|\]\(|\"\\!--|\{\\|\(\{)"
)
_ODD_MARKS: Final = (
    *(f"{one}{two}" for one in "])}" for two in "({["),
    "**", "\\", ".]", ";]", "!]", "?]", '--"', "--'", "({",
)  # fmt: skip
_CODE: Final = re.compile(
    r"[{;]\s*\n|\n\s{2,}\S|```|\bdef \w|\bfunction\b|</\w|\]\(https?:|^\s*[-*|] ", re.MULTILINE
)


def hidden_signs(text: str) -> Iterator[tuple[str, float]]:
    """Signs of text that is there for the model and not for the reader."""
    if text.isascii():
        return
    if any(text[max(found.start() - 1, 0)] != _FLAG for found in _TAGS.finditer(text)):
        yield "hidden-text", 1.0
    if _TURNED.search(text):
        yield "turned-text", 0.5
    if len(_INVISIBLE.findall(text)) >= 4:
        yield "invisible-signs", 1.0


def noise(text: str) -> Iterator[tuple[str, float]]:
    """The noise of a suffix that was found by search, in text that is no code."""
    if not any(mark in text for mark in _ODD_MARKS):
        return
    odd = len(_ODD.findall(text))
    if odd >= 2 and not _CODE.search(text):
        yield "noise", 1.0 if odd >= 3 else 0.5


def encoded_order(text: str) -> bool:
    """Whether an order stands in base64, hex, ROT13, backwards, in digits for letters, spaced or in twins."""
    lower = text.lower()
    if any(word in lower for word in _BACKWARDS) and ORDER.search(lower[::-1]):
        return True
    if any(word in lower for word in _ROTATED) and ORDER.search(codecs.encode(lower, "rot13")):
        return True
    return any(_is_order(other.lower()) for other in _readings(text, lower))


def _is_order(lower: str) -> bool:
    return any(word in lower for word in _WORDS) and ORDER.search(lower) is not None


def _readings(text: str, lower: str) -> Iterator[str]:
    """What the text says in another writing; nothing where it is written as people write."""
    plain = None if text.isascii() else lower.translate(_COPIED)
    if plain is not None:
        folded = unicodedata.normalize("NFKC", plain).translate(_TWINS)
        if folded != plain and not _is_order(plain):
            yield folded
    words = text.split()
    runs = [word for word in words if len(word) >= _RUN]
    for run in runs:
        yield from (_of_base64(found) for found in _BASE64.findall(run))
    if runs or sum(len(word) in (2, 4) for word in words) >= _PAIRS:
        for found in _HEX.finditer(text):
            digits = re.sub(r"\\x|0x|[^0-9a-fA-F]", "", found[0])
            yield bytes.fromhex(digits[: len(digits) // 2 * 2]).decode("latin-1")
    if runs or sum(len(word) == 1 for word in words) >= _SINGLES:
        yield from (_closed_up(found[0]) for found in _SPACED.finditer(text))
    if len(_LEET_SIGN.findall(text)) >= 2 and not _is_order(lower):
        yield text.translate(_LEET)


def _of_base64(run: str) -> str:
    body = run.rstrip("=").replace("-", "+").replace("_", "/")
    body = body[: len(body) // 4 * 4] if len(body) % 4 == 1 else body
    try:
        return base64.b64decode(body + "=" * (-len(body) % 4)).decode("latin-1")
    except (binascii.Error, ValueError):
        return ""


def _closed_up(text: str) -> str:
    """``i g n o r e   t h e`` as words: single gaps close, wider ones part words."""
    if "  " in text:
        return " ".join(re.sub(r"\W", "", word) for word in re.split(r" {2,}", text))
    # Without wider gaps nobody knows where a word ends: blanks go where the words of orders begin.
    closed = re.sub(r"[\W_]", "", text)
    return re.sub(
        r"(?i)(ignore|disregard|forget|bypass|all|previous|your|the|instructions|rules|prompt)",
        r" \1 ",
        closed,
    )
