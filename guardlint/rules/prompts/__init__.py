"""Rules of the family ``prompts``."""

from collections.abc import Iterator

from guardlint.rules.rule import Project


def concerns(project: Project) -> bool:
    """Where there is a prompt."""
    return bool(project.configuration.prompts)


def silent(project: Project) -> Iterator[str]:
    """Without a prompt that a rail asks with; without a limit on one."""
    from guardlint.nemo.asking import asked_prompts

    asked = list(asked_prompts(project.configuration))
    if not asked:
        yield from ("inverted-question", "prompt-without-text", "unfit-output-parser", "unreadable-verdict")
    if not any(prompt.data.keys() & {"max_length", "max_tokens", "stop"} for prompt in asked):
        yield "prompt-too-tight"
