"""How long sealing and verifying a bundle of 1 MB takes.

    python benchmarks/bundle_verify.py

Issue 7 asks for at most 20 ms to verify 1 MB after start-up.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from guardlint.bundle.keys import generate
from guardlint.bundle.seal import seal
from guardlint.bundle.verify import verify_bundle

CREATED = datetime(2026, 1, 1, tzinfo=UTC)
DIGEST = "sha256:" + "0" * 64
PLAN = b"""\
schema: guardlint/plan/v1
input: [{step: company}, {step: team}, {step: company, when: rewritten}]
output: [{step: team}, {step: company}]
refusal: I cannot help with that.
on_error: block
timeout_seconds: 30
"""
SIZES = (
    ("1 MB in 40 files", 40, 26_000),
    ("1 MB in 1,000 files", 1000, 600),
    ("60 MB in 60 files", 60, 10**6),
)
ENGINE = {"uses": "llmrails", "reason": None}
MANIFEST: dict[str, Any] = {
    "name": "benchmark",
    "guardlint": "0",
    "nemo": "0.24.1",
    "revision": 1,
    "not_before": None,
    "expires": None,
    "policy": {"id": "baseline", "version": "1.0.0", "digest": DIGEST, "composed_of": []},
    "tier": None,
    "rails": [],
    "configuration": {"path": ".", "digest": DIGEST},
    "source": {"commit": None, "clean": None},
    "waivers": [],
    "engines": {"company": ENGINE, "team": ENGINE},
    "llm_calls": {"low": 0, "usual": 1, "high": 1},
    "team_code": "none",
}


def milliseconds(call: Callable[[], object], times: int) -> tuple[float, float]:
    """Medians of the wall-clock and the processor time of one call; they differ on a busy machine."""
    walls, processors = [], []
    for _ in range(times):
        wall, processor = time.perf_counter(), time.process_time()
        call()
        walls.append((time.perf_counter() - wall) * 1000)
        processors.append((time.process_time() - processor) * 1000)
    return statistics.median(walls), statistics.median(processors)


def main() -> None:
    """Print one line per size."""
    generator = random.Random(1)
    key = generate()
    first = seal({"plan.yml": PLAN}, MANIFEST, signers=[key], created=CREATED)
    verify_bundle(first, key.public, now=CREATED)
    for label, count, size in SIZES:
        files = {f"team/kb/{index:04}.md": generator.randbytes(size) for index in range(count)}
        files["plan.yml"] = PLAN
        bundle = seal(files, MANIFEST, signers=[key], created=CREATED)
        times = 5 if len(bundle) > 10**7 else 50
        sealing = milliseconds(partial(seal, files, MANIFEST, signers=[key], created=CREATED), min(times, 10))
        verifying = milliseconds(partial(verify_bundle, bundle, key.public, now=CREATED), times)
        print(
            f"{label:<20} {len(bundle):>10,} bytes   seal {sealing[0]:6.1f} ms ({sealing[1]:.1f} CPU)"
            f"   verify {verifying[0]:6.1f} ms ({verifying[1]:.1f} CPU)"
        )


if __name__ == "__main__":
    main()
