"""Traces hold what people and models wrote.

What it does: reports ``tracing.enable_content_capture`` where tracing is on and an adapter takes the events
of a span.

Why it matters: every prompt and every answer becomes an event in the traces, before masking and after, and
goes to whoever stores and reads traces. The FileSystem adapter writes attributes only, and stays silent.

How to fix: take the key out.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.nemo.shapes import is_true
from guardlint.rules._mends import remove
from guardlint.rules.rule import Found, Project, Related, Rule
from guardlint.source.yaml_file import DataPath

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="unsafe", controls=("LLM02:2025",))

_CAPTURE: DataPath = ("tracing", "enable_content_capture")


def check(project: Project) -> Iterator[Found]:
    """At most one finding."""
    configuration = project.configuration
    if configuration.catalogue.key(_CAPTURE) is None or not is_true(configuration.value(_CAPTURE)):
        return
    adapters = configuration.value(("tracing", "adapters"))
    if not is_true(configuration.value(("tracing", "enabled"))) or not isinstance(adapters, list):
        return
    for index, adapter in enumerate(adapters):
        name = adapter.get("name", "FileSystem") if isinstance(adapter, dict) else "FileSystem"
        if name == "FileSystem":
            continue
        place = configuration.place(("tracing", "adapters", index))
        yield Found(
            "traces hold the text of prompts and answers",
            configuration.place(_CAPTURE, key=True),
            f"the `{name}` adapter sends both to the trace store in clear, personal data included",
            "take `enable_content_capture` out",
            path=_CAPTURE,
            value=True,
            related=(Related(place, "sent through this adapter"),),
            confidence=None if name == "OpenTelemetry" else "medium",
            fix=remove(configuration, _CAPTURE, safe=False),
        )
        return
