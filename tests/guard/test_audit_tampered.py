"""What a live guard makes of a log that somebody changes under it, and `verify` of one that is written to."""

from __future__ import annotations

import gzip
import json
import multiprocessing
import shutil
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from guardlint.errors import GuardlintError, VerificationError
from guardlint.guard import AuditLog, verify_chain
from guardlint.guard.audit import Audit
from guardlint.guard.audit_chain import hash_in
from guardlint.guard.audit_open import files_of, opened
from guardlint.guard.audit_read import lines_of, records_of

KEY = b"k" * 32
CONTEXT = multiprocessing.get_context("fork")
BROKEN = "the chain is broken"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


def write(audit: Audit, count: int, first: int = 0) -> None:
    for number in range(first, first + count):
        time_ = f"2026-11-22T10:{number // 60:02}:{number % 60:02}.000Z"
        audit.write({"n": number, "time": time_, "text": "x" * 300})


def filled(log: Path, count: int, **choices: Any) -> Audit:
    audit = Audit(AuditLog(log, key=KEY, **choices))
    write(audit, count)
    return audit


def lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def _keep_writing(path: str, stop: Any) -> None:
    audit = Audit(AuditLog(path, key=KEY, rotate_bytes=4000))
    while not stop.is_set():
        audit.write({"text": "x" * 300})
        time.sleep(0.0005)


def test_a_log_that_is_written_to(log: Path) -> None:
    """And put aside all the time: whole whenever it is looked at, and no line in it is half a one."""
    stop = CONTEXT.Event()
    writer = CONTEXT.Process(target=_keep_writing, args=(str(log), stop))
    writer.start()
    said: Counter[str] = Counter()
    try:
        while not log.exists():
            time.sleep(0.01)
        before, until = 0, time.monotonic() + 3
        while time.monotonic() < until:
            try:
                report = verify_chain(log if said.total() % 2 else log.parent, key=KEY)
            except GuardlintError as error:
                said[str(error)] += 1
            else:
                said["whole"] += 1
                assert (report.torn, report.records >= before) == (0, True)
                before = report.records
    finally:
        stop.set()
        writer.join(60)
    assert set(said) == {"whole"}
    assert before > 20
    victim = files_of([log])[1]
    victim.write_bytes(b"".join(lines(victim)[:-1]))
    with pytest.raises(VerificationError, match=BROKEN):
        verify_chain(log)


def test_what_is_put_aside_while_it_is_read(log: Path) -> None:
    """Each file is read as it was when reading began, by the name that it has then."""
    audit = filled(log, 10, rotate_bytes=2000)
    with opened([log]) as files:
        write(audit, 20, 10)
        assert 10 == sum(1 for file in files for _ in lines_of(file))
    assert 30 == sum(1 for _ in records_of([log]))


def test_packed_beside_plain(log: Path) -> None:
    """While gzip is at work both are there: it is one file."""
    filled(log, 10, rotate_bytes=2000)
    full = files_of([log])[0]
    Path(f"{full}.gz").write_bytes(b"not yet")
    assert verify_chain(log.parent).records == verify_chain(log).records == 10


@pytest.mark.parametrize("rotate", [None, 2000])
@pytest.mark.parametrize("how", ["removed", "emptied", "cut", "cut by an editor"])
def test_a_live_guard_knows_its_head(log: Path, how: str, rotate: int | None) -> None:
    """Records that are taken away from under it leave a gap, and the log is whole again after that."""
    audit = filled(log, 12, rotate_bytes=rotate)
    kept = lines(log)[:-1]
    assert kept or how != "cut"
    if how == "removed":
        log.unlink()
    elif how == "emptied":
        log.write_bytes(b"")
    elif how == "cut":
        log.write_bytes(b"".join(kept))
    else:
        copy = log.with_name("copy")
        copy.write_bytes(b"".join(kept))
        copy.rename(log)
    write(audit, 3, 12)
    with pytest.raises(VerificationError, match="missing"):
        verify_chain(log, key=KEY)
    found = [line for path in files_of([log]) for line in lines(path)]
    added = [line for line in found if json.loads(line)["n"] >= 12]
    gap = json.loads(added[0])["prev"]
    assert all(json.loads(line)["hash"] != gap for line in found)
    tail = log.with_name("tail.jsonl")
    tail.write_bytes(b"".join(added))
    assert verify_chain(tail, after=gap, key=KEY).records == 3


def test_a_cut_that_another_process_goes_on_from(log: Path) -> None:
    """One that began after the cut knows nothing of it; who wrote before does."""
    audit = filled(log, 6)
    log.write_bytes(b"".join(lines(log)[:-2]))
    other = Audit(AuditLog(log, key=KEY))
    write(other, 4, 6)
    assert verify_chain(log).records == 8
    write(audit, 1, 10)
    with pytest.raises(VerificationError, match=BROKEN) as caught:
        verify_chain(log)
    assert caught.value.place == f"{log.as_posix()}:9"
    write(other, 1, 11)
    write(audit, 1, 12)
    write(other, 1, 13)
    found = [json.loads(line) for line in lines(log)]
    assert all(after["prev"] == one["hash"] for one, after in pairwise(found[8:]))


@pytest.mark.parametrize("away", ["nothing", "packed", "put away"])
def test_another_process_puts_files_aside(log: Path, away: str) -> None:
    """However often, and whatever becomes of the full ones: who slept finds where the log goes on."""
    audit = filled(log, 2, rotate_bytes=2000)
    other = Audit(AuditLog(log, key=KEY, rotate_bytes=2000))
    write(other, 20, 2)
    full = files_of([log])[:-1]
    assert len(full) > 3
    for path in full if away == "packed" else full[:-1] if away == "put away" else ():
        if away == "packed":
            Path(f"{path}.gz").write_bytes(gzip.compress(path.read_bytes()))
        else:
            shutil.move(path, log.parent / f"kept-{path.name}")
        path.unlink(missing_ok=True)
    write(audit, 1, 22)
    write(other, 1, 23)
    write(audit, 1, 24)
    moved = sorted(log.parent.glob("kept-*"))
    assert verify_chain(log, *moved, key=KEY).records == 25


def test_a_log_begun_anew_by_another_process(log: Path) -> None:
    """Does not hide that the old one is gone."""
    audit = filled(log, 5, rotate_bytes=100_000)
    log.unlink()
    write(Audit(AuditLog(log, key=KEY)), 2, 5)
    assert verify_chain(log).records == 2
    write(audit, 1, 7)
    with pytest.raises(VerificationError, match=BROKEN):
        verify_chain(log)


@pytest.mark.parametrize("alive", [True, False])
def test_numbers_never_come_again(log: Path, alive: bool) -> None:
    """However often all full files are put away: those of the next batch have other names."""
    audit = filled(log, 20, rotate_bytes=2000)
    archive = log.parent / "archive"
    archive.mkdir()
    for batch in range(3):
        for path in files_of([log])[:-1]:
            assert not (archive / path.name).exists()
            shutil.move(path, archive / path.name)
        if not alive:
            audit.close()
            audit = Audit(AuditLog(log, key=KEY, rotate_bytes=2000))
        write(audit, 10, 20 + 10 * batch)
    for path in files_of([log]):
        assert not (archive / path.name).exists()
        shutil.move(path, archive / path.name)
    assert verify_chain(archive, key=KEY).records == 50
    names = [path.name for path in sorted(archive.iterdir())]
    assert names == [*(f"audit.{number + 1:06}.jsonl" for number in range(len(names) - 1)), "audit.jsonl"]


@pytest.mark.parametrize(
    "changed",
    [
        lambda line: b'{"text":"other",' + line[1:],
        lambda line: line.replace(b":", b": ", 1),
        lambda line: line.replace(b'"n"', b'"\\u006e"', 1),
        lambda line: line.replace(b'"n":3', b'"n":3,"n":3', 1),
    ],
)
def test_the_bytes_of_a_line(log: Path, changed: Any) -> None:
    """Must be those that were written, even where they say the same: not every reader reads them alike."""
    filled(log, 6)
    found = lines(log)
    found[3] = changed(found[3])
    log.write_bytes(b"".join(found))
    with pytest.raises(VerificationError, match="was changed after it was written") as caught:
        verify_chain(log)
    assert caught.value.place == f"{log.as_posix()}:4"


@pytest.mark.parametrize("where", [0, 3, 6])
@pytest.mark.parametrize(
    "junk", [b"junk", b'[{"verdict":"blocked"}]', b'{"a":1}x', b'{"a":{"b":1}}}', b"null", b'"{"', b"{}"]
)
def test_lines_that_are_no_records(log: Path, junk: bytes, where: int) -> None:
    """Are a break wherever they stand: no crash leaves them."""
    filled(log, 6)
    found = lines(log)
    found.insert(where, junk + b"\n")
    log.write_bytes(b"".join(found))
    with pytest.raises(VerificationError) as caught:
        verify_chain(log)
    assert (caught.value.place or "").startswith(f"{log.as_posix()}:{where + 1}")


def test_a_crash_anywhere_in_a_record(log: Path) -> None:
    """Leaves a line that is told as half written, whichever byte was the last; zeros may follow it."""
    filled(log, 3)
    whole = log.read_bytes()
    last = lines(log)[-1]
    for size in range(1, len(last) - 1):
        log.write_bytes(whole + last[:size] + b"\0" * (size % 3))
        assert verify_chain(log).torn == 1
    write(Audit(AuditLog(log, key=KEY)), 2, 3)
    report = verify_chain(log, key=KEY)
    assert (report.records, report.torn) == (5, 1)


def test_records_that_a_function_keeps() -> None:
    """Are spelled again as they must be by `json.dumps`."""
    kept: list[bytes] = []

    def keep(record: dict[str, Any]) -> None:
        kept.append(json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")

    audit = Audit(keep)
    for number in range(3):
        audit.write({"z": number, "a": {"ü": 1.50, "b": [None, True]}})
    assert all(hash_in(line.rstrip(b"\n"), json.loads(line)) for line in kept)
