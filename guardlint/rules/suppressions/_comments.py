"""Changes to a comment that suppresses."""

from __future__ import annotations

from guardlint.nemo.configuration import Configuration
from guardlint.rules.rule import Fix
from guardlint.source.allowances import Allowance
from guardlint.source.edits import Edit
from guardlint.source.place import Place

__all__ = ["respelt", "without_rule"]


def respelt(configuration: Configuration, allowance: Allowance, place: Place, meant: str) -> Fix:
    """The rule at ``place`` of the comment by its right name."""
    comment = _comment(configuration, allowance)
    return Fix(f"write `{meant}`", (Edit(place, meant),), comments=(comment,))


def without_rule(configuration: Configuration, allowance: Allowance, name: str) -> Fix:
    """The comment without one of its rules, or the line without the comment."""
    comment, place = _comment(configuration, allowance), allowance.place
    others = [rule for rule, _ in allowance.rules if rule != name]
    if others:
        before, _, rest = comment.partition("[")
        new = f"{before}[{', '.join(others)}]{rest.partition(']')[2]}"
        return Fix(f"take `{name}` out of the comment", (Edit(place, new),), comments=(comment,))
    lines = _lines(configuration, place.file)
    line = lines[place.line - 1]
    before = line[: place.column - 1].rstrip()
    if before or place.line == len(lines):
        gone = Place(place.file, place.line, len(before) + 1, place.line, len(line) + 1)
    else:
        gone = Place(place.file, place.line, 1, place.line + 1, 1)
    return Fix("take the comment out", (Edit(gone, ""),), comments=(comment,))


def _comment(configuration: Configuration, allowance: Allowance) -> str:
    place = allowance.place
    line = _lines(configuration, place.file)[place.line - 1]
    return line[place.column - 1 :].rstrip()


def _lines(configuration: Configuration, file: str) -> list[str]:
    return configuration.texts[file].removeprefix("\ufeff").split("\n")
