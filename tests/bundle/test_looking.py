"""inspect and diff on bundles of strangers: every kind of difference is found, nothing reaches a terminal."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guardlint.bundle.compare import Change, differences
from guardlint.bundle.contents import Contents, claimed_signers, read_contents
from guardlint.bundle.described import contents_data, described, fit
from guardlint.bundle.seal import seal
from guardlint.errors import VerificationError

CONFIG = """\
colang_version: "1.0"
models:
  - {type: main, engine: openai, model: small}
rails:
  input: {flows: [regex check input, self check input, jailbreak detection heuristics]}
  config: {regex_detection: {input: {patterns: [one, two]}}}
prompts:
  - {task: self_check_input, content: "Is it bad? {{ user_input }}"}
"""
FILES = {"company/config.yml": CONFIG, "team/config.yml": CONFIG, "team/actions.py": "A = 1\n"}
PLAN = """\
schema: guardlint/plan/v1
input:
- {step: pii, rail: mask-personal-data, entities: null, action: mask}
- {step: company}
- {step: team}
output:
- {step: team}
refusal: No.
on_error: block
timeout_seconds: 30
"""

Make = Callable[..., Contents]


@pytest.fixture
def make(workshop) -> Make:
    """A bundle of these files; ``edit`` replaces text in one of them."""

    def contents(
        edit: tuple[str, str, str] | None = None, *, drop: str = "", manifest: Any = None, **more: str
    ) -> Contents:
        files = {"plan.yml": PLAN, **FILES, **more}
        if edit is not None:
            name, old, new = edit
            assert old in files[name]
            files[name] = files[name].replace(old, new)
        files.pop(drop, None)
        data = {name: text.encode() for name, text in files.items()}
        return read_contents(
            seal(data, workshop.manifest(**(manifest or {})), signers=[], created=workshop.created)
        )

    return contents


def named(changes: list[Change]) -> set[tuple[str, str, str]]:
    return {(change.part, change.how, change.name) for change in changes if change.part != "files"}


@pytest.mark.parametrize(
    ("edit", "wanted"),
    [
        (("team/config.yml", "model: small", "model: large"), ("team models", "changed", "main")),
        (
            ("team/config.yml", "engine: openai", "engine: openai, parameters: {base_url: http://x}"),
            ("team models", "changed", "main"),
        ),
        (("team/config.yml", "Is it bad", "Is it good"), ("team prompts", "changed", "self_check_input")),
        (
            ("team/config.yml", "one, two", "one"),
            ("team settings", "changed", "rails.config.regex_detection.input.patterns"),
        ),
        (
            ("company/config.yml", "regex check input, self check input", "self check input"),
            ("company rails on input", "removed", "regex check input"),
        ),
        (
            ("company/config.yml", "[regex check input,", "[regex check input, llama guard check input,"),
            ("company rails on input", "added", "llama guard check input"),
        ),
        (
            ("team/config.yml", "  input:", "  output: {flows: [self check output]}\n  input:"),
            ("team rails on output", "added", "self check output"),
        ),
        (("plan.yml", "refusal: No.", "refusal: Nein."), ("plan", "changed", "refusal")),
        (("plan.yml", "entities: null", "entities: [PERSON]"), ("plan", "changed", "input")),
        (("plan.yml", "action: mask", "action: mask, thresholds: {URL: 0.3}"), ("plan", "changed", "input")),
        (("plan.yml", "- {step: company}\n", ""), ("plan", "changed", "input")),
        (("plan.yml", "seconds: 30", "seconds: 31"), ("plan", "changed", "timeout_seconds")),
    ],
)
def test_what_runs_otherwise_is_named(
    make: Make, edit: tuple[str, str, str], wanted: tuple[str, ...]
) -> None:
    """One edit, one difference, both ways; and it is one in what runs."""
    changes = differences(make(), make(edit))
    assert {wanted} == named(changes)
    assert all(change.runs for change in changes)
    back = {"added": "removed", "removed": "added"}
    assert {(wanted[0], back.get(wanted[1], wanted[1]), wanted[2])} == named(differences(make(edit), make()))


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ("mask", "masks personal data: the default profile"),
        ("block", "blocks personal data: the default profile"),
        ("pseudonym", "puts pseudonyms in the place of personal data: the default profile"),
        ("mask, thresholds: {URL: 0.3}", "scores count URL from 0.3 on"),
    ],
)
def test_what_becomes_of_personal_data_is_said(make: Make, action: str, said: str) -> None:
    """An action that leaves something is not called a block, and scores of an entity are told."""
    text = "\n".join(described(make(("plan.yml", "action: mask", f"action: {action}"))))
    assert said in text


def test_moved_is_neither_added_nor_removed(make: Make) -> None:
    """Of two that changed places one has moved."""
    edit = ("team/config.yml", "regex check input, self check input", "self check input, regex check input")
    (change,) = [change for change in differences(make(), make(edit)) if change.part != "files"]
    assert ("team rails on input", "moved") == (change.part, change.how)


def test_files_are_told(make: Make) -> None:
    """Code that is added, removed or changed."""
    for other, how in (
        (make(("team/actions.py", "1", "2")), "changed"),
        (make(drop="team/actions.py"), "removed"),
    ):
        changes = differences(make(), other)
        assert [("files", how, "team/actions.py", True)] == [
            (change.part, change.how, change.name, change.runs) for change in changes
        ]
    assert ["added"] == [change.how for change in differences(make(drop="team/actions.py"), make())]


@pytest.mark.parametrize(
    ("manifest", "wanted", "runs"),
    [
        ({"revision": 8}, ("bundle", "changed", "revision"), False),
        ({"tier": "internal"}, ("bundle", "changed", "tier"), False),
        ({"source": {"commit": None, "clean": None}}, ("bundle", "changed", "source"), False),
        ({"llm_calls": {"low": 0, "usual": 2, "high": 3}}, ("bundle", "changed", "model calls"), False),
        ({"disabled": {"verbose-logging": "x"}}, ("disabled rules", "added", "verbose-logging"), False),
        ({"name": "cards"}, ("bundle", "changed", "name"), True),
        ({"nemo": "0.23.0"}, ("bundle", "changed", "nemo"), True),
        ({"rails": []}, ("company rails", "removed", "mask-personal-data (input)"), True),
    ],
)
def test_what_the_manifest_says_otherwise(
    make: Make, manifest: dict[str, Any], wanted: tuple[str, ...], runs: bool
) -> None:
    """Told, and counted only where something else will run."""
    (change,) = differences(make(), make(manifest=manifest))
    assert (wanted, runs) == ((change.part, change.how, change.name), change.runs)


def test_rails_of_another_version_or_setting(make: Make, workshop) -> None:
    """Also where the flows are the same."""
    (rail,) = workshop.manifest()["rails"]
    for changes, name in (
        ({"version": "2.0.0"}, "mask-personal-data (input)"),
        ({"digest": "sha256:" + "cd" * 32}, "mask-personal-data (input)"),
        ({"settings": {"entities": ["PERSON"]}}, "mask-personal-data (input) entities"),
    ):
        (change,) = differences(make(), make(manifest={"rails": [{**rail, **changes}]}))
        assert ("company rails", name, True) == (change.part, change.name, change.runs)


HOSTILE = "\x1b[2J\x07\u202e\r\n\t"


def test_nothing_obeys_a_terminal(make: Make) -> None:
    """Names, texts and files of a stranger come out as text on one line each."""
    config = CONFIG.replace("small", '"sm\\e[2J\\u202eall"').replace(
        "jailbreak detection heuristics", '"a\\e[31mb"'
    )
    hostile = make(
        **{"team/config.yml": config, "plan.yml": PLAN.replace("No.", '"\\e]0;x\\a\\nNo"')},
        manifest={"disabled": {"a-rule": HOSTILE}},
    )
    lines = list(described(hostile))
    assert all(line.isprintable() for line in lines), [line for line in lines if not line.isprintable()]
    for change in differences(make(), hostile):
        for value in (change.name, change.old, change.new):
            assert fit(value).isprintable()


def test_secrets_are_hidden(make: Make) -> None:
    """In words and in data; that something changed is told."""
    secret = "sk-" + "0123456789abcdef" * 2
    config = CONFIG.replace("model: small", f"model: small, parameters: {{api_key: {secret}}}")
    config += f"custom_data: {{api_key: {secret}}}\n"
    found = make(**{"team/config.yml": config})
    shown = "\n".join(described(found)) + repr(contents_data(found)["halves"])
    shown += repr(differences(make(), found))
    assert secret not in shown


@pytest.mark.parametrize(
    "config",
    [
        "", "- a list\n", "a: [", "rails: 7\n", "rails: {input: {flows: 3}}\n", "models: [7, {}]\n",
        "colang_version: [1]\n", "prompts: [{task: [x]}, 4]\n", "a: &a [*a]\n", "models: {a: b}\n",
        "rails: {input: {flows: [{a: b}, null, 4, x]}}\n", "? {a: b}\n: c\n",
        "x: !!python/object:os.system {}\n",
    ],
)  # fmt: skip
def test_a_half_that_is_no_configuration(make: Make, config: str) -> None:
    """Compile writes none like it, a careless signer might: it is shown as far as it can be read."""
    strange = make(**{"team/config.yml": config, "team/broken.co": "define flow\n  $ =\n"})
    assert list(described(strange))
    assert contents_data(strange)
    assert differences(make(), strange)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_noise_is_refused_or_shown(workshop, data: st.DataObject) -> None:
    """Looking into a damaged bundle fails in one line or tells what is there; never in another way."""
    bundle = bytearray(workshop.honest())
    draw = random.Random(data.draw(st.integers(0, 2**32)))
    for _ in range(draw.randint(1, 4)):
        bundle[draw.randrange(len(bundle))] = draw.randrange(256)
    try:
        contents = read_contents(bytes(bundle))
    except VerificationError as error:
        line = str(error)
    else:
        line = " ".join((*described(contents), *claimed_signers(bytes(bundle))))
    assert line.isprintable()
