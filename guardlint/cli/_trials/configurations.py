"""The cases of a team's own configuration, in real NeMo; to be tried in a process of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from guardlint.cli._trials.outcome import Aspect, Mark, Outcome, Settings, Suite
from guardlint.cli._trials.trying import Attempt, tolerance_of, tried
from guardlint.nemo.catalogue import DIRECTIONS
from guardlint.nemo.configuration import Configuration, read_configuration
from guardlint.nemo.walk import walk
from guardlint.policy.documents import Document, read_document
from guardlint.source.files import shown_path

if TYPE_CHECKING:
    from guardlint.harness.brain import SeenPrompt
    from guardlint.harness.branches import Branch
    from guardlint.harness.conversation import Conversations, Script, Talked

__all__ = ["ConfigurationTrial", "configuration_root"]

_COMPARES = "it compares the reply of a script: say in `with_model` what a real model must come to"


def configuration_root(document: Document) -> Path:
    """The folder that a tests file speaks of. Raises ConfigError.

    NeMo takes every YAML file below a configuration for a part of it, so the tests must not be one.
    """
    path = Path(document.file)
    root = path.parent / str(document.data.get("configuration", "."))
    if not root.is_dir():
        raise document.error(f"there is no folder '{root}'", "configuration")
    own = os.path.realpath(path)
    for file in walk(root):
        if file.kind != "ignored" and os.path.realpath(file.name) == own:
            ignored = shown_path(root / ".railsignore")
            raise document.error(
                "NeMo reads this file as a part of the configuration that it tests",
                help=f"put it beside the folder, or write '{path.name}' into {ignored}",
            )
    return root


class ConfigurationTrial:
    """One tests file. Raises ConfigError where it is wrong or NeMo refuses the configuration."""

    def __init__(self, suite: Suite, settings: Settings) -> None:
        from guardlint.harness.conversation import Conversations
        from guardlint.harness.endpoint import EndpointModel
        from guardlint.harness.scripted import ScriptedModel
        from guardlint.harness.shortcuts import quiet

        self.label = suite.name
        self.document = read_document(suite.path, "team-tests")
        self.settings = settings
        self.root = configuration_root(self.document)
        self.configuration: Configuration = read_configuration(self.root)
        self._second = self.configuration.generation != "1.0"
        self._model = ScriptedModel() if settings.endpoint is None else EndpointModel(settings.endpoint)
        if any("sensitive data" in rail.flow for rail in self.configuration.all_rails()):
            # NeMo's rails for personal data ask for a model of spaCy's that no package index has.
            from guardlint.engines.personal_data import serve_offline

            serve_offline()
        with quiet():
            self._talks: Conversations = Conversations(self.configuration, self._model)

    def aspects(self) -> Iterator[Aspect]:
        """The rails, or in Colang 2.x the flows, and every branch of the configuration's own Colang."""
        for name, place in self._rails():
            ways = ("ran",) if self._second else ("passed", "acted")
            yield Aspect(self.label, "rail", name, place, ways)
        names: dict[str, tuple[str, list[str]]] = {}
        for branch in self._talks.watch.branches:
            place = f"{shown_path(branch.file)}:{branch.line}"
            names.setdefault(self._branch(branch), (place, []))[1].append(branch.way)
        for name, (place, found) in names.items():
            yield Aspect(self.label, "branch", name, place, tuple(found))

    def outcomes(self) -> Iterator[Outcome]:
        """Every case that the settings pick."""
        for index, case in enumerate(self.document.data["cases"]):
            if self.settings.picks(self.label, case["id"]):
                if self._second and case["expect"] == "modified":
                    raise self.document.error(
                        "NeMo does not tell of Colang 2.x which text a rail changed",
                        *("cases", index, "expect"),
                        help="write 'expect: passed' and the 'reply'",
                    )
                yield self._case(case, index)

    def _case(self, case: Mapping[str, Any], index: int) -> Outcome:
        place = str(self.document.place("cases", index))
        outcome = Outcome(self.label, case["id"], place, "passed", about=case.get("about"))
        by_model = self.settings.endpoint is not None
        reason = _left_out(case) if by_model else None
        if reason is not None:
            return Outcome(self.label, case["id"], place, "skipped", reason, case.get("about"))
        return tried(
            outcome,
            lambda: self._attempt(case),
            self.settings,
            by_model=by_model,
            tolerance=tolerance_of(self.document, index),
        )

    def _attempt(self, case: Mapping[str, Any]) -> Attempt:
        from guardlint.harness.conversation import Script
        from guardlint.harness.endpoint import EndpointModel
        from guardlint.harness.shortcuts import quiet

        own: Mapping[str, Any] = case.get("answers", {})
        script = Script({**self.document.data.get("answers", {}), **own})
        messages = case.get("messages") or [{"role": "user", "content": case["user"]}]
        model = self._model
        by_model = isinstance(model, EndpointModel)
        if isinstance(model, EndpointModel):
            model.failures.clear()
        with quiet():
            talked = self._talks.talk(
                messages,
                None if by_model else script,
                context=case.get("context"),
                seconds=self.document.data.get("seconds", 60.0),
            )
        if isinstance(model, EndpointModel):
            wrong = model.failures[:1] or _wrong(case, talked)
        else:
            wrong = _unscripted(script) or _wrong(case, talked)
            wrong += [f"NeMo never asks for `{task}`" for task in script.left() if task in own]
        said = f"{talked.status} by {talked.rail}" if talked.rail else talked.status
        return Attempt(said, ", ".join(wrong) or None, tuple(self._marks(talked)))

    def _rails(self) -> Iterator[tuple[str, str]]:
        """Name and place."""
        if self._second:
            for flow in self.configuration.flows.values():
                yield f"flow {flow.name}", str(flow.place)
            return
        for direction in DIRECTIONS:
            for rail in self.configuration.rails(direction):
                yield f"{direction}: {rail.text}", str(rail.place)

    def _marks(self, talked: Talked) -> Iterator[Mark]:
        by_flow = {
            (direction, rail.flow): f"{direction}: {rail.text}"
            for direction in ([] if self._second else DIRECTIONS)
            for rail in self.configuration.rails(direction)
        }
        for ran in talked.ran:
            if self._second:
                yield self.label, f"flow {ran.name}", "ran"
                continue
            name = by_flow.get((ran.direction, ran.name), f"{ran.direction}: {ran.name}")
            ways = ["acted" if ran.stopped or ran.changed else "passed"]
            if ways[0] == "acted":
                ways.append("blocked" if ran.stopped else "modified")
            for way in ways:
                yield self.label, name, way
        for branch in sorted(talked.branches, key=lambda branch: (branch.file, branch.line, branch.way)):
            yield self.label, self._branch(branch), branch.way

    def _branch(self, branch: Branch) -> str:
        """``flows/cards.co:12 if $gold``."""
        file = os.path.relpath(branch.file, self.root).replace(os.sep, "/")
        return f"{file}:{branch.line} {branch.text}"


def _left_out(case: Mapping[str, Any]) -> str | None:
    """Why a real model cannot be asked for a case, or None."""
    with_model: Mapping[str, Any] = case.get("with_model", {})
    if "skip" in with_model:
        return str(with_model["skip"])
    if case.get("about") == "outage":
        return "a script plays the outage"
    compares = "reply" in case or "reply_has" in case
    return _COMPARES if compares and case["expect"] != "blocked" and not with_model else None


def _unscripted(script: Script) -> list[str]:
    return [f"NeMo asks for `{task}`, and no answer is scripted" for task in dict.fromkeys(script.unscripted)]


def _wrong(case: Mapping[str, Any], talked: Talked) -> list[str]:
    wrong = []
    if talked.broken is not None and case.get("about") != "outage":
        wrong.append(talked.broken)
    if talked.status != case["expect"]:
        by = f" by {talked.rail}" if talked.rail else ""
        wrong.append(f"is {talked.status}{by}, not {case['expect']}")
    elif "rail" in case and talked.rail != case["rail"]:
        wrong.append(f"is blocked by {talked.rail}, not {case['rail']}")
    if "reply" in case and talked.reply != case["reply"]:
        wrong.append(f"replies {talked.reply!r}")
    wrong += [f"the reply lacks {text!r}" for text in case.get("reply_has", ()) if text not in talked.reply]
    wrong += [f"the reply has {text!r}" for text in case.get("reply_lacks", ()) if text in talked.reply]
    for task, text in _texts(case.get("sees", ())):
        if text not in _shown(talked.prompts, task):
            wrong.append(f"{_who(task, 'no model')} {'sees' if task is None else 'does not see'} {text!r}")
    for task, text in _texts(case.get("never_sees", ())):
        if text in _shown(talked.prompts, task):
            wrong.append(f"{_who(task, 'a model')} sees {text!r}")
    return wrong


def _texts(given: Mapping[str, Sequence[str]] | Sequence[str]) -> Iterator[tuple[str | None, str]]:
    """Task (None: any) and text."""
    groups = given.items() if isinstance(given, Mapping) else [(None, given)]
    for task, texts in groups:
        for text in texts:
            yield task, text


def _shown(prompts: Sequence[SeenPrompt], task: str | None) -> str:
    return "\n".join(
        prompt.text
        for prompt in prompts
        if task is None or task in (prompt.task, prompt.task.split(" ", 1)[0])
    )


def _who(task: str | None, anybody: str) -> str:
    return anybody if task is None else f"the model asked for `{task}`"
