"""One vocabulary: every code of the sources leads to one indicator, every unit says how it adds up."""

from __future__ import annotations

from collections import defaultdict

import pytest

from dvresearch import codebook, tables
from dvresearch.errors import ParameterError
from dvresearch.loaders import load_figures
from dvresearch.text import plain

QUANTITIES = {"count", "share", "rate", "score", "mean", "money", "rank", "mark"}


@pytest.mark.parametrize("kind", ["indicator", "unit", "level", "definition", "method"])
def test_a_name_means_one_thing(kind: str) -> None:
    for entry in codebook.entries(kind):
        for name in (entry.code, entry.label_vi, entry.label_en, *entry.aliases):
            assert codebook.find(kind, name) == entry.code


def test_points_are_no_percentage_points() -> None:
    assert codebook.find("unit", "điểm") != codebook.find("unit", "điểm %") == "percentage_point"
    assert codebook.find("unit", "") is None


@pytest.mark.parametrize("table", tables.TABLES.values(), ids=lambda t: t.name)
def test_a_header_means_one_column_of_its_table(table: tables.Table) -> None:
    meanings = defaultdict(set)
    for column in table.columns:
        entry = codebook.get("column", column.name)
        for name in (entry.code, entry.label_vi, entry.label_en, *entry.aliases):
            meanings[plain(name)].add(entry.code)
    assert not {name: codes for name, codes in meanings.items() if len(codes) > 1}


def test_every_indicator_has_a_unit_a_direction_and_a_meaning() -> None:
    units = {e.code: e.unit for e in codebook.entries("unit")}
    assert set(units.values()) <= QUANTITIES
    for entry in codebook.entries("indicator"):
        assert not entry.unit or entry.unit in units, entry.code
        assert entry.better in ("higher", "lower", "none", "context"), entry.code
        assert entry.note_vi and entry.note_en, entry.code


def test_units_of_columns_exist() -> None:
    units = {e.code for e in codebook.entries("unit")}
    assert {e.unit for e in codebook.entries("column")} - {""} <= units


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("HS_NHAN", "dossiers_received"),
        ("DT_GQ", "petitions_resolved"),
        ("TTHC_ONTIME", "dossiers_in_time_share"),
        ("Q766_TDGQ", "q766_tdgq"),
        ("TCD_TURNS", "visits"),
        ("TCD_PEOPLE", "visitors"),
        ("TCD_CASES", "matters"),
        ("DVK_RECOGNISED", "models_recognised"),
        ("KT_CN", "awards_individual"),
        ("chỉ số hài lòng SIPAS", "sipas"),
        ("Chi so hai long SIPAS", "sipas"),
    ],
)
def test_codes_of_the_sources_are_found(name: str, code: str) -> None:
    assert codebook.find("indicator", name) == code


@pytest.mark.parametrize("code", ["TL_PHU", "DVHC", "CQ", "TTHC", "PAKN"])
def test_codes_that_mean_different_things_in_different_rows_lead_nowhere(code: str) -> None:
    assert codebook.find("indicator", code) is None


def test_published_figures_speak_the_vocabulary() -> None:
    figures = load_figures()
    for column, kind in (("indicator", "indicator"), ("definition", "definition"), ("unit_level", "level")):
        assert set(figures[column]) - {""} <= {e.code for e in codebook.entries(kind)}


def test_context_is_no_result() -> None:
    assert [e.code for e in codebook.entries("indicator") if e.better == "context"] == ["growth", "income_per_head"]


@pytest.mark.parametrize(
    ("indicator", "quantity"),
    [("visits", "count"), ("sipas", "share"), ("growth", "rate"), ("q766_total", "score"), ("par_index_rank", "rank")],
)
def test_quantity(indicator: str, quantity: str) -> None:
    assert codebook.quantity(indicator) == quantity


def test_an_unknown_code_names_the_nearest() -> None:
    with pytest.raises(ParameterError, match="Nearest: sipas_rank"):
        codebook.get("indicator", "sipas_ranks")
    with pytest.raises(ParameterError, match=r"See docs/glossary\.md"):
        codebook.get("indicator", "zzzzzzzzzz")


def test_glossary_has_a_line_for_every_entry() -> None:
    lines = [line for line in codebook.glossary().splitlines() if line.startswith("| `")]
    assert len(lines) == len(codebook.entries())
    assert all(line.replace("\\|", "").count("|") == 5 for line in lines)
