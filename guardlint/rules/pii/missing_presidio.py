"""A rail for personal data is listed, and the packages that it needs are not asked for.

What it does: reads the requirements, project and image files around the configuration where a
``… sensitive data on …`` rail works. It speaks where they ask for NeMo and none of them names Presidio or the
``sdd`` extra; where the extra is to bring Presidio on Python 3.13, for which NeMo leaves it out; and where an
image loads another model of spaCy than the one that NeMo asks for.

Why it matters: NeMo loads without Presidio and without the model. The rail raises, and every message ends in
an internal error.

How to fix: ask for ``nemoguardrails[sdd]`` (on Python 3.13 for ``presidio-analyzer`` and
``presidio-anonymizer``), and load ``en_core_web_lg`` where the application is built.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from guardlint.nemo.installation import Installation, installation_of
from guardlint.nemo.personal_data import active_sources
from guardlint.rules.rule import Found, Project, Related, Rule
from guardlint.source.files import shown_path
from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.place import Place

RULE = Rule(severity="error", confidence="medium", since="0.1.0", controls=("LLM02:2025",))

_BRINGS = frozenset({"sdd", "all"})
_MODEL = lazy_pattern(r"\ben[_-]core[_-]web[_-](?:sm|md|trf)\b")
_PYTHON_13 = lazy_pattern(
    r"^\s*FROM\s+\S*python:3\.13|^\s*requires-python\s*=\s*[\"'](?:>=|~=|==)\s*3\.13|\A3\.13|\Apython-3\.13",
    re.IGNORECASE | re.MULTILINE,
)


def check(project: Project) -> Iterator[Found]:
    """At most one finding."""
    configuration = project.configuration
    sources = active_sources(configuration)
    if not sources:
        return
    step = next(iter(sources.values()))[0]
    around = installation_of(configuration.root)
    related = (Related(step.place, "needs Presidio and the model `en_core_web_lg`"),)
    for message, place, effect, mend in _faults(around):
        yield Found(message, place, effect, mend, value=message, related=related)
        return


def _faults(around: Installation) -> Iterator[tuple[str, Place, str, str]]:
    asked = around.requirements()
    named = around.mentions("presidio")
    extra = any(item.extras & _BRINGS for item in asked) or around.mentions("[sdd]", "extra sdd", "[all]")
    if asked and not named and not extra:
        yield (
            "nothing asks for Presidio, which the rail for personal data needs",
            asked[0].place,
            "NeMo loads without it; the rail raises, and every message ends in an internal error",
            "write `nemoguardrails[sdd]`",
        )
    elif asked and not named and (where := _python_13(around)) is not None:
        yield (
            "the `sdd` extra brings no Presidio on Python 3.13",
            where,
            "NeMo loads without it; the rail raises, and every message ends in an internal error",
            "ask for `presidio-analyzer` and `presidio-anonymizer` by name, or use Python 3.12",
        )
    elif not around.mentions("en_core_web_lg", "en-core-web-lg"):
        for path, text in around.images():
            found = _MODEL.search(text)
            if found is not None:
                yield (
                    f"the image has `{found[0]}`, and NeMo asks for `en_core_web_lg`",
                    _place(path, text, found.start(), len(found[0])),
                    "the rail raises, and every message ends in an internal error",
                    "load `en_core_web_lg`",
                )


def _python_13(around: Installation) -> Place | None:
    """Where a file says that the application runs on 3.13."""
    for path, text in around.texts:
        if (
            path.name in ("pyproject.toml", ".python-version", "runtime.txt")
            or (path, text) in around.images()
        ):
            found = _PYTHON_13.search(text)
            if found is not None:
                start = found.start() + len(found[0]) - len(found[0].lstrip())
                return _place(path, text, start, len(found[0].strip()))
    return None


def _place(path: Path, text: str, start: int, width: int) -> Place:
    before = text[:start]
    column = len(before) - (before.rfind("\n") + 1) + 1
    return Place.at(shown_path(path), before.count("\n") + 1, column, width)
