"""What hosts hand over, as plain data, and changed data back in the shape that it came in.

Hosts have strings, dictionaries and the objects of their client libraries (pydantic models of either
generation, dataclasses, namespaces).  None of those libraries is imported here: an object is read by its
fields, all of them, and what cannot be read completely is refused, because it would pass unread.
Nothing of the host's is ever changed: what differs is a copy.
"""

from __future__ import annotations

import dataclasses
import enum
import uuid
from collections.abc import Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import PurePath
from types import SimpleNamespace
from typing import Any, Final

from guardlint.errors import UsageError

__all__ = ["BytesText", "as_plain", "fields_of", "with_changes"]

_DEPTH: Final = 64
_PAYLOADS: Final = ("data", "file_data", "bytes")  # an image's or a file's; bytes elsewhere may be text
_DOCUMENT: Final = "bytes"  # where Bedrock has documents of text; bytes elsewhere are nobody's way to say one
_LEAVES: Final = (date, time, timedelta, Decimal, uuid.UUID, PurePath, enum.Enum)
# Who asks such an object gets what no field shows: the next piece of a stream, an answer that is to come.
_MAKES_MORE: Final = ("__next__", "__anext__", "__aiter__", "__await__")


class BytesText(str):
    """The text of a document that is given as bytes."""

    __slots__ = ()


class _Nothing:
    """A class that adds nothing to ``object``: how large its instances are."""


def as_plain(value: Any, depth: int = 0) -> Any:
    """``value`` as dictionaries, lists and leaves.

    Raises UsageError, which names the type only, for what cannot be read completely.
    """
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if depth > _DEPTH:
        raise UsageError("the guard cannot read what is nested that deep, or holds itself")
    if isinstance(value, Mapping):
        return {key: _entry(key, item, depth) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_plain(item, depth + 1) for item in value]
    if isinstance(value, PurePath):
        return str(value)  # a name that somebody chose: text like any other
    if isinstance(value, _LEAVES):
        return value
    fields = fields_of(value)
    if fields is None:
        raise UsageError(f"the guard cannot read an object of type {type(value).__name__}")
    return {name: _entry(name, item, depth) for name, item in fields.items()}


def _entry(key: object, item: Any, depth: int) -> Any:
    if not isinstance(item, bytes) or key not in _PAYLOADS:
        return as_plain(item, depth + 1)
    try:
        text = BytesText(item.decode())
    except UnicodeDecodeError:
        return item  # a picture, a sound, an archive: those are no UTF-8
    return text if key == _DOCUMENT or not text else as_plain(item)


def fields_of(value: object) -> dict[str, Any] | None:
    """All that an object holds, by name; None when it may hold more than can be seen from outside."""
    kind = type(value)
    own = getattr(value, "__dict__", None)
    if hasattr(kind, "model_fields") or hasattr(kind, "__fields__"):  # pydantic 2 and 1
        return {**(own or {}), **(getattr(value, "__pydantic_extra__", None) or {})}
    plain = isinstance(value, SimpleNamespace) or dataclasses.is_dataclass(value)
    if not plain and (kind.__basicsize__ > _Nothing.__basicsize__ or not own):
        return None  # C holds its fields, or it holds none
    if any(hasattr(kind, name) for name in _MAKES_MORE) or (not plain and hasattr(kind, "__iter__")):
        return None
    slots = [name for base in kind.__mro__ for name in _slots(base) if hasattr(value, name)]
    return {**{name: getattr(value, name) for name in slots}, **(own or {})}


def with_changes(given: Any, plain: Any) -> Any:
    """``given`` with what differs in ``plain``, its changed :func:`as_plain`; itself when nothing does.

    Raises UsageError when an object lost or gained fields, which only dictionaries can.
    """
    if given is plain or plain is None:
        return plain
    if isinstance(given, Mapping):
        return _mapping(given, plain) if isinstance(plain, Mapping) else plain
    if isinstance(given, list | tuple):
        return _sequence(given, plain) if isinstance(plain, list) else plain
    if isinstance(given, bytes) and isinstance(plain, str):
        data = plain.encode(errors="replace")
        return given if data == given else data
    if given is None or isinstance(given, (str, int, float, bytes, *_LEAVES)):
        same = plain == given or (not isinstance(given, str) and plain == str(given))
        return given if same else plain
    fields = fields_of(given)
    if fields is None or not isinstance(plain, Mapping) or plain.keys() != fields.keys():
        raise UsageError(f"the guard cannot change an object of type {type(given).__name__}")
    new = {name: with_changes(value, plain[name]) for name, value in fields.items()}
    changed = {name: value for name, value in new.items() if value is not fields[name]}
    return _copied(given, fields, changed) if changed else given


def _mapping(given: Mapping[Any, Any], plain: Mapping[Any, Any]) -> Any:
    keys = {str(key): key for key in given}  # JSON has texts for keys
    new = {}
    for name, item in plain.items():
        key = keys.get(str(name), name)
        new[key] = with_changes(given[key], item) if key in given else item
    if new.keys() == given.keys() and all(value is given[key] for key, value in new.items()):
        return given
    return new


def _sequence(given: list[Any] | tuple[Any, ...], plain: list[Any]) -> Any:
    if len(given) != len(plain):
        return tuple(plain) if isinstance(given, tuple) else plain
    new = [with_changes(before, after) for before, after in zip(given, plain, strict=True)]
    if all(before is after for before, after in zip(given, new, strict=True)):
        return given
    if isinstance(given, tuple):
        make = getattr(type(given), "_make", tuple)  # named tuples
        return make(new)
    return new


def _copied(given: Any, fields: Mapping[str, Any], changed: Mapping[str, Any]) -> Any:
    kind = type(given)
    if hasattr(kind, "model_copy"):
        extra = getattr(given, "__pydantic_extra__", None) or {}
        copied = given.model_copy()
        for name, value in changed.items():
            if name in extra:
                copied.__pydantic_extra__[name] = value
            else:  # fields, and what cached properties keep: nothing may still hold the old text
                copied.__dict__[name] = value
        return copied
    if hasattr(kind, "__fields__"):
        return given.copy(update=dict(changed))
    # Neither __init__ nor __copy__: the one may do anything, the other may share what is in there.
    copied = (SimpleNamespace if issubclass(kind, SimpleNamespace) else object).__new__(kind)
    for name, value in {**fields, **changed}.items():
        object.__setattr__(copied, name, value)
    return copied


def _slots(base: type) -> tuple[str, ...]:
    names = base.__dict__.get("__slots__", ())
    names = (names,) if isinstance(names, str) else tuple(names)
    return tuple(
        f"_{base.__name__.lstrip('_')}{name}" if name.startswith("__") and not name.endswith("__") else name
        for name in names
        if name not in ("__dict__", "__weakref__")
    )
