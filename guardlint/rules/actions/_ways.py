"""An action's function run on paper with one thing going wrong: everything that it can return then.

``Going wrong`` is an error at an ``except`` or a ``suppress``, a bad status of a service, or a function of
the file that hands on what it has made of its own error. Branches that cannot be told are taken both ways.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from guardlint.rules.actions._worth import Scene
from guardlint.rules.colang._values import UNKNOWN, truth
from guardlint.source.python_nodes import nodes_below
from guardlint.source.record import record, replace

__all__ = ["Point", "Way", "constants_of", "ways"]

Point = ast.ExceptHandler | ast.Try | ast.With | ast.AsyncWith | ast.If | None
"""Where it goes wrong: the handler that is run, a ``try`` without one, a ``suppress``, a test of a status."""

How = Literal["on", "return", "raise", "break", "continue"]
_MOST = 120


@record
class Way:
    """One way through some statements: how it ended, with what, and the ``return`` or ``raise``."""

    scene: Scene
    how: How = "on"
    value: Any = None
    at: ast.stmt | None = None


class _TooMany(Exception):
    """More ways than anybody writes."""


def ways(
    body: list[ast.stmt], point: Point, known: Mapping[str, Any], returned: Mapping[str, Any]
) -> list[Way] | None:
    """The ways through a function that fail; None where they are too many."""
    walker = _Walker(point)
    try:
        found = walker.block(body, [Way(Scene(known, returned))])
    except (_TooMany, RecursionError):
        return None
    return [way for way in found if way.scene.failed]


def constants_of(tree: ast.Module) -> dict[str, Any]:
    """The names that the module gives a plain value, once."""
    found: dict[str, list[Any]] = {}
    for item in tree.body:
        if isinstance(item, ast.Assign):
            for target in item.targets:
                if isinstance(target, ast.Name):
                    plain = isinstance(item.value, ast.Constant)
                    found.setdefault(target.id, []).append(item.value.value if plain else UNKNOWN)  # type: ignore[attr-defined]
    return {name: values[0] for name, values in found.items() if len(values) == 1}


class _Walker:
    """Walks statements; a scene is never shared by two ways that go on."""

    def __init__(self, point: Point) -> None:
        self._point = point

    def block(self, body: Iterable[ast.stmt], going: list[Way]) -> list[Way]:
        done: list[Way] = []
        for statement in body:
            after = [end for way in going for end in self._statement(statement, way)]
            done += [way for way in after if way.how != "on"]
            going = [way for way in after if way.how == "on"]
            if len(done) + len(going) > _MOST:
                raise _TooMany
        return done + going

    def _statement(self, statement: ast.stmt, way: Way) -> list[Way]:
        scene = way.scene
        match statement:
            case ast.Return(value=value):
                return [replace(way, how="return", value=scene.worth(value), at=statement)]
            case ast.Raise():
                return [replace(way, how="raise", at=statement)]
            case ast.Break() | ast.Continue():
                return [replace(way, how="break" if isinstance(statement, ast.Break) else "continue")]
            case ast.Assign(targets=targets, value=value):
                worth = scene.worth(value)
                for target in targets:
                    _bind(scene, target, worth)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                _bind(scene, target, scene.worth(value))
            case ast.AugAssign(target=target, value=value):
                scene.worth(value)
                _bind(scene, target, UNKNOWN)
            case ast.Expr(value=value):
                scene.worth(value)
            case ast.If():
                return self._if(statement, way)
            case ast.Try():
                return self._try(statement, way)
            case ast.With() | ast.AsyncWith():
                return self._with(statement, way)
            case ast.For() | ast.AsyncFor() | ast.While():
                return self._loop(statement, way)
            case ast.Match(subject=subject, cases=cases):
                scene.worth(subject)
                bodies = [case.body for case in cases]
                return [way, *(end for body in bodies for end in self.block(body, [_fork(way)]))]
        return [way]

    def _if(self, statement: ast.If, way: Way) -> list[Way]:
        known = truth(way.scene.worth(statement.test))
        if statement is self._point:
            way.scene.failed = True
            known = not _good_status(statement.test)
        found: list[Way] = []
        if known is not True:
            found += self.block(statement.orelse, [_fork(way)])
        if known is not False:
            found += self.block(statement.body, [way])
        return found

    def _try(self, statement: ast.Try, way: Way) -> list[Way]:
        handler = next((item for item in statement.handlers if self._is_run(item)), None)
        if statement is self._point:
            _begin(statement.body, way.scene)
            way.scene.failed = True
            return [*self._finally(statement, replace(way, how="raise"))]
        if handler is not None:
            _begin(statement.body, way.scene)
            if handler is self._point:
                way.scene.failed = True
            if handler.name:
                way.scene.values[handler.name] = UNKNOWN
            ends = self.block(handler.body, [way])
        else:
            ends = []
            for end in self.block(statement.body, [way]):
                if end.how == "raise" and statement.handlers:
                    raised = replace(end, how="on", value=None, at=None)
                    ends += self.block(statement.handlers[-1].body, [raised])
                elif end.how == "on":
                    ends += self.block(statement.orelse, [end])
                else:
                    ends.append(end)
        return [last for end in ends for last in self._finally(statement, end)]

    def _is_run(self, handler: ast.ExceptHandler) -> bool:
        """Whether the point is the handler, or lies in what it does."""
        return handler is self._point or any(item is self._point for item in nodes_below(handler))

    def _finally(self, statement: ast.Try, end: Way) -> Iterator[Way]:
        for last in self.block(statement.finalbody, [replace(end, how="on")]):
            yield last if last.how != "on" else replace(last, how=end.how, value=end.value, at=end.at)

    def _with(self, statement: ast.With | ast.AsyncWith, way: Way) -> list[Way]:
        for item in statement.items:
            way.scene.worth(item.context_expr)
            if item.optional_vars is not None:
                _bind(way.scene, item.optional_vars, UNKNOWN)
        if statement is self._point:
            _begin(statement.body, way.scene)
            way.scene.failed = True
            return [way]
        return self.block(statement.body, [way])

    def _loop(self, statement: ast.For | ast.AsyncFor | ast.While, way: Way) -> list[Way]:
        if isinstance(statement, ast.While):
            way.scene.worth(statement.test)
        else:
            way.scene.worth(statement.iter)
            _bind(way.scene, statement.target, UNKNOWN)
        skipped = _fork(way)
        found: list[Way] = []
        for end in self.block(statement.body, [way]):
            if end.how in ("continue", "on"):
                found += self.block(statement.orelse, [replace(end, how="on")])
            else:
                found.append(replace(end, how="on") if end.how == "break" else end)
        return [*found, skipped]


def _fork(way: Way) -> Way:
    return replace(way, scene=way.scene.copy())


def _bind(scene: Scene, target: ast.expr, value: Any) -> None:
    match target:
        case ast.Name(id=name):
            scene.values[name] = value
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            for part in parts:
                _bind(scene, part, UNKNOWN)
        case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=key)):
            held = scene.values.get(name)
            scene.values[name] = {**held, key: value} if isinstance(held, dict) else UNKNOWN
        case ast.Subscript(value=ast.Name(id=name)) | ast.Attribute(value=ast.Name(id=name)):
            scene.values[name] = UNKNOWN
        case ast.Starred(value=inner):
            _bind(scene, inner, UNKNOWN)


def _begin(body: list[ast.stmt], scene: Scene) -> None:
    """What the body does before anything in it can fail."""
    for statement in body:
        if any(isinstance(item, ast.Call | ast.Await | ast.Subscript) for item in nodes_below(statement)):
            return
        match statement:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    _bind(scene, target, scene.worth(value))
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                _bind(scene, target, scene.worth(value))
            case _:
                return


def _good_status(test: ast.expr) -> bool:
    """``status == 200``, ``response.ok``: a test that is taken when all is well."""
    if isinstance(test, ast.UnaryOp):
        return getattr(test.operand, "attr", None) == "is_error"
    if isinstance(test, ast.Attribute):
        return test.attr != "is_error"
    return not isinstance(test, ast.Compare) or isinstance(test.ops[0], ast.Eq | ast.Lt | ast.LtE | ast.In)
