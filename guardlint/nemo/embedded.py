"""Configurations that are no directory: in Python calls, in Kubernetes ConfigMaps, in one lone YAML file.

Each is read as texts of its own, under names that begin with the configuration's (``app.py:12/config.yml``),
and what is found in them is shown where it was written. What NeMo 0.24 makes of them
(``rails/llm/config.py``):

- ``from_content`` joins the dictionary, then the YAML text; the Colang text is ``main.co``. Without a path
  there is no ``actions.py``, ``config.py`` or ``kb``; actions come from the application's own code.
- ``from_path`` with a YAML file reads this file and nothing else: no Colang file beside it, no
  ``import_paths``, no joining and so no default for ``models``.
- The keys of a ConfigMap are mounted as the files of one directory.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from guardlint.nemo.discover import is_configuration
from guardlint.source.colang import is_version_2
from guardlint.source.files import read_bytes, read_text, shown_path
from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.place import Place
from guardlint.source.python import ActionDefinition, parse_python
from guardlint.source.record import record
from guardlint.source.yaml_file import YamlProblem, parse_yaml

if TYPE_CHECKING:
    from guardlint.nemo.python_calls import PythonCall
    from guardlint.source.mapped_text import MappedText, Origin

__all__ = [
    "SUFFIXES",
    "EmbeddedConfiguration",
    "Part",
    "embedded_in",
    "find_embedded",
    "is_test_file",
    "may_embed",
]

MAX_BYTES = 2_000_000
"""Larger files are generated ones; they are passed over."""

SUFFIXES = (".py", ".yml", ".yaml")
"""Of the files that can hold a configuration."""

_CONFIG_MAP = lazy_pattern(rb"kind[\"']?[ \t]*:[ \t]*[\"']?ConfigMap\b")
_NAMES = {"config": "config-dict.yml", "yaml_content": "config.yml", "colang_content": "main.co"}


@record
class Part:
    """One text of a configuration, and the file that it was taken from."""

    text: MappedText
    origin: Origin


@record
class EmbeddedConfiguration:
    """``name`` is the file and line as reports show it; ``identity`` survives edits above that line.

    ``parts`` are in the order in which NeMo joins them, by relative name. ``unknown`` says why nothing
    can be said of a configuration, which then has no parts. ``host`` is the file that it stands in,
    ``actions`` are those that this file, if it is Python, defines or registers.
    """

    name: str
    identity: str
    kind: Literal["from_content", "from_path", "config_map"]
    path: Path
    place: Place
    host: Origin
    parts: dict[str, Part]
    unknown: str = ""
    actions: tuple[ActionDefinition, ...] = ()

    @property
    def files(self) -> dict[str, str]:
        """The texts by relative name."""
        return {name: part.text.text for name, part in self.parts.items()}

    @property
    def sources(self) -> dict[str, str]:
        """The texts of the real files, by shown path."""
        origins = [self.host, *(part.origin for part in self.parts.values())]
        return {origin.file: origin.text for origin in origins}

    def virtual(self, relative: str) -> str:
        """The name under which a text is read."""
        return f"{self.name}/{relative}"

    def place_of(self, relative: str, place: Place) -> Place:
        """Where that which stands at ``place`` of a text was written."""
        part = self.parts[relative]
        return part.origin.place_of(part.text, place)

    def true_place(self, place: Place) -> Place:
        """The same for a place of any file: a text's, the configuration's own, or a real one already."""
        if place.file == self.name:
            return self.place
        relative = place.file.removeprefix(f"{self.name}/")
        return self.place_of(relative, place) if relative in self.parts else place


def is_test_file(relative: Path | str) -> bool:
    """Whether a file belongs to tests, whose configurations are often partial or wrong on purpose."""
    *above, name = str(relative).replace(os.sep, "/").split("/")
    return (
        any(part in ("test", "tests", "testing", "__tests__") for part in above)
        or name == "conftest.py"
        or (name.endswith(".py") and (name.startswith("test_") or name.endswith("_test.py")))
    )


def may_embed(path: Path | str) -> bool:
    """Whether a file has what every file with a configuration in it has; costs one read."""
    name = str(path)
    if not name.endswith(SUFFIXES):
        return False
    try:
        data = read_bytes(name, MAX_BYTES)
    except (OSError, ValueError):
        return False
    if name.endswith(".py"):
        return b"RailsConfig" in data and b"nemoguardrails" in data
    return b"ConfigMap" in data and _CONFIG_MAP.search(data) is not None


def find_embedded(path: Path) -> list[EmbeddedConfiguration]:
    """The configurations in one file, in the order of their places; none where it cannot be read."""
    if not may_embed(path):
        return []
    try:
        text = read_text(path)
    except (OSError, UnicodeDecodeError):
        return []
    from guardlint.source.mapped_text import Origin

    origin = Origin(shown_path(path), text)
    if path.suffix == ".py":
        return list(_in_python(path, origin))
    return list(_in_config_maps(path, origin))


def embedded_in(names: Iterable[str], start: Path) -> list[EmbeddedConfiguration]:
    """The configurations in the files of these names, all below ``start``, but for those of tests."""
    top = 0 if str(start) == "." else len(os.path.join(start, ""))  # noqa: PTH118
    return [
        found
        for name in names
        if not is_test_file(name[top:]) and may_embed(name)
        for found in find_embedded(Path(name))
    ]


def _in_python(path: Path, origin: Origin) -> Iterator[EmbeddedConfiguration]:
    from guardlint.nemo.python_calls import calls_in
    from guardlint.source.mapped_text import MappedText, dedented

    calls = calls_in(origin, path)
    seen: set[Path] = set()
    actions = parse_python(origin.text, origin.file).actions if calls else ()
    for call in calls:
        # The dictionary is joined first, whatever the order of the arguments.
        texts = {name: call.texts[name] for name in _NAMES if name in call.texts}
        if "colang_content" in texts and is_version_2(texts["colang_content"].text):
            # Colang 2.x allows a text that is indented as a whole, which no file is.
            texts["colang_content"] = dedented(texts["colang_content"])
        parts = {_NAMES[name]: Part(text, origin) for name, text in texts.items()}
        if call.kind == "from_path":
            named = _named_file(call, path)
            if named is None or named[0] in seen:
                continue
            file, text = named
            seen.add(file)
            parts = {file.name: Part(MappedText.whole(text.text), text)}
        yield EmbeddedConfiguration(
            f"{origin.file}:{call.place.line}",
            f"{origin.file}::{call.name}",
            call.kind,
            path,
            call.place,
            origin,
            parts,
            call.unknown,
            actions,
        )


def _named_file(call: PythonCall, path: Path) -> tuple[Path, Origin] | None:
    """The YAML file that ``from_path`` names, as an absolute path or from a folder above the Python file.

    Which folder the application runs in is not known; a name that fits in two of them is left alone.
    """
    from guardlint.source.mapped_text import Origin

    top = path.absolute().parent
    folders = [top]
    while not (top / ".git").exists() and top != top.parent:
        top = top.parent
        folders.append(top)
    fitting = {(folder / call.path).resolve() for folder in folders if (folder / call.path).is_file()}
    if len(fitting) != 1:
        return None
    file = fitting.pop()
    try:
        return file, Origin(shown_path(file), read_text(file))
    except (OSError, UnicodeDecodeError):
        return None


def _in_config_maps(path: Path, origin: Origin) -> Iterator[EmbeddedConfiguration]:
    from guardlint.nemo.config_maps import config_maps_in

    for found in config_maps_in(origin):
        parts = {name: Part(text, origin) for name, text in sorted(found.texts.items())}
        if any(
            name.endswith((".yml", ".yaml")) and _is_configuration(part.text.text)
            for name, part in parts.items()
        ):
            yield EmbeddedConfiguration(
                f"{origin.file}:{found.place.line}",
                f"{origin.file}::{found.name}",
                "config_map",
                path,
                found.place,
                origin,
                parts,
            )


def _is_configuration(text: str) -> bool:
    try:
        data = parse_yaml(text, "").data
    except YamlProblem:
        return False
    return isinstance(data, dict) and is_configuration(data)
