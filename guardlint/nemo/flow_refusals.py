"""Flows that NeMo refuses: defined twice, overrides of nothing, rails that it cannot translate.

In Colang 1.0 one file may not define a name twice (its parser stops: ``source/colang_errors.py``), while of
several files one wins. In 2.x each name may have one flow and one override of it, over the configuration's
files, the library modules that they import and the flows that NeMo writes for rails listed in the YAML
(``v2_x/runtime/runtime.py`` and ``rails/llm/config.py`` of 0.24.1).
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.refusal import Refusal
from guardlint.source.colang import Flow
from guardlint.source.yaml_file import DataPath

__all__ = ["flow_refusals"]

_KEYWORDS = frozenset({"send", "match", "start", "stop", "await", "activate"})
_WRITTEN = {"input": "input rails", "output": "output rails"}


def flow_refusals(configuration: Configuration) -> Iterator[Refusal]:
    """Of the flows that NeMo reads, those that keep it from loading."""
    if configuration.generation == "2.x":
        yield from _colang_2(configuration)


def _colang_2(configuration: Configuration) -> Iterator[Refusal]:
    listed = {way: configuration.value(("rails", way, "flows"), []) for way in _WRITTEN}
    translated = any(listed.values())
    if translated:
        yield from _untranslatable(configuration)
    library = configuration.catalogue.flows("2.x")
    first: dict[str, str] = {
        name: f"NeMo's library ({facts['module']})"
        for name, facts in library.items()
        if facts["module"] in configuration.library_modules
    }
    if translated:
        sections = configuration.value(("rails",), {})
        first.update(
            {
                name: "NeMo, for the rails in the YAML"
                for way, name in _WRITTEN.items()
                if "flows" in sections.get(way, {})
            }
        )
    overrides: dict[str, Flow] = {}
    for file in reversed(configuration.read_colang):
        for flow in file.flows:
            if flow.name.split(" ")[0] in _KEYWORDS:
                message = f"the name of flow `{flow.name}` begins with a keyword"
                yield Refusal("other", message, flow.place, None, "choose another name")
            elif flow.is_override:
                if flow.name in overrides:
                    yield _twice(flow, str(overrides[flow.name].place), "overridden")
                overrides.setdefault(flow.name, flow)
            elif flow.name in first:
                yield _twice(flow, first[flow.name], "defined")
            else:
                first[flow.name] = str(flow.place)
    for name, flow in overrides.items():
        if name not in first:
            # An import that lies elsewhere may define it.
            yield Refusal(
                "environment" if configuration.foreign_imports else "other",
                f"no flow `{name}` is there to override",
                flow.place,
                None,
                "take `@override` off, or import the module that defines the flow",
            )


def _twice(flow: Flow, other: str, verb: str, mend: str = "") -> Refusal:
    mend = mend or (
        "keep one of the two" if verb == "overridden" else "rename it, or put `@override` on one of the two"
    )
    name = f"flow `{flow.name}`" if flow.name else "a flow without a name"
    return Refusal("other", f"{name} is {verb} twice, here and in {other}", flow.place, None, mend)


def _untranslatable(configuration: Configuration) -> Iterator[Refusal]:
    """NeMo writes flows for input and output rails, and stops at any other section that lists some."""
    sections = configuration.value(("rails",), {})
    for way, section in sections.items():
        path: DataPath = ("rails", way)
        if section is None or ("flows" in section and way not in _WRITTEN):
            yield Refusal(
                "other",
                f"`rails.{way}` cannot stand beside input or output rails in Colang 2.x",
                configuration.place(path, key=True),
                path,
                "list the rails in a flow of a .co file instead",
            )
