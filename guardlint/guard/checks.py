"""The guard's checks without a function: of messages, replies, calls of tools and what tools answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, ParamSpec, TypeVar

from guardlint.guard.bare import bare
from guardlint.guard.call import Call
from guardlint.guard.conversations import Context, Conversation
from guardlint.guard.messages import Message
from guardlint.guard.records import Hook
from guardlint.guard.refusals import Shape, refusal, shape_of_reply
from guardlint.guard.replies import Reply
from guardlint.guard.service import Service
from guardlint.guard.shapes import as_plain, with_changes
from guardlint.guard.tools import call_message, judge_call, judge_calls, judge_result, judge_results
from guardlint.guard.verdict import Checked, Verdict
from guardlint.pii import Pseudonyms

__all__ = ["Checks"]

P = ParamSpec("P")
T = TypeVar("T")

# What says that a dictionary is a message, and that a list of them is made of parts of one.
_OF_TOOLS: Final = frozenset({"tool", "function", "tool_result", "ToolMessage", "FunctionMessage"})
_LINKS: Final = frozenset({"tool_call_id", "tool_use_id", "toolUseId", "call_id"})
_PARTS: Final = frozenset(
    {"text", "input_text", "output_text", "image", "image_url", "input_image", "audio", "input_audio"}
    | {"video", "video_url", "file", "input_file", "document", "json", "tool_result", "search_result"}
    | {"resource", "resource_link"}
)


@dataclass(slots=True)
class _Check(Generic[T]):
    """One check: ``reply`` is what the output steps read, None where the input steps run.

    ``give`` makes the value out of what was released; ``instead`` stands for it on a block.
    """

    call: Call
    hook: Hook
    context: Context
    give: Callable[[Message], T]
    instead: Callable[[], Any]
    reply: Message | None = None
    released: Message | None = field(default=None, init=False)

    def wait(self, service: Service) -> None:
        if self.call.blocked:
            service.record(self.call, self.hook, "not-called")
        elif self.reply is None:
            service.wait_input(self.call, self.hook)
        else:
            self.released = service.wait_output(self.call, self.reply, self.hook)

    async def run(self, service: Service) -> None:
        if self.call.blocked:
            await service.await_record(self.call, self.hook, "not-called")
        elif self.reply is None:
            await service.await_input(self.call, self.hook)
        else:
            self.released = await service.await_output(self.call, self.reply, self.hook)

    def outcome(self) -> tuple[Any, Any]:
        """The value and the context."""
        if self.call.blocked or (self.reply is not None and self.released is None):
            return self.instead(), None
        return self.give(self.released or {}), self.context.give(self.call.context)


class Checks:
    """What guards and sessions share."""

    _service: Service
    _untrusted: frozenset[str]

    @bare
    def check_input(self, messages: T, *, context: Any = None) -> Checked[T]:
        """Run the input steps alone; ``value`` holds the messages as a model may see them.

        ``messages`` are a text or a list of messages; ``context`` holds retrieved texts, which are looked at
        like a stranger's words.
        """
        return self._wait(self._input_check, messages, context)

    @bare
    async def acheck_input(self, messages: T, *, context: Any = None) -> Checked[T]:
        """:meth:`check_input`, awaited."""
        return await self._run(self._input_check, messages, context)

    @bare
    def check_output(self, reply: T, *, messages: Any = None, context: Any = None) -> Checked[T]:
        """Run the output steps alone on a reply to ``messages``; ``value`` holds it as it may be released.

        ``context`` holds the retrieved texts that the reply has to be true to.
        """
        return self._wait(self._output_check, reply, messages, context)

    @bare
    async def acheck_output(self, reply: T, *, messages: Any = None, context: Any = None) -> Checked[T]:
        """:meth:`check_output`, awaited."""
        return await self._run(self._output_check, reply, messages, context)

    @bare
    def check_tool_call(
        self, name: str, arguments: T, *, messages: Any = None, context: Any = None
    ) -> Checked[T]:
        """Run the rules for tools and the output steps on a call that a model wants to make.

        ``arguments`` are JSON as the model wrote it, or data; ``value`` holds them as the tool may get them,
        None on a block.
        """
        return self._wait(self._call_check, name, arguments, messages, context)

    @bare
    async def acheck_tool_call(
        self, name: str, arguments: T, *, messages: Any = None, context: Any = None
    ) -> Checked[T]:
        """:meth:`check_tool_call`, awaited."""
        return await self._run(self._call_check, name, arguments, messages, context)

    @bare
    def check_tool_result(
        self, name: str, result: T, *, messages: Any = None, context: Any = None
    ) -> Checked[T]:
        """Run the rules for tools and the input steps on what a tool answered, before a model reads it.

        ``result`` is a text, a list of parts, a tool's message, or data; ``messages`` the conversation so
        far, which is not judged here.  On a block ``value`` is the refusal for a text, else None.
        """
        return self._wait(self._result_check, name, result, messages, context)

    @bare
    async def acheck_tool_result(
        self, name: str, result: T, *, messages: Any = None, context: Any = None
    ) -> Checked[T]:
        """:meth:`check_tool_result`, awaited."""
        return await self._run(self._result_check, name, result, messages, context)

    def _pseudonyms(self) -> Pseudonyms:
        return Pseudonyms()

    def _so_far(self, messages: Any) -> list[Message]:
        return [] if messages is None else list(Conversation.of(messages).messages)

    def _tell(self, verdict: Verdict) -> Verdict:
        raise NotImplementedError

    def _forget(self) -> None:
        raise NotImplementedError

    def _wait(self, make: Callable[P, _Check[T]], *args: P.args, **kwargs: P.kwargs) -> Checked[T]:
        self._forget()
        check = make(*args, **kwargs)
        check.wait(self._service)
        return self._checked(check)

    async def _run(self, make: Callable[P, _Check[T]], *args: P.args, **kwargs: P.kwargs) -> Checked[T]:
        self._forget()
        check = make(*args, **kwargs)
        await check.run(self._service)
        return self._checked(check)

    def _checked(self, check: _Check[T]) -> Checked[T]:
        value, context = check.outcome()
        return Checked(value, self._tell(check.call.verdict()), context)

    def _begin(self, messages: list[Message], context: Context) -> Call:
        return Call(
            messages,
            context=list(context.texts),
            pseudonyms=self._pseudonyms(),
            untrusted=self._untrusted,
        )

    def _input_check(self, messages: T, context: Any) -> _Check[T]:
        conversation, retrieved = Conversation.of(messages), Context.of(context)
        call = self._begin(list(conversation.messages), retrieved)
        judge_results(self._service.plan, call)
        text = self._service.plan.refusal

        def instead() -> Any:
            return text if isinstance(messages, str) else [refusal(text, Shape("message"))]

        return _Check(call, "input", retrieved, lambda _: conversation.give(call.messages), instead)

    def _output_check(self, given: T, messages: Any, context: Any) -> _Check[T]:
        reply, retrieved = Reply.of(given), Context.of(context)
        call = self._begin(self._so_far(messages), retrieved)
        judge_calls(self._service.plan, call, reply.message)

        def instead() -> Any:
            text = self._service.plan.refusal
            try:
                return refusal(text, shape_of_reply(reply), given)
            except TypeError:
                return refusal(text, Shape("message"))

        return _Check(call, "output", retrieved, reply.give, instead, reply.message)

    def _call_check(self, name: str, arguments: T, messages: Any, context: Any) -> _Check[T]:
        retrieved = Context.of(context)
        plain = as_plain(arguments)
        call = self._begin(self._so_far(messages), retrieved)
        message = call_message(name, plain)
        judge_call(self._service.plan, call, name, plain)

        def give(released: Message) -> Any:
            return with_changes(arguments, released["tool_calls"][0]["arguments"])

        return _Check(call, "tool_call", retrieved, give, lambda: None, message)

    def _result_check(self, name: str, result: T, messages: Any, context: Any) -> _Check[T]:
        retrieved, before = Context.of(context), self._so_far(messages)
        plain = as_plain(result)
        key, message = _result_message(name, plain)
        call = self._begin([*before, message], retrieved)
        call.history = len(before)
        judge_result(self._service.plan, call, name, plain)

        def give(_: Message) -> Any:
            now = call.messages[-1]
            if key is None:
                role = {"role": plain["role"]} if "role" in plain else {}
                return with_changes(result, {name: now[name] for name in plain} | role)
            return with_changes(result, now[key])

        return _Check(
            call,
            "tool_result",
            retrieved,
            give,
            lambda: self._service.plan.refusal if isinstance(result, str) else None,
        )


def _result_message(name: str, result: Any) -> tuple[str | None, Message]:
    """What a tool answered as a message, and under which key it is; None: in the keys of the message."""
    message: Message = {"role": "tool", "name": name}
    if isinstance(result, Mapping) and _is_message(result):
        return None, {**result, "role": "tool"}
    if isinstance(result, Mapping) or (isinstance(result, list) and not _are_parts(result)):
        return "parsed", {**message, "parsed": result}
    if result is None or isinstance(result, str | list):
        return "content", {**message, "content": result}
    return "content", {**message, "content": str(result)}


def _is_message(result: Mapping[str, Any]) -> bool:
    """Whether it is a tool's message, or what an MCP server answers; a letter with a `content` is neither."""
    content = result.get("content")
    if isinstance(content, list):
        return _are_parts(content)
    said = {str(result.get("role")), str(result.get("type"))}
    return isinstance(content, str) and not (said.isdisjoint(_OF_TOOLS) and _LINKS.isdisjoint(result))


def _are_parts(items: list[Any]) -> bool:
    return all(isinstance(item, Mapping) and str(item.get("type")) in _PARTS for item in items)
