r"""A recognizer that Presidio refuses, or whose pattern cannot match.

What it does: reads the entries of ``rails.config.sensitive_data_detection.recognizers`` as Presidio does.

Why it matters: NeMo takes any mapping and hands it to Presidio at every message. What Presidio refuses ends
every message in an internal error; a pattern with a backspace for ``\b`` or a doubled backslash is taken and
finds nothing.

How to fix: give every recognizer a ``supported_entity`` and ``patterns`` with ``name``, ``regex`` and
``score``, or a ``deny_list``; write patterns in single quotes.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.nemo.personal_data import SECTION, SOURCES, active_sources, entities
from guardlint.nemo.recognizer_faults import dead_parts, refused_parts
from guardlint.rules.rule import Found, Project, Rule
from guardlint.source.yaml_file import DataPath

RULE = Rule(severity="error", confidence="high", since="0.1.0", controls=("LLM02:2025",))


def check(project: Project) -> Iterator[Found]:
    """The first fault of a recognizer that Presidio refuses; every pattern of another that finds nothing."""
    configuration = project.configuration
    listed = configuration.value((*SECTION, "recognizers"))
    if not isinstance(listed, list) or not active_sources(configuration):
        return
    asked = {name for source in SOURCES for name, _ in entities(configuration, source)}
    for index, data in enumerate(listed):
        if not isinstance(data, dict):
            continue
        refused = next(refused_parts(data), None)
        if refused is not None:
            faults, effect = [refused], "Presidio refuses it: every message ends in an internal error"
        else:
            # What nothing asks for is another rule's.
            asked_for = asked & {data.get("supported_entity"), *(data.get("supported_entities") or ())}
            faults = list(dead_parts(data)) if asked_for else []
            effect = "it finds nothing, and nobody hears of it"
        for fault in faults:
            path: DataPath = (*SECTION, "recognizers", index, *fault.path)
            yield Found(
                fault.message,
                configuration.place(path, key=fault.at_key),
                effect,
                fault.mend,
                path=path,
                value=configuration.value(path),
            )
