"""A Colang 2.x flow is called with other arguments than it takes.

What it does: compares the parameters of ``input rails`` and ``output rails`` with the one text that NeMo
gives them, and what the flows of a rail give each other with what these take.

Why it matters: an argument too many is an error, and every message gets an empty reply. One too few is
None: a check that is not given the text looks at nothing, and everything passes.

How to fix: take the text as a parameter, and hand it on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.rules._text_mends import replace_text
from guardlint.rules.colang2._reading import ENTRIES, has_guardrails, invocations, is_action, rail_flows, runs
from guardlint.rules.rule import Found, Project, Related, Rule
from guardlint.source.colang import Flow
from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.place import Place

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="safe", controls=("LLM01:2025",))

_QUOTED = lazy_pattern(r"([\"'])\$(\w+)\1")
_DEFAULT = lazy_pattern(r"\$(\w+)\s*=")


def check(project: Project) -> Iterator[Found]:
    """One finding for each flow that NeMo runs, and for each call in a rail."""
    configuration = project.configuration
    if not runs(configuration) or not has_guardrails(configuration):
        return
    for way, name in ENTRIES.items():
        flow = configuration.flows.get(name)
        if flow is not None and not flow.parameters:
            yield Found(
                f"flow `{name}` takes no text, and NeMo gives it one",
                flow.place,
                "the call is an error: every message gets an empty reply",
                f"write `flow {name} ${way}_text`",
                value=name,
                fix=replace_text(configuration, flow.place, name, f"{name} ${way}_text"),
            )
    for flow in rail_flows(configuration).values():
        for statement in flow.statements:
            for made in invocations(statement):
                quoted = _QUOTED.search(made.arguments)
                if quoted is not None and quoted[2] in flow.parameters and not made.name.startswith("bot "):
                    yield Found(
                        f"`{quoted[0]}` is a text, not the variable",
                        made.place,
                        f"`{made.name}` looks at the name of the variable, whatever the message says",
                        f"write `${quoted[2]}` without quotes",
                        value=(flow.name, made.name, quoted[2]),
                    )
                if is_action(made.name):
                    continue
                yield from _call(configuration, flow, made.name, made.arguments, made.place)


def _call(
    configuration: Configuration, caller: Flow, name: str, written: str, place: Place
) -> Iterator[Found]:
    given = _given(written)
    if given is None:
        return
    positional, named = given
    flow = configuration.flows.get(name)
    if flow is not None:
        parameters, optional = flow.parameters, _optional(configuration, flow)
    else:
        facts = configuration.catalogue.flows("2.x").get(name)
        if facts is None or not configuration.flow_exists(name):
            return
        parameters, optional = tuple(facts["params"]), set(facts["params"])
    if positional > len(parameters):
        yield Found(
            f"`{name}` takes {_count(len(parameters))}, and {_count(positional)} {_are(positional)} given",
            place,
            "the call is an error: the reply is empty",
            f"give it what `flow {name}{''.join(f' ${item}' for item in parameters)}` takes",
            value=(caller.name, name),
            related=(Related(flow.place, "takes these"),) if flow is not None else (),
        )
    elif parameters == ("variant",) and (positional or "variant" in named) and "$" in written:
        yield Found(
            f"`{name}` takes the name of a prompt, not the text",
            place,
            "NeMo looks for a prompt of the message's name: every message gets an empty reply",
            f"write `{name}` alone: it finds the text itself",
            value=(caller.name, name),
        )
    else:
        missing = [item for item in parameters[positional:] if item not in named and item not in optional]
        if missing and flow is not None:
            names = ", ".join(f"`${item}`" for item in missing)
            yield Found(
                f"`{name}` is called without {names}",
                place,
                f"{names} is None in `{name}`: what it checks there is nothing",
                f"write `{name}{''.join(f' ${item}' for item in _hint(caller, missing))}`",
                value=(caller.name, name),
                related=(Related(flow.place, f"takes {names}"),),
            )


def _given(written: str) -> tuple[int, set[str]] | None:
    """How many arguments have no name, and the names of the others; None where that cannot be told."""
    text = re.sub(r"\s+as\s+\$\w+\s*:?$|^as\s+\$\w+\s*:?$", "", written.strip()).strip()
    if text.startswith("(") and text.endswith(")"):
        text = text[1:-1]
    pieces: list[str] = []
    depth, quote, piece = 0, "", ""
    for character in text:
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        if not quote and depth == 0 and (character.isspace() or character == ","):
            pieces.append(piece)
            piece = ""
        else:
            piece += character
    pieces = [item for item in [*pieces, piece] if item]
    if (
        quote
        or depth
        or any(item in ("+", "-", "*", "/", "=", "or", "and", "not", "if", "in") for item in pieces)
    ):
        return None
    named = {match[1] for item in pieces if (match := re.match(r"\$?(\w+)=(?!=)", item))}
    return len(pieces) - sum(re.match(r"\$?\w+=(?!=)", item) is not None for item in pieces), named


def _optional(configuration: Configuration, flow: Flow) -> set[str]:
    """Parameters with a default, from the line that defines the flow."""
    lines = configuration.texts.get(flow.place.file, "").split("\n")
    line = lines[flow.place.line - 1] if flow.place.line <= len(lines) else ""
    return set(_DEFAULT.findall(line))


def _hint(caller: Flow, missing: list[str]) -> list[str]:
    return [caller.parameters[0]] if len(missing) == 1 and caller.parameters else missing


def _count(number: int) -> str:
    return {0: "no argument", 1: "one argument"}.get(number, f"{number} arguments")


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
