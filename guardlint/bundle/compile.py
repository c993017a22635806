"""Policy + rails + a team's configuration → the files and the manifest of a bundle (DESIGN §6).

NeMo is not imported. The two halves never share an engine, so nothing that a team writes can switch a
company rail off: the company half holds no byte of the team's.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from guardlint import __version__
from guardlint.bundle.keys import Signer
from guardlint.bundle.seal import seal
from guardlint.bundle.source import source_of
from guardlint.errors import BundleError
from guardlint.lint.check import Target as CheckTarget
from guardlint.lint.check import check, select_rules
from guardlint.lint.finding import Report
from guardlint.nemo.catalogue import latest_version
from guardlint.nemo.configuration import Configuration, read_configuration
from guardlint.nemo.serving import asking_rails, guardrails_engine
from guardlint.nemo.walk import railsignore
from guardlint.policy.central import Central
from guardlint.policy.company import company_configuration, nemo_rails
from guardlint.policy.digest import digest_of
from guardlint.policy.model import ComposedPolicy, Direction, RailUse
from guardlint.policy.waivers import Waiver

__all__ = ["CheckFailed", "Compiled", "compile_bundle"]

_HOOKS: tuple[Direction, ...] = ("input", "output")


class CheckFailed(BundleError):
    """The configuration has findings of level error; ``report`` holds them."""

    def __init__(self, message: str, report: Report, *, help: str) -> None:
        super().__init__(message, help=help)
        self.report = report


@dataclass(frozen=True, slots=True)
class Compiled:
    """A bundle and what went into it."""

    data: bytes
    manifest: dict[str, Any]
    plan: dict[str, Any]


def compile_bundle(
    root: Path,
    policy: ComposedPolicy,
    central: Central,
    *,
    name: str,
    tier: str | None = None,
    created: datetime,
    revision: int | None = None,
    not_before: datetime | None = None,
    expires: datetime | None = None,
    signers: Sequence[Signer] = (),
    waivers: Sequence[Waiver] = (),
) -> Compiled:
    """Compile the configuration at ``root`` under ``policy``.

    ``created`` is the only time that goes in; ``revision`` defaults to it in seconds since 1970, which
    grows from release to release. ``waivers`` are those of the configuration; the manifest lists the ones
    without which there would be errors. Same input, same bytes.

    Raises CheckFailed when ``check`` has errors, BundleError when a requirement cannot be enforced or the
    configuration cannot be carried, ConfigError for a policy without a judge model for its rails.
    """
    lifting = _refuse_errors(root, policy, tuple(waivers), created.date())
    _refuse_unenforceable(policy)
    team = read_configuration(root)
    company_files = company_configuration(policy, central)
    team_files = _team_files(team)
    plan = _plan(policy, central, team)
    files = {
        "plan.yml": _plan_bytes(plan),
        **{f"company/{path}": data for path, data in company_files.items()},
        **{f"team/{path}": data for path, data in team_files.items()},
    }
    company = _company(company_files)
    manifest: dict[str, Any] = {
        "name": name,
        "guardlint": __version__,
        "nemo": team.catalogue.nemo,
        "revision": int(created.timestamp()) if revision is None else revision,
        "not_before": _time(not_before),
        "expires": _time(expires),
        "policy": _policy(policy),
        "tier": tier,
        "rails": _rails(policy, central),
        "configuration": {"path": _path_in_repository(root), "digest": digest_of(team_files)},
        "source": dict(source_of(root)),
        "waivers": [waiver.data() for waiver in lifting],
        "engines": {"company": _engine(company), "team": _engine(team)},
        "llm_calls": _llm_calls(company, team),
        "team_code": "isolated" if team.python_files else "none",
    }
    return Compiled(seal(files, manifest, signers=signers, created=created), manifest, plan)


def _refuse_errors(
    root: Path, policy: ComposedPolicy, waivers: tuple[Waiver, ...], today: date
) -> list[Waiver]:
    """The waivers that lift errors; raises CheckFailed where errors are left."""
    # What the team pins does not count: the bundle runs on the NeMo that guardlint's guard runs on.
    target = CheckTarget(root, policy, version=latest_version(), waivers=waivers)
    report = check([target], select_rules(), today)
    errors = report.count("error")
    if errors:
        raise CheckFailed(
            f"`{report.configurations[0].path}` has {errors} error{'s' if errors > 1 else ''}, "
            f"and {policy.label} compiles none",
            report,
            help="mend what `guardlint check` says",
        )
    said = {found.waived_by for found in report.findings if found.severity == "error"}
    return sorted((waiver for waiver in waivers if waiver.said in said), key=lambda waiver: waiver.id)


def _refuse_unenforceable(policy: ComposedPolicy) -> None:
    """The guard of this version runs rails on input and output; a requirement beyond is refused, not lost."""
    for direction, uses in policy.rails.items():
        if uses and direction not in _HOOKS:
            raise BundleError(
                f"`{uses[0].ref}` on {direction} cannot be enforced: the guard checks input and output",
                place=str(uses[0].origin.place),
            )
    if policy.on_error.value != "block":
        raise BundleError(
            f"on_error `{policy.on_error.value}` cannot be enforced: this guard always blocks",
            place=str(policy.on_error.origin.place),
        )


def _team_files(team: Configuration) -> dict[str, bytes]:
    if team.value(("import_paths",)):
        raise BundleError(
            "`import_paths` reach outside the configuration, and a bundle carries its directory only",
            place=str(team.place(("import_paths",), key=True)),
            help="copy what is imported into the directory",
        )
    files: dict[str, bytes] = {}
    for file in team.files:
        try:
            files[file.relative] = file.path.read_bytes()
        except OSError as error:
            raise BundleError(f"cannot be read: {error.strerror or error}", place=str(file.path)) from None
    ignore, _ = railsignore(team.root)
    if ignore is not None and ".railsignore" not in files:
        # NeMo looks for the file upwards from the configuration; inside a bundle there is no upwards.
        files[".railsignore"] = ignore.read_bytes()
    return files


def _plan(policy: ComposedPolicy, central: Central, team: Configuration) -> dict[str, Any]:
    """Input: personal data first, so that nothing behind it sees any, then company, team, company again.

    Output: masked before any rail looks, so that no judge reads personal data; again when the team's rails
    have had the text, who may put some in; the company's rails last.
    """
    in_nemo = {(use.direction, use.ref) for use, _ in nemo_rails(policy, central)}
    masks = {
        hook: [_pii_step(use) for use in policy.rails[hook] if (hook, use.ref) not in in_nemo]
        for hook in _HOOKS
    }
    company = {direction for direction, _ in in_nemo}
    steps_in: list[dict[str, Any]] = [*masks["input"]]
    if "input" in company:
        steps_in.append({"step": "company"})
    if team.rails("input"):
        steps_in.append({"step": "team"})
        if "input" in company:
            steps_in.append({"step": "company", "when": "rewritten"})
    steps_out: list[dict[str, Any]] = [*masks["output"]]
    if team.rails("output"):
        steps_out += [{"step": "team"}, *masks["output"]]
    if "output" in company:
        steps_out.append({"step": "company"})
    return {
        "schema": "guardlint/plan/v1",
        "input": steps_in,
        "output": steps_out,
        "refusal": policy.refusal.value,
        "on_error": policy.on_error.value,
        "timeout_seconds": policy.timeout_seconds.value,
    }


def _pii_step(use: RailUse) -> dict[str, Any]:
    entities = use.settings["entities"]
    return {
        "step": "pii",
        "rail": use.rail,
        "entities": None if entities == "default" else sorted(entities),
        "action": use.settings["action"],
    }


def _plan_bytes(plan: Mapping[str, Any]) -> bytes:
    from guardlint.source.pyyaml import yaml

    return yaml.safe_dump(dict(plan), sort_keys=False, allow_unicode=True, width=2**31).encode()


def _company(files: Mapping[str, bytes]) -> Configuration | None:
    """The company half read back, so that its engine and calls come from the same code as the team's."""
    if not files:
        return None
    with tempfile.TemporaryDirectory() as folder:
        for relative, data in files.items():
            path = Path(folder, relative)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return read_configuration(Path(folder))


def _engine(configuration: Configuration | None) -> dict[str, Any]:
    if configuration is None or not any(configuration.rails(hook) for hook in _HOOKS):
        return {"uses": "none", "reason": "no rail of this half runs in NeMo"}
    engine = guardrails_engine(configuration)
    return {"uses": engine.uses, "reason": engine.reason}


def _llm_calls(company: Configuration | None, team: Configuration) -> dict[str, int]:
    """Calls of one guarded query without the application's own.

    Low: blocked before the first question. High: the team's rails rewrote, and the company asks again.
    """
    halves = [half for half in (company, team) if half is not None]
    usual = sum(asking_rails(half, hook) for half in halves for hook in _HOOKS)
    again = asking_rails(company, "input") if company is not None and team.rails("input") else 0
    return {"low": 0, "usual": usual, "high": usual + again}


def _policy(policy: ComposedPolicy) -> dict[str, Any]:
    return {
        "id": policy.id,
        "version": policy.version,
        "digest": policy.digest,
        "composed_of": [
            {"id": part.id, "version": part.version, "digest": part.digest} for part in policy.composed_of
        ],
    }


def _rails(policy: ComposedPolicy, central: Central) -> list[dict[str, Any]]:
    found = []
    for hook in _HOOKS:
        for use in policy.rails[hook]:
            rail = central.rail(use.ref, place=str(use.origin.place))
            found.append({"id": rail.id, "version": rail.version, "digest": rail.digest, "direction": hook})
    return found


def _path_in_repository(root: Path) -> str:
    """The path from the top of the git repository; outside of one the directory's name."""
    for folder in root.parents:
        if (folder / ".git").exists():
            return root.relative_to(folder).as_posix()
    return root.name


def _time(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.astimezone(UTC).replace(microsecond=0).strftime("%Y-%m-%dT%H:%M:%SZ")
