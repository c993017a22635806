"""What a policy requires and forbids, held against one effective configuration.

Pure functions on a small view, so that the linter, compile and ``guardlint test`` ask one and the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Protocol

from guardlint.policy.model import ComposedPolicy, Origin, Requirement, same
from guardlint.policy.settings import Path, path_text, setting_values

__all__ = ["EffectiveView", "Violation", "violations"]

_REACHES = {
    "input": "the user's message reaches the model",
    "output": "the model's reply reaches the user",
    "retrieval": "retrieved text reaches the prompt",
    "tool_input": "tool results reach the model",
    "tool_output": "tool calls are made",
}


class EffectiveView(Protocol):
    """What NeMo really loads from a configuration."""

    @property
    def files(self) -> Sequence[str]:
        """Relative paths of the configuration's files, with ``/``."""

    @property
    def engines(self) -> Sequence[str]:
        """``models[].engine``, in order, with repetitions."""

    @property
    def actions(self) -> Sequence[str]:
        """Names of the actions that the configuration's Python defines."""

    def value(self, path: Path) -> object | None:
        """The value at a path with NeMo's defaults applied, or None when there is none."""

    def rail_flows(self, direction: str) -> Sequence[str]:
        """Normalised names of the rails of one direction that really run, in order."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that a policy asks and a configuration does not give.

    ``path`` is where in the effective configuration (the nearest place that the mend touches), or None
    when a file is meant; then ``file`` names it. ``rule`` is the id that a waiver or a severity names.
    """

    requirement: str
    origin: Origin
    reason: str
    controls: tuple[str, ...]
    message: str
    path: Path | None
    file: str | None
    at_run_time: str
    help: str

    @property
    def policy(self) -> str:
        """``id@version`` of the policy that asks."""
        return self.origin.label


def violations(policy: ComposedPolicy, view: EffectiveView) -> Iterator[Violation]:
    """What ``policy`` asks of a team's configuration and ``view`` does not give, in policy order."""
    for requirement in policy.requirements:
        if requirement.verb == "require":
            yield from _required(requirement, view)
        else:
            yield from _forbidden(requirement, view)
    yield from _engines(policy, view)
    yield from _team_code(policy, view)


def _required(requirement: Requirement, view: EffectiveView) -> Iterator[Violation]:
    if requirement.subject == "rail":
        yield from _required_rail(requirement, view)
        return
    if requirement.when is not None:
        setting, wanted = requirement.when
        if not any(same(value, wanted) for _, value in setting_values(view, setting)):
            return
    assert requirement.bound is not None
    wanted_text = _bound_text(requirement)
    for path, value in setting_values(view, requirement.names[0]):
        if not requirement.bound.accepts(value):
            name = path_text(path)
            on = f" where {requirement.when[0]} is {_show(requirement.when[1])}" if requirement.when else ""
            yield _violation(
                requirement,
                f"{name} is {_show(value)}, and {requirement.origin.label} requires {wanted_text}{on}",
                path,
                f"NeMo works with {name} = {_show(value)}, its default where the configuration says nothing",
                f"write '{name}: {_example(requirement)}'",
            )


def _required_rail(requirement: Requirement, view: EffectiveView) -> Iterator[Violation]:
    direction = requirement.direction
    assert direction is not None
    running = view.rail_flows(direction)
    if any(fnmatchcase(flow, name) for flow in running for name in requirement.names):
        return
    names = _or([f"'{name}'" for name in requirement.names])
    label = requirement.origin.label
    what = f"{direction} rail {names}" if len(requirement.names) == 1 else f"{direction} rail of {names}"
    yield _violation(
        requirement,
        f"no {what} runs, and {label} requires {'it' if len(requirement.names) == 1 else 'one of them'}",
        ("rails", direction, "flows"),
        f"{_REACHES[direction]} without this check",
        f"add '{requirement.names[0]}' to rails.{direction}.flows",
    )


def _forbidden(requirement: Requirement, view: EffectiveView) -> Iterator[Violation]:
    label, pattern = requirement.origin.label, requirement.names[0]
    if requirement.subject == "rail":
        directions = [requirement.direction] if requirement.direction else list(_REACHES)
        for direction in directions:
            for flow in view.rail_flows(direction):
                if fnmatchcase(flow, pattern):
                    yield _violation(
                        requirement,
                        f"the {direction} rail '{flow}' is forbidden by {label}",
                        ("rails", direction, "flows", flow),
                        f"NeMo runs it in every conversation ({direction})",
                        f"remove it from rails.{direction}.flows",
                    )
    elif requirement.subject == "setting":
        for path, value in setting_values(view, pattern):
            if value is None or (requirement.bound is not None and not requirement.bound.accepts(value)):
                continue
            name = path_text(path)
            # The value may be a secret: without a bound it is never shown.
            shown = f"{name}: {_show(value)}" if requirement.bound else name
            yield _violation(
                requirement,
                f"'{shown}' is forbidden by {label}",
                path,
                f"NeMo loads the configuration with {shown if requirement.bound else f'{name} set'}",
                f"remove {name}" if requirement.bound is None else f"remove {name}, or give it another value",
            )
    elif requirement.subject == "engine":
        yield from _engine(requirement, view)
    else:
        yield from _named(requirement, view)


def _engine(requirement: Requirement, view: EffectiveView) -> Iterator[Violation]:
    for index, engine in enumerate(view.engines):
        if fnmatchcase(engine, requirement.names[0]):
            yield _violation(
                requirement,
                f"the model engine '{engine}' is forbidden by {requirement.origin.label}",
                ("models", index, "engine"),
                f"conversations are sent to '{engine}'",
                "use a model of another engine",
            )


def _named(requirement: Requirement, view: EffectiveView) -> Iterator[Violation]:
    what = requirement.subject
    for name in view.files if what == "file" else view.actions:
        if fnmatchcase(name, requirement.names[0]):
            python = what == "action" or name.endswith(".py")
            does = "imports it and runs its code in" if python else "loads it into"
            yield _violation(
                requirement,
                f"the {what} '{name}' is forbidden by {requirement.origin.label}",
                None,
                f"NeMo {does} the application's process",
                f"remove '{name}'",
                file=name if what == "file" else None,
            )


def _engines(policy: ComposedPolicy, view: EffectiveView) -> Iterator[Violation]:
    allowed = policy.allow_engines
    if allowed is None:
        return
    choices = _or([f"'{name}'" for name in allowed.value])
    for index, engine in enumerate(view.engines):
        if engine not in allowed.value:
            yield Violation(
                requirement="models.allow_engines",
                origin=allowed.origin,
                reason="conversations go only to the model engines that the company has approved",
                controls=("LLM03:2025",),
                message=f"the model engine '{engine}' is not on the allow list of {allowed.origin.label}",
                path=("models", index, "engine"),
                file=None,
                at_run_time=f"conversations are sent to '{engine}'",
                help=f"use {choices}",
            )


def _team_code(policy: ComposedPolicy, view: EffectiveView) -> Iterator[Violation]:
    if policy.config_py.value == "forbidden":
        for name in view.files:
            if name == "config.py":
                yield _code(policy.config_py.origin, "config_py", name, "when the configuration is loaded")
    if policy.actions.value == "forbidden":
        for name in view.files:
            if name == "actions.py" or (name.startswith("actions/") and name.endswith(".py")):
                yield _code(policy.actions.origin, "actions", name, "when a flow executes one of its actions")


def _code(origin: Origin, key: str, file: str, when: str) -> Violation:
    return Violation(
        requirement=f"team_code.{key}",
        origin=origin,
        reason="Python of a configuration runs inside the process that holds the guard",
        controls=("LLM03:2025",),
        message=f"'{file}' is forbidden by {origin.label}",
        path=None,
        file=file,
        at_run_time=f"NeMo runs its code in the application's process, {when}",
        help=f"remove '{file}', and do its work in the application",
    )


def _violation(
    requirement: Requirement,
    message: str,
    path: Path | None,
    at_run_time: str,
    help: str,
    *,
    file: str | None = None,
) -> Violation:
    return Violation(
        requirement=requirement.id,
        origin=requirement.origin,
        reason=requirement.reason,
        controls=requirement.controls,
        message=message,
        path=path,
        file=file,
        at_run_time=at_run_time,
        help=help,
    )


def _bound_text(requirement: Requirement) -> str:
    bound = requirement.bound
    assert bound is not None
    if bound.how == "one_of":
        return _or([_show(value) for value in bound.value])
    return {"equals": "", "minimum": "at least ", "maximum": "at most "}[bound.how] + _show(bound.value)


def _example(requirement: Requirement) -> str:
    assert requirement.bound is not None
    value = requirement.bound.value
    return _show(value[0] if requirement.bound.how == "one_of" else value)


def _show(value: object) -> str:
    if value is None:
        return "not set"
    if isinstance(value, str):
        return value
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _or(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
