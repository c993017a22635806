"""The variables of a Jinja prompt, read without Jinja.

NeMo renders prompts in a sandboxed environment whose undefined variables are empty text
(``llm/taskmanager.py``), so a misspelt name shows nothing and says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Variable", "variables"]

_TOKEN = re.compile(
    r"""\{\#.*?\#\} | \{%-?\s*raw\s*-?%\}.*?\{%-?\s*endraw\s*-?%\}
    | \{\{(?P<shown>.*?)\}\} | \{%(?P<block>.*?)%\}""",
    re.DOTALL | re.VERBOSE,
)
_STRING = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'")
_NAME = re.compile(r"(?<![\w.|])(?P<name>[A-Za-z_]\w*)(?!\s*=[^=])")
_FILTER = re.compile(r"\|\s*[A-Za-z_]\w*")
_WORDS = frozenset(
    [
        "and",
        "or",
        "not",
        "in",
        "is",
        "if",
        "else",
        "elif",
        "endif",
        "for",
        "endfor",
        "set",
        "endset",
        "true",
        "false",
        "none",
        "True",
        "False",
        "None",
        "recursive",
        "loop",
        "block",
        "endblock",
        "filter",
        "endfilter",
        "macro",
        "endmacro",
        "call",
        "endcall",
        "with",
        "endwith",
        "include",
        "import",
        "from",
        "as",
        "defined",
        "undefined",
        "ignore",
        "missing",
        "without",
        "context",
        "do",
    ]
)


@dataclass(frozen=True, slots=True)
class Variable:
    """A name that the template reads; ``offset`` and ``length`` are of the whole ``{{ … }}``.

    ``shown`` is False inside ``{% … %}``: such a variable is tested or assigned, not printed.
    """

    name: str
    offset: int
    length: int
    shown: bool


def variables(template: str) -> Iterator[Variable]:
    """Every variable in order of appearance."""
    for token in _TOKEN.finditer(template):
        shown = token["shown"] is not None
        expression = token["shown"] if shown else token["block"]
        if expression is None:
            continue
        expression = _FILTER.sub(" ", _STRING.sub("''", expression))
        for name in _NAME.finditer(expression):
            if name["name"] not in _WORDS:
                yield Variable(name["name"], token.start(), token.end() - token.start(), shown)
