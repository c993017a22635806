"""What this machine will really do: versions, extras, the model, telemetry and content capture.

Nothing heavy is imported: versions come from the installed packages' metadata, the model's files are
hashed. Which variables NeMo 0.24.1 heeds stands in its ``telemetry.py`` (reports of usage) and in its
``guardrails/telemetry.py`` (content in traces, under IORails alone).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from guardlint import __version__
from guardlint.nemo.catalogue import known_versions, latest_version
from guardlint.rules.registry import rule_ids
from guardlint.source.record import record

if TYPE_CHECKING:
    from guardlint.errors import GuardlintError
    from guardlint.nemo.configuration import Configuration

__all__ = ["Fact", "diagnose"]

State = Literal["ok", "warning", "broken", "none"]

_EXTRAS = {
    "bundle": ("cryptography",),
    "runtime": ("nemoguardrails", "presidio-analyzer", "presidio-anonymizer", "spacy"),
    "lsp": ("pygls",),
    "otel": ("opentelemetry-api", "opentelemetry-sdk"),
}
_TELEMETRY_OFF = ("NEMO_GUARDRAILS_NO_USAGE_STATS", "DO_NOT_TRACK", "CI")
_CAPTURE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
# What NeMo's rails for personal data ask spaCy for, whatever else is installed.
_PERSONAL = tuple(f"sensitive data on {way}" for way in ("input", "output", "retrieval"))
_ASKED = "en_core_web_lg"
_LOADS: dict[str, tuple[str, State]] = {
    "yes": ("loads", "ok"),
    "depends": ("may load", "warning"),
    "no": ("does not load", "broken"),
}


@record
class Fact:
    """One thing about this machine; ``none`` is a fact that is neither good nor bad."""

    topic: str
    state: State
    says: str


def diagnose(
    path: Path | None = None, *, environ: Mapping[str, str] = os.environ, home: Path | None = None
) -> list[Fact]:
    """All facts, in the order in which they are read. With a ``path``, those of its configurations too."""
    return [
        *_python(),
        *_extras(),
        *_nemo(),
        *_model(),
        *_telemetry(environ, home or Path.home()),
        *_capture(environ),
        *(_configurations(path, environ) if path is not None else ()),
    ]


def _python() -> Iterator[Fact]:
    version = ".".join(map(str, sys.version_info[:3]))
    fits = (3, 11) <= sys.version_info[:2] < (3, 14)
    yield Fact("guardlint", "ok", f"{__version__}, {len(rule_ids())} rules")
    yield Fact("Python", "ok" if fits else "broken", version if fits else f"{version}; it needs 3.11 to 3.13")


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _extras() -> Iterator[Fact]:
    for extra, packages in _EXTRAS.items():
        missing = [name for name in packages if _version(name) is None]
        if not missing:
            there = ", ".join(f"{name} {_version(name)}" for name in packages)
            yield Fact(f"extra {extra}", "ok", there)
        else:
            yield Fact(
                f"extra {extra}",
                "none",
                f"not installed ({', '.join(missing)}): pip install 'guardlint[{extra}]'",
            )


def _nemo() -> Iterator[Fact]:
    version = _version("nemoguardrails")
    if version is None:
        yield Fact("NeMo Guardrails", "none", f"not installed; checks speak of {latest_version()} or the pin")
        return
    known = {_series(item) for item in known_versions()}
    if _series(version) in known:
        yield Fact("NeMo Guardrails", "ok", f"{version}, which guardlint knows")
    else:
        yield Fact(
            "NeMo Guardrails",
            "warning",
            f"{version} is not among {', '.join(sorted(known))}: upgrade guardlint",
        )
    langchain = find_spec("langchain") is not None or find_spec("langchain_core") is not None
    said = "engines of LangChain can be used" if langchain else "only NeMo's own clients can be used"
    yield Fact("LangChain", "none", f"{'installed' if langchain else 'not installed'}: {said}")


def _model() -> Iterator[Fact]:
    if find_spec("spacy") is None:
        yield Fact("model for names", "none", "spaCy is not installed: personal data is found by rules alone")
        return
    from guardlint.pii.model import ModelError, known_model, locate, verify

    known = known_model()
    try:
        folder = locate(known)
        verify(folder, known)
    except ModelError as error:
        yield Fact("model for names", "warning", f"{error}: personal data is found by rules alone")
        return
    yield Fact("model for names", "ok", f"{folder.name}, every file as it was published")


def _telemetry(environ: Mapping[str, str], home: Path) -> Iterator[Fact]:
    by = next((name for name in _TELEMETRY_OFF if environ.get(name, "").lower() in ("1", "true")), None)
    marker = home / ".config" / "nemoguardrails" / "do_not_track"
    if by is not None:
        yield Fact("NeMo's telemetry", "ok", f"off, by {by}")
    elif marker.exists():
        yield Fact("NeMo's telemetry", "ok", "off, by the opt-out file of this user")
    else:
        yield Fact(
            "NeMo's telemetry",
            "warning",
            f"on wherever an application uses NeMo by itself: set {_TELEMETRY_OFF[0]}=1 (guardlint does)",
        )


def _capture(environ: Mapping[str, str]) -> Iterator[Fact]:
    value = environ.get(_CAPTURE, "").strip().lower()
    if value in ("true", "1"):
        said = "under IORails every trace holds what people write, whatever the configuration says"
        yield Fact("content in traces", "warning", f"{_CAPTURE}={value}: {said}")
    elif value in ("false", "0"):
        yield Fact(
            "content in traces", "ok", f"{_CAPTURE}={value}: none under IORails; LLMRails asks the file"
        )
    else:
        yield Fact(
            "content in traces", "ok", "as `tracing.enable_content_capture` says, which is off by itself"
        )


def _configurations(path: Path, environ: Mapping[str, str]) -> Iterator[Fact]:
    from guardlint.lint.check import check, read_target
    from guardlint.lint.targets import find_targets

    found = find_targets([path])
    for problem in found.problems:
        yield _problem(problem, path)
    installed = _version("nemoguardrails")
    for target in found.targets:
        report = check([target])
        item = report.configurations[0]
        loads, state = _LOADS[item.loads]
        yield Fact(item.path, state, f"{loads} with NeMo {item.target_version}")
        if installed is not None and _series(installed) != _series(item.target_version):
            says = f"its files ask for NeMo {item.target_version}, and {installed} is installed here"
            yield Fact(item.path, "warning", says)
        for name, engine in item.engines.items():
            yield Fact(item.path, "none", f"{name}: {engine.uses}, {engine.reason}")
        yield from _surroundings(item.path, read_target(target), environ)
        errors = report.count("error")
        if errors:
            says = f"{errors:,} error{'' if errors == 1 else 's'}: `guardlint check` says what will not work"
            yield Fact(item.path, "warning", says)


def _surroundings(name: str, configuration: Configuration, environ: Mapping[str, str]) -> Iterator[Fact]:
    """What NeMo wants of this machine to run it: keys, and the model for personal data."""
    models = configuration.value(("models",))
    for model in models if isinstance(models, list) else ():
        variable = model.get("api_key_env_var") if isinstance(model, dict) else None
        if isinstance(variable, str) and not environ.get(variable):
            yield Fact(name, "warning", f"{variable} is not set: NeMo refuses to load the configuration here")
    masks = any(rail.flow.endswith(_PERSONAL) for rail in configuration.all_rails())
    if masks and find_spec(_ASKED) is None:
        says = f"{_ASKED} is not installed: NeMo's own rails for personal data end every message in an error"
        yield Fact(name, "warning", f"{says}; guardlint's guard masks without it")


def _problem(problem: GuardlintError, path: Path) -> Fact:
    """What is wrong with a team file or a path, by the name that the reader has for it."""
    where, _, rest = str(problem.place or path).partition(":")
    place = Path(where)
    if place.is_absolute() and place.is_relative_to(Path.cwd()):
        where = place.relative_to(Path.cwd()).as_posix()
    return Fact(f"{where}:{rest}" if rest else where, "broken", problem.message)


def _series(version: str) -> str:
    return ".".join(version.split(".")[:2])
