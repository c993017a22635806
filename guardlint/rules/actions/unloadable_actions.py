"""A file of actions cannot be imported as NeMo imports it, and all its actions are lost.

What it does: looks for relative imports in ``actions.py`` and ``actions/``, and for the argument
``output_mapping`` of ``@action``, which NeMo 0.24 took away.

Why it matters: NeMo runs each of these files alone, not as part of a package, so that ``from . import x``
fails. The failure is one line of the log; the configuration loads, and every flow that runs one of the
actions stops with "Action not found".

How to fix: put what is shared into an installed package, or into the same file.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from guardlint.rules.actions._code import place_of
from guardlint.rules.rule import Found, Project, Related, Rule
from guardlint.source.place import Place
from guardlint.source.python import PythonFile

RULE = Rule(severity="warning", confidence="high", since="0.1.0")


def check(project: Project) -> Iterator[Found]:
    """One finding for each cause, at the first file that it takes away."""
    configuration = project.configuration
    relative: list[tuple[PythonFile, Place, list[str]]] = []
    mapping: list[tuple[PythonFile, Place, list[str]]] = []
    for file in configuration.python_files:
        lost = [action.name or action.function for action in file.actions if action.decorated]
        if file.tree is None or not lost or file.file.endswith(("config.py", "__init__.py")):
            continue
        imported = next(
            (item for item in file.tree.body if isinstance(item, ast.ImportFrom) and item.level > 0), None
        )
        argument = _output_mapping(file)
        if imported is not None:
            relative.append((file, place_of(file, imported), lost))
        elif argument is not None:
            mapping.append((file, place_of(file, argument), lost))
    if relative:
        yield Found(
            _several("a relative import fails here", relative),
            relative[0][1],
            _effect(relative),
            "import it by its full name from a package that is installed, or define it in this file",
            value="relative import",
            related=tuple(Related(place, "fails here too") for _, place, _ in relative[1:6]),
        )
    if mapping:
        yield Found(
            _several("`@action` takes no `output_mapping`", mapping),
            mapping[0][1],
            _effect(mapping),
            "take it out, and return a `RailOutcome`",
            value="output_mapping",
            since_nemo="0.24",
            related=tuple(Related(place, "here too") for _, place, _ in mapping[1:6]),
        )


def _several(message: str, files: list[tuple[PythonFile, Place, list[str]]]) -> str:
    return message if len(files) == 1 else f"{message}, and in {len(files) - 1} more of the files of actions"


def _effect(files: list[tuple[PythonFile, Place, list[str]]]) -> str:
    names = [name for _, _, lost in files for name in lost]
    shown = ", ".join(f"`{name}`" for name in names[:3]) + (" and others" if len(names) > 3 else "")
    whose = "the file's actions" if len(files) == 1 else "the actions of these files"
    return (
        f"NeMo logs an error and loads none of {whose}: {shown} cannot be found, "
        "unless the application registers them itself"
    )


def _output_mapping(file: PythonFile) -> ast.expr | None:
    assert file.tree is not None
    for node in file.tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for decorator in node.decorator_list:
                if isinstance(decorator, ast.Call) and getattr(decorator.func, "id", None) == "action":
                    for word in decorator.keywords:
                        if word.arg == "output_mapping":
                            return word.value
    return None
