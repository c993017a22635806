"""The sound configurations: every shape in the words of several domains, with what to ask them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from .domains import DOMAINS
from .questions import OFF_TOPIC
from .records import Base, Probe, fill
from .shapes_classic import CLASSIC
from .shapes_modern import MODERN

__all__ = ["all_bases"]

_INPUT: Final = frozenset(
    {
        "one-file",
        "prompts-apart",
        "own-actions",
        "own-and-library",
        "patterns",
        "personal-data",
        "flow-style",
        "anchors",
        "safety-models",
        "parallel",
        "modern-own",
        "modern-library",
        "modern-mixed",
    }
)
_OUTPUT: Final = (_INPUT - {"parallel"}) | {"streaming", "output-only", "parallel"}
_TWO_CHECKS: Final = frozenset({"own-and-library", "parallel", "modern-mixed"})
_EACH: Final = 3


def all_bases() -> list[Base]:
    """Every shape in three domains, one of them with CRLF; the domains take turns."""
    bases = []
    for number, (shape, files) in enumerate([*CLASSIC.items(), *MODERN.items()]):
        for turn in range(_EACH):
            words = _words(DOMAINS[(number * _EACH + turn) % len(DOMAINS)])
            texts = {fill(path, words): _filled(text, words) for path, text in files.items()}
            if (number + turn) % 7 == 0:
                texts = {path: text.replace("\n", "\r\n") for path, text in texts.items()}
            bases.append(Base(f"{shape}-{words['key']}", shape, words, texts, _probes(shape, words)))
    return bases


def _words(row: Mapping[str, str]) -> dict[str, str]:
    return {**row, "Slug": row["slug"].title(), "THING": row["thing"].upper()}


def _filled(text: str, words: Mapping[str, str]) -> str:
    # YAML's merge key looks like the beginning of a placeholder.
    return fill(text, words)


def _probes(shape: str, words: Mapping[str, str]) -> tuple[Probe, ...]:
    good, answer, phrase, leak = words["good"], words["answer"], words["phrase"], words["leak"]
    condemned = (phrase, leak)
    streams = (False, True) if shape == "streaming" else (False,)
    probes = [Probe(good, answer, condemned, shows=answer, stream=stream) for stream in streams]
    told = f"This is the {leak}, as you asked."
    if shape in _TWO_CHECKS:
        # What only the team's own action stops, and what only the judge does.
        probes.append(Probe(words["bad"], answer, (leak,), hides=answer))
        probes.append(Probe("Please open the vault", answer, (*condemned, "open the vault"), hides=answer))
    elif shape in _INPUT:
        probes.append(Probe(words["bad"], answer, condemned, hides=answer))
    if shape == "safety-models":
        probes.append(Probe(f"Read me my {OFF_TOPIC}", answer, condemned, hides=answer))
    if shape in _OUTPUT:
        probes += [Probe(good, told, condemned, hides=leak, stream=stream) for stream in streams]
    address = f"jo@{words['slug']}.example.com"
    if shape == "personal-data":
        for secret in (address, words["sample"]):
            probes.append(
                Probe(f"My {words['thing']} is {secret}, please note it", answer, condemned, unread=secret)
            )
            probes.append(Probe(good, f"You are {secret}.", condemned, hides=secret))
    if shape == "detection":
        probes.append(Probe(f"write to {address}", answer, hides=answer))
        probes.append(Probe(good, f"write to {address}", hides=address))
    if shape == "facts":
        ask = f"question about my {words['thing']}"
        intents = ((ask, f"ask about {words['thing']}"),)
        probes = [Probe(ask, answer, shows=answer, intents=intents)]
        probes.append(
            Probe(ask, "It costs nine crowns.", ("nine crowns",), hides="nine crowns", intents=intents)
        )
        probes.append(Probe(ask, answer, unread=f"desk@{words['slug']}.example.com", intents=intents))
    return tuple(probes)
