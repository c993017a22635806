"""How well personal data is found, beside plain Presidio: per entity, per kind of message, per trick.

Run: ``python benchmarks/pii.py [tune|measure|fresh|fresh2] [--seed N] [--each N] [--misses N] [--no-peer]``.
The set is generated (``pii_set``): templates for tuning and for measuring are separate, values come from the
seed. Obfuscated values are those of the section ``adversarial`` under each trick.
"""

from __future__ import annotations

import argparse
import logging
from collections import defaultdict
from collections.abc import Callable, Sequence

from pii_set.fresh import FRESH_TRICKS, fresh_disguise
from pii_set.rows import SETS, Row, rows
from pii_set.scoring import SOFT, Found, Score, score
from pii_set.tricks import TRICKS, disguised

from guardlint.pii import Detector

Finder = Callable[[str], Sequence[Found]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("set", nargs="?", choices=SETS, default="measure")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--each", type=int, default=5, help="messages from each template")
    parser.add_argument("--misses", type=int, default=0, help="show that many misses and false alarms")
    parser.add_argument("--profile", default="default")
    parser.add_argument("--no-peer", action="store_true", help="leave plain Presidio out")
    chosen = parser.parse_args()
    everything = rows(chosen.set, chosen.seed, chosen.each)
    plain = [row for row in everything if row.section != "adversarial"]
    attacks = [row for row in everything if row.section == "adversarial"]
    for name, find in finders(chosen.profile, peer=not chosen.no_peer).items():
        tell(name, plain, find, chosen.misses)
        _tell_tricks(attacks, find, chosen.misses, fresh=chosen.set.startswith("fresh"))


def finders(profile: str, *, peer: bool) -> dict[str, Finder]:
    """guardlint's detector, and plain Presidio's if asked for."""
    found: dict[str, Finder] = {"guardlint": Detector(profile).detect}
    if peer:
        from pii_set.peer import plain_presidio

        logging.getLogger("presidio-analyzer").setLevel(logging.CRITICAL)
        found["plain Presidio"] = plain_presidio(0.4)
    return found


def tell(name: str, plain: list[Row], find: Finder, misses: int, *, optional: frozenset[str] = SOFT) -> None:
    """Print what ``find`` is worth on those messages."""
    answers = [find(row.text) for row in plain]
    total = score(plain, answers, optional=optional)
    print(
        f"\n{name}: {len(plain):,} messages. partial F1 {total.partial:.3f} (P {total.precision:.3f}, R "
        f"{total.recall:.3f}), strict F1 {total.strict:.3f}, macro F1 {total.macro:.3f}, "
        f"{total.alarms:.1f} false alarms per 100 harmless messages"
    )
    sections: dict[str, tuple[list[Row], list[Sequence[Found]]]] = defaultdict(lambda: ([], []))
    for row, answer in zip(plain, answers, strict=True):
        sections[row.section][0].append(row)
        sections[row.section][1].append(answer)
    for section, (some, found) in sections.items():
        part = score(some, found, optional=optional)
        if section != "negative":
            print(f"  {section:11} partial {part.partial:.3f}  strict {part.strict:.3f}")
    _tell_entities(total)
    for word, counter in (("missed", total.missed), ("wrong", total.wrong)):
        for line, _ in list(counter.items())[:misses]:
            print(f"  {word}: {line!r}")


def _tell_entities(total: Score) -> None:
    line = [
        f"{entity} {counts.f1():.2f} ({counts.gold})"
        for entity, counts in sorted(total.counts.items(), key=lambda item: item[1].f1())
        if counts.gold
    ]
    for start in range(0, len(line), 6):
        print("   ", ", ".join(line[start : start + 6]))


def _tell_tricks(attacks: list[Row], find: Finder, misses: int, *, fresh: bool) -> None:
    hits = asked = 0
    disguise = fresh_disguise if fresh else disguised
    for trick in FRESH_TRICKS if fresh else TRICKS:
        some = [row for attack in attacks if (row := disguise(attack, trick)) is not None]
        if not some:
            continue
        part = score(some, [find(row.text) for row in some])
        counts = list(part.counts.values())
        hit, gold = sum(c.hit for c in counts), sum(c.gold for c in counts)
        hits, asked = hits + hit, asked + gold
        print(f"  {trick:18} {hit:4} of {gold:4}  {hit / max(1, gold):.2f}")
        for line, _ in list(part.missed.items())[: misses // 8]:
            print(f"    missed: {line!r}")
    if asked:
        print(f"  all tricks         {hits:4} of {asked:4}  {hits / asked:.3f}")


if __name__ == "__main__":
    main()
