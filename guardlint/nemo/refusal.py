"""One reason for which NeMo does not load a configuration."""

from __future__ import annotations

from typing import Literal

from guardlint.source.place import Place
from guardlint.source.record import record
from guardlint.source.yaml_file import DataPath

__all__ = ["Refusal", "Topic"]

Topic = Literal["file", "flow", "key", "other", "environment"]


@record
class Refusal:
    """One reason for which NeMo does not load the configuration.

    ``topic`` tells who reports it: ``file``, ``flow`` and ``key`` have rules of their own; ``environment``
    is a refusal that depends on the machine, an ``llm=`` argument or code, and is nobody's fault.
    """

    topic: Topic
    message: str
    place: Place
    path: DataPath | None = None
    help: str = ""
