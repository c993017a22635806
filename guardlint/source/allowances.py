"""``# guardlint: allow[rule-id] until=2027-03-31 -- reason`` in YAML, Colang and Python files.

Behind a line's text the comment speaks of that line, on a line of its own of the next one that is neither
blank nor a comment.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from datetime import date

from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.place import Place
from guardlint.source.record import record

__all__ = ["Allowance", "allowances_of"]

_MARK = lazy_pattern(r"#\s*guardlint\s*:", re.IGNORECASE)
_FORM = lazy_pattern(
    r"#\s*guardlint\s*:\s*allow\s*\[(?P<rules>[^\]]*)\]"
    r"(?:\s+until\s*=\s*(?P<until>\S+))?(?P<rest>.*)$"
)
_SHAPE = "`# guardlint: allow[rule-id] until=2027-03-31 -- reason`"


@record
class Allowance:
    """One comment. ``place`` is the whole comment's, ``line`` the line that it speaks of.

    ``rules`` are the ids with their places. ``problem`` says why the comment counts for nothing; it is then
    never applied.
    """

    place: Place
    line: int
    rules: tuple[tuple[str, Place], ...] = ()
    until: date | None = None
    reason: str = ""
    problem: str | None = None


def allowances_of(text: str, file: str) -> Iterator[Allowance]:
    """Every such comment of a file, in order; what only looks like one in a quoted text is none."""
    if "uardlint" not in text or not _MARK.search(text):
        return
    lines = text.removeprefix("\ufeff").split("\n")
    for number, column in _comments(text, file, lines):
        comment = lines[number][column:].rstrip()
        if _MARK.match(comment):
            alone = not lines[number][:column].strip()
            yield _allowance(
                comment, file, number, column, _next_line(lines, number) if alone else number + 1
            )


def _allowance(comment: str, file: str, number: int, column: int, line: int) -> Allowance:
    place = Place.at(file, number + 1, column + 1, len(comment))
    form = _FORM.match(comment)
    if form is None:
        return Allowance(place, line, problem=f"is not written {_SHAPE}")
    start = column + form.start("rules") + 1
    rules = tuple(
        (match[0], Place.at(file, number + 1, start + match.start(), len(match[0])))
        for match in re.finditer(r"[^\s,]+", form["rules"])
    )
    rest = form["rest"].strip()
    reason = rest.removeprefix("--").strip() if rest.startswith("--") else ""
    until, problem = None, None
    if form["until"] is not None:
        try:
            until = date.fromisoformat(form["until"])
        except ValueError:
            problem = f"ends on `{form['until']}`, which is no date such as 2027-03-31"
    if not rules:
        problem = "names no rule"
    elif problem is None and not reason:
        problem = "gives no reason" if not rest or rest == "--" else f"is not written {_SHAPE}"
    return Allowance(place, line, rules, until, reason, problem)


def _next_line(lines: list[str], number: int) -> int:
    for index in range(number + 1, len(lines)):
        if lines[index].strip() and not lines[index].strip().startswith("#"):
            return index + 1
    return number + 1


def _comments(text: str, file: str, lines: list[str]) -> Iterator[tuple[int, int]]:
    """Line and column (from 0) of the comments that may be one of ours."""
    if file.endswith(".py"):
        try:
            for token in tokenize.generate_tokens(io.StringIO(text.removeprefix("\ufeff")).readline):
                if token.type == tokenize.COMMENT and _MARK.match(token.string):
                    yield token.start[0] - 1, token.start[1]
        except (tokenize.TokenError, SyntaxError, IndentationError):
            return
        return
    spans = _yaml_texts(text) if file.endswith((".yml", ".yaml")) else None
    in_docstring = False
    for number, line in enumerate(lines):
        if spans is None and line.count('"""') % 2:
            in_docstring = not in_docstring
            continue
        for match in _MARK.finditer(line):
            at = match.start()
            if at and not line[at - 1].isspace():
                continue
            if spans is not None:
                quoted = any(first <= (number, at) < last for first, last in spans)
            else:
                quoted = in_docstring or line[:at].count('"') % 2 == 1
            if not quoted:
                yield number, at
                break


def _yaml_texts(text: str) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Where the scalars of a YAML text stand, from (line, column) to (line, column)."""
    from guardlint.source.pyyaml import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found = []
    try:
        for token in yaml.scan(text, Loader=loader):
            if isinstance(token, yaml.ScalarToken):
                start, end = token.start_mark, token.end_mark
                first = (start.line + 1, 0) if token.style in ("|", ">") else (start.line, start.column)
                found.append((first, (end.line, end.column)))
    except yaml.YAMLError:
        return found
    return found
