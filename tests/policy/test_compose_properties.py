"""Composition over generated policies: it never loosens, and saying a thing twice changes nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from guardlint.errors import ConfigError
from guardlint.policy.central import Central
from guardlint.policy.compose import compose
from guardlint.policy.documents import parse_document
from guardlint.policy.evaluate import violations
from guardlint.policy.join import join
from guardlint.policy.load import Policy, policy_from
from guardlint.policy.model import ComposedPolicy, RailUse
from guardlint.policy.rails import Rail

REFERENCE = Central.open()
ENTITIES = ["PERSON", "IBAN_CODE", "EMAIL_ADDRESS"]
ENGINES = ["openai", "nim", "azure"]
FLOWS = ["self check input", "llama guard check input", "regex check input"]
WHY = {"reason": "because", "controls": ["LLM01:2025"]}
ASKED = {**WHY, "enforced_by": "configuration"}


def rail_of(use: RailUse) -> Rail:
    return REFERENCE.rail(use.ref)


def some(items: list[Any], least: int = 0) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(items), unique=True, min_size=least)


def handlings() -> st.SearchStrategy[dict[str, Any]]:
    """What becomes of a rail that is slow or breaks."""
    more = {
        "at_once": st.integers(1, 3),
        "breaker": st.fixed_dictionaries({"failures": st.integers(1, 3), "seconds": st.integers(1, 3)}),
    }
    time = {"timeout_seconds": st.integers(1, 4)}
    return st.one_of(
        st.just({}),
        st.fixed_dictionaries({}, optional={**time, **more}),
        st.fixed_dictionaries({"on_failure": st.just("degrade"), **time}, optional=more),
    )


@st.composite
def rail_lists(draw: st.DrawFn) -> list[dict[str, Any]]:
    uses: list[dict[str, Any]] = []
    if draw(st.booleans()):
        entities = draw(st.one_of(st.none(), st.just("default"), some(ENTITIES, 1)))
        chosen = {"settings": {"entities": entities}} if entities is not None else {}
        uses.append({"rail": "mask-personal-data@1", **WHY, **chosen})
    return uses + [
        {"rail": rail, **WHY, **draw(handlings())}
        for rail in draw(some(["prompt-injection-patterns@1", "self-check@1"]))
    ]


def bounds() -> st.SearchStrategy[dict[str, Any]]:
    return st.one_of(
        st.integers(1, 4).map(lambda value: {"equals": value}),
        st.integers(1, 4).map(lambda value: {"minimum": value}),
        st.integers(1, 4).map(lambda value: {"maximum": value}),
        some([1, 2, 3, 4], 1).map(lambda values: {"one_of": values}),
    )


@st.composite
def requirements(draw: st.DrawFn) -> dict[str, list[dict[str, Any]]]:
    """Few ids, so that a child often says again what its parent says, tighter or looser."""
    required: list[dict[str, Any]] = []
    if draw(st.booleans()):
        names = draw(some(FLOWS, 1))
        rails = {"any_rail": names} if len(names) > 1 else {"rail": names[0]}
        required.append({"id": "a-rail", **ASKED, "direction": "input", **rails})
    if draw(st.booleans()):
        when = (
            {"when": {"setting": "rails.output.streaming.enabled", "equals": True}}
            if draw(st.booleans())
            else {}
        )
        setting = {"setting": "rails.output.streaming.chunk_size", **draw(bounds())}
        required.append({"id": "a-setting", **ASKED, **setting, **when})
    forbidden: list[dict[str, Any]] = []
    if draw(st.booleans()):
        forbidden.append({"id": "an-engine", **ASKED, "engine": draw(st.sampled_from([*ENGINES, "*"]))})
    if draw(st.booleans()):
        equals = draw(st.sampled_from([{}, {"equals": 1}, {"equals": 2}]))
        forbidden.append(
            {"id": "a-value", **ASKED, "setting": "rails.output.streaming.context_size", **equals}
        )
    if draw(st.booleans()):
        direction = draw(st.sampled_from([{}, {"direction": "input"}]))
        forbidden.append(
            {"id": "no-rail", **ASKED, "rail": draw(st.sampled_from(["*", "regex check*"])), **direction}
        )
    return {key: entries for key, entries in (("require", required), ("forbid", forbidden)) if entries}


@st.composite
def bodies(draw: st.DrawFn) -> dict[str, Any]:
    """A policy document without its head."""
    body: dict[str, Any] = draw(requirements())
    sides = {
        side: uses
        for side in ("input", "output")
        if (uses := [u for u in draw(rail_lists()) if side == "input" or "patterns" not in u["rail"]])
    }
    sections: dict[str, Any] = {
        "rails": sides,
        "runtime": draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "on_error": st.sampled_from(["block", "pass"]),
                    "timeout_seconds": st.integers(1, 40),
                },
            )
        ),
        "team_code": draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "actions": st.sampled_from(["isolated", "forbidden"]),
                    "config_py": st.sampled_from(["isolated", "forbidden"]),
                },
            )
        ),
        "models": draw(st.fixed_dictionaries({}, optional={"allow_engines": some(ENGINES, 1)})),
        "severity": draw(
            st.dictionaries(st.sampled_from(["one", "two"]), st.sampled_from(["error", "warning", "note"]))
        ),
        "not_waivable": draw(some(["one", "two", "three"])),
    }
    return {**body, **{key: section for key, section in sections.items() if section}}


@st.composite
def children(draw: st.DrawFn) -> dict[str, Any]:
    """A body of one or two sections: one that speaks of everything is nearly always looser somewhere."""
    body = draw(bodies())
    return {key: body[key] for key in draw(some(sorted(body)))[:2]} if body else {}


class View:
    def __init__(
        self, streaming: Mapping[str, Any], flows: list[str], engines: list[str], files: list[str]
    ) -> None:
        self.streaming, self.flows, self.engines, self.files = streaming, flows, engines, files
        self.actions: list[str] = []
        self.models: list[Any] = []
        self.endpoints: list[Any] = []
        self.prompts: list[Any] = []
        self.code: dict[str, str] = {}
        self.nemo = "0.24.1"

    def receivers(self, text: str) -> list[Any]:
        return []

    def protections(self, direction: str) -> list[Any]:
        return []

    def value(self, path: tuple[str | int, ...]) -> object | None:
        return self.streaming.get(str(path[-1]))

    def rail_flows(self, direction: str) -> list[str]:
        return self.flows if direction in ("input", "retrieval") else []


VIEWS = st.builds(
    View,
    st.fixed_dictionaries(
        {"enabled": st.booleans()},
        optional={"chunk_size": st.integers(0, 5), "context_size": st.integers(0, 3)},
    ),
    some(FLOWS),
    some(ENGINES),
    some(["config.yml", "config.py", "actions.py"]),
)


def policy(id: str, body: Mapping[str, Any]) -> Policy:
    head = {
        "schema": "guardlint/policy/v1",
        "id": id,
        "version": "1.0.0",
        "title": id,
        "owner": "o",
        "description": id,
    }
    document = parse_document(yaml.safe_dump({**head, **body}, sort_keys=False), f"{id}.yml", "policy")
    return policy_from(document, f"sha256:{id}")


def composed(id: str, body: Mapping[str, Any], *parents: ComposedPolicy) -> ComposedPolicy | None:
    try:
        return compose(policy(id, body), parents, rail_of)
    except ConfigError:
        return None


def said(made: ComposedPolicy) -> dict[str, Any]:
    """What a policy says, without who says it."""

    def plain(value: Any) -> Any:
        if dataclasses.is_dataclass(value):
            fields = (f.name for f in dataclasses.fields(value) if f.name not in ("origin", "composed_of"))
            return {name: plain(getattr(value, name)) for name in fields}
        if isinstance(value, Mapping):
            return {key: plain(item) for key, item in value.items() if not key.startswith("_")}
        return [plain(item) for item in value] if isinstance(value, tuple | list) else value

    text = plain(made)
    names = ("id", "version", "title", "description", "not_waivable")
    return {key: value for key, value in text.items() if key not in names} | {
        "keep": sorted(made.not_waivable)
    }


def assert_no_looser(tight: ComposedPolicy, loose: ComposedPolicy, view: View) -> None:
    """Constraint by constraint: what ``loose`` refuses, ``tight`` refuses."""
    assert {v.requirement for v in violations(loose, view)} <= {
        v.requirement for v in violations(tight, view)
    }
    for direction, uses in loose.rails.items():
        names = [use.rail for use in tight.rails[direction]]
        positions = [names.index(use.rail) for use in uses]
        assert positions == sorted(positions)
        for use in uses:
            if use.rail == "mask-personal-data":
                entities, floor = (
                    tight.rails[direction][names.index(use.rail)].settings["entities"],
                    use.settings["entities"],
                )
                assert entities == floor or set(entities) >= set(floor)
            assert_fails_as_closed(tight.rails[direction][names.index(use.rail)].handling, use.handling)
    assert (tight.on_error.value, loose.on_error.value) != ("pass", "block")
    assert tight.timeout_seconds.value <= loose.timeout_seconds.value
    order = ["note", "warning", "error"]
    for rule, severity in loose.severity.items():
        assert order.index(tight.severity[rule].value) >= order.index(severity.value)
    assert set(tight.not_waivable) >= set(loose.not_waivable)
    if loose.allow_engines is not None:
        assert tight.allow_engines is not None
        assert set(tight.allow_engines.value) <= set(loose.allow_engines.value)


def assert_fails_as_closed(tight: Mapping[str, Any], loose: Mapping[str, Any]) -> None:
    """A rail is given up no more often where that lets a text pass, and no later where it blocks."""
    degrades = tight.get("on_failure") == "degrade"
    if loose.get("on_failure") != "degrade":
        assert not degrades
        assert tight.get("timeout_seconds", 99) <= loose.get("timeout_seconds", 99)
    elif degrades:
        assert tight["timeout_seconds"] >= loose["timeout_seconds"]
    if degrades and "breaker" in tight:
        assert tight["breaker"]["failures"] >= loose["breaker"]["failures"]
        assert tight["breaker"]["seconds"] <= loose["breaker"]["seconds"]


@settings(max_examples=150, deadline=None)
@given(bodies(), children(), VIEWS)
def test_a_child_never_loosens(parent: dict[str, Any], child: dict[str, Any], view: View) -> None:
    """Whatever composes is at least as tight as its parent, on every configuration."""
    above = composed("parent", parent)
    below = composed("child", child, above) if above is not None else None
    if above is not None and below is not None:
        assert_no_looser(below, above, view)


@settings(max_examples=60, deadline=None)
@given(bodies(), bodies(), children(), VIEWS)
def test_two_parents_never_loosen(
    one: dict[str, Any], two: dict[str, Any], child: dict[str, Any], view: View
) -> None:
    """A child of two parents is at least as tight as each of them."""
    first, second = composed("one", one), composed("two", two)
    if first is None or second is None:
        return
    for body in ({}, child):
        below = composed("child", body, first, second)
        if below is not None:
            assert_no_looser(below, first, view)
            assert_no_looser(below, second, view)


@settings(max_examples=50, deadline=None)
@given(bodies())
def test_composing_is_idempotent(body: dict[str, Any]) -> None:
    """A parent twice is the parent once, and a child that repeats its parent says the same."""
    parent = composed("parent", body)
    if parent is None:
        return
    assert said(parent) == said(join(parent, parent, rail_of))
    empty, again = composed("child", {}, parent), composed("child", body, parent)
    assert empty is not None
    assert again is not None
    assert said(parent) == said(empty) == said(again)
    assert said(empty) == said(composed("child", {}, parent, parent) or empty)


def canonical(made: ComposedPolicy) -> dict[str, Any]:
    """What a policy says, whoever says it first: lists without an order of their own as sets."""
    text = said(made)
    for entry in text["requirements"]:
        if entry["subject"] != "order":
            entry["names"].sort()
        if entry["bound"] and entry["bound"]["how"] == "one_of":
            entry["bound"]["value"].sort()
    text["requirements"] = sorted(map(str, text["requirements"]))
    if text["allow_engines"] is not None:
        text["allow_engines"]["value"].sort()
    return {key: value for key, value in text.items() if key not in ("owner", "refusal", "precedes")} | {
        "precedes": {way: sorted(pairs) for way, pairs in made.precedes.items()}
    }


def joined(left: ComposedPolicy | None, right: ComposedPolicy | None) -> ComposedPolicy | None:
    if left is None or right is None:
        return None
    try:
        return join(left, right, rail_of)
    except ConfigError:
        return None


@settings(max_examples=60, deadline=None)
@given(bodies(), children(), children())
def test_joining_is_associative(one: dict[str, Any], two: dict[str, Any], three: dict[str, Any]) -> None:
    """However three parents are grouped, they come to the same, or to no policy."""
    a, b, c = composed("one", one), composed("two", two), composed("three", three)
    if a is None or b is None or c is None:
        return
    left, right = joined(joined(a, b), c), joined(a, joined(b, c))
    assert (left is None) == (right is None)
    if left is not None and right is not None:
        assert canonical(left) == canonical(right)


@settings(max_examples=60, deadline=None)
@given(bodies(), children())
def test_joining_is_commutative(one: dict[str, Any], two: dict[str, Any]) -> None:
    """Which parent is named first decides nothing, also not the order in which rails run."""
    a, b = composed("one", one), composed("two", two)
    left, right = joined(a, b), joined(b, a)
    assert (left is None) == (right is None)
    if left is not None and right is not None:
        assert canonical(left) == canonical(right)


@settings(max_examples=40, deadline=None)
@given(bodies(), bodies())
def test_the_order_of_parents_decides_nothing_that_guards(one: dict[str, Any], two: dict[str, Any]) -> None:
    """Both orders of two parents compose or neither does, to the same constraints."""
    first, second = composed("one", one), composed("two", two)
    if first is None or second is None:
        return
    ways = composed("child", {}, first, second), composed("child", {}, second, first)
    assert (ways[0] is None) == (ways[1] is None)
    if ways[0] is not None and ways[1] is not None:
        left, right = said(ways[0]), said(ways[1])
        assert left["severity"] == right["severity"]
        for key in ("on_error", "timeout_seconds", "actions", "config_py", "keep"):
            assert left[key] == right[key]
        assert {entry["id"] for entry in left["requirements"]} == {
            entry["id"] for entry in right["requirements"]
        }
