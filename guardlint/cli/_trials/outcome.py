"""What is tried and what came of it. All of it travels between processes."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from guardlint.harness.endpoint import Endpoint
from guardlint.source.record import record

__all__ = ["Aspect", "Kind", "Mark", "Outcome", "Settings", "Status", "Suite", "Tried"]

Kind = Literal["controls", "policy", "rail", "configuration"]
Status = Literal["passed", "failed", "flaky", "skipped", "overblocked"]

Mark = tuple[str, str, str]
"""What a case exercised: suite, name of the aspect, and the way (``passed``, ``acted``, ``fires`` …)."""


@record
class Suite:
    """The cases of one folder. ``path`` is the file that holds them, ``folder`` the central repository."""

    kind: Kind
    name: str
    folder: Path
    path: Path


@record
class Aspect:
    """One thing that cases can exercise, and the ways in which each should be seen at least once.

    Where ``required``, a way that no case takes
    is an error.
    """

    suite: str
    what: Literal["rail", "constraint", "branch"]
    name: str
    place: str
    ways: tuple[str, ...]
    required: bool = False


@record
class Outcome:
    """One case. ``suite`` names the rail, policy or configuration; ``why``: what is wrong, or why left out.

    ``counted``: it says something about over-blocking, as no script decided it. ``seconds`` is wall time.
    """

    suite: str
    case: str
    place: str
    status: Status
    why: str | None = None
    about: str | None = None
    counted: bool = False
    seconds: float = 0.0
    marks: tuple[Mark, ...] = ()

    @property
    def bad(self) -> bool:
        """Whether the run fails for it."""
        return self.status in ("failed", "flaky")


@record
class Tried:
    """All of one suite. ``error``: why it could not be tried to its end, with the exit code of that."""

    suite: Suite
    label: str = ""
    outcomes: tuple[Outcome, ...] = ()
    aspects: tuple[Aspect, ...] = ()
    error: str | None = None
    exit_code: int = 0


@record
class Settings:
    """How to try. ``repeat`` None: what failed and what a model decided is tried twice, all else once.

    ``words`` must stand in ``suite/case``, in any case of letters; ``rails`` are ids.
    """

    endpoint: Endpoint | None = None
    repeat: int | None = None
    words: tuple[str, ...] = ()
    rails: tuple[str, ...] = ()

    @property
    def partial(self) -> bool:
        """Whether some cases are left out, so that nothing can be said of what no case exercises."""
        return bool(self.words or self.rails)

    def picks(self, suite: str, case: str) -> bool:
        """Whether the case is one to try."""
        name = f"{suite}/{case}".casefold()
        return all(word.casefold() in name for word in self.words)
