"""One parse of a YAML file: the data as NeMo's loader gives it, and the place of every value.

PyYAML's C loader composes the nodes and the same nodes are constructed, so data and places cannot
disagree. NeMo itself reads with the pure Python ``yaml.safe_load``; the two differ on tabs and on some
malformed input, so a file that holds a tab or that the C loader refuses is judged by the Python one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from guardlint.source.place import Place

__all__ = ["MAX_DEPTH", "MAX_VALUES", "DataPath", "YamlFile", "YamlProblem", "parse_yaml"]

DataPath = tuple[str | int, ...]

MAX_DEPTH = 150
"""Levels of nesting. The Python loader recurses and fails near 300; the C loader overflows the stack."""

MAX_VALUES = 200_000
"""Values after aliases are followed; more is an alias bomb, not a configuration."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SUSPICIOUSLY_DEEP = re.compile(r"^[ \-?:]{300,}|(?:[-?] ){100}", re.MULTILINE)


class YamlProblem(Exception):
    """The file is not one YAML document that a configuration could be."""

    def __init__(self, message: str, place: Place) -> None:
        super().__init__(message)
        self.message = message
        self.place = place


class YamlFile:
    """A parsed file. ``data`` is what ``yaml.safe_load`` returns (None for an empty document)."""

    __slots__ = ("_loader", "_root", "data", "file", "text")

    def __init__(self, file: str, text: str, root: yaml.Node | None, data: Any, loader: Any) -> None:
        self.file = file
        self.text = text
        self.data = data
        self._root = root
        self._loader = loader

    def place(self, path: DataPath = (), *, key: bool = False) -> Place:
        """Where the value at ``path`` stands, or with ``key=True`` the key that holds it.

        A path that is not there gives the place of its nearest ancestor.
        """
        node, key_node = self._root, None
        for part in path:
            found = self._child(node, part)
            if found is None:
                break
            key_node, node = found
        if key and key_node is not None:
            return self._span(key_node)
        return self._span(node) if node is not None else Place.at(self.file)

    def inside(self, path: DataPath, offset: int, length: int) -> Place:
        """The place of ``length`` characters at ``offset`` of the string at ``path``.

        Exact for literal blocks and for one-line scalars without escapes; else the whole scalar.
        """
        node = self._root
        for part in path:
            found = self._child(node, part)
            if found is None:
                return self.place(path)
            node = found[1]
        if not isinstance(node, yaml.ScalarNode):
            return self.place(path)
        lines = self.text.split("\n")
        start = node.start_mark
        if node.style == "|":
            return self._inside_block(node, lines, offset, length) or self._span(node)
        first = start.column + (1 if node.style in ("'", '"') else 0)
        if node.end_mark.line == start.line and lines[start.line][first:].startswith(node.value):
            return Place.at(self.file, start.line + 1, first + offset + 1, length)
        return self._span(node)

    def duplicates(self) -> Iterator[tuple[DataPath, Place, Place]]:
        """Keys that stand twice in one mapping: path, the lost one, the one that wins."""
        stack: list[tuple[DataPath, yaml.Node | None]] = [((), self._root)]
        seen_nodes: set[int] = set()
        while stack:
            path, node = stack.pop()
            if node is None or id(node) in seen_nodes:
                continue
            seen_nodes.add(id(node))
            if isinstance(node, yaml.SequenceNode):
                stack.extend(((*path, index), item) for index, item in enumerate(node.value))
            elif isinstance(node, yaml.MappingNode):
                first: dict[Any, yaml.Node] = {}
                for key_node, value in node.value:
                    name = self._key(key_node)
                    if name in first and first[name] is not key_node:
                        yield (*path, name), self._span(first[name]), self._span(key_node)
                    first[name] = key_node
                    stack.append(((*path, name), value))

    def _child(self, node: yaml.Node | None, part: str | int) -> tuple[yaml.Node, yaml.Node] | None:
        if isinstance(node, yaml.MappingNode):
            for key_node, value in reversed(node.value):
                if self._key(key_node) == part:
                    return key_node, value
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            return node.value[part], node.value[part]
        return None

    def _key(self, node: yaml.Node) -> Any:
        key = self._loader.construct_object(node, deep=True)
        return key if isinstance(key, str | int | float | bool) or key is None else str(key)

    def _span(self, node: yaml.Node) -> Place:
        start, end = node.start_mark, node.end_mark
        if isinstance(node, yaml.ScalarNode) and node.style not in ("|", ">"):
            return Place(self.file, start.line + 1, start.column + 1, end.line + 1, end.column + 1)
        # The end mark of a block stands at the next token, often lines below; its first line is shown.
        line = self.text.split("\n", start.line + 1)[start.line]
        width = max(len(line.rstrip()) - start.column, 1)
        return Place.at(self.file, start.line + 1, start.column + 1, width)

    def _inside_block(
        self, node: yaml.ScalarNode, lines: list[str], offset: int, length: int
    ) -> Place | None:
        body = node.start_mark.line + 1
        indent = next((len(line) - len(line.lstrip(" ")) for line in lines[body:] if line.strip()), 0)
        before = node.value[:offset]
        line = body + before.count("\n")
        column = indent + len(before) - (before.rfind("\n") + 1)
        if (
            line < len(lines)
            and lines[line][column : column + length] == node.value[offset : offset + length]
        ):
            return Place.at(self.file, line + 1, column + 1, length)
        return None


def parse_yaml(text: str, file: str) -> YamlFile:
    """Parse one document.

    Raises YamlProblem when NeMo's loader would refuse the text, when it nests deeper than MAX_DEPTH,
    or when its aliases expand to more than MAX_VALUES values.
    """
    if text.count("[") + text.count("{") > MAX_DEPTH or _SUSPICIOUSLY_DEEP.search(text):
        _refuse_deep(text, file)
    if "\t" in text and _Loader is not yaml.SafeLoader:
        _load(text, file, yaml.SafeLoader)
    try:
        return _load(text, file, _Loader)
    except YamlProblem:
        if _Loader is yaml.SafeLoader:
            raise
    return _load(text, file, yaml.SafeLoader)


def _load(text: str, file: str, loader_class: Any) -> YamlFile:
    try:
        loader = loader_class(text)
        root = loader.get_single_node()
        if root is None:
            return YamlFile(file, text, None, None, loader)
        if "*" in text:
            _refuse_bomb(root, file)
        data = loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place.at(file, mark.line + 1, mark.column + 1) if mark else Place.at(file)
        raise YamlProblem(_reason(error), place) from None
    except yaml.reader.ReaderError as error:
        before = text[: error.position] if isinstance(error.position, int) else ""
        place = Place.at(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
        raise YamlProblem("a control character is not allowed in YAML", place) from None
    except (ValueError, OverflowError) as error:
        raise YamlProblem(f"a value cannot be read: {error}", _bad_scalar(text, file)) from None
    except RecursionError:
        raise YamlProblem("it is nested too deeply", Place.at(file)) from None
    return YamlFile(file, text, root, data, loader)


def _reason(error: yaml.MarkedYAMLError) -> str:
    problem = (error.problem or "it cannot be parsed").strip()
    if "single document" in (error.context or "") or "another document" in problem:
        return "a second YAML document begins here, and NeMo reads one document a file"
    if "could not determine a constructor for the tag" in problem:
        return f"the tag {problem.rsplit(' ', 1)[-1]} is unknown to NeMo's safe loader"
    return problem.replace("\\t", "a tab").replace("'\t'", "a tab")


def _refuse_deep(text: str, file: str) -> None:
    depth = 0
    try:
        for event in yaml.parse(text, Loader=_Loader):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > MAX_DEPTH:
                    raise YamlProblem(f"it is nested more than {MAX_DEPTH} levels deep", _at(file, event))
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except yaml.YAMLError:
        return  # the parse proper says what is wrong and where


def _refuse_bomb(root: yaml.Node, file: str) -> None:
    sizes: dict[int, int] = {}
    open_nodes: set[int] = set()
    stack: list[tuple[yaml.Node, bool]] = [(root, False)]
    while stack:
        node, done = stack.pop()
        identity = id(node)
        children = _children(node)
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


def _at(file: str, item: Any) -> Place:
    """Where a node or an event begins."""
    return Place.at(file, item.start_mark.line + 1, item.start_mark.column + 1)


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    if isinstance(node, yaml.SequenceNode):
        return list(node.value)
    return []


def _bad_scalar(text: str, file: str) -> Place:
    """PyYAML does not say where a date such as 2026-13-45 stands; find the scalar that cannot be made."""
    loader = yaml.SafeLoader(text)
    root = loader.get_single_node()
    stack = [root] if root is not None else []
    while stack:
        node = stack.pop()
        if isinstance(node, yaml.ScalarNode):
            try:
                loader.construct_object(node)
            except (ValueError, OverflowError):
                return Place.at(file, node.start_mark.line + 1, node.start_mark.column + 1, len(node.value))
        stack.extend(reversed(_children(node)))
    return Place.at(file)
