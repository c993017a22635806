"""NeMo Guardrails 0.24: its fast engine ``IORails`` and its Colang engine ``LLMRails``, behind one face.

Neither ``check_async`` is used: both say ``blocked`` for a rail that broke as for one that decided
(``llmrails.py`` and ``iorails.py``, ``check_async``).  One level below, the difference is data: IORails
gives a ``RailResult`` with ``failed``, LLMRails its events, where an action that failed says so.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from nemoguardrails import RailsConfig
from nemoguardrails.context import llm_call_info_var
from nemoguardrails.guardrails.compiled_rail import CompiledRail, RailDependencies, compile_rail
from nemoguardrails.guardrails.iorails import IORails
from nemoguardrails.http.runtime import create_http_client
from nemoguardrails.manifests import RailDirection as SurfaceDirection
from nemoguardrails.manifests import default_rail_catalog
from nemoguardrails.rails.llm.llmrails import LLMRails

from guardlint.engines import Choice, Direction, Engine, Rails, RailsVerdict, Status, Turn, Unit, Uses
from guardlint.engines.evidence import PASSAGES, arm, decided_without, modes_of, parted
from guardlint.engines.personal_data import serve_offline
from guardlint.engines.tries import count_tries
from guardlint.engines.usage import merged, models_of, usage_of
from guardlint.errors import ConfigError, GuardlintError

__all__ = ["choose", "open_rails"]

_DIRECTIONS: Final[tuple[Direction, ...]] = ("input", "output")
_OTHER_SECTIONS: Final = ("retrieval", "tool_input", "tool_output")
_REWRITES: Final[Mapping[Direction, str]] = {"input": "user_message", "output": "bot_message"}
# Flows of NeMo's library whose actions load a model by a name or folder in rails.config, code included
# (library/hf_classifier/rail_config.py: `trust_remote_code`), or rules (injection_detection: `yara_path`).
_LOADING: Final = ("hf classifier", "guardrailsai", "jailbreak detection", "injection detection", "gliner")
_UTTERANCE: Final = "StartUtteranceBotAction"
_ACTION_END: Final = "InternalSystemActionFinished"


def choose(directory: Path, uses: Uses) -> Choice:
    """See :func:`guardlint.engines.choose`."""
    return _choice(_load(directory), uses)


def open_rails(directory: Path, uses: Uses) -> Rails:
    """See :func:`guardlint.engines.open_rails`."""
    config = _load(directory)
    if any("sensitive data" in flow for flows in _flows(config).values() for flow in flows):
        serve_offline()
    serve = _FastRails if _choice(config, uses).engine == "iorails" else _ColangRails
    try:
        return serve(config)
    except GuardlintError:
        raise
    except Exception as error:  # noqa: BLE001 - NeMo and the configuration's own Python raise anything
        raise _refused(error) from None


def _load(directory: Path) -> Any:
    try:
        config = RailsConfig.from_path(str(directory))
        # Spans can carry prompts and completions; the guard has its own records, without content.
        config.tracing.enabled = False
        config.tracing.enable_content_capture = False
    except Exception as error:  # noqa: BLE001 - NeMo raises AttributeError, TypeError, … for odd files
        raise _refused(error) from None
    if config.colang_version != "1.0":
        raise ConfigError(
            f"rails in Colang {config.colang_version} cannot be checked on their own: NeMo Guardrails 0.24 "
            "has no check for them",
            help="write the rails in Colang 1.0",
        )
    return config


def _refused(error: Exception) -> ConfigError:
    # NeMo's messages quote what stands in the files, and keys may stand there.
    return ConfigError(
        f"NeMo Guardrails refuses the configuration ({type(error).__name__})",
        help="run `guardlint check` on it",
    )


def _choice(config: Any, uses: Uses) -> Choice:
    imports = bool(config.imported_paths) or _loads(config)
    if uses == "llmrails":
        return Choice("llmrails", "asked for", imports)
    try:
        reason = IORails.unsupported_reason(config)
    except Exception as error:  # noqa: BLE001 - a rail that cannot even be asked is not one IORails serves
        reason = type(error).__name__
    return Choice("iorails", "", imports) if reason is None else Choice("llmrails", str(reason), imports)


def _loads(config: Any) -> bool:
    """Whether rails load models or rules from where the configuration says, which may be code."""
    flows = (flow for direction in _DIRECTIONS for flow in getattr(config.rails, direction).flows)
    return any(flow.startswith(_LOADING) for flow in flows)


def _flows(config: Any) -> Mapping[Direction, tuple[str, ...]]:
    found = {direction: tuple(getattr(config.rails, direction).flows) for direction in _DIRECTIONS}
    return MappingProxyType({direction: flows for direction, flows in found.items() if flows})


def _unused(config: Any) -> tuple[str, ...]:
    return tuple(name for name in _OTHER_SECTIONS if getattr(config.rails, name).flows)


class _FastRails:
    """IORails.  It reads no ``actions.py``, no ``config.py``, no Colang and no working directory.

    Its manager runs the flows of a direction one by one.  Asked for one flow, the compiled rail itself
    answers, as the manager would call it (``rails_manager.py``, ``_run_rail``).
    """

    engine: Engine = "iorails"

    def __init__(self, config: Any) -> None:
        self.flows = _flows(config)
        self.unused = _unused(config)
        self._iorails = IORails(config)
        arm(self._iorails.rails_manager.task_manager)
        self._modes = modes_of(config)
        self.models = models_of(config)
        self._http = create_http_client()
        deps = RailDependencies(
            llms=self._iorails.engine_registry.llms,
            llm_task_manager=self._iorails.rails_manager.task_manager,
            config=config,
            http_client=self._http,
        )
        self._rails = {
            (direction, flow): compile_rail(flow, SurfaceDirection[direction.upper()], deps)
            for direction, flows in self.flows.items()
            for flow in flows
        }
        self.units = MappingProxyType(
            {
                direction: _in_order(Unit((flow,), *_kind(self._rails[direction, flow])) for flow in flows)
                for direction, flows in self.flows.items()
            }
        )

    async def start(self) -> None:
        try:
            await self._iorails.start()
            count_tries(self._iorails.engine_registry.llms.values())
        except Exception as error:  # noqa: BLE001 - the text of NeMo's error may hold a key
            raise _refused(error) from None

    async def check(
        self, direction: Direction, turns: Sequence[Turn], unit: Unit | None = None, /
    ) -> RailsVerdict:
        try:
            own, passages = parted(turns)
            if self._modes and not passages:
                flows = self.flows.get(direction, ()) if unit is None else unit.flows
                decided = decided_without(self._modes, flows, own[-1]["content"], skips=unit is not None)
                if decided is not None:
                    return decided
            token = PASSAGES.set(passages)
            try:
                if unit is None:
                    return await self._check(direction, own)
                return await self._ask(direction, own, unit.flows[0])
            finally:
                PASSAGES.reset(token)
        except Exception:  # noqa: BLE001 - IORails raises when a model answers with an HTTP error
            return RailsVerdict.broken(unit.flows[0] if unit else None)

    async def _ask(self, direction: Direction, turns: list[dict[str, str]], flow: str) -> RailsVerdict:
        text = turns[-1]["content"]
        try:
            done = await self._rails[direction, flow].execute(turns, text if direction == "output" else None)
            _forget(done.llm_calls)
        finally:
            _forget((llm_call_info_var.get(),))
        verdict = _read_outcome(direction, text, flow, done.outcome)
        if done.llm_calls:
            verdict.llm_calls = len(done.llm_calls)
            verdict.usage = usage_of(flow, done.llm_calls, self.models)
        return verdict

    async def _check(self, direction: Direction, turns: list[dict[str, str]]) -> RailsVerdict:
        text = turns[-1]["content"]
        manager = self._iorails.rails_manager
        if direction == "input":
            result = await manager.is_input_safe(turns)
        else:
            result = await manager.is_output_safe(turns, text)
        rails = tuple(record.flow for record in result.records)
        calls = sum(bool(record.made_call) for record in result.records)
        if not result.is_safe:
            rail = result.triggered_rail
            return RailsVerdict("blocked", "", rail, bool(result.failed), rails, calls)
        if not result.outcome.is_transform:
            return RailsVerdict("passed", text, None, False, rails, calls)
        rewritten = result.outcome.transform_text[_REWRITES[direction]]
        return RailsVerdict("modified", rewritten, None, False, rails, calls)

    async def close(self) -> None:
        with contextlib.suppress(Exception):  # closing releases what it can
            await self._iorails.stop()
        with contextlib.suppress(Exception):
            await self._http.close()


def _read_outcome(direction: Direction, text: str, flow: str, outcome: Any) -> RailsVerdict:
    if outcome.is_blocked:
        return RailsVerdict("blocked", "", flow, bool(outcome.failed), (flow,))
    if not outcome.is_transform:
        return RailsVerdict("passed", text, None, False, (flow,))
    rewritten = outcome.transform_text[_REWRITES[direction]]
    return RailsVerdict("passed" if rewritten == text else "modified", rewritten, None, False, (flow,))


def _forget(calls: Iterable[Any]) -> None:
    """What a model was asked and said. A connection that is kept, or a timer of it, keeps the context it was
    made in, and with it NeMo's own log of the call (``llm_tracker.py``)."""
    for call in calls:
        if call is not None:
            call.prompt = call.completion = call.raw_response = None


def _kind(rail: CompiledRail) -> tuple[bool, bool]:
    """Whether the rail may rewrite, and whether it waits: its manifest names a model, a service or a package
    that may bring either."""
    manifests = default_rail_catalog().manifests.values()
    needs = next(manifest for manifest in manifests if rail.surface in manifest.surfaces).requirements
    bound = any(binding.resource == "model" for binding in rail.surface.bindings)
    waits = bool(needs.models or needs.services or needs.optional_dependencies or bound)
    return rail.transform_target is not None, waits


def _in_order(units: Iterator[Unit]) -> tuple[Unit, ...]:
    return tuple(sorted(dict.fromkeys(units), key=lambda unit: (not unit.rewrites, unit.waits)))


class _Forgetful(dict[str, Any]):
    """An events cache that keeps nothing: NeMo's holds every conversation for the life of the process."""

    def __setitem__(self, key: str, value: Any) -> None:
        return


class _ColangRails:
    """LLMRails: runs the configuration's Colang and Python.  Build it in a process of its own only."""

    engine: Engine = "llmrails"

    def __init__(self, config: Any) -> None:
        self.flows = _flows(config)
        self.unused = _unused(config)
        # All of a direction run together: Colang runs what the configuration lists (``llm_flows.co``).
        self.units = MappingProxyType({direction: (Unit(flows),) for direction, flows in self.flows.items()})
        self._llmrails = LLMRails(config)
        self._llmrails.events_history_cache = _Forgetful()
        arm(self._llmrails.runtime.llm_task_manager)
        self._modes = modes_of(config)
        self.models = models_of(config)

    async def start(self) -> None:
        return

    async def check(
        self, direction: Direction, turns: Sequence[Turn], _unit: Unit | None = None, /
    ) -> RailsVerdict:
        options = {"rails": [direction], "log": {"activated_rails": True, "internal_events": True}}
        try:
            own, passages = parted(turns)
            text = own[-1]["content"]
            decided = decided_without(self._modes, self.flows.get(direction, ()), text, skips=False)
            if decided is not None and not passages:
                return decided
            token = PASSAGES.set(passages)
            try:
                response = await self._llmrails.generate_async(messages=own, options=options)
            finally:
                PASSAGES.reset(token)
            return _read_events(direction, text, response.log, self.models)
        except Exception:  # noqa: BLE001 - LLMRails raises what models and actions raise
            return RailsVerdict.broken()

    async def close(self) -> None:
        return


def _read_events(direction: Direction, text: str, log: Any, models: Sequence[str]) -> RailsVerdict:
    """The verdict that NeMo's events hold.

    Passed only on positive evidence: no action failed, no rail stopped, and exactly one utterance, the text
    itself.  A second one is a rail that refused but forgot to stop (seen with ``parallel: true``).
    """
    ran = tuple(rail.name for rail in log.activated_rails if rail.type == direction)
    asked = [
        (str(rail.name), [call for action in rail.executed_actions for call in action.llm_calls])
        for rail in log.activated_rails
    ]
    calls = sum(len(made) for _, made in asked)
    usage = merged(one for name, made in asked for one in usage_of(name, made, models))
    stopped = next((str(rail.name) for rail in log.activated_rails if rail.stop), None)
    events: list[dict[str, Any]] = log.internal_events
    failed = any(event["type"] == _ACTION_END and not event.get("is_success") for event in events)
    raised = any(event["type"].endswith("Exception") for event in events)
    said = [event["script"] for event in events if event["type"] == _UTTERANCE]
    if failed:
        return RailsVerdict("blocked", "", stopped, True, ran, calls, usage=usage)
    if stopped is not None or raised or len(said) != 1 or not isinstance(said[0], str):
        return RailsVerdict("blocked", "", stopped, False, ran, calls, usage=usage)
    status: Status = "passed" if said[0] == text else "modified"
    return RailsVerdict(status, said[0], None, False, ran, calls, usage=usage)
