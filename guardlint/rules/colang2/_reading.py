"""What the rules of Colang 2.x ask of a flow: its blocks, its calls, and which flows are part of a rail.

NeMo's library calls exactly ``input rails`` and ``output rails`` (``colang/v2_x/library/guardrails.co``),
with the text as the only argument, where ``guardrails`` is imported. A rail listed in the YAML becomes a line
of a flow of that name (``rails/llm/config.py``, ``_generate_rails_flows``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.loading import loads
from guardlint.nemo.once import once
from guardlint.rules.flow_blocks import Block
from guardlint.source.colang import Flow, Statement
from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.place import Place
from guardlint.source.record import record, replace

__all__ = [
    "ENTRIES",
    "Invocation",
    "aborts",
    "after",
    "called_flow",
    "flows_of",
    "generates_flows",
    "has_guardrails",
    "invocations",
    "is_action",
    "is_old_call",
    "outcome",
    "place_in",
    "rail_flows",
    "runs",
]

ENTRIES = {"input": "input rails", "output": "output rails"}

Verb = Literal["await", "start", "activate"]


@record
class Invocation:
    """One flow or action that a statement runs. ``place`` is the name's; ``reference`` what ``as $x`` binds.

    ``target`` is the variable that is given the result; both are without ``$``.
    """

    verb: Verb
    name: str
    arguments: str
    place: Place
    target: str | None = None
    reference: str | None = None


_DEEPEST = 4
_JOINT = lazy_pattern(r"\s+(?:and|or)\s+")
_NO_CALL = frozenset(
    "if elif else while return global log print abort pass break continue send match priority meta import "
    "stop goto label checkpoint deactivate".split()
)
_HEAD = lazy_pattern(
    r"(?:(?:or\s+)?when\s+)?(?:\$(?P<target>[A-Za-z_]\w*)\s*=(?!=)\s*)?(?:(?P<verb>await|start|activate)\b\s*)?"
)
_NAME = lazy_pattern(r"[A-Za-z_][\w.\- ]*")
_END = lazy_pattern(r"\s+(?:as\s+\$|[A-Za-z_]\w*\s*=)|\s+as\s*$")
_LITERAL = lazy_pattern(r"\s+(?:-?\d|(?:True|False|None)\b)")
_REFERENCE = lazy_pattern(r"\bas\s+\$(\w+)")


@once
def flows_of(configuration: Configuration) -> dict[str, Flow]:
    """The team's flows by name, each statement whole where it goes over several lines."""
    return {name: _whole(flow) for name, flow in configuration.flows.items()}


def _whole(flow: Flow) -> Flow:
    """Lines that begin with ``and`` or ``or``, or that a bracket keeps open, belong to the line before.

    The joined text keeps its line breaks and indentation, so that an offset still tells the place.
    """
    if not any(_goes_on(item) or _open_brackets(item.text) for item in flow.statements):
        return flow
    found: list[Statement] = []
    last_line = 0
    for item in flow.statements:
        before = found[-1] if found else None
        if before is not None and (_goes_on(item) or _open_brackets(before.text) > 0):
            more = "\n" * max(item.place.line - last_line, 1) + " " * (item.place.column - 1) + item.text
            found[-1] = replace(before, text=before.text + more, expression=before.expression + more)
        else:
            found.append(item)
        last_line = item.place.line
    return replace(flow, statements=tuple(found))


def _goes_on(statement: Statement) -> bool:
    return statement.text.startswith(("or ", "and ")) and not statement.text.startswith("or when ")


def _open_brackets(text: str) -> int:
    depth, quote = 0, ""
    for character in text:
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        else:
            depth += (character in "([{") - (character in ")]}")
    return depth


def place_in(statement: Statement, offset: int, width: int) -> Place:
    """The place of something at an offset in the statement's text."""
    where = statement.place
    start = statement.text.rfind("\n", 0, offset)
    if start < 0:
        return Place.at(where.file, where.line, where.column + offset, max(width, 1))
    line = where.line + statement.text.count("\n", 0, offset)
    return Place.at(where.file, line, offset - start, max(width, 1))


def after(blocks: list[Block], wanted: Statement) -> list[Statement] | None:
    """The statements that follow ``wanted`` in its own block; None where it is not among ``blocks``."""
    for index, block in enumerate(blocks):
        if block.statement is wanted:
            return [later.statement for later in blocks[index + 1 :]]
        found = after(block.inside, wanted)
        if found is not None:
            return found
    return None


@lru_cache(maxsize=4096)
def invocations(statement: Statement) -> tuple[Invocation, ...]:
    """The flows and actions that a statement runs: several where it joins them by ``and`` or ``or``."""
    head = _HEAD.match(statement.text)
    assert head is not None
    word = re.match(r"[A-Za-z_]+", statement.text)
    if word is not None and (word[0] in _NO_CALL and not statement.text.startswith("or when")):
        return ()
    if head["target"] is not None and head["verb"] is None and not is_old_call(statement.text[head.end() :]):
        return ()  # an expression, and no call
    found = []
    for start, part in _parts(statement.text, head.end()):
        invocation = _invocation(statement, part, start, head)
        if invocation is not None:
            found.append(invocation)
    return tuple(found)


def _parts(text: str, begin: int) -> Iterator[tuple[int, str]]:
    """What stands between ``and`` and ``or`` outside of quotes and brackets, each with its offset."""
    if _JOINT.search(text, begin) is None:
        yield begin, text[begin:]
        return
    depth, quote, start = 0, "", begin
    index = begin
    while index < len(text):
        character = text[index]
        if quote:
            if character == quote and text[index - 1] != "\\":
                quote = ""
        elif character in "\"'":
            quote = character
        elif character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif depth <= 0 and character.isspace():
            joint = _JOINT.match(text, index)
            if joint is not None:
                yield start, text[start:index]
                start = index = joint.end()
                continue
        index += 1
    yield start, text[start:]


def _invocation(statement: Statement, part: str, start: int, head: re.Match[str]) -> Invocation | None:
    stripped = part.lstrip("( ")
    start += len(part) - len(stripped)
    name = _NAME.match(stripped)
    if name is None:
        return None
    end = _END.search(name[0])
    text = (name[0][: end.start()] if end else name[0]).rstrip()
    literal = _LITERAL.search(text)
    if literal is not None:
        text = text[: literal.start()]
    is_label = stripped[name.end() :].startswith(":") and "when" not in head[0]
    if is_label or "." in text:
        return None
    reference = _REFERENCE.search(stripped)
    verb = head["verb"]
    return Invocation(
        "start" if verb == "start" else "activate" if verb == "activate" else "await",
        text,
        stripped[len(text) :].strip(),
        place_in(statement, start, len(text)),
        head["target"],
        reference[1] if reference else None,
    )


def aborts(configuration: Configuration, statement: Statement, depth: int = 0) -> bool:
    """Whether a statement ends the rail: ``abort``, or a flow that the rail waits for and that aborts.

    A flow that fails makes the one fail that waits for it (``v2_x/runtime/statemachine.py``).
    """
    if statement.kind == "abort":
        return True
    made = invocations(statement) if depth <= _DEEPEST else []
    flow = flows_of(configuration).get(made[0].name) if len(made) == 1 and made[0].verb == "await" else None
    if flow is None or statement.text.startswith(("when ", "or when ")):
        return False
    level = min((item.place.column for item in flow.statements), default=0)
    return any(
        aborts(configuration, item, depth + 1) for item in flow.statements if item.place.column == level
    )


def is_old_call(text: str) -> bool:
    """Whether it begins with ``execute``, which Colang 2.x takes for the beginning of a flow's name."""
    return text.startswith("execute ")


def is_action(name: str) -> bool:
    """Whether NeMo takes the name for an action's, and not for a flow's (or an event's)."""
    return re.fullmatch(r"[A-Z]\w*Action", name) is not None


def called_flow(configuration: Configuration, invocation: Invocation) -> str | None:
    """The name of the flow that is meant, where it is one; None for actions and events."""
    name = invocation.name
    if name in configuration.flows or configuration.flow_exists(name):
        return name
    return None if re.fullmatch(r"[A-Z]\w*", name) else name


def runs(configuration: Configuration) -> bool:
    """Whether NeMo loads it as Colang 2.x, so that what happens at run time is worth a word."""
    return configuration.generation == "2.x" and loads(configuration) != "no"


def has_guardrails(configuration: Configuration) -> bool:
    """Whether ``guardrails`` is imported; an import that lies elsewhere may bring it."""
    return "guardrails" in configuration.library_modules or bool(configuration.foreign_imports)


@once
def generates_flows(configuration: Configuration) -> bool:
    """Whether the model writes flows that nobody defined (``activate llm continuation``)."""
    return any(
        invocation.name in ("llm continuation", "continuation on undefined flow")
        for flow in flows_of(configuration).values()
        for statement in flow.statements
        for invocation in invocations(statement)
    )


@once
def rail_flows(configuration: Configuration) -> dict[str, Flow]:
    """The team's flows that a rail consists of: the two entries, listed rails, and all that they call."""
    names = [*ENTRIES.values()]
    names += [rail.flow for way in ENTRIES for rail in configuration.rails(way)]
    flows = flows_of(configuration)
    found: dict[str, Flow] = {}
    while names:
        name = names.pop(0)
        flow = flows.get(name)
        if flow is None or name in found:
            continue
        found[name] = flow
        names += [made.name for statement in flow.statements for made in invocations(statement)]
    return found


def outcome(configuration: Configuration) -> str:
    """What comes of a flow or an action that is not there."""
    if generates_flows(configuration):
        return "the model writes a flow from the name alone, and whatever it writes is run"
    return "the flow waits for ever, and every message gets an empty reply"
