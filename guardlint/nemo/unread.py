"""Configuration and Colang files below the root that NeMo does not read, with what stands in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.once import once_each
from guardlint.nemo.walk import WalkedFile, kind_of
from guardlint.source.colang import ColangFile, Flow, parse_colang
from guardlint.source.files import read_text, shown_path
from guardlint.source.place import Place
from guardlint.source.record import record
from guardlint.source.yaml_file import YamlFile, YamlProblem, parse_yaml

__all__ = ["SET_ASIDE", "UnreadFile", "is_set_aside", "unread_files", "unread_flow"]

SET_ASIDE = frozenset(
    "archive archived backup backups bak copy deprecated disabled draft drafts example examples experiment "
    "experimental experiments fixture fixtures legacy old orig sample samples sandbox scratch test tests "
    "testing tmp todo unused wip".split()
)
"""Words in a path that say that the file is not meant to be part of what runs."""

_MAX_BYTES = 1_000_000
# What editors, Windows and other people's habits make of .yml and .co.
_ODD_YAML = (".yml.txt", ".yaml.txt", ".yml.yml.txt")
_ODD_COLANG = (".co.txt", ".colang")
_KEYS = frozenset(
    "bot_messages colang_version import_paths instructions models passthrough prompts rails "
    "sample_conversation user_messages".split()
)


@record
class UnreadFile:
    """One such file: ``why`` it is not read, its outline, and the place of the first thing that is lost."""

    walked: WalkedFile
    why: Literal["document", "ignored", "ending"]
    name: str
    text: str
    place: Place
    data: dict[str, Any] | None = None
    colang: ColangFile | None = None


def is_set_aside(relative: str) -> bool:
    """Whether a word of the path says that the file is a draft, a test, a copy or an old version."""
    words = relative.casefold()
    for sign in "/._- ":
        words = words.replace(sign, "\0")
    return not SET_ASIDE.isdisjoint(words.split("\0")) or relative.startswith(".") or "/." in relative


@once_each
def unread_files(configuration: Configuration) -> Iterator[UnreadFile]:
    """The files that hold keys of NeMo or definitions in Colang, in walk order."""
    for walked in configuration.files:
        found = _unread(walked)
        if found is not None:
            yield found


def unread_flow(configuration: Configuration, name: str) -> tuple[UnreadFile, Flow] | None:
    """The definition of a flow in a file that is not read."""
    for file in unread_files(configuration):
        for flow in file.colang.flows if file.colang else ():
            if flow.name == name:
                return file, flow
    return None


def _unread(walked: WalkedFile) -> UnreadFile | None:
    kind = _kind(walked)
    if kind is None or walked.kind in ("yaml", "colang", "python"):
        return None
    why: Literal["document", "ignored", "ending"] = (
        "document" if walked.kind == "document" else "ignored" if walked.kind == "ignored" else "ending"
    )
    try:
        if walked.path.stat().st_size > _MAX_BYTES:
            return None
        text = read_text(walked.path)
    except (OSError, UnicodeDecodeError):
        return None
    shown = shown_path(walked.path)
    if kind == "colang":
        outline = parse_colang(text, shown)
        first = [flow.place for flow in outline.flows] + [message.place for message in outline.messages]
        first = sorted(first + [item.place for item in outline.imports])
        return UnreadFile(walked, why, shown, text, first[0], colang=outline) if first else None
    try:
        parsed = parse_yaml(text, shown)
    except YamlProblem:
        return None
    place = _first_key(parsed)
    return UnreadFile(walked, why, shown, text, place, data=parsed.data) if place else None


def _kind(walked: WalkedFile) -> Literal["yaml", "colang"] | None:
    name = walked.relative.rpartition("/")[2]
    if walked.kind in ("document", "ignored"):
        # The name alone: the path of a document begins with kb.
        kind = kind_of(f"_/{name}")
        return "yaml" if kind == "yaml" else "colang" if kind == "colang" else None
    folded = name.casefold()
    if folded.endswith((".yml", ".yaml", *_ODD_YAML)):
        return "yaml"
    return "colang" if folded.endswith((".co", *_ODD_COLANG)) else None


def _first_key(file: YamlFile) -> Place | None:
    """The first key of NeMo's that has something in it."""
    if not isinstance(file.data, dict):
        return None
    for key, value in file.data.items():
        if key in _KEYS and value and _is_nemos(key, value):
            return file.place((key,), key=True)
    return None


def _is_nemos(key: str, value: Any) -> bool:
    needed = {"models": "engine", "prompts": "task", "instructions": "content"}.get(key)
    if needed is not None:
        return isinstance(value, list) and any(isinstance(item, dict) and needed in item for item in value)
    return key != "rails" or (isinstance(value, dict) and any(value.values()))
