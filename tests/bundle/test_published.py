"""Archives of strangers: plain files come in, everything else is refused, and memory is not flooded."""

from __future__ import annotations

import gzip
import io
import stat
import tarfile
import zipfile
from datetime import UTC, datetime

import pytest

from guardlint.bundle.dsse import sign_envelope
from guardlint.bundle.keys import generate, key_id
from guardlint.bundle.published import MAX_BYTES, accepted, sign_archive, unpack_any, verify_archive
from guardlint.bundle.trust import Trust, trusting
from guardlint.errors import VerificationError

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def tar(*entries: tuple[str, bytes, bytes]) -> bytes:
    """Name, kind and content of each entry; of a link the content is where it leads."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, kind, content in entries:
            entry = tarfile.TarInfo(name)
            entry.type = kind
            if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
                entry.linkname = content.decode()
                archive.addfile(entry)
            else:
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


def zipped(name: str, content: bytes, mode: int = 0) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        entry = zipfile.ZipInfo(name)
        entry.external_attr = mode << 16
        archive.writestr(entry, content)
    return stream.getvalue()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_only_plain_files_come_in(kind: bytes) -> None:
    """No link, no pipe, no device."""
    with pytest.raises(VerificationError, match="no plain file"):
        unpack_any(tar(("policies/x.yml", kind, b"/etc/passwd")))


def test_no_link_in_a_zip_either() -> None:
    """There it is a mode of the file."""
    with pytest.raises(VerificationError, match="no plain file"):
        unpack_any(zipped("policies/x.yml", b"/etc/passwd", stat.S_IFLNK | 0o777))
    assert {"policies/x.yml": b"x"} == unpack_any(zipped("policies/x.yml", b"x", stat.S_IFREG | 0o644))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("policies/../../x", "climbs out"),
        ("policies//x", "empty"),
        ("policies/a:b", "Windows"),
        ("policies/con.yml", "device"),
        ("policies/a\u202eb", "invisible"),
    ],
)
def test_a_name_leads_nowhere_else(name: str, said: str) -> None:
    """On no platform."""
    with pytest.raises(VerificationError, match=said):
        accepted(unpack_any(tar((name, tarfile.REGTYPE, b"x"), ("rails/x", tarfile.REGTYPE, b""))), None)


def test_what_is_outside_is_left_out() -> None:
    """An absolute name is below no folder of ours."""
    files = unpack_any(
        tar(
            ("/etc/x", tarfile.REGTYPE, b"x"),
            ("README", tarfile.REGTYPE, b""),
            ("rails/x", tarfile.REGTYPE, b"y"),
        )
    )
    assert {"rails/x": b"y"} == accepted(files, None)


def test_a_name_stands_for_one_file() -> None:
    """Not twice, and not in two spellings that some disks take for one."""
    one = ("rails/x", tarfile.REGTYPE, b"x")
    with pytest.raises(VerificationError, match="twice"):
        unpack_any(tar(one, one))
    with pytest.raises(VerificationError, match="differ only in case"):
        accepted(unpack_any(tar(one, ("rails/X", tarfile.REGTYPE, b"x"))), None)


def test_little_that_unpacks_to_much() -> None:
    """Is read no further than the limit."""
    much = bytes(MAX_BYTES + 1)
    with pytest.raises(VerificationError, match="more than"):
        unpack_any(gzip.compress(much, 9))
    with pytest.raises(VerificationError, match="more than"):
        unpack_any(zipped("rails/x", much))


@pytest.mark.parametrize(
    "data", [b"", b"PK", b"PK\x05\x06", b"\x1f\x8b", b"x" * 600, gzip.compress(b"x", mtime=0)[:-4]]
)
def test_what_is_no_archive_is_refused_in_one_line(data: bytes) -> None:
    """Whatever a reader of archives makes of it."""
    with pytest.raises(VerificationError):
        accepted(unpack_any(data), None)


def test_a_signature_is_over_this_archive_for_this_use() -> None:
    """Neither one of a bundle nor one by a key that is revoked or out of time counts."""
    key, data = generate(), b"archive"
    public, identity = key.public, key_id(key.public)
    good = sign_archive(data, "standard.tar", [key])
    assert (identity,) == verify_archive(data, good, trusting(public), NOW)
    with pytest.raises(VerificationError, match="not the one that was signed"):
        verify_archive(b"another", good, trusting(public), NOW)
    with pytest.raises(VerificationError, match="unknown key"):
        verify_archive(data, good, trusting(generate().public), NOW)
    with pytest.raises(VerificationError, match="revoked"):
        verify_archive(data, good, Trust({identity: public}, frozenset({identity})), NOW)
    past = datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(VerificationError, match="not trusted since"):
        verify_archive(data, good, Trust({identity: public}, not_after={identity: past}), NOW)
    for payload in (b"{}", b'{"subject":[{"name":"standard.tar"}]}', b"archive"):
        with pytest.raises(VerificationError):
            verify_archive(data, sign_envelope(payload, [key]), trusting(public), NOW)
