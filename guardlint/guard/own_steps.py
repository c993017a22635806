"""The steps that the guard runs itself: personal data, and company rails that read texts natively."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter

from guardlint.engines import Direction, RailsVerdict
from guardlint.guard.call import Call, put_texts
from guardlint.guard.crossing import Deadline, fits_here
from guardlint.guard.masking import Masker
from guardlint.guard.meetings import meeting_texts, neighbours, reply_meeting_texts
from guardlint.guard.messages import Message, from_outside, text_slots
from guardlint.guard.noting import note
from guardlint.guard.plan import Step
from guardlint.guard.released import ReleasedTexts

__all__ = ["ask_native", "mask"]


async def mask(
    masker: Masker,
    hook: Direction,
    step: Step,
    call: Call,
    reply: list[Message] | None,
    deadline: Deadline,
    released: ReleasedTexts,
) -> None:
    """Personal data out of ``reply``, or out of the call's messages and context where there is none.

    A released reply that is masked when it comes back is a released reply all the same.
    """
    started = perf_counter()
    messages, context = (call.messages, call.context) if reply is None else (reply, [])
    places = [(index, slot) for index, message in enumerate(messages) for slot in text_slots(message)]
    texts = [slot.text for _, slot in places]
    texts += context
    verdict = RailsVerdict("passed")
    try:
        meeting = neighbours(messages, places, context) if len(texts) > 1 else ()
        masking = await masker.mask(step, texts, call.pseudonyms, deadline, meeting)
    except Exception:  # noqa: BLE001 - a detector that breaks lets nothing through
        verdict = RailsVerdict.broken(step.rail)
        call.block("personal-data-failed", rail=step.rail, error=True)
    else:
        call.entities.update(masking.entities)
        if masking.blocked:
            verdict = RailsVerdict("blocked", rail=step.rail)
            call.block("personal-data", rail=step.rail)
        elif masking.entities:
            verdict = RailsVerdict("modified")
            put_texts(
                messages,
                {(i, slot.path): text for (i, slot), text in zip(places, masking.texts, strict=False)},
            )
            context[:] = masking.texts[len(places) :]
            call.changed = True
            if reply is None and call.strangers is not None:
                released.remember(*_own_replies(call))
    verdict.rails = (step.rail,) if step.rail else ()
    note(hook, step, None, (verdict,), len(texts), started, call)


async def ask_native(
    hook: Direction, step: Step, call: Call, reply: list[Message] | None, deadline: Deadline
) -> None:
    """Every text from outside each time, the context too: it costs less than to remember the texts."""
    assert step.native is not None, "a native step has its check"
    started = perf_counter()
    strangers = call.strangers or frozenset()
    if reply is None:
        outside = [
            message
            for index, message in enumerate(call.messages)
            if index >= call.history and (from_outside(message) or index in strangers)
        ]
        texts = [slot.text for message in outside for slot in text_slots(message)]
        texts += call.context
    else:
        texts = [slot.text for message in reply for slot in text_slots(message)]
    checked = len(texts)
    if step.native.reads_seams:
        texts += (
            meeting_texts(call.messages, call.context, strangers, call.history)
            if reply is None
            else reply_meeting_texts(text_slots(reply[0]))
        )
    if not fits_here(texts):
        await deadline.cross()
    verdict = RailsVerdict("passed")
    try:
        code = step.native.check(texts)
        if code is not None:
            verdict = RailsVerdict("blocked", rail=step.rail)
            call.block("rail", rail=step.rail, code=code)
    except Exception:  # noqa: BLE001 - a check that breaks lets nothing through
        verdict = RailsVerdict.broken(step.rail)
        call.block("rail-failed", rail=step.rail, error=True)
    verdict.rails = (step.rail or "",)
    note(hook, step, None, (verdict,), checked, started, call)


def _own_replies(call: Call) -> Sequence[Message]:
    strangers = call.strangers or ()
    return [
        message
        for index, message in enumerate(call.messages)
        if message["role"] == "assistant" and index >= call.history and index not in strangers
    ]
