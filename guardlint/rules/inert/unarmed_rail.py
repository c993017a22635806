"""A rail that waits for a variable which nothing sets.

What it does: looks for ``$check_facts = True`` and ``$check_hallucination = True`` where a rail is listed
that runs only when they are set.

Why it matters: the fact-checking and hallucination rails do nothing until a flow arms them for the next
bot message. Listed and never armed, they cost nothing and check nothing.

How to fix: set the variable in the flow, before the bot message that is to be checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.rules.rule import Found, Project, Related, Rule
from guardlint.source.colang import Statement

RULE = Rule(severity="error", confidence="medium", since="0.1.0", controls=("LLM09:2025",))


def check(project: Project) -> Iterator[Found]:
    """One finding for each listed rail."""
    configuration = project.configuration
    for rail in configuration.all_rails():
        if rail.surface is None or rail.flow in configuration.flows:
            continue
        library = configuration.catalogue.flows(configuration.generation)
        variable = library.get(rail.flow, {}).get("armed_by")
        if variable is None:
            continue
        assignments = [
            statement
            for flow in configuration.flows.values()
            for statement in flow.statements
            if statement.target == variable
        ]
        if any(_may_arm(statement) for statement in assignments) or _named_in_python(configuration, variable):
            continue
        related = tuple(
            Related(statement.place, f"`{statement.expression}` is not the boolean True")
            for statement in assignments
        )
        yield Found(
            f"nothing arms `{rail.flow}`: no flow sets `${variable} = True`",
            rail.place,
            "the rail runs on every answer and checks none, unless the application itself passes "
            f"`{variable}` in a context message",
            f"write `${variable} = True` in the flow, before the bot message that is to be checked",
            path=rail.path,
            value=rail.text,
            related=related,
        )


def _named_in_python(configuration: Configuration, variable: str) -> bool:
    """An action can set it too (``ActionResult(context_updates=…)``)."""
    return any(variable in configuration.texts[file.file] for file in configuration.python_files)


def _may_arm(statement: Statement) -> bool:
    value = statement.expression.strip()
    if re.fullmatch(r"True|1(\.0*)?", value):
        return True
    # Another literal does not equal True; anything computed may.
    return not re.fullmatch(r"\"[^\"]*\"|'[^']*'|False|None|true|false|\d+(\.\d+)?", value)
