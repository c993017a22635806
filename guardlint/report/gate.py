"""What the gate says, for the log and for the reviewer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from guardlint.lint.finding import Finding
from guardlint.lint.gate import Judged
from guardlint.report.markdown import escaped, findings_table

__all__ = ["render_gate_markdown", "render_gate_text"]


def render_gate_text(judged: Judged, base: str, *, passed: bool) -> str:
    """One line, to stand under the findings."""
    parts = [_plural(len(_new(judged)), "finding") + " that this change brings or that may never be"]
    if judged.known:
        parts.append(f"{len(judged.known):,} known before")
    if judged.mended:
        parts.append(f"{len(judged.mended):,} mended")
    if judged.unchanged:
        parts.append(f"{_plural(judged.unchanged, 'configuration')} unchanged")
    return f"gate {'passed' if passed else 'failed'} against {base}: {', '.join(parts)}\n"


def render_gate_markdown(judged: Judged, base: str, *, passed: bool, notices: Sequence[str] = ()) -> str:
    """A summary that says what the change does to the guardrails, before any detail."""
    return "\n".join(_lines(judged, base, passed, notices)) + "\n"


def _lines(judged: Judged, base: str, passed: bool, notices: Sequence[str]) -> Iterator[str]:
    new = _new(judged)
    yield f"## guardlint gate: {'✅ passed' if passed else '🛑 failed'}"
    yield ""
    yield f"Compared with `{base}`."
    for notice in notices:
        yield f"> {escaped(notice)}"
    yield ""
    yield "| | |"
    yield "| --- | --- |"
    yield f"| Configurations compared | {len(judged.report.configurations)} |"
    if judged.unchanged:
        yield f"| Left unchanged | {judged.unchanged} |"
    yield f"| New or never allowed | {len(new)} |"
    yield f"| Guardrails removed | {judged.removed} |"
    yield f"| Known before | {len(judged.known)} |"
    yield f"| Mended by this change | {len(judged.mended)} |"
    if new:
        yield ""
        yield from findings_table(new)
    quiet = [found for found in judged.report.findings if not found.counts]
    if quiet:
        yield ""
        yield "### Suppressed"
        yield ""
        for found in quiet:
            why = found.waived_by or (found.suppression.reason if found.suppression else "")
            until = (
                f", until {found.suppression.until}" if found.suppression and found.suppression.until else ""
            )
            yield f"- `{found.place.file}:{found.place.line}` `{found.rule}`: {escaped(why)}{until}"
    if judged.mended:
        yield ""
        yield f"<details><summary>{_plural(len(judged.mended), 'finding')} mended</summary>"
        yield ""
        for found in judged.mended:
            yield f"- `{found.rule}`: {escaped(found.message)}"
        yield ""
        yield "</details>"


def _new(judged: Judged) -> list[Finding]:
    return [found for found in judged.report.findings if found.counts]


def _plural(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"
