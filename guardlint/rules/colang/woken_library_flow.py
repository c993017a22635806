"""A rail of the team's runs an action that wakes up a flow of NeMo's library.

What it does: finds flows under a name of their own that run an action with which a library flow begins, and
store its outcome under another name than that flow does.

Why it matters: in Colang 1.0 the library's ``self check input`` starts by itself as soon as
``self_check_input`` has finished, and reads ``$response.is_blocked``. If nobody has set ``$response`` the
request ends in an error, and so does every other.

How to fix: store the outcome as ``$response``, or give the flow the library's name.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.rules._text_mends import rename_variable, replace_text
from guardlint.rules.colang._rails import RailFlow, rail_flows, waits_for_event
from guardlint.rules.colang._waking import woken_by
from guardlint.rules.colang.old_style_outcome import flows_of_old_style
from guardlint.rules.rule import Fix, Found, Project, Rule
from guardlint.source.colang import Statement

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="unsafe")


def check(project: Project) -> Iterator[Found]:
    """One finding for each call."""
    configuration = project.configuration
    explained = flows_of_old_style(project.configuration)
    told: set[str] = set()
    for rail in rail_flows(configuration):
        if rail.flow.name in told or rail.flow.name in explained or waits_for_event(rail.flow) is not None:
            continue
        told.add(rail.flow.name)
        for statement in rail.flow.statements:
            woken = woken_by(configuration, rail, statement)
            if woken is None:
                continue
            flow, variable = woken
            assert statement.call is not None
            yield Found(
                f"`{statement.call.name}` wakes up the library's `{flow}`, which reads `${variable}`",
                statement.call.place,
                f"nothing sets `${variable}`: every request ends in an error",
                f"write `${variable} = execute {statement.call.name}`, or name the flow `{flow}`",
                value=(rail.flow.name, statement.call.name),
                since_nemo="0.24",
                fix=_stored(configuration, rail, statement, variable),
            )
            break


def _stored(configuration: Configuration, rail: RailFlow, statement: Statement, variable: str) -> Fix | None:
    """The result under the name that the library's flow reads; the flow's own tests read it there too."""
    if statement.target is None:
        return replace_text(
            configuration,
            statement.place,
            "execute ",
            f"${variable} = execute ",
            title=f"store it in `${variable}`",
            safe=False,
        )
    return rename_variable(configuration, rail.flow, statement.target, variable, safe=False)
