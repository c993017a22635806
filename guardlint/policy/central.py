"""The central repository: policies, approved rails and tiers of a company, or the reference ones.

A company's repository holds what is the company's own; a policy or rail that it does not hold is looked
for among the reference ones that guardlint ships, so that a company can extend ``baseline`` without a copy.
Its own documents win: what the central repository says is what the company says.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from guardlint.errors import ConfigError
from guardlint.policy.compose import compose
from guardlint.policy.digest import digest_of
from guardlint.policy.documents import Document, read_document
from guardlint.policy.load import Policy, policy_from, split_ref
from guardlint.policy.model import ComposedPolicy, RailUse
from guardlint.policy.rails import Rail, load_rail
from guardlint.policy.repository import repository_name
from guardlint.policy.reviews import read_reviews
from guardlint.policy.waivers import Waiver, read_waivers
from guardlint.resources import central_dir
from guardlint.source.clock import now
from guardlint.source.names import closest
from guardlint.source.place import Place
from guardlint.source.record import replace

if TYPE_CHECKING:
    from guardlint.policy.economy import Economy

__all__ = ["Central"]


class Central:
    """Open one with ``Central.open``; documents are read when asked for, once."""

    __slots__ = (
        "_composed", "_economy", "_folders", "_policies", "_rails", "_reviews", "_tiers", "_waivers", "path",
    )  # fmt: skip

    def __init__(self, path: Path, folders: tuple[Path, ...]) -> None:
        self.path = path
        self._folders = folders
        self._policies: dict[str, Policy] = {}
        self._composed: dict[str, ComposedPolicy] = {}
        self._rails: dict[str, Rail] = {}
        self._reviews: Mapping[str, Place] | None = None
        self._economy: Economy | None = None
        self._tiers: tuple[Document | None] | None = None
        self._waivers: tuple[Waiver, ...] | None = None

    @classmethod
    def open(cls, path: Path | None = None, *, place: str | None = None) -> Central:
        """The central repository at ``path``, or the reference one.

        Raises ConfigError, at ``place`` (who asked), when there is none.
        """
        reference = central_dir()
        if path is None or path.resolve() == reference.resolve():
            return cls(reference, (reference,))
        if not path.is_dir():
            raise ConfigError(f"there is no central repository at '{path}'", place=place)
        if not any((path / folder).is_dir() for folder in ("policies", "rails")):
            raise ConfigError(
                f"'{path}' is no central repository", place=place, help="it has a folder policies/ or rails/"
            )
        return cls(path, (path, reference))

    def policies(self) -> tuple[str, ...]:
        """The ids of all policies, sorted."""
        return self._ids("policies", "policy.yml")

    def rails(self) -> tuple[str, ...]:
        """The ids of all approved rails, sorted."""
        return self._ids("rails", "rail.yml")

    def policy(self, ref: str, *, place: str | None = None) -> ComposedPolicy:
        """The policy ``id`` or ``id@major`` with everything that it extends.

        Raises ConfigError, at ``place`` (who asked), when it is unknown, of another major version or
        extends itself; and at its own place when a document is wrong or loosens what it extends.
        """
        return self._compose(ref, place, ())

    def rail(self, ref: str, *, place: str | None = None) -> Rail:
        """The approved rail ``id`` or ``id@major``.

        Raises ConfigError, at ``place`` (who asked), when it is unknown or of another major version.
        """
        name = split_ref(ref)[0] if "@" in ref else ref
        if name not in self._rails:
            self._rails[name] = load_rail(self._find("rails", "rail.yml", name, "approved rail", place))
        rail = self._rails[name]
        if "@" in ref:
            _check_major(ref, rail.version, "approved rail", place)
        return rail

    def tiers(self) -> tuple[str, ...]:
        """The names of the tiers, sorted; empty without a ``policies/tiers.yml``."""
        document = self._tiers_document()
        return tuple(sorted(document.data["tiers"])) if document else ()

    def tier_policy(self, tier: str, *, place: str | None = None) -> str:
        """The policy of a tier, as ``id@major``. Raises ConfigError, at ``place``, for an unknown tier."""
        document = self._tiers_document()
        known = document.data["tiers"] if document else {}
        if tier not in known:
            near = closest(tier, known)
            hint = f"did you mean '{near}'?" if near else f"tiers: {', '.join(sorted(known)) or 'none'}"
            raise ConfigError(f"unknown tier '{tier}'", place=place, help=hint)
        return str(known[tier]["policy"])

    def assigned_tier(
        self, team: str, configuration: str, folder: Path | None = None
    ) -> tuple[str, str] | None:
        """The tier that ``tiers.yml`` gives a configuration of a team, and the place that says so.

        ``configuration`` is the path in the team's repository, with ``/``; ``folder`` is in that repository,
        whose remote says its name (left out: it has none). The first assignment that matches counts, else the
        default; None when neither speaks.
        """
        document = self._tiers_document()
        if document is None:
            return None
        for index, entry in enumerate(document.data.get("assignments", ())):
            if (
                fnmatchcase(team, entry.get("team", "*"))
                and fnmatchcase(configuration, entry.get("configuration", "*"))
                and ("repository" not in entry or fnmatchcase(_name_of(folder), entry["repository"]))
            ):
                return entry["tier"], str(document.place("assignments", index))
        if "default" in document.data:
            return document.data["default"], str(document.place("default"))
        return None

    @classmethod
    def beside(cls, path: Path, other: Path) -> Central:
        """The central repository at ``path``; what it lacks is taken from ``other``, then the reference."""
        return cls(path, (path, other, central_dir()))

    @property
    def binds(self) -> bool:
        """Whether the assignments of tiers are the company's own, so that no team may claim less.

        Those of the reference repository only say what holds where nobody says anything.
        """
        return len(self._folders) > 1 and (self.path / "policies" / "tiers.yml").is_file()

    def waivers(self) -> tuple[Waiver, ...]:
        """Every waiver of this repository; the reference one lends none. Raises ConfigError."""
        if self._waivers is None:
            self._waivers = read_waivers(self.path)
        return self._waivers

    def waivers_of(self, team: str, configuration: str, folder: Path | None = None) -> tuple[Waiver, ...]:
        """The waivers of one configuration of a team; ``folder`` is in its repository. Raises ConfigError."""
        return tuple(
            waiver
            for waiver in self.waivers()
            if waiver.team == team
            and waiver.configuration == configuration
            and (waiver.repository is None or waiver.repository == _name_of(folder))
        )

    def _compose(self, ref: str, place: str | None, children: tuple[str, ...]) -> ComposedPolicy:
        name = split_ref(ref)[0] if "@" in ref else ref
        if name in children:
            chain = " -> ".join((*children[children.index(name) :], name))
            raise ConfigError(f"the policy extends itself: {chain}", place=place)
        policy = self._policy(name, place)
        if "@" in ref:
            _check_major(ref, policy.version, "policy", place)
        if name not in self._composed:
            parents = [
                self._compose(
                    f"{parent}@{major}", str(policy.document.place("extends", index)), (*children, name)
                )
                for index, (parent, major) in enumerate(policy.extends)
            ]
            composed = compose(policy, parents, self._rail_of)
            composed = replace(composed, reviewed=self._reviewed(), economy=self._economy_of(composed))
            self._composed[name] = composed
        return self._composed[name]

    def _policy(self, id: str, place: str | None) -> Policy:
        if id not in self._policies:
            file = self._find("policies", "policy.yml", id, "policy", place) / "policy.yml"
            document = read_document(file, "policy")
            if document.data["id"] != id:
                raise document.error(f"the id is not the folder's name '{id}'", "id")
            content = file.read_bytes().replace(b"\r\n", b"\n")
            self._policies[id] = policy_from(document, digest_of({"policy.yml": content}))
        return self._policies[id]

    def _reviewed(self) -> Mapping[str, Place]:
        """The reference repository has read nobody's code, so only this one's reviews count."""
        if self._reviews is None:
            self._reviews = read_reviews(self.path)
        return self._reviews

    def _economy_of(self, policy: ComposedPolicy) -> Economy | None:
        """What the policy's budgets speak of; profiles that are nowhere are an error."""
        if not policy.budgets:
            return None
        from guardlint.policy.economy import read_economy

        if self._economy is None:
            self._economy = read_economy(self._folders, now().date())
        for key, most in policy.budgets.items():
            self._economy.profile(key.profile, place=str(most.origin.place))
        return self._economy

    def _rail_of(self, use: RailUse) -> Rail:
        return self.rail(use.ref, place=str(use.origin.place))

    def _ids(self, kind: str, file: str) -> tuple[str, ...]:
        return tuple(
            sorted({path.parent.name for root in self._folders for path in (root / kind).glob(f"*/{file}")})
        )

    def _find(self, kind: str, file: str, id: str, what: str, place: str | None) -> Path:
        known = self._ids(kind, file)
        if id in known:
            return next(root / kind / id for root in self._folders if (root / kind / id / file).is_file())
        near = closest(id, known)
        hint = f"did you mean '{near}'?" if near else f"known: {', '.join(known) or 'none'}"
        raise ConfigError(f"unknown {what} '{id}'", place=place, help=hint)

    def _tiers_document(self) -> Document | None:
        if self._tiers is None:
            self._tiers = (self._read_tiers(),)
        return self._tiers[0]

    def _read_tiers(self) -> Document | None:
        file = next((p for root in self._folders if (p := root / "policies" / "tiers.yml").is_file()), None)
        if file is None:
            return None
        document = read_document(file, "tiers")
        for index, entry in enumerate(document.data.get("assignments", ())):
            _check_tier(document, entry["tier"], "assignments", index, "tier")
        if "default" in document.data:
            _check_tier(document, document.data["default"], "default")
        return document


def _name_of(folder: Path | None) -> str:
    """The repository's name, or a text that nobody has written for one."""
    return (repository_name(folder) if folder is not None else None) or ""


def _check_tier(document: Document, tier: str, *path: str | int) -> None:
    known = document.data["tiers"]
    if tier not in known:
        near = closest(tier, known)
        raise document.error(
            f"unknown tier '{tier}'", *path, help=f"did you mean '{near}'?" if near else None
        )


def _check_major(ref: str, version: str, what: str, place: str | None) -> None:
    name, major = split_ref(ref)
    if int(version.split(".", 1)[0]) != major:
        raise ConfigError(
            f"'{ref}' is wanted, and the {what} is {name}@{version}",
            place=place,
            help=f"read what changed and write '{name}@{version.split('.', 1)[0]}'",
        )
