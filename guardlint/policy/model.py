"""What a policy says, entry by entry, each with the place that says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from guardlint.source.place import Place

__all__ = [
    "DEFAULT_REFUSAL",
    "Bound",
    "ComposedPolicy",
    "Direction",
    "Judge",
    "Origin",
    "PolicyPart",
    "RailUse",
    "Requirement",
    "Scalar",
    "Subject",
    "Valued",
    "Verb",
]

Scalar = str | int | float | bool
Direction = Literal["input", "output", "retrieval", "tool_input", "tool_output"]
Verb = Literal["require", "forbid"]
Subject = Literal["rail", "setting", "engine", "file", "action"]
T = TypeVar("T")

DEFAULT_REFUSAL = "I'm sorry, I can't help with that."
"""What the guard answers on a block when no policy writes runtime.refusal."""


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class RailUse:
    """An approved rail that compile puts into the company half of every bundle; enforced by the bundle.

    ``settings`` are those that the policies write; ``Central.policy`` fills in the rail's defaults.
    """

    rail: str
    major: int
    direction: Direction
    reason: str
    controls: tuple[str, ...]
    settings: Mapping[str, Any]
    origin: Origin

    @property
    def ref(self) -> str:
        """``id@major``, as a policy writes it."""
        return f"{self.rail}@{self.major}"


@dataclass(frozen=True, slots=True)
class Bound:
    """What a setting must be: equal to a value, one of some, at least or at most a number."""

    how: Literal["equals", "one_of", "minimum", "maximum"]
    value: Any

    def accepts(self, value: object) -> bool:
        """Whether the setting may have this value. True and 1 are different values."""
        if self.how == "equals":
            return same(value, self.value)
        if self.how == "one_of":
            return any(same(value, allowed) for allowed in self.value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return bool(value >= self.value if self.how == "minimum" else value <= self.value)


@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing that a configuration must (``require``) or must not (``forbid``) have.

    ``names`` are the alternatives of a rail (any of them will do), or the one engine, file, action or
    setting. ``bound`` is what a setting must be (require) or must not be (forbid; None: must not be set).
    ``when`` limits a setting to configurations where another setting has a value.
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


@dataclass(frozen=True, slots=True)
class Judge:
    """The model that the company's own rails ask, as in NeMo's ``models``."""

    engine: str
    model: str
    api_key_env_var: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PolicyPart:
    """One document that went into a composed policy."""

    id: str
    version: str
    digest: str


@dataclass(frozen=True, slots=True)
class ComposedPolicy:
    """A policy with everything that it extends, every entry with its origin.

    ``composed_of`` lists the documents, parents first, the policy itself last.
    ``rails`` are in the order in which they run.
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


def same(left: object, right: object) -> bool:
    """Equality of YAML values: true is not 1."""
    return left == right and isinstance(left, bool) == isinstance(right, bool)
