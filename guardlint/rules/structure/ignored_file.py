"""A line of ``.railsignore`` hides more than was meant.

What it does: reports patterns that hide Colang or configuration files that the rest of the configuration
relies on, or that stand beside the draft or copy for which the pattern was written.

Why it matters: NeMo compares a pattern with the bare name of every file in every folder. ``r*.yml`` hides
``rails.yml``; ``config.yml``, meant for a copy in ``old``, hides the one at the root as well. What is hidden
does not exist, and nothing says so.

How to fix: write the name of the one file, or move what is not to be read out of the tree.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.ignore_file import IgnoreLine, ignore_lines
from guardlint.nemo.loading import refusals
from guardlint.nemo.unread import UnreadFile, is_set_aside, unread_files
from guardlint.rules.rule import Found, Project, Related, Rule
from guardlint.rules.unread_view import is_said_elsewhere, missed_rails, note_text

RULE = Rule(severity="error", confidence="medium", since="0.1.0")


def check(project: Project) -> Iterator[Found]:
    """One finding for each pattern."""
    configuration = project.configuration
    if not any(file.kind == "ignored" for file in configuration.files):
        return
    unread = {file.walked.relative: file for file in unread_files(configuration) if file.why == "ignored"}
    for line in ignore_lines(configuration):
        hidden = [unread[item.relative] for item in line.hides if item.relative in unread]
        lost = [
            file
            for file in hidden
            if not is_set_aside(file.walked.relative) and not is_said_elsewhere(configuration, file)
        ]
        lost = [file for file in lost if _is_relied_on(configuration, line, file) or _is_too_wide(line)]
        if not lost or (line.has_wildcard and is_set_aside(line.pattern.replace("*", "_"))):
            continue
        for file in lost:
            note_text(configuration, file)
        names = ", ".join(f"`{file.walked.relative}`" for file in lost)
        flows = [flow for file in lost if file.colang for flow in file.colang.flows]
        refused, listed = missed_rails(configuration, flows, lost)
        yield Found(
            f"`{line.pattern}` hides {names}",
            line.place,
            "NeMo compares the pattern with the bare name of every file, and reads nothing of what it hides"
            + refused,
            _help(line),
            value=line.pattern,
            related=(*(Related(file.place, "this is not read") for file in lost), *listed),
        )


def _is_too_wide(line: IgnoreLine) -> bool:
    """The pattern fits something that was set aside and something that was not, or nearly everything."""
    others = [item for item in line.hides if is_set_aside(item.relative)]
    if not line.has_wildcard:
        return bool(others)
    letters = sum(sign.isalnum() for sign in PurePosixPath(line.pattern).stem)
    return bool(others) or letters <= 2 or line.pattern in ("*.yml", "*.yaml", "*.co", "*")


def _is_relied_on(configuration: Configuration, line: IgnoreLine, file: UnreadFile) -> bool:
    """Whether what is read names what this file defines, or has no rails of a direction that it lists."""
    if file.data is not None:
        if _holds_prompts(configuration, file):
            return True
        return _has_rails_of_its_own(configuration, line, file.data.get("rails"))
    outline = file.colang
    if outline is None:
        return False
    defined = {flow.name for flow in outline.flows if flow.name} - set(configuration.flows)
    if missed_rails(configuration, outline.flows)[0]:
        return True
    said = {item.name for item in outline.messages if item.kind == "bot"} - set(configuration.messages)
    asked = {item.name for item in outline.messages if item.kind == "user"} - set(configuration.user_messages)
    for flow in configuration.flows.values():
        for statement in flow.statements:
            if statement.kind == "bot" and statement.expression in said:
                return True
            if statement.kind == "user" and statement.expression in asked:
                return True
            if statement.call is not None and statement.call.name in defined:
                return True
    return False


def _holds_prompts(configuration: Configuration, file: UnreadFile) -> bool:
    """Whether a rail needs a prompt of the file's, and NeMo does not load the configuration without it."""
    listed = file.data.get("prompts") if file.data is not None else None
    tasks = [f"`{item.get('task')}`" for item in listed or () if isinstance(item, dict)]
    return any(
        refusal.topic == "key" and any(task in refusal.message for task in tasks)
        for refusal in (refusals(configuration) if tasks else ())
    )


def _has_rails_of_its_own(configuration: Configuration, line: IgnoreLine, rails: Any) -> bool:
    """Rails of a direction that has none; a file that is named in full was chosen, unless nothing is left."""
    if not isinstance(rails, dict) or (not line.has_wildcard and configuration.value(("rails",))):
        return False
    return any(
        isinstance(section, dict) and section.get("flows") and not configuration.rails(str(direction))
        for direction, section in rails.items()
    )


def _help(line: IgnoreLine) -> str:
    meant = [item for item in line.hides if is_set_aside(item.relative)]
    if meant and not line.has_wildcard:
        return f"rename `{meant[0].relative}`, or move it out of the tree, and take `{line.pattern}` out"
    if meant:
        names = " and ".join(f"`{PurePosixPath(item.relative).name}`" for item in meant[:3])
        return f"write {names} in place of `{line.pattern}`"
    return f"write the names of the files that are not to be read in place of `{line.pattern}`"
