"""Every course that a query can take through ``LLMRails``, and what it asks models on the way.

The order is NeMo's (``rails/llm/llm_flows.co`` and ``actions/llm/generation.py``): input rails, then without
examples of what users say one call for the answer, with them the intent, the next step where no flow
follows, and the message where it has no text (``message_courses.py``).
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.course import Course, Node, after_waits, asking, fewer, nested
from guardlint.nemo.flow_courses import Courses, armed, returned
from guardlint.nemo.message_courses import MessageCourses
from guardlint.nemo.once import once
from guardlint.source.colang import Statement
from guardlint.source.record import record

__all__ = ["Prediction", "predict"]

PLAIN_INTENT = "ask general question"
"""What the plain message means: something that no example is about."""

_ANSWERING = ("run dialog rails", "generate user intent")
_ANYTHING = "..."
_WAITS = frozenset({"user", "when"})


@record
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
        usual = _Query(configuration, plain=True, chunks=chunks).run()
        courses = _Query(configuration, plain=False, chunks=chunks).run()
    return Prediction(usual[0], fewer((usual[0], *courses)))


class _Query(MessageCourses):
    """One query in Colang 1.0."""

    def run(self) -> Courses:
        """From the user's message to the end of the answer."""
        courses = self.rails("input", (Course(),))
        ended = tuple(course for course in courses if course.state != "on")
        on = tuple(course for course in courses if course.state == "on")
        return fewer((*ended, *self.answer(on), *self.tool_results()))

    def tool_results(self) -> Courses:
        """A message with the result of one tool: its rails, behind which NeMo asks nobody for an answer."""
        if self.plain or not self.configuration.rails("tool_input"):
            return ()
        return tuple(course._replace(state="waits") for course in self.rails("tool_input", (Course(),)))

    def answer(self, courses: Courses) -> Courses:
        """What the dialog makes of a message that the input rails let through."""
        value = self.configuration.value
        for name in _ANSWERING:
            if name in self.configuration.flows:
                # The team's flow takes the place of the one that answers.
                return self.flow(name, courses, f"flow: {name}", 0)
        if not (self.configuration.user_messages or value(("user_messages",))):
            asked = tuple(asking(course, "the answer", ("general",)) for course in courses)
            calls_tools = self.passthrough and not self.plain
            tools = self.rails("tool_output", asked) if calls_tools else ()
            # Only the dialog's own message tells NeMo to leave out the check of the whole.
            return fewer((*self.checked(asked, again=True), *tools))
        found: list[Course] = []
        for course, known in self.intent(courses):
            found += self.meant(course, known)
        return fewer(found)

    def intent(self, courses: Courses) -> Iterator[tuple[Course, str | None]]:
        """What the message means: each course after that, with the intent where only one can be."""
        value = self.configuration.value
        path = ("rails", "dialog", "user_messages")
        task = "generate_intent_steps_message" if self.single_call else "generate_user_intent"
        for course in courses:
            asked = asking(course, "dialog: intent", (task,))
            if self.single_call or value((*path, "embeddings_only")) is not True:
                yield asked, PLAIN_INTENT if self.plain else None
                continue
            threshold = value((*path, "embeddings_only_similarity_threshold"))
            fallback = value((*path, "embeddings_only_fallback_intent"))
            if self.plain:
                if threshold is None:
                    first = next(iter(self.configuration.user_messages), None)
                    yield course, first
                elif fallback:
                    yield course, str(fallback)
                else:
                    yield asked, PLAIN_INTENT
                continue
            yield course, None
            if threshold is not None and not fallback:
                yield asked, None

    def meant(self, course: Course, intent: str | None) -> Courses:
        """What follows an intent; None stands for any. Of several flows the first in the files decides."""
        flows = self._continuations()
        every = [rest for name, rest in flows if name == _ANYTHING]
        if intent is not None:
            flows = [item for item in flows if item[0] in (intent, _ANYTHING)][:1]
        found: list[Course] = []
        for name, rest in flows:
            walked = self.walk(rest, self._begun(intent or name, course), "dialog: flow", 0)
            found += returned(walked)
        if not every and not (intent is not None and flows):
            steps = () if self.single_call else ("generate_next_steps",)
            after = (asking(course, "dialog: next step", steps),)
            found += self.say("general response", after, "dialog: message", 0, chosen=True)
            if not self.plain:
                found += after
                found += self.say("", after, "dialog: message", 0, chosen=True)
        return fewer(found)

    def _begun(self, intent: str, course: Course) -> Courses:
        """Every flow that waits for the intent begins, up to its first step, whichever goes on then."""
        courses: Courses = (course,)
        for flow in self.configuration.flows.values():
            if not flow.statements or _intent(flow.statements[0]) not in (intent, _ANYTHING):
                continue
            for statement in flow.statements[1:]:
                if statement.kind != "set" or statement.target is None or statement.call is not None:
                    break
                courses = armed(statement.target, statement.expression.strip(), courses)
        return courses

    def _continuations(self) -> list[tuple[str, tuple[Node, ...]]]:
        """Every place where a flow waits for an intent: its name, and what follows up to the next."""
        found: list[tuple[str, tuple[Node, ...]]] = []
        for flow in self.configuration.flows.values():
            for wait, rest in after_waits(nested(flow.statements), _WAITS):
                if rest:
                    found.append((_intent(wait.statement), rest))
        return found


def _intent(statement: Statement) -> str:
    """``user ask hours`` waits for ``ask hours``; empty for a statement that waits for no intent."""
    if statement.kind not in _WAITS:
        return ""
    return statement.expression.strip().strip('"').removeprefix("user ").strip()
