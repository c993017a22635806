"""A rail that rewrites the text runs in parallel with rails that must read what it writes.

What it does: looks for rails that rewrite in a direction with ``parallel: true``, beside rails that ask a
model or send the text on, or that rewrite it as well.

Why it matters: all parallel rails begin with the original text. The judge reads the card number that the
mask takes out; of two rewrites one is lost.

How to fix: run the direction in order (``parallel: false``), the mask first.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.references import RailReference
from guardlint.rules._mends import reorder, replace_value
from guardlint.rules.rule import Fix, Found, Project, Related, Rule
from guardlint.source.yaml_file import DataPath

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="unsafe", controls=("LLM02:2025",))

_VARIABLES = {"input": "user_message", "output": "bot_message"}
_SENT = {"input": "user_text", "output": "bot_text"}


def check(project: Project) -> Iterator[Found]:
    """One finding for each direction."""
    configuration = project.configuration
    for direction in ("input", "output"):
        path = ("rails", direction, "parallel")
        if configuration.value(path) is not True:
            continue
        rails = [rail for rail in configuration.rails(direction) if configuration.flow_exists(rail.flow)]
        rewriting = [rail for rail in rails if _rewrites(configuration, rail)]
        reading = [rail for rail in rails if rail not in rewriting and _passes_on(configuration, rail)]
        if not rewriting or not (reading or len(rewriting) > 1):
            continue
        first = rewriting[0]
        if len(rewriting) > 1:
            fact = f"`{first.flow}` and `{rewriting[1].flow}` rewrite the same text in parallel"
            what = "both begin with the original text, and what one of them changed is lost"
        else:
            fact = f"`{reading[0].flow}` runs in parallel with `{first.flow}`, which rewrites the text"
            what = f"`{reading[0].flow}` reads the original text, before `{first.flow}` has changed it"
        yield Found(
            fact,
            configuration.place(path),
            what,
            f"write `parallel: false`, and list `{first.flow}` first",
            path=path,
            value=[rail.text for rail in (*rewriting, *reading)],
            related=tuple(Related(rail.place, "rewrites the text") for rail in rewriting)
            + tuple(Related(rail.place, "reads the original") for rail in reading),
            fix=_in_order(configuration, direction, rewriting),
        )


def _in_order(configuration: Configuration, direction: str, rewriting: list[RailReference]) -> Fix | None:
    """One after the other, those that rewrite first."""
    off = replace_value(configuration, ("rails", direction, "parallel"), False, safe=False)
    rails = configuration.rails(direction)
    path: DataPath = ("rails", direction, "flows")
    first = [int(str(rail.path[-1])) for rail in rewriting]
    order = [*first, *(index for index in range(len(configuration.value(path))) if index not in first)]
    if off is None or len(rails) != len(order) or order == sorted(order):
        return off if len(rails) == len(order) else None
    moved = reorder(configuration, path, order, "")
    if moved is None:
        return None
    title = f"run the {direction} rails in order, `{rewriting[0].flow}` first"
    return Fix(title, (*off.edits, *moved.edits), safe=False, changes=(*off.changes, *moved.changes))


def _rewrites(configuration: Configuration, rail: RailReference) -> bool:
    own = configuration.flows.get(rail.flow)
    if own is not None:
        return any(statement.target == _VARIABLES[rail.direction] for statement in own.statements)
    return (
        rail.surface is not None and rail.surface["transform"] == _VARIABLES[rail.direction] and _masks(rail)
    )


def _masks(rail: RailReference) -> bool:
    """Rails whose work is to rewrite; others may, when a service of theirs says so."""
    return rail.surface is not None and "mask" in rail.flow.split()


def _passes_on(configuration: Configuration, rail: RailReference) -> bool:
    """Whether the rail shows the text to a model or a service."""
    own = configuration.flows.get(rail.flow)
    if own is None:
        return rail.surface is not None and (
            bool(rail.surface["remote_services"] or rail.surface["prompt_required"])
            and bool(rail.surface["sends"][_SENT[rail.direction]])
        )
    asking = {task["action"] for task in configuration.catalogue.data["tasks"].values()}
    return any(call.name in asking and call.kind == "execute" for call in own.calls())
