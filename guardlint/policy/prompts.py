"""The prompt hub: the approved prompts of a rail, each with the digest of the text that was approved."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from guardlint.policy.documents import read_document
from guardlint.source.record import record

__all__ = ["Prompt", "prompt_digest", "read_prompts"]

_NEMO_PROMPT_KEYS = ("task", "content", "messages", "output_parser", "max_length", "max_tokens", "stop")


@record
class Prompt:
    """An approved prompt; ``nemo`` is the entry of NeMo's ``prompts``.

    ``variables`` are those of its templates; ``tried_with`` the models that it was tried with.
    """

    id: str
    version: str
    digest: str
    task: str
    nemo: Mapping[str, Any]
    variables: tuple[str, ...] = ()
    tried_with: tuple[str, ...] = ()


def prompt_digest(entry: Mapping[str, Any]) -> str:
    """The digest of what NeMo gets of an approved prompt: its canonical JSON (sorted keys, no blanks)."""
    nemo = {key: entry[key] for key in _NEMO_PROMPT_KEYS if key in entry}
    text = json.dumps(nemo, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def read_prompts(folder: Path) -> tuple[Prompt, ...]:
    """Those of ``folder/prompts.yml``, if any. Raises ConfigError for a text that nobody approved."""
    path = folder / "prompts.yml"
    if not path.is_file():
        return ()
    document = read_document(path, "prompts")
    prompts = []
    for index, entry in enumerate(document.data["prompts"]):
        digest = prompt_digest(entry)
        if entry["digest"] != digest:
            raise document.error(
                f"the approved prompt '{entry['id']}' is not the text that its digest approves",
                "prompts",
                index,
                "digest",
                help=f"raise its version and write '{digest}'",
            )
        nemo = {key: entry[key] for key in _NEMO_PROMPT_KEYS if key in entry}
        prompts.append(
            Prompt(
                entry["id"],
                entry["version"],
                digest,
                entry["task"],
                nemo,
                tuple(entry.get("variables", ())),
                tuple(model["model"] for model in entry.get("tried_with", ())),
            )
        )
    return tuple(prompts)
