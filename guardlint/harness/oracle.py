"""NeMo's own answer to what a configuration comes to, at a few milliseconds a directory.

``LLMRails`` reads its whole library each time it is made. What does not belong to the configuration is read
once here: the library's Colang, its actions, its catalogue of rails. No documents and no messages are
embedded, and the files of one folder, which NeMo takes in the order of the disk, come sorted. Everything
else is NeMo's own code, unchanged.
"""

from __future__ import annotations

import contextlib
import re
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from guardlint.harness.facts import SETTINGS, Facts, marker, text_of
from guardlint.harness.helpful import can_help, helpful, stand_ins
from guardlint.harness.scripted import ScriptedModel, telemetry_off
from guardlint.harness.shortcuts import paths, put, quick, quiet
from guardlint.nemo.catalogue import DIRECTIONS

if TYPE_CHECKING:
    from nemoguardrails import LLMRails, RailsConfig

__all__ = ["nemo_facts"]

# The name that NeMo gives to the flows it writes for rails listed in the YAML of a 2.x configuration.
_GENERATED = "INTRINSIC_FLOW_GENERATION"


def nemo_facts(root: Path, *, sort: bool = True) -> Facts:
    """What ``RailsConfig.from_path`` and ``LLMRails`` make of ``root``. Never raises for what is in it.

    ``loads`` is ``yes`` where NeMo loads it as it is and here, without an ``llm=``; ``depends`` where it
    does with one and on a machine that has whatever the configuration needs from outside (``helpful``);
    ``no`` where it does not even then. An import that NeMo finds outside its own package was found because
    of where it was asked: that is ``depends`` as well. ``reasons`` are NeMo's.

    ``sort`` False leaves the files of a folder in the order of the disk. The configuration's own Python is
    run, as NeMo runs it; imports are looked for in the working directory.
    """
    telemetry_off()
    with quick(sort), warnings.catch_warnings(), quiet():
        warnings.simplefilter("ignore")
        found = _load(root, None, stand_ins(root, actions_only=True))
        if isinstance(found, Facts):
            return found
        if found.startswith("RailsConfig") and not can_help(root):
            return Facts("no", (found,))
        with paths(everything=True):
            other = _load(root, ScriptedModel(), helpful(root))
    if isinstance(other, Facts):
        return replace(other, loads="depends", reasons=(found,))
    return Facts("no", (other,))


def _load(root: Path, model: ScriptedModel | None, machine: AbstractContextManager[None]) -> Facts | str:
    """The facts, or why NeMo refuses."""
    from nemoguardrails import LLMRails, RailsConfig
    from nemoguardrails.actions.action_dispatcher import ActionDispatcher

    step = "RailsConfig"
    with machine, _failing() as unloaded:
        try:
            config = RailsConfig.from_path(str(root))
            facts = _facts_of(config)
            names = _own_names(config)
            step = "LLMRails"
            rails = LLMRails(config, llm=model)
            dispatcher: ActionDispatcher = rails.runtime.action_dispatcher
            held = dispatcher._registered_actions  # noqa: SLF001 - without resolving NeMo's own
            actions = {name: "" for name, value in held.items() if not _is_nemos(value)}
        except BaseException as error:  # noqa: BLE001 - the configuration may raise anything
            _not_ours(error)
            return f"{step}: {_line(error)}"
    elsewhere = tuple(f"found {path}" for path in _elsewhere(config))
    return Facts(
        "depends" if elsewhere else "yes",
        elsewhere,
        flows=_winners(rails, names),
        actions=actions,
        unloaded=frozenset(unloaded),
        **facts,
    )


def _elsewhere(config: RailsConfig) -> list[str]:
    """The imports that are not of NeMo's package."""
    from nemoguardrails.rails.llm import config as module

    package = str(Path(module.guardrails_stdlib_path, "nemoguardrails"))
    return [path for path in (config.imported_paths or {}).values() if not path.startswith(package)]


@contextlib.contextmanager
def _failing() -> Iterator[set[str]]:
    """The names of the action modules that NeMo logs as failing."""
    from nemoguardrails.actions import action_dispatcher

    names: set[str] = set()

    def error(message: str, *_: Any, **__: Any) -> None:
        found = re.match(r"Failed to register (\S+) in action dispatcher due to exception: ", message)
        if found is not None:
            names.add(found[1])

    with contextlib.ExitStack() as stack:
        put(stack, action_dispatcher.log, "error", error)
        yield names


def _is_nemos(held: Any) -> bool:
    """Whether an action is NeMo's own. ``functools.wraps`` gives a team's the module of what it wraps."""
    import nemoguardrails

    code = getattr(held, "__code__", None)
    if code is not None:
        return Path(nemoguardrails.__file__).parent in Path(code.co_filename).parents
    return str(getattr(held, "__module__", "")).startswith("nemoguardrails.")


def _facts_of(config: RailsConfig) -> dict[str, Any]:
    from nemoguardrails.llm.prompts import _prompts, get_prompt

    prompts = config.prompts or []
    shipped = {prompt.task for prompt in _prompts}
    chosen: dict[str, int | None] = {}
    for prompt in prompts:
        if prompt.task in shipped:
            continue
        try:
            taken = get_prompt(config, prompt.task)
        except ValueError:
            taken = None
        chosen[prompt.task] = next((index for index, each in enumerate(prompts) if each is taken), None)
    return {
        "rails": {way: list(getattr(config.rails, way).flows) for way in DIRECTIONS},
        "bot_messages": dict(config.bot_messages),
        "user_messages": dict(config.user_messages),
        "prompts": tuple(
            (prompt.task, prompt.content or str([_message(item) for item in prompt.messages or []]))
            for prompt in prompts
        ),
        "chosen": chosen,
        "models": tuple((model.type, model.engine, model.model or "") for model in config.models),
        "instructions": _instructions(config),
        "documents": tuple(document.content for document in config.docs or []),
        "custom_data": config.custom_data,
        "settings": {name: _written(config, name) for name in SETTINGS},
    }


def _written(config: RailsConfig, name: str) -> Any:
    """A setting's value; None for NeMo's own sample conversations, which the catalogue does not repeat."""
    from nemoguardrails.rails.llm import config as module

    value = getattr(config, name)
    own = [getattr(module, which).get(name) for which in ("_default_config", "_default_config_v2")]
    return None if name == "sample_conversation" and value in own else value


def _instructions(config: RailsConfig) -> tuple[tuple[str, str], ...]:
    """None where they are NeMo's own, which the catalogue does not repeat."""
    from nemoguardrails.rails.llm import config as module

    found = tuple((item.type, item.content) for item in config.instructions or [])
    for which in ("_default_config", "_default_config_v2"):
        own = getattr(module, which)["instructions"]
        if found == tuple((item["type"], item["content"]) for item in own):
            return ()
    return found


def _message(message: Any) -> Any:
    return message if isinstance(message, str) else {"type": message.type, "content": message.content}


def _own_names(config: RailsConfig) -> list[str]:
    """The names of the flows that the configuration's own files define."""
    names = []
    for flow in config.flows:
        if isinstance(flow, dict):
            # NeMo calls a flow without a name after its body.
            names.append(str(flow.get("id") or ""))
        elif not flow.file_info.get("of_library") and flow.file_info["name"] != _GENERATED:
            names.append(str(flow.name))
    return names


def _winners(rails: LLMRails, names: list[str]) -> dict[str, str]:
    """By name, the marker in the flow that the runtime holds."""
    held: dict[str, Any] = getattr(rails.runtime, "flow_configs", {})
    found = {}
    for name in names:
        if name.startswith("anonymous-"):
            found[""] = str(len({each for each in names if each.startswith("anonymous-")}))
            continue
        flow = held[name]
        found[name] = marker(text_of(flow.source_code or str(flow.elements)))
    return found


def _line(error: BaseException) -> str:
    cause = error.__cause__
    text = f"{type(error).__name__}: {error}" + (f" <- {type(cause).__name__}: {cause}" if cause else "")
    return " ".join(text.split())[:300]


def _not_ours(error: BaseException) -> None:
    """Code of the configuration may exit; the user may interrupt."""
    if isinstance(error, KeyboardInterrupt):
        raise error
