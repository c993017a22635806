"""The ``rails`` section of one file takes the place of another file's.

What it does: reports a second ``rails:`` in the directory tree of a configuration.

Why it matters: NeMo joins most lists of several files, but ``rails`` it replaces whole: of two sections
the one that is read last stays, and every rail and setting of the other is gone without a word.

How to fix: keep one ``rails:`` section; move the other file out of the tree if it is an old copy or a test.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from guardlint.nemo.joining import Replaced
from guardlint.nemo.walk import railsignore
from guardlint.rules.rule import Found, Project, Related, Rule

RULE = Rule(severity="error", confidence="high", since="0.1.0")


def check(project: Project) -> Iterator[Found]:
    """One finding for each section that is lost, unless the other says all of it too."""
    configuration = project.configuration
    for replaced in configuration.joined.replaced:
        if replaced.key != "rails" or _covers(replaced.kept.data["rails"], replaced.lost.data["rails"]):
            continue
        names = _lost_rails(replaced)
        if names:
            verb = "runs" if len(names) == 1 else "run"
            lost = f"{_listed(names)} never {verb}"
        else:
            lost = "these settings have no effect"
        # Only a folder and the folders below it have an order; NeMo takes the rest as the disk gives it.
        below = PurePosixPath(replaced.lost.file).parent in PurePosixPath(replaced.kept.file).parent.parents
        order = "; which of the two is last is the order of the disk, and differs between machines"
        ignore = "" if railsignore(configuration.root)[0] else ", or list one of the files in .railsignore"
        yield Found(
            f"`rails` has no effect: {_name(replaced.kept.file)} replaces the section",
            replaced.lost.place(("rails",), key=True),
            f"NeMo keeps the last `rails` section only: {lost}{'' if below else order}",
            f"write one `rails:` section in one file{ignore}",
            path=("rails",),
            value=sorted(names),
            related=(Related(replaced.kept.place(("rails",), key=True), "this section takes its place"),),
        )


def _covers(kept: Any, lost: Any) -> bool:
    """Whether everything that one section says stands in the other too."""
    if isinstance(lost, dict):
        return isinstance(kept, dict) and all(
            key in kept and _covers(kept[key], value) for key, value in lost.items()
        )
    if isinstance(lost, list):
        return isinstance(kept, list) and all(item in kept for item in lost)
    return bool(kept == lost)


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
