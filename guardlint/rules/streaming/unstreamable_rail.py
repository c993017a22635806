"""An output rail that cannot do its work while the answer is streamed.

What it does: with ``rails.output.streaming`` switched on, looks at how each output rail is made: what its
flow executes, what it tests and rewrites, and what its action takes and returns.

Why it matters: while streaming, NeMo does not run the flow. It takes the action of the first ``execute`` and
asks that action alone for each chunk. A second check is never asked, a rewritten answer is not used, a flow
without ``execute`` ends the request, and a rail that needs retrieved chunks has none and lets all pass.

How to fix: one action for each rail, which takes ``**kwargs`` and returns a RailOutcome, or no streaming.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from guardlint.nemo.catalogue import load_catalogue
from guardlint.nemo.configuration import Configuration
from guardlint.nemo.references import RailReference
from guardlint.nemo.shapes import is_true
from guardlint.rules.rule import Fix, Found, Project, Related, Rule
from guardlint.source.colang import Flow, Statement
from guardlint.source.edits import Edit
from guardlint.source.place import Place
from guardlint.source.python import ActionDefinition

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="safe", controls=("LLM05:2025",))

_STREAMING = ("rails", "output", "streaming")
_TESTS = frozenset({"if", "elif", "while", "when"})
# What NeMo hands to every action while it streams (LLMRails._run_output_rails_in_streaming).
_GIVEN = frozenset({"context", "llm_task_manager", "config", "model_name", "llms", "llm"})


def check(project: Project) -> Iterator[Found]:
    """One finding for each rail."""
    configuration = project.configuration
    if configuration.generation != "1.0" or not is_true(configuration.value((*_STREAMING, "enabled"))):
        return
    for rail in configuration.rails("output"):
        flow = configuration.flows.get(rail.flow)
        if flow is not None:
            found = _own_flow(configuration, rail, flow)
        else:
            found = _library_flow(configuration, rail)
        if found is not None:
            yield found


def _own_flow(configuration: Configuration, rail: RailReference, flow: Flow) -> Found | None:
    executes = [item for item in flow.statements if item.call is not None and item.call.kind == "execute"]
    listed = Related(rail.place, "listed here, with streaming switched on")
    if not executes:
        parallel = is_true(configuration.value(("rails", "output", "parallel")))
        return Found(
            f"`{rail.flow}` executes no action, so it cannot check a stream",
            flow.place,
            "NeMo finds no action to ask and lets every chunk pass, whatever the other output rails are"
            if parallel
            else "every streamed request ends in an error",
            "put the check into an action that returns a RailOutcome and `execute` it in this flow itself",
            value=flow.name,
            related=(listed,),
        )
    rewriting = next((item for item in flow.statements if item.target == "bot_message"), None)
    if rewriting is not None:
        return Found(
            f"`{rail.flow}` rewrites the answer, and a stream is not rewritten",
            rewriting.place,
            "NeMo takes no text from the rail: the reader gets the model's own words, or an error instead",
            "switch streaming off, or block instead of rewriting",
            value=flow.name,
            related=(listed,),
        )
    second = next((item for item in executes[1:] if _is_tested(flow, item)), None)
    if second is not None and second.call is not None:
        first = executes[0]
        return Found(
            f"`{second.call.name}` is never asked while the answer is streamed",
            second.call.place,
            f"NeMo runs only the first action of `{rail.flow}`; what this one would block is delivered",
            "give this check a flow of its own under `rails.output.flows`",
            value=(flow.name, second.call.name),
            related=(
                listed,
                *([Related(first.call.place, "this action runs")] if first.call is not None else []),
            ),
        )
    test = next((i for i in flow.statements if i.kind in _TESTS and "$bot_message" in i.expression), None)
    if test is not None:
        return Found(
            f"a test of `{rail.flow}` is not made while the answer is streamed",
            test.place,
            "NeMo runs the flow's action and none of its tests; what this one would block is delivered",
            "put the test into the action, which returns a RailOutcome",
            value=(flow.name, test.text),
            related=(listed,),
        )
    assert executes[0].call is not None
    action = configuration.action_named(executes[0].call.name)
    return _action(configuration, rail, action, listed) if action is not None else None


def _action(
    configuration: Configuration, rail: RailReference, action: ActionDefinition, listed: Related
) -> Found | None:
    """What the action takes and returns, where its source says so."""
    library = configuration.catalogue.action("self_check_output")
    outcome = bool(library and library["rail"])
    if outcome and action.returns == "bool":
        return Found(
            f"`{action.function}` returns true or false, and a stream needs a RailOutcome",
            action.place,
            "every streamed answer ends with an internal error in the place of the text",
            "return `RailOutcome.block()` or `RailOutcome.allow()`, and test `.is_blocked` in the flow",
            value=(rail.flow, action.function),
            related=(listed,),
        )
    missing = _refuses(configuration.texts.get(action.place.file, ""), action)
    if not missing:
        return None
    return Found(
        f"`{action.function}` does not take `{missing}`, which NeMo passes while it streams",
        action.place,
        "the call fails, and every streamed answer ends with an internal error in the place of the text",
        "add `**kwargs` to its parameters",
        value=(rail.flow, action.function),
        related=(listed,),
        fix=_with_kwargs(configuration.texts.get(action.place.file, ""), action),
    )


def _refuses(text: str, action: ActionDefinition) -> str | None:
    """A parameter that NeMo passes to every action and that this function does not take."""
    if re.search(rf"def\s+{re.escape(action.function)}\b", text) is None:
        return None
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return None
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.name != action.function:
            continue
        # Another decorator may change what the function takes.
        if node.args.kwarg is not None or len(node.decorator_list) > 1:
            return None
        names = {item.arg for item in (*node.args.args, *node.args.kwonlyargs)}
        return min(_GIVEN - names, default=None)
    return None


def _with_kwargs(text: str, action: ActionDefinition) -> Fix | None:
    """``**kwargs`` behind the last parameter."""
    for node in ast.walk(ast.parse(text.removeprefix("\ufeff"))):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.name != action.function:
            continue
        given = node.args
        nodes: list[ast.arg | ast.expr] = [
            *given.posonlyargs,
            *given.args,
            *given.kwonlyargs,
            *given.defaults,
        ]
        nodes += [item for item in (given.vararg, *given.kw_defaults) if item is not None]
        ends = [(item.end_lineno or 0, item.end_col_offset or 0) for item in nodes]
        line, column = max(ends, default=(0, 0))
        # Columns of the tree count bytes.
        if not line or not text.removeprefix("\ufeff").split("\n")[line - 1].isascii():
            return None
        edit = Edit.insert(action.place.file, line, column + 1, ", **kwargs")
        return Fix(f"add `**kwargs` to the parameters of `{action.function}`", (edit,))
    return None


def _is_tested(flow: Flow, executed: Statement) -> bool:
    """Whether the flow decides anything by the result."""
    if executed.target is None:
        return False
    name = re.compile(rf"\${executed.target}\b")
    after = flow.statements[flow.statements.index(executed) + 1 :]
    return any(item.kind in _TESTS and name.search(item.expression) for item in after)


def _library_flow(configuration: Configuration, rail: RailReference) -> Found | None:
    place: Place = rail.place
    if rail.surface and rail.surface["transform"]:
        early = configuration.effective((*_STREAMING, "stream_first"))
        if early or configuration.effective((*_STREAMING, "context_size")):
            return None  # NeMo does not load this
        return Found(
            f"`{rail.flow}` rewrites the answer, and LLMRails does not rewrite a stream",
            place,
            "the streamed answer ends with an internal error in the place of the text",
            "switch streaming off, or take the rail that detects and blocks",
            path=rail.path,
            value=rail.text,
        )
    refused = load_catalogue().data["iorails"]["refused"]["output"]
    if rail.flow not in refused or not refused[rail.flow]:
        return None
    armed_by = configuration.catalogue.flows("1.0").get(rail.flow, {}).get("armed_by")
    assigned = any(
        item.target == armed_by for flow in configuration.flows.values() for item in flow.statements
    )
    if armed_by and not assigned:
        return None  # it checks nothing anyway
    own_judge = rail.flow.startswith("self check ")
    return Found(
        f"`{rail.flow}` has nothing to compare a stream with",
        place,
        "while streaming, the rail gets neither the retrieved chunks nor the question"
        + (", and lets every answer pass" if own_judge else ""),
        "switch streaming off for this configuration, or check facts before the answer is written",
        path=rail.path,
        value=rail.text,
        # What a service says that is given no chunks, only the service knows.
        severity=None if own_judge else "warning",
        confidence=None if own_judge else "medium",
    )
