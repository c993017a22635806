"""The cases of an approved rail, in a guard whose only company rail it is, and whose team has none."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from guardlint.cli._trials.benign import Benign, benign_texts
from guardlint.cli._trials.both_engines import ColangEngine, claimed_fast
from guardlint.cli._trials.judges import Judge
from guardlint.cli._trials.outcome import Aspect, Mark, Outcome, Settings, Suite
from guardlint.cli._trials.trying import Attempt, tolerance_of, tried
from guardlint.policy.central import Central
from guardlint.policy.company import company_configuration
from guardlint.policy.documents import Document, read_document
from guardlint.policy.rails import Rail
from guardlint.source.files import shown_path
from guardlint.source.record import replace

if TYPE_CHECKING:
    from guardlint.guard import Guard
    from guardlint.guard.verdict import Checked

__all__ = ["RailTrial", "rail_aspects", "rail_outcomes"]

_TRIAL = """\
schema: guardlint/policy/v1
id: trial
version: 1.0.0
title: One rail on trial
owner: guardlint test
description: The rail in every direction that it has.
rails:
{rails}models:
  judge: {{engine: openai, model: scripted, parameters: {{base_url: "{base_url}", max_attempts: 1}}}}
"""
_OUTAGE = "a script plays the outage"
_SCRIPTED = "the judge decides: try it with --model"


class RailTrial:
    """Guards for one rail, one for each choice of its settings, made when a case needs it."""

    def __init__(self, rail: Rail, folder: Path, judge: Judge, stack: ExitStack) -> None:
        self.rail = rail
        self.judge = judge
        self._folder = folder
        self._stack = stack
        self._guards: dict[str, Guard] = {}
        self._engines: dict[str, ColangEngine] = {}

    def guard(self, settings: Mapping[str, Any]) -> Guard:
        """The guard of these settings. Raises what compile and the guard raise."""
        key = json.dumps(settings, sort_keys=True)
        if key not in self._guards:
            self._guards[key] = self._made(key if settings else None)
        return self._guards[key]

    def check(self, case: Mapping[str, Any], settings: Mapping[str, Any]) -> Checked[Any]:
        """One case through the guard."""
        guard: Any = self.guard(settings)
        more = {"context": case["context"]} if "context" in case else {}
        if case["direction"] == "input":
            checked = guard.check_input(case["user"], **more)
        elif case["direction"] == "output":
            messages = [{"role": "user", "content": case.get("user", "Hello.")}]
            checked = guard.check_output(case["reply"], messages=messages, **more)
        elif case["direction"] == "tool_call":
            checked = guard.check_tool_call(case["tool"]["name"], case["tool"].get("arguments", {}))
        else:
            checked = guard.check_tool_result(case["tool"]["name"], case["tool"].get("result"))
        return checked  # type: ignore[no-any-return]

    def on_other_engine(self, case: Mapping[str, Any], settings: Mapping[str, Any]) -> str | None:
        """The verdict of NeMo's Colang engine, where the rail claims it and the case is of texts alone."""
        key = json.dumps(settings, sort_keys=True)
        self.guard(settings)
        if key not in self._engines or case["direction"] not in ("input", "output") or "context" in case:
            return None
        return self._engines[key].status(case)

    def _made(self, settings: str | None) -> Guard:
        from guardlint.bundle.compile import compile_bundle
        from guardlint.bundle.keys import generate
        from guardlint.bundle.trust import trusting
        from guardlint.guard import Guard

        rail = self.rail
        place = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="guardlint-test-")))
        chosen = f", settings: {settings}" if settings else ""
        use = f"{{rail: {rail.id}@{rail.major}, reason: on trial, controls: {list(rail.controls)}{chosen}}}"
        uses = "".join(f"  {way}:\n    - {use}\n" for way in rail.directions)
        (place / "policies" / "trial").mkdir(parents=True)
        (place / "policies" / "trial" / "policy.yml").write_text(
            _TRIAL.format(rails=uses, base_url=self.judge.base_url), encoding="utf-8"
        )
        (place / "team").mkdir()
        (place / "team" / "config.yml").write_text("models: []\n", encoding="utf-8")
        central = Central.beside(place, self._folder)
        key = generate()
        made = compile_bundle(
            place / "team",
            central.policy("trial"),
            central,
            name="trial",
            created=datetime.now(UTC),
            signers=[key],
        )
        (place / "trial.glbundle").write_bytes(made.data)
        if rail.engines:
            company = place / "company"
            for name, data in company_configuration(central.policy("trial"), central).items():
                (company / name).parent.mkdir(parents=True, exist_ok=True)
                (company / name).write_bytes(data)
            claimed_fast(rail, company)
            if "llmrails" in rail.engines:
                self._engines[settings or "{}"] = ColangEngine(company, self._stack)
        return self._stack.enter_context(Guard.load(place / "trial.glbundle", trust=trusting(key.public)))


def rail_aspects(rail: Rail) -> Iterator[Aspect]:
    """Each direction should be seen to let something pass, and to act on something."""
    for direction in rail.directions:
        place = shown_path(rail.folder / "rail.yml")
        yield Aspect(rail.label, "rail", f"on {direction}", place, ("passed", "acted"), required=True)


def rail_outcomes(suite: Suite, central: Central, settings: Settings) -> Iterator[Outcome]:
    """Every case and every benign text of one rail.

    Raises RuntimeUnavailable without the extra ``runtime``.
    """
    if not suite.path.is_file():
        return
    rail = central.rail(suite.name)
    document = read_document(suite.path, "rail-tests")
    common: Mapping[str, Any] = document.data.get("settings", {})
    with ExitStack() as stack:
        judge = Judge(settings.endpoint, stack)
        trial = RailTrial(rail, suite.folder, judge, stack)
        for index, case in enumerate(document.data.get("cases", ())):
            if settings.picks(rail.label, case["id"]):
                yield _case(trial, document, index, settings)
        for text in benign_texts(rail, document):
            if settings.picks(rail.label, text.id):
                yield _benign(trial, text, common, settings)


def _case(trial: RailTrial, document: Document, index: int, settings: Settings) -> Outcome:
    case: Mapping[str, Any] = document.data["cases"][index]
    chosen = {**document.data.get("settings", {}), **case.get("settings", {})}
    place = str(document.place("cases", index))
    tolerance = tolerance_of(document, index)
    judge = trial.judge
    outcome = Outcome(trial.rail.label, case["id"], place, "passed", about=case["about"])
    scripted = bool(case.get("judge"))
    with_model: Mapping[str, Any] = case.get("with_model", {})
    if not judge.scripted and scripted:
        reason = with_model.get("skip") or (_OUTAGE if case["about"] == "outage" else None)
        if reason is not None:
            return Outcome(trial.rail.label, case["id"], place, "skipped", reason, case["about"])
    by_model = scripted and not judge.scripted

    def attempt() -> Attempt:
        judge.begin(case.get("judge", ()))
        checked = trial.check(case, chosen)
        verdict = checked.verdict
        said = f"{verdict.status} by {verdict.rail}" if verdict.rail else str(verdict.status)
        wrong = _wrong(checked, judge, case)
        # What was decided without the judge that the rail asks is no question to NeMo's other engine.
        side = trial.rail.directions.get(case["direction"])
        asked = side is not None and (not side.llm_calls or judge.asked > 0)
        if wrong is None and asked and not by_model:
            judge.begin(case.get("judge", ()))
            other = trial.on_other_engine(case, chosen)
            if other is not None and not other.startswith(case["expect"]):
                wrong = f"on NeMo's Colang engine it is {other}, not {case['expect']}"
        return Attempt(said, wrong, _marks(trial.rail, case["direction"], checked))

    ended = tried(outcome, attempt, settings, by_model=by_model, tolerance=tolerance)
    counted = case["about"] == "benign" and case["expect"] == "passed" and not (scripted and judge.scripted)
    return replace(ended, counted=True) if counted else ended


def _benign(trial: RailTrial, text: Benign, chosen: Mapping[str, Any], settings: Settings) -> Outcome:
    rail, judge = trial.rail, trial.judge
    outcome = Outcome(rail.label, text.id, text.place, "passed", about="benign", counted=True)
    by_model = text.by_judge
    if by_model and judge.scripted:
        return Outcome(rail.label, text.id, text.place, "skipped", _SCRIPTED, "benign")

    def attempt() -> Attempt:
        judge.begin(())
        checked = trial.check(text.case, chosen)
        if judge.failure:
            return Attempt(judge.failure, judge.failure)
        if checked.verdict.error:
            wrong = f"is blocked because something broke ({checked.verdict.reason})"
            return Attempt(wrong, wrong)
        return Attempt(checked.verdict.status, None, _marks(rail, text.case["direction"], checked))

    ended = tried(outcome, attempt, settings, by_model=by_model)
    acted = any(mark[2] == "acted" for mark in ended.marks)
    if ended.status == "passed" and acted:
        return replace(ended, status="overblocked", why="is stopped or changed, and is benign")
    return ended


def _marks(rail: Rail, direction: str, checked: Checked[Any]) -> tuple[Mark, ...]:
    """What broke has exercised nothing: a guard blocks then whatever the rail says."""
    if checked.verdict.error:
        return ()
    status = checked.verdict.status
    name = f"on {_DIRECTION.get(direction, direction)}"
    ways = ("passed",) if status == "passed" else ("acted", status)
    return tuple((rail.label, name, way) for way in ways)


# The words of a case, and those of a manifest where they are others.
_DIRECTION = {"tool_call": "output", "tool_result": "input"}


def _wrong(checked: Checked[Any], judge: Judge, case: Mapping[str, Any]) -> str | None:
    if judge.failure:
        return judge.failure
    verdict, seen, scripted = checked.verdict, judge.seen, len(case.get("judge", ()))
    wrong = []
    if verdict.status != case["expect"]:
        wrong.append(f"is {verdict.status}, not {case['expect']}")
    elif "becomes" in case and checked.value != case["becomes"]:
        wrong.append(f"becomes {checked.value!r}")
    if verdict.error and case["about"] != "outage":
        wrong.append(f"something broke ({verdict.reason})")
    if judge.scripted and judge.asked != scripted:
        wrong.append(f"asks the judge {judge.asked} times, not {scripted}")
    wrong += [f"the judge does not see {text!r}" for text in case.get("judge_sees", ()) if text not in seen]
    wrong += [f"the judge sees {text!r}" for text in case.get("judge_never_sees", ()) if text in seen]
    return ", ".join(wrong) or None
