"""The bundle's ``plan.yml``: which step runs when, and what a caller gets on a block.

An unknown step, key or value is refused: a guard that skipped what it does not know would fail open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal, cast

from guardlint.engines import Direction
from guardlint.errors import ConfigError
from guardlint.pii.acting import ACTIONS, Action
from guardlint.pii.profiles import Custom

__all__ = ["SCHEMA", "Plan", "Step", "read_plan"]

SCHEMA: Final = "guardlint/plan/v1"
_PLACE: Final = "plan.yml"
_KEYS: Final = {"schema", "input", "output", "refusal", "on_error", "timeout_seconds", "audit"}
_STEP_KEYS: Final[Mapping[str, frozenset[str]]] = {
    "pii": frozenset(
        {
            "step",
            "rail",
            "entities",
            "thresholds",
            "action",
            "actions",
            "restore",
            "allow_list",
            "recognizers",
        }
    ),
    "company": frozenset({"step", "when"}),
    "team": frozenset({"step"}),
}

StepName = Literal["pii", "company", "team"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step.  ``entities`` None means the profile's own; ``thresholds`` are minimum scores, 0 to 1.

    ``action`` is done with what is found, unless ``actions`` says otherwise of an entity; ``restore`` puts
    the values back in the reply where pseudonyms stand for them; values of
    ``allow_list`` are left alone; ``recognizers`` find what guardlint's own do not.
    """

    name: StepName
    rewritten_only: bool = False
    rail: str | None = None
    entities: tuple[str, ...] | None = None
    thresholds: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    action: Action = "mask"
    actions: Mapping[str, Action] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    restore: bool = False
    allow_list: tuple[str, ...] = ()
    recognizers: tuple[Custom, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps of both hooks; ``timeout`` bounds each hook of a call, in seconds.

    ``audited``: no call without a record, so the guard does not start without a place for records.
    """

    steps: Mapping[Direction, tuple[Step, ...]]
    refusal: str
    timeout: float
    audited: bool = False

    def has(self, name: StepName, direction: Direction) -> bool:
        """Whether the step runs unconditionally in this direction."""
        return any(step.name == name and not step.rewritten_only for step in self.steps[direction])

    def pii_steps(self) -> tuple[Step, ...]:
        """Every personal-data step of both directions."""
        return tuple(step for steps in self.steps.values() for step in steps if step.name == "pii")


def read_plan(data: Mapping[str, Any]) -> Plan:
    """The plan that ``data`` (``plan.yml`` as read) describes.  Raises ConfigError."""
    _known(data, _KEYS, "the plan")
    if data.get("schema") != SCHEMA:
        raise ConfigError(f"the plan's schema is not {SCHEMA}", place=_PLACE)
    if data.get("on_error", "block") != "block":
        raise ConfigError("on_error must be `block`", place=_PLACE)
    refusal, timeout = data.get("refusal"), data.get("timeout_seconds", 30)
    if not isinstance(refusal, str) or not refusal:
        raise ConfigError("`refusal` must be a text", place=_PLACE)
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not 0 < timeout <= 3600:
        raise ConfigError("`timeout_seconds` must be a number above 0, at most 3600", place=_PLACE)
    if data.get("audit", "required") != "required":
        raise ConfigError("`audit` must be `required`, or absent", place=_PLACE)
    steps = {direction: _steps(data.get(direction), direction) for direction in ("input", "output")}
    return Plan(
        MappingProxyType(cast("dict[Direction, tuple[Step, ...]]", steps)),
        refusal,
        float(timeout),
        audited="audit" in data,
    )


def _steps(entries: Any, direction: str) -> tuple[Step, ...]:
    if not isinstance(entries, list):
        raise ConfigError(f"`{direction}` must be a list of steps", place=_PLACE)
    return tuple(_step(entry, direction) for entry in entries)


def _step(entry: Any, direction: str) -> Step:
    name: Any = entry.get("step") if isinstance(entry, Mapping) else None
    if not isinstance(name, str) or name not in _STEP_KEYS:
        raise ConfigError(f"`{direction}` holds an unknown step", place=_PLACE)
    _known(entry, _STEP_KEYS[name], f"the step {name} of `{direction}`")
    when = entry.get("when")
    if when not in (None, "rewritten") or (when and direction == "output"):
        raise ConfigError("`when` may only be `rewritten`, for input", place=_PLACE)
    if name != "pii":
        return Step(cast("StepName", name), rewritten_only=when == "rewritten")
    entities, thresholds, action = entry.get("entities"), entry.get("thresholds"), entry.get("action", "mask")
    if action not in ACTIONS:
        raise ConfigError(f"the action of a pii step must be one of {', '.join(ACTIONS)}", place=_PLACE)
    allow_list = entry.get("allow_list")
    if allow_list is not None and not _are_names(allow_list):
        raise ConfigError("the allow_list of a pii step must be a list of texts", place=_PLACE)
    if entities is not None and not _are_names(entities):
        raise ConfigError("the entities of a pii step must be a list of names", place=_PLACE)
    return Step(
        "pii",
        rail=str(entry.get("rail") or "personal data"),
        entities=None if entities is None else tuple(entities),
        thresholds=_thresholds(thresholds or {}),
        action=cast("Action", action),
        actions=_actions(entry.get("actions") or {}),
        restore=_flag(entry.get("restore", False)),
        allow_list=tuple(allow_list or ()),
        recognizers=_recognizers(entry.get("recognizers") or []),
    )


def _actions(value: Any) -> Mapping[str, Action]:
    if not isinstance(value, Mapping) or not all(
        isinstance(name, str) and action in ACTIONS for name, action in value.items()
    ):
        raise ConfigError("`actions` must map entities to actions", place=_PLACE)
    return MappingProxyType(dict(value))


def _recognizers(value: Any) -> tuple[Custom, ...]:
    try:
        return tuple(
            Custom(
                str(entry["entity"]),
                str(entry["pattern"]),
                float(entry["score"]),
                tuple(map(str, entry["context"])),
                _flag(entry["required"]),
            )
            for entry in value
        )
    except (KeyError, TypeError, ValueError):
        raise ConfigError("the recognizers of a pii step cannot be read", place=_PLACE) from None


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ConfigError("`restore` and `required` must be true or false", place=_PLACE)
    return value


def _thresholds(value: Any) -> Mapping[str, float]:
    if not isinstance(value, Mapping) or not all(
        isinstance(name, str) and isinstance(score, int | float) and 0 <= score <= 1
        for name, score in value.items()
    ):
        raise ConfigError("`thresholds` must map entities to scores from 0 to 1", place=_PLACE)
    return MappingProxyType({name: float(score) for name, score in value.items()})


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, str) and item for item in value)


def _known(data: Mapping[str, Any], keys: frozenset[str] | set[str], what: str) -> None:
    if not isinstance(data, Mapping):
        raise ConfigError(f"{what} is not a mapping", place=_PLACE)
    unknown = sorted(str(key) for key in data if key not in keys)
    if unknown:
        raise ConfigError(f"{what} has unknown keys: {', '.join(unknown)}", place=_PLACE)
