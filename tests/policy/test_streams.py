"""``runtime.stream``: when rails look at a growing reply, and that a child never looks later."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest

from guardlint.bundle.steps import plan_of
from guardlint.errors import ConfigError
from guardlint.guard.streaming_plan import Looks, read_stream
from guardlint.policy.central import Central
from guardlint.policy.changes import changes
from guardlint.policy.streams import plan_stream, stream_as_tight, stream_word

Write = Callable[..., Central]

ORDER = ["end", "8+sentence", "8", "64+sentence", "64", "sentence"]
"""From the tightest on."""


class Team:
    """A team's configuration without rails."""

    colang_version = "1.0"

    def rails(self, direction: str) -> list[str]:
        return []


def said(stream: str) -> str:
    return f"runtime: {{stream: {stream}}}\n"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (said("{}"), "stream"),
        (said("{every_tokens: 0}"), "0 is refused"),
        (said("{at_end: false}"), "false is not true"),
        (said("{every: 8}"), "unknown key 'every'"),
        (said("sentence"), "stream"),
    ],
)
def test_refused(body: str, message: str, central: Write) -> None:
    """Each is an error at its own place, when the policy is opened."""
    with pytest.raises(ConfigError) as caught:
        central(a=body).policy("a")
    assert message in f"{caught.value.place} {caught.value.message}"


@pytest.mark.parametrize(
    ("stream", "looks"),
    [
        ("{every_tokens: 32, sentence: true}", Looks(32, True)),
        ("{every_tokens: 32}", Looks(32, False)),
        ("{sentence: true, at_end: true}", Looks(None, True)),
        ("{at_end: true}", Looks(None, False)),
    ],
)
def test_the_guard_does_what_the_policy_says(stream: str, looks: Looks, central: Write) -> None:
    """From the document to the plan and to what a guard reads there."""
    repository = central(a=said(stream), b="")
    word = repository.policy("a").guard["stream"].value
    assert stream_word(plan_stream(word)) == word
    plan = plan_of(repository.policy("a"), repository, Team())  # type: ignore[arg-type]
    assert read_stream(plan["stream"]) == looks
    assert "stream" not in plan_of(repository.policy("b"), repository, Team())  # type: ignore[arg-type]


def test_without_a_word_the_guard_has_its_own() -> None:
    """64 words, and the ends of sentences."""
    assert read_stream(None) == Looks(64, True)


def test_a_child_only_looks_more_often(central: Write) -> None:
    """A longer stretch without a look is refused at its line; a shorter one holds."""
    opened = central(
        a=said("{every_tokens: 32}"),
        b="extends: [a@1]\n" + said("{every_tokens: 8}"),
        c="extends: [a@1]\n" + said("{sentence: true}"),
        d="extends: [a@1]\n",
    )
    assert opened.policy("b").guard["stream"].value == "8"
    assert opened.policy("d").guard["stream"].value == "32"
    with pytest.raises(ConfigError, match=r"runtime\.stream"):
        opened.policy("c")


def test_two_parents_hold_both(central: Write) -> None:
    """The tighter of two words holds, whichever comes first."""
    opened = central(
        a=said("{every_tokens: 32}"),
        b=said("{at_end: true}"),
        c="extends: [a@1, b@1]\n",
        d="extends: [b@1, a@1]\n",
    )
    assert {opened.policy(name).guard["stream"].value for name in "cd"} == {"end"}


def test_the_order_is_total() -> None:
    """The end alone, then fewer words, then sentences too."""
    for one, two in product(ORDER, repeat=2):
        assert stream_as_tight(one, two) == (ORDER.index(one) <= ORDER.index(two))


def test_a_change_is_told(central: Write) -> None:
    """Stricter or looser, as the words say."""
    before = central(a=said("{every_tokens: 32}")).policy("a")
    after = central(a=said("{every_tokens: 64}")).policy("a")
    (change,) = [one for one in changes(before, after, {}) if one.id == "stream"]
    assert change.way == "looser"
