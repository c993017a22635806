"""What a message of the bot's brings with it in Colang 1.0: rails before and behind it, and what comes then.

The order is NeMo's (``rails/llm/llm_flows.co``): before each message the retrieval rails, after each one that
a model wrote the output rails. A message with a text of its own skips those. What a flow does behind its
message often never happens: see ``ends.py``.
"""

from __future__ import annotations

from guardlint.nemo.action_asks import action_asks
from guardlint.nemo.configuration import Configuration
from guardlint.nemo.course import Course, State, asking, fewer
from guardlint.nemo.ends import asked_again, retrieval_acts
from guardlint.nemo.flow_courses import Courses, FlowCourses
from guardlint.nemo.rail_fates import rail_fate
from guardlint.nemo.reach import replaced_machinery
from guardlint.nemo.references import RailReference
from guardlint.nemo.running import read_parameters

__all__ = ["MessageCourses"]

_REFUSAL = "refuse to respond"
_UNCHECKED = "skip_output_rails"
_WARNING = "hallucination_warning"


class MessageCourses(FlowCourses):
    """Rails and messages of one query; ``chunks``: see ``predict``."""

    def __init__(self, configuration: Configuration, *, plain: bool, chunks: int | None) -> None:
        super().__init__(configuration, plain=plain)
        self.chunks = chunks
        self.in_output = False
        self.in_retrieval = False
        self.in_refusal = False
        self.own_rail = ""
        value = configuration.value
        self.texts = {
            *configuration.messages,
            *(value(("bot_messages",)) or {}),
            *configuration.catalogue.messages("1.0"),
        }
        self.passthrough = value(("passthrough",)) is True
        self.single_call = value(("rails", "dialog", "single_call", "enabled")) is True
        # Asked before every message.
        self.is_retrieval_replaced = replaced_machinery(configuration, "retrieval") is not None
        self.retrieval_rails = configuration.rails("retrieval")
        self.has_output_rails = bool(configuration.rails("output"))
        self.retrieval_acts = retrieval_acts(configuration)

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
        """All are asked before the first has answered, whatever it says.

        One that refuses is forgotten with its `stop` where a retrieval rail acts: then the query goes on.
        """
        forgotten = not self.plain and self.retrieval_acts
        found = list(courses)
        for rail in self.configuration.rails(direction):
            after: list[Course] = []
            for course in found:
                start = course._replace(state="on")
                for one in self.rail(rail, (start,)):
                    state = "stopped" if "stopped" in (course.state, one.state) else one.state
                    new = one.asked[len(course.asked) :]
                    marked = tuple(ask._replace(together=f"rails.{direction}") for ask in new)
                    after.append(one._replace(asked=(*course.asked, *marked), state=state))
                    if forgotten and one.state == "stopped":
                        after.append(after[-1]._replace(state=course.state))
            found = list(fewer(after))
        return tuple(found)

    def rail(self, rail: RailReference, courses: Courses) -> Courses:
        """Through one listed rail."""
        if rail_fate(self.configuration, rail).state == "missing":
            return courses
        by = f"rails.{rail.direction}: {rail.text}"
        going = tuple(course for course in courses if course.state == "on")
        ended = tuple(course for course in courses if course.state != "on")
        if rail.flow in self.configuration.flows:
            around, self.own_rail = self.own_rail, rail.flow
            try:
                return fewer((*ended, *self.flow(rail.flow, going, by, 0)))
            finally:
                self.own_rail = around
        written = tuple(f"{name}={value}" for name, value in read_parameters(rail.text).items())
        found = self.library_flow(rail.flow, going, by, written, 0)
        meant = self.configuration.catalogue.directions_of(rail.flow)
        if rail.surface is None and meant and not self.plain:
            # It checks a text that need not be there yet: an answer on input.
            found = (*found, *going, *(course._replace(state="stopped") for course in going))
        return fewer((*ended, *found))

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
        ended = tuple(course for course in courses if course.state != "on")
        courses = tuple(course for course in courses if course.state == "on")
        name = message.split('"', maxsplit=1)[0].split("(", maxsplit=1)[0].strip()
        if not self.in_output and name.startswith("$"):
            return (*ended, *self._checked_and_spoken(courses, by))
        if name.startswith("$") or (message and not name) or name in self.texts:
            again = self._asked_again(courses, by) if name == _REFUSAL else ()
            return (*ended, *self._spoken(courses, by, whole=False), *again)
        here = by if by.startswith("rails.") else "dialog: message"
        written = tuple(
            asking(course, here, ("generate_bot_message",))._replace(generated=True) for course in courses
        )
        if self.single_call:
            written = courses if chosen else written if self.plain else (*courses, *written)
        if self.in_output:
            return (*ended, *self._written_by_rail(written))
        return (*ended, *self._checked_and_spoken(written, by))

    def _checked_and_spoken(self, courses: Courses, by: str) -> Courses:
        """A message without a text of its own: checked, unless a flow has told NeMo to leave that out."""
        told = tuple(
            course._replace(armed=course.armed - {_UNCHECKED})
            for course in courses
            if _UNCHECKED in course.armed
        )
        rest = tuple(course for course in courses if _UNCHECKED not in course.armed)
        found = self._spoken(self.checked(rest), by, whole=self.chunks is None) if rest else ()
        return (*self._spoken(told, by, whole=False), *found)

    def _spoken(self, courses: Courses, by: str, *, whole: bool) -> Courses:
        """What goes on behind a message; ``whole``: it was checked whole, and not in pieces as it came."""
        state: State = "stopped" if by.startswith("rails.") else "waits"
        if (whole and self.has_output_rails) or self.retrieval_acts:
            return tuple(item._replace(state=state) if item.state == "on" else item for item in courses)
        return tuple(self._warned(item, state) if item.state == "on" else item for item in courses)

    def _warned(self, course: Course, state: State) -> Course:
        """The library's flow ``hallucination warning`` runs behind a message where it is armed.

        What the flow that spoke would do then is forgotten.
        """
        if _WARNING not in course.armed:
            return course
        usual, _ = action_asks(self.configuration, "self_check_hallucination", (), course.generated)
        course = asking(course, "flow: hallucination warning", usual)
        return course._replace(state=state, armed=course.armed - {_WARNING})

    def _written_by_rail(self, courses: Courses) -> Courses:
        """A message that an output rail says without a text: a model writes it, and it is checked as well.

        Once here; NeMo goes on until the rail is content or "Too many events" are reached.
        """
        if self.plain or self.in_refusal:
            return courses
        self.in_refusal = True
        try:
            return tuple(course._replace(state="stopped") for course in self.rails("output", courses))
        finally:
            self.in_refusal = False

    def _asked_again(self, courses: Courses, by: str) -> Courses:
        """The courses on which a library flow that nobody lists repeats the check of the team's rail."""
        found: list[Course] = []
        for action in () if self.plain else asked_again(self.configuration, self.own_rail):
            usual, _ = action_asks(self.configuration, action, (), False)
            found += [asking(course, by, usual)._replace(state="stopped") for course in courses]
        return tuple(found)

    def _retrieved(self, courses: Courses) -> Courses:
        """The retrieval rails run before every message, once: one that speaks itself never ends in NeMo."""
        if self.in_retrieval or self.is_retrieval_replaced:
            return courses
        if self.retrieval_rails:
            self.in_retrieval = True
            try:
                for rail in self.retrieval_rails:
                    courses = self.rail(rail, courses)
            finally:
                self.in_retrieval = False
        return tuple(course if course.retrieved else course._replace(retrieved=True) for course in courses)

    def checked(self, courses: Courses, *, again: bool = False) -> Courses:
        """A message that a model wrote, through the output rails; ``again``: pieces and then the whole."""
        self.in_output = True
        try:
            for _ in range((self.chunks or 1) + (again and self.chunks is not None)):
                courses = self.rails("output", courses)
        finally:
            self.in_output = False
        return courses
