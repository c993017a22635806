"""The native step ``pii``: personal data out of every text, before any model sees it."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from guardlint.guard.plan import Plan, Step
from guardlint.guard.seen import SeenTexts

if TYPE_CHECKING:
    from guardlint.pii import Detector, Profile, Span

__all__ = ["Masker", "Masking"]

_WARM_UP: Final = "Call Jane Smith on 020 7946 0018."
_THREADS: Final = 2


@dataclass(frozen=True, slots=True)
class Masking:
    """The outcome for a list of texts: ``texts`` in the same order, ``entities`` counted over all of them."""

    texts: list[str]
    entities: Counter[str]


class Masker:
    """The detectors of a plan and the threads they run in, so that no event loop waits for them.

    Texts found clean are remembered by a keyed hash and not looked at again.
    """

    def __init__(self, plan: Plan) -> None:
        """Build and warm the detectors (seconds).

        Raises RuntimeUnavailable when Presidio or its model is missing, ConfigError for an unknown entity.
        """
        from guardlint.pii import Detector

        profiles = {_profile(step) for step in plan.pii_steps()}
        self._detectors = {profile: Detector(profile, strict=True) for profile in profiles}
        for detector in self._detectors.values():
            detector.detect(_WARM_UP)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="guardlint-pii")
        self._clean = SeenTexts()

    async def mask(self, step: Step, texts: Sequence[str]) -> Masking:
        """Replace what ``step`` asks for in each text by ``<ENTITY>``.  Raises what a detector raises."""
        profile = _profile(step)
        label = repr(profile)
        result = Masking(list(texts), Counter())
        todo = [index for index, text in enumerate(texts) if not self._clean.knows(label, text)]
        if not todo:
            return result
        detector, loop = self._detectors[profile], asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, _detect, detector, [texts[index] for index in todo])
        for index, spans in zip(todo, found, strict=True):
            if spans:
                result.entities.update(span.entity for span in spans)
                result.texts[index] = _masked(texts[index], spans)
            else:
                self._clean.remember(label, texts[index])
        return result

    def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _profile(step: Step) -> Profile:
    from guardlint.pii import PROFILES

    profile = PROFILES["default"]
    if step.entities is not None:
        profile = profile.only(step.entities)
    return replace(
        profile,
        thresholds=tuple((name, step.thresholds.get(name, least)) for name, least in profile.thresholds),
    )


def _detect(detector: Detector, texts: Iterable[str]) -> list[list[Span]]:
    return [detector.detect(text) for text in texts]


def _masked(text: str, spans: Sequence[Span]) -> str:
    """``text`` with its spans replaced.  What was JSON (the arguments of a tool call) stays JSON."""
    quote = text[:1] in ("{", "[") and _is_json(text)
    parts: list[str] = []
    position = 0
    for span in spans:
        name = f"<{span.entity}>"
        if quote and not _in_string(text, span.start):
            name = f'"{name}"'  # a number lost its digits; as a string it is JSON again
        parts += (text[position : span.start], name)
        position = span.end
    return "".join((*parts, text[position:]))


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _in_string(text: str, position: int) -> bool:
    inside = escaped = False
    for character in text[:position]:
        if escaped:
            escaped = False
        elif inside and character == "\\":
            escaped = True
        elif character == '"':
            inside = not inside
    return inside
