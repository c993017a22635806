"""The forms that a report can be written in, each imported when it is asked for."""

from __future__ import annotations

import importlib

from guardlint.lint.finding import Report

__all__ = ["FORMATS", "render"]

_MODULES = {
    "text": ("text", "render_text"),
    "concise": ("concise", "render_concise"),
    "json": ("json_v1", "render_json"),
    "sarif": ("sarif", "render_sarif"),
    "github": ("github", "render_github"),
    "gitlab": ("gitlab", "render_gitlab"),
    "junit": ("junit", "render_junit"),
    "markdown": ("markdown", "render_markdown"),
}
FORMATS = tuple(_MODULES)
"""Names, as ``--format`` and ``--output`` take them."""


def render(name: str, report: Report, *, colour: bool = False, width: int = 100, links: bool = False) -> str:
    """The report in one form; colour, width (columns) and links are for ``text`` alone."""
    module, function = _MODULES[name]
    write = getattr(importlib.import_module(f"guardlint.report.{module}"), function)
    text: str = write(report, colour=colour, width=width, links=links) if name == "text" else write(report)
    return text
