"""Which tasks a configuration asks a model for, which model answers each and which prompt is sent.

``LLMRails`` hands an action the model of the type that is named like the action, else main (``runtime.py``:
``{action}_llm``); the self checks look for a type named like their variant first; a rail with ``$model=`` and
the rails of one fixed model have no fallback. In Colang 1.0 the model type ``generate_user_intent`` also
answers ``general``, because that action renders it (``actions/llm/generation.py``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from guardlint.nemo.catalogue import snake_case
from guardlint.nemo.configuration import Configuration
from guardlint.nemo.once import once
from guardlint.nemo.prompt import BuiltinPrompt, Prompt
from guardlint.nemo.prompt_choice import model_name, taken_prompt
from guardlint.nemo.rail_fates import rail_fate
from guardlint.nemo.reach import started_flows
from guardlint.nemo.references import RailReference
from guardlint.source.place import Place
from guardlint.source.record import record

__all__ = ["Asked", "ModelEntry", "asked_tasks", "model_entries"]

_SPECIAL = {
    "embeddings": "makes the embeddings of examples and documents",
    "jailbreak_detection": "answers the jailbreak rails",
}
_DIALOG = {
    "generate_user_intent": "says what the user means",
    "generate_next_steps": "where no flow follows",
    "generate_bot_message": "where the bot message has no text",
}


@record
class Asked:
    """One task that a model is asked for.

    ``by``: the rail or the part of NeMo that asks. ``model``: ``engine/model``, None where the configuration
    has none and the application must hand it over. ``kind``: its type. ``why``: how it was found.
    """

    task: str
    by: str
    model: str | None
    kind: str
    why: str
    place: Place | None
    prompt: Prompt | BuiltinPrompt | None


@record
class ModelEntry:
    """One entry of ``models`` and what it answers; ``used`` is None where code of the team may ask it."""

    kind: str
    model: str
    used: bool | None
    why: str
    place: Place


@once
def asked_tasks(configuration: Configuration) -> tuple[Asked, ...]:
    """Every task that listed rails, running flows and the dialog may ask a model for, rails first."""
    found: dict[str, Asked] = {}
    for task, by, rail in _tasks(configuration):
        if task not in found:
            found[task] = _asked(configuration, task, by, rail)
    return tuple(found.values())


def model_entries(configuration: Configuration) -> tuple[ModelEntry, ...]:
    """Every model with the tasks that it answers; of two with one type the first is taken."""
    asked = asked_tasks(configuration)
    # Code can take any model by its type: `llms`, `{type}_llm`.
    coded = bool(configuration.python_files or configuration.foreign_imports)
    found = []
    seen: set[str] = set()
    for kind, model, place in _listed(configuration):
        tasks = [item.task for item in asked if item.kind == kind]
        used: bool | None = True
        if kind in seen and kind != "embeddings":
            used, why = False, f"an entry before has the type {kind}"
        elif kind in _SPECIAL:
            why = _SPECIAL[kind]
        elif tasks:
            why = f"answers {', '.join(tasks)}"
        elif kind == "main":
            used, why = None, "answers where nothing else is named"
        else:
            used = None if coded else False
            why = "only code can ask it" if coded else "no rail and no task asks a model of this type"
        seen.add(kind)
        found.append(ModelEntry(kind, model, used, why, place))
    return tuple(found)


def _listed(configuration: Configuration) -> Iterator[tuple[str, str, Place]]:
    listed = configuration.value(("models",), [])
    for index, model in enumerate(listed if isinstance(listed, list) else []):
        if isinstance(model, dict):
            yield str(model.get("type")), model_name(model), configuration.place(("models", index))


def _asked(configuration: Configuration, task: str, by: str, rail: RailReference | None) -> Asked:
    wanted, fallback = _wanted_types(configuration, task, rail)
    entries: dict[str, tuple[str, Place]] = {}
    for kind, model, place in _listed(configuration):
        entries.setdefault(kind, (model, place))
    prompt = taken_prompt(configuration, task)
    for kind in wanted:
        if kind in entries:
            return Asked(task, by, entries[kind][0], kind, f"its type is {kind}", entries[kind][1], prompt)
    lacks = f"there is none of type {' or '.join(wanted)}"
    if not fallback:
        return Asked(task, by, None, wanted[0], f"{lacks}, and nothing takes its place", None, prompt)
    if "main" in entries:
        return Asked(task, by, entries["main"][0], "main", f"main: {lacks}", entries["main"][1], prompt)
    return Asked(task, by, None, "main", "the application hands over its model (llm=)", None, prompt)


def _wanted_types(
    configuration: Configuration, task: str, rail: RailReference | None
) -> tuple[tuple[str, ...], bool]:
    """The types of model that are looked for, in order, and whether main answers without them."""
    if rail is not None and rail.surface is not None and rail.surface["fixed_models"]:
        return tuple(rail.surface["fixed_models"]), False
    base, _, value = task.partition(" $")
    name, _, chosen = value.partition("=")
    if name == "model":
        return (chosen,), False
    if rail is not None and "variant" in rail.parameters:
        variant = rail.parameters["variant"]
        return (variant, str(rail.surface["action"]) if rail.surface is not None else base), True
    action = (configuration.catalogue.task(task) or {}).get("action", base)
    if task in ("general", "generate_intent_steps_message"):
        action = "generate_user_intent"
    return (action,), True


def _tasks(configuration: Configuration) -> Iterator[tuple[str, str, RailReference | None]]:
    for rail in configuration.all_rails():
        if rail_fate(configuration, rail).state in ("inert", "missing"):
            continue
        for action in _rail_actions(configuration, rail):
            tasks = _tasks_of(configuration, action)
            # With `$variant=` only the variant's own task is rendered.
            chosen = [task for task in tasks if task.partition(" $")[2] in rail.parameters]
            for task in chosen or [task for task in tasks if "$" not in task]:
                yield (
                    _with_parameters(configuration, task, rail),
                    f"rails.{rail.direction}: {rail.text}",
                    rail,
                )
    listed = {rail.flow for rail in configuration.all_rails()}
    for name, flow in started_flows(configuration).items():
        for action in sorted(flow.actions) if name not in listed else ():
            for task in _tasks_of(configuration, action):
                if "$" not in task:
                    yield task, f"flow: {name}", None
    if configuration.generation == "1.0":
        yield from _dialog(configuration)


def _dialog(configuration: Configuration) -> Iterator[tuple[str, str, None]]:
    """What the 1.0 runtime asks by itself for an answer."""
    examples = bool(configuration.user_messages or configuration.value(("user_messages",)))
    if examples and configuration.value(("rails", "dialog", "single_call", "enabled")):
        yield "generate_intent_steps_message", "dialog: all three steps in one call", None
    elif examples:
        for task, when in _DIALOG.items():
            # In passthrough the answer itself is asked with the conversation as it came.
            if task != "generate_bot_message" or not configuration.value(("passthrough",)):
                yield task, f"dialog: {when}", None
    elif not configuration.value(("passthrough",)):
        yield "general", "the answer: no examples of what users say", None
    values = (
        statement.place
        for flow in configuration.flows.values()
        for statement in flow.statements
        if statement.target is not None and statement.expression.lstrip().startswith("...")
    )
    for place in values:
        yield "generate_value", f"a value to find at {place}", None


def _rail_actions(configuration: Configuration, rail: RailReference) -> list[str]:
    own = configuration.flows.get(rail.flow)
    if own is not None:
        return [call.name for call in own.calls() if call.kind in ("execute", "await")]
    return list(configuration.catalogue.flows(configuration.generation).get(rail.flow, {}).get("actions", ()))


def _tasks_of(configuration: Configuration, action: str) -> list[str]:
    """The tasks that a built-in action renders; none where the team's action has its name."""
    if configuration.action_named(action) is not None:
        return []
    tasks: dict[str, dict[str, Any]] = configuration.catalogue.data["tasks"]
    spelt = {action, snake_case(action)}
    dialog = {*_DIALOG, "general", "generate_intent_steps_message"}
    return [name for name, row in tasks.items() if row["action"] in spelt and name not in dialog]


def _with_parameters(configuration: Configuration, task: str, rail: RailReference) -> str:
    """``content_safety_check_input $model`` with the model that the rail names.

    A variant's prompt may still have the variant's bare name (``self_check/utils.py``).
    """
    base, _, name = task.partition(" $")
    if name not in rail.parameters:
        return base
    value = rail.parameters[name]
    whole = f"{base} ${name}={value}"
    written = {prompt.task for prompt in configuration.prompts}
    return value if name == "variant" and value in written and whole not in written else whole
