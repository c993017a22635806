"""One clear sentence for what JSON Schema refuses, with did-you-mean for keys and values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from guardlint.source.names import closest
from guardlint.source.yaml_file import DataPath

__all__ = ["explain"]

_TYPES = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
}


def explain(errors: Iterable[Any]) -> tuple[DataPath, bool, str, str | None]:
    """Path, whether its key is meant, message and help for the most telling of ``errors``.

    ``errors`` are jsonschema ValidationErrors. An unknown key is told first: it is most often
    the cause of a missing one.
    """
    ranked = sorted(_leaves(errors), key=lambda error: (_rank(error), _depth_first(error)))
    error = ranked[0]
    path: DataPath = tuple(error.absolute_path)
    teller = _TELLERS.get(error.validator, _tell_other)
    extra, at_key, message, hint = teller(error)
    return (*path, *extra), at_key, message, hint


_Told = tuple[DataPath, bool, str, str | None]


def _leaves(errors: Iterable[Any]) -> list[Any]:
    """Errors inside an ``anyOf`` are told by the branch that fits best; ``oneOf`` stays whole."""
    found: list[Any] = []
    for error in errors:
        if error.validator == "anyOf" and error.context:
            by_branch: dict[Any, list[Any]] = {}
            for inner in error.context:
                by_branch.setdefault(inner.schema_path[0], []).append(inner)
            typed = [group for group in by_branch.values() if all(e.validator != "type" for e in group)]
            best: list[Any] = min(typed, key=len) if typed else []
            found.extend(_leaves(best) or [error])
        else:
            found.append(error)
    return found


def _rank(error: Any) -> int:
    if error.validator == "additionalProperties" or _is_key(error):
        return 0
    return {"type": 1, "required": 3, "oneOf": 3}.get(error.validator, 2)


def _depth_first(error: Any) -> list[str]:
    return [f"{part:06d}" if isinstance(part, int) else part for part in error.absolute_path]


def _tell_extra(error: Any) -> _Told:
    known: Mapping[str, Any] = error.schema.get("properties", {})
    extra = next(key for key in error.instance if key not in known)
    return (
        (extra,),
        True,
        f"unknown key '{extra}'",
        _did_you_mean(extra, [k for k in known if k not in error.instance]),
    )


def _tell_value(error: Any) -> _Told:
    value = error.instance
    allowed = [error.validator_value] if error.validator == "const" else list(error.validator_value)
    if _is_key(error):
        return (value,), True, f"unknown key '{value}'", _did_you_mean(value, allowed)
    hint = _did_you_mean(value, allowed) if isinstance(value, str) else None
    return (), False, f"{_show(value)} is not {_one_of(allowed)}", hint


def _tell_required(error: Any) -> _Told:
    missing = next(key for key in error.validator_value if key not in error.instance)
    known = error.schema.get("properties", {}).get(missing, {})
    return (), False, f"the key '{missing}' is missing", known.get("description")


def _tell_type(error: Any) -> _Told:
    wanted = error.validator_value
    names = [_TYPES[name] for name in ([wanted] if isinstance(wanted, str) else wanted)]
    return (), False, f"{_show(error.instance)} is not {' or '.join(names)}", error.schema.get("description")


def _tell_pattern(error: Any) -> _Told:
    hint = error.schema.get("description")
    if _is_key(error):
        return (error.instance,), True, f"'{error.instance}' is not a name that may stand here", hint
    return (), False, f"{_show(error.instance)} is not written as it must be", hint


def _tell_one_of(error: Any) -> _Told:
    """Only one shape of ``oneOf`` is used in ``schemas/``: exactly one of some keys."""
    choices = [branch["required"][0] for branch in error.validator_value if "required" in branch]
    given = [key for key in choices if key in error.instance]
    names = ", ".join(f"'{key}'" for key in choices)
    if not given:
        return (), False, f"one of {names} is missing", None
    return (given[-1],), True, f"only one of {names} may stand here", f"'{given[0]}' is given too"


def _tell_dependent(error: Any) -> _Told:
    for key, needs in error.validator_value.items():
        if key in error.instance:
            for need in needs:
                if need not in error.instance:
                    return (key,), True, f"'{key}' needs '{need}' beside it", None
    return _tell_other(error)


def _tell_empty(error: Any) -> _Told:
    return (), False, "there is nothing in it", error.schema.get("description")


def _tell_other(error: Any) -> _Told:
    return (
        (),
        False,
        f"{_show(error.instance)} is refused: {error.validator} {_show(error.validator_value)}",
        None,
    )


def _is_key(error: Any) -> bool:
    return "propertyNames" in error.absolute_schema_path


_TELLERS = {
    "additionalProperties": _tell_extra,
    "enum": _tell_value,
    "const": _tell_value,
    "required": _tell_required,
    "type": _tell_type,
    "pattern": _tell_pattern,
    "oneOf": _tell_one_of,
    "dependentRequired": _tell_dependent,
    "minItems": _tell_empty,
    "minLength": _tell_empty,
    "minProperties": _tell_empty,
}


def _did_you_mean(word: object, candidates: Sequence[object]) -> str | None:
    names = [name for name in candidates if isinstance(name, str)]
    near = closest(str(word), names)
    if near is not None:
        return f"did you mean '{near}'?"
    return f"known here: {', '.join(sorted(names))}" if 0 < len(names) <= 12 else None


def _one_of(values: Sequence[object]) -> str:
    shown = [_show(value) for value in values]
    return shown[0] if len(shown) == 1 else f"one of {', '.join(shown)}"


def _show(value: object) -> str:
    if isinstance(value, str):
        return f"'{value if len(value) <= 40 else value[:37] + '...'}'"
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."
