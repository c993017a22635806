"""A flow runs an action that exists nowhere.

What it does: looks up what the flows execute among the built-in actions and those of ``actions.py``,
``actions/`` and ``config.py``, and, for what is missing, looks for a function that NeMo does not register:
without ``@action()``, a method, or in a file that NeMo does not read. It speaks too where the only file of
actions holds no code.

Why it matters: NeMo loads it. When the flow comes to the line, the customer gets "Action not found" as the
answer (Colang 1.0), or the flow waits for ever and the reply is empty (2.x).

How to fix: write the name under which the action is registered, put ``@action()`` with its brackets on the
function, and keep it at the top level of ``actions.py`` or of a file in ``actions/``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from guardlint.nemo.catalogue import snake_case
from guardlint.nemo.configuration import Configuration
from guardlint.rules._mends import is_slip
from guardlint.rules._text_mends import replace_text
from guardlint.rules.actions._code import Use, place_of, uses
from guardlint.rules.rule import Found, Project, Related, Rule
from guardlint.source.files import read_text, shown_path
from guardlint.source.names import closest
from guardlint.source.place import Place
from guardlint.source.python import ActionDefinition
from guardlint.source.python_functions import Function, functions_in
from guardlint.source.python_nodes import nodes_of

RULE = Rule(severity="warning", confidence="high", since="0.1.0", fix="safe")


def check(project: Project) -> Iterator[Found]:
    """One finding for each name, at its first use."""
    configuration = project.configuration
    said: set[str] = set()
    for use in uses(configuration):
        if use.name in said or use.name.startswith("$") or _exists(configuration, use.name):
            continue
        said.add(use.name)
        found = _found(configuration, use)
        if found is not None:
            yield found


def _exists(configuration: Configuration, name: str) -> bool:
    if configuration.action_named(name) is not None or configuration.has_unnamed_actions:
        return True
    facts = configuration.catalogue.action(name)
    # The actions of the user interface (``UtteranceBotAction`` …) are run by whoever shows it.
    return facts is not None or (configuration.generation == "2.x" and name in _interface(configuration))


def _interface(configuration: Configuration) -> set[str]:
    library = configuration.catalogue.flows("2.x").values()
    return {name for flow in library for name in flow["actions"]} | {"UtteranceUserAction", "TimerBotAction"}


def _found(configuration: Configuration, use: Use) -> Found | None:
    effect = (
        f"the customer gets \"Action '{use.name}' not found.\" for an answer"
        if configuration.generation == "1.0"
        else "the flow waits for it for ever, and the reply is empty"
    )
    other = _named_otherwise(configuration, use.name)
    if other is not None:
        return Found(
            f"no action is named `{use.name}`",
            use.place,
            effect,
            f"write `{other.name}`, or take `name=` out of its decorator",
            value=use.name,
            related=(Related(other.place, f"is registered as `{other.name}`"),),
            fix=replace_text(configuration, use.place, use.name, str(other.name), safe=False),
        )
    near = (
        _unregistered(configuration, use.name)
        or _forgotten(configuration, use.name)
        or _nothing_written(configuration)
    )
    if near is not None:
        place, label, mend = near
        certain = "without brackets" in label
        return Found(
            f"action `{use.name}` is not registered",
            use.place,
            effect if certain else f"{effect}, unless the application registers it",
            mend,
            value=use.name,
            related=(Related(place, label),),
            confidence="high" if certain else "medium",
            fix=replace_text(configuration, place, "@action", "@action()") if certain else None,
        )
    if any(problem.place.file.endswith(".py") for problem in configuration.problems):
        return None  # unreadable-file: the action may stand in the file that Python cannot parse
    names = [action.name for action in configuration.actions if action.name]
    meant = closest(snake_case(use.name), [snake_case(name) for name in names])
    own = meant is not None
    if meant is None:
        meant = _built_in(configuration, snake_case(use.name))
    if meant is None:
        return None  # the application may register it
    spelt = next((name for name in names if snake_case(name) == meant), meant)
    if configuration.generation == "2.x" and not spelt.endswith("Action"):
        spelt = "".join(part.capitalize() for part in spelt.split("_")) + "Action"
    return Found(
        f"no action is named `{use.name}`",
        use.place,
        effect,
        f"write `{spelt}`",
        value=use.name,
        related=tuple(
            Related(action.place, f"is registered as `{action.name}`")
            for action in configuration.actions
            if own and action.name and snake_case(action.name) == meant
        ),
        confidence="high" if own else "medium",
        fix=replace_text(
            configuration, use.place, use.name, spelt, safe=own and is_slip(snake_case(use.name), meant)
        ),
    )


def _built_in(configuration: Configuration, name: str) -> str | None:
    """The built-in action that is meant: NeMo's older name of it, or one or two letters away."""
    from difflib import SequenceMatcher

    names = [snake_case(item) for item in configuration.catalogue.data["actions"]]
    if f"self_{name}" in names:
        return f"self_{name}"
    near = closest(name, names)
    return near if near and SequenceMatcher(None, name, near).ratio() >= 0.92 else None


def _named_otherwise(configuration: Configuration, name: str) -> ActionDefinition | None:
    """The action whose function bears the name, and which is registered under another."""
    wanted = {snake_case(name), name}
    return next(
        (
            item
            for item in configuration.actions
            if item.name and {item.function, snake_case(item.function)} & wanted
        ),
        None,
    )


def _unregistered(configuration: Configuration, name: str) -> tuple[Place, str, str] | None:
    """A function of that name that NeMo does not register: where, why, and what to do."""
    wanted = {snake_case(name), name}
    for file in configuration.python_files:
        if file.tree is None:
            continue
        for node, is_method in functions_in(file.tree):
            if not ({node.name, snake_case(node.name)} | _names(node)) & wanted:
                continue
            where = place_of(file, node)
            if is_method:
                return where, "a method, which NeMo does not register", "make it a function of the module"
            if any(getattr(item, "id", None) == "action" for item in node.decorator_list):
                bare = next(item for item in node.decorator_list if getattr(item, "id", None) == "action")
                line, column = bare.lineno, bare.col_offset
                where = Place.at(file.file, line, column, len("@action"))
                return where, "`@action` without brackets registers nothing", "write `@action()`"
            if not any(isinstance(item, ast.Call) for item in node.decorator_list):
                return where, "has no `@action()`", f"put `@action()` above `def {node.name}`"
    return _elsewhere(configuration, wanted)


def _forgotten(configuration: Configuration, name: str) -> tuple[Place, str, str] | None:
    """The one function that says the same in fewer words, and that neither NeMo nor the code ever calls."""
    wanted = set(snake_case(name).split("_"))
    written = [
        (file, node)
        for file in configuration.python_files
        if file.tree is not None
        for node in file.tree.body
        if isinstance(node, Function) and not node.decorator_list and len(words := node.name.split("_")) > 1
        if wanted.issuperset(words)
    ]
    if len(written) != 1:
        return None
    (file, node) = written[0]
    used = {
        getattr(item, "id", None) or getattr(item, "attr", None)
        for other in configuration.python_files
        if other.tree is not None
        for item in nodes_of(other.tree, ast.Name, ast.Attribute)
    }
    if node.name in used:
        return None
    mend = f'put `@action(name="{name}")` above `def {node.name}`'
    return place_of(file, node), "has no `@action()`, and nothing calls it", mend


def _nothing_written(configuration: Configuration) -> tuple[Place, str, str] | None:
    """The file of actions, where it holds no code at all."""
    if configuration.actions or len(configuration.python_files) != 1:
        return None
    file = configuration.python_files[0]
    if file.tree is None or any(
        not isinstance(node, ast.Pass)
        and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        for node in file.tree.body
    ):
        return None
    where = Place.at(file.file, 1, 1, 1)
    return where, "the file of the actions holds no code", "write the action there, with `@action()`"


def _names(node: Function) -> set[str]:
    """The names that its decorators give it."""
    return {
        word.value.value
        for item in node.decorator_list
        if isinstance(item, ast.Call)
        for word in item.keywords
        if word.arg == "name" and isinstance(word.value, ast.Constant) and isinstance(word.value.value, str)
    }


def _elsewhere(configuration: Configuration, wanted: set[str]) -> tuple[Place, str, str] | None:
    """An ``@action`` of that name in a Python file below the root that NeMo does not look at."""
    for file in configuration.files:
        if file.kind != "other" or not file.relative.endswith(".py"):
            continue
        try:
            text = read_text(file.path)
        except (OSError, UnicodeDecodeError):
            continue
        if "@action" not in text:
            continue
        for match in re.finditer(
            r"^@action\b([^\n]*)\n(?:@[^\n]*\n)*(?:async )?def (\w+)", text, re.MULTILINE
        ):
            given = re.search(r"name\s*=\s*[\"'](\w+)[\"']", match[1])
            if {given[1] if given else match[2]} & wanted:
                line = text.count("\n", 0, match.start()) + 1
                place = Place.at(shown_path(file.path), line, 1, 7)
                return (
                    place,
                    "in a file that NeMo does not read",
                    "move it to `actions.py` beside the configuration's root files, or into `actions/`",
                )
    return None
