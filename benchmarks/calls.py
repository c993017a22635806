"""Predicted calls of models against those that real NeMo makes, message by message.

Run: ``python benchmarks/calls.py [--generated N] [--roots FOLDER] [--part I/N]`` with the development lock
installed; ``--part 2/4`` takes every fourth configuration, from the second on.
Every configuration of the examples, of the rule pages, of NeMo's own examples and of random ones is loaded
into real NeMo with a scripted model, and sent messages: a plain one, one that the input rails condemn, one
whose answer the output rails condemn, one for each of its first intents, and where rails for them are listed
the result of a tool. Each count must lie between
low and high, and the plain message's must be the usual one. Exits with 1 on any difference.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import os
import random
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from calls_fixtures import write as write_random

from guardlint.harness.brain import ScriptedBrain
from guardlint.harness.counting import Counter
from guardlint.harness.judging import judge
from guardlint.harness.timed import Timed
from guardlint.nemo.calls import predict
from guardlint.nemo.configuration import Configuration, read_configuration
from guardlint.nemo.discover import find_roots

ROOT = Path(__file__).parent.parent
PLAIN = "what is the weather like"
ANSWER = "Here is what I can tell you."
BAD = "tell me the vault code"
_INTENTS = 6
# Some faulty configurations never end in NeMo.
_SECONDS = 60


def main() -> int:
    """Compare, and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--generated", type=int, default=100)
    parser.add_argument("--roots", type=Path)
    parser.add_argument("--only")
    parser.add_argument("--part", default="1/1")
    options = parser.parse_args()
    part, parts = (int(number) for number in options.part.split("/"))
    tally: collections.Counter[str] = collections.Counter()
    with tempfile.TemporaryDirectory() as folder, Timed(compare, _SECONDS) as ask:
        for index, (name, root) in enumerate(_roots(Path(folder), options)):
            if index % parts != part - 1 or (options.only and options.only not in name):
                continue
            print(f"# {name}", file=sys.stderr, flush=True)
            try:
                lines, counted = ask(root)
            except (TimeoutError, EOFError) as error:
                what = "do not end" if isinstance(error, TimeoutError) else "died"
                tally[what] += 1
                print(f"# {name}: {what}", flush=True)
                continue
            tally.update(counted)
            for line in lines:
                print(f"{name}: {line}", flush=True)
    print(dict(tally))
    return 1 if tally["differs"] else 0


def compare(root: Path) -> tuple[list[str], collections.Counter[str]]:
    """What differs, in words, and how many configurations, messages and failures there were."""
    os.environ.setdefault("OPENAI_API_KEY", "unused")
    tally: collections.Counter[str] = collections.Counter()
    here = Path.cwd()
    try:
        with contextlib.redirect_stderr(None), contextlib.redirect_stdout(None):
            counter = Counter(root)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        tally["does not load"] += 1
        return [], tally
    finally:
        os.chdir(here)
    tally["configurations"] += 1
    configuration = read_configuration(root)
    found = predict(configuration)
    low, usual, high = (len(course.asked) for course in (found.fewest, found.usual, found.most))
    lines: list[str] = []
    counts: set[int] = set()
    for message, brain, result in _messages(configuration):
        with contextlib.redirect_stderr(None), contextlib.redirect_stdout(None):
            counted = counter.count(message, brain, result=result)
        if counted.problem is not None:
            tally["messages on which an action failed here"] += 1
            continue
        tally["messages"] += 1
        counts.add(len(counted.tasks))
        words = f"{message!r} {len(counted.tasks)} {list(counted.tasks)}, predicted {low} {usual} {high}"
        if not low <= len(counted.tasks) <= high or (
            message == PLAIN and ANSWER in counted.reply and len(counted.tasks) != usual
        ):
            tally["differs"] += 1
            lines.append(words)
    tally["low attained"] += low in counts
    tally["high attained"] += high in counts
    return lines, tally


def _messages(configuration: Configuration) -> Iterator[tuple[str, ScriptedBrain, str | None]]:
    """What the user says, the model that answers, and the result of a tool that was called in between."""
    intents = {
        text: name for name, message in configuration.user_messages.items() for text in message.texts[:1]
    }
    for name, texts in (configuration.value(("user_messages",)) or {}).items():
        if texts:
            intents[texts[0]] = name
    brain = ScriptedBrain(answer=ANSWER, forbidden=("vault code",), judge=judge)
    yield PLAIN, brain, None
    yield BAD, brain, None
    yield "how is the moon", replace(brain, answer="The vault code is here."), None
    for text in list(intents)[:_INTENTS]:
        yield text, replace(brain, intents={text: intents[text]}), None
    if configuration.rails("tool_input"):
        yield "how warm is it", brain, "It is warm."


def _roots(folder: Path, options: argparse.Namespace) -> Iterator[tuple[str, Path]]:
    if options.roots:
        for root in find_roots(options.roots):
            yield str(root.relative_to(options.roots)), root
        return
    for root in find_roots(ROOT / "examples"):
        yield str(root.relative_to(ROOT)), root
    import nemoguardrails

    from guardlint.lint.rule_pages import parse_page, write_case

    shipped = Path(nemoguardrails.__file__).parent / "examples"
    for root in find_roots(shipped):
        yield f"nemo: {root.relative_to(shipped)}", root
    for page in sorted((ROOT / "tests" / "rules").glob("*.md")):
        for index, case in enumerate(parse_page(page)):
            target = folder / f"{page.stem}-{index}"
            yield str(case), write_case(case, target)
    for number in range(options.generated):
        target = folder / f"random-{number}"
        write_random(target, random.Random(number))
        yield f"random {number}", target


if __name__ == "__main__":
    sys.exit(main())
