"""A knowledge base that NeMo does not index.

What it does: reports documents below ``kb`` that are no ``.md`` files, a ``knowledge_base.folder`` that is
not ``kb``, and folders of documents that do not lie at the root.

Why it matters: NeMo indexes the ``.md`` files whose path begins with ``kb``, and nothing else; the setting
``folder`` is read nowhere. Without documents there is no evidence, so the model answers from memory and
checks of facts have nothing to compare with.

How to fix: write the documents as ``.md`` files in a folder ``kb`` beside ``config.yml``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.walk import WalkedFile
from guardlint.rules.rule import Found, Project, Related, Rule
from guardlint.source.files import shown_path
from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.place import Place

RULE = Rule(severity="error", confidence="high", since="0.1.0")

_DOCUMENTS = (
    ".txt .pdf .rst .html .htm .docx .doc .odt .rtf .csv .tsv .xlsx .pptx .adoc .mdx .markdown .mdown .json "
    ".jsonl .text".split()
)
_FOLDERS = frozenset({"kb", "knowledge_base", "knowledge-base", "knowledgebase", "knowledge"})
# Data that code may read as well as people.
_DATA = (".json", ".jsonl", ".csv", ".tsv", ".xlsx")
_NO_DOCUMENT = lazy_pattern(
    r"(?:readme|licen[cs]e|notice|index|manifest|metadata|sources?|requirements)\b", re.IGNORECASE
)
_RUN_TIME = "NeMo indexes .md files below `kb` only"


def check(project: Project) -> Iterator[Found]:
    """One finding for each cause: the ending, the setting, the place."""
    configuration = project.configuration
    if _has_own_retriever(configuration):
        return
    read = [file for file in configuration.files if file.is_text_of_kb]
    listed = configuration.value(("docs",))
    lost = [file for file in configuration.files if _is_lost_document(file, read)]
    if lost:
        yield _ending(lost, bool(read or listed))
    folder = ("knowledge_base", "folder")
    value = configuration.value(folder)
    if isinstance(value, str) and value.strip().strip("./") != "kb" and not value.strip("/").startswith("kb"):
        yield Found(
            f"`knowledge_base.folder` has no effect: `{value}` is not read",
            configuration.place(folder),
            f"{_RUN_TIME}, and reads this setting nowhere",
            "move the documents to `kb` beside config.yml, and take the setting out",
            path=folder,
            value=value,
            severity="warning" if read or listed else None,
        )
    elif not read and not lost and not listed:
        yield from _misplaced(configuration)


def _ending(lost: list[WalkedFile], some: bool) -> Found:
    """``some``: whether other documents are read."""
    first, *others = lost
    unsure = all(file.relative.casefold().endswith(_DATA) for file in lost)
    name = PurePosixPath(first.relative).name
    return Found(
        f"`{name}` is not in the knowledge base: it is no .md file",
        Place.at(shown_path(first.path)),
        _RUN_TIME + (", and passes over this one" if some else ": the knowledge base is empty"),
        "write the document as Markdown, in a file that ends in `.md`",
        value=[file.relative for file in lost],
        severity="warning" if unsure else None,
        confidence="medium" if unsure or some else None,
        related=tuple(Related(Place.at(shown_path(file.path)), "nor is this") for file in others[:5]),
    )


def _is_lost_document(file: WalkedFile, read: list[WalkedFile]) -> bool:
    """A document by its ending, with no copy in Markdown beside it."""
    if file.kind != "document":
        return False
    path = PurePosixPath(file.relative)
    if path.suffix.casefold() not in (*_DOCUMENTS, ".md") or file.is_text_of_kb:
        return False
    if _NO_DOCUMENT.match(path.name) or path.name.startswith("."):
        return False
    return all(PurePosixPath(other.relative).stem != path.stem for other in read)


def _misplaced(configuration: Configuration) -> Iterator[Found]:
    """Markdown in a folder called after a knowledge base that does not lie where NeMo looks."""
    for file in configuration.files:
        if file.kind != "other" or not file.relative.endswith(".md") or "/" not in file.relative:
            continue
        folders = PurePosixPath(file.relative).parts[:-1]
        if _NO_DOCUMENT.match(file.path.name):
            continue
        named = next((part for part in folders if part.casefold() in _FOLDERS), None)
        if named is None or any(part.startswith(".") for part in folders):
            continue
        below = "/".join(folders[: folders.index(named) + 1])
        sure = named.casefold() == "kb"
        yield Found(
            f"the documents in `{below}` are not read: its path does not begin with `kb`",
            Place.at(shown_path(file.path)),
            f"{_RUN_TIME}: the knowledge base is empty",
            f"move `{below}` to `kb` beside config.yml",
            value=below,
            severity=None if sure else "warning",
            confidence="high" if sure else "medium",
        )
        return


def _has_own_retriever(configuration: Configuration) -> bool:
    """Whether the team's code brings the chunks, or builds its own index of the files."""
    if configuration.action_named("retrieve_relevant_chunks") is not None:
        return True
    code = (configuration.texts.get(file.file, "") for file in configuration.python_files)
    return any(
        "relevant_chunks" in text or ("kb" in text and re.search(r"[\"'/]kb\b", text)) for text in code
    )
