"""Reading audit files line by line, however long they are."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from guardlint.errors import GuardlintError
from guardlint.guard.audit_chain import Record, parse
from guardlint.guard.audit_names import files_of, open_file

__all__ = ["lines_of", "records_of"]

_LONGEST: Final = 1 << 20  # no record comes near; a file without line ends is not read whole


def lines_of(path: Path) -> Iterator[tuple[int, bytes]]:
    """Number and content of every line that is not empty.  Raises GuardlintError when it cannot be read."""
    number = 0
    try:
        with open_file(path) as stream:
            while line := stream.readline(_LONGEST):
                number += 1
                while not line.endswith(b"\n") and len(line) >= _LONGEST:
                    more = stream.readline(_LONGEST)
                    if not more or more.endswith(b"\n"):
                        break
                if line := line.rstrip(b"\r\n"):
                    yield number, line
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or "it is damaged"
        raise GuardlintError(f"cannot read: {reason}", place=path.as_posix()) from None


def records_of(paths: Iterable[str | os.PathLike[str]]) -> Iterator[Record]:
    """Every whole record of the files that ``paths`` mean, in the order of the files; nothing is verified."""
    for path in files_of(paths):
        for _, line in lines_of(path):
            record = parse(line)
            if record is not None:
                yield record
