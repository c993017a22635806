"""A line of ``.railsignore`` with a folder in it hides nothing.

What it does: reports patterns such as ``archive/``, ``tests/*.yml`` or ``draft.co # old`` that no file name
can fit, while files lie there that they were written for and that NeMo reads.

Why it matters: NeMo compares each line with bare file names. A line with a ``/`` or a remark in it fits none,
so the old copy, the draft or the test is part of what runs.

How to fix: write the names of the files, or move them out of the configuration's directory.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.ignore_file import ignore_lines
from guardlint.nemo.walk import WalkedFile
from guardlint.rules.rule import Found, Project, Related, Rule
from guardlint.source.files import shown_path
from guardlint.source.place import Place

RULE = Rule(severity="warning", confidence="high", since="0.1.0")


def check(project: Project) -> Iterator[Found]:
    """One finding for each line; an error where the file takes the place of another one's rails."""
    configuration = project.configuration
    winners = {item.kept.file for item in configuration.joined.replaced if item.key == "rails"}
    for line in ignore_lines(configuration):
        if line.hides:
            continue
        read = [
            item
            for item in configuration.files
            if (item.kind in ("yaml", "colang") or item.is_text_of_kb) and line.means(item.relative)
        ]
        if not read:
            continue
        wins = any(shown_path(item.path) in winners for item in read)
        names = list(dict.fromkeys(PurePosixPath(item.relative).name for item in read))
        listed = ", ".join(f"`{name}`" for name in names[:4])
        lost = ", and its `rails` section takes the place of the other" if wins else ""
        yield Found(
            f"`{line.pattern}` hides nothing: patterns are compared with file names",
            line.place,
            f"NeMo reads `{read[0].relative}` as part of the configuration{lost}",
            f"write {listed}, or move the files out of the directory"
            if not _also_elsewhere(project.configuration, names, read)
            else "move the files out of the directory: others have the same name",
            value=line.pattern,
            related=tuple(Related(Place.at(shown_path(item.path)), "NeMo reads this") for item in read[:5]),
            severity="error" if wins else None,
        )


def _also_elsewhere(configuration: Configuration, names: list[str], read: list[WalkedFile]) -> bool:
    """Whether the bare names would hide files that are to be read."""
    return any(
        PurePosixPath(item.relative).name in names and item not in read for item in configuration.files
    )
