"""Where the reference central repository and the schemas are, however guardlint was installed.

A wheel carries them inside the package (``guardlint/_central``); an editable install and a plain
checkout have them beside it (an editable install moves nothing).
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from guardlint.errors import GuardlintError

__all__ = ["central_dir", "examples_dir", "resource_dir", "rule_pages_dir"]

_PACKAGE = Path(__file__).resolve().parent

Kind = Literal["policies", "rails", "schemas"]


def central_dir() -> Path:
    """The folder that holds the reference ``policies/``, ``rails/`` and ``schemas/``."""
    for folder in (_PACKAGE / "_central", _PACKAGE.parent):
        if (folder / "policies").is_dir() and (folder / "schemas").is_dir():
            return folder
    raise GuardlintError(
        "the installed package has no policies/, rails/ and schemas/", help="reinstall guardlint"
    )


def resource_dir(kind: Kind) -> Path:
    """The folder of one kind of reference document.

    Raises GuardlintError when the installation is damaged.
    """
    return central_dir() / kind


def examples_dir() -> Path:
    """The folder that holds the example central repository and the example team's.

    Raises GuardlintError when the installation is damaged.
    """
    for folder in (_PACKAGE / "_examples", _PACKAGE.parent / "examples"):
        if (folder / "claims-and-cards").is_dir():
            return folder
    raise GuardlintError("the installed package has no examples/", help="reinstall guardlint")


def rule_pages_dir() -> Path:
    """The folder that holds a page for each rule.

    Raises GuardlintError when the installation is damaged.
    """
    for folder in (_PACKAGE / "_pages", _PACKAGE.parent / "docs" / "rules"):
        if folder.is_dir():
            return folder
    raise GuardlintError("the installed package has no pages of its rules", help="reinstall guardlint")
