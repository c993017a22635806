"""A flow's statements as a tree, by their indentation: in both languages the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from guardlint.source.colang import Flow, Statement

__all__ = ["Block", "blocks_of", "flatten"]


@dataclass(slots=True)
class Block:
    """A statement and those that are indented below it."""

    statement: Statement
    inside: list[Block] = field(default_factory=list)


def blocks_of(flow: Flow) -> list[Block]:
    """The statements at the top of the flow, each with what is below it."""
    top: list[Block] = []
    levels: list[tuple[int, list[Block]]] = [(0, top)]
    for statement in flow.statements:
        while statement.place.column <= levels[-1][0]:
            levels.pop()
        block = Block(statement)
        levels[-1][1].append(block)
        levels.append((statement.place.column, block.inside))
    return top


def flatten(blocks: list[Block]) -> Iterator[Statement]:
    """The statements of some blocks and of all below them, in the order of the file."""
    for block in blocks:
        yield block.statement
        yield from flatten(block.inside)
