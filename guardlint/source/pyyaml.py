"""PyYAML, imported without the patterns that only its Python reader and resolver ask for.

One of them, of all characters that YAML allows, takes as long to compile as everything else that a check
imports (50 of 750 million instructions), and the C loader never looks at it. Whoever needs them finds them
compiled at the first use. ``yaml._yaml`` cannot be had without the rest: it imports the whole package itself.
"""

from __future__ import annotations

import re
import sys
from typing import Any

from guardlint.source.lazy_pattern import lazy_pattern

__all__ = ["yaml"]

_compile: Any = re.compile


def _compile_later(pattern: Any, flags: int = 0) -> Any:
    """``re.compile`` that puts off what PyYAML asks for; another thread's patterns are compiled at once."""
    asker = sys._getframe(1).f_globals.get("__name__", "")  # noqa: SLF001 - who asks is nowhere else
    return lazy_pattern(pattern, flags) if asker.startswith("yaml.") else _compile(pattern, flags)


if "yaml" not in sys.modules:
    try:
        re.compile = _compile_later
        import yaml
    finally:
        re.compile = _compile
else:
    import yaml
