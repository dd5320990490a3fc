"""Printed dates, spreadsheet serials, reporting periods."""

from __future__ import annotations

import csv
import datetime as dt
import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvresearch.errors import DataError
from dvresearch.text import (
    Period,
    cell_date,
    column_date_order,
    date,
    format_date,
    format_period,
    period,
)

DAY = dt.date(2026, 2, 24)
MORNING = dt.datetime(2026, 2, 24, 8, 30)


@pytest.mark.parametrize(
    "text",
    [
        *("24/02/2026", "24/2/2026", "24-2-26", "24.02.2026", "24 / 02 / 2026", "2026-02-24", "2026/02/24", "20260224"),
        *("ngày 24 tháng 2 năm 2026", "Ngày 24 tháng 02, năm 2026", "24-Feb-26", "24 February 2026", "Feb 24, 2026"),
        *(
            "nga\u0300y 24/02/2026",
            " 24/02/2026\u00a0",
            "24-Thg2-26",
            "24 Thg 2 2026",
            "24 Tháng Hai 2026",
            "24 thg 2, 2026",
        ),
        *(
            "24/02/2026.",
            "24/02/2026,",
            "Thứ Ba, 24/02/2026",
            "Thứ 3 ngày 24/02/2026",
            "24/02/2026 (thứ ba)",
            "'24/02/2026",
        ),
        *("２４/０２/２０２６", "٢٤/٠٢/٢٠٢٦", "24/Feb/2026", "ngày 24 tháng 02/2026", "Tuesday, February 24, 2026"),
    ],
)
def test_days(text):
    read = date(text)
    assert read == DAY and not isinstance(read, dt.datetime)


@pytest.mark.parametrize(
    "text",
    [
        *("24/02/2026 08:30", "24/2/2026 8:30:00", "2026-02-24 08:30", "2026-02-24T08:30:00", "24/02/2026 8:30 AM"),
        *(
            "24/02/2026 - 08:30",
            "8h30' ngày 24/02/2026",
            "08:30 SA 24/02/2026",
            "2026/02/24 8:30:00 SA",
            "8h30, 24.2.26",
        ),
        *("24-Thg2-26 8:30:00 SA", "8 giờ 30 sáng ngày 24/2/2026"),
        *("08:30 24/02/2026", "08h30 ngày 24/02/2026", "lúc 8 giờ 30 phút ngày 24/2/2026", "24/02/2026, 8:30 SA"),
    ],
)
def test_instants(text):
    assert date(text) == MORNING


def test_afternoon_and_noon():
    assert date("24/02/2026 8:30 PM") == date("24/02/2026 8:30 CH") == MORNING.replace(hour=20)
    assert date("24/02/2026 03:20 CH") == date("24/02/2026 15:20 CH") == dt.datetime(2026, 2, 24, 15, 20)
    assert date("24/02/2026 12:30 AM").hour == 0
    assert date("24/02/2026 12:30 PM").hour == 12


def test_time_zones_and_fractions_are_kept():
    read = date("2026-02-24T08:30:00.250+07:00")
    assert read == dt.datetime(2026, 2, 24, 1, 30, 0, 250_000, tzinfo=dt.UTC)
    assert read.utcoffset() == dt.timedelta(hours=7)
    for text in (
        "2026/02/24 8:30:00 AM GMT+7",
        "2026/02/24 8:30:00 SA GMT+7",
        "Tue Feb 24 2026 08:30:00 GMT+0700 (ICT)",
    ):
        assert date(text) == dt.datetime(2026, 2, 24, 1, 30, tzinfo=dt.UTC)
    assert date("24/02/2026 01:30Z").utcoffset() == dt.timedelta(0)
    assert date("24/02/2026 08:30 -03:30").utcoffset() == -dt.timedelta(hours=3, minutes=30)


def test_month_first_only_when_said():
    assert date("02/24/2026 8:30 AM", order="mdy") == MORNING
    with pytest.raises(DataError, match='order="mdy"') as error:
        date("02/24/2026 8:30 AM")
    assert error.value.code == "day-and-month-are-swapped"
    assert date("03/02/2026") == dt.date(2026, 2, 3)
    assert date("03/02/2026", order="mdy") == dt.date(2026, 3, 2)


def test_two_digit_years_turn_at_69():
    # POSIX strptime %y: 69-99 are 1969-1999, 00-68 are 2000-2068.
    for year in ("00", "26", "68", "69", "99"):
        assert date(f"1/1/{year}").year == dt.datetime.strptime(year, "%y").year


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("30/02/2026", "no-such-day-or-time"),
        ("31/04/2026", "no-such-day-or-time"),
        ("00/01/2026", "no-such-day-or-time"),
        ("24/02/2026 25:00", "no-such-day-or-time"),
        ("24/02/2026 13:00 AM", "no-such-day-or-time"),
        ("24/02/1826", "year-before-1900"),
        ("0026-02-24", "year-before-1900"),
        ("24/02/026", "date-cannot-be-read"),
        ("24/02/2026 00:30 PM", "no-such-day-or-time"),
        ("Thứ Hai, 24/02/2026", "weekday-of-another-day"),
        ("2026", "date-cannot-be-read"),
        ("02/2026", "date-cannot-be-read"),
        ("ngày 24 tháng năm 2026", "date-cannot-be-read"),
        ("24/02/2026 - 28/02/2026", "date-cannot-be-read"),
        ("24/02/2026 08:00-11:30", "date-cannot-be-read"),
        ("trước 24/02/2026", "date-cannot-be-read"),
        ("27-28/72020", "date-cannot-be-read"),
        ("24/02-2026", "date-cannot-be-read"),
        ("24/02/2026/5", "date-cannot-be-read"),
        ("24/02", "date-cannot-be-read"),
        ("hôm qua", "date-cannot-be-read"),
        ("", "date-cannot-be-read"),
        ("1" * 70, "date-cannot-be-read"),
    ],
)
def test_what_is_not_a_date_is_refused_with_advice(text, code):
    with pytest.raises(DataError) as error:
        date(text)
    vi, en = error.value.lines("vi"), error.value.lines("en")
    assert error.value.code == code
    assert vi[-1].startswith("  Cách sửa") and en[-1].startswith("  What to do")


# Microsoft's 1900 system: 45292 = 1/1/2024; by pandas' own reading of the same numbers.
@pytest.mark.parametrize("serial", [20000, 45292, 46077, 79999, 45292.5, 45292 + (8 * 60 + 30) / 1440])
def test_spreadsheet_days(serial):
    expected = pd.to_datetime(serial, unit="D", origin="1899-12-30").round("s")
    assert pd.Timestamp(cell_date(serial)) == expected
    assert type(cell_date(serial)) is (dt.date if serial == int(serial) else dt.datetime)
    assert cell_date(str(serial).replace(".", ",")) == cell_date(serial)


def test_a_day_but_a_blink_is_the_next_day():
    assert cell_date(45292.999999999) == dt.datetime(2024, 1, 2)


@pytest.mark.parametrize("value", ["24/02/2026", "46077", " 46077 ", 46077, 46077.0, 20260224, 20260224.0, DAY])
def test_cells_with_a_date(value):
    assert cell_date(value) == DAY


def test_cells_with_an_instant():
    assert cell_date(pd.Timestamp(MORNING)) == cell_date("46077,354166666667") == MORNING


@pytest.mark.parametrize("value", [None, "", "-", "~", "…", "Không quy định", math.nan, pd.NaT, pd.NA])
def test_cells_without_a_date(value):
    assert cell_date(value) is None


@pytest.mark.parametrize("tick", ["x", " X"])
def test_a_tick_is_no_empty_cell(tick):
    with pytest.raises(DataError):
        cell_date(tick)


@pytest.mark.parametrize(
    "value", [2026, 2026.0, 5, 0.35, 24.02, -1, 80000, 10**9, math.inf, True, dt.date(1826, 1, 1), "2026", [1]]
)
def test_cells_that_are_no_date(value):
    with pytest.raises(DataError):
        cell_date(value)


@pytest.mark.parametrize(
    ("cells", "order"),
    [
        (["01/02/2026", "24/02/2026", None], "dmy"),
        (["01/02/2026", "02/24/2026 8:30 AM"], "mdy"),
        (["24/02/2026", "02/24/2026"], "mixed"),
        (["01/02/2026", "3/4/26"], "ambiguous"),
        (["2026-02-24", 46077, "chữ"], "none"),
    ],
)
def test_column_date_order(cells, order):
    assert column_date_order(cells) == order


def test_real_export_reads_as_pandas_reads_it(validation):
    with (validation("records") / "receipt_cases.csv").open(encoding="utf-8", newline="") as file:
        texts = [r["case:deadline"] for r in csv.DictReader(file)][:300]
    expected = [None if not t else pd.Timestamp(t) for t in texts]
    assert [cell_date(t) for t in texts] == expected


moments = st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2068, 12, 31, 23, 59)).map(
    lambda t: t.replace(second=0, microsecond=0)
)


@given(
    moments,
    st.sampled_from(
        ["%d/%m/%Y %H:%M", "%d-%m-%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%Y-%m-%d %H:%M", "%H:%M %d/%m/%Y", "%Y/%m/%d %Hh%M"]
    ),
)
def test_what_is_printed_is_read_back(moment, form):
    assert date(moment.strftime(form)) == moment
    assert date(format_date(moment, "vi")) == (moment if moment.time() != dt.time() else moment.date())
    assert date(format_date(moment.date(), "en")) == moment.date()


date_pieces = st.sampled_from(
    ["24", "02", "2026", "/", "-", ".", " ", ":", "T", "ngày", "tháng ", "Feb", "PM", "Z", "+07:00"]
)


@given(st.text() | st.lists(date_pieces, max_size=10).map("".join), st.sampled_from(["dmy", "mdy"]))
def test_any_text_is_a_date_or_a_data_error(text, order):
    for read in (date, cell_date, lambda t, order: period(t)):
        try:
            found = read(text, order=order)
        except DataError:
            continue
        assert found is None or isinstance(found, (dt.date, Period))


def test_format_date():
    assert (format_date(DAY), format_date(DAY, "en")) == ("24/02/2026", "24 February 2026")
    assert format_date(MORNING) == "24/02/2026 08:30"
    assert format_date(None) == format_date(pd.NaT) == "…"


# Expected days worked from the calendar: (text, first day, last day, kind).
@pytest.mark.parametrize(
    ("text", "start", "end", "kind"),
    [
        ("quý II/2023", "2023-04-01", "2023-06-30", "quarter"),
        ("quý 2 năm 2023", "2023-04-01", "2023-06-30", "quarter"),
        ("Quý III/ 2019", "2019-07-01", "2019-09-30", "quarter"),
        ("quí 1-2021", "2021-01-01", "2021-03-31", "quarter"),
        ("2020-Q4", "2020-10-01", "2020-12-31", "quarter"),
        ("6 tháng đầu năm 2022", "2022-01-01", "2022-06-30", "half"),
        ("6 tháng đầu 2022", "2022-01-01", "2022-06-30", "half"),
        ("Sáu tháng đầu năm 2022", "2022-01-01", "2022-06-30", "half"),
        ("nửa đầu năm 2022", "2022-01-01", "2022-06-30", "half"),
        ("6 tháng cuối năm 2021", "2021-07-01", "2021-12-31", "half"),
        ("2020-H1", "2020-01-01", "2020-06-30", "half"),
        ("9 tháng năm 2021", "2021-01-01", "2021-09-30", "months"),
        ("5 tháng cuối năm 2021", "2021-08-01", "2021-12-31", "months"),
        ("21/7–20/8/2021", "2021-07-21", "2021-08-20", "range"),
        ("21/7-20/8/2021", "2021-07-21", "2021-08-20", "range"),
        ("từ 21/7 đến 20/8/2021", "2021-07-21", "2021-08-20", "range"),
        ("ngày 25-9 đến 25-10-2025", "2025-09-25", "2025-10-25", "range"),
        ("27-28/7/2021", "2021-07-27", "2021-07-28", "range"),
        ("15/12–14/3/2026", "2025-12-15", "2026-03-14", "quarter"),
        ("từ ngày 1.1.2019 đến 15.08.2019", "2019-01-01", "2019-08-15", "range"),
        # Nghị định 09/2019/NĐ-CP: a month of reports ends on the 14th; the days stay what they are.
        ("Từ ngày 15/12/2025 đến ngày 14/01/2026", "2025-12-15", "2026-01-14", "month"),
        ("(15/12/2025 - 14/01/2026)", "2025-12-15", "2026-01-14", "month"),
        ("Từ ngày 15 tháng 12 năm 2025 đến hết ngày 14 tháng 3 năm 2026.", "2025-12-15", "2026-03-14", "quarter"),
        ("15/12/2025 – 14/6/2026", "2025-12-15", "2026-06-14", "half"),
        ("15/6/2026 – 14/12/2026", "2026-06-15", "2026-12-14", "half"),
        ("15/12/2025 – 14/9/2026", "2025-12-15", "2026-09-14", "months"),
        ("15/12/2025 – 14/12/2026", "2025-12-15", "2026-12-14", "year"),
        ("15/2/2026 – 14/4/2026", "2026-02-15", "2026-04-14", "range"),
        ("Kỳ báo cáo: Tháng 5/2026 (từ 15/4/2026 đến 14/5/2026)", "2026-04-15", "2026-05-14", "month"),
        ("Tháng 01 năm 2026, từ ngày 16/12 đến ngày 15/01/2026", "2025-12-16", "2026-01-15", "month"),
        ("Quý I/2026 (15/12/2025 - 14/3/2026)", "2025-12-15", "2026-03-14", "quarter"),
        ("Tháng 3/2026 (01/03/2026 - 31/03/2026)", "2026-03-01", "2026-03-31", "month"),
        ("10 tháng năm 2026", "2026-01-01", "2026-10-31", "months"),
        ("Tháng 01 năm 2026", "2026-01-01", "2026-01-31", "month"),
        ("T01/2026", "2026-01-01", "2026-01-31", "month"),
        ("202412", "2024-12-01", "2024-12-31", "month"),
        ("2026Q1", "2026-01-01", "2026-03-31", "quarter"),
        ("2026-M3", "2026-03-01", "2026-03-31", "month"),
        ("2019-12-01..2020-02-29", "2019-12-01", "2020-02-29", "range"),
        ("2019..2022-10", "2019-01-01", "2022-10-31", "range"),
        ("giai đoạn 2019-2022", "2019-01-01", "2022-12-31", "range"),
        ("nhiệm kỳ 2016-2021", "2016-01-01", "2021-12-31", "range"),
        ("từ năm 2008 đến 2013", "2008-01-01", "2013-12-31", "range"),
        ("từ đầu năm đến 10/10/2026", "2026-01-01", "2026-10-10", "range"),
        ("kỳ báo cáo từ 15/12/2025 đến 14/3/2026", "2025-12-15", "2026-03-14", "quarter"),
        ("tháng 1 đến tháng 6/2021", "2021-01-01", "2021-06-30", "half"),
        ("quý I-III/2023", "2023-01-01", "2023-09-30", "months"),
        ("tháng 2 đến tháng 4/2022", "2022-02-01", "2022-04-30", "range"),
        ("2026-10", "2026-10-01", "2026-10-31", "month"),
        ("tháng 5-2021", "2021-05-01", "2021-05-31", "month"),
        ("tháng 02/2020", "2020-02-01", "2020-02-29", "month"),
        ("8/2021", "2021-08-01", "2021-08-31", "month"),
        ("năm 2023", "2023-01-01", "2023-12-31", "year"),
        ("2023", "2023-01-01", "2023-12-31", "year"),
        ("12 tháng năm 2023", "2023-01-01", "2023-12-31", "year"),
        ("2023-01-01..2023-12-31", "2023-01-01", "2023-12-31", "year"),
        ("24/02/2026", "2026-02-24", "2026-02-24", "day"),
        ("lũy kế 2026-01-01..2026-10-10", "2026-01-01", "2026-10-10", "cumulative"),
        ("luỹ kế từ đầu năm 2026 đến 10/10/2026", "2026-01-01", "2026-10-10", "cumulative"),
        ("lũy kế đến 10/10/2026", None, "2026-10-10", "cumulative"),
        ("lũy kế 10/10/2026", None, "2026-10-10", "cumulative"),
        ("lũy kế từ 2009", "2009-01-01", None, "cumulative"),
        ("đến 2022-10", None, "2022-10-31", "until"),
        ("tính đến ngày 10/10/2026", None, "2026-10-10", "until"),
        ("từ năm 2019 đến nay", "2019-01-01", None, "since"),
    ],
)
def test_periods(text, start, end, kind):
    read = period(text)
    assert (read.start and str(read.start), read.end and str(read.end), read.kind) == (start, end, kind)
    assert period(read.label) == read
    assert period(text.upper()) == read


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("6 tháng đầu năm", "6 tháng đầu năm 2022"),
        ("năm", "năm 2022"),
        ("quý IV", "quý IV/2022"),
        ("tháng 7", "tháng 7/2022"),
        ("21/7–20/8", "21/07/2022–20/08/2022"),
        ("quý I/2020", "quý I/2020"),
    ],
)
def test_year_given_apart(text, label):
    assert period(text, year=2022).label == label


def test_the_same_days_are_the_same_period_however_written():
    assert len({period(t) for t in ("quý I/2022", "3 tháng đầu năm 2022", "2022-01..2022-03", "1/1–31/3/2022")}) == 1


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "không ghi kỳ",
            "6 tháng đầu năm",
            "quý II",
            "quý V/2023",
            "tháng 13/2021",
            "1022",
            "1-6/2021",
            "30/2/2021",
        ),
        *("20243", "201212", "20/13/2026", "Tháng 3 (quý II)"),
        *("2020-Q1; 2020-H1", "từ 2022 đến 2020", "13 tháng 2021", "đầu năm 2021", "tháng năm 2021", "2" * 90),
    ],
)
def test_what_is_not_a_period_is_refused_with_examples(text):
    with pytest.raises(DataError) as error:
        period(text)
    assert error.value.code == "period-cannot-be-read"
    assert "quý II/2023" in error.value.lines("vi")[1]


@pytest.mark.parametrize(
    "text",
    [
        "Tháng 3 năm 2026 (từ ngày 15/12/2025 đến ngày 14/01/2026)",
        "Quý I/2026 (15/12/2025 - 14/01/2026)",
        "Năm 2026 (từ 01/01/2026 đến 31/10/2026)",
        "6 tháng đầu năm 2026 từ 01/01/2025 đến 30/06/2025",
        "Tháng 1/2026 (từ 05/01/2026 đến 31/01/2026)",
    ],
)
def test_a_name_and_days_that_contradict_each_other_are_no_period(text):
    with pytest.raises(DataError, match="không khớp") as error:
        period(text)
    assert error.value.code == "period-contradicts-its-days"


@pytest.mark.parametrize(
    ("text", "en"),
    [
        ("15/12/2025 - 14/01/2026", "January 2026 (15 December 2025 – 14 January 2026)"),
        ("quý II/2023", "Q2 2023"),
        ("6 tháng cuối năm 2021", "second half of 2021"),
        ("9 tháng năm 2021", "first 9 months of 2021"),
        ("tháng 10/2019", "October 2019"),
        ("năm 2023", "2023"),
        ("2019..2022", "2019–2022"),
        ("2019-12-01..2020-02-29", "1 December 2019 – 29 February 2020"),
        ("lũy kế 2026-01-01..2026-10-10", "cumulative, 1 January 2026 – 10 October 2026"),
        ("đến 2022-10", "up to 31 October 2022"),
    ],
)
def test_periods_in_english(text, en):
    assert format_period(period(text), "en") == en


days = st.dates(dt.date(1900, 1, 1), dt.date(2099, 12, 31))


@given(days, days)
def test_labels_are_read_back(a, b):
    span = period(f"{min(a, b)}..{max(a, b)}")
    assert (span.start, span.end) == (min(a, b), max(a, b))
    assert period(span.label) == span


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("năm 2023", "2023"),
        ("6 tháng cuối năm 2021", "2021-H2"),
        ("quý IV/2022", "2022-Q4"),
        ("tháng 3/2025", "2025-03"),
        ("21/7–20/8/2021", "2021-07-21..2021-08-20"),
        ("15/12/2025–14/01/2026", "2026-01"),
        ("15/12/2025–14/09/2026", "2026-01-01..2026-09-30"),
        ("đến 2022-10", "..2022-10-31"),
    ],
)
def test_code_of_a_period_is_what_tables_hold_and_reads_back(text: str, code: str):
    assert period(text).code == code
    if not code.startswith(".."):
        assert period(code).code == code
