"""One message through real NeMo, with scripted models in the place of all that a configuration names."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

from guardlint.harness.brain import ScriptedBrain, SeenPrompt
from guardlint.harness.helpful import helpful
from guardlint.harness.scripted import ScriptedModel, load_rails

if TYPE_CHECKING:
    from nemoguardrails import LLMRails, RailsConfig

__all__ = ["ANSWER", "TEXT", "Judge", "Talk", "ask", "loaded", "only", "without_network"]

TEXT: Final = "Tell me something about the weather of tomorrow."
ANSWER: Final = "Here is a harmless answer of eight words."
_SECONDS: Final = 40.0

Narrow = Callable[["RailsConfig"], None]


@dataclass(frozen=True, slots=True)
class Judge:
    """Condemns whatever it is shown, or nothing; ``words`` are for judges that are asked for one word."""

    condemns: bool
    words: str | None = None

    def __call__(self, prompt: SeenPrompt) -> str | None:
        """The verdict, in the form that the kind of judge answers in."""
        task = prompt.task.partition(" ")[0]
        verdict = "unsafe" if self.condemns else "safe"
        if task.startswith("content_safety"):
            return json.dumps({"User Safety": verdict, "Response Safety": verdict})
        if task.startswith("topic_safety"):
            return "off-topic" if self.condemns else "on-topic"
        if task.startswith("llama_guard"):
            return f"{verdict}\nO1" if self.condemns else verdict
        if not task.startswith("self_check"):
            return None
        if self.words is not None:
            return self.words
        support = task in {"self_check_facts", "self_check_hallucination"}
        return "Yes" if self.condemns is not support else "No"


@dataclass(slots=True)
class Talk:
    """What came back, and what was seen on the way; ``events`` are those of Colang 1.0."""

    reply: str = ""
    error: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    prompts: list[SeenPrompt] = field(default_factory=list)
    actions: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    tests: list[tuple[str, Any]] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether the model's answer, or the dialog's own, came through."""
        spoken = bool(self.reply.strip()) and "generate_user_intent" in self.tasks and not self.stopped
        return not self.broken and (ANSWER in self.reply or spoken)

    @property
    def stopped(self) -> bool:
        """Whether a flow came to its ``stop``."""
        return any(event.get("intent") == "stop" for event in self.events)

    @property
    def broken(self) -> bool:
        """Whether the request ended in an error."""
        return bool(self.error) or "internal error" in self.reply

    @property
    def tasks(self) -> list[str]:
        """The kinds of prompt that the model was sent."""
        return [prompt.task.partition(" ")[0] for prompt in self.prompts]

    @property
    def executed(self) -> list[str]:
        """The actions that ran."""
        return [name for name, _ in self.actions]

    def values(self, expression: str) -> list[Any]:
        """What a test came to, each time that it was made."""
        plain = " ".join(expression.split())
        return [value for text, value in self.tests if " ".join(text.split()) == plain]

    def __str__(self) -> str:
        return self.error or f"reply {self.reply[:90]!r} after {', '.join(self.tasks) or 'no prompt'}"


@contextmanager
def without_network() -> Iterator[None]:
    """No connection leaves this process."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError("no network here")

    with (
        mock.patch.object(socket.socket, "connect", refuse),
        mock.patch.object(socket.socket, "connect_ex", refuse),
        mock.patch.object(socket, "getaddrinfo", refuse),
    ):
        yield


def only(direction: str, flow: str) -> Narrow:
    """Leaves one rail."""

    def narrow(config: RailsConfig) -> None:
        for way in ("input", "output", "retrieval", "tool_input", "tool_output"):
            if (section := getattr(config.rails, way, None)) is not None:
                section.flows = [flow] if way == direction else []

    return narrow


@contextmanager
def loaded(
    root: Path, judge: Judge, narrow: Narrow | None = None, *, traced: bool = False
) -> Iterator[tuple[LLMRails, ScriptedModel]]:
    """NeMo's ``LLMRails`` on a machine that has what the configuration asks for.

    Documents are left out, and unless it is ``traced`` so is tracing. Raises ConfigError where NeMo refuses
    the configuration.
    """
    from nemoguardrails import RailsConfig
    from nemoguardrails.rails.llm import llmrails

    original = RailsConfig.from_path
    model = ScriptedModel(ScriptedBrain(answer=ANSWER, judge=judge))

    def from_path(path: str) -> RailsConfig:
        config = original(path)
        config.docs = []
        config.tracing.enabled = config.tracing.enabled and traced
        if narrow is not None:
            narrow(config)
        return config

    with ExitStack() as stack:
        stack.enter_context(helpful(root))
        stack.enter_context(mock.patch.object(llmrails, "init_llm_model", return_value=model))
        stack.enter_context(mock.patch.object(RailsConfig, "from_path", from_path))
        yield load_rails(root, model), model


def ask(
    root: Path,
    judge: Judge,
    narrow: Narrow | None = None,
    *,
    text: str = TEXT,
    context: dict[str, Any] | None = None,
    prepare: Callable[[LLMRails], None] | None = None,
    instead: Any = None,
) -> Talk:
    """One message. Actions that fail return ``instead``, if there is one.

    Raises ConfigError where NeMo refuses the configuration.
    """
    talk = Talk()
    messages: list[dict[str, Any]] = [{"role": "context", "content": context}] if context else []
    messages.append({"role": "user", "content": text})
    with loaded(root, judge, narrow) as (rails, model), _watched(rails, talk, instead):
        if prepare is not None:
            prepare(rails)
        try:
            reply = asyncio.run(asyncio.wait_for(rails.generate_async(messages=messages), _SECONDS))
            talk.reply = str(reply["content"])
        except Exception as error:  # noqa: BLE001 - whatever it is, the customer gets no answer
            talk.error = repr(error)[:200]
        talk.prompts = list(model.seen)
    return talk


@contextmanager
def _watched(rails: LLMRails, talk: Talk, instead: Any) -> Iterator[None]:
    """Writes down which actions ran, what the tests of flows came to and what happened."""
    from nemoguardrails.colang.v1_0.runtime import flows, sliding

    dispatcher = rails.runtime.action_dispatcher
    execute = dispatcher.execute_action

    async def execute_action(action_name: str, params: dict[str, Any]) -> Any:
        talk.actions.append((action_name, dict(params)))
        result, status = await execute(action_name, params)
        if status == "failed" and instead is not None:
            return instead, "success"
        return result, status

    generate = rails.runtime.generate_events

    async def generate_events(events: list[dict[str, Any]], *given: Any, **named: Any) -> Any:
        made = await generate(events, *given, **named)
        talk.events += made
        return made

    evaluators = [(module, module.eval_expression) for module in (flows, sliding)]

    def watching(original: Callable[..., Any]) -> Callable[..., Any]:
        def eval_expression(expression: str, context: dict[str, Any]) -> Any:
            try:
                value = original(expression, context)
            except Exception as error:
                talk.tests.append((expression, error))
                raise
            talk.tests.append((expression, value))
            return value

        return eval_expression

    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(dispatcher, "execute_action", execute_action))
        stack.enter_context(mock.patch.object(rails.runtime, "generate_events", generate_events))
        for module, original in evaluators:
            stack.enter_context(mock.patch.object(module, "eval_expression", watching(original)))
        yield
