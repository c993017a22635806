"""What user and bot say in a flow of Colang 1.0, as NeMo's parser reads it."""

from __future__ import annotations

import re
from ast import literal_eval
from typing import Any

from guardlint.source.colang_1_lines import split_words, without
from guardlint.source.colang_1_reader import Reader, need
from guardlint.source.lazy_pattern import lazy_pattern

__all__ = ["Said", "bracketed"]

_WITH_WITH = lazy_pattern(r"(?P<name>.*?) (?:with|for) (?P<vars>\$.+$)")
_WITH_NAMED = lazy_pattern(r"(?P<name>.*?) (?:with|for) (?P<vars>\w+\s*=\s*.+$)")
_VALUE = r'(?:"[^"]*"|\$[\w.]+|[-\d.]+)'
_WITH_AT_END = lazy_pattern(
    rf"^.* ((?:with|for) (?:\$[\w.]+|\$?[\w.]+\s*=\s*{_VALUE})(?:\s*,\s*\$?[\w.]+\s*(?:=\s*{_VALUE})?)*)$"
)
_ASSIGNED = lazy_pattern(rf"\s*\$?([\w.]+)\s*[:=]\s*({_VALUE})")


class Said(Reader):
    """The statements `user` and `bot`, and what they share with others."""

    def rest(self, words: int = 1) -> str:
        """What follows the first words of the line."""
        parts = self.text.split(" ", words)
        need(len(parts) > words, f"`{self.word}` must be followed by something")
        return parts[words]

    def with_parameters(self, kind: str, value: Any) -> None:
        """Add a statement that may have parameters on the lines below."""
        self.element = {kind: value}
        if self.has_block:
            self.parameters()
        self.add(self.element)

    def user(self) -> None:
        """``user asks something``."""
        parts = split_words(self.text, " or ") if " or " in self.text else []
        if len(parts) > 1:
            self.insert(self.at + 1, "any", self.indent)
            for index, part in enumerate(parts):
                self.insert(self.at + 2 + index, part, self.indent + 8)
            return
        value: Any = self.rest().strip()
        named = re.match(r"(?P<intent>.*?)(?: as \$(?P<var>.+)$)", value)
        value = bracketed(named["intent"] if named else value)
        if value[0] == "[":
            value = [part.strip() for part in value[1:-1].split(",")]
        self.element = {"user": value}
        if value[0] in ("'", '"'):
            self.element = {"user": value[1:-1], "_is_example": True}
        if self.has_block:
            self.parameters()
        self.add(self.element)
        if named:
            self.element["_as_context_variable"] = named["var"]

    def bot(self) -> None:
        """``bot says something``."""
        text = self.text.strip()
        self.element = {}
        if text == "bot":
            self.parameters()
            self.element.setdefault("_type", "element")
            self.element = {"bot": self.element}
        else:
            self.element = {"bot": None}
            text = without("bot", text)
            if text[0] == "{":
                self.element["bot"] = literal_eval(text)
            else:
                self._bot_message(text)
        self.add(self.element)
        said = self.element["bot"]
        if isinstance(said, dict) and "snippet" in said:
            self.add({"expect": "snippet"})

    def _bot_message(self, text: str) -> None:
        given = _WITH_AT_END.findall(text) if _has_with(text) else []
        if given:
            text = text[: -len(given[0])].strip()
            self._bot_parameters(given[0].split(" ", 1)[1].strip())
        said = re.findall(r'"[^"]*"', text)
        need(len(said) < 2, "the bot can say one text only in a statement")
        example = said[0] if said else None
        name = text.replace(example, "").strip() if example else text
        first = self.at
        lines = self.indented()
        examples = [index for index, line in enumerate(lines) if re.match(r'\s*(?:if(?: |$)|")', line.text)]
        count = examples[0] if examples else len(lines)
        if count:
            self.parameters(lines[:count])
        if name and (example is not None or count < len(lines)):
            if self._flag("is_test") or self._flag("is_sample"):
                self.at = first + len(lines)
            else:
                self.at = first + count
                if example is not None:
                    indent = self.indent + 2 if count == len(lines) else lines[count].indent
                    self.insert(self.at + 1, example, indent)
                self.example_kind = "utterance"
                line = self.line
                self.read_examples(name)
                self.line = line
                self.at -= 1
        if name:
            self.element["bot"] = name
            return
        need(example is not None, "the bot has nothing to say")
        self.element["bot"] = {"_type": "element"}
        self.element.pop("quick_replies", None)

    def _bot_parameters(self, text: str) -> None:
        for index, part in enumerate(split_words(text, ",")):
            assigned = _ASSIGNED.findall(part)
            for name, value in assigned:
                self.element[name] = value[1:-1] if value[0] == '"' else value
            if not assigned:
                simple = part.startswith("$") and "." not in part
                self.element[part[1:] if simple else f"${index}"] = part

    def _flag(self, name: str) -> bool:
        items = self.branches[-1][0]
        return bool(items and next(iter(items[0].keys()), None) == "meta" and items[0]["meta"].get(name))


def bracketed(text: str) -> str:
    """``name with $a`` and ``name for a=1`` as ``name(…)``."""
    if not _has_with(text):
        return text
    found = _WITH_WITH.match(text) or _WITH_NAMED.match(text)
    return f"{found['name']}({found['vars']})" if found else text


def _has_with(text: str) -> bool:
    return " with " in text or " for " in text
