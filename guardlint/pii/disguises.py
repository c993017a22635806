"""Values that are spaced out, spelled, encoded, or written with look-alike letters, as people read them."""

from __future__ import annotations

import base64
import binascii
import html
import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from guardlint.pii.lexicon import lexicon
from guardlint.pii.normalise import LOOKALIKES
from guardlint.pii.reading import Change, Piece, Reader

__all__ = ["READERS"]


_DIGIT_WORDS = {
    word: str(digit)
    for words in (
        "zero one two three four five six seven eight nine",
        "null eins zwei drei vier fünf sechs sieben acht neun",
        "zéro un deux trois quatre cinq six sept huit neuf",
    )
    for digit, word in enumerate(words.split())
}
_DIGIT_WORDS |= {"oh": "0", "nought": "0", "naught": "0", "zwo": "2", "fuenf": "5", "zero": "0", "niner": "9"}
_REPEATS = {"double": 2, "triple": 3, "treble": 3, "doppel": 2}
_ITEM = rf"(?:{'|'.join(sorted(_DIGIT_WORDS, key=len, reverse=True))}|{'|'.join(_REPEATS)}|[^\W_])"
_BETWEEN = r"(?:[ \t]{1,3}|[ \t]?[-._*|~,/+@:][ \t]?)"
# Four single characters or digit words and more, with something between each two of them.
_SMALL_SPELLED = re.compile(rf"(?<![^\W_])\+?{_ITEM}(?:{_BETWEEN}{_ITEM}(?![^\W_])){{3,80}}")
_SPELLED = re.compile(f"(?i){_SMALL_SPELLED.pattern}")
_TOKEN = re.compile(rf"(?i){_ITEM}|.")
_LONE_LETTER = re.compile(r"[A-Za-z](?=\d+\Z)")

_AT = r"(?:\s*(?:\[\s*(?:at|a|ät)\s*\]|\(\s*(?:at|a|ät)\s*\)|\{\s*at\s*\}|<\s*at\s*>|\s@\s)\s*)"
_DOT = (
    r"(?:\s*(?:\[\s*(?:dot|punkt|point)\s*\]|\(\s*(?:dot|punkt|point)\s*\)|\{\s*dot\s*\})\s*|"
    r"\s+(?:dot|punkt|point)\s+|\.)"
)
_SAID_AT = r"\s+(?:at|ät|arobase|arrobase|klammeraffe)\s+"
_SAID_DOT = r"(?:\s+(?:dot|punkt|point)\s+)"
_NAME = r"[\w+%-]{1,64}"
_MAIL = re.compile(
    rf"(?i)(?<![\w.@])(?P<local>{_NAME}(?:{_DOT}{_NAME}){{0,4}}?)"
    rf"(?:{_AT}(?P<host>{_NAME}(?:{_DOT}[a-z0-9-]{{2,24}}){{1,4}})"
    rf"|{_SAID_AT}(?P<said>{_NAME}(?:(?:{_SAID_DOT}|\.)[a-z0-9-]{{2,24}}){{0,3}}{_SAID_DOT}[a-z]{{2,24}})"
    rf"|@(?P<spelled>{_NAME}(?:{_DOT}[a-z0-9-]{{2,24}}){{0,3}}{_SAID_DOT}[a-z]{{2,24}}))(?!\w)"
)
# What every such address holds: an "at" in brackets, an @ between blanks, or a dot that is said.
_MAYBE_MAIL = re.compile(r"(?i)[\[({<]\s*(?:at|a|ät)\s*[\])}>]|\s@\s|\s(?:dot|punkt|point)\s")
_MAIL_WORD = re.compile(r"(?i)mail|address|adresse|reach|contact|write|schreib|écri|join")
_DOTS = re.compile(rf"(?i){_DOT}")

_ENCODED = re.compile(r"(?<![\w+/=%-])[A-Za-z0-9+/_-]{8,4000}={0,2}(?![\w+/=-])")
_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_LETTER_BY_DIGIT = re.compile(
    r"(?<=\d)[OoIl|]{1,8}(?=[^A-Za-z]|\Z)|(?<![A-Za-z])[OoIl|]{1,8}(?=\d)|(?<=\d)[OoIl|]{1,8}(?=[\d A-Z])|"
    r"l{1,8}(?=\d)|(?<=\d[ -])[OoIl|]{2,8}(?![A-Za-z])"
)
_MAYBE_FOLDED = re.compile(r"\d(?:[ -]?[OoIl|]|(?<=[OoIl|]\d))")
_NEAR = 24
_FOREIGN = re.compile(
    r"(?<!\w)[\u0370-\u052f]{1,4}(?= ?\d)|(?<=\d)[\u0370-\u052f]{1,2}(?!\w)|(?<=\d )[\u0370-\u052f](?!\w)"
)
_ENTITIES = re.compile(r"(?:&#(?:x[0-9A-Fa-f]{1,6}|[0-9]{1,7});[ ]?)+(?<=;)")
_ENTITY = re.compile(r"&#\w{1,8};| ")
_GROUPS = re.compile(
    r"(?<![\w.,-])[A-Z0-9]{2,6}(?:(?: ?- ?|[ \t]{2,4}|[ \t]?\r?\n[ \t]?)[A-Z0-9]{1,6}){2,9}(?![\w-]|\.\d)"
)
_GROUP = re.compile(r"[A-Z0-9]+")
_MAYBE_GAPS = re.compile(r"[A-Z0-9](?:\s{2}|\r?\n| ?-)[ \t]?\d")
_LEAST_DIGITS = 6
_FOLDED = str.maketrans("OoIl|", "00111")


def _spelled(text: str) -> Iterator[Change]:
    """``4 1 1 1``, ``4.1.1.1``, ``four one double one``: the characters without what stands between them."""
    # In small letters the same is found in half the time.
    found = _SMALL_SPELLED.finditer(text.lower()) if text.isascii() else _SPELLED.finditer(text)
    for match in found:
        pieces = list(_items(text, match.start(), match.end()))
        joined = "".join(new for new, _, _ in pieces)
        if _LONE_LETTER.match(joined):  # "I 0 7 9 ...": the word before the number
            pieces = pieces[1:]
        if sum(len(new) for new, _, _ in pieces) > 4:
            yield pieces[0][1], match.end(), pieces


def _items(text: str, start: int, end: int) -> Iterator[Piece]:
    repeat, since = 1, start
    mail = "@" in text[start:end]
    between = ""
    for token in _TOKEN.finditer(text, start, end):
        word = token.group().lower()
        if word in _REPEATS:
            repeat, since = _REPEATS[word], token.start()
        elif word in _DIGIT_WORDS or word.isalnum():
            first = since if repeat > 1 else token.start()
            if between and (mail or between == "+"):
                yield between, token.start() - 1, token.start()
            yield _DIGIT_WORDS.get(word, token.group()) * repeat, first, token.end()
            repeat, between = 1, ""
        elif not word.isspace():
            between = word


def _mails(text: str) -> Iterator[Change]:
    """``anna at example dot org``, ``anna[at]example[dot]org``."""
    if not _MAYBE_MAIL.search(text):
        return
    for match in _MAIL.finditer(text):
        host = next(name for name in ("host", "said", "spelled") if match[name])
        if host == "said" and _is_prose(text, match):
            continue
        pieces = [
            *_dotted(text, *match.span("local")),
            ("@", match.end("local"), match.start(host)),
            *_dotted(text, *match.span(host)),
        ]
        if "".join(new for new, _, _ in pieces) != match.group():
            yield match.start(), match.end(), pieces


def _is_prose(text: str, match: re.Match[str]) -> bool:
    """Whether "good at Java dot net" is no address: a plain word, and no talk of mail before it."""
    before = text[max(0, match.start() - 40) : match.start()]
    return match["local"].lower() in lexicon("common_words") and not _MAIL_WORD.search(before)


def _dotted(text: str, start: int, end: int) -> Iterator[Piece]:
    last = start
    for dot in _DOTS.finditer(text, start, end):
        yield from ((text[i], i, i + 1) for i in range(last, dot.start()))
        yield ".", dot.start(), dot.end()
        last = dot.end()
    yield from ((text[i], i, i + 1) for i in range(last, end))


def _decoded(text: str) -> Iterator[Change]:
    """Base64 that stands for printable text."""
    for match in _ENCODED.finditer(text):
        token = match.group()
        if token.islower() or token.istitle() or token.isdigit() or (token.isalpha() and token.isupper()):
            continue
        plain = _base64(token)
        if plain:
            yield match.start(), match.end(), [(plain, match.start(), match.end())]


def _base64(token: str) -> str | None:
    bare = token.rstrip("=").replace("-", "+").replace("_", "/")
    if len(bare) % 4 == 1:
        return None
    try:
        plain = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return plain if len(plain) > 4 and all(char.isprintable() or char.isspace() for char in plain) else None


def _percent(text: str) -> Iterator[Change]:
    """URL encoding."""
    if "%" not in text:
        return
    for match in _PERCENT.finditer(text):
        plain = unquote_to_bytes(match.group()).decode("utf-8", errors="replace")
        yield match.start(), match.end(), [(plain, match.start(), match.end())]


def _folded(text: str) -> Iterator[Change]:
    """The letters O, I and l where a digit stands beside them in a number."""
    if not _MAYBE_FOLDED.search(text):
        return
    for letters in _LETTER_BY_DIGIT.finditer(text):
        first, end = letters.span()
        if sum(map(str.isdigit, text[max(0, first - _NEAR) : end + _NEAR])) > 3:
            new = letters.group().translate(_FOLDED)
            yield first, end, [(char, first + i, first + i + 1) for i, char in enumerate(new)]


def _borrowed_letters(text: str) -> Iterator[Change]:
    """Words wholly of Cyrillic or Greek letters that look Latin, beside a digit."""
    if text.isascii():
        return
    for word in _FOREIGN.finditer(text):
        new = word.group().translate(LOOKALIKES)
        if new.isascii():
            first = word.start()
            yield first, word.end(), [(char, first + i, first + i + 1) for i, char in enumerate(new)]


def _entities(text: str) -> Iterator[Change]:
    """``&#52;&#49;``: characters that HTML writes as numbers."""
    if "&#" not in text:
        return
    for match in _ENTITIES.finditer(text):
        pieces = [
            (html.unescape(one.group()), match.start() + one.start(), match.start() + one.end())
            for one in _ENTITY.finditer(match.group())
        ]
        yield match.start(), match.end(), pieces


def _gaps(text: str) -> Iterator[Change]:
    """Groups of capitals and digits that a wide blank, a dash or the end of a line parts from each other."""
    if not _MAYBE_GAPS.search(text):
        return
    for match in _GROUPS.finditer(text):
        groups = list(_GROUP.finditer(match.group()))
        if sum(map(str.isdigit, match.group())) < _LEAST_DIGITS:
            continue
        pieces: list[Piece] = []
        for group in groups:
            first = match.start() + group.start()
            if pieces:
                pieces.append((" ", pieces[-1][2], first))
            pieces += [(char, first + i, first + i + 1) for i, char in enumerate(group.group())]
        yield match.start(), match.end(), pieces


READERS: tuple[Reader, ...] = (
    _spelled,
    _mails,
    _decoded,
    _percent,
    _entities,
    _gaps,
    _folded,
    _borrowed_letters,
)
