"""Values read with what they are called: those of JSON keys, of web forms, and answers in a dialogue.

A recogniser looks for words of prose before a value: it does not see ``born`` in ``dateOfBirth``, nor in a
question that someone else asked one line above.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from guardlint.pii.reading import BREAK, Change, Piece, Reader
from guardlint.pii.tables import named

__all__ = ["READERS"]

# A string (perhaps one of JSON within a string), a number, or what structures the object.
_TOKEN = re.compile(
    r'\\?"(?P<string>(?:[^"\\\r\n]|\\u[0-9A-Fa-f]{4}|\\[nrt/]){0,160})\\?"(?P<key>\s{0,4}:)?|'
    r"(?<![\w.\"-])(?P<number>\d{4,20})(?![\w.\"-])|(?P<sign>[{}\[\]])"
)
_KEY = re.compile(r"[^\W\d][\w .-]{0,40}")
_HUMP = re.compile(r"(?<=[a-zà-ÿ0-9])(?=[A-ZÀ-Þ])|[_.-]+")
_ESCAPE = re.compile(r"\\(?:u(?P<code>[0-9A-Fa-f]{4})|[nrt/])")
_PART_OF_A_NAME = frozenset({"first", "last", "given", "family", "middle", "full"})
_SAYS_LITTLE = frozenset(
    {"number", "no", "nr", "value", "id", "date", "code", "num", "nummer", "numero", "numéro"}
)
_LONGEST_PATH = 32

_FIELD = re.compile(r"(?<![^\s&?])(?P<key>[A-Za-z][\w.-]{0,40})=(?P<value>[^\s&=]{2,200})(?=&|\s|\Z)")
# A question or request, and a line in which someone else answers.
_ANSWER = re.compile(
    r"(?P<end> ?[?.:][ \t]*\n[ \t]*(?:\[[^\]\n]{1,24}\][ \t]*)?(?:[^\W\d_][\w .-]{0,20}[:>][ \t]*)?)"
    r"(?P<value>\S[^\n]{1,80})"
)


def _objects(text: str) -> Iterator[Change]:
    """The values of JSON objects, each with its key; one of an array has the key of the array."""
    if '":' not in text and '" :' not in text:
        return
    path: list[str] = []
    key = ""
    for token in _TOKEN.finditer(text):
        sign = token["sign"]
        if sign in ("{", "["):
            path.append(key if len(path) < _LONGEST_PATH else "")
            key = key if sign == "[" else ""
        elif sign:
            key = path.pop() if path else ""
            key = key if path and sign == "}" else ""
        elif token["key"]:
            found = token["string"]
            key = _HUMP.sub(" ", found).strip() if _KEY.fullmatch(found) else ""
        elif key and (change := _value(text, token, _heading(key, path))):
            yield change


def _heading(key: str, path: list[str]) -> str:
    """The key, with that of the object it stands in where it says little alone."""
    outer = path[-1] if path else ""
    if outer and key.lower() in _PART_OF_A_NAME:
        return f"{key} {outer}"
    return f"{outer} {key}" if outer and key.lower() in _SAYS_LITTLE else key


def _value(text: str, token: re.Match[str], heading: str) -> Change | None:
    group = "string" if token["string"] is not None else "number"
    start, end = token.span(group)
    if start == end:
        return None
    if "\\" not in token[group]:
        return named(token[group], start, heading)
    pieces: list[Piece] = [(f"{BREAK}{heading}: ", start, start)]
    last = start
    for escape in _ESCAPE.finditer(text, start, end):
        pieces += [(text[index], index, index + 1) for index in range(last, escape.start())]
        char = chr(int(escape["code"], 16)) if escape["code"] else " "
        pieces.append((" " if "\ud800" <= char <= "\udfff" else char, escape.start(), escape.end()))
        last = escape.end()
    pieces += [(text[index], index, index + 1) for index in range(last, end)]
    return start, end, pieces


def _forms(text: str) -> Iterator[Change]:
    """``name=Jo+Ross&dob=...``: the fields of a web form, where a plus is a blank."""
    if "=" not in text or "&" not in text:
        return
    for field in _FIELD.finditer(text):
        start, end = field.span("value")
        pieces: list[Piece] = [(f"{BREAK}{_HUMP.sub(' ', field['key'])}: ", start, start)]
        pieces += [(" " if text[i] == "+" else text[i], i, i + 1) for i in range(start, end)]
        yield start, end, pieces


def _answers(text: str) -> Iterator[Change]:
    """``date of birth?`` and the line after it, without the sign that ends the question and who speaks."""
    if "\n" not in text:
        return
    for answer in _ANSWER.finditer(text):
        first, start = answer.span("end")
        end = answer.end()
        pieces: list[Piece] = [(": ", first, start)]
        pieces += [(text[index], index, index + 1) for index in range(start, end)]
        yield first, end, pieces


READERS: tuple[Reader, ...] = (_objects, _forms, _answers)
"""What these read is said besides what the text itself says, never instead of it."""
