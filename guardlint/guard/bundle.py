"""What a guard needs of the bundle that it is loaded from."""

from __future__ import annotations

from typing import Any, Protocol

__all__ = ["Bundle"]


class Bundle(Protocol):
    """What is needed of a verified bundle."""

    @property
    def manifest(self) -> dict[str, Any]:
        """``manifest.json`` as read."""

    @property
    def plan(self) -> dict[str, Any]:
        """``plan.yml`` as read."""

    @property
    def files(self) -> dict[str, bytes]:
        """Every file, by its path in the bundle."""

    @property
    def digest(self) -> str:
        """SHA-256 of the archive, hexadecimal."""

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The trusted keys that signed it."""
