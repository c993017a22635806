"""The catalogue, the JSON Schema and Presidio's facts are what the generator makes of what is installed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
RELEASES = tuple(f"0.{series}.0" for series in range(17, 24))
FILES = (
    "guardlint/nemo/data/0.24.1.json",
    "guardlint/nemo/data/presidio-2.2.366.json",
    "schemas/nemo/0.24.1.json",
    *(f"guardlint/nemo/data/{release}.json" for release in RELEASES),
    *(f"schemas/nemo/{release}.json" for release in RELEASES),
)
# The table of a grammar: generated like the others, written for reading by a machine alone.
GENERATED = (*FILES, "guardlint/source/data/colang-2.x.json")


def read(name: str) -> Any:
    return json.loads((ROOT / name).read_text(encoding="utf-8"))


PRESIDIO = read(FILES[1])


def generate(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "tools/generate_catalogue.py", "--output", root, *arguments],
        capture_output=True,
        text=True,
        cwd=root,
        check=False,
    )


def test_regenerating_from_the_installed_packages_gives_the_shipped_bytes(tmp_path: Path) -> None:
    result = generate(tmp_path)

    assert (0, "") == (result.returncode, result.stderr)
    assert {name: (ROOT / name).read_bytes() for name in GENERATED} == {
        str(path.relative_to(tmp_path).as_posix()): path.read_bytes()
        for path in tmp_path.rglob("*")
        if path.is_file()
    }


def test_check_names_the_one_file_that_differs_and_leaves_it_alone(tmp_path: Path) -> None:
    for name in GENERATED:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / FILES[2]).write_text("{}", encoding="utf-8")

    result = generate(tmp_path, "--check")

    assert 1 == result.returncode
    assert f"{FILES[2]} differs: run python tools/generate_catalogue.py\n" == result.stderr
    assert "{}" == (tmp_path / FILES[2]).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FILES)
def test_files_are_small_sorted_and_without_paths_of_a_machine(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")

    assert len(text) < 250_000
    assert text == json.dumps(json.loads(text), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    assert not [word for word in ("site-packages", "/home/", "/tmp/", str(ROOT)) if word in text]


def test_entities_that_presidio_accepts_and_never_finds() -> None:
    """The generator has run the real analyzer over a text that holds one of each."""
    assert ["AGE", "EMAIL", "ID"] == PRESIDIO["accepted_never_matching"]
    assert not set(PRESIDIO["accepted_never_matching"]) & set(PRESIDIO["default_english"])


def test_entities_of_a_default_english_registry() -> None:
    entities = set(PRESIDIO["default_english"])

    assert {"EMAIL_ADDRESS", "PERSON", "PHONE_NUMBER", "US_SSN", "ORGANIZATION"} < entities
    assert not entities & {"UK_NINO", "ABA_ROUTING_NUMBER", "IT_FISCAL_CODE", "SSN", "PHONE"}
    assert entities == {
        entity for row in PRESIDIO["recognizers"] if row["in_default_english"] for entity in row["entities"]
    }


def make_wheel(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("nemoguardrails/__init__.py", text)
    return path


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--series", "0.21"], "--series and --wheel belong together"),
        (["--python", sys.executable], "--series and --wheel belong together"),
        (["--series", "0.20", "--wheel", "WHEEL"], "is no release of 0.20"),
        (["--series", "0.21", "--wheel", "WHEEL", "--python", sys.executable], "has another nemoguardrails/"),
    ],
)
def test_an_older_series_is_read_from_its_own_release_only(
    tmp_path: Path, arguments: list[str], said: str
) -> None:
    """One line and exit code 2 where series, wheel and interpreter do not belong together."""
    wheel = make_wheel(tmp_path, "nemoguardrails-0.21.0-py3-none-any.whl", "# another release")

    result = generate(tmp_path, *[str(wheel) if word == "WHEEL" else word for word in arguments])

    assert 2 == result.returncode
    assert said in result.stderr.splitlines()[-1]
    assert [wheel] == list(tmp_path.iterdir())


def test_the_generator_reads_any_release_as_it_reads_the_installed_one(tmp_path: Path) -> None:
    """Asked as an older release is asked, this interpreter tells the newest catalogue."""
    told = (ROOT / FILES[0]).read_text(encoding="utf-8")

    result = subprocess.run(
        [sys.executable, ROOT / "tools/generate_catalogue.py", "--dump"],
        input=told,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )

    assert json.loads(told) == json.loads(result.stdout)


def test_what_guardlint_says_about_the_installed_release_is_what_nemo_does() -> None:
    """``tools/verify_series.py`` is for the older releases; the installed one shows that it works."""
    result = subprocess.run(
        [sys.executable, ROOT / "tools/verify_series.py", "0.24", "--python", sys.executable],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (0, "") == (result.returncode, result.stderr)
    assert "NeMo 0.24.1, catalogue of 0.24.1: " in result.stdout
    assert "78 surfaces listed" in result.stdout
