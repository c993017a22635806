"""How many calls real NeMo makes of its models for one message, counted by a scripted model.

Every model of the configuration is the same scripted one, whatever its type; examples and documents are
found by the words that they share with a text. The configuration's own Python runs, as NeMo runs it.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

from guardlint.harness.brain import ScriptedBrain
from guardlint.harness.helpful import helpful
from guardlint.harness.scripted import ScriptedModel, WordIndex, telemetry_off
from guardlint.harness.shortcuts import remembering

if TYPE_CHECKING:
    from nemoguardrails import LLMRails

__all__ = ["Counted", "Counter"]

# What NeMo answers where the application was to register an action (``colang/v1_0/runtime/runtime.py``).
_UNREGISTERED = re.compile(r"Action '.*' not found\.")


@dataclass(frozen=True, slots=True)
class Counted:
    """The tasks that were asked for, in order; the reply; what went wrong, None where nothing did."""

    tasks: tuple[str, ...]
    reply: str = ""
    problem: str | None = None


class Counter:
    """NeMo with one configuration. Raises what NeMo raises where it refuses to load it."""

    def __init__(self, root: Path) -> None:
        telemetry_off()
        from nemoguardrails import LLMRails, RailsConfig
        from nemoguardrails.colang import parse_colang_file
        from nemoguardrails.rails.llm import llmrails

        self.model = ScriptedModel()
        with (
            helpful(root),
            mock.patch.object(llmrails, "parse_colang_file", remembering(parse_colang_file)),
            mock.patch.object(llmrails, "init_llm_model", return_value=self.model),
            mock.patch.object(LLMRails, "_get_embeddings_search_provider_instance", _index),
        ):
            self.rails: LLMRails = LLMRails(RailsConfig.from_path(str(root)), llm=self.model)
        vars(self.rails)["_get_embeddings_search_provider_instance"] = _index
        vars(self.rails.llm_generation_actions)["get_embedding_search_provider_instance"] = _index

    def count(
        self,
        text: str,
        brain: ScriptedBrain,
        *,
        context: Mapping[str, Any] | None = None,
        stream: bool = False,
        result: str | None = None,
    ) -> Counted:
        """One message, in a conversation of its own; ``result``: of a tool that was called for it."""
        self.model.brain, self.model.seen = brain, []
        self.rails.events_history_cache.clear()
        messages: list[dict[str, Any]] = [{"role": "user", "content": text}]
        if result is not None:
            function = {"name": "look_up", "arguments": "{}"}
            call = {"id": "1", "type": "function", "function": function}
            messages.append({"role": "assistant", "content": "", "tool_calls": [call]})
            messages.append({"role": "tool", "content": result, "name": "look_up", "tool_call_id": "1"})
        if context:
            messages.insert(0, {"role": "context", "content": dict(context)})
        heard = _Errors()
        logging.getLogger("nemoguardrails").addHandler(heard)
        reply = ""
        try:
            reply = asyncio.run(asyncio.wait_for(self._talk(messages, stream), 20))
        except Exception as error:  # noqa: BLE001 - the configuration may raise anything
            heard.said.append(f"{type(error).__name__}: {error}"[:120])
        finally:
            logging.getLogger("nemoguardrails").removeHandler(heard)
        problem = heard.said[0] if heard.said else None
        if problem is None and _UNREGISTERED.fullmatch(reply.strip()):
            problem = reply
        return Counted(tuple(prompt.task for prompt in self.model.seen), reply, problem)

    async def _talk(self, messages: list[dict[str, Any]], stream: bool) -> str:
        if stream:
            return "".join([str(piece) async for piece in self.rails.stream_async(messages=messages)])
        answer: Any = await self.rails.generate_async(messages=messages)
        return str(answer.get("content", ""))


def _index(*_: Any, **__: Any) -> WordIndex:
    return WordIndex()


class _Errors(logging.Handler):
    """What NeMo logs as an error: an action that failed here."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage()[:120])
