"""Guarded streams: what leaks or changes at random cuts, what the hold-back costs, how long it holds.

Run: ``python benchmarks/streams.py [--splits N] [--samples N] [--processes N]`` (about 4 minutes on two cores
for 100,000 splits).

Samples are replies made of the labelled set's templates (``pii_set``: three languages and their disguises),
with tables, SQL, PEM keys, arguments of tool calls and long prose between them. Every split of a sample is
compared at every release with the unsplit stream and with the mask of the whole text: text that either would
have masked is a leak. Detection is the real one; windows seen before are remembered, which is what makes so
many splits possible, and cannot hide anything: what a window is follows from the text alone.
Forbidden phrases of 3 to 40 words, and patterns that reach over as much, are looked for at random places too.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import chain, pairwise

from pii_set.rows import rows
from pii_set.tricks import TRICKS, disguised

from guardlint.guard.streaming.beginnings import Beginnings, Pattern
from guardlint.guard.streaming.gate import Gate
from guardlint.guard.streaming.holdback import Holdback
from guardlint.guard.streaming_plan import Looks
from guardlint.pii import Detector, Pseudonyms, Span, Transformer
from guardlint.pii.language import language_of
from guardlint.pii.normalise import normalise

_PROSE: dict[str, tuple[str, ...]] = {
    "en": (
        "The report was finished on time and everybody agreed with it. ",
        "Here is what the file says, as far as it can be read:\n",
        "- the first point is settled\n- the second one is not\n",
    ),
    "de": (
        "Wie besprochen haben wir den Vorgang geprüft und melden uns in den nächsten Tagen. ",
        "Das steht in der Akte, soweit man sie lesen kann:\n",
        "- der erste Punkt ist erledigt\n- der zweite ist es nicht\n",
    ),
    "fr": (
        "Nous avons bien reçu votre demande et nous vous répondrons dans les meilleurs délais. ",
        "Voici ce que dit le dossier, dans la mesure où il est lisible :\n",
        "- le premier point est réglé\n- le deuxième ne l'est pas\n",
    ),
}
_FIND = Callable[[str], Sequence[Span]]


@dataclass
class Tally:
    """What came of a number of splits."""

    splits: int = 0
    characters: int = 0
    samples: int = 0
    leaks: int = 0
    changed: int = 0
    unlike_whole: int = 0
    unlike_values: int = 0
    unlike_of_one: int = 0
    entities: Counter[str] | None = None

    def add(self, other: Tally) -> None:
        self.splits += other.splits
        self.characters += other.characters
        self.samples += other.samples
        self.leaks += other.leaks
        self.changed += other.changed
        self.unlike_whole += other.unlike_whole
        self.unlike_values += other.unlike_values
        self.unlike_of_one += other.unlike_of_one
        self.entities = (self.entities or Counter()) + (other.entities or Counter())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--splits", type=int, default=100_000)
    parser.add_argument("--samples", type=int, default=500, help="replies, each split as often as the others")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    _tell_cost()
    _tell_first()
    _tell_phrases(chosen.splits // 20, chosen.seed)
    for profile in ("structured", "default"):
        _tell_splits(profile, chosen.splits // 2, chosen)


def samples(seed: int, count: int) -> list[str]:
    """Replies of 30 to about 2,000 characters, each in one language but for one in ten."""
    chance = random.Random(seed)
    plain: dict[str, list[str]] = {language: [] for language in _PROSE}
    attacks: list[str] = []
    for row in rows("tune", seed, 2):
        if row.section != "adversarial":
            plain[row.section if row.section in plain else "en"].append(row.text)
            continue
        attacks += [changed.text for trick in TRICKS if (changed := disguised(row, trick)) is not None]
    return [_sample(chance, plain, attacks) for _ in range(count)]


def _sample(chance: random.Random, plain: dict[str, list[str]], attacks: list[str]) -> str:
    kind, language = chance.random(), chance.choice(("en", "en", "de", "fr"))
    texts, prose = plain[language], _PROSE[language]
    if chance.random() < 0.1:
        texts, prose = list(chain(*plain.values())), tuple(chain(*_PROSE.values()))
    some = [chance.choice(texts if chance.random() < 0.8 else attacks) for _ in range(chance.randint(1, 8))]
    if kind < 0.12:
        return json.dumps(
            {f"field_{i}": text for i, text in enumerate(some)} | {"number": 4111111111111111, "ok": True},
            ensure_ascii=chance.random() < 0.5,
            separators=chance.choice(((", ", ": "), (",", ":"))),
        )
    if kind < 0.24:
        some.insert(chance.randrange(len(some)), chance.choice((_table, _insert, _pem))(chance))
    if kind < 0.8:
        some = [part for text in some for part in (text, chance.choice(prose))]
    return chance.choice((" ", "\n", "\n\n")).join(some)


def _table(chance: random.Random) -> str:
    lines = [
        f"Person {n};{chance.randint(100000, 999999)};{chance.randint(10**7, 10**8 - 1)};note {n}"
        for n in range(chance.randint(2, 9))
    ]
    return "\n".join(("Name;Sort code;Account number;Remark", *lines, ""))


def _insert(chance: random.Random) -> str:
    values = ", ".join(
        f"({n}, '{chance.randint(10**7, 10**8 - 1)}', 'it''s fine')" for n in range(chance.randint(2, 9))
    )
    return f"INSERT INTO payees (id, account_number, remark) VALUES {values};"


def _pem(chance: random.Random) -> str:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    body = "\n".join("".join(chance.choices(letters, k=64)) for _ in range(chance.randint(2, 30)))
    name = "RSA PRIVATE KEY"  # built from parts: nothing here is a key
    return f"-----BEGIN {name}-----\n{body}\n-----END {name}-----"


def released(
    text: str, cuts: Sequence[int], find: _FIND, masking: Transformer, values: list[Span] | None = None
) -> list[str]:
    """What is released after each piece; ``values`` is filled with what was masked."""
    held, names, parts = Holdback(), Pseudonyms(), []
    begin = 0
    for end in (*cuts, len(text), None):
        if end is None:
            held.end()
        else:
            held.feed(text[begin:end])
            begin = end
        out = []
        while (window := held.question()) is not None:
            segment = held.answer(find(window))
            out.append(masked(held, segment.start, segment.text, segment.spans, masking, names))
            if values is not None:
                values += [
                    Span(s.start + segment.start, s.end + segment.start, s.entity, 1.0) for s in segment.spans
                ]
        parts.append("".join(out))
    return parts


def masked(
    held: Holdback, start: int, text: str, spans: Sequence[Span], masking: Transformer, names: Pseudonyms
) -> str:
    """As a channel does it: only the last stretch knows whether the whole is JSON."""
    before = held.text[:start] if held.released == len(held.text) else "\0"
    moved = [Span(s.start + len(before), s.end + len(before), s.entity, s.score) for s in spans]
    return masking.apply(before + text, moved, names)[len(before) :]


def _split(profile: str, seed: int, texts: Sequence[str], each: int) -> Tally:
    """Every text in ``each`` splits of its own."""
    detector, masking, chance = Detector(profile), Transformer(), random.Random(seed)
    seen: dict[str, Sequence[Span]] = {}

    def find(window: str) -> Sequence[Span]:
        spans = seen.get(window)
        if spans is None:
            spans = seen[window] = detector.detect(window)
        return spans

    tally = Tally(samples=len(texts), entities=Counter())
    for text in texts:
        seen.clear()
        spans = find(text)
        assert tally.entities is not None
        tally.entities.update(span.entity for span in spans)
        whole = masking.apply(text, spans, Pseudonyms())
        values: list[Span] = []
        unsplit = "".join(released(text, (), find, masking, values))
        tally.characters += len(text)
        tally.unlike_whole += unsplit != whole
        unlike = len({_place(span) for span in spans} ^ {_place(span) for span in values})
        tally.unlike_values += unlike
        # What the windows say of their language is what the whole says, in a reply of one language.
        if len({language_of(normalise(one).text, "en") for one in seen}) == 1:
            tally.unlike_of_one += unlike
        for _ in range(each):
            so_far = ""
            for part in released(text, _cuts(chance, len(text)), find, masking):
                so_far += part
                if not unsplit.startswith(so_far) or not (unsplit != whole or whole.startswith(so_far)):
                    tally.leaks += 1
                    break
            tally.changed += so_far != unsplit
            tally.splits += 1
    return tally


def _place(span: Span) -> tuple[int, int, str]:
    return span.start, span.end, span.entity


def _cuts(chance: random.Random, length: int) -> list[int]:
    """A few cuts, pieces like a model's, or single characters."""
    kind = chance.random()
    if kind < 0.4:
        return sorted(chance.randrange(length) for _ in range(chance.randint(1, 4)))
    if kind < 0.98:
        cuts, at = [], 0
        while at < length:
            at += chance.randint(1, 24)
            cuts.append(min(at, length))
        return cuts
    return list(range(1, length))


def _tell_splits(profile: str, splits: int, chosen: argparse.Namespace) -> None:
    started = time.perf_counter()
    texts = samples(chosen.seed, chosen.samples)
    each = max(1, splits // len(texts))
    parts = [texts[n :: chosen.processes * 4] for n in range(chosen.processes * 4)]
    total = Tally()
    with ProcessPoolExecutor(chosen.processes) as pool:
        jobs = [pool.submit(_split, profile, seed, part, each) for seed, part in enumerate(parts) if part]
        for job in jobs:
            total.add(job.result())
    found = total.entities or Counter()
    print(
        f"{profile}: {total.splits:,} random splits of {total.samples} replies with {found.total():,} values "
        f"of {len(found)} entities in {total.characters:,} characters, "
        f"{time.perf_counter() - started:.0f} s\n"
        f"  {total.leaks} leaks, {total.changed} results changed by the cuts; {total.unlike_whole} replies "
        f"with {total.unlike_values} values are not as in the mask of the whole text, "
        f"{total.unlike_of_one} of them in replies of which every stretch is in the same language",
        flush=True,
    )


def _reply(characters: int = 4000) -> str:
    chance = random.Random(7)
    english = [row.text for row in rows("tune", 7, 2) if row.section == "en"]
    parts: list[str] = []
    while sum(map(len, parts)) < characters:
        parts.append(chance.choice(english) if chance.random() < 0.4 else _PROSE["en"][0])
    return " ".join(parts)[:characters]


def _tell_cost() -> None:
    text, detector, masking = _reply(), Detector(), Transformer()
    cuts = list(range(4, len(text), 4))
    looks: list[int] = []

    def find(window: str) -> Sequence[Span]:
        looks.append(len(window))
        return detector.detect(window)

    whole = _best(lambda: detector.mask(text))
    core = _best(lambda: released(text, cuts, lambda _: (), masking))
    looks.clear()
    rounds = 6  # one of them warms up
    streamed = _best(lambda: released(text, cuts, find, masking), rounds - 1)
    print(
        f"CPU for a reply of {len(text):,} characters in pieces of four: {streamed:.0f} ms, unsplit "
        f"{whole:.0f} ms, ratio {streamed / whole:.2f}; {len(looks) // rounds} looks of "
        f"{sum(looks) // len(looks)} characters; without detection {core:.1f} ms",
        flush=True,
    )


def _tell_first() -> None:
    """How much of a reply has to come before the first of it goes out, and how smoothly it goes on."""
    text, detector, masking = _reply(), Detector(), Transformer()
    cuts = list(range(4, len(text), 4))
    parts = released(text, cuts, detector.detect, masking)
    gate = Gate(Looks())
    judged = []
    for part in (*parts, None):
        gate.end() if part is None else gate.feed(part)
        out = ""
        while gate.question() is not None:
            out += gate.passed()
        judged.append(out)
    for name, sent in (("personal data alone", parts), ("and rails at sentence ends", judged)):
        at = [index for index, part in enumerate(sent) if part]
        gaps = [after - before for before, after in pairwise(at)]
        print(
            f"first release, {name}: with piece {at[0] + 1} of four characters, {at[0] * 20} ms later than "
            f"unguarded at 50 pieces a second; then every "
            f"{sum(gaps) / len(gaps):.0f} pieces, at most {max(gaps)}",
            flush=True,
        )


_WORDS = (
    "the old mill at nine when all lamps of a harbour are put out and nobody sees who comes or goes".split()
)
_FORMS = (
    r"\s+".join,
    lambda words: rf"\b{words[0]} {words[1]}[^.]{{0,400}}{words[-1]}\b",
    lambda words: rf"{words[0]} {words[1]}[\s\S]*?{words[-2]} {words[-1]}",
    lambda words: rf".*{' '.join(words)}",
    lambda words: rf"{words[0]}(?= {' '.join(words[1:])})",
)


def _tell_phrases(splits: int, seed: int) -> None:
    """What of a forbidden phrase goes out before the rail has seen all of it, at random cuts and looks."""
    chance, leaks, held = random.Random(seed), 0, 0
    prose = _PROSE["en"][0]
    for _ in range(splits):
        words = [*chance.choices(_WORDS, k=chance.randint(2, 38)), "black", "heron"]
        pattern = chance.choice(_FORMS)(words)
        before = (
            prose * chance.randint(0, 4) + " ".join(chance.choices(_WORDS, k=chance.randint(0, 6))) + ". "
        )
        text = f"{before}{' '.join(words)}. {prose * chance.randint(0, 2)}"
        begins = [one.start() for one in re.finditer(pattern.removeprefix(".*"), text)]
        looks = Looks(chance.choice((1, 8, 64, None)), chance.random() < 0.5, Beginnings([Pattern(pattern)]))
        out = _gated(text, _cuts(chance, len(text)), looks, re.compile(pattern))
        leaks += len(out) > begins[0]
        held += begins[0] - len(out)
    print(
        f"forbidden phrases: {splits:,} random splits, {leaks} of which something went out before the block; "
        f"on average {held / splits:.0f} characters before a phrase were still held",
        flush=True,
    )


def _gated(text: str, cuts: Sequence[int], looks: Looks, forbidden: re.Pattern[str]) -> str:
    gate, out, begin = Gate(looks), "", 0
    for end in (*cuts, len(text), None):
        if end is None:
            gate.end()
        else:
            gate.feed(text[begin:end])
            begin = end
        while (question := gate.question()) is not None:
            if forbidden.search(question):
                return out
            out += gate.passed()
    return out


def _best(work: Callable[[], object], rounds: int = 5) -> float:
    """Milliseconds of CPU, the best of some rounds after a warm one."""
    work()
    taken = []
    for _ in range(rounds):
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return min(taken) * 1000


if __name__ == "__main__":
    main()
