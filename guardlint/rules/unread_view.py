"""What the rules about files that NeMo does not read have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.loading import refusals
from guardlint.nemo.unread import UnreadFile
from guardlint.rules.rule import Related
from guardlint.source.colang import Flow

__all__ = ["covers", "is_said_elsewhere", "missed_rails", "note_text"]


def covers(kept: Any, lost: Any) -> bool:
    """Whether everything that one value says stands in the other too."""
    if isinstance(lost, dict):
        return isinstance(kept, dict) and all(
            key in kept and covers(kept[key], value) for key, value in lost.items()
        )
    if isinstance(lost, list):
        return isinstance(kept, list) and all(item in kept for item in lost)
    return bool(kept == lost)


def is_said_elsewhere(configuration: Configuration, file: UnreadFile) -> bool:
    """Whether nothing is lost: what is read says it too."""
    if file.data is not None:
        return covers(configuration.joined.raw, file.data)
    outline = file.colang
    if outline is None:
        return True
    read = {message.name for other in configuration.read_colang for message in other.messages}
    return all(flow.name and flow.name in configuration.flows for flow in outline.flows) and all(
        message.name in read for message in outline.messages
    )


def note_text(configuration: Configuration, file: UnreadFile) -> None:
    """Give reports the text, so that they can show the line."""
    configuration.texts.setdefault(file.name, file.text)


def missed_rails(
    configuration: Configuration, flows: Iterable[Flow], files: Iterable[UnreadFile] = ()
) -> tuple[str, tuple[Related, ...]]:
    """What NeMo does where it is to run some flows that it does not have, and where they are listed.

    It refuses to load, and names the flow alone: the file that defines it is the finding. So it is with the
    prompts of ``files``, which the rails need.
    """
    flows_told = {f"no flow is named `{flow.name}`" for flow in flows if flow.name}
    tasks = [
        f"needs a prompt for the task `{prompt['task']}`"
        for file in files
        for prompt in (file.data or {}).get("prompts") or ()
        if isinstance(prompt, dict) and "task" in prompt
    ]
    missing = [
        refusal
        for refusal in refusals(configuration)
        if (refusal.topic == "flow" and refusal.message in flows_told)
        or (refusal.topic == "key" and any(refusal.message.endswith(task) for task in tasks))
    ]
    if not missing:
        return "", ()
    told = f"; NeMo refuses to load: {missing[0].message}"
    return told, tuple(Related(item.place, "listed as a rail here") for item in missing[:5])
