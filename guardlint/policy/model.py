"""What a policy says, entry by entry, each with the place that says it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from guardlint.policy.fragments import fits
from guardlint.source.place import Place
from guardlint.source.record import record

if TYPE_CHECKING:
    from guardlint.policy.budgets import Budget
    from guardlint.policy.economy import Economy

__all__ = [
    "DEFAULT_REFUSAL",
    "Bound",
    "ComposedPolicy",
    "Direction",
    "Judge",
    "Mechanism",
    "Origin",
    "PersonalData",
    "PolicyPart",
    "RailUse",
    "Reasons",
    "Requirement",
    "Scalar",
    "Subject",
    "Valued",
    "Verb",
    "Versions",
    "same",
    "series",
]

Scalar = str | int | float | bool
Direction = Literal["input", "output", "retrieval", "tool_input", "tool_output", "dialog"]
Verb = Literal["require", "forbid", "allow"]
Subject = Literal[
    "rail",
    "order",
    "setting",
    "prompt",
    "personal_data",
    "nemo_version",
    "engine",
    "model",
    "endpoint",
    "text",
    "file",
    "action",
]
Mechanism = Literal["configuration", "bundle", "runtime"]
T = TypeVar("T")

DEFAULT_REFUSAL = "I'm sorry, I can't help with that."
"""What the guard answers on a block when no policy writes runtime.refusal."""


@record
class Origin:
    """Which policy says it, and where."""

    policy: str
    version: str
    place: Place

    @property
    def label(self) -> str:
        """``id@version``, as findings name a policy."""
        return f"{self.policy}@{self.version}"

    def __str__(self) -> str:
        return f"{self.label} ({self.place.file}:{self.place.line})"


@dataclass(frozen=True, slots=True)
class Valued(Generic[T]):
    """One value and who set it. A default has the origin of the policy that left it out."""

    value: T
    origin: Origin


@record
class RailUse:
    """An approved rail that compile puts into the company half of every bundle; enforced by the bundle.

    ``settings`` are those that the policies write; ``Central.policy`` fills in the rail's defaults.
    ``chosen`` are the names of those that the team chose.  ``handling`` is what the guard does when the rail
    is slow or breaks (``guardlint.policy.handling``).
    """

    rail: str
    major: int
    direction: Direction
    reason: str
    controls: tuple[str, ...]
    settings: Mapping[str, Any]
    origin: Origin
    chosen: tuple[str, ...] = ()
    handling: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ref(self) -> str:
        """``id@major``, as a policy writes it."""
        return f"{self.rail}@{self.major}"


@record
class Bound:
    """What a setting must be: equal to a value, one of some, at least or at most a number, or of a schema."""

    how: Literal["equals", "one_of", "minimum", "maximum", "schema"]
    value: Any

    def accepts(self, value: object) -> bool:
        """Whether the setting may have this value. True and 1 are different values."""
        if self.how == "equals":
            return same(value, self.value)
        if self.how == "one_of":
            return any(same(value, allowed) for allowed in self.value)
        if self.how == "schema":
            return fits(self.value, value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return bool(value >= self.value if self.how == "minimum" else value <= self.value)


@record
class PersonalData:
    """What becomes of personal data: masked, or the text that holds it blocked.

    ``threshold`` is the highest score (0 to 1) that a find may need before it counts; None: any.
    """

    action: Literal["mask", "block"] = "mask"
    threshold: float | None = None


@record
class Versions:
    """Series of NeMo releases: from ``at_least`` on, those before ``below``, without ``excluded``."""

    at_least: str | None = None
    below: str | None = None
    excluded: tuple[str, ...] = ()

    def accepts(self, version: str) -> bool:
        """Whether the release is one of them."""
        have = series(version)
        return (
            (self.at_least is None or have >= series(self.at_least))
            and (self.below is None or have < series(self.below))
            and have not in {series(one) for one in self.excluded}
        )


@record
class Requirement:
    """One thing that a configuration must have (``require``), must not have (``forbid``), or may have and
    nothing else of its kind (``allow``).

    ``names`` by subject: the alternatives of a rail (any of them will do); rails in the order in which they
    run; the one setting, prompt task, file or action; entities; what is forbidden or allowed of engines,
    models (``engine/model``) and endpoints (hosts); the receivers that a text may go to. ``direction`` is
    that of the rail or the text. ``bound`` is what a setting must be (require) or must not be (forbid; None:
    must not be set). ``when`` limits it to configurations where a setting has a value. ``digests`` are those
    of the approved prompts; ``masked``: the text goes out with personal data masked.
    """

    id: str
    verb: Verb
    subject: Subject
    names: tuple[str, ...]
    reason: str
    controls: tuple[str, ...]
    enforced_by: str
    origin: Origin
    direction: Direction | None = None
    bound: Bound | None = None
    when: tuple[str, Scalar] | None = None
    digests: tuple[str, ...] = ()
    personal_data: PersonalData | None = None
    versions: Versions | None = None
    masked: bool = False


@record
class Judge:
    """The model that the company's own rails ask, as in NeMo's ``models``."""

    engine: str
    model: str
    api_key_env_var: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)


@record
class PolicyPart:
    """One document that went into a composed policy."""

    id: str
    version: str
    digest: str


@record
class Reasons:
    """Why a section of a policy says what it says, and the controls that it gives evidence for."""

    reason: str
    controls: tuple[str, ...]
    origin: Origin


@record
class ComposedPolicy:
    """A policy with everything that it extends, every entry with its origin.

    ``composed_of`` lists the documents, parents first, the policy itself last.
    ``rails`` are in the order in which they run; ``precedes`` are the pairs of which a policy says that the
    first runs before the second. ``requirements`` may hold an id more than once, from two parents: then all
    of them hold. ``longest_waiver`` is in days; None: as long as one likes. ``guard`` is what else the guard
    must do, by the key under ``runtime``; ``reasons`` are those of a section, by its name. ``reviewed`` are
    the digests of Python files that somebody has read, each with the place that says so. ``economy`` has the
    traffic and the prices that ``budgets`` speak of; None without budgets.
    """

    id: str
    version: str
    title: str
    owner: str
    description: str
    origin: Origin
    composed_of: tuple[PolicyPart, ...]
    rails: Mapping[Direction, tuple[RailUse, ...]]
    requirements: tuple[Requirement, ...]
    allow_engines: Valued[tuple[str, ...]] | None
    judge: Valued[Judge] | None
    severity: Mapping[str, Valued[str]]
    not_waivable: Mapping[str, Origin]
    actions: Valued[str]
    config_py: Valued[str]
    on_error: Valued[str]
    timeout_seconds: Valued[float]
    refusal: Valued[str]
    longest_waiver: Valued[int] | None = None
    precedes: Mapping[Direction, frozenset[tuple[str, str]]] = field(default_factory=dict)
    guard: Mapping[str, Valued[str]] = field(default_factory=dict)
    reasons: Mapping[str, tuple[Reasons, ...]] = field(default_factory=dict)
    reviewed: Mapping[str, Place] = field(default_factory=dict)
    budgets: Mapping[Budget, Valued[float]] = field(default_factory=dict)
    economy: Economy | None = None

    @property
    def label(self) -> str:
        """``id@version``."""
        return f"{self.id}@{self.version}"

    @property
    def digest(self) -> str:
        """The digest of the policy's own document; ``composed_of`` has those of its parents."""
        return self.composed_of[-1].digest

    def rail(self, direction: Direction, id: str) -> RailUse | None:
        """The use of one approved rail in one direction, or None."""
        return next((use for use in self.rails.get(direction, ()) if use.rail == id), None)

    def waivable(self, id: str) -> bool:
        """Whether a waiver may lift the rule or requirement ``id``."""
        return id not in self.not_waivable


def series(version: str) -> tuple[int, int]:
    """``0.24.1`` is of the series 0.24; guardlint's facts about NeMo are of series."""
    found = re.match(r"(\d+)(?:\.(\d+))?", version)
    return (int(found[1]), int(found[2] or 0)) if found else (0, 0)


def same(left: object, right: object) -> bool:
    """Equality of YAML values: true is not 1."""
    return left == right and isinstance(left, bool) == isinstance(right, bool)
