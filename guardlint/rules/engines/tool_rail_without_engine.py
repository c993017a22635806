"""A tool rail that only IORails runs, in a configuration that IORails cannot serve.

What it does: reports NeMo's ``tool call validation`` and ``tool result validation`` where something else in
the configuration forces LLMRails, or where no ``Guardrails`` class exists.

Why it matters: LLMRails has no flow of that name. It loads, and the first request with a tool call ends in an
error.

How to fix: write a flow of your own for LLMRails, or take out what IORails cannot serve.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.nemo.serving import guardrails_engine
from guardlint.rules.rule import Found, Project, Rule

RULE = Rule(severity="error", confidence="high", since="0.1.0")


def check(project: Project) -> Iterator[Found]:
    """One finding for each rail."""
    configuration = project.configuration
    served = configuration.catalogue.data["iorails"]["flows"]
    rails = [
        rail
        for direction in ("tool_input", "tool_output")
        for rail in configuration.rails(direction)
        if rail.flow in served.get(direction, ()) and not configuration.flow_exists(rail.flow)
    ]
    if not rails:
        return
    engine = guardrails_engine(configuration)
    if engine.uses == "iorails":
        return  # right for Guardrails(config)
    for rail in rails:
        yield Found(
            f"`{rail.flow}` runs under IORails only, and this configuration needs LLMRails",
            rail.place,
            f"{engine.reason}; LLMRails has no such flow, and a request with a tool call ends in an error",
            "define a flow for the check in a .co file and list that",
            path=rail.path,
            value=rail.text,
        )
