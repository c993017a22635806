"""Python of teams that somebody has read (``policies/reviews.yml``), for policies that allow such code only.

A review is a fact and no constraint: it allows one text, and nothing that a policy forbids.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from guardlint.policy.documents import read_document
from guardlint.source.place import Place

__all__ = ["code_digest", "read_reviews"]


def read_reviews(central: Path) -> dict[str, Place]:
    """The digests that somebody has reviewed, each with its place; empty without a document.

    Raises ConfigError where the document is wrong.
    """
    path = central / "policies" / "reviews.yml"
    if not path.is_file():
        return {}
    document = read_document(path, "reviews")
    return {
        entry["digest"]: document.place("reviews", index)
        for index, entry in enumerate(document.data["reviews"])
    }


def code_digest(content: bytes) -> str:
    """The digest of a Python file. Line ends are made one: a Windows checkout holds the same code."""
    return "sha256:" + hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest()
