"""What the schemas of bundles and trust stores refuse, in one line."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Literal

from guardlint.policy.schema_errors import explain
from guardlint.resources import resource_dir
from guardlint.source.yaml_file import DataPath

__all__ = ["Fault", "Kind", "first_fault"]

Kind = Literal["bundle-manifest", "plan", "revisions", "trust"]

Fault = tuple[DataPath, bool, str, str | None]
"""Path in the data, whether its key is meant, message, help."""


def first_fault(kind: Kind, data: object) -> Fault | None:
    """The most telling thing that the schema of ``kind`` refuses in ``data``, or None.

    ``data`` may come from YAML: keys that are no text, values that JSON does not have and numbers that are
    not finite are refused before the schema is asked (a NaN passes ``minimum`` and ``maximum``).
    """
    unfit = _unfit(data)
    if unfit is not None:
        return *unfit, None
    errors = list(_validator(kind).iter_errors(data))
    if not errors:
        return None
    path, at_key, message, mend = explain(errors)
    return path, at_key, _one_line(message), _one_line(mend) if mend else None


def _unfit(data: object) -> tuple[DataPath, bool, str] | None:
    stack: list[tuple[DataPath, object]] = [((), data)]
    while stack:
        path, value = stack.pop()
        if isinstance(value, dict):
            for key, item in value.items():
                if not isinstance(key, str):
                    return path, False, f"the key {ascii(key)[:60]} is not text"
                stack.append(((*path, key), item))
        elif isinstance(value, list):
            stack.extend(((*path, index), item) for index, item in enumerate(value))
        elif isinstance(value, float) and not math.isfinite(value):
            return path, False, f"{value} is not a number"
        elif not isinstance(value, str | int | float | None):
            return path, False, f"a {type(value).__name__} may not stand here"
    return None


@cache
def _validator(kind: Kind) -> Any:
    from jsonschema import Draft202012Validator, validators

    schema = json.loads((resource_dir("schemas") / f"{kind}.json").read_text(encoding="utf-8"))
    # In JSON Schema (ECMA 262) `$` is the end; in Python it also matches before a last line end.
    extend: Any = validators.extend
    return extend(Draft202012Validator, {"pattern": _pattern})(schema)


def _pattern(validator: Any, pattern: str, instance: object, schema: Mapping[str, Any]) -> Iterator[Any]:
    from jsonschema import ValidationError

    del validator, schema
    if isinstance(instance, str) and not _compiled(pattern).search(instance):
        yield ValidationError(f"{instance!a} does not match {pattern}")


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\$$", r"\\Z", pattern))


def _one_line(text: str) -> str:
    short = text if len(text) <= 300 else f"{text[:297]}..."
    return short if short.isprintable() else ascii(short)[1:-1]
