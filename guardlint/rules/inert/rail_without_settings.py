"""A rail of the library has nothing to look for, so it lets every text pass, or it breaks every request.

What it does: looks up what each running rail needs: patterns, rules, labels, an endpoint, its entry in the
section of the library.

Why it matters: a regex rail without patterns, an injection rail without rules and a classifier without
labels to block allow everything, and NeMo logs a line at most. A rail whose entry is missing fails instead.

How to fix: write the setting that the help names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.loading import refusals
from guardlint.nemo.running import RunningRail, running_rails, written_elsewhere
from guardlint.rules._mends import is_slip, replace_value
from guardlint.rules.inert._yara import yara_fault
from guardlint.rules.rule import Confidence, Fix, Found, Project, Related, Rule, dotted
from guardlint.source.names import closest
from guardlint.source.place import Place
from guardlint.source.yaml_file import DataPath

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="safe", controls=("LLM01:2025",))

_CONFIG: DataPath = ("rails", "config")
# library/injection_detection/yara_config.py
_RULES = ("sqli", "template", "code", "xss")


class _Lack(NamedTuple):
    """What a rail lacks: the words about it, what happens, and where it should stand."""

    what: str
    at_run_time: str
    path: DataPath
    help: str
    confidence: Confidence = "high"
    written: str = ""
    meant: str | None = None
    lines: int | None = None


def check(project: Project) -> Iterator[Found]:
    """One finding for each running rail."""
    configuration = project.configuration
    for rail in running_rails(configuration):
        need = _NEEDS.get(str(rail.surface["action"]))
        lack = need(configuration, rail) if need is not None else None
        if lack is None or written_elsewhere(configuration, lack.path):
            continue
        if any(refusal.path == lack.path for refusal in refusals(configuration)):
            continue  # does-not-load: what stands there is of another kind
        empty = configuration.value(lack.path, rail) is not rail
        others = _other_directions(configuration, lack.path, rail.direction)
        yield Found(
            f"`{rail.flow}` has {lack.what}",
            _place(configuration, lack) if empty else rail.place,
            lack.at_run_time,
            lack.help,
            path=lack.path if empty else rail.path,
            value=(rail.flow, rail.parameters),
            related=(Related(rail.place, "the rail runs here"),) if empty else others,
            confidence=lack.confidence,
            fix=_respelt(configuration, rail, lack),
        )


def _place(configuration: Configuration, lack: _Lack) -> Place:
    """The key; or a line in the block of text below it."""
    key = configuration.place(lack.path, key=True)
    if lack.lines is None:
        return key
    text = configuration.texts.get(key.file, "").split("\n")
    written = str(configuration.value(lack.path)).split("\n")[lack.lines].strip()
    for number in range(key.line, min(key.line + lack.lines + 3, len(text) + 1)):
        column = text[number - 1].find(written)
        if written and column >= 0:
            return Place.at(key.file, number, column + 1, len(written))
    return key


def _respelt(configuration: Configuration, rail: RunningRail, lack: _Lack) -> Fix | None:
    """The name that is meant, in the list of settings or behind the rail."""
    if lack.meant is None:
        return None
    safe = is_slip(lack.written, lack.meant)
    if configuration.value(lack.path) == lack.written:
        return replace_value(configuration, lack.path, lack.meant, safe=safe)
    text = configuration.value(rail.path) if rail.path is not None else None
    if rail.path is None or not isinstance(text, str) or text.count(f"={lack.written}") != 1:
        return None
    return replace_value(
        configuration, rail.path, text.replace(f"={lack.written}", f"={lack.meant}"), safe=safe
    )


def _patterns(configuration: Configuration, rail: RunningRail) -> _Lack | None:
    path = (*_CONFIG, "regex_detection", rail.direction, "patterns")
    if configuration.value(path):
        return None
    return _Lack(
        f"no patterns for {rail.direction}",
        "the rail matches nothing: NeMo lets every text through",
        path,
        f"list patterns under `{dotted(path)}`",
    )


def _injections(configuration: Configuration, _rail: RunningRail) -> _Lack | None:
    path = (*_CONFIG, "injection_detection", "injections")
    listed = configuration.value(path)
    help_ = f"list rules under `{dotted(path)}`: {', '.join(_RULES)}"
    if not listed:
        return _Lack(
            "no rules", "the rail checks nothing: NeMo logs a line and lets every answer through", path, help_
        )
    section = configuration.value(path[:-1])
    if not isinstance(listed, list) or section.get("yara_path"):
        return None
    own = section.get("yara_rules")
    known = (
        [str(name) for name in own] if isinstance(own, dict) and own else ["sqli", "template", "code", "xss"]
    )
    unknown = [str(name) for name in listed if str(name) not in known]
    if not unknown:
        return _broken_rule(configuration, own) if isinstance(own, dict) else None
    meant = closest(unknown[0], known)
    return _Lack(
        f"no rule named `{unknown[0]}`",
        "the rail raises an error: every request ends in an internal error",
        (*path, [str(name) for name in listed].index(unknown[0])),
        f"write `{meant}`" if meant else f"write one of {', '.join(known)}",
        written=unknown[0],
        meant=meant,
    )


def _broken_rule(configuration: Configuration, own: dict[object, object]) -> _Lack | None:
    """A rule of the team's that YARA does not compile: NeMo then runs none of them."""
    for name in configuration.value((*_CONFIG, "injection_detection", "injections")):
        source = own.get(name)
        fault = yara_fault(source) if isinstance(source, str) else None
        if fault is not None:
            return _Lack(
                f"a rule `{name}` that YARA refuses: {fault[0]}",
                "no rule is used, its neighbours neither: NeMo logs a line and lets every answer through",
                (*_CONFIG, "injection_detection", "yara_rules", name),
                "write the rule as `yara` compiles it",
                lines=fault[1],
            )
    return None


def _classifier(configuration: Configuration, rail: RunningRail) -> _Lack | None:
    section = (*_CONFIG, "hf_classifier")
    name = rail.parameters.get("classifier")
    entries = configuration.value(section)
    if name is None or name.startswith("$"):
        return None
    known = [str(key) for key in entries] if isinstance(entries, dict) else []
    if name not in known:
        meant = closest(name, known)
        mend = f"write `$classifier={meant}`" if meant else f"describe it under `{dotted((*section, name))}`"
        return _Lack(
            f"no classifier `{name}`",
            "the rail raises an error: every request ends in an internal error",
            (*section, name),
            mend,
            written=name,
            meant=meant,
        )
    path = (*section, name, "blocked_labels")
    if configuration.value(path):
        return None
    return _Lack(
        f"no labels to block for `{name}`",
        "the classifier blocks nothing: NeMo warns once when it loads and lets every text through",
        path,
        f"list labels under `{dotted(path)}`",
    )


def _validator(configuration: Configuration, rail: RunningRail) -> _Lack | None:
    path = (*_CONFIG, "guardrails_ai", "validators")
    name = rail.parameters.get("validator")
    if name is None or name.startswith("$"):
        return None
    listed = configuration.value(path)
    entries = listed if isinstance(listed, list) else []
    known = [str(entry.get("name")) for entry in entries if isinstance(entry, dict)]
    if name in known:
        return None
    meant = closest(name, known)
    return _Lack(
        f"no validator `{name}`",
        "the rail raises an error: every request ends in an internal error",
        (*path, len(known)),
        f"write `$validator={meant}`" if meant else f"list it under `{dotted(path)}`",
        written=name,
        meant=meant,
    )


def _jailbreak(configuration: Configuration, _rail: RunningRail) -> _Lack | None:
    section = (*_CONFIG, "jailbreak_detection")
    if any(configuration.value((*section, key)) for key in ("nim_base_url", "nim_url", "server_endpoint")):
        return None
    path = (*section, "nim_base_url")
    return _Lack(
        "no endpoint",
        "NeMo runs a model in its own process; where none is installed (`EMBEDDING_CLASSIFIER_PATH`) it logs "
        "an error and lets every message through",
        path,
        f"write `{dotted(path)}`, e.g. the address of the NIM",
        "medium",
    )


def _alignscore(configuration: Configuration, _rail: RunningRail) -> _Lack | None:
    section = (*_CONFIG, "fact_checking")
    if configuration.value((*section, "parameters", "endpoint")):
        return None
    if configuration.effective((*section, "fallback_to_self_check")):
        return None
    path = (*section, "parameters", "endpoint")
    return _Lack(
        "no endpoint",
        "no score comes back, and NeMo takes every answer for supported",
        path,
        f"write `{dotted(path)}`, or `fallback_to_self_check: true`",
    )


def _autoalign(key: str) -> Callable[[Configuration, RunningRail], _Lack | None]:
    def need(configuration: Configuration, _rail: RunningRail) -> _Lack | None:
        path = (*_CONFIG, "autoalign", "parameters", key)
        if configuration.value(path):
            return None
        broken = "the rail raises an error: every request ends in an internal error"
        return _Lack("no endpoint", broken, path, f"write `{dotted(path)}`")

    return need


def _policy(configuration: Configuration, rail: RunningRail) -> _Lack | None:
    path = (*_CONFIG, "clavata", rail.direction, "policy")
    if configuration.value(path) or rail.path is None:
        return None
    broken = "the rail raises an error: every request ends in an internal error"
    return _Lack(f"no policy for {rail.direction}", broken, path, f"write `{dotted(path)}`")


def _evaluators(configuration: Configuration, _rail: RunningRail) -> _Lack | None:
    path = (*_CONFIG, "patronus", "output", "evaluate_config", "params", "evaluators")
    if configuration.value(path):
        return None
    broken = "the rail raises an error: every request ends in an internal error"
    return _Lack("no evaluators", broken, path, f"list evaluators under `{dotted(path)}`")


def _model(configuration: Configuration, rail: RunningRail) -> _Lack | None:
    wanted = str(rail.surface["fixed_models"][0])
    types = configuration.model_types()
    if wanted in types or closest(wanted, types) is not None:
        return None
    if any("register_action_param" in configuration.texts[file.file] for file in configuration.python_files):
        return None
    return _Lack(
        f"no model of type `{wanted}`",
        "the rail finds no model to ask: the request ends in an internal error",
        ("models", wanted),
        f"add a model with `type: {wanted}` to `models`",
    )


# By the action of the rail (library/*/actions.py); rails for personal data have a rule of their own.
_NEEDS: dict[str, Callable[[Configuration, RunningRail], _Lack | None]] = {
    "detect_regex_pattern": _patterns,
    "injection_detection": _injections,
    "hf_classifier_check_input": _classifier,
    "hf_classifier_check_output": _classifier,
    "hf_classifier_check_retrieval": _classifier,
    "validate_guardrails_ai_input": _validator,
    "validate_guardrails_ai_output": _validator,
    "jailbreak_detection_model": _jailbreak,
    "llama_guard_check_input": _model,
    "llama_guard_check_output": _model,
    "patronus_lynx_check_output_hallucination": _model,
    "alignscore_check_facts": _alignscore,
    "autoalign_input_api": _autoalign("endpoint"),
    "autoalign_output_api": _autoalign("endpoint"),
    "autoalign_groundedness_output_api": _autoalign("groundedness_check_endpoint"),
    "autoalign_factcheck_output_api": _autoalign("fact_check_endpoint"),
    "ClavataCheckAction": _policy,
    "patronus_api_check_output": _evaluators,
}


def _other_directions(configuration: Configuration, path: DataPath, direction: str) -> tuple[Related, ...]:
    """Where the same setting stands for another direction."""
    found = []
    for other in ("input", "output", "retrieval"):
        there = tuple(other if part == direction else part for part in path)
        if there != path and configuration.value(there):
            found.append(Related(configuration.place(there, key=True), f"{path[-1]} for {other} only"))
    return tuple(found)
