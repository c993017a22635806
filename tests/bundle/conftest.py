"""A small honest bundle, and a signer that signs whatever it is given, the hostile included."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from guardlint.bundle.container import join, pack
from guardlint.bundle.dsse import sign_envelope
from guardlint.bundle.keys import PrivateKey, generate, key_id
from guardlint.bundle.manifest import digest_of, manifest_bytes, statement_bytes, time_text
from guardlint.bundle.seal import seal
from guardlint.bundle.trust import Trust, trusting
from guardlint.bundle.verify import VerifiedBundle, verify_bundle
from guardlint.errors import GuardlintError, VerificationError

REPOSITORY = Path(__file__).parents[2]
CREATED = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
NOW = datetime(2026, 4, 1, tzinfo=UTC)

PLAN = b"""\
schema: guardlint/plan/v1
input:
- {step: pii, rail: mask-personal-data, entities: null, thresholds: {PERSON: 0.4}, action: mask}
- {step: company}
- {step: team}
- {step: company, when: rewritten}
output:
- {step: team}
- {step: company}
- {step: pii, rail: mask-personal-data, entities: [PERSON, IBAN_CODE], thresholds: {}, action: mask}
refusal: I cannot help with that.
on_error: block
timeout_seconds: 30
"""

FILES: dict[str, bytes] = {
    "plan.yml": PLAN,
    "company/config.yml": b"rails: {}\n",
    "team/config.yml": b"colang_version: '1.0'\r\n",
    "team/rails/\u00fcber uns.co": "define flow grüßen\n".encode(),
    "team/empty.co": b"",
}

_DIGEST = "sha256:" + "ab" * 32


def manifest_of(**changes: Any) -> dict[str, Any]:
    """A manifest as compile hands it to seal."""
    base: dict[str, Any] = {
        "name": "claims-and-cards",
        "guardlint": "0.1.0",
        "nemo": "0.24.1",
        "revision": 7,
        "not_before": time_text(CREATED),
        "expires": "2026-12-31T00:00:00Z",
        "policy": {
            "id": "customer-facing",
            "version": "1.2.0",
            "digest": _DIGEST,
            "composed_of": [{"id": "baseline", "version": "1.0.0", "digest": _DIGEST}],
        },
        "tier": "customer-facing",
        "rails": [{"id": "mask-personal-data", "version": "1.0.0", "digest": _DIGEST, "direction": "input"}],
        "configuration": {"path": "bots/claims and cards", "digest": _DIGEST},
        "source": {"commit": "0" * 40, "clean": True},
        "waivers": [],
        "engines": {
            "company": {"uses": "iorails", "reason": None},
            "team": {"uses": "llmrails", "reason": "it has flows of its own"},
        },
        "llm_calls": {"low": 0, "usual": 1, "high": 3},
        "team_code": "isolated",
    }
    return {**base, **changes}


def tar(*entries: tuple[tarfile.TarInfo, bytes], form: int = tarfile.USTAR_FORMAT) -> bytes:
    """An archive by Python's own tarfile, which writes whatever it is told."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for info, content in entries:
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


@dataclass(frozen=True)
class Workshop:
    """A signer and those who trust it."""

    key: PrivateKey = field(default_factory=generate)
    files: Mapping[str, bytes] = field(default_factory=lambda: dict(FILES))
    created: datetime = CREATED
    now: datetime = NOW
    mtime: int = int(CREATED.timestamp())
    tar = staticmethod(tar)
    manifest = staticmethod(manifest_of)

    @property
    def key_id(self) -> str:
        return key_id(self.key.public)

    @property
    def trust(self) -> Trust:
        return trusting(self.key.public)

    def honest(self, files: Mapping[str, bytes] = FILES, /, **changes: Any) -> bytes:
        """A bundle as it should be."""
        return seal(files, manifest_of(**changes), signers=[self.key], created=CREATED)

    def complete(self, files: Mapping[str, bytes] = FILES, /, **changes: Any) -> dict[str, Any]:
        """The manifest with what seal adds, changed afterwards."""
        own = {
            "schema": "guardlint/bundle/v1",
            "created": time_text(CREATED),
            "files": {name: digest_of(content) for name, content in files.items()},
        }
        return {**manifest_of(), **own, **changes}

    def vouch(self, archive: bytes, manifest: Mapping[str, Any] | None = None) -> bytes:
        """A valid signature over any archive at all."""
        digest = hashlib.sha256(archive).hexdigest()
        payload = statement_bytes(manifest or self.complete(), digest, [self.key_id])
        return join(sign_envelope(payload, [self.key]), archive)

    def of(
        self,
        files: Mapping[str, bytes],
        manifest: Mapping[str, Any] | None = None,
        raw: bytes | None = None,
    ) -> bytes:
        """A bundle of these files under a manifest that seal would not write."""
        manifest = manifest or self.complete()
        raw = manifest_bytes(manifest) if raw is None else raw
        archive = pack({**files, "manifest.json": raw}, mtime=self.mtime)
        return self.vouch(archive, manifest)

    def verify(self, bundle: bytes, **options: Any) -> VerifiedBundle:
        return verify_bundle(bundle, options.pop("trust", self.trust), now=options.pop("now", NOW))

    @staticmethod
    def refused(call: Callable[[], object], error: type[GuardlintError] = VerificationError) -> str:
        """The one line with which ``call`` is refused; exactly this class, and fit for a terminal."""
        with pytest.raises(GuardlintError) as caught:
            call()
        assert error is type(caught.value)
        text = str(caught.value)
        assert text
        assert text.isprintable(), text
        assert len(text) < 600, text
        return caught.value.message

    def verify_refused(self, bundle: bytes, **options: Any) -> str:
        """The line with which the bundle is refused."""
        return self.refused(lambda: self.verify(bundle, **options))


@pytest.fixture(scope="session")
def workshop() -> Workshop:
    return Workshop()
