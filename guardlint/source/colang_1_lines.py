"""The lines of a Colang 1.0 file as NeMo's parser numbers, joins and normalises them.

Its ways with quotes, comments and continued lines decide what it refuses, so they are kept with their
oddities (``nemoguardrails/colang/v1_0/lang/utils.py``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache

from guardlint.source.lazy_pattern import lazy_pattern

__all__ = [
    "Line",
    "Unreadable",
    "first_word",
    "normalised",
    "numbered_lines",
    "parameter_tokens",
    "split_words",
    "without",
]


@dataclass(slots=True)
class Line:
    """A line that says something; ``indent`` counts blanks, a tab is none."""

    text: str
    number: int
    indent: int


class Unreadable(Exception):
    """What the parser cannot do; the message is for the user."""


def numbered_lines(content: str) -> list[Line]:
    """The lines without comments, documentation and empty ones; texts and statements over several joined."""
    raw = content.split("\n")
    found: list[Line] = []
    text: str | None = None
    text_indent = 0
    in_documentation = False
    at = -1
    while at < len(raw) - 1:
        at += 1
        line = raw[at].strip()
        if text is not None:
            text += "\n" + line
            if line.endswith('"'):
                found.append(Line(text, at + 1, text_indent))
                text = None
            continue
        if not line or line[0] == "#":
            continue
        quoted = line[0] == '"'
        if quoted and not line.endswith('"') and not line.startswith('"""'):
            text = line
            text_indent = len(raw[at]) - len(line)
            continue
        line = split_words(line, "#")[0] if "#" in line else line
        if quoted and not in_documentation and line.startswith('"""'):
            in_documentation = line == '"""' or not line.endswith('"""')
            continue
        if in_documentation:
            in_documentation = not line.endswith('"""')
            continue
        indent = len(raw[at]) - len(raw[at].lstrip(" "))
        while at < len(raw) - 1 and (line[-1] == "\\" or line.endswith(" or")):
            at += 1
            line = line.removesuffix("\\")
            line = (line if line[-1] == " " else line + " ") + raw[at].strip()
        found.append(Line(line, at + 1, indent))
    return found


def split_words(text: str, word: str) -> list[str]:
    """Split at ``word`` outside double quotes; the last characters are never looked at."""
    if not text:
        return [""]
    parts: list[str] = []
    start = at = 0
    quoted = False
    end = len(text) - len(word)
    signs = _splitter(word)
    while (found := signs.search(text, at)) is not None and found.start() < end:
        if found[0] == '"':
            quoted = not quoted
            at = found.end()
        elif quoted:
            at = found.start() + 1
        else:
            parts.append(text[start : found.start()].strip())
            start = at = found.end()
    last = text[start:].strip()
    parts.append(last.removesuffix(word))
    return [part for part in parts if part]


@cache
def _splitter(word: str) -> re.Pattern[str]:
    return re.compile('"|' + re.escape(word))


def parameter_tokens(text: str) -> list[str]:
    """Words and the signs ``- : , =`` outside double quotes."""
    tokens = re.findall(r'(?:"[^"]*(?:"|$)|[^-" :,=])+|[-:,=]', text)
    return [token.strip() for token in tokens if token.strip()]


def first_word(text: str) -> str:
    """The statement's keyword; ``else if``, ``else when`` and ``go to`` are one."""
    word, _, rest = text.partition(" ")
    if (word == "else" and text.strip() != "else") or word == "go":
        if " " not in text:
            raise Unreadable("`go` must be followed by `to` and a label")
        return f"{word} {rest.strip().partition(' ')[0]}"
    return word


def without(word: str, text: str) -> str:
    """The text after its first word, which must be ``word``."""
    first, _, rest = text.strip().partition(" ")
    if first != word:
        raise Unreadable(f"`{word}` must be followed by something")
    return rest.strip()


_EVENT = r"(?!user |bot |event |flow |no |any)"
_SIDE = r"^((?:(?:else )?when )?(?:user|bot))"
# Each with a text without which the pattern finds nothing.
_RULES: tuple[tuple[str, re.Pattern[str], str], ...] = tuple(
    (part, lazy_pattern(pattern), written)
    for part, pattern, written in (
        (":", r":$", r""),
        ("infer", r"^infer (?!user |bot |event )", r"infer event "),
        ("when", r"^((?:else )?when) " + _EVENT, r"\1 event "),
        ("def ", r"^def ", r"define "),
        (" says", _SIDE + r" says\b", r"\1"),
        (" something", _SIDE + r" something(?: else)?\b", r"\1 *"),
        ("something", r'^((?:else )?(?:when )?(?:user|bot)\s+[^"]*\s+)something(?: else)?\b', r"\1..."),
        ("exec", r"^exec(?:ute)? ", r"run "),
        (" label ", r"^set ([^$]+) label (?:to )?(\$.*)", r"label \1 \2"),
        (" = ", r"^(\$[\w.]+) = (?:run|execute|exec) ", r"run \1 = "),
        (" = ", r"^(\$[\w.]+) = (?!(?:run|execute|exec) )", r"set \1 = "),
        ("priority", r"^\s*priority\s*([.\d]+)\s*$", r'meta {"priority": \1}'),
        ("=", r"^(\$[\w.]+)\s*([+-])=", r"set \1 = \1 \2"),
        ("new", r"^new( |$)", r"infer\1"),
        ("create", r"^create( |$)", r"infer\1"),
    )
)
_EXAMPLE_RULES: tuple[tuple[str, re.Pattern[str], str], ...] = (
    ("context", lazy_pattern(r"^(?:in )?(?:the )?context(?: of)?(.*)$"), r"context\1"),
    ("expecting", lazy_pattern(r"expecting user (.*)$"), r'expecting("\1")'),
    ("context", lazy_pattern(r"context user (.*)$"), r'context expecting("\1")'),
)


@lru_cache(maxsize=1024)
def normalised(text: str, mode: str) -> str:
    """The statement in the one spelling that the parser knows; ``mode``: colang, markdown or yaml."""
    rules = _RULES if mode == "colang" else _EXAMPLE_RULES if mode == "markdown" else ()
    if mode == "colang" and not _is_one_space(text):
        text = " ".join(split_words(text, " "))
    for part, pattern, written in rules:
        if part in text:
            text = pattern.sub(written, text)
    return text


def _is_one_space(text: str) -> bool:
    """Whether there is nothing between words but one blank, so that splitting and joining changes nothing."""
    return text.isprintable() and '"' not in text and "  " not in text and text[-1:] != " " != text[:1]
