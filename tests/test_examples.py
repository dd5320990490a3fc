"""Synthetic communes and dossiers against their own truth, and the writers against the loader."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from dvresearch import examples, tables, workdays
from dvresearch.errors import ParameterError
from dvresearch.examples import commune
from dvresearch.examples.office import NOTICE
from dvresearch.loaders import load_dossiers
from dvresearch.loaders.form_layouts import form as form_layout
from dvresearch.loaders.forms import load_form
from dvresearch.metrics.dossiers import tally
from tests import office

UNITS = examples.communes(5, seed=1)
FRAME, TRUTH = examples.dossiers(4000, UNITS, seed=1)
TIMES = ["received", "due", "resolved"]
QUIET = office.Mess()
FORM = form_layout("II.06a", "TT01/2020")


def test_names_say_that_nothing_is_real():
    units = examples.communes(120, seed=3)
    assert units["unit"].str.fullmatch(r"(Xã|Phường) Mẫu \d{3} \(giả lập\)").all()
    assert units["unit"].is_unique and units["late_share"].between(0, 1).all()
    assert FRAME["dossier"].str.startswith("GL.").all() and FRAME["dossier"].is_unique


def test_same_seed_same_data():
    again, _ = examples.dossiers(4000, examples.communes(5, seed=1), seed=1)
    pd.testing.assert_frame_equal(again, FRAME)
    other, _ = examples.dossiers(4000, UNITS, seed=2)
    assert not other["received"].equals(FRAME["received"])


def test_frame_fits_its_contract():
    tables.check(FRAME, tables.DOSSIERS)
    assert list(FRAME.columns) == [n for n in tables.DOSSIERS.names if n in FRAME.columns]
    assert FRAME["received"].is_monotonic_increasing
    assert (FRAME["resolved"] > FRAME["received"]).all()


@pytest.mark.parametrize("clock", ["date", "instant"])
def test_tally_finds_the_late_ones(clock):
    counts = tally(FRAME, as_of="2026-06-30", clock=clock).set_index("unit").loc[TRUTH["unit"]]
    assert counts["received"].tolist() == TRUTH["received"].tolist()
    assert counts["out_of_time"].tolist() == TRUTH["late"].tolist()
    assert TRUTH["late"].sum() > 100


def test_pending_dossiers_are_judged_on_the_reporting_date():
    frame, truth = examples.dossiers(4000, UNITS, seed=1, as_of="2025-08-15")
    assert frame["received"].max() < pd.Timestamp("2025-08-16") and frame["resolved"].isna().any()
    assert frame["outcome"].isin(["open", "paused"]).equals(frame["resolved"].isna())
    counts = tally(frame, as_of="2025-08-15", clock="date").set_index("unit").loc[truth["unit"]]
    assert counts["out_of_time"].tolist() == truth["late"].tolist()
    assert counts["pending_overdue"].sum() > 0 and counts["pending_within"].sum() > 0
    paused = frame[frame["outcome"] == "paused"]
    assert counts["pending_paused"].sum() == len(paused) > 0 and (paused["supplement_requests"] >= 1).all()
    assert (paused["due"] < "2025-08-15").any()


def test_late_share_is_the_one_asked_for():
    units = UNITS.assign(late_share=[0.0, 0.02, 0.1, 0.3, 1.0])
    _, truth = examples.dossiers(20_000, units, seed=4)
    error = np.sqrt(truth["late_share"] * (1 - truth["late_share"]) / truth["received"])
    assert (abs(truth["late"] / truth["received"] - truth["late_share"]) <= 4 * error).all()


def test_days_are_those_of_an_office():
    # Due days day by day, from the calendar alone.
    limits = {name: limit for name, _, limit, _ in examples.registers.MADE_UP["procedures"]}
    for row in FRAME.head(200).to_dict("records"):
        day, left = row["received"].normalize(), limits[row["procedure"]]
        while left:
            day += pd.Timedelta(days=1)
            left -= bool(workdays.is_working(day))
        assert row["due"] == day + pd.Timedelta(hours=17)
    offline = FRAME[FRAME["channel"] != "online"]
    off = offline[~workdays.is_working(offline["received"])]
    open_on_saturday = set(UNITS.loc[UNITS["saturday"], "unit"])
    assert len(off) and (off["received"].dt.day_of_week == 5).all() and (off["received"].dt.hour < 12).all()
    assert set(off["unit"]) <= open_on_saturday and (off["channel"] == "counter").all()
    assert workdays.is_working(FRAME["resolved"]).all()
    online = FRAME[FRAME["channel"] == "online"]
    assert (online["received"].dt.day_of_week == 6).any()
    months = FRAME["received"].dt.month.value_counts()
    assert months[4] > 1.3 * months[2]
    moved = FRAME[FRAME["supplement_days"] > 0]
    assert len(moved) and (moved["supplement_requests"] > 0).all() and (moved["resolved"] > moved["received"]).all()


@pytest.mark.parametrize("n", [0, 10_000])
def test_number_of_communes(n):
    with pytest.raises(ParameterError, match="1 đến 9999"):
        examples.communes(n)


# --- the writer -------------------------------------------------------------------------------------------------------


def random_table(seed):
    """A table with anything the contract allows: columns left out or moved, blanks, seconds, days without hour."""
    rng = np.random.default_rng([seed, 99])
    frame, _ = examples.dossiers(int(rng.integers(8, 60)), examples.communes(3, seed=seed), seed=seed)
    frame = frame.sort_values(["unit", "received"], kind="stable", ignore_index=True)
    rows = len(frame)
    frame["supplement_days"] = rng.choice([0, 0.25, 3, 1234.5, 12345, np.nan], rows)
    for name in ("procedure", "field", "channel", "due", "resolved", "outcome", "supplement_requests"):
        frame[name] = frame[name].mask(rng.random(rows) < rng.choice([0, 0.2]))
    if rng.random() < 0.3:
        for name in TIMES:
            frame[name] = frame[name].dt.normalize()
    elif rng.random() < 0.3:
        frame["resolved"] += rng.integers(0, 60, rows).astype("timedelta64[s]")
    optional = [c for c in frame if c not in ("unit", "received")]
    dropped = rng.choice(optional, int(rng.integers(0, 5)), replace=False)
    kept = [c for c in frame if c not in dropped]
    return frame[list(rng.permutation(kept))] if rng.random() < 0.3 else frame[kept]


def assert_comes_back(path, frame):
    loaded = load_dossiers(path).reset_index(drop=True)
    assert set(loaded.columns) == set(frame.columns)
    loaded = loaded[list(frame.columns)]
    loaded = loaded.astype({c: "datetime64[s]" for c in TIMES if c in loaded})
    pd.testing.assert_frame_equal(loaded, frame, check_names=False)


def test_random_tables_come_back(tmp_path, rounds):
    for seed in range(rounds(16, 200)):
        frame = random_table(seed)
        suffix = [".xlsx", ".csv", ".txt"][seed % 3]
        path = office.write_office(frame, tmp_path / f"gia-lap-{seed}{suffix}", seed=seed)
        try:
            assert_comes_back(path, frame)
        except Exception as fault:
            raise AssertionError(f"seed {seed}: {office.Mess.draw(seed)}") from fault


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1258", "tcvn3"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_text_files_come_back(tmp_path, encoding, delimiter):
    mess = office.Mess(encoding=encoding, delimiter=delimiter, titles=2, total=True, notes=True, numbers="text")
    frame = random_table(7)
    path = office.write_office(frame, tmp_path / "ho-so-gia-lap.csv", mess=mess)
    assert_comes_back(path, frame)
    data = path.read_bytes()
    known = {"tcvn3": "§¬n vÞ".encode("latin-1"), "windows-1258": b"\xd0\xf5n vi\xf2", "utf-16": b"\xff\xfe"}
    assert known.get(encoding, "Đơn vị".encode()) in data


def test_all_the_mess_is_there(tmp_path):
    import openpyxl

    mess = office.Mess(
        titles=2,
        blank_columns=1,
        sheets=2,
        header_rows=3,
        dates="cell",
        numbering=True,
        serial=True,
        applicants=True,
        subtotals=True,
        total=True,
        notes=True,
    )
    frame = FRAME.sort_values("unit", kind="stable").groupby("unit").head(3).reset_index(drop=True)
    book = openpyxl.load_workbook(office.write_office(frame, tmp_path / "gia-lap.xlsx", mess=mess))
    assert book.sheetnames == ["Hướng dẫn 1", "Giả lập", "Danh mục 2"]
    rows = [[c.value for c in row] for row in book["Giả lập"].iter_rows()]
    assert all(row[0] is None for row in rows)
    first = [row[1] for row in rows]
    assert first[0] == NOTICE and first[4] == "Danh sách hồ sơ" and first[7] == "(1)"
    assert first[5:7] == ["STT", None] and rows[6][2] == "Mã hồ sơ" and rows[5][2] == "Hồ sơ"
    assert "B5:N5" in book["Giả lập"].merged_cells and "B6:B7" in book["Giả lập"].merged_cells
    assert [w for w in first if str(w).startswith("Cộng ")] == [f"Cộng {u}" for u in sorted(set(frame["unit"]))]
    assert first[-5] == "Tổng cộng" and rows[-5][2] == len(frame) and first[-3].startswith("Ghi chú")
    assert rows[8][-1].startswith("Người nộp mẫu ")


def test_applicants_are_dropped_when_the_file_is_loaded(tmp_path):
    frame = random_table(3)
    path = office.write_office(frame, tmp_path / "gia-lap.xlsx", mess=dataclasses.replace(QUIET, applicants=True))
    assert_comes_back(path, frame)


def test_same_seed_same_bytes(tmp_path):
    one, two, other = (tmp_path / f"gia-lap-{i}.xlsx" for i in range(3))
    for path, seed in ((one, 5), (two, 5), (other, 6)):
        examples.write_office(FRAME.head(20), path, applicants=True, seed=seed)
    assert one.read_bytes() == two.read_bytes() != other.read_bytes()


@pytest.mark.parametrize("name", ["ho-so.xlsx", "gia-lap.pdf", "ho-so-2025.csv"])
def test_names_that_are_refused(tmp_path, name):
    with pytest.raises(ParameterError, match=r"giả lập|loại tệp"):
        examples.write_office(FRAME.head(5), tmp_path / name)
    assert not (tmp_path / name).exists()


# --- one commune ------------------------------------------------------------------------------------------------------

YEAR = examples.commune_year(seed=2, n=700)


def test_commune_year_begins_with_what_was_left_over():
    old = YEAR[YEAR["received"] < pd.Timestamp(2025, 1, 1)]
    assert len(old) and not (old["resolved"] < pd.Timestamp(2025, 1, 1)).any()
    assert set(YEAR["unit"]) == {examples.communes(seed=2)["unit"].iloc[0]} and YEAR["received"].max() < pd.Timestamp(
        2026, 1, 1
    )


def test_form_agrees_with_the_tally():
    # Two ways to the same numbers: masks per month there, flows and stocks here.
    counts = tally(YEAR, "field", as_of="2025-12-31", period="month", clock="date").set_index(["period", "field"])
    counts = counts.select_dtypes("number")
    for month in range(1, 13):
        first = pd.Timestamp(2025, month, 1)
        form = commune.form_counts(YEAR, first, first + pd.offsets.MonthEnd())
        same = counts.loc[f"2025-{month:02}"].reindex(form.index, fill_value=0)
        assert form[3].tolist() == same["workload"].tolist()
        assert (form[4] + form[5]).tolist() == same["received"].tolist()
        assert form[6].tolist() == same["carried_in"].tolist()
        assert form[7].tolist() == (same["resolved"] + same["withdrawn"]).tolist()
        assert form[8].tolist() == same["resolved_early"].tolist()
        assert form[9].tolist() == (same["resolved_on_time"] + same["withdrawn"]).tolist()
        assert form[10].tolist() == same["resolved_late"].tolist()
        assert form[12].tolist() == (same["pending_within"] + same["pending_paused"]).tolist()
        assert form[13].tolist() == same["pending_overdue"].tolist()
        # Identities of the form itself.
        assert (form[3] == form[4] + form[5] + form[6]).all() and (form[3] == form[7] + form[11]).all()
        assert (form[7] == form[8] + form[9] + form[10]).all() and (form[11] == form[12] + form[13]).all()


def test_commune_files(tmp_path):
    import openpyxl

    files = examples.write_commune(tmp_path / "xa", seed=2, n=700)
    assert sorted(p.name for p in (tmp_path / "xa").iterdir()) == [
        "bieu-II06a-2025-gia-lap.xlsx",
        "ho-so-2025-gia-lap.xlsx",
    ]
    assert_comes_back(files["dossiers"], YEAR)
    book = openpyxl.load_workbook(files["form"])
    assert book.sheetnames == [f"Tháng {m:02}" for m in range(1, 13)]
    for month, sheet in enumerate(book, start=1):
        rows = [[c.value for c in row] for row in sheet.iter_rows()]
        assert rows[0][0] == NOTICE and YEAR["unit"].iloc[0] in rows[3][0]
        first = pd.Timestamp(2025, month, 1)
        form = commune.form_counts(YEAR, first, first + pd.offsets.MonthEnd())
        assert rows[9][1] == form.index[0] and rows[9][2:] == form.iloc[0].tolist()
        assert rows[-1][1] == "Tổng cộng" and rows[-1][2:] == form.sum().tolist()
    for month in (1, 9):
        first = pd.Timestamp(2025, month, 1)
        form = commune.form_counts(YEAR, first, first + pd.offsets.MonthEnd())
        loaded = load_form(files["form"], sheet=f"Tháng {month:02}").set_index("group")
        assert loaded["unit"].eq(YEAR["unit"].iloc[0]).all() and loaded["period_start"].eq(first).all()
        for column in FORM.columns:
            if column.number:
                assert loaded[column.name].to_dict() == form[column.number].to_dict()
    again = examples.write_commune(tmp_path / "again", seed=2, n=700)
    assert [p.read_bytes() for p in again.values()] == [p.read_bytes() for p in files.values()]
