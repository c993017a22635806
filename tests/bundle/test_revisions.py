"""The record of the last revision: it only rises, whatever crashes, and whoever writes beside."""

from __future__ import annotations

import json
import multiprocessing
import os
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guardlint.bundle.canonical import pretty
from guardlint.bundle.revisions import Seen, check_revision, last_seen, record_revision
from guardlint.errors import ConfigError, VerificationError

A, B = "a" * 64, "b" * 64


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return tmp_path / "revisions.json"


def test_newer_is_recorded_and_older_refused(record: Path) -> None:
    """Each application has a line of its own."""
    assert last_seen(record, "claims") is None
    record_revision(record, "claims", Seen(7, A))
    record_revision(record, "cards", Seen(3, B))
    record_revision(record, "claims", Seen(9, B))
    assert (Seen(9, B), Seen(3, B)) == (last_seen(record, "claims"), last_seen(record, "cards"))
    for call in (check_revision, record_revision):
        with pytest.raises(VerificationError, match="revision 8 is older than 9, which this machine"):
            call(record, "claims", Seen(8, A))


def test_one_revision_is_one_bundle(record: Path) -> None:
    """Two bundles of one number have no order, so that the second may be the older one."""
    record_revision(record, "claims", Seen(7, A))
    record_revision(record, "claims", Seen(7, A))
    with pytest.raises(VerificationError, match="revision 7 was another bundle"):
        check_revision(record, "claims", Seen(7, B))


def test_nothing_is_written_for_what_is_recorded(record: Path) -> None:
    """A second start may stand on a disk that nobody may write to."""
    record_revision(record, "claims", Seen(7, A))
    before = record.stat()
    os.utime(record, (1, 1))
    record_revision(record, "claims", Seen(7, A))
    assert (1.0, before.st_ino) == (record.stat().st_mtime, record.stat().st_ino)


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")
def test_only_its_owner_may_lock_it(record: Path) -> None:
    """Whoever can hold the lock can stop every start."""
    record_revision(record, "claims", Seen(7, A))
    lock = record.with_name("revisions.json.lock")
    assert 0o600 == stat.S_IMODE(lock.stat().st_mode)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is not JSON"),
        (b"{}", "is not in canonical form"),
        (b"{}\n", "is wrong: the key"),
        (b"\xff", "is not UTF-8"),
        (b'{\n  "applications": {},\n  "schema": "guardlint/revisions/v2"\n}\n', "is not"),
        (b"[" * 100_000, "is not JSON"),
        (b" " * 5_000_000, "is too large"),
        (pretty({"schema": "guardlint/revisions/v1", "applications": {"a": {"revision": -1}}}), "is wrong: "),
        (pretty({"schema": "guardlint/revisions/v1", "applications": {"a b": {}}}), "'a b'"),
    ],
)
def test_a_damaged_record_is_no_empty_one(record: Path, content: bytes, said: str) -> None:
    """Then nobody knows what ran last; the message says how to go on."""
    record.write_bytes(content)
    with pytest.raises(ConfigError, match="record of revisions") as refused:
        check_revision(record, "claims", Seen(7, A))
    assert said in refused.value.message
    assert "minimum_revision" in (refused.value.help or "")
    assert content == record.read_bytes()


def test_where_nothing_can_be_recorded(tmp_path: Path) -> None:
    """A trust store that asks for a record gets one, or nothing runs."""
    with pytest.raises(ConfigError, match="cannot record the revision"):
        record_revision(tmp_path / "no" / "such" / "folder", "claims", Seen(7, A))
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigError, match="cannot read the record of revisions"):
        record_revision(tmp_path / "folder", "claims", Seen(7, A))


def _raise(path: str, name: str, revisions: list[int]) -> None:
    for revision in revisions:
        try:
            record_revision(Path(path), name, Seen(revision, A))
        except VerificationError:
            continue


def test_processes_do_not_undo_one_another(record: Path) -> None:
    """Four write at once, two of them of one application: the highest of each stays in a whole file."""
    context = multiprocessing.get_context("spawn")
    workers = [
        context.Process(target=_raise, args=(str(record), name, list(range(start, 60, 2))))
        for name in ("claims", "cards")
        for start in (0, 1)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert 0 == worker.exitcode
    assert {"claims": 59, "cards": 59} == {
        name: one["revision"] for name, one in json.loads(record.read_bytes())["applications"].items()
    }
    assert {"revisions.json", "revisions.json.lock"} == {path.name for path in record.parent.iterdir()}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(["claims", "cards"]), st.integers(0, 6), st.sampled_from([A, B]))))
def test_what_is_recorded_never_falls(record: Path, offers: list[tuple[str, int, str]]) -> None:
    """After any offers each application has the first bundle of its highest accepted revision."""
    record.unlink(missing_ok=True)
    expected: dict[str, Seen] = {}
    for name, revision, digest in offers:
        bundle = Seen(revision, digest)
        before = expected.get(name)
        wanted = before is None or revision > before.revision or bundle == before
        try:
            record_revision(record, name, bundle)
        except VerificationError:
            assert not wanted
        else:
            assert wanted
            expected[name] = bundle
        assert expected.get(name) == last_seen(record, name)
