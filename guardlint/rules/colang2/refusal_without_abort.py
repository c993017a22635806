"""A Colang 2.x rail refuses, and the conversation goes on.

What it does: finds a refusal (a ``bot …`` flow, or an exception that is sent) in a branch of a rail that
tests something, where no ``abort`` follows it.

Why it matters: only ``abort`` makes a rail fail. After a refusal without it, or with ``return`` in its
place, the message goes on to the model, and the customer gets the refusal and the answer.

How to fix: write ``abort`` after the refusal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.rules._text_mends import add_line, ends_there, replace_text
from guardlint.rules.colang2._reading import ENTRIES, flows_of, has_guardrails, invocations, rail_flows, runs
from guardlint.rules.flow_blocks import Block, blocks_of, flatten
from guardlint.rules.rule import Fix, Found, Project, Related, Rule
from guardlint.source.colang import Statement
from guardlint.source.lazy_pattern import lazy_pattern

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="safe", controls=("LLM01:2025",))

# What a refusal says, in the languages that public configurations are written in.
_REFUSES = lazy_pattern(
    r"refus|cannot|can't|can not|won't|block|not allowed|not able|sorry|unable|denied|deny|reject"
    r"|violat|prohibit"
    r"|\"nop?e?\b|'nop?e?\b|kann (?:ich|ihnen)?.*nicht|darf (?:ich)?.*nicht|leider|tut mir leid"
    r"|désolé|ne peux|lo siento|no puedo|mi dispiace|non posso"
    r"|desculp|não posso|helaas|kan (?:ik|ikke|dat)|nie mogę|przykro"
)
_BLOCKED = lazy_pattern(r"(?<!not )\$\w+\.is_blocked")
_BRANCHES = ("if", "elif", "else", "when")


def check(project: Project) -> Iterator[Found]:
    """One finding for each refusal."""
    configuration = project.configuration
    if not runs(configuration) or not has_guardrails(configuration):
        return
    for name, flow in rail_flows(configuration).items():
        if name.startswith("bot "):
            continue
        if name not in ENTRIES.values() and _is_asked(configuration, name):
            continue
        for statement, follow in _refusals(blocks_of(flow), [], inside=False):
            if any(later.kind == "abort" for later in follow):
                continue
            gone = next((later for later in follow if later.kind == "return"), None)
            exception = statement.kind == "send"
            yield Found(
                f"flow `{name}` refuses, and no `abort` follows",
                statement.place,
                "the exception is sent, and the message is answered all the same"
                if exception
                else "the refusal and the answer are both sent",
                "write `abort` in the place of `return`" if gone else "write `abort` on the line below",
                value=(name, statement.text),
                related=(Related(gone.place, "ends this flow only, as if all were well"),) if gone else (),
                fix=_aborting(configuration, statement, gone),
            )


def _aborting(configuration: Configuration, statement: Statement, gone: Statement | None) -> Fix | None:
    if gone is not None:
        return replace_text(configuration, gone.place, "return", "abort") if gone.text == "return" else None
    if not ends_there(configuration, statement):
        return None
    return add_line(configuration, statement.place, "abort", title="add `abort`")


def _is_asked(configuration: Configuration, name: str) -> bool:
    """Whether the flows that call it look at what it returns: then they decide."""
    made = [
        (statement, item)
        for flow in flows_of(configuration).values()
        for statement in flow.statements
        for item in invocations(statement)
        if item.name == name
    ]
    return bool(made) and all(
        item.target or item.reference or statement.text.startswith(("when", "or when"))
        for statement, item in made
    )


def _refusals(
    blocks: list[Block], rest: list[Statement], *, inside: bool, verdict: bool = False
) -> Iterator[tuple[Statement, list[Statement]]]:
    """Refusals inside branches, each with what is run after it; of several in a row the last."""
    for index, block in enumerate(blocks):
        later = [item.statement for item in blocks[index + 1 :]]
        follow = [*_run_after(blocks[index + 1 :]), *rest]
        statement = block.statement
        if (
            inside
            and _is_refusal(statement, verdict=verdict)
            and not any(_is_refusal(item, verdict=verdict) for item in later)
        ):
            yield statement, follow
        deeper = inside or statement.kind in _BRANCHES or statement.text.startswith("or when")
        condemned = verdict or (
            statement.kind in ("if", "elif") and _BLOCKED.search(statement.text) is not None
        )
        yield from _refusals(block.inside, follow, inside=deeper, verdict=condemned)


def _run_after(blocks: list[Block]) -> list[Statement]:
    """What follows on this way: the branches that belong to the ``if`` above are left out."""
    found = list(blocks)
    while found and (
        found[0].statement.kind in ("elif", "else") or found[0].statement.text.startswith("or when")
    ):
        found.pop(0)
    return list(flatten(found))


def _is_refusal(statement: Statement, *, verdict: bool) -> bool:
    """``verdict``: where a library's action has condemned the text, whatever is said is a refusal."""
    if statement.kind == "send":
        return re.match(r"\w*Exception\b", statement.expression) is not None
    made = invocations(statement)
    if not made or not (made[0].name.startswith("bot ") or made[0].name == "UtteranceBotAction"):
        return False
    name = made[0].name
    if verdict or name.startswith(
        ("bot refuse", "bot inform cannot", "bot inform answer unknown", "bot deny", "bot block")
    ):
        return True
    return _says_no(f"{name} {made[0].arguments}")


def _says_no(text: str) -> bool:
    return _REFUSES.search(text.casefold()) is not None
