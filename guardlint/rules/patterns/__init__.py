"""Rules of the family ``patterns``."""

from guardlint.nemo.pattern_shapes import regex_patterns
from guardlint.rules.rule import Project


def concerns(project: Project) -> bool:
    """Where there is a pattern."""
    return any(True for _ in regex_patterns(project.configuration))
