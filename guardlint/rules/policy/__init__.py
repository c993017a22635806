"""Rules of the family ``policy``."""

from guardlint.rules.rule import Project


def concerns(project: Project) -> bool:
    """Without a standard there is nothing to violate."""
    return project.policy is not None or bool(project.altered)
