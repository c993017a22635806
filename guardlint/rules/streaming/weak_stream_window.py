"""A stream is checked in pieces too small to hold a phrase.

What it does: works out from ``chunk_size`` and ``context_size`` how many tokens in a row the output rails are
sure to see together.

Why it matters: a phrase longer than that is never checked whole, so a rail that would block it in one piece
lets it pass in two. With a chunk of no tokens NeMo sends text twice; a negative size ends every stream.

How to fix: keep NeMo's 200 and 50, or at least a sentence of context.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.shapes import is_true
from guardlint.rules._mends import replace_value
from guardlint.rules.rule import Fix, Found, Project, Related, Rule
from guardlint.source.yaml_file import DataPath

RULE = Rule(severity="warning", confidence="high", since="0.1.0", fix="unsafe", controls=("LLM05:2025",))

_STREAMING: DataPath = ("rails", "output", "streaming")
_ENOUGH = 5
"""Tokens: about three words of English."""


def check(project: Project) -> Iterator[Found]:
    """At most one finding."""
    configuration = project.configuration
    rails = configuration.rails("output")
    if not rails or not is_true(configuration.value((*_STREAMING, "enabled"))):
        return
    chunk = _number(configuration.effective((*_STREAMING, "chunk_size")))
    context = _number(configuration.effective((*_STREAMING, "context_size")))
    if chunk is None or context is None:
        return
    name = "context_size" if context < 0 or 0 < context < chunk else "chunk_size"
    path: DataPath = (*_STREAMING, name)
    seen = _seen_together(chunk, context)
    if chunk < 0 or context < 0:
        name = "chunk_size" if chunk < 0 else "context_size"
        path = (*_STREAMING, name)
        message = f"`{name}` is negative"
        effect = "NeMo loads it, and every streamed request ends in an error"
    elif chunk == 0:
        message = "`chunk_size` is 0"
        effect = "the reader gets the same text several times"
    elif seen < _ENOUGH and not is_true(configuration.effective((*_STREAMING, "stream_first"))):
        many = "1 token" if seen == 1 else f"{seen} tokens"
        message = f"the output rails are sure to see only {many} in a row"
        effect = f"`{rails[0].flow}` never sees a longer phrase whole, and what it would block passes"
    else:
        return
    if configuration.value(path) is None:
        path = _STREAMING
    yield Found(
        message,
        configuration.place(path),
        effect,
        "write `chunk_size: 200` and `context_size: 50`, or leave them to NeMo",
        path=path,
        value=(chunk, context),
        related=(Related(rails[0].place, "this rail reads the pieces"),),
        severity="error" if chunk <= 0 or context < 0 or seen == 1 else None,
        fix=_defaults(configuration),
    )


def _defaults(configuration: Configuration) -> Fix | None:
    """NeMo's own sizes, in the place of those that are written."""
    sizes = {"chunk_size": 200, "context_size": 50}
    written = [name for name in sizes if configuration.value((*_STREAMING, name)) is not None]
    fixes = [replace_value(configuration, (*_STREAMING, name), sizes[name]) for name in written]
    made = [fix for fix in fixes if fix is not None]
    if not made or len(made) != len(fixes):
        return None
    title = "write " + " and ".join(f"`{name}: {sizes[name]}`" for name in written)
    edits = tuple(edit for fix in made for edit in fix.edits)
    return Fix(title, edits, safe=False, changes=tuple(path for fix in made for path in fix.changes))


def _seen_together(chunk: int, context: int) -> int:
    """How long a phrase may be to stand whole in one piece, wherever it begins.

    Without context, or with no less of it than a chunk, NeMo's buffer moves on by single tokens
    (nemoguardrails/rails/llm/buffer.py, 0.24.1).
    """
    return context + 1 if 0 < context < chunk else chunk + context


def _number(value: object) -> int | None:
    try:
        return int(str(value))
    except ValueError:
        return None
