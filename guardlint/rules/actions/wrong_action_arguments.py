"""A flow gives an action other arguments than it takes.

What it does: compares what ``execute f(…)`` and ``await F(…)`` pass with the signature of the team's
function: unknown names, arguments without a name, required parameters that nobody gives, and a parameter
for the text that nobody gives and that has an empty default. What NeMo gives itself is known.

Why it matters: the call raises an error. In Colang 1.0 every message is then refused with "internal error";
in 2.x the result is None, the flow goes on, and everything passes. A text parameter that stays at its
default means that the check reads nothing.

How to fix: name each argument as the function does, and give it the text.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final

from guardlint.nemo.configuration import Configuration
from guardlint.rules._mends import is_slip
from guardlint.rules._text_mends import replace_text
from guardlint.rules.actions._code import Function, Use, code_of, place_of, tests_of, uses
from guardlint.rules.rule import Fix, Found, Project, Related, Rule
from guardlint.source.names import closest
from guardlint.source.place import Place
from guardlint.source.python import PythonFile

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="safe", controls=("LLM01:2025",))

# What both runtimes put in by the parameter's name (``_process_start_action``; ``register_action_param`` in
# rails/llm/llmrails.py).
_GIVEN: Final = frozenset(
    "events context config llm_task_manager state kb llm llms model_caches http_client".split()
)
_TEXTS: Final = frozenset(
    "text message input input_text user_input user_message user_text query question prompt content "
    "output output_text response answer bot_response bot_message bot_text".split()
)


def check(project: Project) -> Iterator[Found]:
    """One finding for each call."""
    configuration = project.configuration
    for use in uses(configuration):
        code = code_of(configuration, use.name)
        if code is None or not isinstance(code.node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        given = _arguments(use)
        if given is not None and not _is_partial(code.node):
            found = _fault(configuration, use, code.file, code.node, *given)
            if found is not None:
                yield found


def _arguments(use: Use) -> tuple[list[str], list[str]] | None:
    """Names, and values without a name; None for what cannot be read, as over several lines."""
    text = use.arguments.strip()
    if use.statement.text.count("(") != use.statement.text.count(")"):
        return None
    names: list[str] = []
    bare: list[str] = []
    for part in map(str.strip, _split(text)):
        match = re.match(r"\$?([A-Za-z_]\w*)\s*=(?!=)", part)
        if match is not None:
            names.append(match[1])
        elif part:
            bare.append(part)
    return names, bare


def _split(text: str) -> Iterator[str]:
    depth, quote, part = 0, "", ""
    for character in text:
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        if character == "," and not quote and not depth:
            yield part
            part = ""
        else:
            part += character
    yield part


def _is_partial(node: Function) -> bool:
    """Another decorator may change what the function takes."""
    return any(
        getattr(item.func if isinstance(item, ast.Call) else item, "id", "") != "action"
        and getattr(item.func if isinstance(item, ast.Call) else item, "attr", "") != "action"
        for item in node.decorator_list
    )


def _fault(
    configuration: Configuration,
    use: Use,
    file: PythonFile,
    node: Function,
    names: list[str],
    bare: list[str],
) -> Found | None:
    parameters = [item.arg for item in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    required = _required(node)
    takes = Related(place_of(file, node), "takes " + (", ".join(parameters) or "nothing"))
    if bare:
        wanted = next((item for item in parameters if item not in _GIVEN and item not in names), None)
        return _broken(
            configuration,
            use,
            f"`{use.name}` is given an argument without a name",
            f"write `{use.name}({wanted}={bare[0]})`" if wanted else "take the argument out",
            takes,
            _argument(configuration, use, bare[0], f"{wanted}={bare[0]}", safe=len(parameters) == 1)
            if wanted and len(bare) == 1
            else None,
        )
    unknown = [] if node.args.kwarg else [name for name in names if name not in parameters]
    missing = [item for item in required if item not in names and item not in _GIVEN]
    missing = [
        item
        for item in missing
        if not item.startswith("__context__") and not _registered(configuration, item)
    ]
    if unknown:
        free = [item for item in parameters if item not in names and item not in _GIVEN]
        meant = closest(unknown[0], free) or (free[0] if len(free) == 1 else None)
        return _broken(
            configuration,
            use,
            f"`{use.name}` takes no `{unknown[0]}`",
            f"write `{meant}=`" if meant else f"take `{unknown[0]}` out, or add it to the function",
            takes,
            _argument(configuration, use, f"{unknown[0]}=", f"{meant}=", safe=is_slip(unknown[0], meant))
            if meant
            else None,
        )
    if missing:
        return _broken(
            configuration,
            use,
            f"`{use.name}` needs `{missing[0]}`, which nobody gives it",
            f"write `{use.name}({missing[0]}=…)`",
            takes,
        )
    return _unread(configuration, use, parameters, names, takes)


def _argument(configuration: Configuration, use: Use, old: str, new: str, *, safe: bool) -> Fix | None:
    """One argument of the call written otherwise."""
    text, place = use.statement.text, use.statement.place
    begin = text.find(use.arguments)
    at = text.find(old, max(begin, text.find(use.name) + len(use.name)))
    if at < 0 or text.count(old, at) != 1 or "\n" in text[:at]:
        return None
    where = Place.at(place.file, place.line, place.column + at, len(old))
    return replace_text(configuration, where, old, new, safe=safe)


def _broken(
    configuration: Configuration,
    use: Use,
    message: str,
    mend: str,
    takes: Related,
    fix: Fix | None = None,
) -> Found:
    effect = "the call is an error: every message that comes here is answered with an internal error"
    if configuration.generation == "2.x":
        tests = tests_of(use)
        effect = "the call is an error, and its result None: "
        effect += (
            "the flow takes that for a bad text and refuses everything"
            if tests and not tests[0].blocks_on
            else "the flow goes on, and everything passes"
        )
    value = (use.flow.name, use.name, message)
    return Found(message, use.place, effect, mend, value=value, related=(takes,), fix=fix)


def _unread(
    configuration: Configuration, use: Use, parameters: list[str], names: list[str], takes: Related
) -> Found | None:
    """The one parameter for the text stays at its empty default."""
    if names or {"context", "events", "state"} & set(parameters) or not tests_of(use):
        return None
    text = next((item for item in parameters if item in _TEXTS), None)
    if text is None or _registered(configuration, text):
        return None
    given = "$" + (use.flow.parameters[0] if use.flow.parameters else _spoken(configuration, use))
    return Found(
        f"`{use.name}` is not given the text",
        use.place,
        f"`{text}` keeps its default: the action looks at nothing, whatever the message says",
        f"write `{use.name}({text}={given})`",
        value=(use.flow.name, use.name, text),
        related=(takes,),
    )


def _spoken(configuration: Configuration, use: Use) -> str:
    listed = any(rail.flow == use.flow.name for rail in configuration.rails("output"))
    return "bot_message" if listed else "user_message"


def _required(node: Function) -> list[str]:
    positional = [item.arg for item in (*node.args.posonlyargs, *node.args.args)]
    found = positional[: len(positional) - len(node.args.defaults)]
    pairs = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
    return [*found, *(item.arg for item, default in pairs if default is None)]


def _registered(configuration: Configuration, name: str) -> bool:
    """Whether code gives it to every action (``register_action_param``)."""
    return any(
        "register_action_param" in configuration.texts[file.file] for file in configuration.python_files
    ) or (name.endswith("_llm"))
