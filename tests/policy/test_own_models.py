"""Models of named entities in a rail's manifest."""

import shutil
from pathlib import Path

import pytest

from guardlint.errors import ConfigError
from guardlint.policy.rails import load_rail
from guardlint.resources import resource_dir

GERMAN = f"{{language: de, package: de_core_news_md, sha256: {'a' * 64}, labels: {{KUNDE: PERSON}}}}"
DUTCH = f"{{language: nl, package: nl_core_news_md, sha256: {'b' * 64}}}"


def _rail(tmp_path: Path, models: str, rail: str = "mask-personal-data") -> Path:
    folder = tmp_path / rail
    shutil.copytree(resource_dir("rails") / rail, folder)
    manifest = folder / "rail.yml"
    manifest.write_text(manifest.read_text(encoding="utf-8") + f"\nmodels: [{models}]\n", encoding="utf-8")
    return folder


def test_a_rail_brings_models(tmp_path: Path) -> None:
    """As the plan of a bundle carries them."""
    german, dutch = load_rail(_rail(tmp_path, f"{GERMAN}, {DUTCH}")).models
    assert german.step() == {
        "language": "de",
        "package": "de_core_news_md",
        "sha256": "a" * 64,
        "labels": {"KUNDE": "PERSON"},
    }
    assert dutch.step() == {"language": "nl", "package": "nl_core_news_md", "sha256": "b" * 64}


@pytest.mark.parametrize(
    ("models", "rail", "told"),
    [
        (f"{GERMAN}, {GERMAN}", "mask-personal-data", "a second model for texts in 'de'"),
        (DUTCH, "self-check", "has no meaning for a rail that runs in NeMo"),
        (DUTCH.replace("b" * 64, "latest"), "mask-personal-data", "'latest' is not written as it must be"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, models: str, rail: str, told: str) -> None:
    """At its place in the manifest."""
    with pytest.raises(ConfigError) as caught:
        load_rail(_rail(tmp_path, models, rail))
    assert told in f"{caught.value.message} {caught.value.place}"
    assert "rail.yml:" in str(caught.value.place)
