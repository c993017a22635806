"""The files that a team's repository gets, from the configurations that are in it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

from guardlint import __version__
from guardlint.cli._init_ci import GITHUB_FILE, GITLAB_FILE, GITLAB_INCLUDE, github_gate, gitlab_gate
from guardlint.nemo.catalogue import catalogued_version
from guardlint.policy.central_source import CentralSource
from guardlint.resources import resource_dir
from guardlint.source.record import record

__all__ = ["TeamSetup", "ci_of", "kebab", "team_files"]

SCHEMAS = Path(".guardlint", "schemas")


@record
class TeamSetup:
    """What was decided. ``configurations`` are relative to the repository, ``ci`` those that it gets."""

    team: str
    configurations: tuple[str, ...]
    central: CentralSource | None = None
    tier: str | None = None
    policy: str | None = None
    ci: tuple[str, ...] = ()
    hook: bool = True
    editor: bool = False
    nemo: str = ""


def kebab(name: str) -> str:
    """``My_Team.Bot`` → ``my-team-bot``; a name that has no letter or digit becomes ``team``."""
    return "-".join(re.findall(r"[a-z0-9]+", name.lower())) or "team"


def ci_of(root: Path) -> tuple[str, ...]:
    """The CI systems whose files are in the repository."""
    found = ["github"] if (root / ".github").is_dir() else []
    return (*found, "gitlab") if (root / ".gitlab-ci.yml").is_file() else tuple(found)


def team_files(setup: TeamSetup) -> dict[str, str]:
    """Path (with ``/``) and text of every file, the team file first."""
    files = {"guardlint.yml": _team_file(setup)}
    if setup.hook:
        files[".pre-commit-config.yaml"] = _HOOK
    if "github" in setup.ci:
        files[GITHUB_FILE] = github_gate(setup.team, setup.central)
    if "gitlab" in setup.ci:
        files[GITLAB_FILE] = gitlab_gate(setup.team, setup.central)
        files[".gitlab-ci.yml"] = GITLAB_INCLUDE
    if setup.editor:
        files |= _editor(setup)
    return files


_HOOK = f"""\
repos:
  - repo: https://github.com/guardlint/guardlint
    rev: v{__version__}
    hooks:
      - id: guardlint
"""


def _team_file(setup: TeamSetup) -> str:
    lines = [f"# yaml-language-server: $schema={SCHEMAS.as_posix()}/team.json"] if setup.editor else []
    lines += ["schema: guardlint/team/v1", f"team: {setup.team}"]
    if setup.central is not None:
        lines.append("central:")
        lines += [f"  {name}: {_scalar(value)}" for name, value in setup.central.data().items()]
    if setup.tier is not None:
        lines.append(f"tier: {setup.tier}")
    if setup.policy is not None:
        lines.append(f"policy: {setup.policy}")
    lines.append("configurations:")
    lines += [f"  - path: {_scalar(path)}" for path in setup.configurations]
    return "\n".join(lines) + "\n"


def _scalar(text: str) -> str:
    """The text as YAML reads it back; JSON is YAML."""
    plain = re.fullmatch(r"[A-Za-z0-9_./][A-Za-z0-9_./:@+-]*", text) and not re.search(r":$|:\s", text)
    looks_like_something_else = re.fullmatch(r"[0-9.eE_+-]+|(?i:true|false|null|yes|no|on|off)", text)
    return text if plain and not looks_like_something_else else json.dumps(text, ensure_ascii=False)


def _editor(setup: TeamSetup) -> dict[str, str]:
    folder = resource_dir("schemas")
    names = [_pattern(path) for path in setup.configurations]
    settings = {
        "yaml.schemas": {
            f"{SCHEMAS.as_posix()}/config.json": [name for pair in names for name in pair],
            f"{SCHEMAS.as_posix()}/team.json": ["guardlint.yml"],
        }
    }
    version = catalogued_version(setup.nemo)
    return {
        ".vscode/settings.json": json.dumps(settings, indent=2, ensure_ascii=False) + "\n",
        f"{SCHEMAS.as_posix()}/config.json": _text(folder / "nemo" / f"{version}.json"),
        f"{SCHEMAS.as_posix()}/team.json": _text(folder / "team.json"),
    }


def _pattern(configuration: str) -> Sequence[str]:
    start = "" if configuration == "." else f"{configuration}/"
    return f"{start}**/*.yml", f"{start}**/*.yaml"


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
