"""Whether the files of a configuration hold a word at all: the cheapest of all questions."""

from __future__ import annotations

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.once import once
from guardlint.rules.rule import Project

__all__ = ["speaks_of"]

# With these, YAML can spell a word without writing it.
_ESCAPES = ("\\x", "\\u", "\\\n")


def speaks_of(project: Project, *words: str) -> bool:
    """Whether one of ``words``, in small letters, may stand in a file that NeMo reads, whatever its case."""
    text = _text(project.configuration)
    return any(word in text for word in words) or any(escape in text for escape in _ESCAPES)


@once
def _text(configuration: Configuration) -> str:
    return "\n".join(configuration.texts.values()).lower()
