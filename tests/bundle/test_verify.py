"""Verification: what is trusted, when, and in which order it is found out."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from datetime import UTC, datetime, timedelta

import pytest

from guardlint.bundle.canonical import compact
from guardlint.bundle.container import join, split
from guardlint.bundle.dsse import open_envelope, sign_envelope
from guardlint.bundle.keys import generate, key_id, public_pem
from guardlint.bundle.manifest import statement_bytes
from guardlint.bundle.revisions import last_seen
from guardlint.bundle.seal import seal, sign_bundle
from guardlint.bundle.trust import Trust, trusting
from guardlint.bundle.verify import verify_bundle
from guardlint.errors import ConfigError, UsageError


def test_an_honest_bundle(workshop) -> None:
    """Everything that was put in comes out, with the keys that vouch for it."""
    bundle = workshop.honest()
    verified = workshop.verify(bundle)
    manifest = verified.files["manifest.json"]
    assert {**workshop.files, "manifest.json": manifest} == verified.files
    assert "guardlint/plan/v1" == verified.plan["schema"]
    assert [{"step": "team"}, {"step": "company"}] == verified.plan["output"][:2]
    assert (workshop.key_id,) == verified.key_ids
    assert hashlib.sha256(split(bundle)[1]).hexdigest() == verified.digest


def test_from_files(workshop, tmp_path) -> None:
    """A path of a bundle and a path of a key are what the command line has."""
    path, key = tmp_path / "x.glbundle", tmp_path / "key.pem"
    path.write_bytes(workshop.honest())
    key.write_bytes(public_pem(workshop.key.public))
    for source in (path, str(path)):
        assert 7 == verify_bundle(source, str(key), now=workshop.now).manifest["revision"]
    path.write_bytes(workshop.honest()[:-1])
    with pytest.raises(Exception, match=r"x\.glbundle: archive is not the one that was signed"):
        verify_bundle(path, key, now=workshop.now)


def test_what_is_no_bundle_file(workshop, tmp_path) -> None:
    """Missing, a folder, a pipe that would hang, an impossible name, an endless file."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    endless = tmp_path / "endless"
    with endless.open("wb") as stream:
        stream.truncate(10**12)
    for source, reason in {
        tmp_path / "none": "bundle does not exist",
        tmp_path: "bundle is not a file",
        pipe: "bundle is not a file",
        "/dev/zero": "bundle is not a file",
        endless: "bundle is larger than",
    }.items():
        line = workshop.refused(lambda source=source: verify_bundle(source, workshop.trust, now=workshop.now))
        assert reason in line
    with pytest.raises(Exception, match="bundle"):
        verify_bundle("x\0y", workshop.trust, now=workshop.now)


def test_unsigned_and_stripped(workshop) -> None:
    """An envelope of no bytes is no signature."""
    archive = split(workshop.honest())[1]
    missing = "signature is missing: the bundle is not signed"
    assert missing == workshop.verify_refused(join(b"", archive))


def test_one_of_two_signatures_is_missed(workshop) -> None:
    """The statement names both signers, so nobody can take one off, or add one."""
    other = generate()
    both = trusting(workshop.key.public, other.public)
    bundle = seal(
        workshop.files, workshop.manifest(), signers=[workshop.key, other], created=workshop.created
    )
    assert 2 == len(workshop.verify(bundle, trust=both).key_ids)
    envelope, archive = split(bundle)
    payload, _ = open_envelope(envelope, both.keys)
    reason = "signatures are not those of the signers that the statement names"
    assert reason == workshop.verify_refused(
        join(sign_envelope(payload, [workshop.key]), archive), trust=both
    )
    alone, archive = split(workshop.honest())
    payload, _ = open_envelope(alone, both.keys)
    more = join(sign_envelope(payload, [workshop.key, other]), archive)
    assert reason == workshop.verify_refused(more, trust=both)


def test_only_trusted_keys_count(workshop) -> None:
    """Unknown, revoked, one unknown beside a trusted one."""
    stranger = generate()
    bundle = workshop.honest()
    line = workshop.verify_refused(bundle, trust=trusting(stranger.public))
    assert f"signature is by the unknown key {workshop.key_id}" == line
    revoking = dataclasses.replace(workshop.trust, revoked=frozenset({workshop.key_id}))
    assert f"signature is by the revoked key {workshop.key_id}" == workshop.verify_refused(
        bundle, trust=revoking
    )
    two = seal(
        workshop.files, workshop.manifest(), signers=[workshop.key, stranger], created=workshop.created
    )
    assert f"signature is by the unknown key {key_id(stranger.public)}" == workshop.verify_refused(two)


def test_a_key_has_a_last_day(workshop) -> None:
    """Up to that moment it counts, after it not, whatever the bundle says of its own age."""
    trust = dataclasses.replace(workshop.trust, not_after={workshop.key_id: workshop.now})
    workshop.verify(workshop.honest(), trust=trust)
    line = workshop.verify_refused(workshop.honest(), trust=trust, now=workshop.now + timedelta(seconds=1))
    assert f"key {workshop.key_id} is not trusted since 2026-04-01T00:00:00Z" == line


def test_a_bundle_has_its_time(workshop) -> None:
    """From not_before on, until expires, not a second more; both may be open."""
    expires = datetime(2026, 12, 31, tzinfo=UTC)
    for moment in (workshop.created, expires - timedelta(seconds=1)):
        workshop.verify(workshop.honest(), now=moment)
    early = workshop.verify_refused(workshop.honest(), now=workshop.created - timedelta(seconds=1))
    assert "bundle is not valid before 2026-03-01T12:00:00Z" == early
    assert "bundle has expired at 2026-12-31T00:00:00Z" == workshop.verify_refused(
        workshop.honest(), now=expires
    )
    ageless = workshop.honest(not_before=None, expires=None)
    for year in (1971, 2200):
        workshop.verify(ageless, now=datetime(year, 1, 1, tzinfo=UTC))


def test_now_is_the_present_by_default(workshop) -> None:
    """And needs a time zone when given."""
    past = workshop.honest(not_before=None, expires="2020-01-01T00:00:00Z")
    line = workshop.refused(lambda: verify_bundle(past, workshop.trust))
    assert "bundle has expired at 2020-01-01T00:00:00Z" == line
    verify_bundle(workshop.honest(not_before=None, expires=None), workshop.trust)
    naive = datetime(2026, 1, 1)  # noqa: DTZ001
    line = workshop.refused(lambda: verify_bundle(past, workshop.trust, now=naive), UsageError)
    assert "the time of verification needs a time zone" == line


def test_old_revisions_are_refused(workshop) -> None:
    """The minimum itself is accepted."""
    at, above = (dataclasses.replace(workshop.trust, minimum_revision=minimum) for minimum in (7, 8))
    workshop.verify(workshop.honest(), trust=at)
    line = workshop.verify_refused(workshop.honest(), trust=above)
    assert "revision 7 is below the trust store's minimum of 8" == line


def test_nothing_is_parsed_before_it_is_trusted(workshop) -> None:
    """Each bundle is wrong in this respect and in all later ones; the first is what is told."""
    stranger, archive = generate(), b"no archive at all"

    def of(payload: bytes) -> bytes:
        return join(sign_envelope(payload, [workshop.key]), archive)

    def stated(digest: str, **changes: object) -> bytes:
        return statement_bytes({**workshop.complete(), **changes}, digest, [workshop.key_id])

    digest = hashlib.sha256(archive).hexdigest()
    strict = dataclasses.replace(
        workshop.trust, minimum_revision=8, not_after={workshop.key_id: workshop.created}
    )
    expired = {"expires": "2026-03-02T00:00:00Z"}
    ladder = [
        (b"x" + of(b"no JSON"), "header is not that of a guardlint bundle"),
        (join(sign_envelope(b"no JSON", [stranger]), archive), "signature is by the unknown key"),
        (of(b"no JSON"), "statement is not JSON"),
        (of(stated("0" * 64, **expired)), "archive is not the one that was signed"),
        (of(stated(digest, **expired)), "is not trusted since"),
    ]
    for bundle, reason in ladder:
        assert reason in workshop.verify_refused(bundle, trust=strict)
    dated = dataclasses.replace(strict, not_after={})
    assert "bundle has expired at" in workshop.verify_refused(of(stated(digest, **expired)), trust=dated)
    assert "revision 7 is below" in workshop.verify_refused(of(stated(digest)), trust=dated)
    assert "archive is cut off before its end mark" == workshop.verify_refused(of(stated(digest)))


STATEMENT = {
    "_type": "https://in-toto.io/Statement/v1",
    "subject": [{"name": "x.tar", "digest": {"sha256": "0" * 64}}],
    "predicateType": "https://guardlint.dev/bundle/v1",
    "predicate": {
        "name": "x", "revision": 1, "notBefore": None, "expires": None,
        "policy": {"id": "p", "version": "1"}, "signers": [],
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("_type",), "https://in-toto.io/Statement/v0.1"),
        (("_type",), None),
        (("predicateType",), "https://slsa.dev/provenance/v1"),
        (("extra",), 1),
        (("subject",), []),
        (("subject",), STATEMENT["subject"] * 2),
        (("subject",), {"name": "x"}),
        (("subject", 0), "x"),
        (("subject", 0, "digest"), {"sha512": "0"}),
        (("subject", 0, "digest"), {"sha256": "0" * 64, "md5": "0"}),
        (("subject", 0, "digest", "sha256"), "0" * 63),
        (("subject", 0, "digest", "sha256"), "A" * 64),
        (("subject", 0, "digest", "sha256"), 0),
        (("predicate",), []),
        (("predicate", "revision"), -1),
        (("predicate", "revision"), 1.0),
        (("predicate", "revision"), True),
        (("predicate", "revision"), "1"),
        (("predicate", "notBefore"), 0),
        (("predicate", "notBefore"), "2026-01-01"),
        (("predicate", "expires"), "2026-01-01T00:00:00+00:00"),
        (("predicate", "expires"), "2026-02-30T00:00:00Z"),
        (("predicate", "expires"), "0000-01-01T00:00:00Z"),
        (("predicate", "expires"), False),
        (("predicate", "name"), ["x"]),
        (("predicate", "policy"), "p"),
        (("predicate", "policy"), {"id": "p"}),
        (("predicate", "signers"), "abc"),
        (("predicate", "signers"), [1]),
        (("predicate", "builder"), 1),
    ],
)
def test_a_statement_of_another_kind_is_refused(workshop, path: tuple[str | int, ...], value: object) -> None:
    """Although it is validly signed: a signature for one purpose must not serve another."""

    def changed(node: object, rest: tuple[str | int, ...]) -> object:
        if not rest:
            return value
        copy = dict(node) if isinstance(node, dict) else list(node)
        copy[rest[0]] = changed(node.get(rest[0]) if isinstance(node, dict) else node[rest[0]], rest[1:])
        return copy

    payload = compact(changed(STATEMENT, path))
    line = workshop.verify_refused(join(sign_envelope(payload, [workshop.key]), b""))
    assert line.startswith("statement ")


def test_the_trust_store_is_read_first(workshop) -> None:
    """A store that cannot be read is that, not a bad bundle."""
    line = workshop.refused(lambda: verify_bundle(b"", [], now=workshop.now), ConfigError)
    assert "no trusted key is given" == line
    assert Trust({}) is not None


def test_the_application_is_asked_before_the_date(workshop) -> None:
    """A bundle of somebody else's is that, not an expired one; without names any will do."""
    ours = dataclasses.replace(workshop.trust, applications=frozenset({"claims-and-cards", "cards"}))
    workshop.verify(workshop.honest(), trust=ours)
    theirs = dataclasses.replace(workshop.trust, applications=frozenset({"mortgages"}))
    for moment in (workshop.now, datetime(2030, 1, 1, tzinfo=UTC)):
        line = workshop.verify_refused(workshop.honest(), trust=theirs, now=moment)
        assert "bundle is of the application 'claims-and-cards', expected is mortgages" == line
    nobody = dataclasses.replace(workshop.trust, applications=frozenset())
    assert "the trust stores name none in common" in workshop.verify_refused(workshop.honest(), trust=nobody)


def test_only_what_is_accepted_is_recorded(workshop, tmp_path) -> None:
    """A bundle that turns out bad at its last step must not lock out good ones."""
    record = tmp_path / "revisions.json"
    trust = dataclasses.replace(workshop.trust, revisions=(record,))
    bad = {**workshop.files, "plan.yml": b"schema: guardlint/plan/v9\n"}
    complete = workshop.complete(bad, revision=99)
    workshop.verify_refused(workshop.of(bad, complete), trust=trust)
    assert not record.exists()
    workshop.verify(workshop.honest(), trust=trust)
    assert 7 == last_seen(record, "claims-and-cards").revision
    assert "revision 6 is older than 7" in workshop.verify_refused(workshop.honest(revision=6), trust=trust)
    workshop.verify(workshop.honest(revision=8), trust=trust)
    line = workshop.verify_refused(workshop.honest(), trust=trust)
    assert "revision 7 is older than 8, which this machine has accepted" == line


def test_signing_anew_leaves_the_revision_alone(workshop, tmp_path) -> None:
    """The archive is the same, so a rotated key brings no other bundle."""
    record, other = tmp_path / "revisions.json", generate()
    trust = dataclasses.replace(trusting(workshop.key.public, other.public), revisions=(record,))
    bundle = workshop.honest()
    workshop.verify(bundle, trust=trust)
    workshop.verify(sign_bundle(bundle, [other], now=workshop.now), trust=trust)
