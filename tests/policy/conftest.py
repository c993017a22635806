"""A central repository written in a test, and a view of a configuration made by NeMo itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from guardlint.policy.central import Central

HEAD = """\
schema: guardlint/policy/v1
id: {id}
version: {version}
title: A policy of a test
owner: tests
description: A policy of a test.
"""


@pytest.fixture
def central(tmp_path: Path) -> Callable[..., Central]:
    """Write policies (``parent="rails: …"``; an ``id__1_2_0`` sets the version) and open their repository."""

    def write(tiers: str | None = None, **policies: str) -> Central:
        (tmp_path / "policies").mkdir(exist_ok=True)
        for name, body in policies.items():
            words, _, numbers = name.partition("__")
            policy, version = words.replace("_", "-"), numbers.replace("_", ".") or "1.0.0"
            folder = tmp_path / "policies" / policy
            folder.mkdir(exist_ok=True)
            (folder / "policy.yml").write_text(
                HEAD.format(id=policy, version=version) + body, encoding="utf-8"
            )
        if tiers is not None:
            (tmp_path / "policies" / "tiers.yml").write_text("schema: guardlint/tiers/v1\n" + tiers)
        return Central.open(tmp_path)

    return write


class PlainView:
    """A view of plain data, for evaluate."""

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        files: Sequence[str] = ("config.yml",),
        actions: Sequence[str] = (),
    ) -> None:
        self.data = data or {}
        self.files = files
        self.actions = actions

    nemo = "0.24.1"
    folder: Path
    prompts: Sequence[Any] = ()
    models: Sequence[Any] = ()
    endpoints: Sequence[Any] = ()
    code: Mapping[str, str] = {}

    @property
    def engines(self) -> Sequence[str]:
        return [model["engine"] for model in self.data.get("models", [])]

    def value(self, path: tuple[str | int, ...]) -> object | None:
        node: Any = self.data
        for part in path:
            try:
                node = node[part]
            except (KeyError, IndexError, TypeError):
                return None
        return node  # type: ignore[no-any-return]

    def rail_flows(self, direction: str) -> Sequence[str]:
        section = self.data.get("rails", {}).get(direction) or {}
        return [re.split(r"[($]", flow)[0].strip() for flow in section.get("flows", [])]

    def receivers(self, text: str) -> Sequence[Any]:
        return ()

    def protections(self, direction: str) -> Sequence[Any]:
        return ()


@pytest.fixture
def plain_view() -> type[PlainView]:
    return PlainView


@pytest.fixture
def nemo_view(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Mapping[str, str]], PlainView]:
    """Write a configuration and let NeMo load it: values are its own, defaults included."""

    def load(files: Mapping[str, str]) -> PlainView:
        from nemoguardrails import RailsConfig

        monkeypatch.setenv("CARDS_API_KEY", "not-a-real-key")  # NeMo refuses to load without it
        folder = tmp_path / "configuration"
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        config = RailsConfig.from_path(str(folder))
        view = PlainView(config.model_dump(), files=sorted(files))
        view.folder = folder
        return view

    return load
