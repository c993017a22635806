"""What a policy requires of a configuration, and the configuration has not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase

from guardlint.policy.model import Bound, Requirement, Subject, same
from guardlint.policy.settings import path_text, setting_values
from guardlint.policy.tighten import as_tight
from guardlint.policy.view import EffectiveView, Protection, Violation
from guardlint.policy.words import bound_text, example, one_of, show, violation

__all__ = ["REACHES", "required"]

REACHES: Mapping[str, str] = {
    "input": "the user's message reaches the model",
    "output": "the model's reply reaches the user",
    "retrieval": "retrieved text reaches the prompt",
    "tool_input": "tool results reach the model",
    "tool_output": "tool calls are made",
    "dialog": "the model answers",
}


def required(requirement: Requirement, view: EffectiveView) -> Iterator[Violation]:
    """The violations of one requirement; none where its condition does not hold."""
    if requirement.when is not None:
        setting, wanted = requirement.when
        if not any(same(value, wanted) for _, value in setting_values(view, setting)):
            return
    yield from _KINDS[requirement.subject](requirement, view)


def _rail(requirement: Requirement, view: EffectiveView) -> Iterator[Violation]:
    direction = str(requirement.direction)
    if any(fnmatchcase(flow, name) for flow in view.rail_flows(direction) for name in requirement.names):
        return
    label, count = requirement.origin.label, len(requirement.names)
    names = one_of([f"'{name}'" for name in requirement.names])
    if requirement.names == ("*",):
        what = f"{direction} rail runs, and {label} requires one"
    elif count == 1:
        what = f"{direction} rail {names} runs, and {label} requires it"
    else:
        what = f"{direction} rail of {names} runs, and {label} requires one of them"
    first = next((f"'{name}'" for name in requirement.names if "*" not in name), "a rail that fits")
    on_dialog = direction == "dialog"
    yield violation(
        requirement,
        f"no {what}{_where(requirement)}",
        ("rails", direction) if on_dialog else ("rails", direction, "flows"),
        f"{REACHES[direction]} without this check",
        f"define the flow {first}" if on_dialog else f"add {first} to rails.{direction}.flows",
    )


def _order(requirement: Requirement, view: EffectiveView) -> Iterator[Violation]:
    direction, names = str(requirement.direction), requirement.names
    flows = view.rail_flows(direction)
    ranks = [next((at for at, name in enumerate(names) if fnmatchcase(flow, name)), None) for flow in flows]
    for later, rank in enumerate(ranks):
        if rank is None:
            continue
        for earlier, other in enumerate(ranks[:later]):
            if other is not None and other > rank:
                yield violation(
                    requirement,
                    f"'{flows[later]}' runs behind '{flows[earlier]}', and {requirement.origin.label} "
                    f"requires it before{_where(requirement)}",
                    ("rails", direction, "flows", flows[later]),
                    f"'{flows[earlier]}' reads what '{flows[later]}' has not seen to",
                    f"move '{flows[later]}' before '{flows[earlier]}' in rails.{direction}.flows",
                )
                return


def _setting(requirement: Requirement, view: EffectiveView) -> Iterator[Violation]:
    assert requirement.bound is not None
    wanted, label = bound_text(requirement), requirement.origin.label
    for path, value in setting_values(view, requirement.names[0]):
        if requirement.bound.accepts(value):
            continue
        name, told = path_text(path), _told(requirement.bound, value)
        mend = example(requirement)
        yield violation(
            requirement,
            f"{name} is {told}, and {label} requires {wanted}{_where(requirement)}",
            path,
            f"NeMo works with {name} = {told}, its default where the configuration says nothing",
            f"write '{name}: {mend}'" if mend is not None else f"give {name} a value that fits the schema",
        )


def _told(bound: Bound, value: object) -> str:
    """Anything may stand where a schema is asked of it, also a secret: so texts are not shown."""
    if bound.how != "schema" or value is None or isinstance(value, bool | int | float):
        return show(value)
    kinds = {"a text": str, "a list": list | tuple, "a mapping": dict}
    return next((name for name, kind in kinds.items() if isinstance(value, kind)), "a value")


def _prompt(requirement: Requirement, view: EffectiveView) -> Iterator[Violation]:
    for prompt in view.prompts:
        if fnmatchcase(prompt.task, requirement.names[0]) and prompt.digest not in requirement.digests:
            yield violation(
                requirement,
                f"the prompt for '{prompt.task}' is not one that {requirement.origin.label} approves"
                f"{_where(requirement)}",
                (*prompt.path, "task"),
                f"NeMo asks with a text that nobody has approved; its digest is {prompt.digest}",
                "take an approved prompt, or ask the policy's owner to approve this digest",
            )


def _personal_data(requirement: Requirement, view: EffectiveView) -> Iterator[Violation]:
    direction, wanted = str(requirement.direction), requirement.personal_data
    assert wanted is not None
    found = view.protections(direction)
    label, verb = requirement.origin.label, {"mask": "masked", "block": "blocked"}[wanted.action]
    reaches = REACHES[direction]
    if not found:
        yield violation(
            requirement,
            f"no rail looks for personal data on {direction}, and {label} requires that "
            f"{_few(requirement.names)} be {verb}{_where(requirement)}",
            ("rails", direction, "flows"),
            f"{reaches} with the personal data in it",
            f"add '{'mask' if wanted.action == 'mask' else 'detect'} sensitive data on {direction}' to "
            f"rails.{direction}.flows and list the entities under rails.config.sensitive_data_detection",
        )
        return
    listed = [name for name in requirement.names if any(name in one.entities for one in found)]
    missing = [name for name in requirement.names if name not in listed]
    first = path_text(found[0].path)
    if missing:
        yield violation(
            requirement,
            f"{first}.entities lacks {_few(missing)}, and {label} requires it{_where(requirement)}",
            (*found[0].path, "entities"),
            f"{reaches} with this personal data in it",
            f"add {', '.join(missing)}",
        )
    weak = [name for name in listed if not any(_as_tight(one, name, requirement) for one in found)]
    if weak:
        held = next(one for one in found if weak[0] in one.entities)
        least = f" from a score of at most {wanted.threshold} on" if wanted.threshold is not None else ""
        own = f" from {held.threshold} on" if held.threshold is not None and least else ""
        done = {"mask": "masked", "block": "blocked"}[held.action]
        yield violation(
            requirement,
            f"{path_text(held.path)}: {_few(weak)} is {done}{own}, and {label} requires that it be "
            f"{verb}{least}{_where(requirement)}",
            held.path,
            f"{reaches} with finds that are less sure" if done == verb else f"{reaches}, masked",
            "lower the threshold" if done == verb else f"use the rail that blocks on {direction}",
        )


def _as_tight(protection: Protection, entity: str, requirement: Requirement) -> bool:
    wanted = requirement.personal_data
    assert wanted is not None
    if entity not in protection.entities or not as_tight("becomes", protection.action, wanted.action):
        return False
    return wanted.threshold is None or (
        protection.threshold is not None and protection.threshold <= wanted.threshold
    )


def _nemo_version(requirement: Requirement, view: EffectiveView) -> Iterator[Violation]:
    versions = requirement.versions
    assert versions is not None
    if versions.accepts(view.nemo):
        return
    said = [f"at least {versions.at_least}"] if versions.at_least else []
    said += [f"below {versions.below}"] if versions.below else []
    said += [f"not {one}" for one in versions.excluded]
    yield violation(
        requirement,
        f"the configuration is for NeMo {view.nemo}, and {requirement.origin.label} requires "
        f"{' and '.join(said)}{_where(requirement)}",
        (),
        "the application runs a release that the company has not approved",
        "pin a release that the policy allows",
    )


_KINDS: Mapping[Subject, Callable[[Requirement, EffectiveView], Iterator[Violation]]] = {
    "rail": _rail,
    "order": _order,
    "setting": _setting,
    "prompt": _prompt,
    "personal_data": _personal_data,
    "nemo_version": _nemo_version,
}


def _where(requirement: Requirement) -> str:
    return f" where {requirement.when[0]} is {show(requirement.when[1])}" if requirement.when else ""


def _few(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
