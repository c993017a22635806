"""The Colang files that NeMo cannot parse; of files of the other version it reads nothing."""

from __future__ import annotations

from collections.abc import Iterable

from guardlint.nemo.file_reading import FileProblem
from guardlint.source.colang import ColangFile

__all__ = ["colang_problems"]


def colang_problems(files: Iterable[ColangFile], version: object) -> list[FileProblem]:
    """``version``: ``colang_version`` as it is written in the configuration."""
    return [
        FileProblem(f"is not valid Colang {file.version}: {message}", place)
        for file in files
        if file.version == version
        for message, place in file.problems
    ]
