"""What the order of files on the disk decides, and what it does not; NeMo is asked in both orders."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from guardlint.harness.facts import differences
from guardlint.harness.oracle import nemo_facts
from guardlint.nemo.configuration import read_configuration

ACTION = "from nemoguardrails.actions import action\n\n@action()\ndef own():\n    return {}\n"
FLOW = "define flow greet\n  user express greeting\n  bot mark_{}\n"
JUDGE = "prompts: [{{task: self_check_input, content: '{}', models: [{}]}}]\n"
DECIDES = {
    "section rails": {"a.yml": "rails: {input: {flows: [regex check input]}}\n", "b.yml": "rails: {}\n"},
    "section actions_server_url": {
        "a.yml": "actions_server_url: http://localhost:1\n",
        "b.yml": "actions_server_url: http://localhost:2\n",
    },
    "section lowest_temperature": {
        "x/a.yml": "lowest_temperature: 0.1\n",
        "y/a.yml": "lowest_temperature: 0.2\n",
    },
    "entry bot_messages.hello": {
        "a.yml": "bot_messages: {hello: [a]}\n",
        "b.yml": "bot_messages: {hello: [b]}\n",
    },
    "instruction general": {
        "a.yml": "instructions: [{type: general, content: a}]\n",
        "b.yml": "instructions: [{type: general, content: b}]\n",
    },
    "model main": {
        "a.yml": "models: [{type: main, engine: openai, model: a}]\n",
        "b.yml": "models: [{type: main, engine: openai, model: b}]\n",
    },
    "prompt self_check_input": {"a.yml": JUDGE.format("a", ""), "b.yml": JUDGE.format("b", "")},
    "flow greet": {"a.co": FLOW.format("a"), "b.co": FLOW.format("b")},
    "bot hello": {"a.co": 'define bot hello\n  "a"\n', "b.co": 'define bot hello\n  "b"\n'},
    "user hello": {"x/a.co": 'define user hello\n  "a"\n', "y/b.co": 'define user hello\n  "b"\n'},
}
DECIDES_NOT = {
    "a folder comes before those below it": {
        "a.yml": "rails: {input: {flows: []}}\n",
        "b/a.yml": "rails: {}\n",
    },
    "the deepest wins whatever stands above": {
        "a.yml": "lowest_temperature: 0.1\n",
        "b.yml": "lowest_temperature: 0.2\n",
        "c/a.yml": "lowest_temperature: 0.3\n",
    },
    "both say the same": {"a.yml": "lowest_temperature: 0.1\n", "b.yml": "lowest_temperature: 0.1\n"},
    "one prompt fits better": {"a.yml": JUDGE.format("a", "unknown"), "b.yml": JUDGE.format("b", "")},
    "models of different types": {
        "a.yml": "models: [{type: main, engine: openai, model: a}]\n",
        "b.yml": "models: [{type: own, engine: openai, model: b}]\n",
    },
    "the message nearer to the root wins": {
        "a.co": 'define bot hello\n  "a"\n',
        "b/b.co": 'define bot hello\n  "b"\n',
    },
    "the deeper flow wins": {"a.co": FLOW.format("a"), "b/b.co": FLOW.format("b")},
    "messages of one file": {"a.co": 'define bot hello\n  "a"\n\ndefine bot hello\n  "b"\n', "b.co": ""},
    "2.x refuses a second flow": {
        "a.yml": "colang_version: 2.x\n",
        "a.co": 'flow x\n  log "1"\n',
        "b.co": 'flow x\n  log "2"\n',
    },
}


@pytest.fixture(autouse=True)
def a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "unused")


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in {"config.yml": "models: []\n", **files}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")


def reversed_walk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk of another machine."""
    walk = os.walk

    def backwards(top: str, **options: Any) -> Iterator[tuple[str, list[str], list[str]]]:
        for folder, folders, files in walk(top, **options):
            folders.sort(reverse=True)
            yield folder, folders, sorted(files, reverse=True)

    monkeypatch.setattr(os, "walk", backwards)


def differ(root: Path, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether NeMo makes something else of the directory where it comes in reverse."""
    sorted_by_name = nemo_facts(root)
    with monkeypatch.context() as other:
        reversed_walk(other)
        backwards = nemo_facts(root, sort=False)
    lists = ("prompts", "models", "instructions", "chosen", "documents")
    found = [line for line in differences(sorted_by_name, backwards) if line.split(":")[0] not in lists]
    first = [next(iter(facts.models), None) for facts in (sorted_by_name, backwards)]
    told = [next(iter(facts.instructions), None) for facts in (sorted_by_name, backwards)]
    asked = [
        [facts.prompts[index][1] for index in facts.chosen.values() if index is not None]
        for facts in (sorted_by_name, backwards)
    ]
    kinds = [facts.models and facts.models[0][0] == "main" for facts in (sorted_by_name, backwards)]
    return bool(found) or told[0] != told[1] or asked[0] != asked[1] or (all(kinds) and first[0] != first[1])


@pytest.mark.parametrize("name", DECIDES)
def test_what_the_order_decides(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """NeMo takes another value where the disk lists the files backwards, and guardlint says so."""
    write(tmp_path, DECIDES[name])
    found = read_configuration(tmp_path).order_dependent
    assert [name] == [f"{item.kind} {item.name}" for item in found]
    assert [1] == [len(item.others) for item in found]
    places = {found[0].kept.file, *(place.file for place in found[0].others)}
    assert {str(tmp_path / file) for file in DECIDES[name]} == places
    assert differ(tmp_path, monkeypatch)


@pytest.mark.parametrize("name", DECIDES_NOT)
def test_what_the_order_does_not_decide(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, DECIDES_NOT[name])
    assert () == read_configuration(tmp_path).order_dependent
    assert not differ(tmp_path, monkeypatch)


def test_kept_is_what_guardlint_takes(tmp_path: Path) -> None:
    """Sorted by name: the last section and flow, the first message."""
    write(tmp_path, {**DECIDES["section rails"], **DECIDES["flow greet"]})
    configuration = read_configuration(tmp_path)
    kept = {item.name: item.kept.file.rpartition("/")[2] for item in configuration.order_dependent}
    assert {"rails": "b.yml", "greet": "b.co"} == kept
    assert "mark_b" in configuration.flows["greet"].statements[-1].text


def test_two_actions_of_one_name(tmp_path: Path) -> None:
    """Below ``actions/`` the order decides, and ``actions.py`` comes after them on every machine."""
    write(tmp_path, {"actions/a.py": ACTION.format(1), "actions/b.py": ACTION.format(2)})
    assert ["own"] == [item.name for item in read_configuration(tmp_path).order_dependent]
    write(tmp_path, {"actions.py": ACTION.format(3)})
    assert () == read_configuration(tmp_path).order_dependent
