"""How the guard handles one rail of the company that is slow or breaks, as a policy says under ``rails``.

A rail that fails blocks. A policy may say ``on_failure: degrade`` of a rail that only judges: then the text
passes without it, and the verdict and the record say so. What is tighter follows from that: to block; to be
given up sooner where that blocks and later where it lets a text pass; no breaker, or one that opens later.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from typing import Any

from guardlint.errors import ConfigError
from guardlint.nemo.catalogue import latest_version, load_catalogue
from guardlint.policy.documents import Document
from guardlint.policy.model import Origin, RailUse
from guardlint.policy.rails import Rail

__all__ = ["handling_of", "handling_text", "joined_handling", "loosened", "plan_handling", "settled_handling"]

Handling = Mapping[str, Any]

_KEYS = ("on_failure", "timeout_seconds", "at_once", "breaker")
_ENDLESS = float("inf")


def handling_of(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What an entry under ``rails`` says of it."""
    return {key: entry[key] for key in _KEYS if key in entry}


def settled_handling(
    document: Document,
    origin: Callable[..., Origin],
    index: int,
    use: RailUse,
    before: RailUse | None,
    rail: Rail,
) -> dict[str, Any]:
    """What holds of the ``index``-th rail of a document: written there, else inherited of ``before``.

    Raises ConfigError for what nothing enforces, and for what is looser than before.
    """
    handling = {**(before.handling if before else {}), **use.handling}
    _check(document, use, index, handling, rail)
    looser = loosened(handling, before.handling) if before else None
    if before is not None and looser is not None:
        here = origin("rails", use.direction, index, looser if looser in use.handling else "rail")
        raise ConfigError(
            f"loosens {before.origin}: {use.ref} has {looser} {_word(before.handling, looser)} there and "
            f"{_word(handling, looser)} here",
            place=str(here.place),
        )
    return handling


def loosened(own: Handling, floor: Handling) -> str | None:
    """The key in which ``own`` is looser than ``floor``, or None."""
    if _blocks(floor):
        if not _blocks(own):
            return "on_failure"
        late = own.get("timeout_seconds", _ENDLESS) > floor.get("timeout_seconds", _ENDLESS)
    else:
        late = not _blocks(own) and own["timeout_seconds"] < floor["timeout_seconds"]
    if late:
        return "timeout_seconds"
    if own.get("at_once", _ENDLESS) > floor.get("at_once", _ENDLESS):
        return "at_once"
    mine, theirs = own.get("breaker"), floor.get("breaker")
    if mine is not None and (
        theirs is None or mine["failures"] < theirs["failures"] or mine["seconds"] > theirs["seconds"]
    ):
        return "breaker"
    return None


def joined_handling(handlings: Iterable[Handling]) -> dict[str, Any]:
    """What holds where several say something of one rail: of each the tighter."""
    return reduce(_tighter, handlings)  # type: ignore[arg-type]


def handling_text(handling: Handling) -> str:
    """In words, for people who read a policy; empty where nothing is said."""
    said: list[str] = []
    if not _blocks(handling):
        said.append("left out when it fails")
    if "timeout_seconds" in handling:
        said.append(f"has failed after {_counted(handling['timeout_seconds'], 'second')}")
    if "at_once" in handling:
        said.append(f"at most {handling['at_once']} at once")
    if "breaker" in handling:
        breaker = handling["breaker"]
        rest, failures = _counted(breaker["seconds"], "second"), _counted(breaker["failures"], "failure")
        said.append(f"not asked for {rest} after {failures}")
    return ", ".join(said)


def plan_handling(by_flow: Mapping[str, Iterable[Handling]]) -> dict[str, dict[str, Any]]:
    """Flow -> what the plan says of it; flows of which nothing is said are left out."""
    joined = {flow: joined_handling(handlings) for flow, handlings in by_flow.items()}
    said = {
        flow: {key: value for key, value in one.items() if (key, value) != ("on_failure", "block")}
        for flow, one in joined.items()
    }
    return {flow: one for flow, one in said.items() if one}


def _tighter(one: Handling, two: Handling) -> dict[str, Any]:
    made: dict[str, Any] = {}
    deciding = [each for each in (one, two) if _blocks(each)] or [one, two]
    if not _blocks(one) and not _blocks(two):
        made["on_failure"] = "degrade"
    elif any("on_failure" in each for each in deciding):
        made["on_failure"] = "block"
    times = [each["timeout_seconds"] for each in deciding if "timeout_seconds" in each]
    if times:
        made["timeout_seconds"] = max(times) if made.get("on_failure") == "degrade" else min(times)
    counts = [each["at_once"] for each in (one, two) if "at_once" in each]
    if counts:
        made["at_once"] = min(counts)
    if "breaker" in one and "breaker" in two:
        pair = (one["breaker"], two["breaker"])
        made["breaker"] = {
            "failures": max(each["failures"] for each in pair),
            "seconds": min(each["seconds"] for each in pair),
        }
    return made


def _blocks(handling: Handling) -> bool:
    return bool(handling.get("on_failure", "block") == "block")


def _word(handling: Handling, key: str) -> str:
    if key == "on_failure":
        return "block" if _blocks(handling) else "degrade"
    return json.dumps(handling[key]) if key in handling else "none"


def _check(document: Document, use: RailUse, index: int, handling: Handling, rail: Rail) -> None:
    """Raises ConfigError for what nothing enforces; ``handling`` is the rail's with what it inherits."""
    direction, written = use.direction, use.handling
    here = ("rails", direction, index)
    if written and rail.runs != "nemo":
        raise document.error(
            f"nothing enforces '{next(iter(written))}' of {rail.label}: it runs in the guard itself, and "
            "always blocks when it fails",
            *here,
            next(iter(written)),
            key=True,
        )
    if handling.get("on_failure") != "degrade":
        return
    last = "on_failure" if "on_failure" in written else "rail"
    if "timeout_seconds" not in handling:
        raise document.error(
            f"{rail.label} may be left out when it fails, and nothing says after how long",
            *here,
            last,
            help="add timeout_seconds",
        )
    catalogue = load_catalogue(latest_version())
    for flow in rail.directions[direction].flows:
        surface = catalogue.surface(direction, flow.split("$")[0].strip())
        if surface is None or surface["transform"] is not None:
            raise document.error(
                f"{rail.label} may rewrite what it reads, so it cannot be left out when it fails",
                *here,
                last,
                help="write 'on_failure: block'",
            )


def _counted(number: float, thing: str) -> str:
    return f"{number:g} {thing}{'' if number == 1 else 's'}"
