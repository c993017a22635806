"""Rules of the family ``colang``."""

from collections.abc import Iterator

from guardlint.rules.rule import Project

# They look at flows of Colang 1.0 only, and the others only at those that run as rails.
_OLD = (
    *("hollow-flow", "incomplete-library-call", "unevaluated-argument", "unnamed-message"),
    *("undefined-message", "unreadable-condition"),
)
_OF_RAILS = (
    *("blind-rail", "never-set-variable", "parallel-without-stop", "stale-message"),
    *("unheeded-verdict", "woken-library-flow"),
)


def silent(project: Project) -> Iterator[str]:
    """By the language, the kinds of flows that there are, and what stands in them."""
    configuration = project.configuration
    rails = [rail for rail in configuration.all_rails() if rail.flow in configuration.flows]
    if configuration.generation != "1.0":
        yield from (*_OLD, *_OF_RAILS, "unchecked-answer", "unknown-intent")
        return
    if not configuration.flows:
        yield from (*_OLD, "old-style-outcome", "unchecked-answer", "unknown-intent")
    if not rails:
        yield from (*_OF_RAILS, "inverted-verdict")
    if not configuration.user_messages:
        yield "unknown-intent"
    if not configuration.rails("output"):
        yield "unchecked-answer"
    if not any(configuration.value(("rails", way, "parallel")) for way in ("input", "output")):
        yield "parallel-without-stop"
