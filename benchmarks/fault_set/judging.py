"""What real NeMo makes of a configuration: one conversation for each probe, with a scripted model.

The verdicts are kept below the user's cache directory by the content of the files and the probes; nothing
of them is committed.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from guardlint.harness.brain import ScriptedBrain, SeenPrompt

from .questions import ALLOWING, OFF_TOPIC
from .records import Files, Label, Probe

__all__ = ["Judge", "write_files"]

_FORMAT: Final = "4"
_SECONDS: Final = 40.0
_BROKEN: Final = "internal error"


def write_files(folder: Path, files: Files) -> None:
    """Put a configuration on disk, byte for byte."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())


class Judge:
    """Says whether a configuration keeps what its probes ask for; remembers what it has seen."""

    def __init__(self, store: Path, *, ask_nemo: bool = True) -> None:
        self._store = store
        self._ask = ask_nemo
        self._known: dict[str, list[str]] = json.loads(store.read_text()) if store.is_file() else {}
        self._ready = False
        self._new = 0

    def label(self, files: Files, probes: Sequence[Probe]) -> tuple[Label, str]:
        """The label, and what the first failing probe saw."""
        key = hashlib.sha256(
            json.dumps([_FORMAT, dict(files), [repr(probe) for probe in probes]], sort_keys=True).encode()
        ).hexdigest()[:24]
        if key not in self._known:
            if not self._ask:
                return "declared", "not asked"
            self._known[key] = list(self._fresh(files, probes))
            self._new += 1
            if self._new % 20 == 0:
                self.keep()
        label, why = self._known[key]
        return label, why  # type: ignore[return-value]  # what was stored is a label

    def keep(self) -> None:
        """Write the verdicts down; nothing to write where NeMo was not asked."""
        if not self._new:
            return
        self._store.parent.mkdir(parents=True, exist_ok=True)
        self._store.write_text(json.dumps(self._known))

    def _fresh(self, files: Files, probes: Sequence[Probe]) -> tuple[Label, str]:
        if not self._ready:
            _prepare()
            self._ready = True
        folder = Path(tempfile.mkdtemp(prefix="faults-"))
        try:
            write_files(folder, files)
            return _judge(folder, probes)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _prepare() -> None:
    os.environ.setdefault("OPENAI_API_KEY", "unused")
    os.environ.setdefault("NVIDIA_API_KEY", "unused")
    import logging

    logging.disable(logging.CRITICAL)
    from guardlint.engines.personal_data import serve_offline
    from guardlint.harness.scripted import telemetry_off

    telemetry_off()
    serve_offline()


def _judge(folder: Path, probes: Sequence[Probe]) -> tuple[Label, str]:
    from guardlint.errors import ConfigError
    from guardlint.harness.scripted import ScriptedModel, load_rails

    model = ScriptedModel()
    try:
        rails = load_rails(folder, model)
    except ConfigError as error:
        return "refused", str(error)[:300]
    for name in (llms := rails.runtime.registered_action_params.get("llms", {})):
        llms[name] = model
    for number, probe in enumerate(probes):
        rails.events_history_cache.clear()
        model.seen.clear()
        model.brain = ScriptedBrain(
            answer=probe.answer,
            forbidden=probe.condemned,
            unsupported=probe.condemned,
            intents=dict(probe.intents),
            judge=_Guards(probe.condemned, probe.answer),
        )
        try:
            reply, pieces = asyncio.run(asyncio.wait_for(_talk(rails, probe), _SECONDS))
        except Exception as error:  # noqa: BLE001 - whatever it is, the customer gets no answer
            return "broken", f"probe {number}: {error!r}"[:300]
        shown = "\n".join(prompt.text for prompt in model.seen)
        if _BROKEN in reply:
            return "broken", f"probe {number}: {reply}"[:300]
        if probe.shows and (probe.shows not in reply or reply.strip() != probe.shows):
            return "broken", f"probe {number}: not shown: {reply}"[:300]
        if probe.hides and (probe.hides in reply or any(probe.hides in piece for piece in pieces)):
            return "broken", f"probe {number}: not hidden: {reply}"[:300]
        if probe.hides and probe.answer in reply:
            return "broken", f"probe {number}: answered: {reply}"[:300]
        if probe.unread and probe.unread in shown:
            return (
                "broken",
                f"probe {number}: read by {[p.task for p in model.seen if probe.unread in p.text]}",
            )
    return "works", ""


async def _talk(rails: Any, probe: Probe) -> tuple[str, list[str]]:
    messages = [{"role": "user", "content": probe.text}]
    if probe.stream:
        pieces = [str(piece) async for piece in rails.stream_async(messages=messages)]
        return "".join(pieces), pieces
    reply = (await rails.generate_async(messages=messages))["content"]
    return reply, [reply]


class _Guards:
    """The judges that do not answer yes or no: content safety, topic safety, Llama Guard.

    A yes-or-no question that is put the wrong way round gets the honest answer to what it asks.
    """

    def __init__(self, condemned: tuple[str, ...], answer: str) -> None:
        self._condemned, self._answer = condemned, answer

    def __call__(self, prompt: SeenPrompt) -> str | None:
        if prompt.task.startswith("generate_value"):
            return json.dumps(self._answer)
        # A judge of answers condemns no answer for what was asked.
        shown = prompt.text.partition("\nresponse:")[2] or prompt.text
        bad = any(words.casefold() in shown.casefold() for words in self._condemned)
        task = prompt.task.partition(" ")[0]
        verdict = "unsafe" if bad else "safe"
        if task.startswith("content_safety"):
            return json.dumps({"User Safety": verdict, "Response Safety": verdict})
        if task.startswith("topic_safety"):
            return "off-topic" if OFF_TOPIC in shown else "on-topic"
        if task.startswith("llama_guard"):
            return f"{verdict}\nO1" if bad else verdict
        judges = task.startswith("self_check") and task != "self_check_facts"
        if judges and any(question in prompt.text for question in ALLOWING):
            return "No" if bad else "Yes"
        return None
