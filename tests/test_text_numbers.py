"""Printed numbers: reading, precision, column style, writing."""

from __future__ import annotations

import csv
import datetime as dt
import math
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvresearch.errors import DataError
from dvresearch.text import HEDGES, cell_code, cell_number, column_style, format_number, format_percent, number

CONTINUOUS = {"%", "km", "m", "m2", "lần"}


def test_annotated_numbers_of_public_reports(validation):
    """315 of the 318 numbers are digits; the value was typed by the annotator."""
    with (validation("claims") / "pages" / "truth.csv").open(encoding="utf-8", newline="") as file:
        rows = [r for r in csv.DictReader(file) if any(c.isdigit() for c in r["quote"])]
    assert len(rows) >= 300
    for row in rows:
        read = number(row["quote"], unit="continuous" if row["unit"] in CONTINUOUS else "count")
        assert read.value == float(row["value"]), row["quote"]


# Expected values worked by hand: (text, value, low, high).
@pytest.mark.parametrize(
    ("text", "value", "low", "high"),
    [
        ("1377", 1377, 1377, 1377),
        ("03", 3, 3, 3),
        ("1.234,5", 1234.5, 1234.45, 1234.55),
        ("1,234.5", 1234.5, 1234.45, 1234.55),
        ("1.234.567,89", 1234567.89, 1234567.885, 1234567.895),
        ("412204.00", 412204, 412203.995, 412204.005),
        ("15.40", 15.4, 15.395, 15.405),
        ("0,123", 0.123, 0.1225, 0.1235),
        (",5", 0.5, 0.45, 0.55),
        ("4,52 ngàn", 4520, 4515, 4525),
        ("4,52 nghìn", 4520, 4515, 4525),
        ("39 vạn", 390_000, 385_000, 395_000),
        ("10 triệu", 1e7, 9.5e6, 1.05e7),
        ("1,2 tỷ", 1.2e9, 1.15e9, 1.25e9),
        ("1,2 tỉ", 1.2e9, 1.15e9, 1.25e9),
        ("1,2 nghìn tỷ", 1.2e12, 1.15e12, 1.25e12),
        ("99,5%", 0.995, 0.9945, 0.9955),
        ("99.5%", 0.995, 0.9945, 0.9955),
        ("99,5%", 0.995, 0.9945, 0.9955),
        ("99,5 phần trăm", 0.995, 0.9945, 0.9955),
        ("100%", 1, 0.995, 1.005),
        ("1 234", 1234, 1234, 1234),
        ("1\u202f234,5", 1234.5, 1234.45, 1234.55),
        ("1'234'567", 1234567, 1234567, 1234567),
        ("-3,2", -3.2, -3.25, -3.15),
        ("−3,2", -3.2, -3.25, -3.15),
        ("–3,2", -3.2, -3.25, -3.15),
        ("+3,2", 3.2, 3.15, 3.25),
        ("(123)", -123, -123, -123),
        ("(1.234,5)", -1234.5, -1234.55, -1234.45),
        ("１２３４", 1234, 1234, 1234),
        ("١٢٣٤", 1234, 1234, 1234),
        ("12.345.678 đồng", 12345678, 12345678, 12345678),
        ("345 tỷ đồng", 3.45e11, 3.445e11, 3.455e11),
        ("1.5E+05", 150_000, 145_000, 155_000),
    ],
)
def test_value_and_precision(text, value, low, high):
    read = number(text)
    assert (read.value, read.low, read.high) == (value, low, high)
    assert read.alternatives == ()
    assert read.kind == ("percent" if "%" in text or "phần" in text else "number")
    assert cell_number(text) == value


# The rule of the annotated reports: three digits behind one separator.
@pytest.mark.parametrize(
    ("text", "unit", "style", "value", "other"),
    [
        ("33,838", "count", "auto", 33838, None),
        ("33.838", "count", "auto", 33838, None),
        ("33,838", "count", "vi", 33838, None),
        ("1,250", "continuous", "auto", 1.25, 1250),
        ("1.250", "continuous", "auto", 1250, 1.25),
        ("33,838", None, "auto", 33.838, 33838),
        ("33.838", None, "auto", 33838, 33.838),
        ("33,838", None, "en", 33838, None),
        ("33.838", None, "en", 33.838, None),
        ("33.838", None, "vi", 33838, None),
        ("33,838", None, "vi", 33.838, None),
        ("12,345%", None, "auto", 0.12345, 123.45),
        ("12.345%", None, "auto", 0.12345, 123.45),
        ("15.40", None, "vi", 15.4, None),  # style never bends a text that can be read in one way only
    ],
)
def test_ambiguous_separators(text, unit, style, value, other):
    read = number(text, unit=unit, style=style)
    assert read.value == value
    assert [a.value for a in read.alternatives] == ([] if other is None else [other])
    assert cell_number(text, unit=unit, style=style) == value


def test_a_measured_whole_number_is_rounded_and_a_count_is_exact():
    assert (number("120", unit="continuous").low, number("120", unit="count").low) == (119.5, 120)


@pytest.mark.parametrize(
    ("text", "hedge", "value"),
    [
        ("gần 30%", "gần", 0.3),
        ("Hơn 21.200", "hơn", 21200),
        ("trên 1.950 tỷ", "trên", 1.95e12),
        ("đạt trên 90%", "trên", 0.9),
        ("ước đạt 5%", "ước", 0.05),
        ("ước trên 39 vạn", "ước trên", 390_000),
        ("khoảng gần 100", "khoảng gần", 100),
        ("ít nhất 1,8", "ít nhất", 1.8),
        ("dưới 3%", "dưới", 0.03),
        ("tới 500", "tới", 500),
        ("từ 80 % trở lên", "trở lên", 0.8),
        ("80 % trở lên", "trở lên", 0.8),
        ("126", "", 126),
    ],
)
def test_hedges(text, hedge, value):
    read = number(text)
    assert (read.hedge, read.value) == (hedge, value)
    assert hedge == "" or hedge in HEDGES


def test_hedges_in_any_unicode_form():
    assert number("hơn 90").hedge == number("ho\u031bn 90").hedge == "hơn"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("126/137", "fraction-is-two-numbers"),
        ("30 - 35", "range-is-two-numbers"),
        ("12 hồ sơ", "number-cannot-be-read"),
        ("12O", "number-cannot-be-read"),
        ("1.2.3", "number-cannot-be-read"),
        ("1,25,000", "number-cannot-be-read"),
        ("0.123.456", "number-cannot-be-read"),
        ("1.234,567,8", "number-cannot-be-read"),
        ("12 34", "number-cannot-be-read"),
        ("24/02/2026", "number-cannot-be-read"),
        ("(5", "number-cannot-be-read"),
        ("(-5)", "number-cannot-be-read"),
        ("5.", "number-cannot-be-read"),
        ("", "number-cannot-be-read"),
        ("%", "number-cannot-be-read"),
        ("1E+999", "number-cannot-be-read"),
        ("0E+400", "number-cannot-be-read"),
        ("9" * 65, "number-cannot-be-read"),
    ],
)
def test_what_is_not_a_number_is_refused_with_advice(text, code):
    with pytest.raises(DataError) as error:
        number(text)
    assert error.value.code == code
    assert error.value.hint.vi and error.value.hint.en


def test_messages_do_not_repeat_what_may_be_personal():
    with pytest.raises(DataError) as error:
        cell_number("Nguyễn Thị B, 0912.345.678")
    assert "Nguy" not in str(error.value) and "912" not in str(error.value)


@pytest.mark.parametrize(
    "value", ["", "  ", "-", "–", "—", "…", "...", "x", "X", "n/a", "~", None, math.nan, pd.NA, pd.NaT, np.nan]
)
def test_missing_cells(value):
    assert cell_number(value) is None


@pytest.mark.parametrize("value", [7, 7.0, np.int64(7), np.float64(7), Decimal(7), "7", " 7 ", "7,0"])
def test_cells_with_a_number(value):
    assert cell_number(value) == 7.0
    assert type(cell_number(value)) is float


@pytest.mark.parametrize("value", [True, np.True_, math.inf, [7], b"7", dt.datetime(2026, 2, 1), dt.date(2026, 2, 1)])
def test_cells_that_hold_something_else(value):
    with pytest.raises(DataError):
        cell_number(value)


@pytest.mark.parametrize("cell", ["hơn 20", "khoảng 5", "10%", "1.5", 1.234, "2,60302E+14", "1E+05", "#N/A", "-%"])
def test_what_is_no_count_is_refused(cell):
    with pytest.raises(DataError):
        cell_number(cell, unit="count")


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("H26-260302-0001", "H26-260302-0001"),
        (" H26-260302\u200b-0001\u00a0", "H26-260302-0001"),
        ("000.17.22.H56-210531-0001", "000.17.22.H56-210531-0001"),
        ("00123", "00123"),
        (123456789012345.0, "123456789012345"),
        (7, "7"),
        ("~", None),
        (None, None),
    ],
)
def test_codes(cell, code):
    assert cell_code(cell) == code


@pytest.mark.parametrize("cell", ["2,60302E+14", "2.60302e+14", "3E+17", 260302000100010001.0, 10**17, 1.5])
def test_codes_that_lost_digits_are_refused(cell):
    with pytest.raises(DataError, match="mất chữ số"):
        cell_code(cell)


@pytest.mark.parametrize(
    ("cells", "style"),
    [
        (["1.234", "99,5", "-"], "vi"),
        (["1,234", "99.5", 3, None], "en"),
        (["1.234.567", "1.234"], "vi"),
        (["1.234,5", "15.40"], "mixed"),
        (["1.234", "33,838", "12", "1 234", "chữ"], "unknown"),
        ([], "unknown"),
        # A mark before one digit here and before three there: a thousand, or one and a bit?
        (["1.234", "95.5"], "mixed"),
        (["1,234", "95,5", "4"], "mixed"),
        (["1.234.567", "1,234"], "mixed"),
        (["1.234", "0.125", "95.5"], "en"),
        (["1.234", "2.2501"], "en"),
        (["1,234", "1,234,567", "95.5"], "en"),
    ],
)
def test_column_style(cells, style):
    assert column_style(cells) == style


@pytest.mark.parametrize(
    ("value", "decimals", "vi", "en"),
    [
        (1234.5, 1, "1.234,5", "1,234.5"),
        (1234567, 0, "1.234.567", "1,234,567"),
        (2.5, 0, "3", "3"),  # ROUND in a spreadsheet; Python's round gives 2
        (1.005, 2, "1,01", "1.01"),
        (2.675, 2, "2,68", "2.68"),
        (1.1 * 1.15, 2, "1,27", "1.27"),  # 1.2649999999999999 to the machine
        (-2.5, 0, "−3", "−3"),
        (-0.004, 2, "0,00", "0.00"),
        (0.0, 0, "0", "0"),
        (1e20, 0, "100.000.000.000.000.000.000", "100,000,000,000,000,000,000"),
        (2500123456789012.0, 0, "2.500.123.456.789.012", "2,500,123,456,789,012"),
        (np.float64(0.15), 1, "0,2", "0.2"),
        (math.nan, 1, "…", "…"),
        (None, 1, "…", "…"),
        (pd.NA, 1, "…", "…"),
        (-math.inf, 1, "−∞", "−∞"),
    ],
)
def test_format_number(value, decimals, vi, en):
    assert format_number(value, decimals) == vi
    assert format_number(value, decimals, "en") == en


@pytest.mark.parametrize(
    ("share", "decimals", "vi", "en"),
    [
        (0.8664, 2, "86,64%", "86.64%"),
        (0.285, 0, "29%", "29%"),
        (0.285, 1, "28,5%", "28.5%"),
        (1, 1, "100,0%", "100.0%"),
        (-0.0312, 1, "−3,1%", "−3.1%"),
        (math.nan, 1, "…", "…"),
    ],
)
def test_format_percent(share, decimals, vi, en):
    assert format_percent(share, decimals) == vi
    assert format_percent(share, decimals, "en") == en


values = st.decimals(min_value=-(10**11), max_value=10**11, allow_nan=False, allow_infinity=False, places=3)


@given(values, st.integers(0, 4), st.sampled_from(["vi", "en"]))
def test_what_is_written_is_read_back(value, decimals, lang):
    rounded = value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    read = number(format_number(float(value), decimals, lang), style=lang)
    assert read.value == float(rounded)
    assert read.low <= float(value) <= read.high or decimals == 0
    as_percent = number(format_percent(float(value.scaleb(-2)), decimals, lang), style=lang)
    assert as_percent.value == pytest.approx(float(rounded.scaleb(-2)), rel=1e-14)
    assert as_percent.kind == "percent"


pieces = st.sampled_from(
    ["1", "234", "0", ".", ",", " ", "\u00a0", "%", "-", "(", ")", "ngàn", "tỷ", "hơn ", "e+9", "'", "９"]
)


@given(st.text() | st.lists(pieces, max_size=12).map("".join), st.sampled_from(["count", "continuous", None]))
def test_any_text_is_a_number_or_a_data_error(text, unit):
    try:
        read = number(text, unit=unit)
    except DataError:
        return
    assert read.low <= read.value <= read.high
    assert math.isfinite(read.low) and math.isfinite(read.high)
    if read.hedge or (unit == "count" and (read.kind == "percent" or not read.value.is_integer() or "e+" in text)):
        with pytest.raises(DataError):
            cell_number(text, unit=unit)
    else:
        assert cell_number(text, unit=unit) == read.value
