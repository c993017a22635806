"""The company's rules for tools: which may be called, with what, and how much may come back.

A call leaves the model and acts, a result is read by the model as if a friend had written it.  NeMo's rails
read texts; ``tool call validation`` of its fast engine knows the tools of a request that it makes itself,
which a guard around somebody's function never sees.  So these rules run natively, on data.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from guardlint.errors import ConfigError

__all__ = ["TOOL_KEYS", "ToolRules", "foreign_host", "read_tools"]

TOOL_KEYS: Final = frozenset(
    {"step", "rail", "checks", "tools", "schemas", "hosts", "result_hosts", "max_call", "max_result"}
)
"""The keys of a plan's step ``tools``."""

_PLACE: Final = "plan.yml"
_DEPTH: Final = 40  # brackets in brackets; a deeper value is refused before anything walks it
# As browsers and HTTP clients read it: `\` is `/` for many, and `https:` wants no stroke at all.
_ADDRESS: Final = re.compile(
    r"(?:\bhttps?:[/\\]*|\b[a-z][a-z0-9+.-]{1,20}:[/\\]{2,}|[/\\]{2}(?=[^\s/\\?#]*\.))([^\s/\\?#\"'<>]+)",
    re.IGNORECASE,
)
# Addresses without a host of anybody's: code, data and files of the machine.
_HOSTLESS: Final = re.compile(r"\b(?:javascript|vbscript|data|file):(?=\S)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ToolRules:
    """The rules of one rail.

    ``calls`` and ``results`` say what is looked at.  ``tools`` are the names that may be called, ``hosts``
    those that an address in a call may name (with what is below them) and ``result_hosts`` those in a
    result; None: any.  ``max_call`` and ``max_result`` are characters of JSON.  ``schemas`` are validators of
    the arguments by tool; a tool without one takes any.
    """

    rail: str
    calls: bool = True
    results: bool = True
    tools: frozenset[str] | None = None
    schemas: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    hosts: tuple[str, ...] | None = None
    result_hosts: tuple[str, ...] | None = None
    max_call: int = 20_000
    max_result: int = 100_000

    def check_call(self, name: str, arguments: Any) -> str | None:
        """Why the model may not make this call, in one word for the record, or None.

        ``arguments`` are a mapping, or the JSON text that OpenAI's interface has.
        """
        if not self.calls:
            return None
        if self.tools is not None and name not in self.tools:
            return "tool-not-allowed"
        if isinstance(arguments, str):
            if len(arguments) > self.max_call:
                return "call-too-long"
            arguments = _parsed(arguments)
        if not isinstance(arguments, Mapping):
            return "arguments-unreadable"
        size = _size(arguments)
        if size is None:
            return "arguments-unreadable"
        if size > self.max_call:
            return "call-too-long"
        validator = self.schemas.get(name)
        if validator is not None and not _valid(validator, arguments):
            return "arguments-not-as-declared"
        return "host-not-allowed" if foreign_host(arguments, self.hosts) else None

    def check_result(self, name: str, result: Any) -> str | None:
        """Why the model may not read this result, in one word for the record, or None."""
        if not self.results:
            return None
        if self.tools is not None and name and name not in self.tools:
            return "tool-not-allowed"
        size = len(result) if isinstance(result, str) else _size(result)
        if size is None:
            return "result-unreadable"
        if size > self.max_result:
            return "result-too-long"
        return "host-not-allowed" if foreign_host(result, self.result_hosts) else None


def read_tools(entry: Mapping[str, Any]) -> ToolRules:
    """The rules of a plan's step ``tools``.  Raises ConfigError for whatever it does not know."""
    unknown = sorted(str(key) for key in entry if key not in TOOL_KEYS)
    if unknown:
        raise ConfigError(f"a step tools has unknown keys: {', '.join(unknown)}", place=_PLACE)
    rail, checks = entry.get("rail"), entry.get("checks", ["calls", "results"])
    if not isinstance(rail, str) or not rail:
        raise ConfigError("a step tools names its rail", place=_PLACE)
    if not isinstance(checks, list) or not checks or not set(checks) <= {"calls", "results"}:
        raise ConfigError("`checks` of a step tools lists calls, results or both", place=_PLACE)
    tools = _names(entry, "tools")
    return ToolRules(
        rail,
        calls="calls" in checks,
        results="results" in checks,
        tools=None if tools is None else frozenset(tools),
        schemas=MappingProxyType(_validators(entry.get("schemas") or {})),
        hosts=_hosts(entry, "hosts"),
        result_hosts=_hosts(entry, "result_hosts"),
        max_call=_most(entry, "max_call", 20_000),
        max_result=_most(entry, "max_result", 100_000),
    )


def foreign_host(value: Any, hosts: tuple[str, ...] | None) -> bool:
    """Whether a text in ``value``, keys included, holds an address of another host; ``hosts`` None: never."""
    if hosts is None:
        return False
    return any(
        _HOSTLESS.search(text) is not None
        or any(not _ours(found[1], hosts) for found in _ADDRESS.finditer(text))
        for text in _texts(value)
    )


def _ours(authority: str, hosts: tuple[str, ...]) -> bool:
    """``user@host:port``; what stands before the last @ is nobody's host."""
    host = authority.rpartition("@")[2].partition(":")[0].rstrip(".,;)]}").lower()
    return any(host == own or host.endswith(f".{own}") for own in hosts)


def _parsed(text: str) -> Any:
    """The arguments, or None where two readers could read two things: twice the same key, NaN, rests."""
    try:
        return json.loads(text or "{}", object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key stands twice")
    return made


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _size(value: Any) -> int | None:
    """Characters of the value as JSON; None for what is no JSON or too deep to be walked."""
    if not _is_shallow(value, _DEPTH):
        return None
    try:
        return len(json.dumps(value, ensure_ascii=False, allow_nan=False))
    except (TypeError, ValueError):
        return None


def _is_shallow(value: Any, left: int) -> bool:
    if isinstance(value, Mapping):
        return left > 0 and all(_is_shallow(item, left - 1) for item in value.values())
    if isinstance(value, list | tuple):
        return left > 0 and all(_is_shallow(item, left - 1) for item in value)
    return True


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(key)
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


def _valid(validator: Any, arguments: Any) -> bool:
    try:
        return bool(validator.is_valid(arguments))
    except Exception:  # noqa: BLE001 - a schema that cannot answer (a reference to nowhere) allows nothing
        return False


def _validators(schemas: Any) -> dict[str, Any]:
    """One validator for each tool.  A reference out of the schema leads nowhere: nothing is fetched."""
    if not isinstance(schemas, Mapping) or not all(isinstance(name, str) for name in schemas):
        raise ConfigError("`schemas` of a step tools maps tools to JSON schemas", place=_PLACE)
    if not schemas:
        return {}
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError
    from referencing import Registry

    made = {}
    for name, schema in schemas.items():
        try:
            Draft202012Validator.check_schema(schema)
        except SchemaError as error:
            raise ConfigError(
                f"the JSON schema of the tool '{name}' is none: {error.message}", place=_PLACE
            ) from None
        made[name] = Draft202012Validator(schema, registry=Registry())
    return made


def _names(entry: Mapping[str, Any], key: str) -> tuple[str, ...] | None:
    """A list of names; absent, null or the word ``any``: no limit."""
    value = entry.get(key)
    if value in (None, "any"):
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise ConfigError(f"`{key}` of a step tools is a list of names, or `any`", place=_PLACE)
    return tuple(value)


def _hosts(entry: Mapping[str, Any], key: str) -> tuple[str, ...] | None:
    hosts = _names(entry, key)
    return None if hosts is None else tuple(host.lower().strip(".") for host in hosts)


def _most(entry: Mapping[str, Any], key: str, default: int) -> int:
    value = entry.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise ConfigError(f"`{key}` of a step tools is a number of characters", place=_PLACE)
    return value
