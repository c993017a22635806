"""Hostile YAML is refused before it is constructed: bottomless nesting, alias bombs, endless aliases."""

from __future__ import annotations

import re
from typing import Any

from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.place import Place
from guardlint.source.pyyaml import yaml

__all__ = ["MAX_DEPTH", "MAX_VALUES", "YamlProblem", "children_of", "refuse_bomb", "refuse_deep"]

MAX_DEPTH = 150
"""Levels of nesting. The Python loader recurses and fails near 300; the C loader overflows the stack."""

MAX_VALUES = 200_000
"""Values after aliases are followed; more is an alias bomb, not a configuration."""

_LONG = 200
"""Characters of the shortest line that fits the pattern."""

_SUSPICIOUSLY_DEEP = lazy_pattern(r"^[ \-?:]{300,}|(?:[-?] ){100}", re.MULTILINE)


class YamlProblem(Exception):
    """The file is not one YAML document that a configuration could be."""

    def __init__(self, message: str, place: Place) -> None:
        super().__init__(message)
        self.message = message
        self.place = place


def refuse_deep(text: str, file: str, loader: Any) -> None:
    """Raise YamlProblem for text that nests deeper than MAX_DEPTH; costs nothing where it cannot."""
    if text.count("[") + text.count("{") <= MAX_DEPTH and not _may_be_deep(text):
        return
    depth = 0
    try:
        for event in yaml.parse(text, Loader=loader):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > MAX_DEPTH:
                    raise YamlProblem(f"it is nested more than {MAX_DEPTH} levels deep", _at(file, event))
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except yaml.YAMLError:
        return  # the parse proper says what is wrong and where


def _may_be_deep(text: str) -> bool:
    """Whether a line is indented so far, which takes a long one."""
    long = len(text) >= _LONG and max(map(len, text.split("\n"))) >= _LONG
    return long and _SUSPICIOUSLY_DEEP.search(text) is not None


def refuse_bomb(root: yaml.Node, file: str) -> None:
    """Raise YamlProblem where aliases expand to more than MAX_VALUES values, or to themselves."""
    sizes: dict[int, int] = {}
    open_nodes: set[int] = set()
    stack: list[tuple[yaml.Node, bool]] = [(root, False)]
    while stack:
        node, done = stack.pop()
        identity = id(node)
        children = children_of(node)
        if done:
            open_nodes.discard(identity)
            sizes[identity] = 1 + sum(sizes.get(id(child), 1) for child in children)
            if sizes[identity] > MAX_VALUES:
                raise YamlProblem(f"its aliases expand to more than {MAX_VALUES:,} values", _at(file, node))
        elif identity in open_nodes:
            raise YamlProblem("an alias stands inside the value that it names", _at(file, node))
        elif identity not in sizes:
            open_nodes.add(identity)
            stack.append((node, True))
            stack.extend((child, False) for child in children)


def children_of(node: yaml.Node) -> list[yaml.Node]:
    """The nodes directly below one: the items of a list, keys and values of a mapping."""
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    if isinstance(node, yaml.SequenceNode):
        return list(node.value)
    return []


def _at(file: str, item: Any) -> Place:
    """Where a node or an event begins."""
    return Place.at(file, item.start_mark.line + 1, item.start_mark.column + 1)
