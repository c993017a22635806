"""What an expression in somebody's Python comes to, where that can be known without running it."""

from __future__ import annotations

import ast
import json
import math
from pathlib import Path

from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.mapped_text import MappedText, Origin, dedented, joined, stripped
from guardlint.source.python_scopes import Module, Scope
from guardlint.source.string_place import python_text

__all__ = ["Unknown", "Values"]

MAX_CHARACTERS = 4_000_000
MAX_STEPS = 500_000
"""Expressions read for one file, a hundred characters counting as one more."""
MAX_DEPTH = 100

_NOT_PLAIN = lazy_pattern("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_HERE = ("os.getcwd", "pathlib.Path.cwd")
_SIDES = {"strip": "both", "lstrip": "left", "rstrip": "right"}


class Unknown(Exception):
    """The expression is computed when the application runs."""


class Values:
    """Reads expressions of one module; every doubt raises Unknown."""

    def __init__(self, module: Module, origin: Origin, path: Path) -> None:
        self._module = module
        self._origin = origin
        self._path = path
        self._steps = 0
        self._depth = 0
        self._literals: dict[int, MappedText] = {}

    def start(self) -> None:
        """Begin with another call of the file."""
        self._depth = 0

    def text(self, node: ast.expr, scope: Scope) -> MappedText:
        """A string: literals, also side by side or added, names of them, ``dedent`` and ``strip``."""
        self._enter()
        found = self._text(node, scope)
        self._steps += len(found.text) // 100
        if len(found.text) > MAX_CHARACTERS:
            raise Unknown("it is too long")
        self._depth -= 1
        return found

    def yaml(self, node: ast.expr, scope: Scope) -> MappedText:
        """A dictionary literal as YAML of the same value, every scalar of it with its place."""
        if isinstance(node, ast.Name):
            if self._module.loads.get(node.id) != 1:
                raise Unknown(f"`{node.id}` may be changed before it is used")
            node, scope = self._named(node, scope)
        if not isinstance(node, ast.Dict):
            raise Unknown("it is no literal")
        pieces: list[tuple[str, int, int]] = []
        self._value(node, scope, pieces)
        return MappedText.of(pieces)

    def path(self, node: ast.expr, scope: Scope) -> str:
        """A path, absolute where it is made from ``__file__``; else as written."""
        self._enter()
        found = self._joined_path(node, scope)
        self._depth -= 1
        return found

    def span(self, node: ast.expr) -> tuple[int, int]:
        """Begin and end of a node in the file. ``ast`` counts columns in UTF-8 bytes."""
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self._index(node.lineno, node.col_offset), self._index(node.end_lineno, node.end_col_offset)

    def _index(self, line: int, column: int) -> int:
        begin = self._origin.index(line)
        if self._origin.text[begin : begin + column].isascii():
            return begin + column
        encoded = self._origin.text[begin : begin + column].encode("utf-8", "surrogatepass")[:column]
        return begin + len(encoded.decode("utf-8", "ignore"))

    def _enter(self) -> None:
        self._steps += 1
        self._depth += 1
        if self._steps > MAX_STEPS or self._depth > MAX_DEPTH:
            raise Unknown("it is too involved")

    def _named(self, node: ast.Name, scope: Scope) -> tuple[ast.expr, Scope]:
        found = scope.lookup(node.id)
        if found is None:
            raise Unknown(f"`{node.id}` is not one literal")
        return found

    def _text(self, node: ast.expr, scope: Scope) -> MappedText:
        match node:
            case ast.Constant(value=str() as value):
                return self._literal(node, value)
            case ast.JoinedStr(values=values):
                parts = [part.value for part in values if isinstance(part, ast.Constant)]
                if len(parts) < len(values):
                    raise Unknown("it is an f-string with values")
                return self._literal(node, "".join(map(str, parts)))
            case ast.Name():
                return self.text(*self._named(node, scope))
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return joined([self.text(left, scope), self.text(right, scope)])
            case ast.Call(func=function, args=[argument], keywords=[]) if (
                self._module.dotted(function) == "textwrap.dedent"
            ):
                return dedented(self.text(argument, scope))
            case ast.Call(
                func=ast.Attribute(value=inner, attr="strip" | "lstrip" | "rstrip" as name),
                args=arguments,
                keywords=[],
            ) if len(arguments) < 2:
                characters = self.text(arguments[0], scope).text if arguments else None
                return stripped(self.text(inner, scope), characters, _SIDES[name])
        raise Unknown("it is computed")

    def _literal(self, node: ast.expr, value: str) -> MappedText:
        known = self._literals.get(id(node))
        if known is None:
            begin, end = self.span(node)
            found = python_text(self._origin.text, begin, end, value)
            known = found if found is not None else MappedText.of([(value, begin, end - begin)])
            self._literals[id(node)] = known
        return known

    def _value(self, node: ast.expr, scope: Scope, pieces: list[tuple[str, int, int]]) -> None:
        self._enter()
        begin, end = self.span(node)
        match node:
            case ast.Dict(keys=keys, values=values):
                self._mark(pieces, "{", begin)
                for number, (key, value) in enumerate(zip(keys, values, strict=True)):
                    if not (isinstance(key, ast.Constant) and isinstance(key.value, str)):
                        raise Unknown("a key of it is no text")
                    if len(key.value) > 500:
                        raise Unknown("a key of it is too long")
                    if number:
                        self._mark(pieces, ", ", begin)
                    pieces += _quoted(self._literal(key, key.value))
                    self._mark(pieces, ": ", self.span(key)[1])
                    self._value(value, scope, pieces)
                self._mark(pieces, "}", end - 1)
            case ast.List(elts=items):
                self._mark(pieces, "[", begin)
                for number, item in enumerate(items):
                    if number:
                        self._mark(pieces, ", ", begin)
                    self._value(item, scope, pieces)
                self._mark(pieces, "]", end - 1)
            case ast.Constant(value=None | bool() | int() | float() as value):
                pieces.append((_scalar(value), begin, end - begin))
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
                pieces.append((_scalar(-value), begin, end - begin))
            case _:
                pieces += _quoted(self.text(node, scope))
        self._depth -= 1

    @staticmethod
    def _mark(pieces: list[tuple[str, int, int]], text: str, origin: int) -> None:
        """Punctuation; a mark that is made up has the place of one that is there."""
        pieces.extend((character, origin, 1) for character in text)

    def _joined_path(self, node: ast.expr, scope: Scope) -> str:
        match node:
            case ast.Name(id="__file__"):
                return str(self._path.absolute())
            case ast.Name():
                return self.path(*self._named(node, scope))
            case ast.JoinedStr(values=values):
                parts = [
                    self.path(part.value, scope) if isinstance(part, ast.FormattedValue) else str(part.value)
                    for part in values
                    if isinstance(part, ast.FormattedValue | ast.Constant)
                ]
                return "".join(parts)
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return str(Path(self.path(left, scope), self.path(right, scope)))
            case ast.Attribute(value=inner, attr="parent"):
                return str(Path(self.path(inner, scope)).parent)
            case ast.Subscript(
                value=ast.Attribute(value=inner, attr="parents"),
                slice=ast.Constant(value=int() as level),
            ) if 0 <= level < 20:
                return str(Path(self.path(inner, scope)).joinpath(*[".."] * (level + 1)))
            case ast.Call(func=ast.Attribute(value=inner, attr="resolve" | "absolute" | "as_posix")):
                return self.path(inner, scope)
            case ast.Call(func=function, args=arguments, keywords=[]) if arguments:
                return self._called_path(self._module.dotted(function), arguments, scope)
            case ast.Call(func=function) if self._module.dotted(function) in _HERE:
                return "."
        return self.text(node, scope).text

    def _called_path(self, function: str | None, arguments: list[ast.expr], scope: Scope) -> str:
        if function in ("str", "os.fspath", "os.path.abspath", "os.path.realpath", "os.path.normpath"):
            return self.path(arguments[0], scope)
        if function == "os.path.dirname":
            return str(Path(self.path(arguments[0], scope)).parent)
        if function in ("os.path.join", "pathlib.Path", "pathlib.PurePath"):
            return str(Path(*[self.path(argument, scope) for argument in arguments]))
        raise Unknown("it is computed")


def _quoted(text: MappedText) -> list[tuple[str, int, int]]:
    """A text in YAML's double quotes; a character that needs an escape keeps its origin."""
    before, after = text.origin_of(0), text.origin_of(len(text.text) - 1)
    pieces = [('"', before[0] - 1, 1)]
    for part, origin, width in text.pieces():
        if len(part) == width:
            pieces += _escaped(part, origin)
        else:
            pieces.append((_escape(part), origin, width))
    pieces.append(('"', after[1], 1))
    return pieces


def _escaped(part: str, origin: int) -> list[tuple[str, int, int]]:
    if _escape(part) == part:
        return [(part, origin, len(part))]
    return [(_escape(character), origin + index, 1) for index, character in enumerate(part)]


def _escape(part: str) -> str:
    """JSON's escapes, which YAML reads too, and escapes of what YAML takes for a break or refuses."""
    found = json.dumps(part, ensure_ascii=False)[1:-1]
    return _NOT_PLAIN.sub(lambda match: f"\\u{ord(match[0]):04x}", found)


def _scalar(value: float | None) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return hex(value) if value.bit_length() > 10_000 else str(value)
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    text = repr(value)
    # YAML 1.1 knows a float by its point.
    return text.replace("e", ".0e") if "e" in text and "." not in text else text
