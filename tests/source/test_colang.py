"""The outline of Colang files agrees with NeMo's own parsers, and has places that they do not keep."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardlint.harness.scripted import telemetry_off
from guardlint.source.colang import ColangFile, is_version_2, parse_colang

telemetry_off()


def nemo_files() -> list[Path]:
    import nemoguardrails

    return sorted(Path(nemoguardrails.__file__).parent.rglob("*.co"))


FILES = nemo_files()


def short(path: Path) -> str:
    return str(path).rpartition("nemoguardrails/")[2]


def nemo_names(parsed: dict[str, Any], version: str) -> tuple[list[str], list[str]]:
    if version == "2.x":
        return [flow.name for flow in parsed["flows"]], []
    flows = ["" if flow["id"].startswith("anonymous-") else flow["id"] for flow in parsed["flows"]]
    # A text said in the middle of a flow (`bot say "…"`) gets a definition of its own from NeMo.
    return flows, sorted(name for name in parsed.get("bot_messages", {}) if name != "say")


def our_names(outline: ColangFile) -> tuple[list[str], list[str]]:
    messages = {message.name for message in outline.messages if message.kind == "bot"}
    return [flow.name for flow in outline.flows], sorted(messages)


def test_nemo_ships_files_of_both_versions() -> None:
    """Or the comparison below would compare nothing."""
    versions = [is_version_2(path.read_text(encoding="utf-8")) for path in FILES]
    assert len(FILES) > 70
    assert min(versions.count(True), versions.count(False)) > 25


@pytest.mark.parametrize("path", FILES, ids=short)
def test_names_are_those_of_nemos_parser(path: Path) -> None:
    """Flows in order and bot messages, for every file of NeMo's library and examples."""
    from nemoguardrails.colang import _is_colang_v2, parse_colang_file

    text = path.read_text(encoding="utf-8")
    outline = parse_colang(text, path.name)
    assert _is_colang_v2(text) == (outline.version == "2.x")
    parsed = parse_colang_file(path.name, text, version=outline.version)
    assert nemo_names(parsed, outline.version) == our_names(outline)


@pytest.mark.parametrize("path", FILES, ids=short)
def test_names_stand_at_their_places(path: Path) -> None:
    """The text at the place of a flow, a message and a call is its name."""
    lines = path.read_text(encoding="utf-8").split("\n")
    outline = parse_colang(path.read_text(encoding="utf-8"), path.name)
    named = [(item.name, item.place) for item in (*outline.flows, *outline.messages) if item.name]
    named += [(call.name, call.place) for flow in outline.flows for call in flow.calls()]
    for name, place in named:
        assert name == lines[place.line - 1][place.column - 1 : place.end_column - 1]


@settings(max_examples=300, deadline=None)
@given(st.text("define flow\n\"'# $x=()", max_size=40))
def test_the_version_is_nemos_judgement(text: str) -> None:
    """Docstrings and comments are taken out in NeMo's own clumsy way."""
    from nemoguardrails.colang import _is_colang_v2

    assert _is_colang_v2(text) == is_version_2(text)


@settings(max_examples=300, deadline=None)
@given(st.text("define flow bot user $x=if\n \t\"'#():\\\0é", max_size=60))
def test_no_text_is_too_odd_for_an_outline(text: str) -> None:
    """Whatever stands there, the reader comes back, with places inside the text."""
    outline = parse_colang(text, "x.co")
    for flow in outline.flows:
        assert 1 <= flow.place.line <= text.count("\n") + 1
        for statement in flow.statements:
            assert statement.place.line >= flow.place.line


FLOW = """\
# cards
define user ask to block card
  "block my card"
  "it was # stolen"

define bot confirm
  "Blocked."

define parallel extension subflow block card
  "a text that
   goes on"
  $found = execute find(text=$user_message, limit=2)  # looks
  if not $found and $x == "a # b"
    do say no
    stop
  else if $found.is_blocked
    bot confirm
  $check_facts = True
"""


def test_statements_of_colang_1() -> None:
    """Kind, target, expression and call of each line, and the columns of what rules point at."""
    [flow] = parse_colang(FLOW, "cards.co").flows
    assert ("block card", ("parallel", "extension", "subflow")) == (flow.name, flow.modifiers)
    kinds = [statement.kind for statement in flow.statements]
    assert ["other", "set", "if", "call", "stop", "else", "bot", "set"] == kinds
    call, condition, again = flow.statements[1], flow.statements[2], flow.statements[5]
    assert call.call is not None
    assert ("found", "find", "text=$user_message, limit=2") == (
        call.target,
        call.call.name,
        call.call.arguments,
    )
    assert (12, 20, 24) == (call.call.place.line, call.call.place.column, call.call.place.end_column)
    assert 'not $found and $x == "a # b"' == condition.expression
    assert condition.expression_place is not None
    assert (13, 6) == (condition.expression_place.line, condition.expression_place.column)
    assert "$found.is_blocked" == again.expression
    assert again.expression_place is not None
    assert 11 == again.expression_place.column
    assert ("check_facts", "True") == (flow.statements[7].target, flow.statements[7].expression)


FLOW_2 = """\
import core
import nemoguardrails.library.self_check.input_check

@active
@meta(user_intent=True)
flow input rails $input_text $limit=3 -> $result
  \"\"\"define flow in a docstring\"\"\"
  global $last
  $allowed = await SelfCheckInputAction(text=$input_text)
  self check input $variant="strict"
  start bot say "wait" as $ref
  activate llm continuation
  if not $allowed
    abort
"""


def test_statements_of_colang_2() -> None:
    """Imports, decorators, parameters, and calls written as bare names."""
    outline = parse_colang(FLOW_2, "main.co")
    assert "2.x" == outline.version
    assert ["core", "nemoguardrails.library.self_check.input_check"] == [
        item.name for item in outline.imports
    ]
    [flow] = outline.flows
    assert ("input rails", ("input_text", "limit", "result")) in [
        (flow.name, flow.parameters),
        (flow.name, (*flow.parameters, "result")),
    ]
    assert ("@active", "@meta(user_intent=True)") == flow.decorators
    calls = [(call.kind, call.name) for call in flow.calls()]
    assert ("await", "SelfCheckInputAction") in calls
    assert ("flow", "self check input") in calls
    assert ("activate", "llm continuation") in calls
    assert "not $allowed" == next(item.expression for item in flow.statements if item.kind == "if")


def test_windows_line_ends_and_a_byte_order_mark(tmp_path: Path) -> None:
    """Read as NeMo reads: the mark stays in the text, and hides a `define` of the first line."""
    from guardlint.source.files import read_text

    path = tmp_path / "x.co"
    path.write_bytes(b"\xef\xbb\xbf" + FLOW.replace("\n", "\r\n").encode())
    text = read_text(path)
    assert text == "\ufeff" + FLOW
    assert [flow.name for flow in parse_colang(text, "x.co").flows] == ["block card"]
    assert is_version_2("\ufeffdefine flow x\n  stop\n")


def test_what_is_said_is_what_nemo_keeps() -> None:
    """Intents among the texts, variables, backquotes, texts over lines, and what flows say."""
    found = parse_colang(
        'define user ask\n  "my $name"\n  ...\n\n'
        'define bot answer\n  "the `price`\n  of it"\n  $text\n\n'
        'define flow x\n  user ask\n  bot answer "now"\n  bot other "then"\n',
        "x.co",
    )
    said = {(message.kind, message.name): message.texts for message in found.said}
    assert {
        ("user", "ask"): ("my {name}", "{intent:...}"),
        ("bot", "answer"): ("the $price", "{intent:$text}", "now"),
        ("bot", "other"): ("then",),
    } == said
    places = {message.name: (message.place.line, message.place.column) for message in found.said}
    assert {"ask": (1, 13), "answer": (5, 12), "other": (13, 3)} == places


def test_a_comment_behind_a_text_makes_it_go_on() -> None:
    """NeMo ends a text at the next line that ends with a quote: what stands between is lost."""
    found = parse_colang('define user ask\n  "one" # why\n  "two"\n  "three"\n', "x.co")
    assert [('one" # why', "three")] == [message.texts for message in found.said]


def test_an_answer_below_a_definition_is_a_flow() -> None:
    found = parse_colang('define user ask it\n  "1"\n  bot say "2"\n  bot bye\n', "x.co")
    assert ["ask|it_direct"] == [flow.name for flow in found.flows]
    assert ["user", "bot", "bot"] == [statement.kind for statement in found.flows[0].statements]
    assert ["ask it"] == [message.name for message in found.messages]


def test_the_definition_of_an_action_is_no_flow() -> None:
    found = parse_colang('define action own\n  if x\n    return\n\ndefine bot hello\n  "1"\n', "x.co")
    assert ((), ["hello"]) == (found.flows, [message.name for message in found.messages])


def test_imports_say_how_they_are_written() -> None:
    found = parse_colang('import core\nimport "a/b.co"\n\nflow x\n  pass\n', "x.co")
    assert [("core", False), ("a/b.co", True)] == [(item.name, item.is_path) for item in found.imports]
