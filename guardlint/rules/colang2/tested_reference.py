"""A Colang 2.x rail tests the reference to an action instead of its result.

What it does: finds variables that ``await … as $x`` or ``start … as $x`` binds to an action and that are
tested bare, as in ``if $x``.

Why it matters: what ``as`` binds is the action itself, which is true whatever it returned. ``if not $x``
is never taken, and everything passes; ``if $x`` is always taken, and everything is refused.

How to fix: write ``$x = await …``, or test ``$x.return_value``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.rules._text_mends import replace_text
from guardlint.rules.colang2._reading import Invocation, flows_of, invocations, is_action, runs
from guardlint.rules.rule import Fix, Found, Project, Related, Rule
from guardlint.source.colang import Flow
from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.place import Place

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="unsafe", controls=("LLM01:2025",))

_NAMED = lazy_pattern(r"(?:await |start )?(?P<call>.*\S)\s+as\s+\$(?P<name>\w+)")


def check(project: Project) -> Iterator[Found]:
    """One finding for each test."""
    configuration = project.configuration
    if not runs(configuration):
        return
    for flow in flows_of(configuration).values():
        bound: dict[str, Invocation] = {}
        for statement in flow.statements:
            if statement.target is not None:
                bound.pop(statement.target, None)
            for made in invocations(statement):
                if made.reference is not None and (
                    is_action(made.name) or configuration.flow_exists(made.name)
                ):
                    bound[made.reference] = made
            if statement.kind not in ("if", "elif", "else", "while"):
                continue
            for name, origin in bound.items():
                for match in re.finditer(rf"(?:\bnot\s+)?\${name}(?![\w.\[])", statement.text):
                    equal = re.match(r"\s*(?:==|is\b(?!\s+not))", statement.text[match.end() :]) is not None
                    taken = match[0].startswith("not") == equal
                    place = statement.place
                    yield Found(
                        f"`${name}` is `{origin.name}` itself, not what it returned",
                        Place.at(place.file, place.line, place.column + match.start(), len(match[0])),
                        "the test is always true: every message takes this branch"
                        if taken
                        else "the test is never true: what the check condemns passes all the same",
                        f"write `${name} = await {origin.name}…` above, or test `${name}.return_value`"
                        if is_action(origin.name)
                        else f"write `${name} = await {origin.name}…` above",
                        value=(flow.name, name, origin.name),
                        related=(Related(origin.place, f"`as ${name}` names the running one"),),
                        fix=_awaited(configuration, flow, origin),
                    )


def _awaited(configuration: Configuration, flow: Flow, origin: Invocation) -> Fix | None:
    """``$x = await …`` for ``await … as $x``, where nothing else needs the running one."""
    made = [item for item in flow.statements if any(one.place == origin.place for one in invocations(item))]
    form = (
        re.fullmatch(r"(?:await |start )?(?P<call>.*\S)\s+as\s+\$(?P<name>\w+)", made[0].text)
        if made
        else None
    )
    if form is None or any(f"${form['name']}." in item.text for item in flow.statements):
        return None
    new = f"${form['name']} = await {form['call']}"
    return replace_text(configuration, made[0].place, made[0].text, new, safe=False)
