"""What NeMo is asked about a configuration, once as it stands and once mended.

A question takes the folder of a configuration and the scripted model server of this machine, and returns
what was seen: what a reader got, what a model was shown, what a client was made with.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from talking import ANSWER, Talk, ask

from guardlint.errors import ConfigError
from guardlint.harness.brain import ScriptedBrain
from guardlint.harness.openai_server import ScriptedServer
from guardlint.harness.scripted import ScriptedModel, load_rails

__all__ = [
    "BROKEN",
    "FOUND",
    "Judgement",
    "Question",
    "captured",
    "checked",
    "classified",
    "client",
    "custom_data",
    "logged",
    "replies",
    "served",
    "shown",
    "streamed",
    "traces",
]

Question = Callable[[Path, ScriptedServer], Any]

BROKEN = "I'm sorry, an internal error has occurred."
"""What NeMo's LLMRails says when a rail raises."""
FOUND = "I don't know the answer to that."
"""What NeMo's rails for personal data refuse with."""


@dataclass(frozen=True)
class Judgement:
    """A configuration with one fault, what NeMo makes of it, and what it makes of the mended one.

    ``files`` are those of the fixture ``team``; ``SERVER`` in them stands for the address of the server.
    ``before`` is None where asking would never end.
    """

    rule: str
    files: dict[str, str] = field(repr=False)
    question: Question = field(repr=False)
    before: Any
    after: Any

    def __str__(self) -> str:
        return self.rule


def replies(*texts: str, **brain: Any) -> Question:
    """What is said to each text, in a conversation of its own; an error by the name of its type."""

    def question(folder: Path, _server: ScriptedServer) -> list[str]:
        return [_said(folder, text, **brain) for text in texts]

    return question


def streamed(text: str = "hello", *marks: str, **brain: Any) -> Question:
    """Which of the marks stand in the streamed answer; the type of the error where there is one."""

    def question(folder: Path, _server: ScriptedServer) -> list[bool] | str:
        talk = _talk(folder, text, stream=True, **brain)
        return type(talk).__name__ if isinstance(talk, Exception) else [mark in talk.reply for mark in marks]

    return question


def shown(text: str, mark: str, **brain: Any) -> Question:
    """The tasks for which a model was shown the mark."""

    def question(folder: Path, _server: ScriptedServer) -> list[str] | str:
        talk = _talk(folder, text, **brain)
        if isinstance(talk, Exception):
            return type(talk).__name__
        return [prompt.task for prompt in talk.model.seen if mark in prompt.text]

    return question


def client(*names: str) -> Question:
    """Attributes of the client that NeMo makes for the main model; the error where it makes none."""

    def question(folder: Path, server: ScriptedServer) -> list[Any] | str:
        try:
            model = _with_its_own_model(folder).llm
        except Exception as error:  # noqa: BLE001 - which one it is, the judgement says
            return type(error).__name__
        found = [getattr(model, name, None) or getattr(model._client, name) for name in names]
        return ["SERVER" if value == server.base_url else value for value in found]

    return question


def served(text: str = "hello") -> Question:
    """The models that the server was asked for; the error where NeMo does not start."""

    def question(folder: Path, server: ScriptedServer) -> list[str] | str:
        server.forget()
        try:
            _generate(_with_its_own_model(folder), text)
        except Exception as error:  # noqa: BLE001 - which one it is, the judgement says
            return type(error).__name__
        return sorted({str(request["model"]) for request in server.requests})

    return question


def classified(mark: str, *texts: str) -> Question:
    """What is said where a classifier is sure of texts with the mark."""

    class Backend:
        async def classify(self, text: str) -> list[dict[str, object]]:
            return [{"label": "toxic" if mark in text else "fine", "score": 0.99}]

    def question(folder: Path, server: ScriptedServer) -> list[str]:
        from nemoguardrails.library.hf_classifier import actions

        with patch.object(actions, "get_backend", lambda *_, **__: Backend()):
            found: list[str] = replies(*texts)(folder, server)
        return found

    return question


def custom_data(folder: Path, _server: ScriptedServer) -> Any:
    """The team's own data, as NeMo has loaded it."""
    return load_rails(folder, ScriptedModel()).config.custom_data


def checked(*texts: str, **brain: Any) -> Question:
    """What ``check_async`` says about each text."""

    def question(folder: Path, _server: ScriptedServer) -> list[str]:
        rails = load_rails(folder, ScriptedModel(ScriptedBrain(**brain)))
        found = []
        for text in texts:
            try:
                result = asyncio.run(rails.check_async(messages=[{"role": "user", "content": text}]))
                found.append(str(result.status.value))
            except ValueError as error:
                found.append(type(error).__name__)
        return found

    return question


def captured(mark: str) -> Question:
    """Whether the mark, said by the customer, stands in the events of a trace."""

    def question(folder: Path, _server: ScriptedServer) -> bool:
        from nemoguardrails.tracing import Tracer

        rails = load_rails(folder, ScriptedModel(ScriptedBrain(answer=ANSWER)))
        messages = [{"role": "user", "content": mark}]
        options = {"log": {"activated_rails": True, "llm_calls": True, "internal_events": True}}
        tracing = rails.config.tracing
        form, capture = tracing.span_format, tracing.enable_content_capture
        # With tracing on, NeMo hands the log to the adapters and not to whoever asks.
        tracing.enabled = False
        response = asyncio.run(rails.generate_async(messages=messages, options=options))
        tracer = Tracer(input=messages, response=response, span_format=form, enable_content_capture=capture)
        spans = tracer.generate_interaction_log().trace
        return any(mark in str(event) for span in spans for event in getattr(span, "events", ()))

    return question


def traces(folder: Path, _server: ScriptedServer) -> list[str]:
    """The adapters that get the spans of a request."""
    rails = load_rails(folder, ScriptedModel(ScriptedBrain(answer=ANSWER)))
    return [adapter.name for adapter in rails._log_adapters]


def logged(mark: str) -> Question:
    """Whether the mark, said by the customer, gets into NeMo's log at the level that the code sets."""

    def question(folder: Path, _server: ScriptedServer) -> bool:
        lines: list[str] = []

        class Keep(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                lines.append(record.getMessage())

        logger, handler = logging.getLogger("nemoguardrails"), Keep()
        level = logger.level
        logger.addHandler(handler)
        try:
            ask(folder, mark)
        finally:
            logger.removeHandler(handler)
            logger.setLevel(level)
        return any(mark in line for line in lines)

    return question


def _talk(folder: Path, text: str, **options: Any) -> Talk | Exception:
    try:
        talk = ask(folder, text, **options)
    except ConfigError as error:
        return error
    return talk.error if isinstance(talk.error, Exception) else talk


def _said(folder: Path, text: str, **brain: Any) -> str:
    talk = _talk(folder, text, **brain)
    return type(talk).__name__ if isinstance(talk, Exception) else talk.reply


def _with_its_own_model(folder: Path) -> Any:
    from nemoguardrails import LLMRails, RailsConfig

    return LLMRails(RailsConfig.from_path(str(folder)))


def _generate(rails: Any, text: str) -> str:
    messages = [{"role": "user", "content": text}]
    return str(asyncio.run(rails.generate_async(messages=messages))["content"])
