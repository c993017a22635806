"""Ed25519 keys: made, read from PEM, named by a digest.  Nothing here ever shows key material.

Private keys are PKCS #8 PEM, public keys SubjectPublicKeyInfo PEM, both unencrypted, as ``openssl genpkey
-algorithm ed25519`` writes them.  ``cryptography`` is imported when a key is used, not before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from guardlint.errors import ConfigError, RuntimeUnavailable
from guardlint.source.files import write_atomic

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ed25519

__all__ = [
    "PrivateKey",
    "PublicKey",
    "Signer",
    "generate",
    "key_id",
    "load_private",
    "load_public",
    "public_pem",
    "read_private",
    "read_public",
    "write_pair",
    "write_private",
    "write_public",
]

_MAX_PEM_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class PublicKey:
    """An Ed25519 public key, ``raw`` being its 32 bytes (RFC 8032)."""

    raw: bytes

    def verify(self, signature: bytes, message: bytes) -> bool:
        """Whether ``signature`` is this key's over ``message``."""
        ed25519 = _ed25519()
        from cryptography.exceptions import InvalidSignature

        try:
            ed25519.Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


class Signer(Protocol):
    """Whatever can sign: a ``PrivateKey``, or a client of a key service that keeps the key to itself."""

    @property
    def public(self) -> PublicKey:
        """The key that verifies what ``sign`` returns."""

    def sign(self, message: bytes) -> bytes:
        """64 bytes: the Ed25519 signature over ``message``, which is not hashed before."""


@dataclass(frozen=True, slots=True, eq=False)
class PrivateKey:
    """An Ed25519 private key held in this process; ``repr`` does not show it and pickling fails."""

    _key: ed25519.Ed25519PrivateKey = field(repr=False)

    @property
    def public(self) -> PublicKey:
        """Its public half."""
        return PublicKey(self._key.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """The 64 bytes of the signature."""
        return self._key.sign(message)

    def to_pem(self) -> bytes:
        """PKCS #8 PEM, not encrypted: the only function that gives the secret away."""
        from cryptography.hazmat.primitives import serialization as form

        return self._key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())


def generate() -> PrivateKey:
    """A new key from the system's random numbers."""
    return PrivateKey(_ed25519().Ed25519PrivateKey.generate())


def key_id(public: PublicKey) -> str:
    """The key's name everywhere: SHA-256 of its 32 bytes, 64 hexadecimal digits."""
    return hashlib.sha256(public.raw).hexdigest()


def public_pem(public: PublicKey) -> bytes:
    """SubjectPublicKeyInfo PEM."""
    key = _ed25519().Ed25519PublicKey.from_public_bytes(public.raw)
    from cryptography.hazmat.primitives import serialization as form

    pem: bytes = key.public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)
    return pem


def load_private(pem: bytes, *, place: str | None = None) -> PrivateKey:
    """The private key of a PEM text; ``place`` names its origin in errors.

    Raises ConfigError, which never quotes the text, and RuntimeUnavailable without ``cryptography``.
    """
    ed25519 = _ed25519()
    label = _label(pem, place)
    if label in ("PUBLIC KEY", "RSA PUBLIC KEY"):
        raise ConfigError("public key where the private key is needed", place=place)
    _refuse_label(label, place, allowed="PRIVATE KEY")
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key = _parsed(load_pem_private_key, pem, place, password=None)
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise ConfigError(f"key is {_algorithm(key)}, bundles are signed with Ed25519", place=place)
    return PrivateKey(key)


def load_public(pem: bytes, *, place: str | None = None) -> PublicKey:
    """The public key of a PEM text; ``place`` names its origin in errors.

    Raises ConfigError, above all for a private key: that must not lie where public keys are kept.
    """
    ed25519 = _ed25519()
    label = _label(pem, place)
    if "PRIVATE KEY" in label:
        raise ConfigError(
            "private key where the public key is needed",
            place=place,
            help="keep it secret; name the public key",
        )
    _refuse_label(label, place, allowed="PUBLIC KEY")
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    key = _parsed(load_pem_public_key, pem, place)
    if not isinstance(key, ed25519.Ed25519PublicKey):
        raise ConfigError(f"key is {_algorithm(key)}, bundles are signed with Ed25519", place=place)
    return PublicKey(key.public_bytes_raw())


def read_private(source: str | Path, *, environ: Mapping[str, str]) -> PrivateKey:
    """The private key in a file, or with ``env:NAME`` in an environment variable's content.

    Raises ConfigError.
    """
    pem, place = _read(source, environ)
    return load_private(pem, place=place)


def read_public(source: str | Path, *, environ: Mapping[str, str]) -> PublicKey:
    """The public key in a file, or with ``env:NAME`` in an environment variable's content.

    Raises ConfigError.
    """
    pem, place = _read(source, environ)
    return load_public(pem, place=place)


def write_private(path: Path, key: PrivateKey) -> None:
    """Write the key's PEM, readable by its owner only; a file that is there is never replaced.

    Raises ConfigError when there is one and GuardlintError when the folder cannot be written.
    """
    _refuse_existing(path)
    write_atomic(path, key.to_pem(), mode=0o600)


def write_public(path: Path, public: PublicKey) -> None:
    """Write the key's PEM; a file that is there is never replaced.

    Raises ConfigError when there is one and GuardlintError when the folder cannot be written.
    """
    _refuse_existing(path)
    write_atomic(path, public_pem(public), mode=0o644)


def write_pair(private: Path, public: Path, key: PrivateKey) -> None:
    """Write both halves, or neither when one of the files is there.

    Raises ConfigError and GuardlintError as ``write_private`` does.
    """
    _refuse_existing(private)
    _refuse_existing(public)
    write_private(private, key)
    write_public(public, key.public)


def _refuse_existing(path: Path) -> None:
    if path.exists() or path.is_symlink():
        raise ConfigError(
            "file exists, and a key is never replaced", place=str(path), help="name another file"
        )


def _ed25519() -> Any:
    try:
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError as error:
        raise RuntimeUnavailable(
            "signatures need the package cryptography", help='pip install "guardlint[bundle]"'
        ) from error
    return ed25519


def _read(source: str | Path, environ: Mapping[str, str]) -> tuple[bytes, str]:
    if isinstance(source, str) and source.startswith("env:"):
        name = source.removeprefix("env:")
        content = environ.get(name, "")
        if not content.strip():
            raise ConfigError(
                f"environment variable {name!r} is not set or empty", help="it must hold the PEM text"
            )
        return content.encode("utf-8", "replace"), source
    path = Path(source)
    try:
        with path.open("rb") as stream:
            return stream.read(_MAX_PEM_BYTES + 1), str(path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a path"
        raise ConfigError(f"cannot read the key: {reason}", place=str(source)) from None


def _label(pem: bytes, place: str | None) -> str:
    """What the one PEM block says that it is."""
    begin = b"-----BEGIN "
    if len(pem) > _MAX_PEM_BYTES:
        raise ConfigError(f"key is larger than {_MAX_PEM_BYTES} bytes", place=place)
    if pem.count(begin) != 1:
        many = "more than one key" if begin in pem else "no key in PEM form"
        raise ConfigError(f"{many} where one is needed", place=place, help="guardlint keygen makes a pair")
    label = pem.split(begin, 1)[1].split(b"-----", 1)[0]
    return label.decode("ascii", "replace")


def _refuse_label(label: str, place: str | None, *, allowed: str) -> None:
    if label == allowed:
        return
    kinds = {
        "ENCRYPTED PRIVATE KEY": "key is encrypted, and guardlint asks for no password",
        "OPENSSH PRIVATE KEY": "key is in OpenSSH's own form",
        "CERTIFICATE": "a certificate where a key is needed",
        "RSA PRIVATE KEY": "key is RSA, bundles are signed with Ed25519",
        "RSA PUBLIC KEY": "key is RSA, bundles are signed with Ed25519",
        "EC PRIVATE KEY": "key is elliptic curve (ECDSA), bundles are signed with Ed25519",
    }
    message = kinds.get(label, "PEM block is no key that guardlint knows")
    raise ConfigError(message, place=place, help=f"it must be a block of BEGIN {allowed}")


def _parsed(loader: Any, pem: bytes, place: str | None, **options: object) -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        return loader(pem, **options)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # their texts may quote what they could not parse
        raise ConfigError("key is damaged or of an unknown kind", place=place) from None


def _algorithm(key: object) -> str:
    name = type(key).__name__.removeprefix("_").removesuffix("PublicKey").removesuffix("PrivateKey")
    return "elliptic curve (ECDSA)" if name in ("EC", "EllipticCurve") else name
