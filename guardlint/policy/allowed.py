"""What a policy allows and nothing else, and what it forbids, where a configuration has it all the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from guardlint.policy.model import Requirement
from guardlint.policy.settings import path_text, setting_values
from guardlint.policy.view import EffectiveView, Named, Violation
from guardlint.policy.words import one_of, show, violation

__all__ = ["allowed", "forbidden"]

_TEXTS = {"input": "the user's message", "output": "the reply", "retrieval": "retrieved text"}
_DIRECTIONS = ("input", "output", "retrieval", "tool_input", "tool_output")


def allowed(requirement: Requirement, view: EffectiveView) -> Iterator[Violation]:
    """The violations of one allow-list."""
    label = requirement.origin.label
    choices = one_of([f"'{name}'" for name in requirement.names])
    if requirement.subject == "engine":
        for index, engine in enumerate(view.engines):
            if not _any(requirement.names, [engine]):
                yield violation(
                    requirement,
                    f"the model engine '{engine}' is not on the allow list of {label}",
                    ("models", index, "engine"),
                    f"conversations are sent to '{engine}'",
                    f"use {choices}",
                )
    elif requirement.subject in ("model", "endpoint"):
        what = requirement.subject
        for named in _named(requirement, view):
            if not _any(requirement.names, named.labels):
                yield violation(
                    requirement,
                    f"the {what} '{named.shown}' is not on the allow list of {label}",
                    named.path,
                    f"conversations are sent to '{named.shown}'",
                    f"use {choices}",
                )
    else:
        yield from _text(requirement, view)


def _text(requirement: Requirement, view: EffectiveView) -> Iterator[Violation]:
    text, label = str(requirement.direction), requirement.origin.label
    told: set[str] = set()
    for receiver in view.receivers(text):
        if receiver.shown in told:
            continue
        if not _any(requirement.names, receiver.labels):
            told.add(receiver.shown)
            yield violation(
                requirement,
                f"{_TEXTS[text]} goes to {receiver.shown}, and {label} lets it go to "
                f"{one_of([repr(name) for name in requirement.names])} only",
                receiver.path,
                f"{receiver.shown} reads it",
                "use a rail or model that the policy allows for this text",
                place=receiver.place,
            )
        elif requirement.masked and not receiver.protected:
            told.add(receiver.shown)
            yield violation(
                requirement,
                f"{_TEXTS[text]} goes to {receiver.shown} before personal data is masked, and {label} lets "
                "it go masked only",
                receiver.path,
                f"{receiver.shown} reads the personal data in it",
                f"put 'mask sensitive data on {text}' before it in rails.{text}.flows",
                place=receiver.place,
            )


def forbidden(requirement: Requirement, view: EffectiveView) -> Iterator[Violation]:
    """The violations of one prohibition."""
    label, pattern = requirement.origin.label, requirement.names[0]
    if requirement.subject == "rail":
        for direction in [requirement.direction] if requirement.direction else _DIRECTIONS:
            for flow in view.rail_flows(direction):
                if fnmatchcase(flow, pattern):
                    on_dialog = direction == "dialog"
                    yield violation(
                        requirement,
                        f"the {direction} rail '{flow}' is forbidden by {label}",
                        ("rails", direction) if on_dialog else ("rails", direction, "flows", flow),
                        "NeMo starts it when what it waits for is said"
                        if on_dialog
                        else f"NeMo runs it in every conversation ({direction})",
                        f"take the flow '{flow}' out"
                        if on_dialog
                        else f"remove it from rails.{direction}.flows",
                    )
    elif requirement.subject == "setting":
        yield from _setting(requirement, view)
    elif requirement.subject == "engine":
        for index, engine in enumerate(view.engines):
            if fnmatchcase(engine, pattern):
                yield violation(
                    requirement,
                    f"the model engine '{engine}' is forbidden by {label}",
                    ("models", index, "engine"),
                    f"conversations are sent to '{engine}'",
                    "use a model of another engine",
                )
    elif requirement.subject in ("model", "endpoint"):
        for named in _named(requirement, view):
            if _any([pattern], named.labels):
                yield violation(
                    requirement,
                    f"the {requirement.subject} '{named.shown}' is forbidden by {label}",
                    named.path,
                    f"conversations are sent to '{named.shown}'",
                    "use another",
                )
    else:
        yield from _file_or_action(requirement, view)


def _setting(requirement: Requirement, view: EffectiveView) -> Iterator[Violation]:
    for path, value in setting_values(view, requirement.names[0]):
        if value is None or (requirement.bound is not None and not requirement.bound.accepts(value)):
            continue
        name = path_text(path)
        # The value may be a secret: without a bound it is never shown.
        shown = f"{name}: {show(value)}" if requirement.bound else name
        yield violation(
            requirement,
            f"'{shown}' is forbidden by {requirement.origin.label}",
            path,
            f"NeMo loads the configuration with {shown if requirement.bound else f'{name} set'}",
            f"remove {name}" if requirement.bound is None else f"remove {name}, or give it another value",
        )


def _file_or_action(requirement: Requirement, view: EffectiveView) -> Iterator[Violation]:
    what = requirement.subject
    for name in view.files if what == "file" else view.actions:
        if fnmatchcase(name, requirement.names[0]):
            python = what == "action" or name.endswith(".py")
            does = "imports it and runs its code in" if python else "loads it into"
            yield violation(
                requirement,
                f"the {what} '{name}' is forbidden by {requirement.origin.label}",
                None,
                f"NeMo {does} the application's process",
                f"remove '{name}'",
                file=name if what == "file" else None,
            )


def _named(requirement: Requirement, view: EffectiveView) -> Sequence[Named]:
    return view.models if requirement.subject == "model" else view.endpoints


def _any(patterns: Sequence[str], labels: Sequence[str] | frozenset[str]) -> bool:
    return any(fnmatchcase(label, pattern) for pattern in patterns for label in labels)
