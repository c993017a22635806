"""What YARA refuses in the source of a rule, as far as that can be seen without YARA."""

from __future__ import annotations

import re

from guardlint.source.lazy_pattern import lazy_pattern

__all__ = ["yara_fault"]

# Comments, texts, regular expressions and hexadecimal strings: nothing in them is syntax.
_OPAQUE = lazy_pattern(
    r"//[^\n]*|/\*.*?\*/|(?P<text>\"(?:\\.|[^\"\\\n])*\")"
    r"|(?P<regex>(?:(?<==)|(?<=matches))\s*/(?:\\.|[^/\\\n])+/[is]*)"
    r"|(?P<hex>(?<==)\s*\{[0-9A-Fa-f?\s\[\]()|~\-]*\})",
    re.DOTALL,
)
_HEAD = lazy_pattern(r"\b(?:global\s+|private\s+)*rule\s+(\w+)\s*(?::[\w\s]*)?\{")
_DEFINED = lazy_pattern(r"(\$\w*)\s*=")
_USED = lazy_pattern(r"[$#@!](\w+)(\*?)")
_WORD = lazy_pattern(r"(?<![$#@!\w.\"])[A-Za-z_]\w*")
_KNOWN = frozenset(
    "all and any at contains defined endswith entrypoint false filesize icontains iendswith iequals in "
    "int8 int16 int32 int8be int16be int32be istartswith matches none not of or startswith them true "
    "uint8 uint16 uint32 uint8be uint16be uint32be KB MB".split()
)


def yara_fault(source: str) -> tuple[str, int] | None:
    """The first fault and its line from 0; None where none is seen, which is no promise."""
    code = _OPAQUE.sub(_blank, source)
    heads = list(_HEAD.finditer(code))
    if not heads:
        return ("no `rule name { … }`", 0) if "include" not in code else None
    if code.count("{") != code.count("}"):
        return "braces that do not pair", _line(code, heads[-1].start())
    ends = [head.start() for head in heads[1:]] + [len(code)]
    names = {head[1] for head in heads}
    for head, end in zip(heads, ends, strict=True):
        fault = _in_rule(code, head.end(), code.rfind("}", head.end(), end), names)
        if fault is not None:
            return fault[0], _line(code, fault[1])
    return None


def _in_rule(code: str, begin: int, end: int, rules: set[str]) -> tuple[str, int] | None:
    """The first fault between the braces of one rule, and where it begins."""
    mark = re.compile(r"\bcondition\s*:").search(code, begin, end)
    if mark is None:
        return "no `condition:`", begin
    condition = code[mark.end() : end]
    strings = re.compile(r"\bstrings\s*:").search(code, begin, mark.start())
    defined: dict[str, int] = {}
    if strings is not None:
        for item in _DEFINED.finditer(code, strings.end(), mark.start()):
            defined.setdefault(item[1], item.start())
            if not code[item.end() :].lstrip().startswith('"'):
                return f"`{item[1]}`, whose text has no double quotes", item.start()
    used = {(name, star) for name, star in _USED.findall(condition)}
    for name, star in sorted(used):
        if not star and f"${name}" not in defined:
            return f"`${name}`, which is not defined", mark.end() + condition.find(name)
    sign = re.search(r"&&|\|\|", condition)
    if sign is not None:
        return f"`{sign[0]}`, which YARA does not know", mark.end() + sign.start()
    if "import" not in code and not re.search(r"\bfor\b", condition):  # words of a module, or of a loop
        for word in _WORD.finditer(condition):
            if word[0] not in _KNOWN and word[0] not in rules:
                return f"`{word[0]}`, which YARA does not know", mark.end() + word.start()
    everything = "them" in condition or bool(re.search(r"\$\*|\(\s*\$\s*\)", condition))
    for text, where in defined.items():
        named = text == "$" or text.startswith("$_") or everything
        if not named and not any(text[1:] == n or (s and text[1:].startswith(n)) for n, s in used):
            return f"`{text}`, which no condition names", where
    return None


def _blank(found: re.Match[str]) -> str:
    """As many lines, and a text where one must stand."""
    shown = '""' if found.lastgroup else " "
    return shown + "\n" * found[0].count("\n")


def _line(code: str, offset: int) -> int:
    return code.count("\n", 0, offset)
