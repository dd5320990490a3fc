"""Grids from files: every cell in its place, whatever the encoding and the separator."""

from __future__ import annotations

import csv
import datetime as dt
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from openpyxl.utils import get_column_letter

from dvresearch.errors import DataError
from dvresearch.loaders.cells import convert_dates
from dvresearch.loaders.guard import LIMITS, container
from dvresearch.loaders.sheets import (
    Note,
    Sheet,
    column_letters,
    decode,
    guess_delimiter,
    parse_text,
    read_sheets,
    texts,
)

TYPES = [
    "  chữ  ",
    "",
    12,
    -0.5,
    True,
    dt.date(2026, 2, 24),
    dt.datetime(2026, 2, 24, 8, 30, 15),
    dt.time(8, 30),
    dt.timedelta(hours=30),
]


def test_cells_keep_their_type_and_place(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.title = "Tháng 1"
    for i, value in enumerate(TYPES):
        sheet.cell(4, 3 + i, value)
    sheet["C6"] = "gộp"
    sheet.merge_cells("C6:E7")
    hidden: Any = book.create_sheet("ẩn")
    hidden["A1"], hidden.sheet_state = 1, "hidden"
    book.create_sheet("trống")
    book.save(tmp_path / "a.xlsx")
    first, second = read_sheets(tmp_path / "a.xlsx")
    assert first.rows(0, 1) == [tuple(TYPES)]
    assert [type(v) for v in first.rows(0, 1)[0]] == [
        str,
        str,
        float,
        float,
        bool,
        dt.date,
        dt.datetime,
        dt.time,
        dt.timedelta,
    ]
    assert (first.first_row, first.first_column, first.height) == (4, 3, 3)
    assert first.merged == ((2, 0, 3, 2),)
    assert first.where(2, 1) == "a.xlsx, trang tính/sheet “Tháng 1”, dòng/row 6, cột/column D"
    assert (second.name, second.hidden, second.columns) == ("ẩn", True, [[1.0]])
    assert [s.name for s in read_sheets(tmp_path / "a.xlsx", sheet="ẩn")] == ["ẩn"]


def test_columns_are_named_as_spreadsheets_do() -> None:
    numbers = [1, 26, 27, 52, 53, 702, 703, 16384]
    assert [column_letters(n) for n in numbers] == [get_column_letter(n) for n in numbers]


def test_text_of_cells() -> None:
    assert texts([1.0, 1.5, "  a \n b ", None, float("nan"), True, "e\u0302"]) == [
        "1",
        "1.5",
        "a b",
        "",
        "",
        "True",
        "ê",
    ]


WORDS = st.text("abc Đăâ0,;\t|\"\n.'=-", max_size=6)


@given(
    rows=st.integers(1, 5).flatmap(lambda n: st.lists(st.lists(WORDS, min_size=n, max_size=n), min_size=1, max_size=8)),
    delimiter=st.sampled_from(",;\t|"),
    end=st.sampled_from(["\r\n", "\n", "\r"]),
)
def test_written_text_is_read_back(rows: list[list[str]], delimiter: str, end: str) -> None:
    rows = [["đầu", *("cột" for _ in row[1:])] for row in rows[:1]] + rows  # the separator has to occur
    # a row with both looks like several that an open quotation mark has swallowed
    assume(not any(delimiter in "".join(row) and "\n" in "".join(row) for row in rows))
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(rows)
    text = f"sep={delimiter}\r\n" + out.getvalue()
    columns, found, remarks = parse_text(text, Path("a.csv"), LIMITS)
    while rows and not any(rows[-1]):
        rows.pop()
    assert (columns, found, remarks) == ([list(c) for c in zip(*rows, strict=True)], delimiter, {})


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a,b,c\n1,2,3\n", ","),
        ("a;b;c\n1,5;2,5;3,5\n", ";"),
        ("a\tb\nx, y\t1,5\n", "\t"),
        ("TIÊU ĐỀ, CHUNG\na;b;c\n1;2;3\n4;5;6\n", ";"),
        ('a,b\n"1;2;3;4",5\n"6;7;8;9",0\n', ","),
        ("chỉ một cột\n1\n", ","),
    ],
)
def test_separator_is_guessed(text: str, delimiter: str) -> None:
    assert guess_delimiter(text) == delimiter


SENTENCE = "Ngày tiếp nhận hồ sơ của Ủy ban nhân dân phường Đông Hưng, lĩnh vực đất đai; đã trả kết quả đúng hạn."


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (SENTENCE.encode(), "utf-8"),
        (SENTENCE.encode("utf-8-sig"), "utf-8"),
        (SENTENCE.encode("utf-16"), "utf-16"),
        (b"\xfe\xff" + SENTENCE.encode("utf-16-be"), "utf-16"),
        (SENTENCE.encode("utf-32"), "utf-32"),
        ("Ngay tiep nhan; don vi".encode("utf-16-le"), "utf-16-le"),
        ("Ngay tiep nhan; don vi".encode("utf-16-be"), "utf-16-be"),
    ],
)
def test_unicode_is_told_from_the_bytes(data: bytes, encoding: str) -> None:
    text, found, cut = decode(data, "a.csv")
    assert (found, cut) == (encoding, False)
    assert text in (SENTENCE, "Ngay tiep nhan; don vi")


def test_western_text_is_not_taken_for_vietnamese() -> None:
    text = "Straße, Café, garçon, Über die Größe\n" * 3
    assert decode(text.encode("cp1252"), "a.csv") == (text, "windows-1252", False)


@pytest.mark.parametrize("damage", ["tcvn3", "vni"])
def test_prose_typed_for_old_fonts_is_read(validation: Callable[[str], Path], damage: str, tmp_path: Path) -> None:
    folder = validation("claims")
    for spoilt in sorted((folder / "variants").glob(f"*__{damage}.txt")):
        typed = spoilt.read_text(encoding="utf-8")
        page = (folder / "pages" / f"{spoilt.name.split('__')[0]}.txt").read_text(encoding="utf-8")
        table = "sep=;\n" + "\n".join(
            f"{i};{' '.join(line.replace(';', ' ').replace(chr(34), ' ').split())}"
            for i, line in enumerate(typed.splitlines())
        )
        path = tmp_path / "a.csv"
        path.write_bytes(table.encode("cp1252" if damage == "vni" else "latin-1", "ignore"))
        (sheet,) = read_sheets(path)
        assert Note("legacy_font", damage) in sheet.notes
        lines = {" ".join(line.replace(";", " ").replace('"', " ").split()).lower() for line in page.splitlines()}
        cells = [c.lower() for c in sheet.columns[1] if len(c) > 40]
        assert cells
        assert sum(c in lines for c in cells) > 0.9 * len(cells)


def test_parquet_keeps_titles_apart_and_types(tmp_path: Path) -> None:
    table = pa.table(
        {
            "Đơn vị": ["Xã A", None, "Xã A"],
            "Ngày tiếp nhận": pa.array([dt.datetime(2026, 1, 5), None, dt.datetime(2026, 1, 6)], pa.timestamp("ms")),
            "danh sách": [[1], [2], [3]],
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    (sheet,) = read_sheets(tmp_path / "a.parquet")
    assert sheet.titles == ("Đơn vị", "Ngày tiếp nhận", "danh sách")
    assert sheet.height == 3
    assert list(sheet.columns[0].dropna()) == ["Xã A", "Xã A"]
    assert sheet.columns[1].dtype.kind == "M"
    assert sheet.columns[2].isna().all()
    assert read_sheets(tmp_path / "a.parquet", rows=2)[0].height == 2


def test_runs_of_equal_values_in_parquet_are_counted_before_they_are_read(tmp_path: Path) -> None:
    count = 60_000_000
    path = tmp_path / "a.parquet"
    chunk = pa.DictionaryArray.from_arrays(pa.nulls(count // 4, pa.int8()).fill_null(0), pa.array(["a"]))
    with pq.ParquetWriter(path, pa.schema({"unit": chunk.type})) as writer:
        for _ in range(4):
            writer.write_table(pa.table({"unit": chunk}))
    assert path.stat().st_size < 1 << 20
    with pytest.raises(DataError, match="bộ nhớ"):
        read_sheets(path)


@pytest.mark.parametrize(
    ("path", "code"), [("", "file-is-folder"), ("khong-co.csv", "file-not-there"), ("a\0b.csv", "file-may-not-be-read")]
)
def test_paths_that_lead_nowhere(path: str, code: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as error:
        container(tmp_path / path)
    assert error.value.code == code


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes with a name")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.csv")
    with pytest.raises(DataError) as error:
        container(tmp_path / "a.csv")
    assert error.value.code == "file-is-not-ordinary"


def test_a_sheet_counts_as_the_spreadsheet_does() -> None:
    sheet = Sheet("a.csv", "", [["x", "y"]], first_row=3, first_column=28)
    assert sheet.where(1, 0) == "a.csv, dòng/row 4, cột/column AB"
    assert sheet.where() == "a.csv"


@pytest.mark.parametrize("zone", [None, "Asia/Tokyo"])
@pytest.mark.parametrize("days", [False, True])
def test_instants_read_at_once_are_those_read_one_by_one(zone: str | None, days: bool) -> None:
    cells: list[Any] = [
        dt.datetime(2024, 2, 29, 8, 30),
        "",
        dt.datetime(1900, 1, 1),
        dt.datetime(2026, 12, 31, 23, 59, 59),
    ]
    at_once = convert_dates(cells, order="dmy", zone=zone, days=days)
    # a text among them takes the long way, on which every cell is told apart first
    one_by_one = convert_dates([*cells, "24/02/2026"], order="dmy", zone=zone, days=days)
    assert at_once.content.equals(one_by_one.content.iloc[:-1])
    assert at_once.content.isna().tolist() == [False, True, False, False] and not at_once.bad.any()


def test_an_instant_before_1900_is_refused_among_instants_too() -> None:
    read = convert_dates([dt.datetime(2024, 1, 1), dt.datetime(1899, 12, 31)], order="dmy", zone=None)
    assert read.bad.tolist() == [False, True] and read.content.isna().tolist() == [False, True]
