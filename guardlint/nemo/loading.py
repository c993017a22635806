"""Would NeMo load this configuration? (``RailsConfig.from_path``, then ``LLMRails(config)``.)"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from guardlint.nemo.code_refusals import code_refusals
from guardlint.nemo.configuration import Configuration
from guardlint.nemo.flow_refusals import flow_refusals
from guardlint.nemo.imports import dotted, written_path
from guardlint.nemo.model_refusals import model_refusals
from guardlint.nemo.once import once
from guardlint.nemo.references import RailReference
from guardlint.nemo.refusal import Refusal, Topic
from guardlint.nemo.shapes import WrongShape, is_true, wrong_shapes
from guardlint.nemo.unread import is_set_aside, unread_files
from guardlint.nemo.value_refusals import value_refusals
from guardlint.source.files import shown_path
from guardlint.source.names import closest
from guardlint.source.place import Place
from guardlint.source.yaml_file import DataPath

__all__ = ["Refusal", "loads", "refusals"]


def loads(configuration: Configuration) -> Literal["yes", "no", "depends"]:
    """The answer of DESIGN §4."""
    topics = {refusal.topic for refusal in refusals(configuration)}
    if topics - {"environment"}:
        return "no"
    return "depends" if topics else "yes"


@once
def refusals(configuration: Configuration) -> list[Refusal]:
    """Every reason that can be seen, in the order of the files."""
    found = [
        Refusal("file", problem.message, problem.place, None, problem.help)
        for problem in configuration.problems
        if problem.at_load
    ]
    if all(file.ignored_by is not None for file in configuration.files):
        mend = "write a config.yml, or take its pattern out of .railsignore"
        found.append(Refusal("other", "NeMo finds no file", Place.at(configuration.name), None, mend))
    shapes = list(_shapes(configuration))
    found += shapes
    if not shapes:
        found += model_refusals(configuration)
        found += _prompts(configuration)
        found += _rails(configuration)
        found += _settings(configuration)
        found += _services(configuration)
        found += flow_refusals(configuration)
        found += value_refusals(configuration)
    found += code_refusals(configuration)
    return found


def _shapes(configuration: Configuration) -> Iterator[Refusal]:
    node = configuration.catalogue.data["keys"]
    for wrong in wrong_shapes(configuration.joined.raw, node):
        yield _shape(configuration, wrong)
    # A section that a later file makes good again still stops the join: lists are added, mappings unpacked.
    joining = configuration.catalogue.data["joining"]
    for file in configuration.yaml_files:
        for key in (*joining["concatenated"], *joining["union"]):
            value = file.data.get(key, [])
            # What NeMo only goes through one by one may be a mapping or a text as well: letters are imports.
            through = key in joining["union"] and isinstance(value, dict | str)
            if not isinstance(value, list) and not (through and not value):
                yield Refusal(
                    "environment" if through else "other",
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


def _shape(configuration: Configuration, wrong: WrongShape) -> Refusal:
    name = _dotted(wrong.path)
    if wrong.extra is not None:
        place = configuration.place(wrong.path, key=True)
        return Refusal("key", f"`{name}` is not allowed", place, wrong.path, "take the key out")
    place = configuration.place(wrong.path)
    if wrong.lacks is not None:
        return Refusal("other", f"`{name}` lacks `{wrong.lacks}`", place, wrong.path, f"add `{wrong.lacks}:`")
    mend = f"write {wrong.expected} under `{wrong.path[-1]}`, or leave the key out"
    if isinstance(wrong.path[-1], int):
        mend = f"write {wrong.expected} here, or take the entry out"
    return Refusal("other", f"`{name}` must be {wrong.expected}", place, wrong.path, mend)


def _prompts(configuration: Configuration) -> Iterator[Refusal]:
    for index, prompt in enumerate(configuration.value(("prompts",), [])):
        path: DataPath = ("prompts", index)
        both = bool(prompt.get("content")), bool(prompt.get("messages"))
        if both[0] != both[1]:
            continue
        place = configuration.place(path)
        if not both[0]:
            # A misspelt one is reported by unknown-key.
            missing = {"content", "messages"} - set(prompt)
            topic: Topic = "key" if any(closest(name, map(str, prompt)) for name in missing) else "other"
            yield Refusal(topic, "a prompt has no text", place, path, "write `content:` or `messages:`")
        else:
            yield Refusal(
                "other", "a prompt has both `content` and `messages`", place, path, "keep one of the two"
            )


def _rails(configuration: Configuration) -> Iterator[Refusal]:
    tasks = {prompt.task for prompt in configuration.prompts}
    types = configuration.model_types()
    release: str = configuration.catalogue.data["nemo"]
    yield from _imports(configuration)
    for rail in configuration.all_rails():
        if rail.direction not in ("input", "output", "retrieval"):
            continue
        name = rail.flow if rail.direction != "retrieval" else rail.text
        if not configuration.flow_exists(name):
            if configuration.foreign_imports:
                continue
            yield Refusal("flow", f"no flow is named `{name}`", rail.place, rail.path)
            continue
        model = rail.parameters.get("model")
        if model and rail.direction != "retrieval" and model not in types and release >= "0.18":
            yield Refusal(
                "other",
                f"`{rail.flow}` names the model type `{model}`, which `models` does not define",
                rail.place,
                rail.path,
                f"add an entry with `type: {model}` to `models`",
            )
            continue
        needed = _needed_prompts(rail)
        if needed and not any(task in tasks for task in needed):
            yield Refusal(
                "key" if _is_written(configuration, needed) else "other",
                f"`{rail.flow}` needs a prompt for the task `{needed[0]}`",
                rail.place,
                rail.path,
                f"add `- task: {needed[0]}` with its text to `prompts`",
            )


def _imports(configuration: Configuration) -> Iterator[Refusal]:
    """Imports that are found somewhere else, or nowhere."""
    for item in configuration.imported:
        place = _import_place(configuration, item.name)
        if item.name.startswith('"'):
            mend = f"write `import {dotted(item.name.strip(chr(34)))}`"
            yield Refusal("other", f"NeMo looks for {item.name} with its quotes", place, None, mend)
            continue
        meant = _near_module(configuration, item.name) if not item.found else None
        if meant is not None:
            yield Refusal(
                "other",
                f"NeMo finds no `{dotted(item.name)}` to import",
                place,
                None,
                f"write `import {meant}`",
            )
            continue
        seen = f" (here it is {shown_path(item.found)})" if item.found else ""
        message = f"`{item.name}` must be found where the application runs{seen}"
        yield Refusal("environment", message, place)


def _near_module(configuration: Configuration, name: str) -> str | None:
    """The module of NeMo's own that is meant by the name of one that is nowhere."""
    modules = {
        facts["module"].removesuffix(".flows") for facts in configuration.catalogue.flows("2.x").values()
    }
    return closest(dotted(name), modules)


def _import_place(configuration: Configuration, name: str) -> Place:
    """The ``import`` statement, or the entry of ``import_paths``."""
    for file in configuration.read_colang:
        for item in file.imports:
            if written_path(item) == name:
                return item.place
    listed = configuration.value(("import_paths",), [])
    index = listed.index(name) if name in listed else None
    return configuration.place(("import_paths",) if index is None else ("import_paths", index))


def _needed_prompts(rail: RailReference) -> tuple[str, ...]:
    """The tasks of which RailsConfig demands a prompt (its ``check_prompt_exist_for_self_check_rails``).

    Self checks may choose a variant, whose prompt may still bear the bare name of old; safety checks name
    their model; the others are found by exact text.
    """
    needed = rail.surface["prompt_required"] if rail.surface else None
    if needed is None:
        return ()
    names = {parameter["name"] for parameter in rail.surface["params"]} if rail.surface else set()
    if "variant" in names:
        variant = rail.parameters.get("variant") or needed
        return (needed,) if variant == needed else (f"{needed} $variant={variant}", variant)
    if needed.endswith("$model"):
        return (f"{needed}={rail.parameters.get('model')}",)
    return (needed,) if rail.text == rail.flow else ()


def _is_written(configuration: Configuration, tasks: tuple[str, ...]) -> bool:
    """Whether the prompt is there where NeMo does not look, and another rule says so.

    Below a misspelt ``prompts`` (unknown-key), the first of two (duplicate-key), or in a file that a line of
    ``.railsignore`` hides (ignored-file), that begins with kb (taken-for-document) or ends otherwise
    (unread-file).
    """
    keys = configuration.catalogue.data["keys"]
    if any(path == ("prompts",) for file in configuration.yaml_files for path, *_ in file.duplicates()):
        return True
    pairs = [pair for file in configuration.yaml_files for pair in file.data.items()]
    odd = [
        (str(name), value) for name, value in pairs if name not in keys["keys"] and _has_task(value, tasks)
    ]
    if odd:
        from guardlint.nemo.meant_keys import meant

        if any(meant(name, value, keys) == "prompts" for name, value in odd):
            return True
    return any(
        item.data is not None
        and _has_task(item.data.get("prompts"), tasks)
        and not (
            item.walked.relative.startswith("kb/")
            if item.why == "document"
            else is_set_aside(item.walked.relative)
        )
        for item in unread_files(configuration)
    )


def _has_task(prompts: object, tasks: tuple[str, ...]) -> bool:
    return isinstance(prompts, list) and any(
        isinstance(entry, dict) and entry.get("task") in tasks for entry in prompts
    )


def _settings(configuration: Configuration) -> Iterator[Refusal]:
    single: DataPath = ("rails", "dialog", "single_call", "enabled")
    if is_true(configuration.value(("passthrough",))) and is_true(configuration.value(single)):
        yield Refusal(
            "other",
            "`passthrough` and `single_call` exclude each other",
            configuration.place(single),
            single,
            "switch one of them off",
        )
    streaming: DataPath = ("rails", "output", "streaming")
    # NeMo looks at these values before it converts them: the text "false" is true here.
    if configuration.value((*streaming, "enabled")) and configuration.catalogue.data["nemo"] >= "0.24":
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


# The adapters of tracing, with what each takes beside its name (``tracing/adapters``).
_ADAPTERS = {"FileSystem": frozenset({"filepath"}), "OpenTelemetry": frozenset({"service_name"})}


def _services(configuration: Configuration) -> Iterator[Refusal]:
    """Adapters that nobody registers, and a jailbreak service without its path."""
    if is_true(configuration.value(("tracing", "enabled"))):
        for index, adapter in enumerate(configuration.value(("tracing", "adapters"), [])):
            path: DataPath = ("tracing", "adapters", index)
            name = adapter.get("name", "FileSystem")
            if name not in _ADAPTERS:
                # Code that NeMo runs at load may register more.
                yield Refusal(
                    "environment" if configuration.python_files else "other",
                    f"no tracing adapter is named `{name}`",
                    configuration.place((*path, "name")),
                    path,
                    f"write one of {', '.join(sorted(_ADAPTERS))}",
                )
            for key in adapter.keys() - _ADAPTERS.get(name, adapter.keys()) - {"name"}:
                # Code that NeMo runs at load may put its own in the place of NeMo's.
                yield Refusal(
                    "environment" if configuration.python_files else "other",
                    f"the tracing adapter `{name}` takes no `{key}`",
                    configuration.place((*path, key), key=True),
                    (*path, key),
                    "take the key out",
                )
    section: DataPath = ("rails", "config", "jailbreak_detection")
    listed = any(rail.text == "jailbreak detection model" for rail in configuration.rails("input"))
    service = configuration.value((*section, "nim_base_url")) or configuration.value((*section, "nim_url"))
    endpoint: DataPath = (*section, "nim_server_endpoint")
    checked = configuration.catalogue.data["nemo"] >= "0.21"
    if checked and listed and service and not configuration.value(endpoint, "classify"):
        yield Refusal(
            "other",
            "`jailbreak detection model` has the address of a service and no `nim_server_endpoint`",
            configuration.place(endpoint),
            endpoint,
            "write `nim_server_endpoint: classify`, or take the key out",
        )


def _dotted(path: DataPath) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else (f".{part}" if text else str(part))
    return text
