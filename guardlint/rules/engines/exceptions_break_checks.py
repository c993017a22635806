"""Checks that cannot report a refusal, because refusals are exceptions.

What it does: reports ``enable_rails_exceptions`` where a Python file of the directory calls ``check`` or
``check_async`` of NeMo's rails.

Why it matters: with the setting, a blocked message yields an event in the place of a text. ``check_async``
makes its result from a text, and raises a ValidationError for every message that a rail blocks.

How to fix: take the setting out, or use ``generate_async`` and read the exception event.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.references import RailReference
from guardlint.nemo.shapes import is_true
from guardlint.rules._mends import remove
from guardlint.rules.rule import Found, Project, Related, Rule
from guardlint.source.files import read_text, shown_path
from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.place import Place

RULE = Rule(severity="warning", confidence="medium", since="0.1.0", fix="unsafe")

# Library flows that refuse in words whatever the setting (nemoguardrails/library/*/flows.v1.co, 0.24.1).
_REFUSE = (
    "regex ",
    "detect sensitive ",
    "mask sensitive ",
    "detect pii ",
    "mask pii ",
    "gliner ",
    "polygraf ",
    "gcpnlp ",
    "context bloat ",
)
_CALL = lazy_pattern(r"^[^#\n]*\.(check_async)\(", re.MULTILINE)


def check(project: Project) -> Iterator[Found]:
    """At most one finding."""
    configuration = project.configuration
    path = ("enable_rails_exceptions",)
    if configuration.generation != "1.0" or not is_true(configuration.value(path)):
        return
    rails = [*configuration.rails("input"), *configuration.rails("output")]
    raising = next((rail for rail in rails if _raises(configuration, rail)), None)
    call = _call(configuration) if raising is not None else None
    if raising is not None and call is not None:
        yield Found(
            "`check_async` cannot report what a rail blocks",
            configuration.place(path, key=True),
            "it raises a ValidationError for every message that a rail blocks",
            "take `enable_rails_exceptions` out, or use `generate_async`",
            path=path,
            value=True,
            fix=remove(configuration, path, safe=False),
            related=(Related(call, "called here"), Related(raising.place, "this rail makes exceptions")),
        )


def _raises(configuration: Configuration, rail: RailReference) -> bool:
    """Whether the rail makes an exception event of a refusal."""
    flow = configuration.flows.get(rail.flow)
    if flow is None:
        return rail.surface is not None and not rail.flow.startswith(_REFUSE)
    return any("Exception" in statement.text for statement in flow.statements)


def _call(configuration: Configuration) -> Place | None:
    for file in configuration.files:
        if file.path.suffix != ".py":
            continue
        try:
            text = read_text(file.path)
        except (OSError, ValueError):
            continue
        found = _CALL.search(text) if "nemoguardrails" in text else None
        if found is not None:
            line = text.count("\n", 0, found.start(1)) + 1
            column = found.start(1) - (text.rfind("\n", 0, found.start(1)) + 1) + 1
            return Place.at(shown_path(file.path), line, column, len(found[1]))
    return None
