"""A key or password stands in a file of the configuration.

What it does: looks for values that have the form of a provider's key, and for literal values under names
such as ``api_key`` and ``password``, in YAML, Colang and Python.

Why it matters: whoever reads the repository, a backup of it or an image built from it has the key. What
stands at the level of a model, beside ``engine``, NeMo does not even use.

How to fix: revoke the key, put the new one into an environment variable and name that in
``api_key_env_var``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from guardlint.nemo.configuration import Configuration
from guardlint.rules.rule import Found, Project, Rule
from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.place import Place
from guardlint.source.redact import is_secret_name, redact, redact_line
from guardlint.source.yaml_file import DataPath, YamlFile

RULE = Rule(severity="error", confidence="high", since="0.1.0", controls=("LLM02:2025",))

# The forms that guardlint/source/redact.py hides in every output; nothing else is looked for here.
_KEY = lazy_pattern(
    r"\b(?:(?:sk|pk|rk)-[A-Za-z0-9_-]{16,}|[rs]k_(?:live|test)_[A-Za-z0-9]{16,}|nvapi-[A-Za-z0-9_-]{16,}|"
    r"gh[opsur]_[A-Za-z0-9]{20,}|(?:AKIA|ASIA)[A-Z0-9]{16}\b|xox[abpr]-[A-Za-z0-9-]{10,}|hf_[A-Za-z0-9]{20,}|"
    r"AIza[\w-]{30,}|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*)|"
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----"
)
_IN_ADDRESS = lazy_pattern(r"(?<=://)[^/\s:@]+:(?P<word>[^/\s@]+)(?=@)")
_IN_QUERY = lazy_pattern(r"(?<=[?&])[\w-]*api[_-]?key=(?P<word>[^&\s#\"']{8,})")
_BEARER = lazy_pattern(r"(?i)(?<=bearer )[A-Za-z0-9._~+/-]{12,}=*")
# What a text holds that one of the forms above is in: looked for first, because it is quick.
_TELLING = ("api_key", "apikey", "api-key", "access", "secret", "passw", "token", "private", "authoriz")
_SIGNS = (
    *("sk-", "pk-", "rk-", "k_live_", "k_test_", "nvapi-", "gho_", "ghp_", "ghr_", "ghs_", "ghu_"),
    *("AKIA", "ASIA", "xox", "hf_", "AIza", "eyJ", "-----BEGIN "),
)
_NO_NAME = lazy_pattern(r"(?i)env|var|name|file|path|prefix|header|pattern|length|url")
_ASSIGNED = lazy_pattern(
    r"""(?P<name>(?i:[\w-]*(?:api_?key|access_?key|secret|password|passwd|auth_?token)\w*|"""
    r"""\w*(?:access|api|bearer|refresh|service)_?token)|(?:[A-Z0-9]+_)+TOKEN)"""
    r"""(?:["']\s*,|["']?\s*(?:\]\s*=|:\s*\w+\s*=|[:=]))\s*["'](?P<value>[^"'\n]{8,})["']"""
)
# Texts for people and models: a key in them is an example.
_SAID = frozenset(
    {("prompts",), ("instructions",), ("sample_conversation",), ("user_messages",), ("bot_messages",)}
)
_PLACEHOLDER = lazy_pattern(
    r"(?i)[$<{%*\[]|your|xxx|\.\.\.|no[-_]?key|not[-_](?:used|set)|needed|required|placeholder|changeme|change[-_]me|replace|"
    r"insert|redacted|dummy|unused|ignored|empty|none|injected|os\.environ|AKIA\w*EXAMPLE|"
    r"^(?:password|passwd|pass|pwd|secret|user)$"
)
_FILLER = lazy_pattern(
    r"(?i)fake|test|example|sample|demo|real|local|key|secret|token|api|openai|proj|live|dev"
)


def check(project: Project) -> Iterator[Found]:
    """One finding for each value."""
    configuration = project.configuration
    if not _may_hold_one(configuration):
        return
    keys = configuration.catalogue.data["keys"]["keys"]
    for file in configuration.yaml_files:
        forms, names = _has_form(file.text), _has_name(file.text)
        if not forms and not names:
            continue
        seen: set[Place] = set()  # an alias stands for the same text again
        known = names and any(name in keys for name in file.data)
        for found in _in_yaml(file, file.data, (), known, forms):
            if found.place not in seen:
                seen.add(found.place)
                yield found
    code = [outline.file for outline in configuration.colang_files]
    code += [outline.file for outline in configuration.python_files]
    for name in code:
        yield from _in_text(configuration.texts.get(name, ""), name)


def _in_yaml(file: YamlFile, data: Any, path: DataPath, known: bool, forms: bool) -> Iterator[Found]:
    """``known``: it is a file of NeMo's, so what stands under a telling name is meant for NeMo too.

    ``forms``: something in the file has the form of a key.
    """
    if path[:1] in _SAID:
        return
    if isinstance(data, dict):
        for name, value in data.items():
            yield from _in_yaml(file, value, (*path, name), known, forms)
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _in_yaml(file, value, (*path, index), known, forms)
    elif isinstance(data, str) and len(data) >= 8:
        match = _secret(data) if forms else None
        if match is not None:
            inner = file.inside(path, match.start(), len(match[0]))
            yield _found(inner, path, _shown(path))
        elif known and _is_named(path) and _is_random(data):
            place = file.place(path)
            # What a frame would not hide is better not pointed at.
            if data not in redact_line(file.text.split("\n"), place.line):
                yield _found(place, path, _shown(path))


def _secret(text: str) -> re.Match[str] | None:
    for match in _KEY.finditer(text):
        if match[0].startswith("-----") or _is_body(match[0]):
            return match
    for match in _IN_QUERY.finditer(text):
        if _is_random(match["word"]):
            return match
    for match in _IN_ADDRESS.finditer(text):
        if not _PLACEHOLDER.search(match["word"]):
            return match
    bearer = _BEARER.search(text)
    return bearer if bearer is not None and _is_random(bearer[0]) else None


def _is_named(path: DataPath) -> bool:
    last = str(path[-1])
    return _has_name(last) and is_secret_name(last) and not _NO_NAME.search(last)


def _is_body(key: str) -> bool:
    """Whether a text in a key's form could be one: no placeholder, and letters enough to be drawn by lot."""
    if _PLACEHOLDER.search(key):
        return False
    body = _FILLER.sub("", key.partition("-")[2] or key)
    return len(re.sub(r"[\W_]", "", body)) >= 12 and len(set(body.lower())) >= 6


def _is_random(value: str) -> bool:
    """Whether a value looks drawn by lot rather than said: no blank, no placeholder, digits and letters."""
    if _PLACEHOLDER.search(value) or re.search(r"\s", value) or "://" in value:
        return False
    body = _FILLER.sub("", value)
    mixed = re.search(r"\d", body) and re.search(r"[A-Za-z]", body)
    return bool(mixed) and len(body) >= 8 and len(set(body.lower())) >= 6


def _has_form(text: str) -> bool:
    """A look at the whole text, which nearly always ends the search for what has a key's form."""
    if any(sign in text for sign in _SIGNS) and _KEY.search(text):
        return True
    if "://" in text and ("@" in text or "key=" in text.lower()):
        return bool(_IN_ADDRESS.search(text) or _IN_QUERY.search(text))
    return bool(_BEARER.search(text)) if "earer " in text else False


def _may_hold_one(configuration: Configuration) -> bool:
    """The same for all files together, of which most hold nothing of the kind."""
    text = "\n".join(configuration.texts.values())
    lower = text.lower()
    for word in _TELLING:
        if word in lower:
            return True
    for sign in _SIGNS:
        if sign in text:
            return True
    return "://" in text or "earer " in text


def _has_name(text: str) -> bool:
    """Whether a text may hold a telling name; most files hold none."""
    lower = text.lower()
    return any(word in lower for word in _TELLING)


def _in_text(text: str, name: str) -> Iterator[Found]:
    forms = _has_form(text)
    telling = _telling_lines(text) if name.endswith(".py") else frozenset()
    if not forms and not telling:
        return
    for number, line in enumerate(text.split("\n"), 1):
        if not forms and number not in telling:
            continue
        if name.endswith(".co") and line.lstrip()[:1] in ('"', "'"):
            continue  # what somebody may say
        match = _secret(line) if forms else None
        if match is not None:
            place = Place.at(name, number, match.start() + 1, len(match[0]))
            yield _found(place, None, "this line")
            continue
        assigned = _ASSIGNED.search(line) if number in telling else None
        if assigned is None or assigned["value"] in redact(line):
            continue
        if not _NO_NAME.search(assigned["name"]) and _is_random(assigned["value"]):
            place = Place.at(name, number, assigned.start("value") + 1, len(assigned["value"]))
            yield _found(place, None, f"`{assigned['name']}`")


def _telling_lines(text: str) -> frozenset[int]:
    """The numbers of the lines that may hold a telling name."""
    lower, found = text.lower(), set()
    for word in _TELLING:
        at = lower.find(word)
        while at >= 0:
            found.add(lower.count("\n", 0, at) + 1)
            at = lower.find(word, at + 1)
    return frozenset(found)


def _shown(path: DataPath) -> str:
    return f"`{next((part for part in reversed(path) if isinstance(part, str)), '')}`"


def _found(place: Place, path: DataPath | None, where: str) -> Found:
    beside = path is not None and len(path) == 3 and path[0] == "models"
    ignored = ", and NeMo does not use it where it stands" if beside else ""
    mend = (
        "name an environment variable in `api_key_env_var`, beside `engine`"
        if path is not None and path[0] == "models"
        else "read it from the environment"
    )
    return Found(
        f"a secret stands in clear at {where}",
        place,
        f"everybody who can read the file has it{ignored}",
        f"revoke it, and {mend}",
        path=path,
        # Never the value: not even its hash shall lead back to it.
        value=where,
    )
