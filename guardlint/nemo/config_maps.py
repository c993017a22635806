"""Configurations in Kubernetes ConfigMaps: the keys of ``data`` are the files of one directory."""

from __future__ import annotations

import re
from collections.abc import Iterator

from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.mapped_text import MappedText, Origin
from guardlint.source.place import Place
from guardlint.source.pyyaml import yaml
from guardlint.source.record import record
from guardlint.source.string_place import yaml_text
from guardlint.source.yaml_limits import YamlProblem, refuse_deep

__all__ = ["ConfigMap", "config_maps_in"]

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DOCUMENT = lazy_pattern(r"^(?:---|\.\.\.)(?=\s|$)", re.MULTILINE)
_KIND = lazy_pattern(r"kind[\"']?[ \t]*:[ \t]*[\"']?(?:ConfigMap|List)\b")
# Go templates; Jinja's {{ user_input }} in a prompt is none.
_TEMPLATE = lazy_pattern(
    r"\{\{-?[ \t]*(?:[.$]|/\*|(?:include|template|define|toYaml|tpl|if|with|range|end|else|printf|quote"
    r"|default|required|lookup|block)\b)|\{\{-?[ \t]*[\"'`]"
)


@record
class ConfigMap:
    """One ConfigMap; ``place`` is its ``data`` key, ``texts`` its files."""

    name: str
    place: Place
    texts: dict[str, MappedText]


def config_maps_in(origin: Origin) -> list[ConfigMap]:
    """The ConfigMaps of a file of one or more documents; those that are templates are left out."""
    found: list[ConfigMap] = []
    for begin, end in _documents(origin.text):
        document = origin.text[begin:end]
        if not _KIND.search(document) or _TEMPLATE.search(document):
            continue
        try:
            refuse_deep(document, origin.file, _Loader)
            root = yaml.compose(document, Loader=_Loader)
        except (yaml.YAMLError, YamlProblem, RecursionError, ValueError):
            continue
        for node in _objects(root):
            config_map = _config_map(node, origin, begin)
            if config_map is not None:
                found.append(config_map)
    return found


def _documents(text: str) -> Iterator[tuple[int, int]]:
    """Begin and end of every document; one that does not parse does not hide the next."""
    begin = 0
    for match in _DOCUMENT.finditer(text):
        yield begin, match.start()
        begin = match.end()
    yield begin, len(text)


def _objects(root: yaml.Node | None) -> Iterator[yaml.MappingNode]:
    """The ConfigMap itself, or those in a ``kind: List``."""
    todo = [(root, 0)]
    while todo:
        node, depth = todo.pop()
        if not isinstance(node, yaml.MappingNode):
            continue
        kind = _value(node, "kind")
        if not isinstance(kind, yaml.ScalarNode):
            continue
        items = _value(node, "items")
        if kind.value == "ConfigMap":
            yield node
        elif kind.value.endswith("List") and isinstance(items, yaml.SequenceNode) and depth == 0:
            todo.extend((item, 1) for item in reversed(items.value))


def _config_map(node: yaml.MappingNode, origin: Origin, begin: int) -> ConfigMap | None:
    data = _value(node, "data")
    if not isinstance(data, yaml.MappingNode):
        return None
    texts: dict[str, MappedText] = {}
    for key, value in data.value:
        if isinstance(key, yaml.ScalarNode) and isinstance(value, yaml.ScalarNode):
            first, last = begin + value.start_mark.index, begin + value.end_mark.index
            found = yaml_text(origin.text, first, last, value.value, value.style)
            texts[key.value] = found or MappedText.of([(value.value, first, max(last - first, 1))])
    name = _value(_value(node, "metadata"), "name")
    start = begin + next(key.start_mark.index for key, value in node.value if value is data)
    return ConfigMap(
        name.value if isinstance(name, yaml.ScalarNode) else "ConfigMap",
        origin.place(start, start + len("data")),
        texts,
    )


def _value(node: yaml.Node | None, name: str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in reversed(node.value):
            if isinstance(key, yaml.ScalarNode) and key.value == name:
                return value  # type: ignore[no-any-return]
    return None
