"""One parse of a YAML file: the data as NeMo's loader gives it, and the place of every value.

PyYAML's C loader composes the nodes and the same nodes are constructed, so data and places cannot
disagree. NeMo itself reads with the pure Python ``yaml.safe_load``; the two differ on tabs and a few odd
texts, so a file that holds one of them, or that the C loader refuses, is read by the Python one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.place import Place
from guardlint.source.pyyaml import yaml
from guardlint.source.yaml_limits import (
    MAX_DEPTH,
    MAX_VALUES,
    YamlProblem,
    children_of,
    refuse_bomb,
    refuse_deep,
)
from guardlint.source.yaml_loader import Loader, PythonLoader

__all__ = ["MAX_DEPTH", "MAX_VALUES", "DataPath", "YamlFile", "YamlProblem", "parse_yaml"]

DataPath = tuple[str | int, ...]

_PROPERTIES = lazy_pattern(r"(?:[&!][^\s,\[\]{}]*[ \t]+)+")
_OTHER_BREAKS = "\r\x85\u2028\u2029"
_BREAK = lazy_pattern("\r\n|[\n\r\x85\u2028\u2029]")
_TEXT = "tag:yaml.org,2002:str"
# Where the C loader is more lenient than the Python one: a lone !, and a comment right behind | or >.
_DISPUTED = lazy_pattern(
    r"\t|(?:^|[\s\[{,])!(?=[\s,\]}]|$)|[|>][-+0-9]*#",
    re.MULTILINE,
    needs=("\t", "!", *(f"{sign}#" for sign in "|>-+0123456789")),
)


class YamlFile:
    """A parsed file. ``data`` is what ``yaml.safe_load`` returns (None for an empty document)."""

    __slots__ = ("_lines", "_loader", "_odd", "_own", "_root", "data", "file", "text")

    def __init__(
        self,
        file: str,
        text: str,
        root: yaml.Node | None,
        data: Any,
        loader: Any,
        own: dict[int, list[tuple[yaml.Node, yaml.Node]]] | None = None,
    ) -> None:
        self.file = file
        self.text = text
        self.data = data
        self._root = root
        self._loader = loader
        # What stands in a mapping itself: the constructor puts merged pairs among the node's own.
        self._own = own or {}
        self._lines: list[str] | None = None
        self._odd: bool | None = None

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

    def node(self, path: DataPath) -> tuple[yaml.Node | None, yaml.Node] | None:
        """The nodes of the key (None for a list entry and the root) and of the value at ``path``."""
        key_node, node = None, self._root
        for part in path:
            found = self._child(node, part)
            if found is None:
                return None
            key_node, node = found if isinstance(part, str) or found[0] is not found[1] else (None, found[1])
        return (key_node, node) if node is not None else None

    @property
    def has_flow(self) -> bool:
        """Whether there may be a list or a mapping in brackets."""
        return bool(self._loader.has_flow)

    @property
    def lines(self) -> list[str]:
        """The lines without their ends and without the byte order mark; line 1 is entry 0."""
        self._line(0)
        return list(self._lines or ())

    @property
    def has_odd_breaks(self) -> bool:
        """Whether YAML sees line ends where editors see none, so that lines cannot be edited by number."""
        if self._odd is None:
            self._odd = any(sign in self.text for sign in _OTHER_BREAKS)
        return self._odd

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
        if node.style == "|":
            return self._inside_block(node, offset, length) or self._span(node)
        line, first = self._start(node)
        first += 1 if node.style in ("'", '"') else 0
        if self._position(node.end_mark)[0] == line and self._line(line)[first:].startswith(node.value):
            return Place.at(self.file, line + 1, first + offset + 1, length)
        return self._span(node)

    def duplicates(self) -> Iterator[tuple[DataPath, Place, Place]]:
        """Keys that stand twice in one mapping: path, the lost one, the one that wins."""
        if self._root is None or not self._loader.has_twice:
            return
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
                for key_node, value in self._own.get(id(node)) or node.value or ():
                    if key_node.tag == "tag:yaml.org,2002:merge":
                        continue
                    name = self._key(key_node)
                    if name in first:
                        yield (*path, name), self._span(first[name]), self._span(key_node)
                    first[name] = key_node
                    stack.append(((*path, name), value))

    def has_flow_question(self) -> bool:
        """Whether a plain text in brackets holds a ``?``, which the Python loader refuses."""
        stack: list[yaml.Node | None] = [self._root]
        seen: set[int] = set()
        while stack:
            node = stack.pop()
            if node is None or id(node) in seen:
                continue
            seen.add(id(node))
            children = children_of(node)
            stack.extend(children)
            if getattr(node, "flow_style", False) and any(
                isinstance(child, yaml.ScalarNode) and not child.style and "?" in child.value
                for child in children
            ):
                return True
        return False

    def _child(self, node: yaml.Node | None, part: str | int) -> tuple[yaml.Node, yaml.Node] | None:
        if isinstance(node, yaml.MappingNode):
            for key_node, value in reversed(node.value):
                if self._key(key_node) == part:
                    return key_node, value
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            return node.value[part], node.value[part]
        return None

    def _key(self, node: yaml.Node) -> Any:
        if node.tag == _TEXT:
            return node.value
        key = self._loader.construct_object(node, deep=True)
        return key if isinstance(key, str | int | float | bool) or key is None else str(key)

    def _span(self, node: yaml.Node) -> Place:
        line, column = self._start(node)
        if isinstance(node, yaml.ScalarNode) and node.style not in ("|", ">"):
            end_line, end_column = self._position(node.end_mark)
            return Place(self.file, line + 1, column + 1, end_line + 1, end_column + 1)
        # The end mark of a block stands at the next token, often lines below; its first line is shown.
        width = max(len(self._line(line).rstrip()) - column, 1)
        return Place.at(self.file, line + 1, column + 1, width)

    def _start(self, node: yaml.Node) -> tuple[int, int]:
        """Line and column (from 0) of a node's text, behind its anchor and tag."""
        line, column = self._position(node.start_mark)
        if not self._line(line).startswith(("&", "!"), column):
            return line, column
        if isinstance(node, yaml.ScalarNode) and node.style not in ("|", ">"):
            properties = _PROPERTIES.match(self._line(line), column)
            if properties is not None and self._position(node.end_mark)[0] == line:
                return line, properties.end()
        return line, column

    def _position(self, mark: Any) -> tuple[int, int]:
        """Line and column (from 0) as editors count them: YAML knows more line breaks than ``\\n``."""
        if not self.has_odd_breaks:
            return mark.line, mark.column
        text = self.text.removeprefix("\ufeff")
        breaks = [0, *(found.end() for found in _BREAK.finditer(text))]
        before = text[: breaks[mark.line] + mark.column]
        return before.count("\n"), len(before) - (before.rfind("\n") + 1)

    def _line(self, number: int) -> str:
        """A line without its end and without the byte order mark, which has no column."""
        if self._lines is None:
            self._lines = self.text.removeprefix("\ufeff").split("\n")
        return self._lines[number] if number < len(self._lines) else ""

    def _inside_block(self, node: yaml.ScalarNode, offset: int, length: int) -> Place | None:
        body = self._position(node.start_mark)[0] + 1
        lines = self.text.split("\n")[body:]
        # With an indentation indicator (|2) the first line may be indented further than the block.
        indent = _indent(lines) - _indent(node.value.split("\n"))
        before = node.value[:offset]
        line = before.count("\n")
        column = indent + len(before) - (before.rfind("\n") + 1)
        wanted = node.value[offset : offset + length]
        if line < len(lines) and lines[line][column : column + length] == wanted:
            return Place.at(self.file, body + line + 1, column + 1, length)
        return None


def _indent(lines: list[str]) -> int:
    """Blanks before the first line that is not empty."""
    return next((len(line) - len(line.lstrip(" ")) for line in lines if line.strip()), 0)


def parse_yaml(text: str, file: str) -> YamlFile:
    """Parse one document.

    Raises YamlProblem when NeMo's loader would refuse the text, when it nests deeper than MAX_DEPTH,
    or when its aliases expand to more than MAX_VALUES values.
    """
    refuse_deep(text, file, Loader)
    if issubclass(Loader, yaml.SafeLoader):
        return _load(text, file, PythonLoader)
    try:
        parsed = _load(text, file, Loader)
    except YamlProblem:
        return _load(text, file, PythonLoader)
    if _DISPUTED.search(text):
        return _load(text, file, PythonLoader)
    if "?" in text and parsed.has_flow and parsed.has_flow_question():
        return _load(text, file, PythonLoader)
    return parsed


def _load(text: str, file: str, loader_class: type[Loader | PythonLoader]) -> YamlFile:
    try:
        loader = loader_class(text)
        root = loader.get_single_node()
        if root is None:
            return YamlFile(file, text, None, None, loader)
        if "*" in text:
            refuse_bomb(root, file)
        own = _own_pairs(root) if "<<" in text else None
        data = loader.document(root, text)
    except yaml.MarkedYAMLError as error:
        from guardlint.source.yaml_complaints import problem_place, reason

        raise YamlProblem(reason(error), problem_place(error, text, file)) from None
    except yaml.reader.ReaderError as error:
        before = text[: error.position] if isinstance(error.position, int) else ""
        place = Place.at(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
        raise YamlProblem("a control character is not allowed in YAML", place) from None
    except UnicodeEncodeError as error:
        before = text[: error.start]
        place = Place.at(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
        raise YamlProblem("a control character is not allowed in YAML", place) from None
    except (ValueError, OverflowError) as error:
        from guardlint.source.yaml_complaints import bad_scalar

        raise YamlProblem(f"a value cannot be read: {error}", bad_scalar(text, file)) from None
    except RecursionError:
        raise YamlProblem("it is nested too deeply", Place.at(file)) from None
    return YamlFile(file, text, root, data, loader, own)


def _own_pairs(root: yaml.Node) -> dict[int, list[tuple[yaml.Node, yaml.Node]]]:
    found: dict[int, list[tuple[yaml.Node, yaml.Node]]] = {}
    seen: set[int] = set()
    stack = [root]
    while stack:
        node = stack.pop()
        if id(node) not in seen:
            seen.add(id(node))
            stack.extend(children_of(node))
            if isinstance(node, yaml.MappingNode):
                found[id(node)] = list(node.value)
    return found
