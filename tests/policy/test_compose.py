"""Composition: what a child inherits, and that it can only tighten."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from guardlint.errors import ConfigError
from guardlint.policy.central import Central
from guardlint.policy.names import check_rule_ids

Write = Callable[..., Central]


def uses(*rails: str, side: str = "input", **settings: str) -> str:
    lines = [f"  {side}:"]
    for rail in rails:
        lines += [f"    - rail: {rail}@1", "      reason: because", '      controls: ["LLM01:2025"]']
        if rail in settings:
            lines.append(f"      settings: {settings[rail]}")
    return "\n".join(lines) + "\n"


def rails(*names: str, mask: str | None = None) -> str:
    return "rails:\n" + uses(*names, **({"mask-personal-data": mask} if mask else {}))


def entry(what: str, id: str = "x", **keys: str) -> str:
    head = 'reason: because\n    controls: ["LLM01:2025"]\n    enforced_by: configuration\n'
    text = f"{what}:\n  - id: {id}\n    {head}"
    return text + "".join(f"    {key}: {value}\n" for key, value in keys.items())


MASK, PATTERNS, CHECK = "mask-personal-data", "prompt-injection-patterns", "self-check"


def test_child_inherits_everything_with_its_origin(central: Write) -> None:
    """What a child leaves out it has from its parent, and every entry says who said it and where."""
    policy = central(
        parent="runtime: {on_error: block, timeout_seconds: 10, refusal: No.}\n" + rails(MASK, PATTERNS),
        child__2_1_0="extends: [parent@1]\n" + rails(CHECK),
    ).policy("child@2")
    assert [f"{MASK}@1", f"{PATTERNS}@1", f"{CHECK}@1"] == [use.ref for use in policy.rails["input"]]
    assert ["parent@1.0.0", "parent@1.0.0", "child@2.1.0"] == [
        use.origin.label for use in policy.rails["input"]
    ]
    assert [10, 13, 10] == [use.origin.place.line for use in policy.rails["input"]]
    assert (10.0, "parent@1.0.0") == (policy.timeout_seconds.value, policy.timeout_seconds.origin.label)
    assert ["parent", "child"] == [part.id for part in policy.composed_of]
    assert {
        "entities": "default",
        "action": "mask",
        "restore": False,
        "thresholds": {},
    } == policy.rails["input"][0].settings


def test_reference_policies_compose() -> None:
    """customer-facing is the baseline and the self check on both sides."""
    policy = Central.open().policy("customer-facing@1")
    assert [f"{MASK}@1", f"{PATTERNS}@1", f"{CHECK}@1"] == [use.ref for use in policy.rails["input"]]
    assert [f"{MASK}@1", f"{CHECK}@1"] == [use.ref for use in policy.rails["output"]]
    assert ["baseline", "customer-facing"] == [part.id for part in policy.composed_of]
    assert not policy.waivable("check-before-stream")
    assert policy.waivable("output-rail-of-the-team")


def test_company_extends_a_reference_policy(central: Write) -> None:
    """A company's repository need not copy what guardlint ships."""
    policy = central(
        ours="extends: [customer-facing@1]\nmodels: {judge: {engine: openai, model: m}}\n"
    ).policy("ours")
    assert ["baseline", "customer-facing", "ours"] == [part.id for part in policy.composed_of]
    assert policy.judge is not None


LOOSER = [
    pytest.param(
        rails(MASK, PATTERNS), rails(MASK), "rails.input drops 'prompt-injection-patterns@1'", id="drops"
    ),
    pytest.param(
        rails(PATTERNS, CHECK), rails(CHECK, PATTERNS), "rails.input reorders its rails", id="reorders"
    ),
    pytest.param(
        rails(MASK, mask="{entities: [PERSON, IBAN_CODE]}"),
        rails(MASK, mask="{entities: [PERSON]}"),
        "entities",
        id="removes-an-entity",
    ),
    pytest.param(
        rails(MASK), rails(MASK, mask="{entities: [PERSON]}"), "'default' there", id="narrows-the-default"
    ),
    pytest.param(
        "runtime: {on_error: block}\n", "runtime: {on_error: pass}\n", "runtime.on_error", id="on-error"
    ),
    pytest.param("", "runtime: {on_error: pass}\n", "on_error", id="default"),
    pytest.param(
        "runtime: {timeout_seconds: 5}\n",
        "runtime: {timeout_seconds: 6}\n",
        "timeout_seconds is 5.0",
        id="timeout",
    ),
    pytest.param(
        "severity: {unknown-key: error}\n", "severity: {unknown-key: note}\n", "error there", id="severity"
    ),
    pytest.param(
        "models: {allow_engines: [nim]}\n",
        "models: {allow_engines: [nim, openai]}\n",
        "allow list",
        id="engine",
    ),
    pytest.param(
        "models: {judge: {engine: nim, model: a}}\n",
        "models: {judge: {engine: nim, model: b}}\n",
        "nim/a",
        id="judge",
    ),
    pytest.param(
        "team_code: {actions: forbidden}\n", "team_code: {actions: isolated}\n", "actions", id="actions"
    ),
    pytest.param("", "team_code: {config_py: isolated}\n", "config_py", id="config-py"),
    pytest.param(
        entry("require", setting="rails.output.streaming.chunk_size", maximum="100"),
        entry("require", setting="rails.output.streaming.chunk_size", maximum="200"),
        "asks for less",
        id="maximum",
    ),
    pytest.param(
        entry("require", setting="rails.output.streaming.context_size", minimum="50"),
        entry("require", setting="rails.output.streaming.context_size", minimum="20"),
        "asks for less",
        id="minimum",
    ),
    pytest.param(
        entry("require", rail="self check input", direction="input"),
        entry("require", any_rail="[self check input, llama guard check input]", direction="input"),
        "asks for less",
        id="more-alternatives",
    ),
    pytest.param(
        entry("require", setting="passthrough", equals="true"),
        entry(
            "require", setting="passthrough", equals="true", when="{setting: tracing.enabled, equals: true}"
        ),
        "asks for less",
        id="adds-a-condition",
    ),
    pytest.param(
        entry("forbid", setting="tracing.enabled"),
        entry("forbid", setting="tracing.enabled", equals="true"),
        "asks for less",
        id="forbids-one-value-only",
    ),
    pytest.param(
        entry("forbid", engine='"*"'), entry("forbid", engine="nim"), "asks for less", id="forbids-one-engine"
    ),
    pytest.param(
        entry("forbid", rail="hf classifier*"),
        entry("forbid", rail="hf classifier*", direction="input"),
        "asks for less",
        id="forbids-one-direction",
    ),
]


@pytest.mark.parametrize(("parent", "child", "message"), LOOSER)
def test_a_child_that_loosens_names_both_places(
    central: Write, parent: str, child: str, message: str
) -> None:
    """Loosening is refused at the child's line, and the message names the parent's file and line."""
    with pytest.raises(ConfigError) as caught:
        central(parent=parent, child="extends: [parent@1]\n" + child).policy("child")
    assert message in caught.value.message
    assert re.search(r"child/policy\.yml:\d+:\d+$", caught.value.place or "")
    assert re.search(r"^loosens parent@1\.0\.0 \(\S+parent/policy\.yml:\d+\)", caught.value.message)


@pytest.mark.parametrize(("child", "parent", "_"), [case for case in LOOSER if case.id != "drops"])
def test_the_other_way_round_tightens(central: Write, parent: str, child: str, _: str) -> None:
    """What loosens one way is allowed the other way, or has no order (rails, judges, words for lists)."""
    unordered = ("rails:", "models: {judge")
    if parent.startswith(unordered) and child.startswith(unordered):
        return
    central(parent=parent, child="extends: [parent@1]\n" + child).policy("child")


def test_rails_may_be_put_between_when_all_are_repeated(central: Write) -> None:
    """A child that repeats every inherited rail in its order may put its own among them."""
    policy = central(
        parent=rails(MASK, CHECK), child="extends: [parent@1]\n" + rails(MASK, PATTERNS, CHECK)
    ).policy("child")
    assert [MASK, PATTERNS, CHECK] == [use.rail for use in policy.rails["input"]]


def test_two_parents_join_to_the_tighter_of_each(central: Write) -> None:
    """Of two parents the tighter constraint holds, whichever comes first."""
    bodies = {
        "one": "runtime: {on_error: block, timeout_seconds: 20}\nmodels: {allow_engines: [nim, openai]}\n"
        "severity: {unknown-key: warning}\n" + rails(MASK, CHECK, mask="{entities: [PERSON]}"),
        "two": "runtime: {timeout_seconds: 9}\nmodels: {allow_engines: [openai, azure]}\n"
        "team_code: {actions: forbidden}\n"
        "severity: {unknown-key: error}\n" + rails(MASK, PATTERNS, mask="{entities: [IBAN_CODE]}"),
    }
    for order in ("one@1, two@1", "two@1, one@1"):
        policy = central(**bodies, child=f"extends: [{order}]\n").policy("child")
        assert ("block", 9.0) == (policy.on_error.value, policy.timeout_seconds.value)
        assert policy.allow_engines is not None
        assert ("openai",) == policy.allow_engines.value
        assert ("forbidden", "error") == (policy.actions.value, policy.severity["unknown-key"].value)
        assert {MASK, PATTERNS, CHECK} == {use.rail for use in policy.rails["input"]}
        assert ["IBAN_CODE", "PERSON"] == policy.rails["input"][0].settings["entities"]


def test_two_parents_that_contradict(central: Write) -> None:
    """Neither is tighter: an error that names both places."""
    one = entry("require", setting="passthrough", equals="true")
    two = entry("require", setting="passthrough", equals="false")
    with pytest.raises(ConfigError, match=r"contradicts one@1.0.0 \(.*one/policy.yml:8\), .*'x'"):
        central(one=one, two=two, child="extends: [one@1, two@1]\n").policy("child")
    with pytest.raises(ConfigError, match="run in another order"):
        central(
            one=rails(PATTERNS, CHECK), two=rails(CHECK, PATTERNS), child="extends: [one@1, two@1]\n"
        ).policy("child")


def test_a_diamond_is_no_contradiction(central: Write) -> None:
    """Two parents of one grandparent: its document counts once."""
    policy = central(
        top=rails(MASK),
        left="extends: [top@1]\n",
        right="extends: [top@1]\n" + rails(PATTERNS),
        child="extends: [left@1, right@1]\n",
    ).policy("child")
    assert ["top", "left", "right", "child"] == [part.id for part in policy.composed_of]
    assert [MASK, PATTERNS] == [use.rail for use in policy.rails["input"]]


@pytest.mark.parametrize(
    ("bodies", "message", "place"),
    [
        (
            {"a": "extends: [b@1]\n", "b": "extends: [a@1]\n"},
            "extends itself: a -> b -> a",
            r"b/policy.yml:7:11",
        ),
        ({"a": "extends: [a@1]\n"}, "extends itself: a -> a", r"a/policy.yml:7:11"),
        (
            {"a": "extends: [basline@1]\n"},
            r"unknown policy 'basline' \(did you mean 'baseline'",
            r"a/policy.yml:7:11",
        ),
        (
            {"a": "extends: [baseline@2]\n"},
            "'baseline@2' is wanted, and the policy is baseline@1",
            r"a/policy.yml:7:11",
        ),
        (
            {"a": rails("self-chek")},
            r"unknown approved rail 'self-chek' \(did you mean 'self-check'",
            r"a/policy.yml:9:7",
        ),
        (
            {"a": "rails:\n" + uses(PATTERNS, side="output")},
            "has no direction 'output'",
            r"a/policy.yml:9:13",
        ),
        ({"a": rails(CHECK, MASK)}, "sends the user message to the judge unmasked", r"a/policy.yml:12:7"),
        ({"a": rails(MASK, MASK)}, "the rail 'mask-personal-data' stands here twice", r"a/policy.yml:12:7"),
        (
            {"a": rails(MASK, mask="{entites: [PERSON]}")},
            r"no setting 'entites' \(did you mean 'entities'",
            r"12:18",
        ),
        ({"a": rails(MASK, mask="{entities: [SSN]}")}, r"'SSN' is not a value of 'entities'", r"12:28"),
        ({"a": rails(MASK, mask="{entities: [EMAIL]}")}, r"did you mean 'EMAIL_ADDRESS'", r"12:28"),
        ({"a": entry("require", setting="passthrough")}, "needs what it must be", r"a/policy.yml:12:14"),
        (
            {"a": entry("require", setting="rails.output.streming.enabled", equals="true")},
            "NeMo has no setting .*did you mean 'streaming'",
            r"8:5",
        ),
        (
            {"a": entry("require", rail="self check outputs", direction="output")},
            "did you mean 'self check output'",
            "8:5",
        ),
        (
            {"a": entry("require", rail="self check output", direction="input")},
            "is no input rail of NeMo",
            r"8:5",
        ),
        (
            {"a": entry("forbid", engine="nim") + entry("require", setting="passthrough", equals="true")},
            "the id 'x' is used in line",
            r"\d+:9",
        ),
        (
            {"a": "models: {allow_engines: [nim], judge: {engine: openai, model: m}}\n"},
            "not on the allow list",
            "7:",
        ),
    ],
)
def test_wrong_policies(central: Write, bodies: dict[str, str], message: str, place: str) -> None:
    """Each mistake is told where it stands."""
    with pytest.raises(ConfigError) as caught:
        central(**bodies).policy("a")
    assert re.search(message, str(caught.value))
    assert re.search(place, caught.value.place or "")


def test_unknown_rule_ids(central: Write) -> None:
    """Rule ids are the linter's to know: it hands them in, and a typo is told where it stands."""
    known = ["unknown-key", "inert-rail"]
    body = entry("forbid", id="no-nim", engine="nim") + "not_waivable: [no-nim, inert-rail]\n"
    check_rule_ids(central(a=body + "severity: {unknown-key: error}\n").policy("a"), known)
    for wrong in (body + "severity: {unknwon-key: error}\n", body.replace("inert", "inrt")):
        with pytest.raises(ConfigError, match=r"a/policy.yml:1[34]:\d+: unknown rule '.*did you mean"):
            check_rule_ids(central(a=wrong).policy("a"), known)


def test_unknown_policy_is_told_where_it_was_asked(central: Write) -> None:
    """The place is the asker's, and the known ones are named."""
    with pytest.raises(
        ConfigError, match=r"guardlint.yml:3:9: unknown policy 'nothing-like-it' \(known: a, agent-with-tools"
    ):
        central(a="").policy("nothing-like-it", place="guardlint.yml:3:9")


def test_folder_is_the_id(central: Write) -> None:
    """A policy whose id is not its folder's name is refused."""
    repository = central(a="")
    path = repository.path / "policies" / "a" / "policy.yml"
    path.write_text(path.read_text().replace("id: a", "id: b"))
    with pytest.raises(ConfigError, match="the id is not the folder's name 'a'"):
        repository.policy("a")
