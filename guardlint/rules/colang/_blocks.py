"""The blocks of a Colang 1.0 flow, and what comes of running them.

A flow is run on paper: with some variables known and the others not, over every path. That tells whether a
rail does anything about a verdict (``nemoguardrails/colang/v1_0/runtime/sliding.py``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from guardlint.rules.colang._values import UNKNOWN, evaluate, truth
from guardlint.rules.flow_blocks import Block
from guardlint.source.colang import Statement
from guardlint.source.record import record, replace

__all__ = ["NOTHING", "REFUSES", "REWRITES", "Outcomes", "run"]

NOTHING, REWRITES, REFUSES = 0, 1, 2
"""What a path does, the strongest last: nothing, a text or a variable that others read changes, a refusal."""

MAX_PATHS = 200

_TEXTS = frozenset(("user_message", "bot_message", "relevant_chunks", "relevant_chunks_sep", "tool_calls"))


@record
class Outcomes:
    """What the paths of a flow do, and the message after which a path goes on instead of stopping."""

    effects: frozenset[int]
    goes_on_after: Statement | None


@record
class _Path:
    values: Mapping[str, Any]
    effect: int = NOTHING
    said: Statement | None = None
    stopped: bool = False
    returned: bool = False
    result: Any = None

    def doing(self, effect: int) -> _Path:
        return replace(self, effect=max(self.effect, effect))


class _TooMany(Exception):
    """More paths than anybody writes."""


def run(blocks: list[Block], given: Mapping[int, Any], shared: frozenset[str]) -> Outcomes | None:
    """Run a flow over every path; None where it is too involved.

    ``given``: by the id of a statement the value that its action returns. ``shared``: variables that others
    read, so that setting one does something.
    """
    try:
        paths = _run(blocks, [_Path({})], given, shared)
    except _TooMany:
        return None
    open_ends = [path.said for path in paths if path.said is not None and not path.stopped]
    return Outcomes(frozenset(path.effect for path in paths), open_ends[0] if open_ends else None)


def _run(
    blocks: list[Block], paths: list[_Path], given: Mapping[int, Any], shared: frozenset[str]
) -> list[_Path]:
    done: list[_Path] = []
    index = 0
    while index < len(blocks) and paths:
        block = blocks[index]
        if len(paths) + len(done) > MAX_PATHS:
            raise _TooMany
        if block.statement.kind == "if":
            chain = [block]
            while index + 1 < len(blocks) and blocks[index + 1].statement.kind in ("else", "elif"):
                index += 1
                chain.append(blocks[index])
            paths = _branches(chain, paths, given, shared)
        else:
            paths = [end for path in paths for end in _step(block, path, given, shared)]
        done += [path for path in paths if path.stopped or path.returned]
        paths = [path for path in paths if not (path.stopped or path.returned)]
        index += 1
    return done + paths


def _branches(
    chain: list[Block], paths: list[_Path], given: Mapping[int, Any], shared: frozenset[str]
) -> list[_Path]:
    found: list[_Path] = []
    for path in paths:
        waiting = True
        for block in chain:
            statement = block.statement
            bare = statement.kind == "else" and not re.match(r"else\s+if\b", statement.text)
            verdict = True if bare else truth(evaluate(statement.expression, path.values))
            if verdict is not False:
                found += _run(block.inside, [path], given, shared)
            if verdict is True:
                waiting = False
                break
        if waiting:
            found.append(path)
    return found


def _step(block: Block, path: _Path, given: Mapping[int, Any], shared: frozenset[str]) -> list[_Path]:
    statement = block.statement
    kind = statement.kind
    if kind in ("stop", "abort"):
        return [_Path(path.values, REFUSES, path.said, stopped=True)]
    if kind == "bot":
        return [_Path(path.values, REFUSES, statement)]
    if kind == "return":
        result = evaluate(statement.expression, path.values) if statement.expression else None
        return [_Path(path.values, path.effect, path.said, returned=True, result=result)]
    if kind == "set":
        return [_assigned(statement, path, given, shared)]
    if kind in ("create", "event"):
        stopped = "Exception" in statement.text
        return [_Path(path.values, REFUSES, path.said, stopped=stopped)]
    if kind == "call" and statement.call is not None and statement.call.kind == "execute":
        return [path if id(statement) in given else path.doing(REWRITES)]
    if kind in ("pass", "label", "checkpoint", "meta", "priority", "log", "print"):
        return [path]
    if kind in ("inline", "ask"):  # a subflow in the place of its call; in 2.x it may give a value
        ends = _run(block.inside, [path], given, shared)
        if kind == "ask":
            name = str(statement.target)
            ends = [replace(end, values={**end.values, name: end.result}) for end in ends]
        return [replace(end, returned=False, result=None) for end in ends]
    if kind == "while":
        return [path, *_run(block.inside, [path], given, shared)]
    if kind == "other" and statement.text.startswith(('"', "'")):
        return [path]  # the text of the message before
    # `do`, `when`, `user`, `goto` and what is not understood may do anything.
    return [_Path(path.values, REFUSES, path.said, stopped=True), path]


def _assigned(statement: Statement, path: _Path, given: Mapping[int, Any], shared: frozenset[str]) -> _Path:
    assert statement.target is not None
    if id(statement) in given:
        value = given[id(statement)]
    elif statement.call is not None:
        value = UNKNOWN
    else:
        value = evaluate(statement.expression, path.values)
    effect = path.effect
    if statement.target in _TEXTS or statement.target in shared:
        effect = max(effect, REWRITES)
    return _Path({**path.values, statement.target: value}, effect, path.said)
