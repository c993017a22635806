"""PyYAML's C loader, with a short way to what nearly every value of a configuration is.

PyYAML tries a dozen patterns on every plain value, and makes every value by way of generators, so that
anything can contain itself. Here most values are known by a look, and the data of a document without aliases
and merges is made in one go. Whatever is not plain is left to PyYAML, and so is what fails: data and
errors are its own.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from guardlint.source.pyyaml import yaml

__all__ = ["Loader", "PythonLoader", "load"]

_STR, _MAP, _SEQ, _NULL, _BOOL, _INT, _FLOAT, _MERGE, _VALUE = (
    f"tag:yaml.org,2002:{name}" for name in "str map seq null bool int float merge value".split()
)
_WORDS = {
    **dict.fromkeys(
        "yes Yes YES no No NO true True TRUE false False FALSE on On ON off Off OFF".split(), _BOOL
    ),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), _NULL),
    "<<": _MERGE,
    "=": _VALUE,
}
_NUMERIC = frozenset("-+0123456789.")
# The scalars besides texts that are made without a look at anything else.
_LONE = frozenset({_BOOL, _INT, _FLOAT})


class _NotPlain(ValueError):
    """Something that PyYAML is to make."""


class _Short:
    """What the two loaders share. ``has_flow``: whether there may be a list or a mapping in brackets,
    ``has_twice``: whether a key may stand twice in a mapping.
    """

    has_flow = False
    has_twice = False

    def resolve(self: Any, kind: Any, value: Any, implicit: Any) -> Any:
        """The tag of a node that has none of its own."""
        if kind is yaml.ScalarNode:
            return _tag_of(value) if implicit[0] else _STR
        return _SEQ if kind is yaml.SequenceNode else _MAP

    def document(self: Any, root: yaml.Node, text: str) -> Any:
        """The data below ``root``, the node of the whole ``text``."""
        if "<<" not in text and not ("*" in text and "&" in text):
            try:
                return self._plain(root)
            except (yaml.YAMLError, ArithmeticError, LookupError, TypeError, ValueError):
                self.constructed_objects.clear()
                self.recursive_objects.clear()
        self.has_flow = self.has_twice = True
        return self.construct_document(root)

    def _plain(self: Any, node: Any) -> Any:
        kind, tag = node.__class__, node.tag
        if kind is yaml.ScalarNode:
            if tag == _STR:
                return node.value
            if tag == _NULL:
                return None
            if tag in _LONE:
                return self.construct_object(node)
        elif kind is yaml.MappingNode and tag == _MAP:
            self.has_flow = self.has_flow or node.flow_style
            data = {}
            for key, value in node.value:
                if key.__class__ is not yaml.ScalarNode:
                    raise _NotPlain
                name = key.value if key.tag == _STR else self._plain(key)
                data[name] = self._plain(value)
            if len(data) < len(node.value):
                self.has_twice = True
            return data
        elif kind is yaml.SequenceNode and tag == _SEQ:
            self.has_flow = self.has_flow or node.flow_style
            return [self._plain(item) for item in node.value]
        raise _NotPlain


class PythonLoader(_Short, yaml.SafeLoader):
    """The loader that NeMo reads with."""


class Loader(_Short, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """The one that is ten times as fast; the same as the other where PyYAML is without it."""


def load(text: str) -> Any:
    """The data of the only document in ``text``; raises what PyYAML raises."""
    loader = Loader(text)
    root = loader.get_single_node()
    return None if root is None else loader.document(root, text)


@lru_cache(maxsize=4096)
def _tag_of(value: str) -> str:
    """The tag of a plain scalar, as PyYAML's resolver finds it."""
    if value[:1] not in _NUMERIC:
        return _WORDS.get(value, _STR)
    if value.isascii():
        if value.isdecimal() and value[0] != "0":
            return _INT
        whole, point, rest = value.partition(".")
        if point and whole.isdecimal() and rest.isdecimal():
            return _FLOAT
    for tag, pattern in yaml.SafeLoader.yaml_implicit_resolvers[value[0]]:
        if pattern.match(value):
            return str(tag)
    return _STR
