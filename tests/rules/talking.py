"""A configuration written down, one message through real NeMo, and the rules that fire on it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from guardlint.harness.brain import ScriptedBrain
from guardlint.harness.scripted import ScriptedModel, load_rails
from guardlint.lint.check import Target, check

__all__ = ["ANSWER", "REFUSAL", "Talk", "ask", "rules"]

REFUSAL = "I'm sorry, I can't respond to that."
ANSWER = "Here is what I can tell you."


@dataclass(frozen=True)
class Talk:
    """What came back, in one piece or in several, and what the model was asked."""

    reply: str
    pieces: list[str]
    error: BaseException | None
    model: ScriptedModel

    @property
    def tasks(self) -> list[str]:
        return [prompt.task for prompt in self.model.seen]


def rules(folder: Path) -> list[str]:
    """The ids of the rules that fire."""
    return [found.rule for found in check([Target(folder)]).findings]


def ask(folder: Path, text: str = "hello", *, stream: bool = False, **brain: Any) -> Talk:
    """One message through NeMo's LLMRails."""
    model = ScriptedModel(ScriptedBrain(**{"answer": ANSWER, "forbidden": ("vault code",), **brain}))
    rails = load_rails(folder, model)
    messages = [{"role": "user", "content": text}]

    async def talk() -> list[str]:
        if stream:
            return [str(piece) async for piece in rails.stream_async(messages=messages)]
        return [(await rails.generate_async(messages=messages))["content"]]

    try:
        pieces = asyncio.run(talk())
    except Exception as error:  # noqa: BLE001 - which one it is, the tests say
        return Talk("", [], error, model)
    return Talk("".join(pieces), pieces, None, model)
