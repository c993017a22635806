"""Running the rails of one configuration on NeMo Guardrails: one module per NeMo series.

Importing this package imports no NeMo.  :func:`open_rails` switches NeMo's usage statistics off, keeps
content out of its logs (``engines.quiet``) and only then imports the module of the installed series.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Final, Literal, Protocol, cast

from guardlint.engines.quiet import keep_quiet
from guardlint.engines.usage import Usage
from guardlint.errors import RuntimeUnavailable

__all__ = [
    "Choice",
    "Direction",
    "Engine",
    "Rails",
    "RailsVerdict",
    "Status",
    "Turn",
    "Unit",
    "Uses",
    "choose",
    "installed_nemo",
    "open_rails",
    "preload",
]

Direction = Literal["input", "output"]
Status = Literal["passed", "modified", "blocked"]
Engine = Literal["iorails", "llmrails"]
Uses = Literal["auto", "iorails", "llmrails"]
Turn = Mapping[str, str]
"""``role`` (``user``, ``assistant`` or ``system``) and ``content``: what NeMo is given, and nothing else.

NeMo's own roles ``context`` and ``event`` set variables and fake events (``llmrails.py``,
``_get_events_for_messages``), so whoever sends messages must never reach them.
"""

_SERIES: Final = {"0.24": "guardlint.engines.nemo_0_24"}


@dataclass(slots=True)
class RailsVerdict:
    """What the rails of one direction say about one text.

    ``text`` is the text after rewriting (empty when blocked), ``rail`` the flow that blocked, ``error``
    tells a rail that broke from a rail that decided, ``rails`` are the flows seen to have run, ``llm_calls``
    the model calls seen, ``usage`` the tokens of those that NeMo tells of.  ``timed_out`` tells one that took
    too long from one that broke otherwise; ``degraded`` are flows that failed and were left out, as the
    company allows for them; ``took`` the milliseconds that each flow took, where flows are asked one by one:
    whoever asks fills it in.
    """

    status: Status
    text: str = ""
    rail: str | None = None
    error: bool = False
    rails: tuple[str, ...] = ()
    llm_calls: int = 0
    timed_out: bool = False
    degraded: tuple[str, ...] = ()
    took: tuple[tuple[str, float], ...] = field(default=(), compare=False)
    usage: tuple[Usage, ...] = ()

    @classmethod
    def late(cls, rail: str | None = None) -> RailsVerdict:
        """Blocked because a rail took longer than it may."""
        return cls("blocked", rail=rail, error=True, timed_out=True)

    @classmethod
    def broken(cls, rail: str | None = None) -> RailsVerdict:
        """Blocked because something failed: the only answer to a failure."""
        return cls("blocked", rail=rail, error=True)


@dataclass(frozen=True, slots=True)
class Unit:
    """What an engine can be asked for by itself: one flow, or several that only run together.

    ``rewrites``: it may change the text, so whatever looks at the text waits for it.  ``waits``: it asks a
    model or a service; else its check ends without ever giving the event loop a turn.
    """

    flows: tuple[str, ...]
    rewrites: bool = True
    waits: bool = True


@dataclass(frozen=True, slots=True)
class Choice:
    """Which engine serves a configuration.  ``reason`` says why it is not IORails; it quotes no content.

    ``imports`` is true when the configuration names ``import_paths`` or Colang imports, which NeMo resolves
    against the working directory, or rails that load models or rules from where it says: it needs a process
    of its own.
    """

    engine: Engine
    reason: str
    imports: bool = False


class Rails(Protocol):
    """The rails of one configuration, ready to run in the event loop that started them."""

    @property
    def engine(self) -> Engine:
        """Which of NeMo's two engines runs them."""

    @property
    def flows(self) -> Mapping[Direction, tuple[str, ...]]:
        """The configured flows of each direction; a direction without flows is not in it."""

    @property
    def units(self) -> Mapping[Direction, tuple[Unit, ...]]:
        """The flows of each direction as they can be asked for, in the order in which they are best asked:
        what rewrites first, then what costs nothing, then what asks a model."""

    @property
    def models(self) -> tuple[str, ...]:
        """``engine/model`` of each model of the configuration: what ``usage`` may name."""

    @property
    def unused(self) -> tuple[str, ...]:
        """Sections below ``rails`` that have flows which no direction here runs (``retrieval``, …)."""

    async def start(self) -> None:
        """Get ready in the running loop.  Raises GuardlintError."""

    async def check(
        self, direction: Direction, turns: Sequence[Turn], unit: Unit | None = None, /
    ) -> RailsVerdict:
        """Run the rails, or those of ``unit``, on the last turn: the user's for ``input``, else the
        assistant's.

        Never raises but for cancellation: whatever fails is a blocked verdict with ``error``.  A unit that
        does not wait may be asked in any thread, with any event loop or none.
        """

    async def close(self) -> None:
        """Release everything.  May be called twice."""


class _Series(Protocol):
    def choose(self, directory: Path, uses: Uses) -> Choice: ...

    def open_rails(self, directory: Path, uses: Uses) -> Rails: ...


def installed_nemo() -> str:
    """The version of the NeMo Guardrails that would run, read without importing it.

    Raises RuntimeUnavailable when there is none, or none that this guardlint knows.
    """
    try:
        version = metadata.version("nemoguardrails")
    except metadata.PackageNotFoundError:
        raise RuntimeUnavailable(
            "NeMo Guardrails is not installed", help="pip install 'guardlint[runtime]'"
        ) from None
    if _series_of(version) not in _SERIES:
        known = ", ".join(f"{series}.x" for series in sorted(_SERIES))
        raise RuntimeUnavailable(
            f"NeMo Guardrails {version} is installed, this guardlint runs {known}",
            help="pip install 'guardlint[runtime]'",
        )
    return version


def preload() -> None:
    """Import NeMo Guardrails (about two seconds), quietly.  Raises RuntimeUnavailable."""
    _series()


def choose(directory: Path, uses: Uses = "auto") -> Choice:
    """Which engine :func:`open_rails` would take for the configuration in ``directory``.

    ``auto`` is the choice of NeMo's own ``Guardrails`` class; ``iorails`` falls back as that does.
    Reads the files as data, runs no code of theirs.  Raises ConfigError when NeMo refuses them.
    """
    return _series().choose(directory, uses)


def open_rails(directory: Path, uses: Uses = "auto") -> Rails:
    """Load the configuration in ``directory`` with the engine of :func:`choose`.

    With ``llmrails`` this runs ``config.py``, ``actions.py`` and ``actions/`` of the directory *and the two
    latter of the working directory*, so call it in a process of its own (``guardlint.guard.worker``).
    Raises ConfigError when NeMo refuses the configuration.
    """
    return _series().open_rails(directory, uses)


def _series() -> _Series:
    module = _SERIES[_series_of(installed_nemo())]
    keep_quiet(os.environ)
    return cast("_Series", importlib.import_module(module))


def _series_of(version: str) -> str:
    return ".".join(version.split(".")[:2])
