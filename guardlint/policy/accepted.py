"""Which documents a schema has accepted before: then jsonschema need not be imported to say so again.

A mark is an empty file, named by a digest of the document, the schema and guardlint's version. Marks are
kept only where a command has asked for it (``guardlint check``), in the user's cache.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any

from guardlint import __version__
from guardlint.source.private_folder import is_private, make_private, write_whole

__all__ = ["accept", "is_accepted", "keep_in"]

_MOST = 2000
_END = ".ok"
_folder: list[str] = []


def keep_in(folder: str | None) -> None:
    """Keep marks in ``folder`` from now on; None: nowhere."""
    _folder[:] = [folder] if folder is not None else []


def is_accepted(schema: Mapping[str, Any], data: Any) -> bool:
    """Whether the very same document was accepted by the very same schema."""
    return bool(_folder) and is_private(_folder[0]) and os.path.exists(_mark(schema, data))  # noqa: PTH110


def accept(schema: Mapping[str, Any], data: Any) -> None:
    """Leave a mark, where marks are kept and can be written."""
    if not _folder:
        return
    try:
        make_private(_folder[0])
        if is_private(_folder[0]):
            write_whole(_mark(schema, data), b"")
            _leave_few(_folder[0])
    except OSError:
        return


def _mark(schema: Mapping[str, Any], data: Any) -> str:
    text = json.dumps([__version__, schema, data], sort_keys=True, default=repr)
    return os.path.join(_folder[0], hashlib.sha256(text.encode()).hexdigest() + _END)  # noqa: PTH118


def _leave_few(folder: str) -> None:
    with os.scandir(folder) as entries:
        marks = [(entry.stat().st_mtime, entry.path) for entry in entries if entry.name.endswith(_END)]
    if len(marks) > _MOST:
        for _, path in sorted(marks)[: len(marks) - _MOST // 2]:
            os.unlink(path)  # noqa: PTH108
