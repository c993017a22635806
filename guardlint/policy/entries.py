"""From the entries under ``require``, ``forbid`` and ``allow`` of a policy to what they say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from guardlint.policy.documents import Document
from guardlint.policy.fragments import wrong_pattern
from guardlint.policy.model import Bound, Origin, PersonalData, Requirement, Subject, Verb, Versions, series
from guardlint.policy.slow_patterns import slow_in_schema

__all__ = ["VERBS", "requirements_of"]

VERBS: tuple[Verb, ...] = ("require", "forbid", "allow")

# The key that says what an entry is about, and the subject: a rail, or any of several, is one subject.
_SUBJECTS: Mapping[str, Subject] = {
    "rail": "rail",
    "any_rail": "rail",
    "order": "order",
    "setting": "setting",
    "prompt": "prompt",
    "personal_data": "personal_data",
    "nemo_version": "nemo_version",
    "engine": "engine",
    "model": "model",
    "endpoint": "endpoint",
    "file": "file",
    "action": "action",
    "engines": "engine",
    "models": "model",
    "endpoints": "endpoint",
    "text": "text",
}
_BOUNDS = ("equals", "one_of", "minimum", "maximum", "schema")


def requirements_of(document: Document, id: str, version: str) -> Iterator[Requirement]:
    """Every entry of the three lists, in their order. Raises ConfigError where a bound is none."""
    for verb in VERBS:
        for index, entry in enumerate(document.data.get(verb, ())):
            key = next(name for name in _SUBJECTS if name in entry)
            subject = _SUBJECTS[key]
            origin = Origin(id, version, document.place(verb, index))
            yield _requirement(document, verb, index, entry, subject, key, origin)


def _requirement(
    document: Document,
    verb: Verb,
    index: int,
    entry: Mapping[str, Any],
    subject: Subject,
    key: str,
    origin: Origin,
) -> Requirement:
    when = entry.get("when")
    return Requirement(
        id=entry["id"],
        verb=verb,
        subject=subject,
        names=_names(entry, subject, key),
        reason=entry["reason"],
        controls=tuple(entry["controls"]),
        enforced_by=entry["enforced_by"],
        origin=origin,
        direction=entry["text"] if subject == "text" else entry.get("direction"),
        bound=_bound(document, verb, index, entry) if subject == "setting" else None,
        when=(when["setting"], when["equals"]) if when else None,
        digests=tuple(entry.get("digests", ())),
        personal_data=_personal_data(entry) if subject == "personal_data" else None,
        versions=_versions(document, verb, index, entry) if subject == "nemo_version" else None,
        masked=bool(entry.get("masked", False)),
    )


def _names(entry: Mapping[str, Any], subject: Subject, key: str) -> tuple[str, ...]:
    if subject == "text":
        return tuple(entry["to"])
    if subject == "nemo_version":
        return ()
    return tuple(entry[key]) if isinstance(entry[key], list) else (entry[key],)


def _personal_data(entry: Mapping[str, Any]) -> PersonalData:
    threshold = entry.get("threshold")
    return PersonalData(entry.get("becomes", "mask"), None if threshold is None else float(threshold))


def _versions(document: Document, verb: Verb, index: int, entry: Mapping[str, Any]) -> Versions:
    said = entry["nemo_version"]
    least, below = said.get("at_least"), said.get("below")
    if least is not None and below is not None and series(least) >= series(below):
        raise document.error(
            f"no NeMo release is at least {least} and below {below}", verb, index, "nemo_version", "below"
        )
    return Versions(least, below, tuple(said.get("except", ())))


def _bound(document: Document, verb: Verb, index: int, entry: Mapping[str, Any]) -> Bound | None:
    given = [how for how in _BOUNDS if how in entry]
    if len(given) > 1:
        raise document.error(
            f"a setting takes one bound, and '{given[0]}' stands here too",
            verb,
            index,
            given[1],
            key=True,
            help="write two requirements",
        )
    if given:
        how = cast("Any", given[0])
        pattern = wrong_pattern(entry[how]) if how == "schema" else None
        if pattern is not None:
            raise document.error(f"'{pattern}' is no regular expression", verb, index, "schema")
        slow = slow_in_schema(entry[how]) if how == "schema" else None
        if slow is not None:
            raise document.error(
                f"'{slow}' repeats a repetition, which takes exponential time on some values",
                verb,
                index,
                "schema",
            )
        return Bound(how, entry[how])
    if verb == "require":
        raise document.error(
            "a required setting needs what it must be",
            verb,
            index,
            "setting",
            help="add 'equals', 'one_of', 'minimum', 'maximum' or 'schema'",
        )
    return None
