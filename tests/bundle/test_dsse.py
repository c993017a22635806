"""The envelope: what it signs, and every way in which it may be wrong."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

import pytest

from guardlint.bundle.canonical import compact
from guardlint.bundle.dsse import PAYLOAD_TYPE, open_envelope, pae, sign_envelope
from guardlint.bundle.keys import PrivateKey, generate, key_id
from guardlint.errors import BundleError

PAYLOAD = b'{"hello":"world"}'
ONE, TWO, STRANGER = sorted((generate(), generate(), generate()), key=lambda key: key_id(key.public))
KEYS = {key_id(key.public): key.public for key in (ONE, TWO)}
ID_ONE, ID_TWO = KEYS


def opened(envelope: bytes, **options: Any) -> tuple[bytes, tuple[str, ...]]:
    return open_envelope(envelope, KEYS, **options)


def changed(envelope: bytes, **changes: Any) -> bytes:
    """The envelope with some of its fields replaced; None takes one away."""
    document = {**json.loads(envelope), **changes}
    return compact({key: value for key, value in document.items() if value is not None})


def entry(key: PrivateKey, message: bytes | None = None) -> dict[str, str]:
    signature = key.sign(pae(PAYLOAD_TYPE, PAYLOAD) if message is None else message)
    return {"keyid": key_id(key.public), "sig": base64.b64encode(signature).decode()}


def signed_by(*entries: object) -> bytes:
    return changed(sign_envelope(PAYLOAD, [ONE]), signatures=list(entries))


def test_the_encoding_is_that_of_the_specification() -> None:
    """The example of DSSE's protocol.md."""
    assert b"DSSEv1 29 http://example.com/HelloWorld 11 hello world" == pae(
        "http://example.com/HelloWorld", b"hello world"
    )


def test_lengths_are_counted_in_bytes() -> None:
    """So that no text can move from the type into the payload."""
    assert b"DSSEv1 2 \xc3\xbc 2 \xc3\xbc" == pae("ü", "ü".encode())


def test_what_is_signed_is_opened() -> None:
    """By one or by two, in the order of the key ids."""
    assert (PAYLOAD, (ID_ONE,)) == opened(sign_envelope(PAYLOAD, [ONE]))
    assert (PAYLOAD, (ID_ONE, ID_TWO)) == opened(sign_envelope(PAYLOAD, [TWO, ONE]))


@pytest.mark.parametrize(
    ("envelope", "reason"),
    [
        (signed_by(), "signatures are missing from the envelope"),
        (changed(signed_by(), signatures={}), "signatures are missing from the envelope"),
        (changed(signed_by(), signatures=None), "envelope must have payload, payloadType and signatures"),
        (changed(signed_by(), extra=1), "envelope must have payload, payloadType and signatures"),
        (
            changed(signed_by(entry(ONE)), payloadType="application/json"),
            "payload type 'application/json' is not",
        ),
        (changed(signed_by(entry(ONE)), payloadType=[1]), "payload type '[1]' is not"),
        (changed(signed_by(entry(ONE)), payload=7), "payload is not in base64"),
        (changed(signed_by(entry(ONE)), payload="e30"), "payload is not in base64"),
        (changed(signed_by(entry(ONE)), payload="e31="), "payload is not in base64"),
        (changed(signed_by(entry(ONE)), payload="e3 0="), "payload is not in base64"),
        (changed(signed_by(entry(ONE)), payload="e30="), f"signature of key {ID_ONE} does not match"),
        (signed_by(entry(ONE), entry(ONE)), f"signature of key {ID_ONE} is there twice"),
        (signed_by(entry(TWO), entry(ONE)), "signatures are out of order"),
        (signed_by(entry(STRANGER)), f"signature is by the unknown key {key_id(STRANGER.public)}"),
        (
            signed_by(entry(ONE), entry(STRANGER)),
            f"signature is by the unknown key {key_id(STRANGER.public)}",
        ),
        (signed_by(entry(ONE, PAYLOAD)), f"signature of key {ID_ONE} does not match"),
        (signed_by(entry(ONE), entry(TWO, b"")), f"signature of key {ID_TWO} does not match"),
        (signed_by({**entry(STRANGER), "keyid": ID_ONE}), f"signature of key {ID_ONE} does not match"),
        (signed_by({**entry(ONE), "sig": ""}), f"signature of key {ID_ONE} has 0 bytes, not 64"),
        (signed_by({**entry(ONE), "sig": base64.b64encode(bytes(64)).decode()}), "does not match"),
        (signed_by({**entry(ONE), "sig": None}), "signature is not in base64"),
        (signed_by({**entry(ONE), "sig": entry(ONE)["sig"][:-3] + "B=="}), "signature is not in base64"),
        (signed_by({**entry(ONE), "keyid": ID_ONE.upper()}), "which is no key id"),
        (signed_by({**entry(ONE), "keyid": None}), "which is no key id"),
        (signed_by({**entry(ONE), "keyid": ID_ONE + "\n"}), "which is no key id"),
        (signed_by({**entry(ONE), "cert": "x"}), "signature must have keyid and sig, and nothing else"),
        (signed_by({"sig": entry(ONE)["sig"]}), "signature must have keyid and sig, and nothing else"),
        (signed_by("x"), "signature must have keyid and sig, and nothing else"),
        (signed_by(*[entry(ONE)] * 17), "envelope has 17 signatures, at most 16 are allowed"),
        (signed_by(entry(ONE)) + b"\n", "envelope is not in canonical form"),
        (signed_by(entry(ONE)).replace(b"{", b'{"payload":"",', 1), "envelope says the key 'payload' twice"),
        (b"{}", "envelope must have payload, payloadType and signatures"),
        (b"null", "envelope is not a JSON object"),
        (b"\xff", "envelope is not UTF-8"),
        (b"[" * 60_000, "envelope is not JSON"),
    ],
    # The reasons name keys, which are made anew each time.
    ids=lambda value: "" if isinstance(value, str) else None,
)
def test_anything_else_is_refused(workshop, envelope: bytes, reason: str) -> None:
    """In one line that says what is wrong."""
    line = workshop.refused(lambda: opened(envelope))
    assert reason in line


def test_revoked_keys_are_refused(workshop) -> None:
    """Even beside one that is trusted, even when they are still listed."""
    envelope = sign_envelope(PAYLOAD, [ONE, TWO])
    line = workshop.refused(lambda: opened(envelope, revoked={ID_TWO}))
    assert f"signature is by the revoked key {ID_TWO}" == line


def test_a_signer_outside_this_process_is_checked(workshop) -> None:
    """Anything with ``public`` and ``sign`` can sign; a wrong signature never leaves the house."""

    @dataclass(frozen=True)
    class Service:
        held: PrivateKey
        public: object

        def sign(self, message: bytes) -> bytes:
            return self.held.sign(message)

    good = Service(ONE, ONE.public)
    assert sign_envelope(PAYLOAD, [ONE]) == sign_envelope(PAYLOAD, [good])
    line = workshop.refused(lambda: sign_envelope(PAYLOAD, [Service(TWO, ONE.public)]), BundleError)
    assert f"signer of key {ID_ONE} gave a signature that does not verify" == line


def test_signing_wants_signers_once_each(workshop) -> None:
    """None is too few and the same one twice is too many."""
    assert "0 signers" in workshop.refused(lambda: sign_envelope(PAYLOAD, []), BundleError)
    line = workshop.refused(lambda: sign_envelope(PAYLOAD, [ONE, ONE]), BundleError)
    assert f"key {ID_ONE} is to sign twice" == line
    assert "17 signers" in workshop.refused(
        lambda: sign_envelope(PAYLOAD, [generate() for _ in range(17)]), BundleError
    )
