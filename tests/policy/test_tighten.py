"""The orders of constraints, over all small cases: what is called as tight is as tight."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain, combinations, permutations, product
from typing import Any

from guardlint.policy.evaluate import violations
from guardlint.policy.model import (
    Bound,
    ComposedPolicy,
    Origin,
    PersonalData,
    Requirement,
    Valued,
    Versions,
)
from guardlint.policy.tighten import as_tight, bound_implies, requirement_implies, setting_as_tight
from guardlint.policy.view import Named, PromptText, Protection, Receiver
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
FRAGMENTS: list[dict[str, Any]] = [
    {"type": "number", "maximum": 2},
    {"type": "number", "maximum": 3},
    {"type": ["integer", "null"]},
    {"enum": [1, 2]},
    {"enum": [1]},
    {"allOf": [{"type": "integer"}, {"minimum": 2}]},
    {"minimum": 2},
    {"anyOf": [{"type": "null"}, {"minimum": 2}]},
]
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
    *(
        make("forbid", subject, name)
        for subject in ("engine", "file", "action", "model", "endpoint")
        for name in ("*", "a", "a*")
    ),
    *(
        make("allow", subject, *names)
        for subject in ("engine", "model", "endpoint")
        for names in subsets(("*", "a", "a*", "b"))
    ),
    *(
        make("allow", "text", *names, direction=d, masked=masked)
        for names in subsets(("*", "a", "a*", "b"))
        for d in ("input", "output")
        for masked in (False, True)
    ),
    *(make("require", "order", *names, direction="input") for names in permutations(FLOWS)),
    *(make("require", "order", *names, direction="input") for names in permutations(FLOWS, 2)),
    *(
        make("require", "prompt", task, digests=digests)
        for task in ("*", "a*", "b")
        for digests in (("sha256:1",), ("sha256:2",), ("sha256:1", "sha256:2"))
    ),
    *(
        make("require", "personal_data", *names, direction="input", personal_data=PersonalData(action, score))
        for names in subsets(("self", "rege"))
        for action in ("mask", "block")
        for score in (None, 0.2, 0.5, 0.8)
    ),
    *(
        make("require", "nemo_version", versions=Versions(least, below, tuple(excluded)))
        for least in (None, "0.20", "0.23")
        for below in (None, "0.24", "0.26")
        for excluded in ([], ["0.22"], ["0.24"])
        if least or below or excluded
    ),
    *(make("require", "setting", "passthrough", bound=Bound("schema", fragment)) for fragment in FRAGMENTS),
]


class View:
    def __init__(self, values: Mapping[str, Any], flows: list[str], side: str, names: list[str]) -> None:
        self.values, self.flows, self.side = values, flows, side
        self.engines = self.files = self.actions = names
        self.models = [Named(name, frozenset({name}), ("models", 0)) for name in names]
        self.endpoints = self.models
        self.code: dict[str, str] = {}
        self.prompts = [
            PromptText(name, "sha256:1" if name == "a" else "sha256:3", ("prompts", 0)) for name in names
        ]
        self.nemo = "0.22.0" if names == ["a"] else "0.24.1"

    def value(self, path: tuple[str | int, ...]) -> object | None:
        return self.values.get(".".join(map(str, path)))

    def rail_flows(self, direction: str) -> list[str]:
        return self.flows if direction == self.side else []

    def receivers(self, text: str) -> list[Receiver]:
        if text != self.side:
            return []
        return [Receiver(name, frozenset({name}), name == "a", ("models", 0)) for name in self.engines]

    def protections(self, direction: str) -> list[Protection]:
        if direction != self.side or not self.flows:
            return []
        action = "mask" if "regex check input" in self.flows else "block"
        score = 0.2 if "self check input" in self.flows else 0.8
        return [Protection("s", tuple(name[:4] for name in self.flows), action, score, ("rails",))]


def views() -> Iterator[View]:
    for value, tracing in product((None, *VALUES, True), (True, False)):
        yield View({"passthrough": value, "tracing.enabled": tracing}, [], "input", [])
    for flows in permutations(FLOWS):
        yield View({}, list(flows), "input", [])
    for side, names in product(("input", "output"), (["a"], ["ab"], ["b"], ["c"])):
        yield View({}, [], side, names)
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
    assert all(broken[n] for n, r in enumerate(REQUIREMENTS) if not _never_broken(r))


def _never_broken(requirement: Requirement) -> bool:
    """Under a condition, and where everything is allowed or all versions here are."""
    versions = requirement.versions
    return (
        requirement.when is not None
        or (requirement.verb == "allow" and "*" in requirement.names and not requirement.masked)
        or (versions is not None and all(versions.accepts(nemo) for nemo in ("0.22.0", "0.24.1")))
    )


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
