"""Sealing: the manifest is completed and checked before anything is signed."""

from __future__ import annotations

import json
import tarfile
from datetime import UTC, datetime, timedelta, timezone
from io import BytesIO

import pytest

from guardlint.bundle.canonical import pretty
from guardlint.bundle.container import split
from guardlint.bundle.keys import generate
from guardlint.bundle.manifest import digest_of
from guardlint.bundle.seal import seal
from guardlint.errors import BundleError


def test_a_bundle_is_readable_without_guardlint(workshop) -> None:
    """One line, JSON, and a tar: head, jq and tar can show everything in it."""
    bundle = workshop.honest()
    line, rest = bundle.split(b"\n", 1)
    length = int(line.removeprefix(b"guardlint-bundle/1 "))
    assert {"payload", "payloadType", "signatures"} == set(json.loads(rest[:length]))
    with tarfile.open(fileobj=BytesIO(rest[length:])) as archive:
        assert sorted([*workshop.files, "manifest.json"]) == archive.getnames()
        manifest = archive.extractfile("manifest.json").read()
    assert pretty(json.loads(manifest)) == manifest


def test_the_manifest_is_completed(workshop) -> None:
    """Schema, time and the digest of every file but itself."""
    verified = workshop.verify(workshop.honest())
    assert workshop.complete() == verified.manifest
    assert {name: digest_of(content) for name, content in workshop.files.items()} == verified.manifest[
        "files"
    ]


def test_the_time_is_an_input(workshop) -> None:
    """In any zone and with any parts of a second, the same moment gives the same bytes."""
    elsewhere = workshop.created.astimezone(timezone(timedelta(hours=5, minutes=30))) + timedelta(
        microseconds=7
    )
    again = seal(workshop.files, workshop.manifest(), signers=[workshop.key], created=elsewhere)
    assert workshop.honest() == again
    later = workshop.created + timedelta(seconds=1)
    assert again != seal(workshop.files, workshop.manifest(), signers=[workshop.key], created=later)


def test_signers_in_any_order_give_the_same_bundle(workshop) -> None:
    """Two signatures, sorted."""
    other = generate()
    bundles = [
        seal(workshop.files, workshop.manifest(), signers=signers, created=workshop.created)
        for signers in ([workshop.key, other], [other, workshop.key])
    ]
    assert bundles[0] == bundles[1]


def test_an_unsigned_bundle_has_no_envelope(workshop) -> None:
    """It can be made, for somebody else to sign."""
    bundle = seal(workshop.files, workshop.manifest(), signers=[], created=workshop.created)
    envelope, archive = split(bundle)
    assert b"" == envelope
    assert split(workshop.honest())[1] == archive


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": "a b"}, "manifest.json at name: 'a b' is not written as it must be"),
        ({"name": "x\n"}, "manifest.json at name"),
        ({"revision": -1}, "manifest.json at revision"),
        ({"revision": 1.5}, "manifest.json at revision: 1.5 is not a whole number"),
        ({"revision": True}, "manifest.json at revision: true is not a whole number"),
        ({"expires": "2026-12-31"}, "manifest.json at expires"),
        (
            {"expires": "2026-13-31T00:00:00Z"},
            "manifest.json at expires: '2026-13-31T00:00:00Z' is not a time",
        ),
        ({"expires": "2026-03-01T12:00:00Z"}, "the bundle expires before it becomes valid"),
        ({"extra": 1}, "manifest.json at extra: unknown key 'extra'"),
        ({"tier": None, "team_code": "trusted"}, "manifest.json at team_code"),
        ({"llm_calls": {"low": float("nan"), "usual": 1, "high": 2}}, "manifest.json at llm_calls.low"),
        ({"engines": {"company": {"uses": "iorails", "reason": "\x1b[2J"}}}, "manifest.json at engines"),
        ({"tier": "a\ud800"}, "manifest.json at tier"),
        ({"waivers": [{"rule": "x"}]}, "manifest.json at waivers.0: the key 'id' is missing"),
        (
            {"created": "2020-01-01T00:00:00Z"},
            "manifest gives 'created' a value that is not that of the bundle",
        ),
        ({"schema": "guardlint/bundle/v2"}, "manifest gives 'schema' a value that is not that of the bundle"),
        ({"files": {}}, "manifest gives 'files' a value that is not that of the bundle"),
    ],
)
def test_a_wrong_manifest_is_refused(workshop, changes: dict[str, object], reason: str) -> None:
    """With the place in it."""
    assert reason in workshop.refused(lambda: workshop.honest(**changes), BundleError)


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"manifest.json": b"{}"}, "manifest.json is written by seal and cannot be among the files"),
        ({"other/x": b""}, "manifest.json at files.other/x: 'other/x' is not a name that may stand here"),
        ({"x.py": b""}, "is not a name that may stand here"),
        ({"team/../x": b""}, "file name 'team/../x' climbs out of the bundle with '..'"),
        ({"team/EMPTY.co": b""}, "differ only in case or Unicode form"),
        ({"plan.yml": b"- x\n"}, "plan.yml at its top: "),
    ],
)
def test_wrong_files_are_refused(workshop, files: dict[str, bytes], reason: str) -> None:
    """Names outside plan.yml, company/ and team/, and a plan that is none."""
    assert reason in workshop.refused(lambda: workshop.honest({**workshop.files, **files}), BundleError)


def test_what_must_be_there(workshop) -> None:
    """A plan, a time with a zone, all of the manifest."""
    without_plan = {name: content for name, content in workshop.files.items() if name != "plan.yml"}
    assert "plan.yml is missing from the files" == workshop.refused(
        lambda: workshop.honest(without_plan), BundleError
    )
    naive = datetime(2026, 1, 1)  # noqa: DTZ001
    line = workshop.refused(
        lambda: seal(workshop.files, workshop.manifest(), signers=[workshop.key], created=naive), BundleError
    )
    assert "time of creation needs a time zone" == line
    early = datetime(1960, 1, 1, tzinfo=UTC)
    line = workshop.refused(
        lambda: seal(workshop.files, workshop.manifest(), signers=[workshop.key], created=early), BundleError
    )
    assert "does not fit into the archive" in line
    for key in workshop.manifest():
        manifest = workshop.manifest()
        del manifest[key]
        line = workshop.refused(
            lambda m=manifest: seal(workshop.files, m, signers=[workshop.key], created=workshop.created),
            BundleError,
        )
        assert f"manifest.json at its top: the key '{key}' is missing" == line
