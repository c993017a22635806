"""NeMo as the judge: hostile bundles loaded with the real guard, and talked to.

Every model is a scripted one on the loopback interface; the company's judge condemns one phrase and remembers
what it was shown. Each block of bundles has a process of its own, so that one that dies is seen.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import site
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from .company import CONDEMNED, HARMLESS, REFUSAL
from .proof import Required
from .proving import NOW, Outcome, Prover, scratch
from .tricks_files import MARKER

__all__ = ["Heard", "judge", "talk"]

_BLOCK: Final = 12
_SECONDS: Final = 900.0
_QUESTION, _REPLY = HARMLESS


@dataclass(slots=True)
class Heard:
    """What a guard did. ``answered``: the harmless question got the application's reply."""

    loaded: bool
    answered: bool
    team_ran: bool
    holes: list[str]
    said: str = ""


def judge(count: int, seed: int, start: int) -> int:
    """Judge the first ``count`` configurations from ``start`` on that yield a bundle; the number of holes."""
    started = time.perf_counter()
    counts: Counter[str] = Counter()
    number = start
    while counts["judged"] < count:
        wanted = min(_BLOCK, count - counts["judged"])
        found, number = _block(number, wanted, seed)
        for line in found:
            counts["judged"] += 1
            for key in ("loaded", "answered", "team_ran", "compiles"):
                counts[key] += bool(line[key])
            counts["holes"] += bool(line["holes"])
            if line["holes"]:
                print(f"HOLE {line['number']} {line['tricks']}: {line['holes']}", flush=True)
    seconds = time.perf_counter() - started
    print(
        f"judged by NeMo: {counts['judged']} ({counts['compiles']} that compile as they are, "
        f"{counts['loaded']} loaded, {counts['team_ran']} whose own rails ran, "
        f"{counts['answered']} answered) in {seconds:.0f} s; holes: {counts['holes']}"
    )
    return counts["holes"]


def _block(number: int, count: int, seed: int) -> tuple[list[dict[str, Any]], int]:
    """The results of a block, and the number to go on from."""
    folder = scratch()
    environ = {**os.environ, "TMPDIR": str(folder), "OPENAI_API_KEY": "unused", "NVIDIA_API_KEY": "unused"}
    parent = str(Path(__file__).parents[1])
    environ["PYTHONPATH"] = os.pathsep.join(filter(None, (parent, os.environ.get("PYTHONPATH"))))
    command = [sys.executable, "-m", "hostile_set.judging", str(number), str(count), str(seed)]
    try:
        done = subprocess.run(
            command, env=environ, cwd=folder, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
        text, died = done.stdout, done.returncode != 0
        error = done.stderr[-300:]
    except subprocess.TimeoutExpired as late:
        text, died, error = (late.stdout or b"").decode(), True, "it hangs"
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    found = [line for line in lines if "holes" in line]
    begun = [line["begun"] for line in lines if "begun" in line]
    if died:
        last = begun[-1] if begun else number
        found.append(
            {"number": last, "tricks": "", "holes": [f"the guard's process died: {error}"]}
            | dict.fromkeys(("loaded", "answered", "team_ran", "compiles"), False)
        )
    return found, (begun[-1] + 1 if begun else number + 1)


def main(start: int, count: int, seed: int) -> None:
    """A block, in this process: one line of JSON for what is begun, and one for what was heard."""
    from guardlint.harness.brain import ScriptedBrain
    from guardlint.harness.openai_server import ScriptedServer

    brain = ScriptedBrain(forbidden=(CONDEMNED.phrase,))
    with ScriptedServer(brain) as company, ScriptedServer(ScriptedBrain(answer="Hello.")) as team:
        prover = Prover(scratch(), company.base_url)
        number = start - 1
        while count:
            number += 1
            print(json.dumps({"begun": number}), flush=True)
            outcome = prover.prove(number, seed, team.base_url)
            if outcome.bundle is None:
                continue
            count -= 1
            company.forget()
            heard = talk(outcome, prover, company)
            line = {"number": number, "tricks": outcome.case.tricks, "compiles": outcome.checked == "bundle"}
            line |= {"loaded": heard.loaded, "answered": heard.answered, "team_ran": heard.team_ran}
            line |= {"holes": [*outcome.holes, *heard.holes], "said": heard.said, "policy": outcome.policy}
            print(json.dumps(line), flush=True)


def talk(outcome: Outcome, prover: Prover, server: Any) -> Heard:
    """Load the bundle and ask; a bundle that the guard refuses lets nothing through."""
    from guardlint.bundle.trust import trusting
    from guardlint.bundle.verify import verify_bundle
    from guardlint.errors import GuardlintError
    from guardlint.guard import Guard

    required = prover.required(outcome.policy)
    assert outcome.bundle is not None
    try:
        guard = Guard(verify_bundle(outcome.bundle, trusting(prover.key.public), now=NOW), now=NOW)
    except GuardlintError as error:
        heard = Heard(False, False, False, [], str(error))
        if not str(error).isprintable() or len(str(error)) > 800:
            heard.holes.append(f"the refusal is no line: {str(error)[:100]!r}")
    except Exception as error:  # noqa: BLE001 - anything else is a refusal that nobody foresaw
        return Heard(False, False, False, [f"loading raises {type(error).__name__}: {error}"[:300]])
    else:
        heard = Heard(True, False, False, [])
        with guard:
            heard.holes += _probe(guard, required, server, heard)
    heard.holes += _left_behind()
    return heard


def _probe(guard: Any, required: Required, server: Any, heard: Heard) -> Iterator[str]:
    blocked = [CONDEMNED.judged]
    if "regex check input" in required.flows["input"]:
        blocked.append(CONDEMNED.pattern)
    if "harbour words on input" in required.flows["input"]:
        blocked.append(CONDEMNED.words)
    for text in blocked:
        told, given, result = _call(guard, text, _REPLY)
        if given or told != REFUSAL or not result.verdict.blocked:
            yield f"{text!r} came through: {result.verdict}"[:300]
        if result.verdict.steps[-1].step != "company":
            yield f"{text!r} was not stopped by the company: {result.verdict}"[:300]
    if not _saw(server, CONDEMNED.judged):
        yield "the company's judge was not shown the message"
    talks = ((_QUESTION, _REPLY), (CONDEMNED.personal, _REPLY), (_QUESTION, CONDEMNED.reply),
             (_QUESTION, CONDEMNED.personal))  # fmt: skip
    for text, reply in talks:
        server.forget()
        told, given, result = _call(guard, text, reply)
        steps = result.verdict.steps
        heard.team_ran = heard.team_ran or any(step.step == "team" and step.rails for step in steps)
        if given:
            yield from _reached(given[0], required, steps, server)
        if told != REFUSAL:
            heard.answered = heard.answered or (text, told) == (_QUESTION, _REPLY)
            yield from _released(told, required, steps, server)
        elif not result.verdict.blocked:
            yield f"a refusal without a block: {result.verdict}"[:300]


def _reached(text: str, required: Required, steps: Any, server: Any) -> Iterator[str]:
    """What must be so when the application was called with ``text``."""
    if CONDEMNED.phrase in text.lower():
        yield f"the application was given {text!r}"
    if required.native["input"] and CONDEMNED.address in text:
        yield "the application was given an address"
    yield from _ran("input", required, steps)
    if text and not _saw(server, text):
        yield f"the company's judge was not shown {text!r}"


def _released(reply: str, required: Required, steps: Any, server: Any) -> Iterator[str]:
    """What must be so when the caller was given ``reply``."""
    if not reply:
        return  # the team's rails left nothing of it to look at
    if CONDEMNED.phrase in reply.lower():
        yield f"the caller was given {reply!r}"
    if required.native["output"] and CONDEMNED.address in reply:
        yield "the caller was given an address"
    yield from _ran("output", required, steps)
    if reply and not _saw(server, reply):
        yield f"the company's judge was not shown the reply {reply!r}"


def _ran(hook: str, required: Required, steps: Any) -> Iterator[str]:
    ran = [step for step in steps if (step.hook, step.step) == (hook, "company") and step.checked]
    if not ran or any(set(step.rails) != set(required.flows[hook]) for step in ran):
        yield f"the company's rails on {hook} ran as {[step.rails for step in ran]}"
    if any(step.status == "blocked" for step in ran):
        yield f"the company blocked on {hook}, and it went on"


def _saw(server: Any, text: str) -> bool:
    """Whether one prompt shows all of it: prompts escape what could pass for markup."""
    pieces = re.findall(r"\w[\w ]{3,}", text)
    return any(all(piece in prompt.text for piece in pieces) for prompt in server.seen)


def _call(guard: Any, text: str, reply: str) -> tuple[str, list[str], Any]:
    given: list[str] = []

    def application(prompt: str) -> str:
        given.append(prompt)
        return reply

    result = guard.call(application, text)
    return result.reply, given, result


def _left_behind() -> Iterator[str]:
    """Files of the team's code outside its folder, and what its worker leaves."""
    time.sleep(0.05)
    for folder in {
        Path.cwd(),
        Path.home(),
        *map(Path, site.getsitepackages()),
        Path(site.getusersitepackages()),
    }:
        for name in (MARKER, f"{MARKER}.pth"):
            if (folder / name).exists():
                (folder / name).unlink()
                yield f"the team's code wrote {folder / name}"
    temporary = Path(os.environ["TMPDIR"])
    for path in temporary.glob("guardlint-*"):
        yield f"the guard left {path.name} behind: {[p.name for p in path.rglob('*')][:5]}"


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:4]))
