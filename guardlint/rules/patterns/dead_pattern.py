"""A pattern of a regex rail cannot match what it was written for.

What it does: looks at each pattern as YAML gives it to NeMo: a backspace where ``\\b`` was meant, a line
break at its end, a doubled backslash, slashes of another language, text behind ``$`` or before ``^``; and a
pattern that matches the empty text. A number, a code or an address between ``^`` and ``$`` is a warning: a
message that is nothing else still matches.

Why it matters: the pattern loads, matches nothing, and the rail lets the text pass that it is there to stop.
One that matches the empty text refuses every message.

How to fix: write patterns in single quotes, as Python would have them in ``r"…"``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.meant_patterns import meant_pattern
from guardlint.nemo.pattern_ends import finds_data_alone
from guardlint.nemo.pattern_shapes import (
    Tree,
    matches_everything,
    never_matches,
    regex_patterns,
    repeats_of_repeats,
    syntax_tree,
)
from guardlint.rules._mends import requote
from guardlint.rules.rule import Found, Project, Rule
from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.yaml_file import DataPath

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="safe", controls=("LLM01:2025",))

_NOTHING = "the pattern matches no text that people write: what it should stop passes"
# A literal backslash before the letter of a class, where the letter cannot begin a word of its own.
_DOUBLED = lazy_pattern(
    r"^(?:\(\?[aimsux]+\))?\\\\[bBAdDwWsS]|[(|]\\\\[bBdDwWsS]|\\\\[dDwWsS](?:[+*?{]|$|[)\]|\-.\\]| )"
    r"|\\\\[bBZ](?:$|[)|])|\\\\\.(?!\*|\+)",
    needs=("\\\\",),
)
_POSIX = lazy_pattern(r"\[\^?\[:(?:alpha|digit|alnum|upper|lower|space|punct|xdigit|word):\]", needs=("[:",))
_RAW = lazy_pattern(r"r(?P<quote>['\"]).+(?P=quote)", re.DOTALL, needs=("r'", 'r"'))
_SLASHES = lazy_pattern(r"/(?P<inside>.+)/[gimsuy]{1,5}", re.DOTALL, needs=("/",))


def check(project: Project) -> Iterator[Found]:
    """One finding for each pattern."""
    configuration = project.configuration
    for path, pattern in regex_patterns(configuration):
        tree = syntax_tree(pattern)
        fault = _fault(configuration, path, pattern, tree)
        if fault is None:
            # A pattern that takes for ever has a rule of its own.
            if tree is not None and finds_data_alone(tree) and not repeats_of_repeats(tree):
                yield _anchored(configuration, path, pattern)
            continue
        message, at_run_time, mend = fault
        yield Found(
            message,
            configuration.place(path),
            at_run_time,
            mend,
            path=path,
            value=pattern,
            fix=requote(configuration, path, meant_pattern(pattern)),
        )


def _anchored(configuration: Configuration, path: DataPath, pattern: str) -> Found:
    return Found(
        "the pattern asks for a text that is nothing else: it begins with `^` and ends with `$`",
        configuration.place(path),
        "NeMo searches the whole text; the same data among other words passes",
        "write `\\b` in the place of `^` and `$`",
        path=path,
        value=pattern,
        severity="warning",
        confidence="medium",
    )


def _fault(
    configuration: Configuration, path: DataPath, pattern: str, tree: Tree | None
) -> tuple[str, str, str] | None:
    if "\b" in pattern:
        return (
            "the pattern holds a backspace: in double quotes `\\b` is one",
            _NOTHING,
            "write the pattern in single quotes",
        )
    verbose = re.match(r"\(\?[a-z]*x", pattern) is not None
    if pattern.endswith("\n") and not verbose and not _is_quoted(configuration, path):
        return (
            "the pattern ends with a line break, which the text must hold as well",
            _NOTHING,
            "write the pattern in single quotes, or behind `>-` or `|-`",
        )
    if re.search(r"\n[ \t]*\||\|[ \t]*\n", pattern) and not verbose and not _is_quoted(configuration, path):
        return (
            "the pattern holds line breaks beside `|`, which the text must hold as well",
            _NOTHING,
            "write the alternatives on one line, or begin the pattern with `(?x)`",
        )
    if _DOUBLED.search(pattern):
        return (
            "the pattern asks for a backslash: without double quotes `\\\\` stays two",
            _NOTHING,
            "write each backslash once",
        )
    if _POSIX.search(pattern):
        return (
            "the pattern uses a class such as `[:digit:]`, which Python does not have",
            _NOTHING,
            "write `\\d`, `\\w`, `\\s` or `[a-z]`",
        )
    if _RAW.fullmatch(pattern):
        return (
            "the pattern begins with the mark of a Python string, which the text must hold as well",
            _NOTHING,
            "take the `r` and the inner quotes out",
        )
    if _SLASHES.fullmatch(pattern):
        return (
            "the pattern stands between slashes, which the text must hold as well",
            _NOTHING,
            "take the slashes out; `case_insensitive: true` stands beside `patterns`",
        )
    if tree is None:
        return None
    if matches_everything(tree):
        return (
            "the pattern matches the empty text",
            "it matches every text: NeMo refuses every one",
            "take the empty alternative out, or ask for one character at least",
        )
    # A pattern that takes for ever has a rule of its own.
    reason = None if repeats_of_repeats(tree) else never_matches(tree)
    if reason is not None:
        return f"the pattern asks for {reason}", _NOTHING, "write `\\$` or `\\^` where the character is meant"
    return None


def _is_quoted(configuration: Configuration, path: DataPath) -> bool:
    """Whether the pattern is written in quotes, where a line break is no accident."""
    place = configuration.place(path)
    lines = configuration.texts.get(place.file, "").removeprefix("\ufeff").split("\n")
    line = lines[place.line - 1] if place.line <= len(lines) else ""
    return line[place.column - 1 : place.column] in ("'", '"')
