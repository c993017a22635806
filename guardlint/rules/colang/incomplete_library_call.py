"""An action of NeMo's library is called without the arguments that it needs.

What it does: looks at ``execute`` lines for the library's actions that cannot do without the text, or
without the direction, that they are to work on.

Why it matters: the call fails, and the request that comes to it ends in an internal error. In a rail that is
every request.

How to fix: write the arguments as the library's own flow does, ``source="input"`` and ``text=$user_message``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.rules._text_mends import replace_text
from guardlint.rules.colang._rails import rail_flows
from guardlint.rules.rule import Fix, Found, Project, Rule
from guardlint.source.colang import Call

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="unsafe")

# The parameters without a default that NeMo does not fill in (library/*/actions.py of NeMo 0.24).
_BOTH = (
    "detect_sensitive_data mask_sensitive_data detect_regex_pattern detect_pii mask_pii gliner_detect_pii "
    "gliner_mask_pii polygraf_detect_pii polygraf_mask_pii context_bloat_detection"
)
_NEEDED = {
    **dict.fromkeys(_BOTH.split(), ("source", "text")),
    **dict.fromkeys(("injection_detection", "f5_guardrails_scan", "trend_ai_guard"), ("text",)),
}
_TEXTS = {"input": "$user_message", "output": "$bot_message", "retrieval": "$relevant_chunks"}


def check(project: Project) -> Iterator[Found]:
    """One finding for each call."""
    configuration = project.configuration
    if configuration.generation != "1.0" or configuration.has_unnamed_actions:
        return
    rails = {rail.flow.name: rail.direction for rail in rail_flows(configuration)}
    for flow in configuration.flows.values():
        for call in flow.calls():
            if call.kind != "execute" or configuration.action_named(call.name) is not None:
                continue
            needed = _NEEDED.get(call.name, ())
            given = set(re.findall(r"(\w+)\s*=(?!=)", call.arguments))
            if any(
                f"def {call.name}(" in configuration.texts[file.file] for file in configuration.python_files
            ):
                continue  # the application may register it
            missing = [name for name in needed if name not in given]
            if not missing or configuration.catalogue.action(call.name) is None:
                continue
            direction = rails.get(flow.name, "input")
            values = {"source": f'"{direction}"', "text": _TEXTS[direction]}
            yield Found(
                f"`{call.name}` is not given {' and '.join(f'`{name}`' for name in missing)}",
                call.place,
                "the call fails: every request that comes to it ends in an internal error",
                f"write `{call.name}({', '.join(f'{name}={values[name]}' for name in needed)})`",
                value=(flow.name, call.name),
                severity=None if flow.name in rails else "warning",
                confidence="medium",
                fix=_completed(configuration, call, {name: values[name] for name in missing}),
            )


def _completed(configuration: Configuration, call: Call, missing: dict[str, str]) -> Fix | None:
    """The call with what it lacks, before what it is given."""
    words = ", ".join(f"{name}={value}" for name, value in missing.items())
    has_brackets = replace_text(configuration, call.place, f"{call.name}(", "") is not None
    old = f"{call.name}(" if has_brackets else call.name
    new = f"{call.name}({words}" + (", " if call.arguments.strip() else "") + ("" if has_brackets else ")")
    return replace_text(configuration, call.place, old, new, title=f"add `{words}`", safe=False)
