"""Edits of a YAML file by path: what stands around them keeps its comments, quotes and style.

Each function returns None where the change cannot be made by moving text alone (a value that is an alias, a
mapping in brackets that would have to be split into lines). Whoever applies the edits still parses again:
these functions write text, they do not prove it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

import yaml

from guardlint.source.edits import Edit
from guardlint.source.place import Place
from guardlint.source.yaml_file import DataPath, YamlFile

__all__ = [
    "comments_of",
    "delete_entry",
    "insert_entry",
    "move_entry",
    "rename_key",
    "reorder_items",
    "replace_scalar",
    "written",
]

_PLAIN = re.compile(r"[A-Za-z_$][\w .$/=-]*")
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


def delete_entry(file: YamlFile, path: DataPath) -> Edit | None:
    """Take out the key or list item at ``path`` with its value. None for the last one of its parent."""
    parent = file.node(path[:-1])
    if parent is None or file.has_odd_breaks or not path or not isinstance(parent[1], yaml.CollectionNode):
        return None
    entries = _entries(parent[1])
    index = _index(file, parent[1], path)
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
    return _without_lines(file, line, _last_line(last))


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
        return _after_line(file, line, _nested(missing, source, key.start_mark.column + 2))
    if not isinstance(node, yaml.MappingNode):
        return None
    if node.flow_style:
        inner = _flow(missing, source)
        if node.value:
            mark = _entries(node)[-1][1].end_mark
            return Edit.insert(file.file, mark.line + 1, mark.column + 1, f", {inner}")
        mark = node.start_mark
        return Edit.insert(file.file, mark.line + 1, mark.column + 2, inner)
    first = _entries(node)[0][0].start_mark
    return _after_line(file, _last_line(node), _nested(missing, source, first.column))


def move_entry(file: YamlFile, path: DataPath, target: DataPath) -> tuple[Edit, ...] | None:
    """Move the key at ``path``, with its value and the comment lines right above, to the path ``target``.

    ``target`` ends with the new name of the key. Sections that hold nothing else go with it.
    """
    key, node = file.node(path) or (None, None)
    if key is None or node is None or file.has_odd_breaks or file.node(target) is not None:
        return None
    value = _source(file, node)
    one_line = value is not None
    put = insert_entry(file, target, value) if value is not None else _insert_block(file, key, node, target)
    emptied = path
    while len(emptied) > 1:
        parent = file.node(emptied[:-1])
        if parent is None or len(_entries(parent[1])) > 1:
            break
        emptied = emptied[:-1]
    cut = delete_entry(file, emptied)
    if put is None or cut is None:
        return None
    above = 0 if one_line or emptied != path else _comments_above(file, key)
    if above:
        cut = _without_lines(file, cut.place.line - 1 - above, _last_line(node))
    start, end = (cut.place.line, cut.place.column), (cut.place.end_line, cut.place.end_column)
    if start <= (put.place.line, put.place.column) < end:
        # What goes was the last entry, behind which the new one would stand.
        return (Edit(cut.place, f"{put.text.lstrip(chr(10))}\n"),)
    return (cut, put)


def reorder_items(file: YamlFile, path: DataPath, order: Sequence[int]) -> tuple[Edit, ...] | None:
    """Put the scalars of the list at ``path`` into another order; comments stay on their lines."""
    found = file.node(path)
    if found is None or not isinstance(found[1], yaml.SequenceNode) or file.has_odd_breaks:
        return None
    items = found[1].value
    if sorted(order) != list(range(len(items))):
        return None
    texts = [_source(file, item) for item in items]
    edits = []
    for at, index in enumerate(order):
        if at == index:
            continue
        text = texts[index]
        if text is None or texts[at] is None or not isinstance(items[at], yaml.ScalarNode):
            return None
        edits.append(Edit(_node_place(file, items[at]), text))
    return tuple(edits)


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
    return Edit(_node_place(file, node), text)


def _node_place(file: YamlFile, node: yaml.Node) -> Place:
    start, end = node.start_mark, node.end_mark
    return Place(file.file, start.line + 1, start.column + 1, end.line + 1, end.column + 1)


def _source(file: YamlFile, node: yaml.Node) -> str | None:
    """The text of a value that stands on one line; None for blocks."""
    start, end = node.start_mark, node.end_mark
    block = isinstance(node, yaml.CollectionNode) and not node.flow_style
    if block or start.line != end.line or (isinstance(node, yaml.ScalarNode) and node.style in ("|", ">")):
        return None
    return file.lines[start.line][start.column : end.column]


def _entries(node: yaml.Node) -> list[tuple[yaml.Node, yaml.Node]]:
    """First and last node of every entry, in the order in which they stand."""
    if isinstance(node, yaml.MappingNode):
        return sorted(node.value, key=lambda pair: (pair[0].start_mark.line, pair[0].start_mark.column))
    if isinstance(node, yaml.SequenceNode):
        return [(item, item) for item in node.value]
    return []


def _index(file: YamlFile, parent: yaml.Node, path: DataPath) -> int | None:
    found = file.node(path)
    for index, (first, last) in enumerate(_entries(parent)):
        if found is not None and last is found[1] and (found[0] is None or first is found[0]):
            return index
    return None


def _last_line(node: yaml.Node) -> int:
    """The last line (from 0) that belongs to a value."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        return max(_last_line(last) for _, last in _entries(node))
    if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
        body = node.value.rstrip("\n")
        kept = node.end_mark.line - 1 if node.end_mark.column == 0 else node.end_mark.line
        return int(max(kept if body else node.start_mark.line, node.start_mark.line))
    return int(node.end_mark.line)


def _without_lines(file: YamlFile, first: int, last: int) -> Edit:
    """Whole lines, from 0, both included; blank lines at the end of a block of text stay."""
    lines = file.lines
    while last > first and not lines[last].strip():
        last -= 1
    if last + 1 < len(lines):
        return Edit(Place(file.file, first + 1, 1, last + 2, 1), "")
    before = len(lines[first - 1]) + 1
    return Edit(Place(file.file, first, before, last + 1, len(lines[last]) + 1), "")


def _after_line(file: YamlFile, line: int, text: str) -> Edit:
    lines = file.lines
    while line > 0 and not lines[line].strip():
        line -= 1
    return Edit.insert(file.file, line + 1, len(lines[line]) + 1, f"\n{text}")


def _nested(keys: list[str], source: str, indent: int) -> str:
    lines = [f"{' ' * (indent + 2 * depth)}{written(key)}:" for depth, key in enumerate(keys)]
    return "\n".join(lines) + f" {source}"


def _flow(keys: list[str], source: str) -> str:
    text = source
    for key in reversed(keys[1:]):
        text = f"{{{written(key)}: {text}}}"
    return f"{written(keys[0])}: {text}"


def _insert_block(file: YamlFile, key: yaml.Node, node: yaml.Node, target: DataPath) -> Edit | None:
    """The lines of a block value, indented anew, behind the last entry of the target's parent."""
    column, first = key.start_mark.column, key.start_mark.line
    lines = file.lines
    if lines[first][:column].strip():
        return None
    probe = insert_entry(file, target, "")
    if probe is None or not probe.text.startswith("\n"):
        return None
    heads = probe.text.rstrip().split("\n")
    depth = len(heads[-1]) - len(heads[-1].lstrip())
    taken = lines[first - _comments_above(file, key) : _last_line(node) + 1]
    while taken and not taken[-1].strip():
        taken.pop()
    above = _comments_above(file, key)
    moved = []
    for number, line in enumerate(taken):
        if line.strip() and line[:column].strip():
            return None
        rest = line[column:]
        if number == above:
            rest = f"{heads[-1].strip()}{rest.split(':', 1)[1]}" if ":" in rest else rest
        moved.append(" " * depth + rest if rest.strip() else "")
    return Edit(probe.place, "\n".join([*heads[:-1], *moved]))


def _comments_above(file: YamlFile, key: yaml.Node) -> int:
    """How many comment lines stand right above a key, at its own indentation."""
    count, line, column = 0, key.start_mark.line, key.start_mark.column
    while line - count > 0 and re.match(rf" {{{column}}}#", file.lines[line - count - 1]):
        count += 1
    return count
