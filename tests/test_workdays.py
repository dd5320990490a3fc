"""Working days against the `holidays` package, numpy.busday_count, days typed by hand and a day-by-day loop."""

import csv
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dvresearch import workdays
from dvresearch.errors import DataError, ParameterError

ROWS = list(csv.DictReader(Path(workdays.__file__).with_suffix(".csv").open(encoding="utf-8", newline="")))
SATURDAY_DESK = workdays.calendar({"Xã A": "saturday", "Xã B": ["2026-02-15"]})


def loop(start, end):
    """Count working days after `start` up to `end` one day at a time, from the file's rows alone."""
    listed = {r["day"]: r["working"] == "yes" for r in ROWS}
    day, total = start, 0
    while day < end:
        day += timedelta(days=1)
        total += listed.get(day.isoformat(), day.weekday() < 5)
    return total


def test_file_is_what_the_package_gives_except_for_rows_marked_edited():
    days = ("day", "working", "why_vi", "why_en")
    edited = {r["day"] for r in ROWS if r["source"].startswith("edited")}
    seeded = [tuple(r[c] for c in days) for r in workdays.seed(2010, 2027) if r["day"] not in edited]
    assert [tuple(r[c] for c in days) for r in ROWS if r["source"].startswith("holidays ")] == seeded
    assert edited == {"2026-01-02", "2026-01-10"}
    assert len(seeded) + len(edited) == len(ROWS)
    assert [r["day"] for r in ROWS] == sorted(r["day"] for r in ROWS)


@pytest.mark.parametrize("year", [2012, 2019, 2025, 2026])
def test_every_day_of_a_year_is_as_the_holidays_package_says(year):
    import holidays

    package = holidays.country_holidays("VN", years=range(year - 1, year + 2))
    days = pd.date_range(f"{year}-01-01", f"{year}-12-31")
    expected = np.array([package.is_working_day(d.date()) for d in days])
    differing = days[workdays.is_working(days) != expected].strftime("%m-%d").tolist()
    assert differing == (["01-02", "01-10"] if year == 2026 else [])


def test_tet_2026_by_hand():
    # Tết Bính Ngọ: off from Saturday 14 to Sunday 22 February 2026, at work again on Monday the 23rd.
    week = pd.date_range("2026-02-13", "2026-02-23")
    assert workdays.is_working(week).tolist() == [True] + [False] * 9 + [True]
    # Received on Friday the 13th (day 0): the 23rd is day 1, the day before it still day 0.
    assert workdays.working_days("2026-02-13", ["2026-02-13", "2026-02-22", "2026-02-23", "2026-02-27"]).tolist() == [
        0,
        0,
        1,
        5,
    ]
    assert workdays.add_working_days("2026-02-13", 1) == np.datetime64("2026-02-23")
    # Received during the holidays: the first working day after them is day 1 all the same.
    assert workdays.add_working_days("2026-02-18", 3) == np.datetime64("2026-02-25")


def test_saturday_worked_in_exchange_counts():
    # Monday 31 August 2026 is off, Saturday 22 August is worked for it.
    assert workdays.is_working(["2026-08-22", "2026-08-31"]).tolist() == [True, False]
    assert workdays.working_days("2026-08-21", "2026-08-24") == 2


def test_relation_to_numpy_busday_count():
    # 2016 and 2017 have no exchanged Saturday. busday_count(a, b) counts a <= d < b, ours a < d <= b,
    # so ours is busday_count of both days moved by one.
    rng = np.random.default_rng(1)
    start = np.datetime64("2016-01-01") + rng.integers(0, 360, 2000)
    end = start + rng.integers(-200, 360, 2000)
    off = [r["day"] for r in ROWS if r["working"] == "no"]
    keep = end >= np.datetime64("2016-01-01")
    start, end = start[keep], end[keep]
    ours = workdays.working_days(start, end)
    # Backwards ours is the same interval with a minus sign.
    first, last = np.minimum(start, end), np.maximum(start, end)
    expected = np.sign(end - start).astype(int) * np.busday_count(first + 1, last + 1, holidays=off)
    assert (ours >= 0).any() and (ours < 0).any()
    np.testing.assert_array_equal(ours, expected)


def test_loop_over_days():
    rng = np.random.default_rng(2)
    start = [date(2010, 1, 1) + timedelta(days=int(d)) for d in rng.integers(0, 6000, 300)]
    end = [s + timedelta(days=int(d)) for s, d in zip(start, rng.integers(0, 120, 300), strict=True)]
    expected = [loop(s, e) for s, e in zip(start, end, strict=True)]
    assert workdays.working_days(start, end).tolist() == expected
    np.testing.assert_array_equal(-workdays.working_days(end, start), expected)


def test_due_day_is_the_first_day_with_that_count():
    rng = np.random.default_rng(3)
    start = np.datetime64("2012-01-01") + rng.integers(0, 5000, 500)
    count = rng.integers(0, 60, 500)
    due = workdays.add_working_days(start, count)
    np.testing.assert_array_equal(workdays.working_days(start, due), count)
    some = count > 0
    np.testing.assert_array_equal(workdays.working_days(start[some], due[some] - 1), count[some] - 1)
    np.testing.assert_array_equal(due[~some], start[~some])


def test_units_that_open_on_saturday():
    units = pd.Series(["Xã A", "Xã B", "Xã C"])
    # 7 March 2026 is an ordinary Saturday; 14 February 2026 a Saturday off by itself, 2 September 2023 a holiday.
    on = {"calendar": SATURDAY_DESK}
    assert workdays.is_working(["2026-03-07"] * 3, units, **on).tolist() == [True, False, False]
    assert workdays.is_working(["2023-09-02"] * 3, units, **on).tolist() == [False, False, False]
    assert workdays.is_working(["2026-02-15"] * 3, units, **on).tolist() == [False, True, False]
    assert workdays.working_days(["2026-03-06"] * 3, "2026-03-09", units, **on).tolist() == [2, 1, 1]
    assert workdays.add_working_days(["2026-03-06"] * 3, 1, units, **on).astype(str).tolist() == [
        "2026-03-07",
        "2026-03-09",
        "2026-03-09",
    ]
    assert workdays.working_days("2026-03-06", "2026-03-09", "Xã A", **on) == 2
    assert workdays.working_days("2026-03-06", "2026-03-09") == 1


def test_many_units_alike_share_one_row():
    table = workdays.calendar({f"Xã {i:04}": "saturday" for i in range(3321)})
    assert table.working.shape[0] == 2


def test_missing_days():
    days = pd.Series(pd.to_datetime(["2026-03-02", None]))
    assert workdays.is_working(days).tolist() == [True, False]
    assert np.isnan(workdays.working_days(days, days[::-1])).all()
    np.testing.assert_array_equal(np.isnat(workdays.add_working_days(days, [2, 2])), [False, True])
    np.testing.assert_array_equal(np.isnat(workdays.add_working_days("2026-03-02", [2, np.nan])), [False, True])


def test_instants_count_by_their_day_on_the_wall():
    # 23:30 in Hà Nội on the 6th is 16:30 UTC; 00:30 on the 9th is still the 8th in UTC.
    start = pd.Series(pd.to_datetime(["2026-03-06 23:30"])).dt.tz_localize("Asia/Ho_Chi_Minh")
    end = pd.Series(pd.to_datetime(["2026-03-09 00:30"])).dt.tz_localize("Asia/Ho_Chi_Minh")
    assert workdays.working_days(start, end).tolist() == [1]
    assert workdays.working_days(start[0], end[0]) == 1


@pytest.mark.parametrize("day", ["2009-12-31", "2028-01-01", "0226-02-24"])
def test_day_outside_the_calendar(day):
    with pytest.raises(DataError, match="2010-01-01 đến 2027-12-31") as error:
        workdays.working_days(["2026-01-05", day], "2026-01-08")
    assert day in str(error.value) and "workdays.csv" in str(error.value)


def test_due_day_outside_the_calendar():
    assert workdays.add_working_days("2027-12-30", 1) == np.datetime64("2027-12-31")
    for more in (2, 400):
        with pytest.raises(DataError, match="2010-01-01 đến 2027-12-31"):
            workdays.add_working_days("2027-12-30", more)


@pytest.mark.parametrize("count", [-1, 1.5])
def test_count_that_is_not_whole(count):
    with pytest.raises(DataError, match="số nguyên"):
        workdays.add_working_days("2026-03-02", count)


def test_unknown_exception_word_and_unequal_lengths():
    with pytest.raises(ParameterError, match="saturday"):
        workdays.calendar({"Xã A": "sunday"})
    with pytest.raises(ParameterError, match="2 đơn vị"):
        workdays.is_working(["2026-03-02", "2026-03-03"], ["Xã A"], calendar=SATURDAY_DESK)


def test_not_a_date():
    with pytest.raises(DataError, match="Không đọc được ngày"):
        workdays.is_working(["24/02/2026"])


def test_edited_copy(tmp_path):
    path = tmp_path / "workdays.csv"
    path.write_text("\ufeffday,working,why_vi,why_en,source\n2031-03-05,no,Bão,Storm,edited\n", encoding="utf-8")
    table = workdays.calendar(path=path)
    assert workdays.working_days("2031-03-04", ["2031-03-05", "2031-03-06"], calendar=table).tolist() == [0, 1]
    assert str(table.days[0]) == "2031-01-01" and str(table.days[-1]) == "2031-12-31"


@pytest.mark.parametrize(
    "row", ["05/03/2031,no,,,", "2031-03-05,off,,,", ",no,,,", "2031-03-04,yes,,,", "2031-03,no,,,", "2031-13-01,no,,,"]
)
def test_broken_copy_names_the_row(tmp_path, row):
    path = tmp_path / "lich.csv"
    path.write_text(f"day,working,why_vi,why_en,source\n2031-03-04,no,,,\n{row}\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"lich\.csv, dòng/row 3"):
        workdays.calendar(path=path)


def test_empty_copy(tmp_path):
    path = tmp_path / "lich.csv"
    path.write_text("day,working,why_vi,why_en,source\n", encoding="utf-8")
    with pytest.raises(DataError, match="không có ngày nào"):
        workdays.calendar(path=path)
