"""Reading audit files line by line, however long they are."""

from __future__ import annotations

import contextlib
import os
import zlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final

from guardlint.errors import GuardlintError
from guardlint.guard.audit_chain import Record, parse
from guardlint.guard.audit_names import open_file
from guardlint.guard.audit_open import LogFile, opened

__all__ = ["lines_of", "records_of"]

_LONGEST: Final = 1 << 20  # no record comes near; a file without line ends is not read whole


def lines_of(file: LogFile) -> Iterator[tuple[int, bytes]]:
    """Number and content of every line that is not empty.  Raises GuardlintError when it cannot be read."""
    number, left = 0, file.size
    try:
        with _stream(file) as stream:
            while line := stream.readline(_LONGEST if file.stream is None else min(_LONGEST, left)):
                number, left = number + 1, left - len(line)
                while not line.endswith(b"\n") and len(line) >= _LONGEST:
                    more = stream.readline(_LONGEST)
                    left -= len(more)
                    if not more or more.endswith(b"\n"):
                        break
                left = max(0, left)
                if line := line.rstrip(b"\r\n"):
                    yield number, line
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or "it is damaged"
        raise GuardlintError(f"cannot read: {reason}", place=file.path.as_posix()) from None


def records_of(paths: Iterable[str | os.PathLike[str]]) -> Iterator[Record]:
    """Every whole record of the files that ``paths`` mean, in the order of the files; nothing is verified."""
    with opened(paths) as files:
        for file in files:
            for _, line in lines_of(file):
                record = parse(line)
                if record is not None:
                    yield record


def _stream(file: LogFile) -> contextlib.AbstractContextManager[BinaryIO]:
    """The file from its beginning; one that was open before stays so."""
    if file.stream is None:
        return open_file(file.path)
    file.stream.seek(0)
    return contextlib.nullcontext(file.stream)
