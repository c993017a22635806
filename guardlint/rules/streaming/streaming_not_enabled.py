"""Settings of streaming without the key that switches it on.

What it does: finds a ``rails.output.streaming`` section without ``enabled: true``, and the old top-level
``streaming: true``, where output rails are listed.

Why it matters: with output rails, ``stream_async()`` refuses to start unless
``rails.output.streaming.enabled`` is true. NeMo ignores the old key.

How to fix: write ``enabled: true`` and ``stream_first: false`` under ``rails.output.streaming``.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.nemo.shapes import is_true
from guardlint.rules._mends import add, rename
from guardlint.rules.rule import Found, Project, Related, Rule
from guardlint.source.names import closest
from guardlint.source.yaml_file import DataPath

RULE = Rule(severity="warning", confidence="high", since="0.1.0", fix="safe")

_STREAMING: DataPath = ("rails", "output", "streaming")
_SETTINGS = ("chunk_size", "context_size", "stream_first")


def check(project: Project) -> Iterator[Found]:
    """At most one finding."""
    configuration = project.configuration
    rails = configuration.rails("output")
    section = configuration.value(_STREAMING)
    written = section if isinstance(section, dict) else {}
    if not rails or configuration.generation != "1.0" or "enabled" in written:
        return  # false is a decision
    misspelt = next((name for name in written if closest(str(name), ("enabled",)) or name == "enable"), None)
    path: DataPath
    if misspelt is not None:
        path = (*_STREAMING, misspelt)
        message = f"`{misspelt}` does not switch streaming on"
        mend = "write `enabled`"
    elif any(name in written for name in _SETTINGS):
        path = _STREAMING
        message = "`rails.output.streaming` has settings and is not switched on"
        mend = "add `enabled: true`, or take the section out"
    elif is_true(configuration.value(("streaming",))):
        path = ("streaming",)
        message = "NeMo ignores the top-level `streaming`"
        mend = "write `enabled: true` and `stream_first: false` under `rails.output.streaming`"
    else:
        return
    yield Found(
        message,
        configuration.place(path, key=True),
        f"`stream_async()` raises an error, because `{rails[0].flow}` is an output rail and "
        "`rails.output.streaming.enabled` is not true",
        mend,
        path=path,
        value=str(path[-1]),
        related=(Related(rails[0].place, "an output rail"),),
        confidence="medium" if path == ("streaming",) else None,
        since_nemo="0.18",
        fix=rename(configuration, path, "enabled")
        if misspelt is not None
        else add(configuration, (*path, "enabled"), True, safe=False)
        if path == _STREAMING
        else None,
    )
