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
from guardlint.rules.colang._values import names_in
from guardlint.rules.colang.inverted_verdict import side_of
from guardlint.rules.colang2._reading import (
    ENTRIES,
    Invocation,
    aborts,
    flows_of,
    has_guardrails,
    invocations,
    is_action,
    rail_flows,
    runs,
)
from guardlint.rules.flow_blocks import Block, blocks_of, flatten
from guardlint.rules.rule import Fix, Found, Project, Related, Rule
from guardlint.source.colang import Flow, Statement
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
# What only goes with the answer, and takes nothing back.
_REMARKS = lazy_pattern(
    r"\bnote\b|notice|remind|remember|disclaimer|keep in mind|be aware|not (?:\w+ )?advice|informational"
    r"|for (?:your )?information|recorded|by the way|\bhint\b|\btip\b|caution|careful|caveat|hinweis|beachten"
    r"|remarque|rappel|wait|moment|working on|checking|looking|thank|hello|welcome|great|\bsure\b"
)
_REFUSALS = ("bot refuse", "bot inform cannot", "bot inform answer unknown", "bot deny", "bot block")
_DEEPEST = 4
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
        reader = _Reader(configuration, _verdicts(configuration, flow))
        for statement, follow in reader.refusals(blocks_of(flow), [], inside=False):
            if any(aborts(configuration, later) for later in follow):
                continue
            gone = next((later for later in follow if later.kind == "return"), None)
            statement = _spoken(configuration, statement)
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


def _verdicts(configuration: Configuration, flow: Flow) -> frozenset[str]:
    """The variables that hold a verdict on the text, by their names or those of the checks."""
    return frozenset(
        made.target
        for statement in flow.statements
        for made in invocations(statement)
        if made.target is not None
        and (is_action(made.name) or made.name in configuration.flows)
        and (side_of(made.target) or side_of(made.name.removesuffix("Action").replace(" ", "_")))
    )


class _Reader:
    """Finds refusals in the blocks of one flow."""

    def __init__(self, configuration: Configuration, verdicts: frozenset[str]) -> None:
        self._configuration = configuration
        self._verdicts = verdicts

    def refusals(
        self, blocks: list[Block], rest: list[Statement], *, inside: bool, verdict: bool = False
    ) -> Iterator[tuple[Statement, list[Statement]]]:
        """Refusals inside branches, each with what is run after it; of several in a row the last."""
        condemned = False
        for index, block in enumerate(blocks):
            later = [item.statement for item in blocks[index + 1 :]]
            follow = [*_run_after(blocks[index + 1 :]), *rest]
            statement = block.statement
            if (
                inside
                and self._is_refusal(statement, verdict=verdict)
                and not any(self._is_refusal(item, verdict=verdict) for item in later)
            ):
                yield statement, follow
            deeper = inside or statement.kind in _BRANCHES or statement.text.startswith("or when")
            if statement.kind not in ("elif", "else"):
                condemned = statement.kind == "if" and self._condemns(statement)
            yield from self.refusals(block.inside, follow, inside=deeper, verdict=verdict or condemned)

    def _condemns(self, statement: Statement) -> bool:
        """Whether a branch is taken by what a check has found."""
        return _BLOCKED.search(statement.text) is not None or bool(
            self._verdicts & set(names_in(statement.expression))
        )

    def _is_refusal(self, statement: Statement, *, verdict: bool) -> bool:
        """``verdict``: where a check has condemned the text, whatever is said is a refusal, but a remark."""
        if statement.kind == "send":
            return re.match(r"\w*Exception\b", statement.expression) is not None
        made = invocations(statement)
        if not made or aborts(self._configuration, statement):
            return False
        said = [*_said(self._configuration, made[0], 0)]
        if not said:
            return False
        whole = "\n".join(said)
        if verdict:
            return _REMARKS.search(whole.casefold()) is None or _says_no(whole)
        return any(item.startswith(_REFUSALS) for item in said) or _says_no(whole)


def _spoken(configuration: Configuration, statement: Statement) -> Statement:
    """The last line that says something in a flow of the team's that is not itself a ``bot …``."""
    made = invocations(statement)
    flow = flows_of(configuration).get(made[0].name) if made else None
    if flow is None or made[0].name.startswith("bot "):
        return statement
    level = min((item.place.column for item in flow.statements), default=0)
    said = [item for item in flow.statements if item.place.column == level and _says(configuration, item)]
    return _spoken(configuration, said[-1]) if said else statement


def _says(configuration: Configuration, statement: Statement) -> bool:
    return any(True for made in invocations(statement) for _ in _said(configuration, made, 0))


def _said(configuration: Configuration, made: Invocation, depth: int) -> Iterator[str]:
    """What is said where a flow or an action is run: its own words, and those of the flow."""
    speaks = made.name.startswith("bot ") or made.name == "UtteranceBotAction"
    flow = flows_of(configuration).get(made.name)
    if speaks:
        yield f"{made.name} {made.arguments}"
    if flow is None or depth > _DEEPEST:
        return
    level = min((item.place.column for item in flow.statements), default=0)
    for statement in flow.statements:
        if statement.place.column == level:
            for inner in invocations(statement):
                yield from _said(configuration, inner, depth + 1)


def _run_after(blocks: list[Block]) -> list[Statement]:
    """What follows on this way: the branches that belong to the ``if`` above are left out."""
    found = list(blocks)
    while found and (
        found[0].statement.kind in ("elif", "else") or found[0].statement.text.startswith("or when")
    ):
        found.pop(0)
    return list(flatten(found))


def _says_no(text: str) -> bool:
    return _REFUSES.search(text.casefold()) is not None
