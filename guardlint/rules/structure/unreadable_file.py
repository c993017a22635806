"""A file of the configuration cannot be read.

What it does: reports files that are not UTF-8, not valid YAML, empty, no mapping, hostile (alias bombs,
bottomless nesting), not valid Colang of the version that NeMo reads, or not valid Python.

Why it matters: NeMo stops at the first such YAML or Colang file, often with a message that names no file; a
broken ``actions.py`` costs one line in the log and every action in it.

How to fix: mend the file, or move it out of the configuration's directory.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.rules.rule import Found, Project, Rule

RULE = Rule(severity="error", confidence="high", since="0.1.0")


def check(project: Project) -> Iterator[Found]:
    """One finding for each file."""
    for problem in project.configuration.problems:
        yield Found(
            f"the file {problem.message}",
            problem.place,
            "NeMo refuses to load the whole configuration"
            if problem.at_load
            else "NeMo logs one error line and goes on without the actions of this file",
            problem.help or "mend the file, or move it out of the configuration's directory",
            value=problem.message,
        )
