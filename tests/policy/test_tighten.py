"""The orders of constraints, over all small cases: what is called as tight is as tight."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain, combinations, product
from typing import Any

from guardlint.policy.evaluate import violations
from guardlint.policy.model import Bound, ComposedPolicy, Origin, Requirement, Valued
from guardlint.policy.tighten import as_tight, bound_implies, requirement_implies, setting_as_tight
from guardlint.source.place import Place

VALUES = (1, 2, 3)
ORIGIN = Origin("a", "1.0.0", Place.at("a.yml"))


def subsets(items: tuple[Any, ...]) -> list[list[Any]]:
    return [list(c) for c in chain.from_iterable(combinations(items, n) for n in range(1, len(items) + 1))]


BOUNDS = [
    *(Bound(how, value) for how in ("equals", "minimum", "maximum") for value in VALUES),  # type: ignore[arg-type]
    *(Bound("one_of", values) for values in subsets(VALUES)),
    Bound("equals", True),
]


def test_bounds() -> None:
    """A bound that implies another accepts nothing that the other refuses, and implies itself."""
    for bound, floor in product(BOUNDS, BOUNDS):
        if bound_implies(bound, floor):
            assert [] == [
                v for v in (0, *VALUES, 4, True, None, "1") if bound.accepts(v) and not floor.accepts(v)
            ]
    assert all(bound_implies(bound, bound) for bound in BOUNDS)


def make(verb: str, subject: str, *names: str, **more: Any) -> Requirement:
    return Requirement("x", verb, subject, names, "r", (), "configuration", ORIGIN, **more)  # type: ignore[arg-type]


FLOWS = ("self check input", "llama guard check input", "regex check input")
WHENS = (None, ("tracing.enabled", True), ("tracing.enabled", False))
REQUIREMENTS = [
    *(
        make("require", "rail", *names, direction=d)
        for names in subsets((*FLOWS[:2], "*"))
        for d in ("input", "output")
    ),
    *(make("require", "setting", "passthrough", bound=b, when=w) for b in BOUNDS[3:9] for w in WHENS),
    *(make("forbid", "setting", "passthrough", bound=b) for b in (None, *BOUNDS[:2], Bound("equals", True))),
    *(
        make("forbid", "rail", name, direction=d)
        for name in ("*", "self check*")
        for d in ("input", "output", None)
    ),
    *(make("forbid", subject, name) for subject in ("engine", "file", "action") for name in ("*", "a", "a*")),
]


class View:
    def __init__(self, values: Mapping[str, Any], flows: list[str], side: str, names: list[str]) -> None:
        self.values, self.flows, self.side = values, flows, side
        self.engines = self.files = self.actions = names

    def value(self, path: tuple[str | int, ...]) -> object | None:
        return self.values.get(".".join(map(str, path)))

    def rail_flows(self, direction: str) -> list[str]:
        return self.flows if direction == self.side else []


def views() -> Iterator[View]:
    for value, tracing in product((None, *VALUES, True), (True, False)):
        yield View({"passthrough": value, "tracing.enabled": tracing}, [], "input", [])
    for flows, side in product([[], *subsets(FLOWS)], ("input", "output", "retrieval")):
        yield View({}, flows, side, [])
    for names in ([], ["a"], ["ab"], ["b"]):
        yield View({}, [], "input", names)


def only(requirement: Requirement) -> ComposedPolicy:
    free = Valued("isolated", ORIGIN)
    return ComposedPolicy(
        id="a",
        version="1.0.0",
        title="",
        owner="",
        description="",
        origin=ORIGIN,
        composed_of=(),
        rails={},
        requirements=(requirement,),
        allow_engines=None,
        judge=None,
        severity={},
        not_waivable={},
        actions=free,
        config_py=free,
        on_error=Valued("block", ORIGIN),
        timeout_seconds=Valued(1.0, ORIGIN),
        refusal=Valued("", ORIGIN),
    )


def test_requirements() -> None:
    """A requirement that implies another is met by no configuration that violates the other."""
    every = list(views())
    broken = [frozenset(n for n, v in enumerate(every) if any(violations(only(r), v))) for r in REQUIREMENTS]
    implied = 0
    for (entry, entry_breaks), (floor, floor_breaks) in product(
        zip(REQUIREMENTS, broken, strict=True), repeat=2
    ):
        if requirement_implies(entry, floor):
            implied += 1
            assert floor_breaks <= entry_breaks, (entry, floor)
    assert implied > 1.5 * len(REQUIREMENTS)
    assert all(requirement_implies(requirement, requirement) for requirement in REQUIREMENTS)
    assert all(broken[n] for n, r in enumerate(REQUIREMENTS) if not (r.verb == "require" and r.when))


def test_settings_of_rails() -> None:
    """Sets grow or shrink, numbers rise or fall, words and fixed values stay."""
    assert setting_as_tight("superset", ["A", "B"], ["A"])
    assert not setting_as_tight("superset", ["A"], ["A", "B"])
    assert not setting_as_tight("superset", ["A"], "default")
    assert not setting_as_tight("superset", "default", ["A"])
    assert setting_as_tight("superset", "default", "default")
    assert setting_as_tight("subset", ["A"], ["A", "B"])
    assert not setting_as_tight("subset", ["A", "C"], ["A", "B"])
    assert [True, True, False] == [setting_as_tight("higher", value, 2) for value in (3, 2, 1)]
    assert [False, True, True] == [setting_as_tight("lower", value, 2) for value in (3, 2, 1)]
    assert [False, True] == [setting_as_tight("fixed", value, "mask") for value in ("none", "mask")]


def test_ranks() -> None:
    """Blocking, forbidding, errors and short limits are the tight side."""
    assert as_tight("on_error", "block", "pass")
    assert not as_tight("on_error", "pass", "block")
    assert as_tight("severity", "error", "note")
    assert not as_tight("severity", "note", "warning")
    assert as_tight("actions", "forbidden", "isolated")
    assert not as_tight("config_py", "isolated", "forbidden")
    assert as_tight("timeout_seconds", 1.0, 2.0)
    assert not as_tight("timeout_seconds", 3.0, 2.0)
