"""A company's own models: found by name, held to their digest, each for the texts of its language."""

import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

from guardlint.errors import ConfigError, RuntimeUnavailable
from guardlint.pii import PROFILES, Detector, ModelSpec
from guardlint.pii.__main__ import main
from guardlint.pii.language import language_of
from guardlint.pii.model_spec import digest_of, folder_of

GERMAN = "Ich glaube, dass Zwirnbein und Ostelbin noch nicht mit der Überweisung fertig sind."


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An installed spaCy model that knows two names, one under a label of its own."""
    import spacy

    nlp = spacy.blank("de")
    ruler: Any = nlp.add_pipe("entity_ruler")
    ruler.add_patterns(
        [
            {"label": "PER", "pattern": "Zwirnbein"},
            {"label": "KUNDE", "pattern": "Ostelbin"},
            {"label": "MISC", "pattern": "Überweisung"},
        ]
    )
    home = tmp_path / "de_own_sm"
    home.mkdir()
    nlp.to_disk(home / "de_own_sm-1.0")
    (home / "__init__.py").write_text("raise SystemExit('a model package must not be run')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return "de_own_sm"


def spec(package: str, **other: Any) -> ModelSpec:
    """The model as it is."""
    folder = folder_of(package)
    assert folder is not None
    return ModelSpec(**{"language": "de", "package": package, "sha256": digest_of(folder), **other})


def test_it_reads_the_texts_of_its_language(package: str) -> None:
    """German texts whatever was declared, English ones by the small model as before."""
    profile = PROFILES["default"].with_models([spec(package, labels=(("KUNDE", "PERSON"),))])
    detector = Detector(profile, strict=True)
    assert detector.mask(GERMAN) == GERMAN.replace("Zwirnbein", "<PERSON>").replace("Ostelbin", "<PERSON>")
    assert detector.mask(GERMAN, language="de") == detector.mask(GERMAN)
    assert detector.mask("Peter Miller lives in Manchester.") == "<PERSON> lives in <LOCATION>."
    assert package not in sys.modules


def test_labels_that_nobody_named_are_no_findings(package: str) -> None:
    """Only spaCy's usual labels are known without being told."""
    detector = Detector(PROFILES["default"].with_models([spec(package)]), strict=True)
    assert detector.mask(GERMAN) == GERMAN.replace("Zwirnbein", "<PERSON>")


def test_another_model_is_refused(package: str) -> None:
    """Loudly by default, altogether in strict mode; the English model goes on."""
    folder = folder_of(package)
    assert folder is not None
    approved = spec(package, labels=(("MISC", "ORGANIZATION"),))  # a profile that no test has used yet
    (folder / "meta.json").write_text((folder / "meta.json").read_text() + " ")
    profile = PROFILES["default"].with_models([approved])
    with pytest.warns(RuntimeWarning, match="de_own_sm is not the approved one"):
        assert Detector(profile).mask("Peter Miller lives here.") == "<PERSON> lives here."
    with pytest.raises(RuntimeUnavailable, match="de_own_sm is not the approved one"):
        Detector(profile, strict=True)


def test_a_missing_model_is_told() -> None:
    """By the name of its package."""
    profile = PROFILES["default"].with_models([ModelSpec("de", "de_nowhere_sm", "0" * 64)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(RuntimeUnavailable, match="de_nowhere_sm is not installed"):
            Detector(profile, strict=True)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"language": "German"}, "no language tag"),
        ({"package": "../model"}, "names no package"),
        ({"sha256": "abc"}, "sha256"),
        ({"labels": (("KUNDE", "CUSTOMER"),)}, "which no model finds"),
    ],
)
def test_what_cannot_be_meant_is_refused(wrong: dict[str, Any], told: str) -> None:
    """Before anything is looked for."""
    fields = {"language": "de", "package": "de_own_sm", "sha256": "0" * 64, **wrong}
    with pytest.raises(ConfigError, match=told):
        PROFILES["default"].with_models([ModelSpec(**fields)])


def test_one_model_for_one_language() -> None:
    """Two would contradict each other."""
    one, other = ModelSpec("de", "a", "0" * 64), ModelSpec("de", "b", "0" * 64)
    with pytest.raises(ConfigError, match="same language"):
        PROFILES["default"].with_models([one, other])


def test_the_digest_can_be_asked_for(package: str, capsys: pytest.CaptureFixture[str]) -> None:
    """As the documentation says."""
    assert main([package]) == 0
    assert capsys.readouterr().out.strip() == spec(package).sha256
    assert main(["de_nowhere_sm"]) == 1


@pytest.mark.parametrize(
    ("text", "declared", "language"),
    [
        (GERMAN, "en", "de"),
        (GERMAN, "de-AT", "de"),
        ("Je pense que la facture est dans le dossier avec les autres.", "en", "fr"),
        ("I think that the invoice is with the others.", "en_GB", "en"),
        ("4111 1111 1111 1111", "en", "en"),
        ("Credo che la fattura sia qui.", "it", "it"),
    ],
)
def test_the_language_of_a_text(text: str, declared: str, language: str) -> None:
    """Small words decide where English was declared."""
    assert language_of(text, declared) == language
