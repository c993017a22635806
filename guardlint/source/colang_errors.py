"""Where NeMo's parsers stop: the first error of a Colang file of either version.

Certain facts only: a file that NeMo parses has none. ``tests/source/test_colang_errors.py`` holds both
readers against NeMo's, file by file and mutation by mutation.
"""

from __future__ import annotations

from typing import Literal

from guardlint.source.place import Place

__all__ = ["Problem", "syntax_problems"]

Problem = tuple[str, Place]


def syntax_problems(text: str, file: str, version: Literal["1.0", "2.x"]) -> tuple[Problem, ...]:
    """The message and the place of the error at which NeMo's parser of that version stops, or nothing."""
    if version == "2.x":
        from guardlint.source.colang_2_syntax import syntax_error_2

        error = syntax_error_2(text)
    else:
        from guardlint.source.colang_1_syntax import syntax_error_1

        error = syntax_error_1(text)
    if error is None:
        return ()
    message, line, column = error
    return ((message, Place.at(file, line, column)),)
