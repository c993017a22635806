"""Detectors shared by the tests of this folder: an engine takes two seconds to build."""

import pytest

from guardlint.pii import Detector


@pytest.fixture(scope="session")
def default() -> Detector:
    return Detector()


@pytest.fixture(scope="session")
def structured() -> Detector:
    return Detector("structured")
