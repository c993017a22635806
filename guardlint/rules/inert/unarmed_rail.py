"""A rail that waits for a variable which nothing sets.

What it does: looks for ``$check_facts = True`` and ``$check_hallucination = True`` where a rail is listed
that runs only when they are set, in a flow that something runs. Before the answer or after it is the same:
NeMo goes on to the next wait of a flow before it says anything.

Why it matters: the fact-checking and hallucination rails do nothing until a flow arms them for the next
bot message. Listed and never armed, they cost nothing and check nothing.

How to fix: set the variable in the flow that says the answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.references import RailReference, normalise_flow
from guardlint.rules.rule import Found, Project, Related, Rule
from guardlint.source.colang import Flow, Statement

RULE = Rule(severity="error", confidence="medium", since="0.1.0", controls=("LLM09:2025",))


def check(project: Project) -> Iterator[Found]:
    """One finding for each listed rail."""
    configuration = project.configuration
    for rail in configuration.all_rails():
        variable = _waits_for(configuration, rail)
        if variable is None or _named_in_python(configuration, variable):
            continue
        assignments = [
            (flow, statement)
            for flow in configuration.flows.values()
            for statement in flow.statements
            if statement.target == variable and flow.name != rail.flow
        ]
        arming = [(flow, item) for flow, item in assignments if _may_arm(item)]
        if not any(_runs(configuration, flow) for flow, _ in arming):
            yield _unarmed(rail, variable, assignments)


def _waits_for(configuration: Configuration, rail: RailReference) -> str | None:
    """The variable that a rail of the library, or the team's copy of one, wants to be True."""
    own = configuration.flows.get(rail.flow)
    if own is not None:
        if not own.statements or own.statements[0].kind != "if":
            return None
        found = re.match(r"\$(check_facts|check_hallucination)\b", own.statements[0].expression)
        return found[1] if found else None
    library = configuration.catalogue.flows(configuration.generation)
    variable: str | None = library.get(rail.flow, {}).get("armed_by") if rail.surface is not None else None
    return variable


def _unarmed(rail: RailReference, variable: str, assignments: list[tuple[Flow, Statement]]) -> Found:
    related = tuple(
        Related(
            statement.place,
            f"nothing runs `{flow.name}`"
            if _may_arm(statement)
            else f"`{statement.expression}` is not the boolean True",
        )
        for flow, statement in assignments
    )
    wrong = next((statement for _, statement in assignments if not _may_arm(statement)), None)
    if wrong is not None and not any(_may_arm(statement) for _, statement in assignments):
        return Found(
            f"nothing arms `{rail.flow}`: `{wrong.expression}` is not the boolean True",
            wrong.place,
            "the rail runs on every answer and checks none",
            f"write `${variable} = True`",
            value=(rail.text, wrong.expression),
            related=(Related(rail.place, "waits for the variable"),),
        )
    return Found(
        f"nothing arms `{rail.flow}`: no flow sets `${variable} = True`"
        if not any(_may_arm(statement) for _, statement in assignments)
        else f"nothing arms `{rail.flow}`: no flow that runs sets `${variable} = True`",
        rail.place,
        "the rail runs on every answer and checks none, unless the application itself passes "
        f"`{variable}` in a context message",
        f"write `${variable} = True` in the flow, before the bot message that is to be checked",
        path=rail.path,
        value=rail.text,
        related=related,
    )


def _runs(configuration: Configuration, flow: Flow) -> bool:
    """Whether something starts the flow: only a subflow of Colang 1.0 waits to be called."""
    if configuration.generation != "1.0" or "subflow" not in flow.modifiers:
        return True
    if any(rail.flow == flow.name for rail in configuration.all_rails()):
        return True
    return any(
        call.kind == "do" and (normalise_flow(call.name) == flow.name or call.name.startswith("$"))
        for other in configuration.flows.values()
        for call in other.calls()
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
