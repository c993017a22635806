"""The outline of Python files: actions by name, without running them."""

from __future__ import annotations

import pytest

from guardlint.source.python import parse_python

CODE = """\
import logging
from nemoguardrails.actions import action
from .helpers import x
import nemoguardrails


@action()
async def plain(text: str) -> bool:
    return True


@action(name="self_check_input", is_system_action=True)
async def renamed(context, *, llm=None):
    if context:
        return not context
    return bool(llm)


@action
def bare(text):
    return text


@nemoguardrails.actions.action("is system", "second")
def positional():
    return 1 == 2


class Store:
    @action(name=NAME)
    async def inner(self, key):
        return key


@action(name="klass")
class Klass:
    def run(self): ...


def undecorated():
    return True


def init(app):
    app.register_action(undecorated, "registered")
    app.register_action(action=undecorated)
    app.register_action(lambda: 1, name=make_name())
    for f in CHECKS:
        app.register_action(f)
"""


def test_actions_by_decorator_and_by_registration() -> None:
    """Names as NeMo would know them; None where only running the code would tell."""
    outline = parse_python(CODE, "actions.py")
    assert outline.problem is None
    assert outline.has_init
    found = [(action.name, action.function, action.returns) for action in outline.actions]
    assert ("plain", "plain", "bool") in found
    assert ("self_check_input", "renamed", "bool") in found
    assert ("second", "positional", "bool") in found
    assert ("klass", "Klass", "unknown") in found
    assert ("registered", "undecorated", "bool") in found
    assert any(name is None for name, _, _ in found)


def test_what_nemo_does_not_register() -> None:
    """``@action`` without brackets, and methods: NeMo says "Action not found" when they are due."""
    functions = [action.function for action in parse_python(CODE, "actions.py").actions]
    assert "bare" not in functions
    assert "inner" not in functions
    handed_over = CODE + "    app.register_actions(Store())\n"
    assert "inner" in [action.function for action in parse_python(handed_over, "actions.py").actions]


def test_a_name_stands_at_its_place() -> None:
    """Line and column of the function's name."""
    lines = CODE.split("\n")
    for action in parse_python(CODE, "actions.py").actions:
        if action.decorated:
            place = action.place
            assert action.function == lines[place.line - 1][place.column - 1 : place.end_column - 1]


def test_imports_are_the_packages() -> None:
    """The empty name stands for a relative import."""
    assert ("", "logging", "nemoguardrails") == parse_python(CODE, "actions.py").imports


@pytest.mark.parametrize(
    ("code", "line"),
    [("def x(:\n", 1), ("a = 1\nb = (\n", 2), ("x = 1\n  y = 2\n", 2), ("\0", 1), ("(" * 2000, 1)],
)
def test_what_python_cannot_parse_is_a_problem_with_a_place(code: str, line: int) -> None:
    """Never an exception."""
    outline = parse_python(code, "actions.py")
    assert outline.problem is not None
    message, place = outline.problem
    assert "\n" not in message
    assert line == place.line
    assert place.column >= 1


def test_a_byte_order_mark_is_no_mistake() -> None:
    """Python reads such files."""
    assert parse_python("\ufeffx = 1\n", "actions.py").problem is None
