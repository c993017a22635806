"""Streamed answers leave before the output rails have seen them.

What it does: reports output rails with streaming switched on and ``stream_first`` true, its default.

Why it matters: NeMo sends each chunk on and checks it afterwards. The reader has the forbidden words
already; what follows is an error object in the middle of the stream.

How to fix: set ``stream_first: false`` under ``rails.output.streaming``.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.nemo.shapes import is_true
from guardlint.rules.rule import Found, Project, Related, Rule
from guardlint.source.yaml_file import DataPath

RULE = Rule(severity="error", confidence="high", since="0.1.0", controls=("LLM05:2025",))

_STREAMING: DataPath = ("rails", "output", "streaming")


def check(project: Project) -> Iterator[Found]:
    """At most one finding."""
    configuration = project.configuration
    rails = configuration.rails("output")
    first: DataPath = (*_STREAMING, "stream_first")
    written = configuration.value(first)
    if not is_true(configuration.value((*_STREAMING, "enabled"))) or not rails:
        return
    if not is_true(configuration.effective(first)):
        return
    path = first if written is not None else _STREAMING
    yield Found(
        "answers are streamed before the output rails check them",
        configuration.place(path, key=True),
        f"the reader gets each chunk before `{rails[0].flow}` has seen it; a violation only ends the stream",
        "set `stream_first: false` under `rails.output.streaming`",
        path=path,
        value=written,
        related=(Related(rails[0].place, "this rail comes too late"),),
        # Written out, it is a decision that somebody took; left out, it is NeMo's default.
        severity="warning" if written is not None else None,
    )
