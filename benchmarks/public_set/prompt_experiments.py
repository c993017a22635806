"""What a finding says about a judge, a mask or the rails as a whole: what is read, and what passes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from .staging import Case, Verdict, false, true, undecided
from .talking import ANSWER, TEXT, Judge, Talk, ask, only

__all__ = [
    "entities_without_rail",
    "guardrails_not_imported",
    "inverted_question",
    "lost_rewrite",
    "mask_after_model",
    "prompt_without_text",
    "unarmed_rail",
    "unasked_prompt",
    "unfit_output_parser",
    "unreadable_verdict",
    "wrong_direction",
]

_MAIL: Final = "jane.roe@example.com"
_WRITE: Final = f"Please write to {_MAIL} about the weather of tomorrow."
_RAILS: Final = {
    "self_check_input": ("input", "self check input"),
    "self_check_output": ("output", "self check output"),
    "self_check_facts": ("output", "self check facts"),
    "self_check_hallucination": ("output", "self check hallucination"),
}
_ARMED: Final = {"relevant_chunks": "It rains.", "check_facts": True, "check_hallucination": True}


def unfit_output_parser(case: Case, root: Path, _others: Sequence[Case]) -> Verdict:
    """A plain yes or no is not understood in the way that the finding says."""
    condemned, acquitted = (_judged(case, root, Judge(condemns)) for condemns in (True, False))
    if "refuses every message" in case.at_run_time or "gets through" in case.at_run_time:
        return _if(not acquitted.passed and _task(case) in acquitted.tasks, acquitted)
    return _if(condemned.passed, condemned)


def unasked_prompt(case: Case, root: Path, _others: Sequence[Case]) -> Verdict:
    """The check for which the prompt was meant finds none."""
    direction, flow = next(rail for task, rail in _RAILS.items() if case.names[0].startswith(task))
    talk = ask(root, Judge(condemns=True), only(direction, flow), context=_ARMED)
    return _if(talk.broken, talk)


def unreadable_verdict(case: Case, root: Path, _others: Sequence[Case]) -> Verdict:
    """The word that acquits is taken for the one that condemns, or the other way round."""
    wanted = case.message.rpartition(": ")[2].split(" or ")
    talks = [_judged(case, root, Judge(condemns=False, words=word.strip(" `'\""))) for word in wanted]
    outcomes = {talk.passed for talk in talks}
    if len(outcomes) > 1:
        return false(f"{wanted}: {[talk.passed for talk in talks]}")
    return _if(outcomes == {"refuses" not in case.at_run_time}, talks[-1])


def prompt_without_text(case: Case, root: Path, _others: Sequence[Case]) -> Verdict:
    """The prompt of the judge does not show what it is to judge."""
    talk = _judged(case, root, Judge(condemns=True))
    task = _task(case)
    shown = [prompt.text for prompt in talk.prompts if prompt.task == task]
    if not shown:
        return undecided(f"the judge was not asked: {talk}")
    wanted = TEXT if task == "self_check_input" else ANSWER
    return _if(not any(wanted in text for text in shown), talk)


def inverted_question(case: Case, root: Path, _others: Sequence[Case]) -> Verdict:
    """What NeMo makes of the judge's yes; what the prompt means by it has to be read."""
    yes, no = (_judged(case, root, Judge(condemns=True, words=word)) for word in ("Yes", "No"))
    return undecided(f"yes passes: {yes.passed}, no passes: {no.passed}; read what the prompt means by yes")


def unarmed_rail(case: Case, root: Path, _others: Sequence[Case]) -> Verdict:
    """The judge is not asked."""
    flow = case.names[0]
    talk = ask(root, Judge(condemns=True), only("output", flow), context={"relevant_chunks": "It rains."})
    return _if(talk.passed and not any(task.startswith("self_check") for task in talk.tasks), talk)


def mask_after_model(_case: Case, root: Path, _others: Sequence[Case]) -> Verdict:
    """A model reads the address before the mask runs."""
    talk = ask(root, Judge(condemns=False), text=_WRITE)
    first = talk.prompts[0] if talk.prompts else None
    if first is None:
        return undecided(str(talk))
    return _if(_MAIL in first.text, talk)


def lost_rewrite(_case: Case, root: Path, _others: Sequence[Case]) -> Verdict:
    """The main model reads the address that the rail was to mask."""
    talk = ask(root, Judge(condemns=False), text=_WRITE)
    if not talk.prompts:
        return undecided(str(talk))
    return _if(any(_MAIL in prompt.text for prompt in talk.prompts), talk)


def entities_without_rail(case: Case, root: Path, _others: Sequence[Case]) -> Verdict:
    """None of the rails of the direction looks for entities."""
    talk = ask(root, Judge(condemns=False), text=_WRITE)
    seeking = [name for name in talk.executed if "sensitive_data" in name]
    wanted = "output" if "answer" in case.at_run_time else "input"
    here = [params for name, params in talk.actions if name in seeking and params.get("source") == wanted]
    return _if(not here and not talk.broken, talk)


def wrong_direction(case: Case, root: Path, _others: Sequence[Case]) -> Verdict:
    """In the list that it stands in, the rail treats a harmless and an evil message alike."""
    direction = "input" if "listed under input" in case.message else "output"
    flow = case.names[0]
    evil = "'; DROP TABLE users; -- {{ ''.__class__.__mro__ }} <script>alert(1)</script>"
    talks = [ask(root, Judge(condemns=True), only(direction, flow), text=text) for text in (TEXT, evil)]
    if talks[0].broken:
        return undecided(f"the request breaks, which may be for a missing package: {talks[0]}")
    return _if(talks[0].passed == talks[1].passed, talks[1])


def guardrails_not_imported(_case: Case, root: Path, _others: Sequence[Case]) -> Verdict:
    """No check is asked."""
    talk = ask(root, Judge(condemns=True))
    if talk.broken:
        return undecided(str(talk))
    return _if(not any("check" in task for task in talk.tasks), talk)


def _judged(case: Case, root: Path, judge: Judge) -> Talk:
    direction, flow = _RAILS.get(_task(case), ("input", ""))
    return ask(root, judge, only(direction, flow) if flow else None, context=_ARMED)


def _task(case: Case) -> str:
    """The task that the message names, or the one of the prompt that the finding stands in."""
    named = [name for name in case.names if name in _RAILS]
    if named:
        return named[0]
    lines = (case.root / case.file).read_text(encoding="utf-8", errors="replace").splitlines()
    for line in reversed(lines[: case.line]):
        for task in _RAILS:
            if f"task: {task}" in line:
                return task
    return ""


def _if(happens: bool, talk: Talk) -> Verdict:
    return true(str(talk)) if happens else false(str(talk))
