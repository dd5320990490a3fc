"""Ugly but valid files load exactly; `tests/spoilt/ugly.py` says what each holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dvresearch.loaders import load_dossiers, load_form
from dvresearch.screening import screen
from tests.spoilt import ugly

CASES = ugly.cases()
every = pytest.mark.parametrize("case", CASES, ids=[c.file for c in CASES])
TIMES = ("received", "due", "resolved")


@every
def test_file_loads_exactly(case: Any, spoilt: Callable[[str], Path]) -> None:
    path = spoilt("ugly") / case.file
    if case.form:
        loaded = load_form(path)
        truth = pd.DataFrame(ugly.FORM_TRUTH)
    else:
        loaded = load_dossiers(path, **case.options)
        truth = pd.DataFrame(ugly.TRUTH)
        for name in TIMES:
            truth[name] = pd.to_datetime(truth[name]).astype("datetime64[us]")
            truth[name] = truth[name].dt.normalize() if case.days else truth[name]
        if "unit" in case.options:
            truth["unit"] = case.options["unit"]
    assert list(loaded.index) == list(case.rows)
    assert loaded.attrs["load"]["file"] == case.file
    pd.testing.assert_frame_equal(
        loaded[truth.columns].reset_index(drop=True), truth, check_dtype=False, check_names=False
    )
    noted = [code for code, _ in loaded.attrs["load"]["notes"]]
    assert noted == list(case.notes)


@every
def test_screening_finds_nothing_to_mend(case: Any, spoilt: Callable[[str], Path]) -> None:
    options = {} if case.form else case.options
    findings = screen(spoilt("ugly") / case.file, "II.06a" if case.form else "dossiers", **options)
    assert not len(findings[findings["verdict"] == "fail"])
