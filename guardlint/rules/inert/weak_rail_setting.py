"""A setting takes the effect of a running rail away: it only watches, passes on failure, or never fires.

What it does: compares a small table of settings with the values that take a rail's effect away.

Why it matters: ``action: warn`` finds and lets pass; ``fail_open: true`` lets everything pass while the
service is down; a threshold above every score never fires; without a threshold the nearest intent is taken
however far it is.

How to fix: write the value that the help names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.running import running_rails
from guardlint.rules._mends import replace_value
from guardlint.rules.rule import Confidence, Found, Project, Rule
from guardlint.source.yaml_file import DataPath

RULE = Rule(severity="warning", confidence="high", since="0.1.0", fix="unsafe")


class _Weak(NamedTuple):
    """A setting under ``rails.config`` and the values that weaken it."""

    path: tuple[str, ...]
    weak: Callable[[Any], bool]
    what: str
    at_run_time: str
    help: str
    confidence: Confidence = "high"
    right: str | bool | float | None = None


def check(project: Project) -> Iterator[Found]:
    """One finding for each setting."""
    configuration = project.configuration
    running = {str(rail.surface["config_key"]) for rail in running_rails(configuration)}
    for item in _SETTINGS:
        path: DataPath = ("rails", "config", *item.path)
        value = configuration.value(path)
        if item.path[0] in running and value is not None and item.weak(value):
            yield _found(configuration, path, item, value)
    yield from _classifiers(configuration, "hf_classifier" in running)
    yield from _nearest_intent(configuration)


def _found(configuration: Configuration, path: DataPath, item: _Weak, value: Any) -> Found:
    return Found(
        f"`{path[-1]}: {_written(value)}` {item.what}",
        configuration.place(path),
        item.at_run_time,
        item.help,
        path=path,
        value=value,
        confidence=item.confidence,
        fix=replace_value(configuration, path, item.right, safe=False) if item.right is not None else None,
    )


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_true(value: Any) -> bool:
    return value is True or str(value).lower() in ("true", "yes", "on", "1")


def _above(limit: float) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int | float) and not isinstance(value, bool) and value > limit


def _from(limit: float) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int | float) and not isinstance(value, bool) and value >= limit


_OPEN = "while the service is down or answers with an error, NeMo lets every text through"
_CLOSED = "write `fail_open: false`"
_TOO_HIGH = "is above every score"
_DEFAULT = "write about NeMo's default, "
_NEVER = "no text reaches it: the rail lets everything through"
# Thresholds and actions of the library's rails (library/*/rail_config.py and actions.py). The jailbreak
# heuristics score about 90 and 1850 for an attack; what is a hundred times that is never reached.
_SETTINGS = (
    _Weak(("f5", "fail_open"), _is_true, "lets pass what it cannot check", _OPEN, _CLOSED, right=False),
    _Weak(
        ("ai_defense", "fail_open"), _is_true, "lets pass what it cannot check", _OPEN, _CLOSED, right=False
    ),
    _Weak(
        ("context_bloat_detection", "action"),
        lambda value: value == "warn",
        "only watches",
        "what is found is logged and let through",
        "write `action: reject` (or `truncate`) once you have watched enough",
        right="reject",
    ),
    _Weak(
        ("context_bloat_detection", "max_chars"),
        _from(1_000_000),
        "is no limit",
        _NEVER,
        "write about `5000`",
        right=5000,
    ),
    _Weak(
        ("fiddler", "safety_threshold"), _above(1), "is above every score", _NEVER, "write a value below 1"
    ),
    _Weak(
        ("fiddler", "faithfulness_threshold"),
        lambda value: isinstance(value, int | float) and value < 0,
        "is below every score",
        _NEVER,
        "write a value between 0 and 1",
    ),
    _Weak(
        ("jailbreak_detection", "length_per_perplexity_threshold"),
        _from(9_000),
        "is out of reach",
        _NEVER,
        _DEFAULT + "`89.79`",
        "medium",
        89.79,
    ),
    _Weak(
        ("jailbreak_detection", "prefix_suffix_perplexity_threshold"),
        _from(180_000),
        "is out of reach",
        _NEVER,
        _DEFAULT + "`1845.65`",
        "medium",
        1845.65,
    ),
    _Weak(
        ("gliner", "threshold"),
        _from(1),
        "is above every score",
        _NEVER,
        "write about `0.5`, NeMo's default",
        right=0.5,
    ),
)


def _classifiers(configuration: Configuration, running: bool) -> Iterator[Found]:
    entries = configuration.value(("rails", "config", "hf_classifier"))
    for name in entries if running and isinstance(entries, dict) else ():
        path: DataPath = ("rails", "config", "hf_classifier", name, "threshold")
        value = configuration.value(path)
        if value is not None and _from(1)(value):
            item = _Weak((), _from(1), _TOO_HIGH, _NEVER, _DEFAULT + "`0.5`", right=0.5)
            yield _found(configuration, path, item, value)


def _nearest_intent(configuration: Configuration) -> Iterator[Found]:
    """``embeddings_only`` takes the nearest example where no threshold says how near it must be."""
    section: DataPath = ("rails", "dialog", "user_messages")
    path = (*section, "embeddings_only")
    if not _is_true(configuration.value(path)) or not configuration.user_messages:
        return
    if configuration.value((*section, "embeddings_only_similarity_threshold")) is not None:
        return
    yield Found(
        "`embeddings_only` has no `embeddings_only_similarity_threshold`",
        configuration.place(path, key=True),
        "every message is taken for the nearest of the examples, however far it is",
        "write `embeddings_only_similarity_threshold`, e.g. `0.75`, and an `embeddings_only_fallback_intent`",
        path=path,
        value=True,
    )
