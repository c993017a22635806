"""What a finding says about loading: refused or not, the key read or not, the value expanded or not."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from unittest import mock

from guardlint.errors import ConfigError

from .staging import Case, Verdict, false, mend, true, undecided
from .talking import Judge, loaded, without_network

__all__ = [
    "ignored_endpoint",
    "neighbours_ignored",
    "refused",
    "unexpanded_variable",
    "unknown_key",
    "unserved_entity",
]

_SILENT: Final = Judge(condemns=False)


def refused(case: Case, root: Path, _others: Sequence[Case]) -> Verdict:
    """NeMo refuses the configuration with this fault alone, and loads it without."""
    said = _refusal(root)
    if said is None:
        return false("NeMo loads it")
    mend(root, [case])
    after = _refusal(root)
    if after is not None and after == said:
        quoted = [name for name in case.names if name in said]
        if not quoted:
            return undecided(f"NeMo refuses it with and without: {said}")
    return true(said)


def unknown_key(case: Case, root: Path, _others: Sequence[Case]) -> Verdict:
    """The configuration comes to the same with the key and without."""
    before = _dump(root)
    if isinstance(before, str):
        return undecided(before)
    mend(root, [case])
    after = _dump(root)
    if before == after:
        return true("the loaded configuration is the same without the key")
    return false("the loaded configuration differs without the key")


def unexpanded_variable(case: Case, root: Path, _others: Sequence[Case]) -> Verdict:
    """The loaded value still holds the characters."""
    held = str(_dump(root))
    written = next((name for name in case.names if name.startswith("$")), "${")
    return true("the loaded value holds them") if written in held else false("the loaded value is another")


def ignored_endpoint(case: Case, root: Path, _others: Sequence[Case]) -> Verdict:
    """The request goes to another host than the one written."""
    import httpx
    from nemoguardrails import RailsConfig
    from nemoguardrails.llm.models.initializer import init_llm_model

    sent: list[str] = []

    async def send(_self: Any, request: Any, *_: Any, **__: Any) -> Any:
        sent.append(str(request.url))
        raise OSError("no network here")

    written = case.source(root).partition(":")[2].strip().strip("\"'")
    for model in RailsConfig.from_path(str(root)).models:
        if written not in str(model.parameters):
            continue
        parameters = {"api_key": "unused", **model.parameters}
        with mock.patch.object(httpx.AsyncClient, "send", send):
            try:
                made = init_llm_model(model.model or "unnamed", model.engine, parameters)
                asyncio.run(made.generate_async("hello"))
            except Exception as error:  # noqa: BLE001 - the request is meant to fail
                if not sent:
                    return undecided(repr(error)[:150])
    if not sent:
        return undecided("no request was seen")
    away = [url for url in sent if not url.startswith(written.rstrip("/"))]
    return true(f"the request goes to {away[0]}") if away else false(f"the request goes to {sent[0]}")


def neighbours_ignored(case: Case, root: Path, _others: Sequence[Case]) -> Verdict:
    """The file alone comes to less than its directory."""
    from nemoguardrails import RailsConfig

    named = re.findall(r"`([^`]+\.ya?ml)`", case.message + case.at_run_time)
    for file in [found for name in named for found in root.rglob(name)]:
        alone, whole = (RailsConfig.from_path(str(path)) for path in (file, file.parent))
        if alone.flows != whole.flows or alone.bot_messages != whole.bot_messages:
            return true(f"{len(alone.flows)} flows instead of {len(whole.flows)}")
        return false("both load the same flows")
    return undecided("the file is not among what was published")


def unserved_entity(case: Case, _root: Path, _others: Sequence[Case]) -> Verdict:
    """The analyser that NeMo makes does not serve the entity."""
    from nemoguardrails.library.sensitive_data_detection import actions

    from guardlint.engines.personal_data import serve_offline

    serve_offline()
    served = actions._get_analyzer().get_supported_entities("en")  # noqa: SLF001 - NeMo's only door
    entity = case.names[0]
    return false("it is served") if entity in served else true(f"not among the {len(served)} served ones")


def _refusal(root: Path) -> str | None:
    with without_network():
        try:
            with loaded(root, _SILENT, traced=True):
                return None
        except ConfigError as error:
            return " ".join(str(error).partition("refuses the configuration: ")[2].split())[:300]


def _dump(root: Path) -> Any:
    from nemoguardrails import RailsConfig

    try:
        return RailsConfig.from_path(str(root)).model_dump(mode="json", exclude={"config_id"})
    except Exception as error:  # noqa: BLE001 - NeMo raises whatever its parsers raise
        return repr(error)[:200]
