"""Edits of a YAML file that move what stands in it; see ``yaml_edits``."""

from __future__ import annotations

from collections.abc import Sequence

from guardlint.source.edits import Edit
from guardlint.source.pyyaml import yaml
from guardlint.source.yaml_edits import delete_entry, insert_entry
from guardlint.source.yaml_file import DataPath, YamlFile
from guardlint.source.yaml_nodes import (
    comments_above,
    entries_of,
    last_line,
    node_place,
    source_of,
    without_lines,
)

__all__ = ["cut_and_put", "move_entry", "reorder_items"]


def move_entry(
    file: YamlFile, path: DataPath, target: DataPath, value: str | None = None
) -> tuple[Edit, ...] | None:
    """Move the key at ``path``, with its value and the comment lines right above, to the path ``target``.

    ``target`` ends with the new name of the key. Sections that hold nothing else go with it.
    ``value``: what to write there in the place of the value, as source.
    """
    key, node = file.node(path) or (None, None)
    if key is None or node is None or file.has_odd_breaks or file.node(target) is not None:
        return None
    source = value if value is not None else source_of(file, node)
    put = insert_entry(file, target, source) if source is not None else _insert_block(file, key, node, target)
    emptied = path
    while len(emptied) > 1 and emptied[:-1] != target[: len(emptied) - 1]:
        parent = file.node(emptied[:-1])
        if parent is None or len(entries_of(parent[1])) > 1:
            break
        emptied = emptied[:-1]
    cut = delete_entry(file, emptied) or _cut_last(file, emptied)
    if put is None or cut is None:
        return None
    above = 0 if source is not None or emptied != path else comments_above(file, key)
    if above:
        cut = without_lines(file, cut.place.line - 1 - above, last_line(node))
    return cut_and_put(cut, put)


def cut_and_put(cut: Edit, put: Edit) -> tuple[Edit, ...]:
    """Both edits; one where what is put would stand behind the last line of what is cut."""
    start, end = (cut.place.line, cut.place.column), (cut.place.end_line, cut.place.end_column)
    if not start <= (put.place.line, put.place.column) < end:
        return (cut, put)
    whole = put.text if cut.place.column > 1 else f"{put.text.removeprefix(chr(10))}\n"
    return (Edit(cut.place, whole),)


def _cut_last(file: YamlFile, path: DataPath) -> Edit | None:
    """The lines of the only key of a mapping, for which another one comes."""
    key, node = file.node(path) or (None, None)
    if key is None or node is None or file.lines[key.start_mark.line][: key.start_mark.column].strip():
        return None
    return without_lines(file, key.start_mark.line, last_line(node))


def reorder_items(file: YamlFile, path: DataPath, order: Sequence[int]) -> tuple[Edit, ...] | None:
    """Put the scalars of the list at ``path`` into another order; comments stay on their lines."""
    found = file.node(path)
    if found is None or not isinstance(found[1], yaml.SequenceNode) or file.has_odd_breaks:
        return None
    items = found[1].value
    if sorted(order) != list(range(len(items))):
        return None
    texts = [source_of(file, item) for item in items]
    edits = []
    for at, index in enumerate(order):
        if at == index:
            continue
        text = texts[index]
        if text is None or texts[at] is None or not isinstance(items[at], yaml.ScalarNode):
            return None
        edits.append(Edit(node_place(file, items[at]), text))
    return tuple(edits)


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
    taken = lines[first - comments_above(file, key) : last_line(node) + 1]
    while taken and not taken[-1].strip():
        taken.pop()
    above = comments_above(file, key)
    moved = []
    for number, line in enumerate(taken):
        if line.strip() and line[:column].strip():
            return None
        rest = line[column:]
        if number == above:
            rest = f"{heads[-1].strip()}{rest.split(':', 1)[1]}" if ":" in rest else rest
        moved.append(" " * depth + rest if rest.strip() else "")
    return Edit(probe.place, "\n".join([*heads[:-1], *moved]))
