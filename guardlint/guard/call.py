"""One guarded call on its way, and which of its texts a step has to look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from guardlint.engines import Status, Turn
from guardlint.guard.audit import Keyed
from guardlint.guard.messages import Message, Path, as_turns, from_outside, replace_texts, text_slots
from guardlint.guard.plan import Step
from guardlint.guard.seen import SeenTexts
from guardlint.guard.verdict import Reason, StepRecord, Verdict
from guardlint.pii import Pseudonyms

__all__ = ["CONTEXT", "Call", "Where", "chosen_texts", "put_texts", "turns_before"]

CONTEXT: Final = -1
"""Stands for the index of a message where a text is of the context."""

_MOST_BEFORE: Final = 32
"""Turns that are shown with a text of the history; with the newest message, all of them."""

Where = tuple[int, Path]
"""The index of a message, and the path of a text in it."""


@dataclass(slots=True)
class Call:
    """One guarded call on its way: its messages as they are now, and what has been found.

    The first finding that blocks decides; ``messages`` are copies, the caller's stay as they are.
    ``rewritten`` are the texts that the team's rails changed, ``content`` keyed hashes for the record,
    ``function_ms`` None until the function was called.  ``context`` are retrieved texts, which nobody
    trusts; the first ``history`` messages are masked and not judged: the caller asks about the others.
    ``stream`` counts the pieces of a streamed reply, and ``first_release_ms`` is when the first was released.
    ``unrestored`` is the reply as the model wrote it, with pseudonyms.  ``degraded``: a rail failed and was
    left out, as the company allows for it.  ``origin`` is the caller's context, in which the record is made.
    """

    messages: list[Message]
    context: list[str] = field(default_factory=list)
    history: int = 0
    steps: list[StepRecord] = field(default_factory=list)
    entities: Counter[str] = field(default_factory=Counter)
    changed: bool = False
    blocked: bool = False
    rail: str | None = None
    reason: Reason | None = None
    error: bool = False
    degraded: bool = False
    rewritten: set[Where] = field(default_factory=set)
    pseudonyms: Pseudonyms = field(default_factory=Pseudonyms)
    content: dict[str, Keyed | None] = field(default_factory=dict)
    guard_ms: float = 0.0
    function_ms: float | None = None
    recorded: bool = False
    unrestored: Message | None = None
    code: str | None = None
    stream: dict[str, int | str] | None = None
    first_release_ms: float | None = None
    origin: Context = field(default_factory=copy_context)

    def block(
        self, reason: Reason, *, rail: str | None = None, error: bool = False, code: str | None = None
    ) -> None:
        """Decide: nothing of this call goes on."""
        if not self.blocked:
            self.blocked, self.reason, self.rail, self.error = True, reason, rail, error
            self.code = code

    @property
    def status(self) -> Status:
        """What the verdict says in one word."""
        return "blocked" if self.blocked else "modified" if self.changed else "passed"

    def verdict(self) -> Verdict:
        """The verdict as it stands."""
        entities = MappingProxyType(dict(sorted(self.entities.items())))
        return Verdict(
            self.status,
            self.rail,
            self.reason,
            self.error,
            degraded=self.degraded,
            entities=entities,
            steps=tuple(self.steps),
            code=self.code,
        )


def chosen_texts(step: Step, call: Call, seen: SeenTexts) -> list[tuple[Where, str]]:
    """Company: the current turn, the context, and what was not seen to pass before.  Team: the turn."""
    last = max((i for i, message in enumerate(call.messages) if message["role"] == "user"), default=None)
    jobs: list[tuple[Where, str]] = []
    for index, message in enumerate(call.messages):
        for slot in text_slots(message):
            where = (index, slot.path)
            if step.rewritten_only:
                wanted = where in call.rewritten
            elif step.name == "team":
                wanted = index == last
            else:
                wanted = from_outside(message) and (index == last or not seen.knows(step.name, slot.text))
            if wanted and index >= call.history:
                jobs.append((where, slot.text))
    if step.name == "company" and not step.rewritten_only:
        for number, text in enumerate(call.context):
            if text and not seen.knows(step.name, text):
                jobs.append(((CONTEXT, (number,)), text))
    return jobs


def put_texts(messages: list[Message], texts: dict[Where, str]) -> None:
    """Put each text into its place, in copies of the messages concerned."""
    by_message: dict[int, dict[Path, str]] = {}
    for (index, path), text in texts.items():
        by_message.setdefault(index, {})[path] = text
    for index, changes in by_message.items():
        messages[index] = replace_texts(messages[index], changes)


def turns_before(messages: Sequence[Message], places: Sequence[Where]) -> list[list[Turn]]:
    """For each place the turns that stand before its message; nothing stands before the context.

    A long history that nobody has seen yet must not be shown as often as it is long.
    """
    newest = max((index for index, _ in places), default=0)
    turns: list[Turn] = []
    ends: list[int] = []
    for message in messages[: max(newest, 0) + 1]:
        ends.append(len(turns))
        turns += as_turns((message,))
    found = []
    for index, _ in places:
        end = ends[index] if index >= 0 else 0
        found.append(turns[0 if index == newest else max(end - _MOST_BEFORE, 0) : end])
    return found
