"""The faults that were there when a team began: known, written down, and not to be joined by new ones.

The file holds fingerprints, so that moved lines and renamed files change nothing. What is mended since is
stale and said so: the file only ever gets shorter.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from guardlint.errors import ConfigError
from guardlint.lint.finding import Finding, Report, Suppression, fingerprint
from guardlint.lint.identity import identity_of
from guardlint.source.files import shown_path
from guardlint.source.place import Place
from guardlint.source.record import record, replace

__all__ = [
    "BASELINE_FILE",
    "SCHEMA",
    "Baseline",
    "baseline_of",
    "find_baseline",
    "read_baseline",
    "with_baseline",
]

SCHEMA = "guardlint/baseline/v1"
BASELINE_FILE = "guardlint-baseline.json"
_RULE = "stale-baseline"


@record
class Entry:
    """One known finding; everything but the fingerprint is there for people."""

    fingerprint: str
    rule: str
    configuration: str
    message: str
    line: int


@record
class Baseline:
    """The entries of a file; ``path`` as reports show it, ``text`` as it stands there."""

    path: str
    text: str
    entries: tuple[Entry, ...]


def find_baseline(start: Path) -> Path | None:
    """The nearest baseline in ``start`` or a folder above it, not above the repository's top."""
    folder = start.resolve()
    for above in (folder, *folder.parents):
        if (above / BASELINE_FILE).is_file():
            return above / BASELINE_FILE
        if (above / ".git").exists():
            return None
    return None


def baseline_of(report: Report) -> str:
    """The text of a baseline that holds every finding which counts and may be suppressed.

    Findings that a comment suppresses have their own place to be explained; what a policy lets nobody
    suppress stays a finding.
    """
    entries = sorted(
        (
            {
                "fingerprint": found.fingerprint,
                "rule": found.rule,
                "configuration": identity_of(Path(found.configuration)),
                "message": found.message,
            }
            for found in report.findings
            if found.counts and found.waivable and found.rule != _RULE
        ),
        key=lambda entry: (*tuple(entry.values())[1:], entry["fingerprint"]),
    )
    lines = ",\n".join(f"    {json.dumps(entry, ensure_ascii=False)}" for entry in entries)
    body = f"[\n{lines}\n  ]" if entries else "[]"
    return f'{{\n  "schema": "{SCHEMA}",\n  "findings": {body}\n}}\n'


def read_baseline(path: Path) -> Baseline:
    """Raises ConfigError, naming the line, for a file that is not there or is no baseline."""
    shown = shown_path(path)
    try:
        text = path.read_text(encoding="utf-8")
        data = json.loads(text)
    except OSError as error:
        raise ConfigError(
            f"the baseline cannot be read: {(error.strerror or str(error)).lower()}",
            place=shown,
            help="write it with `guardlint baseline`",
        ) from None
    except json.JSONDecodeError as error:
        raise ConfigError(
            f"is no JSON: {error.msg.lower()}", place=f"{shown}:{error.lineno}", help=_AGAIN
        ) from None
    except UnicodeDecodeError:
        raise ConfigError("is not UTF-8", place=shown, help=_AGAIN) from None
    if (
        not isinstance(data, dict)
        or data.get("schema") != SCHEMA
        or not isinstance(data.get("findings"), list)
    ):
        raise ConfigError(f"is no baseline ({SCHEMA})", place=shown, help=_AGAIN)
    return Baseline(shown, text, tuple(_entry(item, text, shown) for item in data["findings"]))


_AGAIN = "write it anew with `guardlint baseline`"


def _entry(item: Any, text: str, shown: str) -> Entry:
    names = ("fingerprint", "rule", "configuration", "message")
    if not isinstance(item, dict) or not all(isinstance(item.get(name), str) for name in names):
        raise ConfigError("holds an entry that is no finding", place=shown, help=_AGAIN)
    at = text.find(item["fingerprint"])
    line = text.count("\n", 0, at) + 1 if at >= 0 else 1
    return Entry(item["fingerprint"], item["rule"], item["configuration"], item["message"], line)


def with_baseline(report: Report, baseline: Baseline) -> Report:
    """The report with its known findings suppressed, and a finding for each entry that is stale.

    Only entries about configurations that were checked, or that exist no more, can be stale.
    """
    left = Counter(entry.fingerprint for entry in baseline.entries)
    findings: list[Finding] = []
    for found in report.findings:
        if found.counts and found.waivable and left[found.fingerprint] > 0:
            left[found.fingerprint] -= 1
            found = replace(found, suppression=Suppression("baseline", f"known in {baseline.path}"))
        findings.append(found)
    checked = {identity_of(Path(item.path)): item.path for item in report.configurations}
    top = (Path.cwd() / baseline.path).parent
    for entry in baseline.entries:
        if left[entry.fingerprint] > 0 and (
            entry.configuration in checked or not _exists(entry.configuration, top)
        ):
            left[entry.fingerprint] -= 1
            findings.append(_stale(entry, baseline, checked.get(entry.configuration, entry.configuration)))
    sources = {**report.sources, baseline.path: baseline.text}
    return replace(report, findings=tuple(findings), sources=sources)


def _exists(configuration: str, start: Path) -> bool:
    return any((above / configuration).exists() for above in (start, *start.parents))


def _stale(entry: Entry, baseline: Baseline, configuration: str) -> Finding:
    return Finding(
        _RULE,
        "warning",
        "high",
        f"`{entry.rule}` is not found any more: {entry.message}",
        configuration,
        Place.at(baseline.path, entry.line, 5, 1),
        None,
        "the entry hides the next fault of the kind in this place",
        "write the baseline anew with `guardlint baseline`, or take the entry out",
        fingerprint(_RULE, entry.configuration, None, entry.fingerprint),
        waivable=False,
    )
