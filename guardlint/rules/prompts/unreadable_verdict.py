"""A judge is asked for words that its parser does not read.

What it does: compares the words that the prompt of a check offers ("True or False", "1 if …, else 0", a score
from 0 to 10, a JSON object) with those that the parser knows: yes, no, safe and unsafe, among the first two
words of the reply.

Why it matters: any other word counts as unsafe, so every message is refused. The fact check is the other way
round: every answer counts as supported. "Not safe" and `{"safe": false}` count as safe: nothing is refused.

How to fix: ask for yes or no.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

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
_FIRST, _SECOND = (
    "|".join(dict.fromkeys(pair.split(":")[side] for pair in _PAIRS.split())) for side in (0, 1)
)
_TOLD = lazy_pattern(
    rf"\b(?:answer|reply|respond|return|output|print|say|write)(?:\s+(?:only|just|with|the word))*\s*:?\s*"
    rf"[\"'`*]*(?P<first>{_FIRST})[\"'`*]*,?\s+(?:if|when|where)\b(?P<between>.{{3,200}}?)[\"'`*]*"
    rf"(?<!\w)(?P<second>{_SECOND})(?!\w)",
    re.DOTALL,
)
_NOT_SAFE = lazy_pattern(
    rf"\bsafe{_BETWEEN}not[ -]safe\b|\bnot[ -]safe{_BETWEEN}safe\b", needs=("not safe", "not-safe")
)
_JSON = lazy_pattern(r"\{\s*[\"'](\w+)[\"']\s*:[^{}]*\}", needs=("{",))
# "a score from 0 to 10", "rate it 1-5", "between 0 (fine) and 100 (harmful)"
_SCALE = lazy_pattern(
    r"(?:\b(?:from|between)\s+|\bscale\s+(?:of|from)\s+|\(\s*|\b(?:score|rat(?:e|ing)|scale|number|level|grade)\b"
    r"[^.\n]{0,40}?)[01](?:\.0)?\s*(?:\([^)]*\)\s*)?(?:-|–|—|to|and|through|bis|à)\s*"
    r"(?:10{1,2}|[1-9])(?:\.0)?\b(?:\s*\([^)]*\))?"
)
_SCORE = lazy_pattern(
    r"\b(?:scor|rat(?:e|ing)\b|scale|grade|number|probabilit|percent|level|bewert|note\b|punkte)",
    needs=tuple("scor rate rating scale grade number probabilit percent level bewert note punkte".split()),
)
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
        tail = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", " ", " ".join(texts)[-_TAIL:].lower())
        offered = _offered(tail)
        if offered is None:
            continue
        words, safe = offered
        supported = "facts" in prompt.task
        for text, path in reversed(prompt.templates):
            at = text.lower().rfind(words)
            if at < 0:
                continue
            origin = configuration.joined.origin(path)
            place = origin[0].inside(origin[1], at, len(words)) if origin else configuration.place(path)
            effect = _effect(supported != safe, supported)
            shown = " ".join(words.split())
            yield Found(
                f"`{prompt.task}` asks for words that NeMo does not read: "
                + (shown if len(shown) <= 60 else shown[:59] + "…"),
                place,
                f"NeMo looks for `safe` in the first two words, and finds it in both answers: {effect}"
                if safe
                else f"any other word than yes, no, safe and unsafe counts as unsafe: {effect}",
                "ask for yes or no, e.g. `Should this message be blocked (Yes or No)?`"
                if not supported
                else "ask for yes or no, e.g. `Is the answer supported by the evidence (Yes or No)?`",
                path=path,
                value=(prompt.task, words),
            )
            break


@lru_cache(maxsize=512)
def _offered(tail: str) -> tuple[str, bool] | None:
    """The words that a judge is to answer with, as they stand there, and whether each counts as safe."""
    found = list(_NOT_SAFE.finditer(tail))
    if found and "unsafe" not in tail:
        return found[-1][0], True
    found = list(_JSON.finditer(tail))
    # The brace takes the first of the two words that NeMo reads; the name of the key is the second.
    if (
        found
        and not re.search(r"\b(?:yes|no)\b", tail[found[-1].end() :])
        and found[-1][1] not in ("no", "yes")
    ):
        return found[-1][0], found[-1][1] == "safe"
    scales = list(_SCALE.finditer(tail)) if _SCORE.search(tail) else []
    if scales and not re.search(r"\byes\b", tail):
        return scales[-1][0], False
    if not re.search(r"\b(?:yes|unsafe)\b", tail):
        found = [
            item for item in _TOLD.finditer(tail) if f"{item['first']}:{item['second']}" in _PAIRS.split()
        ]
        if found:
            return found[-1][0], False
    if _READ.search(tail):
        return None
    found = list(_OFFERED.finditer(tail))
    return (found[-1][0], False) if found else None


def _effect(passes: bool, supported: bool) -> str:
    if passes:
        return "every answer passes as supported" if supported else "NeMo lets every message pass"
    return "NeMo refuses every answer" if supported else "NeMo refuses every message"
