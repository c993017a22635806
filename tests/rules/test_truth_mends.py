"""NeMo judges the mends: what did not guard, or broke the request, guards or answers once `--fix` was there.

Each configuration of ``judged_colang.py`` and ``judged_settings.py`` has one fault. NeMo is asked about it
as it stands, it is mended with unsafe fixes, and NeMo is asked the same again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import judged_colang
import judged_settings
import pytest
from judging import Judgement
from talking import ANSWER, rules

from guardlint.engines.personal_data import serve_offline
from guardlint.errors import ConfigError
from guardlint.harness.brain import ScriptedBrain
from guardlint.harness.openai_server import ScriptedServer
from guardlint.harness.scripted import ScriptedModel, load_rails, telemetry_off
from guardlint.lint import rule_pages
from guardlint.lint.check import Target, check, select_rules
from guardlint.lint.mending import mend, write_mended

telemetry_off()

JUDGED = [*judged_colang.JUDGED, *judged_settings.JUDGED]
NOT_JUDGED = {
    "invalid-suppression": "it mends a comment of guardlint's, which NeMo does not read",
    "unused-suppression": "it takes out a comment of guardlint's, which NeMo does not read",
}
MENDING = sorted(rule.id for rule in select_rules() if rule.rule.fix is not None)


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    """A model on the loopback interface, for what NeMo's own clients do."""
    with ScriptedServer(ScriptedBrain(answer=ANSWER, forbidden=("vault code",))) as running:
        yield running


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keys that nobody checks, the model for names, and a folder in which NeMo may write its traces."""
    monkeypatch.setenv("OPENAI_API_KEY", "unused")
    monkeypatch.setenv("BANK_KEY", "house")
    monkeypatch.chdir(tmp_path)
    serve_offline()


@pytest.mark.parametrize("judgement", JUDGED, ids=str)
def test_nemo_judges_the_mend(
    judgement: Judgement, team: Callable[..., Path], server: ScriptedServer
) -> None:
    """Before it, NeMo does what the finding says; after it, and nothing but it, what the author meant."""
    files = {name: text.replace("SERVER", server.base_url) for name, text in judgement.files.items()}
    folder = team(**files)
    assert judgement.rule in rules(folder)
    if judgement.before is not None:
        assert judgement.question(folder, server) == judgement.before
        assert judgement.before != judgement.after

    mended = mend([Target(folder)], select_rules(), unsafe=True)
    assert [found.rule for found in mended.applied] == [judgement.rule]
    write_mended(mended)
    assert judgement.rule not in rules(folder)
    assert judgement.question(folder, server) == judgement.after


def test_every_mend_is_judged_or_says_why_not() -> None:
    """Neither a rule without judgement and reason, nor a reason for what is judged."""
    judged = {judgement.rule for judgement in JUDGED}
    assert sorted(judged | NOT_JUDGED.keys()) == MENDING
    assert not judged & NOT_JUDGED.keys()


MENDED = [
    case
    for rule in MENDING
    for case in rule_pages.parse_page(Path(__file__).with_name(f"{rule}.md"))
    if case.fixed and case.policy is None
]


@pytest.mark.parametrize("case", MENDED, ids=str)
def test_a_mend_costs_no_configuration(case: Any, tmp_path: Path) -> None:
    """Where NeMo loads the case of the page, it loads the mended one too."""
    root = rule_pages.write_case(case, tmp_path)
    before = _refusal(root)
    mended, _ = rule_pages.mend_case(case, tmp_path)
    write_mended(mended)
    after = _refusal(root)
    # What nobody read before may be refused now that it is read: guardlint says so, as NeMo does.
    assert after is None or before is not None or check([Target(root)]).configurations[0].loads != "yes", (
        after
    )


def _refusal(root: Path) -> str | None:
    try:
        load_rails(root, ScriptedModel())
    except ConfigError as error:
        return str(error)
    return None
