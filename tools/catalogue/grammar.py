"""The parsing table of Colang 2.x, computed by lark from the grammar of the installed NeMo.

With it guardlint decides as NeMo does whether a file is Colang 2.x, without lark. States and symbols are
numbered by a walk from the start state in the order of their names, so that the bytes do not change with
the order in which lark met them.
"""

from __future__ import annotations

import re
from typing import Any

from lark.parsers.lalr_analysis import Shift
from nemoguardrails.colang.v2_x.lang.parser import ColangParser

__all__ = ["grammar_table"]


def grammar_table() -> dict[str, Any]:
    """The table as the reader wants it.

    ``states[i]`` is a flat list of a symbol's index and what to do: ``n >= 0`` goes to the state n, ``n < 0``
    reduces by rule ``-1 - n``. ``rules``: origin, length, which of the symbols stay in the tree (``1``), and
    whether a rule with one of them gives way to it. ``terminals``: name, pattern and whether that is a fixed
    text, in the order in which the lexer tries them. ``keywords``: for a terminal the fixed texts that it
    would match as well.
    """
    lark = ColangParser()._lark_parser
    table = lark.parser.parser._parse_table
    order = _walk(table)
    numbers = {state: index for index, state in enumerate(order)}
    used = {target for state in order for kind, target in table.states[state].values() if kind is not Shift}
    rules = sorted(
        used, key=lambda rule: (rule.origin.name, rule.order, [item.name for item in rule.expansion])
    )
    rule_numbers = {rule: -1 - index for index, rule in enumerate(rules)}
    symbols = sorted({str(symbol) for state in order for symbol in table.states[state]})
    terminals = sorted(
        lark.lexer_conf.terminals,
        key=lambda item: (-item.priority, -item.pattern.max_width, -len(item.pattern.value), item.name),
    )
    return {
        "schema": "guardlint/colang-table/v1",
        "symbols": symbols,
        "states": [
            [
                number
                for symbol, (kind, target) in _sorted(table.states[state])
                for number in (
                    symbols.index(symbol),
                    numbers[target] if kind is Shift else rule_numbers[target],
                )
            ]
            for state in order
        ],
        "end": numbers[table.end_states["start"]],
        "rules": [_rule(rule) for rule in rules],
        "terminals": [
            [item.name, item.pattern.value if fixed else _pattern(item), fixed]
            for item in terminals
            for fixed in [item.pattern.type == "str"]
        ],
        "ignored": sorted(lark.lexer_conf.ignore),
        "always": sorted(lark.lexer_conf.postlex.always_accept),
        "keywords": _keywords(terminals),
    }


def _pattern(terminal: Any) -> str:
    # Not to_regexp(), which writes the flags in the order of a set.
    flags = "".join(sorted(terminal.pattern.flags))
    return f"(?{flags}:{terminal.pattern.value})" if flags else str(terminal.pattern.value)


def _rule(rule: Any) -> list[Any]:
    kept = "".join("0" if item.is_term and item.filter_out else "1" for item in rule.expansion)
    name = str(rule.alias or rule.options.template_source or rule.origin.name)
    gives_way = bool(rule.options.expand1 and not rule.alias)
    return [str(rule.origin.name), len(rule.expansion), kept, name, gives_way]


def _sorted(actions: dict[Any, Any]) -> list[tuple[str, Any]]:
    return sorted(((str(symbol), action) for symbol, action in actions.items()), key=lambda item: item[0])


def _walk(table: Any) -> list[Any]:
    """Every state, breadth first from the start; the state that ends the parse is reached too."""
    order = [table.start_states["start"]]
    seen = set(order)
    for state in order:
        for _, (kind, target) in _sorted(table.states[state]):
            if kind is Shift and target not in seen:
                seen.add(target)
                order.append(target)
    return order


def _keywords(terminals: list[Any]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for wide in terminals:
        if wide.pattern.type != "re":
            continue
        for fixed in terminals:
            if fixed.pattern.type == "str" and fixed.priority == wide.priority:
                match = re.match(wide.pattern.to_regexp(), fixed.pattern.value)
                if match is not None and match[0] == fixed.pattern.value:
                    found.setdefault(wide.name, {})[fixed.pattern.value] = fixed.name
    return found
