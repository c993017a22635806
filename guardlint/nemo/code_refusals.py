"""Code that NeMo runs while it loads: ``config.py``, which may need packages that are not there.

``actions.py`` may need some as well, and NeMo only logs that it cannot load it.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.refusal import Refusal
from guardlint.source.place import Place
from guardlint.source.python import PythonFile

__all__ = ["code_refusals", "needed_packages"]

# What every NeMo from 0.17 to 0.24 requires (METADATA of the wheels), under the names of its modules.
_PROVIDED = frozenset(
    "nemoguardrails aiohttp fastembed httpx jinja2 lark nest_asyncio numpy prompt_toolkit pydantic yaml rich "
    "simpleeval typer typing_extensions".split()
)
# What those required that had LangChain as their framework.
_WITH_LANGCHAIN = frozenset(
    "langchain langchain_core langchain_community fastapi pandas starlette uvicorn watchdog".split()
)
_GUARDS = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})


def code_refusals(configuration: Configuration) -> Iterator[Refusal]:
    """What ``config.py`` imports and neither Python nor NeMo brings."""
    for file in configuration.python_files:
        if file.file.rpartition("/")[2] != "config.py" or "actions" in file.file.split("/")[:-1]:
            continue
        provided = _PROVIDED | sys.stdlib_module_names
        if configuration.catalogue.data["langchain"]["default"]:
            provided |= _WITH_LANGCHAIN
        foreign = [name for name in needed_packages(file) if name not in provided]
        if foreign:
            names = ", ".join(name or "its neighbours" for name in foreign)
            yield Refusal("environment", f"config.py imports {names}", Place.at(file.file))


def needed_packages(file: PythonFile) -> tuple[str, ...]:
    """The packages without which the module cannot be run, ``""`` for a relative import; sorted.

    Imports of functions that nothing calls by name are not due, ``init`` is called by NeMo; an import in a
    ``try`` that catches its failure may fail.
    """
    if file.tree is None:
        return file.imports
    functions = {item.name: item for item in file.tree.body if isinstance(item, _FUNCTIONS)}
    found: set[str] = set()
    done: set[str] = set()
    waiting: list[ast.AST] = [file.tree]
    if "init" in functions:
        done.add("init")
        waiting += functions["init"].body
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            found.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.add("" if node.level else (node.module or "").partition(".")[0])
        elif isinstance(node, ast.Name) and node.id in functions and node.id not in done:
            done.add(node.id)
            waiting += functions[node.id].body
        waiting += _due(node)
    return tuple(sorted(found))


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def _due(node: ast.AST) -> list[ast.AST]:
    """What runs of a statement when it is run."""
    if isinstance(node, _FUNCTIONS):
        return [*node.decorator_list]
    if isinstance(node, ast.Try) and any(map(_catches, node.handlers)):
        return [*node.orelse, *node.finalbody]
    if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
        return [*node.orelse]
    return list(ast.iter_child_nodes(node))


def _catches(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(kind is None or (isinstance(kind, ast.Name) and kind.id in _GUARDS) for kind in kinds)
