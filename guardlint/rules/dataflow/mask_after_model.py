"""A masking rail runs after a rail that has already sent the text away.

What it does: follows the rails of a direction in their order and looks for a model or a remote service that
reads the text before the first masking rail does its work.

Why it matters: rails run one after the other, each on what the one before left. A judge that comes first
reads the card number, the name, the address that the team wanted nobody to read.

How to fix: list the masking rail first.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.egress import Reader, readers
from guardlint.nemo.taint import MASKING, Step, engine_of, steps
from guardlint.rules._mends import reorder
from guardlint.rules.rule import Confidence, Fix, Found, Project, Related, Rule, Severity
from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.place import Place
from guardlint.source.record import record, replace

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="safe", controls=("LLM02:2025",))

_VARIABLE = {"input": "user_message", "output": "bot_message", "retrieval": "relevant_chunks"}
_HIDES = lazy_pattern(r"mask|redact|anonymi|pseudonymi|scrub")
_TEXT = {"input": "message", "output": "answer", "retrieval": "retrieved text"}


def check(project: Project) -> Iterator[Found]:
    """One finding for each direction whose first masking rail comes too late."""
    configuration = project.configuration
    for direction in _TEXT:
        if configuration.value(("rails", direction, "parallel")) is True:
            continue  # there is no order then, and another rule says so
        before: list[tuple[Step, Reader]] = []
        for step in steps(configuration, direction):
            if _masks(step, direction):
                if before and _works(configuration, step):
                    yield replace(
                        _finding(direction, step, before), fix=_reordered(configuration, step, before)
                    )
                break
            before += [(step, reader) for reader in readers(configuration, step) if not reader.is_local]


def _masks(step: Step, direction: str) -> bool:
    """A masking action, or one of the team whose name says so and whose result becomes the text."""
    if step.action in MASKING:
        return step.source == direction
    return step.is_own and step.target == _VARIABLE[direction] and _HIDES.search(step.action) is not None


def _works(configuration: Configuration, step: Step) -> bool:
    """A mask without entities, or one that gets no text (Colang 2.x), hides nothing: other rules say so."""
    if step.call is not None and configuration.generation == "2.x" and engine_of(step.shown) is not None:
        return False
    section = MASKING.get(step.action)
    if section != "sensitive_data_detection":
        return True
    return bool(configuration.value(("rails", "config", section, str(step.source), "entities")))


@record
class _Shown:
    """What has to be moved: the entry of the list, or the call where both stand in one entry."""

    name: str
    place: Place


def _shown(step: Step, other: Step) -> _Shown:
    if step.rail is None or (other.rail is not None and other.rail.path == step.rail.path):
        return _Shown(step.shown, step.place)
    return _Shown(step.rail.flow, step.rail.place)


def _reordered(configuration: Configuration, mask: Step, before: list[tuple[Step, Reader]]) -> Fix | None:
    """The mask in the place of the first that it comes too late for."""
    first = before[0][0].rail
    if mask.rail is None or first is None or mask.rail.path is None or first.path is None:
        return None
    path, late, early = mask.rail.path[:-1], int(mask.rail.path[-1]), int(first.path[-1])
    if first.path[:-1] != path or early >= late:
        return None
    order = list(range(len(configuration.value(path))))
    order.insert(early, order.pop(late))
    # An answer that its own model wrote may have to be judged as it came.
    knows = mask.source == "output" and all(one.is_main for _, one in before)
    safe = mask.action in MASKING and not knows
    return reorder(configuration, path, order, f"list `{mask.rail.flow}` before `{first.flow}`", safe=safe)


def _finding(direction: str, mask: Step, before: list[tuple[Step, Reader]]) -> Found:
    reader = before[0][1]
    first, late = _shown(before[0][0], mask), _shown(mask, before[0][0])
    # The main model wrote the answer itself: what an action put into it is new to it, the rest is not.
    knows = direction == "output" and all(one.is_main for _, one in before)
    severity: Severity = "warning" if knows else "error"
    confidence: Confidence = (
        "low"
        if knows
        else "high"
        if mask.action in MASKING and any(one.sure for _, one in before)
        else "medium"
    )
    sent: dict[Place, str] = {}
    for step, one in before:
        sent.setdefault(_shown(step, mask).place, one.name)
    related = [Related(place, f"sends the {_TEXT[direction]} to {name}") for place, name in sent.items()]
    names = " and ".join(dict.fromkeys(one.name for _, one in before))
    what = (
        f"{names} reads the answer once more before it is masked, with what actions have put into it"
        if knows
        else f"{names} {'reads' if ' and ' not in names else 'read'} the {_TEXT[direction]} as it came, "
        "with everything that the mask was to hide"
    )
    return Found(
        f"`{late.name}` runs after `{first.name}` has sent the {_TEXT[direction]} to {reader.name}",
        late.place,
        what,
        f"list `{late.name}` before `{first.name}`",
        path=mask.rail.path if mask.rail is not None else None,
        value=(direction, late.name, first.name),
        related=tuple(related),
        severity=severity,
        confidence=confidence,
    )
