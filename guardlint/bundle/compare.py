"""What differs between two bundles, first in what will run (``guardlint diff``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from guardlint.bundle.contents import Contents
from guardlint.bundle.halves import Half, read_half

__all__ = ["Change", "How", "differences"]

How = Literal["added", "removed", "changed", "moved"]

_NOTHING = Half("1.0", {}, (), {}, {}, (), {})
_HALVES = ("company", "team")
# Of the manifest, what decides what runs; the rest tells how the bundle came to be.
_RUNS = ("name", "nemo", "team_code")
_TOLD = ("tier", "guardlint", "revision", "not_before", "expires", "created")


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. ``part`` is the section that it stands in, ``name`` what differs.

    ``old`` and ``new`` are plain data, None where there is none. ``runs``: whether something else will run.
    """

    part: str
    how: How
    name: str
    old: Any = None
    new: Any = None
    runs: bool = True


def differences(one: Contents, two: Contents) -> list[Change]:
    """What ``two`` has otherwise than ``one``, section by section; empty for the same archive."""
    if one.digest == two.digest:
        return []
    halves = {name: (_half(one, name), _half(two, name)) for name in _HALVES}
    found = [
        *_facts(one.manifest, two.manifest, _RUNS, runs=True),
        *_policies(one.manifest["policy"], two.manifest["policy"]),
        *_company_rails(one.manifest["rails"], two.manifest["rails"]),
        *_plan(one.plan, two.plan),
    ]
    for name, (before, after) in halves.items():
        found += _flows(name, before, after)
        found += _mapping(f"{name} models", _models(before), _models(after))
        found += _mapping(f"{name} prompts", before.prompts, after.prompts)
        found += _mapping(f"{name} settings", before.settings, after.settings)
    found += _mapping("engines", _engines(one), _engines(two))
    found += _waivers(one.manifest, two.manifest)
    found += _mapping(
        "disabled rules", one.manifest.get("disabled", {}), two.manifest.get("disabled", {}), runs=False
    )
    found += _files(one.manifest["files"], two.manifest["files"])
    found += _facts(_told(one), _told(two), (*_TOLD, *_told_keys(one, two)), runs=False)
    return found


def _half(contents: Contents, name: str) -> Half:
    return read_half(contents.files, name, contents.manifest["nemo"]) or _NOTHING


def _facts(
    one: Mapping[str, Any], two: Mapping[str, Any], keys: Sequence[str], *, runs: bool
) -> Iterator[Change]:
    for key in keys:
        if one.get(key) != two.get(key):
            yield Change("bundle", "changed", key, one.get(key), two.get(key), runs)


def _policies(one: Mapping[str, Any], two: Mapping[str, Any]) -> Iterator[Change]:
    old, new = (
        {part["id"]: f"{part['version']} ({part['digest'][7:19]})" for part in policy["composed_of"]}
        for policy in (one, two)
    )
    if one["id"] != two["id"]:
        yield Change("policy", "changed", "policy", one["id"], two["id"])
    yield from _mapping("policy", old, new)


def _company_rails(one: Sequence[Mapping[str, Any]], two: Sequence[Mapping[str, Any]]) -> Iterator[Change]:
    """Approved rails by direction: which, in which version, with which prompts and settings."""
    old, new = ({f"{rail['id']} ({rail['direction']})": rail for rail in rails} for rails in (one, two))
    yield from _listed("company rails", list(old), list(new))
    for name in old:
        if name not in new:
            continue
        before, after = old[name], new[name]
        if (before["version"], before["digest"]) != (after["version"], after["digest"]):
            yield Change(
                "company rails",
                "changed",
                name,
                f"{before['version']} ({before['digest'][7:19]})",
                f"{after['version']} ({after['digest'][7:19]})",
            )
        settings = (before.get("settings", {}), after.get("settings", {}))
        yield from _mapping(
            "company rails", *({f"{name} {key}": item for key, item in s.items()} for s in settings)
        )


def _plan(one: Mapping[str, Any], two: Mapping[str, Any]) -> Iterator[Change]:
    for hook in ("input", "output"):
        if one[hook] != two[hook]:
            yield Change("plan", "changed", hook, _step_names(one[hook]), _step_names(two[hook]))
    for key in ("refusal", "on_error", "timeout_seconds", "rails", "audit", "stream"):
        if one.get(key) != two.get(key):
            yield Change("plan", "changed", key, one.get(key), two.get(key))


def _step_names(steps: Sequence[Mapping[str, Any]]) -> list[str]:
    return [_step_name(step) for step in steps]


def _step_name(step: Mapping[str, Any]) -> str:
    if step["step"] in ("native", "tools"):
        return f"{step['rail']}: {step['step']}"
    if step["step"] != "pii":
        return f"{step['step']} again" if step.get("when") else str(step["step"])
    entities = step.get("entities")
    thresholds = ", ".join(f"{name} {least:g}" for name, least in (step.get("thresholds") or {}).items())
    which = ", ".join(entities) if entities else "default profile"
    return f"{step['rail']}: {step['action']} {which}" + (f" from {thresholds}" if thresholds else "")


def _flows(half: str, one: Half, two: Half) -> Iterator[Change]:
    for direction in dict.fromkeys((*one.rails, *two.rails)):
        old, new = one.rails.get(direction, ()), two.rails.get(direction, ())
        yield from _listed(f"{half} rails on {direction}", old, new)


def _listed(part: str, old: Sequence[str], new: Sequence[str]) -> Iterator[Change]:
    """Added, removed, and those that now run in another order."""
    for name in old:
        if name not in new:
            yield Change(part, "removed", name, old=name)
    for index, name in enumerate(new):
        if name not in old:
            before = new[index - 1] if index else None
            yield Change(part, "added", name, new=f"after {before}" if before else "first")
    kept_old = [name for name in old if name in new]
    kept_new = [name for name in new if name in old]
    if kept_old != kept_new:
        matching = SequenceMatcher(None, kept_old, kept_new, autojunk=False).get_matching_blocks()
        still = {name for block in matching for name in kept_new[block.b : block.b + block.size]}
        for name in kept_new:
            if name not in still:
                at = new.index(name)
                yield Change(part, "moved", name, new=f"after {new[at - 1]}" if at else "first")


def _models(half: Half) -> dict[str, str]:
    return {model.kind: str(model) for model in half.models}


def _engines(contents: Contents) -> dict[str, str]:
    return {half: engine["uses"] for half, engine in contents.manifest["engines"].items()}


def _waivers(one: Mapping[str, Any], two: Mapping[str, Any]) -> Iterator[Change]:
    """A waiver changes what is allowed, not what runs; that it is there now is for somebody to read."""
    old, new = (
        {waiver["id"]: f"{waiver['rule']} until {waiver['expires']}" for waiver in manifest["waivers"]}
        for manifest in (one, two)
    )
    yield from _mapping("waivers", old, new, runs=False)


def _files(one: Mapping[str, str], two: Mapping[str, str]) -> Iterator[Change]:
    """Those that nothing above speaks for stand here as well: code, Colang, knowledge."""
    for name in sorted({*one, *two}):
        if one.get(name) == two.get(name):
            continue
        how: How = "added" if name not in one else "removed" if name not in two else "changed"
        yield Change("files", how, name)


def _mapping(
    part: str, one: Mapping[str, Any], two: Mapping[str, Any], *, runs: bool = True
) -> Iterator[Change]:
    for name in dict.fromkeys((*one, *two)):
        if name not in two:
            yield Change(part, "removed", name, old=one[name], runs=runs)
        elif name not in one:
            yield Change(part, "added", name, new=two[name], runs=runs)
        elif one[name] != two[name]:
            yield Change(part, "changed", name, one[name], two[name], runs)


def _told(contents: Contents) -> dict[str, Any]:
    """How the bundle came to be, and what it is predicted to cost."""
    manifest = contents.manifest
    calls, source = manifest["llm_calls"], manifest["source"]
    told = {key: manifest[key] for key in _TOLD}
    told["source"] = f"{source['commit']}, clean: {source['clean']}"
    told["model calls"] = f"usually {calls['usual']}, at most {calls['high']}"
    for entry in manifest.get("cost", ()):
        found = entry["per_query"]["cost"]
        told[f"cost of {entry['profile']}"] = (
            f"{found['usual']:.2g} {entry['currency']}" if found else "unknown"
        )
    return told


def _told_keys(one: Contents, two: Contents) -> list[str]:
    return [key for key in dict.fromkeys((*_told(one), *_told(two))) if key not in _TOLD]
