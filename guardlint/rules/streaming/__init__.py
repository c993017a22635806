"""Rules of the family ``streaming``."""

from guardlint.rules.rule import Project


def concerns(project: Project) -> bool:
    """Where nothing is set about streaming, nothing is streamed."""
    value = project.configuration.value
    return bool(value(("rails", "output", "streaming"))) or bool(value(("streaming",)))
