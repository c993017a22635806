"""Harmless configurations: that they compile, and that their rails say in a bundle what they say in NeMo.

Each is one of the shapes of ``fault_set`` in the words of a domain, with what teams do to their directories:
other line ends, notes, tests, links inside, files moved, harmless settings and Python.
"""
# ruff: noqa: ARG001 - every change takes the directory and the dice

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final

from .company import COMPARING, POLICIES
from .making import answering
from .proving import NOW, Prover, scratch
from .records import Case, Content, Link, Team, write

__all__ = ["harmless", "make_sound"]

Change = Callable[[Team, random.Random], None]


def _notes(team: Team, dice: random.Random) -> None:
    team.put(
        dice.choice(("README.md", "docs/notes.md", "LICENSE", "CHANGELOG")), "# What this is\n\nGuardrails.\n"
    )


def _tests(team: Team, dice: random.Random) -> None:
    team.put(dice.choice(("tests/test_rails.py", "test_config.py")), "def test_it():\n    assert True\n")


def _line_ends(team: Team, dice: random.Random) -> None:
    for path, content in list(team.files.items()):
        if isinstance(content, bytes) and b"\r" not in content and path.endswith((".yml", ".yaml", ".co")):
            team.files[path] = content.replace(b"\n", b"\r\n")


def _comments(team: Team, dice: random.Random) -> None:
    for path, content in list(team.files.items()):
        if isinstance(content, bytes) and path.endswith((".yml", ".yaml", ".co")):
            team.files[path] = "# Gepr\u00fcft von der Abteilung f\u00fcr Qualit\u00e4t\n".encode() + content


def _renamed(team: Team, dice: random.Random) -> None:
    if "config.yml" in team.files:
        team.files["config.yaml"] = team.files.pop("config.yml")


def _moved(team: Team, dice: random.Random) -> None:
    for path in [path for path in team.files if path.endswith(".co") and "/" not in path]:
        team.files[f"rails/{path}"] = team.files.pop(path)


def _setting(team: Team, dice: random.Random) -> None:
    key, value = dice.choice((
        ("lowest_temperature", 0.1), ("custom_data", {"owner": "a team"}), ("docs", []),
        ("tracing", {"enabled": False}), ("x-notes", {"reviewed": True}),
        ("instructions", [{"type": "general", "content": "Be short and kind."}]),
    ))  # fmt: skip
    team.change(lambda data: data.setdefault(key, value))


def _ignored(team: Team, dice: random.Random) -> None:
    team.put(".railsignore", "# not for NeMo\n*.tmp\ndraft-*\n")
    team.put("draft-1.yml", "rails: {}\n")


def _tools(team: Team, dice: random.Random) -> None:
    team.put(
        dice.choice((".gitignore", ".editorconfig", "Makefile", ".gitattributes")), "# nothing of note\n"
    )


def _link(team: Team, dice: random.Random) -> None:
    team.put("docs/terms.md", "# Terms\n")
    team.files["terms.md"] = Link("docs/terms.md")


def _unused_action(team: Team, dice: random.Random) -> None:
    if "actions.py" not in team.files and "actions" not in team.files:
        team.put("actions.py", '"""Not used yet."""\n\nfrom nemoguardrails.actions import action\n\n\n'
                 "@action(name=\"count_words\")\nasync def count_words(text: str = \"\") -> int:\n"
                 "    return len(text.split())\n")  # fmt: skip


def _messages(team: Team, dice: random.Random) -> None:
    if not any(b"2.x" in text for text in team.files.values() if isinstance(text, bytes)):
        team.put("words.co", 'define bot say goodbye\n  "Goodbye, and thank you."\n')


def _init(team: Team, dice: random.Random) -> None:
    team.put(
        "config.py",
        '"""What actions are given."""\n\n\ndef init(app):\n    app.register_action_param("desk", "one")\n',
    )


_CHANGES: Final[tuple[Change, ...]] = (
    _notes, _tests, _line_ends, _comments, _renamed, _moved, _setting, _ignored, _tools, _link,
    _unused_action, _messages, _init,
)  # fmt: skip


def make_sound(number: int, seed: int = 1, model_url: str | None = None) -> tuple[Case, Any]:
    """The harmless configuration of that number, and its base of ``fault_set`` with the probes."""
    dice = random.Random(f"sound/{seed}/{number}")
    base = dice.choice(_bases())
    team = Team({path: text.encode() for path, text in base.files.items()}, base.words)
    if model_url is not None:
        team.change(partial(answering, url=model_url))
    changes = dice.sample(_CHANGES, dice.randrange(4))
    for change in changes:
        change(team, dice)
    return Case(number, base.name, tuple(change.__name__.strip("_") for change in changes), team.files), base


@lru_cache(maxsize=1)
def _bases() -> tuple[Any, ...]:
    """Every shape of ``fault_set`` in every domain, with what to ask it."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from fault_set import bases
    from fault_set.domains import DOMAINS
    from fault_set.records import Base, fill
    from fault_set.shapes_classic import CLASSIC
    from fault_set.shapes_modern import MODERN

    found = []
    for row in DOMAINS:
        words = bases._words(row)  # noqa: SLF001 - the other benchmark's own vocabulary
        for shape, files in {**CLASSIC, **MODERN}.items():
            texts = {fill(path, words): fill(text, words) for path, text in files.items()}
            probes = bases._probes(shape, words)  # noqa: SLF001
            found.append(Base(f"{shape}-{words['key']}", shape, words, texts, probes))
    return tuple(found)


def harmless(count: int, compared: int, seed: int) -> int:
    """Compile ``count``, compare ``compared`` of those in Colang 1.0; the number of holes."""
    started = time.perf_counter()
    prover = Prover(scratch())
    fine, holes = 0, 0
    for number in range(count):
        case, _ = make_sound(number, seed)
        outcome = prover.prove_case(case, POLICIES[number % len(POLICIES)])
        fine += outcome.checked == "bundle"
        holes += bool(outcome.holes)
        if outcome.checked != "bundle" or outcome.holes:
            why = outcome.holes or outcome.said
            print(f"harmless {number} {case.base} {case.tricks}: {outcome.checked} {why}", flush=True)
    seconds = time.perf_counter() - started
    print(f"harmless: {fine} of {count} compile ({fine / count:.1%}) in {seconds:.0f} s")
    same = 0
    if compared:
        same, asked, said = _compare(compared, seed)
        seconds = time.perf_counter() - started - seconds
        print(f"harmless: {same} of {compared} answer as before, {asked} texts in {seconds:.0f} s")
        print(f"what they answered: {dict(said)}")
    return holes + (fine < 0.99 * count) + (same < 0.99 * compared)


def _compare(count: int, seed: int) -> tuple[int, int, Counter[str]]:
    from guardlint.harness.openai_server import ScriptedServer

    _quiet()
    same = asked = 0
    said: Counter[str] = Counter()
    with ScriptedServer(_brain(())) as company:
        prover = Prover(scratch(), company.base_url)
        for number in _numbers(count, seed):
            _, base = make_sound(number, seed)
            condemned = tuple({words for probe in base.probes for words in probe.condemned})
            with ScriptedServer(_brain(condemned)) as team:
                case, _ = make_sound(number, seed, team.base_url)
                texts = [(probe.text, probe.answer) for probe in base.probes]
                before = _in_nemo(case.files, texts)
                after = _in_bundle(case, prover, texts)
            asked += 2 * len(texts)
            same += before == after
            said.update(status for status, _ in before)
            if before != after:
                wrong = [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]]
                print(f"differs {number} {case.base} {case.tricks}: {wrong}"[:600])
    return same, asked, said


def _numbers(count: int, seed: int) -> Iterator[int]:
    number = 0
    while count:
        _, base = make_sound(number, seed)
        if not base.shape.startswith("modern"):
            count -= 1
            yield number
        number += 1


def _in_nemo(files: Mapping[str, Content], texts: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """What NeMo's own ``check_async`` says of each text, as input and as output."""
    from nemoguardrails import LLMRails, RailsConfig
    from nemoguardrails.rails.llm.options import RailType

    root = scratch() / "before"
    write(root, files)
    (root.parent / ".railsignore").touch()
    os.chdir(root.parent)
    rails = LLMRails(RailsConfig.from_path(str(root)))

    async def ask(kind: Any, messages: list[dict[str, str]], text: str) -> tuple[str, str]:
        if not getattr(rails.config.rails, kind.value).flows:
            return "passed", text
        rails.events_history_cache.clear()
        result = await rails.check_async(messages, rail_types=[kind])
        # A rail that rewrote by refusing is a block to whoever asks; a fault of NeMo's answer is one as well.
        return result.status.value, "" if result.status.value == "blocked" else result.content

    async def all_of_them() -> list[tuple[str, str]]:
        found = []
        for text, answer in texts:
            user = {"role": "user", "content": text}
            found.append(await ask(RailType.INPUT, [user], text))
            found.append(await ask(RailType.OUTPUT, [user, {"role": "assistant", "content": answer}], answer))
        return found

    return asyncio.run(all_of_them())


def _in_bundle(case: Case, prover: Prover, texts: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """What the guard says of the same texts under a policy whose rails condemn none of them."""
    from guardlint.bundle.trust import trusting
    from guardlint.bundle.verify import verify_bundle
    from guardlint.guard import Guard

    outcome = prover.prove_case(case, COMPARING)
    if outcome.bundle is None:
        return [("refused", outcome.said)] * (2 * len(texts))
    found: list[tuple[str, str]] = []
    with Guard(verify_bundle(outcome.bundle, trusting(prover.key.public), now=NOW), now=NOW) as guard:
        for text, answer in texts:
            for checked in (guard.check_input(text), guard.check_output(answer, messages=text)):
                status = checked.verdict.status
                found.append((status, "" if status == "blocked" else checked.value))
    return found


def _brain(condemned: tuple[str, ...]) -> Any:
    from guardlint.harness.brain import ScriptedBrain

    def judge(prompt: Any) -> str | None:
        """Judges that do not answer yes or no."""
        bad = any(words.casefold() in prompt.text.casefold() for words in condemned)
        if '"User Safety"' in prompt.text:
            return json.dumps(
                {"User Safety": "unsafe" if bad else "safe", "Response Safety": "unsafe" if bad else "safe"}
            )
        if re.search(r"off.topic", prompt.text):
            return "off-topic" if bad else "on-topic"
        return None

    return ScriptedBrain(forbidden=condemned, judge=judge)


def _quiet() -> None:
    import logging

    from guardlint.engines.personal_data import serve_offline
    from guardlint.harness.scripted import telemetry_off

    os.environ.setdefault("OPENAI_API_KEY", "unused")
    os.environ.setdefault("NVIDIA_API_KEY", "unused")
    logging.disable(logging.CRITICAL)
    telemetry_off()
    serve_offline()
