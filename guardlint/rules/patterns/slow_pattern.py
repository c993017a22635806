"""A pattern of a regex rail can take minutes for one message.

What it does: looks for an unbounded repetition inside another one that can share its text with it in many
ways, before something that can fail.

Why it matters: Python tries all the ways before it gives up. Thirty letters keep the process busy for
seconds, and nobody else is served meanwhile: anyone who can write a message can stop the application.

How to fix: leave one of the two repetitions out, put a character between them that the inner one cannot
take, or set an upper bound.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.nemo.pattern_shapes import regex_patterns, repeats_of_repeats, syntax_tree
from guardlint.rules.rule import Found, Project, Rule

RULE = Rule(severity="error", confidence="high", since="0.1.0", controls=("LLM10:2025",))


def check(project: Project) -> Iterator[Found]:
    """One finding for each pattern."""
    configuration = project.configuration
    for path, pattern in regex_patterns(configuration):
        repeats = pattern.count("*") + pattern.count("+") + pattern.count(",}")
        inner = pattern.count("|") + pattern.count("?") + pattern.count("{")
        tree = syntax_tree(pattern) if repeats > 1 or (repeats and inner) else None
        if tree is not None and repeats_of_repeats(tree):
            yield Found(
                "the pattern repeats a repetition: its time doubles with every character",
                configuration.place(path),
                "a message of thirty characters that nearly matches blocks the whole process for "
                "seconds, one of forty for minutes",
                "take one of the two repetitions out, or bound it (`{1,20}`)",
                path=path,
                value=pattern,
            )
