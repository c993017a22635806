"""NeMo decides: what guardlint makes of a directory is what ``RailsConfig`` and ``LLMRails`` make of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from guardlint.harness.facts import ASPECTS, Facts, differences, guardlint_facts
from guardlint.harness.oracle import nemo_facts
from guardlint.nemo.configuration import read_configuration
from guardlint.nemo.imports import Search
from guardlint.nemo.loading import refusals

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
BLOCKS, EACH = 12, 25


@pytest.fixture(autouse=True)
def a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """NeMo's OpenAI client wants one to be made, and uses it for nothing here."""
    monkeypatch.setenv("OPENAI_API_KEY", "unused")


def both(root: Path, files: Mapping[str, str]) -> tuple[Facts, Facts]:
    """Write ``files`` into ``root`` and ask both."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(text.encode())
    return nemo_facts(root), guardlint_facts(read_configuration(root))


@pytest.mark.parametrize("block", range(BLOCKS))
def test_generated_configurations_are_what_nemo_makes_of_them(
    block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first 300 of the run in ``benchmarks/differential.py``, each made from its number."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import differential_trees

    found = {}
    for number in range(block * EACH, (block + 1) * EACH):
        root = tmp_path / str(number) / "team"
        root.mkdir(parents=True)
        monkeypatch.chdir(root.parent)
        differential_trees.write(root, number)
        search = Search((root.parent,))
        wrong = differences(nemo_facts(root), guardlint_facts(read_configuration(root, search=search)))
        if wrong:
            found[number] = wrong
    assert {} == found


def test_the_comparison_sees_every_aspect(tmp_path: Path) -> None:
    """Of two configurations that differ in everything, everything is listed; of equal ones nothing."""
    one, _ = both(tmp_path / "one", FULL)
    other = {name: text.replace("x1", "x2") for name, text in FULL.items()}
    two, _ = both(tmp_path / "two", other)
    named = {line.split(":")[0] for line in differences(one, two)}
    assert set(ASPECTS) - {"chosen"} == named
    assert [] == differences(one, one)
    assert ["loads"] == [line.split(":")[0] for line in differences(one, Facts("no"))]


FULL = {
    "config.yml": (
        "models: [{type: main, engine: openai, model: x1}]\n"
        "rails: {input: {flows: [check x1]}}\n"
        "prompts: [{task: own, content: x1}]\ninstructions: [{type: general, content: x1}]\n"
        "custom_data: {a: x1}\nsample_conversation: x1\n"
    ),
    "a.co": (
        'define subflow check x1\n  $a = "mark_x1"\n\ndefine flow same\n  bot mark_x1\n\n'
        'define bot hello\n  "x1"\n\ndefine user ask\n  "x1"\n'
    ),
    "kb/a.md": "x1\n",
    "actions.py": "from nemoguardrails.actions import action\n\n@action()\ndef x1():\n    return 1\n",
}
ACTION = "from nemoguardrails.actions import action\n\n@action()\ndef {}():\n    return 1\n"
LIST = "rails: {input: {flows: [check]}}\n"
CASES = {
    "only ignored files": ("no", {".railsignore": "*\n.*\n", "config.yml": "models: []\n"}),
    "no file": ("no", {}),
    "any file at all": ("yes", {"README.txt": "hello\n"}),
    "a file among git's": ("yes", {".git/config.yml": "passthrough: true\n"}),
    "a document that is no UTF-8": ("no", {"config.yml": "models: []\n", "kb/a.md": "\udce9"}),
    "one flow twice in one file": (
        "no",
        {"a.co": "define flow x\n  user a\n  bot mark_1\n\ndefine subflow x\n  bot mark_2\n"},
    ),
    "one flow in two files": (
        "yes",
        {
            "a.co": "define flow x\n  user a\n  bot mark_1\n",
            "b/a.co": "define flow x\n  user a\n  bot mark_2\n",
        },
    ),
    "two flows without a name": (
        "yes",
        {"a.co": "define flow\n  user a\n  bot b\n\ndefine flow\n  user c\n  bot d\n"},
    ),
    "the same flow without a name twice": (
        "no",
        {"a.co": "define flow\n  user a\n  bot b\n\ndefine flow\n  user a\n  bot b\n"},
    ),
    "one message in two blocks": ("yes", {"a.co": 'define bot x\n  "1"\n\ndefine bot x\n  "2"\n'}),
    "messages said in flows": (
        "yes",
        {"a.co": 'define flow x\n  user a\n  bot say "1"\n  bot say\n    " 2 "\n\ndefine bot say\n  "3"\n'},
    ),
    "a message in single quotes": ("yes", {"a.co": "define user x\n  \"1\"\n  'it is me'\n"}),
    "messages of the YAML keep their blanks": ("yes", {"a.yml": "bot_messages: {x: [' 1 ']}\n"}),
    "an empty address that a file follows": ("yes", {"a.yml": "actions_server_url: ''\n", "z.txt": "\n"}),
    "an empty address at the end": ("yes", {"z.yml": "actions_server_url: ''\n"}),
    "an empty address and an import": ("yes", {"a.yml": "import_paths: [core]\nactions_server_url: ''\n"}),
    "no import paths, as a mapping": ("yes", {"a.yml": "import_paths: {}\n"}),
    "no import paths, as null": ("no", {"a.yml": "import_paths:\n"}),
    "no prompts, as a mapping": ("no", {"a.yml": "prompts: {}\n"}),
    "passthrough by a word": (
        "yes",
        {"a.yml": "passthrough: 'no'\nrails: {dialog: {single_call: {enabled: true}}}\n"},
    ),
    "2.x: a flow twice": (
        "no",
        {"a.yml": "colang_version: 2.x\n", "a.co": 'flow x\n  log "1"\n', "b.co": 'flow x\n  log "2"\n'},
    ),
    "2.x: an override": (
        "yes",
        {
            "a.yml": "colang_version: 2.x\n",
            "a.co": '@override\nflow x\n  log "mark_1"\n',
            "b.co": 'flow x\n  log "mark_2"\n',
        },
    ),
    "2.x: two overrides": (
        "no",
        {
            "a.yml": "colang_version: 2.x\n",
            "a.co": 'flow x\n  log "1"\n' + '\n@override\nflow x\n  log "2"\n' * 2,
        },
    ),
    "2.x: an override of nothing": (
        "no",
        {"a.yml": "colang_version: 2.x\n", "a.co": '@override\nflow x\n  log "1"\n'},
    ),
    "2.x: a flow of the library again": (
        "no",
        {"a.yml": "colang_version: 2.x\n", "a.co": 'import core\n\nflow bot say $text\n  log "1"\n'},
    ),
    "2.x: a flow of the library overridden": (
        "yes",
        {
            "a.yml": "colang_version: 2.x\n",
            "a.co": 'import core\n\n@override\nflow bot say $text\n  log "1"\n',
        },
    ),
    "2.x: rails in the YAML and in a flow": (
        "no",
        {
            "a.yml": "colang_version: 2.x\n" + LIST,
            "a.co": 'flow check\n  log "1"\n\nflow input rails $input_text\n  check\n',
        },
    ),
    "2.x: input and retrieval rails": (
        "no",
        {
            "a.yml": "colang_version: 2.x\nrails: {input: {flows: [check]}, retrieval: {flows: [check]}}\n",
            "a.co": 'flow check\n  log "1"\n',
        },
    ),
    "2.x: an empty sample": ("yes", {"a.yml": "colang_version: 2.x\nsample_conversation: []\n"}),
    "1.0: an empty sample": ("no", {"a.yml": "sample_conversation: []\n"}),
    "only code is not ignored": ("no", {".railsignore": "*\n", "config.py": "import json\n"}),
    "code is run though a pattern fits it": (
        "yes",
        {".railsignore": "*.py\n", "config.yml": "models: []\n", "actions.py": ACTION.format("own")},
    ),
    "2.x: an import in quotes": (
        "no",
        {"a.yml": "colang_version: 2.x\n", "a.co": 'import "core"\n\nflow x\n  log "1"\n'},
    ),
    "1.0: an import is forgotten": (
        "yes",
        {"a.yml": "models: []\n", "a.co": 'import "not/there"\n\ndefine bot x\n  "1"\n'},
    ),
    "two main models, of which the first counts": (
        "yes",
        {"a.yml": "models: [{type: main, engine: openai, model: x}, {type: main, engine: far, model: y}]\n"},
    ),
    "imports of single letters": ("depends", {"a.yml": "models: []\nimport_paths: text\n"}),
    "a number for imports": ("no", {"a.yml": "models: []\nimport_paths: 3\n"}),
    "an action registered by keywords": (
        "yes",
        {
            "a.yml": "models: []\n",
            "config.py": "def own():\n    return 1\n\n"
            "def init(app):\n    app.register_action(action=own, name='x')\n",
        },
    ),
    "another engine": ("depends", {"a.yml": "models: [{type: main, engine: far, model: y}]\n"}),
    "another engine for a check": ("depends", {"a.yml": "models: [{type: own, engine: far, model: y}]\n"}),
    "another engine for jailbreaks": (
        "yes",
        {"a.yml": "models: [{type: jailbreak_detection, engine: far, model: y}]\n"},
    ),
    "a key of the environment": (
        "depends",
        {"a.yml": "models: [{type: own, engine: nim, model: y, api_key_env_var: NOT_SET_HERE}]\n"},
    ),
    "a key of the environment for embeddings": (
        "depends",
        {"a.yml": "models: [{type: embeddings, engine: nim, model: y, api_key_env_var: NOT_SET_HERE}]\n"},
    ),
    "config.py needs what NeMo needs": (
        "yes",
        {"a.yml": "models: []\n", "config.py": "import httpx\nimport pydantic\nimport json\n"},
    ),
    "config.py needs a package": ("depends", {"a.yml": "models: []\n", "config.py": "from far import x\n"}),
    "config.py needs a neighbour": (
        "depends",
        {"a.yml": "models: []\n", "config.py": "from . import near\n", "near.py": ""},
    ),
    "config.py can do without a package": (
        "yes",
        {"a.yml": "models: []\n", "config.py": "try:\n    import far\nexcept ImportError:\n    far = None\n"},
    ),
    "config.py needs a package later": (
        "yes",
        {"a.yml": "models: []\n", "config.py": "def init(app):\n    pass\n\ndef later():\n    import far\n"},
    ),
    "config.py needs a package in init": (
        "depends",
        {
            "a.yml": "models: []\n",
            "config.py": "def init(app):\n    setup()\n\ndef setup():\n    import far\n",
        },
    ),
    "an adapter's key that is none": (
        "no",
        {"a.yml": "tracing: {enabled: true, adapters: [{name: FileSystem, file: x}]}\n"},
    ),
    "an adapter's key": (
        "yes",
        {"a.yml": "tracing: {enabled: true, adapters: [{name: FileSystem, filepath: x/y.jsonl}]}\n"},
    ),
    "two actions of one name": (
        "yes",
        {"a.yml": "models: []\n", "actions.py": ACTION.format("own"), "actions/a.py": ACTION.format("own")},
    ),
    "an action in __init__.py": (
        "yes",
        {"a.yml": "models: []\n", "actions/__init__.py": ACTION.format("own")},
    ),
    "what init registers": (
        "yes",
        {
            "a.yml": "models: []\n",
            "config.py": ACTION.format("own")
            + "\ndef init(app):\n    app.register_action(own, 'mine')\n    app.register_action(own)\n",
        },
    ),
    "an intent among the texts": ("yes", {"a.co": 'define user x\n  "1"\n  ...\n  "$a and" and ask y\n'}),
    "a variable among the texts": ("yes", {"a.co": "define bot x $text\n  $text\n"}),
    "a text over two lines": ("yes", {"a.co": 'define bot x\n  "1\n   and 2"\n'}),
    "a text with something behind it": ("yes", {"a.co": 'define user x\n  "1" # why\n  "2"     # why\n'}),
    "a variable in backquotes": ("yes", {"a.co": 'define bot x\n  "the `price` of it"\n'}),
    "an answer below a definition": ("yes", {"a.co": 'define user ask x\n  "1"\n  bot say "mark_1"\n'}),
    "a definition of an action": ("yes", {"a.co": "define action own\n  if x\n    return\n"}),
}


@pytest.mark.parametrize("name", CASES)
def test_what_once_differed(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every difference that a run has shown, as small as it gets."""
    verdict, files = CASES[name]
    root = tmp_path / "team"
    root.mkdir()
    monkeypatch.chdir(tmp_path)
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(text.encode("utf-8", "surrogateescape"))
    nemo, found = nemo_facts(root), guardlint_facts(read_configuration(root))
    assert [] == differences(nemo, found)
    assert (verdict, verdict) == (nemo.loads, found.loads)
    if verdict == "no":
        assert refusals(read_configuration(root))[0].message
    if verdict == "depends":
        assert {"environment"} == {item.topic for item in refusals(read_configuration(root))}


def test_the_order_within_a_folder_is_the_disks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """NeMo takes one folder's files as the disk lists them: another order, another configuration."""
    import os

    files = {"a.yml": "lowest_temperature: 0.1\n", "b.yml": "lowest_temperature: 0.2\n"}
    nemo, found = both(tmp_path, files)
    assert [] == differences(nemo, found)
    walk = os.walk
    monkeypatch.setattr(
        os,
        "walk",
        lambda top, **options: (
            (at, into, sorted(names, reverse=True)) for at, into, names in walk(top, **options)
        ),
    )
    assert 0.1 == nemo_facts(tmp_path, sort=False).settings["lowest_temperature"]
    assert 0.2 == nemo_facts(tmp_path).settings["lowest_temperature"]


def test_the_shortcuts_change_nothing(tmp_path: Path) -> None:
    """A second look, with the library remembered, sees what a first one sees, and leaves NeMo as it was."""
    from nemoguardrails import LLMRails
    from nemoguardrails.rails.llm import config, llmrails

    before = (config.os, llmrails.parse_colang_file, LLMRails._init_kb)
    first, _ = both(tmp_path, FULL)
    assert first == nemo_facts(tmp_path)
    assert before == (config.os, llmrails.parse_colang_file, LLMRails._init_kb)
