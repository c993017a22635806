"""Passthrough sends the earlier messages of a conversation as the application gave them.

What it does: looks for ``passthrough: true`` beside a rail that masks the message.

Why it matters: in passthrough mode NeMo puts the masked text in the place of the last message only
(``actions/llm/generation.py``). From the second message on, the model reads the first one with everything
that was masked when it came.

How to fix: leave passthrough off, or have the application mask the history that it sends.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.nemo.personal_data import NAME, entities
from guardlint.nemo.shapes import is_true
from guardlint.nemo.taint import MASKING, steps
from guardlint.rules.rule import Found, Project, Related, Rule

RULE = Rule(severity="warning", confidence="high", since="0.1.0", controls=("LLM02:2025",))


def check(project: Project) -> Iterator[Found]:
    """At most one finding."""
    configuration = project.configuration
    if configuration.generation != "1.0" or not is_true(configuration.value(("passthrough",))):
        return
    masks = [
        step
        for step in steps(configuration, "input")
        if step.action in MASKING
        and step.source == "input"
        and (MASKING[step.action] != NAME or entities(configuration, "input"))
    ]
    if not masks or configuration.user_messages:
        return
    yield Found(
        "`passthrough` sends the earlier messages unmasked",
        configuration.place(("passthrough",), key=True),
        f"`{masks[0].shown}` masks the last message only: the model reads the ones before it in clear",
        "leave `passthrough` off, or mask the history where the application keeps it",
        path=("passthrough",),
        value=True,
        related=(Related(masks[0].place, "masks the last message"),),
    )
