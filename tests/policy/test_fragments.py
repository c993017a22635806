"""JSON Schema fragments: judged as jsonschema judges them, and ordered without a wrong yes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from guardlint.policy.documents import schema_of
from guardlint.policy.fragments import fits, fragment_implies, wrong_pattern

SCALARS = st.sampled_from([None, True, False, 0, 1, 1.0, 2, 3.5, -1, "", "a", "ab", "b1"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "cc"]), inner, max_size=3)
    ),
    max_leaves=6,
)
NUMBERS = st.sampled_from([0, 1, 2, 3.5])
COUNTS = st.integers(0, 3)
KEYS = st.sampled_from(["a", "b", "cc"])
TYPES = st.sampled_from(["null", "boolean", "string", "array", "object", "number", "integer"])
PLAIN = {
    "type": TYPES | st.lists(TYPES, min_size=1, max_size=3, unique=True),
    "const": SCALARS,
    "enum": st.lists(SCALARS, min_size=1, max_size=3),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), NUMBERS),
    "multipleOf": st.sampled_from([1, 2, 0.5]),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), COUNTS),
    **dict.fromkeys(("minProperties", "maxProperties"), COUNTS),
    "pattern": st.sampled_from(["^a", "b", r"\d$"]),
    "uniqueItems": st.booleans(),
    "required": st.lists(KEYS, max_size=2, unique=True),
}


def fragments() -> st.SearchStrategy[dict[str, Any]]:
    def nest(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
        listed = st.lists(inner, min_size=1, max_size=2)
        return st.fixed_dictionaries(
            {},
            optional={
                **PLAIN,
                **dict.fromkeys(("items", "contains", "propertyNames"), inner),
                "properties": st.dictionaries(KEYS, inner, max_size=2),
                "additionalProperties": st.booleans() | inner,
                **dict.fromkeys(("allOf", "anyOf", "oneOf"), listed),
            },
        )

    return st.recursive(st.fixed_dictionaries({}, optional=PLAIN), nest, max_leaves=3)


@settings(max_examples=400, deadline=None)
@given(fragments(), VALUES)
def test_judged_as_jsonschema_does(fragment: dict[str, Any], value: Any) -> None:
    """A value fits exactly where a validator of draft 2020-12 accepts it."""
    assert Draft202012Validator(fragment).is_valid(value) == fits(fragment, value)


@example({}, {"const": None}, [None, True])
@settings(max_examples=400, deadline=None)
@given(fragments(), fragments(), st.lists(VALUES, min_size=5, max_size=15))
def test_implied_means_never_looser(
    fragment: dict[str, Any], floor: dict[str, Any], values: list[Any]
) -> None:
    """What fits a fragment fits each fragment that it implies, and each fragment implies itself."""
    assert fragment_implies(fragment, fragment)
    both = {"allOf": [fragment, floor]}
    assert fragment_implies(both, floor)
    for one, other in ((fragment, floor), (both, floor)):
        if fragment_implies(one, other):
            assert [] == [value for value in values if fits(one, value) and not fits(other, value)]


@pytest.mark.parametrize(
    ("fragment", "floor", "implied"),
    [
        ({"maximum": 1}, {"maximum": 2}, True),
        ({"maximum": 3}, {"maximum": 2}, False),
        ({"type": "integer", "maximum": 1}, {"type": "number"}, True),
        ({"type": "number"}, {"type": "integer"}, False),
        ({"enum": [1, 2]}, {"minimum": 1}, True),
        ({"const": "a"}, {"pattern": "^a"}, True),
        ({"required": ["a", "b"]}, {"required": ["a"]}, True),
        ({"items": {"maxLength": 3}}, {"items": {"maxLength": 5}}, True),
        ({"properties": {"a": {"const": 1}, "b": {}}}, {"properties": {"a": {"type": "integer"}}}, True),
        ({"minItems": 1}, {"anyOf": [{"minItems": 1}, {"type": "null"}]}, True),
        (
            {"properties": {"a": {}, "b": {}}, "additionalProperties": False},
            {"properties": {"a": {}}, "additionalProperties": False},
            False,
        ),
    ],
)
def test_order(fragment: dict[str, Any], floor: dict[str, Any], implied: bool) -> None:
    """Tighter numbers, fewer values and more demands are tighter; more room is not."""
    assert implied == fragment_implies(fragment, floor)


def test_the_schema_lets_in_what_is_judged_and_nothing_else() -> None:
    """Every keyword that a policy may write is judged: an ignored one would require nothing."""
    from guardlint.policy.fragments import _KEYWORDS

    assert set(_KEYWORDS) == set(schema_of("policy")["$defs"]["fragment"]["properties"])


def test_patterns_are_read_when_the_policy_is() -> None:
    """A regular expression that Python cannot read is found, however deep."""
    assert wrong_pattern({"items": {"properties": {"pattern": {"pattern": "("}}}}) == "("
    assert wrong_pattern({"const": {"pattern": "("}, "anyOf": [{"pattern": "a+"}]}) is None
