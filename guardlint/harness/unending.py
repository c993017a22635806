"""One message through real NeMo, to be asked in a process that can be killed. Importing this imports NeMo."""

from __future__ import annotations

import asyncio
from pathlib import Path

import nemoguardrails  # noqa: F401  loaded here, so that it is not the time of the first message

from guardlint.harness.brain import ScriptedBrain
from guardlint.harness.scripted import ScriptedModel, load_rails

__all__ = ["reply"]


def reply(folder: str, answer: str) -> str:
    """What the configuration in ``folder`` replies to a greeting when its model says ``answer``."""
    rails = load_rails(Path(folder), ScriptedModel(ScriptedBrain(answer=answer)))
    said = asyncio.run(rails.generate_async(messages=[{"role": "user", "content": "hello"}]))
    return str(said["content"])
