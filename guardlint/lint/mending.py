"""Applies the fixes of findings, each proved before it is kept.

A fix is tried on the texts in memory. It stays only when every YAML file that it touches still parses, its
data differs in the paths that the fix names and nowhere else, all its comments are still there, and the
finding is gone. Nothing is written before all of them have been tried; each file is then written whole.
"""

from __future__ import annotations

import ast
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from guardlint.errors import GuardlintError
from guardlint.lint.check import Target, check_one
from guardlint.lint.finding import Finding
from guardlint.lint.renaming import can_be_renamed, walked_as
from guardlint.lint.target import target_version
from guardlint.nemo.catalogue import load_catalogue
from guardlint.nemo.configuration import Configuration, assemble
from guardlint.nemo.file_reading import FileProblem, text_of_file
from guardlint.nemo.imports import likely_search
from guardlint.nemo.walk import WalkedFile
from guardlint.source.edits import OverlappingEdits, apply_edits
from guardlint.source.files import shown_path, write_atomic
from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.yaml_file import DataPath, YamlProblem, parse_yaml

if TYPE_CHECKING:
    from guardlint.rules.rule import Fix, LoadedRule

__all__ = ["Mended", "mend", "write_mended"]

# More rounds than a configuration has faults would mean that two fixes undo one another.
_MOST_ROUNDS = 500
_COMMENT = lazy_pattern(r"(?:^|(?<=\s))#.*")


@dataclass(slots=True)
class Mended:
    """``applied`` findings are mended, ``refused`` ones have a fix that did not prove right.

    ``before`` and ``after`` hold the text of each file that changes, by its path as findings show it, with
    the line ends that it has on disk. ``renamed`` maps the paths that files have on disk to those that they
    get; their texts stand under the new ones.
    """

    applied: list[Finding] = field(default_factory=list)
    refused: list[Finding] = field(default_factory=list)
    before: dict[str, str] = field(default_factory=dict)
    after: dict[str, str] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)

    def on_disk(self, name: str) -> Path:
        """Where the file that is to be ``name`` lies now."""
        old = next((old for old, new in self.renamed.items() if new == name), name)
        return Path.cwd() / old


def mend(
    targets: Sequence[Target], rules: Sequence[LoadedRule], today: date | None = None, *, unsafe: bool = False
) -> Mended:
    """Try the fixes of every finding of ``targets``; ``unsafe`` ones only where asked for.

    Findings that are waived or suppressed (on the day ``today``) are left alone.
    Configurations that are embedded in other files have no fixes.
    """
    mended = Mended()
    for target in targets:
        if target.embedded is None:
            _mend_one(
                replace(target, version=target.version or target_version(target.root)),
                rules,
                today,
                unsafe,
                mended,
            )
    kept = set(mended.renamed.values())
    mended.before = {
        name: text for name, text in mended.before.items() if mended.after[name] != text or name in kept
    }
    mended.after = {name: mended.after[name] for name in mended.before}
    return mended


def write_mended(mended: Mended) -> None:
    """Write every changed file, aside and then renamed into place, with the permissions that it had.

    Raises GuardlintError for a file that has changed on disk meanwhile or cannot be written.
    """
    for name in mended.after:
        if _raw(mended.on_disk(name)) != mended.before[name]:
            raise GuardlintError("has changed while it was being mended", place=name, help="run it again")
    for old, new in mended.renamed.items():
        if not can_be_renamed(old, new):
            raise GuardlintError("cannot be renamed any more", place=old, help="run it again")
        (Path.cwd() / old).rename(Path.cwd() / new)
    for name, text in mended.after.items():
        path = Path.cwd() / name
        if text == mended.before[name]:
            continue
        # A link stays a link: what it points at is written.
        write_atomic(path.resolve(), text.encode("utf-8"), mode=path.stat().st_mode & 0o7777)


def _mend_one(
    target: Target, rules: Sequence[LoadedRule], today: date | None, unsafe: bool, mended: Mended
) -> None:
    given_up: set[tuple[str, str]] = set()
    findings = _findings(target, rules, today, mended)
    for _ in range(_MOST_ROUNDS):
        chosen = next(
            (
                found
                for found in findings
                if found.fix is not None
                and (found.fix.safe or unsafe)
                and _is_of(found.fix, target.root)
                and found.counts
                and (found.fingerprint, found.fix.title) not in given_up
            ),
            None,
        )
        if chosen is None:
            return
        assert chosen.fix is not None
        trial = _edited(chosen, mended)
        after = None if trial is None else _findings(target, rules, today, trial)
        if trial is None or after is None or not _is_gone(chosen, findings, after):
            given_up.add((chosen.fingerprint, chosen.fix.title))
            mended.refused.append(chosen)
            continue
        mended.before, mended.after, mended.renamed = trial.before, trial.after, trial.renamed
        mended.applied.append(chosen)
        findings = after


def _findings(
    target: Target, rules: Sequence[LoadedRule], today: date | None, mended: Mended
) -> list[Finding]:
    return check_one(_read(target, mended), target, rules, today)[1]


def _read(target: Target, mended: Mended) -> Configuration:
    """The configuration as it would be with what is ``mended`` on disk."""
    texts = mended.after

    def text_of(file: WalkedFile, shown: str, problems: list[FileProblem]) -> str | None:
        if shown in texts:
            return _universal(texts[shown])
        return text_of_file(file, shown, problems)

    catalogue = load_catalogue(target.version)
    search = likely_search(target.root, os.environ.get("COLANGPATH", ""))
    files = walked_as(target.root, mended.renamed)
    return assemble(target.root, shown_path(target.root), catalogue, files, text_of, search.find)


def _is_gone(finding: Finding, before: Sequence[Finding], after: Sequence[Finding]) -> bool:
    """One finding fewer of its identity, and no file that cannot be read where there was none."""
    count = Counter(found.fingerprint for found in before)
    left = Counter(found.fingerprint for found in after)
    broken = Counter(found.rule for found in after)["unreadable-file"]
    return (
        left[finding.fingerprint] < count[finding.fingerprint]
        and broken <= (Counter(found.rule for found in before)["unreadable-file"])
    )


def _edited(finding: Finding, mended: Mended) -> Mended | None:
    """All texts and names with the finding's edits made; None where they do not prove right."""
    fix = finding.fix
    assert fix is not None
    trial = replace(
        mended, before=dict(mended.before), after=dict(mended.after), renamed=dict(mended.renamed)
    )
    texts = trial.after
    for old, new in fix.renames:
        raw = texts.pop(old, None) or _raw(Path.cwd() / old)
        if raw is None or not can_be_renamed(old, new) or new in texts:
            return None
        texts[new] = raw
        trial.before[new] = trial.before.pop(old, raw)
        trial.renamed[old] = new
    for name in dict.fromkeys(edit.place.file for edit in fix.edits):
        if name not in texts:
            raw = _raw(Path.cwd() / name)
            if raw is None:
                return None
            texts[name] = trial.before[name] = raw
        old = texts[name]
        try:
            new = apply_edits(old, [edit for edit in fix.edits if edit.place.file == name])
        except OverlappingEdits:
            return None
        if name.endswith((".yml", ".yaml")):
            if not _only_meant(old, new, name, fix):
                return None
        elif not _keeps_comments(_comments(old), _comments(new), fix) or _breaks(old, new, name):
            return None
        texts[name] = new
    return trial


def _is_of(fix: Fix, root: Path) -> bool:
    """Whether all that it edits lies in the configuration: what is imported, others may read too."""
    files = {edit.place.file for edit in fix.edits} | {name for pair in fix.renames for name in pair}
    return all((Path.cwd() / name).absolute().is_relative_to(root.absolute()) for name in files)


def _breaks(old: str, new: str, name: str) -> bool:
    """Whether Python can read the old text and not the new one."""

    def reads(text: str) -> bool:
        try:
            ast.parse(text.removeprefix("\ufeff"))
        except (SyntaxError, ValueError):
            return False
        return True

    return name.endswith(".py") and reads(old) and not reads(new)


def _comments(text: str) -> list[str]:
    """The comments of a Colang or Python text, and what looks like one in its texts."""
    found = (_COMMENT.search(line) for line in _universal(text).split("\n"))
    return [match[0].rstrip() for match in found if match is not None]


def _keeps_comments(old: list[str], new: list[str], fix: Fix) -> bool:
    return not Counter(old) - Counter(new) - Counter(fix.comments)


def _only_meant(old: str, new: str, name: str, fix: Fix) -> bool:
    """Whether the data differs where the fix says, and every comment is still there."""
    from guardlint.source.yaml_edits import comments_of

    try:
        was, now = parse_yaml(_universal(old), name).data, parse_yaml(_universal(new), name).data
    except YamlProblem:
        return False
    if not _keeps_comments(comments_of(_universal(old)), comments_of(_universal(new)), fix):
        return False
    return _same_but(was, now, fix.changes)


def _same_but(was: Any, now: Any, changes: Sequence[DataPath]) -> bool:
    if () in changes:
        return True
    below: dict[Any, list[DataPath]] = {}
    for path in changes:
        below.setdefault(path[0], []).append(path[1:])
    if not changes or type(was) is not type(now) or not isinstance(was, dict | list):
        return bool(was == now) and type(was) is type(now)
    if isinstance(was, list):
        return len(was) == len(now) and all(
            _same_but(a, b, below.get(index, [])) for index, (a, b) in enumerate(zip(was, now, strict=True))
        )
    missing = object()
    return all(
        _same_but(was.get(key, missing), now.get(key, missing), below.get(key, [])) for key in was | now
    )


def _universal(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _raw(path: Path) -> str | None:
    """The text with its own line ends; None where it cannot be read."""
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
