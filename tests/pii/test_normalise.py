"""The view undoes tricks and always finds its way back to the text."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardlint.pii.normalise import normalise

TRICKY = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("\u200b\u200d\u202e\ufe0f\u20e3\u00ad\u0301ﬁ①❷４Ａａ٣–\u2011\u00a0\u3000аеорс²½ßéĲ"),
        st.characters(max_codepoint=127),
    ),
    max_size=40,
)


@pytest.mark.parametrize(
    ("given_text", "seen"),
    [
        ("４１１１　１１", "4111 11"),
        ("①②❸", "123"),
        ("1\ufe0f\u20e32\ufe0f\u20e3", "12"),
        ("٣٤٥", "345"),
        ("a\u200bn\u00adn\u2060a", "anna"),
        ("\u202eabc\u202c", "abc"),
        ("20\u201100\u201300", "20-00-00"),
        ("O\u2019Neill", "O'Neill"),
        ("e\u0301cole", "école"),
        ("раypal", "paypal"),
        ("\ud83d", "\ufffd"),
    ],
)
def test_tricks_are_undone(given_text: str, seen: str) -> None:
    """What looks like the plain form is seen as the plain form."""
    assert normalise(given_text).text == seen


@pytest.mark.parametrize(
    "text", ["привет мир", "Καλημέρα κόσμε", "日本語のテキスト", "Straße", "plain ASCII\t\n"]
)
def test_genuine_scripts_stay(text: str) -> None:
    """Cyrillic, Greek, Japanese and German words are nobody's disguise."""
    assert normalise(text).text == text


@given(TRICKY)
def test_offsets_lead_back(text: str) -> None:
    """Every seen character stands for a non-empty piece of the original, in order."""
    view = normalise(text)
    assert len(view.text) == len(view.starts) == len(view.ends)
    pieces = [view.original(i, i + 1) for i in range(len(view.text))]
    assert all(0 <= start < end <= len(text) for start, end in pieces)
    assert pieces == sorted(pieces)
    assert all(one == two or one[1] <= two[0] for one, two in itertools.pairwise(pieces))


@given(TRICKY)
def test_only_disguise_is_dropped(text: str) -> None:
    """A view of a view is the same view."""
    once = normalise(text).text
    assert normalise(once).text == once
