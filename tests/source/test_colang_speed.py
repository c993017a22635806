"""A file of 5,000 lines is read in under two seconds of one processor."""

from __future__ import annotations

import time

import pytest

from guardlint.source.colang import parse_colang

ONE = """define user ask {n}
  "what is {n}?"
  "and $x or {n}"

define flow check {n}
  user ask {n}
  $a = execute some_action(x=$text, y="b {n}")
  if $a and $b == {n}
    bot refuse to respond
    stop
  else
    bot say "other {n}"

"""
TWO = '''flow check{n} $text $n=1
  """what it does"""
  global $x
  $a = await SomeAction(x=$text, y={{"a": [1, 2, {n}]}})
  if $a.is_blocked or $n > 3 and not $x
    bot say "no, {{$text}} number {n}"
    abort
  elif $a == None
    match UtteranceUserActionFinished(final_transcript=regex("(?i)a{n}"))
  else
    start check other{n} as $ref
  when user said "hello {n}"
    bot say "hi"
  or when user said something
    send Event{n}(a=1, b="c")

'''


@pytest.mark.parametrize("block", [ONE, TWO], ids=["1.0", "2.x"])
def test_five_thousand_lines(block: str) -> None:
    count = 5000 // block.count("\n") + 1
    text = "".join(block.format(n=number) for number in range(count))
    began = time.process_time()
    found = parse_colang(text, "x.co")
    seconds = time.process_time() - began
    assert ((), count) == (found.problems, len(found.flows))
    assert seconds < 2
