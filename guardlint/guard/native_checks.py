"""Company rails that read texts natively, because NeMo has no rail for it or none that is honest.

They run in the guard's process, ask no model and send nothing; each costs well below a millisecond.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

from guardlint.errors import ConfigError
from guardlint.guard.native_jailbreak import JailbreakHeuristics
from guardlint.guard.native_lengths import LengthLimits

__all__ = ["NATIVE_KEYS", "NativeCheck", "read_native"]

NATIVE_KEYS: Final = frozenset({"step", "rail", "check", "settings"})
"""The keys of a plan's step ``native``."""

_PLACE: Final = "plan.yml"


class NativeCheck(Protocol):
    """One rail on one side."""

    @property
    def rail(self) -> str:
        """The approved rail's id, which a verdict names."""

    @property
    def reads_seams(self) -> bool:
        """Whether it is also given what stands where two texts meet."""

    def check(self, texts: Sequence[str]) -> str | None:
        """Why these texts of one side may not go on, in one word, or None.  ``texts`` in their order."""


_CHECKS: Final[Mapping[str, Callable[[str, Mapping[str, Any]], NativeCheck]]] = {
    "jailbreak-heuristics": JailbreakHeuristics.of,
    "length-limits": LengthLimits.of,
}


def read_native(entry: Mapping[str, Any]) -> NativeCheck:
    """The check of a plan's step ``native``.  Raises ConfigError for what it does not know."""
    unknown = sorted(str(key) for key in entry if key not in NATIVE_KEYS)
    if unknown:
        raise ConfigError(f"a step native has unknown keys: {', '.join(unknown)}", place=_PLACE)
    rail, name, settings = entry.get("rail"), entry.get("check"), entry.get("settings") or {}
    make = _CHECKS.get(name) if isinstance(name, str) else None
    if make is None:
        raise ConfigError(f"a step native names a check: {_or(_CHECKS)}", place=_PLACE)
    if not isinstance(rail, str) or not rail or not isinstance(settings, Mapping):
        raise ConfigError("a step native names its rail, and its settings are a mapping", place=_PLACE)
    try:
        return make(rail, settings)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"the settings of the step native '{name}': {error}", place=_PLACE) from None


def _or(names: Iterable[str]) -> str:
    return " or ".join(sorted(names))
