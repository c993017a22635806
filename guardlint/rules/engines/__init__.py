"""What one of NeMo's engines runs and the other does not."""

from collections.abc import Iterator

from guardlint.rules.rule import Project


def silent(project: Project) -> Iterator[str]:
    """By the settings and rails that the rules are about."""
    configuration = project.configuration
    if not configuration.value(("enable_rails_exceptions",)):
        yield "exceptions-break-checks"
    if not configuration.value(("passthrough",)):
        yield "lost-instructions"
    if not configuration.rails("tool_input") and not configuration.rails("tool_output"):
        yield "tool-rail-without-engine"
    if not any(file.path.suffix == ".py" for file in configuration.files):
        yield "lost-under-iorails"
