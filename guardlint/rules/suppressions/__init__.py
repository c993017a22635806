"""Rules about suppressions: comments and the baseline."""

from guardlint.rules.rule import Project


def concerns(project: Project) -> bool:
    """Where no file speaks of guardlint there is no comment."""
    return any("uardlint" in text for text in project.configuration.texts.values())
