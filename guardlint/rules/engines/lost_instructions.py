"""Instructions for a model that NeMo hands nothing but the message.

What it does: reports ``instructions`` of type ``general`` beside ``passthrough: true``, where no dialog and
no prompt uses them.

Why it matters: with ``passthrough`` NeMo sends the caller's messages as they are. What the team wrote for the
model ("never give advice") reaches no model.

How to fix: take ``passthrough`` out, or let the application send the instructions as a system message.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.nemo.shapes import is_true
from guardlint.rules.rule import Found, Project, Related, Rule
from guardlint.source.yaml_file import DataPath

RULE = Rule(severity="warning", confidence="high", since="0.1.0")


def check(project: Project) -> Iterator[Found]:
    """At most one finding."""
    configuration = project.configuration
    passthrough: DataPath = ("passthrough",)
    if configuration.generation != "1.0" or not is_true(configuration.value(passthrough)):
        return
    if is_true(configuration.value(("rails", "dialog", "single_call", "enabled"))):
        return  # NeMo refuses the two together, and which is to go is not known
    listed = configuration.value(("instructions",), [])
    general = next(
        (
            index
            for index, item in enumerate(listed if isinstance(listed, list) else [])
            if isinstance(item, dict)
            and item.get("type") == "general"
            and str(item.get("content", "")).strip()
        ),
        None,
    )
    if general is None or configuration.user_messages or _used(project):
        return
    path: DataPath = ("instructions", general)
    yield Found(
        "these instructions reach no model",
        configuration.place((*path, "content"), key=True),
        "`passthrough` sends the caller's messages to the model as they are",
        "take `passthrough` out, or let the application send the text as a system message",
        path=path,
        value="instructions",
        related=(Related(configuration.place(passthrough, key=True), "switched on here"),),
    )


def _used(project: Project) -> bool:
    """Whether a prompt shows them to a judge."""
    return any(
        "general_instructions" in text
        for prompt in project.configuration.prompts
        for text, _ in prompt.templates
    )
