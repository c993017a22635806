"""The prompts that NeMo ships for its own tasks: what the choice between prompts needs, not their texts.

A row: ``task``, ``models`` (patterns; absent: any model), ``mode`` (absent: ``standard``) and ``sha256`` of
what the model is sent, so that two releases can be compared without either text.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import yaml
from nemoguardrails.llm.prompts import _load_prompts

from tools.catalogue.sources import ROOT

__all__ = ["builtin_prompts"]

_FOLDER = ROOT / "llm" / "prompts"


def builtin_prompts() -> dict[str, list[dict[str, Any]]]:
    """File name to its prompts, in the order in which NeMo tries them.

    Up to 0.22 NeMo reads the files in the order of the file system; here they are sorted in every series.
    Raises ValueError when NeMo itself loads other prompts than these.
    """
    files = sorted(path for path in _FOLDER.rglob("*") if path.suffix in (".yml", ".yaml"))
    read = {
        path.relative_to(_FOLDER).as_posix(): yaml.safe_load(path.read_text(encoding="utf-8"))["prompts"]
        for path in files
    }
    table = {name: [_row(prompt) for prompt in prompts] for name, prompts in read.items()}
    loaded = sorted((item.task, item.models or [], item.mode) for item in _load_prompts())
    rows = [row for listed in table.values() for row in listed]
    if loaded != sorted((row["task"], row.get("models", []), row.get("mode", "standard")) for row in rows):
        raise ValueError("NeMo loads other prompts than its folder has")
    return table


def _row(prompt: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {"task": prompt["task"], "sha256": _digest(prompt)}
    if prompt.get("models"):
        row["models"] = prompt["models"]
    if prompt.get("mode", "standard") != "standard":
        row["mode"] = prompt["mode"]
    return row


def _digest(prompt: dict[str, Any]) -> str:
    sent = {name: prompt[name] for name in ("content", "messages") if prompt.get(name)}
    return hashlib.sha256(json.dumps(sent, sort_keys=True).encode()).hexdigest()
