"""A rail for personal data has no entities for its direction.

What it does: compares the listed ``detect/mask sensitive data on …`` rails with the entities under
``rails.config.sensitive_data_detection.<direction>.entities``.

Why it matters: without entities the rail allows every text at once, and nothing is logged.

How to fix: list the entities for that direction.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from guardlint.nemo.configuration import Configuration
from guardlint.rules.rule import Found, Project, Related, Rule
from guardlint.source.yaml_file import DataPath

RULE = Rule(severity="error", confidence="high", since="0.1.0", controls=("LLM02:2025",))

_RAIL = re.compile(r"(detect|mask) sensitive data on (input|output|retrieval)")


def check(project: Project) -> Iterator[Found]:
    """One finding for each listed rail."""
    configuration = project.configuration
    for rail in configuration.all_rails():
        match = _RAIL.fullmatch(rail.flow)
        if match is None or rail.flow in configuration.flows:
            continue
        if configuration.action_named(f"{match[1]}_sensitive_data") is not None:
            continue
        # The source is fixed in the flow: under another direction the rail still reads its own section.
        source = match[2]
        section: DataPath = ("rails", "config", "sensitive_data_detection")
        if configuration.value((*section, source, "entities")) or _lost_elsewhere(configuration, source):
            continue
        others = [
            name
            for name in ("input", "output", "retrieval")
            if configuration.value((*section, name, "entities"))
        ]
        related = tuple(
            Related(configuration.place((*section, name, "entities"), key=True), f"entities for {name} only")
            for name in others
        )
        verb = "masks" if match[1] == "mask" else "detects"
        yield Found(
            f"`{rail.flow}` has no entities",
            rail.place,
            f"the rail {verb} nothing: NeMo lets every text through and logs no word",
            f"list entities under `rails.config.sensitive_data_detection.{source}.entities`",
            path=rail.path,
            value=rail.text,
            related=related,
        )


def _lost_elsewhere(configuration: Configuration, source: str) -> bool:
    """The entities are written where NeMo does not read them, and another rule says so."""
    if _entities(configuration.value(("sensitive_data_detection",)), source):
        return True
    if _entities(configuration.value(("rails", "sensitive_data_detection")), source):
        return True
    return any(
        _entities(_under(_under(replaced.lost.data["rails"], "config"), "sensitive_data_detection"), source)
        for replaced in configuration.joined.replaced
        if replaced.key == "rails"
    )


def _entities(section: Any, source: str) -> bool:
    return bool(_under(_under(section, source), "entities"))


def _under(section: Any, key: str) -> Any:
    return section.get(key) if isinstance(section, dict) else None
