"""The tables of one synthetic commune as Excel files: each loads, each is clean, each is the same every time."""

from __future__ import annotations

import openpyxl
import pytest
from typer.testing import CliRunner

from dvresearch import examples, loaders, metrics
from dvresearch.cli import app
from dvresearch.examples.commune import PETITION_FORMS
from dvresearch.examples.office import NOTICE
from dvresearch.screening import screen


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return examples.write_commune_tables(tmp_path_factory.mktemp("xa"), seed=4)


def test_every_file_says_that_it_is_synthetic(files):
    for path in files.values():
        assert "gia-lap" in path.name
        if path.suffix == ".xlsx":
            cells = [c.value for s in openpyxl.load_workbook(path) for row in s.iter_rows(max_row=5) for c in row]
            assert NOTICE in cells
        else:
            assert NOTICE in path.read_text(encoding="utf-8")


def test_every_table_loads_and_nothing_has_to_be_mended(files):
    unit = examples.communes(seed=4)["unit"].iloc[0]
    loaded = {
        "cases": loaders.load_cases(files["cases"]),
        "responses": loaders.load_responses(files["responses"], files["items"]),
        "models": loaders.load_models(files["models"]),
        "targets": loaders.load_targets(files["targets"]),
        "rubric": loaders.load_rubric(files["rubric"]),
        "figures": loaders.load_figures(files["figures"]),
        **{code: loaders.load_form(files[code], code) for code in PETITION_FORMS},
    }
    assert loaded.keys() | {"items"} == files.keys()
    for name, frame in loaded.items():
        assert set(frame["unit"]) == {unit}, name
        found = screen(files[name], name, items=files["items"] if name == "responses" else None)
        assert not (found["verdict"] == "fail").any(), name
    in_time = metrics.cases_in_time(loaded["cases"], as_of="2026-12-31")
    assert 0.8 < in_time["value"].item() < 0.95
    assert len(metrics.petition_results(loaded["01/KQGQ"])) == 2
    assert len(metrics.appraisal(loaded["rubric"])) == 3


def test_same_seed_same_bytes(files, tmp_path):
    again = examples.write_commune_tables(tmp_path, seed=4)
    assert [p.read_bytes() for p in again.values()] == [p.read_bytes() for p in files.values()]


@pytest.mark.parametrize("code", PETITION_FORMS)
def test_blank_forms_from_the_command_line(code, tmp_path):
    path = tmp_path / "bieu.xlsx"
    result = CliRunner().invoke(app, ["template", code, str(path)])
    assert result.exit_code == 0
    assert openpyxl.load_workbook(path).active["A1"].value.startswith(f"Biểu số {code}")
