"""Finds the rules by folder: guardlint's own, and those of packages that a company names.

A company's package declares an entry point of the group ``guardlint.rules``, whose value is a package laid
out as this one: a folder for each family, a module for each rule. It is imported only when it is named.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from guardlint.errors import ConfigError
from guardlint.rules.rule import LoadedRule
from guardlint.source.names import closest

__all__ = ["GROUP", "all_rules", "company_rules", "rule_ids"]

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


def _of_package(name: str, package: str) -> tuple[LoadedRule, ...]:
    try:
        folders = importlib.import_module(package).__path__
        return _loaded(package, [path for folder in folders for path in _modules(Path(folder))])
    except Exception as error:  # whatever a company's package raises when it is imported
        raise ConfigError(
            f"the rules of `{name}` cannot be imported: {type(error).__name__}: {error}",
            help="each module of a rule has `RULE` and `check`",
        ) from error


def _loaded(package: str, modules: Sequence[Path]) -> tuple[LoadedRule, ...]:
    found = []
    for path in modules:
        family = path.parent.name
        module = importlib.import_module(f"{package}.{family}.{path.stem}")
        found.append(
            LoadedRule(path.stem.replace("_", "-"), family, module.RULE, module.__doc__ or "", module.check)
        )
    return tuple(sorted(found, key=lambda rule: rule.id))


def _modules(folder: Path = _FOLDER) -> list[Path]:
    return sorted(path for path in folder.glob("*/*.py") if not path.name.startswith("_"))
