"""Reads the files of several configurations kind by kind: all YAML, then all Colang, then all Python.

Each kind has readers of its own, and they do not fit into the processor's memory together. File by file every
one of them is fetched anew, which takes a third of the time that reading takes.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from guardlint.nemo.file_reading import FileProblem, ReadFile, read_python, read_yaml, text_of_file
from guardlint.nemo.walk import WalkedFile, walk
from guardlint.source.colang import parse_each
from guardlint.source.record import record

__all__ = ["ReadAhead", "read_ahead"]


@record
class ReadAhead:
    """The files of one directory in NeMo's order, and by the path what was read of them."""

    files: tuple[WalkedFile, ...]
    read: dict[str, ReadFile]


def read_ahead(roots: Iterable[Path]) -> dict[Path, ReadAhead]:
    """The files of directories that lie side by side; each is read once, and what it imports is not."""
    found = {root: ReadAhead(walk(root), {}) for root in roots}
    texts: dict[str, list[tuple[dict[str, ReadFile], WalkedFile, str, str, list[FileProblem]]]]
    texts = {"yaml": [], "colang": [], "python": []}
    for one in found.values():
        for file in one.files:
            if file.kind not in texts:
                continue
            problems: list[FileProblem] = []
            text = text_of_file(file, file.shown, problems)
            if text is None:
                one.read[file.name] = None, None, problems
            else:
                texts[file.kind].append((one.read, file, file.shown, text, problems))
    for read, file, shown, text, problems in texts["yaml"]:
        read[file.name] = text, read_yaml(text, shown, problems), problems
    outlines = parse_each([(text, shown) for _, _, shown, text, _ in texts["colang"]])
    for (read, file, _, text, problems), outline in zip(texts["colang"], outlines, strict=True):
        read[file.name] = text, outline, problems
    for read, file, shown, text, problems in texts["python"]:
        read[file.name] = text, read_python(text, shown, problems), problems
    return found
