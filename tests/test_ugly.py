"""Ugly but valid files load exactly; `tests/ugly/make.py` says what each holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from test_broken import made_by

from dvresearch.loaders import load_dossiers, load_form
from dvresearch.screening import screen

FOLDER = Path(__file__).parent / "ugly"
MAKE = made_by(FOLDER / "make.py")
CASES = MAKE.cases()
every = pytest.mark.parametrize("case", CASES, ids=[c.file for c in CASES])
TIMES = ("received", "due", "resolved")


def test_there_are_enough_files() -> None:
    names = [c.file for c in CASES]
    assert len(names) >= 20
    assert {p.name for p in FOLDER.iterdir() if p.is_file()} - {"make.py"} == set(names)


@every
def test_file_is_what_the_script_writes(case: Any) -> None:
    assert (FOLDER / case.file).read_bytes() == case.content


@every
def test_file_loads_exactly(case: Any) -> None:
    if case.form:
        loaded = load_form(FOLDER / case.file)
        truth = pd.DataFrame(MAKE.FORM_TRUTH)
    else:
        loaded = load_dossiers(FOLDER / case.file, **case.options)
        truth = pd.DataFrame(MAKE.TRUTH)
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
def test_screening_finds_nothing_to_mend(case: Any) -> None:
    options = {} if case.form else case.options
    findings = screen(FOLDER / case.file, "II.06a" if case.form else "dossiers", **options)
    assert not len(findings[findings["verdict"] == "fail"])
