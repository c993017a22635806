"""Tracing is set up in a way that ends every request with an error.

What it does: reports tracing switched on with Colang 2.x, and a ``span_format`` that NeMo does not know.

Why it matters: to trace, NeMo asks itself for a log that it does not have for Colang 2.x, and raises an error
for every message. The span format is looked at only when the answer is there, and then the request fails.

How to fix: switch tracing off, or write ``opentelemetry`` or ``legacy``.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.nemo.shapes import is_true
from guardlint.rules._mends import is_slip, replace_value
from guardlint.rules.rule import Found, Project, Rule
from guardlint.source.names import closest
from guardlint.source.yaml_file import DataPath

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="safe")

_FORMATS = ("legacy", "opentelemetry")


def check(project: Project) -> Iterator[Found]:
    """At most one finding."""
    configuration = project.configuration
    enabled: DataPath = ("tracing", "enabled")
    if not is_true(configuration.value(enabled)):
        return
    if configuration.generation == "2.x":
        yield Found(
            "tracing does not work with Colang 2.x",
            configuration.place(enabled),
            "every request ends in an error: NeMo has no log of Colang 2.x to make spans of",
            "write `enabled: false` under `tracing`",
            path=enabled,
            value=True,
            fix=replace_value(configuration, enabled, False, safe=False),
        )
        return
    path: DataPath = ("tracing", "span_format")
    written = configuration.value(path)
    if configuration.catalogue.key(path) is None or not isinstance(written, str):
        return
    if written.lower() not in _FORMATS:
        meant = closest(written, _FORMATS) or "opentelemetry"
        yield Found(
            f"no span format is named `{written}`",
            configuration.place(path),
            "NeMo loads it, and every request ends in an error once the answer is there",
            f"write `{meant}`",
            path=path,
            value=written,
            fix=replace_value(configuration, path, meant, safe=is_slip(written, meant)),
        )
