"""A setting or section of one file takes the place of another file's.

What it does: reports settings other than ``rails`` that stand in several files with different contents:
``colang_version``, ``passthrough``, ``tracing``, ``knowledge_base``, ``core``, ``custom_data`` and the like.

Why it matters: NeMo joins models, prompts and instructions of several files. Of everything else it keeps
what it reads last, whole: nothing is merged, and nothing is said.

How to fix: write each setting in one file.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.rules.file_order import order_words
from guardlint.rules.rule import Found, Project, Related, Rule, Severity
from guardlint.rules.structure._merging import intruders, merge_files
from guardlint.rules.unread_view import covers

RULE = Rule(severity="warning", confidence="high", since="0.1.0", fix="safe")

# Without them a file is skipped, or refusals become exceptions that nobody catches.
_GRAVE = frozenset({"colang_version", "passthrough"})
# Words for people, or for logs.
_LIGHT = frozenset({"event_source_uid", "metrics", "sample_conversation", "streaming"})


def check(project: Project) -> Iterator[Found]:
    """One finding for each section of which something is lost."""
    told = intruders(project.configuration)
    for replaced in project.configuration.joined.replaced:
        key = replaced.key
        if replaced.kept.file in told:
            continue
        if key == "rails" or key in _LIGHT:
            continue
        lost, kept = replaced.lost.data[key], replaced.kept.data[key]
        if not lost and not isinstance(lost, bool):
            continue
        if isinstance(kept, dict) != isinstance(lost, dict) and kept is None:
            continue  # NeMo stops at an empty section, and that is said already
        if covers(kept, lost):
            continue
        order = order_words(project.configuration, replaced.lost.file, replaced.kept.file)
        severity: Severity | None = "error" if key in _GRAVE else None
        yield Found(
            f"`{key}` has no effect: {_name(replaced.kept.file)} replaces it",
            replaced.lost.place((key,), key=True),
            f"NeMo keeps the last `{key}` only, and merges nothing{order}",
            f"write `{key}` in one file",
            path=(key,),
            value=key,
            related=(Related(replaced.kept.place((key,), key=True), "this takes its place"),),
            severity=severity,
            fix=merge_files(project.configuration, replaced.lost, replaced.kept, key),
        )


def _name(file: str) -> str:
    return file.rpartition("/")[2]
