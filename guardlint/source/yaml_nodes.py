"""The nodes of a parsed YAML file as lines of text: what edits are made of."""

from __future__ import annotations

import re

from guardlint.source.edits import Edit
from guardlint.source.place import Place
from guardlint.source.pyyaml import yaml
from guardlint.source.yaml_file import DataPath, YamlFile

__all__ = [
    "after_line",
    "comments_above",
    "entries_of",
    "index_of",
    "last_line",
    "node_place",
    "source_of",
    "without_lines",
]


def node_place(file: YamlFile, node: yaml.Node) -> Place:
    """The span of a node, as YAML counts it."""
    start, end = node.start_mark, node.end_mark
    return Place(file.file, start.line + 1, start.column + 1, end.line + 1, end.column + 1)


def source_of(file: YamlFile, node: yaml.Node) -> str | None:
    """The text of a value that stands on one line; None for blocks."""
    start, end = node.start_mark, node.end_mark
    block = isinstance(node, yaml.CollectionNode) and not node.flow_style
    if block or start.line != end.line or (isinstance(node, yaml.ScalarNode) and node.style in ("|", ">")):
        return None
    return file.lines[start.line][start.column : end.column]


def entries_of(node: yaml.Node) -> list[tuple[yaml.Node, yaml.Node]]:
    """First and last node of every entry, in the order in which they stand."""
    if isinstance(node, yaml.MappingNode):
        return sorted(node.value, key=lambda pair: (pair[0].start_mark.line, pair[0].start_mark.column))
    if isinstance(node, yaml.SequenceNode):
        return [(item, item) for item in node.value]
    return []


def index_of(file: YamlFile, parent: yaml.Node, path: DataPath) -> int | None:
    """Which entry of ``parent`` stands at ``path``; None for one that an alias or a merge brings."""
    found = file.node(path)
    for index, (first, last) in enumerate(entries_of(parent)):
        if found is not None and last is found[1] and (found[0] is None or first is found[0]):
            return index
    return None


def last_line(node: yaml.Node) -> int:
    """The last line (from 0) that belongs to a value."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        return max(last_line(last) for _, last in entries_of(node))
    if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
        body = node.value.rstrip("\n")
        kept = node.end_mark.line - 1 if node.end_mark.column == 0 else node.end_mark.line
        return int(max(kept if body else node.start_mark.line, node.start_mark.line))
    return int(node.end_mark.line)


def without_lines(file: YamlFile, first: int, last: int) -> Edit:
    """Whole lines, from 0, both included; blank lines at the end of a block of text stay."""
    lines = file.lines
    while last > first and not lines[last].strip():
        last -= 1
    if last + 1 < len(lines):
        return Edit(Place(file.file, first + 1, 1, last + 2, 1), "")
    before = len(lines[first - 1]) + 1
    return Edit(Place(file.file, first, before, last + 1, len(lines[last]) + 1), "")


def after_line(file: YamlFile, line: int, text: str) -> Edit:
    """Put lines below one (from 0), or below the last above it that is not blank."""
    lines = file.lines
    while line > 0 and not lines[line].strip():
        line -= 1
    return Edit.insert(file.file, line + 1, len(lines[line]) + 1, f"\n{text}")


def comments_above(file: YamlFile, key: yaml.Node) -> int:
    """How many comment lines stand right above a key, at its own indentation."""
    count, line, column = 0, key.start_mark.line, key.start_mark.column
    while line - count > 0 and re.match(rf" {{{column}}}#", file.lines[line - count - 1]):
        count += 1
    return count
