"""Hostile configurations: one to four tricks in a sound one, each made from the seed and its number."""

from __future__ import annotations

import random
import sys
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final

from .records import Case, Team, Trick
from .tricks_code import TRICKS as CODE
from .tricks_colang import TRICKS as COLANG
from .tricks_files import TRICKS as FILES
from .tricks_yaml import TRICKS as YAML

__all__ = ["FAMILIES", "TRICKS", "answering", "make", "sound_bases"]

FAMILIES: Final[dict[str, dict[str, Trick]]] = {
    "Colang": COLANG, "YAML": YAML, "files": FILES, "code": CODE,
}  # fmt: skip
TRICKS: Final[dict[str, Trick]] = {
    name: trick for family in FAMILIES.values() for name, trick in family.items()
}


@lru_cache(maxsize=1)
def sound_bases() -> tuple[tuple[str, dict[str, bytes], dict[str, str]], ...]:
    """The sound configurations of ``fault_set``, each judged to work by NeMo: name, files, words."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from fault_set.bases import all_bases

    return tuple(
        (base.name, {path: text.encode() for path, text in base.files.items()}, dict(base.words))
        for base in all_bases()
    )


def make(number: int, seed: int = 1, model_url: str | None = None) -> Case:
    """The configuration of that number: a family is chosen first, so that no large one crowds out others.

    With ``model_url`` its models answer there, so that its own rails can run.
    """
    dice = random.Random(f"{seed}/{number}")
    name, files, words = dice.choice(sound_bases())
    team = Team(dict(files), words)
    if model_url is not None:
        team.change(partial(answering, url=model_url))
    chosen = []
    for _ in range(dice.choice((1, 1, 2, 2, 3, 4))):
        trick = dice.choice(list(FAMILIES[dice.choice(list(FAMILIES))]))
        TRICKS[trick](team, dice)
        chosen.append(trick)
    return Case(number, name, tuple(chosen), team.files)


def answering(data: dict[str, Any], url: str) -> None:
    for model in data.get("models") or []:
        model["engine"] = "openai"
        model["parameters"] = {**(model.get("parameters") or {}), "base_url": url}
