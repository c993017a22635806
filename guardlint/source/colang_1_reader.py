"""What NeMo's parser of Colang 1.0 knows at a line, and how it reads definitions and parameters.

The parser is written by hand: it keeps a list of lines that it changes while it reads, stacks of branches
and of ``if``s, and stops at the first line where one of them is not as it expects. To say where it stops,
the same is kept here (``nemoguardrails/colang/v1_0/lang/colang_parser.py``). The statements are in
``colang_1_syntax``.
"""

from __future__ import annotations

import re
from typing import Any

from guardlint.source.colang_1_lines import (
    Line,
    Unreadable,
    first_word,
    normalised,
    numbered_lines,
    parameter_tokens,
    split_words,
    without,
)
from guardlint.source.lazy_pattern import lazy_pattern

__all__ = ["Reader", "need"]

_FLAGS = {
    **dict.fromkeys(("interruption", "repair"), ("is_interruption_flow", True)),
    "test": ("is_test", True),
    **dict.fromkeys(("non-interruptable", "noninterruptable", "continuous"), ("interruptable", False)),
    **dict.fromkeys(("recursive", "parallel"), ("allow_multiple", True)),
    "extension": ("is_extension", True),
    "sample": ("is_sample", True),
    "response": ("is_response", True),
}
_ENDLESS = "the last line defines a flow without statements, and NeMo reads on without end"
_IN_TEXT = lazy_pattern(r"\$([^ \"'!?\-,;</]*(?:\w|]))")
_PARAMETER = ("param", "parameter", "entity", "property", "attribute", "attr", "prop")


def need(condition: object, message: str) -> None:
    """Raise Unreadable unless the condition holds."""
    if not condition:
        raise Unreadable(message)


class Reader:
    """The parser's state at ``line``, whose normalised text is ``text`` with the first word ``word``."""

    def __init__(self, content: str) -> None:
        self.content = content
        self.lines = numbered_lines(content)
        # No file makes its lines many times more; a definition that ends the file does so without end.
        self.most_lines = 20 * len(self.lines) + content.count(" or ") + 200
        self.at = 0
        self.line = Line("", 1, 0)
        self.next: Line | None = None
        self.text = ""
        self.word = ""
        self.indent = 0
        self.mode = "colang"
        self.parameter_levels = 1
        self.element: dict[Any, Any] = {}
        self.flows: dict[str, list[Any]] = {}
        self.namespace = ""
        # The line that opened the namespace, and whether an earlier one has opened it too.
        self.opening = self.line
        self.is_second = False
        self.namespaces: list[str] = []
        self.indents: list[int] = []
        self.branches: list[tuple[list[Any], list[int]]] = []
        self.ifs: list[tuple[dict[Any, Any], int, int]] = []
        self.examples: list[tuple[str, Any]] = []
        self.example_kind = ""
        self.where: dict[int, Line] = {}

    def fetch(self) -> None:
        """Go to the line ``at``."""
        lines, at = self.lines, self.at
        if len(lines) >= self.most_lines:
            raise Unreadable(_ENDLESS)
        self.line = line = lines[at]
        self.indent = line.indent
        self.parameter_levels = 1
        self.next = lines[at + 1] if at + 1 < len(lines) else None
        word = first_word(line.text)
        self.text = text = normalised(line.text, self.mode)
        if self.mode == "colang":
            if text.startswith("define flow") and text.strip() == "define flow":
                need(self.next is not None and self.next.indent > self.indent, "the flow has no statements")
                self.text += f" anonymous-{_digest([line.text for line in self.below()])}"
            if word == "else" and (not self.ifs or self.ifs[-1][1] <= self.indent):
                self.text = "else when flow resuming"
        self.word = word if self.text is line.text else first_word(self.text)

    def below(self) -> list[Line]:
        """The lines indented deeper than the current one, up to the first that is not."""
        end = self.at + 1
        while end < len(self.lines) and self.lines[end].indent > self.lines[self.at].indent:
            end += 1
        return self.lines[self.at + 1 : end]

    def insert(self, at: int, text: str, indent: int) -> None:
        """A line that the parser writes itself."""
        self.lines.insert(at, Line(text, self.line.number, indent))

    @property
    def has_block(self) -> bool:
        """Whether the next line is indented deeper."""
        return self.next is not None and self.next.indent > self.indent

    def no_block(self, what: str) -> str:
        """The message where a block is missing."""
        tabbed = self.next is not None and self.content.split("\n")[self.next.number - 1][:1] == "\t"
        return f"an indented block must follow {what}{', and a tab is no indentation' if tabbed else ''}"

    def add(self, element: Any) -> None:
        """Append to the current branch."""
        self.where[id(element)] = self.line
        self.branch().append(element)

    def branch(self) -> list[Any]:
        """The statements to which the current one belongs."""
        if self.branches:
            return self.branches[-1][0]
        if self.is_second:
            self.line = self.opening
            raise Unreadable(f"the flow `{self.namespace}` is defined twice in this file")
        if self.namespace in self.flows:
            raise Unreadable("the line is indented less than the statements of its flow")
        raise Unreadable(f"`{self.word}` cannot be the first statement of a flow")

    def define(self) -> None:
        """``define flow``, ``define user`` and so on."""
        bare = self.text.startswith("define user") and not self.has_block
        if self.next is None or bare:
            self.insert(self.at + 1, self.text.replace("define user", ""), self.line.indent + 2)
            self.next = self.lines[self.at + 1]
        need(self.next.indent > self.line.indent, self.no_block("the definition"))
        self.text = without("define", self.text)
        kind = first_word(self.text)
        name = without(kind, self.text)
        flags: dict[str, bool] = {}
        while kind not in ("bot", "user", "flow", "subflow", "action"):
            need(kind in _FLAGS, f"`define {kind}` is unknown")
            flags[_FLAGS[kind][0]] = _FLAGS[kind][1]
            self.text = without(kind, self.text)
            kind = first_word(self.text)
            name = without(kind, self.text)
        if kind == "action":
            self.at += 1
            while self.at < len(self.lines) and self.lines[self.at].indent > 0:
                self.at += 1
        elif kind in ("flow", "subflow"):
            if kind == "subflow":
                flags["subflow"] = True
            self._define_flow(name, flags)
        else:
            self.example_kind = "intent" if kind == "user" else "utterance"
            self.read_examples("|".join(split_words(name, " ")) if kind == "user" else name)

    def _define_flow(self, name: str, flags: dict[str, bool]) -> None:
        """The line becomes a name alone; what the words before it say becomes lines of a ``meta`` block."""
        assert self.next is not None
        self.lines[self.at].text = f":{name}:"
        if not flags:
            return
        if self.lines[self.at + 1].text != "meta":
            self.insert(self.at + 1, "meta", self.next.indent)
            indent = self.next.indent + 2
        else:
            indent = self.lines[self.at + 2].indent
        for flag, value in flags.items():
            self.insert(self.at + 2, f"{flag}: {value}", indent)

    def read_examples(self, name: str) -> None:
        """The lines below a definition; ends at the first line that is indented less than its first."""
        self._example(f"## {self.example_kind}:{name}")
        self.at += 1
        self.mode = "markdown"
        indent: int | None = None
        self.in_yaml = False
        self.conditions: dict[int, int] = {}
        while self.at < len(self.lines):
            self.fetch()
            indent = self.line.indent if indent is None else indent
            text = self.text.strip()
            # A text in quotes is no statement, whatever its words are.
            words = split_words(text, " ") if text[:1] != '"' else [text]
            if words[0] == "bot":
                # What the bot says right after: a flow of its own begins here.
                self.insert(self.at, f"{name}_direct:", self.indent - 2)
                self.insert(self.at + 1, f"user {name}", self.indent)
                self.mode = "colang"
                return
            self._example_line(text, words)
            self.at += 1
            self.next = self.lines[self.at] if self.at < len(self.lines) else None
            if self.next is None or self.next.indent < indent:
                if self.in_yaml:
                    self._example("```")
                self._example("")
                self.mode = "colang"
                return

    def _example(self, text: str) -> None:
        self.examples.append((text, self.line))

    def _example_line(self, text: str, words: list[str]) -> None:
        if words[0] in _PARAMETER:
            right = len(words) == 4 or (len(words) == 5 and words[2] == "as")
            need(right, "a parameter is written `param name as type`")
            self._example(f">   {words[1].removeprefix('$')}: {':'.join(words[3:])}")
        elif words[0] == "set":
            need(len(words) > 2 and words[2] in ("=", "to"), "`set` needs a name, `=` and a value")
            self._example(f">   _meta_{words[1][1:]}: {' '.join(words[3:])}")
        elif words[0] == "context":
            self._example(f">   _context: {' '.join(words[1:])}")
        elif words[0] in ("if", "else") and self.example_kind == "utterance":
            if self.in_yaml:
                self._example("```")
                self.in_yaml = False
            if words[0] == "else":
                need(self.indent in self.conditions, "`else` has no `if` before it at its indentation")
            self.conditions[self.indent] = 1
            self._example(">   _context: True")
        else:
            self._example_text(text)

    def _example_text(self, text: str) -> None:
        if not self.in_yaml and self.text[0] != '"':
            parts = split_words(self.text, ":")
            if len(parts) > 1 or (len(parts) == 1 and self.text.endswith(":")):
                self.in_yaml = True
                self.mode = "yaml"
                self._example("```yaml")
        if self.in_yaml:
            self._example(f"{' ' * self.indent}{self.text}")
            return
        parts = [self._part(part.strip()) for part in split_words(text, " and ")]
        self._example(f" - {' {intent:and} '.join(parts)}")

    def _part(self, part: str) -> str:
        """A text without its quotes, ``$x`` in it as a parameter; anything else names an intent."""
        if part[0] != '"':
            return "{intent:" + part.replace(" ", "|") + "}"
        need(part[-1] == '"', "the text has no quote at its end")
        part = part[1:-1]
        if self.example_kind != "utterance":
            for name in dict.fromkeys(_IN_TEXT.findall(part)):
                part = part.replace(f"${name}", f"[x]({name})")
        return part

    def indented(self) -> list[Line]:
        """The lines below, taken; after ``when`` only those that stand before the branch."""
        first = self.at
        lines = self.below()
        if lines and self.parameter_levels == 2:
            shallower = [index for index, line in enumerate(lines) if line.indent < lines[0].indent]
            lines = lines[: shallower[0]] if shallower else []
        self.at = first + len(lines)
        return lines

    def parameters(self, lines: list[Line] | None = None) -> None:
        """Read the lines below as the statement's parameters."""
        lines = self.indented() if lines is None else lines
        if not lines:
            return
        joined = "\n".join(line.text for line in lines)
        if "{" not in joined and "[" not in joined:
            for line, following in zip(lines, [*lines[1:], None], strict=True):
                line.text = _parameter(line, following)
        base = lines[0].indent
        from guardlint.source.pyyaml import yaml
        from guardlint.source.yaml_plain import load_plain

        text = "\n".join([" " * (line.indent - base) + line.text for line in lines])
        try:
            # The first is what `define subflow` itself has written.
            data: Any = {"subflow": True} if text == "subflow : True" else load_plain(text)
        except (yaml.YAMLError, ValueError):
            raise Unreadable("the lines indented below the statement are no parameters") from None
        if isinstance(data, str):
            data = {"$0": data}
        if not isinstance(data, dict) or not all(isinstance(key, str) and key for key in data):
            raise Unreadable("the lines indented below the statement are no parameters")
        for key, value in data.items():
            self.element[key.removeprefix("$")] = value


def _parameter(line: Line, following: Line | None) -> str:
    text = re.sub(r"^set \$?([\w.]+) (?:to|=)", r"_\1:", line.text)
    tokens = parameter_tokens(re.sub(r'^(".*")', r"_text: \1", text))
    if len(tokens) > 3 and tokens[1] == ":" and tokens[3] == ",":
        tokens = [*tokens[:2], "[", *tokens[2:], "]"]
    elif len(tokens) > 2 and tokens[1] != ":" and tokens[2] == ",":
        tokens = [tokens[0], ":", "[", *tokens[1:], "]"]
    elif len(tokens) == 2 and tokens[1] != ":" and tokens[0] != "-":
        tokens = [tokens[0], ":", tokens[1]]
    elif len(tokens) == 3 and tokens[1] == "=":
        tokens[1] = ":"
    elif len(tokens) == 1:
        alone = following is None or following.indent <= line.indent
        tokens = ["-", tokens[0]] if alone else [tokens[0], ":"]
    return " ".join(tokens)


def _digest(texts: list[str]) -> int:
    """Two flows without a name are one to NeMo where this 32-bit number of their lines is the same."""
    number = 0
    for character in "".join(texts):
        number = ((number << 5) - number + ord(character)) & 0xFFFFFFFF
    return number
