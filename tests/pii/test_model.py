"""A missing or changed model is noticed, and never replaced from the network."""

import shutil
import warnings
from pathlib import Path

import pytest

from guardlint.errors import RuntimeUnavailable
from guardlint.pii import Detector
from guardlint.pii.model import ModelError, known_model, load_model, locate, verify


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the installed model, to be damaged."""
    known = known_model()
    for name in known.files:
        target = tmp_path / "model" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(locate(known) / name, target)
    return tmp_path / "model"


def corrupt(file: Path) -> None:
    """Change one byte in the middle."""
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def test_a_faithful_copy_is_loaded(copy: Path) -> None:
    """The digests name every file that the loader reads, so a copy of just these works."""
    assert list(load_model(copy).entities("Peter Miller lives in Manchester.")) == [
        (0, 12, "PERSON"),
        (22, 32, "LOCATION"),
    ]


@pytest.mark.parametrize("name", sorted(known_model().files))
def test_every_file_counts(copy: Path, name: str) -> None:
    """One changed byte in any file is refused, and so is a file that is gone."""
    corrupt(copy / name)
    with pytest.raises(ModelError, match=name):
        verify(copy, known_model())
    (copy / name).unlink()
    with pytest.raises(ModelError, match=name):
        verify(copy, known_model())


def test_a_changed_model_degrades_loudly(copy: Path) -> None:
    """Rules go on working, with one warning that names the file."""
    corrupt(copy / "ner/model")
    detector = Detector(model=copy)
    with pytest.warns(RuntimeWarning, match="ner/model is not the one guardlint knows"):
        masked = detector.mask("My name is Anna Schmidt, mail anna@example.com, from Manchester")
    assert masked == "My name is <PERSON>, mail <EMAIL_ADDRESS>, from Manchester"
    assert detector.degraded is not None
    assert "ner/model" in detector.degraded
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Detector(model=copy).detect("again")


def test_strict_refuses_a_changed_model(copy: Path) -> None:
    """Before any text is seen, even when an engine already fell back."""
    corrupt(copy / "vocab/strings.json")
    for _ in range(2):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with pytest.raises(RuntimeUnavailable, match=r"strings\.json"):
                Detector(model=copy, strict=True)


def test_strict_refuses_a_missing_model(tmp_path: Path) -> None:
    """A folder that is not there is no model."""
    with pytest.warns(RuntimeWarning), pytest.raises(RuntimeUnavailable, match="strict mode"):
        Detector(model=tmp_path / "nowhere", strict=True)


def test_strict_accepts_the_installed_model(default: Detector) -> None:
    """The default install is complete."""
    assert default.degraded is None
    assert Detector(strict=True).degraded is None


def test_names_are_not_kept(default: Detector) -> None:
    """spaCy's string store would keep every new word for the life of the process."""
    default.detect("My friend Quaxibert Zzyzxovic lives in Manchester.")
    model = default._engine.models["en"]
    assert model is not None
    assert "Zzyzxovic" not in model._nlp.vocab.strings
