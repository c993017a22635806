"""The table of configuration keys, walked out of NeMo's own pydantic models.

A node is a JSON object; what is false or unknown is left out:

- ``type``: ``mapping``, ``list``, ``scalar``, ``union`` or ``any``;
- ``keys`` (mapping): its named keys; ``open``: NeMo keeps other keys too, each shaped like ``entries``
  (absent = any value); ``forbids_extra``: other keys are refused at load; neither: they vanish silently;
- ``items`` (list); ``options`` (union), with ``discriminator`` where one key decides;
- ``scalar``: ``str``, ``int``, ``float`` or ``bool``; ``values``, ``suggested``, ``pattern``, ``secret``;
  ``min``, ``max``, ``above`` (exclusive), ``min_length``, ``max_length``;
- ``nullable``, ``required``, ``deprecated``, ``dropped``; ``default`` (absent for a mapping whose default is
  that of its keys, and for NeMo's long default texts).
"""

from __future__ import annotations

import re
import types
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined, to_jsonable_python

__all__ = ["LONGEST_DEFAULT", "Node", "model_node"]

Node = dict[str, Any]

LONGEST_DEFAULT = 200
"""Characters of JSON above which a default is NeMo's prose, not a fact worth shipping."""

_SCALARS: dict[type, str] = {str: "str", int: "int", float: "float", bool: "bool"}
_LIMITS = {"ge": "min", "le": "max", "gt": "above", "min_length": "min_length", "max_length": "max_length"}
_ALTERNATION = re.compile(r"\^\((\w+(?:\|\w+)+)\)\$")


def model_node(model: type[BaseModel]) -> Node:
    """The node of one pydantic model."""
    extra = model.model_config.get("extra")
    node: Node = {
        "type": "mapping",
        "keys": {name: _field_node(field) for name, field in model.model_fields.items()},
    }
    if extra == "allow":
        node["open"] = True
    if extra == "forbid":
        node["forbids_extra"] = True
    return node


def _field_node(field: FieldInfo) -> Node:
    node = _annotation_node(field.annotation)
    for limit in field.metadata:
        _add_limit(node, limit)
    if isinstance(field.discriminator, str):
        _discriminate(node, field.discriminator)
    if field.deprecated:
        node["deprecated"] = True
    if field.is_required():
        node["required"] = True
    else:
        _add_default(node, field.get_default(call_default_factory=True, validated_data={}))
    return node


def _annotation_node(annotation: Any) -> Node:
    """The node of a type annotation; raises TypeError for a form that NeMo did not use before."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation is Any or annotation is None:
        return {"type": "any"}
    if origin is Annotated:
        return _annotated_node(arguments[0], arguments[1:])
    if origin in (Union, types.UnionType):
        return _union_node(arguments)
    if origin is Literal:
        return {"type": "scalar", "scalar": _SCALARS[type(arguments[0])], "values": list(arguments)}
    if origin in (list, tuple, set, Sequence) or annotation is list:
        return {"type": "list", "items": _annotation_node(arguments[0] if arguments else Any)}
    if origin in (dict, Mapping) or annotation is dict:
        return _open_node(_annotation_node(arguments[1] if arguments else Any))
    if isinstance(annotation, type):
        return _class_node(annotation)
    # typing.Dict and typing.List without parameters have an origin but no arguments.
    raise TypeError(f"a field type the catalogue does not know: {annotation!r}")


def _class_node(annotation: type) -> Node:
    if issubclass(annotation, BaseModel):
        return model_node(annotation)
    if issubclass(annotation, Enum):
        values = [member.value for member in annotation]
        return {"type": "scalar", "scalar": _SCALARS[type(values[0])], "values": values}
    if issubclass(annotation, SecretStr):
        return {"type": "scalar", "scalar": "str", "secret": True}
    return {"type": "scalar", "scalar": _SCALARS[annotation]}


def _annotated_node(annotation: Any, metadata: Sequence[Any]) -> Node:
    node = _annotation_node(annotation)
    for item in metadata:
        discriminator = getattr(item, "discriminator", None)
        if isinstance(discriminator, str):
            _discriminate(node, discriminator)
        _add_limit(node, item)
    return node


def _discriminate(node: Node, discriminator: str) -> None:
    """Say which key chooses the option; pydantic wants it written, whatever its default in one of them."""
    node["discriminator"] = discriminator
    for option in node["options"]:
        option["keys"][discriminator].pop("default", None)
        option["keys"][discriminator]["required"] = True


def _union_node(arguments: Sequence[Any]) -> Node:
    rest = [argument for argument in arguments if argument is not type(None)]
    nodes = [_annotation_node(argument) for argument in rest]
    node: Node
    if len(nodes) == 1:
        node = nodes[0]
    elif any(option["type"] == "any" for option in nodes):
        node = {"type": "any"}
    else:
        node = {"type": "union", "options": nodes}
    if len(rest) < len(arguments):
        node["nullable"] = True
    return node


def _open_node(entries: Node) -> Node:
    node: Node = {"type": "mapping", "keys": {}, "open": True}
    if entries["type"] != "any":
        node["entries"] = entries
    return node


def _add_limit(node: Node, limit: Any) -> None:
    for name, fact in _LIMITS.items():
        value = getattr(limit, name, None)
        if value is not None:
            node[fact] = value
    pattern = getattr(limit, "pattern", None)
    if pattern is None:
        return
    alternation = _ALTERNATION.fullmatch(str(pattern))
    if alternation:
        node["values"] = alternation[1].split("|")
    else:
        node["pattern"] = str(pattern)


def _add_default(node: Node, default: Any) -> None:
    if default is PydanticUndefined or isinstance(default, BaseModel):
        return
    if isinstance(default, Enum) and "values" not in node:
        # The field is plain text, but its default shows the words that NeMo has in mind.
        node["suggested"] = [member.value for member in type(default)]
    value = to_jsonable_python(default)
    if len(repr(value)) <= LONGEST_DEFAULT:
        node["default"] = value
