"""A rail looks at a variable that nothing sets.

What it does: finds variables in the tests and the arguments of rails that neither NeMo nor a flow, a
parameter or an action gives a value, where they stand for something else: the verdict that was stored under
another name, the message that NeMo calls ``$user_message`` or ``$bot_message``.

Why it matters: a variable without a value is ``None``. A test of it is never true, so the rail never
refuses; as an argument its name is handed on as a text (``"$user_input"``), so the action checks two words
that nobody wrote.

How to fix: write the name under which the value is stored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.rules._mends import is_slip
from guardlint.rules._text_mends import rename_variable
from guardlint.rules.colang._rails import (
    RailFlow,
    rail_flows,
    read_elsewhere,
    runs_library_rails,
    set_somewhere,
    waits_for_event,
)
from guardlint.rules.colang._values import names_in
from guardlint.rules.rule import Confidence, Found, Project, Related, Rule
from guardlint.source.colang import Flow, Statement
from guardlint.source.names import closest
from guardlint.source.place import Place

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="safe", controls=("LLM01:2025",))

# What people call the texts that NeMo keeps under other names.
_MEANT = {
    "input": dict.fromkeys(
        "user_input user_msg user_text user_query user_prompt user_utterance input input_text message text "
        "prompt query question msg last_message user usermessage userMessage userInput human_message".split(),
        "user_message",
    ),
    "output": dict.fromkeys(
        "bot_response bot_reply bot_output bot_answer bot_text bot_msg response output output_text answer "
        "reply message text completion generation llm_response llm_output model_response assistant_message "
        "bot botmessage botMessage botResponse".split(),
        "bot_message",
    ),
    "retrieval": dict.fromkeys(
        "chunks relevant_chunk retrieved_chunks retrieved_docs documents docs context relevant_docs "
        "relevant_context retrieved_context knowledge retrieved_documents".split(),
        "relevant_chunks",
    ),
}
# Variables of the library's own flows, which stay set when such a flow has run.
_OF_LIBRARY = frozenset(
    "response result allowed is_jailbreak bloat_result is_match is_faithful verdict".split()
)
_TESTS = ("if", "elif", "else", "while")


def check(project: Project) -> Iterator[Found]:
    """One finding for each variable in each flow."""
    configuration = project.configuration
    seen: set[str] = set()
    for rail in rail_flows(configuration):
        if rail.flow.name in seen or waits_for_event(rail.flow) is not None:
            continue
        seen.add(rail.flow.name)
        yield from _of_flow(configuration, rail)


def _of_flow(configuration: Configuration, rail: RailFlow) -> Iterator[Found]:
    told: set[str] = set()
    for statement in rail.flow.statements:
        arguments = statement.call.arguments if statement.call is not None else ""
        tested = names_in(statement.expression) if statement.kind in _TESTS else []
        for name in [*tested, *names_in(arguments)]:
            if name in told or set_somewhere(configuration, name):
                continue
            if name in _OF_LIBRARY and runs_library_rails(configuration):
                continue
            told.add(name)
            found = _judge(configuration, rail, statement, name, tested=name in tested)
            if found is not None:
                yield found


def _judge(
    configuration: Configuration, rail: RailFlow, statement: Statement, name: str, *, tested: bool
) -> Found | None:
    known = {item.target for item in rail.flow.statements if item.target is not None}
    wanted = {"input": ["user_message"], "output": ["bot_message", "user_message"]}.get(
        rail.direction, ["relevant_chunks"]
    )
    meant = closest(name, [*known, *wanted])
    confidence: Confidence | None = None
    orphan = _orphan(configuration, rail.flow) if tested else None
    related: tuple[Related, ...] = ()
    if orphan is not None and meant in (None, orphan.target):
        meant = orphan.target
        assert orphan.call is not None
        related = (Related(orphan.call.place, f"the verdict is stored in `${meant}`, which nothing reads"),)
    elif meant is None:
        meant = _MEANT[rail.direction].get(name)
        confidence = "medium"
        if rail.direction == "output" and meant is None and name.startswith("user"):
            meant = _MEANT["input"].get(name)
        if meant is not None and any(f"${meant}" in item.text for item in rail.flow.statements):
            return None  # the right text is there as well: this is another
    if meant is None:
        return None
    safe = is_slip(name, meant) or bool(related)
    return Found(
        f"nothing sets `${name}`",
        _place(statement, name),
        _effect(statement, name, tested),
        f"write `${meant}`",
        value=(rail.flow.name, name),
        related=related,
        confidence=confidence,
        fix=rename_variable(configuration, rail.flow, name, meant, safe=safe),
    )


def _effect(statement: Statement, name: str, tested: bool) -> str:
    if not tested:
        return f"the action is given the text `${name}` instead of a value, and finds nothing wrong with it"
    expression = statement.expression
    if re.search(rf"\${name}\s*(?:\.|\[|<|>)|\b(?:in|contains)\s+\${name}|len\(\s*\${name}", expression):
        return f"`${name}` is None: the test raises, and every request ends in an error"
    if re.search(rf"\bnot\s+\${name}\b|\${name}\s+(?:is\s+None|==\s*(?:None|False))|!=", expression):
        return f"`${name}` is None: the branch is taken for every message, whatever the check finds"
    return f"`${name}` is None: the test is never true, and the rail lets everything pass"


def _orphan(configuration: Configuration, flow: Flow) -> Statement | None:
    """A result that is stored and that nobody looks at, if there is exactly one."""
    read = {
        name
        for item in flow.statements
        for name in names_in(item.text if item.target is None else item.expression)
    }
    found = [
        item
        for item in flow.statements
        if item.call is not None
        and item.target is not None
        and item.target not in read
        and not read_elsewhere(configuration, flow, item.target)
    ]
    return found[0] if len(found) == 1 else None


def _place(statement: Statement, name: str) -> Place:
    start = statement.place
    match = re.search(rf"\${name}(?!\w)", statement.text)
    offset = match.start() if match else 0
    return Place.at(start.file, start.line, start.column + offset, len(name) + 1)
