"""The tally against a loop over dossiers and periods, cases typed by hand and the counts of the receipt log."""

import json
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from dvresearch import tables
from dvresearch.errors import DataError, ParameterError
from dvresearch.metrics.dossiers import tally

COUNTS = [c.name for c in tables.TALLY.columns if c.kind == "count" and c.name != "total"]
STEP = {"month": 1, "quarter": 3, "year": 12}


def file(rows, **more):
    """Dossiers from (received, due, resolved) as text."""
    received, due, resolved = (
        pd.to_datetime(pd.Series(c, dtype="str"), format="ISO8601") for c in zip(*rows, strict=True)
    )
    return pd.DataFrame({"unit": "Xã A", "received": received, "due": due, "resolved": resolved, **more})


def one(dossiers, **options):
    """The only row of a tally, as a dict."""
    out = tally(dossiers, **options)
    assert len(out) == 1
    return out.iloc[0].to_dict()


def loop(dossiers, by, as_of, period, clock, supplement):
    """Count dossier by dossier and period by period, straight from the definitions; `as_of` is a day or an instant."""
    whole_day = as_of == as_of.normalize()
    as_of_day, end_of_knowledge = as_of.normalize(), as_of + timedelta(days=1) if whole_day else as_of

    def before(t):
        return t < end_of_knowledge if whole_day else t <= end_of_knowledge

    known = dossiers[dossiers["received"].notna() & dossiers["received"].map(before)]
    known = known[~known["outcome"].isin(["not_started", "not_admitted"])]
    first = known["received"].min()
    spans = [(f"{first:%Y-%m-%d}..{as_of_day:%Y-%m-%d}", first.normalize(), as_of_day)]
    if isinstance(period, tuple):  # windows that begin on these days
        days = [first.normalize(), *(d for d in map(pd.Timestamp, period) if first.normalize() < d <= as_of_day)]
        ends = [d - timedelta(days=1) for d in days[1:]] + [as_of_day]
        spans = [(f"{a:%Y-%m-%d}..{b:%Y-%m-%d}", a, b) for a, b in zip(days, ends, strict=True)]
    elif period:
        months = STEP[period]
        start = pd.Timestamp(first.year, (first.month - 1) // months * months + 1, 1)
        spans = []
        while start <= as_of_day:
            after = start + pd.DateOffset(months=months)
            name = {1: f"{start:%Y-%m}", 3: f"{start.year}-Q{start.quarter}", 12: str(start.year)}[months]
            spans.append((name, start, min(after - timedelta(days=1), as_of_day)))
            start = after
    cells = {}
    for row in known.to_dict("records"):
        due, end = row["due"], row["resolved"]
        paused = row["outcome"] == "paused" and (pd.isna(end) or not before(end))
        closed = isinstance(row["outcome"], str) and row["outcome"] not in ("open", "paused", "")
        end_unknown = closed and pd.isna(end)
        if pd.notna(end) and not before(end):
            end = pd.NaT
        if supplement == "subtract" and pd.notna(row["supplement_days"]):
            due = due + timedelta(days=row["supplement_days"])
        requests = row["supplement_requests"] if supplement == "q766" else 0
        withdrawn = row["outcome"] in ("withdrawn", "returned") and (pd.notna(end) or end_unknown)
        dated = pd.notna(due) and not end_unknown
        came = row["received"].normalize()
        left = came if end_unknown else max(end.normalize(), came) if pd.notna(end) else None

        def overdue(day, moment, due=due, requests=requests):
            if requests >= 2:
                return True
            if moment is None or clock == "date":
                return due.normalize() < day
            return due < moment

        if not dated:
            late = None
        elif pd.notna(end):
            late = requests >= 2 or (end.normalize() > due.normalize() if clock == "date" else end > due)
        else:
            late = overdue(as_of_day, None if whole_day else as_of) and requests != 1
        in_766 = None if paused else late
        if paused and supplement == "q766":
            in_766 = requests >= 2

        for name, start, last in spans:
            cell = cells.setdefault((*(row[c] for c in by), name), dict.fromkeys(COUNTS, 0))
            final = last == as_of_day
            if start <= came <= last:
                cell["received"] += 1
                cell["in_time"] += in_766 is False
                cell["out_of_time"] += in_766 is True
            if came < start and (left is None or left >= start):
                cell["carried_in"] += 1
            if dated and not withdrawn and not paused:
                falls_on = max(due.normalize(), came)
                reached = due <= as_of if clock == "instant" and not whole_day else due.normalize() <= as_of_day
                # open ones are due once they are overdue: on the closing day one due that day is neither late nor not
                if start <= falls_on <= last and reached and (pd.notna(end) or late):
                    cell["due"] += 1
                    cell["due_within"] += pd.notna(end) and not late
            if came > last or (left is not None and left < start):
                continue
            cell["workload"] += 1
            if left is not None and left <= last:
                if withdrawn:
                    cell["withdrawn"] += 1
                elif not dated:
                    cell["undated"] += 1
                elif late:
                    cell["resolved_late"] += 1
                elif end.normalize() < due.normalize():
                    cell["resolved_early"] += 1
                else:
                    cell["resolved_on_time"] += 1
            elif paused:
                cell["pending_paused"] += 1
            elif not dated:
                cell["undated"] += 1
            elif overdue(last, as_of if final and not whole_day else None) and not (left is None and requests == 1):
                cell["pending_overdue"] += 1
            else:
                cell["pending_within"] += 1
    for cell in cells.values():
        cell["resolved_within"] = cell["resolved_early"] + cell["resolved_on_time"]
        cell["resolved"] = cell["resolved_within"] + cell["resolved_late"]
        cell["pending"] = cell["pending_within"] + cell["pending_overdue"] + cell["pending_paused"]
    return {key: cell for key, cell in cells.items() if cell["workload"] or cell["due"]}


def random_file(seed, n=250):
    """Dossiers with everything that occurs: no due date, no end date, ended early, before receipt or after as_of."""
    rng = np.random.default_rng(seed)
    received = pd.Series(pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 500 * 24, n), unit="h"))
    due = (received + pd.to_timedelta(rng.integers(-2, 90 * 24, n), unit="h")).where(rng.random(n) < 0.9)
    resolved = (received + pd.to_timedelta(rng.integers(-48, 120 * 24, n), unit="h")).where(rng.random(n) < 0.8)
    for odd in (due, resolved):  # before the receipt, in an earlier month
        odd[:] = odd.where(rng.random(n) < 0.95, received - pd.to_timedelta(rng.integers(0, 60, n), unit="D"))
    on_due_day = rng.random(n) < 0.2
    due = due.where(~on_due_day, due.dt.normalize())
    resolved = resolved.where(~on_due_day, due.dt.normalize() + pd.to_timedelta(rng.integers(0, 24, n), unit="h"))
    words = np.array(["granted", "refused", "returned", "withdrawn", "stopped"])
    unfinished = pd.Series(rng.choice(["open", "paused", "not_started", "not_admitted"], n, p=[0.6, 0.3, 0.05, 0.05]))
    outcome = pd.Series(rng.choice(words, n)).where(resolved.notna() | (rng.random(n) < 0.1), unfinished)
    outcome = outcome.where(rng.random(n) < 0.97, "paused")  # some of them finished
    return pd.DataFrame(
        {
            "unit": pd.Series(rng.choice(["Xã A", "Xã B", "Xã C"], n)),
            "channel": pd.Series(rng.choice(["online", "counter"], n)),
            "received": received.where(rng.random(n) < 0.98),
            "due": due,
            "resolved": resolved,
            "outcome": outcome.where(rng.random(n) < 0.95),
            "supplement_days": pd.Series(rng.choice([0, 1, 2.5, np.nan], n)),
            "supplement_requests": pd.Series(rng.choice([0, 0, 1, 2], n)),
        }
    )


@pytest.mark.parametrize("supplement", ["subtract", "q766", "ignore"])
@pytest.mark.parametrize("clock", ["instant", "date"])
@pytest.mark.parametrize("period", [None, "month", "quarter", "year", (date(2025, 12, 15), date(2026, 1, 15))])
@pytest.mark.parametrize("as_of", ["2026-03-31", "2026-02-11 10:30"])
def test_every_count_equals_the_loop(as_of, period, clock, supplement):
    options = {"period": period, "clock": clock, "supplement": supplement}
    for seed, by in ((1, ["unit"]), (2, ["unit", "channel"])):
        dossiers = random_file(seed)
        out = tally(dossiers, by, as_of=as_of, **options)
        expected = loop(dossiers, by, pd.Timestamp(as_of), **options)
        got = {tuple(row[c] for c in (*by, "period")): {c: row[c] for c in COUNTS} for row in out.to_dict("records")}
        assert got == expected


@pytest.mark.parametrize("supplement", ["subtract", "q766", "ignore"])
def test_identities_hold_in_every_row(supplement):
    out = tally(random_file(3, 3000), as_of="2026-03-31", period="month", supplement=supplement)
    assert (out["workload"] == out["carried_in"] + out["received"]).all()
    assert (out["workload"] == out["resolved"] + out["withdrawn"] + out["pending"] + out["undated"]).all()
    assert (out["due_within"] <= out["due"]).all()
    whole = tally(random_file(3, 3000), as_of="2026-03-31", supplement=supplement)
    flows = ["received", "resolved_early", "resolved_on_time", "resolved_late", "withdrawn", "due", "in_time"]
    pd.testing.assert_frame_equal(out.groupby("unit")[flows].sum(), whole.groupby("unit")[flows].sum())
    # What is pending at the end of a month is what the next one carries in, where every dossier has a due date.
    dated = random_file(3, 3000)
    months = tally(dated[dated["due"].notna() & dated["resolved"].notna()], as_of="2026-03-31", period="month")
    moved = months.groupby("unit")["pending"].shift(fill_value=0)
    assert (months["carried_in"] == moved).all() and moved.sum() > 0


def test_instant_and_date_differ_on_the_due_day():
    dossiers = file(
        [
            ("2026-03-02 08:00", "2026-03-10 09:00", "2026-03-10 15:00"),  # late by the hour
            ("2026-03-02 08:00", "2026-03-10", "2026-03-10 15:00"),  # due without hour: its first instant
            ("2026-03-02 08:00", "2026-03-10 09:00", "2026-03-10 09:00"),
            ("2026-03-02 08:00", "2026-03-10 09:00", "2026-03-09 23:59"),
        ]
    )
    names = ["resolved_early", "resolved_on_time", "resolved_late", "note"]
    row = one(dossiers, as_of="2026-03-31", clock="instant")
    assert [row[c] for c in names] == [1, 1, 2, "late_by_hour=1"]
    row = one(dossiers, as_of="2026-03-31", clock="date")
    assert [row[c] for c in names] == [1, 3, 0, ""]
    # By default the promised hour counts where there is one, and a day without hour lasts to its end.
    row = one(dossiers, as_of="2026-03-31")
    assert [row[c] for c in names] == [1, 2, 1, ""] and row["clock"] == "auto"


def test_the_clock_is_chosen_from_the_due_times():
    times = [("2026-03-02 08:00", f"2026-03-{d:02} 00:00", f"2026-03-{d:02} 15:00") for d in range(10, 15)]
    row = one(file(times), as_of="2026-03-31")
    assert (row["resolved_on_time"], row["resolved_late"], row["clock"], row["note"]) == (5, 0, "date", "")
    row = one(file([(a, b.replace("00:00", "09:00"), c) for a, b, c in times]), as_of="2026-03-31")
    assert (row["resolved_on_time"], row["resolved_late"], row["clock"]) == (0, 5, "instant")
    assert one(file([("2026-03-02", None, "2026-03-05")]), as_of="2026-03-31")["clock"] == "date"


def test_on_the_closing_day_an_open_dossier_due_that_day_is_late_nowhere():
    # Ten dossiers finished in time, and one due on the closing day and open: every definition has to say 100%.
    done = [("2026-03-02", f"2026-03-{d:02}", f"2026-03-{d:02}") for d in range(10, 20)]
    dossiers = file([*done, ("2026-03-02", "2026-03-31", None)])
    for options in ({}, {"clock": "date"}, {"clock": "instant"}, {"period": "month"}):
        row = one(dossiers, as_of="2026-03-31", **options)
        assert (row["due"], row["due_within"], row["pending_within"], row["pending_overdue"]) == (10, 10, 1, 0)
    row = one(dossiers, as_of="2026-04-01")
    assert (row["due"], row["due_within"], row["pending_within"], row["pending_overdue"]) == (11, 10, 0, 1)
    # The end of a month inside the file is a closing day like any other.
    months = tally(dossiers, as_of="2026-04-30", period="month")
    assert months["pending_within"].tolist() == [1, 0] and months["pending_overdue"].tolist() == [0, 1]


def test_what_waits_for_the_citizen_is_paused():
    # Received in January: two in time, one late, one open and overdue, one open within its time, and four waiting
    # for the citizen, of which three are past the promised day and one has none.
    times = [
        ("2026-01-05", "2026-01-12", "2026-01-10"),
        ("2026-01-05", "2026-01-12", "2026-01-12"),
        ("2026-01-05", "2026-01-12", "2026-01-15"),
        ("2026-01-05", "2026-01-12", None),
        ("2026-01-05", "2026-03-12", None),
        *[("2026-01-05", "2026-01-12", None)] * 3,
        ("2026-01-05", None, None),
    ]
    dossiers = file(times, outcome=["granted"] * 3 + ["open"] * 2 + ["paused"] * 4)
    row = one(dossiers, as_of="2026-01-31")
    assert [row[f"pending_{c}"] for c in ("within", "overdue", "paused")] == [1, 1, 4] and row["pending"] == 6
    assert (row["due"], row["due_within"], row["in_time"], row["out_of_time"], row["undated"]) == (4, 2, 3, 2, 0)
    # The rule of the portal: one request stops the clock, from the second on the dossier is late. The stock is paused.
    asked = dossiers.assign(supplement_requests=[0] * 5 + [0, 1, 2, 1])
    row = one(asked, as_of="2026-01-31", supplement="q766")
    assert (row["in_time"], row["out_of_time"], row["pending_paused"], row["pending_overdue"]) == (6, 3, 4, 1)
    # What is paused goes on from month to month.
    months = tally(dossiers, as_of="2026-03-31", period="month")
    assert months["pending_paused"].tolist() == [4, 4, 4] and months["carried_in"].tolist() == [0, 6, 6]
    assert months["pending_overdue"].tolist() == [1, 1, 2]


def test_what_was_never_taken_in_stands_in_no_count():
    dossiers = file([("2026-01-05", "2026-01-12", None)] * 3, outcome=["open", "not_started", "not_admitted"])
    row = one(dossiers, as_of="2026-01-31")
    assert (row["received"], row["pending"]) == (1, 1) and row["note"] == "not_started=1;not_admitted=1"
    with pytest.raises(DataError, match="mới đăng ký"):
        tally(dossiers.tail(2), as_of="2026-01-31")


@pytest.mark.parametrize(
    ("state", "answer", "counted"),
    [
        ("financial_duty", "runs", {"pending_overdue": 1, "pending_within": 1}),
        ("financial_duty", "paused", {"pending_paused": 2}),
        ("halted", "paused", {"pending_paused": 2}),
        ("halted", "ends", {"undated": 2}),
    ],
)
def test_states_that_offices_treat_differently_are_never_guessed(state, answer, counted):
    times = [("2026-01-05", "2026-01-12", None), ("2026-01-05", "2026-03-12", None)]
    dossiers = file([*times, ("2026-01-05", "2026-01-12", "2026-01-12")], outcome=state)
    with pytest.raises(ParameterError, match="2 hồ sơ chưa có ngày kết thúc") as refused:
        tally(dossiers, as_of="2026-01-31")
    assert f'tally(..., {state}="paused")' in str(refused.value)
    row = one(dossiers, as_of="2026-01-31", **{state: answer})
    stocks = ("pending_within", "pending_overdue", "pending_paused", "undated")
    assert {c: row[c] for c in stocks if row[c]} == counted and row["resolved_on_time"] == 1
    # Nothing is asked where every one of them has a day of its end.
    assert one(dossiers.tail(1), as_of="2026-01-31")["resolved_on_time"] == 1


def test_supplement_days_move_the_due_time():
    dossiers = file([("2026-03-02 08:00", "2026-03-10 09:00", "2026-03-12 10:00")], supplement_days=2.5)
    assert one(dossiers, as_of="2026-03-31")["resolved_within"] == 1
    assert one(dossiers, as_of="2026-03-31", supplement="ignore")["resolved_late"] == 1
    assert one(dossiers.assign(supplement_days=2.0), as_of="2026-03-31")["resolved_late"] == 1


def test_q766_rule_of_requests():
    # Formula note to QĐ 766: one open request stops the clock, a second one is overdue; pending is judged at the end.
    times = [("2026-03-02", "2026-03-10", end) for end in (None, None, None, "2026-03-09", "2026-03-09", "2026-03-11")]
    dossiers = file(times, supplement_requests=[0, 1, 2, 1, 2, 1])
    row = one(dossiers, as_of="2026-03-31", supplement="q766")
    assert (row["in_time"], row["out_of_time"]) == (2, 4)
    assert (row["pending_within"], row["pending_overdue"]) == (1, 2)
    assert (row["resolved_within"], row["resolved_late"]) == (1, 2)
    assert one(dossiers, as_of="2026-03-31", supplement="ignore")["in_time"] == 2


def test_what_came_after_as_of_is_not_known_yet():
    dossiers = file(
        [
            ("2026-03-02 08:00", "2026-03-10 17:00", "2026-03-12 10:00"),
            ("2026-03-09 08:00", "2026-03-20 17:00", None),
            (None, "2026-03-20 17:00", None),
        ]
    )
    row = one(dossiers, as_of="2026-03-08")
    assert (row["received"], row["pending_within"], row["due"]) == (1, 1, 0)
    assert row["note"] == "received_later=1;not_received=1"
    # On the due day itself nothing is overdue by the day; the hour decides only when an hour was asked for.
    assert one(dossiers, as_of="2026-03-10")["pending_within"] == 2
    row = one(dossiers, as_of="2026-03-10 17:00")
    assert (row["pending_within"], row["due"]) == (2, 0)
    row = one(dossiers, as_of="2026-03-10 17:01")
    assert (row["pending_overdue"], row["due"]) == (1, 1)
    assert one(dossiers, as_of="2026-03-10 17:01", clock="date")["pending_overdue"] == 0
    assert one(dossiers, as_of="2026-03-11")["pending_overdue"] == 1
    assert one(dossiers, as_of="2026-03-12")["resolved_late"] == 1


def test_places_of_withdrawn_and_undated():
    dossiers = file(
        [
            ("2026-03-02", "2026-03-10", "2026-03-20"),
            ("2026-03-02", None, "2026-03-05"),
            ("2026-03-02", None, None),
            ("2026-03-02", "2026-03-10", None),
            ("2026-03-02", None, "2026-03-05"),
        ],
        outcome=["withdrawn", "granted", "open", "refused", "returned"],
    )
    row = one(dossiers, as_of="2026-03-31")
    assert (row["withdrawn"], row["undated"], row["resolved"], row["pending"]) == (2, 3, 0, 0)
    assert (row["in_time"], row["out_of_time"], row["due"]) == (0, 1, 0)


def test_form_totals_of_three_months():
    # One dossier late by a month: overdue stock of March and April, finished late in May.
    out = tally(file([("2026-03-30", "2026-03-31", "2026-05-04")]), as_of="2026-05-31", period="month")
    names = ["period", "carried_in", "received", "pending_within", "pending_overdue", "resolved_late", "due"]
    assert out[names].to_numpy().tolist() == [
        ["2026-03", 0, 1, 1, 0, 0, 1],
        ["2026-04", 1, 0, 0, 1, 0, 0],
        ["2026-05", 1, 0, 0, 0, 1, 0],
    ]
    assert out["period_end"].astype(str).tolist() == ["2026-03-31", "2026-04-30", "2026-05-31"]


def test_groups_and_missing_labels():
    dossiers = file([("2026-03-02", "2026-03-10", "2026-03-05")] * 3).assign(unit=["Xã B", None, "Xã A"])
    assert tally(dossiers, as_of="2026-03-31")["unit"].tolist() == ["Xã B", "(không rõ)", "Xã A"]
    pooled = tally(dossiers, (), as_of="2026-03-31")
    assert pooled["unit"].tolist() == ["(tất cả)"] and pooled["received"].tolist() == [3]
    tables.check(pooled, tables.TALLY)
    by_channel = tally(dossiers.assign(channel="online"), "channel", as_of="2026-03-31")
    assert by_channel.columns[:2].tolist() == ["channel", "unit"]


def test_columns_that_are_absent_and_columns_that_are_empty():
    bare = pd.DataFrame({"unit": ["Xã A"], "received": pd.to_datetime(["2026-03-02"])})
    row = one(bare, as_of="2026-03-31", supplement="q766")
    assert (row["received"], row["undated"]) == (1, 1)
    empty = bare.assign(due=None, resolved=None, outcome=None, supplement_days=None, supplement_requests=None)
    assert one(empty, as_of="2026-03-31", supplement="q766")["undated"] == 1


def test_time_zones():
    # Midnight in Hà Nội is 17:00 UTC of the day before: the day is that of the wall.
    dossiers = file([("2026-03-31 23:00", "2026-04-02 09:00", "2026-04-02 15:00")])
    here = dossiers.assign(
        **{c: dossiers[c].dt.tz_localize("Asia/Ho_Chi_Minh") for c in ("received", "due", "resolved")}
    )
    for as_of in ("2026-04-30", "2026-04-29T20:00+00:00"):
        out = tally(here, as_of=as_of, period="month", clock="date")
        assert out[["period", "received", "resolved_on_time"]].to_numpy().tolist() == [
            ["2026-03", 1, 0],
            ["2026-04", 0, 1],
        ]
        assert out["as_of"].astype(str).tolist() == ["2026-04-30"] * 2
    with pytest.raises(DataError, match="khác múi giờ"):
        tally(here.assign(due=dossiers["due"]), as_of="2026-04-30")


@pytest.mark.parametrize(
    "as_of", ["30/06/2026", "hôm nay", None, pd.NaT, "2026-06-30T10:00+07:00", datetime(1, 1, 1), "2026-13-01"]
)
def test_as_of_that_cannot_be_used(as_of):
    with pytest.raises((ParameterError, DataError), match="as_of"):
        tally(file([("2026-03-02", "2026-03-10", None)]), as_of=as_of)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda d: d.drop(columns="received"), "thiếu cột received"),
        (lambda d: d.drop(columns="unit"), "thiếu cột unit"),
        (lambda d: d.iloc[:0], "không có dòng"),
        (lambda d: d.assign(due="10/03/2026"), "chưa ở dạng thời gian"),
        (lambda d: d.assign(supplement_days=[0, -1]), "dòng/row 2, cột/column supplement_days"),
        (lambda d: d.assign(supplement_requests=-1), "Số đếm âm"),
        (lambda d: d.assign(outcome="Đã xong"), "Mã không có trong danh mục"),
        (lambda d: d.assign(received=pd.NaT), "Kiểm tra as_of"),
    ],
)
def test_tables_that_cannot_be_counted(change, sentence):
    dossiers = file([("2026-03-02", "2026-03-10", None), ("2026-03-02", "2026-03-10", None)])
    with pytest.raises(DataError, match=sentence):
        tally(change(dossiers), as_of="2026-03-31", supplement="q766")


@pytest.mark.parametrize(
    "options",
    [
        {"clock": "hour"},
        {"supplement": "add"},
        {"halted": "stops"},
        {"financial_duty": "ends"},
        {"period": "week"},
        {"by": "received"},
        {"by": ["period"]},
    ],
)
def test_words_that_are_refused(options):
    dossiers = file([("2026-03-02", "2026-03-10", None)]).assign(period="2026")
    with pytest.raises(ParameterError):
        tally(dossiers, as_of="2026-03-31", **options)


def receipt_log(folder):
    cases = pd.read_csv(folder / "receipt_cases.csv")
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    times = {"received": "case:startdate", "due": "case:deadline", "resolved": "case:enddate"}
    local = {
        name: pd.to_datetime(cases[column], utc=True, format="ISO8601").dt.tz_convert("Europe/Amsterdam")
        for name, column in times.items()
    }
    return pd.DataFrame({"unit": cases["case:department"], "channel": cases["case:channel"], **local}), expected


def test_receipt_log(validation):
    dossiers, expected = receipt_log(validation("records"))
    row = one(dossiers, by=(), as_of=expected["as_of"], clock="instant")
    assert row["resolved_within"] == expected["closed_by_instant"]["on_or_before_deadline"] == 952
    assert row["resolved_late"] == expected["closed_by_instant"]["after_deadline"]
    assert row["pending_within"] == expected["open_at_as_of"]["within_deadline"]
    assert row["pending_overdue"] == expected["open_at_as_of"]["overdue"]
    assert (row["received"], row["resolved"], row["pending"]) == (1434, 1329, 105)
    days = expected["closed_by_local_calendar_date"]
    row = one(dossiers, by=(), as_of=expected["as_of"], clock="date")
    assert row["resolved_early"] == days["early_before_due_date"]
    assert row["resolved_on_time"] == days["on_due_date"]
    assert row["resolved_late"] == days["after_due_date"]
    assert row["resolved_within"] == 1020
    # Without its zone the log gives the same answers: both sides of a comparison are moved alike.
    naive = dossiers.assign(**{c: dossiers[c].dt.tz_localize(None) for c in ("received", "due", "resolved")})
    assert one(naive, by=(), as_of="2012-01-23", clock="instant")["resolved_within"] == 952
    by_channel = tally(dossiers, "channel", as_of=expected["as_of"], clock="instant").set_index("channel")
    for channel, counts in expected["by_channel"].items():
        got = by_channel.loc[channel]
        assert [got["received"], got["resolved"], got["resolved_within"]] == list(counts.values())
