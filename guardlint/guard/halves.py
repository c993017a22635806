"""The two halves of a bundle, each on the engine and in the process that suits it.

IORails runs data only, so it runs here.  Whatever needs LLMRails, and a team half that holds any Python,
runs in a worker process with an empty working directory.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from guardlint.engines import Direction, Rails, Uses, choose, installed_nemo, open_rails
from guardlint.errors import ConfigError, GuardlintError, RuntimeUnavailable
from guardlint.guard.isolated import IsolatedRails
from guardlint.guard.plan import Plan
from guardlint.guard.unpack import Folder, half_of

__all__ = ["Half", "Halves", "check_plan", "open_halves"]

Half = Literal["company", "team"]
_HALVES: Final[tuple[Half, ...]] = ("company", "team")
_DIRECTIONS: Final[tuple[Direction, ...]] = ("input", "output")
# What IORails would pass over in silence although the author wrote it to be run.
_NEEDS_COLANG: Final = (".py", ".co")


@dataclass(frozen=True, slots=True)
class Halves:
    """The rails of both halves, started; None for a half without rails."""

    company: Rails | None
    team: Rails | None

    def get(self, half: Half) -> Rails | None:
        """The rails of one half."""
        return self.company if half == "company" else self.team

    async def close(self) -> None:
        """Stop both."""
        for rails in (self.company, self.team):
            if rails is not None:
                await rails.close()


async def open_halves(files: Mapping[str, bytes], manifest: Mapping[str, Any]) -> Halves:
    """Unpack, load and start what the bundle holds.  Raises GuardlintError, and leaves nothing running.

    A half in this process is loaded, and its files are removed from disk, before any team code runs.
    """
    _check_nemo(manifest)
    opened: dict[Half, Rails] = {}
    workers: dict[Half, IsolatedRails] = {}
    halves = [half for half in _HALVES if half_of(files, half) and _uses(manifest, half) != "none"]
    try:
        for half in halves:
            if _holds_python(half_of(files, half)):
                workers[half] = IsolatedRails(half_of(files, half), _engine(files, manifest, half))
                await workers[half].launch()  # imports NeMo while the rest is read here
        for half in halves:
            if half not in workers:
                rails = await asyncio.to_thread(_open_here, files, manifest, half)
                opened[half] = rails or IsolatedRails(half_of(files, half), _engine(files, manifest, half))
        for half, rails in {**opened, **workers}.items():
            opened[half] = rails
            try:
                await rails.start()
            except GuardlintError as error:
                raise type(error)(f"the {half} half: {error.message}", help=error.help) from None
    except BaseException:
        for rails in {**opened, **workers}.values():
            await rails.close()
        raise
    return Halves(opened.get("company"), opened.get("team"))


def check_plan(plan: Plan, halves: Halves, manifest: Mapping[str, Any]) -> None:
    """Refuse a plan that would leave rails of the company unused.  Raises ConfigError."""
    if halves.company is not None and halves.company.unused:
        sections = ", ".join(f"rails.{name}" for name in halves.company.unused)
        raise ConfigError(f"the company half has {sections}, which this guard cannot enforce")
    for direction in _DIRECTIONS:
        has_rails = halves.company is not None and direction in halves.company.flows
        if has_rails and not plan.has("company", direction):
            raise ConfigError(
                f"the company half has {direction} rails that the plan never runs", place="plan.yml"
            )
        if plan.has("company", direction) and halves.company is None and _uses(manifest, "company") != "none":
            raise ConfigError(
                f"the plan runs company {direction} rails, the bundle has no company half", place="plan.yml"
            )
        _check_handling(plan, halves.company, direction)


def _check_handling(plan: Plan, company: Rails | None, direction: Direction) -> None:
    """Refuse what is said of a rail that is not there, and leaving out one that may rewrite.

    A text that was to be masked must not pass as it is.
    """
    units = company.units.get(direction, ()) if company is not None else ()
    for flow, handling in plan.rails.get(direction, {}).items():
        unit = next((unit for unit in units if flow in unit.flows), None)
        if unit is None:
            raise ConfigError(f"`rails.{direction}` names a rail that does not run: {flow}", place="plan.yml")
        if handling.degrade and unit.rewrites:
            raise ConfigError(
                f"`{flow}` may rewrite what it reads, so it cannot be left out when it fails",
                place="plan.yml",
            )


def _check_nemo(manifest: Mapping[str, Any]) -> None:
    """Rails are approved with one NeMo series; another may run the same files differently."""
    installed, approved = installed_nemo(), str(manifest.get("nemo", ""))
    if installed.split(".")[:2] != approved.split(".")[:2]:
        raise RuntimeUnavailable(
            f"the bundle was compiled for NeMo Guardrails {approved}, installed is {installed}",
            help="install that series, or compile the bundle for this one",
        )


def _open_here(files: Mapping[str, bytes], manifest: Mapping[str, Any], half: Half) -> Rails | None:
    """The rails in this process, or None when they need one of their own."""
    uses = _engine(files, manifest, half)
    if uses == "llmrails":
        return None  # read there only: a file can keep NeMo's parsers busy for ever
    folder = Folder()
    try:
        folder.fill(half_of(files, half))
        choice = choose(folder.files, uses)
        if choice.engine != "iorails" or choice.imports:
            return None
        return open_rails(folder.files, uses)
    except GuardlintError as error:
        raise type(error)(f"the {half} half: {error.message}", help=error.help) from None
    finally:
        folder.remove()


def _engine(files: Mapping[str, bytes], manifest: Mapping[str, Any], half: Half) -> Uses:
    """The engine that the manifest states; else what NeMo chooses, but never one that ignores files."""
    stated = _uses(manifest, half)
    if stated == "iorails":
        return "iorails"
    if stated == "llmrails":
        return "llmrails"
    return "llmrails" if any(name.endswith(_NEEDS_COLANG) for name in half_of(files, half)) else "auto"


def _uses(manifest: Mapping[str, Any], half: Half) -> str | None:
    stated = (manifest.get("engines") or {}).get(half)
    return stated.get("uses") if isinstance(stated, Mapping) else None


def _holds_python(files: Mapping[str, bytes]) -> bool:
    return any(name.endswith((".py", ".pyc", ".so", ".pyd", ".pth")) for name in files)
