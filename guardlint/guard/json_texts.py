r"""JSON as its readers understand it: the strings in it decoded, and other words written back as JSON.

Behind ``\n`` or ``\u0069`` no pattern sees what the tool or the model will read, and a mask next to an escape
leaves no JSON.  So the text that rails and detectors get has every string as it reads, with the keys around
them, and what they change is written into the string (or number) that it stood in.  Not a byte changes
elsewhere.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator, Sequence
from json.decoder import scanstring  # type: ignore[attr-defined]  # the stubs forget it
from typing import Any, Final, Literal, NamedTuple

from guardlint.guard.aligning import aligned
from guardlint.guard.sourced import SourcedText

__all__ = ["JsonText", "Leaf", "data_of", "json_text", "past_escape", "text_of_data"]

_OPENS: Final = ("{", "[", '"')
_TOKEN: Final = re.compile(
    r'"[^"\\]*+(?:\\.[^"\\]*+)*+("|\\?\Z)|-?\d++(?:\.\d++)?(?:[eE][+-]?\d++)?|[{}\[\]]', re.DOTALL
)
# Everything up to a string with an escape in it, and that string.
_ESCAPED: Final = re.compile(r'(?:[^"]++|"[^"\\]*+")*+("[^"\\]*+(?:\\.[^"\\]*+)++")', re.DOTALL)
_COLON: Final = re.compile(r"\s*:")
_HALF: Final = "\ufffd"
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_DECODER: Final = json.JSONDecoder(strict=False, parse_int=str, parse_float=str)
_INNER: Final = 4  # JSON in a string of JSON in a string of JSON

Kind = Literal["key", "text", "number"]


class Leaf(NamedTuple):
    """A string's content or a number, from ``start`` to ``end`` of the text; ``owner`` numbers its object."""

    start: int
    end: int
    kind: Kind
    owner: tuple[int, ...]


class _Token(NamedTuple):
    """A string or a number from ``start`` to ``end`` of what was written; ``inner`` if it is JSON again."""

    start: int
    end: int
    kind: Kind
    owner: int
    text: str
    inner: tuple[_Token, ...] = ()


class JsonText(SourcedText):
    """JSON to be read.  What begins like it and has nothing to decode may still be something else."""

    __slots__ = ("_is_json", "_leaves", "_tokens")
    _is_json: bool | None
    _tokens: tuple[_Token, ...] | None
    _leaves: tuple[Leaf, ...] | None

    @property
    def is_json(self) -> bool:
        """Whether it is JSON, and not only begins like it."""
        if self._is_json is None:
            self._is_json = _is_json(self.raw)
        return self._is_json

    @property
    def leaves(self) -> tuple[Leaf, ...]:
        """Where its strings, keys and numbers are, in their order; nothing where it is no JSON."""
        if self._leaves is None:
            found: list[Leaf] = []
            _render(self.raw, self._known(), found, ())
            self._leaves = tuple(found)
        return self._leaves

    def with_leaves(self, changes: dict[int, str]) -> JsonText:
        """With other texts in the leaves of these numbers.  A number becomes a string."""
        if not changes:
            return self
        leaves = self.leaves
        texts = [self[leaf.start : leaf.end] for leaf in leaves]
        names = {(leaf.owner, text) for leaf, text in zip(leaves, texts, strict=True) if leaf.kind == "key"}
        for number, new in changes.items():
            owner, name = leaves[number].owner, new
            if leaves[number].kind == "key" and new != texts[number]:
                # Two keys of one object must not become one: a value would be lost.
                for count in itertools.count(2):
                    if (owner, name) not in names:
                        break
                    name = f"{new} {count}"
                names.add((owner, name))
            texts[number] = name
        return _made(_written(self.raw, self._known(), iter(texts)))

    def changed(self, change: Callable[[str], str]) -> JsonText:
        """With ``change`` made to every string, key and number."""
        texts = [self[leaf.start : leaf.end] for leaf in self.leaves]
        new = [change(text) for text in texts]
        return self.with_leaves(
            {n: one for n, (one, was) in enumerate(zip(new, texts, strict=True)) if one != was}
        )

    def rewritten(self, text: str) -> str:
        """How what somebody made of this text is written: as JSON, when nothing but its leaves differ."""
        if text == self:
            return self.raw
        leaves = self.leaves
        now = aligned(self, [leaf[:2] for leaf in leaves], text) if leaves else None
        if now is None:
            return text
        old = [self[leaf.start : leaf.end] for leaf in leaves]
        changes = {n: new for n, (new, was) in enumerate(zip(now, old, strict=True)) if new != was}
        return self.with_leaves(changes).raw

    def _known(self) -> tuple[_Token, ...]:
        if self._tokens is None:
            self._tokens = _tokens(self.raw) if self.is_json else ()
        return self._tokens


def json_text(raw: str, *, surely: bool = False) -> str:
    """``raw`` as a :class:`JsonText` if it may be JSON, else as it is.  ``surely``: even if it is broken."""
    if not raw.lstrip().startswith(_OPENS):
        return raw
    if "\\" in raw or not _can_be_written(raw):
        return _made(raw) if surely or _is_json(raw) else raw
    made = JsonText._of(raw, raw)  # noqa: SLF001  the one that makes them
    made._is_json = made._tokens = made._leaves = None  # noqa: SLF001
    return made


def text_of_data(value: object) -> JsonText:
    """Data as JSON.  What JSON does not have (dates) is written as ``str`` does."""
    return _made(json.dumps(value, ensure_ascii=False, default=str))


def _made(raw: str) -> JsonText:
    text = _decoded(raw)
    made = JsonText._of(text if _can_be_written(text) else _SURROGATE.sub(_HALF, text), raw)  # noqa: SLF001
    # Broken JSON has no leaves: whatever is found in it counts, wherever it stands.
    made._is_json = made._tokens = made._leaves = None  # noqa: SLF001
    return made


def _decoded(raw: str, depth: int = 0) -> str:
    """As it reads; where its leaves are is asked for only when something is to be changed."""
    parts: list[str] = []
    at = last = 0
    while found := _ESCAPED.match(raw, at):
        at = found.end()
        text = _string(found[1])
        if text is None:
            continue
        if _is_inner(text, depth):
            text = _decoded(text, depth + 1)
        parts += (raw[last : found.start(1) + 1], text)
        last = at - 1
    return "".join((*parts, raw[last:]))


def _string(written: str) -> str | None:
    """What a string says; None when it has an escape that JSON does not have."""
    try:
        return str(scanstring(written, 1, False)[0])
    except ValueError:
        return None


def _is_inner(text: str, depth: int) -> bool:
    """Whether the text of a string is JSON again, with strings in it."""
    return depth < _INNER and text.startswith(_OPENS) and '"' in text and _is_json(text)


def _is_json(raw: str) -> bool:
    """One JSON value or several, as JSON lines are."""
    at, text = 0, raw.strip()
    try:
        while at < len(text):
            _, at = _DECODER.raw_decode(text, at)
            while at < len(text) and text[at] in " \t\r\n":
                at += 1
    except RecursionError:
        return True  # nested deeper than this interpreter reads; the tool's may read it
    except ValueError:
        return False
    return True


def _tokens(raw: str, depth: int = 0) -> tuple[_Token, ...]:
    found = []
    owners = [0]
    count = 0
    for token in _TOKEN.finditer(raw):
        written = token.group()
        if written in "{[":
            count += 1
            owners.append(count)
        elif written in "}]":
            if len(owners) > 1:
                owners.pop()
        elif written[0] != '"':
            found.append(_Token(*token.span(), "number", owners[-1], written))
        else:
            kind: Kind = "key" if _COLON.match(raw, token.end()) else "text"
            if token[1] != '"':
                break  # cut off; where it ends is not looked for at each of its quotes
            text = _string(written) if "\\" in written else written[1:-1]
            if text is None:
                continue
            inner = _tokens(text, depth + 1) if _is_inner(text, depth) else ()
            found.append(_Token(*token.span(), kind, owners[-1], text, inner))
    return tuple(found)


def _shown(token: _Token) -> str:
    """As rails get it: half a character, which no text may hold, is a sign that stands for one."""
    return token.text if token.text.isascii() else _SURROGATE.sub(_HALF, token.text)


def _render(
    raw: str, tokens: Sequence[_Token], leaves: list[Leaf], within: tuple[int, ...], offset: int = 0
) -> str:
    """The text, which begins at ``offset`` of the whole; its leaves are added to ``leaves``."""
    parts: list[str] = []
    last = 0
    for token in tokens:
        quote = "" if token.kind == "number" else '"'
        before = raw[last : token.start] + quote
        start = offset + len(before)
        owner = (*within, token.owner)
        if token.inner:
            text = _render(token.text, token.inner, leaves, (*owner, token.start), start)
        else:
            text = _shown(token)
            leaves.append(Leaf(start, start + len(text), token.kind, owner))
        parts += (before, text, quote)
        offset = start + len(text) + len(quote)
        last = token.end
    return "".join((*parts, raw[last:]))


def _written(raw: str, tokens: Sequence[_Token], texts: Iterator[str]) -> str:
    """``raw`` with ``texts`` in its leaves."""
    parts: list[str] = []
    last = 0
    for token in tokens:
        new = _written(token.text, token.inner, texts) if token.inner else next(texts)
        if new != (token.text if token.inner else _shown(token)):
            parts += (raw[last : token.start], json.dumps(new, ensure_ascii=not _can_be_written(new)))
            last = token.end
    return "".join((*parts, raw[last:]))


def _can_be_written(text: str) -> bool:
    return text.isascii() or not _SURROGATE.search(text)


def past_escape(text: str, place: int) -> int:
    r"""``place``, or the end of the escape that it is within: `\n` before a word is no letter of it."""
    for begin in range(max(place - 5, 0), place):
        end = begin + (6 if text[begin + 1 : begin + 2] == "u" else 2)
        if text[begin] == "\\" and begin < place < end:
            before = text[:begin]
            if (len(before) - len(before.rstrip("\\"))) % 2 == 0:
                return end
    return place


def data_of(text: str) -> Any:
    """The data that JSON stands for.  Raises ValueError where it is none."""
    return json.loads(text, strict=False)
