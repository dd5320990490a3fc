"""Fixtures and settings shared by the tests."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import matplotlib
import pytest
from hypothesis import settings

# Not the variable MPLBACKEND: the kernels of the notebooks would inherit it and draw nothing.
matplotlib.use("Agg")

CAMPAIGN = os.environ.get("DVRESEARCH_CAMPAIGN") == "1"

# In a normal run the same examples every time; `run.py campaign` looks for new ones.
settings.register_profile("normal", max_examples=50, deadline=None, derandomize=True)
settings.register_profile("campaign", max_examples=2000, deadline=None)
settings.load_profile("campaign" if CAMPAIGN else "normal")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "campaign: has a long random form, run by `run.py campaign`")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "rounds" in getattr(item, "fixturenames", ()):
            item.add_marker("campaign")


@pytest.fixture(scope="session")
def rounds() -> Callable[[int, int], int]:
    """Return `rounds(small, full)`: how many random rounds a test does, `full` in a campaign."""
    return lambda small, full: full if CAMPAIGN else small


@pytest.fixture(scope="session")
def validation() -> Callable[[str], Path]:
    """Return `validation(case)`: the folder of a case worked out elsewhere; skips the test when it is not there."""

    def case(name: str) -> Path:
        root = os.environ.get("DVRESEARCH_VALIDATION")
        if not root:
            pytest.skip("DVRESEARCH_VALIDATION is not set: no outside results to compare with")
        folder = Path(root) / name
        if not folder.is_dir():
            pytest.skip(f"DVRESEARCH_VALIDATION has no case {name}")
        return folder

    return case
