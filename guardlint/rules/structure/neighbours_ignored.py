"""``RailsConfig.from_path`` is given a file, and what lies beside it is not read.

What it does: reports calls ``RailsConfig.from_path("…/config.yml")`` where Colang files, prompts, actions or
a knowledge base lie beside the YAML file.

Why it matters: given a directory, NeMo reads all of it; given a file, it reads this file and nothing else.
Flows, texts, actions and documents of the directory do not exist then, and nothing is said.

How to fix: give ``from_path`` the directory.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.discover import is_configuration
from guardlint.nemo.loading import refusals
from guardlint.rules.rule import Found, Project, Rule
from guardlint.source.place import Place
from guardlint.source.yaml_file import YamlProblem, parse_yaml

RULE = Rule(severity="error", confidence="high", since="0.1.0")


def check(project: Project) -> Iterator[Found]:
    """One finding for each call."""
    configuration = project.configuration
    file = _lone_file(configuration)
    if file is None:
        return
    colang, others = _neighbours(file)
    if not colang and not others:
        return
    if any(refusal.topic == "flow" for refusal in refusals(configuration)):
        return  # a rail is missing, NeMo says so, and the finding names it
    names = ", ".join(f"`{name}`" for name in (*colang, *others)[:4])
    call = file.parent.name or "."
    yield Found(
        f"`from_path` is given a file, and {names} beside it {'is' if len(colang + others) == 1 else 'are'} "
        "not read",
        Place.at(configuration.name),
        f"NeMo reads `{file.name}` and nothing else: no flow, prompt, action or document beside it",
        f"give `from_path` the directory, `{call}`",
        value=file.name,
    )


def _lone_file(configuration: Configuration) -> Path | None:
    """The YAML file that a call in Python names; other embedded ones have no file but the Python one."""
    host, _, line = configuration.name.rpartition(":")
    if not line.isdigit() or not host.endswith(".py"):
        return None
    real = [name for name in configuration.texts if not name.startswith(f"{configuration.name}/")]
    found = [Path(name) for name in real if name.endswith((".yml", ".yaml"))]
    return found[0] if len(found) == 1 else None


def _neighbours(file: Path) -> tuple[list[str], list[str]]:
    """Names of the Colang files of the directory, and of what else NeMo would read."""
    colang: list[str] = []
    others: list[str] = []
    try:
        entries = sorted(os.scandir(file.absolute().parent), key=lambda entry: entry.name)
    except OSError:
        return [], []
    for entry in entries:
        if entry.name.endswith(".co"):
            colang.append(entry.name)
        elif entry.name.endswith((".yml", ".yaml")) and entry.name != file.name:
            if _is_part(Path(entry.path)):
                others.append(entry.name)
        elif entry.name == "kb" and entry.is_dir() and any(Path(entry.path).glob("**/*.md")):
            others.append(entry.name)
    if colang or others:
        others += [entry.name for entry in entries if entry.name == "actions.py"]
    return colang, others


def _is_part(path: Path) -> bool:
    """Whether a YAML file holds prompts or rails, and no configuration of its own."""
    try:
        data = parse_yaml(path.read_text(encoding="utf-8"), path.name).data
    except (OSError, UnicodeDecodeError, YamlProblem):
        return False
    if not isinstance(data, dict) or "models" in data:
        return False
    prompts = data.get("prompts")
    has_tasks = isinstance(prompts, list) and any(
        isinstance(item, dict) and "task" in item for item in prompts
    )
    return has_tasks or is_configuration(data)
