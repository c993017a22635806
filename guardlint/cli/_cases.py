"""Runs the cases that stand beside policies and rails: on the linter's reading, and in a real guard."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from guardlint.policy.central import Central
from guardlint.policy.documents import read_document
from guardlint.policy.rails import Rail
from guardlint.source.record import record

if TYPE_CHECKING:
    from guardlint.guard import Guard
    from guardlint.harness.brain import SeenPrompt

__all__ = ["Outcome", "control_cases", "policy_cases", "rail_cases"]

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


@record
class Outcome:
    """One case: ``what`` is the policy or rail, ``wrong`` why it fails, or None."""

    what: str
    case: str
    place: str
    wrong: str | None


@dataclass(slots=True)
class _Judge:
    """A model that gives the answers of a case in their order; one too many is an outage."""

    answers: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    def __call__(self, prompt: SeenPrompt) -> str:
        self.seen.append(prompt.text)
        if not self.answers:
            raise RuntimeError("the case scripts no further answer")
        return self.answers.pop(0)


def control_cases(folder: Path) -> Iterator[Outcome]:
    """Every identifier of a known framework that the framework does not have, as a case that fails."""
    from guardlint.policy.controls import unknown_controls

    for unknown in unknown_controls(folder):
        yield Outcome(unknown.who, unknown.control, unknown.place, unknown.message)


def policy_cases(central: Central, folder: Path) -> Iterator[Outcome]:
    """Every case of ``folder/policies/*/tests``: does the configuration violate exactly what it lists?"""
    from guardlint.nemo.configuration import read_configuration
    from guardlint.policy.evaluate import violations
    from guardlint.rules.effective_view import ConfigurationView

    for path in sorted(folder.glob("policies/*/tests/*.yml")):
        policy = central.policy(path.parent.parent.name)
        document = read_document(path, "policy-tests")
        for index, case in enumerate(document.data["cases"]):
            with tempfile.TemporaryDirectory(prefix="guardlint-test-") as root:
                for name, text in case["configuration"].items():
                    file = Path(root, name)
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_text(text, encoding="utf-8")
                view = ConfigurationView(read_configuration(Path(root), version=case.get("nemo")))
                found = {item.requirement for item in violations(policy, view)}
            wanted = set(case["violates"])
            wrong = [f"does not violate {name}" for name in sorted(wanted - found)]
            wrong += [f"violates {name}" for name in sorted(found - wanted)]
            place = str(document.place("cases", index))
            yield Outcome(policy.label, case["id"], place, ", ".join(wrong) or None)


def rail_cases(central: Central, folder: Path) -> Iterator[Outcome]:
    """Every case of ``folder/rails/*/tests.yml`` in a guard that runs the one rail, its judge scripted.

    Raises RuntimeUnavailable without the extra ``runtime``.
    """
    for path in sorted(folder.glob("rails/*/tests.yml")):
        rail = central.rail(path.parent.name)
        document = read_document(path, "rail-tests")
        judge = _Judge()
        with ExitStack() as stack:
            guard = _guard(rail, folder, judge, stack)
            for index, case in enumerate(document.data["cases"]):
                judge.answers, judge.seen = list(case.get("judge", ())), []
                place = str(document.place("cases", index))
                yield Outcome(rail.label, case["id"], place, _wrong(guard, judge, case))


def _guard(rail: Rail, folder: Path, judge: _Judge, stack: ExitStack) -> Guard:
    """A guard whose only company rail is this one, and whose team has none."""
    from guardlint.bundle.compile import compile_bundle
    from guardlint.bundle.keys import generate
    from guardlint.bundle.trust import trusting
    from guardlint.guard import Guard
    from guardlint.harness.brain import ScriptedBrain
    from guardlint.harness.openai_server import ScriptedServer

    server = stack.enter_context(ScriptedServer(ScriptedBrain(judge=judge)))
    place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="guardlint-test-")))
    use = f"{{rail: {rail.id}@{rail.major}, reason: on trial, controls: {list(rail.controls)}}}"
    uses = "".join(f"  {way}:\n    - {use}\n" for way in rail.directions)
    (place / "policies" / "trial").mkdir(parents=True)
    (place / "policies" / "trial" / "policy.yml").write_text(
        _TRIAL.format(rails=uses, base_url=server.base_url), encoding="utf-8"
    )
    (place / "team").mkdir()
    (place / "team" / "config.yml").write_text("models: []\n", encoding="utf-8")
    central = Central.beside(place, folder)
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
    return stack.enter_context(Guard.load(place / "trial.glbundle", trust=trusting(key.public)))


def _wrong(guard: Guard, judge: _Judge, case: Mapping[str, Any]) -> str | None:
    scripted = len(judge.answers)
    if case["direction"] == "input":
        checked = guard.check_input(case["user"])
    else:
        checked = guard.check_output(case["reply"], messages=[{"role": "user", "content": case["user"]}])
    seen = "\n".join(judge.seen)
    wrong = []
    if checked.verdict.status != case["expect"]:
        wrong.append(f"is {checked.verdict.status}, not {case['expect']}")
    elif "becomes" in case and checked.value != case["becomes"]:
        wrong.append(f"becomes {checked.value!r}")
    if len(judge.seen) != scripted:
        wrong.append(f"asks the judge {len(judge.seen)} times, not {scripted}")
    wrong += [f"the judge does not see {text!r}" for text in case.get("judge_sees", ()) if text not in seen]
    wrong += [f"the judge sees {text!r}" for text in case.get("judge_never_sees", ()) if text in seen]
    return ", ".join(wrong) or None
