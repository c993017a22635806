"""Which engine each of NeMo's interfaces uses for a configuration, and how many model calls a query costs."""

from __future__ import annotations

from typing import Literal

from guardlint.nemo.configuration import Configuration
from guardlint.source.record import record

__all__ = ["Calls", "Engine", "asking_rails", "guardrails_engine", "llm_calls", "llmrails_engine"]


@record
class Engine:
    """The engine and why it is chosen."""

    uses: Literal["iorails", "llmrails"]
    reason: str


@record
class Calls:
    """Model calls for one query: at least, usually, at most."""

    low: int
    usual: int
    high: int


def llmrails_engine(configuration: Configuration) -> Engine:
    """``LLMRails(config)`` always runs the Colang runtime."""
    return Engine("llmrails", f"Colang {configuration.generation} runtime")


def guardrails_engine(configuration: Configuration) -> Engine:
    """``Guardrails(config)`` without ``llm=``: IORails where every rail is one that it can serve.

    What IORails serves was asked of NeMo when the catalogue was made.
    """
    facts = configuration.catalogue.data["iorails"]
    if not facts["colang"]:
        return Engine("llmrails", f"NeMo {configuration.catalogue.data['series']} has no Guardrails class")
    if configuration.generation not in facts["colang"]:
        return Engine("llmrails", f"IORails reads Colang 1.0 only, this is {configuration.colang_version}")
    rails = configuration.value(("rails",), {})
    sections = sorted(set(rails) - set(facts["rails_sections"])) if isinstance(rails, dict) else []
    known = set(configuration.catalogue.data["keys"]["keys"]["rails"]["keys"])
    unsupported = [section for section in sections if section in known]
    if unsupported:
        return Engine("llmrails", f"IORails has no rails.{unsupported[0]}")
    packages: set[str] = set()
    for rail in configuration.all_rails():
        if rail.flow not in facts["flows"].get(rail.direction, ()):
            return Engine("llmrails", f"IORails cannot run `{rail.flow}` on {rail.direction}")
        lacking = set(rail.surface["fixed_models"]) - configuration.model_types() if rail.surface else set()
        if lacking:
            return Engine("llmrails", f"`{rail.flow}` needs a model of type {min(lacking)}")
        packages.update(rail.surface["packages"] if rail.surface else ())
    where = f" where {', '.join(sorted(packages))} can be imported" if packages else ""
    reason = f"every rail is one that IORails runs{where}; .co files and actions.py are not read"
    return Engine("iorails", reason)


def asking_rails(configuration: Configuration, direction: str) -> int:
    """How many rails of a direction ask a model when they run."""
    asked_by = {task["action"] for task in configuration.catalogue.data["tasks"].values()}
    return sum(1 for rail in configuration.rails(direction) if _actions(configuration, rail.flow) & asked_by)


def llm_calls(configuration: Configuration) -> Calls:
    """Predicted model calls of one query through ``LLMRails``: its shortest, plain and longest course.

    What a query can do on its way is told in ``guardlint.nemo.calls``.
    """
    from guardlint.nemo.calls import predict

    found = predict(configuration)
    return Calls(len(found.fewest.asked), len(found.usual.asked), len(found.most.asked))


def _actions(configuration: Configuration, flow: str) -> set[str]:
    """The actions that the flow behind a rail runs: the user's own where there is one."""
    own = configuration.flows.get(flow)
    if own is not None:
        return {call.name for call in own.calls() if call.kind in ("execute", "await")}
    return set(configuration.catalogue.flows(configuration.generation).get(flow, {}).get("actions", ()))
