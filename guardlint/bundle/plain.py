"""``guardlint compile --plain``: company and team as one NeMo configuration, which guarantees nothing.

In one configuration the team's flows, actions and settings reach the company's rails; in a bundle they do
not (DESIGN §6). It is for people who want to see what would run in one engine, or have to run it there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from guardlint.bundle.ingredients import HOOKS
from guardlint.bundle.plain_tree import refuse_imports
from guardlint.bundle.team_half import team_files
from guardlint.errors import BundleError
from guardlint.nemo.catalogue import latest_version
from guardlint.nemo.configuration import Configuration, read_configuration
from guardlint.policy.central import Central
from guardlint.policy.company import company_configuration, nemo_rails
from guardlint.policy.model import ComposedPolicy
from guardlint.source.pyyaml import yaml

__all__ = ["NOTICE", "Plain", "plain_configuration"]

NOTICE = "it guarantees nothing: in one engine the team's code and settings can switch off a company rail"

_CONFIG = "config.yml"
_YAML = (".yml", ".yaml")


@dataclass(frozen=True, slots=True)
class Plain:
    """The files of the directory; ``left_out`` are rails that only the guard can run.

    ``displaced`` says what of the team's the company's took the place of.
    """

    files: dict[str, bytes]
    left_out: tuple[str, ...]
    displaced: tuple[str, ...]


def plain_configuration(root: Path, policy: ComposedPolicy, central: Central) -> Plain:
    """One configuration of the company's NeMo rails and the team's at ``root``, which is sound by itself.

    Raises BundleError for Colang 2.x and for what a bundle could not carry either.
    """
    refuse_imports(root)
    team = read_configuration(root, version=latest_version())
    if team.generation != "1.0":
        raise BundleError(
            "the company's rails are flows of Colang 1.0, and one configuration is of one language",
            place=str(root),
            help="compile a bundle: there the two halves are apart",
        )
    files = {
        path: data
        for path, data in team_files(team).items()
        if not path.endswith(_YAML) and path not in _ignored(team)
    }
    company = yaml.safe_load(company_configuration(policy, central).get(_CONFIG, b"{}"))
    prompts = yaml.safe_load(company_configuration(policy, central).get("prompts.yml", b"{}"))
    merged, displaced = _merged(team, company, prompts.get("prompts", []))
    title = f"{policy.label} and the configuration of a team, merged by guardlint compile --plain"
    head = f"# {title}.\n# {NOTICE}.\n"
    body = yaml.safe_dump(merged, sort_keys=False, allow_unicode=True, width=2**31)
    in_nemo = {(use.direction, use.ref) for use, _ in nemo_rails(policy, central)}
    left_out = tuple(
        f"{use.ref} ({hook})"
        for hook in HOOKS
        for use in policy.rails[hook]
        if (hook, use.ref) not in in_nemo
    )
    # NeMo looks for .railsignore upwards: an empty one ends the search. What it ignored is left out here.
    return Plain({**files, _CONFIG: (head + body).encode(), ".railsignore": b""}, left_out, tuple(displaced))


def _ignored(team: Configuration) -> set[str]:
    return {file.relative for file in team.files if file.kind == "ignored"}


def _merged(
    team: Configuration, company: Mapping[str, Any], prompts: list[dict[str, Any]]
) -> tuple[dict[str, Any], list[str]]:
    """What NeMo joins of the team's files, with the company's rails, models and prompts in it."""
    merged: dict[str, Any] = deepcopy(team.joined.raw)
    displaced = [
        *_models(merged, company.get("models", [])),
        *_prompts(merged, prompts),
    ]
    rails = _mapping(merged, "rails")
    for hook in HOOKS:
        flows = company.get("rails", {}).get(hook, {}).get("flows", [])
        if flows:
            _mapping(rails, hook)["flows"] = _ordered(team, hook, flows)
    fragment = company.get("rails", {}).get("config", {})
    if fragment:
        displaced += _settings(_mapping(rails, "config"), fragment, "rails.config")
    return merged, displaced


def _mapping(data: dict[str, Any], key: str) -> dict[str, Any]:
    """The section under ``key``, made anew where there is none that NeMo could read."""
    if not isinstance(data.get(key), dict):
        data[key] = {}
    section: dict[str, Any] = data[key]
    return section


def _ordered(team: Configuration, hook: str, company: list[str]) -> list[str]:
    """The company's last on output; first on input, but for what the team masks there before anybody reads.

    Each flow stands once.
    """
    theirs = [rail for rail in team.rails(hook) if rail.text not in company]
    rewriting = [index for index, rail in enumerate(theirs) if rail.surface and rail.surface["transform"]]
    split = len(theirs) if hook == "output" else rewriting[-1] + 1 if rewriting else 0
    flows = [rail.text for rail in theirs]
    return [*flows[:split], *company, *flows[split:]]


def _models(merged: dict[str, Any], company: list[dict[str, Any]]) -> Iterator[str]:
    """The company's judges; ``main`` stays the team's, as the application's own model."""
    theirs = list(merged.get("models") or [])
    types = {model.get("type") for model in theirs}
    ours = [model for model in company if model["type"] != "main" or "main" not in types]
    named = {model["type"] for model in ours}
    merged["models"] = [model for model in theirs if model.get("type") not in named] + ours
    for kind in sorted(named & types):
        yield f"the team's model of type {kind}"


def _prompts(merged: dict[str, Any], company: list[dict[str, Any]]) -> Iterator[str]:
    theirs = list(merged.get("prompts") or [])
    tasks = {prompt["task"] for prompt in company}
    kept = [prompt for prompt in theirs if prompt.get("task") not in tasks]
    if company:
        merged["prompts"] = [*kept, *company]
    for task in sorted({prompt["task"] for prompt in theirs if prompt.get("task") in tasks}):
        yield f"the team's prompt for {task}"


def _settings(into: dict[str, Any], fragment: Mapping[str, Any], path: str) -> Iterator[str]:
    """Mappings merge, lists append, of other values the company's counts."""
    for key, value in fragment.items():
        here = into.get(key)
        if isinstance(here, dict) and isinstance(value, dict):
            yield from _settings(here, value, f"{path}.{key}")
        elif isinstance(here, list) and isinstance(value, list):
            into[key] = [*value, *(item for item in here if item not in value)]
        else:
            if key in into and here != value:
                yield f"the team's {path}.{key}"
            into[key] = deepcopy(value)
