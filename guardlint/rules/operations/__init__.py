"""Tracing, logs and settings of a running service."""

from collections.abc import Iterator

from guardlint.rules.rule import Project


def silent(project: Project) -> Iterator[str]:
    """Without ``tracing``, and without code that speaks of logs."""
    configuration = project.configuration
    if not configuration.value(("tracing",)):
        yield from ("content-capture", "tracing-breaks-requests", "tracing-goes-nowhere")
    code = [configuration.texts.get(file.file, "") for file in configuration.python_files]
    if not any("DEBUG" in text or "verbose" in text for text in code):
        yield "verbose-logging"
