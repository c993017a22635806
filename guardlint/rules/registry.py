"""Finds the rules by folder: guardlint's own, and those of packages that a company names.

A company's package declares an entry point of the group ``guardlint.rules``, whose value is a package laid
out as this one: a folder for each family, a module for each rule. It is imported only when it is named.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

from guardlint.errors import ConfigError
from guardlint.rules.rule import Found, LoadedRule, Project, Rule
from guardlint.source.names import closest

__all__ = ["GROUP", "all_rules", "company_rules", "concerned", "concerned_each", "rule_ids"]

GROUP = "guardlint.rules"
"""The group of entry points."""

_FOLDER = Path(__file__).parent


@cache
def rule_ids() -> tuple[str, ...]:
    """Every rule id, sorted, without importing a rule."""
    return tuple(sorted(path.stem.replace("_", "-") for path in _modules()))


@cache
def all_rules() -> tuple[LoadedRule, ...]:
    """Every rule of guardlint, sorted by id."""
    return _loaded("guardlint.rules", _modules())


def company_rules(names: Sequence[str]) -> tuple[LoadedRule, ...]:
    """The rules of the packages that stand behind the entry points ``names``, sorted by id.

    Raises ConfigError for a name that is not installed, a package that cannot be imported, and a rule whose
    id is taken or whose module lacks ``RULE`` or ``check``.
    """
    if not names:
        return ()
    from importlib.metadata import entry_points

    installed = {point.name: point.value for point in entry_points(group=GROUP)}
    found: dict[str, LoadedRule] = {}
    for name in names:
        if name not in installed:
            meant = closest(name, installed)
            raise ConfigError(
                f"no package of rules is installed under the name `{name}`",
                help=f"did you mean `{meant}`?" if meant else f"it declares the entry point `{GROUP}`",
            )
        for rule in _of_package(name, installed[name]):
            if rule.id in found or rule.id in rule_ids():
                raise ConfigError(f"the id of the rule `{rule.id}` of `{name}` is taken", help="rename it")
            found[rule.id] = rule
    return tuple(sorted(found.values(), key=lambda rule: rule.id))


def concerned(rules: Sequence[LoadedRule], project: Project) -> list[LoadedRule]:
    """The rules that may find something: the others need not be imported.

    The package of a family may say so for its rules, by what is cheap to see: ``concerns(project)`` is False
    where none of them can find anything, ``silent(project)`` gives the ids of those that cannot.
    """
    return [rule for rule, _ in concerned_each(rules, (project,))]


def concerned_each(
    rules: Sequence[LoadedRule], projects: Sequence[Project]
) -> Iterator[tuple[LoadedRule, list[int]]]:
    """Each rule that concerns any of the projects, and their numbers; a family is asked for all in turn."""
    asked: dict[str, list[frozenset[str] | None]] = {}
    for home in {rule.home: None for rule in rules}:
        concerns, silent = _gates(home)
        asked[home] = [
            frozenset(silent(project) if silent is not None else ())
            if concerns is None or concerns(project)
            else None
            for project in projects
        ]
    for rule in rules:
        name = rule.id
        numbers = [
            number for number, quiet in enumerate(asked[rule.home]) if quiet is not None and name not in quiet
        ]
        if numbers:
            yield rule, numbers


_Gates = tuple[Callable[[Project], bool] | None, Callable[[Project], Iterable[str]] | None]


@cache
def _gates(home: str) -> _Gates:
    package = importlib.import_module(home) if home else None
    return getattr(package, "concerns", None), getattr(package, "silent", None)


def _of_package(name: str, package: str) -> tuple[LoadedRule, ...]:
    try:
        folders = importlib.import_module(package).__path__
        rules = _loaded(package, [path for folder in folders for path in _modules(Path(folder))])
        for rule in rules:
            _ = rule.rule, rule.check
        return rules
    except Exception as error:  # whatever a company's package raises when it is imported
        raise ConfigError(
            f"the rules of `{name}` cannot be imported: {type(error).__name__}: {error}",
            help="each module of a rule has `RULE` and `check`",
        ) from error


def _loaded(package: str, modules: Sequence[Path]) -> tuple[LoadedRule, ...]:
    found = [
        DiscoveredRule(
            path.stem.replace("_", "-"), path.parent.name, f"{package}.{path.parent.name}.{path.stem}"
        )
        for path in modules
    ]
    return tuple(sorted(found, key=lambda rule: rule.id))


def _modules(folder: Path = _FOLDER) -> list[Path]:
    found = []
    for family in os.scandir(folder):
        if family.is_dir() and not family.name.startswith("__"):
            names = os.listdir(family.path)  # noqa: PTH208
            found += [
                folder / family.name / name for name in names if name.endswith(".py") and name[0] != "_"
            ]
    return sorted(found)


class DiscoveredRule(LoadedRule):
    """A rule whose module is imported when something of it is asked for."""

    __slots__ = ("_check", "_module", "home")
    _check: Callable[[Project], Iterator[Found]] | None
    _module: str

    def __init__(self, name: str, family: str, module: str) -> None:
        home = module.rpartition(".")[0]
        for slot, value in (
            ("id", name), ("family", family), ("home", home), ("_module", module), ("_check", None)
        ):  # fmt: skip
            object.__setattr__(self, slot, value)

    @property
    def rule(self) -> Rule:
        """Its declaration."""
        declared: Rule = importlib.import_module(self._module).RULE
        return declared

    @property
    def documentation(self) -> str:
        """Its module's docstring."""
        return importlib.import_module(self._module).__doc__ or ""

    @property
    def check(self) -> Callable[[Project], Iterator[Found]]:
        """Its generator."""
        if self._check is None:
            check: Callable[[Project], Iterator[Found]] = importlib.import_module(self._module).check
            object.__setattr__(self, "_check", check)
            return check
        return self._check
