"""JSON in one spelling, and foreign text on one line."""

from __future__ import annotations

import pytest

from guardlint.bundle.canonical import compact, pretty, read_json, shown


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'{"a":1,"a":1}', "says the key 'a' twice"),
        (b'{"b":{"a":1,"a":2}}', "says the key 'a' twice"),
        (b'{"a": 1}', "is not in canonical form"),
        (b'{"b":1,"a":1}', "is not in canonical form"),
        (b'{"a":1}\n', "is not in canonical form"),
        (b'{"a":1.0e0}', "is not in canonical form"),
        (b'{"a":"\\u0041"}', "is not in canonical form"),
        (b'{"a":NaN}', "holds a value that JSON or UTF-8 does not have"),
        (b'{"a":-Infinity}', "holds a value that JSON or UTF-8 does not have"),
        (b'{"a":1e999}', "holds a value that JSON or UTF-8 does not have"),
        (b'{"a":"\\ud800"}', "holds a value that JSON or UTF-8 does not have"),
        (b'{"a":"\xff"}', "is not UTF-8"),
        (b"\xef\xbb\xbf{}", "is not JSON"),
        (b'{"a":' + b"9" * 5000 + b"}", "is not JSON"),
        (b'{"a":' + b"[" * 100_000, "is not JSON"),
        (b"", "is not JSON"),
        (b"{}{}", "is not JSON"),
        (b"[]", "is not a JSON object"),
        (b"1", "is not a JSON object"),
    ],
)
def test_a_second_spelling_is_refused(data: bytes, reason: str) -> None:
    """Whatever writing again would not reproduce is refused, and with a ValueError only."""
    with pytest.raises(ValueError) as caught:
        read_json(data)
    assert reason == str(caught.value)


@pytest.mark.parametrize("spelling", [compact, pretty])
def test_what_was_written_is_read(spelling) -> None:
    """Both spellings read back, with every kind of value."""
    value = {"z": [1, 1.5, None, True, {"grüße": "\u2028\t"}], "a": {}}
    assert value == read_json(spelling(value), spelling=spelling)


def test_foreign_text_is_shown_on_one_line() -> None:
    """Line ends, terminal escapes and sheer length do not reach the terminal."""
    assert r"'\x1b[2J\n'" == shown("\x1b[2J\n")
    assert 80 == len(shown("x" * 10_000))
