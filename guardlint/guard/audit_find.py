"""Which records had a text in them: asked of the keyed hashes, since the text itself is nowhere."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from guardlint.guard.audit import text_hash, user_hash
from guardlint.guard.audit_chain import Record
from guardlint.guard.audit_read import records_of

__all__ = ["find_records"]


def find_records(
    paths: Iterable[str | os.PathLike[str]], key: bytes, *, text: str | None = None, user: str | None = None
) -> Iterator[Record]:
    """Records of calls that had ``text`` as a message, or a part of one, and that were of ``user``.

    Each is asked where it is given. A line end after the text does not matter.
    """
    texts = set() if text is None else {text_hash(one, key) for one in _spellings(text)}
    wanted = None if user is None else user_hash(user, key)
    for record in records_of(paths):
        if wanted is not None and record.get("user") != wanted:
            continue
        if text is not None:
            hashes = record.get("content_hmac")
            listed = hashes.get("texts") if isinstance(hashes, dict) else None
            if not isinstance(listed, list) or not texts.intersection(map(str, listed)):
                continue
        yield record


def _spellings(text: str) -> tuple[str, ...]:
    plain = text.removesuffix("\n").removesuffix("\r")
    return text, plain, f"{plain}\n"
