"""The container: one spelling, limits, and refusals of everything else."""

from __future__ import annotations

import io
import tarfile
import tracemalloc

import pytest

from guardlint.bundle import container
from guardlint.bundle.container import join, pack, split, unpack
from guardlint.errors import BundleError

FILES = {
    "team/b.co": b"b" * 512,
    "team/a.co": b"",
    "plan.yml": b"x",
    "company/" + "d" * 95 + "/x": b"\0" * 513,
}
MTIME = 1_700_000_000


def reheaded(archive: bytes, start: int, field: bytes, *, block: int = 0) -> bytes:
    """The archive with ``field`` written at ``start`` of a header, and the checksum made right again."""
    header = bytearray(archive[block : block + 512])
    header[start : start + len(field)] = field
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return archive[:block] + bytes(header) + archive[block + 512 :]


def test_what_is_packed_is_unpacked_in_order_of_name() -> None:
    """The order of the mapping does not matter, that of the archive is sorted."""
    archive = pack(FILES, mtime=MTIME)
    assert archive == pack(dict(reversed(FILES.items())), mtime=MTIME)
    assert FILES == unpack(archive)
    assert sorted(FILES) == list(unpack(archive))
    assert archive == pack(unpack(archive), mtime=MTIME)


def test_any_tar_program_can_read_it() -> None:
    """Python's tarfile sees plain files with the same names, contents, modes and times."""
    with tarfile.open(fileobj=io.BytesIO(pack(FILES, mtime=MTIME))) as archive:
        seen = {info.name: (info.isreg(), oct(info.mode), info.mtime, info.uid) for info in archive}
        contents = {info.name: archive.extractfile(info).read() for info in archive}
    assert dict.fromkeys(FILES, (True, "0o644", MTIME, 0)) == seen
    assert FILES == contents


def test_pack_refuses_what_unpack_would(workshop) -> None:
    """Names, clashes, numbers and sizes, each as a BundleError with the name in it."""

    def line(files: dict[str, bytes], mtime: int = MTIME) -> str:
        return workshop.refused(lambda: pack(files, mtime=mtime), BundleError)

    assert "file name '../x' climbs out of the bundle with '..'" == line({"../x": b""})
    assert "'team/A' and 'team/a' differ only in case or Unicode form" == line({"team/a": b"", "team/A": b""})
    assert "there is no file to pack" == line({})
    assert "time -1 does not fit into the archive" == line({"x": b""}, -1)
    assert "does not fit" in line({"x": b""}, container.MAX_MTIME + 1)
    assert "10001 files are too many" in line({f"team/{i}": b"" for i in range(10_001)})
    assert "at most 67108864 are allowed" in line({"x": bytes(container.MAX_ARCHIVE_BYTES - 1024)})
    assert "is longer than the archive can hold" in line({"n" * 101: b""})


def test_the_largest_archive_fits() -> None:
    """10,000 files and 64 MiB are inside the limits, not outside."""
    many = {f"team/{i:05}": b"" for i in range(container.MAX_FILES)}
    assert many == unpack(pack(many, mtime=0))
    large = pack({"x": bytes(container.MAX_ARCHIVE_BYTES - 512 - 1024)}, mtime=container.MAX_MTIME)
    assert container.MAX_ARCHIVE_BYTES == len(large)
    assert ["x"] == list(unpack(large))


@pytest.mark.parametrize(
    ("start", "field", "reason"),
    [
        (156, b"1", "archive holds a hard link, not a file"),
        (156, b"2", "archive holds a symbolic link, not a file"),
        (156, b"3", "archive holds a device, not a file"),
        (156, b"5", "archive holds a folder entry, not a file"),
        (156, b"6", "archive holds a pipe, not a file"),
        (156, b"x", "archive holds a PAX extension, not a file"),
        (156, b"g", "archive holds a PAX extension, not a file"),
        (156, b"L", "archive holds a GNU extension, not a file"),
        (156, b"K", "archive holds a GNU extension, not a file"),
        (156, b"S", "archive holds a GNU extension, not a file"),
        (156, b"\0", "archive holds an entry of unknown kind, not a file"),
        (257, b"ustar  \0", "archive is not in USTAR format"),
        (257, bytes(8), "archive is not in USTAR format"),
        (100, b"0000755", "archive header of 'plan.yml' is not in the one allowed form"),
        (100, b"0104755", "archive header of 'plan.yml' is not in the one allowed form"),
        (108, b"0001750", "archive header of 'plan.yml' is not in the one allowed form"),
        (157, b"/etc/passwd", "archive header of 'plan.yml' is not in the one allowed form"),
        (265, b"root", "archive header of 'plan.yml' is not in the one allowed form"),
        (329, b"0000001", "archive header of 'plan.yml' is not in the one allowed form"),
        (500, b"hidden", "archive header of 'plan.yml' is not in the one allowed form"),
        (124, b"0000000001 ", "archive gives 'plan.yml' a size or time that is no octal number"),
        (
            124,
            b"\x80" + bytes(10) + b"\x01",
            "archive gives 'plan.yml' a size or time that is no octal number",
        ),
        (124, b"-0000000001", "archive gives 'plan.yml' a size or time that is no octal number"),
        (124, b"77777777777", "archive is cut off inside 'plan.yml'"),
        (0, b"../etc/xx", "archive name '../etc/xx' climbs out of the bundle with '..'"),
        (0, b"/tmp/hack", "archive name '/tmp/hack' is absolute"),
        (0, b"a\\b" + bytes(5), "archive name 'a\\\\b' has a backslash"),
        (0, b"a\0b.ymls", "archive name 'a\\x00b.ymls' has a control or invisible character"),
        (0, b"pl\xffn.yml", "archive name 'pl\\ufffdn.yml' is not UTF-8"),
        (0, bytes(8), "archive name '' is empty"),
        (345, b"..", "archive name '../plan.yml' climbs out of the bundle with '..'"),
        (345, b"/", "archive name '//plan.yml' is absolute"),
        (345, b"team", "archive header of 'team/plan.yml' is not in the one allowed form"),
    ],
)
def test_a_header_of_another_form_is_refused(workshop, start: int, field: bytes, reason: str) -> None:
    """Although its checksum is right."""
    archive = reheaded(pack({"plan.yml": b"x"}, mtime=MTIME), start, field)
    assert reason == workshop.refused(lambda: unpack(archive))


def test_the_checksum_must_be_right(workshop) -> None:
    """And spelled as guardlint spells it."""
    archive = pack({"plan.yml": b"x"}, mtime=MTIME)
    for wrong in (b"000000\0 ", archive[148:154] + b" \0", b" " + archive[149:154] + b"\0 "):
        changed = archive[:148] + wrong + archive[156:]
        assert "archive header of 'plan.yml' has a wrong checksum" == workshop.refused(
            lambda a=changed: unpack(a)
        )


def test_duplicates_order_and_clashes_are_refused(workshop) -> None:
    """Two archives glued together, swapped entries, names that clash."""
    a, b, upper = (pack({name: b""}, mtime=MTIME)[:-1024] for name in ("team/a", "team/b", "team/A"))
    end = bytes(1024)
    assert "archive has 'team/a' twice or out of order" == workshop.refused(lambda: unpack(a + a + end))
    assert "archive has 'team/a' twice or out of order" == workshop.refused(lambda: unpack(b + a + end))
    line = workshop.refused(lambda: unpack(upper + a + end))
    assert "archive names clash: 'team/a' and 'team/A' differ only in case or Unicode form" == line
    later = pack({"team/b": b""}, mtime=MTIME + 1)
    assert "archive gives 'team/b' a time of its own" == workshop.refused(lambda: unpack(a + later))


def test_nothing_hides_in_paddings_or_after_the_end(workshop) -> None:
    """Padding is zero, the end is two blocks, and then the file ends."""
    archive = pack({"plan.yml": b"x"}, mtime=MTIME)
    for position in (512 + 1, 1023):
        hidden = archive[:position] + b"!" + archive[position + 1 :]
        assert "archive hides data after 'plan.yml'" == workshop.refused(lambda h=hidden: unpack(h))
    for ending in (bytes(1), bytes(512), bytes(8192), b"x", archive):
        longer = archive + ending
        assert "archive does not end after its end mark" == workshop.refused(lambda a=longer: unpack(a))
    assert "archive does not end after its end mark" == workshop.refused(lambda: unpack(archive[:-512]))
    assert "archive has no files" == workshop.refused(lambda: unpack(bytes(1024)))
    assert "archive is cut off before its end mark" == workshop.refused(lambda: unpack(b""))


def test_an_archive_beyond_the_limits_is_refused(workshop) -> None:
    """Too large, and too many files, before memory is spent on them."""
    assert "archive is larger" in workshop.refused(lambda: unpack(bytes(container.MAX_ARCHIVE_BYTES + 1)))
    pieces = [pack({f"team/{i:05}": b""}, mtime=0)[:-1024] for i in range(container.MAX_FILES + 1)]
    line = workshop.refused(lambda: unpack(b"".join([*pieces, bytes(1024)])))
    assert "archive has more than 10000 files" == line


def test_a_size_bomb_costs_no_memory(workshop) -> None:
    """A header that promises 8 GiB is refused by arithmetic."""
    archive = reheaded(pack({"plan.yml": b"x"}, mtime=MTIME), 124, b"77777777777")
    tracemalloc.start()
    try:
        workshop.refused(lambda: unpack(archive))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
def test_archives_of_other_programs_are_refused(workshop, form: int) -> None:
    """Their spellings differ, although every tar program reads them."""
    info = tarfile.TarInfo("team/" + "long/" * 30 + "grüße.co")
    info.mtime = MTIME + 0.5
    workshop.refused(lambda: unpack(workshop.tar((info, b"x"), form=form)))


def test_join_and_split() -> None:
    """The two parts come back, also from an unsigned bundle."""
    assert (b"{}", b"archive") == split(join(b"{}", b"archive"))
    assert (b"", b"archive") == split(join(b"", b"archive"))
    assert b"guardlint-bundle/1 2\n{}archive" == join(b"{}", b"archive")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "header is not that of a guardlint bundle"),
        (b"PK\x03\x04", "header is not that of a guardlint bundle"),
        (b"guardlint-bundle/1 -1\n", "header is not that of a guardlint bundle"),
        (b"guardlint-bundle/1 02\n{}", "header is not that of a guardlint bundle"),
        (b"guardlint-bundle/1 2\r\n{}", "header is not that of a guardlint bundle"),
        (b"guardlint-bundle/1 2", "header is not that of a guardlint bundle"),
        ("guardlint-bundle/1 \u0662\n{}".encode(), "header is not that of a guardlint bundle"),
        (b"guardlint-bundle/1 " + b"9" * 100_000, "header is not that of a guardlint bundle"),
        (b"guardlint-bundle/2 2\n{}", "bundle format '2' is not known to this guardlint"),
        (b"guardlint-bundle/\x1b[31m 2\n{}", "bundle format '\\x1b[31m' is not known to this guardlint"),
        (b"guardlint-bundle/1 65537\n", "envelope is said to have 65537 bytes, over 65536"),
        (b"guardlint-bundle/1 999999999\n", "envelope is said to have 999999999 bytes, over 65536"),
        (b"guardlint-bundle/1 3\n{}", "bundle is cut off inside its envelope"),
    ],
)
def test_a_wrong_header_is_refused(workshop, data: bytes, reason: str) -> None:
    """By name, and without reading what it promises."""
    assert reason == workshop.refused(lambda: split(data))


def test_a_large_archive_is_refused_by_its_size(workshop) -> None:
    """Before any digest is computed."""
    data = join(b"", bytes(container.MAX_ARCHIVE_BYTES + 1))
    assert "archive is larger than 67108864 bytes" == workshop.refused(lambda: split(data))
    assert "envelope has 65537 bytes" in workshop.refused(lambda: join(bytes(65537), b""), BundleError)
