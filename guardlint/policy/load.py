"""From a policy document to what it says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from guardlint.policy.documents import Document
from guardlint.policy.entries import requirements_of
from guardlint.policy.handling import handling_of
from guardlint.policy.mechanisms import check_guard, check_mechanism, check_use
from guardlint.policy.model import Direction, Judge, Origin, RailUse, Requirement
from guardlint.policy.names import check_names
from guardlint.source.record import record

__all__ = ["Policy", "policy_from", "split_ref"]


@record
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
    """Read one policy.

    Raises ConfigError where one id stands twice, a setting has no single bound, NeMo knows no such rail or
    setting, and where nothing enforces what the policy asks for.
    """
    data = document.data
    name, version = data["id"], data["version"]
    rails: dict[Direction, tuple[RailUse, ...]] = {"input": (), "output": ()}
    for direction, uses in data.get("rails", {}).items():
        check_use(document, direction)
        rails[direction] = tuple(
            _use(Origin(name, version, document.place("rails", direction, index)), direction, entry)
            for index, entry in enumerate(uses)
        )
        _refuse_twice(document, [use.rail for use in rails[direction]], ("rails", direction), "rail")
    requirements = tuple(requirements_of(document, name, version))
    _refuse_requirement_twice(document, requirements)
    for requirement in requirements:
        check_mechanism(requirement)
        check_names(requirement)
    check_guard(document)
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
        handling=handling_of(entry),
    )


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
