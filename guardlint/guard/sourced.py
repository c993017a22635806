"""Texts that are written in another way than they are read: how to write other words in their place."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final, Self
from urllib.parse import quote, unquote

__all__ = ["Address", "EncodedText", "SourcedText", "encoded_text", "written"]

_DATA_URL: Final = re.compile(r"data:(?P<type>[^,;]*)(?P<more>(?:;[^,;]*)*),", re.IGNORECASE)
_OF_TEXT: Final = re.compile(
    r"text/.*|application/(?:.*\+)?(?:json|xml|yaml|x-yaml|javascript|sql|csv|x-ndjson|jsonl|rtf|markdown)|"
    r"image/svg\+xml|message/.*",
    re.IGNORECASE,
)
_CHARSET: Final = re.compile(r";charset=\"?([\w.:-]+)\"?", re.IGNORECASE)
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_\s-]*={0,2}\s*")


class SourcedText(str):
    """A text as its readers understand it.  ``raw`` is how it is written where it stands."""

    __slots__ = ("raw",)
    raw: str

    @classmethod
    def _of(cls, text: str, raw: str) -> Self:
        made = super().__new__(cls, text)
        made.raw = raw
        return made

    def rewritten(self, text: str) -> str:
        """How ``text`` is written in its place.  Raises ValueError when it cannot be."""
        return text


class Address(SourcedText):
    """Where a picture or a file is: itself no personal data, though what it ends with may be some."""

    __slots__ = ()

    @classmethod
    def of(cls, url: str) -> Address:
        """The address as a text."""
        return cls._of(url, url)


class EncodedText(SourcedText):
    """The text of a document that is written as base64, or as a ``data:`` URL."""

    __slots__ = ("_charset", "_escaped", "_prefix")
    _prefix: str
    _charset: str
    _escaped: bool

    def rewritten(self, text: str) -> str:
        """``text`` in the same encoding."""
        if text == self:
            return self.raw
        data = text.encode(self._charset, "xmlcharrefreplace")
        return self._prefix + (quote(data) if self._escaped else base64.b64encode(data).decode("ascii"))


def written(text: str) -> str:
    """How a text is written where it stands."""
    return text.raw if isinstance(text, SourcedText) else text


def encoded_text(raw: str, media_type: str | None) -> EncodedText | None:
    """The text in a payload; None when it is none: a picture, a sound, an archive.

    ``media_type`` is what the message says of it; a ``data:`` URL says it itself.
    """
    found = _DATA_URL.match(raw)
    if found is not None:
        if not _OF_TEXT.fullmatch(found["type"].strip()):
            return None
        charset = _CHARSET.search(found["more"])
        plain = ";base64" not in found["more"].lower()
        return _decoded(raw, found.end(), charset[1] if charset else "utf-8", escaped=plain)
    if media_type is None or not _OF_TEXT.fullmatch(media_type.partition(";")[0].strip()):
        return None
    return _decoded(raw, 0, "utf-8", escaped=False)


def _decoded(raw: str, start: int, charset: str, *, escaped: bool) -> EncodedText | None:
    written = raw[start:]
    if not escaped and not _BASE64.fullmatch(written):
        return None
    try:
        if escaped:
            text = unquote(written, charset, "replace")
        else:
            plain = re.sub(r"\s", "", written).translate(str.maketrans("-_", "+/")).rstrip("=")
            data = base64.b64decode(plain + "=" * (-len(plain) % 4))
            charset = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else charset
            text = data.decode(charset, "replace")
    except (LookupError, binascii.Error):
        return None
    made = EncodedText._of(text, raw)  # noqa: SLF001  the one that makes them
    made._prefix, made._charset, made._escaped = raw[:start], charset, escaped  # noqa: SLF001
    return made
