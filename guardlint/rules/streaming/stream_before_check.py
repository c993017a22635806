"""Streamed answers leave before the output rails have seen them.

What it does: reports output rails with streaming switched on and ``stream_first`` true, its default.

Why it matters: NeMo sends each chunk on and checks it afterwards. The reader has the forbidden words
already; what follows is an error object in the middle of the stream.

How to fix: set ``stream_first: false`` under ``rails.output.streaming``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.loading import refusals
from guardlint.nemo.shapes import is_true
from guardlint.rules._mends import add, rename, replace_value
from guardlint.rules.rule import Fix, Found, Project, Related, Rule
from guardlint.source.names import closest
from guardlint.source.yaml_file import DataPath

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="safe", controls=("LLM05:2025",))

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
    if any("rewrites the answer" in refusal.message for refusal in refusals(configuration)):
        return  # it is refused for the same two settings: does-not-load says so
    path = first if written is not None else _STREAMING
    misspelt = _misspelt(configuration.value(_STREAMING), configuration.catalogue.key(_STREAMING) or {})
    if misspelt is not None:
        path = (*_STREAMING, misspelt)
    yield Found(
        "answers are streamed before the output rails check them"
        + (f": `{misspelt}` is not `stream_first`" if misspelt is not None else ""),
        configuration.place(path, key=True),
        f"the reader gets each chunk before `{rails[0].flow}` has seen it; a violation only ends the stream",
        "set `stream_first: false` under `rails.output.streaming`"
        if misspelt is None
        else f"write `stream_first` in place of `{misspelt}`",
        path=path,
        value=written,
        related=(Related(rails[0].place, "this rail comes too late"),),
        # Written out, it is a decision that somebody took; left out, it is NeMo's default.
        severity="warning" if written is not None else None,
        fix=_mend(configuration, first, misspelt),
    )


def _mend(configuration: Configuration, first: DataPath, misspelt: str | None) -> Fix | None:
    """What somebody wrote out was a decision; NeMo's default was none."""
    if configuration.value(first) is not None:
        return replace_value(configuration, first, False, safe=False)
    if misspelt is None:
        return add(configuration, first, False)
    off = configuration.value((*_STREAMING, misspelt)) is False
    return rename(configuration, (*_STREAMING, misspelt), "stream_first") if off else None


def _misspelt(section: Any, node: dict[str, Any]) -> str | None:
    """A key that was meant to be ``stream_first``. NeMo keeps every key here and says nothing."""
    known = node.get("keys", {})
    for name in section if isinstance(section, dict) else ():
        if name not in known and closest(str(name), known) == "stream_first":
            return str(name)
    return None
