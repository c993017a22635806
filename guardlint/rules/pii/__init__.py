"""Rules of the family ``pii``."""

from collections.abc import Iterator

from guardlint.rules.rule import Project
from guardlint.rules.spoken import speaks_of

_SECTION = ("rails", "config", "sensitive_data_detection")


def concerns(project: Project) -> bool:
    """Every section, rail and action for personal data has one of these words in its name."""
    return speaks_of(project, "sensitive", "pii")


def silent(project: Project) -> Iterator[str]:
    """Without a rail or action for personal data; without entities or recognizers of the team's."""
    from guardlint.nemo.taint import personal_data_steps

    configuration = project.configuration
    section = configuration.value(_SECTION)
    if not section:
        yield "entities-without-rail"
    if not any(True for _ in personal_data_steps(configuration)):
        yield from ("ignored-threshold", "missing-presidio", "pii-without-entities", "silencing-threshold")
        yield from ("broken-recognizer", "idle-recognizer", "unserved-entity")
    elif not configuration.value((*_SECTION, "recognizers")):
        yield from ("broken-recognizer", "idle-recognizer")
