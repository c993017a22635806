"""Which branches of a configuration's own Colang real NeMo takes: both sides of every ``if``, every stop.

NeMo walks a flow by asking its list of elements for one after the other (``colang/v1_0/runtime/sliding.py``
and ``colang/v2_x/runtime/statemachine.py``, ``slide``), so a list that remembers what it was asked for tells
the way. Importing this imports no NeMo.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from guardlint.nemo.configuration import Configuration
from guardlint.source.colang import Flow

if TYPE_CHECKING:
    from nemoguardrails import LLMRails

__all__ = ["Branch", "Watch"]

Way = Literal["true", "false", "reached"]

_STOPS = frozenset({"stop", "abort", "bot stop"})
_HOOKS = {"run input rails": "input", "run output rails": "output"}


@dataclass(frozen=True, slots=True)
class Branch:
    """One way through a flow. ``file`` is as guardlint names it; ``way`` of a stop is ``reached``."""

    flow: str
    file: str
    line: int
    text: str
    way: Way


class _Watched(list[Any]):
    """The elements of a flow; ``note`` is told where they are read, and how an ``if`` was decided."""

    def __init__(
        self, elements: Sequence[Any], ifs: frozenset[int], note: Callable[[int, Way], None]
    ) -> None:
        super().__init__(elements)
        self._ifs = ifs
        self._note = note
        self._open: int | None = None

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, int):
            self.settle(index)
            if index in self._ifs:
                self._open = index
            self._note(index, "reached")
        return super().__getitem__(index)

    def settle(self, index: int | None = None) -> None:
        """The ``if`` read last was true when the element after it comes next; None: nothing comes next.

        An element may be read more than once before the next one is.
        """
        if self._open is not None and index != self._open:
            self._note(self._open, "true" if index == self._open + 1 else "false")
            self._open = None


class Watch:
    """Watches the runtime of ``rails`` from now on, for the rest of the process.

    ``branches`` are those of the configuration's own flows, in reading order; ``taken`` those seen since
    :meth:`begin`; ``stopped`` the first flow of Colang 2.x that aborted below the input or output rails, with
    the direction.
    """

    def __init__(self, rails: LLMRails, configuration: Configuration) -> None:
        self.taken: set[Branch] = set()
        self.stopped: tuple[str, str] | None = None
        self.entered: set[str] = set()
        self._lists: list[_Watched] = []
        self._now: tuple[Any, Any] | None = None
        self._flows = configuration.flows
        self.branches = tuple(
            branch for flow in self._flows.values() if flow.name for branch in _branches_of(flow)
        )
        if configuration.generation == "1.0":
            held: dict[str, Any] = getattr(rails.runtime, "flow_configs", {})
            for name, flow in self._flows.items():
                if name in held:
                    held[name].elements = self._list(flow, held[name].elements, _first_ifs, _first_stop)
        else:
            self._watch_second()

    def begin(self) -> None:
        """Forget what was seen."""
        self.taken, self.stopped, self.entered = set(), None, set()

    def end(self) -> None:
        """Settle what no further step decides."""
        for each in self._lists:
            each.settle()

    def _list(
        self,
        flow: Flow | None,
        elements: Sequence[Any],
        ifs_of: Callable[[Sequence[Any]], list[int]],
        is_stop: Callable[[Any], bool],
    ) -> _Watched:
        """A list that marks the branches of ``flow``, of which the n-th ``if`` is the n-th of its text."""
        ifs = ifs_of(elements)
        stops = [index for index, element in enumerate(elements) if is_stop(element)]
        at: dict[int, tuple[Branch, ...]] = {}
        if flow is not None:
            written = list(_branches_of(flow))
            questions = [branch for branch in written if branch.way == "true"]
            ends = [branch for branch in written if branch.way == "reached"]
            at = {index: (branch,) for index, branch in zip(ifs, questions, strict=False)}
            at |= {index: (branch,) for index, branch in zip(stops, ends, strict=False)}

        def note(index: int, way: Way) -> None:
            for branch in at.get(index, ()):
                if index in ifs and way != "reached":
                    self.taken.add(Branch(branch.flow, branch.file, branch.line, branch.text, way))
                elif index in stops:
                    self.taken.add(branch)
            if index in stops:
                self._aborted()

        watched = _Watched(elements, frozenset(ifs), note)
        self._lists.append(watched)
        return watched

    def _watch_second(self) -> None:
        """Colang 2.x expands a flow when it is first needed, so its list is replaced when it is walked."""
        from nemoguardrails.colang.v2_x.runtime import statemachine

        own = statemachine.slide

        def slide(state: Any, flow_state: Any, flow_config: Any, head: Any) -> Any:
            self.entered.add(flow_config.id)
            if not isinstance(flow_config.elements, _Watched):
                flow = self._flows.get(flow_config.id)
                flow_config.elements = self._list(flow, flow_config.elements, _second_ifs, _second_stop)
            before, self._now = self._now, (state, flow_state)
            try:
                return own(state, flow_state, flow_config, head)
            finally:
                self._now = before
                flow_config.elements.settle(head.position)

        statemachine.slide = slide

    def _aborted(self) -> None:
        """In Colang 2.x, remember the first flow that aborts below the input or output rails."""
        if self._now is None or self.stopped is not None:
            return
        state, flow_state = self._now
        name = str(flow_state.flow_id)
        while flow_state is not None:
            if flow_state.flow_id in _HOOKS:
                self.stopped = name, _HOOKS[flow_state.flow_id]
                return
            flow_state = state.flow_states.get(flow_state.parent_uid)


def _branches_of(flow: Flow) -> Iterator[Branch]:
    """Both ways of each question and each stop, as the file has them."""
    for statement in flow.statements:
        text = statement.text
        place = statement.place
        if text.split(" ", 1)[0] in ("if", "elif") or text.startswith("else if "):
            for way in ("true", "false"):
                yield Branch(str(flow.name), place.file, place.line, text, way)
        elif text in _STOPS:
            yield Branch(str(flow.name), place.file, place.line, text, "reached")


def _first_ifs(elements: Sequence[Any]) -> list[int]:
    return [index for index, element in enumerate(elements) if element.get("_type") == "if"]


def _first_stop(element: Any) -> bool:
    return bool(element.get("_type") == "run_action" and element.get("action_params") == {"value": "stop"})


def _second_ifs(elements: Sequence[Any]) -> list[int]:
    """An ``if`` becomes a jump over its body on ``not(…)`` (``colang/v2_x/lang/expansion.py``).

    That of a ``while`` has a blank before the bracket.
    """
    return [
        index
        for index, element in enumerate(elements)
        if type(element).__name__ == "Goto" and str(element.expression).startswith("not(")
    ]


def _second_stop(element: Any) -> bool:
    return type(element).__name__ == "Abort"
