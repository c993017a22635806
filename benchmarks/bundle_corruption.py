"""Corrupted bundles, and hostile archives with a valid signature: all refused, one line each.

    python benchmarks/bundle_corruption.py [CORRUPTED] [SEED]

Issue 7 asks for 1,000 corrupted bundles and 200 validly signed hostile archives. A corrupted bundle is a real
one of the example with bytes flipped, taken out, put in, moved or cut, or with a field of its envelope or a
header of its archive changed so that checksums still fit. A hostile archive is signed by a trusted key over
the right digest, so that only the reader of the archive stands between it and the guard. What counts as
refused: a VerificationError with one printable line, nothing written, no file left, within two seconds.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

from guardlint.bundle.canonical import compact
from guardlint.bundle.compile import compile_bundle
from guardlint.bundle.container import join, split
from guardlint.bundle.keys import PrivateKey, generate
from guardlint.bundle.trust import trusting
from guardlint.bundle.verify import verify_bundle
from guardlint.errors import VerificationError
from guardlint.policy.central import Central
from guardlint.resources import examples_dir

NOW = datetime(2026, 11, 22, tzinfo=UTC)
TESTS = Path(__file__).parents[1] / "tests" / "bundle"

Corruption = Callable[[bytes, random.Random], bytes]


def flipped(bundle: bytes, draw: random.Random) -> bytes:
    """One to eight bytes changed."""
    changed = bytearray(bundle)
    for _ in range(draw.randint(1, 8)):
        changed[draw.randrange(len(changed))] ^= draw.randrange(1, 256)
    return bytes(changed)


def cut(bundle: bytes, draw: random.Random) -> bytes:
    """The end is missing."""
    return bundle[: draw.randrange(len(bundle))]


def grown(bundle: bytes, draw: random.Random) -> bytes:
    """Something more at the end or anywhere."""
    at = draw.choice([len(bundle), draw.randrange(len(bundle))])
    return bundle[:at] + draw.randbytes(draw.choice([1, 512, 1024])) + bundle[at:]


def moved(bundle: bytes, draw: random.Random) -> bytes:
    """Two blocks of the archive have changed places."""
    envelope, archive = split(bundle)
    blocks = [archive[start : start + 512] for start in range(0, len(archive), 512)]
    one, two = draw.sample(range(len(blocks)), 2)
    blocks[one], blocks[two] = blocks[two], blocks[one]
    return join(envelope, b"".join(blocks))


def retold(bundle: bytes, draw: random.Random) -> bytes:
    """A field of the envelope is another, in canonical form."""
    envelope, archive = split(bundle)
    document = json.loads(envelope)
    field = draw.choice(["payload", "payloadType", "keyid", "sig", "signatures"])
    if field == "signatures":
        document["signatures"] = draw.choice([[], document["signatures"] * 2])
    elif field in ("keyid", "sig"):
        noise = (
            draw.randbytes(32).hex() if field == "keyid" else base64.b64encode(draw.randbytes(64)).decode()
        )
        document["signatures"][0][field] = noise
    elif field == "payload":
        payload = json.loads(base64.b64decode(document["payload"]))
        key = draw.choice(["name", "revision", "notBefore", "expires", "signers"])
        payload["predicate"][key] = draw.choice([None, 0, 99, "x", [], "2099-01-01T00:00:00Z"])
        document["payload"] = base64.b64encode(compact(payload)).decode()
    else:
        document["payloadType"] = draw.choice(["application/json", "", "application/vnd.in-toto+json2"])
    return join(compact(document), archive)


def reheaded(bundle: bytes, draw: random.Random) -> bytes:
    """A header of the archive says something else, with the right checksum."""
    envelope, archive = split(bundle)
    changed = bytearray(archive)
    headers = [at for at in range(0, len(archive), 512) if archive[at + 257 : at + 262] == b"ustar"]
    start = draw.choice(headers)
    changed[start + draw.randrange(0, 500)] = draw.randrange(256)
    header = changed[start : start + 512]
    header[148:156] = b" " * 8
    changed[start + 148 : start + 156] = b"%06o\0 " % sum(header)
    return join(envelope, bytes(changed))


CORRUPTIONS: tuple[Corruption, ...] = (flipped, cut, grown, moved, retold, reheaded)


def corrupted(bundle: bytes, count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """``count`` bundles, none of them the one given, with the name of what was done."""
    draw = random.Random(seed)
    made = 0
    while made < count:
        corruption = CORRUPTIONS[made % len(CORRUPTIONS)]
        changed = corruption(bundle, draw)
        if changed != bundle:
            made += 1
            yield corruption.__name__, changed


def hostile() -> Iterator[tuple[str, bytes, object]]:
    """The tricks of tests/bundle/test_hostile.py, each validly signed, and the trust in who signed them."""
    tests, shop = _module("test_hostile"), _module("conftest").Workshop()
    among = tests.among_honest(shop)
    for make in (
        tests.tricks_with_names_and_kinds,
        tests.tricks_with_other_entries,
        tests.tricks_with_headers,
    ):
        for what, archive, _ in make(among):
            yield what, shop.vouch(archive), shop.trust


def example(key: PrivateKey) -> bytes:
    """The mended example, compiled and signed."""
    central = Central.open(examples_dir() / "central")
    root = examples_dir() / "claims-and-cards" / "mended"
    policy = central.policy("harbour-bank")
    return compile_bundle(root, policy, central, name="claims", created=NOW, signers=[key]).data


def refusal(bundle: bytes, trust: object, now: datetime) -> str | None:
    """The line with which it is refused; None where it is not, or not as it should be."""
    started = time.perf_counter()
    try:
        verify_bundle(bundle, trust, now=now)  # type: ignore[arg-type]
    except VerificationError as error:
        line = str(error)
        fine = line.isprintable() and len(line) < 600 and time.perf_counter() - started < 2
        return line if fine else None
    return None


def main(count: int = 1000, seed: int = 7) -> int:
    """Print what was refused and how; 1 where anything was not."""
    key = generate()
    bundle = example(key)
    trust = trusting(key.public)
    verify_bundle(bundle, trust, now=NOW)
    reasons: Counter[str] = Counter()
    accepted: list[str] = []
    for what, changed in corrupted(bundle, count, seed):
        line = refusal(changed, trust, NOW)
        reasons[what] += 1
        if line is None:
            accepted.append(f"{what} {hashlib.sha256(changed).hexdigest()[:12]}")
    print(f"corrupted bundles: {count} of {len(bundle):,} bytes, {count - len(accepted)} refused")
    print("  " + ", ".join(f"{name} {number}" for name, number in reasons.items()))
    tricks = list(hostile())
    moment = datetime(2026, 4, 1, tzinfo=UTC)
    missed = [what for what, changed, trusted in tricks if refusal(changed, trusted, moment) is None]
    print(f"hostile archives, validly signed: {len(tricks)}, {len(tricks) - len(missed)} refused")
    for what in (*accepted, *missed):
        print(f"  NOT REFUSED: {what}")
    return 1 if accepted or missed else 0


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"bundle_{name}", TESTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
