"""What finding personal data costs, beside plain Presidio on the same model in the same run.

Run: ``python benchmarks/pii_speed.py [cpu] [load] [conversation]`` with the development lock installed; all
three without a name, in under four minutes on an idle machine.

``cpu``: processor time of one call for each of 200 generated chat messages (``pii_set/chat.py``: 10 to 400
words, half with personal data); both engines read a message in turn, so a busy machine slows both. For the
nine and the seven entities of the comparison with the peers, the findings are compared with Presidio's span
by span, and the differences with the labels of the set.
``load``: 16 callers at once against processes of our own, and against Presidio as it is used: called in the
event loop, or in threads; and how long the host's event loop is held up meanwhile.
``conversation``: ten turns, each with all messages so far, with and without the cache of findings.
"""

from __future__ import annotations

import argparse
import logging
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from pii_set.chat import chat
from pii_set.peer import for_entities, plain_presidio
from pii_set.rows import Row

from guardlint.pii import PROFILES, Detector, Profile

MESSAGES = 200
SEVEN = ("EMAIL_ADDRESS", "PHONE_NUMBER", "UK_NINO", "IBAN_CODE", "CREDIT_CARD", "IP_ADDRESS", "UK_SORT_CODE")
NINE = (*SEVEN, "PERSON", "LOCATION")
THRESHOLD = 0.4
"""guardlint's for each of these entities, so Presidio is asked with the same."""
ROUNDS = 2


def main() -> int:
    """Measure what was asked for; 1 when a figure is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parts = {"cpu": cpu, "load": load, "conversation": conversation}
    parser.add_argument("part", nargs="*", choices=[*parts, []], default=[])
    chosen = parser.parse_args().part or list(parts)
    logging.getLogger("presidio-analyzer").setLevel(logging.CRITICAL)
    reached = [parts[name]() for name in parts if name in chosen]
    return int(not all(reached))


def figure(name: str, measured: float, wanted: float, *, least: bool = False, unit: str = "x") -> bool:
    """Print one line; whether the figure is reached."""
    reached = measured >= wanted if least else measured <= wanted
    sign = ">=" if least else "<="
    print(
        f"  {name:58} {measured:8.3f} {unit:2} {sign} {wanted:<5} {'' if reached else 'MISSED'}", flush=True
    )
    return reached


def cpu() -> bool:
    """One call, one message."""
    rows = chat(MESSAGES)
    words = [len(row.text.split()) for row in rows]
    print(f"cpu: {len(rows)} messages of {min(words)} to {max(words)} words, as ratios to plain Presidio")
    texts = [row.text for row in rows]
    default = times(texts, plain_presidio(THRESHOLD), Detector().detect)
    nine, seven = _same(rows, NINE), _same(rows, SEVEN)
    return all(
        [
            figure("default profile, 48 entities: mean", mean(*default), 0.75),
            figure("nine entities, same detections: mean", mean(*nine), 0.50),
            figure("seven structured entities, same detections: median", median(*seven), 0.03),
            figure("seven structured entities, same detections: mean", mean(*seven), 0.09),
        ]
    )


def _same(rows: Sequence[Row], entities: Sequence[str]) -> tuple[list[float], list[float]]:
    presidio, ours = for_entities(entities, THRESHOLD), Detector(profile_of(entities)).detect
    tell_differences(rows, presidio, ours, entities)
    return times([row.text for row in rows], presidio, ours)


def profile_of(entities: Iterable[str]) -> Profile:
    """guardlint's profile for these entities."""
    return PROFILES["everything"].only(entities)


def times(
    texts: Sequence[str], presidio: Callable[[str], object], ours: Callable[[str], object]
) -> tuple[list[float], list[float]]:
    """Seconds of the processor for each text, theirs and ours; the best of some rounds, taking turns."""
    best = [float("inf")] * len(texts), [float("inf")] * len(texts)
    for find in (presidio, ours):
        find(texts[0])
    for _ in range(ROUNDS):
        for index, text in enumerate(texts):
            for series, find in zip(best, (presidio, ours), strict=True):
                start = time.process_time()
                find(text)
                series[index] = min(series[index], time.process_time() - start)
    return best


def mean(theirs: Sequence[float], ours: Sequence[float]) -> float:
    """Our mean by theirs."""
    return statistics.mean(ours) / statistics.mean(theirs)


def median(theirs: Sequence[float], ours: Sequence[float]) -> float:
    """Our median by theirs."""
    return statistics.median(ours) / statistics.median(theirs)


def tell_differences(
    rows: Sequence[Row], presidio: Callable[[str], Any], ours: Callable[[str], Any], entities: Sequence[str]
) -> None:
    """Print how many findings are the same, and who is right about the others."""
    counts: Counter[str] = Counter()
    lost: list[str] = []
    for row in rows:
        gold = {(one.start, one.end, one.entity) for one in row.gold}
        theirs = {(one.start, one.end, one.entity) for one in presidio(row.text)}
        found = {(one.start, one.end, one.entity) for one in ours(row.text)}
        counts["both"] += len(theirs & found)
        for spans, name in ((found - theirs, "only ours"), (theirs - found, "only Presidio's")):
            for span in spans:
                right = span in gold
                counts[f"{name}, {'right' if right else 'wrong'}"] += 1
                if right != (name == "only ours"):
                    lost.append(f"{name}: {span[2]} {row.text[span[0] : span[1]]!r}")
    told = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
    print(f"  findings of {len(entities)} entities, by offsets and entity: {told}")
    for line in lost[:20]:
        print(f"    {line}")


def load() -> bool:
    """Sixteen at once."""
    import pii_load

    print("load: 16 callers at once, ratios of messages in a second")
    texts = [row.text for row in chat(MESSAGES)]
    presidio = pii_load.presidio(texts, plain_presidio(THRESHOLD))
    held = []
    reached = True
    for name, profile in {"default profile": PROFILES["default"], "nine entities": profile_of(NINE)}.items():
        ours = pii_load.processes(texts, profile)
        reached &= figure(f"{name}: throughput", ours.each_second / presidio.each_second, 3.5, least=True)
        held.append(ours)
    for ours, name in zip(held, ("default profile", "nine entities"), strict=True):
        reached &= figure(f"{name}: the host's event loop is late, median", ours.late(0.5), 1, unit="ms")
        reached &= figure(f"{name}: the host's event loop is late, most", ours.late(1.0), 20, unit="ms")
    return reached


def conversation() -> bool:
    """Ten turns."""
    import pii_load

    print("conversation: ten turns, all messages sent again with each; processor time")
    detector = Detector()
    texts = [row.text for row in chat(MESSAGES)]
    with_cache, together = pii_load.conversations(texts, detector.detect_all)
    print(f"  without a cache, but the messages of a turn read together: {with_cache / together:.3f} x")
    with_cache, without = pii_load.conversations(texts, lambda some: [detector.detect(text) for text in some])
    return figure("with the cache, against reading every message again", with_cache / without, 0.2)


if __name__ == "__main__":
    raise SystemExit(main())
