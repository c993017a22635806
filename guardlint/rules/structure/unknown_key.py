"""A key that NeMo does not know, or that stands in the wrong section.

What it does: compares every key with the keys of NeMo's configuration models.

Why it matters: NeMo ignores unknown keys. ``rail:``, ``rails.inputs`` or a top-level
``sensitive_data_detection`` load without a word, and the guardrail that they describe does not exist.

How to fix: write the key that was meant, where it belongs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from guardlint.rules.rule import Found, Project, Rule, dotted
from guardlint.source.names import closest
from guardlint.source.yaml_file import DataPath, YamlFile

RULE = Rule(severity="error", confidence="high", since="0.1.0")

# NeMo ignores rails.dialog.flows, but the dialog flows run all the same: no guardrail is lost.
_HARMLESS = frozenset({("rails", "dialog", "flows")})
# Keys that people write for people, or for other tools, at the top of a file.
_NOTES = frozenset({"name", "description", "version", "title", "author", "metadata", "tags"})


def check(project: Project) -> Iterator[Found]:
    """One finding for each key; what stands below an unknown key is not looked at."""
    keys = project.configuration.catalogue.data["keys"]
    own_data = project.configuration.joined.kept
    for file in project.configuration.yaml_files:
        if _is_foreign(file.data, keys):
            continue
        for found in _walk(file, file.data, keys, (), keys):
            if found.path is not None and (file, found.path[0]) in own_data and len(found.path) == 1:
                # With a `custom_data` read before, NeMo keeps the key there: right for data, not for rails.
                if found.help.startswith("write `") and found.help != "write `custom_data`":
                    kept = f"NeMo puts `{found.path[0]}` into `custom_data`, where no guardrail looks"
                    yield replace(found, at_run_time=kept)
                continue
            yield found


def _is_foreign(data: dict[str, Any], keys: dict[str, Any]) -> bool:
    """Files of other tools may lie in the folder: not one key that NeMo knows, and none near one."""
    known = keys["keys"]
    if any(name in known for name in data):
        return False
    for name, value in data.items():
        meant = closest(str(name), known)
        inner = known[meant].get("keys", {}) if meant else {}
        if isinstance(value, dict) and any(key in inner for key in value):
            return False
    return True


def _walk(
    file: YamlFile, data: Any, node: dict[str, Any], path: DataPath, keys: dict[str, Any]
) -> Iterator[Found]:
    if node.get("type") == "list" and isinstance(data, list):
        for index, item in enumerate(data):
            yield from _walk(file, item, node.get("items") or {}, (*path, index), keys)
    if node.get("type") != "mapping" or not isinstance(data, dict):
        return
    known = node.get("keys", {})
    for name, value in data.items():
        here = (*path, name)
        inner = known.get(name) or node.get("entries")
        if inner is not None and not inner.get("dropped"):
            yield from _walk(file, value, inner, here, keys)
        elif not node.get("open") and _names_only(here) not in _HARMLESS:
            found = _finding(file, here, name, node, keys)
            if found is not None:
                yield found


def _finding(
    file: YamlFile, path: DataPath, name: Any, node: dict[str, Any], keys: dict[str, Any]
) -> Found | None:
    if len(path) == 1 and (str(name).startswith("x-") or name in _NOTES):
        return None
    where = dotted(path[:-1]) or "the top level"
    meant = closest(
        str(name), (key for key, child in node.get("keys", {}).items() if not child.get("dropped"))
    )
    # Parameters of a model are no sections of `rails`, whatever they are called.
    home = _home(str(name), keys) if path[0] != "models" else None
    if meant is not None and meant != name:
        mend, severity = f"write `{meant}`", None
    elif home is not None:
        mend, severity = f"move `{name}` under `{home}`", None
    elif path[0] == "models" and len(path) == 3:
        mend, severity = f"move `{name}` under `parameters`, if the model is to receive it", "warning"
    else:
        mend = "delete it, or keep own data under `custom_data`"
        severity = None if path[0] == "rails" else "warning"
    if node.get("forbids_extra"):
        at_run_time = "NeMo raises an error when it loads the configuration"
    else:
        at_run_time = f"NeMo ignores `{name}` and everything below it without a word"
    return Found(
        f"`{name}` is not a key that NeMo knows at {where}" if home is None or meant else
        f"`{name}` has no effect at {where}",
        file.place(path, key=True),
        at_run_time,
        mend,
        path=path,
        value=str(name),
        severity="warning" if severity == "warning" else None,
    )  # fmt: skip


def _home(name: str, keys: dict[str, Any]) -> str | None:
    """The one section below ``rails`` to which a key of this name belongs."""
    found = [
        dotted(path)
        for path, node in _sections(keys["keys"]["rails"], ("rails",))
        if name in node.get("keys", {})
    ]
    return found[0] if len(found) == 1 else None


def _sections(node: dict[str, Any], path: DataPath) -> Iterator[tuple[DataPath, dict[str, Any]]]:
    if node.get("type") == "mapping" and len(path) <= 3:
        yield path, node
        for name, child in node.get("keys", {}).items():
            yield from _sections(child, (*path, name))


def _names_only(path: DataPath) -> DataPath:
    return tuple(part for part in path if isinstance(part, str))
