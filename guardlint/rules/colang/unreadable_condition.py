"""A condition that NeMo cannot work out, or works out to something else than it says.

What it does: reads the tests and assignments of Colang 1.0 flows as NeMo's evaluator does, and finds what it
refuses: ``$a && $b``, ``$text contains "x"``, ``true``, lists and tuples, functions other than ``len``. A
single ``=`` in a test it does not refuse: the value on its right decides.

Why it matters: NeMo reads a condition only when a request comes to it. Then it raises, and the request ends
in an error: in a rail that is every request.

How to fix: write Python: ``and``, ``or``, ``not``, ``True``, ``"x" in $text``; one comparison for each value
instead of a list; ``==`` to compare.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.rules._text_mends import replace_text
from guardlint.rules.colang._rails import rail_flows, waits_for_event
from guardlint.rules.rule import Fix, Found, Project, Rule
from guardlint.source.colang import Statement
from guardlint.source.lazy_pattern import lazy_pattern

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="safe")

_TESTS = ("if", "elif", "else", "while")
_WITHOUT = (ast.List, ast.Tuple, ast.Dict, ast.Set, ast.Lambda, ast.ListComp, ast.GeneratorExp, ast.DictComp)
_SINGLE = lazy_pattern(r"(?<![=!<>])=(?![=~])")
_WORDS = {"true": "True", "false": "False", "null": "None", "none": "None"}
_TEXT = lazy_pattern(r"\"[^\"]*\"|'[^']*'")


def check(project: Project) -> Iterator[Found]:
    """One finding for each condition."""
    configuration = project.configuration
    if configuration.generation != "1.0":
        return
    rails = {rail.flow.name for rail in rail_flows(configuration)}
    broken = {problem.place.file for problem in configuration.problems}
    for flow in configuration.flows.values():
        in_rail = flow.name in rails
        if flow.place.file in broken or (in_rail and waits_for_event(flow) is not None):
            continue
        for statement in flow.statements:
            fault = _fault(statement)
            # What arms a rail is unarmed-rail's.
            if fault is None or statement.target in ("check_facts", "check_hallucination"):
                continue
            what, effect, mend = fault
            yield Found(
                f"`{statement.expression}` {what}",
                statement.expression_place or statement.place,
                effect,
                mend,
                value=(flow.name, statement.expression),
                severity=None if in_rail else "warning",
                fix=_fix(configuration, statement),
            )
            break  # a request comes no further


def _fault(statement: Statement) -> tuple[str, str, str] | None:
    text = statement.expression.strip()
    is_test = statement.kind in _TESTS
    if not text or (statement.call is not None and not is_test):
        return None
    if statement.kind == "else" and not re.match(r"else\s+if\b", statement.text):
        return None  # bare, or `else when`
    if not is_test and (statement.target is None or "..." in text):
        return None
    if text.endswith(("\\", " or", " and", ",", "(")):
        return None  # goes on in the next line
    raises = "NeMo cannot work it out: every request that comes to it ends in an error"
    plain = _TEXT.sub(lambda found: '"' + "x" * (len(found[0]) - 2) + '"', text)
    single = _SINGLE.search(plain) if is_test and "(" not in plain else None
    if single is not None:
        value = text[single.end() :].strip()
        never = value in ("False", "None", "0", '""')
        return (
            "assigns instead of comparing",
            f"NeMo takes the value on the right: the branch is {'never' if never else 'always'} taken",
            f"write `{text[: single.start()].rstrip()} == {value}`",
        )
    if "$" in text and text.isascii() and text.removeprefix("not ").removeprefix("$").isidentifier():
        return None  # the plain case, which needs no parser
    try:
        tree = ast.parse(re.sub(r"\$([A-Za-z_]\w*)", r"var_\1", text), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return "is no expression", raises, _mend(text)
    for node in ast.walk(tree):
        if isinstance(node, _WITHOUT):
            return "holds a list or a mapping", raises, "compare with one value at a time, joined by `or`"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id != "len":
            name = node.func.id.removeprefix("var_")
            return f"calls `{name}`, and only `len` is known", raises, "let an action work it out"
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and id(node) not in called and not node.id.startswith("var_"):
            right = _WORDS.get(node.id)
            return f"names `{node.id}`, which is no variable", raises, f"write `{right or '$' + node.id}`"
    return None


def _fix(configuration: Configuration, statement: Statement) -> Fix | None:
    """The condition with the signs and names of Python, where it can be read then."""
    old = statement.expression.strip()
    new = _in_python(old)
    if (new == old and _SINGLE.search(old) is None) or statement.expression_place is None:
        return None
    if statement.kind in _TESTS and "(" not in _TEXT.sub("", new):
        new = (
            _SINGLE.sub("==", new) if not _TEXT.search(new) or "=" not in "".join(_TEXT.findall(new)) else new
        )
    try:
        ast.parse(re.sub(r"\$([A-Za-z_]\w*)", r"var_\1", new), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None
    return replace_text(configuration, statement.expression_place, old, new) if new != old else None


def _in_python(text: str) -> str:
    """Outside of quotes: ``&&``, ``||``, ``!`` and ``true`` as Python writes them, and ``==`` for ``=``."""
    pieces = re.split(f"({_TEXT.pattern})", text)
    for index in range(0, len(pieces), 2):
        piece = re.sub(r"\s*&&\s*", " and ", pieces[index])
        piece = re.sub(r"\s*\|\|\s*", " or ", piece)
        piece = re.sub(r"!(?!=)\s*", "not ", piece)
        piece = re.sub(r"(?<![\w$.])(?:true|false|null|none)(?!\w)", lambda found: _WORDS[found[0]], piece)
        pieces[index] = piece
    return "".join(pieces)


def _mend(text: str) -> str:
    if re.search(r"\bcontains\b|\bincludes\b", text):
        return 'write `"…" in $text`'
    if "&&" in text or "||" in text or text.startswith("!"):
        return "write `and`, `or`, `not`"
    if "execute " in text:
        return "write `$result = execute …` on a line before, and test `$result`"
    return "write a Python expression with `$variables`, or let an action work it out"
