"""The ``rails`` section of one file takes the place of another file's.

What it does: reports a second ``rails:`` in the directory tree of a configuration.

Why it matters: NeMo joins most lists of several files, but ``rails`` it replaces whole: of two sections
the one that is read last stays, and every rail and setting of the other is gone without a word.

How to fix: keep one ``rails:`` section; move the other file out of the tree if it is an old copy or a test.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.ignore_file import ignore_lines
from guardlint.nemo.joining import Replaced
from guardlint.nemo.walk import railsignore
from guardlint.rules.file_order import order_words
from guardlint.rules.rule import Found, Project, Related, Rule
from guardlint.rules.structure._merging import is_aside, merge_files
from guardlint.rules.unread_view import covers
from guardlint.source.files import shown_path

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="safe")


def check(project: Project) -> Iterator[Found]:
    """One finding for each section that is lost, unless the other says all of it too."""
    configuration = project.configuration
    # A file that .railsignore names in vain: the rule inert-ignore-pattern points at the line to mend.
    meant_away: set[str] = set()
    if any(replaced.key == "rails" for replaced in configuration.joined.replaced):
        inert = [line for line in ignore_lines(configuration) if not line.hides]
        meant_away = {
            shown_path(file.path)
            for file in configuration.files
            if any(line.means(file.relative) for line in inert)
        }
    for replaced in configuration.joined.replaced:
        if replaced.key != "rails" or replaced.kept.file in meant_away:
            continue
        if covers(replaced.kept.data["rails"], replaced.lost.data["rails"]):
            continue
        names = _lost_rails(replaced)
        if names:
            verb = "runs" if len(names) == 1 else "run"
            lost = f"{_listed(names)} never {verb}"
        else:
            lost = "these settings have no effect"
        order = order_words(configuration, replaced.lost.file, replaced.kept.file)
        if is_aside(configuration, replaced.kept):
            yield _intruder(configuration, replaced, names, lost, order)
            continue
        ignore = "" if railsignore(configuration.root)[0] else ", or list one of the files in .railsignore"
        yield Found(
            f"`rails` has no effect: {_name(replaced.kept.file)} replaces the section",
            replaced.lost.place(("rails",), key=True),
            f"NeMo keeps the last `rails` section only: {lost}{order}",
            f"write one `rails:` section in one file{ignore}",
            path=("rails",),
            value=sorted(names),
            related=(Related(replaced.kept.place(("rails",), key=True), "this section takes its place"),),
            fix=merge_files(configuration, replaced.lost, replaced.kept, "rails"),
        )


def _intruder(
    configuration: Configuration, replaced: Replaced, names: list[str], lost: str, order: str
) -> Found:
    """An old copy, a draft or a test takes the place of what is meant: the file that is to go is that one."""
    name = _name(replaced.kept.file)
    same = any(_name(file.file) == name for file in configuration.yaml_files if file is not replaced.kept)
    ignore = "" if same else f", or write `{name}` in .railsignore"
    return Found(
        f"NeMo reads this file too: its `rails` replaces that of {_name(replaced.lost.file)}",
        replaced.kept.place(("rails",), key=True),
        f"NeMo keeps the last `rails` section only: {lost}{order}",
        f"move the file out of the configuration's directory{ignore}",
        path=("rails",),
        value=sorted(names),
        related=(Related(replaced.lost.place(("rails",), key=True), "this section has no effect"),),
        fix=merge_files(configuration, replaced.lost, replaced.kept, "rails"),
    )


def _lost_rails(replaced: Replaced) -> list[str]:
    kept = {name for names in _flows(replaced.kept.data["rails"]).values() for name in names}
    lost = [name for names in _flows(replaced.lost.data["rails"]).values() for name in names]
    return [name for name in dict.fromkeys(lost) if name not in kept]


def _flows(rails: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for direction, section in rails.items() if isinstance(rails, dict) else ():
        flows = section.get("flows") if isinstance(section, dict) else None
        if isinstance(flows, list):
            found[str(direction)] = [flow for flow in flows if isinstance(flow, str)]
    return found


def _listed(names: list[str]) -> str:
    quoted = [f"`{name}`" for name in names]
    return quoted[0] if len(quoted) == 1 else ", ".join(quoted[:-1]) + f" and {quoted[-1]}"


def _name(file: str) -> str:
    return file.rpartition("/")[2]
