"""Code that NeMo runs switches on logs that hold prompts and answers.

What it does: looks in ``config.py`` and the actions for NeMo's verbose mode and for NeMo's or the root logger
set to debug.

Why it matters: NeMo's verbose and debug logs hold every prompt and every answer in clear, what the masking
rails take out of them included.

How to fix: take the line out; switch it on where somebody looks for a fault, with test data.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from guardlint.rules._text_mends import remove_line
from guardlint.rules.rule import Found, Project, Rule
from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.place import Place

RULE = Rule(severity="warning", confidence="medium", since="0.1.0", fix="unsafe", controls=("LLM02:2025",))

_VERBOSE = lazy_pattern(
    r"\bset_verbose\(\s*True|\b(?:LLMRails|Guardrails|RunnableRails)\([^)\n]*\bverbose\s*=\s*True|"
    r"\bgetLogger\(\s*(?:[\"']nemoguardrails[\w.]*[\"'])?\s*\)\.setLevel\(\s*(?:logging\.|[\"'])DEBUG|"
    r"\bbasicConfig\([^)\n]*\blevel\s*=\s*(?:logging\.|[\"'])DEBUG"
)


def check(project: Project) -> Iterator[Found]:
    """One finding for each line."""
    configuration = project.configuration
    for file in configuration.python_files:
        text = configuration.texts.get(file.file, "")
        if "DEBUG" not in text and "verbose" not in text:
            continue
        for number, line in enumerate(text.split("\n"), 1):
            match = _VERBOSE.search(line.partition("#")[0])
            if match is not None:
                place = Place.at(file.file, number, match.start() + 1, len(match[0]))
                yield Found(
                    "the logs hold prompts and answers",
                    place,
                    "NeMo writes every prompt and answer to the log in clear, personal data included",
                    "take the line out",
                    value=match[0],
                    fix=remove_line(configuration, place, f"take line {number} out", safe=False)
                    if _is_all(line) and _reads_without(text, number)
                    else None,
                )


def _is_all(line: str) -> bool:
    """Whether the line is one call that nothing depends on."""
    return re.fullmatch(r"\s*[\w.]*(?:set_verbose|getLogger|basicConfig)\(.*\)\s*", line) is not None


def _reads_without(text: str, number: int) -> bool:
    """Whether Python can still read the file: the line may be all that a function does."""
    lines = text.removeprefix("\ufeff").split("\n")
    try:
        ast.parse("\n".join([*lines[: number - 1], *lines[number:]]))
    except (SyntaxError, ValueError):
        return False
    return True
