"""A rail of NeMo's library stands in a direction that it is not made for.

What it does: compares the direction of each listed library rail with the one it reads its text from.

Why it matters: the text is fixed in the flow. An input rail under ``output`` looks at the user's message
once more and lets every answer pass; an output rail under ``input`` finds no answer yet; a retrieval rail
finds no chunks, or finds them when the model has read them. NeMo loads all of it without a word.

How to fix: move the rail to its own direction, or list its counterpart.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.references import normalise_flow
from guardlint.rules._mends import move_item, replace_value
from guardlint.rules.rule import Fix, Found, Project, Rule
from guardlint.source.place import Place
from guardlint.source.yaml_file import DataPath

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="unsafe", controls=("LLM01:2025",))

_TEXTS = {"input": "the user's message", "output": "the answer", "retrieval": "the retrieved chunks"}
_READS = {
    ("input", "output"): "it looks at the user's message once more, and no answer is checked",
    ("input", "retrieval"): "it looks at the user's message, and the retrieved chunks are not checked",
    ("output", "input"): "there is no answer yet when it runs: it checks nothing, or refuses every message",
    ("output", "retrieval"): "there is no answer yet when it runs, and the retrieved chunks are not checked",
    (
        "retrieval",
        "input",
    ): "nothing is retrieved yet when it runs, and what is retrieved is not checked",
    ("retrieval", "output"): "the model has read the retrieved chunks when it runs, and no answer is checked",
}


def check(project: Project) -> Iterator[Found]:
    """One finding for each listed rail, and for each call in a flow that serves one direction."""
    configuration = project.configuration
    for rail in configuration.all_rails():
        own = configuration.flows.get(rail.flow)
        if own is None:
            yield from _judge(configuration, rail.flow, rail.direction, rail.place, rail.path)
            continue
        for call in own.calls():
            if call.kind == "do":
                name = normalise_flow(call.name)
                yield from _judge(configuration, name, rail.direction, call.place, None)
    if configuration.generation == "2.x":
        for direction in ("input", "output"):
            flow = configuration.flows.get(f"{direction} rails")
            for call in flow.calls() if flow is not None else ():
                if call.kind != "execute":
                    yield from _judge(configuration, normalise_flow(call.name), direction, call.place, None)


def _judge(
    configuration: Configuration, flow: str, direction: str, place: Place, path: DataPath | None
) -> Iterator[Found]:
    homes = configuration.catalogue.directions_of(flow)
    if not homes or direction in homes or flow in configuration.flows:
        return
    home = homes[0]
    surface = configuration.catalogue.surface(home, flow)
    if surface is not None and configuration.action_named(str(surface["action"])) is not None:
        return
    reads = _READS.get((home, direction), f"it reads {_TEXTS[home]}, which is not what this direction is for")
    counterpart = _counterpart(configuration, flow, home, direction)
    other = f", or write `{counterpart}` here" if counterpart else ""
    yield Found(
        f"`{flow}` is an {home} rail, listed under {direction}"
        if home != "retrieval"
        else f"`{flow}` is a retrieval rail, listed under {direction}",
        place,
        f"NeMo loads it without a word; {reads}",
        f"move it to `rails.{home}.flows`{other}"
        if configuration.generation == "1.0"
        else f"call it in `flow {home} rails`{other}",
        path=path,
        value=(flow, direction),
        fix=_mend(configuration, flow, path, home, counterpart),
    )


def _mend(
    configuration: Configuration, flow: str, path: DataPath | None, home: str, counterpart: str | None
) -> Fix | None:
    """The counterpart where the rail is listed in its own direction too; else the rail goes there."""
    text = configuration.value(path) if path is not None else None
    if path is None or configuration.generation != "1.0" or text != flow:
        return None
    if any(rail.flow == flow for rail in configuration.rails(home)):
        if counterpart is None or any(rail.flow == counterpart for rail in configuration.rails(str(path[1]))):
            return None
        return replace_value(configuration, path, counterpart, safe=False)
    return move_item(configuration, path, ("rails", home, "flows"))


def _counterpart(configuration: Configuration, flow: str, home: str, direction: str) -> str | None:
    """The rail of the same kind that is made for ``direction``."""
    words = {"prompt": "response", "response": "prompt", "user": "bot", "bot": "user", home: direction}
    for old, new in words.items():
        name = " ".join(new if word == old else word for word in flow.split())
        if name != flow and configuration.catalogue.surface(direction, name):
            return name
    return None
