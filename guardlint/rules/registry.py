"""Finds the rules by folder."""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path

from guardlint.rules.rule import LoadedRule

__all__ = ["all_rules", "rule_ids"]

_FOLDER = Path(__file__).parent


@cache
def rule_ids() -> tuple[str, ...]:
    """Every rule id, sorted, without importing a rule."""
    return tuple(sorted(path.stem.replace("_", "-") for path in _modules()))


@cache
def all_rules() -> tuple[LoadedRule, ...]:
    """Every rule, sorted by id."""
    found = []
    for path in _modules():
        family = path.parent.name
        module = importlib.import_module(f"guardlint.rules.{family}.{path.stem}")
        found.append(
            LoadedRule(path.stem.replace("_", "-"), family, module.RULE, module.__doc__ or "", module.check)
        )
    return tuple(sorted(found, key=lambda rule: rule.id))


def _modules() -> list[Path]:
    return sorted(path for path in _FOLDER.glob("*/*.py") if path.name != "__init__.py")
