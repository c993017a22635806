"""Rules of the family ``inert``."""

from collections.abc import Iterator

from guardlint.rules.rule import Project
from guardlint.rules.spoken import speaks_of


def silent(project: Project) -> Iterator[str]:
    """By the sections that are written, and the entries of the lists of rails."""
    configuration = project.configuration
    value = configuration.value
    if not any(value(("rails", direction, "parallel")) for direction in ("input", "output")):
        yield from ("endless-parallel-rail", "parallel-rewrite")
    if not any("$" in rail.text or "(" in rail.text for rail in configuration.all_rails()):
        yield "unread-parameter"
    if not value(("rails", "config")):
        yield "unlisted-rail"
        if not value(("rails", "dialog")):
            yield "weak-rail-setting"
    library = configuration.catalogue.flows(configuration.generation)
    armed = any(library.get(rail.flow, {}).get("armed_by") for rail in configuration.all_rails())
    if not armed and not speaks_of(project, "check_facts", "check_hallucination"):
        yield "unarmed-rail"
