"""Are guardlint's errors on public configurations true when real NeMo runs them?

Usage: ``python benchmarks/public_truth.py DIRECTORY [--draw 100] [--seed 1] [--all] [--rule RULE] [--say]``
with a directory that holds configurations which other people published (none is part of this repository).

Every configuration is checked, and findings of level error are drawn at random. For each, NeMo is shown a
copy of the configuration, made to load where another finding says that it does not, with scripted models in
the place of its own and with no network; each rule has one experiment, which sees whether what the finding
says of run time happens. Each runs in a process of its own that is killed after a time: the configurations'
own Python runs in it. Undecided is what no experiment can tell, such as what the words of a prompt mean, or
what needs a package that is not there; read those yourself. The exit code is 1 below the wanted share.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import os
import random
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from public_set import flow_experiments as flows
from public_set import loading_experiments as loading
from public_set import prompt_experiments as prompts
from public_set.staging import REFUSING, Case, Verdict, staged, undecided

from guardlint.harness.scripted import telemetry_off
from guardlint.lint.check import Target, check, discover_all
from guardlint.lint.finding import Finding

_SECONDS: Final = 90.0
_WANTED: Final = 0.97
_SHOWN: Final = 150

Experiment = Callable[[Case, Path, Sequence[Case]], Verdict]

_EXPERIMENTS: Final[dict[str, Experiment]] = {
    "dialog-flow-as-rail": flows.dialog_flow_as_rail,
    "does-not-load": loading.refused,
    "entities-without-rail": prompts.entities_without_rail,
    "fail-open-action": flows.fail_open_action,
    "guardrails-not-imported": prompts.guardrails_not_imported,
    "ignored-endpoint": loading.ignored_endpoint,
    "inverted-question": prompts.inverted_question,
    "lost-rewrite": prompts.lost_rewrite,
    "mask-after-model": prompts.mask_after_model,
    "neighbours-ignored": loading.neighbours_ignored,
    "never-set-variable": flows.never_set_variable,
    "old-style-outcome": flows.old_style_outcome,
    "prompt-without-text": prompts.prompt_without_text,
    "rail-without-settings": flows.rail_without_settings,
    "stale-message": flows.stale_message,
    "unarmed-rail": prompts.unarmed_rail,
    "unasked-prompt": prompts.unasked_prompt,
    "undefined-flow": flows.undefined_flow,
    "undefined-message": flows.undefined_message,
    "unexpanded-variable": loading.unexpanded_variable,
    "unfit-output-parser": prompts.unfit_output_parser,
    "unknown-context-key": flows.unknown_context_key,
    "unknown-flow": loading.refused,
    "unknown-key": loading.unknown_key,
    "unreadable-condition": flows.unreadable_condition,
    "unreadable-file": loading.refused,
    "unreadable-verdict": prompts.unreadable_verdict,
    "unserved-entity": loading.unserved_entity,
    "wrong-direction": prompts.wrong_direction,
}


def main() -> int:
    """Check, draw, try, and say."""
    given = _arguments()
    there = discover_all([given.directory])
    targets = [Target(root) for root in there.roots]
    targets += [Target(item.path, embedded=item) for item in there.embedded if not item.unknown]
    found = check(targets, heed_comments=False).findings
    cases = [_case(each) for each in found]
    errors = [case for case in cases if case.severity == "error" and given.rule in (None, case.rule)]
    drawn = errors if given.all else random.Random(given.seed).sample(errors, min(given.draw, len(errors)))
    telemetry_off()
    logging.disable(logging.CRITICAL)
    _warm()
    verdicts: Counter[tuple[str, str]] = Counter()
    for case in sorted(drawn, key=lambda each: (each.rule, str(each.root), each.file, each.line)):
        others = [each for each in cases if each.root == case.root]
        word, why = _tried(case, others)
        verdicts[case.rule, word] += 1
        name = os.path.relpath(case.root / case.file, given.directory.resolve())
        print(f"{word:9} {case.rule} {name}:{case.line} {why if given.say else why[:_SHOWN]}", flush=True)
    return _table(verdicts, len(errors))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="See the text at the top of the file.")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--draw", type=int, default=100, help="how many findings (100)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--all", action="store_true", help="every finding of level error")
    parser.add_argument("--rule", help="of one rule only")
    parser.add_argument("--say", action="store_true", help="whole reasons")
    return parser.parse_args()


def _case(found: Finding) -> Case:
    place = Path(found.place.file).resolve()
    root = Path(found.configuration).resolve()
    if not root.is_dir():
        # Python that loads a configuration: its directory stands for it.
        root = place.parent
    return Case(
        root,
        found.rule,
        found.severity,
        found.message,
        found.at_run_time,
        os.path.relpath(place, root),
        found.place.line,
        found.path,
        refusals=found.severity == "error"
        and found.rule in REFUSING
        and (found.rule != "unknown-flow" or "refuses" in found.at_run_time),
    )


def _warm() -> None:
    """Import NeMo once: the processes of the experiments are forked from this one."""
    warnings.simplefilter("ignore")
    import nemoguardrails
    from nemoguardrails.rails.llm import llmrails

    from guardlint.engines.personal_data import serve_offline

    serve_offline()
    assert nemoguardrails.LLMRails is llmrails.LLMRails


def _tried(case: Case, others: Sequence[Case]) -> Verdict:
    experiment = _EXPERIMENTS.get(case.rule)
    if experiment is None:
        return undecided("there is no experiment for this rule")
    context = multiprocessing.get_context("fork")
    mine, theirs = context.Pipe(duplex=False)
    with tempfile.TemporaryDirectory(prefix="public-") as folder:
        process = context.Process(target=_run, args=(theirs, experiment, case, others, Path(folder)))
        process.start()
        theirs.close()
        try:
            if not mine.poll(_SECONDS):
                return undecided(f"no answer in {_SECONDS:g} s")
            verdict: Verdict = mine.recv()
            return verdict
        except EOFError:
            return undecided("the process died")
        finally:
            process.kill()
            process.join()


def _run(pipe: Connection, experiment: Experiment, case: Case, others: Sequence[Case], folder: Path) -> None:
    from public_set.talking import without_network

    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    # NeMo reads actions from the working directory too.
    os.chdir(folder)
    try:
        root = staged(case, others, folder)
        with without_network():
            verdict = experiment(case, root, others)
    except BaseException as error:  # noqa: BLE001 - other people's code may raise anything
        verdict = undecided(f"the experiment broke off: {error!r}"[:400])
    pipe.send(verdict)


def _table(verdicts: Counter[tuple[str, str]], all_errors: int) -> int:
    words = ("TRUE", "FALSE", "UNDECIDED")
    print(f"\n{'rule':26}" + "".join(f"{word:>11}" for word in words))
    for rule in sorted({rule for rule, _ in verdicts}):
        print(f"{rule:26}" + "".join(f"{verdicts[rule, word]:>11}" for word in words))
    total = {word: sum(number for (_, each), number in verdicts.items() if each == word) for word in words}
    print(f"{'all':26}" + "".join(f"{total[word]:>11}" for word in words))
    decided = total["TRUE"] + total["FALSE"]
    share = total["TRUE"] / decided if decided else 0.0
    print(f"\n{sum(total.values())} of {all_errors} errors tried; of {decided} decided {share:.1%} are true")
    return 0 if share >= _WANTED else 1


if __name__ == "__main__":
    sys.exit(main())
