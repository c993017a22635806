"""What decides which of two files NeMo reads last, in words for a finding."""

from __future__ import annotations

from guardlint.nemo.configuration import Configuration
from guardlint.source.files import shown_path

__all__ = ["order_words"]


def order_words(configuration: Configuration, one: str, other: str) -> str:
    """Empty where a folder stands above the other, or an import is read after all else; ``one``: shown path.

    Files of one folder, and folders side by side, NeMo takes as the disk gives them.
    """
    stands = {shown_path(file.path): (file.source, file.folders) for file in configuration.files}
    if one not in stands or other not in stands:
        return ""
    (source, first), (other_source, second) = stands[one], stands[other]
    if source != other_source or _is_above(first, second) or _is_above(second, first):
        return ""
    return "; which of the two is last is the order of the disk, and differs between machines"


def _is_above(folder: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return len(folder) < len(other) and other[: len(folder)] == folder
