"""Values back in the place of their pseudonyms: in texts and in JSON (a tool call's arguments)."""

from __future__ import annotations

import json
import re
from typing import Final

from guardlint.guard.json_texts import JsonText
from guardlint.guard.streaming.tails import WORD
from guardlint.pii import Pseudonyms

__all__ = ["Restorer", "restored"]

_SPACE: Final = frozenset(" \t\r\n")
_VALUE: Final = re.compile(r"true|false|null|NaN|-?Infinity|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_IN_WORDS: Final = frozenset("-+.0123456789eEtrufalsnNIiy")
_STRING: Final = re.compile(r'(?:[^"\\]|\\.)*', re.DOTALL)
_CLOSES: Final = {"}": "{", "]": "["}


def restored(text: str, pseudonyms: Pseudonyms) -> str:
    """``text`` with what its pseudonyms stand for; of JSON nothing else changes, and it stays JSON."""
    if isinstance(text, JsonText) and text.leaves:
        return text.changed(pseudonyms.restore) if len(pseudonyms) else text
    if text.lstrip()[:1] in ("{", "[") and len(pseudonyms):
        try:
            json.loads(text)
        except (ValueError, RecursionError):
            return pseudonyms.restore(text)
    return Restorer(pseudonyms).restore(text)


class Restorer:
    """One text that comes in stretches, none of which ends within a pseudonym or an escape.

    As long as it can be the beginning of JSON, values are put into its strings as JSON wants them.
    """

    __slots__ = ("_json", "_pseudonyms")

    def __init__(self, pseudonyms: Pseudonyms) -> None:
        self._pseudonyms = pseudonyms
        self._json: _Json | None = _Json()

    def restore(self, text: str) -> str:
        """The next stretch, with the values."""
        if self._json is None:
            return self._pseudonyms.restore(text)
        parts: list[str] = []
        at = kept = 0
        while at < len(text):
            if self._json.in_string:
                found = _STRING.match(text, at)
                assert found is not None, "nothing is a string too"
                parts += (text[kept:at], self._in_string(found.group()))
                at = kept = found.end()
            elif not self._json.take(text[at]):
                self._json = None
                begin = at
                while begin > kept and text[begin - 1].isalnum():  # a name is only one as a whole word
                    begin -= 1
                return "".join((*parts, text[kept:begin], self._pseudonyms.restore(text[begin:])))
            else:
                at += 1
                continue
            if at < len(text):
                self._json.close()
                at += 1
        return "".join((*parts, text[kept:]))

    def _in_string(self, text: str) -> str:
        """A part of a JSON string, between its quotes; words without a pseudonym stay as they are written."""
        if "_" not in text and "\\" not in text:
            return text
        return WORD.sub(self._word, text)

    def _word(self, found: re.Match[str]) -> str:
        word = found.group()
        try:
            plain = json.loads(f'"{word}"', strict=False)
        except ValueError:
            return word  # no escape of JSON's: nothing that was put there by name
        told = self._pseudonyms.restore(plain)
        return word if told == plain else json.dumps(told, ensure_ascii=not _can_be_written(told))[1:-1]


class _Json:
    """Whether characters, one after another, can still become JSON, which begins with a bracket."""

    __slots__ = ("_stack", "_state", "_word", "in_string")

    def __init__(self) -> None:
        self.in_string = False
        self._word = ""  # a number, or the like, that has not ended
        self._stack: list[str] = []
        self._state = "start"

    def take(self, char: str) -> bool:
        """One more outside strings; whether it fits."""
        if self._word and char in _IN_WORDS:
            self._word += char
            return True
        if self._word:
            if not _VALUE.fullmatch(self._word):
                return False
            self._word, self._state = "", "after"
        return char in _SPACE or self._sign(char)

    def close(self) -> None:
        """The quote that ends a string."""
        self.in_string = False
        self._state = "colon" if self._state == "key" else "after"

    def _sign(self, char: str) -> bool:
        state = self._state
        if char in _CLOSES:
            fits = bool(self._stack) and self._stack[-1] == _CLOSES[char]
            fits = fits and state in ("after", "first key" if char == "}" else "first")
            if fits:
                self._stack.pop()
                self._state = "after" if self._stack else "end"
            return fits
        if state == "after" and char == ",":
            self._state = "key wanted" if self._stack[-1] == "{" else "value"
        elif state == "colon" and char == ":":
            self._state = "value"
        elif char == '"' and state in ("first key", "key wanted", "first", "value"):
            self._state = "key" if "key" in state else "string"
            self.in_string = True
        elif char in "{[" and state in ("start", "first", "value"):
            self._stack.append(char)
            self._state = "first key" if char == "{" else "first"
        elif char in _IN_WORDS and state in ("first", "value"):
            self._word = char
        else:
            return False
        return True


def _can_be_written(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False  # half a surrogate pair
    return True
