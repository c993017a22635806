"""PyYAML, imported without the patterns that only its Python reader and resolver ask for.

One of them, of all characters that YAML allows, takes as long to compile as everything else that a check
imports, and the C loader never looks at it. Whoever needs them finds them compiled at the first use.
"""

from __future__ import annotations

import re
import sys
from typing import Any

from guardlint.source.lazy_pattern import lazy_pattern

__all__ = ["yaml"]

if "yaml" not in sys.modules:
    _compile: Any = re.compile
    try:
        re.compile = lazy_pattern  # type: ignore[assignment]
        import yaml
    finally:
        re.compile = _compile
else:
    import yaml
