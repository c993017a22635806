"""Frozen, slotted records that cost next to nothing until the first one is made.

``@dataclass(frozen=True, slots=True)`` makes a class twice and compiles six functions for it: a millisecond
for each class that is imported, used or not. :func:`record` compiles ``__init__`` at the first call, and the
other methods are the same ones for all. For :mod:`dataclasses` a record is a dataclass like any other.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, FrozenInstanceError, field, make_dataclass
from dataclasses import replace as _replace
from inspect import get_annotations
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform

__all__ = ["field", "record", "replace"]

_Class = TypeVar("_Class", bound=type)
_Record = TypeVar("_Record")


@dataclass_transform(frozen_default=True, field_specifiers=(field, Field))
def record(cls: _Class) -> _Class:
    """The class as a frozen, slotted dataclass; it has no base with fields and no ``ClassVar``."""
    names = tuple(get_annotations(cls))
    body = {name: value for name, value in cls.__dict__.items() if name not in ("__dict__", "__weakref__")}
    defaults = {name: body.pop(name) for name in names if name in body}
    body = {**_METHODS, **body, "__slots__": names, "__match_args__": names}
    body["__dataclass_fields__"] = _Fields(defaults)
    compared = [name for name in names if getattr(defaults.get(name), "compare", None) is not False]
    body["__compared__"] = attrgetter(*compared) if compared else tuple
    # Hardly two of a kind share a place, and it takes no look at all that is below.
    body["__hashed__"] = attrgetter("place") if "place" in compared else body["__compared__"]
    made: Any = type(cls)(cls.__name__, cls.__bases__, body)
    made.__qualname__ = cls.__qualname__
    made.__init__ = _first_init(made, names, defaults)
    return made  # type: ignore[no-any-return]


def replace(item: _Record, **changes: Any) -> _Record:
    """The record with other values, and any other dataclass as :func:`dataclasses.replace` does it."""
    kind: Any = type(item)
    if "__compared__" not in kind.__dict__:
        other: _Record = _replace(item, **changes)  # type: ignore[type-var]
        return other
    # The other function would have the fields made for it, which takes longer than a whole configuration.
    for name in kind.__match_args__:
        if name not in changes:
            changes[name] = getattr(item, name)
    changed: _Record = kind(**changes)
    return changed


def _first_init(made: Any, names: tuple[str, ...], defaults: dict[str, Any]) -> Any:
    """An ``__init__`` that compiles the true one in its place."""

    def first(self: Any, *values: Any, **named: Any) -> None:
        made.__init__ = _init(made, names, defaults)
        made.__init__(self, *values, **named)

    return first


def _init(made: Any, names: tuple[str, ...], defaults: dict[str, Any]) -> Any:
    scope: dict[str, Any] = {"_MISSING": MISSING}
    heads, lines = ["self"], []
    for name in names:
        scope[f"_set_{name}"] = made.__dict__[name].__set__
        value, head, given = defaults.get(name, MISSING), name, name
        if isinstance(value, Field):
            if value.default_factory is not MISSING:
                scope[f"_make_{name}"] = value.default_factory
                head, given = f"{name}=_MISSING", f"_make_{name}() if {name} is _MISSING else {name}"
            value = value.default
        if value is not MISSING:
            scope[f"_default_{name}"] = value
            head = f"{name}=_default_{name}"
        heads.append(head)
        lines.append(f"  _set_{name}(self, {given})")
    if hasattr(made, "__post_init__"):
        lines.append("  self.__post_init__()")
    exec(f"def __init__({', '.join(heads)}):\n" + "\n".join(lines or ["  pass"]), scope)  # noqa: S102
    init = scope["__init__"]
    init.__qualname__ = f"{made.__qualname__}.__init__"
    return init


class _Fields:
    """``__dataclass_fields__``, made by :mod:`dataclasses` itself where somebody asks."""

    def __init__(self, defaults: dict[str, Any]) -> None:
        self._defaults = defaults

    def __get__(self, instance: Any, owner: Any) -> Any:
        kinds = get_annotations(owner)
        listed = [(name, kind, self._defaults.get(name, field())) for name, kind in kinds.items()]
        like: Any = make_dataclass(owner.__name__, listed)
        owner.__dataclass_fields__ = like.__dataclass_fields__
        return owner.__dataclass_fields__


def _eq(self: Any, other: Any) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    compared = self.__compared__
    return self is other or compared(self) == compared(other)


def _hash(self: Any) -> int:
    return hash(self.__hashed__(self))


def _repr(self: Any) -> str:
    kind: Any = type(self)
    shown = (name for name in kind.__match_args__ if kind.__dataclass_fields__[name].repr)
    return f"{kind.__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"


def _refuse(self: Any, name: str, *_: Any) -> None:  # noqa: ARG001 - called as a method
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _reduce(self: Any) -> tuple[Any, ...]:
    return type(self), tuple(getattr(self, name) for name in type(self).__match_args__)


_METHODS = {
    "__eq__": _eq,
    "__hash__": _hash,
    "__repr__": _repr,
    "__setattr__": _refuse,
    "__delattr__": _refuse,
    "__reduce__": _reduce,
}
