"""A flow of the team runs a masking action and does not use what it gives.

What it does: follows the result of ``execute mask_sensitive_data(…)``, and of the masking actions of GLiNER,
Private AI and Polygraf, through the flow to the variable that holds the text.

Why it matters: since NeMo 0.24 the action returns an outcome, not a text. Assigned to the message as it is,
the outcome is printed into the prompt, with the raw text inside it. And it never blocks.

How to fix: write ``if $masked.is_transform`` and
``$user_message = $masked.transform_text["user_message"]``, or list the library's rail.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from guardlint.nemo.catalogue import snake_case
from guardlint.nemo.configuration import Configuration
from guardlint.nemo.taint import MASKING
from guardlint.rules._text_mends import add_line, replace_text
from guardlint.rules.rule import Fix, Found, Project, Rule
from guardlint.source.colang import Flow, Statement
from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.record import replace

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="safe", controls=("LLM02:2025",))

_TEXT = {"input": "user_message", "output": "bot_message", "retrieval": "relevant_chunks"}
_SOURCE = lazy_pattern(r"\bsource\s*=\s*[\"'](\w+)[\"']")


def check(project: Project) -> Iterator[Found]:
    """One finding for each call."""
    configuration = project.configuration
    if configuration.has_unnamed_actions:
        return
    for flow in configuration.flows.values():
        for index, statement in enumerate(flow.statements):
            call = statement.call
            if call is None or call.kind not in ("execute", "await"):
                continue
            if snake_case(call.name) not in MASKING or configuration.action_named(call.name) is not None:
                continue
            written = _SOURCE.search(call.arguments)
            text = _TEXT.get(written[1]) if written else None
            if text is not None:
                for found in _of_call(flow, index, statement, text):
                    yield replace(found, fix=_applied(configuration, flow, statement))


def _of_call(flow: Flow, index: int, statement: Statement, text: str) -> Iterator[Found]:
    assert statement.call is not None
    name, result, after = statement.call.name, statement.target, flow.statements[index + 1 :]
    mend = (
        f"write `$masked = execute {name}(…)`, then `if $masked.is_transform` and "
        f'`${text} = $masked.transform_text["{text}"]`'
    )
    if result in _TEXT.values():
        if not any(other.target == result and "transform_text" in other.expression for other in after):
            yield _as_text(statement, str(result), name, mend)
        return
    used = [other for other in after if result is not None and re.search(rf"\${result}\b", other.text)]
    for other in used:
        if other.target in _TEXT.values() and other.expression.strip() == f"${result}":
            yield _as_text(other, str(other.target), name, mend)
            return
    # A result that nothing reads at all is another rule's.
    if used and all(re.search(rf"\${result}\.is_blocked\b", other.text) for other in used):
        yield Found(
            f"`{flow.name}` asks whether `{name}` blocks, which it never does",
            used[0].expression_place or used[0].place,
            "the text goes on as it was, unmasked",
            mend,
            value=(flow.name, name),
        )
    elif used and not any(_may_matter(other, str(result)) for other in after):
        yield Found(
            f"`{flow.name}` never takes the text that `{name}` has masked",
            statement.place,
            "the text goes on as it was, unmasked",
            mend,
            value=(flow.name, name),
        )


def _may_matter(statement: Statement, result: str) -> bool:
    """Whether the masked text may be used here, or the flow end here: then it only asks whether to refuse."""
    if statement.kind in ("stop", "abort") or statement.text.split(" ")[0] in ("stop", "abort", "return"):
        return True
    named = re.findall(rf"\${result}\b(?:\.(\w+))?", statement.text)
    return any(member not in ("is_transform", "is_blocked", "metadata") for member in named)


def _applied(configuration: Configuration, flow: Flow, statement: Statement) -> Fix | None:
    """The text of the outcome, where the outcome itself took the text's place."""
    text, call = statement.target, statement.call
    if configuration.generation != "1.0" or text not in _TEXT.values() or call is None:
        return None
    if any("$masked" in other.text for other in flow.statements):
        return None
    old = statement.text
    new = old.replace(f"${text}", "$masked", 1)
    fix = replace_text(configuration, statement.place, old, new, title=f"take `${text}` out of the outcome")
    mended = f'if $masked.is_transform\n  ${text} = $masked.transform_text["{text}"]'
    below = add_line(configuration, statement.place, mended, title="")
    return replace(fix, edits=(*fix.edits, *below.edits)) if fix is not None and below is not None else None


def _as_text(statement: Statement, variable: str, name: str, mend: str) -> Found:
    return Found(
        f"`${variable}` becomes the outcome of `{name}`, not the masked text",
        statement.expression_place or statement.place,
        "the outcome is printed with the raw text inside it: the model reads what was to be masked",
        mend,
        value=(variable, name),
        since_nemo="0.24",
    )
