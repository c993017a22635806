"""``python -m guardlint.pii PACKAGE``: the digest by which a company names its model (``ModelSpec``)."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from guardlint.pii.model_spec import digest_of, folder_of

__all__ = ["main"]


def main(arguments: Sequence[str]) -> int:
    """Print the digest of an installed spaCy model.  0: done, 1: there is none, 2: a wrong call."""
    if len(arguments) != 1:
        print("usage: python -m guardlint.pii PACKAGE", file=sys.stderr)
        return 2
    folder = folder_of(arguments[0])
    if folder is None:
        print(f"{arguments[0]} is no installed spaCy model", file=sys.stderr)
        return 1
    print(digest_of(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
