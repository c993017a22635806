"""A streamed reply: pieces go in as they come, pieces that may be released come out."""

from __future__ import annotations

from time import perf_counter
from typing import Any, Final

from guardlint.guard.call import Call
from guardlint.guard.messages import Message
from guardlint.guard.plan import Plan
from guardlint.guard.streaming.channel import Channel, Steps
from guardlint.guard.streaming.pieces import Key, Read, Shape
from guardlint.guard.streaming.steps import joined
from guardlint.guard.tools import judge_calls
from guardlint.guard.verdict import Verdict

__all__ = ["Stream", "StreamBlocked"]

_CALLS: Final = ("tool_calls", "function_call")


class StreamBlocked(str):
    """The last piece of a stream of texts that was blocked: the refusal.  ``verdict`` says why."""

    __slots__ = ("verdict",)
    verdict: Verdict

    @classmethod
    def of(cls, text: str, verdict: Verdict) -> StreamBlocked:
        """The refusal ``text``."""
        piece = cls(text)
        piece.verdict = verdict
        return piece


class Stream:
    """The texts of one streamed reply, each on its own way through the output steps.

    Push a piece, work while :attr:`due`, take what may be released.  Nothing here reads ahead, and nothing
    waits for anything: whoever holds the stream does.
    """

    def __init__(self, plan: Plan, call: Call, shape: Shape | None = None) -> None:
        self._plan = plan
        self._call = call
        self.shape = shape or Shape()
        self._channels: dict[Key, Channel] = {}
        self._said: dict[Key, list[str]] = {}
        self._released: list[Any] = []
        self._last: list[Any] = []
        # With rules for tools a call is released whole, once it is known and judged.
        self._calls: dict[int, _Calls] = {}
        self._restores = any(step.restore for step in plan.steps["input"])
        self._ended: set[int] = set()
        self.started = perf_counter()
        """When the function was called."""
        self._first_ms: float | None = None
        self._pieces_in = self._pieces_out = 0

    def push(self, piece: object) -> None:
        """One more piece.  Raises UsageError for what cannot be read."""
        read = self.shape.read(piece)
        self._pieces_in += 1
        for delta in read.deltas:
            self._channel(delta.key).feed(delta.text)
            self._said[delta.key].append(delta.text)
        self._note_calls(read)
        if read.rest is not None:
            if read.ends:
                self._last.append(read.rest)
            elif read.calls and self._plan.tool_rules:
                self._calls[read.calls[0][0]].pieces.append(read.rest)
            else:
                self._released.append(read.rest)
        for choice in read.ends:
            self._end(choice)

    def finish(self) -> None:
        """No more pieces."""
        for choice in {choice for choice, _ in self._channels} | set(self._calls):
            self._end(choice)

    @property
    def due(self) -> bool:
        """Whether there is work before the next piece is wanted."""
        return any(channel.due for channel in self._channels.values()) or bool(self._ended)

    async def work(self, steps: Steps) -> None:
        """One round of looks.  ``call`` may be blocked afterwards."""
        for key, channel in list(self._channels.items()):
            if channel.due:
                self._release(key, await channel.work(steps, self._call))
                if self._call.blocked:
                    return
        for choice in [one for one in self._ended if not self._is_open(one)]:
            self._ended.discard(choice)
            self._end_calls(choice)

    def take(self) -> list[Any]:
        """The pieces that may be released now."""
        pieces, self._released = self._released, []
        if not self._call.blocked and not self.due:
            pieces += self._last
            self._last = []
        self._pieces_out += len(pieces)
        return pieces

    def refusal(self, text: str, verdict: Verdict) -> Any:
        """The last piece of a blocked stream, in its shape."""
        told = {"verdict": verdict.status, "rail": verdict.rail, "reason": verdict.reason}
        choices = tuple(dict.fromkeys(choice for choice, _ in self._channels))
        return self.shape.refusal(text, told, choices) or StreamBlocked.of(text, verdict)

    def note(self, ended: str) -> None:
        """Put what the record says of the stream into the call."""
        call = self._call
        call.steps[:] = joined(call.steps)
        call.stream = {"pieces_in": self._pieces_in, "pieces_out": self._pieces_out, "ended": ended}
        call.first_release_ms = self._first_ms

    @property
    def message(self) -> Message:
        """What the function said, as it said it, for the keyed hash of the record."""
        texts = {path: "".join(parts) for (_, path), parts in self._said.items()}
        if len(self._said) == 1 and set(texts) <= {(), ("content",)}:
            return {"role": "assistant", "content": next(iter(texts.values()))}
        return {"role": "assistant", "items": ["".join(parts) for parts in self._said.values()]}

    def _channel(self, key: Key) -> Channel:
        channel = self._channels.get(key)
        if channel is None:
            channel = self._channels[key] = Channel(self._plan)
            self._said[key] = []
        return channel

    def _end(self, choice: int) -> None:
        self._ended.add(choice)
        for (number, _), channel in self._channels.items():
            if number == choice:
                channel.end()

    def _is_open(self, choice: int) -> bool:
        return any(number == choice and channel.due for (number, _), channel in self._channels.items())

    def _release(self, key: Key, text: str) -> None:
        if not text:
            return
        choice, path = key
        held = self._calls.get(choice) if path and path[0] in _CALLS and self._plan.tool_rules else None
        if held is not None:
            held.add(path, text)
        if self._restores:
            # Last of all: no judge and no record ever sees what a pseudonym stands for.
            text = self._call.pseudonyms.restore(text)
        piece = self.shape.write(key, text)
        if self._first_ms is None:
            self._first_ms = (perf_counter() - self.started) * 1000
        (self._released if held is None else held.pieces).append(piece)

    def _note_calls(self, read: Read) -> None:
        for choice, path, name in read.calls:
            self._calls.setdefault(choice, _Calls()).name(path, name)
        for delta in read.deltas:
            choice, path = delta.key
            if path and path[0] in _CALLS:
                self._calls.setdefault(choice, _Calls())

    def _end_calls(self, choice: int) -> None:
        held = self._calls.pop(choice, None)
        if held is None or not self._plan.tool_rules:
            return
        judge_calls(self._plan, self._call, held.message())
        if not self._call.blocked:
            self._released += held.pieces


class _Calls:
    """The tool calls of one choice, while they are not whole."""

    __slots__ = ("_arguments", "_names", "pieces")

    def __init__(self) -> None:
        self._names: dict[tuple[str | int, ...], str] = {}
        self._arguments: dict[tuple[str | int, ...], list[str]] = {}
        self.pieces: list[Any] = []

    def name(self, path: tuple[str | int, ...], name: str) -> None:
        """(A part of) the name of the tool at ``path``."""
        self._names[path] = self._names.get(path, "") + name

    def add(self, path: tuple[str | int, ...], text: str) -> None:
        """More of its arguments."""
        self._arguments.setdefault(path[:-1], []).append(text)

    def message(self) -> Message:
        """The calls as an assistant's message."""
        calls = [
            {
                "type": "function",
                "function": {
                    "name": self._names.get(path, ""),
                    "arguments": "".join(self._arguments.get(path, ())),
                },
            }
            for path in dict.fromkeys((*self._names, *self._arguments))
        ]
        return {"role": "assistant", "tool_calls": calls}
