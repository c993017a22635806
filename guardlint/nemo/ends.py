"""Where a query of Colang 1.0 ends sooner, or asks once more, than its flows say.

The runtime forgets a flow that waits with a step of its own while somebody else's steps run
(``colang/v1_0/runtime/flows.py``: an aborted flow is not copied into the next state, and only the end of the
flow that speaks brings it back, in that very step). So a flow goes on behind a message only where nothing
runs between: no output rail on what a model wrote, and no retrieval rail that acts.
"""

from __future__ import annotations

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.once import once

__all__ = ["asked_again", "retrieval_acts"]

_RESULT = "response"
# Library flows that are written as `define flow`, not `subflow`, so that their first step starts them, and
# whose second step leads from the end of the flow back to its beginning when a refusal is said.
_SELF_STARTING = {"self_check_input": "self check input", "self_check_output": "self check output"}


@once
def retrieval_acts(configuration: Configuration) -> bool:
    """Whether a retrieval rail executes anything or speaks: then no flow goes on behind a message."""
    library = configuration.catalogue.flows("1.0")
    for rail in configuration.rails("retrieval"):
        own = configuration.flows.get(rail.flow)
        if own is None:
            row = library.get(rail.flow, {})
            acts = bool(row.get("actions") or row.get("calls"))
        else:
            acts = any(item.call is not None or item.kind == "bot" for item in own.statements)
        if acts:
            return True
    return False


@once
def asked_again(configuration: Configuration, flow: str) -> tuple[str, ...]:
    """The checks of the team's ``flow`` that NeMo makes once more after the flow has refused.

    Where a flow of the team's executes the check of a library flow that nobody lists, the library's flow
    starts beside it. It reads the verdict from ``$response``; where the team keeps it under another name, it
    sees none, and the refusal that the team's flow says takes it to its first step.
    """
    own = configuration.flows.get(flow)
    if own is None:
        return ()
    listed = {
        rail.text for direction in ("input", "output", "retrieval") for rail in configuration.rails(direction)
    }
    return tuple(
        item.call.name
        for item in own.statements
        if item.call is not None
        and item.target not in (None, _RESULT)
        and (name := _SELF_STARTING.get(item.call.name)) is not None
        and name not in configuration.flows
        and name not in listed
    )
