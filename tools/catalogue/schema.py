"""The JSON Schema of a configuration file, made from the key table and from nothing else."""

from __future__ import annotations

from typing import Any

from tools.catalogue.keys import Node

__all__ = ["json_schema"]

_SCALARS = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}
_LIMITS = {
    "min": "minimum",
    "max": "maximum",
    "above": "exclusiveMinimum",
    "min_length": "minLength",
    "max_length": "maxLength",
    "pattern": "pattern",
    "values": "enum",
    "suggested": "examples",
    "default": "default",
    "deprecated": "deprecated",
}


def json_schema(table: Node, version: str) -> dict[str, Any]:
    """A schema of draft 2020-12 for any YAML file of a configuration of one NeMo version.

    A key that NeMo reads and drops is ``false``; top-level keys that begin with ``x-`` are the author's own.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:guardlint:nemo:{version}",
        "title": f"NeMo Guardrails {version} configuration",
        **_schema(table),
        "patternProperties": {"^x-": True},
    }


def _schema(node: Node) -> Any:
    if node.get("dropped"):
        return False
    schema: dict[str, Any] = {new: node[old] for old, new in _LIMITS.items() if old in node}
    kind = node["type"]
    if kind == "mapping":
        schema |= _mapping(node)
    elif kind == "list":
        schema |= {"type": "array", "items": _schema(node["items"])}
    elif kind == "union":
        schema["anyOf"] = [_schema(option) for option in node["options"]]
    elif kind == "scalar":
        schema["type"] = _SCALARS[node["scalar"]]
    if node.get("secret"):
        schema["writeOnly"] = True
    return _nullable(schema) if node.get("nullable") else schema


def _mapping(node: Node) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object"}
    keys: dict[str, Node] = node["keys"]
    if keys:
        schema["properties"] = {name: _schema(child) for name, child in keys.items()}
    required = sorted(name for name, child in keys.items() if child.get("required"))
    if required:
        schema["required"] = required
    if node.get("open"):
        schema["additionalProperties"] = _schema(node["entries"]) if "entries" in node else True
    else:
        schema["additionalProperties"] = False
    return schema


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    if "anyOf" in schema:
        return {**schema, "anyOf": [*schema["anyOf"], {"type": "null"}]}
    if "enum" in schema:
        schema = {**schema, "enum": [*schema["enum"], None]}
    return {**schema, "type": [schema["type"], "null"]} if "type" in schema else schema
