"""A call that does not come back costs its time limit and nothing more."""

from __future__ import annotations

import operator
import os
import time

import pytest

from guardlint.harness.timed import Timed


def test_it_answers_again_after_a_call_that_hangs() -> None:
    """The process is killed, and the next call has a new one."""
    with Timed(time.sleep, 0.5) as timed:
        assert timed(0) is None
        with pytest.raises(TimeoutError, match=r"no answer in 0\.5 s"):
            timed(60)
        assert timed(0.01) is None


def test_a_process_that_dies_is_started_anew() -> None:
    """The caller is told."""
    with Timed(os._exit, 5) as timed:
        for _ in range(2):
            with pytest.raises(EOFError):
                timed(3)


def test_the_value_comes_back() -> None:
    """Whatever can be pickled."""
    with Timed(operator.add, 5) as timed:
        assert [3, "ab"] == [timed(1, 2), timed("a", "b")]
