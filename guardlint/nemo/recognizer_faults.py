r"""What Presidio refuses of a recognizer, and what it takes and can never match.

Read from ``PatternRecognizer.from_dict`` and ``Pattern.from_dict`` of presidio-analyzer, which NeMo hands
every entry of ``recognizers`` as it is (``library/sensitive_data_detection/actions.py``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.names import closest
from guardlint.source.record import record
from guardlint.source.yaml_file import DataPath

__all__ = ["RecognizerFault", "dead_parts", "refused_parts"]

_FIELDS = frozenset(
    "supported_entity supported_entities name supported_language patterns deny_list context deny_list_score "
    "global_regex_flags version country_code".split()
)
_EXAMPLES = {"name": "name: …", "regex": "regex: '…'", "score": "score: 0.6"}
_MEANT = {
    "entity": "supported_entity",
    "entities": "supported_entities",
    "language": "supported_language",
    "supported_languages": "supported_language",
    "denylist": "deny_list",
    "blacklist": "deny_list",
    "regex": "patterns",
    "context_words": "context",
}
# What re refuses and Presidio's regex package refuses as well; the rest it may know.
_BOTH_REFUSE = lazy_pattern(
    r"missing \)|unbalanced paren|unterminated|nothing to repeat|bad escape \(end|unknown ext"
)
# Before the letter of a class, where the backslash cannot be one of a path.
_DOUBLED = lazy_pattern(r"(?:^|[(|])\\\\[bBdDwWsS]|(?<!\\)\\\\(?:[dDwWsS](?:[+*?{)\]]|$)|[bB](?:[)|]|$))")


@record
class RecognizerFault:
    """``path`` counts from the recognizer; ``at_key`` says that the key is what has to be changed."""

    message: str
    path: DataPath
    mend: str
    at_key: bool = False


def refused_parts(data: dict[str, Any]) -> Iterator[RecognizerFault]:
    """What Presidio raises about, in its order."""
    for key in data:
        if key not in _FIELDS:
            meant = _MEANT.get(str(key)) or closest(str(key), _FIELDS)
            mend = f"write `{meant}`" if meant else f"delete it; the fields are {', '.join(sorted(_FIELDS))}"
            yield RecognizerFault(f"`{key}` is no field of a recognizer", (key,), mend, True)
    one, many = data.get("supported_entity"), data.get("supported_entities")
    if "supported_entity" in data and "supported_entities" in data:
        message = "a recognizer has `supported_entity` and `supported_entities`"
        yield RecognizerFault(message, ("supported_entities",), "delete one of them", True)
    elif not one and not many:
        yield RecognizerFault("a recognizer has no `supported_entity`", (), "write `supported_entity: …`")
    elif isinstance(many, str):
        message = "`supported_entities` is no list: Presidio takes its first letter"
        yield RecognizerFault(message, ("supported_entities",), f"write `supported_entity: {many}`")
    yield from _refused_finders(data)


def _refused_finders(data: dict[str, Any]) -> Iterator[RecognizerFault]:
    patterns, denied = data.get("patterns"), data.get("deny_list")
    if not patterns and not denied:
        where = next((name for name in ("patterns", "deny_list") if name in data), None)
        mend = "write `patterns:` with `name`, `regex` and `score`, or `deny_list:`"
        message = "a recognizer has neither patterns nor words"
        yield RecognizerFault(message, (where,) if where else (), mend, where is not None)
    if patterns and not isinstance(patterns, list):
        mend = "write a list: `- name: …`, with `regex` and `score`"
        yield RecognizerFault("`patterns` is no list", ("patterns",), mend, True)
        return
    for index, pattern in enumerate(patterns or []):
        yield from _refused_pattern(pattern, ("patterns", index))
    for index, word in enumerate(denied if isinstance(denied, list) else []):
        if not isinstance(word, str):
            mend = f'write it in quotes: "{word}"'
            yield RecognizerFault("a word of `deny_list` is no text", ("deny_list", index), mend)


def _refused_pattern(pattern: Any, path: DataPath) -> Iterator[RecognizerFault]:
    if not isinstance(pattern, dict):
        mend = "write a mapping with `name`, `regex` and `score`"
        yield RecognizerFault("a pattern is no mapping", path, mend)
        return
    for key in pattern:
        if key not in _EXAMPLES:
            meant = "regex" if key == "pattern" else closest(str(key), _EXAMPLES)
            mend = f"write `{meant}`" if meant else "delete it; a pattern has `name`, `regex` and `score`"
            yield RecognizerFault(f"`{key}` is no field of a pattern", (*path, key), mend, True)
    for key, example in _EXAMPLES.items():
        if key not in pattern:
            yield RecognizerFault(f"a pattern has no `{key}`", path, f"write `{example}`")
    score, regex = pattern.get("score"), pattern.get("regex")
    if not isinstance(score, int | float):
        yield RecognizerFault("a score is no number", (*path, "score"), "write a number, e.g. `0.6`")
    elif not 0 <= score <= 1:
        message = f"a score is {score:g}, and scores lie between 0 and 1"
        yield RecognizerFault(message, (*path, "score"), "write e.g. `score: 0.6`")
    if not isinstance(regex, str):
        yield RecognizerFault("a regex is no text", (*path, "regex"), "write it in single quotes")
        return
    try:
        re.compile(regex)
    except re.error as error:
        if _BOTH_REFUSE.match(str(error)):
            yield RecognizerFault(f"a regex is refused: {error}", (*path, "regex"), "mend the expression")
    except (OverflowError, RecursionError):
        return


def dead_parts(data: dict[str, Any]) -> Iterator[RecognizerFault]:
    """Of a recognizer that Presidio takes: what matches nothing that a person writes."""
    denied = data.get("deny_list")
    if isinstance(denied, str):
        message = "`deny_list` is one text: Presidio takes every letter of it for a word"
        yield RecognizerFault(message, ("deny_list",), f"write a list: `deny_list: [{denied}]`")
    for index, pattern in enumerate(data.get("patterns") or []):
        fault = _fault_of(pattern["regex"])
        if fault is not None:
            yield RecognizerFault(f"a regex {fault[0]}", ("patterns", index, "regex"), fault[1])


def _fault_of(regex: str) -> tuple[str, str] | None:
    if "\b" in regex:
        return r"holds a backspace: YAML reads `\b` in double quotes as one", "write it in single quotes"
    if _DOUBLED.search(regex):
        return (
            "has a doubled backslash and looks for the backslash itself",
            "write one backslash in single quotes",
        )
    if regex.endswith("\n") and "(?x" not in regex:
        return "ends with a line break: a block text keeps it", "write `|-`, or one line in single quotes"
    return None
