"""A team's configuration in real NeMo, message by message: what it says, which rails ran, what models saw.

The configuration's own Python runs here, as NeMo runs it, so this belongs into a process of its own. Every
model is one and the same, whatever its type; examples and documents are found by the words that they share
with a message.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from unittest import mock

from guardlint.errors import ConfigError, RuntimeUnavailable
from guardlint.harness.brain import ScriptedBrain, SeenPrompt
from guardlint.harness.branches import Branch, Watch
from guardlint.harness.helpful import missing_keys
from guardlint.harness.scripted import ScriptedModel, WordIndex, telemetry_off
from guardlint.nemo.configuration import Configuration

if TYPE_CHECKING:
    from nemoguardrails import LLMRails

__all__ = ["Conversations", "Ran", "Script", "Talked"]

Status = Literal["passed", "modified", "blocked"]

_DIRECTIONS = ("input", "output", "retrieval", "tool_input", "tool_output")
_STARTS = {"StartInputRail": "input", "StartOutputRail": "output"}
_TEXTS = {"input": "user_message", "output": "bot_message"}
_ACTION_END = "InternalSystemActionFinished"


@dataclass(frozen=True, slots=True)
class Ran:
    """One rail that ran: ``dialog`` is the direction of flows that answer, ``changed`` a text rewritten."""

    direction: str
    name: str
    stopped: bool
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Talked:
    """What came of one message. ``broken``: what failed in NeMo, None where nothing did."""

    reply: str
    status: Status
    rail: str | None = None
    prompts: tuple[SeenPrompt, ...] = ()
    ran: tuple[Ran, ...] = ()
    branches: frozenset[Branch] = frozenset()
    broken: str | None = None


@dataclass(slots=True)
class Script:
    """Answers by NeMo's task: a text for every time it is asked, a list for one time each.

    ``unscripted`` are the tasks that were asked for and have no answer left.
    """

    answers: Mapping[str, str | Sequence[str]]
    unscripted: list[str] = field(default_factory=list)
    used: dict[str, int] = field(default_factory=dict)

    def __call__(self, prompt: SeenPrompt) -> str:
        """The answer; raises RuntimeError where there is none, as a model that is down would."""
        key = next((key for key in (prompt.task, prompt.task.split(" ", 1)[0]) if key in self.answers), None)
        if key is not None:
            given = self.answers[key]
            nth = self.used.get(key, 0)
            self.used[key] = nth + 1
            if isinstance(given, str):
                return given
            if nth < len(given):
                return given[nth]
        self.unscripted.append(prompt.task)
        raise RuntimeError("the case scripts no answer")

    def left(self) -> list[str]:
        """The tasks of which answers are left."""
        return [
            key
            for key, given in self.answers.items()
            if self.used.get(key, 0) < (1 if isinstance(given, str) else len(given))
        ]


class Conversations:
    """NeMo with one configuration. Raises ConfigError with NeMo's own words where NeMo refuses it."""

    def __init__(self, configuration: Configuration, model: ScriptedModel) -> None:
        telemetry_off()
        try:
            from nemoguardrails import LLMRails, RailsConfig
            from nemoguardrails.rails.llm import llmrails
        except ImportError as error:
            raise RuntimeUnavailable(
                "NeMo Guardrails is not installed", help="pip install 'guardlint[runtime]'"
            ) from error
        root = Path(configuration.root)
        self.model = model
        with (
            mock.patch.dict(os.environ, missing_keys(root)),
            mock.patch.object(llmrails, "init_llm_model", return_value=model),
            mock.patch.object(LLMRails, "_get_embeddings_search_provider_instance", _index),
        ):
            try:
                self.rails: LLMRails = LLMRails(RailsConfig.from_path(str(root)), llm=model)
            except Exception as error:  # noqa: BLE001 - NeMo and the team's code raise anything
                what = " ".join(f"{type(error).__name__}: {error}".split())[:200]
                raise ConfigError(f"NeMo refuses the configuration: {what}", place=str(root)) from None
        vars(self.rails)["_get_embeddings_search_provider_instance"] = _index
        vars(self.rails.llm_generation_actions)["get_embedding_search_provider_instance"] = _index
        self.watch = Watch(self.rails, configuration)
        self._first = configuration.generation == "1.0"
        self._own = set(configuration.flows)

    def talk(
        self,
        messages: Sequence[Mapping[str, Any]],
        script: Script | None,
        *,
        context: Mapping[str, Any] | None = None,
        seconds: float = 60.0,
    ) -> Talked:
        """One conversation, its last message new. ``script`` None: the model answers by itself."""
        if script is not None:
            self.model.brain = ScriptedBrain(judge=script)
        self.model.seen = []
        cache = self.rails.events_history_cache
        cache.clear()
        self.watch.begin()
        said = [dict(message) for message in messages]
        if context:
            said.insert(0, {"role": "context", "content": dict(context)})
        work = self._first_talk(said) if self._first else self._second_talk(said)
        try:
            found = asyncio.run(asyncio.wait_for(work, seconds))
        except TimeoutError:
            found = Talked("", "blocked", broken=f"NeMo gives no answer in {seconds:g} s")
        except Exception as error:  # noqa: BLE001 - the configuration's code raises anything
            found = Talked("", "blocked", broken=f"NeMo raises {type(error).__name__}")
        self.watch.end()
        return Talked(
            found.reply,
            found.status,
            found.rail,
            tuple(self.model.seen),
            found.ran,
            frozenset(self.watch.taken),
            found.broken,
        )

    async def _first_talk(self, messages: list[dict[str, Any]]) -> Talked:
        options = {"log": {"activated_rails": True, "internal_events": True}}
        answer: Any = await self.rails.generate_async(messages=messages, options=options)
        reply = "\n".join(str(part.get("content") or "") for part in answer.response)
        events: list[dict[str, Any]] = answer.log.internal_events or []
        changed = _changing(events)
        ran = tuple(
            Ran(rail.type, rail.name, bool(rail.stop), (rail.type, rail.name) in changed)
            for rail in answer.log.activated_rails
        )
        broken = next(
            (
                f"the action `{event.get('action_name')}` fails"
                for event in events
                if event["type"] == _ACTION_END and not event.get("is_success")
            ),
            None,
        )
        stopped = next((rail for rail in ran if rail.stopped and rail.direction in _DIRECTIONS), None)
        if stopped is not None or any(event["type"].endswith("Exception") for event in events):
            name = stopped.name if stopped is not None else None
            return Talked(reply, "blocked", name, ran=ran, broken=broken)
        status: Status = "modified" if _rewritten(events, str(messages[-1].get("content"))) else "passed"
        return Talked(reply, status, ran=ran, broken=broken)

    async def _second_talk(self, messages: list[dict[str, Any]]) -> Talked:
        """Colang 2.x gives no log of its rails; the watch sees which flow aborts below them."""
        answer: Any = await self.rails.generate_async(messages=messages)
        reply = str(answer.get("content") or "")
        stopped = self.watch.stopped
        ran = tuple(
            Ran("flow", name, stopped is not None and name == stopped[0])
            for name in sorted(self.watch.entered & self._own)
        )
        if stopped is not None:
            return Talked(reply, "blocked", stopped[0], ran=ran)
        return Talked(reply, "passed", ran=ran)


def _rewritten(events: Sequence[Mapping[str, Any]], text: str) -> bool:
    """Whether a rail changed what the person said, or what was to be said in answer."""
    heard = next((event["text"] for event in events if event["type"] == "UserMessage"), text)
    first = next((event["text"] for event in events if event["type"] == "BotMessage"), None)
    last = next((event["script"] for event in events if event["type"] == "StartUtteranceBotAction"), first)
    return bool(heard != text or (first is not None and first != last))


def _changing(events: Sequence[Mapping[str, Any]]) -> set[tuple[str, str]]:
    """Direction and name of the rails between whose start and end a text was set anew."""
    found: set[tuple[str, str]] = set()
    now: tuple[str, str] | None = None
    for event in events:
        if event["type"] in _STARTS:
            now = _STARTS[event["type"]], str(event["flow_id"])
        elif event["type"].endswith("RailFinished"):
            now = None
        elif event["type"] == "ContextUpdate" and now is not None and _TEXTS[now[0]] in event["data"]:
            found.add(now)
    return found


def _index(*_: Any, **__: Any) -> WordIndex:
    return WordIndex()
