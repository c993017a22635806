"""From a published central repository to a team's checks, offline: git, files and HTTPS, each one real."""

from __future__ import annotations

import contextlib
import functools
import http.server
import io
import ipaddress
import json
import os
import shutil
import ssl
import subprocess
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from guardlint.policy.vendor import VENDORED

POLICY = """\
schema: guardlint/policy/v1
id: retail
version: {version}
title: Retail
owner: governance@example.com
description: What retail asks.
extends: [baseline@1]
"""
TIERS = """\
schema: guardlint/tiers/v1
tiers:
  retail: {policy: retail@1, description: shops}
default: retail
"""
ENVIRON = {
    **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    done = subprocess.run(
        ["git", *who, *arguments], cwd=folder, env=ENVIRON, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def release(standard: Path, version: str, more: str = "") -> None:
    """Commit the policy under a version, and tag it."""
    (standard / "policies" / "retail" / "policy.yml").write_text(POLICY.format(version=version) + more)
    git(standard, "add", "-A")
    git(standard, "commit", "-q", "-m", version)
    git(standard, "tag", f"v{version}")


@pytest.fixture
def standard(tmp_path: Path) -> Path:
    """A central repository with a tag v1.0.0, more files than a team needs, and a hook that would tell."""
    root = tmp_path / "standard"
    (root / "policies" / "retail").mkdir(parents=True)
    (root / "policies" / "tiers.yml").write_text(TIERS)
    (root / "README.md").write_text("# The standard\n")
    git(root.parent, "init", "-q", "-b", "main", str(root))
    release(root, "1.0.0")
    return root


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A team's repository; it does not name its central repository yet."""
    root = tmp_path / "team"
    (root / "bot").mkdir(parents=True)
    (root / "bot" / "config.yml").write_text(
        "models:\n  - {type: main, engine: openai, model: gpt-4o-mini}\n"
    )
    monkeypatch.chdir(root)
    for name in ("GUARDLINT_CENTRAL", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    return root


def names(team: Path, central: str) -> None:
    (team / "guardlint.yml").write_text(f"team: claims\ncentral: {central}\n")


def snapshot(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_tag_is_shown_vendored_and_pinned(standard: Path, team: Path, guardlint) -> None:
    """And checks run from there, with the repository gone."""
    names(team, "{git: ../standard, tag: v1.0.0}")
    ran = guardlint("check")
    assert 2 == ran.code
    assert "there is no guardlint.lock that pins ../standard at v1.0.0 (run `guardlint update`" in ran.err
    ran = guardlint("update")
    assert (0, "") == (ran.code, ran.err)
    assert "policy   retail 1.0.0 new" in ran.out
    assert {"policies/retail/policy.yml", "policies/tiers.yml"} == set(snapshot(team / VENDORED))
    lock = json.loads((team / "guardlint.lock").read_text())["central"]
    assert git(standard, "rev-parse", "v1.0.0") == lock["commit"]
    assert {"git": "../standard", "tag": "v1.0.0"} == lock["source"]
    shutil.rmtree(standard)
    ran = guardlint("check")
    assert 0 == ran.code
    assert "policy retail@1.0.0" in ran.out


def test_the_next_version_shows_what_changes(standard: Path, team: Path, guardlint) -> None:
    """The lock that names the old one is an error until update has been run."""
    names(team, "{git: ../standard, tag: v1.0.0}")
    guardlint("update")
    release(standard, "1.1.0", "runtime: {timeout_seconds: 5}\nwaivers: {longest_days: 30}\n")
    names(team, "{git: ../standard, tag: v1.1.0}")
    ran = guardlint("check")
    assert 2 == ran.code
    assert "guardlint.lock pins ../standard at v1.0.0, and this is ../standard at v1.1.0" in ran.err
    before = snapshot(team)
    ran = guardlint("update", "--check")
    assert 1 == ran.code
    assert "policy   retail 1.0.0 -> 1.1.0\n      + " in ran.out
    assert "+ waivers longest_days: 30" in ran.out
    assert before == snapshot(team)
    assert 0 == guardlint("update").code
    assert "nothing changes" in guardlint("update", "--check").out
    names(team, "{git: ../standard, tag: v1.0.0}")
    assert "retail 1.1.0 -> 1.0.0 (back to an older one)" in guardlint("update").out


@pytest.mark.parametrize("how", ["changed", "added", "missing", "linked"])
def test_a_changed_vendored_file_is_a_finding(standard: Path, team: Path, guardlint, how: str) -> None:
    """It cannot be switched off, allowed or put into a baseline; update mends it."""
    names(team, "{git: ../standard, tag: v1.0.0}")
    guardlint("update")
    policy = team / VENDORED / "policies" / "retail" / "policy.yml"
    before = snapshot(team)
    if how == "changed":
        policy.write_text(policy.read_text().replace("retail asks", "we like"))
    elif how == "added":
        (policy.parent / "more.yml").write_text("x: 1\n")
    elif how == "missing":
        (policy.parent.parent / "tiers.yml").unlink()
    else:
        text = policy.read_text()
        policy.unlink()
        (team / "mine.yml").write_text(text)
        policy.symlink_to(team / "mine.yml")
    ran = guardlint("check")
    assert 1 == ran.code
    assert "error[changed-central-file]" in ran.out
    ran = guardlint("compile", "bot", "--unsigned")
    assert 1 == ran.code
    assert "and a bundle is of what was published" in ran.err
    guardlint("baseline")
    assert 1 == guardlint("check").code
    (team / "guardlint-baseline.json").unlink()
    text = (team / "guardlint.yml").read_text()
    (team / "guardlint.yml").write_text(f"{text}disable: {{changed-central-file: we know}}\n")
    ran = guardlint("check")
    assert 2 == ran.code
    assert "error[changed-central-file]" in ran.out
    (team / "guardlint.yml").write_text(text)
    assert 1 == guardlint("update", "--check").code
    assert 0 == guardlint("update").code
    assert before == {name: data for name, data in snapshot(team).items() if name != "mine.yml"}
    assert 0 == guardlint("check").code


def test_line_ends_of_windows_change_nothing(standard: Path, team: Path, guardlint) -> None:
    """Git may write them into a work tree."""
    names(team, "{git: ../standard, tag: v1.0.0}")
    guardlint("update")
    for path in (team / VENDORED).rglob("*.yml"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert 0 == guardlint("check").code


def test_an_edited_lock_is_an_error(standard: Path, team: Path, guardlint) -> None:
    """Its own digest is that of its list."""
    names(team, "{git: ../standard, tag: v1.0.0}")
    guardlint("update")
    lock = json.loads((team / "guardlint.lock").read_text())
    lock["central"]["files"]["policies/tiers.yml"] = f"sha256:{'0' * 64}"
    (team / "guardlint.lock").write_text(json.dumps(lock))
    ran = guardlint("check")
    assert 2 == ran.code
    assert "the digest is not that of the files below it" in ran.err


def test_a_moved_tag_is_refused(standard: Path, team: Path, guardlint) -> None:
    """Somebody rewrote what was published; whoever meant that says so."""
    names(team, "{git: ../standard, tag: v1.0.0}")
    guardlint("update")
    before = snapshot(team)
    release(standard, "1.0.1")
    git(standard, "tag", "-f", "v1.0.0")
    ran = guardlint("update")
    assert 1 == ran.code
    assert "the tag v1.0.0 named commit" in ran.err
    assert before == snapshot(team)
    assert 0 == guardlint("update", "--accept-moved-tag").code


def test_only_objects_are_read(standard: Path, team: Path, guardlint, tmp_path: Path) -> None:
    """No submodule, link, filter or hook of the repository has a part in it; a branch is no version."""
    (standard / ".gitattributes").write_text("* filter=tell\n")
    (standard / "docs").symlink_to("/etc")
    release(standard, "1.1.0")
    names(team, "{git: ../standard, tag: v1.1.0}")
    assert 0 == guardlint("update").code
    names(team, "{git: ../standard, tag: main}")
    assert "couldn't find remote ref refs/tags/main" in guardlint("update").err
    (standard / "policies" / "secrets").symlink_to("/etc")
    release(standard, "1.2.0")
    names(team, "{git: ../standard, tag: v1.2.0}")
    ran = guardlint("update")
    assert 1 == ran.code
    assert "`policies/secrets` of the repository is no plain file" in ran.err


def test_a_standard_that_does_not_compose_is_not_taken(standard: Path, team: Path, guardlint) -> None:
    """What is vendored stays as it is."""
    names(team, "{git: ../standard, tag: v1.0.0}")
    guardlint("update")
    before = snapshot(team / VENDORED)
    (standard / "policies" / "tiers.yml").write_text(TIERS.replace("retail@1", "retial@1"))
    release(standard, "1.1.0")
    names(team, "{git: ../standard, tag: v1.1.0}")
    ran = guardlint("update")
    assert 2 == ran.code
    assert "unknown policy 'retial' (did you mean 'retail'?)" in ran.err
    assert before == snapshot(team / VENDORED)


def test_a_subfolder_and_an_address_with_a_protocol(standard: Path, team: Path, guardlint) -> None:
    """The central repository may be a part of a larger one."""
    (standard / "ai" / "policies").mkdir(parents=True)
    (standard / "ai" / "policies" / "tiers.yml").write_text(TIERS.replace("retail@1", "baseline@1"))
    release(standard, "2.0.0")
    names(team, f'{{git: "{standard.as_uri()}", tag: v2.0.0, subfolder: ai}}')
    assert 0 == guardlint("update").code
    assert {"policies/tiers.yml"} == set(snapshot(team / VENDORED))
    names(team, f'{{git: "{standard.as_uri()}", tag: v2.0.0, subfolder: ia}}')
    assert "`ia` of it has no policies/ and no rails/" in guardlint("update").err


@pytest.mark.parametrize(
    ("central", "said"),
    [
        ("{git: ../standard}", "'git' needs 'tag' beside it"),
        ("{git: ../standard, tags: v1}", "unknown key 'tags' (did you mean 'tag'?)"),
        ("{git: ../standard, tag: v1, path: x}", "only one of 'path', 'git', 'archive' may stand here"),
        ('{git: "ext::sh -c date", tag: v1}', "is not written as it must be"),
        ('{git: "ext::date", tag: v1}', "`ext` is no protocol that can be trusted here"),
        ('{git: "http://example.com/x.git", tag: v1}', "use https:// or ssh:// or file://"),
        ('{git: "git://example.com/x.git", tag: v1}', "`git` is no protocol"),
        ('{git: "--upload-pack=date", tag: v1}', "is not written as it must be"),
        ('{git: "https://me:word@example.com/x.git", tag: v1}', "the address holds a name or a password"),
        ("{git: ../standard, tag: --all}", "is not written as it must be"),
        ("{git: ../standard, tag: v1, subfolder: ../x}", "is not written as it must be"),
        ("{archive: x.tar}", "an archive needs something to know it by"),
        ('{archive: "http://example.com/x.tar", key: k.pub}', "use https://"),
        ("{archive: x.tar, digest: sha256:abc}", "is not written as it must be"),
        ("{path: ../standard, subfolder: ai}", "a path needs no `subfolder`"),
    ],
)
def test_a_team_file_names_what_can_be_trusted(
    standard: Path, team: Path, guardlint, central: str, said: str
) -> None:
    """Everything else is an error at its place, before anything is fetched."""
    names(team, central)
    ran = guardlint("update")
    assert 2 == ran.code
    assert "guardlint.yml:2:" in ran.err
    assert said in ran.err


def test_nothing_to_vendor(standard: Path, team: Path, guardlint) -> None:
    """A path is read where it is, and the reference repository comes with guardlint."""
    names(team, "{path: ../standard}")
    assert "read where it is" in guardlint("update").out
    (team / "guardlint.yml").write_text("team: claims\n")
    assert "names no central repository" in guardlint("update").out
    (team / "guardlint.yml").unlink()
    assert 2 == guardlint("update").code


@pytest.fixture
def published(standard: Path, tmp_path: Path, guardlint) -> Path:
    """A folder with a signed archive of the standard and the public key."""
    folder = tmp_path / "published"
    folder.mkdir()
    guardlint("keygen", folder / "standard")
    ran = guardlint("publish", standard, "--key", folder / "standard.key", "-o", folder / "standard-1.tar")
    assert (0, "") == (ran.code, ran.err)
    return folder


def test_a_signed_archive(team: Path, published: Path, guardlint) -> None:
    """Its signature is checked before it is looked into."""
    names(team, "{archive: ../published/standard-1.tar, key: ../published/standard.pub}")
    ran = guardlint("update")
    assert (0, "") == (ran.code, ran.err)
    assert "signed   by " in ran.out
    lock = json.loads((team / "guardlint.lock").read_text())["central"]
    assert lock["archive"].startswith("sha256:")
    assert 1 == len(lock["signed_by"])
    assert 0 == guardlint("check").code


def test_the_same_standard_is_the_same_archive(
    standard: Path, published: Path, guardlint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the time is given."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1790000000")
    for name in ("a.tar", "b.tar"):
        guardlint("publish", standard, "--key", published / "standard.key", "-o", published / name)
    assert (published / "a.tar").read_bytes() == (published / "b.tar").read_bytes()


def test_an_archive_that_is_not_the_signed_one(team: Path, published: Path, guardlint) -> None:
    """Another byte, another signature, another key, no signature."""
    names(team, "{archive: ../published/standard-1.tar, key: ../published/standard.pub}")
    archive, signature = published / "standard-1.tar", published / "standard-1.tar.sig"
    good, signed = archive.read_bytes(), signature.read_bytes()
    archive.write_bytes(good.replace(b"retail asks", b"retail awks"))
    ran = guardlint("update")
    assert (1, True) == (ran.code, "archive is not the one that was signed" in ran.err)
    archive.write_bytes(good)
    signature.write_bytes(signed.replace(b'"sig":"', b'"sig":"AAAA'))
    assert 1 == guardlint("update").code
    guardlint("keygen", published / "other")
    signature.write_bytes(signed)
    names(team, "{archive: ../published/standard-1.tar, key: ../published/other.pub}")
    assert "signature is by the unknown key" in guardlint("update").err
    signature.unlink()
    assert 2 == guardlint("update").code
    assert not (team / VENDORED).exists()
    assert not (team / "guardlint.lock").exists()


def packed(kind: str, files: dict[str, bytes]) -> bytes:
    """An archive as other tools make it, with one folder around everything."""
    stream = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in files.items():
                archive.writestr(f"standard-1.0.0/{name}", data)
    else:
        with tarfile.open(fileobj=stream, mode="w:gz" if kind == "tar.gz" else "w") as archive:
            for name, data in files.items():
                entry = tarfile.TarInfo(f"standard-1.0.0/{name}")
                entry.size = len(data)
                archive.addfile(entry, io.BytesIO(data))
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["tar", "tar.gz", "zip"])
def test_an_archive_of_any_tool_by_its_digest(team: Path, tmp_path: Path, guardlint, kind: str) -> None:
    """Without a signature, and without the package that checks signatures."""
    import hashlib

    files = {"policies/tiers.yml": TIERS.replace("retail@1", "baseline@1").encode(), "README.md": b"x"}
    data = packed(kind, files)
    (tmp_path / f"standard.{kind}").write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    names(team, f"{{archive: ../standard.{kind}, digest: 'sha256:{digest}'}}")
    ran = guardlint("update")
    assert (0, "") == (ran.code, ran.err)
    assert {"policies/tiers.yml"} == set(snapshot(team / VENDORED))
    (tmp_path / f"standard.{kind}").write_bytes(data + b"\0")
    assert (1, True) == ((ran := guardlint("update")).code, "the team file pins another" in ran.err)


@contextlib.contextmanager
def serving(folder: Path, certificates: Path) -> Iterator[str]:
    """An HTTPS server on loopback whose certificate is in ``certificates``."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (certificates / "ca.pem").write_bytes(certificate.public_bytes(pem))
    (certificates / "server.pem").write_bytes(secret + certificate.public_bytes(pem))
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder))
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""

    def do_GET(self) -> None:
        if self.path.startswith("/elsewhere"):
            self.send_response(302)
            self.send_header("Location", "http://127.0.0.1:1/standard-1.tar")
            self.end_headers()
            return
        super().do_GET()


def test_https(
    team: Path, published: Path, tmp_path: Path, guardlint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A certificate that the system trusts is needed, and no redirect leads to anything less."""
    with serving(published, tmp_path) as address:
        names(team, f'{{archive: "{address}/standard-1.tar", key: ../published/standard.pub}}')
        ran = guardlint("update")
        assert 2 == ran.code
        assert "CERTIFICATE_VERIFY_FAILED" in ran.err
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        ran = guardlint("update")
        assert (0, "") == (ran.code, ran.err)
        names(team, f'{{archive: "{address}/none.tar", key: ../published/standard.pub}}')
        assert "answers 404" in guardlint("update").err
        names(team, f'{{archive: "{address}/elsewhere.tar", key: ../published/standard.pub}}')
        ran = guardlint("update")
        assert ran.code != 0
        assert "redirects to what is not HTTPS" in ran.err
    names(team, f'{{archive: "{address}/standard-1.tar", key: ../published/standard.pub}}')
    assert 2 == guardlint("update").code
    assert "(check the address)" in guardlint("update").err


def test_what_is_vendored_is_no_configuration(standard: Path, team: Path, guardlint) -> None:
    """A check of the whole repository looks into the team's own folders only."""
    (standard / "rails" / "bot").mkdir(parents=True)
    (standard / "policies" / "retail" / "tests").mkdir()
    (standard / "policies" / "retail" / "tests" / "config.yml").write_text("models: []\nrail: {}\n")
    release(standard, "1.1.0")
    names(team, "{git: ../standard, tag: v1.1.0}")
    guardlint("update")
    ran = guardlint("check", ".")
    assert 0 == ran.code
    assert "1 configuration checked" in ran.out
