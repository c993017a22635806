"""A judge is asked for words that its parser does not read.

What it does: compares the two words that the prompt of a check offers ("True or False") with those that the
parser knows: yes, no, safe and unsafe.

Why it matters: any other word counts as unsafe, so every message is refused. The fact check is the other way
round: every answer counts as supported.

How to fix: ask for yes or no.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from guardlint.nemo.asking import asked_prompts
from guardlint.rules.rule import Found, Project, Rule
from guardlint.source.lazy_pattern import lazy_pattern

RULE = Rule(severity="error", confidence="medium", since="0.1.0")

_BETWEEN = r"[\"'`*]*\s*(?:/|\||,?\s*\b(?:or|oder|ou|o)\b)\s*[\"'`*]*"
_PAIRS = "true:false allow:block allowed:blocked pass:fail accept:reject accepted:rejected approve:reject"
_PAIRS += " approved:rejected 1:0 0:1 ja:nein oui:non sim:não block:allow blocked:allowed false:true"
_PAIRS += " allow:deny はい:いいえ"
_OFFERED = lazy_pattern(
    "|".join(
        rf"(?<!\w){first}{_BETWEEN}{second}(?!\w)"
        for first, second in (pair.split(":") for pair in _PAIRS.split())
    )
)
_READ = lazy_pattern(r"\b(?:yes|no|safe|unsafe)\b")
# The end of a prompt says how to answer.
_TAIL = 300


def check(project: Project) -> Iterator[Found]:
    """One finding for each prompt that a rail asks with."""
    configuration = project.configuration
    for prompt in asked_prompts(configuration):
        facts = configuration.catalogue.task(prompt.task)
        parser = prompt.data.get("output_parser")
        if facts is None or not facts["parses"] or parser not in (None, "is_content_safe"):
            continue
        if parser is None and facts["default_parser"] is None:
            continue
        texts = [text for text, _ in prompt.templates]
        tail = re.sub(r"\{\{.*?\}\}", " ", " ".join(texts)[-_TAIL:].lower())
        if _READ.search(tail):
            continue
        offered = list(_OFFERED.finditer(tail))
        if not offered:
            continue
        words = offered[-1][0]
        for text, path in reversed(prompt.templates):
            at = text.lower().rfind(words)
            if at < 0:
                continue
            origin = configuration.joined.origin(path)
            place = origin[0].inside(origin[1], at, len(words)) if origin else configuration.place(path)
            yield Found(
                f"`{prompt.task}` asks for words that NeMo does not read: {words}",
                place,
                "any other word than yes, no, safe and unsafe counts as unsafe: "
                + (
                    "every answer passes as supported"
                    if "facts" in prompt.task
                    else "NeMo refuses every message"
                ),
                "ask for yes or no, e.g. `Should this message be blocked (Yes or No)?`"
                if "facts" not in prompt.task
                else "ask for yes or no, e.g. `Is the answer supported by the evidence (Yes or No)?`",
                path=path,
                value=(prompt.task, words),
            )
            break


def _effect(task: str) -> str:
    return "every answer passes as supported" if "facts" in task else "NeMo refuses every message"
