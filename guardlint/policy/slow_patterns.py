"""Regular expressions of the company's own that one message could keep busy for minutes: refused.

Python's ``re`` cannot be interrupted and holds the whole process while it looks, so no deadline of a plan
bounds it.  What bounds it is that no pattern gets into a bundle which takes exponential time; the rule
``slow-pattern`` says the same of a team's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from guardlint.errors import ConfigError
from guardlint.policy.documents import Document
from guardlint.policy.filling import filled
from guardlint.policy.model import ComposedPolicy
from guardlint.source.lazy_pattern import lazy_pattern

__all__ = ["check_rail_patterns", "refuse_slow_settings", "slow_in_schema"]

_HELP: Final = "take one of the two repetitions out, or bound it (`{1,20}`)"
_SAID: Final = "repeats a repetition, which takes exponential time on some messages"
_PATTERNS: Final = "patterns"
_PLAIN = lazy_pattern(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]")
_REPEATED_GROUP = lazy_pattern(r"\)\s*(?:[*+]|\{\d*,\}|\{\d*,?\d{4,}\})")


def check_rail_patterns(document: Document) -> None:
    """Raises ConfigError, at its line, for a slow pattern that a rail's manifest gives to NeMo."""
    for direction, entry in document.data["directions"].items():
        for path, pattern in _patterns(entry.get("config", {}), ("directions", direction, "config")):
            if _is_slow(pattern):
                raise document.error(f"the pattern {_SAID}", *path, help=_HELP)


def refuse_slow_settings(policy: ComposedPolicy, configs: Mapping[str, Mapping[str, Any]]) -> None:
    """Raises ConfigError where a setting of a policy is a slow pattern.

    ``configs`` are what each rail (by its reference) gives to NeMo, unfilled; schemas of tools have patterns
    too.
    """
    for uses in policy.rails.values():
        for use in uses:
            whole = filled(configs.get(use.ref, {}), use.settings)
            found = [pattern for _, pattern in _patterns(whole, ())]
            for pattern in [*found, *_schema_patterns(use.settings)]:
                if _is_slow(pattern):
                    raise ConfigError(
                        f"a pattern in the settings of {use.ref} {_SAID}: {pattern[:80]!r}",
                        place=str(use.origin.place),
                        help=_HELP,
                    )


def slow_in_schema(fragment: Any) -> str | None:
    """A slow pattern of a JSON schema, or None."""
    return next((pattern for pattern in _schema_patterns(fragment) if _is_slow(pattern)), None)


def _patterns(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every pattern of NeMo's regex rails in a part of ``rails.config``, with its path."""
    if not isinstance(value, Mapping):
        return
    for key, inner in value.items():
        if key != _PATTERNS or not isinstance(inner, list):
            yield from _patterns(inner, (*path, key))
            continue
        for index, item in enumerate(inner):
            where = (*path, key, index)
            if isinstance(item, str):
                yield where, item
            elif isinstance(item, Mapping) and isinstance(item.get("text"), str):
                yield (*where, "text"), item["text"].replace("<hosts>", "h")


def _schema_patterns(value: Any) -> Iterator[str]:
    if isinstance(value, list | tuple):
        for item in value:
            yield from _schema_patterns(item)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if key == "pattern" and isinstance(inner, str):
                yield inner
            elif key == "patternProperties" and isinstance(inner, Mapping):
                yield from map(str, inner)
                yield from _schema_patterns(list(inner.values()))
            else:
                yield from _schema_patterns(inner)


def _is_slow(pattern: str) -> bool:
    # Parsing takes milliseconds. Without a group that is repeated there is nothing to find.
    if not _REPEATED_GROUP.search(_PLAIN.sub("", pattern)):
        return False
    from guardlint.nemo.pattern_shapes import repeats_of_repeats, syntax_tree

    tree = syntax_tree(pattern)
    return tree is not None and repeats_of_repeats(tree)
