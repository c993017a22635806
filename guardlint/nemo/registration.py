"""Which of the actions in a configuration's code NeMo's dispatcher holds, and which of one name wins.

``actions/action_dispatcher.py`` loads every module below ``actions/`` but ``__init__.py``, then
``actions.py``, and takes the decorated functions and classes of each; ``init`` of ``config.py`` may register
more afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable

from guardlint.source.python import ActionDefinition, PythonFile

__all__ = ["registered_actions"]


def registered_actions(files: Iterable[PythonFile]) -> dict[str, ActionDefinition]:
    """By name; ``files`` in the order of the walk."""
    loaded: list[PythonFile] = []
    run: list[PythonFile] = []
    lone: list[PythonFile] = []
    for file in files:
        name = file.file.rpartition("/")[2]
        if file.problem is not None or name == "__init__.py":
            continue
        in_folder = "actions" in file.file.split("/")[:-1]
        (run if name == "config.py" and not in_folder else lone if not in_folder else loaded).append(file)
    found: dict[str, ActionDefinition] = {}
    for file in (*loaded, *lone):
        found.update({item.name: item for item in file.actions if item.name and item.decorated})
    for file in run:
        names = {item.function: item.name for item in file.actions if item.decorated and item.name}
        for item in file.actions:
            # Without a name of its own a decorated function is registered under its decorator's.
            own = item.name if item.name != item.function else names.get(item.function, item.function)
            if item.name and own and not item.decorated:
                found[own] = item
    return found
