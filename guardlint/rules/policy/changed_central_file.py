"""A file of the vendored central repository is not the one that the lock pins.

What it does: compares every file below ``.guardlint/central`` with its digest in ``guardlint.lock``.

Why it matters: the company's standard is what was published. A policy that a team changed for itself is no
standard, and ``guardlint gate`` and ``guardlint compile`` take none of it.

How to fix: run ``guardlint update``, which writes the published files again. A change to the standard itself
is made in the central repository.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.rules.rule import Found, Project, Rule
from guardlint.source.files import shown_path

RULE = Rule(severity="error", confidence="high", since="0.1.0")

_SAID = {
    "changed": "is not the file that guardlint.lock pins",
    "missing": "is pinned in guardlint.lock and not there",
    "added": "is not in guardlint.lock: no published version has it",
}


def check(project: Project) -> Iterator[Found]:
    """One finding for each file that was changed, added or taken away."""
    from pathlib import Path

    for item in project.altered:
        yield Found(
            f"`{item.name}` {_SAID[item.how]}",
            item.place._replace(file=shown_path(Path(item.place.file))),
            "the configuration is checked against a standard that the company has not published",
            "run `guardlint update`, which restores the published files",
            value=(item.name, item.how),
            waivable=False,
        )
