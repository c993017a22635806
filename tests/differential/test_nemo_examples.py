"""NeMo's own examples: what NeMo loads and runs as meant has no finding of level error."""

from __future__ import annotations

import os
from pathlib import Path

import nemoguardrails
import pytest

from guardlint.lint.check import Target, check
from guardlint.nemo.discover import find_roots, is_root

EXAMPLES = Path(nemoguardrails.__file__).parent / "examples"
ROOTS = sorted(Path(folder) for folder, _, _ in os.walk(EXAMPLES) if is_root(Path(folder)))


def test_there_are_examples() -> None:
    """A release without them would make the tests below pass by looking at nothing."""
    assert len(ROOTS) >= 3
    assert ROOTS == find_roots(EXAMPLES)


@pytest.mark.parametrize("root", ROOTS, ids=lambda root: root.relative_to(EXAMPLES).as_posix())
def test_no_error_and_the_right_answer_to_loads(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """NeMo loads the example (without its knowledge base, which needs an embedding model), and so we say."""
    from nemoguardrails import LLMRails, RailsConfig

    async def no_knowledge_base(self: LLMRails) -> None:
        self._kb = None

    monkeypatch.setattr(LLMRails, "_init_kb", no_knowledge_base)
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    LLMRails(RailsConfig.from_path(str(root)))
    report = check([Target(root)])
    assert [] == [finding for finding in report.findings if finding.severity == "error"]
    assert "yes" == report.configurations[0].loads
