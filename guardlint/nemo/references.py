"""How NeMo reads an entry of ``rails.<direction>.flows``.

The load check strips the name and cuts it at ``(`` or ``$`` (``utils._normalize_flow_id``); parameters
are ``$name=value`` separated by blanks (``manifests/surface_reference.py``).
"""

from __future__ import annotations

from typing import Any

from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.place import Place
from guardlint.source.record import field, record
from guardlint.source.yaml_file import DataPath

__all__ = ["RailReference", "normalise_flow", "parameters_of"]

_PARAMETER = lazy_pattern(r"\$([A-Za-z_]\w*)=(\"[^\"]*\"|'[^']*'|[^\s$]+)")


@record
class RailReference:
    """One entry of a list of rails: its text, the flow that NeMo looks for, the library rail behind it."""

    direction: str
    text: str
    flow: str
    parameters: dict[str, str]
    path: DataPath
    place: Place
    surface: dict[str, Any] | None = field(default=None)


def normalise_flow(text: str) -> str:
    """The flow name that NeMo checks for when it loads."""
    text = text.strip()
    if "(" in text:
        text = text.split("(")[0]
    elif "$" in text:
        text = text.split("$")[0]
    return text.strip()


def parameters_of(text: str) -> dict[str, str]:
    """``content safety check input $model=x`` → ``{"model": "x"}``."""
    return {name: value.strip("\"'") for name, value in _PARAMETER.findall(text)}
