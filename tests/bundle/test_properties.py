"""What holds for every input: round trips, and refusal of every change."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from guardlint.bundle.container import MAX_MTIME, join, pack, split, unpack
from guardlint.bundle.manifest import manifest_fault
from guardlint.bundle.names import name_fault, names_fault
from guardlint.bundle.schema import first_fault
from guardlint.errors import VerificationError

quick = settings(deadline=None, max_examples=120, database=None, suppress_health_check=[HealthCheck.too_slow])

parts = st.text(min_size=1, max_size=40).filter(lambda part: name_fault(part) is None)
names = st.lists(parts, min_size=1, max_size=6).map("/".join).filter(lambda name: name_fault(name) is None)
trees = st.dictionaries(names, st.binary(max_size=1200), min_size=1, max_size=8).filter(
    lambda files: names_fault(files) is None
)


@quick
@given(trees, st.integers(0, MAX_MTIME))
def test_pack_and_unpack_are_inverse(files: dict[str, bytes], mtime: int) -> None:
    """For every tree that may be packed."""
    archive = pack(files, mtime=mtime)
    assert files == unpack(archive)
    assert archive == pack(unpack(archive), mtime=mtime)


@quick
@given(trees, st.data())
def test_what_is_unpacked_is_what_pack_writes(files: dict[str, bytes], data: st.DataObject) -> None:
    """A changed archive is refused, or it is the one spelling of other files."""
    archive = bytearray(pack(files, mtime=1000))
    for _ in range(data.draw(st.integers(1, 3))):
        position = data.draw(st.integers(0, len(archive) - 1))
        archive[position] = data.draw(st.integers(0, 255))
    start = 512 * data.draw(st.integers(0, len(archive) // 512 - 1))
    header = archive[start : start + 512]
    header[148:156] = b" " * 8
    archive[start + 148 : start + 156] = b"%06o\0 " % sum(header)
    try:
        unpacked = unpack(bytes(archive))
    except VerificationError:
        return
    mtime = int(archive[136:147], 8)
    assert bytes(archive) == pack(unpacked, mtime=mtime)


@quick
@given(st.text(max_size=60))
def test_names_are_judged_without_failing(name: str) -> None:
    """And an allowed one never leaves its folder."""
    if name_fault(name) is None:
        assert not name.startswith("/")
        assert not {"..", ".", ""} & set(name.split("/"))


@quick
@given(st.binary(max_size=3000))
def test_garbage_is_refused(workshop, data: bytes) -> None:
    """As a bundle, as an envelope, as an archive: with one line, never with another exception."""
    workshop.verify_refused(data)
    workshop.verify_refused(join(data, split(workshop.honest())[1]))
    assume(data != split(workshop.honest())[1])
    workshop.verify_refused(join(split(workshop.honest())[0], data))
    workshop.verify_refused(workshop.vouch(data))


def test_every_changed_byte_is_refused(workshop) -> None:
    """Every byte of header and envelope, and a sample of the archive; one bit, all bits, any value."""
    generator = random.Random(2)
    bundle = workshop.honest()
    start = len(bundle) - len(split(bundle)[1])
    positions = [*range(start), *sorted(generator.sample(range(start, len(bundle)), 600)), len(bundle) - 1]
    for position in positions:
        for flip in {1 << generator.randrange(8), 0xFF, generator.randrange(1, 256)}:
            changed = bytearray(bundle)
            changed[position] ^= flip
            with pytest.raises(VerificationError) as caught:
                workshop.verify(bytes(changed))
            assert str(caught.value).isprintable(), (position, flip)


def test_every_truncation_and_extension_is_refused(workshop) -> None:
    """Also the one that leaves a shorter archive which would be valid by itself."""
    generator = random.Random(3)
    bundle = workshop.honest()
    for length in [
        *range(200),
        *generator.sample(range(len(bundle)), 300),
        len(bundle) - 1,
        len(bundle) - 512,
    ]:
        workshop.verify_refused(bundle[:length])
    for tail in (b"\0", b"\n", bytes(512), bundle):
        workshop.verify_refused(bundle + tail)


def test_parts_of_two_bundles_do_not_mix(workshop) -> None:
    """An older envelope does not vouch for a newer archive, nor the other way round."""
    old, new = (split(workshop.honest(revision=revision)) for revision in (7, 8))
    for envelope, archive in ((old[0], new[1]), (new[0], old[1])):
        assert "archive is not the one that was signed" == workshop.verify_refused(join(envelope, archive))


@quick
@given(st.data())
def test_insertions_deletions_and_swaps_are_refused(workshop, data: st.DataObject) -> None:
    """Bytes may not move either."""
    bundle = workshop.honest()
    at = data.draw(st.integers(0, len(bundle)))
    piece = data.draw(st.binary(max_size=20))
    skip = data.draw(st.integers(0, 1024))
    changed = bundle[:at] + piece + bundle[at + skip :]
    assume(changed != bundle)
    workshop.verify_refused(changed)


DIGEST = "sha256:" + "a" * 64
listed = st.dictionaries(
    st.one_of(
        st.sampled_from(
            ["plan.yml", "plan.yml\n", "Plan.yml", "team/", "company/a\x1fb", f"team/{'x' * 252}"]
        ),
        st.builds("{}/{}".format, st.sampled_from(["team", "company", "tema"]), st.text(max_size=6)),
    ),
    st.sampled_from([DIGEST, DIGEST[:-1], DIGEST.upper(), f"{DIGEST}\n", 7]),
    max_size=4,
)


@quick
@given(listed, st.booleans())
def test_files_are_judged_as_the_schema_judges_them(
    workshop, files: dict[str, object], with_plan: bool
) -> None:
    """The short way for many files says the same as the schema asked about each."""
    if with_plan:
        files = {**files, "plan.yml": DIGEST}
    manifest = workshop.complete(files=files)
    assert (first_fault("bundle-manifest", manifest) is None) == (manifest_fault(manifest) is None)
