"""A scripted model inside NeMo: the only module of the harness that imports NeMo Guardrails.

:class:`ScriptedModel` speaks NeMo's ``LLMModel`` protocol (nemoguardrails/types.py, 0.24.1) and keeps every
prompt it was given; :func:`load_rails` puts it into an ``LLMRails`` made from a directory, without network.
NeMo is imported when the first of them is used, with its telemetry off.
"""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from guardlint.errors import ConfigError, RuntimeUnavailable
from guardlint.harness.brain import ScriptedBrain, SeenPrompt, Turn, read_turns, recognise_task
from guardlint.harness.openai_server import chunks_of

if TYPE_CHECKING:
    from nemoguardrails import LLMRails
    from nemoguardrails.embeddings.index import IndexItem
    from nemoguardrails.types import ChatMessage, LLMResponse, LLMResponseChunk

__all__ = ["ScriptedModel", "WordIndex", "load_rails", "telemetry_off"]

_INDEX_NAME: Final = "guardlint-word-overlap"


def telemetry_off() -> None:
    """Switch NeMo's usage reports off for this process; to be called before NeMo is imported."""
    os.environ["NEMO_GUARDRAILS_NO_USAGE_STATS"] = "1"
    os.environ["DO_NOT_TRACK"] = "1"


def load_rails(path: Path | str, model: ScriptedModel) -> LLMRails:
    """NeMo's ``LLMRails`` for the configuration at ``path``, with ``model`` as its main model.

    Dialog flows find their examples by the words they share with the message instead of by an embedding
    model, which NeMo would download. Nothing else of the configuration is changed. Raises ``ConfigError``
    with NeMo's own words where NeMo refuses the configuration.
    """
    telemetry_off()
    try:
        from nemoguardrails import LLMRails, RailsConfig
    except ImportError as error:
        raise RuntimeUnavailable(
            "NeMo Guardrails is not installed", help="pip install 'guardlint[runtime]'"
        ) from error
    try:
        config = RailsConfig.from_path(str(path))
        if config.core.embedding_search_provider.name == "default":
            config.core.embedding_search_provider.name = _INDEX_NAME
        rails = LLMRails(config, llm=model)
    except Exception as error:  # NeMo raises whatever its parsers raise
        raise ConfigError(f"NeMo refuses the configuration: {error}", place=str(path)) from error
    rails.register_embedding_search_provider(_INDEX_NAME, WordIndex)
    return rails


class ScriptedModel:
    """An ``LLMModel`` that answers from a brain and remembers what it was shown.

    ``seen`` holds one :class:`SeenPrompt` a call, with NeMo's own name of the task.
    """

    def __init__(self, brain: ScriptedBrain | None = None) -> None:
        self.brain = brain or ScriptedBrain()
        self.seen: list[SeenPrompt] = []

    @property
    def model_name(self) -> str:
        """The name NeMo puts in its logs."""
        return "scripted"

    @property
    def provider_name(self) -> str | None:
        """The name of the provider in NeMo's logs."""
        return "guardlint"

    @property
    def provider_url(self) -> str | None:
        """None: there is no provider, the answers are made here."""
        return None

    def shown(self, task: str) -> list[str]:
        """The text of every prompt of one NeMo task so far, e.g. ``self_check_input``."""
        return [prompt.text for prompt in self.seen if prompt.task == task]

    async def generate_async(
        self,
        prompt: str | Sequence[ChatMessage],
        *,
        stop: Sequence[str] | None = None,  # noqa: ARG002 - NeMo's protocol
        **kwargs: Any,  # noqa: ARG002 - NeMo's protocol
    ) -> LLMResponse:
        """Answer one prompt whole. ``stop`` and the other settings change nothing."""
        from nemoguardrails.types import LLMResponse

        return LLMResponse(content=self._reply(prompt), model=self.model_name, finish_reason="stop")

    async def stream_async(
        self,
        prompt: str | Sequence[ChatMessage],
        *,
        stop: Sequence[str] | None = None,  # noqa: ARG002 - NeMo's protocol
        **kwargs: Any,  # noqa: ARG002 - NeMo's protocol
    ) -> AsyncIterator[LLMResponseChunk]:
        """Answer one prompt word by word. ``stop`` and the other settings change nothing."""
        from nemoguardrails.types import LLMResponseChunk

        for piece in chunks_of(self._reply(prompt)):
            yield LLMResponseChunk(delta_content=piece, model=self.model_name)
        yield LLMResponseChunk(finish_reason="stop", model=self.model_name)

    def note(self, prompt: str | Sequence[ChatMessage]) -> SeenPrompt:
        """Keep one prompt; the prompt as it is kept."""
        turns = _turns_of(prompt)
        seen = SeenPrompt(turns, _task_of_call() or recognise_task(turns))
        self.seen.append(seen)
        return seen

    def _reply(self, prompt: str | Sequence[ChatMessage]) -> str:
        return self.brain.reply(self.note(prompt))


class WordIndex:
    """NeMo's embeddings index without a model: the more words two texts share, the nearer they are."""

    def __init__(self, **_: object) -> None:
        self._items: list[IndexItem] = []

    async def add_item(self, item: IndexItem) -> None:
        """Keep one item."""
        self._items.append(item)

    async def add_items(self, items: Sequence[IndexItem]) -> None:
        """Keep several."""
        self._items.extend(items)

    async def build(self) -> None:
        """Nothing to build: the items are few."""

    async def search(self, text: str, max_results: int, threshold: float | None) -> list[IndexItem]:
        """The nearest items, those that share the most words first."""
        scored = [(_overlap(text, item.text), item) for item in self._items]
        near = [pair for pair in scored if threshold is None or pair[0] >= threshold]
        near.sort(key=lambda pair: -pair[0])
        return [item for _, item in near[:max_results]]


def _overlap(one: str, other: str) -> float:
    """Shared words over all words, 0 to 1."""
    left, right = (set(re.findall(r"\w+", text.casefold())) for text in (one, other))
    return len(left & right) / len(left | right) if left | right else 0.0


def _task_of_call() -> str | None:
    # NeMo names the task in a context variable before every call (nemoguardrails/llm/call.py), which says
    # more than the text of the prompt ever could.
    from nemoguardrails.context import llm_call_info_var

    info = llm_call_info_var.get()
    task = getattr(info, "task", None)
    return str(task) if task else None


def _turns_of(prompt: str | Sequence[ChatMessage]) -> tuple[Turn, ...]:
    if isinstance(prompt, str):
        return (Turn("user", prompt),)
    return read_turns([cast("ChatMessage", message).to_dict() for message in prompt])
