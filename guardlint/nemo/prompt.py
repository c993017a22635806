"""One prompt of a configuration, with the place of every template in it; and one that NeMo ships."""

from __future__ import annotations

from typing import Any

from guardlint.source.place import Place
from guardlint.source.record import record
from guardlint.source.yaml_file import DataPath

__all__ = ["BuiltinPrompt", "Prompt", "templates_of"]


@record
class Prompt:
    """One entry of ``prompts``: the task and its templates, each with the path of its text."""

    task: str
    templates: tuple[tuple[str, DataPath], ...]
    path: DataPath
    place: Place
    data: dict[str, Any]


@record
class BuiltinPrompt:
    """One prompt of NeMo's own: ``file`` in its folder of prompts, and the catalogue's row."""

    task: str
    file: str
    data: dict[str, Any]


def templates_of(data: dict[str, Any], path: DataPath) -> tuple[tuple[str, DataPath], ...]:
    """The texts of one entry of ``prompts``, each with its path."""
    if isinstance(data.get("content"), str):
        return ((data["content"], (*path, "content")),)
    found: list[tuple[str, DataPath]] = []
    messages = data.get("messages")
    for index, message in enumerate(messages if isinstance(messages, list) else []):
        if isinstance(message, str):
            found.append((message, (*path, "messages", index)))
        elif isinstance(message, dict) and isinstance(message.get("content"), str):
            found.append((message["content"], (*path, "messages", index, "content")))
    return tuple(found)
