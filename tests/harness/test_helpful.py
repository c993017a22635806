"""The machine that has whatever a configuration needs, and no more than that."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

import pytest

from guardlint.harness.helpful import can_help, helpful, stand_ins
from guardlint.harness.oracle import nemo_facts

CODE = """
import far.away
from far.away import Base, decorate, value as other

@decorate
def kept():
    return 1

class Own(Base):
    pass

held = Own().anything(other, x=1).at.all
"""


def module(path: Path, text: str) -> object:
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.name, path)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def test_packages_of_the_configuration_are_stood_in_for(tmp_path: Path) -> None:
    """They serve as base class, decorator and value, and are gone afterwards."""
    with stand_ins(tmp_path, actions_only=False):
        found = module(tmp_path / "config.py", CODE)
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module("far_from_here")
    assert 1 == found.kept()  # type: ignore[attr-defined]
    assert not {"far", "far.away"} & sys.modules.keys()


def test_config_py_may_be_left_out(tmp_path: Path) -> None:
    with stand_ins(tmp_path, actions_only=True):
        with pytest.raises(ModuleNotFoundError):
            module(tmp_path / "config.py", CODE)
        module(tmp_path / "actions.py", CODE)


def test_keys_are_set_while_the_block_lasts(tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text("models:\n  - api_key_env_var: 'NOT_SET_HERE'\n")
    with helpful(tmp_path):
        assert "unused" == os.environ["NOT_SET_HERE"]
    assert "NOT_SET_HERE" not in os.environ
    assert can_help(tmp_path)


def test_what_no_machine_helps(tmp_path: Path) -> None:
    """A wrong value, a flow that is nowhere, and code that fails are refused there too."""
    for name, files in {
        "value": {"config.yml": "models: 3\n"},
        "flow": {"config.yml": "models: []\nrails: {input: {flows: [nowhere]}}\n"},
        "code": {"config.yml": "models: []\n", "config.py": "import far\n1 / 0\n"},
    }.items():
        root = tmp_path / name
        root.mkdir()
        for file, text in files.items():
            (root / file).write_text(text)
        assert "no" == nemo_facts(root).loads, name
