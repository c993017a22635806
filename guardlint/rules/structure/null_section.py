"""A section of a rail is written and left empty.

What it does: reports ``rails.config.<section>:`` with nothing below it, where a listed rail reads the section
and cannot do without.

Why it matters: left out, the section has NeMo's defaults. Written and left empty, it is null: NeMo loads it,
the rail stops at it, and every message ends in an internal error.

How to fix: take the key out, or write the settings below it.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.rules._mends import remove
from guardlint.rules.rule import Found, Project, Related, Rule

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="safe")

# Rails that raise without their section, and that no other rule asks for settings.
_RAILS = {
    "content_safety": "content safety check ",
    "context_bloat_detection": "context bloat detection on ",
    "jailbreak_detection": "jailbreak detection heuristics",
}


def check(project: Project) -> Iterator[Found]:
    """One finding for each section, at the key."""
    configuration = project.configuration
    sections = configuration.value(("rails", "config"), {})
    for name, prefix in _RAILS.items():
        if not isinstance(sections, dict) or sections.get(name, "absent") is not None:
            continue
        path = ("rails", "config", name)
        if name == "content_safety" and configuration.catalogue.key((*path, "reasoning")) is None:
            continue  # releases before 0.20 read nothing of it
        rail = next((rail for rail in configuration.all_rails() if rail.flow.startswith(prefix)), None)
        if rail is None or rail.flow in configuration.flows:
            continue
        yield Found(
            f"`{name}` is empty, and `{rail.flow}` reads it",
            configuration.place(path, key=True),
            "NeMo loads it as null; the rail stops at it, and every message ends in an internal error",
            f"take `{name}:` out, or write settings below it",
            path=path,
            value=name,
            related=(Related(rail.place, "this rail reads it"),),
            fix=remove(configuration, path),
        )
