"""Which texts of a call a step has to look at, and with which turns before them."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Final, NamedTuple

from guardlint.engines import Turn
from guardlint.guard.asking import Share
from guardlint.guard.call import CONTEXT, Call, Where
from guardlint.guard.meetings import meeting_texts, parts_together
from guardlint.guard.messages import Message, Path, Slot, as_turns, from_outside, text_slots
from guardlint.guard.plan import Step
from guardlint.guard.seen import SeenTexts

__all__ = ["Job", "chosen_texts", "joint_jobs", "seam_jobs", "turns_before"]

_MOST_BEFORE: Final = 32
"""Turns that are shown with a text of the history; with the newest message, all of them."""

_ALONE: Final[tuple[tuple[Path, ...], str]] = ((), "")


class Job(NamedTuple):
    """A text, where it stands, and which rails read it.

    ``parts`` are the paths of those that it is one text with, itself among them; ``key`` is what is known
    when it has passed, nothing where it is empty.
    """

    where: Where
    text: str
    share: Share = "all"
    key: str = ""
    parts: tuple[Path, ...] = ()


def chosen_texts(step: Step, call: Call, seen: SeenTexts, *, together: bool = False) -> list[Job]:
    """Company: the current turn, the context, and what was not seen to pass before.  Team: the turn.

    ``together``: there are judges, who read the parts of a message as one text, see :func:`joint_jobs`.
    """
    users = [index for index, message in enumerate(call.messages) if message["role"] == "user"]
    last = users[-1] if users else None
    together = together and step.name == "company"
    strangers = call.strangers or ()
    jobs: list[Job] = []
    for index, message in enumerate(call.messages):
        if index < call.history:
            continue
        slots = text_slots(message)
        groups = _groups(slots) if together and len(slots) > 1 else {}
        outside = from_outside(message) or index in strangers
        for slot in slots:
            where = (index, slot.path)
            parts, key = groups.get(slot.path, _ALONE)
            if step.rewritten_only:
                wanted = where in call.rewritten
            elif step.name == "team":
                wanted = index == last
            elif index == last or not outside:
                wanted = outside
            else:
                wanted = not (seen.knows("judges", key) if parts else seen.knows(step.name, slot.text))
            if wanted:
                jobs.append(Job(where, slot.text, "each" if parts else "all", key, parts))
    if step.name == "company" and not step.rewritten_only:
        for number, text in enumerate(call.context):
            if text and not seen.knows(step.name, text):
                jobs.append(Job((CONTEXT, (number,)), text))
    return jobs


def joint_jobs(call: Call, jobs: Sequence[Job], changed: Container[Where]) -> list[Job]:
    """What judges read after the other rails: the parts of a message as one text, as they are now.

    It costs one call in the place of one for each part, and a judge knows what a part is about.
    What was ``changed`` has to be changed again when it comes back, so it is not remembered.
    """
    found: dict[tuple[int, tuple[Path, ...]], Job] = {}
    for job in jobs:
        index = job.where[0]
        if job.parts and (index, job.parts) not in found:
            text = "\n".join(slot.text for slot in text_slots(call.messages[index]) if slot.path in job.parts)
            key = "" if any((index, path) in changed for path in job.parts) else job.key
            found[index, job.parts] = Job((index, ()), text, "judges", key)
    return list(found.values())


def seam_jobs(call: Call, seen: SeenTexts) -> list[Job]:
    """What stands where two texts meet, and was not seen to pass before: for rails that cost nothing."""
    texts = meeting_texts(call.messages, call.context, call.strangers or frozenset(), call.history)
    return [Job((CONTEXT, ()), text, "seams", text) for text in texts if not seen.knows("seams", text)]


def turns_before(messages: Sequence[Message], places: Sequence[Where]) -> list[list[Turn]]:
    """For each place the turns that stand before its message; nothing stands before the context.

    A long history that nobody has seen yet must not be shown as often as it is long.
    """
    newest = max([0, *(index for index, _ in places)])
    turns: list[Turn] = []
    ends: list[int] = [0]
    for message in messages[:newest]:
        turns += as_turns((message,))
        ends.append(len(turns))
    found = []
    for index, _ in places:
        end = ends[index] if index >= 0 else 0
        found.append(turns[0 if index == newest else max(end - _MOST_BEFORE, 0) : end])
    return found


def _groups(slots: Sequence[Slot]) -> dict[Path, tuple[tuple[Path, ...], str]]:
    """The parts of a message that are one text: for each path all of them, and the whole."""
    found: dict[Path, tuple[tuple[Path, ...], str]] = {}
    for numbers in parts_together(slots):
        paths = tuple(slots[number].path for number in numbers)
        whole = "\n".join(slots[number].text for number in numbers)
        found |= dict.fromkeys(paths, (paths, whole))
    return found
