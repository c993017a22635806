"""Who reads a text: the models and services that an action sends it to, and whether they are at home.

What a rail of the library sends comes from the catalogue; where to, from the team's ``models`` and
``rails.config``. A model or service on the machine itself or in a private network is local.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.prompt_choice import choose_prompt
from guardlint.nemo.taint import DETECTING, MASKING, Step
from guardlint.nemo.templates import variables
from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.record import record

__all__ = ["Reader", "is_local_address", "readers", "runs_at_home"]

_ADDRESS = lazy_pattern(r"(?:https?|grpc|wss?)://(?:[^/@\s]*@)?(\[[^\]]*\]|[^/:\s?#]+)", re.IGNORECASE)
_PRIVATE = lazy_pattern(
    r"(?:localhost|127\.|0\.0\.0\.0|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|\[::1?\]|\[f[cde])",
    re.IGNORECASE,
)
_LOCAL_ENDINGS = (".local", ".localhost", ".internal", ".lan", ".svc", ".home.arpa")
_LOCAL_ENGINES = lazy_pattern(
    r"ollama|hugging_?face_pipeline.*|hf_pipeline.*|llama_?cpp|gpt4all|ctransformers|vllm|trt_?llm|self_hosted.*",
    re.IGNORECASE,
)
# These run in the process itself unless an address is given.
_LOCAL_WITHOUT_ADDRESS = frozenset({"jailbreak_detection", "hf_classifier", "fact_checking"})
_SECTIONS = {"factchecking.align_score": "fact_checking"}


@record
class Reader:
    """One model or service. ``is_main`` marks the model that writes the answers.

    ``sure`` is False where the application decides: a model that no file names, an action of the team.
    """

    kind: Literal["model", "service"]
    name: str
    is_local: bool
    is_main: bool = False
    sure: bool = True


def readers(configuration: Configuration, step: Step) -> tuple[Reader, ...]:
    """Who reads the text when the step runs; rails for personal data are trusted with it."""
    if step.action in MASKING or step.action in DETECTING:
        return ()
    if step.is_own:
        return _of_own_action(configuration, step)
    found = tuple(_services(configuration, step.action))
    return found or tuple(_models(configuration, step))


def _of_own_action(configuration: Configuration, step: Step) -> tuple[Reader, ...]:
    """An action of the team that NeMo hands a model (``llm`` or ``<type>_llm`` among its parameters)."""
    definition = configuration.action_named(step.action)
    for parameter in definition.parameters if definition is not None else ():
        if parameter == "llm" or parameter.endswith("_llm"):
            kind = parameter.removesuffix("llm").rstrip("_") or "main"
            return (_model(configuration, kind, sure=False),)
    return ()


def _services(configuration: Configuration, action: str) -> Iterator[Reader]:
    surface = configuration.catalogue.surface_of_action.get(action)
    if surface is None or not surface["remote_services"]:
        return
    section = surface["config_key"] or _SECTIONS.get(surface["rail"], "")
    hosts = [*_addresses(configuration.value(("rails", "config", section)))] if section else []
    if hosts:
        local = all(is_local_address(host) for host in hosts)
    else:
        local = section in _LOCAL_WITHOUT_ADDRESS or _default_is_local(configuration, section)
    yield Reader("service", surface["remote_services"][0], local)


def _default_is_local(configuration: Configuration, section: str) -> bool:
    """Whether NeMo's own default for the section's address is this machine."""
    node = configuration.catalogue.key(("rails", "config", section)) if section else None
    defaults = [key.get("default") for key in (node or {}).get("keys", {}).values()]
    hosts = [host for value in defaults for host in _addresses(value)]
    return bool(hosts) and all(is_local_address(host) for host in hosts)


def _models(configuration: Configuration, step: Step) -> Iterator[Reader]:
    tasks = configuration.catalogue.tasks_of_action.get(step.action, {})
    if not tasks or not any(_shows_text(configuration, step, task, facts) for task, facts in tasks.items()):
        return
    if step.action not in configuration.catalogue.surface_of_action:
        return
    kind = step.parameters.get("model")
    if kind is None:
        own = step.action.removesuffix("_check_input").removesuffix("_check_output")
        known = configuration.model_types()
        kind = next((name for name in (step.action, own) if name in known), "main")
    yield _model(configuration, kind)


def _shows_text(configuration: Configuration, step: Step, task: str, facts: dict[str, Any]) -> bool:
    """A judge reads what its prompt shows; a prompt without the text is another rule's."""
    base, _, parameter = task.partition(" $")
    name = f"{base} ${parameter}={step.parameters.get(parameter, '')}" if parameter else base
    prompt = choose_prompt(configuration, name)
    if prompt is None:
        return not parameter
    wanted = set(facts["text_variables"])
    shown = {variable.name for text, _ in prompt.templates for variable in variables(text)}
    return not wanted or bool(wanted & shown)


def _model(configuration: Configuration, kind: str, *, sure: bool = True) -> Reader:
    entry = next((model for model in configuration.models if model.get("type") == kind), None)
    if entry is None:
        return Reader(
            "model",
            "the main model" if kind == "main" else f"the model `{kind}`",
            False,
            kind == "main",
            False,
        )
    main = next((model for model in configuration.models if model.get("type") == "main"), None)
    is_main = kind == "main" or _same(entry, main)
    name = "the main model" if kind == "main" else f"the model `{kind}`"
    return Reader("model", name, runs_at_home(entry), is_main, sure)


def _same(entry: dict[str, Any], main: dict[str, Any] | None) -> bool:
    """Whether two entries name one model at one place."""
    keys = ("engine", "model", "parameters")
    return main is not None and all(entry.get(key) == main.get(key) for key in keys)


def runs_at_home(entry: dict[str, Any]) -> bool:
    """Whether an entry of ``models`` is local: by its address, else by its engine."""
    hosts = list(_addresses(entry.get("parameters")))
    if hosts:
        return all(is_local_address(host) for host in hosts)
    return _LOCAL_ENGINES.fullmatch(str(entry.get("engine", ""))) is not None


def _addresses(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from _ADDRESS.findall(value)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _addresses(item)
    elif isinstance(value, list):
        for item in value:
            yield from _addresses(item)


def is_local_address(host: str) -> bool:
    """``localhost``, a private network, or a bare name as containers of one network know each other."""
    name = host.lower().rstrip(".")
    if "$" in name or "{" in name:
        return False
    if _PRIVATE.match(name) or ("." not in name.strip("[]") and ":" not in name):
        return True
    return name.endswith(_LOCAL_ENDINGS) or ".svc." in name
