"""What policies see of an effective configuration, and what they say of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from guardlint.policy.model import Origin
from guardlint.policy.settings import Path
from guardlint.source.place import Place
from guardlint.source.record import record

if TYPE_CHECKING:
    from guardlint.nemo.spending import Price, Spending
    from guardlint.nemo.tokens import Traffic

__all__ = ["EffectiveView", "Named", "PromptText", "Protection", "Receiver", "Violation"]


@record
class Named:
    """A model or an endpoint: ``shown`` to people, known to policies by any of ``labels``."""

    shown: str
    labels: frozenset[str]
    path: Path


@record
class Receiver:
    """Who reads a text, and whether a rail has seen to the personal data in it before.

    ``labels``: ``local``, the engine, ``engine/model`` and host of a model, the name of a service.
    """

    shown: str
    labels: frozenset[str]
    protected: bool
    path: Path | None
    place: Place | None = None


@record
class PromptText:
    """A prompt that the configuration writes."""

    task: str
    digest: str
    path: Path


@record
class Protection:
    """A rail of NeMo's that runs and looks for personal data. ``threshold`` None: it has none."""

    section: str
    entities: tuple[str, ...]
    action: str
    threshold: float | None
    path: Path


class EffectiveView(Protocol):
    """What NeMo really loads from a configuration."""

    @property
    def nemo(self) -> str:
        """The NeMo release that the configuration is for."""

    @property
    def files(self) -> Sequence[str]:
        """Relative paths of the configuration's files, with ``/``."""

    @property
    def code(self) -> Mapping[str, str]:
        """The Python among them, each with its digest (``reviews.code_digest``)."""

    @property
    def engines(self) -> Sequence[str]:
        """``models[].engine``, in order, with repetitions."""

    @property
    def models(self) -> Sequence[Named]:
        """The models, each known as ``engine/model``."""

    @property
    def endpoints(self) -> Sequence[Named]:
        """The hosts that models, services and settings name, or NeMo takes where they name none."""

    @property
    def actions(self) -> Sequence[str]:
        """Names of the actions that the configuration's Python defines."""

    @property
    def prompts(self) -> Sequence[PromptText]:
        """The prompts that the configuration writes."""

    def value(self, path: Path) -> object | None:
        """The value at a path with NeMo's defaults applied, or None when there is none."""

    def rail_flows(self, direction: str) -> Sequence[str]:
        """Normalised names of the rails of one direction that really run, in order."""

    def receivers(self, text: str) -> Sequence[Receiver]:
        """Who reads the text of a direction, in the order in which they do."""

    def protections(self, direction: str) -> Sequence[Protection]:
        """The rails that look for personal data in a direction."""

    def spending(self, traffic: Traffic, prices: tuple[Price, ...]) -> Spending:
        """What one query costs under this traffic, at these prices."""


@record
class Violation:
    """One thing that a policy asks and a configuration does not give.

    ``path`` is where in the effective configuration (the nearest place that the mend touches); None when a
    file is meant, which ``file`` names, or no place at all. ``place``: where exactly, if it is no value.
    ``requirement`` is the id that a waiver or a severity names.
    """

    requirement: str
    origin: Origin
    reason: str
    controls: tuple[str, ...]
    message: str
    path: Path | None
    file: str | None
    at_run_time: str
    help: str
    place: Place | None = None

    @property
    def policy(self) -> str:
        """``id@version`` of the policy that asks."""
        return self.origin.label
