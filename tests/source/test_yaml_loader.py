"""The short way through PyYAML gives what PyYAML gives: the same tags, data and errors."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from guardlint.source.yaml_loader import Loader, PythonLoader, load

SCALARS = """
yes Yes no NO true False on OFF y n t ~ null NULL nul Nullo << = <<x =x 0 1 -1 +1 12 007 08 0b1 0x1f 1_000
1:30 190:20:30 0.5 1. .5 -.5 1.0.0 0.24.1 1e3 1.0e+3 .inf -.INF .nan -inf 2026-01-01 2026-1-1 - -- -a +b .a
1a ١٢ 1٣ ½
""".split()
DOCUMENTS = [
    "a: 1\nb: [x, {c: d}, 'e']\nf:\n  - g\n  - h: no\n",
    "a: &x {b: c}\nd: *x\ne: 1\n",
    "a: &x {b: c}\nd:\n  <<: *x\n  b: 1\n",
    "a: &x [b]\n*x : c\n",
    "? [a, b]\n: c\n",
    "{a: b}: c\n",
    "a: !!str [b]\n",
    "a: !!str {b: c}\n",
    "a: !!str {=: c}\n",
    "a: {=: c, =: d}\n",
    "a: !!set {b, c}\n",
    "a: !!omap [b: c]\n",
    "a: !!binary aGk=\n",
    "a: !!int x\n",
    "a: !!bool x\n",
    "a: !!null x\n",
    "a: !!seq x\n",
    "a: !!map [x]\n",
    "a: !x y\nb: !z w\n",
    "a: {b: !x y}\nc: !z w\n",
    "a: 2026-13-45\n",
    "a: 2026-12-01\n1: b\nyes: c\n2.5: d\n~: e\n",
    "a: b\na: c\n",
    "- a\n- b\n",
    "a\n",
    "",
    "# nothing\n",
    "a: [\n",
    "a: b\n---\nc: d\n",
    "a: |\n  b\n  c\nd: >-\n  e\n  f\n",
]


def _given(function: object, *arguments: object) -> tuple[str, object]:
    try:
        return "data", function(*arguments)  # type: ignore[operator]
    except Exception as error:  # noqa: BLE001 - whatever PyYAML raises is to be raised
        return type(error).__name__, str(error)


def _whole(loader_class: type[Loader | PythonLoader], text: str) -> object:
    loader = loader_class(text)
    root = loader.get_single_node()
    return None if root is None else loader.document(root, text)


@pytest.mark.parametrize("scalar", SCALARS)
def test_a_plain_scalar_has_the_tag_that_pyyaml_gives_it(scalar: str) -> None:
    loader: Any = yaml.SafeLoader("")
    expected = loader.resolve(yaml.ScalarNode, scalar, (True, False))
    assert expected == PythonLoader("").resolve(yaml.ScalarNode, scalar, (True, False))
    assert expected == Loader("").resolve(yaml.ScalarNode, scalar, (True, False))


@given(st.text("yesnoNULtrf~<=+-.:_0123456789eExXb aé١", max_size=8))
def test_any_scalar_has_the_tag_that_pyyaml_gives_it(scalar: str) -> None:
    loader: Any = yaml.SafeLoader("")
    expected = loader.resolve(yaml.ScalarNode, scalar, (True, False))
    assert expected == PythonLoader("").resolve(yaml.ScalarNode, scalar, (True, False))


@pytest.mark.parametrize("text", DOCUMENTS)
def test_a_document_is_what_pyyaml_makes_of_it(text: str) -> None:
    assert _given(yaml.safe_load, text) == _given(_whole, PythonLoader, text)
    assert _given(yaml.load, text, yaml.CSafeLoader) == _given(_whole, Loader, text)
    assert _given(yaml.load, text, yaml.CSafeLoader) == _given(load, text)


@given(
    st.lists(
        st.sampled_from([*"ab:-?[]{},&*!|>'\"#\n", ": ", "- ", "\n  ", "<<", "1", "no", "!!str "]),
        max_size=14,
    )
)
def test_any_document_is_what_pyyaml_makes_of_it(parts: list[str]) -> None:
    text = "".join(parts)
    assert _given(yaml.safe_load, text) == _given(_whole, PythonLoader, text)
    assert _given(yaml.load, text, yaml.CSafeLoader) == _given(load, text)
