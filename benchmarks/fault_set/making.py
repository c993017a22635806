"""Puts the guises on the bases."""

from __future__ import annotations

import difflib
import random
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from typing import Final

from .bases import all_bases
from .guises_code import CODE
from .guises_colang import COLANG
from .guises_modern import COLANG2
from .guises_more import MORE
from .guises_prompts import PROMPTS
from .guises_rails import RAILS
from .guises_structure import STRUCTURE
from .records import Base, Case, Files, Guise, fill

__all__ = ["all_cases", "all_guises"]

_PAIRS: Final = 60


def all_guises() -> tuple[Guise, ...]:
    """Every guise."""
    return (*STRUCTURE, *RAILS, *PROMPTS, *COLANG, *COLANG2, *CODE, *MORE)


def all_cases(seed: int) -> list[Case]:
    """Every guise on a few bases that it fits, and pairs of faults on one base.

    Each guise draws by its own name, so that a new one leaves the cases of the others, and NeMo's verdicts
    of them, as they are.
    """
    bases = all_bases()
    cases = []
    for guise in all_guises():
        fitting = [(base, files) for base in bases for files in guise.rewrite(base)]
        if not fitting:
            raise ValueError(f"{guise.fault}, {guise.name}: fits no base")
        chance = random.Random(f"{seed} {guise.fault} {guise.name}")
        chosen = chance.sample(fitting, min(guise.most, len(fitting)))
        cases += [_case(base, files, (guise,)) for base, files in chosen]
    return cases + list(_pairs(bases, random.Random(f"{seed} pairs")))


def _pairs(bases: list[Base], chance: random.Random) -> Iterator[Case]:
    faults = [guise for guise in all_guises() if guise.kind in "CD" and guise.judged]
    made = 0
    while made < _PAIRS:
        base = chance.choice(bases)
        one, other = chance.sample(faults, 2)
        if one.fault == other.fault:
            continue
        for files in one.rewrite(base):
            middle = Base(base.name, base.shape, base.words, files, base.probes)
            for both in other.rewrite(middle):
                if not _apart(base, files, both):
                    continue
                first, second = _case(base, files, (one,)), _case(middle, both, (other,))
                yield Case(
                    f"{base.name}: {one.name} + {other.name}",
                    (one, other),
                    base,
                    both,
                    first.places + second.places,
                    (files, _second_alone(base, files, both)),
                )
                made += 1
                break
            break


def _apart(base: Base, one: Files, both: Files) -> bool:
    """Whether the second edit leaves the lines of the first one alone and in another file."""
    first = {path for path in one if one[path] != base.files.get(path)}
    second = {path for path in both if both[path] != one.get(path)}
    return not first & second and set(one) <= set(both)


def _second_alone(base: Base, one: Files, both: Files) -> Files:
    """The base with the second edit only, which has its files to itself."""
    second = {path: text for path, text in both.items() if text != one.get(path)}
    return {**base.files, **second}


def _case(base: Base, files: Files, guises: Iterable[Guise]) -> Case:
    places: set[tuple[str, int]] = set()
    for path, text in files.items():
        before = base.files.get(path)
        if before is None:
            places.update((path, line) for line in range(1, text.count("\n") + 2))
        elif before != text:
            places.update((path, line) for line in _changed(before, text))
    for path in base.files:
        if path not in files:
            places.add((path, 1))
    for guise in guises:
        for pattern, words in guise.at:
            places.update(
                (path, number)
                for path, text in files.items()
                if fnmatch(path, pattern)
                for number, line in enumerate(text.splitlines(), 1)
                if fill(words, base.words) in line
            )
    return Case(
        f"{base.name}: {', '.join(f'{g.fault}, {g.name}' for g in guises)}",
        tuple(guises),
        base,
        files,
        (frozenset(places),),
    )


def _changed(before: str, after: str) -> Iterator[int]:
    matcher = difflib.SequenceMatcher(None, before.splitlines(), after.splitlines(), autojunk=False)
    for tag, _, _, start, end in matcher.get_opcodes():
        if tag == "delete":
            yield from (start, start + 1)
        elif tag != "equal":
            yield from range(start + 1, end + 1)
