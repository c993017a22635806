"""Takes secrets out of everything that guardlint shows or stores.

The replacement has the length of the secret, so that columns and carets stay true.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from guardlint.source.lazy_pattern import lazy_pattern

__all__ = ["is_secret_name", "redact", "redact_data", "redact_line"]

# Each with texts one of which is in whatever the pattern finds: most texts have none of them.
_PATTERNS = (
    # Well-known prefixes.
    (
        ("sk-", "pk-", "rk-", "sk_", "rk_", "nvapi-", "gho_", "ghp_", "ghs_", "ghu_", "ghr_"),
        lazy_pattern(
            r"\b(?:sk|pk|rk)-[A-Za-z0-9_-]{16,}|\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}|"
            r"\bnvapi-[A-Za-z0-9_-]{16,}|\bgh[opsur]_[A-Za-z0-9]{20,}"
        ),
    ),
    (
        ("AKIA", "ASIA", "xox", "hf_", "AIza"),
        lazy_pattern(
            r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bxox[abpr]-[A-Za-z0-9-]{10,}|\bhf_[A-Za-z0-9]{20,}|\bAIza[\w-]{30,}"
        ),
    ),
    (("eyJ",), lazy_pattern(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*")),
    (("-----BEGIN ",), lazy_pattern(r"(?<=-----BEGIN ).*?PRIVATE KEY-----[A-Za-z0-9+/=\s]*")),
    (("://",), lazy_pattern(r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)")),
)
_BEARER = lazy_pattern(r"(?i)(?<=bearer )[A-Za-z0-9._~+/-]{8,}=*")
_NAME = r"""
    [\w-]* (?: api[_-]?key | access[_-]?key | secret | password | passwd | auth[_-]?token | private[_-]?key
              | authorization ) [\w-]*
    | (?<![\w-]) (?: [\w-]* (?: access | api | bearer | bot | gateway | hf | hub | id | personal | refresh
                                | service | session ) [_-]? | (?-i: [A-Z][A-Z0-9]*_ )+ )? token (?![\w-])
"""
_TELLING = ("key", "secret", "passw", "token", "authorization")
# Between a name and its value: `key: v`, `"key": v`, `key = v`, `key: str = v`, `environ["KEY"] = v`,
# `setdefault("KEY", v)`, and a value on the line below, unless that is a key of its own.
_ASSIGNED = lazy_pattern(
    rf"""(?ix) (?P<key>
        (?: (?<=\w\() ["'] (?:{_NAME}) ["'] , \s* (?=["'])
          | ["']? (?:{_NAME}) ["']? \s* \]? \s*
            (?: : \s* (?: str | bytes | secretstr | final | optional ) \b [\w.|\[\]\ ]* = | ==? | : ) )
        [ \t]* (?: (?: [>|][+-]? )? [ \t]* (?: \#.* )? (?: \r?\n [ \t]* )+
                   (?! -\s | ["']? [\w.-]+ ["']? [ \t]* : (?:\s|$) ) )?
        (?: ["']? (?: basic | bearer | token ) [ \t]+ )? )
    (?P<value> "[^"\n]+" | '[^'\n]+' | [^\s#,}}\]]+ )"""
)
# The name of a variable that holds a secret is no secret.
_NOT_SECRET = lazy_pattern(r"(?i)(env|var|name|file|path)[\w-]*[\"']?\s*[:=]\s*$|^[\"']?\$\{?\w+\}?[\"']?$")
_PLAIN_WORDS = frozenset({"null", "none", "true", "false", "~", "''", '""'})


def redact(text: str) -> str:
    """``text`` with every secret replaced by as many asterisks; line ends and blanks stay."""
    for needed, pattern in _PATTERNS:
        for part in needed:
            if part in text:
                text = pattern.sub(_stars, text)
                break
    lowered = text.lower()
    is_ascii = text.isascii()  # where it is not, a pattern that heeds no case takes a few letters for others
    if not is_ascii or "bearer " in lowered:
        text = _BEARER.sub(_stars, text)
    for part in _TELLING:
        if not is_ascii or part in lowered:
            return _ASSIGNED.sub(_hide, text)
    return text


def _stars(match: re.Match[str]) -> str:
    return re.sub(r"\S", "*", match[0])


def redact_line(lines: Sequence[str], number: int) -> str:
    """Line ``number``, from 1, with what is a secret only because of the lines above it hidden as well."""
    begin = number - 1
    while begin and begin > number - 3 and not lines[begin - 1].strip():
        begin -= 1
    begin = max(begin - 1, 0)
    key = next((at for at in range(number - 1, -1, -1) if "-----BEGIN " in lines[at]), None)
    if key is not None and not any("-----END " in line for line in lines[key : number - 1]):
        begin = min(begin, key)
    return redact("\n".join(lines[begin:number])).rpartition("\n")[2]


def is_secret_name(name: str) -> bool:
    """Whether what is assigned to ``name`` is hidden."""
    return redact(f"{name}: x") != f"{name}: x"


def redact_data(value: Any, name: str = "") -> Any:
    """``value``, plain data, with every secret hidden; ``name`` is the key that it stands under."""
    if isinstance(value, dict):
        return {redact(str(key)): redact_data(item, str(key)) for key, item in value.items()}
    if isinstance(value, list):
        return [redact_data(item, name) for item in value]
    if not isinstance(value, str):
        return value
    return "*" * len(value) if value and is_secret_name(name) else redact(value)


def _hide(match: re.Match[str]) -> str:
    key, value = match["key"], match["value"]
    if value.lower() in _PLAIN_WORDS or _NOT_SECRET.search(key) or _NOT_SECRET.search(value):
        return match[0]
    return key + "*" * len(value)
