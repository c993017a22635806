"""Paths through a Colang 1.0 flow on which it takes no step: nothing is executed, said or sent.

A flow slides over conditions and assignments (``colang/v1_0/runtime/sliding.py``). Where it slides to its end
it has decided nothing, and the runtime looks for a step elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.references import normalise_flow
from guardlint.rules.colang._values import FAILS, evaluate, names_in, truth
from guardlint.rules.flow_blocks import Block, blocks_of
from guardlint.source.colang import Flow, Statement
from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.record import record

__all__ = ["is_about_the_text", "passed_over"]

_SILENT = frozenset(("pass", "meta", "priority", "label", "checkpoint"))
_ELSE_IF = lazy_pattern(r"else\s+if\b")
# A message is there when its rails run: a test of that alone holds.
_THERE = lazy_pattern(r"\$(?:user|bot)_message\s*(?:(?:!=|is\s+not)\s*(?:None|\"\"|''))?\s*\Z")
_ABSENT = lazy_pattern(
    r"(?:not\s+\$(?:user|bot)_message|"
    r"\$(?:user|bot)_message\s*(?:==|is)\s*(?:None|\"\"|''))\s*\Z"
)
# Settings and what the application asks for: the same for every request, and not read here.
_GIVEN = frozenset(("config", "generation_options"))


@record
class _Ends:
    """How paths without a step leave some lines; ``condition``: the one that they all pass by."""

    falls: bool = False
    returns: bool = False
    condition: Statement | None = None


def passed_over(configuration: Configuration, flow: Flow) -> Statement | None:
    """The first condition that may take ``flow`` to its end without a step.

    None where every path takes one, where no condition decides, and where it cannot be told.
    """
    ends = _walk(configuration, blocks_of(flow), {}, (flow.name,))
    return ends.condition if ends.falls or ends.returns else None


def _walk(
    configuration: Configuration, blocks: list[Block], values: Mapping[str, Any], inside: tuple[str, ...]
) -> _Ends:
    known = dict(values)
    returns, condition = False, None
    index = 0
    while index < len(blocks):
        block = blocks[index]
        kind = block.statement.kind
        if kind == "if":
            chain = [block]
            while index + 1 < len(blocks) and blocks[index + 1].statement.kind in ("else", "elif"):
                index += 1
                chain.append(blocks[index])
            ends = _branches(configuration, chain, known, inside)
            for target in _targets(chain):
                known.pop(target, None)
        else:
            ends = _line(configuration, block.statement, known, inside)
        index += 1
        condition = condition or ends.condition
        returns = returns or ends.returns
        if not ends.falls:
            return _Ends(False, returns, condition if returns else None)
    return _Ends(True, returns, condition)


def _line(
    configuration: Configuration, statement: Statement, known: dict[str, Any], inside: tuple[str, ...]
) -> _Ends:
    """One statement; ``known`` takes what it assigns."""
    if statement.kind == "return":
        return _Ends(returns=True)
    if statement.kind in _SILENT:
        return _Ends(falls=True)
    if statement.kind == "set" and statement.call is None and statement.target is not None:
        known[statement.target] = evaluate(statement.expression, known)
        return _Ends(falls=True)
    if statement.kind == "call" and statement.call is not None and statement.call.kind == "do":
        name = normalise_flow(statement.call.name)
        flow = configuration.flows.get(name)
        if flow is not None and name not in inside:
            ends = _walk(configuration, blocks_of(flow), {}, (*inside, name))
            return _Ends(ends.falls or ends.returns, False, ends.condition)
    # A step, or something that may be one.
    return _Ends()


def _branches(
    configuration: Configuration, chain: list[Block], known: Mapping[str, Any], inside: tuple[str, ...]
) -> _Ends:
    falls = returns = False
    condition: Statement | None = None
    for block in chain:
        statement = block.statement
        bare = statement.kind == "else" and not _ELSE_IF.match(statement.text)
        verdict: bool | None = True
        if not bare:
            if statement.call is not None or _GIVEN.intersection(names_in(statement.expression)):
                return _Ends()
            verdict = _verdict(statement.expression, known)
            if verdict is None:
                condition = condition or statement
        if verdict is not False:
            ends = _walk(configuration, block.inside, known, inside)
            falls, returns = falls or ends.falls, returns or ends.returns
            condition = condition or ends.condition
        if verdict is True:
            break
    else:
        falls = True
    return _Ends(falls, returns, condition) if falls or returns else _Ends()


def _verdict(expression: str, known: Mapping[str, Any]) -> bool | None:
    """True and False where it is the same for every request; one that raises lets nothing pass it."""
    if _THERE.match(expression):
        return True
    if _ABSENT.match(expression):
        return False
    value = evaluate(expression, known)
    return True if value is FAILS else truth(value)


def _targets(chain: list[Block]) -> list[str]:
    found: list[str] = []
    for block in chain:
        if block.statement.target is not None:
            found.append(block.statement.target)
        found += _targets(block.inside)
    return found


def is_about_the_text(statement: Statement) -> bool:
    """Whether a condition reads the text that the rail is given: then it differs from request to request."""
    return re.search(r"\$(?:last_)?(?:user|bot)_message\b", statement.expression) is not None
