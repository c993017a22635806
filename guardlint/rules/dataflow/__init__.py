"""Rules about where a text goes before it is masked."""

from guardlint.rules.rule import Project
from guardlint.rules.spoken import speaks_of


def concerns(project: Project) -> bool:
    """Something has to mask: NeMo's actions say so in their names, and the team's are known by them."""
    return speaks_of(project, "mask", "redact", "anonymi", "pseudonymi", "scrub")
