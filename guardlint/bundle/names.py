"""Which file names a bundle may hold: those that mean one and the same file on every platform."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from guardlint.bundle.canonical import shown

__all__ = ["MAX_PATH_BYTES", "name_fault", "names_fault", "split_name"]

MAX_PATH_BYTES = 256
"""A path in UTF-8 bytes: USTAR has 155 for the folders, a slash, and 100 for the rest."""

_NAME_BYTES = 100
_PREFIX_BYTES = 155

# Control and format characters (bidirectional overrides, zero-width joiners that some file systems drop),
# lone surrogates, line and paragraph separators.
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})

# Windows: https://learn.microsoft.com/windows/win32/fileio/naming-a-file ; a colon names a drive or a stream.
_WINDOWS_CHARACTERS = frozenset('<>:"|?*')
_WINDOWS_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$"}
    | {f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789¹²³"}
)


def name_fault(name: str) -> str | None:
    """Why ``name`` cannot be a file of a bundle, as the end of a sentence, or None."""
    if not name:
        return "is empty"
    plain = name.isascii() and name.isprintable()
    if not plain and any(unicodedata.category(character) in _UNPRINTABLE for character in name):
        return "has a control or invisible character"
    if "\\" in name:
        return "has a backslash"
    if name.startswith("/"):
        return "is absolute"
    parts = name.split("/")
    if ".." in parts:
        return "climbs out of the bundle with '..'"
    if "" in parts or "." in parts:
        return "has an empty or '.' part"
    if _WINDOWS_CHARACTERS.intersection(name):
        return "has a character that Windows does not allow"
    if any(part.endswith((".", " ")) for part in parts):
        return "has a part that ends with a dot or a blank, which Windows drops"
    if any(part.split(".")[0].rstrip().lower() in _WINDOWS_DEVICES for part in parts):
        return "is a device on Windows"
    if split_name(name.encode("utf-8")) is None:
        return (
            f"is longer than the archive can hold ({_PREFIX_BYTES} bytes of folders, {_NAME_BYTES} of name)"
        )
    return None


def names_fault(names: Iterable[str]) -> str | None:
    """Why these names cannot live side by side on every file system, or None; a whole sentence.

    That no name is there twice is for the caller: a mapping cannot, an archive shows it by its order.
    """
    spelled: dict[str, tuple[str, bool]] = {}  # folded path -> (its spelling, whether it is a folder)
    for name in names:
        parts = name.split("/")
        for length in range(1, len(parts) + 1):
            path = "/".join(parts[:length])
            folder = length < len(parts)
            known = spelled.setdefault(_folded(path), (path, folder))
            if known[0] != path:
                return f"{shown(path)} and {shown(known[0])} differ only in case or Unicode form"
            if known[1] != folder:
                return f"{shown(path)} is a file and a folder"
    return None


def split_name(name: bytes) -> tuple[bytes, bytes] | None:
    """USTAR's ``prefix`` and ``name`` fields for a path, or None when it does not fit.

    The longest prefix is taken, so that a path has one spelling only.
    """
    if len(name) <= _NAME_BYTES:
        return b"", name
    slash = name.rfind(b"/", 0, _PREFIX_BYTES + 1)
    if slash < 1 or not 0 < len(name) - slash - 1 <= _NAME_BYTES:
        return None
    return name[:slash], name[slash + 1 :]


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", path).casefold())
