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
from guardlint.rules.rule import Found, Project, Rule
from guardlint.source.python import PythonFile

RULE = Rule(severity="warning", confidence="high", since="0.1.0")


def check(project: Project) -> Iterator[Found]:
    """One finding for each file, at the first statement that fails."""
    for file in project.configuration.python_files:
        lost = [action.name or action.function for action in file.actions if action.decorated]
        if file.tree is None or not lost or file.file.endswith(("config.py", "__init__.py")):
            continue
        relative = next(
            (item for item in file.tree.body if isinstance(item, ast.ImportFrom) and item.level > 0), None
        )
        shown = ", ".join(f"`{name}`" for name in lost[:3])
        effect = f"NeMo logs an error and loads none of the file's actions: {shown} cannot be found, "
        effect += "unless the application registers them itself"
        if relative is not None:
            yield Found(
                "a relative import fails here",
                place_of(file, relative),
                effect,
                "import it by its full name from a package that is installed, or define it in this file",
                value="relative import",
            )
            continue
        mapping = _output_mapping(file)
        if mapping is not None:
            yield Found(
                "`@action` takes no `output_mapping`",
                place_of(file, mapping),
                effect,
                "take it out, and return a `RailOutcome`",
                value="output_mapping",
                since_nemo="0.24",
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
