"""One half of a bundle as NeMo will read it: its rails, models, prompts, settings and files."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from guardlint.nemo.catalogue import DIRECTIONS
from guardlint.nemo.configuration import Configuration, read_configuration
from guardlint.source.redact import redact_data

__all__ = ["Half", "ModelUse", "configuration_of", "half_files", "read_half"]

# They have lines of their own.
_APART = frozenset({"models", "prompts", "docs"})


@dataclass(frozen=True, slots=True)
class ModelUse:
    """A model that a half asks; ``address`` is the ``base_url`` or the like, None for the engine's own."""

    kind: str
    name: str
    address: str | None

    def __str__(self) -> str:
        return f"{self.name} at {self.address}" if self.address else self.name


@dataclass(frozen=True, slots=True)
class Half:
    """``rails`` by direction, in order; ``prompts``: digests by task; ``settings`` by path, secrets hidden.

    ``code`` are the Python files that NeMo runs; ``files``: sizes in bytes of all, by path in the half.
    """

    colang: str
    rails: Mapping[str, tuple[str, ...]]
    models: tuple[ModelUse, ...]
    prompts: Mapping[str, str]
    settings: Mapping[str, Any]
    code: tuple[str, ...]
    files: Mapping[str, int]


def half_files(files: Mapping[str, bytes], half: str) -> dict[str, bytes]:
    """The files below ``half/``, by the rest of their names."""
    start = f"{half}/"
    return {name.removeprefix(start): data for name, data in files.items() if name.startswith(start)}


def configuration_of(files: Mapping[str, bytes], version: str) -> Configuration | None:
    """The files of one half as one configuration, read on disk as NeMo would; None without any.

    The names are those of an archive: none leaves its folder. Nothing of it is run.
    """
    if not files:
        return None
    with tempfile.TemporaryDirectory(prefix="guardlint-") as folder:
        # Looked for upwards: one that lies in the folder for temporary files must hide nothing.
        Path(folder, ".railsignore").touch()
        root = Path(folder, "half")
        for relative, data in files.items():
            path = root / relative
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return read_configuration(root, version=version)


def read_half(files: Mapping[str, bytes], half: str, version: str) -> Half | None:
    """``company`` or ``team`` of a bundle for the NeMo ``version``; None where the half is empty."""
    own = half_files(files, half)
    found = configuration_of(own, version)
    if found is None:
        return None
    return Half(
        colang=found.colang_version,
        rails={
            direction: tuple(rail.text for rail in found.rails(direction))
            for direction in DIRECTIONS
            if found.rails(direction)
        },
        models=tuple(_model(model) for model in found.models),
        prompts=dict(_prompts(found)),
        settings=dict(_settings(found)),
        code=tuple(sorted(file.relative for file in found.files if file.kind == "python")),
        files={name: len(data) for name, data in own.items()},
    )


def _model(model: Mapping[str, Any]) -> ModelUse:
    parameters = model.get("parameters")
    parameters = parameters if isinstance(parameters, dict) else {}
    address = next(
        (parameters[key] for key in ("base_url", "endpoint", "api_base") if key in parameters), None
    )
    name = "/".join(str(model[key]) for key in ("engine", "model") if model.get(key))
    shown = redact_data(str(address)) if address is not None else None
    return ModelUse(str(model.get("type")), name or "nothing named", shown)


def _prompts(found: Configuration) -> Iterator[tuple[str, str]]:
    """A second prompt of a task gets a number, so that none hides another."""
    counted: dict[str, int] = {}
    for prompt in found.prompts:
        counted[prompt.task] = number = counted.get(prompt.task, 0) + 1
        text = json.dumps(prompt.data, sort_keys=True, default=str)
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        yield prompt.task if number == 1 else f"{prompt.task} ({number})", digest


def _settings(found: Configuration) -> Iterator[tuple[str, Any]]:
    data = redact_data({key: value for key, value in found.joined.raw.items() if key not in _APART})
    for path, value in _leaves(data, ()):
        if not (len(path) == 3 and path[0] == "rails" and path[2] == "flows"):
            yield ".".join(path), value


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every value that is no mapping, by its path; a list is one value."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, (*path, str(key)))
    else:
        yield path, value
