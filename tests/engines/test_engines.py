"""Both NeMo engines behind one face: the same verdicts, and errors told from decisions."""

from __future__ import annotations

import asyncio
import logging
import os
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from guardlint import engines
from guardlint.engines import Direction, RailsVerdict, choose, installed_nemo, open_rails
from guardlint.errors import ConfigError, RuntimeUnavailable

REGEX = """
colang_version: "1.0"
models:
  - type: main
    engine: openai
    model: scripted
    parameters: {base_url: "http://127.0.0.1:9/v1", api_key: none}
rails:
  input: {flows: [regex check input]}
  output: {flows: [regex check output]}
  config:
    regex_detection:
      input: {patterns: [forbidden]}
      output: {patterns: [forbidden]}
"""


def configuration(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    return folder


def custom(flow: str, *, parallel: bool = False, **more: str) -> dict[str, str]:
    """A configuration with one own input rail called ``own rail``."""
    config = REGEX.replace("{flows: [regex check input]}", f"{{flows: [own rail], parallel: {parallel}}}")
    return {
        "config.yml": config,
        "own.co": f"define subflow own rail\n{textwrap.indent(textwrap.dedent(flow), '  ')}",
        **more,
    }


def run(folder: Path, direction: Direction, *texts: str, uses: Any = "auto") -> list[RailsVerdict]:
    async def check() -> list[RailsVerdict]:
        rails = open_rails(folder, uses)
        await rails.start()
        role = "user" if direction == "input" else "assistant"
        before = [] if direction == "input" else [{"role": "user", "content": "hello"}]
        try:
            return [
                await rails.check(direction, [*before, {"role": role, "content": text}]) for text in texts
            ]
        finally:
            await rails.close()

    return asyncio.run(check())


@pytest.mark.parametrize("direction", ["input", "output"])
def test_both_engines_agree(tmp_path: Path, direction: Direction) -> None:
    """The fast engine and the Colang engine say the same, field by field."""
    folder = configuration(tmp_path, {"config.yml": REGEX})
    fast = run(folder, direction, "fine", "forbidden", uses="iorails")
    colang = run(folder, direction, "fine", "forbidden", uses="llmrails")
    flow = f"regex check {direction}"
    assert fast == [
        RailsVerdict("passed", "fine", rails=(flow,)),
        RailsVerdict("blocked", "", flow, rails=(flow,)),
    ]
    assert colang == fast


def test_choice(tmp_path: Path) -> None:
    """NeMo's own choice, with its reason; asking for IORails falls back as NeMo does."""
    plain = configuration(tmp_path / "plain", {"config.yml": REGEX})
    own = configuration(tmp_path / "own", custom("$x = True"))
    assert (choose(plain).engine, choose(plain, "llmrails").engine) == ("iorails", "llmrails")
    assert (choose(own).engine, choose(own, "iorails").engine) == ("llmrails", "llmrails")
    assert "own rail" in choose(own).reason
    assert dict(open_rails(plain).flows) == {
        "input": ("regex check input",),
        "output": ("regex check output",),
    }


def test_rewriting(tmp_path: Path) -> None:
    """A rail that rewrites is `modified` with the new text."""
    verdicts = run(configuration(tmp_path, custom('$user_message = "new"')), "input", "old")
    assert verdicts == [RailsVerdict("modified", "new", rails=("own rail",))]


@pytest.mark.parametrize(
    "flow",
    [
        "$x = execute raises_always",
        "$x = execute no_such_action",
        "$x = execute raises_always\nif $x\n  stop",
    ],
)
def test_failing_actions_are_errors(tmp_path: Path, flow: str) -> None:
    """A raising and a missing action are errors although NeMo calls them blocked."""
    actions = """
        from nemoguardrails.actions import action

        @action(name="raises_always")
        async def raises_always():
            raise RuntimeError("s3cret")
        """
    (verdict,) = run(configuration(tmp_path, custom(flow, **{"actions.py": actions})), "input", "hello")
    assert (verdict.status, verdict.rail, verdict.error, verdict.text) == ("blocked", "own rail", True, "")


def test_refusal_without_stop(tmp_path: Path) -> None:
    """A parallel rail that refuses and forgets to stop: NeMo would send refusal and text; blocked here."""
    files = custom("bot refuse to respond", parallel=True)
    (verdict,) = run(configuration(tmp_path, files), "input", "hello")
    assert verdict.status == "blocked"


def test_colang_2_is_refused(tmp_path: Path) -> None:
    """There is no way to check single rails there, so it is not pretended."""
    folder = configuration(
        tmp_path, {"config.yml": 'colang_version: "2.x"\n', "main.co": "flow main\n  match X()\n"}
    )
    with pytest.raises(ConfigError, match=r"Colang 2\.x"):
        open_rails(folder)


def test_refused_configuration_quotes_nothing(tmp_path: Path) -> None:
    """NeMo's message quotes values; ours does not."""
    folder = configuration(tmp_path, {"config.yml": REGEX + "tracing: {enabled: s3cret}\n"})
    with pytest.raises(ConfigError, match="NeMo Guardrails refuses the configuration") as caught:
        open_rails(folder)
    assert "s3cret" not in str(caught.value)


def test_logs_hold_no_content(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Not even at DEBUG, and not the text of exceptions."""
    actions = """
        from nemoguardrails.actions import action

        @action(name="raises")
        async def raises(text):
            raise RuntimeError(text)
        """
    files = custom("$x = execute raises(text=$user_message)", **{"actions.py": actions})
    rails_folder = configuration(tmp_path, files)
    choose(rails_folder)
    logger = logging.getLogger("nemoguardrails")
    before = logger.level
    logger.setLevel(logging.DEBUG)
    caplog.set_level(logging.DEBUG)
    try:

        async def check() -> RailsVerdict:
            rails = open_rails(rails_folder)
            logger.setLevel(logging.DEBUG)
            return await rails.check("input", [{"role": "user", "content": "zanzibar"}])

        assert asyncio.run(check()).error
    finally:
        logger.setLevel(before)
    records = [record for record in caplog.records if record.name.startswith("nemoguardrails")]
    assert len(records) > 10
    assert "zanzibar" not in caplog.text
    assert all(record.exc_info is None for record in records)


def test_statistics_are_off_before_the_import(tmp_path: Path) -> None:
    """Whoever opens rails has switched them off."""
    choose(configuration(tmp_path, {"config.yml": REGEX}))
    assert (os.environ["NEMO_GUARDRAILS_NO_USAGE_STATS"], os.environ["DO_NOT_TRACK"]) == ("1", "1")


@pytest.mark.parametrize("version", ["0.23.0", "0.25.1", "1.0"])
def test_other_series_are_refused(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    """Another NeMo series is not guessed at."""
    monkeypatch.setattr(engines.metadata, "version", lambda name: version)
    with pytest.raises(RuntimeUnavailable, match=r"this guardlint runs 0\.24\.x"):
        installed_nemo()
