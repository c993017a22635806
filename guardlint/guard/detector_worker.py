"""The other side of :mod:`guardlint.guard.detecting`: detectors of personal data in a process of their own.

``python -P -m guardlint.guard.detector_worker``. Frames come in on what was standard input and leave on what
was standard output. The process ends when its input does, so it never outlives the guard.
"""

from __future__ import annotations

import sys
from typing import Any

from guardlint.errors import GuardlintError
from guardlint.guard.frames import BadFrame, read_frame, send, take_pipes
from guardlint.pii import Custom, Detector, ModelSpec, Profile

__all__ = ["main", "profile_frame"]

_WARM_UP = "Call Jane Smith on 020 7946 0018."


def profile_frame(profile: Profile) -> dict[str, Any]:
    """A profile as a frame can carry it."""
    return {
        "name": profile.name,
        "thresholds": [list(pair) for pair in profile.thresholds],
        "language": profile.language,
        "custom": [
            [one.entity, one.pattern, one.score, list(one.context), one.required] for one in profile.custom
        ],
        "allowed": sorted(profile.allowed),
        "models": [
            [one.language, one.package, one.sha256, [list(pair) for pair in one.labels]]
            for one in profile.models
        ],
    }


def _profile(frame: dict[str, Any]) -> Profile:
    return Profile(
        frame["name"],
        tuple((str(entity), float(score)) for entity, score in frame["thresholds"]),
        frame["language"],
        tuple(
            Custom(entity, pattern, score, tuple(context), required)
            for entity, pattern, score, context, required in frame["custom"]
        ),
        frozenset(frame["allowed"]),
        tuple(
            ModelSpec(language, package, sha256, tuple((label, entity) for label, entity in labels))
            for language, package, sha256, labels in frame["models"]
        ),
    )


def main() -> int:
    """Build and warm the detectors of the first frame, then answer until the pipe closes."""
    inbound, outbound = take_pipes()
    try:
        order = read_frame(inbound)
        if order is None:
            return 0
        detectors = [Detector(_profile(frame), strict=True) for frame in order["profiles"]]
        for detector in detectors:
            detector.detect(_WARM_UP)
    except GuardlintError as error:
        send(outbound, {"refused": {"message": error.message, "help": error.help}})
        return 1
    except Exception as error:  # noqa: BLE001 - whatever the reason, there is no detector
        send(outbound, {"refused": {"message": f"the detectors did not start ({type(error).__name__})"}})
        return 1
    send(outbound, {"ready": True})
    try:
        while (frame := read_frame(inbound)) is not None:
            send(outbound, _answer(detectors, frame))
    except (BadFrame, OSError):
        return 1
    return 0


def _answer(detectors: list[Detector], frame: dict[str, Any]) -> dict[str, Any]:
    try:
        found = detectors[frame["profile"]].detect_all(frame["texts"])
    except Exception:  # noqa: BLE001 - its text may be content
        return {"id": frame["id"], "failed": True}
    return {
        "id": frame["id"],
        "spans": [[[span.start, span.end, span.entity, span.score] for span in spans] for spans in found],
    }


if __name__ == "__main__":
    sys.exit(main())
