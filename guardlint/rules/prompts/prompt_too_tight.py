"""The limits of a checking prompt leave no room for its text or for its answer.

What it does: compares ``max_length`` with the text of the prompt itself, and looks for ``stop`` words that
are the verdict, and for ``max_tokens`` that cut a verdict in JSON short.

Why it matters: NeMo does not shorten a check that is too long. It raises an error, and the request fails. A
stop word that is the verdict leaves an empty answer, which counts as unsafe.

How to fix: raise the limit, or take it out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from guardlint.nemo.asking import asked_prompts
from guardlint.nemo.configuration import Configuration, Prompt
from guardlint.rules._mends import remove, replace_value
from guardlint.rules.rule import Found, Project, Rule
from guardlint.source.lazy_pattern import lazy_pattern

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="safe")

_VERDICTS = frozenset({"yes", "no", "safe", "unsafe"})
_JINJA = lazy_pattern(r"\{%-?\s*if\b.*?\{%-?\s*endif\s*-?%\}|\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
# A verdict of the content safety models has two keys and a word for each.
_JSON_TOKENS = 8
_ROOM = 200


def check(project: Project) -> Iterator[Found]:
    """One finding for each limit of a prompt that a rail asks with."""
    configuration = project.configuration
    for prompt in asked_prompts(configuration):
        facts = configuration.catalogue.task(prompt.task)
        if facts is None or facts["builtin_prompt"]:
            continue
        yield from _length(configuration, prompt)
        yield from _stops(configuration, prompt)
        yield from _tokens(configuration, prompt)


def _length(configuration: Configuration, prompt: Prompt) -> Iterator[Found]:
    limit = prompt.data.get("max_length")
    if not isinstance(limit, int) or isinstance(limit, bool) or not prompt.templates:
        return
    own = sum(len(_JINJA.sub("", text)) for text, _ in prompt.templates)
    if own + _ROOM <= limit:
        return
    path = (*prompt.path, "max_length")
    if own > limit:
        fact = f"the prompt `{prompt.task}` is longer than its `max_length`: {own} characters of {limit}"
        what = "NeMo shortens nothing: every request ends in an internal error"
    else:
        fact = f"`max_length: {limit}` leaves {limit - own} characters for what `{prompt.task}` checks"
        what = "NeMo shortens nothing: every longer text ends in an internal error"
    mend = "take `max_length` out, or leave room for the longest text"
    yield Found(
        fact,
        configuration.place(path),
        what,
        mend,
        path=path,
        value=limit,
        severity="error" if own > limit else "warning",
        fix=remove(configuration, path, safe=False),
    )


def _stops(configuration: Configuration, prompt: Prompt) -> Iterator[Found]:
    listed = prompt.data.get("stop")
    for index, word in enumerate(listed if isinstance(listed, list) else []):
        if str(word).strip().lower() in _VERDICTS:
            path = (*prompt.path, "stop", index)
            yield Found(
                f"the stop word `{word}` is a verdict",
                configuration.place(path),
                "the model stops before it has said it: an empty answer counts as unsafe",
                "take the word out of `stop`",
                path=path,
                value=word,
                fix=remove(configuration, path),
            )


def _tokens(configuration: Configuration, prompt: Prompt) -> Iterator[Found]:
    limit, parser = prompt.data.get("max_tokens"), str(prompt.data.get("output_parser"))
    if not isinstance(limit, int) or limit >= _JSON_TOKENS or not parser.startswith("nemo"):
        return
    path = (*prompt.path, "max_tokens")
    yield Found(
        f"`max_tokens: {limit}` cuts the verdict short that `{parser}` reads",
        configuration.place(path),
        "the verdict cannot be read: NeMo refuses every message",
        "write `max_tokens: 50` or more",
        path=path,
        value=limit,
        fix=replace_value(configuration, path, 50),
    )
