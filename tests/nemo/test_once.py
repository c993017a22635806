"""What is asked once is asked once for each configuration and each set of arguments."""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.nemo.once import once, once_each


class Subject:
    """Something with attributes."""

    def __init__(self) -> None:
        self.asked: list[object] = []

    @once
    def twice(self, number: int, *, more: int = 0) -> int:
        self.asked.append((number, more))
        return 2 * number + more


@once_each
def letters(subject: Subject, text: str) -> Iterator[str]:
    subject.asked.append(text)
    yield from text


def test_a_method_answers_from_memory() -> None:
    one, other = Subject(), Subject()
    assert [4, 4, 5, 5] == [one.twice(2), one.twice(2), one.twice(2, more=1), one.twice(2, more=1)]
    assert 4 == other.twice(2)
    assert [(2, 0), (2, 1)] == one.asked
    assert [(2, 0)] == other.asked


def test_a_generator_can_be_walked_again_and_in_part() -> None:
    one = Subject()
    assert "a" == next(letters(one, "abc"))
    assert ["a", "b", "c"] == list(letters(one, "abc")) == list(letters(one, "abc"))
    assert ["abc"] == one.asked
