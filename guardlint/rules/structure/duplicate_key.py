"""A key stands twice in one mapping of a YAML file.

What it does: reports keys that are written again in the same mapping with another content.

Why it matters: YAML forbids it, but NeMo's loader (PyYAML) takes the last one and forgets the others, so
the rails or prompts under the first are gone without a word.

How to fix: put the contents under one key.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from guardlint.nemo.catalogue import Catalogue
from guardlint.rules.rule import Found, Project, Related, Rule, dotted
from guardlint.rules.structure._merging import merge_twice
from guardlint.rules.unread_view import covers
from guardlint.source.place import Place
from guardlint.source.pyyaml import yaml
from guardlint.source.record import replace
from guardlint.source.yaml_file import DataPath, YamlFile

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="safe")

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_GUARDING = frozenset(
    "bot_messages colang_version enable_rails_exceptions import_paths instructions models passthrough "
    "prompts rails user_messages".split()
)


def check(project: Project) -> Iterator[Found]:
    """One finding for each key of which something is lost, at the one that holds."""
    catalogue = project.configuration.catalogue
    keys = catalogue.data["keys"]["keys"]
    for file in project.configuration.yaml_files:
        if not any(key in keys for key in file.data):
            continue
        lost: dict[DataPath, list[Place]] = {}
        kept: dict[DataPath, Place] = {}
        for path, before, last in file.duplicates():
            lost.setdefault(path, []).append(before)
            kept[path] = max(last, kept.get(path, last))
        if not lost:
            continue
        values = _values(file)
        for path, places in lost.items():
            found = _finding(path, places, kept[path], values)
            if found is not None and _is_read(catalogue, path):
                yield replace(found, fix=merge_twice(file, path))


def _is_read(catalogue: Catalogue, path: DataPath) -> bool:
    """Whether NeMo would look at it at all; what it does not know is another rule's."""
    if str(path[0]).startswith("x-"):
        return True
    section = catalogue.key(path[:-1]) if path[1:] else catalogue.data["keys"]
    if section is None:
        # Somewhere below an open section: all that stands there is kept.
        return any((catalogue.key(path[:end]) or {}).get("open") for end in range(1, len(path)))
    return bool(section.get("open")) or section.get("type") == "union" or catalogue.key(path) is not None


def _finding(
    path: DataPath, places: list[Place], last: Place, values: dict[tuple[int, int], Any]
) -> Found | None:
    top = path[0]
    winner = values.get((last.line, last.column))
    gone = [
        place
        for place in places
        if (value := values.get((place.line, place.column))) is not None and not covers(winner, value)
    ]
    if not gone:
        return None
    name = path[-1]
    return Found(
        f"`{dotted(path)}` stands twice, and this one is all that is left",
        last,
        f"NeMo takes the last `{name}` and forgets {'the one' if len(gone) == 1 else 'those'} before it",
        f"put both under one `{name}`",
        path=path,
        value=str(name),
        related=tuple(Related(place, "what stands here is lost") for place in gone),
        severity=None if top in _GUARDING or str(top).startswith("x-") else "warning",
    )


def _values(file: YamlFile) -> dict[tuple[int, int], Any]:
    """The value of every key by the line and column of the key, of the lost ones too."""
    found: dict[tuple[int, int], Any] = {}
    loader = _Loader(file.text)
    root = loader.get_single_node()
    stack = [root]
    seen: set[int] = set()
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            stack.extend(node.value)
        elif isinstance(node, yaml.MappingNode):
            for key, value in list(node.value):
                found[key.start_mark.line + 1, key.start_mark.column + 1] = _value(value)
                stack.append(value)
    return found


def _value(node: yaml.Node) -> Any:
    """What a node stands for; the constructor would change the node, and forget what is written twice."""
    if isinstance(node, yaml.SequenceNode):
        return [_value(item) for item in node.value]
    if isinstance(node, yaml.MappingNode):
        return {_value(key): _value(value) for key, value in node.value if isinstance(key, yaml.ScalarNode)}
    return node.value if node.tag != "tag:yaml.org,2002:null" else None
