"""The prompt of a checking rail never shows the text that it should check.

What it does: compares the variables of a prompt with those that carry the checked text for its task.

Why it matters: a variable that NeMo does not fill is rendered as nothing. The judge reads a question about
an empty message, answers that all is well, and every message passes.

How to fix: show the text with the variable of the task, e.g. ``{{ user_input }}``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from guardlint.nemo.asking import asked_prompts, shown_variables, texts_not_shown
from guardlint.nemo.configuration import Configuration, Prompt
from guardlint.nemo.templates import Variable
from guardlint.rules._mends import is_slip
from guardlint.rules._text_mends import replace_text
from guardlint.rules.rule import Fix, Found, Project, Related, Rule
from guardlint.source.names import closest
from guardlint.source.place import Place
from guardlint.source.yaml_file import DataPath

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="safe", controls=("LLM01:2025",))

# What the text is called in a flow, where it is called something else in a prompt.
_OF_THE_FLOW = (("user_message", "user_input"), ("bot_message", "bot_response"))


def check(project: Project) -> Iterator[Found]:
    """One finding for each prompt that a configured rail uses."""
    configuration = project.configuration
    for prompt in asked_prompts(configuration):
        facts = configuration.catalogue.task(prompt.task)
        missing = texts_not_shown(configuration, prompt)
        if not missing or facts is None or not prompt.data.keys() & {"content", "messages"}:
            continue
        read = [(path, variable) for text, path in prompt.templates for variable in shown_variables(text)]
        known = {*facts["variables"], *configuration.catalogue.data["context_variables"]}
        wrong = _wrong(read, missing, known)
        place, mend, fix = _mend(configuration, prompt, missing, wrong)
        names = " and ".join(f"`{name}`" for name in missing)
        yield Found(
            f"the prompt `{prompt.task}` never shows {names}",
            place,
            f"NeMo fills the gap with nothing: the judge never sees the {_what(prompt.task)}, and all pass",
            mend,
            path=(*prompt.path, "content" if "content" in prompt.data else "messages"),
            value=(prompt.task, missing),
            related=tuple(
                Related(other.place, "NeMo does not take this prompt: the other one wins")
                for other in configuration.prompts
                if other.task == prompt.task and other is not prompt
            ),
            fix=fix,
        )


def _what(task: str) -> str:
    return "answer" if "output" in task or "facts" in task or "hallucination" in task else "message"


def _wrong(
    read: list[tuple[DataPath, Variable]], missing: list[str], known: set[str]
) -> tuple[DataPath, Variable] | None:
    """The variable that was probably meant to be a missing one."""
    unknown = [(path, variable) for path, variable in read if variable.name not in known]
    near = [item for item in unknown if closest(item[1].name, missing)]
    return next(iter(near or unknown), None)


def _mend(
    configuration: Configuration, prompt: Prompt, missing: list[str], wrong: tuple[DataPath, Variable] | None
) -> tuple[Place, str, Fix | None]:
    meant = missing[0]
    if wrong is not None:
        path, variable = wrong
        origin = configuration.joined.origin(path)
        meant = closest(variable.name, missing) or meant
        if origin is not None:
            file, own = origin
            place = file.inside(own, variable.offset, variable.length)
            old = configuration.value(path)[variable.offset : variable.offset + variable.length]
            new = re.sub(rf"\b{re.escape(variable.name)}\b", meant, old, count=1)
            near = is_slip(variable.name, meant) or (variable.name, meant) in _OF_THE_FLOW
            safe = near and variable.use == "shown"
            fix = replace_text(configuration, place, old, new, path=path, safe=safe)
            return place, f"write `{{{{ {meant} }}}}`", fix
    for text, path in prompt.templates:
        for name in missing:
            brace = re.search(rf"(?<!\{{)[\{{<\[]\s*{name}\s*[\}}>\]](?!\}})|\$\{{?{name}\b\}}?", text)
            origin = configuration.joined.origin(path)
            if brace is not None and origin is not None:
                place = origin[0].inside(origin[1], brace.start(), len(brace[0]))
                fix = replace_text(configuration, place, brace[0], f"{{{{ {name} }}}}", path=path)
                return place, f"write `{{{{ {name} }}}}` with two braces", fix
    place = _spoken_of(configuration, prompt, missing) or _beginning(configuration, prompt)
    return place, f"show the text in the prompt: `{{{{ {meant} }}}}`", None


def _beginning(configuration: Configuration, prompt: Prompt) -> Place:
    """The first line of the last message: of a variable that is gone nothing tells where it stood."""
    for text, path in reversed(prompt.templates):
        line = text.lstrip("\n").split("\n", 1)[0]
        origin = configuration.joined.origin(path)
        if line.strip() and origin is not None:
            start = text.index(line) + len(line) - len(line.lstrip())
            return origin[0].inside(origin[1], start, len(line.strip()))
    return prompt.place


def _spoken_of(configuration: Configuration, prompt: Prompt, missing: list[str]) -> Place | None:
    """Where the prompt has the name in a comment or a branch never taken, or else another text instead."""
    instead: tuple[DataPath, int, int] | None = None
    for text, path in prompt.templates:
        named = re.search(rf"\b(?:{'|'.join(map(re.escape, missing))})\b", text)
        if named is not None:
            instead = (path, named.start(), len(named[0]))
            break
        shown = next(iter(shown_variables(text)), None)
        if shown is not None and instead is None:
            instead = (path, shown.offset, shown.length)
    if instead is None or (origin := configuration.joined.origin(instead[0])) is None:
        return None
    return origin[0].inside(origin[1], instead[1], instead[2])
