"""The variables of a Jinja prompt, read without Jinja.

NeMo renders prompts in a sandboxed environment whose undefined variables are empty text
(``llm/taskmanager.py``), so a misspelt name shows nothing and says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.record import record

__all__ = ["Variable", "variables"]

_STRING = r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'"
_TOKEN = lazy_pattern(
    rf"""\{{\#.*?\#\}}
    | \{{%[-+]?\s*raw\s*-?%\}}.*?\{{%[-+]?\s*endraw\s*[-+]?%\}}
    | \{{\{{-?(?P<shown>(?:{_STRING}|.)*?)-?\}}\}}
    | \{{%[-+]?(?P<block>(?:{_STRING}|.)*?)[-+]?%\}}""",
    re.DOTALL | re.VERBOSE,
)
_PLAIN = lazy_pattern(r"\{\{\s*([^\W\d]\w*)\s*\}\}")
_QUOTED = lazy_pattern(_STRING)
# An attribute, a filter, a test and the name of a keyword argument are not variables.
_NOT_READ = lazy_pattern(r"\.\s*[^\W\d]\w*|\|\s*[^\W\d][\w.]*|\bis\s+(?:not\s+)?[^\W\d][\w.]*")
_NAME = lazy_pattern(r"(?<!\w)(?P<name>[^\W\d]\w*+)(?!\s*=[^=])")
_KEYWORD = lazy_pattern(r"\s*(?P<word>[a-z]+)\s*(?P<rest>.*)$", re.DOTALL)
_WORDS = frozenset(
    "and or not in is if else true false none True False None recursive as import without with".split()
    + "context ignore missing scoped required".split()
)
_OPENING = frozenset({"if", "for", "macro", "call", "filter", "with", "block", "set", "autoescape"})


@record
class Variable:
    """A name that the template reads from outside; ``offset`` and ``length`` are of the whole ``{{ … }}``.

    ``use`` is ``shown`` for ``{{ … }}``, ``tested`` for a condition, which prints nothing of it, and
    ``passed`` for what a loop or an assignment takes on.
    """

    name: str
    offset: int
    length: int
    use: Literal["shown", "tested", "passed"]


class _Scope:
    """The names that the template itself has given a value, inside one block."""

    __slots__ = ("block", "names", "target")

    def __init__(self, block: str, target: str | None = None) -> None:
        self.block = block
        self.names: set[str] = set()
        self.target = target


@lru_cache(maxsize=256)
def variables(template: str) -> tuple[Variable, ...]:
    """Every variable in order of appearance, without those that the template sets itself."""
    plain = list(_PLAIN.finditer(template))
    if template.count("{") == 2 * len(plain):
        return tuple(
            Variable(found[1], found.start(), found.end() - found.start(), "shown")
            for found in plain
            if found[1] not in _WORDS
        )
    return tuple(_variables(template))


def _variables(template: str) -> Iterator[Variable]:
    scopes = [_Scope("")]
    for token in _TOKEN.finditer(template):
        expression, use = token["shown"], "shown"
        if token["block"] is not None:
            expression, use = _enter(token["block"], scopes)
        for name in _names(expression or ""):
            if not any(name in scope.names for scope in scopes):
                kind: Literal["shown", "tested", "passed"] = (
                    "shown" if use == "shown" else "tested" if use == "tested" else "passed"
                )
                yield Variable(name, token.start(), token.end() - token.start(), kind)
        if token["block"] is not None:
            _assign(token["block"], scopes)


def _names(expression: str) -> list[str]:
    plain = _NOT_READ.sub(" ", _QUOTED.sub("''", expression))
    return [match["name"] for match in _NAME.finditer(plain) if match["name"] not in _WORDS]


def _enter(block: str, scopes: list[_Scope]) -> tuple[str, str]:
    """What a tag reads, and how; closed blocks are left."""
    match = _KEYWORD.match(block)
    if match is None:
        return "", "passed"
    word, rest = match["word"], match["rest"]
    if word.startswith("end"):
        _leave(word[3:], scopes)
        return "", "passed"
    if word in ("elif", "else"):
        if scopes[-1].block == "for":
            scopes[-1].names.clear()
        return rest if word == "elif" else "", "tested"
    if word == "if":
        return rest, "tested"
    if word == "for":
        targets, _, source = rest.partition(" in ")
        source, condition = _before_if(_QUOTED.sub("''", source))
        for name in re.findall(r"[^\W\d]\w*", targets):
            condition = re.sub(rf"(?<!\w){name}(?!\w)", " ", condition)
        return f"{source} {condition}", "passed"
    if word == "set":
        return rest.partition("=")[2], "passed"
    if word == "macro":
        return " ".join(default for _, default in _arguments(rest)), "passed"
    if word == "filter":
        return "|" + rest, "passed"
    if word == "with":
        return re.sub(r"\b\w+\s*=(?!=)", ", ", rest), "passed"
    return ("", "passed") if word in ("block", "extends", "include") else (rest, "passed")


def _assign(block: str, scopes: list[_Scope]) -> None:
    """The names that a tag gives a value, and the scope that it opens."""
    match = _KEYWORD.match(block)
    if match is None or match["word"] not in _OPENING:
        return
    word, rest = match["word"], match["rest"]
    if word == "set":
        targets = re.findall(r"[^\W\d]\w*(?![\w.])", rest.partition("=")[0])
        if "=" in rest and scopes[-1].block != "if":
            # What only one branch sets may still come from outside.
            scopes[-1].names.update(targets)
        elif "=" not in rest:
            scopes.append(_Scope("set", target=targets[0] if targets else None))
        return
    scope = _Scope(word)
    if word == "for":
        scope.names.update(re.findall(r"[^\W\d]\w*", rest.partition(" in ")[0]))
        scope.names.add("loop")
    elif word in ("macro", "with"):
        names = re.findall(r"[^\W\d]\w*+(?=\s*=(?!=))", rest)
        if word == "macro":
            names = [name for name, _ in _arguments(rest)]
            scopes[-1].names.update(re.findall(r"^\w+", rest))
            names += ["caller", "varargs", "kwargs"]
        scope.names.update(names)
    scopes.append(scope)


def _before_if(text: str) -> tuple[str, str]:
    """The list of a loop, and the condition behind its ``if``; an ``if`` in brackets is part of the list."""
    depth = 0
    for index, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if depth == 0 and text.startswith(" if ", index):
            return text[:index], text[index + 4 :]
    return text, ""


def _arguments(text: str) -> list[tuple[str, str]]:
    """Name and default of each argument of ``m(a, b=c)`` or ``a = b, c = d``."""
    inside = text[text.index("(") + 1 : text.rindex(")")] if "(" in text and ")" in text else text
    parts = (part.partition("=") for part in inside.split(","))
    return [(name.strip(), default) for name, _, default in parts]


def _leave(block: str, scopes: list[_Scope]) -> None:
    for index in range(len(scopes) - 1, 0, -1):
        if scopes[index].block == block:
            target = scopes[index].target
            del scopes[index:]
            if target is not None:
                scopes[-1].names.add(target)
            return
