"""An instruction that the model never gets.

What it does: reports entries of ``instructions`` whose ``type`` is not ``general``, and every ``general`` one
but the first.

Why it matters: NeMo puts the text of the first ``general`` instruction into its prompts and stops there
(``taskmanager._get_general_instructions``). Rules of conduct in any other entry reach no model.

How to fix: write all of it in one entry of type ``general``.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.rules._mends import replace_value
from guardlint.rules.rule import Found, Project, Related, Rule
from guardlint.rules.structure._merging import intruders

RULE = Rule(severity="warning", confidence="high", since="0.1.0", fix="unsafe")


def check(project: Project) -> Iterator[Found]:
    """One finding for each entry, at its type."""
    configuration = project.configuration
    listed = configuration.value(("instructions",), [])
    entries = listed if isinstance(listed, list) else []
    used = next((i for i, entry in enumerate(entries) if _type(entry) == "general"), None)
    # An old copy that is read by accident is to go as a whole, which replaced-rails says.
    aside = intruders(configuration)
    for index, entry in enumerate(entries):
        kind = _type(entry)
        if kind is None or index == used or not entry.get("content"):
            continue
        path = ("instructions", index, "type")
        if aside and configuration.place(path).file in aside:
            continue
        first = configuration.place(("instructions", used, "type")) if used is not None else None
        if kind == "general":
            if entry.get("content") == entries[used or 0].get("content"):
                continue
            message, mend = "this instruction is a second one", "put its text into the first"
        else:
            message = f"`{kind}` is no type of instruction that NeMo reads"
            mend = "write `type: general`" if first is None else "put its text into the one of type `general`"
        yield Found(
            message,
            configuration.place(path),
            "NeMo gives the first instruction of type `general` to the model, and this text to none",
            mend,
            path=path,
            value=str(entry["content"]),
            related=(Related(first, "this one is used"),) if first is not None else (),
            fix=replace_value(configuration, path, "general", safe=False) if first is None else None,
        )


def _type(entry: object) -> str | None:
    kind = entry.get("type") if isinstance(entry, dict) else None
    return kind if isinstance(kind, str) else None
