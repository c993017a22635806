"""A parameter behind the name of a rail is not read.

What it does: reads the ``$name=value`` of each listed rail as NeMo does: the first one only, with nothing
around the ``=``, and only names that the rail knows.

Why it matters: ``self check input $varient=strict`` asks the general prompt instead of the strict one, and
says nothing. Where the parameter is one that the rail cannot do without, every request fails.

How to fix: write ``$name=value`` without blanks, once, with a name that the rail knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from guardlint.nemo.running import read_parameters
from guardlint.rules._mends import is_slip, replace_value
from guardlint.rules.rule import Found, Project, Rule
from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.names import closest

RULE = Rule(severity="error", confidence="high", since="0.1.0", fix="safe")

_WRITTEN = lazy_pattern(r"\$\s*([A-Za-z_]\w*)\s*=")


def check(project: Project) -> Iterator[Found]:
    """One finding for each listed rail of the library."""
    configuration = project.configuration
    for rail in configuration.all_rails():
        if rail.surface is None or rail.flow in configuration.flows or rail.direction == "retrieval":
            continue
        known = [parameter["name"] for parameter in rail.surface["params"]]
        read = read_parameters(rail.text)
        written = _WRITTEN.findall(rail.text) or [name.strip() for name in read]
        lost = [name for name in written if name in known and name not in read]
        unknown = [name for name in written if name not in known]
        if not lost and not (unknown and (known or rail.path)):
            continue
        name = (lost or unknown)[0]
        required = [
            item["name"] for item in rail.surface["params"] if item["required"] and item["name"] not in read
        ]
        if any(item not in rail.parameters for item in required):
            continue  # NeMo refuses a rail without its model
        meant = closest(name, known)
        text = None
        if len(written) == 1 and lost:
            blanks = re.fullmatch(r"[^$]*\$\s*\w+\s*=\s*([\w./-]+)\s*", rail.text)
            text = f"{rail.flow} ${name}={blanks[1]}" if blanks else None
        elif len(written) == 1 and meant is not None:
            text = rail.text.replace(f"${name}", f"${meant}", 1)
        if lost:
            fact = f"the parameter `${name}` of `{rail.flow}` is not read"
            mend = f"write `{rail.flow} ${name}={rail.parameters.get(name) or '…'}`: one parameter, no blanks"
        else:
            fact = f"`{rail.flow}` has no parameter `${name}`"
            mend = f"write `${meant}=…`" if meant else f"take `${name}` out"
        yield Found(
            fact,
            rail.place,
            "NeMo reads the first parameter only, and no blanks around its `=`"
            + (": every request fails" if required else ": the rail runs without it")
            if lost
            else "NeMo drops it without a word: the rail runs without it",
            mend,
            path=rail.path,
            value=rail.text,
            severity="error" if lost or meant else "warning",
            fix=replace_value(configuration, rail.path, text, safe=bool(lost) or is_slip(name, str(meant)))
            if text is not None and rail.path is not None
            else None,
        )
