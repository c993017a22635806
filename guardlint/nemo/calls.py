"""Every course that a query can take through ``LLMRails``, and what it asks models on the way.

The order is NeMo's (``rails/llm/llm_flows.co`` and ``actions/llm/generation.py``): input rails, then without
examples of what users say one call for the answer, with them the intent, the next step where no flow
follows, and the message where it has no text; before each message the retrieval rails, after each one that
a model wrote the output rails. A message with a text of its own skips those.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.nemo.action_asks import action_asks
from guardlint.nemo.configuration import Configuration
from guardlint.nemo.course import Course, Node, after_waits, asking, fewer, nested
from guardlint.nemo.flow_courses import Courses, FlowCourses, returned
from guardlint.nemo.once import once
from guardlint.nemo.rail_fates import rail_fate
from guardlint.nemo.reach import replaced_machinery
from guardlint.nemo.references import RailReference
from guardlint.nemo.running import read_parameters
from guardlint.source.record import record, replace

__all__ = ["Prediction", "predict"]

PLAIN_INTENT = "ask general question"
"""What the plain message means: something that no example is about."""

_ANSWERING = ("run dialog rails", "generate user intent")
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
        usual = _Query(configuration, True, chunks).run()
        courses = _Query(configuration, False, chunks).run()
    return Prediction(usual[0], fewer((usual[0], *courses)))


class _Query(FlowCourses):
    """One query in Colang 1.0."""

    def __init__(self, configuration: Configuration, plain: bool, chunks: int | None) -> None:
        super().__init__(configuration, plain=plain)
        self.chunks = chunks
        self.in_output = False
        self.in_retrieval = False
        value = configuration.value
        self.texts = {
            *configuration.messages,
            *(value(("bot_messages",)) or {}),
            *configuration.catalogue.messages("1.0"),
        }
        self.passthrough = value(("passthrough",)) is True
        self.single_call = value(("rails", "dialog", "single_call", "enabled")) is True

    def run(self) -> Courses:
        """From the user's message to the end of the answer."""
        courses = self.rails("input", (Course(),))
        ended = tuple(course for course in courses if course.state != "on")
        return fewer((*ended, *self.answer(tuple(course for course in courses if course.state == "on"))))

    def rails(self, direction: str, courses: Courses) -> Courses:
        """Through the listed rails of one direction."""
        if replaced_machinery(self.configuration, direction) is not None:
            return courses
        together = self.configuration.effective(("rails", direction, "parallel")) is True
        if together:
            return self._together(direction, courses)
        for rail in self.configuration.rails(direction):
            courses = self.rail(rail, courses)
        return courses

    def _together(self, direction: str, courses: Courses) -> Courses:
        """All are asked before the first has answered, whatever it says."""
        found = list(courses)
        for rail in self.configuration.rails(direction):
            after: list[Course] = []
            for course in found:
                start = replace(course, state="on")
                for one in self.rail(rail, (start,)):
                    state = "stopped" if "stopped" in (course.state, one.state) else one.state
                    new = one.asked[len(course.asked) :]
                    marked = tuple(replace(ask, together=f"rails.{direction}") for ask in new)
                    after.append(replace(one, asked=(*course.asked, *marked), state=state))
            found = list(fewer(after))
        return tuple(found)

    def rail(self, rail: RailReference, courses: Courses) -> Courses:
        """Through one listed rail."""
        fate = rail_fate(self.configuration, rail)
        if fate.state in ("inert", "missing"):
            return courses
        by = f"rails.{rail.direction}: {rail.text}"
        going = tuple(course for course in courses if course.state == "on")
        ended = tuple(course for course in courses if course.state != "on")
        if rail.flow in self.configuration.flows:
            return fewer((*ended, *self.flow(rail.flow, going, by, 0)))
        written = tuple(f"{name}={value}" for name, value in read_parameters(rail.text).items())
        return fewer((*ended, *self.library_flow(rail.flow, going, by, written, 0)))

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
        """What follows an intent; None stands for any."""
        flows = self._continuations()
        every = [rest for name, rest in flows if name == "..."]
        if intent is not None:
            flows = [item for item in flows if item[0] == intent] or [
                item for item in flows if item[0] == "..."
            ]
            flows = flows[:1]
        found: list[Course] = []
        for _, rest in flows:
            walked = self.walk(rest, (course,), "dialog: flow", 0)
            found += returned(walked)
        if not every and not (intent is not None and flows):
            steps = () if self.single_call else ("generate_next_steps",)
            after = (asking(course, "dialog: next step", steps),)
            found += self.say("general response", after, "dialog: message", 0, chosen=True)
            if not self.plain:
                found += after
                found += self.say("", after, "dialog: message", 0, chosen=True)
        return fewer(found)

    def _continuations(self) -> list[tuple[str, tuple[Node, ...]]]:
        """Every place where a flow waits for an intent: its name, and what follows up to the next."""
        found: list[tuple[str, tuple[Node, ...]]] = []
        for flow in self.configuration.flows.values():
            for wait, rest in after_waits(nested(flow.statements), _WAITS):
                name = wait.statement.expression.strip().strip('"').removeprefix("user ").strip()
                if rest:
                    found.append((name, rest))
        return found

    def say(
        self,
        message: str,
        courses: Courses,
        by: str,
        depth: int = 0,  # noqa: ARG002 - for 2.x, where a flow speaks
        *,
        chosen: bool = False,
    ) -> Courses:
        """``bot …``; ``chosen``: a model has chosen it, so that one call for all brings its text as well."""
        courses = self._retrieved(courses)
        name = message.split('"', maxsplit=1)[0].split("(", maxsplit=1)[0].strip()
        if not self.in_output and name.startswith("$"):
            return self.checked(courses)
        if name.startswith("$") or (message and not name) or name in self.texts:
            return courses
        here = by if by.startswith("rails.") else "dialog: message"
        written = tuple(
            replace(asking(course, here, ("generate_bot_message",)), generated=not self.passthrough)
            for course in courses
        )
        if self.single_call:
            written = courses if chosen else written if self.plain else (*courses, *written)
        return written if self.in_output else self.checked(written)

    def _retrieved(self, courses: Courses) -> Courses:
        """The retrieval rails run before every message, once: one that speaks itself never ends in NeMo."""
        if self.in_retrieval:
            return courses
        self.in_retrieval = True
        try:
            for rail in self.configuration.rails("retrieval"):
                courses = self.rail(rail, courses)
        finally:
            self.in_retrieval = False
        return courses

    def checked(self, courses: Courses, *, again: bool = False) -> Courses:
        """A message that a model wrote, through the output rails; ``again``: pieces and then the whole."""
        self.in_output = True
        try:
            for _ in range((self.chunks or 1) + (again and self.chunks is not None)):
                courses = self.rails("output", courses)
        finally:
            self.in_output = False
        return self._warned(courses)

    def _warned(self, courses: Courses) -> Courses:
        """The library's flow ``hallucination warning`` runs after each message where it is armed."""
        armed = "hallucination_warning"
        if not any(armed in course.armed for course in courses):
            return courses
        found: list[Course] = []
        for course in courses:
            if armed in course.armed and course.state == "on":
                usual, _ = action_asks(self.configuration, "self_check_hallucination", (), course.generated)
                course = asking(course, "flow: hallucination warning", usual)
            found.append(course)
        return tuple(found)
