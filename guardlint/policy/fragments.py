"""JSON Schema fragments in policies: whether a value fits one, and whether one is as tight as another.

The keywords are those that say something of one value without looking elsewhere (no ``$ref``, no ``not``, no
``if``): for them an order can be told, and a check needs no jsonschema. A value that nobody set is null.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from math import isclose
from typing import Any

__all__ = ["Fragment", "fits", "fragment_implies", "wrong_pattern"]

Fragment = Mapping[str, Any]

_AT_LEAST = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_AT_MOST = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_WITHIN = ("items", "contains", "propertyNames")


def fits(fragment: Fragment, value: Any) -> bool:
    """Whether ``value`` is one that the fragment describes (JSON Schema 2020-12)."""
    return all(_KEYWORDS[word](said, value, fragment) for word, said in fragment.items() if word in _KEYWORDS)


def fragment_implies(fragment: Fragment, floor: Fragment) -> bool:
    """Whether every value that fits ``fragment`` fits ``floor``, as far as that can be read off the keywords.

    Never wrongly yes: where it cannot be told the answer is no.
    """
    values = [fragment["const"]] if "const" in fragment else fragment.get("enum")
    if values is not None:
        return all(fits(floor, value) for value in values if fits(fragment, value))
    branches = fragment.get("allOf", ())
    rest = {word: said for word, said in fragment.items() if word != "allOf"}
    if branches and any(fragment_implies(branch, floor) for branch in (*branches, rest)):
        return True
    return all(
        any(_word_implies(own, word, said, floor) for own in (rest, *branches))
        or (word == "allOf" and all(fragment_implies(fragment, branch) for branch in said))
        or (word == "anyOf" and any(fragment_implies(fragment, branch) for branch in said))
        for word, said in floor.items()
    )


def wrong_pattern(fragment: Any) -> str | None:
    """The first regular expression in a fragment that Python cannot read, or None."""
    if isinstance(fragment, list):
        return next((found for item in fragment if (found := wrong_pattern(item))), None)
    if not isinstance(fragment, Mapping):
        return None
    pattern = fragment.get("pattern")
    if isinstance(pattern, str):
        try:
            re.compile(pattern)
        except re.error:
            return pattern
    inside = [said for word, said in fragment.items() if word not in ("const", "enum", "properties")]
    return wrong_pattern([*inside, *fragment.get("properties", {}).values()])


def _word_implies(fragment: Fragment, word: str, said: Any, floor: Fragment) -> bool:
    if word not in _KEYWORDS or (word in fragment and _equal(fragment[word], said)):
        # additionalProperties speak of what `properties` leaves over: the same words, the same keys.
        return word != "additionalProperties" or set(fragment.get("properties", ())) <= set(
            floor.get("properties", ())
        )
    if word not in fragment:
        return False
    own = fragment[word]
    if word in _AT_LEAST:
        return bool(own >= said)
    if word in _AT_MOST:
        return bool(own <= said)
    if word == "type":
        wanted = _listed(said)
        return all(name in wanted or (name == "integer" and "number" in wanted) for name in _listed(own))
    if word == "required":
        return set(own) >= set(said)
    if word == "uniqueItems":
        return bool(own) or not said
    if word in _WITHIN:
        return fragment_implies(own, said)
    if word == "properties":
        return all(key in own and fragment_implies(own[key], inner) for key, inner in said.items())
    return False


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list | tuple),
    "object": lambda value: isinstance(value, Mapping),
    "number": _is_number,
    "integer": lambda value: _is_number(value) and float(value).is_integer(),
}


def _listed(said: Any) -> list[str]:
    return [said] if isinstance(said, str) else list(said)


def _equal(left: Any, right: Any) -> bool:
    """As JSON has it: 1 and 1.0 are equal, 1 and true are not."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(_equal(a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(_equal(left[key], right[key]) for key in left)
    return bool(left == right)


def _multiple(said: float, value: float) -> bool:
    return isclose(value / said, round(value / said), rel_tol=0, abs_tol=1e-9)


def _unique(value: Any) -> bool:
    return not any(_equal(item, other) for at, item in enumerate(value) for other in value[:at])


def _extra(said: Any, value: Mapping[str, Any], fragment: Fragment) -> bool:
    extra = [item for key, item in value.items() if key not in fragment.get("properties", {})]
    return not extra if said is False else said is True or all(fits(said, item) for item in extra)


def _on(kind: str, test: Callable[[Any, Any], bool]) -> Callable[[Any, Any, Fragment], bool]:
    """A keyword that speaks of one type of value only."""
    is_one = _TYPES[kind]
    return lambda said, value, _: not is_one(value) or test(said, value)


_KEYWORDS: Mapping[str, Callable[[Any, Any, Fragment], bool]] = {
    "type": lambda said, value, _: any(_TYPES[name](value) for name in _listed(said)),
    "const": lambda said, value, _: _equal(said, value),
    "enum": lambda said, value, _: any(_equal(one, value) for one in said),
    "minimum": _on("number", lambda said, value: value >= said),
    "maximum": _on("number", lambda said, value: value <= said),
    "exclusiveMinimum": _on("number", lambda said, value: value > said),
    "exclusiveMaximum": _on("number", lambda said, value: value < said),
    "multipleOf": _on("number", _multiple),
    "minLength": _on("string", lambda said, value: len(value) >= said),
    "maxLength": _on("string", lambda said, value: len(value) <= said),
    "pattern": _on("string", lambda said, value: re.search(said, value) is not None),
    "minItems": _on("array", lambda said, value: len(value) >= said),
    "maxItems": _on("array", lambda said, value: len(value) <= said),
    "uniqueItems": _on("array", lambda said, value: not said or _unique(value)),
    "items": _on("array", lambda said, value: all(fits(said, item) for item in value)),
    "contains": _on("array", lambda said, value: any(fits(said, item) for item in value)),
    "minProperties": _on("object", lambda said, value: len(value) >= said),
    "maxProperties": _on("object", lambda said, value: len(value) <= said),
    "required": _on("object", lambda said, value: all(key in value for key in said)),
    "properties": _on(
        "object",
        lambda said, value: all(fits(inner, value[key]) for key, inner in said.items() if key in value),
    ),
    "propertyNames": _on("object", lambda said, value: all(fits(said, key) for key in value)),
    "additionalProperties": lambda said, value, fragment: (
        not isinstance(value, Mapping) or _extra(said, value, fragment)
    ),
    "allOf": lambda said, value, _: all(fits(branch, value) for branch in said),
    "anyOf": lambda said, value, _: any(fits(branch, value) for branch in said),
    "oneOf": lambda said, value, _: sum(fits(branch, value) for branch in said) == 1,
}
