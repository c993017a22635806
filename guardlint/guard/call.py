"""One guarded call on its way, and which of its texts a step has to look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from guardlint.engines import Status
from guardlint.guard.audit import Keyed
from guardlint.guard.messages import Message, Path, replace_texts
from guardlint.guard.verdict import Reason, StepRecord, Verdict
from guardlint.pii import Pseudonyms

__all__ = ["CONTEXT", "Call", "Where", "put_texts"]

CONTEXT: Final = -1
"""Stands for the index of a message where a text is of the context."""

_NOBODY: Final[frozenset[str]] = frozenset()
_NOTHING: Final[Mapping[str, int]] = MappingProxyType({})

Where = tuple[int, Path]
"""The index of a message, and the path of a text in it."""


@dataclass(slots=True, repr=False)
class Call:
    """One guarded call on its way: its messages as they are now, and what has been found.

    The first finding that blocks decides; ``messages`` are copies, the caller's stay as they are.
    ``rewritten`` are the texts that the team's rails changed, ``content`` keyed hashes for the record,
    ``function_ms`` None until the function was called.  ``context`` are retrieved texts, which nobody
    trusts; the first ``history`` messages are masked and not judged: the caller asks about the others.
    ``stream`` counts the pieces of a streamed reply, and ``first_release_ms`` is when the first was released.
    ``unrestored`` is the reply as the model wrote it, with pseudonyms.  ``degraded``: a rail failed and was
    left out, as the company allows for it.  ``strangers`` are the indices of the assistant's turns that this
    guard did not release, and of those whose role is ``untrusted``; None while nobody has looked.
    ``origin`` is the caller's context, in which the record is made.
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
    strangers: frozenset[int] | None = None
    untrusted: frozenset[str] = _NOBODY
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
        return Verdict(
            self.status,
            self.rail,
            self.reason,
            self.error,
            self.degraded,
            MappingProxyType(dict(sorted(self.entities.items()))) if self.entities else _NOTHING,
            tuple(self.steps),
            self.code,
        )


def put_texts(messages: list[Message], texts: dict[Where, str]) -> None:
    """Put each text into its place, in copies of the messages concerned."""
    by_message: dict[int, dict[Path, str]] = {}
    for (index, path), text in texts.items():
        by_message.setdefault(index, {})[path] = text
    for index, changes in by_message.items():
        messages[index] = replace_texts(messages[index], changes)
