"""Takes secrets out of everything that guardlint shows or stores.

The replacement has the length of the secret, so that columns and carets stay true.
"""

from __future__ import annotations

import re
from typing import Any

__all__ = ["redact", "redact_data"]

_PATTERNS = (
    # Well-known prefixes.
    re.compile(
        r"\b(?:sk|pk|rk)-[A-Za-z0-9_-]{16,}|\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}|"
        r"\bnvapi-[A-Za-z0-9_-]{16,}|\bgh[opsur]_[A-Za-z0-9]{20,}"
    ),
    re.compile(
        r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bxox[abpr]-[A-Za-z0-9-]{10,}|\bhf_[A-Za-z0-9]{20,}|\bAIza[\w-]{30,}"
    ),
    re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"),
    re.compile(r"(?<=-----BEGIN ).*?PRIVATE KEY-----[A-Za-z0-9+/=\s]*"),
    re.compile(r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"),
    re.compile(r"(?i)(?<=bearer )[A-Za-z0-9._~+/-]{8,}=*"),
)
_ASSIGNED = re.compile(
    r"""(?ix) (?P<key> ["']? [\w-]*
        (?: api[_-]?key | access[_-]?key | secret | password | passwd | auth[_-]?token | private[_-]?key )
        [\w-]* ["']? \s*[:=]\s* )
    (?P<value> "[^"\n]+" | '[^'\n]+' | [^\s#,}\]]+ )"""
)
# The name of a variable that holds a secret is no secret.
_NOT_SECRET = re.compile(r"(?i)(env|var|name|file|path)[\w-]*[\"']?\s*[:=]\s*$|^[\"']?\$\{?\w+\}?[\"']?$")
_PLAIN_WORDS = frozenset({"null", "none", "true", "false", "~", "''", '""'})


def redact(text: str) -> str:
    """``text`` with every secret replaced by as many asterisks; line ends and blanks stay."""
    for pattern in _PATTERNS:
        text = pattern.sub(lambda match: re.sub(r"\S", "*", match[0]), text)
    return _ASSIGNED.sub(_hide, text)


def redact_data(value: Any, name: str = "") -> Any:
    """``value``, plain data, with every secret hidden; ``name`` is the key that it stands under."""
    if isinstance(value, dict):
        return {redact(str(key)): redact_data(item, str(key)) for key, item in value.items()}
    if isinstance(value, list):
        return [redact_data(item, name) for item in value]
    if not isinstance(value, str):
        return value
    probe = f"{name}: x"
    return "*" * len(value) if value and redact(probe) != probe else redact(value)


def _hide(match: re.Match[str]) -> str:
    key, value = match["key"], match["value"]
    if value.lower() in _PLAIN_WORDS or _NOT_SECRET.search(key) or _NOT_SECRET.search(value):
        return match[0]
    return key + "*" * len(value)
