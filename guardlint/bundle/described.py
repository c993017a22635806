"""What is in a bundle, in words that people like to read, and as data (``guardlint inspect``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from guardlint.bundle.contents import Contents
from guardlint.bundle.halves import Half, read_half
from guardlint.policy.handling import handling_text

__all__ = ["SHOWN", "contents_data", "described", "fit"]

SHOWN = "guardlint/bundle-contents/v1"

_HALVES = ("company", "team")
_ENGINES = {
    "iorails": "on NeMo's fast engine (IORails)",
    "llmrails": "on NeMo's LLMRails",
    "none": "in no engine",
}
_VERBS = {
    "mask": "masks",
    "block": "blocks",
    "hash": "puts digests in the place of",
    "last_four": "puts stars in the place of",
    "pseudonym": "puts pseudonyms in the place of",
}
_WIDTH = 100


def fit(value: object, limit: int = _WIDTH) -> str:
    """``value`` on one line, without anything that a terminal would obey."""
    text = " ".join(str(value).split())
    text = text if text.isprintable() else ascii(text)[1:-1]
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def contents_data(contents: Contents) -> dict[str, Any]:
    """Manifest, plan and both halves as data; secrets are hidden."""
    return {
        "schema": SHOWN,
        "digest": f"sha256:{contents.digest}",
        "manifest": contents.manifest,
        "plan": contents.plan,
        "halves": {name: _half_data(_half(contents, name)) for name in _HALVES},
    }


def described(contents: Contents) -> Iterator[str]:
    """Lines without line ends, an empty one between sections."""
    manifest, plan = contents.manifest, contents.plan
    halves = {name: _half(contents, name) for name in _HALVES}
    yield from _head(contents)
    for hook, title in (("input", "A message, before the model"), ("output", "The answer, before the user")):
        yield ""
        yield title
        steps = list(_steps(plan[hook], hook, manifest, halves))
        yield from steps or ["  nothing is checked"]
    yield ""
    yield "When"
    yield f"  a rail blocks      the user gets: {fit(plan['refusal'])}"
    yield f"  a rail fails       it {'blocks' if plan['on_error'] == 'block' else fit(plan['on_error'])}"
    yield f"  it takes too long  after {plan['timeout_seconds']:g} seconds for each side it fails"
    for hook, flows in plan.get("rails", {}).items():
        for flow, handling in flows.items():
            yield f"  {hook} {fit(flow)}: {handling_text(handling)}"
    if "stream" in plan:
        looks = plan["stream"]
        often = [f"every {looks['every_tokens']} words"] if "every_tokens" in looks else []
        often += ["at the ends of sentences"] if looks.get("sentence") else []
        yield f"  it is streamed  checked {', '.join([*often, 'at its end'])}"
    if "audit" in plan:
        degrades = plan["audit"] == {"on_failure": "degrade"}
        what = "goes on, counted as degraded" if degrades else "fails"
        yield f"  nothing records it  the guard does not start, and a call without a record {what}"
    yield from _models(halves)
    yield from _cost(manifest)
    yield from _exceptions(manifest)
    yield from _files(contents, halves)


def _half(contents: Contents, name: str) -> Half | None:
    return read_half(contents.files, name, contents.manifest["nemo"])


def _half_data(half: Half | None) -> dict[str, Any] | None:
    if half is None:
        return None
    return {
        "colang": half.colang,
        "rails": {direction: list(rails) for direction, rails in half.rails.items()},
        "models": [
            {"type": model.kind, "model": model.name, "address": model.address} for model in half.models
        ],
        "prompts": dict(half.prompts),
        "code": list(half.code),
        "files": dict(half.files),
    }


def _head(contents: Contents) -> Iterator[str]:
    manifest = contents.manifest
    policy, source = manifest["policy"], manifest["source"]
    extends = [
        f"{part['id']}@{part['version']}" for part in policy["composed_of"] if part["id"] != policy["id"]
    ]
    yield f"{fit(manifest['name'])}, revision {manifest['revision']}"
    behind = f", which extends {', '.join(reversed(extends))}" if extends else ""
    yield f"  policy   {policy['id']}@{policy['version']}{behind}"
    if manifest["tier"]:
        yield f"  tier     {manifest['tier']}"
    begin = f"from {manifest['not_before']} " if manifest["not_before"] else ""
    yield f"  valid    {begin}{'until ' + manifest['expires'] if manifest['expires'] else 'for ever'}"
    yield (
        f"  made     {manifest['created']} by guardlint {manifest['guardlint']} "
        f"for NeMo Guardrails {manifest['nemo']}"
    )
    state = {True: "exactly", False: "with changes that are in no commit"}.get(source["clean"], "")
    commit = f"commit {source['commit'][:12]}, {state}" if source["commit"] else "no commit of git"
    yield f"  source   {fit(manifest['configuration']['path'])}, {commit}"
    yield f"  digest   sha256:{contents.digest}"


def _steps(
    steps: Sequence[Mapping[str, Any]],
    hook: str,
    manifest: Mapping[str, Any],
    halves: Mapping[str, Half | None],
) -> Iterator[str]:
    native = {step["rail"] for step in steps if "rail" in step}
    rails = {rail["id"]: rail for rail in manifest["rails"] if rail["direction"] == hook}
    for number, step in enumerate(steps, start=1):
        name = step["step"]
        if name == "pii":
            entities = step.get("entities")
            what = ", ".join(entities) if entities else "the default profile"
            verb = _VERBS.get(step["action"], str(step["action"]))
            scores = [f"{one} from {least:g} on" for one, least in step.get("thresholds", {}).items()]
            rail = _label(rails[step["rail"]]) if step["rail"] in rails else fit(step["rail"])
            yield f"  {number}. {rail} {verb} personal data: {fit(what)}"
            if scores:
                yield f"       scores count {fit(', '.join(scores))}"
        elif name in ("native", "tools"):
            rail = _label(rails[step["rail"]]) if step["rail"] in rails else fit(step["rail"])
            what = " and ".join(f"{one} of tools" for one in step.get("checks", ())) or "texts"
            yield f"  {number}. {rail} looks at {what}, in the guard itself"
        elif step.get("when") == "rewritten":
            yield f"  {number}. the company's rails again, if the team's changed the text"
        else:
            uses = manifest["engines"][name]["uses"]
            apart = ", in a process of its own" if name == "team" and manifest["team_code"] != "none" else ""
            yield f"  {number}. the {name}'s rails, {_ENGINES.get(uses, uses)}{apart}"
            half = halves[name]
            flows = half.rails.get(hook, ()) if half is not None else ()
            yield from (f"       {fit(flow)}" for flow in flows)
            if name == "company":
                yield from (
                    f"     from {_asking(rail)}" for rail in rails.values() if rail["id"] not in native
                )


def _label(rail: Mapping[str, Any]) -> str:
    """The approved rail, with what the team chose of it."""
    chosen = [f"{key} {fit(rail['settings'][key])}" for key in rail.get("team_settings", ())]
    return f"{rail['id']}@{rail['version']}" + (f" (the team chose {', '.join(chosen)})" if chosen else "")


def _asking(rail: Mapping[str, Any]) -> str:
    prompts = ", ".join(f"{one['id']}@{one['version']}" for one in rail.get("prompts", ()))
    return _label(rail) + (f", which asks with {fit(prompts)}" if prompts else "")


def _models(halves: Mapping[str, Half | None]) -> Iterator[str]:
    lines = [
        f"  {name:<8} {fit(model.kind)}: {fit(model)}"
        for name, half in halves.items()
        if half is not None
        for model in half.models
    ]
    yield ""
    yield "Models that its rails may ask"
    yield from lines or ["  none"]


def _cost(manifest: Mapping[str, Any]) -> Iterator[str]:
    calls = manifest["llm_calls"]
    yield ""
    yield "Predicted for one query, without the application's own call"
    most = "any number" if calls["high"] is None else f"{calls['high']:g}"
    yield f"  model calls  usually {calls['usual']:g}, at most {most}"
    for entry in manifest.get("cost", ()):
        found = entry["per_query"]["cost"]
        unit = entry["currency"] or ""
        examples = " (guardlint's example figures)" if entry["examples"] else ""
        if found is None:
            yield f"  {entry['profile']}  no price for {fit(', '.join(entry['unpriced']))}"
        else:
            yield (
                f"  {entry['profile']}  usually {found['usual']:.2g} {unit}, "
                f"at most {found['high']:.2g} {unit}{examples}"
            )


def _exceptions(manifest: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    yield "Exceptions"
    lines = [
        f"  {one['rule']} waived until {one['expires']} ({one['id']}; owner {fit(one['owner'])}): "
        f"{fit(one['reason'])}"
        for one in manifest["waivers"]
    ]
    lines += [
        f"  {rule} switched off by the team: {fit(reason)}"
        for rule, reason in sorted(manifest.get("disabled", {}).items())
    ]
    yield from lines or ["  none"]


def _files(contents: Contents, halves: Mapping[str, Half | None]) -> Iterator[str]:
    yield ""
    yield "Files"
    for name, half in halves.items():
        if half is None:
            yield f"  {name:<8} none"
            continue
        size = sum(half.files.values())
        code = f", Python: {fit(', '.join(half.code))}" if half.code else ""
        yield f"  {name:<8} {len(half.files)} of {size:,} bytes{code}"
    total = sum(map(len, contents.files.values()))
    yield f"  together {len(contents.files)} of {total:,} bytes"
