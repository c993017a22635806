"""Would NeMo load this configuration? (``RailsConfig.from_path``, then ``LLMRails(config)``.)"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.references import RailReference
from guardlint.nemo.shapes import wrong_shapes
from guardlint.source.place import Place
from guardlint.source.yaml_file import DataPath

__all__ = ["Refusal", "loads", "refusals"]

Topic = Literal["file", "flow", "other", "environment"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason for which NeMo does not load the configuration.

    ``topic`` tells who reports it: ``file`` and ``flow`` have rules of their own; ``environment`` is a
    refusal that depends on the machine, an ``llm=`` argument or code, and is nobody's fault.
    """

    topic: Topic
    message: str
    place: Place
    path: DataPath | None = None
    help: str = ""


def loads(configuration: Configuration) -> Literal["yes", "no", "depends"]:
    """The answer of DESIGN §4."""
    topics = {refusal.topic for refusal in refusals(configuration)}
    if topics - {"environment"}:
        return "no"
    return "depends" if topics else "yes"


def refusals(configuration: Configuration) -> list[Refusal]:
    """Every reason that can be seen, in the order of the files."""
    found = [
        Refusal("file", problem.message, problem.place, None, problem.help)
        for problem in configuration.problems
        if problem.at_load
    ]
    shapes = list(_shapes(configuration))
    found += shapes
    if not shapes:
        found += _models(configuration)
        found += _prompts(configuration)
        found += _rails(configuration)
        found += _settings(configuration)
    found += _code(configuration)
    return found


def _shapes(configuration: Configuration) -> Iterator[Refusal]:
    node = configuration.catalogue.data["keys"]
    for path, expected in wrong_shapes(configuration.joined.raw, node):
        name = _dotted(path)
        yield Refusal(
            "other",
            f"`{name}` must be {expected}",
            configuration.place(path),
            path,
            f"write {expected} under `{path[-1]}`, or leave the key out",
        )
    # A section that a later file makes good again still stops the join: lists are added, mappings unpacked.
    joining = configuration.catalogue.data["joining"]
    for file in configuration.yaml_files:
        for key in (*joining["concatenated"], *joining["union"]):
            value = file.data.get(key, [])
            if not isinstance(value, list):
                yield Refusal(
                    "other",
                    f"`{key}` must be a list",
                    file.place((key,)),
                    (key,),
                    f"write a list under `{key}`",
                )
        for key in joining["merged"]:
            if not isinstance(file.data.get(key, {}), dict):
                yield Refusal(
                    "other",
                    f"`{key}` must be a mapping",
                    file.place((key,)),
                    (key,),
                    f"write keys and values under `{key}`",
                )


_LANGCHAIN_FLAGS = frozenset(
    [
        "streaming",
        "disable_streaming",
        "verbose",
        "cache",
        "callbacks",
        "tags",
        "metadata",
        "name",
        "model_kwargs",
    ]
)
_LANGCHAIN_ALIAS = re.compile(r"[a-zA-Z]\w*?_(api_key|base_url|api_base|endpoint)")


def _models(configuration: Configuration) -> Iterator[Refusal]:
    served: dict[Any, dict[str, Any]] = configuration.catalogue.data["engines"]
    for index, model in enumerate(configuration.value(("models",), [])):
        path: DataPath = ("models", index)
        place = configuration.place(path)
        for key in ("type", "engine"):
            if key not in model:
                yield Refusal(
                    "other", f"a model lacks `{key}`", place, path, f"add `{key}:` to the entry of `models`"
                )
        yield from _model_name(model, path, place)
        engine = model.get("engine")
        if model.get("type") == "embeddings":
            continue
        parameters = model.get("parameters") or {}
        if isinstance(engine, str) and engine not in served and "base_url" not in parameters:
            yield Refusal(
                "environment",
                f"engine `{engine}` needs LangChain (NEMOGUARDRAILS_LLM_FRAMEWORK=langchain) or `base_url`",
                configuration.place((*path, "engine")),
                (*path, "engine"),
            )
        lacking = [name for name in served.get(engine, {}).get("needs", ()) if name not in parameters]
        if lacking:
            yield Refusal(
                "environment",
                f"engine `{engine}` needs {', '.join(lacking)} under `parameters`",
                configuration.place((*path, "engine")),
                (*path, "engine"),
            )
        # The default framework refuses what only LangChain understands (_compat/langchain_kwargs.py).
        for name in sorted(map(str, parameters)):
            if name in _LANGCHAIN_FLAGS or (_LANGCHAIN_ALIAS.fullmatch(name) and name != "azure_endpoint"):
                yield Refusal(
                    "environment",
                    f"`{name}` is a LangChain parameter and needs NEMOGUARDRAILS_LLM_FRAMEWORK=langchain",
                    configuration.place((*path, "parameters", name), key=True),
                    (*path, "parameters", name),
                )
        if model.get("api_key_env_var"):
            yield Refusal(
                "environment",
                f"the environment variable {model['api_key_env_var']} must be set",
                configuration.place((*path, "api_key_env_var")),
                (*path, "api_key_env_var"),
            )


def _model_name(model: dict[str, Any], path: DataPath, place: Place) -> Iterator[Refusal]:
    parameters = model.get("parameters") or {}
    inner = parameters.get("model_name") or parameters.get("model")
    if model.get("model") and inner:
        yield Refusal(
            "other",
            "a model is named twice, in `model` and in `parameters`",
            place,
            path,
            "keep `model` only",
        )
    elif not str(model.get("model") or inner or "").strip():
        yield Refusal("other", "a model has no name", place, path, "add `model:` to the entry of `models`")


def _prompts(configuration: Configuration) -> Iterator[Refusal]:
    for index, prompt in enumerate(configuration.value(("prompts",), [])):
        path: DataPath = ("prompts", index)
        place = configuration.place(path)
        if "task" not in prompt:
            yield Refusal(
                "other", "a prompt lacks `task`", place, path, "name the task that the prompt is for"
            )
        both = bool(prompt.get("content")), bool(prompt.get("messages"))
        if both == (False, False):
            yield Refusal("other", "a prompt has no text", place, path, "write `content:` or `messages:`")
        elif both == (True, True):
            yield Refusal(
                "other", "a prompt has both `content` and `messages`", place, path, "keep one of the two"
            )


def _rails(configuration: Configuration) -> Iterator[Refusal]:
    tasks = {prompt.task for prompt in configuration.prompts}
    types = configuration.model_types()
    for rail in configuration.all_rails():
        if rail.direction not in ("input", "output", "retrieval"):
            continue
        name = rail.flow if rail.direction != "retrieval" else rail.text
        if not configuration.flow_exists(name):
            yield Refusal("flow", f"no flow is named `{name}`", rail.place, rail.path)
            continue
        model = rail.parameters.get("model")
        if model and rail.direction != "retrieval" and model not in types:
            yield Refusal(
                "other",
                f"`{rail.flow}` names the model type `{model}`, which `models` does not define",
                rail.place,
                rail.path,
                f"add an entry with `type: {model}` to `models`",
            )
        needed = _needed_prompt(rail)
        if needed and needed not in tasks:
            yield Refusal(
                "other",
                f"`{rail.flow}` needs a prompt for the task `{needed}`",
                rail.place,
                rail.path,
                f"add `- task: {needed}` with its text to `prompts`",
            )


def _needed_prompt(rail: RailReference) -> str | None:
    """The task for which RailsConfig demands a prompt (its ``check_prompt_exist_for_self_check_rails``).

    Self checks may choose a variant; safety checks name their model; the others are found by exact text.
    """
    needed = rail.surface["prompt_required"] if rail.surface else None
    if needed is None:
        return None
    names = {parameter["name"] for parameter in rail.surface["params"]} if rail.surface else set()
    if "variant" in names:
        variant = rail.parameters.get("variant", needed)
        return str(needed) if variant == needed else f"{needed} $variant={variant}"
    if needed.endswith("$model"):
        return f"{needed}={rail.parameters.get('model')}"
    return str(needed) if rail.text == rail.flow else None


def _settings(configuration: Configuration) -> Iterator[Refusal]:
    version = configuration.value(("colang_version",))
    if isinstance(version, str) and version not in ("1.0", "2.x"):
        yield Refusal(
            "other",
            f"Colang version `{version}` is unknown to NeMo",
            configuration.place(("colang_version",)),
            ("colang_version",),
            'write "1.0" or "2.x"',
        )
    single: DataPath = ("rails", "dialog", "single_call", "enabled")
    if configuration.value(("passthrough",)) and configuration.value(single):
        yield Refusal(
            "other",
            "`passthrough` and `single_call` exclude each other",
            configuration.place(single),
            single,
            "switch one of them off",
        )
    streaming: DataPath = ("rails", "output", "streaming")
    if configuration.value((*streaming, "enabled")) is True:
        early = configuration.effective((*streaming, "stream_first"))
        overlap = configuration.effective((*streaming, "context_size"))
        for rail in configuration.rails("output"):
            if rail.surface and rail.surface["transform"] and (early or overlap):
                yield Refusal(
                    "other",
                    f"`{rail.flow}` rewrites the answer, which streaming with overlap cannot do",
                    rail.place,
                    rail.path,
                    "set `stream_first: false` and `context_size: 0` under `rails.output.streaming`",
                )


def _code(configuration: Configuration) -> Iterator[Refusal]:
    """``config.py`` is run at load and may need packages that are not there (actions.py is only logged)."""
    for file in configuration.python_files:
        foreign = [name for name in file.imports if name not in sys.stdlib_module_names | {"nemoguardrails"}]
        if file.file.endswith("config.py") and "/actions/" not in file.file and foreign:
            yield Refusal(
                "environment",
                f"config.py imports {', '.join(foreign) or 'its neighbours'}",
                Place.at(file.file),
            )


def _dotted(path: DataPath) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else (f".{part}" if text else str(part))
    return text
