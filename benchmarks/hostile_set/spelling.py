"""Names that are, or look like, the company's: the dice choose the disguise."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

__all__ = ["anywhere", "disguised"]

_LOOK_ALIKES: Final = str.maketrans("aeopcxyi", "\u0430\u0435\u043e\u0440\u0441\u0445\u0443\u0456")
_WIDE: Final = {ord(letter): ord(letter) + 0xFEE0 for letter in "abcdefghijklmnopqrstuvwxyz"}

_DISGUISES: Final[tuple[Callable[[str], str], ...]] = (
    lambda name: name,
    lambda name: name,
    lambda name: name,
    str.title,
    str.upper,
    str.swapcase,
    lambda name: f"{name} ",
    lambda name: f" {name}",
    lambda name: name.replace(" ", "  "),
    lambda name: name.replace(" ", "\u00a0"),
    lambda name: name.replace(" ", "_"),
    lambda name: name.replace(" ", "\t"),
    lambda name: name.translate(_LOOK_ALIKES),
    lambda name: name.translate(_WIDE),
    lambda name: f"{name[:3]}\u200b{name[3:]}",
    lambda name: f"\ufeff{name}",
    lambda name: f"{name}\u0301",
    lambda name: f"{name} $x=1",
    lambda name: f"{name}()",
    lambda name: f'"{name}"',
)
_FOLDERS: Final = (
    "", "", "rails/", "zz/zz/", ".hidden/", "actions/", "company/", "kbase/", "kb/", "tests/", "__pycache__/",
    ".git/", "a b/", "\u00fcber/",
)  # fmt: skip


def disguised(name: str, dice: random.Random) -> str:
    """The name itself in a few of many cases, else something that a person or a program takes for it."""
    return dice.choice(_DISGUISES)(name)


def anywhere(name: str, dice: random.Random) -> str:
    """The path of a file, in one of the folders that NeMo walks, or does not."""
    return dice.choice(_FOLDERS) + name
