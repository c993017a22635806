"""A flow's statements as a tree, by their indentation: in both languages the same."""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.source.colang import Flow, Statement

__all__ = ["Block", "blocks_of", "flatten"]


_MOST = 200
_kept: dict[int, tuple[Flow, list[Block]]] = {}


class Block:
    """A statement and those that are indented below it."""

    __slots__ = ("inside", "statement")

    def __init__(self, statement: Statement, inside: list[Block] | None = None) -> None:
        self.statement = statement
        self.inside = [] if inside is None else inside


def blocks_of(flow: Flow) -> list[Block]:
    """The statements at the top of the flow, each with what is below it; not to be changed.

    Several rules look at the same flow one after the other, so that those of the last flows are kept.
    """
    kept = _kept.get(id(flow))
    if kept is not None and kept[0] is flow:
        return kept[1]
    top: list[Block] = []
    levels: list[tuple[int, list[Block]]] = [(0, top)]
    for statement in flow.statements:
        while statement.place.column <= levels[-1][0]:
            levels.pop()
        block = Block(statement)
        levels[-1][1].append(block)
        levels.append((statement.place.column, block.inside))
    if len(_kept) >= _MOST:
        _kept.clear()
    _kept[id(flow)] = flow, top
    return top


def flatten(blocks: list[Block]) -> Iterator[Statement]:
    """The statements of some blocks and of all below them, in the order of the file."""
    for block in blocks:
        yield block.statement
        yield from flatten(block.inside)
