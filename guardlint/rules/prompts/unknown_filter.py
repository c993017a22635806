"""A prompt uses a filter that neither Jinja nor NeMo has.

What it does: looks up the filters of the prompts that NeMo asks with (``{{ user_input | trim }}``) among
those of Jinja and those that NeMo adds.

Why it matters: NeMo loads the prompt without compiling it. The first time that it is needed, and each time
after, Jinja refuses it, and the customer gets an internal error.

How to fix: write the name of a filter that exists, or register your own in ``config.py``
(``app.register_filter``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from guardlint.nemo.asking import is_asked
from guardlint.nemo.configuration import Configuration, Prompt
from guardlint.nemo.running import running_rails
from guardlint.rules._mends import is_slip
from guardlint.rules._text_mends import replace_text
from guardlint.rules.rule import Found, Project, Rule
from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.names import closest

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="safe")

_STRING = r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'"
_CODE = lazy_pattern(
    r"\{#.*?#\}|\{%[-+]?\s*raw\s*-?%\}.*?\{%[-+]?\s*endraw\s*[-+]?%\}|\{[{%](?P<code>.*?)[%}]\}", re.DOTALL
)
_QUOTED = lazy_pattern(_STRING)
_FILTER = lazy_pattern(r"(?:\||^[-+]?\s*filter\s)\s*(?P<name>[^\W\d]\w*)")


def check(project: Project) -> Iterator[Found]:
    """One finding for each filter that is not there."""
    configuration = project.configuration
    found = [
        (prompt, *item)
        for prompt in configuration.prompts
        for text, path in prompt.templates
        if "|" in text or "filter" in text
        for item in ((path, start, name) for start, name in _filters(text))
    ]
    if not found or _registers(configuration):
        return
    data = configuration.catalogue.data
    known = {*data["jinja"]["filters"], *data["filters"]}
    for prompt, path, start, name in found:
        if name in known or not _is_used(configuration, prompt):
            continue
        origin = configuration.joined.origin(path)
        place = origin[0].inside(origin[1], start, len(name)) if origin else configuration.place(path)
        meant = closest(name, known)
        yield Found(
            f"no filter is named `{name}`",
            place,
            f"Jinja refuses the prompt `{prompt.task}` when it is needed: every such request ends in an "
            "internal error",
            f"write `{meant}`" if meant else "take the filter out, or register it with `app.register_filter`",
            path=path,
            value=(prompt.task, name),
            fix=replace_text(configuration, place, name, meant, path=path, safe=is_slip(name, meant))
            if meant
            else None,
        )


def _filters(template: str) -> Iterator[tuple[int, str]]:
    """Each filter with its offset; what stands in texts and comments is left out."""
    for token in _CODE.finditer(template):
        if token["code"] is None:
            continue
        plain = _QUOTED.sub(lambda quoted: " " * len(quoted[0]), token["code"])
        for match in _FILTER.finditer(plain):
            yield token.start("code") + match.start("name"), match["name"]


def _registers(configuration: Configuration) -> bool:
    return any("register_filter" in configuration.texts[file.file] for file in configuration.python_files)


def _is_used(configuration: Configuration, prompt: Prompt) -> bool:
    """Whether NeMo may ask with the prompt: those of a check only where a rail asks."""
    facts = configuration.catalogue.task(prompt.task)
    if facts is None:
        return False
    return not facts["parses"] or is_asked(configuration, prompt.task, tuple(running_rails(configuration)))
