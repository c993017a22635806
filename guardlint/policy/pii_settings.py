"""Settings of a rail that runs on ``guardlint.pii``; of these, scores by entity from which on a find counts.

The lower a score, the more is found. Each entity is a floor of its own: what a policy, or a team, writes is
laid over what held, and an entity that nobody names has the detector's usual score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from guardlint.policy.documents import Document
from guardlint.source.names import closest

__all__ = ["check_pii_settings", "idle_score", "laid_over", "lower_of", "scores_as_tight", "wrong_scores"]

_SETTINGS = ("action", "entities", "restore", "thresholds")
_NEEDED = ("action", "entities")
_SCORES = "thresholds"


def check_pii_settings(document: Document) -> None:
    """Raises ConfigError for a setting that does nothing, for one that is missing, and for bad scores.

    Other rails have no scores: a mapping of theirs has no order that goes up or down.
    """
    data = document.data
    settings = data.get("settings", {})
    is_pii = data["runs"] == "pii"
    for name, entry in settings.items():
        if is_pii and name not in _SETTINGS:
            near = closest(name, _SETTINGS)
            raise document.error(
                f"a rail that runs in 'pii' has no setting '{name}'",
                "settings",
                name,
                key=True,
                help=f"did you mean '{near}'?" if near else f"its settings: {', '.join(_SETTINGS)}",
            )
        is_mapping = isinstance(entry["default"], dict)
        if is_pii and name == _SCORES:
            _check_scores(document, entry, settings.get("entities", {}).get("values"), is_mapping)
        elif is_mapping and entry["tighter"] in ("lower", "higher"):
            raise document.error("a mapping does not get lower or higher", "settings", name, "tighter")
    for name in _NEEDED if is_pii else ():
        if name not in settings:
            raise document.error(
                f"a rail that runs in 'pii' has the setting '{name}'",
                *(("settings",) if settings else ("runs",)),
                key=True,
            )


def _check_scores(
    document: Document, entry: Mapping[str, Any], names: Sequence[str] | None, is_mapping: bool
) -> None:
    path = ("settings", _SCORES)
    if not is_mapping or entry["tighter"] != "lower":
        raise document.error("scores by entity are a mapping that is tighter when 'lower'", *path, key=True)
    for bound in ("minimum", "maximum"):
        if not 0 <= entry.get(bound, 0) <= 1:
            raise document.error("a score is a number from 0 to 1", *path, bound)
    wrong = wrong_scores(entry["default"], names, entry.get("minimum"), entry.get("maximum"))
    if wrong is not None:
        raise document.error(f"the default {wrong[0]}", *path, "default", help=wrong[1])


def scores_as_tight(value: Mapping[str, float], floor: Mapping[str, float]) -> bool:
    """Whether no entity needs a higher score than in ``floor``."""
    return all(_of(value, name) <= _of(floor, name) for name in {*value, *floor})


def lower_of(one: Mapping[str, float], two: Mapping[str, float]) -> dict[str, float]:
    """Of two mappings the lower score of each entity."""
    return {name: min(_of(one, name), _of(two, name)) for name in sorted({*one, *two})}


def laid_over(tighter: str, value: Any, held: Any) -> Any:
    """``value`` over the scores that held; any other value of a setting as it is."""
    if tighter == "lower" and isinstance(value, Mapping) and isinstance(held, Mapping):
        return {**held, **value}
    return value


def wrong_scores(
    value: object, names: Sequence[str] | None, least: float | None, most: float | None
) -> tuple[str, str | None] | None:
    """What is wrong with scores for the entities ``names`` (None: all), and a hint, or None."""
    known = _all_entities() if names is None else names
    if not isinstance(value, Mapping):
        return "is a mapping of entities to scores", None
    for name, score in value.items():
        if name not in known:
            near = closest(str(name), known) or next(
                (other for other in known if str(name).upper() in other.split("_")), None
            )
            return f"names '{name}', which the rail cannot look for", (
                f"did you mean '{near}'?" if near else None
            )
        if isinstance(score, bool) or not isinstance(score, int | float):
            return f"has '{score}' for {name}, which is no number", None
        if score < (least or 0.0):
            return f"has {score:g} for {name}, below {least or 0.0:g}", None
        if score > (1.0 if most is None else most):
            return f"has {score:g} for {name}, above {1.0 if most is None else most:g}", None
    return None


def idle_score(written: Mapping[str, Any], settings: Mapping[str, Any]) -> str | None:
    """The first entity with a score in ``written`` that is not looked for: its score would do nothing."""
    from guardlint.pii.profiles import profile_named

    entities = settings["entities"]
    looked_for = profile_named("default").entities if entities == "default" else set(entities)
    return next((name for name in written.get(_SCORES, ()) if name not in looked_for), None)


def _all_entities() -> list[str]:
    from guardlint.pii.profiles import profile_named

    return sorted(profile_named("everything").entities)


def _of(scores: Mapping[str, float], name: str) -> float:
    from guardlint.pii.profiles import USUAL_SCORE

    return scores.get(name, USUAL_SCORE)
