"""What is done with personal data once it is found: per entity, within one conversation.

``mask`` writes the entity's name, ``hash`` a keyed digest that joins the same value across conversations,
``last_four`` stars and the end of the value, ``pseudonym`` a name that stands for one value throughout a
conversation and can be undone in the answer; ``block`` lets nothing through.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from typing import Final, Literal, cast, get_args

from guardlint.errors import ConfigError
from guardlint.pii.span import Span

__all__ = ["ACTIONS", "Action", "Pseudonyms", "Transformer", "is_action"]

Action = Literal["mask", "block", "hash", "last_four", "pseudonym"]
ACTIONS: Final[tuple[Action, ...]] = get_args(Action)

_DIGEST_CHARACTERS: Final = 16
_KEPT: Final = 4
_LEAST_HIDDEN: Final = 4
_MOST_PSEUDONYMS: Final = 10_000
_STANDS_FOR = re.compile(r"<?(?<![A-Za-z0-9_])(?P<name>[A-Z][A-Z_]{1,40}_\d{1,6})(?![A-Za-z0-9_])>?")
_KEY_BYTES: Final = 16


def is_action(value: object) -> bool:
    """Whether it is the name of an action."""
    return value in ACTIONS


class Pseudonyms:
    """The values of one conversation and the names that stand for them; they never leave the process.

    The same value, however spaced or capitalised, has the same name. Not for several threads at once.
    """

    __slots__ = ("_counts", "_names", "_values")

    def __init__(self) -> None:
        self._names: dict[tuple[str, str], str] = {}
        self._values: dict[str, str] = {}
        self._counts: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._values)

    def name(self, entity: str, value: str) -> str:
        """``PERSON_1`` for the first person, without brackets.

        Raises OverflowError after 10,000 values: what goes on making names is no conversation.
        """
        key = (entity, " ".join(value.split()).casefold())
        name = self._names.get(key)
        if name is None:
            if len(self._values) >= _MOST_PSEUDONYMS:
                raise OverflowError("a conversation holds too many values")
            number = self._counts[entity] = self._counts.get(entity, 0) + 1
            name = self._names[key] = f"{entity}_{number}"
            self._values[name] = value
        return name

    def restore(self, text: str) -> str:
        """``text`` with the values back in place of their names, with or without the brackets."""
        if not self._values or "_" not in text:
            return text
        return _STANDS_FOR.sub(lambda found: self._values.get(found["name"], found.group()), text)


class Transformer:
    """Applies actions to the spans of a text.

    ``default`` is for entities that ``actions`` does not name; ``key`` (bytes, at least 16) is needed for
    ``hash``. Raises ConfigError for an unknown action or a missing key.
    """

    __slots__ = ("_actions", "_default", "_key")

    def __init__(
        self, default: str = "mask", actions: Mapping[str, str] | None = None, *, key: bytes | None = None
    ) -> None:
        for action in (default, *(actions or {}).values()):
            if not is_action(action):
                raise ConfigError(f"there is no action {action!r}", help="actions: " + ", ".join(ACTIONS))
        self._default = cast("Action", default)
        self._actions = cast("dict[str, Action]", dict(actions or {}))
        self._key = key
        if "hash" in {self._default, *self._actions.values()} and (key is None or len(key) < _KEY_BYTES):
            raise ConfigError(
                "the action hash needs a key of at least 16 bytes",
                help="without one, whoever sees a hash finds the value by trying all telephone numbers",
            )

    def action(self, entity: str) -> Action:
        """What is done with that entity."""
        return self._actions.get(entity, self._default)

    def blocks(self, spans: Sequence[Span]) -> bool:
        """Whether one of the findings lets nothing through."""
        return any(self.action(span.entity) == "block" for span in spans)

    def apply(self, text: str, spans: Sequence[Span], pseudonyms: Pseudonyms) -> str:
        """``text`` with each span replaced, and not a character changed beside them.

        ``spans`` are in order and apart. What was JSON (a tool call's arguments) stays JSON.
        """
        if not spans:
            return text
        strings = _strings(text)
        parts: list[str] = []
        position = 0
        for span in spans:
            new = self._replacement(span, text[span.start : span.end], pseudonyms)
            if strings is not None and not _within(strings, span.start):
                new = json.dumps(new)  # a number lost its digits; as a string it is JSON again
            parts += (text[position : span.start], new)
            position = span.end
        return "".join((*parts, text[position:]))

    def _replacement(self, span: Span, value: str, pseudonyms: Pseudonyms) -> str:
        action = self.action(span.entity)
        if action == "pseudonym":
            return f"<{pseudonyms.name(span.entity, value)}>"
        if action == "last_four":
            return _last_four(value) or f"<{span.entity}>"
        if action == "hash":
            assert self._key is not None, "checked when made"
            plain = "".join(char for char in value.casefold() if char.isalnum())
            digest = hmac.digest(
                self._key, f"{span.entity}\0{plain}".encode("utf-8", "replace"), hashlib.sha256
            )
            return f"<{span.entity}:{digest.hex()[:_DIGEST_CHARACTERS]}>"
        return f"<{span.entity}>"


def _last_four(value: str) -> str | None:
    """Stars for all letters and digits but the last four; None when too little would be hidden."""
    places = [index for index, char in enumerate(value) if char.isalnum()]
    if len(places) < _KEPT + _LEAST_HIDDEN:
        return None
    hidden = set(places[:-_KEPT])
    return "".join("*" if index in hidden else char for index, char in enumerate(value))


_JSON_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


def _strings(text: str) -> list[tuple[int, int]] | None:
    """Where the strings of a JSON text are; None when it is none."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return None
    return [found.span() for found in _JSON_STRING.finditer(text)]


def _within(stretches: Sequence[tuple[int, int]], position: int) -> bool:
    return any(start < position < end for start, end in stretches)
