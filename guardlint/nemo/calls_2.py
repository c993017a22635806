"""The courses of a query in Colang 2.x.

A message goes to the flow that waits for it; where none does and the model may go on by itself
(``llm continuation`` and its neighbours of ``colang/v2_x/library/llm.co``), it is asked for the intent and
for the continuation. With the library's ``guardrails`` imported, the input rails run when a message arrives
and the output rails before each thing that the bot says.
"""

from __future__ import annotations

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.course import Course, Node, after_waits, fewer, nested
from guardlint.nemo.flow_courses import Courses, FlowCourses, returned
from guardlint.nemo.reach import started_flows
from guardlint.nemo.references import RailReference

__all__ = ["Query2"]

_WAITS = frozenset({"user", "when", "or"})
_INTENT = "GenerateUserIntentAction"
_BOTH = "GenerateUserIntentAndBotAction"
_CONTINUE = "GenerateFlowContinuationAction"
_ANYTHING = ("said something", "said something unexpected", "said")


class Query2(FlowCourses):
    """One query in Colang 2.x."""

    def __init__(self, configuration: Configuration, *, plain: bool) -> None:
        super().__init__(configuration, plain=plain)
        self.in_output = False
        self.guarded = "guardrails" in configuration.library_modules
        self.reached = started_flows(configuration)
        acting = {
            action
            for name, flow in self.reached.items()
            if not name.startswith("continuation on undefined")
            for action in flow.actions
        }
        self.continues = {action for action in (_INTENT, _BOTH, _CONTINUE) if action in acting}

    def run(self) -> Courses:
        """From the user's message to the next wait."""
        waiting = self._waiting()
        if not waiting and not self.continues:
            return (Course(),)
        courses = self._rails("input", (Course(),)) if self.guarded else (Course(),)
        on = tuple(course for course in courses if course.state == "on")
        found = [course for course in courses if course.state != "on"]
        if not self.plain:
            # Nothing need wait for the message.
            found.append(Course())
        anything = [rest for said, rest in waiting if said in _ANYTHING]
        if self.plain:
            after = self.walk(anything[0], on, "flow", 0) if anything else self._continued(on)
            return tuple(found) + returned(after)
        for _, rest in waiting:
            found += returned(self.walk(rest, on, "flow", 0))
        if not anything:
            found += self._continued(on)
        return fewer(found)

    def _waiting(self) -> list[tuple[str, tuple[Node, ...]]]:
        """What running flows of the team's wait for the user to say, and what follows."""
        found: list[tuple[str, tuple[Node, ...]]] = []
        for name in self.reached:
            flow = self.configuration.flows.get(name)
            if flow is None or name in ("input rails", "output rails"):
                continue
            for wait, rest in after_waits(nested(flow.statements), _WAITS):
                said = wait.statement.expression.strip().split(" as ")[0]
                said = said.removeprefix("when ").removeprefix("user ").rstrip(":").strip()
                if rest and "Finished" not in said:
                    found.append((said, rest))
        return found

    def _continued(self, courses: Courses) -> Courses:
        """What the model does with a message that no flow waits for."""
        for action, by in ((_INTENT, "dialog: intent"), (_BOTH, "dialog: intent and message")):
            if action in self.continues:
                courses = self.action(action, (), courses, by)
        if _CONTINUE not in self.continues and _BOTH not in self.continues:
            return courses
        handled = courses
        if _CONTINUE in self.continues:
            courses = self.action(_CONTINUE, (), courses, "dialog: continuation")
        spoken = self.say("", courses, "dialog", 0)
        return spoken if self.plain else fewer((*handled, *courses, *spoken))

    def say(self, message: str, courses: Courses, by: str, depth: int = 0) -> Courses:
        """``bot say …``: the output rails first, but not on what they say themselves."""
        name = f"bot {message.split(chr(34), maxsplit=1)[0].split('$', maxsplit=1)[0].strip()}".strip()
        own = self.configuration.flows.get(name)
        if own is not None and depth < 8:
            return returned(self.walk(nested(own.statements), courses, by, depth + 1))
        if message.startswith("say something like"):
            courses = tuple(self.value(message, course, by) for course in courses)
        if not self.guarded or self.in_output or by.startswith("rails."):
            return courses
        self.in_output = True
        try:
            return self._rails("output", courses)
        finally:
            self.in_output = False

    def _rails(self, direction: str, courses: Courses) -> Courses:
        """The flow ``input rails`` of the team's, or the listed rails, of which NeMo makes that flow."""
        own = self.configuration.flows.get(f"{direction} rails")
        if own is not None:
            return returned(self.walk(nested(own.statements), courses, f"rails.{direction}", 0))
        for rail in self.configuration.rails(direction):
            courses = self._rail(rail, courses)
        return courses

    def _rail(self, rail: RailReference, courses: Courses) -> Courses:
        by = f"rails.{rail.direction}: {rail.text}"
        going = tuple(course for course in courses if course.state == "on")
        ended = tuple(course for course in courses if course.state != "on")
        parameters = tuple(f"{name}={value}" for name, value in rail.parameters.items())
        if rail.flow in self.configuration.flows:
            return fewer((*ended, *self.flow(rail.flow, going, by, 0)))
        return fewer((*ended, *self.library_flow(rail.flow, going, by, parameters, 0)))
