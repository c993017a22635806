"""What a check says, in the form that every output is made from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from guardlint.nemo.serving import Calls, Engine
from guardlint.rules.rule import Confidence, Fix, Related, Severity
from guardlint.source.place import Place
from guardlint.source.record import record
from guardlint.source.yaml_file import DataPath

if TYPE_CHECKING:
    from hashlib import sha256
else:
    # Python's own, without OpenSSL, which takes longer to load than a directory to check.
    try:
        from _sha2 import sha256
    except ImportError:
        try:
            from _sha256 import sha256
        except ImportError:
            from hashlib import sha256

__all__ = ["CheckedConfiguration", "Finding", "Report", "Suppression", "fingerprint"]

_ORDER: dict[str, int] = {"note": 0, "warning": 1, "error": 2}


@record
class Suppression:
    """Why a finding does not count: a comment in the file, or the baseline. ``until`` as YYYY-MM-DD."""

    kind: Literal["comment", "baseline"]
    reason: str
    until: str | None = None
    place: Place | None = None


@record
class Finding:
    """One finding; texts are free of secrets. ``policy`` is ``id@version`` with the reason.

    ``requirement`` is the id of what the policy asks for. ``waivable`` is False where the policy lets nobody
    suppress it. ``lapsed``: a waiver speaks of it and does not lift it, as the help says.
    """

    rule: str
    severity: Severity
    confidence: Confidence
    message: str
    configuration: str
    place: Place
    path: str | None
    at_run_time: str
    help: str
    fingerprint: str
    related: tuple[Related, ...] = ()
    policy: str | None = None
    waived_by: str | None = None
    waivable: bool = True
    fix: Fix | None = None
    suppression: Suppression | None = None
    requirement: str | None = None
    lapsed: bool = False

    @property
    def counts(self) -> bool:
        """Whether it is neither waived nor suppressed."""
        return self.waived_by is None and self.suppression is None


@record
class CheckedConfiguration:
    """What is known of a configuration besides its findings."""

    path: str
    target_version: str
    loads: Literal["yes", "no", "depends"]
    engines: dict[str, Engine]
    llm_calls: Calls | None
    policy: str | None = None
    tier: str | None = None


@record
class Report:
    """The result of one run. ``sources`` holds the text of every file that a finding names."""

    configurations: tuple[CheckedConfiguration, ...]
    findings: tuple[Finding, ...]
    sources: dict[str, str]

    def count(self, severity: Severity) -> int:
        """How many findings are of a severity and count."""
        return sum(1 for found in self.findings if found.severity == severity and found.counts)

    def fails(self, fail_on: Severity | Literal["never"]) -> bool:
        """Whether a finding is at or above ``fail_on``."""
        return fail_on != "never" and any(
            _ORDER[found.severity] >= _ORDER[fail_on] and found.counts for found in self.findings
        )


def fingerprint(rule: str, configuration: str, path: DataPath | None, value: Any) -> str:
    """The identity of a finding: no line and no index, so that it survives edits elsewhere.

    List entries stand in it by their value, which is hashed with the rule as salt.
    """
    names = [part for part in path or () if isinstance(part, str)]
    secret = json.dumps(value, sort_keys=True, default=str, ensure_ascii=False)
    salted = sha256(f"{rule}\0{secret}".encode()).hexdigest()
    return sha256("\0".join((rule, configuration, *names, salted)).encode()).hexdigest()[:32]
