"""The company half of a bundle: the policy's approved NeMo rails as one NeMo configuration directory.

Only library flows of Colang 1.0 are named and nothing else is configured, so that NeMo's ``Guardrails``
serves it with its fast engine (``IORails.unsupported_reason``, ``guardrails/iorails.py`` of 0.24.1).
The text that every file holds depends on the policy and the rails alone: same input, same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from guardlint.errors import ConfigError
from guardlint.policy.central import Central
from guardlint.policy.filling import filled
from guardlint.policy.model import ComposedPolicy, Direction, Judge, RailUse
from guardlint.policy.rails import Rail, RailSide
from guardlint.source.pyyaml import yaml

__all__ = ["company_configuration", "configs_by_use", "nemo_rails"]

_DIRECTIONS: tuple[Direction, ...] = ("input", "output")


def nemo_rails(policy: ComposedPolicy, central: Central) -> tuple[tuple[RailUse, Rail], ...]:
    """The approved rails of ``policy`` that run in NeMo, in order, input before output."""
    pairs = ((use, _rail(use, central)) for direction in _DIRECTIONS for use in policy.rails[direction])
    return tuple((use, rail) for use, rail in pairs if rail.runs == "nemo")


def configs_by_use(policy: ComposedPolicy, central: Central) -> dict[str, Mapping[str, Any]]:
    """What each rail of ``policy`` gives to NeMo, with the names of settings in it, by its reference.

    By direction, as one mapping: a rail may run in both.
    """
    found: dict[str, Mapping[str, Any]] = {}
    for use, rail in nemo_rails(policy, central):
        found[use.ref] = {**found.get(use.ref, {}), use.direction: _side(use, rail).config}
    return found


def company_configuration(policy: ComposedPolicy, central: Central) -> dict[str, bytes]:
    """The files of ``company/`` by relative path; empty when no rail of the policy runs in NeMo.

    Raises ConfigError when a rail asks a judge and no policy names one, and when two rails write
    different values into one key of ``rails.config``.
    """
    used = nemo_rails(policy, central)
    if not used:
        return {}
    config: dict[str, Any] = {"colang_version": "1.0"}
    models = list(_models(policy, used))
    if models:
        config["models"] = models
    rails: dict[str, Any] = {
        direction: {
            # Rails with patterns share a flow, and NeMo would run it once for each of them.
            "flows": list(
                dict.fromkeys(
                    flow
                    for use, rail in used
                    if use.direction == direction
                    for flow in rail.directions[direction].flows
                )
            )
        }
        for direction in _DIRECTIONS
    }
    fragments: dict[str, Any] = {}
    for use, rail in used:
        _merge(fragments, filled(_side(use, rail).config, use.settings), use, ())
    if fragments:
        rails["config"] = fragments
    modes = dict(_modes(used))
    if modes:
        # Nothing of NeMo's: the guard's engine reads it (guardlint.engines.evidence).
        config["custom_data"] = {"guardlint": {"without_passages": modes}}
    config["rails"] = {name: section for name, section in rails.items() if section != {"flows": []}}
    files = {"config.yml": _yaml(config, f"policy {policy.label}")}
    prompts = list(_prompts(used))
    if prompts:
        files["prompts.yml"] = _yaml({"prompts": prompts}, f"approved prompts of policy {policy.label}")
    for _, rail in used:
        files.update({f"{rail.id}/{name}": data for name, data in rail.files.items() if name.endswith(".co")})
    return files


def _rail(use: RailUse, central: Central) -> Rail:
    return central.rail(use.ref, place=str(use.origin.place))


def _side(use: RailUse, rail: Rail) -> RailSide:
    return rail.directions[use.direction]


def _modes(used: tuple[tuple[RailUse, Rail], ...]) -> Iterator[tuple[str, str]]:
    """What becomes of a reply without passages, by the flow that holds it against them."""
    for use, rail in used:
        side = _side(use, rail)
        if side.without_evidence is not None:
            yield from ((flow, str(use.settings[side.without_evidence])) for flow in side.flows)


def _models(policy: ComposedPolicy, used: tuple[tuple[RailUse, Rail], ...]) -> Iterator[dict[str, Any]]:
    asking = [(use, rail) for use, rail in used if _side(use, rail).models]
    if not asking:
        return
    if policy.judge is None:
        use, rail = asking[0]
        raise ConfigError(
            f"the rail {rail.label} asks a judge model, and {policy.label} names none",
            place=str(use.origin.place),
            help="in your central repository write a policy that extends it and says 'models: {judge: "
            "{engine: openai, model: <name>, parameters: {base_url: <https://...>}}}'",
        )
    kinds = ["main", *(kind for use, rail in asking for kind in _side(use, rail).models)]
    for kind in dict.fromkeys(kinds):
        yield {"type": kind, **_judge(policy.judge.value)}


def _judge(judge: Judge) -> dict[str, Any]:
    entry: dict[str, Any] = {"engine": judge.engine, "model": judge.model}
    if judge.api_key_env_var is not None:
        entry["api_key_env_var"] = judge.api_key_env_var
    if judge.parameters:
        entry["parameters"] = dict(judge.parameters)
    return entry


def _prompts(used: tuple[tuple[RailUse, Rail], ...]) -> Iterator[Mapping[str, Any]]:
    seen: set[str] = set()
    for use, rail in used:
        for prompt in rail.prompts:
            if prompt.id in _side(use, rail).prompts and prompt.task not in seen:
                seen.add(prompt.task)
                yield prompt.nemo


def _merge(into: dict[str, Any], fragment: Mapping[str, Any], use: RailUse, path: tuple[str, ...]) -> None:
    """Mappings merge, lists append (patterns of two rails), anything else must be equal."""
    for key, value in fragment.items():
        here = into.get(key)
        if key not in into:
            into[key] = _copy(value)
        elif isinstance(here, dict) and isinstance(value, dict):
            _merge(here, value, use, (*path, key))
        elif isinstance(here, list) and isinstance(value, list):
            here.extend(item for item in value if item not in here)
        elif here != value:
            name = ".".join((*path, key))
            raise ConfigError(
                f"the rail '{use.ref}' wants rails.config.{name} {value!r}, and a rail before it {here!r}",
                place=str(use.origin.place),
                help="these two rails cannot share one NeMo configuration",
            )


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    return list(value) if isinstance(value, list) else value


class _Dumper(yaml.SafeDumper):
    """Keys in the order written, texts of several lines as blocks, no aliases."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _text(dumper: yaml.SafeDumper, data: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", data, style="|" if "\n" in data else None)


_Dumper.add_representer(str, _text)


def _yaml(data: Mapping[str, Any], title: str) -> bytes:
    # Nothing is folded: a pattern or a prompt stands in the file as it was approved.
    body = yaml.dump(dict(data), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=2**31)
    return f"# {title}; written by guardlint compile, read by no one else than the guard\n{body}".encode()
