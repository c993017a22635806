"""How well personal data is found in data of others: presidio-research, which is not ours to ship.

Run: ``python benchmarks/pii_public.py FILE [--take N] [--misses N] [--no-peer]``; FILE is
``data/synth_dataset_v2.json`` of
github.com/microsoft/presidio-research.
Its places are asked for here, its titles, ages, nationalities, organisations and postcodes are not; its dates
are, though guardlint leaves dates that are no dates of birth alone on purpose.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from pii import finders, tell
from pii_set.rows import Gold, Row

_NAMES = {
    "GPE": "LOCATION",
    "STREET_ADDRESS": "ADDRESS",
    "DOMAIN_NAME": "URL",
    "ZIP_CODE": "UK_POSTCODE",
}
_OPTIONAL = frozenset({"TITLE", "AGE", "NRP", "ORGANIZATION", "URL", "UK_POSTCODE", "UUID"})


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("--take", type=int, default=0, help="only the first so many texts")
    parser.add_argument("--misses", type=int, default=0)
    parser.add_argument("--no-peer", action="store_true")
    chosen = parser.parse_args()
    entries = json.loads(chosen.file.read_text(encoding="utf-8"))
    rows = [_row(entry) for entry in entries[: chosen.take or None]]
    for name, find in finders("default", peer=not chosen.no_peer).items():
        tell(name, rows, find, chosen.misses, optional=_OPTIONAL)


def _row(entry: dict[str, object]) -> Row:
    spans: list[dict[str, object]] = entry["spans"]  # type: ignore[assignment]
    gold = [
        Gold(
            int(str(span["start_position"])),
            int(str(span["end_position"])),
            _NAMES.get(str(span["entity_type"]), str(span["entity_type"])),
        )
        for span in spans
    ]
    return Row(str(entry["full_text"]), "text", tuple(sorted(gold, key=lambda one: one.start)))


if __name__ == "__main__":
    main()
