"""A streamed reply: pieces go in as they come, pieces that may be released come out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final

from guardlint.guard.call import Call
from guardlint.guard.messages import Message, Path
from guardlint.guard.plan import Plan
from guardlint.guard.restoring import Restorer
from guardlint.guard.streaming.channel import Channel, Steps
from guardlint.guard.streaming.events import CALL, Event
from guardlint.guard.streaming.kept import Kept
from guardlint.guard.streaming.pieces import Shape
from guardlint.guard.streaming.plain import Key, Read, Whole
from guardlint.guard.streaming.replied import calls_in, message_of
from guardlint.guard.streaming.steps import joined
from guardlint.guard.tools import judge_calls
from guardlint.guard.verdict import Verdict

__all__ = ["Stream", "StreamBlocked"]

_CALLS: Final = ("tool_calls", "function_call", CALL)


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
        # What was released of some, before values were put back and after.
        self._told: dict[Key, list[str]] = {}
        self._shown: dict[Key, list[str]] = {}
        self._restorers: dict[Key, Restorer] = {}
        self._out: dict[Key, list[str]] = {}
        self._named: dict[Key, str] = {}
        self._finished = False
        self._audio: dict[int, list[Any]] = {}
        self._released: list[Any] = []
        self._last: list[Any] = []
        # With rules for tools a call is released whole, once it is known and judged.
        self._calls: dict[int, _Calls] = {}
        self._restores = any(step.restore for step in plan.steps["input"])
        self._ended: set[int] = set()
        self.started = perf_counter()
        """When the function was called."""
        self.kept: Kept | None = None
        """What a conversation keeps of it; None where there is none."""
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
        if read.called:
            judge_calls(self._plan, self._call, _calling(read.called))
            if self._call.blocked:
                return
        for sound in read.audio:
            self._audio.setdefault(sound.choice, []).append(sound.piece)
        is_event = isinstance(read.rest, Event)
        if self.kept is not None and not is_event:
            self.kept.note(read.rest)
        if read.rest is not None:
            rest = self._event(read) if is_event else read.rest
            if read.calls and self._plan.tool_rules and not read.ends:
                self._calls[read.calls[0][0]].pieces.append(rest)
            elif read.ends or isinstance(rest, _Waiting):
                self._last.append(rest)
            else:
                self._released.append(rest)
        for choice in read.ends:
            self._end(choice)

    def finish(self) -> None:
        """No more pieces."""
        self._finished = True
        for choice in {choice for choice, _ in self._channels} | set(self._calls) | set(self._audio):
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
            self._end_audio(choice)
        if not self.due and not self._call.blocked:
            self._released = [self._filled(piece) for piece in self._released]
            self._last = [self._filled(piece) for piece in self._last]

    def take(self) -> list[Any]:
        """The pieces that may be released now."""
        pieces, self._released = self._released, []
        if self._call.blocked:
            pieces = [piece for piece in pieces if not isinstance(piece, _Waiting)]
        elif not self.due:
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
        return message_of(self._said)

    @property
    def replies(self) -> list[Message]:
        """The reply as it was said, as it goes out and as a conversation keeps it; nothing before its end."""
        if not self._finished or self.due or self._call.blocked:
            return []
        kept = [] if self.kept is None else self.kept.messages()
        for texts in (self._said, self._out):
            kept += [message_of(texts), *calls_in(texts, self._named)]
        return kept

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
        if self.kept is not None:
            self._keep(self.kept, key, text)
        if _is_spoken(path):
            self._told.setdefault(key, []).append(text)
        if self._restores:
            # Last of all: no judge and no record ever sees what a pseudonym stands for.
            restorer = self._restorers.get(key)
            if restorer is None:
                restorer = self._restorers[key] = Restorer(self._call.pseudonyms)
            text = restorer.restore(text)
        self._out.setdefault(key, []).append(text)
        if self.shape.events is not None:
            self._shown.setdefault(key, []).append(text)
        if path and path[0] == "whole":
            return  # its event waits for all of it
        piece = self.shape.write(key, text)
        if self._first_ms is None:
            self._first_ms = (perf_counter() - self.started) * 1000
        (self._released if held is None else held.pieces).append(piece)

    def _keep(self, kept: Kept, key: Key, text: str) -> None:
        if self.shape.events is None:
            kept.add(key, text)
        elif self.shape.events.is_reply(key):
            kept.add((0, ("content",)), text)

    def _event(self, read: Read) -> Any:
        """An event, which waits where it says texts whole that are on their way now."""
        texts: list[tuple[Path, Key]] = []
        for whole in read.wholes:
            key = self._again(whole, read.ends) if read.again else None
            if key is None:
                channel = self._channel(whole.key)
                channel.feed(whole.text)
                channel.end()
                self._said[whole.key].append(whole.text)
            texts.append((whole.path, key or whole.key))
        return _Waiting(read.rest, tuple(texts)) if texts else read.rest.filled({})

    def _again(self, whole: Whole, ends: Sequence[int]) -> Key | None:
        """The text that has been streamed already and is said whole once more."""
        for key, parts in self._said.items():
            if key[0] == whole.key[0] and key[0] in ends and "".join(parts) == whole.text:
                return key
        return None

    def _filled(self, piece: Any) -> Any:
        if not isinstance(piece, _Waiting):
            return piece
        return piece.event.filled({path: "".join(self._shown.get(key, ())) for path, key in piece.texts})

    def _end_audio(self, choice: int) -> None:
        """Sound goes out when its transcript came through as it was; of one that did not, nothing does."""
        pieces = self._audio.pop(choice, [])
        spoken = [key for key in self._said if key[0] == choice and _is_spoken(key[1])]
        if all("".join(self._told.get(key, ())) == "".join(self._said[key]) for key in spoken):
            self._released += pieces

    def _note_calls(self, read: Read) -> None:
        for choice, path, name in read.calls:
            self._calls.setdefault(choice, _Calls()).name(path, name)
            self._named[choice, path] = self._named.get((choice, path), "") + name
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


@dataclass(frozen=True, slots=True)
class _Waiting:
    """An event, and the streamed texts that belong at places of it."""

    event: Event
    texts: tuple[tuple[Path, Key], ...]


def _calling(called: Sequence[tuple[str, Any]]) -> Message:
    return {
        "role": "assistant",
        "tool_calls": [
            {"type": "function", "function": {"name": name, "arguments": arguments}}
            for name, arguments in called
        ],
    }


def _is_spoken(path: Path) -> bool:
    return any("transcript" in str(part) for part in path)


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
