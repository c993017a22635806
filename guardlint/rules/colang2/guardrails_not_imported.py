"""Rails are written for Colang 2.x, and nothing runs them.

What it does: looks for an import of ``guardrails`` where a flow is named ``input rails`` or ``output rails``,
or where the YAML lists rails. An import in any .co file counts, and so does ``import_paths``.

Why it matters: the library module ``guardrails`` is what calls these two flows. Without it NeMo loads the
configuration, and every message passes unchecked. For rails of the YAML NeMo writes the flows, with an
import that it never follows.

How to fix: write ``import guardrails`` at the top of a .co file.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.rules._text_mends import add_import
from guardlint.rules.colang2._reading import ENTRIES, has_guardrails, runs
from guardlint.rules.rule import Found, Project, Related, Rule

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="safe", controls=("LLM01:2025",))


def check(project: Project) -> Iterator[Found]:
    """One finding for the configuration: at the first flow, else at the first listed rail."""
    configuration = project.configuration
    if not runs(configuration) or has_guardrails(configuration):
        return
    written = [
        (f"flow `{name}`", flow.place)
        for name in ENTRIES.values()
        if (flow := configuration.flows.get(name)) is not None and not _is_called(configuration, name)
    ]
    written += [
        (f"rail `{rail.text}`", rail.place)
        for way in ENTRIES
        for rail in configuration.rails(way)
        if configuration.flow_exists(rail.flow) and not _done_elsewhere(configuration, rail.flow)
    ]
    if not written:
        return
    subject, place = written[0]
    yield Found(
        f"{subject} is never run: no file imports `guardrails`",
        place,
        "NeMo loads it and calls none of the rails: every message passes unchecked",
        "write `import guardrails` at the top of a .co file",
        value=subject,
        fix=add_import(configuration, "guardrails"),
        related=tuple(Related(other, f"{what}, for the same reason") for what, other in written[1:]),
    )


def _done_elsewhere(configuration: Configuration, name: str) -> bool:
    """Whether the main flow runs the rail's own actions, so that the list is there for NeMo's check only."""
    own, main = configuration.flows.get(name), configuration.flows.get("main")
    if own is None or main is None:
        return False
    actions = {call.name for call in own.calls() if call.name.endswith("Action")}
    return bool(actions) and actions <= {call.name for call in main.calls()}


def _is_called(configuration: Configuration, name: str) -> bool:
    return any(call.name == name for flow in configuration.flows.values() for call in flow.calls())
