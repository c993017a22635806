"""A bot message is defined in several files.

What it does: reports ``define bot …`` blocks of one name that stand in several files with different texts.

Why it matters: NeMo keeps the block of one file, that nearest to the root, and forgets the others: the bot
says something else than the file beside the flow says.

How to fix: keep one of them, or give the other another name.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.rules.file_order import order_words
from guardlint.rules.rule import Found, Project, Related, Rule
from guardlint.source.colang import Message

RULE = Rule(severity="warning", confidence="high", since="0.1.0")


def check(project: Project) -> Iterator[Found]:
    """One finding for each file that loses to another, at the first name."""
    configuration = project.configuration
    if configuration.generation != "1.0":
        return
    lost: dict[tuple[str, str], list[tuple[Message, Message]]] = {}
    for file in configuration.read_colang:
        for message in file.messages:
            winner = configuration.messages.get(message.name) if message.kind == "bot" else None
            if winner is None or winner.place.file == message.place.file or not message.texts:
                continue
            if not {text.strip() for text in message.texts} <= set(winner.texts):
                lost.setdefault((file.file, winner.place.file), []).append((message, winner))
    for pairs in lost.values():
        yield _finding(configuration, pairs)


def _finding(configuration: Configuration, pairs: list[tuple[Message, Message]]) -> Found:
    message, winner = pairs[0]
    name = winner.place.file.rpartition("/")[2]
    order = order_words(configuration, message.place.file, winner.place.file)
    return Found(
        f"these texts of `{message.name}` are never said: {name} defines it as well",
        message.place,
        f"NeMo keeps one definition of a message, the one in `{name}`{order}",
        "keep one of the two, or give this one another name",
        value=sorted(pair[0].name for pair in pairs),
        related=(
            Related(winner.place, "this one is said"),
            *(Related(other.place, "never said either") for other, _ in pairs[1:6]),
        ),
    )
