"""Passages that the application retrieved, on their way to the rails that hold a reply against them.

NeMo's fast engine gives a rail the user's message and the reply and no other variable (``compiled_rail.py``,
``_CONTEXT_KEYS``), and ``self check facts`` passes whatever comes without ``$relevant_chunks``.  But a prompt
may name a variable of the application's (``register_prompt_context``), on both engines; so the passages
reach the approved prompt as ``passages``.  They go as a first turn of the role ``context``, which no message
of a caller can have (``guardlint.guard.messages.as_turns``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, Final

from guardlint.engines import RailsVerdict, Turn

__all__ = ["PASSAGES", "VARIABLE", "arm", "decided_without", "modes_of", "parted", "with_passages"]

VARIABLE: Final = "passages"
"""The variable of a prompt: the passages as a list of texts, empty where there are none."""

PASSAGES: Final[ContextVar[tuple[str, ...]]] = ContextVar("guardlint_passages", default=())
"""What the prompts see of them during a check."""

_ROLE: Final = "context"


def with_passages(turns: Sequence[Turn], passages: Sequence[str]) -> list[Turn]:
    """The turns of one check with the passages before them."""
    if not passages:
        return list(turns)
    return [{"role": _ROLE, "content": json.dumps(list(passages))}, *turns]


def parted(turns: Sequence[Turn]) -> tuple[list[dict[str, str]], tuple[str, ...]]:
    """The turns that NeMo is given, and the passages, which become those of the prompts (``PASSAGES``)."""
    own = [dict(turn) for turn in turns if turn["role"] != _ROLE]
    if len(own) == len(turns):
        return own, ()
    told = [turn["content"] for turn in turns if turn["role"] == _ROLE]
    return own, tuple(str(text) for content in told for text in json.loads(content))


def arm(task_manager: Any) -> None:
    """Make the passages a variable of every prompt that this NeMo task manager renders."""
    task_manager.register_prompt_context(VARIABLE, lambda: list(PASSAGES.get()))


def modes_of(config: Any) -> Mapping[str, str]:
    """Flow -> what becomes of a reply without passages: ``block``, ``judge`` or ``pass``."""
    data = config.custom_data.get("guardlint") if isinstance(config.custom_data, Mapping) else None
    modes = data.get("without_passages") if isinstance(data, Mapping) else None
    return MappingProxyType(dict(modes) if isinstance(modes, Mapping) else {})


def decided_without(
    modes: Mapping[str, str], flows: Sequence[str], text: str, *, skips: bool
) -> RailsVerdict | None:
    """The verdict of flows that a reply without passages does not reach; None: they are asked.

    ``skips``: the flows can be left out, because they are asked for one by one.
    """
    for flow in flows:
        if modes.get(flow) == "block":
            return RailsVerdict("blocked", rail=flow, rails=(flow,))
    if skips and flows and all(modes.get(flow) == "pass" for flow in flows):
        return RailsVerdict("passed", text, degraded=tuple(flows))
    return None
