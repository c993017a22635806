"""The bundle's ``plan.yml``: which step runs when, and what a caller gets on a block.

An unknown step, key or value is refused: a guard that skipped what it does not know would fail open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal, Protocol, cast

from guardlint.engines import Direction
from guardlint.errors import ConfigError
from guardlint.guard.audit_plan import OnFailure, read_audit_choice
from guardlint.guard.handling import Handling, read_handling
from guardlint.guard.native_checks import NATIVE_KEYS, NativeCheck, read_native
from guardlint.guard.streaming_plan import Looks, read_stream
from guardlint.guard.tool_rules import read_tools
from guardlint.pii.acting import ACTIONS, Action
from guardlint.pii.model_spec import ModelSpec
from guardlint.pii.profiles import Custom

__all__ = ["SCHEMA", "Plan", "Step", "ToolRule", "read_plan"]

SCHEMA: Final = "guardlint/plan/v1"
_PLACE: Final = "plan.yml"
_KEYS: Final = frozenset(
    {"schema", "input", "output", "refusal", "on_error", "timeout_seconds", "rails", "audit", "stream"}
)
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
            "models",
        }
    ),
    "company": frozenset({"step", "when"}),
    "team": frozenset({"step"}),
    "native": NATIVE_KEYS,
}

StepName = Literal["pii", "native", "company", "team"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step.  ``entities`` None means the profile's own; ``thresholds`` are minimum scores, 0 to 1.

    ``action`` is done with what is found, unless ``actions`` says otherwise of an entity; ``restore`` puts
    the values back in the reply where pseudonyms stand for them; values of
    ``allow_list`` are left alone; ``recognizers`` find what guardlint's own do not; ``native`` is what a
    native step asks.
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
    models: tuple[ModelSpec, ...] = ()
    native: NativeCheck | None = None


class ToolRule(Protocol):
    """The rules of one rail for tools."""

    @property
    def rail(self) -> str:
        """The rail they are of."""

    def check_call(self, name: str, arguments: Any) -> str | None:
        """None when the tool may be called like that, else a short code of why not."""

    def check_result(self, name: str, result: Any) -> str | None:
        """None when the model may see what the tool answered, else a short code of why not."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps of both hooks; ``timeout`` bounds each hook of a call, in seconds.

    ``audited``: the guard does not start without a place for records; ``unrecorded`` is what becomes of a
    call whose record cannot be written.
    ``rails``: how flows of the company are handled that are slow or break; others block when they fail.
    ``tool_rules`` judge the calls of tools, and what tools answer; ``stream`` says when the output rails look
    at a text that is still growing.
    """

    steps: Mapping[Direction, tuple[Step, ...]]
    refusal: str
    timeout: float
    audited: bool = False
    unrecorded: OnFailure = "block"
    rails: Mapping[Direction, Mapping[str, Handling]] = field(default_factory=lambda: MappingProxyType({}))
    tool_rules: tuple[ToolRule, ...] = ()
    stream: Looks = field(default_factory=Looks)

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
    audited, unrecorded = read_audit_choice(data)
    steps = {direction: _steps(data.get(direction), direction) for direction in ("input", "output")}
    return Plan(
        MappingProxyType(cast("dict[Direction, tuple[Step, ...]]", steps)),
        refusal,
        float(timeout),
        audited=audited,
        unrecorded=unrecorded,
        rails=read_handling(data.get("rails", {})),
        tool_rules=tuple(
            read_tools(entry)
            for direction in ("input", "output")
            for entry in data[direction]
            if _is_tools(entry)
        ),
        stream=read_stream(data.get("stream")),
    )


def _steps(entries: Any, direction: str) -> tuple[Step, ...]:
    if not isinstance(entries, list):
        raise ConfigError(f"`{direction}` must be a list of steps", place=_PLACE)
    return tuple(_step(entry, direction) for entry in entries if not _is_tools(entry))


def _is_tools(entry: Any) -> bool:
    """Rules for tools stand in the list of the side that they look at; no text goes through them."""
    return isinstance(entry, Mapping) and entry.get("step") == "tools"


def _step(entry: Any, direction: str) -> Step:
    name: Any = entry.get("step") if isinstance(entry, Mapping) else None
    if not isinstance(name, str) or name not in _STEP_KEYS:
        raise ConfigError(f"`{direction}` holds an unknown step", place=_PLACE)
    _known(entry, _STEP_KEYS[name], f"the step {name} of `{direction}`")
    when = entry.get("when")
    if when not in (None, "rewritten") or (when and direction == "output"):
        raise ConfigError("`when` may only be `rewritten`, for input", place=_PLACE)
    if name == "native":
        check = read_native(entry)
        return Step("native", rail=check.rail, native=check)
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
        models=_models(entry.get("models") or []),
    )


def _actions(value: Any) -> Mapping[str, Action]:
    if not isinstance(value, Mapping) or not all(
        isinstance(name, str) and action in ACTIONS for name, action in value.items()
    ):
        raise ConfigError("`actions` must map entities to actions", place=_PLACE)
    return MappingProxyType(dict(value))


def _models(value: Any) -> tuple[ModelSpec, ...]:
    try:
        return tuple(
            ModelSpec(
                str(entry["language"]),
                str(entry["package"]),
                str(entry["sha256"]),
                tuple(sorted((str(label), str(entity)) for label, entity in entry.get("labels", {}).items())),
            ).checked()
            for entry in value
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        raise ConfigError("the models of a pii step cannot be read", place=_PLACE) from None


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
