"""Every exception guardlint raises on purpose, and the exit code of each (DESIGN §4).

GuardlintError
├── UsageError             2  wrong arguments
├── ConfigError            2  a team file, policy, rail or waiver that cannot be read as one
├── RuntimeUnavailable     2  an extra that this command needs is not installed
├── NothingToCheck         3  no configuration where one was asked for
└── BundleError            1  a bundle that cannot be made
    └── VerificationError  1  a bundle that must not be trusted

One place, ``guardlint.cli.main``, turns them into a line on standard error and an exit code.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "BundleError",
    "ConfigError",
    "GuardlintError",
    "NothingToCheck",
    "RuntimeUnavailable",
    "UsageError",
    "VerificationError",
]


class GuardlintError(Exception):
    """A failure with one clear message.

    ``place`` is ``file``, ``file:line`` or ``file:line:column``; ``help`` says what to do about it.
    """

    exit_code: ClassVar[int] = 4

    def __init__(self, message: str, *, place: str | None = None, help: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.help = help

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        mend = f" ({self.help})" if self.help else ""
        return f"{where}{self.message}{mend}"


class UsageError(GuardlintError):
    """The arguments do not make sense."""

    exit_code = 2


class ConfigError(GuardlintError):
    """One of guardlint's own documents is wrong."""

    exit_code = 2


class RuntimeUnavailable(GuardlintError):
    """A part that lives in an optional extra is not installed."""

    exit_code = 2


class NothingToCheck(GuardlintError):
    """There is no NeMo Guardrails configuration at the given paths."""

    exit_code = 3


class BundleError(GuardlintError):
    """A bundle cannot be compiled."""

    exit_code = 1


class VerificationError(BundleError):
    """A bundle is unsigned, tampered with, expired, rolled back or not trusted."""
