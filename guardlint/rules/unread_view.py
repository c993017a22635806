"""What the rules about files that NeMo does not read have in common."""

from __future__ import annotations

from typing import Any

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.loading import refusals
from guardlint.nemo.unread import UnreadFile

__all__ = ["covers", "is_said_elsewhere", "note_text"]


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
    """Whether nothing is lost, or the loss is loud: a rail is missing, and NeMo says so."""
    if file.data is not None:
        return covers(configuration.joined.raw, file.data)
    outline = file.colang
    if outline is None:
        return True
    missing = {refusal.message for refusal in refusals(configuration) if refusal.topic == "flow"}
    if any(f"no flow is named `{flow.name}`" in missing for flow in outline.flows):
        return True
    read = {message.name for other in configuration.read_colang for message in other.messages}
    return all(flow.name and flow.name in configuration.flows for flow in outline.flows) and all(
        message.name in read for message in outline.messages
    )


def note_text(configuration: Configuration, file: UnreadFile) -> None:
    """Give reports the text, so that they can show the line."""
    configuration.texts.setdefault(file.name, file.text)
