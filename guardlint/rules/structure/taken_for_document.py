"""A configuration or Colang file whose path begins with ``kb`` is a document to NeMo.

What it does: reports ``kb-guardrails.yml``, ``kb_topics/cards.co`` and their like: files with keys of NeMo or
definitions in Colang, in a path that begins with the letters ``kb``.

Why it matters: NeMo tells the knowledge base from the rest by these two letters, not by the folder ``kb``.
What begins with them is documents, of which only ``.md`` files are used; rails in it do not exist.

How to fix: rename the file or the folder.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.nemo.unread import UnreadFile, unread_files
from guardlint.rules.rule import Found, Project, Related, Rule
from guardlint.rules.unread_view import is_said_elsewhere, missed_rails, note_text

RULE = Rule(severity="error", confidence="high", since="0.1.0")


def check(project: Project) -> Iterator[Found]:
    """One finding for each name that begins with ``kb``: a file of the root, or a folder with all in it."""
    configuration = project.configuration
    by_name: dict[str, list[UnreadFile]] = {}
    for file in unread_files(configuration):
        top, _, below = file.walked.relative.partition("/")
        # Data may lie in kb itself; Colang never does.
        if file.why != "document" or (top == "kb" and below and file.colang is None):
            continue
        if not is_said_elsewhere(configuration, file):
            by_name.setdefault(top, []).append(file)
    for top, files in by_name.items():
        first, *others = files
        is_folder = "/" in first.walked.relative
        for file in files:
            note_text(configuration, file)
        flows = [flow for file in files if file.colang for flow in file.colang.flows]
        refused, listed = missed_rails(configuration, flows, files)
        mend = f"rename the folder `{top}`" if is_folder else f"rename `{top}`"
        if top == "kb":
            mend = "move the file out of `kb`"
        yield Found(
            f"`{first.walked.relative}` is not read: its path begins with `kb`",
            first.place,
            f"NeMo takes it for a document of the knowledge base, and nothing in it has an effect{refused}",
            mend if top == "kb" else f"{mend}, so that it does not begin with `kb`",
            value=top,
            related=(*(Related(file.place, "lost for the same reason") for file in others), *listed),
        )
