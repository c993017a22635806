"""Tracing is switched on and nothing receives the traces.

What it does: reports ``tracing.enabled: true`` with an empty list of adapters.

Why it matters: NeMo collects spans for every request and gives them to nobody, without a word. Who looks for
what a guardrail did finds no trace.

How to fix: name an adapter, or leave ``adapters`` out: NeMo then writes files.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.nemo.shapes import is_true
from guardlint.rules._mends import remove
from guardlint.rules.rule import Found, Project, Related, Rule

RULE = Rule(severity="warning", confidence="high", since="0.1.0", fix="unsafe")


def check(project: Project) -> Iterator[Found]:
    """At most one finding."""
    configuration = project.configuration
    if configuration.generation != "1.0" or not is_true(configuration.value(("tracing", "enabled"))):
        return
    if configuration.value(("tracing", "adapters")) != []:
        return
    yield Found(
        "tracing is on and has no adapter",
        configuration.place(("tracing", "adapters"), key=True),
        "NeMo makes traces of every request and drops them",
        "name `FileSystem` or `OpenTelemetry` under `adapters`, or take the key out",
        path=("tracing", "adapters"),
        value="adapters",
        fix=remove(configuration, ("tracing", "adapters"), safe=False),
        related=(Related(configuration.place(("tracing", "enabled"), key=True), "switched on here"),),
    )
