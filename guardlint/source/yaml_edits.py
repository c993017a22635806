"""Edits of a YAML file by path: what stands around them keeps its comments, quotes and style.

Each function returns None where the change cannot be made by moving text alone (a value that is an alias, a
mapping in brackets that would have to be split into lines). Whoever applies the edits still parses again:
these functions write text, they do not prove it.
"""

from __future__ import annotations

import json
import re

from guardlint.source.edits import Edit
from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.place import Place
from guardlint.source.pyyaml import yaml
from guardlint.source.yaml_file import DataPath, YamlFile
from guardlint.source.yaml_nodes import (
    after_line,
    entries_of,
    index_of,
    last_line,
    node_place,
    without_lines,
)

__all__ = [
    "comments_of",
    "delete_entry",
    "insert_entry",
    "quote_scalar",
    "rename_key",
    "replace_scalar",
    "written",
]

_PLAIN = lazy_pattern(r"[A-Za-z_$][\w .$/=-]*")
_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "null"})


def written(value: str | bool | float) -> str:
    """A scalar as YAML source: plain where that is read back as the same value."""
    if not isinstance(value, str):
        return json.dumps(value)
    if _PLAIN.fullmatch(value) and value == value.strip() and value.lower() not in _WORDS:
        return value
    return "'" + value.replace("'", "''") + "'" if "\n" not in value else json.dumps(value)


def rename_key(file: YamlFile, path: DataPath, new: str) -> Edit | None:
    """Write ``new`` in the place of the key at ``path``, in the quotes that it had."""
    found = file.node(path)
    if found is None or not isinstance(found[0], yaml.ScalarNode):
        return None
    return _scalar_edit(file, found[0], new)


def replace_scalar(file: YamlFile, path: DataPath, value: str | bool | float) -> Edit | None:
    """Write another scalar at ``path``; text keeps its quotes."""
    found = file.node(path)
    if found is None or not isinstance(found[1], yaml.ScalarNode):
        return None
    return _scalar_edit(file, found[1], value)


def quote_scalar(file: YamlFile, path: DataPath, value: str) -> Edit | None:
    """Write a text of one line at ``path`` in single quotes; a block of one line becomes one as well."""
    found = file.node(path)
    if found is None or not isinstance(found[1], yaml.ScalarNode) or file.has_odd_breaks or "\n" in value:
        return None
    node, text = found[1], "'" + value.replace("'", "''") + "'"
    place = node_place(file, node)
    if node.style in ("|", ">"):
        last = last_line(node)
        if last != place.line or "#" in file.lines[place.line - 1][place.column :]:
            return None
        place = Place(file.file, place.line, place.column, last + 1, len(file.lines[last]) + 1)
    return Edit(place, text)


def delete_entry(file: YamlFile, path: DataPath) -> Edit | None:
    """Take out the key or list item at ``path`` with its value. None for the last one of its parent."""
    parent = file.node(path[:-1])
    if parent is None or file.has_odd_breaks or not path or not isinstance(parent[1], yaml.CollectionNode):
        return None
    entries = entries_of(parent[1])
    index = index_of(file, parent[1], path)
    if index is None or len(entries) < 2:
        return None
    first, last = entries[index]
    if parent[1].flow_style:
        if index + 1 < len(entries):
            start, end = first.start_mark, entries[index + 1][0].start_mark
        else:
            start, end = entries[index - 1][1].end_mark, last.end_mark
        return Edit(Place(file.file, start.line + 1, start.column + 1, end.line + 1, end.column + 1), "")
    line = first.start_mark.line
    opening = file.lines[line][: first.start_mark.column]
    if opening.strip() not in ("", "-") or (isinstance(parent[1], yaml.MappingNode) and opening.strip()):
        return None
    return without_lines(file, line, last_line(last))


def insert_entry(file: YamlFile, path: DataPath, source: str) -> Edit | None:
    """Add ``path`` with a value written as ``source`` (one line); sections on the way are made.

    None where the path is there already, or leads through something that is no mapping.
    """
    if file.has_odd_breaks or file.node(path) is not None:
        return None
    there = next(length for length in range(len(path), -1, -1) if file.node(path[:length]) is not None)
    found = file.node(path[:there])
    missing = [str(part) for part in path[there:]]
    if found is None or any(isinstance(part, int) for part in path[there:]):
        return None
    key, node = found
    if isinstance(node, yaml.ScalarNode) and node.value == "" and not node.style and key is not None:
        line = key.start_mark.line
        if file.lines[line][: key.start_mark.column].strip() not in ("", "-"):
            return None
        return after_line(file, line, _nested(missing, source, key.start_mark.column + 2))
    if not isinstance(node, yaml.MappingNode):
        return None
    if node.flow_style:
        inner = _flow(missing, source)
        if node.value:
            mark = entries_of(node)[-1][1].end_mark
            return Edit.insert(file.file, mark.line + 1, mark.column + 1, f", {inner}")
        mark = node.start_mark
        return Edit.insert(file.file, mark.line + 1, mark.column + 2, inner)
    first = entries_of(node)[0][0].start_mark
    return after_line(file, last_line(node), _nested(missing, source, first.column))


def comments_of(text: str) -> list[str]:
    """Every comment of a YAML text, in order. Raises ``yaml.YAMLError`` for what cannot be scanned."""
    lines = text.removeprefix("\ufeff").split("\n")
    covered: dict[int, list[tuple[int, int]]] = {}
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        if isinstance(token, yaml.ScalarToken):
            for row in range(token.start_mark.line, token.end_mark.line + 1):
                first = token.start_mark.column if row == token.start_mark.line else 0
                # Behind | and > a comment may stand.
                block = token.style in ("|", ">") and row == token.start_mark.line
                last = token.end_mark.column if row == token.end_mark.line else len(lines[row])
                covered.setdefault(row, []).append((first, first + 1 if block else last))
    found = []
    for number, line in enumerate(lines):
        for match in re.finditer(r"(?:^|(?<=\s))#", line):
            if not any(first <= match.start() < last for first, last in covered.get(number, ())):
                found.append(line[match.start() :].rstrip())
                break
    return found


def _scalar_edit(file: YamlFile, node: yaml.ScalarNode, value: str | bool | float) -> Edit | None:
    if node.style in ("|", ">") or file.has_odd_breaks:
        return None
    text = written(value)
    if isinstance(value, str) and node.style == '"':
        text = json.dumps(value, ensure_ascii=False)
    elif isinstance(value, str) and node.style == "'":
        text = "'" + value.replace("'", "''") + "'"
    place = node_place(file, node)
    if place.column == place.end_column and file.lines[place.line - 1][: place.column - 1].endswith(
        (":", "-")
    ):
        text = f" {text}"
    return Edit(place, text)


def _nested(keys: list[str], source: str, indent: int) -> str:
    lines = [f"{' ' * (indent + 2 * depth)}{written(key)}:" for depth, key in enumerate(keys)]
    return "\n".join(lines) + f" {source}"


def _flow(keys: list[str], source: str) -> str:
    text = source
    for key in reversed(keys[1:]):
        text = f"{{{written(key)}: {text}}}"
    return f"{written(keys[0])}: {text}"
