"""The static proof: whether the company's half of a bundle is the company's, and its plan runs all of it.

Nothing of ``guardlint`` is imported here. The bundle is taken apart with the standard library, the signature
verified with ``cryptography`` alone, and what must be in it is read from the central repository's own YAML.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

__all__ = ["Required", "faults", "required_by", "unlike_policy"]

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_HOOKS = ("input", "output")
_CODE = (".py", ".pyc", ".so", ".pyd", ".pth")


@dataclass(frozen=True, slots=True)
class Required:
    """What the policy asks for, read by hand: company files by digest, flows and native steps."""

    digests: Mapping[str, str]
    flows: Mapping[str, tuple[str, ...]]
    native: Mapping[str, tuple[str, ...]]
    prompts: Mapping[str, str]
    rails: tuple[tuple[str, str], ...]
    refusal: str
    timeout: float


def required_by(central: Path, reference: Path, policy: str, blank: bytes) -> Required:
    """Read the policy and its rails; ``blank`` is the bundle of a team that wrote nothing of note."""
    asked = _yaml((central / "policies" / policy / "policy.yml").read_bytes())
    flows: dict[str, list[str]] = {hook: [] for hook in _HOOKS}
    native: dict[str, list[str]] = {hook: [] for hook in _HOOKS}
    prompts: dict[str, str] = {}
    rails = []
    for hook in _HOOKS:
        for use in asked["rails"][hook]:
            name = use["rail"].partition("@")[0]
            folder = next(
                path for path in (root / "rails" / name for root in (central, reference)) if path.is_dir()
            )
            rail = _yaml((folder / "rail.yml").read_bytes())
            rails.append((name, hook))
            if rail["runs"] == "pii":
                native[hook].append(name)
                continue
            side = rail["directions"][hook]
            flows[hook] += side["flows"]
            if "prompts" in side:
                for prompt in _yaml((folder / "prompts.yml").read_bytes())["prompts"]:
                    if prompt["id"] in side["prompts"]:
                        prompts[prompt["task"]] = json.dumps(prompt.get("content") or prompt.get("messages"))
    files = _archive(blank)[1]
    return Required(
        digests={name: _sha(data) for name, data in files.items() if name.startswith("company/")},
        flows={hook: tuple(names) for hook, names in flows.items()},
        native={hook: tuple(names) for hook, names in native.items()},
        prompts=prompts,
        rails=tuple(rails),
        refusal=asked["runtime"]["refusal"],
        timeout=float(asked["runtime"]["timeout_seconds"]),
    )


def faults(bundle: bytes, key: bytes, required: Required) -> Iterator[str]:
    """What keeps a required rail of this bundle from running; nothing where all is as it must be."""
    statement, files = _archive(bundle)
    yield from _signed(bundle, statement, key)
    names = list(files)
    if len({unicodedata.normalize("NFC", name).casefold() for name in names}) != len(names):
        yield "two names are one file on some file system"
    for name in names:
        parts = name.split("/")
        if name not in ("plan.yml", "manifest.json") and parts[0] not in ("company", "team"):
            yield f"{name!r} belongs to no half"
        if {"", ".", ".."} & set(parts) or "\\" in name:
            yield f"{name!r} leaves its half"
    manifest = json.loads(files["manifest.json"])
    listed = {name: f"sha256:{_sha(data)}" for name, data in files.items() if name != "manifest.json"}
    if listed != manifest["files"]:
        yield "the manifest lists other files"
    yield from _company(files, required)
    yield from _plan(_yaml(files["plan.yml"]), files, required, manifest)
    yield from _manifest(manifest, files, required)


def _company(files: Mapping[str, bytes], required: Required) -> Iterator[str]:
    digests = {name: _sha(data) for name, data in files.items() if name.startswith("company/")}
    if digests != dict(required.digests):
        yield f"the company half is not that of the policy: {sorted(set(digests) ^ set(required.digests))}"


def unlike_policy(blank: bytes, required: Required) -> Iterator[str]:
    """Whether the company half of ``blank``, which all others must equal, is what the policy's YAML asks."""
    files = _archive(blank)[1]
    config = _yaml(files["company/config.yml"])
    for hook in _HOOKS:
        section = config["rails"].get(hook, {"flows": []})
        if tuple(section["flows"]) != required.flows[hook] or set(section) - {"flows"}:
            yield f"company rails on {hook} are {section}"
    if config.get("colang_version") != "1.0" or {"import_paths", "passthrough"} & set(config):
        yield "the company half is set up otherwise"
    written = _yaml(files.get("company/prompts.yml", b"prompts: []"))["prompts"]
    shown = {
        prompt["task"]: json.dumps(prompt.get("content") or prompt.get("messages")) for prompt in written
    }
    if shown != dict(required.prompts):
        yield f"company prompts are {sorted(shown)}"
    if any(name.endswith(_CODE) or ".railsignore" in name for name in required.digests):
        yield "the company half holds code or a .railsignore"


def _plan(
    plan: Mapping[str, Any], files: Mapping[str, bytes], required: Required, manifest: Mapping[str, Any]
) -> Iterator[str]:
    if (plan["refusal"], float(plan["timeout_seconds"]), plan["on_error"]) != (
        required.refusal,
        required.timeout,
        "block",
    ):
        yield "the plan's refusal, deadline or failure policy is not the policy's"
    for hook in _HOOKS:
        steps = [
            (step["step"], step.get("when"), step.get("rail"), step.get("action")) for step in plan[hook]
        ]
        team = [index for index, step in enumerate(steps) if step[0] == "team"]
        company = [index for index, step in enumerate(steps) if step[:2] == ("company", None)]
        again = [index for index, step in enumerate(steps) if step[:2] == ("company", "rewritten")]
        masks = [index for index, step in enumerate(steps) if step[0] == "pii" and step[3] == "mask"]
        native = [step[2] for step in steps if step[0] == "pii"]
        if len(team) > 1 or (team and not any(name.startswith("team/") for name in files)):
            yield f"team steps on {hook}: {len(team)}"
        if any(
            step.get("entities") or step.get("thresholds") for step in plan[hook] if step["step"] == "pii"
        ):
            yield f"personal data on {hook} is looked for otherwise than the policy says"
        for rail in required.native[hook]:
            if rail not in native or masks[0] != 0:
                yield f"{rail} is not first on {hook}"
            if hook == "output" and team and not any(index > team[-1] for index in masks):
                yield f"{rail} does not look at what the team's rails made of the reply"
        if required.flows[hook]:
            if len(company) != 1:
                yield f"the company runs {len(company)} times on {hook}"
            elif hook == "input" and team and not (company[0] < team[0] < max(again, default=-1)):
                yield "the company's input rails do not see what the team's rewrote"
            elif hook == "output" and company[0] != len(steps) - 1:
                yield "the company's output rails are not last"
    if required.flows["input"] and manifest["engines"]["company"]["uses"] == "none":
        yield "no engine for the company"


def _manifest(manifest: Mapping[str, Any], files: Mapping[str, bytes], required: Required) -> Iterator[str]:
    rails = tuple((rail["id"], rail["direction"]) for rail in manifest["rails"])
    if rails != required.rails:
        yield f"the manifest names the rails {rails}"
    has_colang = any(name.endswith(".co") for name in required.digests)
    wanted = "llmrails" if has_colang else "iorails"
    if manifest["engines"]["company"]["uses"] != wanted:
        yield f"the company half would run on {manifest['engines']['company']['uses']}"
    code = [name for name in files if name.startswith("team/") and name.endswith(_CODE)]
    runs = [
        name
        for name in code
        if name in ("team/config.py", "team/actions.py") or name.startswith("team/actions/")
    ]
    if any(name.endswith(".py") for name in runs) and manifest["team_code"] != "isolated":
        yield f"the team's code is {manifest['team_code']}: {runs}"


def _archive(bundle: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    line, _, rest = bundle.partition(b"\n")
    length = int(line.split()[1])
    files = {}
    with tarfile.open(fileobj=io.BytesIO(rest[length:])) as archive:
        for member in archive:
            if not member.isreg() or member.name in files:
                raise ValueError(f"{member.name} is no plain file, or there twice")
            content = archive.extractfile(member)
            assert content is not None
            files[member.name] = content.read()
    return json.loads(rest[:length]), files


def _signed(bundle: bytes, envelope: Mapping[str, Any], key: bytes) -> Iterator[str]:
    payload = base64.b64decode(envelope["payload"])
    kind = envelope["payloadType"].encode()
    told = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
    try:
        (signature,) = envelope["signatures"]
        Ed25519PublicKey.from_public_bytes(key).verify(base64.b64decode(signature["sig"]), told)
    except (InvalidSignature, ValueError):
        yield "the signature is not the company's"
    line, _, rest = bundle.partition(b"\n")
    archive = rest[int(line.split()[1]) :]
    if json.loads(payload)["subject"][0]["digest"]["sha256"] != _sha(archive):
        yield "another archive was signed"


def _yaml(data: bytes) -> Any:
    return yaml.load(data, Loader=_Loader)


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
