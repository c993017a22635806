"""Retrieved text is masked in one variable and read from another.

What it does: looks for ``$relevant_chunks_sep`` where a rail masks what was retrieved: in rails of the
library that read it, in flows of the team and in prompts.

Why it matters: the masking rails change ``$relevant_chunks`` and leave the list ``$relevant_chunks_sep`` as
it was (``actions/retrieve_relevant_chunks.py`` sets both).

How to fix: read ``$relevant_chunks``.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.personal_data import NAME, entities
from guardlint.nemo.taint import MASKING, steps
from guardlint.nemo.templates import variables
from guardlint.rules.rule import Found, Project, Related, Rule
from guardlint.source.place import Place

RULE = Rule(severity="error", confidence="high", since="0.1.0", controls=("LLM02:2025",))

_LIST = "relevant_chunks_sep"


def check(project: Project) -> Iterator[Found]:
    """One finding for each reader."""
    configuration = project.configuration
    masks = [
        step
        for step in steps(configuration, "retrieval")
        if step.action in MASKING
        and step.source == "retrieval"
        and (MASKING[step.action] != NAME or entities(configuration, "retrieval"))
    ]
    if not masks:
        return
    for what, place in _readers(configuration):
        yield Found(
            f"{what} reads `${_LIST}`, which is not masked",
            place,
            f"`{masks[0].shown}` changes `$relevant_chunks` only: the list stays as it was retrieved",
            "read `$relevant_chunks`, or leave the rail out",
            value=what,
            related=(Related(masks[0].place, "masks `$relevant_chunks`"),),
        )


def _readers(configuration: Configuration) -> Iterator[tuple[str, Place]]:
    for rail in configuration.all_rails():
        reads = rail.surface["reads"] if rail.surface is not None else {}
        if reads.get(_LIST) and rail.flow not in configuration.flows:
            yield f"`{rail.flow}`", rail.place
    for flow in configuration.flows.values():
        for statement in flow.statements:
            call = statement.call
            if call is not None and f"${_LIST}" in call.arguments:
                yield f"`{call.name}`", call.place
            elif statement.kind == "bot" and f"${_LIST}" in statement.text:
                yield f"`{flow.name}`", statement.place
    for prompt in configuration.prompts:
        if any(variable.name == _LIST for text, _ in prompt.templates for variable in variables(text)):
            yield f"the prompt `{prompt.task}`", prompt.place
