"""Values of the right shape that NeMo refuses all the same: patterns, and flows at the top of a file.

``library/regex/rail_config.py`` compiles every pattern when it loads; ``RailsConfig.parse_object`` asks each
entry of a top-level ``flows`` for its ``elements``, and the runtime of Colang 2.x takes no such list at all
(0.24.1; the same lines stand in every version since 0.17, in ``rails/llm/config.py``).
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from typing import Any

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.pattern_shapes import regex_patterns
from guardlint.nemo.refusal import Refusal
from guardlint.source.yaml_file import DataPath

__all__ = ["value_refusals"]

_MAX_LENGTH = 5_000
_SECTIONS = "`rails.input`, `rails.output` or `rails.retrieval`"


def value_refusals(configuration: Configuration) -> Iterator[Refusal]:
    """What the patterns of the regex rails and the flows at the top level make NeMo raise."""
    for path, pattern in regex_patterns(configuration):
        reason = _refused_pattern(pattern)
        if reason is not None:
            yield Refusal(
                "other",
                f"the pattern is no regular expression: {reason}",
                configuration.place(path),
                path,
                "write a pattern that Python's `re` reads, or take the entry out",
            )
    for index, flow in enumerate(configuration.value(("flows",), [])):
        here: DataPath = ("flows", index)
        if isinstance(flow, str):
            message, mend = f"`flows` at the top level lists no rails: `{flow}`", f"move it under {_SECTIONS}"
        elif configuration.generation == "2.x":
            message = "`flows` at the top level is not for Colang 2.x"
            mend = "write the flow in a .co file"
        elif not _has_elements(flow):
            message, mend = "a flow at the top level lacks `elements`", "write the flow in a .co file"
        else:
            continue
        yield Refusal("other", message, configuration.place(here), here, mend)
        break  # the first stops NeMo, and all want the same mend


def _refused_pattern(pattern: str) -> str | None:
    """What Python has against the pattern; a very long one is not tried."""
    if len(pattern) > _MAX_LENGTH:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        return str(error)
    return None


def _has_elements(flow: Any) -> bool:
    """Whether NeMo can read the flow: a mapping whose ``elements`` are mappings, or none."""
    if not isinstance(flow, dict) or "elements" not in flow:
        return False
    elements = flow["elements"]
    return not elements or (isinstance(elements, list) and isinstance(elements[0], dict))
