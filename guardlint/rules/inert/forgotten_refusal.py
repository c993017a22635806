"""Input rails that run in parallel refuse, and a retrieval rail makes NeMo forget it.

What it does: looks for ``rails.input.parallel: true`` with a rail that refuses by a message, beside a
retrieval rail that executes an action.

Why it matters: NeMo runs the retrieval rails before each message of the bot's, before that of a refusal too.
Where one of them executes an action, the rail that refuses is not taken up again behind its message: its
``stop`` never happens, and in parallel only ``stop`` ends the request. The user gets the refusal, and after
it the answer to the message that was refused.

How to fix: run the input rails in order (``parallel: false``).
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.rail_fates import rail_fate
from guardlint.nemo.reach import replaced_machinery
from guardlint.nemo.references import RailReference
from guardlint.nemo.shapes import is_true
from guardlint.rules.colang._blocks import run
from guardlint.rules.flow_blocks import blocks_of
from guardlint.rules.rule import Confidence, Found, Project, Related, Rule

RULE = Rule(severity="error", confidence="high", since="0.1.0", controls=("LLM01:2025",))


def check(project: Project) -> Iterator[Found]:
    """One finding at the setting that makes the rails run in parallel."""
    configuration = project.configuration
    path = ("rails", "input", "parallel")
    if configuration.generation != "1.0" or not is_true(configuration.value(path)):
        return
    if any(replaced_machinery(configuration, name) is not None for name in ("input", "retrieval")):
        return
    refusing = next((rail for rail in configuration.rails("input") if _refuses(configuration, rail)), None)
    if refusing is None:
        return
    acting = [(rail, how) for rail in configuration.rails("retrieval") if (how := _acts(configuration, rail))]
    if not acting:
        return
    rail, confidence = min(acting, key=lambda item: item[1] != "high")
    yield Found(
        f"`{rail.flow}` acts before each message, so that a refusal in parallel is forgotten",
        configuration.place(path),
        "a message that an input rail condemns is refused, and answered all the same",
        "write `parallel: false` under `rails.input`",
        path=path,
        value=rail.text,
        confidence=None if confidence == "high" else confidence,
        related=(
            Related(rail.place, "executes an action before the refusal is said"),
            Related(refusing.place, "refuses by a message and a `stop`"),
        ),
    )


def _refuses(configuration: Configuration, rail: RailReference) -> bool:
    """Whether the rail says something and then stops; one that sends an exception is heard at once."""
    own = configuration.flows.get(rail.flow)
    if own is None:
        if rail_fate(configuration, rail).state != "runs":
            return False
        row = configuration.catalogue.flows("1.0").get(rail.flow, {})
        sends = is_true(configuration.value(("enable_rails_exceptions",)))
        return bool(row.get("stops") and row.get("bot_messages")) and not sends
    kinds = {item.kind for item in own.statements}
    if "bot" not in kinds or not kinds & {"stop", "abort"}:
        return False
    sends = any(item.kind == "create" and "Exception" in item.text for item in own.statements)
    if sends and is_true(configuration.value(("enable_rails_exceptions",))):
        return False
    # Without a stop behind it, the message is followed by the answer whatever the retrieval rails do.
    outcomes = run(blocks_of(own), {}, frozenset())
    return outcomes is None or outcomes.goes_on_after is None


def _acts(configuration: Configuration, rail: RailReference) -> Confidence | None:
    """How surely the rail executes an action before the refusal is said."""
    own = configuration.flows.get(rail.flow)
    if own is None:
        if rail_fate(configuration, rail).state != "runs":
            return None
        return "high" if configuration.catalogue.flows("1.0").get(rail.flow, {}).get("actions") else None
    level = min((item.place.column for item in own.statements), default=0)
    acts = [item for item in own.statements if item.call is not None and item.call.kind == "execute"]
    if not acts:
        return None
    return "high" if any(item.place.column == level for item in acts) else "medium"
