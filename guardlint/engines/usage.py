"""What rails asked of models: calls and tokens, by rail and model.

NeMo's note of a call (``logging/explain.py``, ``LLMCallInfo``) holds the tokens that the server told.  Where
it told none they are 0 (``llm/call.py``, ``_update_token_stats``), and no call reads nothing: such a call is
one of which nothing is known.  One that was answered from NeMo's cache read and wrote nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Usage", "merged", "models_of", "usage_of"]


@dataclass(frozen=True, slots=True)
class Usage:
    """Calls that a rail made of a model.

    ``rail`` is the flow, None where nobody knows it; ``model`` is ``engine/model`` of the configuration, None
    for one that is not in it.  ``counted`` of the ``calls`` are known to have read and written the tokens.
    """

    rail: str | None
    model: str | None
    calls: int
    counted: int
    input_tokens: int
    output_tokens: int


def models_of(config: Any) -> tuple[str, ...]:
    """``engine/model`` of each model of a NeMo configuration, as prices name them; the engine without one."""
    named = (f"{model.engine}/{model.model}" if model.model else str(model.engine) for model in config.models)
    return tuple(dict.fromkeys(named))


def usage_of(rail: str | None, calls: Iterable[Any], models: Sequence[str]) -> tuple[Usage, ...]:
    """What NeMo's notes of the calls of one rail say."""
    return merged([_one(rail, call, models) for call in calls])


def merged(found: Iterable[Usage]) -> tuple[Usage, ...]:
    """One for each rail and model."""
    sums: dict[tuple[str | None, str | None], Usage] = {}
    for one in found:
        key = one.rail, one.model
        known = sums.get(key)
        sums[key] = one if known is None else _sum(known, one)
    return tuple(sums.values())


def _one(rail: str | None, call: Any, models: Sequence[str]) -> Usage:
    model = _known(call.llm_provider_name, call.llm_model_name, models)
    if call.from_cache:
        return Usage(rail, model, 1, 1, 0, 0)
    read, written = call.prompt_tokens or 0, call.completion_tokens or 0
    return Usage(rail, model, 1, int(read > 0), read, written)


def _known(provider: str | None, name: str | None, models: Sequence[str]) -> str | None:
    """Providers are not always called like the engine that a configuration names."""
    whole = f"{provider}/{name}"
    if whole in models:
        return whole
    alike = [model for model in models if model.partition("/")[2] == name]
    return alike[0] if len(alike) == 1 else None


def _sum(one: Usage, two: Usage) -> Usage:
    return Usage(
        one.rail,
        one.model,
        one.calls + two.calls,
        one.counted + two.counted,
        one.input_tokens + two.input_tokens,
        one.output_tokens + two.output_tokens,
    )
