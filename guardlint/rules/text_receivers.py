"""Who gets what of a conversation: models, hosts, and the readers of each text, as policies name them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.egress import is_local_address, readers, runs_at_home
from guardlint.nemo.prompt_choice import model_name
from guardlint.nemo.taint import DETECTING, MASKING, Step, steps
from guardlint.policy.view import Named, Protection, Receiver
from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.yaml_file import DataPath

__all__ = ["endpoints_of", "models_of", "protections_of", "receivers_of"]

_HOST = lazy_pattern(r"(?:https?|grpcs?|wss?)://(?:[^/@\s]*@)?(\[[^\]]*\]|[^/:\s?#]+)", re.IGNORECASE)
_ADDRESS_KEY = lazy_pattern(r"url|endpoint|host|server|address|uri|base", re.IGNORECASE)
# The sections beside `models` in which a configuration names hosts.
_SECTIONS: tuple[DataPath, ...] = (
    ("actions_server_url",),
    ("core",),
    ("knowledge_base",),
    ("rails", "config"),
    ("tracing",),
)
_NAMED_MODEL = lazy_pattern(r"the model `(.+)`")
# These compute embeddings in the application's own process.
_EMBEDDED = frozenset({"FastEmbed", "SentenceTransformers"})


def models_of(configuration: Configuration) -> tuple[Named, ...]:
    """Every entry of ``models`` that names an engine."""
    return tuple(
        Named(model_name(model), frozenset({model_name(model)}), ("models", index))
        for index, model in _models(configuration)
    )


def endpoints_of(configuration: Configuration) -> tuple[Named, ...]:
    """The hosts of ``models``, NeMo's own for an engine where a model names none, and those of settings."""
    found: list[Named] = []
    for index, model in _models(configuration):
        path: DataPath = ("models", index)
        written = list(_hosts(model.get("parameters"), (*path, "parameters"), any_key=True))
        own = configuration.catalogue.data["engines"].get(str(model["engine"]), {}).get("base_url")
        if not written and isinstance(own, str):
            written = [(host, (*path, "engine")) for host in _HOST.findall(own)]
        found += [_endpoint(host, place) for host, place in written]
    for section in _SECTIONS:
        value = configuration.value(section)
        found += [_endpoint(host, place) for host, place in _hosts(value, section)]
    return tuple(found)


def receivers_of(configuration: Configuration, text: str) -> tuple[Receiver, ...]:
    """Who reads the text of a direction: by its rails in their order, then whoever answers with it.

    Left out is whom only the application knows: a model that no file names.
    """
    found: list[Receiver] = []
    protected = False
    for step in steps(configuration, text):
        path = step.rail.path if step.rail is not None and step.call is None else None
        personal = not step.is_own and (step.action in MASKING or step.action in DETECTING)
        readings = _services(configuration, step) if personal else _readings(configuration, step)
        found += [Receiver(shown, labels, protected, path, step.place) for shown, labels in readings]
        protected = protected or (personal and step.source == text)
    found += [
        Receiver(shown, labels, protected, path) for shown, labels, path in _answering(configuration, text)
    ]
    return tuple(found)


def protections_of(configuration: Configuration, direction: str) -> tuple[Protection, ...]:
    """The rails of NeMo's that look for personal data in a direction, with the entities that are listed."""
    found = []
    for step in steps(configuration, direction):
        section = MASKING.get(step.action) or DETECTING.get(step.action)
        if section is None or step.is_own or step.source != direction:
            continue
        path: DataPath = ("rails", "config", section, direction)
        listed = configuration.effective((*path, "entities"))
        score = configuration.effective((*path, "score_threshold"))
        if score is None:
            score = configuration.effective(("rails", "config", section, "threshold"))
        found.append(
            Protection(
                section,
                tuple(str(item) for item in listed) if isinstance(listed, list) else (),
                "mask" if step.action in MASKING else "block",
                float(score) if isinstance(score, int | float) else None,
                path,
            )
        )
    return tuple(found)


_Reading = tuple[str, frozenset[str]]


def _readings(configuration: Configuration, step: Step) -> Iterator[_Reading]:
    for reader in readers(configuration, step):
        if reader.kind == "service":
            yield f"the service '{reader.name}'", frozenset({reader.name, *_local(reader.is_local)})
            continue
        kind = _NAMED_MODEL.fullmatch(reader.name)
        entry = _entry(configuration, kind[1] if kind else "main")
        if entry is not None:
            yield f"{reader.name} ({model_name(entry[1])})", _labels(configuration, *entry)


def _services(configuration: Configuration, step: Step) -> Iterator[_Reading]:
    """A rail for personal data is trusted with it, and still a service that the text goes to."""
    surface = next(
        (item for item in configuration.catalogue.data["surfaces"] if item["action"] == step.action), None
    )
    section = {**MASKING, **DETECTING}[step.action]
    hosts = _HOST.findall(str(configuration.effective(("rails", "config", section, "server_endpoint"))))
    for name in surface["remote_services"] if surface is not None else ():
        local = bool(hosts) and all(is_local_address(host) for host in hosts)
        yield f"the service '{name}'", frozenset({name, *hosts, *_local(local)})


def _answering(configuration: Configuration, text: str) -> Iterator[tuple[str, frozenset[str], DataPath]]:
    """The main model reads the message and what was retrieved; the embeddings' model finds what is near."""
    retrieves = bool(configuration.documents)
    if text == "input" and (configuration.user_messages or retrieves):
        entry = _entry(configuration, "embeddings")
        if entry is not None and entry[1]["engine"] not in _EMBEDDED:
            yield _named("the embeddings model", configuration, *entry)
    if text == "input" or (text == "retrieval" and (retrieves or configuration.rails("retrieval"))):
        entry = _entry(configuration, "main")
        if entry is not None:
            yield _named("the main model", configuration, *entry)


def _named(
    what: str, configuration: Configuration, index: int, model: dict[str, Any]
) -> tuple[str, frozenset[str], DataPath]:
    return f"{what} ({model_name(model)})", _labels(configuration, index, model), ("models", index)


def _labels(configuration: Configuration, index: int, model: dict[str, Any]) -> frozenset[str]:
    hosts = [item.shown for item in endpoints_of(configuration) if item.path[:2] == ("models", index)]
    return frozenset({str(model["engine"]), model_name(model), *hosts, *_local(runs_at_home(model))})


def _models(configuration: Configuration) -> Iterator[tuple[int, dict[str, Any]]]:
    listed = configuration.value(("models",), [])
    for index, model in enumerate(listed if isinstance(listed, list) else []):
        if isinstance(model, dict) and model.get("engine") is not None:
            yield index, model


def _entry(configuration: Configuration, kind: str) -> tuple[int, dict[str, Any]] | None:
    return next(((at, model) for at, model in _models(configuration) if model.get("type") == kind), None)


def _local(is_local: bool) -> tuple[str, ...]:
    return ("local",) if is_local else ()


def _endpoint(host: str, path: DataPath) -> Named:
    return Named(host, frozenset({host.lower(), *_local(is_local_address(host))}), path)


def _hosts(value: Any, path: DataPath, *, any_key: bool = False) -> Iterator[tuple[str, DataPath]]:
    """Hosts in texts below keys that name an address; a pattern or a prompt may hold one that is none."""
    if isinstance(value, str):
        if any_key or _ADDRESS_KEY.search(str(next((p for p in reversed(path) if isinstance(p, str)), ""))):
            for host in _HOST.findall(value):
                yield host, path
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _hosts(item, (*path, key), any_key=any_key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _hosts(item, (*path, index), any_key=any_key)
