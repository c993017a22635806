"""Every course that a query can take through ``LLMRails``, and what it asks models on the way.

The order is NeMo's (``rails/llm/llm_flows.co`` and ``actions/llm/generation.py``): input rails, then without
examples of what users say one call for the answer, with them the intent, the next step where no flow
follows, and the message where it has no text; before each message the retrieval rails, after each one that
a model wrote the output rails. A message with a text of its own skips those.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from guardlint.nemo.action_asks import action_asks
from guardlint.nemo.configuration import Configuration
from guardlint.nemo.course import Ask, Course, Node, after_waits, asking, fewer, nested
from guardlint.nemo.flow_courses import Courses, branches, is_plain_condition, known_condition
from guardlint.nemo.once import once
from guardlint.nemo.rail_fates import rail_fate
from guardlint.nemo.references import RailReference, normalise_flow
from guardlint.nemo.reach import replaced_machinery

__all__ = ["Prediction", "predict"]

PLAIN_INTENT = "ask general question"
"""What the plain message means: something that no example is about."""

_WAITS = frozenset({"user", "when"})
_DEEPEST = 12


@dataclass(frozen=True, slots=True)
class Prediction:
    """``usual``: a message that nothing blocks and no flow is about. ``courses``: everything that may be."""

    usual: Course
    courses: tuple[Course, ...]

    @property
    def fewest(self) -> Course:
        """The course with the fewest calls."""
        return min(self.courses, key=lambda course: len(course.asked))

    @property
    def most(self) -> Course:
        """The course with the most."""
        return max(self.courses, key=lambda course: len(course.asked))


@once
def predict(configuration: Configuration, chunks: int | None = None) -> Prediction:
    """The courses of one query; ``chunks``: into how many pieces a streamed answer is checked.

    None: the answer comes whole. What the model's client does again after an error is not counted.
    """
    if configuration.generation == "2.x":
        from guardlint.nemo.calls_2 import Query2

        usual = Query2(configuration, plain=True).run()
        courses = Query2(configuration, plain=False).run()
    else:
        usual = _Query(configuration, True, chunks).run()
        courses = _Query(configuration, False, chunks).run()
    return Prediction(usual[0], fewer((usual[0], *courses)))
