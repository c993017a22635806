"""One file of a configuration, read, or a :class:`FileProblem` that says why it cannot be."""

from __future__ import annotations

from collections.abc import Callable

from guardlint.nemo.walk import WalkedFile
from guardlint.source.colang import ColangFile, parse_colang
from guardlint.source.files import read_text
from guardlint.source.place import Place
from guardlint.source.python import PythonFile, parse_python
from guardlint.source.record import record
from guardlint.source.yaml_file import YamlFile, YamlProblem, parse_yaml

__all__ = ["FileProblem", "ReadFile", "TextOf", "read_file", "read_python", "read_yaml", "text_of_file"]


@record
class FileProblem:
    """A file that NeMo cannot read. ``at_load`` is False where only actions are lost, not the load."""

    message: str
    place: Place
    at_load: bool = True
    help: str = ""


TextOf = Callable[[WalkedFile, str, list[FileProblem]], str | None]

ReadFile = tuple[str | None, YamlFile | ColangFile | PythonFile | None, list[FileProblem]]
"""The text of a file, what it holds, and its problems."""


def read_file(file: WalkedFile, shown: str, text_of: TextOf) -> ReadFile:
    """Read one file; of a document the text is all."""
    problems: list[FileProblem] = []
    text = text_of(file, shown, problems)
    if text is None:
        return None, None, problems
    if file.kind == "yaml":
        return text, read_yaml(text, shown, problems), problems
    if file.kind == "colang":
        return text, parse_colang(text, shown), problems
    return text, read_python(text, shown, problems) if file.kind == "python" else None, problems


def text_of_file(file: WalkedFile, shown: str, problems: list[FileProblem]) -> str | None:
    """Its text, or None and one problem more."""
    at_load = file.kind != "python"
    try:
        return read_text(file.name)
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        problems.append(FileProblem("is not UTF-8", Place.at(shown, line), at_load, "save the file as UTF-8"))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        problems.append(
            FileProblem(f"cannot be read: {reason}", Place.at(shown), at_load, "make the file readable")
        )
    return None


def read_yaml(text: str, shown: str, problems: list[FileProblem]) -> YamlFile | None:
    """Keys and values, or None and one problem more."""
    try:
        parsed = parse_yaml(text, shown)
    except YamlProblem as problem:
        problems.append(FileProblem(f"is not valid YAML: {problem.message}", problem.place))
        return None
    if parsed.data is None:
        problems.append(
            FileProblem("is empty", Place.at(shown), help="delete the file, or write at least one key")
        )
        return None
    if not isinstance(parsed.data, dict):
        problems.append(
            FileProblem(
                f"holds a {'list' if isinstance(parsed.data, list) else 'single value'}, not keys and values",
                parsed.place(),
                help="write keys and values, or move the file out of the configuration",
            )
        )
        return None
    return parsed


def read_python(text: str, shown: str, problems: list[FileProblem]) -> PythonFile:
    """What can be read of it; code that is no Python is a problem that NeMo only logs."""
    parsed = parse_python(text, shown)
    if parsed.problem is not None:
        message, place = parsed.problem
        problems.append(FileProblem(f"is not valid Python: {message}", place, at_load=False))
    return parsed
