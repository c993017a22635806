"""From a policy document to what it says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from guardlint.policy.documents import Document
from guardlint.policy.model import Bound, Direction, Judge, Origin, RailUse, Requirement, Subject, Verb
from guardlint.policy.names import check_names

__all__ = ["Policy", "policy_from", "split_ref"]

_BOUNDS = ("equals", "one_of", "minimum", "maximum")


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy document, before composition. ``digest`` is of its bytes."""

    document: Document
    digest: str
    id: str
    version: str
    extends: tuple[tuple[str, int], ...]
    rails: Mapping[Direction, tuple[RailUse, ...]]
    requirements: tuple[Requirement, ...]
    judge: Judge | None

    @property
    def data(self) -> Mapping[str, Any]:
        """The document's data; what is not an attribute is read from here by composition."""
        return self.document.data

    def origin(self, *path: str | int, key: bool = False) -> Origin:
        """The origin of what stands at ``path``."""
        return Origin(self.id, self.version, self.document.place(*path, key=key))

    @property
    def label(self) -> str:
        """``id@version``."""
        return f"{self.id}@{self.version}"


def split_ref(ref: str) -> tuple[str, int]:
    """``baseline@1`` as id and major version. The schemas have seen to its form."""
    name, _, major = ref.partition("@")
    return name, int(major)


def policy_from(document: Document, digest: str) -> Policy:
    """Read one policy. Raises ConfigError where one id stands twice or a setting has no single bound."""
    data = document.data
    name, version = data["id"], data["version"]
    rails: dict[Direction, tuple[RailUse, ...]] = {}
    for direction in cast("tuple[Direction, ...]", ("input", "output")):
        uses = data.get("rails", {}).get(direction, [])
        rails[direction] = tuple(
            _use(Origin(name, version, document.place("rails", direction, index)), direction, entry)
            for index, entry in enumerate(uses)
        )
        _refuse_twice(document, [use.rail for use in rails[direction]], ("rails", direction), "rail")
    requirements = tuple(_requirements(document, name, version))
    _refuse_requirement_twice(document, requirements)
    for requirement in requirements:
        check_names(requirement)
    judge = data.get("models", {}).get("judge")
    return Policy(
        document=document,
        digest=digest,
        id=name,
        version=version,
        extends=tuple(split_ref(ref) for ref in data.get("extends", ())),
        rails=rails,
        requirements=requirements,
        judge=_judge(judge) if judge is not None else None,
    )


def _use(origin: Origin, direction: Direction, entry: Mapping[str, Any]) -> RailUse:
    rail, major = split_ref(entry["rail"])
    return RailUse(
        rail=rail,
        major=major,
        direction=direction,
        reason=entry["reason"],
        controls=tuple(entry["controls"]),
        settings=dict(entry.get("settings", {})),
        origin=origin,
    )


def _requirements(document: Document, id: str, version: str) -> Iterator[Requirement]:
    verbs: tuple[Verb, ...] = ("require", "forbid")
    for verb in verbs:
        for index, entry in enumerate(document.data.get(verb, ())):
            subject, names = _subject(entry)
            when = entry.get("when")
            yield Requirement(
                id=entry["id"],
                verb=verb,
                subject=subject,
                names=names,
                reason=entry["reason"],
                controls=tuple(entry["controls"]),
                enforced_by=entry["enforced_by"],
                origin=Origin(id, version, document.place(verb, index)),
                direction=entry.get("direction"),
                bound=_bound(document, verb, index, entry) if subject == "setting" else None,
                when=(when["setting"], when["equals"]) if when else None,
            )


def _subject(entry: Mapping[str, Any]) -> tuple[Subject, tuple[str, ...]]:
    if "any_rail" in entry:
        return "rail", tuple(entry["any_rail"])
    subjects: tuple[Subject, ...] = ("rail", "setting", "engine", "file", "action")
    subject = next(name for name in subjects if name in entry)
    return subject, (entry[subject],)


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
        return Bound(how, entry[how])
    if verb == "require":
        raise document.error(
            "a required setting needs what it must be",
            verb,
            index,
            "setting",
            help="add 'equals', 'one_of', 'minimum' or 'maximum'",
        )
    return None


def _judge(data: Mapping[str, Any]) -> Judge:
    return Judge(data["engine"], data["model"], data.get("api_key_env_var"), dict(data.get("parameters", {})))


def _refuse_twice(document: Document, names: list[str], path: tuple[str | int, ...], what: str) -> None:
    for index, name in enumerate(names):
        if name in names[:index]:
            raise document.error(f"the {what} '{name}' stands here twice", *path, index)


def _refuse_requirement_twice(document: Document, requirements: tuple[Requirement, ...]) -> None:
    seen: dict[str, Requirement] = {}
    for requirement in requirements:
        first = seen.setdefault(requirement.id, requirement)
        if first is not requirement:
            index = [entry["id"] for entry in document.data.get(requirement.verb, ())].count(
                requirement.id
            ) - 1
            entries = [i for i, e in enumerate(document.data[requirement.verb]) if e["id"] == requirement.id]
            raise document.error(
                f"the id '{requirement.id}' is used in line {first.origin.place.line} already",
                requirement.verb,
                entries[index],
                "id",
            )
