"""What a configuration comes to, in a form that NeMo's and guardlint's view of it share.

:func:`guardlint_facts` says it without NeMo; ``guardlint.harness.oracle.nemo_facts`` asks NeMo. Where the
two differ, guardlint's model is wrong: :func:`differences` converts nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from guardlint.nemo.catalogue import DIRECTIONS
from guardlint.nemo.configuration import Configuration, Prompt
from guardlint.nemo.loading import loads, refusals
from guardlint.nemo.prompt_choice import choose_prompt
from guardlint.nemo.shapes import is_true

__all__ = ["ASPECTS", "SETTINGS", "Facts", "differences", "guardlint_facts", "marker", "text_of"]

ASPECTS = (
    "rails",
    "flows",
    "bot_messages",
    "user_messages",
    "prompts",
    "chosen",
    "models",
    "instructions",
    "documents",
    "actions",
    "custom_data",
    "settings",
)
SETTINGS = {
    "colang_version": "str",
    "passthrough": "bool",
    "lowest_temperature": "float",
    "enable_multi_step_generation": "bool",
    "enable_rails_exceptions": "bool",
    "prompting_mode": "str",
    "sample_conversation": "str",
    "event_source_uid": "str",
    "raw_llm_call_action": "str",
    "actions_server_url": "str",
}
_MARKER = re.compile(r"\bmark_\w+")


@dataclass(frozen=True, slots=True)
class Facts:
    """What a directory comes to. Of one that does not load, only ``loads`` and ``reasons`` are filled.

    ``flows`` gives, by name, the marker (a word ``mark_…``) in the body of the flow that runs, ``""`` for
    a body without one; flows without a name are counted, equal ones once. ``chosen`` gives, by task, the
    place in ``prompts`` of the one that NeMo takes, None for none, but not for tasks with prompts of NeMo's.
    ``instructions`` are empty where NeMo's own hold. ``actions``: the names that the configuration's code
    gives to the dispatcher, with the file. ``unseen``: imports that guardlint does not find.
    ``unloaded``: of NeMo's facts, the names of action modules that fail when they are run on this machine.
    """

    loads: Literal["yes", "no", "depends"]
    reasons: tuple[str, ...] = ()
    rails: Mapping[str, list[str]] = field(default_factory=dict)
    flows: Mapping[str, str] = field(default_factory=dict)
    bot_messages: Mapping[str, list[str]] = field(default_factory=dict)
    user_messages: Mapping[str, list[str]] = field(default_factory=dict)
    prompts: tuple[tuple[str, str], ...] = ()
    chosen: Mapping[str, int | None] = field(default_factory=dict)
    models: tuple[tuple[str, str, str], ...] = ()
    instructions: tuple[tuple[str, str], ...] = ()
    documents: tuple[str, ...] = ()
    actions: Mapping[str, str] = field(default_factory=dict)
    custom_data: Any = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    unseen: tuple[str, ...] = ()
    unloaded: frozenset[str] = frozenset()


def guardlint_facts(configuration: Configuration) -> Facts:
    """The facts as guardlint sees them."""
    verdict = loads(configuration)
    reasons = tuple(f"{item.place.file}:{item.place.line} {item.message}" for item in refusals(configuration))
    if verdict == "no":
        return Facts(verdict, reasons)
    prompts = configuration.prompts
    return Facts(
        loads=verdict,
        reasons=reasons,
        rails={way: [rail.text for rail in configuration.rails(way)] for way in DIRECTIONS},
        flows=_flows(configuration),
        bot_messages=_messages(configuration, "bot_messages"),
        user_messages=_messages(configuration, "user_messages"),
        prompts=tuple((prompt.task, _prompt_text(prompt)) for prompt in prompts),
        chosen={
            prompt.task: _index(prompts, choose_prompt(configuration, prompt.task))
            for prompt in prompts
            if not (configuration.catalogue.data["tasks"].get(prompt.task) or {}).get("builtin_prompt")
        },
        models=tuple(
            (str(model["type"]), str(model["engine"]), _named(model)) for model in configuration.models
        ),
        instructions=tuple(
            (str(item["type"]), str(item["content"])) for item in configuration.value(("instructions",), [])
        ),
        documents=configuration.documents,
        actions={name: item.place.file for name, item in configuration.registered_actions.items()},
        custom_data=configuration.value(("custom_data",), {}),
        settings={
            name: _converted(configuration.effective((name,)), kind) for name, kind in SETTINGS.items()
        },
        unseen=configuration.foreign_imports,
    )


def differences(nemo: Facts, guardlint: Facts) -> list[str]:
    """One line for every aspect in which the two differ; nothing is compared of what NeMo refuses.

    Where guardlint says ``depends`` for imports that it does not find, NeMo's ``no`` is no difference: it
    was asked with nothing in their place.
    """
    found = []
    undecided = nemo.loads == "no" and guardlint.loads == "depends" and guardlint.unseen
    if nemo.loads != guardlint.loads and not undecided:
        found.append(
            f"loads: NeMo says {nemo.loads} {list(nemo.reasons)}, "
            f"guardlint {guardlint.loads} {list(guardlint.reasons)}"
        )
    if "no" in (nemo.loads, guardlint.loads):
        return found
    for name in ASPECTS:
        expected, actual = getattr(nemo, name), getattr(guardlint, name)
        if name == "actions":
            # Whether a module runs is for the machine to say: its names are compared where it does.
            actual = {
                action: file
                for action, file in actual.items()
                if file.rpartition("/")[2] not in nemo.unloaded
            }
            expected, actual = sorted(expected), sorted(actual)
        if expected != actual:
            found.append(
                f"{name}: NeMo has {_shorter(expected, actual)}, guardlint {_shorter(actual, expected)}"
            )
    return found


def marker(text: str) -> str:
    """The first marker in a text."""
    found = _MARKER.search(text)
    return found[0] if found else ""


def text_of(parts: Any) -> str:
    """Whatever a flow's body is made of, as one text."""
    return parts if isinstance(parts, str) else "\n".join(map(str, parts))


def _flows(configuration: Configuration) -> dict[str, str]:
    found = {
        flow.name: marker(text_of([statement.text for statement in flow.statements]))
        for flow in configuration.flows.values()
        if flow.name
    }
    bodies = [flow.statements for flow in configuration.flows.values() if not flow.name]
    unnamed = len({tuple(statement.text for statement in body) for body in bodies})
    return {**found, "": str(unnamed)} if unnamed else found


def _shorter(one: Any, other: Any) -> Any:
    """Of mappings, the entries that differ."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        missing = object()
        return {key: value for key, value in one.items() if other.get(key, missing) != value}
    return one


def _messages(
    configuration: Configuration, section: Literal["bot_messages", "user_messages"]
) -> dict[str, list[str]]:
    listed = configuration.value((section,)) or {}
    messages = {name: list(texts) for name, texts in listed.items()}
    own = configuration.messages if section == "bot_messages" else configuration.user_messages
    messages.update({name: list(message.texts) for name, message in own.items()})
    return messages


def _prompt_text(prompt: Prompt) -> str:
    content = prompt.data.get("content")
    if isinstance(content, str) and content:
        return content
    return str([_message(item) for item in prompt.data.get("messages") or []])


def _message(message: Any) -> Any:
    return message if isinstance(message, str) else {name: message[name] for name in ("type", "content")}


def _index(prompts: tuple[Prompt, ...], chosen: Prompt | None) -> int | None:
    return next((index for index, prompt in enumerate(prompts) if prompt is chosen), None)


def _named(model: dict[str, Any]) -> str:
    parameters = model.get("parameters") or {}
    return str(model.get("model") or parameters.get("model_name") or parameters.get("model") or "")


def _converted(value: Any, kind: str) -> Any:
    if value is None:
        return None
    return is_true(value) if kind == "bool" else float(value) if kind == "float" else value
