"""A real OpenAI-compatible endpoint where a script stands otherwise, asked with the standard library.

The key is read from the environment when it is needed and goes nowhere but into the header: not into NeMo's
configuration, an error or a report.
"""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

from guardlint.harness.brain import ScriptedBrain, SeenPrompt
from guardlint.harness.openai_server import ScriptedServer
from guardlint.harness.scripted import ScriptedModel

if TYPE_CHECKING:
    from nemoguardrails.types import ChatMessage, LLMResponse, LLMResponseChunk

__all__ = ["Endpoint", "EndpointError", "EndpointModel", "RelayServer"]

# What of a request goes on; the endpoint's model and no stream are put in.
_PASSED_ON = ("messages", "temperature", "max_tokens", "max_completion_tokens", "top_p", "stop", "seed")


class EndpointError(Exception):
    """The endpoint gave no answer. The text holds neither key nor prompt."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would take the key to an address that nobody named."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """``url`` ends before ``/chat/completions``; ``key_env`` names the variable with the key, None: no key.

    ``seconds`` bounds one answer.
    """

    url: str
    model: str
    key_env: str | None = None
    seconds: float = 60.0

    def ask(self, request: Mapping[str, Any]) -> str:
        """The answer to one chat request. Raises EndpointError."""
        body = {key: request[key] for key in _PASSED_ON if request.get(key) is not None}
        headers = {"Content-Type": "application/json"}
        if self.key_env is not None:
            headers["Authorization"] = f"Bearer {os.environ.get(self.key_env, '')}"
        sent = urllib.request.Request(  # noqa: S310 - the command takes http and https only
            f"{self.url.rstrip('/')}/chat/completions",
            data=json.dumps({**body, "model": self.model, "stream": False}).encode(),
            headers=headers,
        )
        try:
            with urllib.request.build_opener(_NoRedirect).open(sent, timeout=self.seconds) as answer:
                said = json.load(answer)
            text = said["choices"][0]["message"]["content"]
        except urllib.error.HTTPError as error:
            raise EndpointError(f"the endpoint answers HTTP {error.code}") from None
        except (OSError, HTTPException) as error:
            raise EndpointError(f"the endpoint cannot be asked ({type(error).__name__})") from None
        except (ValueError, LookupError, TypeError):
            raise EndpointError("the endpoint's answer is no chat completion") from None
        if not isinstance(text, str):
            raise EndpointError("the endpoint's answer holds no text")
        return text


class RelayServer(ScriptedServer):
    """A scripted server whose answers are the endpoint's; ``failures`` are those it did not give."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(ScriptedBrain())
        self.endpoint = endpoint
        self.failures: list[str] = []

    def answer(self, request: Mapping[str, Any]) -> str:
        """Record one request and pass it on. Raises EndpointError."""
        self.note(request)
        try:
            return self.endpoint.ask(request)
        except EndpointError as error:
            self.failures.append(str(error))
            raise


class EndpointModel(ScriptedModel):
    """A model inside NeMo whose answers are the endpoint's; ``failures`` as in :class:`RelayServer`."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__()
        self.endpoint = endpoint
        self.failures: list[str] = []

    async def generate_async(
        self,
        prompt: str | Sequence[ChatMessage],
        *,
        stop: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> LLMResponse:
        """Ask the endpoint, with the settings that NeMo gives."""
        import asyncio

        from nemoguardrails.types import LLMResponse

        seen = self.note(prompt)
        request = {**kwargs, "messages": _messages(seen), "stop": list(stop) if stop else None}
        try:
            text = await asyncio.to_thread(self.endpoint.ask, request)
        except EndpointError as error:
            self.failures.append(str(error))
            raise
        return LLMResponse(content=text, model=self.endpoint.model, finish_reason="stop")

    async def stream_async(
        self,
        prompt: str | Sequence[ChatMessage],
        *,
        stop: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[LLMResponseChunk]:
        """The whole answer as one piece."""
        from nemoguardrails.types import LLMResponseChunk

        answer = await self.generate_async(prompt, stop=stop, **kwargs)
        yield LLMResponseChunk(delta_content=str(answer.content), model=self.endpoint.model)
        yield LLMResponseChunk(finish_reason="stop", model=self.endpoint.model)


def _messages(seen: SeenPrompt) -> list[dict[str, str]]:
    return [{"role": turn.role, "content": turn.text} for turn in seen.turns]
