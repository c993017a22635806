"""Signers that keep their key to themselves: a command that signs, and a signature made elsewhere.

Either is checked against the public key before it goes into a bundle (``dsse.sign_envelope``).
"""

from __future__ import annotations

import base64
import binascii
import shlex
import subprocess
from dataclasses import dataclass

from guardlint.bundle.keys import PublicKey
from guardlint.errors import BundleError, UsageError

__all__ = ["CommandSigner", "GivenSignature", "signature_from"]

_SIGNATURE_BYTES = 64
_MAX_OUTPUT = 4096


@dataclass(frozen=True, slots=True)
class CommandSigner:
    """Runs ``command`` without a shell: the message on standard input, the signature on standard output.

    What it writes to standard error is seen by the user, so that a device can ask for a touch.
    """

    public: PublicKey
    command: str
    timeout: float = 120.0
    """Seconds."""

    def sign(self, message: bytes) -> bytes:
        """The signature. Raises BundleError where the command fails, UsageError where it is none."""
        try:
            arguments = shlex.split(self.command)
        except ValueError:
            arguments = []
        if not arguments or not arguments[0]:
            raise UsageError(f"`{self.command}` is no command", help="quote it as for a shell")
        try:
            done = subprocess.run(
                arguments, input=message, stdout=subprocess.PIPE, timeout=self.timeout, check=False
            )
        except subprocess.TimeoutExpired:
            raise BundleError(f"signer `{arguments[0]}` gave no answer in {self.timeout:g} seconds") from None
        except OSError as error:
            raise BundleError(f"signer `{arguments[0]}` cannot be run: {error.strerror or error}") from None
        if done.returncode:
            raise BundleError(f"signer `{arguments[0]}` ended with {done.returncode}")
        return signature_from(done.stdout, f"signer `{arguments[0]}`")


@dataclass(frozen=True, slots=True)
class GivenSignature:
    """A signature over the message that ``guardlint sign --message`` wrote."""

    public: PublicKey
    signature: bytes

    def sign(self, message: bytes) -> bytes:  # noqa: ARG002  it has been signed elsewhere
        """The signature as it was given."""
        return self.signature


def signature_from(data: bytes, origin: str) -> bytes:
    """64 raw bytes, or the same in base64. Raises BundleError, which names the ``origin``."""
    if len(data) == _SIGNATURE_BYTES:
        return data
    try:
        signature = base64.b64decode(data[:_MAX_OUTPUT].strip(), validate=True)
    except (ValueError, binascii.Error):
        signature = b""
    if len(signature) != _SIGNATURE_BYTES:
        raise BundleError(
            f"{origin} gave {len(data)} bytes, which are no Ed25519 signature",
            help="it is 64 bytes, or those in base64",
        )
    return signature
