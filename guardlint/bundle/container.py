"""The file format: one header line, the envelope, and an archive of which only one spelling exists.

``guardlint-bundle/1 <length of the envelope>\\n``, the envelope, then a USTAR archive (POSIX.1-1988):
regular files only, sorted by their UTF-8 bytes, mode 0644, owner 0, one time for all, two zero blocks at
the end and nothing after.  Any tar program can list it.

The reader never interprets a header field that the writer does not vary: it reads name, size and time,
writes the header anew and compares all 512 bytes.  So ``pack(unpack(archive), mtime=...) == archive`` holds
for whatever is accepted, and links, devices, extensions and odd paddings have no way in.

Standard library only, so that any Python from 3.11 on makes the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from guardlint.bundle.canonical import shown
from guardlint.bundle.names import name_fault, names_fault, split_name
from guardlint.errors import BundleError, VerificationError

__all__ = [
    "MAX_ARCHIVE_BYTES",
    "MAX_ENVELOPE_BYTES",
    "MAX_FILES",
    "MAX_MTIME",
    "join",
    "pack",
    "split",
    "unpack",
]

MAX_ARCHIVE_BYTES = 64 * 1024 * 1024
MAX_ENVELOPE_BYTES = 64 * 1024
MAX_FILES = 10_000
MAX_MTIME = 8**11 - 1
"""Seconds since 1970: eleven octal digits, the year 2242."""

_BLOCK = 512
_END = bytes(2 * _BLOCK)
_HEADER_LINE = re.compile(rb"guardlint-bundle/1 (0|[1-9][0-9]{0,8})\n")
_MAX_HEADER_LINE = len(b"guardlint-bundle/1 123456789\n")

# Fields of a USTAR header (POSIX.1-1988, 10.1.1): offset and length.
_NAME, _SIZE, _MTIME = slice(0, 100), slice(124, 136), slice(136, 148)
_CHECKSUM, _TYPE, _MAGIC, _PREFIX = slice(148, 156), slice(156, 157), slice(257, 265), slice(345, 500)

_KINDS = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a device",
    b"4": "a device",
    b"5": "a folder entry",
    b"6": "a pipe",
    b"7": "a contiguous file",
    b"x": "a PAX extension",
    b"g": "a PAX extension",
    b"L": "a GNU extension",
    b"K": "a GNU extension",
    b"S": "a GNU extension",
}


def join(envelope: bytes, archive: bytes) -> bytes:
    """A bundle from its two parts; an empty envelope makes an unsigned bundle.

    Raises BundleError when the envelope is larger than ``split`` accepts.
    """
    if len(envelope) > MAX_ENVELOPE_BYTES:
        raise BundleError(f"envelope has {len(envelope)} bytes, at most {MAX_ENVELOPE_BYTES} are allowed")
    return b"guardlint-bundle/1 %d\n" % len(envelope) + envelope + archive


def split(bundle: bytes) -> tuple[bytes, bytes]:
    """The envelope (empty when unsigned) and the archive of a bundle; looks into neither.

    Raises VerificationError.
    """
    line = _HEADER_LINE.match(bundle)
    if line is None:
        if bundle.startswith(b"guardlint-bundle/") and not bundle.startswith(b"guardlint-bundle/1 "):
            version = bundle[17:_MAX_HEADER_LINE].split(b" ")[0].decode("ascii", "replace")
            raise VerificationError(
                f"bundle format {shown(version)} is not known to this guardlint",
                help="this version reads guardlint-bundle/1",
            )
        raise VerificationError("header is not that of a guardlint bundle", help="is this a .glbundle file?")
    length = int(line[1])
    if length > MAX_ENVELOPE_BYTES:
        raise VerificationError(f"envelope is said to have {length} bytes, over {MAX_ENVELOPE_BYTES}")
    start = line.end() + length
    if start > len(bundle):
        raise VerificationError("bundle is cut off inside its envelope")
    if len(bundle) - start > MAX_ARCHIVE_BYTES:
        raise VerificationError(f"archive is larger than {MAX_ARCHIVE_BYTES} bytes")
    return bundle[line.end() : start], bundle[start:]


def pack(files: Mapping[str, bytes], *, mtime: int) -> bytes:
    """The archive of ``files`` (path with ``/`` -> content): same files and time, same bytes.

    ``mtime`` is in seconds since 1970, UTC.  Raises BundleError for names, numbers or sizes that ``unpack``
    would refuse.
    """
    if not 0 <= mtime <= MAX_MTIME:
        raise BundleError(f"time {mtime} does not fit into the archive")
    if not files:
        raise BundleError("there is no file to pack")
    if len(files) > MAX_FILES:
        raise BundleError(f"{len(files)} files are too many, at most {MAX_FILES} fit into a bundle")
    for name in files:
        fault = name_fault(name)
        if fault:
            raise BundleError(f"file name {shown(name)} {fault}", help="rename the file")
    clash = names_fault(files)
    if clash:
        raise BundleError(clash, help="rename one of them")
    total = len(_END) + sum(_BLOCK + _padded(len(content)) for content in files.values())
    if total > MAX_ARCHIVE_BYTES:
        raise BundleError(f"files make an archive of {total} bytes, at most {MAX_ARCHIVE_BYTES} are allowed")
    pieces: list[bytes] = []
    for encoded, content in sorted((name.encode("utf-8"), content) for name, content in files.items()):
        pieces += (
            _header(encoded, len(content), mtime),
            content,
            bytes(_padded(len(content)) - len(content)),
        )
    return b"".join([*pieces, _END])


def unpack(archive: bytes) -> dict[str, bytes]:
    """The files of an archive that ``pack`` wrote, in its order.

    Raises VerificationError for everything that ``pack`` does not write.  Memory stays below twice the
    archive; nothing is written to disk.
    """
    if len(archive) > MAX_ARCHIVE_BYTES:
        raise VerificationError(f"archive is larger than {MAX_ARCHIVE_BYTES} bytes")
    files: dict[str, bytes] = {}
    offset, previous, first_mtime = 0, b"", -1
    while True:
        header = archive[offset : offset + _BLOCK]
        if len(header) < _BLOCK:
            raise VerificationError("archive is cut off before its end mark")
        if not header.strip(b"\0"):
            break
        name, size, mtime = _read_header(header)
        if len(files) == MAX_FILES:
            raise VerificationError(f"archive has more than {MAX_FILES} files")
        if name <= previous:
            raise VerificationError(f"archive has {shown(name.decode())} twice or out of order")
        if first_mtime not in (-1, mtime):
            raise VerificationError(f"archive gives {shown(name.decode())} a time of its own")
        start, end = offset + _BLOCK, offset + _BLOCK + size
        offset = start + _padded(size)
        if offset > len(archive):
            raise VerificationError(f"archive is cut off inside {shown(name.decode())}")
        if archive[end:offset].strip(b"\0"):
            raise VerificationError(f"archive hides data after {shown(name.decode())}")
        files[name.decode()] = archive[start:end]
        previous, first_mtime = name, mtime
    if archive[offset:] != _END:
        raise VerificationError("archive does not end after its end mark")
    if not files:
        raise VerificationError("archive has no files")
    clash = names_fault(files)
    if clash:
        raise VerificationError(f"archive names clash: {clash}")
    return files


def _read_header(header: bytes) -> tuple[bytes, int, int]:
    """Name, size and time; the name is valid UTF-8 and allowed, and no other header spells them."""
    kind = header[_TYPE]
    if kind != b"0":
        raise VerificationError(f"archive holds {_KINDS.get(kind, 'an entry of unknown kind')}, not a file")
    if header[_MAGIC] != b"ustar\x0000":
        raise VerificationError("archive is not in USTAR format")
    prefix, name = header[_PREFIX].rstrip(b"\0"), header[_NAME].rstrip(b"\0")
    path = prefix + b"/" + name if prefix else name
    try:
        fault = name_fault(path.decode("utf-8"))
    except UnicodeDecodeError:
        fault = "is not UTF-8"
    if fault:
        raise VerificationError(f"archive name {shown(path.decode('utf-8', 'replace'))} {fault}")
    size, mtime = _octal(header[_SIZE]), _octal(header[_MTIME])
    if size is None or mtime is None:
        raise VerificationError(
            f"archive gives {shown(path.decode())} a size or time that is no octal number"
        )
    if header != _header(path, size, mtime):
        right = header[_CHECKSUM] == _checksum(header)
        fault = "is not in the one allowed form" if right else "has a wrong checksum"
        raise VerificationError(f"archive header of {shown(path.decode())} {fault}")
    return path, size, mtime


def _header(name: bytes, size: int, mtime: int) -> bytes:
    fields = split_name(name)
    assert fields is not None, "name_fault has measured the name"
    prefix, base = fields
    header = b"".join(
        (
            base.ljust(100, b"\0"),
            b"0000644\0",  # mode
            b"0000000\0",  # user
            b"0000000\0",  # group
            b"%011o\0" % size,
            b"%011o\0" % mtime,
            b" " * 8,  # checksum, summed as blanks
            b"0",  # a regular file
            bytes(100),  # link target
            b"ustar\x0000",
            bytes(32 + 32),  # user and group names
            b"0000000\0" * 2,  # device numbers
            prefix.ljust(155, b"\0"),
            bytes(12),
        )
    )
    return header[:148] + _checksum(header) + header[156:]


def _checksum(header: bytes) -> bytes:
    return b"%06o\0 " % (sum(header[:148]) + 8 * 0x20 + sum(header[156:]))


def _octal(field: bytes) -> int | None:
    return int(field[:11], 8) if re.fullmatch(rb"[0-7]{11}\0", field) else None


def _padded(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK
