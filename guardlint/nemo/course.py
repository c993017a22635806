"""One course that a query can take: what it asks models on its way, in order.

A query has few courses: it is blocked by the first rail, by the second, …, or gets its answer, with what the
flows on its way may do or leave. They are listed one by one, so that calls, tokens, cost and latency are all
counted on the same ones.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Literal, NamedTuple

from guardlint.source.colang import Statement
from guardlint.source.record import record

__all__ = ["Ask", "Course", "Node", "State", "after_waits", "asking", "fewer", "nested"]

_MOST = 300

State = Literal["on", "returned", "waits", "stopped"]


class Ask(NamedTuple):
    """One call of a model: ``by`` which rail or part of the dialog, for which of NeMo's tasks.

    ``together`` names the list of rails whose calls run at the same time; empty where they wait for each
    other.
    """

    by: str
    task: str
    together: str = ""


class Course(NamedTuple):
    """What has been asked so far, and how it stands.

    ``state``: it goes on, the flow has returned, waits for the user again, or a rail has stopped the query.
    ``armed``: the variables that flows have set to true. ``generated``: whether a model has written the
    bot's message by the dialog's own prompt, which is what the hallucination rail asks again. ``retrieved``:
    whether documents have been looked for, which NeMo does before each message of the dialog. Courses are
    compared by the hundred, which tuples are best at.
    """

    asked: tuple[Ask, ...] = ()
    state: State = "on"
    armed: frozenset[str] = frozenset()
    generated: bool = False
    retrieved: bool = False


@record
class Node:
    """A statement and what is indented below it."""

    statement: Statement
    body: tuple[Node, ...] = ()


def asking(course: Course, by: str, tasks: Collection[str]) -> Course:
    """The course after it has asked for some tasks."""
    if not tasks:
        return course
    return course._replace(asked=(*course.asked, *[Ask(by, task) for task in tasks]))


def fewer(courses: Iterable[Course]) -> tuple[Course, ...]:
    """Without repetitions; of very many those with the fewest and the most calls."""
    found = tuple(courses)
    if len(found) < 2:
        return found
    found = tuple(dict.fromkeys(found))
    if len(found) <= _MOST:
        return found
    ordered = sorted(found, key=lambda course: len(course.asked))
    return (*ordered[: _MOST // 3], *ordered[-2 * _MOST // 3 :])


_NESTED = 200
_nested: dict[int, tuple[tuple[Statement, ...], tuple[Node, ...]]] = {}


def nested(statements: tuple[Statement, ...]) -> tuple[Node, ...]:
    """The statements of a flow as a tree, by their indentation; those of the last flows are kept."""
    kept = _nested.get(id(statements))
    if kept is not None and kept[0] is statements:
        return kept[1]
    nodes, index = _level(statements, 0, 0)
    assert index == len(statements)
    if len(_nested) >= _NESTED:
        _nested.clear()
    _nested[id(statements)] = statements, nodes
    return nodes


def _level(statements: tuple[Statement, ...], index: int, above: int) -> tuple[tuple[Node, ...], int]:
    found: list[Node] = []
    while index < len(statements) and statements[index].place.column > above:
        statement = statements[index]
        body, index = _level(statements, index + 1, statement.place.column)
        found.append(Node(statement, body))
    return tuple(found), index


def after_waits(nodes: tuple[Node, ...], kinds: frozenset[str]) -> list[tuple[Node, tuple[Node, ...]]]:
    """Each statement of a kind that waits for the user, with what follows it."""
    found: list[tuple[Node, tuple[Node, ...]]] = []
    for index, node in enumerate(nodes):
        if node.statement.kind in kinds:
            found.append((node, (*node.body, *nodes[index + 1 :])))
        found += [(wait, (*rest, *nodes[index + 1 :])) for wait, rest in after_waits(node.body, kinds)]
    return found
