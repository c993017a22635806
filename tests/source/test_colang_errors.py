"""Where guardlint says that NeMo's parsers stop, they stop, and nowhere else.

NeMo is the judge: over every file that it ships, and over thousands of the same files with something wrong
in them (a line, a block, a quote, a bracket, an indentation).
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest

from guardlint.harness.scripted import telemetry_off
from guardlint.harness.timed import Timed
from guardlint.source.colang import is_version_2, parse_colang
from guardlint.source.colang_errors import syntax_problems

Version = Literal["1.0", "2.x"]
VERSIONS: tuple[Version, ...] = ("1.0", "2.x")
MUTATIONS = {"1.0": 700, "2.x": 500}
Parses = Callable[[str, Version], bool]
# Seconds after which NeMo is taken for one that never comes back; it needs milliseconds.
PATIENCE = 6.0


@pytest.fixture(scope="module")
def nemo_parses() -> Iterator[Parses]:
    """Whether NeMo parses a text. One that it reads without end, it does not parse."""
    telemetry_off()
    from guardlint.harness import colang

    with Timed(colang.nemo_parses, PATIENCE) as timed:

        def parses(text: str, version: Version) -> bool:
            try:
                return bool(timed(text, version))
            except TimeoutError:
                return False

        yield parses


def shipped(version: Version) -> list[Path]:
    import nemoguardrails

    files = sorted(Path(nemoguardrails.__file__).parent.rglob("*.co"))
    return [path for path in files if is_version_2(path.read_text(encoding="utf-8")) == (version == "2.x")]


def without_block(lines: list[str], at: int) -> None:
    """Take out what is indented deeper than the line ``at``."""
    indent = len(lines[at]) - len(lines[at].lstrip())
    end = at + 1
    while end < len(lines) and (
        not lines[end].strip() or len(lines[end]) - len(lines[end].lstrip()) > indent
    ):
        end += 1
    del lines[at + 1 : end]


def without_one(line: str, pattern: str, source: random.Random) -> str:
    """Take out one character that the pattern matches."""
    found = [match.start() for match in re.finditer(pattern, line)]
    if not found:
        return line
    at = source.choice(found)
    return line[:at] + line[at + 1 :]


def mutated(text: str, source: random.Random) -> str:
    """The text with one thing wrong, sometimes two."""
    lines = text.split("\n")
    for _ in range(source.choice((1, 1, 1, 2))):
        at = source.randrange(len(lines))
        line = lines[at]
        match source.randrange(11):
            case 0 if len(lines) > 1:
                del lines[at]
            case 1:
                lines.insert(at, line)
            case 2:
                lines[at] = f"  {line}"
            case 3:
                lines[at] = line.removeprefix("  ")
            case 4:
                lines[at] = without_one(line, "[\"']", source)
            case 5:
                lines[at] = without_one(line, r"[()\[\]{}]", source)
            case 6:
                lines[at] = re.sub("^ +", lambda found: "\t" * (len(found[0]) // 2), line)
            case 7:
                without_block(lines, at)
            case 8:
                words = line.split(" ")
                del words[source.randrange(len(words))]
                lines[at] = " ".join(words)
            case 9:
                lines[at] = line.replace(":", "", 1) if ":" in line else f"{line}:"
            case _:
                place = source.randrange(len(line) + 1)
                lines[at] = line[:place] + source.choice("\"$(=),:@[]{}.#-'x ") + line[place:]
    return "\n".join(lines)


@pytest.mark.parametrize("version", VERSIONS)
def test_what_nemo_ships_has_no_error(version: Version, nemo_parses: Parses) -> None:
    """NeMo parses all of its library, examples and bots."""
    for path in shipped(version):
        text = path.read_text(encoding="utf-8")
        assert nemo_parses(text, version)
        assert syntax_problems(text, path.name, version) == ()


@pytest.mark.parametrize("version", VERSIONS)
def test_mutations_are_refused_where_nemo_refuses_them(
    version: Version, nemo_parses: Parses, record_property: pytest.RecordProperty
) -> None:
    """No false alarm at all, and nothing missed: every refused text is recognised."""
    source = random.Random(20)
    texts = [path.read_text(encoding="utf-8") for path in shipped(version)]
    refused = 0
    for _ in range(MUTATIONS[version]):
        text = mutated(source.choice(texts), source)
        if is_version_2(text) != (version == "2.x"):
            continue
        problems = syntax_problems(text, "x.co", version)
        parses = nemo_parses(text, version)
        assert parses == (problems == ()), text
        refused += not parses
        for message, place in problems:
            assert message
            assert 1 <= place.line <= text.count("\n") + 1
    record_property(f"refused, Colang {version}", refused)
    assert refused > MUTATIONS[version] // 6


ERRORS = [
    ("define flow a\n  user hi\n  when user bye\n", 3, "an indented block must follow `when`"),
    ("define flow a\n\tbot hi\n", 1, "an indented block must follow the definition, and a tab is"),
    ("define flow a\n  bot hi\n\ndefine flow a\n  bot hi\n", 4, "the flow `a` is defined twice in this file"),
    ("define flow\n", 1, "the flow has no statements"),
    ("define flow a\n  bot hi\ndefine flow b\n", 3, "the last line defines a flow without statements"),
    ("define rail a\n  bot hi\n", 1, "`define rail` is unknown"),
    ("define flow a\n  please be nice\n", 2, "`please` is no statement of Colang 1.0"),
    ("define flow a\n  else\n    bot hi\n", 2, ""),
    ("define flow a\n  goto end\n", 2, "the flow has no label `end` to go to"),
    ("define flow a\n  execute check(text=some text)\n", 2, "`some text` is no value; a text needs quotes"),
    ("define flow a\n  if $x\n", 2, "an indented block must follow `if`"),
    ("define flow a\n  bot hi\n    - one\n    - two\n", 2, "the lines indented below the statement"),
    ("flow a\n  when bot said hi\n", 2, "an indented block must follow"),
    ("flow a\n", 1, "an indented block must follow"),
    ("flow a\n  bot say (\n", 2, "the bracket `(` is never closed"),
    ('flow a\n  bot say "hi\n', 2, 'a text that begins with " is not closed on its line'),
    ("flow a\n    pass\n  pass\n", 3, "the line is indented like none of the lines above it"),
    ("flow a\n  pass\n    pass\n", 3, "the line is indented, and nothing above it opens a block"),
    ("flow a\n  await\tb\n", 2, "a tab stands where only blanks may"),
    ("flow a\n  b(x=1, 2)\n", 2, "a positional argument stands after a named one"),
    ("@meta(x=$y)\nflow a\n  pass\n", 1, "a decorator's argument must be a plain value"),
    ("flow a\n  ...\n  if $x\n", 3, "an indented block must follow"),
    ("import core\n", 1, "the file holds a single statement and no flow"),
    ("\ufeffflow a\n  pass\n", 1, "the file begins with a byte order mark"),
]


@pytest.mark.parametrize(("text", "line", "part"), ERRORS)
def test_common_errors_have_a_line_and_a_sentence(
    text: str, line: int, part: str, nemo_parses: Parses
) -> None:
    """NeMo refuses each of them; the sentence says what is wrong, at the line where it is."""
    version: Version = "2.x" if is_version_2(text) else "1.0"
    assert not nemo_parses(text, version)
    [(message, place)] = parse_colang(text, "x.co").problems
    assert (line, True) == (place.line, part in message), message


@pytest.mark.parametrize(
    "text",
    [
        "",
        "define flow a\n  bot hi\ndefine user say bye\n",
        "define flow a\n  # only\n  bot hi\n",
        "define flow a\n  user hi or user bye\n  bot hi\n",
        "flow a\n\tpass\n",
        "# a comment\nimport core\n",
        "flow a\n  ...\n",
        "flow a\n  b(\n  1\n  )\n",
    ],
)
def test_what_looks_odd_and_is_right(text: str, nemo_parses: Parses) -> None:
    """NeMo parses each of them."""
    version: Version = "2.x" if is_version_2(text) else "1.0"
    assert nemo_parses(text, version)
    assert parse_colang(text, "x.co").problems == ()


def test_a_broken_file_still_yields_the_rest() -> None:
    """The outline does not stop at the error."""
    outline = parse_colang("define flow a\n  when user hi\n\ndefine flow b\n  bot hi\n", "x.co")
    assert len(outline.problems) == 1
    assert ["a", "b"] == [flow.name for flow in outline.flows]


def test_the_table_is_the_one_that_lark_computes() -> None:
    """The grammar of the installed NeMo gives the table that guardlint carries."""
    import json

    from guardlint.source import colang_2_syntax
    from tools.catalogue.grammar import grammar_table

    path = Path(colang_2_syntax.__file__).parent / "data" / "colang-2.x.json"
    assert grammar_table() == json.loads(path.read_text(encoding="utf-8"))
