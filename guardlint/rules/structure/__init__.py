"""Rules of the family ``structure``."""

from collections.abc import Iterator

from guardlint.rules.rule import Project


def silent(project: Project) -> Iterator[str]:
    """By the files that there are, and what joining them has brought to light."""
    configuration = project.configuration
    if not configuration.joined.replaced:
        yield from ("replaced-rails", "replaced-section")
    if len(configuration.read_colang) < 2:
        yield from ("duplicate-flow", "duplicate-message")
    if not any(file.version != configuration.generation for file in configuration.colang_files):
        yield "skipped-file"
    if not any(file.kind == "ignored" for file in configuration.files):
        yield "ignored-file"
    if not configuration.problems:
        yield "unreadable-file"
    if not configuration.value(("instructions",)):
        yield "ignored-instruction"
    if not configuration.name.rpartition(":")[0].endswith(".py"):
        yield "neighbours-ignored"
    sections = configuration.value(("rails", "config"))
    if not isinstance(sections, dict) or None not in sections.values():
        yield "null-section"
