"""The file under the chain: rotation, several writers, a kill at any moment, a full disk."""

from __future__ import annotations

import gzip
import json
import multiprocessing
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from guardlint.bundle.canonical import compact
from guardlint.errors import GuardlintError, UsageError, VerificationError
from guardlint.guard import AuditLog, read_audit_key, verify_chain
from guardlint.guard.audit import GENESIS, Audit
from guardlint.guard.audit_chain import chained, record_hash
from guardlint.guard.audit_file import ChainFile, last_hash
from guardlint.guard.audit_open import files_of
from guardlint.guard.audit_verify import verify_chains

KEY = b"k" * 32
CONTEXT = multiprocessing.get_context("fork")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


def fill(log: Path, count: int, **choices: Any) -> Audit:
    audit = Audit(AuditLog(log, **choices))
    for number in range(count):
        audit.write({"n": number, "log": log.name, "text": "x" * 300})
    return audit


def test_a_line_is_canonical() -> None:
    """With its hash and its mac at the end; the hash is that of the record without them."""
    line, record = chained({"b": [1, 2.5, None], "a": "ü"}, GENESIS, KEY)
    assert record == json.loads(line)
    body = {name: value for name, value in record.items() if name not in ("hash", "mac")}
    assert line.startswith(compact(body)[:-1] + b',"hash":"')
    assert list(record)[-2:] == ["hash", "mac"]
    assert record_hash(record) == record["hash"]
    with pytest.raises(ValueError, match="not JSON compliant"):
        chained({"a": float("nan")}, GENESIS)


def test_rotation_by_size(log: Path) -> None:
    """The chain goes on over the files, whose names are in the order in which they were written."""
    fill(log, 20, rotate_bytes=2000)
    files = files_of([log])
    assert files == [*sorted(path for path in log.parent.iterdir() if path != log), log]
    assert len(files) > 4
    assert files[0].name == "audit.000001.jsonl"
    assert all(path.stat().st_size <= 2000 for path in files)
    assert all(oct(path.stat().st_mode & 0o777) == "0o600" for path in files)
    for before, after in pairwise(files):
        assert json.loads(after.read_bytes().split(b"\n")[0])["prev"] == last_hash(before)
    report = verify_chain(log)
    assert (report.records, report.files) == (20, tuple(files))
    assert report == verify_chain(log.parent) == verify_chain(*reversed(files))


def test_a_record_larger_than_a_file(log: Path) -> None:
    """It gets a file of its own."""
    audit = fill(log, 2, rotate_bytes=1024)
    audit.write({"n": "y" * 5000})
    audit.write({"n": 4})
    assert verify_chain(log).records == 4


def test_rotation_by_day(log: Path) -> None:
    """At the first record of a new day, whichever process writes it; a clock that goes back is no reason."""
    for hours in (("21T22",), ("21T23", "22T00", "21T23", "22T01"), ("24T05",)):
        audit = Audit(AuditLog(log, rotate_daily=True))
        for hour in hours:
            audit.write({"time": f"2026-11-{hour}:00:00.000Z"})
    counts = [len(path.read_bytes().splitlines()) for path in files_of([log])]
    assert [2, 3, 1] == counts
    report = verify_chain(log)
    assert ("2026-11-21T22:00:00.000Z", "2026-11-24T05:00:00.000Z") == (report.first, report.last)


def test_packed_files(log: Path) -> None:
    """Full files may be packed, before and after the log goes on."""
    fill(log, 10, rotate_bytes=2000)
    for path in files_of([log])[:-1]:
        with gzip.open(f"{path}.gz", "wb") as stream:
            stream.write(path.read_bytes())
        path.unlink()
    shutil.move(log, log.with_name("audit.000009.jsonl"))
    with gzip.open(log.with_name("audit.000009.jsonl.gz"), "wb") as stream:
        stream.write(log.with_name("audit.000009.jsonl").read_bytes())
    log.with_name("audit.000009.jsonl").unlink()
    fill(log, 10, rotate_bytes=2000)
    assert verify_chain(log).records == 20
    assert log.with_name("audit.000010.jsonl").exists()


def test_damaged_packing_is_told(log: Path) -> None:
    """As a file that cannot be read."""
    Path(f"{log}.gz").write_bytes(gzip.compress(b"{}\n" * 100)[:-12])
    with pytest.raises(GuardlintError, match="cannot read"):
        verify_chain(log.parent)


@pytest.mark.parametrize("away", ["first", "middle"])
def test_a_missing_file(log: Path, away: str) -> None:
    """Neither the beginning nor a file between two others can be taken away unseen."""
    fill(log, 20, rotate_bytes=2000)
    files = files_of([log])
    gone = files[0 if away == "first" else 2]
    head = last_hash(gone)
    gone.unlink()
    with pytest.raises(VerificationError, match="missing") as caught:
        verify_chain(log)
    assert caught.value.place == f"{files[1 if away == 'first' else 3].as_posix()}:1"
    if away == "first":
        assert "--after" in (caught.value.help or "")
        assert verify_chain(log, after=head).begins == head


def test_a_copied_file(log: Path) -> None:
    """Two files cannot go on from the same record."""
    fill(log, 20, rotate_bytes=2000)
    shutil.copy(log.with_name("audit.000002.jsonl"), log.with_name("audit.000099.jsonl"))
    with pytest.raises(VerificationError, match="two files go on"):
        verify_chain(log)


def test_two_logs_in_a_folder(log: Path) -> None:
    """Each is a chain of its own."""
    fill(log, 3)
    fill(log.with_name("cards.jsonl"), 5, rotate_bytes=1024)
    assert [3, 5] == [report.records for report in verify_chains([log.parent])]
    with pytest.raises(UsageError, match="2 chains"):
        verify_chain(log.parent)


def test_a_log_that_is_emptied(log: Path) -> None:
    """By the process that writes, or by another: what follows still names what stood there."""
    audit = fill(log, 3)
    log.write_bytes(b"")
    audit.write({"n": 4})
    with pytest.raises(VerificationError, match="the beginning of the chain is missing"):
        verify_chain(log)


@pytest.mark.parametrize("how", ["removed", "moved"])
def test_a_log_that_somebody_else_puts_away(log: Path, how: str) -> None:
    """The file is kept open between records, but never written to behind its path; the chain goes on."""
    audit = fill(log, 3)
    kept = log.with_name("kept.jsonl")
    shutil.copy(log, kept) if how == "removed" else log.rename(kept)
    log.unlink(missing_ok=True)
    audit.write({"n": 4})
    assert len(log.read_bytes().splitlines()) == 1
    assert verify_chain(kept, log).records == 4


def test_somebody_without_the_key(log: Path) -> None:
    """Can write the whole file anew so that the chain holds, but not so that the key says yes."""
    fill(log, 3, key=KEY)
    assert verify_chain(log, key=KEY).records == 3
    lines, previous = [], GENESIS
    for number in range(3):
        forged, linked = chained({"n": number}, previous)
        previous = linked["hash"]
        lines.append(forged)
    log.write_bytes(b"\n".join(lines) + b"\n")
    assert verify_chain(log).records == 3
    with pytest.raises(VerificationError, match="not written by who has the key") as caught:
        verify_chain(log, key=KEY)
    assert caught.value.place == f"{log.as_posix()}:1"


def test_a_key_from_a_file(tmp_path: Path, log: Path) -> None:
    """All bytes but a line end; one that is too short or not there is refused, and never quoted."""
    file = tmp_path / "audit.key"
    file.write_bytes(KEY + b"\r\n")
    assert KEY == read_audit_key(file)
    fill(log, 1, key=file)
    assert verify_chain(log, key=KEY).records == 1
    file.write_bytes(b"short\n")
    with pytest.raises(GuardlintError, match="fewer than 16 bytes"):
        fill(log, 1, key=file)
    with pytest.raises(GuardlintError, match="cannot read the audit key"):
        fill(log, 1, key=tmp_path / "nowhere.key")


@pytest.mark.parametrize("tail", [b'{"half', b"\x00\xff" * 40, b"x" * 3_000_000])
def test_torn_lines_are_told(log: Path, tail: bytes) -> None:
    """With their places; what is no record at all and too long is refused rather than guessed at."""
    fill(log, 2)
    with log.open("ab") as stream:
        stream.write(tail)
    if len(tail) > 1_000_000:
        with pytest.raises(OSError, match="something else than records"):
            fill(log, 1)
        return
    fill(log, 2)
    report = verify_chain(log)
    assert (report.records, report.torn, report.torn_at) == (4, 1, (f"{log.as_posix()}:3",))


def test_a_whole_record_without_a_line_end(log: Path) -> None:
    """It counts: the next one follows it."""
    fill(log, 2)
    log.write_bytes(log.read_bytes()[:-1])
    fill(log, 1)
    assert verify_chain(log).records == 3


def test_only_a_torn_line(log: Path) -> None:
    """A crash at the first record of a new file: the chain goes on from the full one."""
    fill(log, 8, rotate_bytes=2000)
    log.rename(log.with_name("audit.000009.jsonl"))
    log.write_bytes(b'{"n":')
    report = verify_chain(log)
    assert (report.records, report.torn) == (8, 1)
    fill(log, 1, rotate_bytes=2000)
    assert verify_chain(log).records == 9


def _write(path: str, count: int, rotate: int | None) -> None:
    audit = Audit(AuditLog(path, rotate_bytes=rotate))
    for number in range(count):
        audit.write({"n": number, "pid": os.getpid()})


@pytest.mark.parametrize("rotate", [None, 4096])
def test_processes_share_a_log(log: Path, rotate: int | None) -> None:
    """Four processes append at once, and put full files aside at once: no record is lost."""
    processes = [CONTEXT.Process(target=_write, args=(str(log), 150, rotate)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0] * 4
    assert verify_chain(log).records == 600
    numbers: dict[int, list[int]] = {}
    for path in files_of([log]):
        for line in path.read_bytes().splitlines():
            record = json.loads(line)
            numbers.setdefault(record["pid"], []).append(record["n"])
    assert [list(range(150))] * 4 == list(numbers.values())


def test_a_forked_process_goes_on(log: Path) -> None:
    """With the same Audit: two processes that share one open file would share its lock too."""
    audit = fill(log, 5)
    child = os.fork()
    if not child:
        audit.renew()
        for number in range(200):
            audit.write({"n": number})
        os._exit(0)
    for number in range(200):
        audit.write({"n": number})
    assert os.waitpid(child, 0)[1] == 0
    assert verify_chain(log).records == 405


ENDLESS = """\
import sys
from guardlint.guard.audit import Audit, AuditLog
audit = Audit(AuditLog(sys.argv[1], b"k" * 32, rotate_bytes=20_000))
print("ready", flush=True)
while True:
    audit.write({"text": "x" * 700})
    sys.stdout.write(".")
    sys.stdout.flush()
"""


def test_kill_at_any_moment(log: Path) -> None:
    """Thirty times: every record whose writing ended is there, and the chain is whole."""
    chance = random.Random(9)
    said = 0
    for _ in range(30):
        process = subprocess.Popen([sys.executable, "-c", ENDLESS, str(log)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        time.sleep(chance.uniform(0, 0.03))
        process.send_signal(signal.SIGKILL)
        said += len(process.stdout.read())
        process.wait()
        process.stdout.close()
    report = verify_chain(log, key=KEY)
    assert said <= report.records <= said + 30
    assert report.records > 100


def test_a_disk_that_is_full(log: Path) -> None:
    """Half a record is cut off again, the writer hears of it, and the next record says what is missing."""
    child = os.fork()
    if not child:  # a limit for the size of files cannot be taken back in this process
        code = 1
        try:
            audit = fill(log, 3)
            size = log.stat().st_size
            soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, hard))
            for _ in range(4):
                with pytest.raises(OSError):
                    audit.write({"n": 5, "text": "x" * 300})
            assert size == log.stat().st_size
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            audit.write({"n": 6})
            audit.write({"n": 7})
            assert [4, 0] == [json.loads(line)["missed"] for line in log.read_bytes().splitlines()[-2:]]
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    report = verify_chain(log)
    assert (report.records, report.torn, report.missed) == (5, 0, 4)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this platform has no /dev/full")
def test_a_device_that_is_full() -> None:
    """Refuses every record."""
    with pytest.raises(OSError, match="No space left"):
        Audit(AuditLog("/dev/full")).write({"n": 1})


def test_a_pipe(tmp_path: Path) -> None:
    """A chain may also go into a pipe, such as a container's standard output."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    fill(path, 3)
    lines = os.read(reader, 1 << 16).splitlines()
    os.close(reader)
    (tmp_path / "kept.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    assert verify_chain(tmp_path / "kept.jsonl").records == 3


def test_a_writer_that_stops(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that holds the lock for ever does not hang the others: they are told that there is no record."""
    import fcntl

    monkeypatch.setattr("guardlint.guard.audit_file._LOCK_SECONDS", 0.1)
    audit = fill(log, 1)
    with log.open("rb") as stopped:
        fcntl.flock(stopped, fcntl.LOCK_EX)
        with pytest.raises(TimeoutError, match="another process holds the audit file"):
            audit.write({"n": 2})
    audit.write({"n": 3})
    assert (verify_chain(log).records, verify_chain(log).missed) == (2, 1)


def opened() -> int:
    """How many files this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="this platform does not say what is open")
def test_no_descriptor_is_lost(log: Path) -> None:
    """One file is open at most, whatever happens to its path; none once the log is gone."""
    before = opened()
    audit = fill(log, 30, rotate_bytes=1024)
    for _ in range(3):
        log.unlink()
        audit.write({"n": 1})
    assert opened() == before + 1
    audit.close()
    assert opened() == before
    audit.write({"n": 2})
    del audit
    assert opened() == before


@pytest.mark.parametrize("reused", [False, True])
def test_a_host_that_closes_every_file(tmp_path: Path, log: Path, reused: bool) -> None:
    """As one does that becomes a daemon: the log is opened again, and no other file gets a record."""
    audit = fill(log, 2)
    assert audit._file is not None
    descriptor = audit._file._descriptor
    os.close(descriptor)
    other = tmp_path / "other"
    if reused:
        taken = os.open(other, os.O_RDWR | os.O_CREAT)
        assert taken == descriptor
    audit.write({"n": 3})
    assert verify_chain(log).records == 3
    assert not reused or other.read_bytes() == b""
    if reused:
        os.close(descriptor)


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ({"rotate_bytes": 10}, "less than one record"),
        ({"user": lambda: "jane"}, "has no key"),
        ({"app": ""}, "1 to 100 printable characters"),
        ({"environment": "pro\nd"}, "1 to 100 printable characters"),
    ],
)
def test_wrong_choices(log: Path, choices: dict[str, Any], said: str) -> None:
    """Are refused when the log is made, not at the first call."""
    with pytest.raises(GuardlintError, match=said):
        Audit(AuditLog(log, **choices))


def test_an_append_that_fails_forgets(log: Path) -> None:
    """What cannot be spelled is refused, and the file goes on."""
    file = ChainFile(log)
    file.append({"n": 1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        file.append({"n": float("inf")})
    file.append({"n": 2})
    assert verify_chain(log).records == 2
