"""The courses through the body of a flow, statement by statement, for both Colang versions.

Of a condition both sides are followed, unless a variable that flows arm decides it. The plain message takes
the side that neither stops nor speaks: a check that finds nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from guardlint.nemo.action_asks import action_asks
from guardlint.nemo.catalogue import snake_case
from guardlint.nemo.configuration import Configuration
from guardlint.nemo.course import Course, Node, asking, fewer, nested
from guardlint.source.colang import Call, Statement
from guardlint.source.lazy_pattern import lazy_pattern

__all__ = ["Courses", "FlowCourses", "armed", "returned"]

Courses = tuple[Course, ...]

_STOPS = frozenset({"stop", "abort"})
_TESTED = lazy_pattern(r"(?P<no>not\s+)?\$(?P<name>\w+)(?:\s*==\s*(?P<value>True|False))?\s*:?$")
_CHOSEN = lazy_pattern(r"\b(model_name|variant)\s*=\s*[\"']?(\w+)", needs=("model_name", "variant"))
_DEEPEST = 12
_FLOW_KINDS = frozenset({"do", "flow", "await", "start", "activate"})


class FlowCourses:
    """Follows flows of one configuration; ``plain``: as the plain message does, one course only."""

    def __init__(self, configuration: Configuration, *, plain: bool) -> None:
        self.configuration = configuration
        self.plain = plain

    def say(self, message: str, courses: Courses, by: str, depth: int) -> Courses:
        """``bot …``. The two versions differ."""
        raise NotImplementedError

    def value(self, text: str, course: Course, by: str) -> Course:  # noqa: ARG002 - the versions differ
        """``$x = ...``: one value that a model finds."""
        task = "generate_value"
        if self.configuration.generation == "2.x":
            task = "generate_value_from_instruction"
        return asking(course, by, (task,))

    def flow(self, name: str, courses: Courses, by: str, depth: int) -> Courses:
        """Through a flow of the team's, or of the library, and back."""
        if depth > _DEEPEST:
            return courses
        own = self.configuration.flows.get(name)
        if own is not None:
            return returned(self.walk(nested(own.statements), courses, by, depth + 1))
        return self.library_flow(name, courses, by, (), depth)

    def library_flow(
        self, name: str, courses: Courses, by: str, parameters: tuple[str, ...], depth: int
    ) -> Courses:
        """Through a library flow: its actions, and where one of them may stop the query."""
        row = self.configuration.catalogue.flows(self.configuration.generation).get(name)
        if row is None:
            return courses
        armed_by = row.get("armed_by")
        idle: Courses = ()
        if armed_by is not None:
            idle = tuple(course for course in courses if armed_by not in course.armed)
            courses = tuple(
                course._replace(armed=course.armed - {armed_by})
                for course in courses
                if armed_by in course.armed
            )
        for action in row.get("actions", ()):
            courses = self.action(action, parameters, courses, by)
        for called in row.get("calls", ()):
            courses = self.flow(called, courses, by, depth + 1)
        if row.get("stops") and not self.plain:
            stopped = self.say("refuse to respond", courses, by, depth + 1)
            courses += tuple(course._replace(state="stopped") for course in stopped)
        return fewer((*idle, *courses))

    def action(self, name: str, parameters: tuple[str, ...], courses: Courses, by: str) -> Courses:
        """Through one action."""
        found: list[Course] = []
        for course in courses:
            if course.state != "on":
                found.append(course)
                continue
            has_text = course.retrieved or self.configuration.generation == "2.x"
            usual, options = action_asks(self.configuration, name, parameters, course.generated, has_text)
            found += [asking(course, by, tasks) for tasks in ((usual,) if self.plain else options)]
        return fewer(found)

    def walk(self, nodes: tuple[Node, ...], courses: Courses, by: str, depth: int = 0) -> Courses:
        """Through statements one after the other; courses that do not go on are left as they are."""
        index = 0
        while index < len(nodes):
            going = tuple(course for course in courses if course.state == "on")
            if not going:
                break
            ended = tuple(course for course in courses if course.state != "on")
            kind = nodes[index].statement.kind
            if kind in ("if", "when"):
                end = index + 1
                while end < len(nodes) and nodes[end].statement.kind in ("else", "elif", "or"):
                    end += 1
                going = self._branch(nodes[index:end], going, by, depth)
                index = end
            else:
                going = self._statement(nodes[index], going, by, depth)
                index += 1
            courses = fewer((*ended, *going))
        return courses

    def _branch(self, nodes: tuple[Node, ...], courses: Courses, by: str, depth: int) -> Courses:
        sides = [node.body for node in nodes]
        last = nodes[-1].statement
        has_else = last.kind == "else" and not last.expression
        if not has_else and nodes[0].statement.kind == "if":
            sides.append(())
        found: list[Course] = []
        for course in courses:
            known = _known(nodes[0].statement.expression, course) if len(sides) == 2 else None
            if known is not None:
                chosen = [sides[0] if known else sides[1]]
            else:
                chosen = [_plain_side(sides)] if self.plain else sides
            for side in chosen:
                found += self.walk(side, (course,), by, depth)
        return fewer(found)

    def _statement(self, node: Node, courses: Courses, by: str, depth: int) -> Courses:
        statement = node.statement
        if statement.kind in _STOPS:
            return tuple(course._replace(state="stopped") for course in courses)
        if statement.kind == "return":
            return tuple(course._replace(state="returned") for course in courses)
        if statement.kind in ("user", "match") or _waits_for_bot(statement):
            return tuple(course._replace(state="waits") for course in courses)
        if statement.kind == "bot":
            return self.say(statement.expression, courses, by, depth)
        if statement.kind == "while":
            once = self.walk(node.body, courses, by, depth)
            return once if self.plain else fewer((*courses, *once))
        if statement.kind == "set" and statement.target is not None:
            courses = armed(statement.target, statement.expression.strip(), courses)
        if statement.kind != "bot" and statement.expression.lstrip().startswith("..."):
            courses = tuple(self.value(statement.expression, course, by) for course in courses)
        if statement.call is not None:
            courses = self.call(statement.call, courses, by, depth)
        if node.body:
            courses = self.walk(node.body, courses, by, depth)
        return courses

    def call(self, call: Call, courses: Courses, by: str, depth: int) -> Courses:
        """``execute a``, ``do f``, ``await f`` or a flow's bare name."""
        name = call.name
        if call.kind in _FLOW_KINDS and self.configuration.flow_exists(name):
            return self.flow(name, courses, by, depth)
        parameters = tuple(f"{key}={value}" for key, value in _CHOSEN.findall(call.arguments))
        spelt = tuple(item.replace("model_name=", "model=", 1) for item in parameters)
        return self.action(name if call.kind == "execute" else snake_case(name), spelt, courses, by)


def returned(courses: Iterable[Course]) -> Courses:
    """Back in the flow that called."""
    return tuple(course._replace(state="on") if course.state == "returned" else course for course in courses)


def armed(target: str, value: str, courses: Courses) -> Courses:
    """After ``$target = value``; only what is true or false is remembered."""
    if value not in ("True", "False"):
        return courses
    return tuple(
        course._replace(armed=course.armed | {target} if value == "True" else course.armed - {target})
        for course in courses
    )


def _known(condition: str, course: Course) -> bool | None:
    """What a condition on a variable that is armed comes to; None where it cannot be told."""
    tested = _TESTED.match(condition.strip()) if course.armed else None
    if tested is None or tested["name"] not in course.armed:
        return None
    return (tested["no"] is None) == (tested["value"] != "False")


def _waits_for_bot(statement: Statement) -> bool:
    """``bot ...`` says nothing: it waits until something is said."""
    return statement.kind == "bot" and statement.expression.strip() == "..."


def _plain_side(sides: list[tuple[Node, ...]]) -> tuple[Node, ...]:
    """The first that does nothing of a refusal; else the last that does not stop; else the last."""
    quiet = [side for side in sides if not _has(side, _STOPS | {"bot"})]
    if quiet:
        return quiet[0]
    going = [side for side in sides if not _has(side, _STOPS)]
    return going[-1] if going else sides[-1]


def _has(nodes: tuple[Node, ...], kinds: frozenset[str]) -> bool:
    return any(node.statement.kind in kinds or _has(node.body, kinds) for node in nodes)
