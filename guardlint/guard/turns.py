"""One guarded call of a chat function: what goes into it, what came out, and what is given back."""

from __future__ import annotations

import inspect
import logging
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

from guardlint.errors import UsageError
from guardlint.guard.bare import alone
from guardlint.guard.call import Call
from guardlint.guard.conversations import Context
from guardlint.guard.messages import Message
from guardlint.guard.refusals import Blocked, OnBlock, refusal
from guardlint.guard.replies import Reply
from guardlint.guard.service import Service
from guardlint.guard.tools import judge_calls, judge_results
from guardlint.guard.verdict import Verdict
from guardlint.guard.wrapping import ChatFunction
from guardlint.pii import Pseudonyms

if TYPE_CHECKING:
    from guardlint.guard.streaming.stream import Stream

__all__ = ["Turn"]

_LOG = logging.getLogger("guardlint.guard")


class Turn:
    """A call of ``chat`` with these arguments.  The guard and the function run between its methods.

    Whoever runs it also records it: some have to wait for that, and some must not.

    ``history`` is what a conversation may keep afterwards, as the model saw it; None when the turn left
    nothing to keep.  What was said is here alone, never in the variables of whoever runs it: an exception
    that leaves the guard takes their frames along.
    """

    __slots__ = (
        "_started",
        "_wishes",
        "args",
        "call",
        "chat",
        "context",
        "conversation",
        "given",
        "history",
        "kwargs",
        "message",
        "reply",
        "service",
        "stream",
    )

    def __init__(
        self,
        service: Service,
        chat: ChatFunction,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        wishes: tuple[OnBlock | None, OnBlock | None] = (None, None),
        pseudonyms: Pseudonyms | None = None,
        untrusted: frozenset[str] = frozenset(),
    ) -> None:
        """Read the arguments and judge what tools answered.

        ``wishes`` are the guard's on_block and on_error, ``untrusted`` the roles of the
        application that are judged all the same.  Raises UsageError for messages that cannot be read.
        """
        self.service = service
        self.chat = chat
        self.conversation = chat.read(args, kwargs)
        self.context = Context.of(chat.take_context(args, kwargs))
        self.call = Call(list(self.conversation.messages), context=list(self.context.texts))
        self.call.untrusted = untrusted
        if pseudonyms is not None:
            self.call.pseudonyms = pseudonyms
        self.call.content["input"] = service.audit.keyed_hash(self.call.messages)
        self.history: list[Message] | None = None
        self.reply: Reply | None = None
        self.stream: Stream | None = None
        self.args, self.kwargs = args, kwargs
        self.given: Any = None
        self.message: Message = {}
        self._wishes = wishes
        self._started = 0.0
        judge_results(service.plan, self.call)

    def prepare(self) -> None:
        """Make ``args`` and ``kwargs`` what the function is called with, after the input steps."""
        call, chat = self.call, self.chat
        try:
            self.args, self.kwargs = chat.put(self.args, self.kwargs, self.conversation, call.messages)
            if call.context:
                context = self.context.give(call.context)
                self.args, self.kwargs = chat.put_context(self.args, self.kwargs, context)
        except BaseException:
            call.block("guard-failed", error=True)
            raise
        self._started = perf_counter()

    def returned(self) -> None:
        """Read ``given``, which the function returned, into ``message``, and judge the tools that it calls.

        Raises UsageError for a reply that cannot be read.
        """
        self.took()
        try:
            self.reply = Reply.of(self.given)
        except UsageError as error:
            self.call.block("reply-unsupported", error=True)
            raise alone(error) from None
        self.message = self.reply.message
        self.chat.learn(self.reply)
        judge_calls(self.service.plan, self.call, self.message)
        if self.call.blocked:
            self.call.content["output"] = self.service.audit.keyed_hash(self.message)

    def released(self, message: Message) -> Any:
        """The reply in the function's shape, after the output steps."""
        assert self.reply is not None, "the function has returned"
        self.history = [*self.said(), *self.reply.messages(self.call.unrestored or message)]
        return self.reply.give(message)

    def streamed(self, message: Message) -> None:
        """The pieces of ``message``, which the function yielded, have come to their end."""
        self.took()
        self.call.content["output"] = self.service.audit.keyed_hash(message)

    def refused(self, verdict: Verdict) -> tuple[Any, Verdict]:
        """What the caller gets now that the call is blocked, and the verdict.

        Raises Blocked when that is wished for, and when the class of the replies cannot hold a refusal.
        """
        wish = self._wish(verdict)
        if callable(wish):
            try:
                made = wish(verdict)
                if not inspect.isawaitable(made):
                    return made, verdict
                if inspect.iscoroutine(made):
                    made.close()
                raise TypeError("a sync function cannot await what on_block returns")
            except Exception as error:  # noqa: BLE001 - whatever it raises, the block stands
                verdict = _failed(verdict, error)
        return self._refusal(verdict), verdict

    async def arefused(self, verdict: Verdict) -> tuple[Any, Verdict]:
        """:meth:`refused` for async functions, whose ``on_block`` may be one too."""
        wish = self._wish(verdict)
        if callable(wish):
            try:
                made = wish(verdict)
                return await made if inspect.isawaitable(made) else made, verdict
            except Exception as error:  # noqa: BLE001 - whatever it raises, the block stands
                verdict = _failed(verdict, error)
        return self._refusal(verdict), verdict

    def _wish(self, verdict: Verdict) -> OnBlock:
        if self.reply is not None:
            refused = {"role": "assistant", "content": self.service.plan.refusal}
            self.history = [*self.said(), refused]
        ours, ours_of_errors = self._wishes
        wish = self.chat.on_block or ours or "message"
        wish = (self.chat.on_error or ours_of_errors or wish) if self.call.error else wish
        if wish == "exception":
            raise Blocked(verdict)
        return wish

    def _refusal(self, verdict: Verdict) -> Any:
        if self.stream is not None:
            return self.stream.refusal(self.service.plan.refusal, verdict)
        given = self.reply.given if self.reply is not None else None
        try:
            return refusal(self.service.plan.refusal, self.chat.shape, given)
        except TypeError:
            raise Blocked(verdict) from None

    def said(self) -> list[Message]:
        """The messages that a conversation may keep: without those of arguments that come with every call."""
        return self.conversation.newest(self.call.messages)

    def took(self) -> None:
        """The function is done, in one way or another."""
        self.call.function_ms = (perf_counter() - self._started) * 1000


def _failed(verdict: Verdict, error: Exception) -> Verdict:
    _LOG.error("what is to be done on a block failed (%s)", type(error).__name__)
    return replace(verdict, error=True)
