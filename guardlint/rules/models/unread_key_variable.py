"""``api_key_env_var`` stands where NeMo does not look, or does not name a variable.

What it does: finds ``api_key_env_var`` under ``parameters``, and values of it that cannot be the name of an
environment variable, such as ``$OPENAI_API_KEY``.

Why it matters: under ``parameters`` NeMo sends it to the provider as an unknown parameter and uses another
key. A value with a dollar sign is looked up with the dollar sign: NeMo refuses to load, or calls a checking
service without a key.

How to fix: write the bare name of the variable, beside ``engine``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from guardlint.nemo.configuration import Configuration
from guardlint.rules._mends import move, replace_value
from guardlint.rules.rule import Found, Project, Rule
from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.names import closest
from guardlint.source.yaml_file import DataPath

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="safe")

_NAME = lazy_pattern(r"[A-Za-z_][A-Za-z0-9_]*")
_WRAPPED = lazy_pattern(
    r"\$?\{+\s*(?:env\.)?(\w+)\s*\}+|\$(\w+)|%(\w+)%|(?:os\.environ/|env:|ENV:)(\w+)|os\.environ\[.(\w+).\]"
)


def check(project: Project) -> Iterator[Found]:
    """One finding for each model."""
    configuration = project.configuration
    for index, model in enumerate(configuration.value(("models",), [])):
        if not isinstance(model, dict):
            continue
        path: DataPath = ("models", index)
        parameters = model.get("parameters")
        for name in parameters if isinstance(parameters, dict) else ():
            near = "env" in str(name).lower() and closest(str(name), ("api_key_env_var", "api_key"))
            if near == "api_key_env_var":
                here = (*path, "parameters", name)
                yield Found(
                    f"`{name}` has no effect under `parameters`",
                    configuration.place(here, key=True),
                    "NeMo sends it to the model as a parameter, and takes the key from elsewhere or has none",
                    "move `api_key_env_var` up, beside `engine`",
                    path=here,
                    value=str(name),
                    fix=move(configuration, here, (*path, "api_key_env_var")),
                )
        yield from _value(configuration, model, path, "refuses to load")
    services = configuration.value(("rails", "config"))
    for name, settings in services.items() if isinstance(services, dict) else ():
        effect = "sends no key"
        if name == "jailbreak_detection":
            effect += ": the service refuses, and NeMo takes that for harmless"
        if isinstance(settings, dict):
            yield from _value(configuration, settings, ("rails", "config", name), effect)


def _value(
    configuration: Configuration, settings: dict[str, Any], path: DataPath, effect: str
) -> Iterator[Found]:
    """A value that cannot be a variable's name. One that may be a key itself is left to another rule."""
    value = settings.get("api_key_env_var")
    if not isinstance(value, str) or not value or _NAME.fullmatch(value) or "-" in value:
        return
    wrapped = _WRAPPED.fullmatch(value.strip())
    bare = next((part for part in wrapped.groups() if part), None) if wrapped else None
    here = (*path, "api_key_env_var")
    yield Found(
        "`api_key_env_var` does not hold the name of a variable",
        configuration.place(here),
        f"NeMo looks for a variable of exactly this name, finds none and {effect}",
        f"write `{bare}`" if bare else "write the bare name of the variable",
        path=here,
        value="name",
        fix=replace_value(configuration, here, bare) if bare else None,
    )
