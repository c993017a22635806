"""Colang 2.x: what its runtime passes over without a word."""

from guardlint.rules.rule import Project


def concerns(project: Project) -> bool:
    """Nothing else is read by that runtime."""
    return project.configuration.generation == "2.x"
