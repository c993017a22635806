"""Built-in flows and bot messages, parsed by NeMo's own Colang parsers.

A flow of 1.0: ``file``; ``system``: part of the machinery (llm_flows.co) and not a rail of the library;
``actions`` it executes, ``bot_messages`` it utters, ``calls`` (other flows), ``rewrites`` (which of the three
guarded texts it assigns), ``stops``, ``armed_by`` (the variable that must be True or it does nothing).
A flow of 2.x has ``module`` and ``params`` besides; ``also_in`` and ``overridden_by`` name other modules that
define it. Empty facts are left out, except ``actions``.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from lark.exceptions import LarkError
from nemoguardrails.colang import parse_colang_file
from nemoguardrails.rails.llm.config import _load_imported_paths
from nemoguardrails.utils import camelcase_to_snakecase

from tools.catalogue.sources import ROOT, relative

__all__ = ["bot_messages", "flows", "modules", "verdicts"]

_MACHINERY = ROOT / "rails" / "llm" / "llm_flows.co"
_STANDARD = ROOT / "colang" / "v2_x" / "library"
_GUARDED_TEXTS = ("bot_message", "relevant_chunks", "user_message")
_ARMED = re.compile(r"\$(\w+) == True")
_LITERAL = re.compile(r"\"((?:[^\"\\{]|\\.)*)\"")
# Actions of the language itself in 1.0, which no rail is built from.
_LANGUAGE = {"utter", "create_event"}


def flows(registered: frozenset[str]) -> dict[str, dict[str, dict[str, Any]]]:
    """Built-in flows by Colang version and name; ``registered`` are the names of NeMo's own actions."""
    return {"1.0": dict(_flows_of_1(registered)), "2.x": _flows_of_2(registered)}


def bot_messages() -> dict[str, dict[str, list[str]]]:
    """The texts of built-in bot messages by Colang version and name.

    In 1.0 the library is walked in sorted order and the first file that has a message wins. In 2.x they are
    flows that do nothing but say one of some literal texts.
    """
    first: dict[str, list[str]] = {}
    for _, parsed in _parsed("1.0"):
        for name, texts in parsed["bot_messages"].items():
            first.setdefault(name, list(texts))
    second: dict[str, list[str]] = {}
    for _, parsed in _parsed("2.x"):
        for flow in parsed["flows"]:
            texts = _said_texts(flow)
            if texts:
                second.setdefault(flow.name.removeprefix("bot "), texts)
    return {"1.0": first, "2.x": second}


def modules() -> dict[str, dict[str, Any]]:
    """What a 2.x file can import: the ``file`` and the modules that it ``imports`` itself.

    A prefix of a dotted name is a folder and imports everything below it. ``broken``: NeMo ships the file but
    cannot parse it, so that importing it fails. Every name is resolved with NeMo's own import; raises
    ValueError when it finds another file.
    """
    table = {}
    for path, parsed in _parsed("2.x"):
        name = _module(path)
        resolved: dict[str, Any] = {"import_paths": [name.replace(".", "/")]}
        _load_imported_paths(resolved, [])
        found = next(iter(resolved["imported_paths"].values()))
        if Path(found).resolve() != path:
            raise ValueError(f"import {name} finds {found}")
        imported = sorted(item.replace("\\", "/").replace("/", ".") for item in parsed["import_paths"])
        table[name] = _compact(
            {"file": relative(path), "imports": imported}, {"broken": parsed.get("broken")}
        )
    return table


def verdicts() -> dict[str, str]:
    """Action to the condition under which its flow of 1.0 blocks, ``$result`` being what the action gives."""
    found: dict[str, str] = {}
    for _, parsed in _parsed("1.0"):
        for flow in parsed["flows"]:
            steps = flow["elements"]
            results: dict[str, tuple[str, str]] = {}
            for step in steps:
                if step["_type"] == "run_action" and step.get("action_result_key"):
                    results[step["action_result_key"]] = (step["action_name"], "$result")
                elif step["_type"] == "set":
                    results |= _taken_over(step["key"], step["expression"], results)
                elif step["_type"] == "if":
                    condition = _taken_over("", step["expression"], results).get("")
                    if condition:
                        found.setdefault(*condition)
    return found


def _taken_over(key: str, expression: str, results: dict[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """The expression with the variable that holds an action's result written out; empty without one."""
    for variable, (action, value) in results.items():
        parts = re.split(rf"\${variable}\b", expression)
        if len(parts) > 1:
            return {key: (action, value.join(parts))}
    return {}


@cache
def _parsed(version: str) -> list[tuple[Path, dict[str, Any]]]:
    """Files and their parsed content, in the order in which NeMo loads the library."""
    found = []
    library = [path for path in (ROOT / "library").rglob("*.co") if "__pycache__" not in path.parts]
    others = [_MACHINERY] if version == "1.0" else sorted(_STANDARD.glob("*.co"))
    for path in [*others, *sorted(library, key=lambda path: path.relative_to(ROOT).parts)]:
        try:
            parsed = parse_colang_file(path.name, path.read_text(encoding="utf-8"), version=version)
        except LarkError:
            # Up to 0.23 the 2.x flows of injection detection have never parsed.
            parsed = {"flows": [], "bot_messages": {}, "import_paths": [], "broken": True}
        if parsed:
            found.append((path, parsed))
    return found


def _module(path: Path) -> str:
    base = _STANDARD if path.is_relative_to(_STANDARD) else ROOT.parent
    return ".".join(path.relative_to(base).with_suffix("").parts)


def _compact(required: dict[str, Any], optional: dict[str, Any]) -> dict[str, Any]:
    return required | {fact: value for fact, value in optional.items() if value}


def _flows_of_1(registered: frozenset[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, parsed in _parsed("1.0"):
        for flow in parsed["flows"]:
            steps = [step for step in flow["elements"] if step["_type"] != "meta"]
            executed = [step for step in steps if step["_type"] == "run_action"]
            spoken = [step["action_params"]["value"] for step in executed if step["action_name"] == "utter"]
            armed = _ARMED.fullmatch(steps[0]["expression"]) if steps[0]["_type"] == "if" else None
            assigned = {step["key"] for step in steps if step["_type"] == "set"}
            assigned |= {step.get("action_result_key") for step in executed}
            acted = {step["action_name"] for step in executed} - _LANGUAGE
            called = {step["flow_name"] for step in steps if step["_type"] == "flow"}
            yield (
                flow["id"],
                _compact(
                    {
                        "file": relative(path),
                        "system": path == _MACHINERY,
                        "actions": sorted(_registered_name(name, registered) for name in acted),
                    },
                    {
                        "bot_messages": sorted({text for text in spoken if text[0] not in "$."} - {"stop"}),
                        "calls": sorted(name for name in called if not name.startswith("$")),
                        "rewrites": sorted(assigned.intersection(_GUARDED_TEXTS)),
                        "stops": "stop" in spoken,
                        "armed_by": armed[1] if armed else None,
                    },
                ),
            )


def _flows_of_2(registered: frozenset[str]) -> dict[str, dict[str, Any]]:
    table: dict[str, dict[str, Any]] = {}
    overriding: list[tuple[str, str]] = []
    for path, parsed in _parsed("2.x"):
        for flow in parsed["flows"]:
            if any(decorator.name == "override" for decorator in flow.decorators):
                overriding.append((flow.name, _module(path)))
            elif flow.name in table:
                table[flow.name].setdefault("also_in", []).append(_module(path))
            else:
                table[flow.name] = _flow_of_2(path, flow, registered)
    for name, module in overriding:
        table[name].setdefault("overridden_by", []).append(module)
    return table


def _flow_of_2(path: Path, flow: Any, registered: frozenset[str]) -> dict[str, Any]:
    parts = list(_parts(flow.elements))
    used = [
        spec
        for part in parts
        if _kind(part) == "SpecOp" and part.op in ("await", "start", "activate")
        for spec in _parts(part.spec)
        if _kind(spec) == "Spec"
    ]
    called = {spec.name for spec in used if spec.spec_type.value == "flow" and spec.name}
    acted = {spec.name for spec in used if spec.spec_type.value == "action" and spec.name}
    # The parser puts a wait for the flow's own start first, and leaves a docstring as a dict.
    first = next((part for part in flow.elements[1:] if _kind(part) != "dict"), None)
    armed = _ARMED.fullmatch(first.expression) if _kind(first) == "If" and first is not None else None
    assigned = {part.key for part in parts if _kind(part) == "Assignment"}
    assigned |= {part.return_var_name for part in parts if _kind(part) == "SpecOp"}
    return _compact(
        {
            "file": relative(path),
            "module": _module(path),
            "params": [parameter.name for parameter in flow.parameters],
            "actions": sorted(_registered_name(name, registered) for name in acted),
        },
        {
            "bot_messages": sorted(
                name.removeprefix("bot ") for name in called if name.startswith("bot ") and name != "bot say"
            ),
            "calls": sorted(name for name in called if not name.startswith("bot ")),
            "rewrites": sorted(assigned.intersection(_GUARDED_TEXTS)),
            "stops": any(_kind(part) == "Abort" for part in parts),
            "armed_by": armed[1] if armed else None,
        },
    )


def _registered_name(name: str, registered: frozenset[str]) -> str:
    """The registered name of the action that a flow names, as NeMo's dispatcher finds it; else as written."""
    if name in registered:
        return name
    snake = camelcase_to_snakecase(name.replace("Action", "") if name.endswith("Action") else name)
    return str(snake) if snake in registered else name


def _kind(part: Any) -> str:
    return type(part).__name__


def _parts(value: Any) -> Iterator[Any]:
    """A parsed element and everything inside it."""
    if isinstance(value, list | tuple):
        for item in value:
            yield from _parts(item)
    elif dataclasses.is_dataclass(value):
        yield value
        for field in dataclasses.fields(value):
            yield from _parts(getattr(value, field.name))
    elif isinstance(value, dict):
        for item in value.values():
            yield from _parts(item)


def _said_texts(flow: Any) -> list[str]:
    """The literal texts of a flow that only says one of them, else an empty list."""
    if not flow.name.startswith("bot ") or flow.parameters:
        return []
    texts = []
    for part in _parts(flow.elements[1:]):
        if _kind(part) != "Spec":
            continue
        literal = _LITERAL.fullmatch(part.arguments.get("$0", "")) if part.name == "bot say" else None
        if literal is None:
            return []
        texts.append(literal[1].replace('\\"', '"'))
    return texts
