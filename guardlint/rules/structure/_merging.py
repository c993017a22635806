"""The mend of what stands twice: one section made of both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.unread import is_set_aside
from guardlint.rules.rule import Fix, dotted
from guardlint.rules.unread_view import covers
from guardlint.source.files import shown_path
from guardlint.source.pyyaml import yaml
from guardlint.source.record import replace
from guardlint.source.yaml_file import DataPath, YamlFile

if TYPE_CHECKING:
    from guardlint.source.yaml_merging import Merge

__all__ = ["intruders", "is_aside", "merge_files", "merge_twice"]


def is_aside(configuration: Configuration, *files: YamlFile) -> bool:
    """Whether one of the files seems to be set aside (`old/config.yml`), and may not be meant at all."""
    names = {file.file for file in files}
    return any(shown_path(file.path) in names and is_set_aside(file.relative) for file in configuration.files)


def intruders(configuration: Configuration) -> set[str]:
    """Files that are set aside and replace the ``rails`` of the others: replaced-rails says to move them."""
    return {
        item.kept.file
        for item in configuration.joined.replaced
        if item.key == "rails"
        and not covers(item.kept.data["rails"], item.lost.data["rails"])
        and is_aside(configuration, item.kept)
    }


def merge_files(configuration: Configuration, lost: YamlFile, kept: YamlFile, key: str) -> Fix | None:
    """Move the section ``key`` of ``lost`` into that of ``kept``.

    The other way round where nothing else stands in ``lost``: NeMo does not load an empty file.
    """
    aside = is_aside(configuration, lost, kept)
    if len(lost.data) == 1:
        lost, kept = kept, lost
    here, there = lost.node((key,)), kept.node((key,))
    if len(lost.data) == 1 or here is None or there is None or here[0] is None:
        return None
    from guardlint.source.yaml_merging import merge_sections

    merge = merge_sections(kept, there[1], lost, here[0], here[1])
    names = [file.file.rpartition("/")[2] for file in (lost, kept)]
    if names[0] == names[1]:
        names = [lost.file, kept.file]
    fix = _fix(f"put `{key}` of {names[0]} into {names[1]}", merge, ((key,),))
    return replace(fix, safe=False) if fix is not None and aside else fix


def merge_twice(file: YamlFile, path: DataPath) -> Fix | None:
    """Put what stands under the first of two keys of one name under the second."""
    parent = file.node(path[:-1])
    if parent is None or not isinstance(parent[1], yaml.MappingNode) or parent[1].flow_style:
        return None
    pairs = [(key, value) for key, value in parent[1].value if getattr(key, "value", None) == str(path[-1])]
    if len(pairs) != 2:
        return None
    (key, lost), (_, kept) = pairs
    from guardlint.source.yaml_merging import merge_sections

    return _fix(f"put both `{dotted(path)}` into one", merge_sections(file, kept, file, key, lost), (path,))


def _fix(title: str, merge: Merge | None, changes: tuple[DataPath, ...]) -> Fix | None:
    if merge is None:
        return None
    return Fix(title, tuple(merge.edits), not merge.mixed, changes, tuple(merge.comments))
