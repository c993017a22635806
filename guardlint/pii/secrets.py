"""Credentials: provider keys with registered prefixes, tokens, private keys, passwords."""

from __future__ import annotations

import re

from guardlint.pii.rule import Context, Needs, Rule, words
from guardlint.pii.span import Rank

__all__ = ["RULES"]

# Prefixes that the issuers document, each with the alphabet and the least length of what follows.
_PREFIXED = (
    r"sk-(?:ant-|proj-|or-v1-|svcacct-)?[A-Za-z0-9_-]{20,}",
    r"(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,}",
    r"gh[pousr]_[A-Za-z0-9]{30,}",
    r"github_pat_[A-Za-z0-9_]{22,}",
    r"glpat-[A-Za-z0-9_-]{20,}",
    r"xox[abeoprs]-[A-Za-z0-9-]{10,}",
    r"AIza[A-Za-z0-9_-]{35}",
    r"ya29\.[A-Za-z0-9_-]{20,}",
    r"nvapi-[A-Za-z0-9_-]{20,}",
    r"hf_[A-Za-z0-9]{30,}",
    r"npm_[A-Za-z0-9]{36}",
    r"pypi-[A-Za-z0-9_-]{40,}",
    r"dop_v1_[a-f0-9]{64}",
    r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",
    r"(?:AC|SK)[a-f0-9]{32}",
    r"shp(?:at|ss|ca|pa)_[a-fA-F0-9]{32}",
)
_AWS = words("aws", "aws_secret", "secret access key", "secret_access_key", "secretaccesskey")
_PEM = r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
_NAMED = (
    r"(?:api|access|auth|secret|client|private|service)[ _-]?(?:key|token|secret)|bearer|token|"
    r"api[ _-]?schlüssel|clé d'api"
)
_SAID = (
    r"password|passwort|kennwort|mot de passe|passphrase|passcode|passwd|pwd|contraseña|wachtwoord|"
    r"zugangscode"
)
# What stands where a password would, but is prose or already masked.
_NOT_A_PASSWORD = re.compile(
    r"(?i)(?:<[a-z_-]+|<.*>|\[.*\]|\{.*\}|[*•x._-]+|required|incorrect|wrong|invalid|expired|reset|here|none|null|true|false|"
    r"forgotten|falsch|abgelaufen|ungültig|incorrecte?|expiré|oublié|protected|must|should|string|str|\$.*)[.,;!?>)\]}]*"
)
_HAS_DIGIT = re.compile(r"\d")
_SIGN = re.compile(r"[^\w.,/:]|_")
_HAS_LETTER = re.compile(r"[A-Za-z]")


def _is_random(value: str) -> bool | None:
    """Prose has no digits among its letters."""
    return None if _HAS_DIGIT.search(value) and _HAS_LETTER.search(value) else False


def _is_aws_secret(value: str) -> bool | None:
    mixed = value != value.lower() and value != value.upper() and _HAS_DIGIT.search(value)
    return None if mixed else False


def _is_password(value: str) -> bool | None:
    return False if _NOT_A_PASSWORD.fullmatch(value) else None


def _said_password(value: str) -> bool | None:
    """After "is" only a value that is no plain word is taken for a password."""
    return _is_password(value) if re.search(r"[^A-Za-zÀ-ÿ.,!?'-]", value.rstrip(".,;!?")) else False


def _mixed_password(value: str) -> bool | None:
    """Far from the word, or after a short one, only letters with digits and another sign count."""
    mixed = _HAS_DIGIT.search(value) and _HAS_LETTER.search(value) and _SIGN.search(value.rstrip(".,;!?"))
    return _is_password(value) if mixed else False


def _rule(entity: str, pattern: str, score: float = 0.95) -> Rule:
    return Rule(entity, re.compile(pattern), score, rank=Rank.PROVEN)


RULES: tuple[Rule, ...] = (
    _rule(
        "PRIVATE_KEY",
        _PEM + r"(?:[A-Za-z0-9+/=\s:,.\\-](?!-{4}BEGIN)){0,20000}?"
        r"(?:-----END (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----|\Z)",
        1.0,
    ),
    # A key cut off in the middle still gives its first lines away.
    _rule(
        "PRIVATE_KEY",
        _PEM + r"\s*[A-Za-z0-9+/=\s]{0,20000}",
    ),
    _rule("JWT", r"(?<![\w-])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?", 1.0),
    _rule(
        "AWS_ACCESS_KEY",
        r"(?<!\w)(?:AKIA|ASIA|AGPA|AIDA|AROA|AIPA|ANPA|ANVA|ABIA|ACCA)[A-Z2-7][A-Z0-9]{15}(?!\w)",
    ),
    Rule(
        "AWS_SECRET_KEY",
        re.compile(r"(?<![\w/+])[A-Za-z0-9/+]{40}(?![\w/+=])"),
        0.9,
        check=_is_aws_secret,
        context=Context(_AWS, required=True),
        needs=Needs.DIGIT,
        rank=Rank.PROVEN,
    ),
    _rule("API_KEY", r"(?<![\w-])(?:" + "|".join(_PREFIXED) + r")(?![A-Za-z0-9])"),
    Rule(
        "API_KEY",
        re.compile(
            rf"(?i)(?:{_NAMED})s?[\"']?(?:\s{{0,3}}[:=]>?\s{{0,3}}|\s+(?:is\s+|ist\s+|est\s+)?)[\"'`]?"
            r"(?:bearer\s+)?(?P<value>[\w.~+/=-]{16,})"
        ),
        0.8,
        check=_is_random,
        needs=Needs.DIGIT,
    ),
    Rule(
        "PASSWORD",
        re.compile(
            rf"(?i)(?:{_SAID})[\"']?\s{{0,3}}[:=]\s{{0,3}}(?P<quote>[\"'`]?)(?P<value>[^\s\"'`]{{4,}})"
        ),
        0.85,
        check=_is_password,
    ),
    Rule(
        "PASSWORD",
        re.compile(
            rf"(?i)(?:{_SAID})\s+(?:(?:is|was|ist|lautet|est)\s+(?:still\s+|now\s+|set\s+to\s+)?)?"
            r"(?P<quote>[\"'`]?)(?P<value>[^\s\"'`]{4,}?)(?=[\"'`]|[.,;!?]?(?:\s|$))"
        ),
        0.8,
        check=_said_password,
    ),
    # "the password for the router is", "le mot de passe provisoire est": a value that no word is.
    Rule(
        "PASSWORD",
        re.compile(
            rf"(?i)(?:{_SAID})(?:\s+[^\W\d_][\w-]{{0,20}}){{1,4}}?\s+(?:is|was|ist|war|lautet|est)\s*:?\s+"
            r"(?P<quote>[\"'`]?)(?P<value>[^\s\"'`]{6,}?)(?=[\"'`]|[.,;!?]?(?:\s|$))"
        ),
        0.8,
        check=_mixed_password,
        needs=Needs.DIGIT,
    ),
    Rule(
        "PASSWORD",
        re.compile(
            r"(?i)(?<![\w-])(?:pw|pass|pwd|mdp|kw)\s{0,2}(?:[:=]|is|ist|est)?\s{0,2}"
            r"(?P<quote>[\"'`]?)(?P<value>(?<=[\s:=\"'`])[^\s\"'`]{6,}?)(?=[\"'`]|[.,;!?]?(?:\s|$))"
        ),
        0.8,
        check=_mixed_password,
        needs=Needs.DIGIT,
    ),
    _rule("PASSWORD", r"(?<=://)[^\s:/@]{1,64}:(?P<value>[^\s/@]{3,128})(?=@[\w.-])"),
)
