"""Reading guardlint's own documents: YAML, a schema, and the place of every mistake.

Nothing else in ``policy`` opens a file or speaks to jsonschema.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

from guardlint.errors import ConfigError
from guardlint.policy.accepted import accept, is_accepted
from guardlint.policy.schema_errors import explain
from guardlint.resources import resource_dir
from guardlint.source.files import read_text
from guardlint.source.place import Place
from guardlint.source.record import record
from guardlint.source.yaml_file import DataPath, YamlFile, YamlProblem, parse_yaml

__all__ = ["Document", "Kind", "Mistake", "parse_document", "read_document", "schema_of", "validate"]

Kind = Literal[
    "policy",
    "rail",
    "prompts",
    "tiers",
    "team",
    "waiver",
    "lock",
    "reviews",
    "controls",
    "rail-tests",
    "policy-tests",
    "team-tests",
    "prices",
    "traffic",
]


@record
class Mistake:
    """One thing that a schema refuses: where in the data, whether the key is meant, and why."""

    path: DataPath
    at_key: bool
    message: str
    help: str | None


@record
class Document:
    """A document that its schema accepts. ``data`` is JSON: dates are ISO strings."""

    file: str
    kind: Kind
    data: Mapping[str, Any]
    source: YamlFile

    def place(self, *path: str | int, key: bool = False) -> Place:
        """Where the value (or with ``key=True`` its key) at ``path`` stands."""
        return self.source.place(path, key=key)

    def error(
        self, message: str, *path: str | int, key: bool = False, help: str | None = None
    ) -> ConfigError:
        """A ConfigError at ``path``, to be raised by the caller."""
        return ConfigError(message, place=str(self.place(*path, key=key)), help=help)


def read_document(path: Path, kind: Kind) -> Document:
    """Read and validate one document.

    Raises ConfigError naming file, line and column when it cannot be read, parsed or validated.
    """
    try:
        text = read_text(path)
    except OSError as error:
        raise ConfigError(f"cannot read: {error.strerror or error}", place=str(path)) from None
    except UnicodeDecodeError:
        raise ConfigError("it is not UTF-8 text", place=str(path), help="save it as UTF-8") from None
    return parse_document(text, str(path), kind)


def parse_document(text: str, file: str, kind: Kind) -> Document:
    """Parse and validate the text of one document; ``file`` names it in messages. Raises ConfigError."""
    try:
        source = parse_yaml(text, file)
    except YamlProblem as problem:
        raise ConfigError(problem.message, place=str(problem.place)) from None
    for path, lost, _ in source.duplicates():
        raise ConfigError(
            f"the key '{path[-1]}' stands twice in one mapping", place=str(lost), help="keep one"
        )
    data = _jsonable(source.data)
    mistake = validate(data, kind)
    if mistake is not None:
        place = source.place(mistake.path, key=mistake.at_key)
        raise ConfigError(mistake.message, place=str(place), help=mistake.help)
    return Document(file, kind, data, source)


def validate(data: object, kind: Kind) -> Mistake | None:
    """The first thing that the schema of ``kind`` refuses in ``data``, in reading order, or None."""
    if not isinstance(data, dict):
        return Mistake(
            (), False, f"a {kind} document is a mapping", f"begin with 'schema: {_schema_name(kind)}'"
        )
    schema = schema_of(kind)
    if is_accepted(schema, data):
        return None
    errors = list(_validator(kind).iter_errors(data))
    if not errors:
        accept(schema, data)
        return None
    return Mistake(*explain(errors))


@cache
def schema_of(kind: Kind) -> Mapping[str, Any]:
    """The JSON Schema (2020-12) of one kind of document, as shipped in ``schemas/``."""
    data: dict[str, Any] = json.loads((resource_dir("schemas") / f"{kind}.json").read_text(encoding="utf-8"))
    return data


@cache
def _validator(kind: Kind) -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(schema_of(kind))


def _schema_name(kind: Kind) -> str:
    return f"guardlint/{kind}/v1"


def _jsonable(value: Any) -> Any:
    """YAML dates as ISO strings, so that schemas speak of strings; keys that are no strings stay visible."""
    if isinstance(value, dict):
        return {
            key if isinstance(key, str) else json.dumps(key, default=str): _jsonable(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_jsonable(item) for item in value]
    if isinstance(value, datetime.date):
        return value.isoformat()
    return value
