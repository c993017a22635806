"""The team's own Python: actions that are not there, that never block, or that nobody can call."""

from collections.abc import Iterator

from guardlint.rules.rule import Project


def silent(project: Project) -> Iterator[str]:
    """Without Python files, or without an action in them, or without a flow that could run one."""
    configuration = project.configuration
    if not configuration.python_files:
        yield from ("unknown-context-key", "unloadable-actions")
    elif not any("context" in configuration.texts.get(file.file, "") for file in configuration.python_files):
        yield "unknown-context-key"
    if not configuration.actions:
        yield "replaced-action"
    if not configuration.read_colang:
        yield "unknown-action"
    if not configuration.actions or not configuration.read_colang:
        yield from ("always-true-verdict", "fail-open-action", "wrong-action-arguments")
