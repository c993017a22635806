"""Keys: made, written, read, refused; never shown."""

from __future__ import annotations

import hashlib
import pickle
import shutil
import stat
import subprocess
import sys
import traceback

import pytest
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa, x25519

from guardlint.bundle.keys import (
    generate,
    key_id,
    load_private,
    load_public,
    public_pem,
    read_private,
    read_public,
    write_pair,
    write_private,
    write_public,
)
from guardlint.errors import ConfigError, GuardlintError, RuntimeUnavailable


def pems(private: object) -> tuple[bytes, bytes]:
    """PKCS #8 and SubjectPublicKeyInfo of any key."""
    return (
        private.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()),
        private.public_key().public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo),
    )


def test_a_pair_survives_its_files(tmp_path) -> None:
    """Written, read, and still the same; the private file is for its owner only."""
    key = generate()
    write_private(tmp_path / "release.pem", key)
    write_public(tmp_path / "release.pub.pem", key.public)
    assert 0o600 == stat.S_IMODE((tmp_path / "release.pem").stat().st_mode)
    assert 0o644 == stat.S_IMODE((tmp_path / "release.pub.pem").stat().st_mode)
    assert key.public == read_public(tmp_path / "release.pub.pem", environ={})
    again = read_private(str(tmp_path / "release.pem"), environ={})
    assert key.public == again.public
    assert again.public.verify(again.sign(b"message"), b"message")
    assert not again.public.verify(again.sign(b"message"), b"massage")
    assert hashlib.sha256(key.public.raw).hexdigest() == key_id(key.public)


def test_keys_come_from_the_environment(workshop) -> None:
    """``env:NAME`` reads the variable's content, from the mapping that was given."""
    environ = {"PRIVATE": workshop.key.to_pem().decode(), "PUBLIC": public_pem(workshop.key.public).decode()}
    assert workshop.key.public == read_private("env:PRIVATE", environ=environ).public
    assert workshop.key.public == read_public("env:PUBLIC", environ=environ)
    line = workshop.refused(lambda: read_private("env:NONE", environ={"NONE": " "}), ConfigError)
    assert "environment variable 'NONE' is not set or empty" == line


def test_a_private_key_is_never_replaced(tmp_path, workshop) -> None:
    """Its loss would be for ever."""
    path = tmp_path / "release.pem"
    write_private(path, workshop.key)
    before = path.read_bytes()
    line = workshop.refused(lambda: write_private(path, generate()), ConfigError)
    assert "file exists, and a key is never replaced" == line
    assert before == path.read_bytes()
    pair = (tmp_path / "second.key", path)
    assert line == workshop.refused(lambda: write_pair(*pair, generate()), ConfigError)
    assert not pair[0].exists()
    write_pair(tmp_path / "third.key", tmp_path / "third.pub", workshop.key)
    assert workshop.key.public == read_public(tmp_path / "third.pub", environ={})
    assert "cannot write" in workshop.refused(
        lambda: write_private(tmp_path / "no" / "x", generate()), GuardlintError
    )


def test_a_private_key_does_not_show_itself(workshop) -> None:
    """Neither by repr nor by pickling."""
    assert "PrivateKey()" == repr(workshop.key)
    with pytest.raises(TypeError):
        pickle.dumps(workshop.key)


def wrong_keys() -> dict[str, tuple[bytes, str, str]]:
    """Kind of key -> PEM, what load_private says, what load_public says."""
    needed = "bundles are signed with Ed25519"
    curve = ec.generate_private_key(ec.SECP256R1())
    small = rsa.generate_private_key(65537, 2048)
    ours = generate()
    swapped = "private key where the public key is needed"
    kinds = {}
    for name, key in {
        "RSA": small, "elliptic curve (ECDSA)": curve, "Ed448": ed448.Ed448PrivateKey.generate(),
        "X25519": x25519.X25519PrivateKey.generate(),
    }.items():  # fmt: skip
        private, public = pems(key)
        kinds[f"{name} private"] = (private, f"key is {name}, {needed}", swapped)
        kinds[f"{name} public"] = (
            public,
            "public key where the private key is needed",
            f"key is {name}, {needed}",
        )
    old = curve.private_bytes(form.Encoding.PEM, form.PrivateFormat.TraditionalOpenSSL, form.NoEncryption())
    kinds["SEC 1"] = (old, f"key is elliptic curve (ECDSA), {needed}", swapped)
    locked = small.private_bytes(
        form.Encoding.PEM, form.PrivateFormat.PKCS8, form.BestAvailableEncryption(b"x")
    )
    kinds["encrypted"] = (locked, "key is encrypted, and guardlint asks for no password", swapped)
    ssh = small.private_bytes(form.Encoding.PEM, form.PrivateFormat.OpenSSH, form.NoEncryption())
    kinds["ssh"] = (ssh, "key is in OpenSSH's own form", swapped)
    other = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    kinds["certificate"] = (other, *["a certificate where a key is needed"] * 2)
    strange = b"-----BEGIN \x1b[31m\nCAT-----\n"
    kinds["strange"] = (strange, *["PEM block is no key that guardlint knows"] * 2)
    kinds["nothing"] = (b"", *["no key in PEM form where one is needed"] * 2)
    kinds["binary"] = (bytes(range(256)), *["no key in PEM form where one is needed"] * 2)
    kinds["two"] = (ours.to_pem() * 2, *["more than one key where one is needed"] * 2)
    kinds["huge"] = (ours.to_pem() + b"\n" * 20_000, *["key is larger than 16384 bytes"] * 2)
    kinds["damaged private"] = (ours.to_pem()[:60] + b"\n", "key is damaged or of an unknown kind", swapped)
    broken = public_pem(ours.public).replace(b"MCow", b"MCo*")
    kinds["damaged public"] = (
        broken, "public key where the private key is needed", "key is damaged or of an unknown kind",
    )  # fmt: skip
    return kinds


def test_wrong_keys_get_one_clear_line(workshop) -> None:
    """Of whatever kind, and without a word of the key."""
    for kind, (pem, private, public) in wrong_keys().items():
        assert private == workshop.refused(lambda pem=pem: load_private(pem), ConfigError), kind
        assert public == workshop.refused(lambda pem=pem: load_public(pem), ConfigError), kind


def test_no_error_quotes_key_material() -> None:
    """Not even the chain of exceptions behind it."""
    pem = generate().to_pem()
    secret = pem.splitlines()[1]
    damaged = pem.replace(secret, secret[:-4])
    for loader in (load_private, load_public):
        with pytest.raises(ConfigError) as caught:
            loader(damaged)
        assert secret[16:40].decode() not in "".join(traceback.format_exception(caught.value, chain=True))


def test_files_that_are_no_keys(tmp_path, workshop) -> None:
    """Missing, a folder, an impossible name."""
    for path, reason in {
        tmp_path / "none.pem": "cannot read the key: No such file or directory",
        tmp_path: "cannot read the key: Is a directory",
        "x\0y": "cannot read the key: not a path",
    }.items():
        with pytest.raises(ConfigError) as caught:
            read_public(path, environ={})
        assert reason == caught.value.message


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_understands_the_keys(tmp_path, workshop) -> None:
    """Keys and signatures go both ways between guardlint and OpenSSL."""

    def openssl(*arguments: object) -> bool:
        done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, check=False)
        return done.returncode == 0

    message, signature, public = tmp_path / "message", tmp_path / "signature", tmp_path / "public.pem"
    message.write_bytes(b"DSSEv1 ...")
    signature.write_bytes(workshop.key.sign(b"DSSEv1 ..."))
    write_public(public, workshop.key.public)
    verify = (
        "pkeyutl",
        "-verify",
        "-rawin",
        "-pubin",
        "-inkey",
        public,
        "-in",
        message,
        "-sigfile",
        signature,
    )
    assert openssl(*verify)
    message.write_bytes(b"DSSEv1 !!!")
    assert not openssl(*verify)
    assert openssl("genpkey", "-algorithm", "ed25519", "-out", tmp_path / "theirs.pem")
    assert 32 == len(read_private(tmp_path / "theirs.pem", environ={}).public.raw)


def test_without_cryptography_the_mend_is_named(workshop, tmp_path) -> None:
    """In a process in which it cannot be imported; importing guardlint's modules is no problem there."""
    (tmp_path / "key.pem").write_bytes(public_pem(workshop.key.public))
    (tmp_path / "x.glbundle").write_bytes(workshop.honest())
    script = """
import sys
sys.modules["cryptography"] = None
from guardlint.bundle import keys, seal, trust, verify
raw = bytes.fromhex(sys.argv[1])
for call in (
    keys.generate,
    lambda: verify.verify_bundle("x.glbundle", "key.pem"),
    lambda: verify.verify_bundle("x.glbundle", keys.PublicKey(raw)),
):
    try:
        call()
    except keys.RuntimeUnavailable as error:
        print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, workshop.key.public.raw.hex()],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    line = 'signatures need the package cryptography (pip install "guardlint[bundle]")'
    assert [line] * 3 == done.stdout.splitlines()
    assert 2 == RuntimeUnavailable.exit_code
