"""Edits that put two sections of one name together, in one file or from one into another.

Keys that only the lost section has are added to the kept one, sections are merged in turn, and the items of
lists are put behind the others. Lines are moved as they stand, with their comments.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from guardlint.source.edits import Edit
from guardlint.source.pyyaml import yaml
from guardlint.source.yaml_file import YamlFile
from guardlint.source.yaml_nodes import (
    after_line,
    comments_above,
    entries_of,
    last_line,
    source_of,
    without_lines,
)

__all__ = ["Merge", "merge_sections"]


@dataclass(slots=True)
class Merge:
    """``edits`` of both files. ``mixed``: two lists have become one, whose order somebody should look at.

    ``comments`` are those that stand elsewhere now.
    """

    edits: list[Edit] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    mixed: bool = False


@dataclass(slots=True)
class _Work:
    kept: YamlFile
    lost: YamlFile
    puts: list[Edit] = field(default_factory=list)
    moved: set[int] = field(default_factory=set)
    mixed: bool = False


def merge_sections(
    kept: YamlFile, into: yaml.Node, lost: YamlFile, key: yaml.Node, section: yaml.Node
) -> Merge | None:
    """Put what stands in ``section``, the value of ``key`` in ``lost``, into ``into`` of ``kept``.

    None where the two say different things of one key, or where a comment would be lost.
    """
    if (
        kept.has_odd_breaks
        or lost.has_odd_breaks
        or lost.lines[key.start_mark.line][: key.start_mark.column].strip()
    ):
        return None
    work = _Work(kept, lost)
    if not _merge(work, into, section):
        return None
    first, last = key.start_mark.line, last_line(section)
    left = [
        line for number, line in enumerate(lost.lines) if first <= number <= last and number not in work.moved
    ]
    if any("#" in line for line in left):
        return None
    gone = without_lines(lost, first, last)
    put = "\n".join(edit.text for edit in work.puts)
    lines = [lost.lines[number].strip() for number in sorted(work.moved)]
    if any("#" in line and line not in put for line in lines):
        return None
    comments = [line[line.index("#") :] for line in lines if "#" in line]
    return Merge([gone, *work.puts], comments, work.mixed)


def _merge(work: _Work, into: yaml.Node, section: yaml.Node) -> bool:
    if isinstance(into, yaml.MappingNode) and isinstance(section, yaml.MappingNode):
        there = {key.value: value for key, value in into.value if isinstance(key, yaml.ScalarNode)}
        entries = entries_of(section)
        # What goes into a section stands before what follows that section.
        if not all(_merge(work, there[key.value], value) for key, value in entries if key.value in there):
            return False
        return all(
            _add_key(work, into, key, value)
            for key, value in entries
            if key.value not in there and not _is_empty(value)
        )
    if isinstance(into, yaml.SequenceNode) and isinstance(section, yaml.SequenceNode):
        listed = {item.value for item in into.value if isinstance(item, yaml.ScalarNode)}
        new = [
            item
            for item in section.value
            if not isinstance(item, yaml.ScalarNode) or item.value not in listed
        ]
        work.mixed = work.mixed or bool(new and into.value)
        return all(_add_item(work, into, item) for item in new)
    if isinstance(into, yaml.ScalarNode) and isinstance(section, yaml.ScalarNode):
        return bool(into.value == section.value)
    return False


def _add_key(work: _Work, into: yaml.MappingNode, key: yaml.Node, value: yaml.Node) -> bool:
    if into.flow_style:
        source = source_of(work.lost, value)
        if source is None or not into.value:
            return False
        _put_in_braces(work, into, f"{key.value}: {source}", key, value)
        return True
    if not into.value:
        return False
    start, column = key.start_mark, entries_of(into)[0][0].start_mark.column
    if work.lost.lines[start.line][: start.column].strip():
        # It stands in braces: one line that can be written as it is.
        source = source_of(work.lost, value)
        if source is None:
            return False
        work.moved.add(start.line)
        work.puts.append(after_line(work.kept, last_line(into), f"{' ' * column}{key.value}: {source}"))
        return True
    return _put_lines(work, into, start.line - comments_above(work.lost, key), value, start.column, column)


def _add_item(work: _Work, into: yaml.SequenceNode, item: yaml.Node) -> bool:
    if not into.value:
        return False
    source = source_of(work.lost, item)
    if into.flow_style:
        if source is None:
            return False
        _put_in_braces(work, into, source, item, item)
        return True
    start = item.start_mark
    line = work.lost.lines[start.line]
    dash = line[: start.column].rstrip()
    first = into.value[0].start_mark
    column = work.kept.lines[first.line][: first.column].rstrip().rfind("-")
    if column < 0 or work.kept.lines[first.line][:column].strip():
        return False
    if dash.strip() != "-":
        if source is None:
            return False
        work.moved.add(start.line)
        work.puts.append(after_line(work.kept, last_line(into), f"{' ' * column}- {source}"))
        return True
    above = start.line
    while above > 0 and work.lost.lines[above - 1].strip().startswith("#") and above - 1 not in work.moved:
        above -= 1
    return _put_lines(work, into, above, item, len(dash) - 1, column)


def _put_in_braces(
    work: _Work, into: yaml.CollectionNode, text: str, first: yaml.Node, last: yaml.Node
) -> None:
    mark = entries_of(into)[-1][1].end_mark if into.value else into.start_mark
    work.puts.append(Edit.insert(work.kept.file, mark.line + 1, mark.column + 1, f", {text}"))
    if "#" not in work.lost.lines[first.start_mark.line]:
        work.moved.update(range(first.start_mark.line, last_line(last) + 1))


def _put_lines(
    work: _Work, into: yaml.CollectionNode, first: int, value: yaml.Node, column: int, target: int
) -> bool:
    last = last_line(value)
    taken = work.lost.lines[first : last + 1]
    while taken and not taken[-1].strip():
        taken.pop()
    if any(line.strip() and line[:column].strip() for line in taken):
        return False
    moved = [" " * target + line[column:] if line.strip() else "" for line in taken]
    work.moved.update(range(first, last + 1))
    work.puts.append(after_line(work.kept, last_line(into), "\n".join(moved)))
    return True


def _is_empty(value: yaml.Node) -> bool:
    """A key with nothing behind it says nothing, and some sections must not be null."""
    return isinstance(value, yaml.ScalarNode) and value.tag == "tag:yaml.org,2002:null"
