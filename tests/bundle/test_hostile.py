"""Validly signed, hostile inside: a stolen key or a careless signer must not own the machine.

Each archive is signed by a trusted key with the right digest, so only the reader of the archive and the
checks after it stand between it and the guard.
"""

from __future__ import annotations

import random
import tarfile
from collections.abc import Callable, Iterator

import pytest

from guardlint.bundle.canonical import compact, pretty
from guardlint.bundle.manifest import digest_of

POLICY = {"id": "customer-facing", "version": "1.2.0", "digest": digest_of(b""), "composed_of": []}
FOLDERS = ("", "team/", "company/rails/", "team/kb/")
NAMES = (
    "../evil", "/abs", "../../etc/passwd", "a//b", "./a", "..", "a/../b", "a\\..\\b", "C:evil", "nul",
    "CON.yml", "com1", "a.", "a ", "a\nb", "a\x1b[2J", "a\u202eb", "a\u200bb", "x:ads", "what?",
    "a\x7f", "a\x01",
)  # fmt: skip
KINDS = {
    "link": tarfile.SYMTYPE, "hard link": tarfile.LNKTYPE, "character device": tarfile.CHRTYPE,
    "block device": tarfile.BLKTYPE, "pipe": tarfile.FIFOTYPE, "folder": tarfile.DIRTYPE,
    "contiguous": tarfile.CONTTYPE, "old file": tarfile.AREGTYPE, "sparse": tarfile.GNUTYPE_SPARSE,
}  # fmt: skip


def raw(
    name: str, content: bytes, kind: bytes = tarfile.REGTYPE, form: int = tarfile.USTAR_FORMAT, **fields
) -> bytes:
    """The blocks of one entry by Python's tarfile, in guardlint's form but for what is asked otherwise."""
    info = tarfile.TarInfo(name)
    info.type, info.mtime, info.size = kind, 1_772_366_400, len(content)
    for key, value in fields.items():
        setattr(info, key, value)
    blocks = bytearray(info.tobuf(form, "utf-8", "surrogateescape"))
    last = len(blocks) - 512
    if kind not in (tarfile.CHRTYPE, tarfile.BLKTYPE):
        blocks[last + 329 : last + 345] = b"0000000\0" * 2  # tarfile leaves them empty
    blocks[last + 148 : last + 156] = b" " * 8
    blocks[last + 148 : last + 156] = b"%06o\0 " % sum(blocks[last:])
    return bytes(blocks) + content + bytes(-len(content) % 512)


Among = Callable[..., bytes]
Trick = tuple[str, bytes, str]


def among_honest(workshop) -> Among:
    """A function that puts blocks among honest entries: where their name belongs, or at a position."""
    honest = {**workshop.files, "manifest.json": pretty(workshop.complete())}
    base = [
        (name, raw(name, content))
        for name, content in sorted(honest.items(), key=lambda item: item[0].encode())
    ]

    def among(name: str, blocks: bytes, position: int | None = None) -> bytes:
        if position is None:
            position = sum(other.encode() < name.encode("utf-8", "surrogateescape") for other, _ in base)
        everything = [blocks for _, blocks in base]
        everything.insert(position, blocks)
        return b"".join(everything) + bytes(1024)

    return among


def tricks_with_names_and_kinds(among: Among) -> Iterator[Trick]:
    """What, archive, and what must be said of it: each name and each kind in each folder."""
    for folder in FOLDERS:
        for name in NAMES:
            yield f"name {folder}{name!r}", among(folder + name, raw(folder + name, b"x")), "archive name "
        for kind, code in KINDS.items():
            for target in ("/etc/passwd", "../../x", "plan.yml"):
                blocks = raw(f"{folder}z", b"", code, linkname=target)
                yield f"{kind} {folder}z -> {target}", among(f"{folder}z", blocks), "archive holds "


def tricks_with_other_entries(among: Among) -> Iterator[Trick]:
    """Second and shadowing entries, files that are folders, and files that nobody listed."""
    for position in range(7):
        second = among("plan.yml", raw("plan.yml", b"schema: evil\n"), position)
        yield f"second plan at {position}", second, "twice or out of order"
    for name in (
        "Plan.yml",
        "MANIFEST.JSON",
        "Team/config.yml",
        "team/Config.yml",
        "team/rails/u\u0308ber uns.co",
    ):
        yield f"shadow {name}", among(name, raw(name, b"evil")), "archive names clash"
    for name in ("team", "team/rails", "team/config.yml/x"):
        yield f"file and folder {name}", among(name, raw(name, b"evil")), "is a file and a folder"
    unlisted = "is in the archive and not listed in manifest.json"
    for name in ("team/z", "actions.py", "company/config.py", "team/actions.py", "x/y"):
        yield f"unlisted {name}", among(name, raw(name, b"x")), unlisted


def tricks_with_headers(among: Among) -> Iterator[Trick]:
    """Extensions that rename or resize what follows, owners, modes, times."""
    yield "nothing", bytes(1024), "archive has no files"
    for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
        for length in (120, 300, 5000):
            blocks = raw("team/" + "n" * length, b"", form=form)
            yield f"long name {form} {length}", among("team/n", blocks), "extension, not a file"
    pax = {"path": "../../evil", "size": "99999999999", "linkpath": "/etc/shadow", "GNU.sparse.size": "1"}
    for key, value in pax.items():
        blocks = raw("team/z", b"x", form=tarfile.PAX_FORMAT, pax_headers={key: value})
        yield f"pax {key}", among("team/z", blocks), "archive holds a PAX extension, not a file"
    for field, value in {"mode": 0o4755, "uid": 1, "gid": 1, "uname": "root", "gname": "root"}.items():
        yield (
            f"{field} {value}",
            among("team/z", raw("team/z", b"x", **{field: value})),
            "not in the one allowed form",
        )
    yield "mtime", among("team/z", raw("team/z", b"x", mtime=1)), "a time of its own"


def test_hostile_archives_are_refused(workshop) -> None:
    """All of them, each in one line and for its own reason."""
    among = among_honest(workshop)
    tricks = [
        *tricks_with_names_and_kinds(among),
        *tricks_with_other_entries(among),
        *tricks_with_headers(among),
    ]
    for what, archive, reason in tricks:
        line = workshop.verify_refused(workshop.vouch(archive))
        assert reason in line, f"{what}: {line}"
    assert len(tricks) >= 200


def test_the_hostile_writer_can_be_honest(workshop) -> None:
    """Without a trick its archive is accepted, so the refusals above are for the tricks."""
    honest = {**workshop.files, "manifest.json": pretty(workshop.complete())}
    blocks = [
        raw(name, content) for name, content in sorted(honest.items(), key=lambda item: item[0].encode())
    ]
    assert honest == workshop.verify(workshop.vouch(b"".join(blocks) + bytes(1024))).files


def test_tar_bombs_and_rubbish_are_refused(workshop) -> None:
    """A gzip bomb, a zip, a megabyte of nothing, random blocks."""
    generator = random.Random(7)
    for archive in (
        b"", b"\0" * 512, b"\0" * 1_000_000, b"\x1f\x8b\x08" + bytes(100), b"PK\x03\x04" + bytes(1000),
        *(generator.randbytes(512 * blocks) for blocks in range(1, 30)),
    ):  # fmt: skip
        workshop.verify_refused(workshop.vouch(archive))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"company/config.yml": b"rails: {off: true}\n"},
            "'company/config.yml' does not have the digest that",
        ),
        ({"team/added.co": b"x"}, "'team/added.co' is in the archive and not listed in manifest.json"),
        ({"actions.py": b"x"}, "'actions.py' is in the archive and not listed in manifest.json"),
        ({"team/empty.co": None}, "'team/empty.co' is listed in manifest.json and missing from the archive"),
        ({"plan.yml": None}, "plan.yml is missing from the archive"),
    ],
)
def test_files_other_than_listed_are_refused(workshop, change: dict[str, bytes | None], reason: str) -> None:
    """Changed, added, missing."""
    files = {name: content for name, content in {**workshop.files, **change}.items() if content is not None}
    assert reason in workshop.verify_refused(workshop.of(files))


def test_a_bundle_without_manifest_is_refused(workshop) -> None:
    """There is nothing to compare with."""
    from guardlint.bundle.container import pack

    line = workshop.verify_refused(workshop.vouch(pack(workshop.files, mtime=workshop.mtime)))
    assert "manifest.json is missing from the archive" == line


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", "other"), ("revision", 8), ("not_before", None), ("expires", "2027-12-31T00:00:00Z"),
        ("policy", {**POLICY, "version": "1.2.1"}), ("policy", {**POLICY, "id": "lax"}),
    ],
)  # fmt: skip
def test_the_manifest_must_say_what_was_signed(workshop, key: str, value: object) -> None:
    """What was judged before the archive was opened is what is inside."""
    bundle = workshop.of(workshop.files, workshop.complete(), pretty(workshop.complete(**{key: value})))
    assert "manifest.json differs from the signed statement" == workshop.verify_refused(bundle)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (compact, "manifest.json is not in canonical form"),
        (lambda m: pretty(m) + b"\n", "manifest.json is not in canonical form"),
        (
            lambda m: pretty(m).replace(b"{", b'{\n  "name": "x",', 1),
            "manifest.json says the key 'name' twice",
        ),
        (lambda m: pretty(m).replace(b"7", b"NaN", 1), "manifest.json"),
        (lambda m: pretty(m).replace(b'"revision": 7', b'"revision": 7.0'), "manifest.json differs"),
        (lambda m: b"\xff" + pretty(m), "manifest.json is not UTF-8"),
        (lambda m: b"[" * 500_000, "manifest.json is not JSON"),
        (lambda m: b"[]\n", "manifest.json is not a JSON object"),
        (lambda m: pretty({**m, "schema": "guardlint/bundle/v9"}), "manifest.json has the schema"),
        (lambda m: pretty({**m, "schema": ["\x1b"]}), "manifest.json has the schema"),
        (lambda m: pretty({**m, "extra\x1b[2J\n": 1}), "manifest.json at 'extra"),
        (lambda m: pretty({**m, "tier": "x" * 100_000}), "manifest.json at tier"),
        (lambda m: pretty({**m, "tier": "x\n\x1b[31m"}), "manifest.json at tier"),
        (
            lambda m: pretty({**m, "files": {**m["files"], "team/x\n": m["files"]["plan.yml"]}}),
            "manifest.json at",
        ),
        (
            lambda m: pretty({**m, "files": {**m["files"], "etc/x": m["files"]["plan.yml"]}}),
            "manifest.json at",
        ),
        (lambda m: pretty({**m, "files": {**m["files"], "team/x": "md5:0"}}), "manifest.json at"),
        (
            lambda m: pretty({**m, "files": {**m["files"], "plan.yml": m["files"]["plan.yml"] + "\n"}}),
            "manifest",
        ),
        (lambda m: pretty({**m, "created": "2026-02-31T00:00:00Z"}), "manifest.json at created"),
    ],
)
def test_a_hostile_manifest_is_refused(workshop, make, reason: str) -> None:
    """Other spellings, other schemas, terminal escapes, sizes."""
    manifest = workshop.complete()
    line = workshop.verify_refused(workshop.of(workshop.files, manifest, make(manifest)))
    assert line.startswith(reason), line


HEAD = b"schema: guardlint/plan/v1\nrefusal: sorry\non_error: block\ntimeout_seconds: 1\n"
PLAIN = HEAD + b"input: []\noutput: []\n"
BOMB = b"a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + b"".join(
    b"a%d: &a%d [%s]\n" % (level, level, b", ".join([b"*a%d" % (level - 1)] * 9)) for level in range(1, 12)
)


@pytest.mark.parametrize(
    ("plan", "reason"),
    [
        (b"", "plan.yml at its top"),
        (b"\xff", "plan.yml is not UTF-8"),
        (b"a: [", "plan.yml cannot be read: "),
        (b"a: !!python/object/apply:os.system [id]\n", "plan.yml cannot be read: "),
        (BOMB, "plan.yml cannot be read: its aliases expand"),
        (b"a: &a [*a]\n", "plan.yml cannot be read: "),
        (b"[" * 50_000, "plan.yml cannot be read: "),
        (b"a: '\x07'\n", "plan.yml cannot be read: "),
        (PLAIN + b"---\na: 1\n", "plan.yml cannot be read: a second YAML document"),
        (PLAIN + b"input: [{step: team}]\n", "plan.yml has the key 'input' twice, first in line 5"),
        (PLAIN + b"#" * 300_000, "plan.yml is larger than 262144 bytes"),
        (PLAIN + b"1: 2\n", "plan.yml at its top: the key 1 is not text"),
        (PLAIN + b"extra: 1\n", "plan.yml at extra: unknown key 'extra'"),
        (PLAIN.replace(b"v1", b"v2"), "plan.yml at schema: 'guardlint/plan/v2' is not 'guardlint/plan/v1'"),
        (PLAIN.replace(b"on_error: block", b"on_error: pass"), "plan.yml at on_error"),
        (PLAIN.replace(b"seconds: 1", b"seconds: .inf"), "plan.yml at timeout_seconds: inf is not a number"),
        (PLAIN.replace(b"seconds: 1", b"seconds: .nan"), "plan.yml at timeout_seconds: nan is not a number"),
        (PLAIN.replace(b"seconds: 1", b"seconds: 0"), "plan.yml at timeout_seconds"),
        (PLAIN.replace(b"seconds: 1", b"seconds: 2026-01-01"), "plan.yml at timeout_seconds: a date may not"),
        (PLAIN.replace(b"refusal: sorry", b"refusal: ''"), "plan.yml at refusal"),
        (HEAD + b"output: []\n", "plan.yml at its top: the key 'input' is missing"),
        (HEAD + b"input: {}\noutput: []\n", "plan.yml at input"),
        (HEAD + b"input: [{step: compny}]\noutput: []\n", "plan.yml at input.0.step: 'compny' is not"),
        (HEAD + b"input: [{}]\noutput: []\n", "plan.yml at input.0: the key 'step' is missing"),
        (HEAD + b"input: [team]\noutput: []\n", "plan.yml at input.0: 'team' is not a mapping"),
        (HEAD + b"input: [{step: team, when: rewritten}]\noutput: []\n", "plan.yml at input.0.when: "),
        (HEAD + b"input: []\noutput: [{step: company, when: rewritten}]\n", "plan.yml at output.0.when: "),
        (HEAD + b"input: [{step: pii, rail: r, action: log}]\noutput: []\n", "plan.yml at input.0.action"),
        (HEAD + b"input: [{step: pii, rail: r}]\noutput: []\n", "plan.yml at input.0: the key 'action'"),
        (
            HEAD + b"input: [{step: pii, rail: r, action: mask, thresholds: {PERSON: .nan}}]\noutput: []\n",
            "plan.yml at input.0.thresholds.PERSON: nan is not a number",
        ),
        (
            HEAD + b"input: [{step: pii, rail: r, action: mask, thresholds: {PERSON: 2}}]\noutput: []\n",
            "plan.yml at input.0.thresholds.PERSON",
        ),
        (
            HEAD + b"input: [{step: pii, rail: r, action: mask, entities: []}]\noutput: []\n",
            "plan.yml at input.0.entities: there is nothing in it",
        ),
        (HEAD + b"input: [" + b"{step: team}, " * 65 + b"]\noutput: []\n", "plan.yml at input"),
    ],
)  # fmt: skip
def test_a_hostile_plan_is_refused(workshop, plan: bytes, reason: str) -> None:
    """Bombs, tags, second documents, numbers that switch a threshold off, steps that nobody knows."""
    files = {**workshop.files, "plan.yml": plan}
    bundle = workshop.of(files, workshop.complete(files))
    line = workshop.verify_refused(bundle)
    assert line.startswith(reason), line


def test_the_plain_plan_is_accepted(workshop) -> None:
    """So that the refusals above have the reason that they give."""
    files = {**workshop.files, "plan.yml": PLAIN}
    assert "sorry" == workshop.verify(workshop.of(files, workshop.complete(files))).plan["refusal"]
