"""Where NeMo's parsers stop: the first error of a Colang file of either version.

Certain facts only: a file that NeMo parses has none. ``tests/source/test_colang_errors.py`` holds both
readers against NeMo's, file by file and mutation by mutation.
"""

from __future__ import annotations

from typing import Literal

from guardlint.source.colang_1_examples import SaidText
from guardlint.source.place import Place

__all__ = ["Problem", "read_exactly", "syntax_problems"]

Problem = tuple[str, Place]


def syntax_problems(text: str, file: str, version: Literal["1.0", "2.x"]) -> tuple[Problem, ...]:
    """The message and the place of the error at which NeMo's parser of that version stops, or nothing."""
    return read_exactly(text, file, version)[0]


def read_exactly(
    text: str, file: str, version: Literal["1.0", "2.x"]
) -> tuple[tuple[Problem, ...], list[SaidText]]:
    """The error, and what NeMo takes for said by user and bot in a Colang 1.0 file without one."""
    said: list[SaidText] = []
    if version == "2.x":
        from guardlint.source.colang_2_syntax import syntax_error_2

        error = syntax_error_2(text)
    else:
        from guardlint.source.colang_1_syntax import read_colang_1

        error, said = read_colang_1(text)
    if error is None:
        return (), said
    message, line, column = error
    return ((message, Place.at(file, line, column)),), []
