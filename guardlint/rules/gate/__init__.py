"""Rules about changes: what a gate says beside what a check says."""

from guardlint.rules.rule import Project


def concerns(project: Project) -> bool:  # noqa: ARG001
    """Never in a check: it takes two states to see one."""
    return False
