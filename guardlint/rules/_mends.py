"""Builds the fixes that many rules have in common.

Each function takes the effective configuration with a path in it, or one YAML file with a path in that, and
returns None where the change cannot be written by moving text alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from guardlint.nemo.configuration import Configuration
from guardlint.rules.rule import Fix, dotted
from guardlint.source.edits import Edit
from guardlint.source.place import Place
from guardlint.source.pyyaml import yaml
from guardlint.source.record import replace
from guardlint.source.yaml_file import DataPath, YamlFile

__all__ = [
    "add",
    "add_item",
    "add_list",
    "is_slip",
    "move",
    "move_item",
    "origin_of",
    "remove",
    "rename",
    "reorder",
    "replace_value",
    "requote",
]

Source = Configuration | YamlFile
# A word in which two letters may be wrong and it is still the same word.
_LONG = 9
# In a shorter one, each letter makes another word.
_SHORT = 4


def is_slip(name: str, meant: str) -> bool:
    """Whether a did-you-mean is certain: other signs between the words, a plural, or a slip in a word."""
    if _fold(name) == _fold(meant):
        return True
    ours, theirs = (re.split(r"[\W_]+", text.casefold().strip()) for text in (name, meant))
    if len(ours) != len(theirs):
        return _distance(_fold(name), _fold(meant)) <= 1
    pairs = [(_fold(one), _fold(other)) for one, other in zip(ours, theirs, strict=True)]
    return all(
        _distance(one, other) <= (2 if len(other) >= _LONG else 1 if len(other) >= _SHORT else 0)
        for one, other in pairs
    )


def replace_value(
    source: Source, path: DataPath, value: str | bool | float, *, safe: bool = True
) -> Fix | None:
    """Write another scalar at ``path``."""
    from guardlint.source import yaml_edits

    file, own = origin_of(source, path)
    edit = yaml_edits.replace_scalar(file, own, value) if file is not None else None
    if edit is None:
        return None
    shown = value if isinstance(value, str) else yaml_edits.written(value)
    name = "" if isinstance(path[-1], int) else f"{path[-1]}: "
    return Fix(f"write `{name}{shown}`", (edit,), safe, (own,))


def rename(source: Source, path: DataPath, new: str, *, safe: bool = True) -> Fix | None:
    """Rename the key at ``path``. None where a key of the new name stands beside it."""
    from guardlint.source import yaml_edits

    file, own = origin_of(source, path)
    if file is None or file.node((*own[:-1], new)) is not None:
        return None
    edit = yaml_edits.rename_key(file, own, new)
    if edit is None:
        return None
    return Fix(f"rename `{path[-1]}` to `{new}`", (edit,), safe, (own, (*own[:-1], new)))


def remove(source: Source, path: DataPath, *, safe: bool = True) -> Fix | None:
    """Take out the key or item at ``path``, with the sections that hold nothing else.

    None where a comment stands in it: it would be lost.
    """
    from guardlint.source import yaml_edits

    file, own = origin_of(source, path)
    if file is None:
        return None
    while len(own) > 1 and _is_alone(file, own) and _may_vanish(own):
        own = own[:-1]
    edit = yaml_edits.delete_entry(file, own)
    if edit is None or "#" in _text_at(file, edit.place) or _is_above_its_comment(file, own, edit.place):
        return None
    what = dotted(path) if not isinstance(path[-1], int) else str(_value(file, own))
    return Fix(f"take `{what}` out", (edit,), safe, (own if isinstance(own[-1], str) else own[:-1],))


def add(source: Source, path: DataPath, value: str | bool | float, *, safe: bool = True) -> Fix | None:
    """Write a key that is missing, with the sections on the way."""
    from guardlint.source import yaml_edits

    return _add(source, path, yaml_edits.written(value), safe=safe)


def add_list(source: Source, path: DataPath, items: Sequence[str], *, safe: bool = True) -> Fix | None:
    """Write a key that is missing with a list of texts."""
    from guardlint.source import yaml_edits

    return _add(source, path, f"[{', '.join(map(yaml_edits.written, items))}]", safe=safe)


def _add(source: Source, path: DataPath, shown: str, *, safe: bool) -> Fix | None:
    from guardlint.source import yaml_edits

    file, own = origin_of(source, path)
    if file is None and isinstance(source, Configuration):
        file, own = next(iter(source.yaml_files), None), path
    if file is None:
        return None
    edit = yaml_edits.insert_entry(file, own, shown)
    if edit is None:
        return None
    there = next(length for length in range(len(own), -1, -1) if file.node(own[:length]) is not None)
    # An empty section becomes a mapping; else the first key that is missing is what appears.
    changed = own[:there] if there and _value(file, own[:there]) is None else own[: there + 1]
    return Fix(f"add `{dotted(path)}: {shown}`", (edit,), safe, (changed,))


def move(
    source: Source, path: DataPath, target: DataPath, value: str | None = None, *, safe: bool = True
) -> Fix | None:
    """Move the key at ``path`` to ``target``, whose last part is the new name of the key.

    ``value``: what to write there in the place of the value, as source.
    """
    from guardlint.source import yaml_moves

    file, own = origin_of(source, path)
    if file is None:
        return None
    goal = (*own[: len(own) - len(path)], *target)
    edits = yaml_moves.move_entry(file, own, goal, value)
    if edits is None:
        return None
    there = next(length for length in range(len(goal), -1, -1) if file.node(goal[:length]) is not None)
    gone = own
    while len(gone) > 1 and _is_alone(file, gone) and gone[:-1] != goal[: len(gone) - 1]:
        gone = gone[:-1]
    where = f"under `{dotted(target[:-1])}`" if target[:-1] else "to the top level"
    changes = (gone, goal[:there] if there and _value(file, goal[:there]) is None else goal[: there + 1])
    return Fix(f"move `{path[-1]}` {where}", edits, safe, changes)


def move_item(source: Source, path: DataPath, target: DataPath, *, safe: bool = False) -> Fix | None:
    """Move the text at ``path`` of a list to the end of the list ``target``, made where it is missing.

    A list that held nothing else goes. None where the item shares its line with a comment.
    """
    from guardlint.source import yaml_edits, yaml_moves

    file, own = origin_of(source, path)
    if file is None or not isinstance(_value(file, own), str):
        return None
    text = str(_value(file, own))
    prefix = own[: len(own) - len(path)]
    title = f"move `{text}` to `{dotted(target)}`"
    if _is_alone(file, own) and file.node((*prefix, *target)) is None:
        moved = move(file, own[:-1], (*prefix, *target), safe=safe)
        return replace(moved, title=title) if moved is not None else None
    gone = own
    while len(gone) > 1 and _is_alone(file, gone):
        gone = gone[:-1]
    cut = yaml_edits.delete_entry(file, gone)
    put = add_item(file, (*prefix, *target), text)
    if cut is None or put is None or "#" in _text_at(file, cut.place):
        return None
    changed = gone if isinstance(gone[-1], str) else gone[:-1]
    return Fix(title, yaml_moves.cut_and_put(cut, put.edits[0]), safe, (changed, *put.changes))


def add_item(source: Source, path: DataPath, text: str, *, safe: bool = False) -> Fix | None:
    """Put a text behind the last item of the list at ``path``, which is made where it is missing."""
    from guardlint.source import yaml_edits

    file, own = origin_of(source, path)
    if file is None or file.has_odd_breaks:
        return None
    shown = yaml_edits.written(text)
    title = f"list `{text}` under `{dotted(path)}`"
    found = file.node(own)
    if found is None:
        made = add(file, own, "")
        if made is None:
            return None
        edit = made.edits[0]
        return Fix(
            title, (Edit(edit.place, edit.text.removesuffix("''") + f"[{shown}]"),), safe, made.changes
        )
    node = found[1]
    if not isinstance(node, yaml.SequenceNode):
        return None
    if not node.value:
        begin, end = node.start_mark, node.end_mark
        # Nothing but the two brackets, so that no comment stands between them.
        if (begin.line, begin.column + 2) != (end.line, end.column):
            return None
        edit = Edit.insert(file.file, begin.line + 1, begin.column + 2, shown)
        return Fix(title, (edit,), safe, (own,))
    last = node.value[-1]
    if node.flow_style:
        mark = last.end_mark
        edit = Edit.insert(file.file, mark.line + 1, mark.column + 1, f", {shown}")
    elif isinstance(last, yaml.ScalarNode) and last.start_mark.line == last.end_mark.line:
        line = file.lines[last.start_mark.line]
        dash = re.match(r"\s*-\s+", line)
        if dash is None:
            return None
        edit = Edit.insert(file.file, last.end_mark.line + 1, len(line) + 1, f"\n{dash[0]}{shown}")
    else:
        return None
    return Fix(title, (edit,), safe, (own,))


def reorder(
    source: Source, path: DataPath, order: Sequence[int], title: str, *, safe: bool = True
) -> Fix | None:
    """Put the items of the list at ``path`` into another order."""
    from guardlint.source import yaml_moves

    file, own = origin_of(source, path)
    edits = yaml_moves.reorder_items(file, own, order) if file is not None else None
    return Fix(title, edits, safe, (own,)) if edits else None


def requote(source: Source, path: DataPath, value: str | None, *, safe: bool = True) -> Fix | None:
    """Write a text at ``path`` in single quotes, whatever it was written in; None for no value."""
    from guardlint.source import yaml_edits

    file, own = origin_of(source, path)
    edit = yaml_edits.quote_scalar(file, own, value) if file is not None and value is not None else None
    return Fix(f"write `{edit.text}`", (edit,), safe, (own,)) if edit is not None else None


def origin_of(source: Source, path: DataPath) -> tuple[YamlFile | None, DataPath]:
    """The file and the path in it, where there is one."""
    if isinstance(source, YamlFile):
        return source, path
    return source.joined.origin(path) or (None, path)


def _value(file: YamlFile, path: DataPath) -> object:
    value = file.data
    for part in path:
        value = value[part]
    return value


def _is_alone(file: YamlFile, path: DataPath) -> bool:
    value = _value(file, path[:-1])
    return isinstance(value, dict | list) and len(value) == 1


def _may_vanish(path: DataPath) -> bool:
    """An item of a list may be all that the list is for; a section that holds nothing is for nothing."""
    return isinstance(path[-1], str)


def _is_above_its_comment(file: YamlFile, path: DataPath, gone: Place) -> bool:
    """Whether a comment below is indented as if it belonged to what goes."""
    lines = file.lines
    line = lines[gone.end_line - 1] if gone.end_line <= len(lines) else ""
    column = file.place(path, key=True).column
    return line.lstrip().startswith("#") and len(line) - len(line.lstrip()) >= column


def _text_at(file: YamlFile, place: Place) -> str:
    lines = file.lines[place.line - 1 : place.end_line]
    if place.end_column == 1 and place.end_line > place.line:
        lines = lines[: place.end_line - place.line]
    return "\n".join(lines)


def _fold(name: str) -> str:
    folded = re.sub(r"[\W_]", "", name).casefold()
    return folded[:-3] + "y" if folded.endswith("ies") else folded.rstrip("s")


def _distance(one: str, other: str) -> int:
    """Letters that are too many, missing, wrong, or in each other's place."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for index, letter in enumerate(one, 1):
        earlier, before, row = before, row, [index]
        for at, sign in enumerate(other, 1):
            least = min(before[at] + 1, row[at - 1] + 1, before[at - 1] + (letter != sign))
            if index > 1 and at > 1 and letter == other[at - 2] and sign == one[index - 2]:
                least = min(least, earlier[at - 2] + 1)
            row.append(least)
    return row[-1]
