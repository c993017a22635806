"""A file of the configuration has an ending that NeMo does not read.

What it does: reports files such as ``rails.CO``, ``config.YML``, ``cards.colang`` or ``prompts.yml.txt`` that
hold keys of NeMo or definitions in Colang, and nothing that NeMo reads elsewhere.

Why it matters: NeMo reads ``.yml``, ``.yaml`` and ``.co``, in small letters. It passes over every other file
without a word, and the rails in it do not exist.

How to fix: rename the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.unread import is_set_aside, unread_files
from guardlint.rules.rule import Fix, Found, Project, Rule
from guardlint.rules.unread_view import is_said_elsewhere, missed_rails, note_text

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="unsafe")


def check(project: Project) -> Iterator[Found]:
    """One finding for each file, at the first thing that is lost."""
    configuration = project.configuration
    for file in unread_files(configuration):
        if file.why != "ending" or is_set_aside(file.walked.relative):
            continue
        if is_said_elsewhere(configuration, file):
            continue
        name = PurePosixPath(file.walked.relative).name
        stem, _, rest = name.partition(".")
        ending = ".co" if file.colang is not None else ".yml" if "yml" in rest.casefold() else ".yaml"
        note_text(configuration, file)
        refused, related = missed_rails(configuration, file.colang.flows if file.colang else (), [file])
        yield Found(
            f"`{name}` is not read: its ending is not `{ending}`",
            file.place,
            f"NeMo passes over the file without a word, and nothing in it has an effect{refused}",
            f"rename it to `{stem}{ending}`",
            value=file.walked.relative,
            related=related,
            fix=_renamed(configuration, file.place.file, f"{stem}{ending}"),
        )


def _renamed(configuration: Configuration, name: str, new: str) -> Fix | None:
    """The file under the name that NeMo reads, where nothing has that name yet."""
    folder, slash, _ = name.rpartition("/")
    goal = f"{folder}{slash}{new}"
    if any(file.shown == goal for file in configuration.files):
        return None
    return Fix(f"rename `{name.rpartition('/')[2]}` to `{new}`", (), safe=False, renames=((name, goal),))
