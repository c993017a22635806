"""Reading the files of a configuration, and those that it imports, in the order in which NeMo joins them.

All YAML of the directory comes first, then what ``import_paths`` name; the Colang files are parsed after
that, and what one of them imports is read before the next is parsed. YAML of an import is joined after the
configuration's own and takes its place where sections are replaced (``rails/llm/config.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from guardlint.nemo.catalogue import Catalogue
from guardlint.nemo.file_reading import FileProblem, ReadFile, TextOf, read_file, text_of_file
from guardlint.nemo.imports import Imported, foreign_imports, written_path
from guardlint.nemo.joining import Joined
from guardlint.nemo.walk import WalkedFile, walk
from guardlint.source.colang import ColangFile
from guardlint.source.python import PythonFile
from guardlint.source.yaml_file import YamlFile

__all__ = ["Find", "Gathered", "TextOf", "gather"]

Find = Callable[[str], Path | None]


@dataclass(slots=True)
class Gathered:
    """What was read. ``imported`` are the imports of other places, in the order in which NeMo takes them,
    ``library`` those of NeMo's own modules.
    """

    catalogue: Catalogue
    joined: Joined
    files: list[WalkedFile] = field(default_factory=list)
    yaml_files: list[YamlFile] = field(default_factory=list)
    colang_files: list[ColangFile] = field(default_factory=list)
    python_files: list[PythonFile] = field(default_factory=list)
    problems: list[FileProblem] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    imported: list[Imported] = field(default_factory=list)
    library: set[str] = field(default_factory=set)

    def read(
        self, files: tuple[WalkedFile, ...], text_of: TextOf, ahead: Mapping[str, ReadFile] | None = None
    ) -> None:
        """Read and join files in their order; what cannot be read becomes a problem.

        ``ahead``: by the path, files that have been read.
        """
        self.files += files
        for file in files:
            if file.kind != "yaml" and file.ignored_by is None:
                self.joined.next_file()
            if file.kind not in ("yaml", "colang", "python") and not file.is_text_of_kb:
                continue
            shown = file.shown
            known = ahead.get(file.name) if ahead is not None else None
            text, parsed, problems = known or read_file(file, shown, text_of)
            self.problems += problems
            if text is None or file.kind == "document":
                continue
            self.texts[shown] = text
            if isinstance(parsed, YamlFile):
                self.yaml_files.append(parsed)
                self.joined.add(parsed)
            elif isinstance(parsed, ColangFile):
                self.colang_files.append(parsed)
            elif parsed is not None:
                self.python_files.append(parsed)

    def follow(self, find: Find) -> None:
        """Read what is imported, and what that imports."""
        names: list[str] = []
        self._load(names, find)
        version = str(self.joined.raw.get("colang_version", "1.0"))
        at = 0
        while version == "2.x" and at < len(self.colang_files):
            file = self.colang_files[at]
            at += 1
            if file.version == version:
                names += [name for name in map(written_path, file.imports) if name not in names]
                self._load(names, find)

    def _load(self, names: list[str], find: Find) -> None:
        """Read the imports that are not read yet; the YAML of one may name more."""
        modules = self.catalogue.data["modules"]
        done = {item.name for item in self.imported} | self.library
        at = 0
        while True:
            listed = self.joined.raw.get("import_paths")
            for name in listed if isinstance(listed, list) else ():
                if isinstance(name, str) and name not in names:
                    names.append(name)
            if at >= len(names):
                return
            name = names[at]
            at += 1
            if name in done:
                continue
            done.add(name)
            if name and not foreign_imports((name,), modules):
                self.joined.next_file()
                self.library.add(name)
                continue
            found = find(name) if name else None
            self.imported.append(Imported(name, found))
            self._read_import(found, len(self.imported))

    def _read_import(self, path: Path | None, source: int) -> None:
        """The files of an import are joined with one another first, then with all before."""
        outer, self.joined = self.joined, Joined(self.catalogue.data["joining"])
        if path is not None:
            self.read(_files_of(path, source), text_of_file)
        outer.join(self.joined)
        self.joined = outer


def _files_of(path: Path, source: int) -> tuple[WalkedFile, ...]:
    """A folder's files; of a lone file NeMo reads Colang only."""
    if path.is_dir():
        return walk(path, source=source)
    return (
        WalkedFile(str(path), path.name, "colang" if path.name.endswith(".co") else "other", None, source),
    )


def gather(
    catalogue: Catalogue,
    files: tuple[WalkedFile, ...],
    text_of: TextOf,
    find: Find | None,
    ahead: Mapping[str, ReadFile] | None = None,
) -> Gathered:
    """Read ``files``, but for those read ``ahead``, and, where ``find`` is given, what they import."""
    found = Gathered(catalogue, Joined(catalogue.data["joining"]))
    found.read(files, text_of, ahead)
    if find is not None:
        found.follow(find)
    raw = found.joined.raw
    unread = find is None and raw.get("import_paths")
    if found.colang_files or found.library or unread or _writes_flows(found.joined):
        found.joined.next_file()  # Colang is joined after all others, the library's as well
    if raw.get("colang_version") == "2.x" and not raw.get("sample_conversation"):
        found.joined.forget("sample_conversation")  # NeMo puts its own in the place of anything empty
    found.problems = list(dict.fromkeys(found.problems))
    return found


def _writes_flows(joined: Joined) -> bool:
    """Whether NeMo writes Colang 2.x of its own, for rails that stand in the YAML."""
    rails = joined.raw.get("rails")
    sections = [rails.get(way) for way in ("input", "output")] if isinstance(rails, dict) else []
    listed = any(isinstance(section, dict) and section.get("flows") for section in sections)
    return joined.raw.get("colang_version") == "2.x" and listed
