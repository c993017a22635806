"""A flow is defined in several files.

What it does: reports Colang 1.0 flows of one name that stand in several files with different contents.

Why it matters: NeMo runs one of them, that of the deepest folder, or of the file that the disk gives last.
The others never run, and nothing is said. (Twice in one file is an error at load; a library flow that the
team writes anew is meant.)

How to fix: keep one of them, or give the other another name.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.unread import is_set_aside
from guardlint.rules.file_order import order_words
from guardlint.rules.rule import Found, Project, Related, Rule
from guardlint.source.colang import Flow
from guardlint.source.files import shown_path

RULE = Rule(severity="warning", confidence="high", since="0.1.0")


def check(project: Project) -> Iterator[Found]:
    """One finding for each file that loses to another, at the first name; an error where a rail is lost."""
    configuration = project.configuration
    if configuration.generation != "1.0":
        return
    lost: dict[tuple[str, str], list[tuple[Flow, Flow]]] = {}
    for file in configuration.read_colang:
        for flow in file.flows:
            winner = configuration.flows.get(flow.name) if flow.name else None
            if winner is None or winner.place.file == flow.place.file or _body(winner) == _body(flow):
                continue
            if _is_written(configuration, flow):
                lost.setdefault((flow.place.file, winner.place.file), []).append((flow, winner))
    listed = {rail.flow for rail in configuration.all_rails()}
    for pairs in lost.values():
        rails = [pair for pair in pairs if _is_rail(configuration, pair[0].name, listed)]
        yield _finding(configuration, rails or pairs, pairs, is_rail=bool(rails))


def _finding(
    configuration: Configuration,
    first: list[tuple[Flow, Flow]],
    pairs: list[tuple[Flow, Flow]],
    *,
    is_rail: bool,
) -> Found:
    flow, winner = first[0]
    name = winner.place.file.rpartition("/")[2]
    order = order_words(configuration, flow.place.file, winner.place.file)
    others = [other for other, _ in pairs if other is not flow]
    if _is_set_aside(configuration, winner.place.file):
        return Found(
            f"NeMo reads this file too: this `{flow.name}` runs in place of that of "
            f"{flow.place.file.rpartition('/')[2]}",
            winner.place,
            f"NeMo runs one flow of a name, this one{order}",
            "move the file out of the configuration's directory",
            value=sorted(pair[0].name for pair in pairs),
            related=tuple(Related(other.place, "this one never runs") for other in (flow, *others[:5])),
            severity="error" if is_rail else None,
        )
    return Found(
        f"this `{flow.name}` never runs: {name} defines it as well",
        flow.place,
        f"NeMo runs one flow of a name, the one in `{name}`{order}",
        "keep one of the two, or give this one another name",
        value=sorted(pair[0].name for pair in pairs),
        related=(
            Related(winner.place, "this one runs"),
            *(Related(other.place, "this one never runs either") for other in others[:5]),
        ),
        severity="error" if is_rail else None,
    )


def _is_set_aside(configuration: Configuration, name: str) -> bool:
    """Whether the file seems to be an old copy, a draft or a test."""
    return any(shown_path(file.path) == name and is_set_aside(file.relative) for file in configuration.files)


def _is_written(configuration: Configuration, flow: Flow) -> bool:
    """Whether its author gave the name: NeMo makes some up for what stands under `define bot`."""
    lines = configuration.texts.get(flow.place.file, "").split("\n")
    return len(lines) >= flow.place.line and flow.name in lines[flow.place.line - 1]


def _is_rail(configuration: Configuration, name: str, listed: set[str]) -> bool:
    """Whether the flow is listed as a rail, or a rail does it."""
    if name in listed:
        return True
    rails = (configuration.flows.get(rail) for rail in listed)
    return any(call.name == name for rail in rails if rail is not None for call in rail.calls())


def _body(flow: Flow) -> list[str]:
    return [" ".join(statement.text.split()) for statement in flow.statements]
