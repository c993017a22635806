"""A key that NeMo does not know, or that stands in the wrong section.

What it does: compares every key with the keys of NeMo's configuration models.

Why it matters: NeMo ignores unknown keys. ``rail:``, ``rails.inputs`` or a top-level
``sensitive_data_detection`` load without a word, and the guardrail that they describe does not exist.

How to fix: write the key that was meant, where it belongs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from guardlint.rules._mends import is_slip, move, remove, rename
from guardlint.rules.models import secret_in_clear
from guardlint.rules.rule import Fix, Found, Project, Rule, Severity, dotted
from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.redact import is_secret_name
from guardlint.source.yaml_file import DataPath, YamlFile

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="safe")

# NeMo ignores rails.dialog.flows, but the dialog flows run all the same: no guardrail is lost.
_HARMLESS = frozenset({("rails", "dialog", "flows")})
# Keys that people write for people, or for other tools.
_NOTES = frozenset(
    "$schema author authors comment comments contact created date description id labels license maintainer "
    "maintainers metadata name note notes owner owners reviewed tags team title updated version".split()
)
# Keys that other tools have as well: a file with no other key of NeMo's may be theirs.
_COMMON = frozenset("core docs flows metrics models prompts streaming tracing".split())
# What they would set guards nothing: nothing that was meant to check a text is lost with them.
_HOUSEKEEPING = lazy_pattern(
    r"(?:^|_)(?:log|logs|logger|logging|debug|verbose|metrics?|monitoring|telemetry|analytics|alerts?"
    r"|caching|timeouts?|retry|retries|performance|memory|history|turns|sessions?|fallback|fallbacks|locale|ui)"
    r"(?:_|$)"
)
_SWITCH = lazy_pattern(r"enabled?(?:_|$)|_enabled?$")
_ADDRESS = frozenset("api_base azure_endpoint base_url endpoint openai_api_base server_url url".split())
_HAVE_AN_ADDRESS = frozenset("anthropic cohere google_genai nim nvidia_ai_endpoints openai".split())


def check(project: Project) -> Iterator[Found]:
    """One finding for each key; what stands below an unknown key is not looked at."""
    keys = project.configuration.catalogue.data["keys"]
    own_data = project.configuration.joined.kept
    # `version: "2.x"` is a note, unless Colang 2.x files lie there unread for want of `colang_version`.
    skips = any(
        file.version != project.configuration.generation for file in project.configuration.colang_files
    )
    for file in project.configuration.yaml_files:
        if _is_foreign(file.data, keys):
            continue
        for path, node, value in _unknown(file.data, keys, ()):
            if _is_note(path, value) and not (path == ("version",) and value == "2.x" and skips):
                continue
            kept = len(path) == 1 and (file, path[0]) in own_data
            found = _finding(file, path, node, value, keys, kept)
            if found is not None and not (isinstance(value, str) and _is_clear(project, found)):
                yield found


def _is_clear(project: Project, found: Found) -> bool:
    """Whether a secret stands there in clear, whose mend is the mend of the key too."""
    if found.path is None or not is_secret_name(str(found.path[-1])):
        return False
    at = (found.place.file, found.path)
    return any(at == (other.place.file, other.path) for other in secret_in_clear.check(project))


def _is_foreign(data: dict[str, Any], keys: dict[str, Any]) -> bool:
    """Files of other tools may lie in the folder: not one key that NeMo knows, and none near one."""
    from guardlint.nemo.meant_keys import home, meant

    known = keys["keys"]
    if any(name in known for name in data):
        return False
    for name, value in data.items():
        if not isinstance(value, dict) or not value:
            continue
        near = meant(str(name), value, keys)
        if near is not None and any(key in known[near].get("keys", {}) for key in value):
            return False
        if home(str(name), value, keys) is not None:
            return False
    return True


def _unknown(
    data: Any, node: dict[str, Any], path: DataPath
) -> Iterator[tuple[DataPath, dict[str, Any], Any]]:
    """Path, section and value of every key that its section does not have."""
    if node.get("type") == "union":
        node = _option(data, node)
    if node.get("type") == "list" and isinstance(data, list):
        for index, item in enumerate(data):
            if isinstance(item, dict | list):
                yield from _unknown(item, node.get("items") or {}, (*path, index))
    if node.get("type") != "mapping" or not isinstance(data, dict):
        return
    known = node.get("keys", {})
    for name, value in data.items():
        inner = known.get(name) or node.get("entries")
        if inner is not None and not inner.get("dropped"):
            if isinstance(value, dict | list):
                yield from _unknown(value, inner, (*path, name))
        elif not node.get("open") and _names_only(here := (*path, name)) not in _HARMLESS:
            yield here, node, value


def _option(data: Any, node: dict[str, Any]) -> dict[str, Any]:
    """The member of a union that a mapping was written for: the one whose discriminator fits."""
    found = [option for option in node.get("options", []) if option.get("type") == "mapping"]
    name = node.get("discriminator")
    if name and isinstance(data, dict):
        found = [option for option in found if data.get(name) in option["keys"][name].get("values", ())]
    return found[0] if len(found) == 1 else {}


def _finding(
    file: YamlFile, path: DataPath, node: dict[str, Any], value: Any, keys: dict[str, Any], kept: bool
) -> Found | None:
    from guardlint.nemo.meant_keys import deeper, home, invisible, meant

    name = str(path[-1])
    in_model = _is_item(path, "models")
    near = meant(name, value, node)
    below = deeper(name, value, node) if near is None and len(path) > 1 else []
    place = home(name, value, keys) if near is None and not below and path[0] != "models" else None
    found = near is not None or place is not None or bool(below)
    if len(path) == 1 and name.startswith(("x-", "_", ".")) and _holds_anchors(file, name):
        return None
    if not found and (_is_silent(file, path, keys) or _lacks(_at(file.data, path[:-1]), node, path)):
        return None
    if kept and (not found or near == "custom_data"):
        return None  # with a `custom_data` read before, NeMo keeps the key there: right for data
    severity: Severity | None = None
    lost = f"NeMo ignores `{name}` and everything below it without a word"
    if near is not None:
        unseen = invisible(name, near)
        mend = f"write `{near}`" + (f": {unseen}" if unseen else "")
    elif below:
        mend = f"write `{name}` one level deeper, under {_either(below)}"
    elif place is not None:
        mend = f"move `{name}` under `{dotted(place)}`" if place else f"move `{name}` to the top level"
    elif in_model:
        severity, mend, lost = _of_model(file, path, name, lost)
    elif (nested := _as_path(name, node)) is not None:
        mend = f"write it as sections: `{nested[0]}:`, and below it `{nested[-1]}:`"
    elif path == ("actions",):
        severity, mend = "warning", "delete it: NeMo finds the actions of actions.py by itself"
    else:
        mend = "delete it, or keep own data under `custom_data`"
        idle = _is_switch(name, value) or _is_default(value, node) or _HOUSEKEEPING.search(name.casefold())
        lost_guard = path[0] == "rails" and not idle
        severity = None if lost_guard else "warning"
    if node.get("forbids_extra"):
        severity, lost = None, "NeMo raises an error when it loads the configuration"
    elif kept:
        lost = f"NeMo puts `{name}` into `custom_data`, where no guardrail looks"
    where = dotted(path[:-1]) or "the top level"
    known_elsewhere = place is not None or below
    return Found(
        f"`{name}` has no effect at {where}" if known_elsewhere else
        f"`{name}` is not a key that NeMo knows at {where}",
        file.place(path, key=True),
        lost,
        mend,
        path=path,
        value=name,
        severity=severity,
        fix=_fix(file, path, near, below, place),
    )  # fmt: skip


def _as_path(name: str, node: dict[str, Any]) -> list[str] | None:
    """The parts of ``rails.input.flows``, written as one key."""
    parts = name.split(".")
    for part in parts:
        node = (node.get("keys") or {}).get(part) or {}
    return parts if len(parts) > 1 and node else None


def _fix(
    file: YamlFile, path: DataPath, near: str | None, below: list[str], place: DataPath | None
) -> Fix | None:
    """The key in its right spelling, or in its right place."""
    from guardlint.nemo.meant_keys import plain

    name = str(path[-1])
    if near is not None:
        return rename(file, path, near, safe=plain(name) == near or is_slip(plain(name), near))
    if below:
        target: DataPath = (*path[:-1], below[0], _snake_case(name))
        return move(file, path, target) if len(below) == 1 else None
    if place is not None:
        return move(file, path, (*place, _snake_case(name)))
    if _is_item(path, "models"):
        return move(file, path, (*path[:-1], "parameters", name), safe=False)
    return remove(file, path, safe=False) if path == ("actions",) else None


def _snake_case(name: str) -> str:
    """As NeMo writes its keys."""
    from guardlint.nemo.meant_keys import plain

    clean = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", plain(name))
    return clean.replace("-", "_").replace(" ", "_").casefold()


def _is_note(path: DataPath, value: Any) -> bool:
    """Whether the key is for people. Below the top only texts are: a mapping was meant to do something."""
    return path[-1] in _NOTES and (len(path) == 1 or isinstance(value, str | int))


def _lacks(section: dict[Any, Any], node: dict[str, Any], path: DataPath) -> bool:
    """Whether the section does not load for want of a key, which is said already."""
    if _is_item(path, "prompts") and not any(key in section for key in ("content", "messages")):
        return True
    return any(child.get("required") and key not in section for key, child in node.get("keys", {}).items())


def _is_silent(file: YamlFile, path: DataPath, keys: dict[str, Any]) -> bool:
    """Whether nobody expects NeMo to read the key."""
    name = str(path[-1])
    if len(path) > 1:
        return False
    if name.startswith(("x-", "_", ".")) or _holds_anchors(file, name):
        return True
    own = [key for key in file.data if key in keys["keys"]]
    return all(key in _COMMON and not _is_nemos(key, file.data[key], keys) for key in own)


def _is_nemos(key: str, value: Any, keys: dict[str, Any]) -> bool:
    """Whether a section that other tools have too holds what NeMo wants there."""
    from guardlint.nemo.meant_keys import fits

    if value == []:
        return True
    if isinstance(value, list):
        needed = {"models": "engine", "prompts": "task"}.get(key)
        return any(isinstance(item, dict) and needed in item for item in value)
    return isinstance(value, dict) and key == "core" and fits(value, keys["keys"][key])


def _holds_anchors(file: YamlFile, name: str) -> bool:
    """Whether a section at the top holds an anchor that is used elsewhere: it is a store of parts."""
    if "*" not in file.text:
        return False
    begin = file.place((name,), key=True).line
    lines = file.text.split("\n")[begin - 1 :]
    end = next((i for i, line in enumerate(lines) if i and line[:1] not in ("", " ", "#", "-")), len(lines))
    anchors = re.findall(r"&([^\s,\[\]{}]+)", "\n".join(lines[:end]))
    return any(re.search(rf"\*{re.escape(anchor)}(?![\w-])", file.text) for anchor in anchors)


def _of_model(file: YamlFile, path: DataPath, name: str, lost: str) -> tuple[Severity | None, str, str]:
    """A parameter beside `engine`; without its address, the texts go to the public service."""
    from guardlint.nemo.meant_keys import plain

    model = _at(file.data, path[:-1])
    mend = f"move `{name}` under `parameters`, if the model is to receive it"
    if plain(name) in _ADDRESS and model.get("engine") in _HAVE_AN_ADDRESS:
        lost = f"NeMo ignores `{name}` and sends the texts to the public address of `{model['engine']}`"
        given = model.get("parameters")
        return ("warning" if isinstance(given, dict) and _ADDRESS & given.keys() else None), mend, lost
    return "warning", mend, lost


def _is_switch(name: str, value: Any) -> bool:
    return isinstance(value, bool) and _SWITCH.search(name) is not None


def _is_default(value: Any, node: dict[str, Any]) -> bool:
    """Whether a number is the default of one of the section's keys: the one that was meant, most likely."""
    return type(value) in (int, float) and any(
        type(child.get("default")) is type(value) and child["default"] == value
        for child in node.get("keys", {}).values()
    )


def _is_item(path: DataPath, section: str) -> bool:
    return len(path) == 3 and path[0] == section


def _at(data: Any, path: DataPath) -> Any:
    for part in path:
        data = data[part]
    return data


def _either(names: list[str]) -> str:
    quoted = [f"`{name}`" for name in names]
    return quoted[0] if len(quoted) == 1 else ", ".join(quoted[:-1]) + f" or {quoted[-1]}"


def _names_only(path: DataPath) -> DataPath:
    return tuple(part for part in path if isinstance(part, str))
