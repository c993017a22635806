"""A variable of the environment is named where NeMo expands none.

What it does: looks for ``${NAME}``, ``$NAME``, ``{{ env… }}`` and ``os.environ/NAME`` in the values that NeMo
uses as they stand: models, addresses, keys.

Why it matters: NeMo sends the characters themselves, as the name of the model, as the address or as
``Bearer ${…}``. Every request that needs the value fails.

How to fix: name the variable in ``api_key_env_var``; write other values out, or expand the file before NeMo
reads it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.framework import KNOWN_ENGINES
from guardlint.rules._mends import move
from guardlint.rules.models import ignored_endpoint
from guardlint.rules.rule import Fix, Found, Project, Rule
from guardlint.source.files import read_text
from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.record import replace
from guardlint.source.yaml_file import DataPath

RULE = Rule(severity="error", confidence="medium", since="0.1.0", fix="unsafe")

_VARIABLE = lazy_pattern(
    r"\$\{[A-Za-z_]\w*(?::?[-?+=][^}]*)?\}|\$\{\{\s*(?:secrets|env|vars)\.\w+\s*\}\}|"
    r"\{\{\s*(?:env|environ|os\.environ|secrets?|getenv|env_var|lookup)\b[^}]*\}\}|"
    r"\$[A-Z][A-Z0-9_]{2,}\b|\$\([A-Z][A-Z0-9_]+\)|^\{[A-Z][A-Z0-9_]{2,}\}$|^%[A-Z][A-Z0-9_]+%$|^(?:os\.environ/|env:|ENV\[)\w+\]?$"
)
# One of them stands in each of those.
_SIGNS = ("$", "{", "%", "env", "ENV")
_SECTIONS: tuple[DataPath, ...] = (
    ("models",),
    ("rails", "config"),
    ("core",),
    ("knowledge_base",),
    ("tracing",),
    ("actions_server_url",),
)
# Texts of another language, in which a dollar may mean anything.
_FREE = frozenset({"patterns", "yara_rules", "api_key_env_var"})
_NEIGHBOURS = ("*.py", "*.sh", "Dockerfile*", "Makefile", "*compose*.y*ml")
_EXPANDS = lazy_pattern(
    r"expandvars|envsubst|substitute\(|from_content|envyaml|EnvYAML|resolve_env|expand_env"
)


def check(project: Project) -> Iterator[Found]:
    """One finding for each value."""
    configuration = project.configuration
    marked: list[tuple[DataPath, str]] = []
    for section in _SECTIONS:
        _marked(configuration.value(section), section, marked)
    found = [(path, match) for path, value in marked if (match := _VARIABLE.search(value)) is not None]
    if not found or _is_expanded(configuration):
        return
    ignored = {unread.path for unread in ignored_endpoint.check(project)}
    for path, match in found:
        if path in ignored:
            continue  # the key itself is the fault
        key = next(part for part in reversed(path) if isinstance(part, str))
        is_key = path[0] == "models" and "key" in key
        yield Found(
            f"NeMo does not expand `{match[0]}`",
            configuration.place(path),
            f"`{key}` holds these characters, not the variable's value: what needs it fails",
            "delete the key and name the variable in `api_key_env_var`, beside `engine`"
            if is_key
            else "write the value out, or expand the file before NeMo reads it",
            path=path,
            value=match[0],
            severity="warning" if _is_their_own(configuration, path) else None,
            fix=_named(configuration, path, match[0]) if is_key else None,
        )


def _is_their_own(configuration: Configuration, path: DataPath) -> bool:
    """Whether the model is served by the team's own code, which may read the variable itself."""
    if path[0] != "models" or not isinstance(path[1], int):
        return False
    engine = configuration.models[path[1]].get("engine")
    return engine not in configuration.catalogue.data["engines"] and engine not in KNOWN_ENGINES


def _named(configuration: Configuration, path: DataPath, text: str) -> Fix | None:
    """The key of a model goes, and its variable is named beside `engine`."""
    name = re.fullmatch(r"\$\{?([A-Za-z_]\w*)\}?", text)
    target: DataPath = (*path[:2], "api_key_env_var")
    if name is None or configuration.value(path) != text:
        return None
    fix = move(configuration, path, target, name[1], safe=False)
    return replace(fix, title=f"name `{name[1]}` in `api_key_env_var`") if fix is not None else None


def _marked(value: Any, path: DataPath, found: list[tuple[DataPath, str]]) -> None:
    """Add the texts that hold a sign of a variable."""
    if isinstance(value, str):
        for sign in _SIGNS:
            if sign in value:
                found.append((path, value))
                return
    elif isinstance(value, dict):
        for name, item in value.items():
            if name not in _FREE:
                _marked(item, (*path, name), found)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _marked(item, (*path, index), found)


def _is_expanded(configuration: Configuration) -> bool:
    """Whether code in the directory, or right above it, expands variables itself."""
    paths = [file.path for file in configuration.files if file.path.suffix in (".py", ".sh")]
    if configuration.root.is_dir():
        above = configuration.root.parent
        paths += [path for name in _NEIGHBOURS for path in sorted(above.glob(name))[:20] if path.is_file()]
    for path in paths:
        try:
            if _EXPANDS.search(read_text(path)):
                return True
        except (OSError, ValueError):
            continue
    return False
