"""A score threshold that is higher than what Presidio ever gives an entity.

What it does: compares ``score_threshold`` of the ``detect sensitive data on …`` rails, and the 0.4 that the
``mask sensitive data on …`` rails always use, with the best score of each listed entity: Presidio's own as
measured, a recognizer's as written.

Why it matters: everything below the threshold is dropped. Names score 0.85 and telephone numbers 0.75 at
best, so a threshold of 0.9 finds none of them. Above 1 every message ends in an internal error.

How to fix: lower the threshold (0.6 or less), or raise the score of the recognizer's pattern.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.personal_data import (
    SECTION,
    active_sources,
    as_number,
    best_pattern,
    entities,
    recognizers,
    scores,
)
from guardlint.nemo.taint import DETECTING, MASKING
from guardlint.rules._mends import replace_value
from guardlint.rules.rule import Found, Project, Rule
from guardlint.source.place import Place
from guardlint.source.record import replace
from guardlint.source.yaml_file import DataPath

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="unsafe", controls=("LLM02:2025",))

_MASKED_FROM = 0.4
_HIGH = 0.6


def check(project: Project) -> Iterator[Found]:
    """One finding for each threshold, and for each pattern that scores too low."""
    configuration = project.configuration
    said: set[Place] = set()
    for source, steps in active_sources(configuration).items():
        path: DataPath = (*SECTION, source, "score_threshold")
        written = configuration.value(path)
        used: list[float] = []
        if any(step.action in MASKING for step in steps):
            used.append(_MASKED_FROM)
        if any(step.action in DETECTING for step in steps):
            threshold = as_number(configuration.effective(path))
            if threshold is not None and not 0 <= threshold <= 1:
                place = configuration.place(path)
                if place not in said:
                    said.add(place)
                    mend = replace_value(configuration, path, _MASKED_FROM, safe=False)
                    yield replace(_beyond(place, path, threshold), fix=mend)
                continue
            used.append(threshold if threshold is not None else 0.2)
        for found in (
            *_of_presidio(configuration, source, path, used, written),
            *_of_recognizers(configuration, source, path, used),
        ):
            if found.place not in said:
                said.add(found.place)
                yield found


def _beyond(place: Place, path: DataPath, threshold: float) -> Found:
    return Found(
        f"`score_threshold` is {threshold:g}, and scores lie between 0 and 1",
        place,
        "the rail raises: every message ends in an internal error",
        "write a number up to 0.6, e.g. `score_threshold: 0.4`",
        path=path,
        value=threshold,
    )


def _of_presidio(
    configuration: Configuration, source: str, path: DataPath, used: list[float], written: Any
) -> Iterator[Found]:
    """What the written threshold of a detecting rail drops of Presidio's own entities."""
    threshold = max(used)
    if as_number(written) != threshold or threshold <= _MASKED_FROM:
        return
    own = {item.entity for item in recognizers(configuration)}
    known = {
        name: found
        for name, _ in entities(configuration, source)
        if name not in own and (found := scores(name)) is not None
    }
    silenced = [name for name, (_, best) in known.items() if best < threshold]
    weaker = [name for name, (plain, best) in known.items() if plain < threshold <= best]
    if silenced:
        best = max(known[name][1] for name in silenced)
        highest = ", ".join(f"{name} {known[name][1]:g}" for name in silenced)
        yield Found(
            f"no {_listed(silenced)} reaches a `score_threshold` of {threshold:g}",
            configuration.place(path),
            f"the rail lets them through and logs no word: the best scores are {highest}",
            f"lower it, e.g. `score_threshold: {min(best, _HIGH):g}`",
            path=path,
            value=silenced,
            fix=replace_value(configuration, path, min(best, _HIGH), safe=False),
        )
    elif weaker and threshold > _HIGH:
        yield Found(
            f"few {_listed(weaker)} reach a `score_threshold` of {threshold:g}",
            configuration.place(path),
            "the rail finds them only beside a word such as `phone` or `ssn`, and lets all others through",
            f"lower it, e.g. `score_threshold: {min(known[name][0] for name in weaker):g}`",
            path=path,
            value=weaker,
            severity="warning",
            confidence="medium",
            fix=replace_value(configuration, path, min(known[name][0] for name in weaker), safe=False),
        )


def _of_recognizers(
    configuration: Configuration, source: str, path: DataPath, used: list[float]
) -> Iterator[Found]:
    wanted = {name for name, _ in entities(configuration, source)}
    threshold = max(used)
    for item in recognizers(configuration):
        found = best_pattern(item.data)
        if item.entity not in wanted or found is None or not item.speaks_english:
            continue
        if scores(item.entity) is not None or any(
            other.entity == item.entity and other.path != item.path for other in recognizers(configuration)
        ):
            continue  # another recognizer finds it too
        score, where = found
        if score >= threshold or (item.data.get("context") and max(score + 0.35, 0.4) >= threshold):
            continue
        verb = "masked" if threshold == _MASKED_FROM and len(used) == 1 else "found"
        written = as_number(configuration.value(path))
        if written == threshold and score >= _HIGH:
            place, mend = configuration.place(path), f"lower it, e.g. `score_threshold: {_HIGH:g}`"
            fix = replace_value(configuration, path, _HIGH, safe=False)
        else:
            place = configuration.place((*item.path, *where))
            mend = f"give the pattern a score of {max(threshold, _HIGH):g} or more"
            fix = replace_value(configuration, (*item.path, *where), max(threshold, _HIGH), safe=False)
        drops = "the masking rails drop" if verb == "masked" else "the rail drops"
        yield Found(
            f"no `{item.entity}` is {verb}: its pattern scores {score:g}",
            place,
            f"{drops} everything below {threshold:g}, whatever the pattern finds",
            mend,
            path=(*item.path, *where),
            value=(item.entity, score),
            fix=fix,
        )


def _listed(names: list[str]) -> str:
    shown = [f"`{name}`" for name in names]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
