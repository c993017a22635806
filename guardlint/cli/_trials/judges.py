"""Who answers the prompts of a rail on trial: a script, or a real endpoint behind a relay that remembers."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from guardlint.harness.brain import ScriptedBrain, SeenPrompt
from guardlint.harness.endpoint import Endpoint, RelayServer
from guardlint.harness.openai_server import ScriptedServer

__all__ = ["Judge"]


class Judge:
    """A server on the loopback interface; ``base_url`` is where the rail asks.

    Scripted, it gives the answers of a case in their order, and one too many is an outage. With an endpoint,
    that decides, and ``failure`` says why it gave no answer.
    """

    def __init__(self, endpoint: Endpoint | None, stack: ExitStack) -> None:
        self._answers: list[str] = []
        self.scripted = endpoint is None
        if endpoint is None:
            self._server: ScriptedServer = ScriptedServer(ScriptedBrain(judge=self._next))
            self._failures: list[str] = []
        else:
            relay = RelayServer(endpoint)
            self._server, self._failures = relay, relay.failures
        self.base_url = stack.enter_context(self._server).base_url

    def begin(self, answers: Sequence[str]) -> None:
        """Forget what was asked; ``answers`` are the next ones of a script."""
        self._answers = list(answers)
        self._failures.clear()
        self._server.forget()

    @property
    def asked(self) -> int:
        """How often it was asked."""
        return len(self._server.seen)

    @property
    def seen(self) -> str:
        """All that it was shown."""
        return "\n".join(prompt.text for prompt in self._server.seen)

    @property
    def failure(self) -> str | None:
        """Why the endpoint gave no answer, if it gave none."""
        return self._failures[0] if self._failures else None

    def _next(self, _: SeenPrompt) -> str:
        if not self._answers:
            raise RuntimeError("the case scripts no further answer")
        return self._answers.pop(0)
