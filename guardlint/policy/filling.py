"""Where a policy's choices go in what a rail gives to NeMo.

``{setting: NAME}`` is replaced by the value of a setting.  ``{text: …, hosts: NAME}`` is a pattern in which
``<hosts>`` stands for a list of host names, with ``when: {NAME: value}`` only where a setting has that value;
else it is a pattern that nothing matches, which is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

__all__ = ["NOTHING", "filled", "named_settings"]

NOTHING: Final = "(?!)"
"""A pattern that matches no text."""


def filled(value: Any, settings: Mapping[str, Any]) -> Any:
    """``value``, a part of a manifest, with the values of ``settings`` in it."""
    if isinstance(value, Mapping):
        if set(value) == {"setting"}:
            return settings[value["setting"]]
        if "text" in value and "hosts" in value:
            return _pattern(value, settings)
        return {key: filled(item, settings) for key, item in value.items()}
    if isinstance(value, list):
        return [item for item in (filled(entry, settings) for entry in value) if item != NOTHING]
    return value


def named_settings(value: Any) -> Iterator[str]:
    """The settings that take effect in ``value``."""
    if isinstance(value, Mapping):
        if set(value) == {"setting"}:
            yield str(value["setting"])
            return
        if "text" in value and "hosts" in value:
            yield str(value["hosts"])
            yield from map(str, value.get("when", {}))
            return
        value = list(value.values())
    for item in value if isinstance(value, list) else ():
        yield from named_settings(item)


def _pattern(value: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    if any(settings[name] != wanted for name, wanted in value.get("when", {}).items()):
        return NOTHING
    names = [re.escape(str(host).strip(".")) for host in settings[value["hosts"]]]
    # The host and what is below it, up to where an address goes on: `bank.example.evil.example` is another,
    # and so is what stands behind an @.
    one_of = "|".join(names)
    end = r"(?::\d{1,5})?(?=[/?#\s\"'<>)\]]|$)"
    hosts = rf"(?:[\w-]{{1,63}}\.){{0,8}}(?:{one_of}){end}" if names else NOTHING
    return str(value["text"]).replace("<hosts>", hosts)
