"""Versions and digests of what goes into a bundle beside the team's files."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import guardlint
from guardlint.policy.central import Central
from guardlint.policy.digest import digest_of
from guardlint.policy.model import ComposedPolicy, Direction, RailUse
from guardlint.policy.rails import Rail

__all__ = ["HOOKS", "policy_data", "rails_data", "tool_digests"]

HOOKS: tuple[Direction, ...] = ("input", "output")
"""The directions in which the guard runs rails."""

_PACKAGE = Path(guardlint.__file__).parent


def policy_data(policy: ComposedPolicy) -> dict[str, Any]:
    """The policy and every policy that it extends."""
    return {
        "id": policy.id,
        "version": policy.version,
        "digest": policy.digest,
        "composed_of": [
            {"id": part.id, "version": part.version, "digest": part.digest} for part in policy.composed_of
        ],
    }


def rails_data(policy: ComposedPolicy, central: Central) -> list[dict[str, Any]]:
    """The company's rails in the order in which they run, with their prompts and settings."""
    found = []
    for hook in HOOKS:
        for use in policy.rails[hook]:
            rail = central.rail(use.ref, place=str(use.origin.place))
            found.append(
                {
                    "id": rail.id,
                    "version": rail.version,
                    "digest": rail.digest,
                    "direction": hook,
                    "prompts": _prompts(use, rail),
                    "settings": dict(use.settings),
                    "team_settings": list(use.chosen),
                }
            )
    return found


@cache
def tool_digests() -> Mapping[str, str]:
    """The digests of guardlint's own code and of its catalogue of NeMo, as they are installed here.

    Line ends are made one, so that a checkout on Windows has the digest of the wheel.
    """
    code = {path: content for path, content in _package().items() if path.endswith(".py")}
    facts = {path: content for path, content in _package().items() if path.startswith("nemo/data/")}
    return {"guardlint": digest_of(code), "catalogue": digest_of(facts)}


@cache
def _package() -> dict[str, bytes]:
    paths = [*_PACKAGE.rglob("*.py"), *(_PACKAGE / "nemo" / "data").glob("*.json")]
    return {
        path.relative_to(_PACKAGE).as_posix(): path.read_bytes().replace(b"\r\n", b"\n") for path in paths
    }


def _prompts(use: RailUse, rail: Rail) -> list[dict[str, str]]:
    wanted = rail.directions[use.direction].prompts
    return [
        {"id": prompt.id, "version": prompt.version, "digest": prompt.digest}
        for prompt in rail.prompts
        if prompt.id in wanted
    ]
