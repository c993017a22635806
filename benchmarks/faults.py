"""Faults planted in sound configurations: what NeMo makes of them, and what guardlint finds.

Run: ``python benchmarks/faults.py`` with the development lock installed; the first run asks NeMo about every
configuration (minutes), later ones read its verdicts from the user's cache. ``--no-nemo`` scores with the
verdicts that are there and the declared labels; ``--only TEXT`` takes the cases whose name holds the text.
Always exits with 0: it is a measurement.

A fault is found where a finding names its file within two lines. A finding is beside the point where no
planted fault explains it, or where it is of another rule than those of the fault.

Of two faults in one configuration the first may hide the second: in a ``rails`` section that another file
replaces, no prompt is ever asked. One fault, one finding: the hidden one need not be reported until the
first is mended. So a pair counts as found where both are reported, and also where one is reported at its
place and the other one is reported at its own place as soon as the first is gone (that is tried: the
configuration with the second fault alone is checked too). How many of each kind there are is told apart,
and ``hidden`` lines name the second kind. A fault that is found neither way is a miss, in no figure of the
classes, which count single faults only.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from fault_set.bases import all_bases
from fault_set.judging import Judge, write_files
from fault_set.making import all_cases
from fault_set.records import Case, Label
from fault_set.scoring import Scored, score, table

from guardlint.lint.check import Target, check


def main() -> int:
    """Make, judge, check, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("--no-nemo", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--list", action="store_true", help="name every case with its label and findings")
    options = parser.parse_args()
    os.nice(5)
    start = time.perf_counter()
    judge = Judge(_store(), ask_nemo=not options.no_nemo)
    unsound = [
        base.name
        for base in all_bases()
        if judge.label(base.files, base.probes)[0] not in ("works", "declared")
    ]
    cases = [case for case in all_cases(options.seed) if options.only in case.name]
    labels = [_label(case, judge) for case in cases]
    judge.keep()
    scored = [_one(case, *label) for case, label in zip(cases, labels, strict=True)]
    figures = {"unsound bases": unsound, "seconds": round(time.perf_counter() - start, 1), **table(scored)}
    if options.json:
        print(json.dumps({**figures, "remarks": list(_remarks(scored))}, indent=1))
        return 0
    _print(figures)
    print("\n".join(_remarks(scored)))
    if options.list:
        print("\n".join(f"{item.label:9} {item.case.name}: {list(item.findings)}" for item in scored))
    return 0


def _store() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "guardlint-benchmarks" / "faults.json"


def _label(case: Case, judge: Judge) -> tuple[Label, str]:
    if all(guise.judged for guise in case.guises):
        label: tuple[Label, str] = judge.label(case.files, case.base.probes)
        return label
    return "declared", ""


def _one(case: Case, label: Label, why: str) -> Scored:
    with tempfile.TemporaryDirectory(prefix="faults-") as name:
        folder = Path(name) / "team"
        write_files(folder, case.files)
        alone = []
        for number, files in enumerate(case.alone):
            write_files(Path(name) / str(number) / "team", files)
            alone.append(check([Target(Path(name) / str(number) / "team")]).findings)
        return score(case, label, why, check([Target(folder)]).findings, alone)


def _remarks(scored: Sequence[Scored]) -> Iterator[str]:
    for item in scored:
        if not item.counts:
            yield f"label    {item.case.name}: NeMo says {item.label} {item.why}"
            continue
        if item.case.guises[0].kind == "clean":
            yield from (f"alarm    {item.case.name}: {told}" for told in item.findings)
            continue
        for guise, found, level, hidden in zip(
            item.case.guises, item.found, item.level, item.hidden, strict=True
        ):
            if hidden:
                yield f"hidden   {item.case.name}: {guise.name}: {list(item.findings)}"
            elif not found:
                yield f"miss {guise.kind}   {item.case.name}: {guise.name}: {list(item.findings)}"
            elif not level:
                yield f"level    {item.case.name}: {guise.name}: {list(item.findings)}"
        yield from (f"beside   {item.case.name}: {told}" for told in item.beside)


def _print(figures: dict[str, object]) -> None:
    for name, value in figures.items():
        if not isinstance(value, dict):
            print(f"{name}: {value}")
            continue
        print(f"\n{name:40} planted  found  at the right level")
        for key, (planted, found, level) in value.items():
            print(f"{key:40} {planted:7} {found:6} {level:6}   {found / planted:.1%}")
    print()


if __name__ == "__main__":
    raise SystemExit(main())
