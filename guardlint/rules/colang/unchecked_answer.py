"""An answer reaches the user past the output rails.

What it does: where output rails are listed, finds two ways past them: a predefined message that holds the
result of an action that answers, and ``$skip_output_rails = True`` before an answer.

Why it matters: NeMo takes a message that has a text in a file for approved and skips the output rails for
it, also when ``{{ answer }}`` or ``$answer`` in it is what a model has just written. Said as ``bot $answer``
the same words are checked.

How to fix: write ``bot $answer`` in the flow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from guardlint.nemo.catalogue import snake_case
from guardlint.nemo.configuration import Configuration
from guardlint.rules._text_mends import remove_line
from guardlint.rules.colang._python import function_of
from guardlint.rules.colang._rails import rail_flows
from guardlint.rules.colang._values import UNKNOWN, names_in
from guardlint.rules.rule import Found, Project, Related, Rule
from guardlint.source.colang import Flow, Message, Statement
from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.place import Place

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="unsafe", controls=("LLM05:2025",))

_SLOT = lazy_pattern(r"\{\{-?\s*(\w+)(?:\.(\w+))?[^}]*\}\}|\$([A-Za-z_]\w*)(?:\.(\w+))?")
# Words of a model, and no figure or name from a data base: by the action, and by the variable.
_ASKED = lazy_pattern(
    r"(?:^|_)(?:rag|llm|gpt|ask|answer|respond|reply|summari[sz]e|summary|complete|chat|explain|translate"
    r"|compose|rewrite|draft|narrate|chain)(?:_|$)|query_(?:bot|model|kb|documents|docs|llm|index)"
    r"|generate_(?:answer|reply|response|text|summary|message|explanation|advice)"
)
_ANSWERS = lazy_pattern(
    r"(?:^|_)(?:answer|response|reply|summary|explanation|completion|generated|draft|advice|translation)(?:_|$)"
)
_FETCHES = lazy_pattern(
    r"(?:get|create|book|read|fetch|look|count|update|cancel|send|submit|save|register|check|open|find|compute"
    r"|calculate)_"
)
# Beside the variable a message like "Dear customer: {{ text }}" says next to nothing of its own.
_FEW_WORDS = 3
_QUESTION = lazy_pattern(r"\$(?:last_)?user_message\b")
_TEXT_MEMBERS = frozenset("answer text output content response message summary result reply".split())


def check(project: Project) -> Iterator[Found]:
    """One finding for each message, and for each assignment."""
    configuration = project.configuration
    if configuration.generation != "1.0" or not configuration.rails("output"):
        return
    rails = {rail.flow.name for rail in rail_flows(configuration)}
    dialog = [flow for flow in configuration.flows.values() if flow.name not in rails]
    told: set[str] = set()
    for flow in dialog:
        answers: dict[str, Statement] | None = None
        asked: dict[str, Statement] = {}
        for index, statement in enumerate(flow.statements):
            if statement.target == "skip_output_rails" and statement.expression.strip() == "True":
                yield from _skipped(configuration, flow, statement, flow.statements[index + 1 :])
            name = _message_of(statement)
            message = _defined(configuration, name) if name is not None and name not in told else None
            if message is None:
                continue
            slots, whole = _slots(message)
            if not slots and not whole:
                continue
            if answers is None:
                answers, asked = _answers(configuration, flow), _asked(configuration, flow)
            for slot in sorted((slots & answers.keys()) | (whole & asked.keys())):
                told.add(message.name)
                yield Found(
                    f"`{message.name}` says `${slot}` past the output rails",
                    _place(configuration, message, slot),
                    "NeMo takes a message with a text for approved, and skips the output rails for it",
                    f"write `bot ${slot}` in the flow, which is checked",
                    value=(message.name, slot),
                    related=(
                        Related((answers.get(slot) or asked[slot]).place, "the answer comes from here"),
                        Related(statement.place, "said here"),
                    ),
                )


def _defined(configuration: Configuration, name: str) -> Message | None:
    """The message with its texts, from the Colang files or from ``bot_messages`` of the YAML."""
    if name in configuration.messages:
        return configuration.messages[name]
    texts = (configuration.value(("bot_messages",)) or {}).get(name)
    if not isinstance(texts, list) or not texts:
        return None
    place = configuration.place(("bot_messages", name), key=True)
    return Message("bot", name, tuple(map(str, texts)), place)


def _slots(message: Message) -> tuple[set[str], set[str]]:
    """The variables whose text the message says, and those beside which it says next to nothing."""
    found = [(text, slot) for text in message.texts for slot in _SLOT.findall(text)]
    slots = {
        one or two for _, (one, member, two, other) in found if (member or other or "text") in _TEXT_MEMBERS
    }
    whole = {one or two for text, (one, _, two, _) in found if len(_SLOT.sub("", text).split()) <= _FEW_WORDS}
    return slots, whole


def _answers(configuration: Configuration, flow: Flow) -> dict[str, Statement]:
    """The variables of a flow that hold words of a model."""
    found: dict[str, Statement] = {}
    for statement in flow.statements:
        if statement.target is None:
            continue
        call = statement.call
        if call is not None and call.kind == "execute":
            own = configuration.action_named(call.name)
            function = function_of(configuration, own) if own is not None else None
            if function is not None and _is_constant(function.values):
                continue
            by_model = function is not None and {"llm", "llms", "llm_task_manager"} & set(function.parameters)
            name = snake_case(call.name)
            answers = _ANSWERS.search(statement.target.lower()) and not _FETCHES.match(name)
            if by_model or answers or _ASKED.search(name):
                found[statement.target] = statement
        elif statement.expression.strip() == "...":
            found[statement.target] = statement
        elif set(names_in(statement.expression)) & found.keys():
            found[statement.target] = statement
    return found


def _asked(configuration: Configuration, flow: Flow) -> dict[str, Statement]:
    """The variables that hold what an action makes of the user's message, in the team's own words or not."""
    found: dict[str, Statement] = {}
    for statement in flow.statements:
        call = statement.call
        if statement.target is None or call is None or call.kind != "execute":
            continue
        own = configuration.action_named(call.name)
        function = function_of(configuration, own) if own is not None else None
        fetches = _FETCHES.match(snake_case(call.name))
        if own is None or own.returns == "bool" or fetches or not _QUESTION.search(call.arguments):
            continue
        if function is None or not _is_constant(function.values):
            found[statement.target] = statement
    return found


def _is_constant(values: tuple[Any, ...] | None) -> bool:
    """Whether every value that an action returns stands in its code."""
    return values is not None and not any(
        isinstance(value, dict) and UNKNOWN in value.values() for value in values
    )


def _message_of(statement: Statement) -> str | None:
    if statement.kind != "bot":
        return None
    name = re.match(r"[^\"'$]+", statement.expression)
    return name[0].strip() if name else None


def _skipped(
    configuration: Configuration, flow: Flow, statement: Statement, rest: tuple[Statement, ...]
) -> Iterator[Found]:
    said = next((item for item in rest if item.kind == "bot"), None)
    if said is not None and (name := _message_of(said)) in configuration.messages and name is not None:
        texts = configuration.messages[name].texts
        if not any(_SLOT.search(text) for text in texts):
            return
    if said is None or said.expression.startswith(('"', "'")):
        return
    yield Found(
        "`$skip_output_rails = True` lets the next answer pass unchecked",
        statement.place,
        f"NeMo skips the output rails for `{said.text.splitlines()[0]}`",
        "take the line out",
        value=(flow.name, "skip_output_rails"),
        related=(Related(said.place, "said without a check"),),
        fix=remove_line(configuration, statement.place, "take `$skip_output_rails = True` out", safe=False),
    )


def _place(configuration: Configuration, message: Message, slot: str) -> Place:
    """The slot in the text of the message, which stands on one of the lines below its name."""
    where = message.place
    lines = configuration.texts.get(where.file, "").split("\n")
    wanted = re.compile(rf"\{{\{{-?\s*{slot}\b[^}}]*\}}\}}|\${slot}\b")
    for number in range(where.line, min(where.line + 40, len(lines) + 1)):
        found = wanted.search(lines[number - 1])
        if found is not None:
            return Place.at(where.file, number, found.start() + 1, len(found[0]))
    return where
