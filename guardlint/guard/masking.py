"""The native step ``pii``: personal data out of every text, before any model sees it."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from guardlint.guard.crossing import Deadline
from guardlint.guard.detecting import Detectors
from guardlint.guard.leaf_spans import applied, own_spans
from guardlint.guard.plan import Plan, Step
from guardlint.guard.seam_spans import across, masked, not_within
from guardlint.guard.seams import Chain, joined_texts

if TYPE_CHECKING:
    from guardlint.pii import Profile, Pseudonyms, Span, Transformer

__all__ = ["Masker", "Masking"]

_KEY_VARIABLE: Final = "GUARDLINT_PII_HASH_KEY"
_BATCH_SHARE: Final = 0.8  # of the plan's deadline: a hung detector is found out before the call is

_WHOLE: Final = 2_000  # characters of one message's parts that are read as a whole


@dataclass(frozen=True, slots=True)
class Masking:
    """The outcome for a list of texts: ``texts`` in the same order, ``entities`` counted over all of them.

    ``blocked``: an entity was found that the step lets nobody pass with.
    """

    texts: list[str]
    entities: Counter[str] = field(default_factory=Counter)
    blocked: bool = False


class Masker:
    """The detectors of a plan.  Findings of texts seen before are remembered under a keyed hash."""

    def __init__(self, plan: Plan) -> None:
        """Raises ConfigError for an unknown entity, or for hashing without a key."""
        from guardlint.pii import SpanCache, Transformer

        steps = plan.pii_steps()
        self._profiles = {step: _profile(step) for step in steps}
        self._transformers = {step: Transformer(step.action, step.actions, key=_key(step)) for step in steps}
        distinct = list(dict.fromkeys(self._profiles.values()))
        self._labels = {profile: str(number) for number, profile in enumerate(distinct)}
        self._detectors = Detectors(distinct, limit=plan.timeout * _BATCH_SHARE)
        self._seen = SpanCache()

    async def start(self) -> None:
        """Start the detectors (seconds).  Raises RuntimeUnavailable when Presidio or its model is missing."""
        await self._detectors.start()

    async def mask(
        self,
        step: Step,
        texts: Sequence[str],
        pseudonyms: Pseudonyms,
        deadline: Deadline,
        neighbours: Sequence[Chain] = (),
    ) -> Masking:
        """Do with each text what ``step`` asks for; crosses for a text not seen before.

        What stands across a seam of ``neighbours`` is found too, and counted once.
        Raises DetectionFailed.
        """
        transformer = self._transformers[step]
        result = Masking(list(texts))
        blocked = False
        joined = [one for chain in neighbours for one in joined_texts(texts, chain, _WHOLE)]
        found = await self.find(step, [*texts, *(one.text for one in joined)] if joined else texts, deadline)
        findings = across(joined, found[len(texts) :], found) if joined else []
        for index, (text, spans) in enumerate(zip(texts, found, strict=False)):
            if findings:
                spans = not_within(spans, index, findings)
            spans = own_spans(text, spans)
            if spans:
                result.entities.update(span.entity for span in spans)
                blocked = blocked or transformer.blocks(spans)
                result.texts[index] = applied(text, spans, transformer, pseudonyms)
        if findings:
            result.entities.update(one.entity for one in findings)
            blocked = blocked or transformer.blocks([one.span for one in findings])
            for index, text in masked(texts, found, findings, transformer, pseudonyms).items():
                result.texts[index] = text
        return replace(result, blocked=blocked)

    def transformer(self, step: Step) -> Transformer:
        """What does with findings as ``step`` says."""
        return self._transformers[step]

    async def find(
        self, step: Step, texts: Sequence[str], deadline: Deadline, *, remember: bool = True
    ) -> list[Sequence[Span]]:
        """What ``step`` finds in each text; crosses for a text not seen before.

        Raises DetectionFailed.
        """
        profile = self._profiles[step]
        label = self._labels[profile]
        found: list[Sequence[Span] | None] = [self._seen.get(label, text) for text in texts]
        todo: dict[str, list[int]] = {}
        for index, spans in enumerate(found):
            if spans is None:
                todo.setdefault(texts[index], []).append(index)
        if todo:
            await deadline.cross()
            new = await self._detectors.detect(profile, list(todo))
            for (text, places), answer in zip(todo.items(), new, strict=True):
                if remember:
                    self._seen.put(label, text, tuple(answer))
                for index in places:
                    found[index] = answer
        return [spans or () for spans in found]

    @property
    def pids(self) -> list[int]:
        """The process ids of the detectors."""
        return self._detectors.pids

    async def close(self) -> None:
        """Let the processes go."""
        await self._detectors.close()


def _profile(step: Step) -> Profile:
    from guardlint.pii import PROFILES

    profile = PROFILES["default"]
    if step.entities is not None:
        profile = profile.only(step.entities)
    profile = replace(
        profile,
        thresholds=tuple((name, step.thresholds.get(name, least)) for name, least in profile.thresholds),
    )
    if step.recognizers:
        profile = profile.with_custom(step.recognizers)
    if step.models:
        profile = profile.with_models(step.models)
    return profile.allowing(step.allow_list) if step.allow_list else profile


def _key(step: Step) -> bytes | None:
    """The key of hashes: from the environment, so that digests join across processes."""
    if "hash" not in {step.action, *step.actions.values()}:
        return None
    secret = os.environ.get(_KEY_VARIABLE, "")
    return hmac.digest(secret.encode(), b"guardlint pii hash", hashlib.sha256) if secret else None
