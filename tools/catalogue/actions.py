"""The actions that NeMo registers by itself, and what each takes and gives.

``rail``: it gives a RailOutcome (always truthy), as rail actions do since 0.24. Before that, ``returns`` is
the kind of its result where its annotation tells (``bool``, ``dict``, ``float``, ``str`` or a class's name)
and ``blocks_when`` the condition under which the library's flow blocks, ``$result`` being the result.
``versions``: there when only one Colang version has it.
"""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from typing import Any

from nemoguardrails import LLMRails, RailsConfig
from nemoguardrails.embeddings.basic import BasicEmbeddingsIndex

from tools.catalogue.colang import verdicts
from tools.catalogue.sources import (
    ROOT,
    SourceFunction,
    called_name,
    functions,
    keyword,
    module_tree,
    python_modules,
)

__all__ = ["actions", "source_action"]

_COLANG_VERSIONS = ("1.0", "2.x")
_KINDS = {"bool": "bool", "dict": "dict", "Dict": "dict", "str": "str", "float": "float"}


def actions(declared: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Every action under the name that it is registered with.

    ``declared``: name to ``module:function`` of the actions that manifests declare; empty before 0.24.
    Raises LookupError for an action of the library that this installation cannot import.
    """
    registered = {version: _registered(version) for version in _COLANG_VERSIONS}
    sources = {name: source_action(*target.split(":")) for name, target in declared.items()}
    if not declared:
        sources = _library_actions()
        missing = sorted(set(sources) - {name for named in registered.values() for name in named})
        if missing:
            raise LookupError(f"actions that cannot be imported: {missing}")
    conditions = verdicts()
    table: dict[str, dict[str, Any]] = {}
    for version, named in registered.items():
        for name, action in named.items():
            if name not in table:
                table[name] = _source_row(sources[name]) if name in sources else _registered_row(action)
                if not declared and name in sources:
                    table[name] |= _result(sources[name])
                if not declared and name in conditions:
                    table[name]["blocks_when"] = conditions[name]
            table[name].setdefault("versions", []).append(version)
    for row in table.values():
        if row["versions"] == list(_COLANG_VERSIONS):
            del row["versions"]
    return table


def source_action(module: str, name: str) -> SourceFunction:
    """A function of a module by its Python name."""
    return next(item for item in functions(module) if item.node.name == name)


def _library_actions() -> dict[str, SourceFunction]:
    """The library's actions by name, read from the source so that missing extras change nothing."""
    found = {}
    for module in python_modules("library"):
        for function in functions(module):
            decorator = _decorator(function)
            if decorator is not None:
                name = keyword(decorator, "name")
                found[str(name.value) if isinstance(name, ast.Constant) else function.node.name] = function
    return found


def _registered(version: str) -> dict[str, Any]:
    """Name to callable, of an engine with nothing configured."""
    # Older releases embed the library's bot messages at once, with a model that they would have to fetch.
    for name in ("add_items", "build"):
        setattr(BasicEmbeddingsIndex, name, _nothing)
    rails = LLMRails(RailsConfig.from_content(config={"models": [], "colang_version": version}))
    names = list(rails.runtime.registered_actions)
    return {name: rails.runtime.action_dispatcher.get_action(name) for name in names}


async def _nothing(*_: Any, **__: Any) -> None:
    return None


def _source_row(function: SourceFunction) -> dict[str, Any]:
    decorator = _decorator(function)
    system = keyword(decorator, "is_system_action") if decorator is not None else None
    arguments = function.node.args
    named = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return _row(function.module, named, _annotated(function), bool(getattr(system, "value", False)))


def _registered_row(action: Any) -> dict[str, Any]:
    target: Any = inspect.unwrap(getattr(action, "__func__", action))
    meta: dict[str, Any] = getattr(target, "action_meta", {})
    # Older releases register classes too (LangChain chains); what they take is what they run with.
    target = getattr(target, "run", target)
    signature = inspect.signature(target)
    named = [
        name
        for name, parameter in signature.parameters.items()
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD and name not in ("self", "cls")
    ]
    returns = getattr(signature.return_annotation, "__name__", str(signature.return_annotation))
    # Actions loaded from a file by path carry the file's name as their module.
    source = Path(inspect.getfile(target)).resolve().relative_to(ROOT.parent).with_suffix("")
    return _row(".".join(source.parts), named, returns, bool(meta.get("is_system_action")))


def _row(module: str, params: list[str], returns: str, system: bool) -> dict[str, Any]:
    return {"module": module, "params": params, "rail": returns == "RailOutcome", "system": system}


def _decorator(function: SourceFunction) -> ast.Call | None:
    calls = (d for d in function.node.decorator_list if isinstance(d, ast.Call))
    return next((call for call in calls if called_name(call) == "action"), None)


def _annotated(function: SourceFunction) -> str:
    returns = function.node.returns
    return str(getattr(returns, "id", getattr(returns, "value", "")))


def _result(function: SourceFunction) -> dict[str, str]:
    """``returns``, where the annotation says more than ``Any``."""
    returns = function.node.returns
    base = returns.value if isinstance(returns, ast.Subscript) else returns
    name = base.id if isinstance(base, ast.Name) else ""
    if name in _KINDS:
        return {"returns": _KINDS[name]}
    for node in module_tree(function.module).body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            typed = any(ast.unparse(parent) == "TypedDict" for parent in node.bases)
            return {"returns": "dict" if typed else name}
    return {}
