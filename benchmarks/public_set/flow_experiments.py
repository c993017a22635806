"""What a finding says about a flow or an action: the flow is made the only rail, and a message is sent."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from .staging import Case, Verdict, false, true, undecided
from .talking import ANSWER, Judge, Talk, ask, loaded, only

if TYPE_CHECKING:
    from nemoguardrails import LLMRails

__all__ = [
    "dialog_flow_as_rail",
    "fail_open_action",
    "never_set_variable",
    "old_style_outcome",
    "rail_without_settings",
    "stale_message",
    "undefined_flow",
    "undefined_message",
    "unknown_context_key",
    "unreadable_condition",
]

_OUTPUT_WORDS = ("output", "facts", "hallucination", "bot_message", "bot_response")


def dialog_flow_as_rail(case: Case, root: Path, _others: Sequence[Case]) -> Verdict:
    """Every message gets an empty reply."""
    direction = "output" if "output rail" in case.message else "input"
    talk = ask(root, Judge(condemns=False), only(direction, case.names[0]))
    return true(str(talk)) if not talk.reply.strip() and not talk.broken else false(str(talk))


def old_style_outcome(case: Case, root: Path, _others: Sequence[Case]) -> Verdict:
    """The test comes to the same whatever the judge says."""
    flow, way = case.flow(root), _direction(case, root)
    armed = {"relevant_chunks": "It rains.", "check_facts": True, "check_hallucination": True}
    condemned = acquitted = Talk()
    # As it is; with what arms the library's rails; at last the assignment and the test alone.
    for name, context in ((flow, None), (flow, armed), ("", armed)):
        rail = only(way, name or _probe(case, root))
        condemned = ask(root, Judge(condemns=True), rail, context=context)
        acquitted = ask(root, Judge(condemns=False), rail, context=context)
        if case.names[1] in (*condemned.executed, *acquitted.executed):
            break
    else:
        return undecided(f"`{case.names[1]}` does not run when `{flow}` is the rail: {condemned}")
    words = case.at_run_time
    if "raises" in words:
        return true(str(condemned)) if condemned.broken else false(str(condemned))
    tests = condemned.values(_test(case.source(root)))
    if condemned.broken and not tests:
        return undecided(f"the request breaks before the test: {condemned}")
    if "never true" in words:
        if tests:
            return false(f"the test comes to {tests}") if any(tests) else true(f"the test is {tests[-1]!r}")
        return true(str(condemned)) if condemned.passed else false(str(condemned))
    tests = acquitted.values(_test(case.source(root)))
    if tests:
        return true(f"the test is {tests[-1]!r}") if all(tests) else false(f"the test comes to {tests}")
    return false(str(acquitted)) if acquitted.passed else true(str(acquitted))


def never_set_variable(case: Case, root: Path, _others: Sequence[Case]) -> Verdict:
    """The test is never true."""
    talk = ask(root, Judge(condemns=True), only(_direction(case, root), case.flow(root)), instead=False)
    tests = talk.values(_test(case.source(root)))
    if not tests:
        return undecided(f"the test was not made: {talk}")
    return false(f"the test comes to {tests}") if any(tests) else true(f"the test is {tests[-1]!r}; {talk}")


def stale_message(case: Case, root: Path, _others: Sequence[Case]) -> Verdict:
    """Nothing in the flow sees the message at hand."""
    talk = ask(root, Judge(condemns=True), only("output", case.flow(root)))
    given = [params for _, params in talk.actions if ANSWER in map(str, params.values())]
    if talk.broken and not talk.actions:
        return undecided(str(talk))
    return false("an action is given the message") if given else true(f"no action is given it; {talk}")


def undefined_message(case: Case, root: Path, _others: Sequence[Case]) -> Verdict:
    """A rail that says the message has the model write it."""
    name = case.names[0]
    (root / "zz_probe.co").write_text(f"define flow zz probe\n  bot {name}\n  stop\n", encoding="utf-8")
    talk = ask(root, Judge(condemns=False), only("input", "zz probe"))
    if talk.broken:
        return undecided(str(talk))
    asked = "generate_bot_message" in talk.tasks or talk.passed
    return true(f"the model is asked for `bot {name}`") if asked else false(str(talk))


def undefined_flow(case: Case, root: Path, _others: Sequence[Case]) -> Verdict:
    """The runtime holds no flow of the name."""
    with loaded(root, Judge(condemns=False)) as (rails, _):
        held = rails.runtime.flow_configs
    name = case.names[0]
    return false("the runtime holds it") if name in held else true(f"not among the {len(held)} flows held")


def unreadable_condition(case: Case, _root: Path, _others: Sequence[Case]) -> Verdict:
    """NeMo's evaluator raises on the expression."""
    from nemoguardrails.colang.v1_0.runtime.eval import eval_expression

    expression = case.names[0]
    names = {"last_bot_message": "text", "bot_message": "text", "user_message": "text"}
    try:
        value = eval_expression(expression, names)
    except Exception as error:  # noqa: BLE001 - which one it is, the verdict says
        return true(repr(error)[:150])
    return false(f"it comes to {value!r}")


def unknown_context_key(case: Case, root: Path, _others: Sequence[Case]) -> Verdict:
    """The context that an action is given lacks the key."""
    seen: list[dict[str, Any]] = []

    async def look(context: dict[str, Any] | None = None) -> bool:
        seen.append(dict(context or {}))
        return True

    def prepare(rails: LLMRails) -> None:
        rails.register_action(look, "zz_look")

    (root / "zz_probe.co").write_text("define flow zz probe\n  $ok = execute zz_look\n", encoding="utf-8")
    for direction in ("input", "output"):
        ask(root, Judge(condemns=False), only(direction, "zz probe"), prepare=prepare)
    if not seen:
        return undecided("the action did not run")
    held = [context for context in seen if case.names[0] in context]
    return false("the context has it") if held else true(f"absent from {len(seen)} contexts")


def rail_without_settings(case: Case, root: Path, _others: Sequence[Case]) -> Verdict:
    """The request ends in an error, without the model that is not there."""
    section = yaml.safe_load((root / case.file).read_text()) if case.file.endswith(("yml", "yaml")) else {}
    rails = (section or {}).get("rails") or {}
    name = case.names[0]
    direction = next((way for way in rails if name in ((rails[way] or {}).get("flows") or [])), None)
    talk = ask(root, Judge(condemns=False), only(direction or _direction(case, root), name))
    return true(str(talk)) if talk.broken else false(str(talk))


def fail_open_action(case: Case, root: Path, _others: Sequence[Case]) -> Verdict:
    """With an error at the start of its `try`, if it has one, the action's verdict lets the message pass."""
    file = root / case.file
    tree = ast.parse(file.read_text(encoding="utf-8"))
    tries = [node for node in ast.walk(tree) if isinstance(node, ast.Try)]
    around = [
        node
        for node in tries
        if any(each.lineno <= case.line <= (each.end_lineno or 0) for each in node.handlers)
    ]
    if around:
        innermost = max(around, key=lambda node: node.lineno)
        innermost.body[:0] = _raising(innermost, case.line)
        file.write_text(ast.unparse(ast.fix_missing_locations(tree)), encoding="utf-8")
    name, context = case.names[0], {"relevant_chunks": "It rains.", "retrieved_contexts": "It rains."}
    talks = []
    for direction, flow in _calling(root, name):
        talk = ask(root, Judge(condemns=True), only(direction, flow), context=context)
        if name in talk.executed and not talk.broken:
            return true(str(talk)) if talk.passed else false(str(talk))
        talks.append(talk)
    return undecided(f"the action does not come to its `try`: {'; '.join(map(str, talks))}")


def _raising(node: ast.Try, line: int) -> list[ast.stmt]:
    """An exception that the handler around the line is for."""
    handler = next(each for each in node.handlers if each.lineno <= line <= (each.end_lineno or 0))
    kind = handler.type.elts[0] if isinstance(handler.type, ast.Tuple) else handler.type
    name = "Exception" if kind is None else ast.unparse(kind)
    return ast.parse(f"raise {name}.__new__({name})").body


def _calling(root: Path, action: str) -> list[tuple[str, str]]:
    """The rails whose text names the action, in each direction."""
    from .staging import Case as Place

    found = []
    for path in sorted(root.rglob("*.co")):
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        for number, line in enumerate(lines, 1):
            if action in line and "execute" in line:
                file = path.relative_to(root).as_posix()
                flow = Place(root, "", "", "", "", file, number, None, refusals=False).flow(root)
                found += [(way, flow) for way in ("input", "output")]
    return found


def _probe(case: Case, root: Path) -> str:
    """A rail with the assignment and the test alone, for flows that wait for more than a message."""
    lines = (root / case.file).read_text(encoding="utf-8", errors="replace").splitlines()
    assigned = [line.strip() for line in lines[: case.line] if line.strip().startswith(f"{case.names[0]} =")]
    body = [*assigned[-1:], f"if {_test(case.source(root))}", "  $seen = True"]
    text = "".join(f"  {line}\n" for line in body)
    (root / "zz_probe.co").write_text(f"define flow zz probe\n{text}", encoding="utf-8")
    return "zz probe"


def _direction(case: Case, root: Path) -> str:
    """The list that the flow of the finding stands in; else what its name and its action speak of."""
    flow = case.flow(root)
    for path in sorted([*root.rglob("*.yml"), *root.rglob("*.yaml")]):
        data = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
        rails = (data.get("rails") if isinstance(data, dict) else None) or {}
        for way in ("input", "output"):
            section = rails.get(way) if isinstance(rails, dict) else None
            if isinstance(section, dict) and flow in (section.get("flows") or []):
                return way
    words = f"{flow} {' '.join(case.names)}"
    return "output" if any(word in words for word in _OUTPUT_WORDS) else "input"


def _test(line: str) -> str:
    """The expression of an `if`."""
    plain = line.split("#", maxsplit=1)[0].strip().rstrip(":").strip()
    for word in ("else if", "elif", "if", "when", "while"):
        if plain.startswith(f"{word} "):
            return plain.removeprefix(word).strip()
    return plain.partition("=")[2].strip()
