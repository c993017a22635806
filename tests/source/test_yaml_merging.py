"""Two sections of one name become one, with every comment, or stay as they are."""

from __future__ import annotations

import pytest
import yaml

from guardlint.source.edits import apply_edits
from guardlint.source.yaml_file import parse_yaml
from guardlint.source.yaml_merging import Merge, merge_sections


def merged(kept: str, lost: str) -> tuple[Merge | None, str, str]:
    """``a`` of ``lost`` put into that of ``kept``; both texts afterwards."""
    there, here = parse_yaml(kept, "kept"), parse_yaml(lost, "lost")
    into, found = there.node(("a",)), here.node(("a",))
    assert into is not None
    assert found is not None
    assert found[0] is not None
    merge = merge_sections(there, into[1], here, found[0], found[1])
    if merge is None:
        return None, kept, lost
    after = [
        apply_edits(text, [edit for edit in merge.edits if edit.place.file == name])
        for name, text in (("kept", kept), ("lost", lost))
    ]
    return merge, after[0], after[1]


def test_keys_and_sections_go_below_their_neighbours() -> None:
    """In the indentation that is there, with the comments that stand above and behind them."""
    merge, kept, lost = merged(
        "a:\n    in:\n        x: 1 # one\nz: 1\n",
        "b: 1\na:\n  in:\n    # two\n    y: [2] # three\n  out:\n    y: |\n      text\n",
    )
    assert merge is not None
    assert not merge.mixed
    assert merge.comments == ["# two", "# three"]
    assert lost == "b: 1\n"
    assert kept == (
        "a:\n    in:\n        x: 1 # one\n        # two\n        y: [2] # three\n"
        "    out:\n      y: |\n        text\nz: 1\n"
    )


@pytest.mark.parametrize(
    ("kept", "lost", "expected"),
    [
        ("a:\n- x\n- y # c\n", "b: 1\na:\n  - y\n  - z # d\n", "a:\n- x\n- y # c\n- z # d\n"),
        ("a: [x]\n", "b: 1\na: [y, {z: 1}]\n", "a: [x, y, {z: 1}]\n"),
        (
            "a:\n  - t: 1\n",
            "b: 1\na:\n  - t: 2\n    u: |\n      v\n",
            "a:\n  - t: 1\n  - t: 2\n    u: |\n      v\n",
        ),
    ],
)
def test_items_go_behind_the_others(kept: str, lost: str, expected: str) -> None:
    """Once each; the order is for people to look at."""
    merge, after, rest = merged(kept, lost)
    assert merge is not None
    assert merge.mixed
    assert (after, rest) == (expected, "b: 1\n")
    yaml.safe_load(after)


@pytest.mark.parametrize(
    ("kept", "lost"),
    [
        ("a: {x: 1}\n", "b: 1\na: {x: 2}\n"),
        ("a: {x: 1}\n", "b: 1\na: [x]\n"),
        ("a: {}\n", "b: 1\na: {x: 1}\n"),
        ("a: {x: 1}\n", "b: 1\na:\n  y:\n    - 1\n"),
        ("a: {x: 1}\n", "b: 1\na: # why\n  y: 2\n"),
        ("a: {x: 1}\n", "{b: 1, a: {y: 1}}\n"),
    ],
)
def test_what_contradicts_or_would_lose_a_comment_stays(kept: str, lost: str) -> None:
    """Somebody has to decide."""
    assert merged(kept, lost) == (None, kept, lost)
