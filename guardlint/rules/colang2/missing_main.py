"""A Colang 2.x configuration has no flow ``main``.

What it does: looks for a flow ``main`` among the files that NeMo reads. Where NeMo skips the file that
defines it, the rule skipped-file says so.

Why it matters: NeMo loads the configuration without one. Every request then ends in an error.

How to fix: write ``flow main``, which activates what should answer.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.nemo.loading import loads
from guardlint.rules._mends import is_slip
from guardlint.rules._text_mends import replace_text
from guardlint.rules.rule import Found, Project, Rule
from guardlint.rules.structure.skipped_file import hides_flow
from guardlint.source.names import closest

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="safe")


def check(project: Project) -> Iterator[Found]:
    """At most one finding, at `colang_version`, or at the flow that was meant."""
    configuration = project.configuration
    if configuration.generation != "2.x" or "main" in configuration.flows or configuration.foreign_imports:
        return
    if loads(configuration) == "no" or hides_flow(configuration, "main"):
        return
    meant = closest("main", configuration.flows)
    place = configuration.flows[meant].place if meant else configuration.place(("colang_version",))
    yield Found(
        f"flow `{meant}` is not `main`, and there is no other" if meant else "no flow is named `main`",
        place,
        "NeMo loads it, and every request ends in an error: no main flow found",
        "rename it to `main`"
        if meant
        else "write `flow main` in a .co file, with `activate …` for what answers",
        value="main",
        fix=replace_text(configuration, place, meant, "main", safe=is_slip(meant, "main")) if meant else None,
    )
