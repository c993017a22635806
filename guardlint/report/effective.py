"""The effective configuration for people and for machines (``guardlint show``)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from guardlint.lint.finding import Finding
from guardlint.nemo import account
from guardlint.nemo.account import Contribution, Fate
from guardlint.nemo.asked import Asked, asked_tasks, model_entries
from guardlint.nemo.configuration import Configuration
from guardlint.nemo.defaults import unwritten_defaults
from guardlint.nemo.loading import loads, refusals
from guardlint.nemo.order import order_dependent
from guardlint.nemo.prompt import Prompt
from guardlint.nemo.serving import guardrails_engine, llm_calls
from guardlint.report.json_v1 import place_data
from guardlint.source.place import Place
from guardlint.source.redact import redact, redact_data
from guardlint.source.yaml_file import DataPath

__all__ = ["as_data", "render_effective", "render_why"]

_MARKS = {
    "runs": "✓", "chosen": "✓", "read": "✓", "waits": "◦",
    "inert": "✗", "missing": "✗", "lost": "✗", "skipped": "·",
}  # fmt: skip


def render_effective(configuration: Configuration, findings: Iterable[Finding] = ()) -> str:
    """What NeMo really loads, section by section; what a finding points at is marked with its rule."""
    errors = {item.place: item.rule for item in findings if item.severity == "error"}
    return "\n".join(_lines(configuration, errors)) + "\n"


def _lines(configuration: Configuration, errors: dict[Place, str]) -> Iterator[str]:
    engine = guardrails_engine(configuration)
    answer = {"yes": "loads it", "no": "does not load it", "depends": "may load it"}[loads(configuration)]
    nemo, colang = configuration.catalogue.nemo, configuration.colang_version
    yield f"{configuration.name}  NeMo {nemo} {answer}, Colang {colang}"
    yield f"  LLMRails runs the Colang runtime; Guardrails uses {engine.uses}: {engine.reason}"
    if loads(configuration) != "no":
        calls = llm_calls(configuration)
        yield f"  model calls a query: {calls.low} to {calls.high}, usually {calls.usual}"
    for refusal in refusals(configuration):
        yield f"  ! {refusal.message} ({refusal.place})"
    yield from _models(configuration)
    for direction, listed in account.rails(configuration).items():
        together = configuration.effective(("rails", direction, "parallel")) is True
        yield f"\nrails.{direction}, {'all at once (parallel)' if together else 'in this order'}"
        yield from _fates(listed, configuration.name, errors)
    yield from _tasks(configuration)
    for title, fates in (
        ("prompts", account.prompts(configuration)),
        ("flows", account.flows(configuration)),
        ("actions of the team's code", account.actions(configuration)),
        ("bot messages", account.messages(configuration)),
    ):
        if fates:
            yield f"\n{title}"
            yield from _fates(fates, configuration.name, errors)
    dropped = list(_dropped(configuration))
    if dropped:
        yield "\ndropped"
        yield from dropped
    yield from _order(configuration)
    defaults = [
        f"{'.'.join(path)} = {_shown(value, path[-1])}" for path, value in unwritten_defaults(configuration)
    ]
    if defaults:
        yield "\nNeMo's defaults beside what is written"
        yield from (f"  · {line}" for line in defaults)
    yield "\nfiles"
    yield from _fates(account.files(configuration), configuration.name, {})


def _models(configuration: Configuration) -> Iterator[str]:
    entries = model_entries(configuration)
    if entries:
        yield "\nmodels"
    width = max((len(entry.kind) for entry in entries), default=0)
    for entry in entries:
        mark = "✗" if entry.used is False else "✓" if entry.used else "·"
        where = _short(entry.place, configuration.name)
        yield f"  {mark} {redact(entry.kind):<{width}}  {redact(entry.model)}: {redact(entry.why)}  ({where})"


def _tasks(configuration: Configuration) -> Iterator[str]:
    asked = asked_tasks(configuration)
    if asked:
        yield "\nwhat a model is asked, and which prompt is sent"
    width = max((len(item.task) for item in asked), default=0)
    for item in asked:
        mark = "✗" if item.prompt is None or (item.model is None and item.kind != "main") else "✓"
        who = item.model or ("the application's model" if item.kind == "main" else "no model")
        sent = _prompt(item, configuration.name)
        yield f"  {mark} {redact(item.task):<{width}}  {redact(who)} ({redact(item.why)}), {sent}"
        yield f"    {'':<{width}}  {redact(item.by)}"


def _prompt(item: Asked, root: str) -> str:
    if item.prompt is None:
        return "no prompt"
    if isinstance(item.prompt, Prompt):
        return f"the prompt at {_short(item.prompt.place, root)}"
    return f"NeMo's own prompt in {item.prompt.file}"


def _order(configuration: Configuration) -> Iterator[str]:
    """What another disk may decide otherwise."""
    found = order_dependent(configuration)
    if found:
        yield "\ndepends on the order in which the disk lists files"
    for item in found:
        others = ", ".join(_short(place, configuration.name) for place in item.others)
        kept = _short(item.kept, configuration.name)
        yield f"  ✗ {redact(item.name)}  {item.kind}: {kept} wins where files come by name, else {others}"


def _fates(fates: Iterable[Fate], root: str, errors: dict[Place, str]) -> Iterator[str]:
    listed = list(fates)
    width = min(max(len(fate.name) for fate in listed), 40)
    for fate in listed:
        rule = errors.get(fate.place)
        mark = "✗" if rule else _MARKS[fate.state]
        why = redact(fate.why).replace(f"{root}/", "")
        note = f"  ← {rule}" if rule else ""
        where = _short(fate.place, root)
        yield f"  {mark} {redact(fate.name):<{width}}  {fate.state}: {why}  ({where}){note}"


def _short(place: Place, root: str) -> str:
    return str(place).removeprefix(f"{root}/")


def _dropped(configuration: Configuration) -> Iterator[str]:
    root = configuration.name
    for file, key in configuration.joined.dropped:
        where = _short(file.place((key,), key=True), root)
        yield f"  ✗ {redact(str(key))}  NeMo does not know the key  ({where})"
    for item in configuration.joined.replaced:
        lost, kept = (_short(file.place((item.key,), key=True), root) for file in (item.lost, item.kept))
        yield f"  ✗ {item.key}  {kept} takes its place  ({lost})"


def render_why(configuration: Configuration, path: DataPath, text: str) -> str:
    """Where one value comes from."""
    name = _last_key(path)
    lines = [f"{text} = {_shown(configuration.effective(path), name)}"]
    for item in account.contributions(configuration, path):
        where = str(item.place) if item.place is not None else "NeMo"
        mark = "✓" if item.kept else "✗"
        lines.append(f"  {mark} {_shown(item.value, name)}  {item.how}  ({where})")
    if len(lines) == 1:
        lines.append("  nobody writes it, and NeMo has no default for it")
    return "\n".join(lines) + "\n"


def _last_key(path: DataPath) -> str:
    return next((part for part in reversed(path) if isinstance(part, str)), "")


def _shown(value: Any, name: str) -> str:
    text = json.dumps(redact_data(value, name), ensure_ascii=False, default=str)
    return text if len(text) <= 200 else f"{text[:197]}..."


def as_data(configuration: Configuration, why: DataPath | None = None) -> dict[str, Any]:
    """The same as plain data: an entry of ``configurations`` in ``schemas/effective.json``."""
    engine = guardrails_engine(configuration)
    data: dict[str, Any] = {
        "path": configuration.name,
        "nemo": configuration.catalogue.nemo,
        "colang_version": configuration.colang_version,
        "loads": loads(configuration),
        "refusals": [
            {"message": redact(item.message), "topic": item.topic, "place": place_data(item.place)}
            for item in refusals(configuration)
        ],
        "engines": {
            "LLMRails": {"uses": "llmrails"},
            "Guardrails": {"uses": engine.uses, "reason": engine.reason},
        },
        "models": [
            {
                "type": redact(item.kind),
                "model": redact(item.model),
                "used": {True: "yes", False: "no", None: "depends"}[item.used],
                "why": redact(item.why),
                "place": place_data(item.place),
            }
            for item in model_entries(configuration)
        ],
        "tasks": [_task_data(item) for item in asked_tasks(configuration)],
        "rails": {name: _fate_data(listed) for name, listed in account.rails(configuration).items()},
        "prompts": _fate_data(account.prompts(configuration)),
        "flows": _fate_data(account.flows(configuration)),
        "actions": _fate_data(account.actions(configuration)),
        "bot_messages": _fate_data(account.messages(configuration)),
        "files": _fate_data(account.files(configuration)),
        "dropped": [
            {"key": str(key), "place": place_data(file.place((key,), key=True))}
            for file, key in configuration.joined.dropped
        ],
        "replaced": [
            {
                "key": item.key,
                "lost": place_data(item.lost.place((item.key,), key=True)),
                "kept": place_data(item.kept.place((item.key,), key=True)),
            }
            for item in configuration.joined.replaced
        ],
        "order_dependent": [
            {
                "kind": item.kind,
                "name": redact(item.name),
                "kept": place_data(item.kept),
                "others": [place_data(place) for place in item.others],
            }
            for item in order_dependent(configuration)
        ],
        "defaults": [
            {"path": ".".join(path), "value": value} for path, value in unwritten_defaults(configuration)
        ],
    }
    if why is not None:
        data["why"] = [
            _contribution(item, _last_key(why)) for item in account.contributions(configuration, why)
        ]
    return data


def _task_data(item: Asked) -> dict[str, Any]:
    prompt: dict[str, Any] | None = None
    if isinstance(item.prompt, Prompt):
        prompt = {"by": "team", "place": place_data(item.prompt.place)}
    elif item.prompt is not None:
        prompt = {"by": "nemo", "file": item.prompt.file}
    return {
        "task": redact(item.task),
        "by": redact(item.by),
        "model": redact(item.model) if item.model is not None else None,
        "type": redact(item.kind),
        "why": redact(item.why),
        "place": place_data(item.place) if item.place is not None else None,
        "prompt": prompt,
    }


def _fate_data(fates: Iterable[Fate]) -> list[dict[str, Any]]:
    return [
        {
            "name": redact(fate.name),
            "state": fate.state,
            "why": redact(fate.why),
            "place": place_data(fate.place),
        }
        for fate in fates
    ]


def _contribution(item: Contribution, name: str) -> dict[str, Any]:
    return {
        "value": json.loads(json.dumps(redact_data(item.value, name), default=str)),
        "kept": item.kept,
        "how": item.how,
        "place": place_data(item.place) if item.place is not None else None,
    }
