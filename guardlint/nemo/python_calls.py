"""Configurations that Python makes itself: ``RailsConfig.from_content`` and ``.from_path("x.yml")``."""

from __future__ import annotations

import ast
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from guardlint.nemo.python_values import Unknown, Values
from guardlint.source.mapped_text import MappedText, Origin
from guardlint.source.place import Place
from guardlint.source.python_scopes import Module, Scope, read_module
from guardlint.source.record import field, record

__all__ = ["PythonCall", "calls_in"]

_PARAMETERS = ("colang_content", "yaml_content", "config")


@record
class PythonCall:
    """One call. ``name`` tells it from the others of its file: the function around it, and a number.

    ``texts`` holds, for ``from_content``, the arguments that are there (a dictionary as YAML), ``path``,
    for ``from_path``, the file named. ``unknown`` says why there is neither.
    """

    kind: Literal["from_content", "from_path"]
    name: str
    place: Place
    texts: dict[str, MappedText] = field(default_factory=dict)
    path: str = ""
    unknown: str = ""


def calls_in(origin: Origin, path: Path) -> list[PythonCall]:
    """The calls in a file at ``path``, in source order; none where Python cannot parse it.

    ``from_path`` with anything but a YAML file is none of them: it names a directory.
    """
    module = read_module(origin.text)
    if module is None:
        return []
    if any(name.partition(".")[0] == "nemoguardrails" for name in module.star_imports):
        module.aliases.setdefault("RailsConfig", "nemoguardrails.RailsConfig")
    found = []
    numbers: Counter[str] = Counter()
    values = Values(module, origin, path)
    for node, scope in module.calls:
        full = module.dotted(node.func) or ""
        if not full.startswith("nemoguardrails.") or ".RailsConfig.from_" not in full:
            continue
        values.start()
        kind = full.rpartition(".")[2]
        numbers[scope.path] += 1
        number = numbers[scope.path]
        name = (scope.path or "module") + (f"#{number}" if number > 1 else "")
        call = None
        place = origin.place(*values.span(node.func))
        if kind == "from_content":
            call = _from_content(node, scope, values, name, place)
        elif kind == "from_path":
            call = _from_path(node, scope, values, name, place)
        if call is not None:
            found.append(_unless_added(call, node, module))
    return sorted(found, key=lambda call: call.place)


def _unless_added(call: PythonCall, node: ast.Call, module: Module) -> PythonCall:
    """A configuration that is added to another one is only a part of one."""
    if id(node) in module.added or module.targets.get(id(node)) in module.added_names:
        return PythonCall(call.kind, call.name, call.place, unknown="it is added to another configuration")
    return call


def _from_content(node: ast.Call, scope: Scope, values: Values, name: str, place: Place) -> PythonCall:
    texts: dict[str, MappedText] = {}
    try:
        for parameter, argument in _arguments(node):
            if isinstance(argument, ast.Constant) and argument.value is None:
                continue
            read = values.yaml if parameter == "config" else values.text
            try:
                text = read(argument, scope)
            except Unknown as doubt:
                raise Unknown(f"{parameter}: {doubt}") from None
            # NeMo passes over what is empty.
            if text.text not in ("", "{}"):
                texts[parameter] = text
    except Unknown as doubt:
        return PythonCall("from_content", name, place, unknown=str(doubt))
    return PythonCall("from_content", name, place, texts, unknown="" if texts else "it is empty")


def _arguments(node: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    if len(node.args) > len(_PARAMETERS) or any(isinstance(item, ast.Starred) for item in node.args):
        raise Unknown("its arguments are computed")
    yield from zip(_PARAMETERS, node.args, strict=False)
    for keyword in node.keywords:
        if keyword.arg not in _PARAMETERS:
            raise Unknown("its arguments are computed")
        yield keyword.arg, keyword.value


def _from_path(node: ast.Call, scope: Scope, values: Values, name: str, place: Place) -> PythonCall | None:
    given = [*node.args, *(word.value for word in node.keywords if word.arg == "config_path")]
    try:
        path = values.path(given[0], scope) if len(given) == 1 else ""
    except Unknown:
        return None
    if not path.endswith((".yml", ".yaml")):
        return None
    return PythonCall("from_path", name, place, path=os.path.normpath(path))
