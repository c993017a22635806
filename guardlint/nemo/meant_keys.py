"""Which key of NeMo a key that it does not know was meant to be, and where it belongs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from guardlint.source.names import closest
from guardlint.source.yaml_file import DataPath

__all__ = ["deeper", "fits", "home", "invisible", "meant", "plain"]

# Letters of other alphabets that look like Latin ones.
_LOOK_ALIKES = str.maketrans("асеіјорѕхуԁɡһӏοανіΙΟ", "aceijopsxydghloaviIO")

# At the top these mean something else than in a section, or nothing any more.
_NOT_AT_THE_TOP = frozenset({"docs", "flows", "streaming"})


def plain(name: str) -> str:
    """The name as it looks: no blanks around it, no invisible signs, the Latin letters it seems to have."""
    text = unicodedata.normalize("NFKC", name)
    text = "".join(sign for sign in text if unicodedata.category(sign) not in ("Cf", "Cc"))
    return text.strip().translate(_LOOK_ALIKES)


def invisible(name: str, known: str) -> str | None:
    """What tells a key from ``known`` that no eye can see, in words; None where an eye can."""
    if plain(name) != known or name == known:
        return None
    if name.strip() == known:
        odd = name.removeprefix(known).removesuffix(known) or name
        what = "a blank" if set(odd) <= {" "} else "an invisible blank"
        return f"this key {'begins' if name.endswith(known) else 'ends'} with {what}"
    if any(unicodedata.category(sign) in ("Cf", "Cc") for sign in name):
        return "an invisible sign stands in this key"
    return "letters of this key come from another alphabet"


def fits(value: Any, node: dict[str, Any]) -> bool:
    """Whether a value has the shape of what ``node`` describes; of a mapping one key must be known."""
    kind = node.get("type")
    if kind == "mapping":
        known = node.get("keys", {})
        return isinstance(value, dict) and (
            not value or bool(node.get("open")) or any(_snake(str(key)) in known for key in value)
        )
    if kind == "list":
        return isinstance(value, list)
    return value is not None and not isinstance(value, dict | list)


def meant(name: str, value: Any, node: dict[str, Any]) -> str | None:
    """The key of the same section: spelt otherwise, with a word too many, or known by what is in it."""
    section: dict[str, dict[str, Any]] = node.get("keys", {})
    known = {key: child for key, child in section.items() if not child.get("dropped")}
    clean = plain(name)
    if clean in known:
        return clean
    swapped = [key for key in known if sorted(key) == sorted(clean)]
    near = swapped[0] if len(swapped) == 1 else closest(clean, known)
    if near is not None and (_same_letters(clean, near) or _is_shape_of(value, known[near])):
        return near
    words = set(_words(clean))
    holding = [key for key in known if set(_words(key)) < words and fits(value, known[key])]
    if len(holding) == 1:
        return holding[0]
    if isinstance(value, dict) and value:
        alike = [key for key, child in known.items() if _holds_most(value, child)]
        if len(alike) == 1:
            return alike[0]
    return None


def deeper(name: str, value: Any, node: dict[str, Any]) -> list[str]:
    """The sections right below this one in which the key would be known."""
    clean = _snake(name)
    inner = {key: child.get("keys", {}).get(clean) for key, child in node.get("keys", {}).items()}
    return [key for key, child in inner.items() if child and fits(value, child)]


def home(name: str, value: Any, keys: dict[str, Any]) -> DataPath | None:
    """The one section, at the top or below ``rails``, to which the key belongs; the highest of several.

    ``()`` is the top level. A value of another shape than the section's is none of its.
    """
    clean = _snake(name)
    found: list[DataPath] = []
    for path, node in _sections(keys, ()):
        child = node.get("keys", {}).get(clean)
        if child is None or child.get("dropped") or not fits(value, child):
            continue
        if not path and clean in _NOT_AT_THE_TOP:
            continue
        if found and len(path) > len(found[0]):
            break
        found.append(path)
    return found[0] if len(found) == 1 else None


def _sections(node: dict[str, Any], path: DataPath) -> Iterator[tuple[DataPath, dict[str, Any]]]:
    """The sections that hold rails and their settings, the highest first."""
    level = [(path, node)]
    while level:
        yield from level
        level = [
            ((*path, name), child)
            for path, node in level
            for name, child in node.get("keys", {}).items()
            if child.get("type") == "mapping" and (path or name == "rails") and len(path) < 3
        ]


def _is_shape_of(value: Any, node: dict[str, Any]) -> bool:
    kinds = {"mapping": dict, "list": list}
    kind = kinds.get(str(node.get("type")))
    if kind is None:
        return not isinstance(value, dict | list)
    return value is None or isinstance(value, kind)


def _holds_most(value: dict[Any, Any], node: dict[str, Any]) -> bool:
    """Whether most keys are those of a section, and one of them has that section's shape."""
    known = node.get("keys", {})
    shared = [key for key in value if key in known]
    return len(shared) * 2 > len(value) and any(
        known[key].get("type") in ("mapping", "list") and fits(value[key], known[key]) for key in shared
    )


def _snake(name: str) -> str:
    """As NeMo writes its keys: ``sensitive-data-detection`` and ``sensitiveDataDetection`` with ``_``."""
    clean = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", plain(name))
    return clean.replace("-", "_").replace(" ", "_").casefold()


def _same_letters(name: str, other: str) -> bool:
    def fold(text: str) -> str:
        return text.casefold().replace("-", "").replace("_", "").replace(" ", "").rstrip("s")

    return fold(name) == fold(other)


def _words(name: str) -> list[str]:
    return [word for word in name.casefold().replace("-", " ").replace("_", " ").split() if word]
