"""The identifiers of controls that are known (``policies/controls.yml``), and those that policies make up.

Only the frameworks of the list are judged: a company may name controls of its own without listing them. Its
own list adds frameworks, and takes the place of one that the reference repository lists.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from guardlint.policy.documents import Document, read_document
from guardlint.resources import central_dir
from guardlint.source.names import closest
from guardlint.source.record import record

__all__ = ["Unknown", "known_controls", "unknown_controls"]


@record
class Unknown:
    """A control that its framework does not have. ``who`` is the policy or rail, ``place`` its line."""

    who: str
    control: str
    place: str
    framework: str
    near: str | None

    @property
    def message(self) -> str:
        """What is wrong, in words."""
        meant = f"; did you mean '{self.near}'?" if self.near else ""
        return f"'{self.control}' is no control of {self.framework}{meant}"


def known_controls(folder: Path | None = None) -> dict[str, tuple[str, dict[str, str]]]:
    """By framework its title and its controls with theirs: the reference ones and those of ``folder``.

    Raises ConfigError where a list is wrong.
    """
    found: dict[str, tuple[str, dict[str, str]]] = {}
    for root in dict.fromkeys((central_dir(), folder or central_dir())):
        path = root / "policies" / "controls.yml"
        if path.is_file():
            listed = read_document(path, "controls").data["frameworks"]
            found |= {name: (entry["title"], dict(entry["controls"])) for name, entry in listed.items()}
    return found


def unknown_controls(folder: Path) -> Iterator[Unknown]:
    """What the policies and rails of a central repository name and no list has. Raises ConfigError."""
    known = known_controls(folder)
    documents = [("policy", path) for path in sorted(folder.glob("policies/*/policy.yml"))]
    documents += [("rail", path) for path in sorted(folder.glob("rails/*/rail.yml"))]
    for kind, path in documents:
        document = read_document(path, "policy" if kind == "policy" else "rail")
        for where in _lists(document.data, ()):
            for index, control in enumerate(_at(document, where)):
                framework = _framework(control)
                if framework in known and control not in known[framework][1]:
                    title, controls = known[framework]
                    place = str(document.place(*where, index))
                    who = f"{document.data['id']}@{document.data['version']}"
                    yield Unknown(who, control, place, title, closest(control, controls))


def _framework(control: str) -> str:
    """``LLM01:2025`` is OWASP's own form; all others have the framework before the colon."""
    name = control.partition(":")[0]
    return "LLM" if name.startswith("LLM") and name[3:].isdigit() else name


def _lists(data: object, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    """Where lists of controls stand, anywhere in a document."""
    if isinstance(data, dict):
        for key, value in data.items():
            if key == "controls" and isinstance(value, list):
                yield (*path, key)
            else:
                yield from _lists(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _lists(value, (*path, index))


def _at(document: Document, path: tuple[str | int, ...]) -> list[str]:
    found: object = document.data
    for part in path:
        found = found[part]  # type: ignore[index]
    assert isinstance(found, list)
    return found
