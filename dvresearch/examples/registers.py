"""Synthetic communes, the tables they keep, a surveyed province and one in which models spread, with a known truth.

No commune, dossier, case, model or answer here is real: names say so, and the numbers come from a seeded generator.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from numbers import Integral, Real
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dvresearch import workdays
from dvresearch.errors import ParameterError, check_choice
from dvresearch.tables import MODEL_CONTENTS, MODEL_FIELDS, SCALES, STAGES, STOP_REASONS
from dvresearch.text import plain

__all__ = ["cases", "communes", "dossiers", "models", "responses", "rubric", "targets"]
__all__ += ["comments", "province", "rollout"]

#: What the tables are made of.
MADE_UP = tomllib.loads((Path(__file__).parent / "made_up.toml").read_text(encoding="utf-8"))
#: Items of the made-up slip, by their scale.
ITEMS = {item: scale for item, scale, *_ in MADE_UP["items"]}
#: The words by which names of synthetic units and files are known.
MARK = "giả lập"

#: How busy the months are, January first: quiet around Tết, busy in spring and when the school year begins.
_MONTHS = np.array([0.8, 0.6, 1.2, 1.2, 1.1, 1.1, 1.1, 1.2, 1.1, 1.0, 0.9, 0.7])
_ENDS = {"granted": 0.95, "refused": 0.015, "returned": 0.015, "withdrawn": 0.015, "stopped": 0.005}
_DAY = np.timedelta64(1, "D")


def communes(n: int = 12, *, seed: int = 0) -> pd.DataFrame:
    """Make up communes.

    Parameters
    ----------
    n : int, default 12
        How many, 1 to 9999.
    seed : int, default 0
        The same seed gives the same communes.

    Returns
    -------
    DataFrame
        One row per commune: ``unit`` (``Xã Mẫu 01 (giả lập)``), ``population``, ``dossiers_a_year``,
        ``late_share`` (the true probability that a dossier is late, 0-1), ``online_share`` (0-1) and
        ``saturday`` (whether the desk is open on Saturday mornings).
    """
    if not 1 <= n <= 9999:
        raise ParameterError("number-outside-range", got=f"n={n!r}", name="n", least="1", most="9999")
    rng = np.random.default_rng([seed, 1])
    kinds = np.where(rng.random(n) < 0.7, "Xã", "Phường")
    population = np.round(rng.lognormal(np.log(16_000), 0.45, n), -1).astype(np.int64)
    return pd.DataFrame(
        {
            "unit": [f"{kind} Mẫu {i:0{max(2, len(str(n)))}} ({MARK})" for i, kind in enumerate(kinds, start=1)],
            "population": population,
            "dossiers_a_year": np.round(population * rng.uniform(0.15, 0.35, n)).astype(np.int64),
            "late_share": np.round(rng.beta(2, 22, n), 4),
            "online_share": np.round(rng.uniform(0.3, 0.9, n), 3),
            "saturday": rng.random(n) < 0.4,
        }
    )


def dossiers(
    n: int,
    units: pd.DataFrame,
    *,
    seed: int = 0,
    first: str | date = "2025-01-01",
    last: str | date = "2025-12-31",
    as_of: str | date | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make up the dossiers of some communes, and say what is true of them.

    Parameters
    ----------
    n : int
        How many dossiers in all, shared out in proportion to ``dossiers_a_year``.
    units : DataFrame
        From :func:`communes`; ``late_share`` and the other columns may be changed before.
    seed : int, default 0
        The same seed gives the same dossiers.
    first, last : date
        First and last day of receipt, inside the calendar of working days.
    as_of : date, optional
        When the file is drawn (the end of that day): what is not finished by then is open, or paused: some
        of the longer procedures wait for the citizen's supplement. Without it, everything is finished.

    Returns
    -------
    frame : DataFrame
        Rows of ``tables.DOSSIERS``, in order of receipt. A dossier is due at 17:00 on the last working day of its
        time limit and comes online at any time, over the counter on working days (Saturday mornings too where
        the desk is open), by post on working days.
    truth : DataFrame
        One row per unit, in the order of `units`: ``unit``, ``late_share``, and how many of its dossiers were
        ``received`` and are ``late`` under the clock ``date`` with supplement days subtracted: finished after the
        due day or, at `as_of`, open behind it and not paused.
    """
    rng = np.random.default_rng([seed, 2])
    weights = units["dossiers_a_year"].to_numpy(dtype=np.float64)
    of = np.sort(rng.choice(len(units), n, p=weights / weights.sum()))
    online = rng.random(n) < units["online_share"].to_numpy()[of]
    channel = np.where(online, "online", np.where(rng.random(n) < 0.93, "counter", "post"))
    saturday = units["saturday"].to_numpy(dtype=bool)[of] & (channel == "counter")

    end = None if as_of is None else np.datetime64(as_of, "D")
    stop = np.datetime64(last, "D") if end is None else min(np.datetime64(last, "D"), end)
    received = _days_of_receipt(rng, np.arange(np.datetime64(first, "D"), stop + _DAY), online, saturday)
    minute = np.where(online, rng.integers(6 * 60, 23 * 60, n), _office_minutes(rng, n))
    on_saturday = ~online & ~workdays.is_working(received)
    minute = np.where(on_saturday, rng.integers(7 * 60 + 30, 11 * 60 + 30, n), minute)
    moment = received.astype("datetime64[m]") + minute.astype("timedelta64[m]")

    names, fields, limits, frequency = zip(*MADE_UP["procedures"], strict=True)
    kind = rng.choice(len(names), n, p=np.array(frequency) / sum(frequency))
    limit = np.array(limits)[kind]
    due = workdays.add_working_days(received, limit)
    requests = np.where(limit >= 3, rng.choice(3, n, p=[0.92, 0.07, 0.01]), 0)
    stopped = requests * rng.integers(1, 6, n)  # in working days, so that the extended due day is one of them
    extended = workdays.add_working_days(due, stopped)

    late = rng.random(n) < units["late_share"].to_numpy()[of]
    # In time: near the due day more often than not, and not before the office has opened again. Late: up to four weeks.
    used = np.minimum(np.floor(limit * rng.beta(3, 1.5, n) + 0.5), limit)
    used = np.where((minute >= 16 * 60) | ~workdays.is_working(received), np.maximum(used, 1), used)
    done = workdays.add_working_days(received, used + stopped)
    done = np.where(late, workdays.add_working_days(extended, rng.integers(1, 21, n)), done)
    resolved = done.astype("datetime64[m]") + _office_minutes(rng, n).astype("timedelta64[m]")
    resolved = np.maximum(resolved, moment + np.timedelta64(15, "m"))
    outcome = rng.choice(list(_ENDS), n, p=list(_ENDS.values()))

    frame = pd.DataFrame(
        {
            "dossier": "",
            "unit": units["unit"].to_numpy()[of],
            "procedure": np.array(names)[kind],
            "field": np.array(fields)[kind],
            "channel": channel,
            "received": moment.astype("datetime64[s]"),
            "due": due.astype("datetime64[m]") + np.timedelta64(17 * 60, "m"),
            "resolved": resolved.astype("datetime64[s]"),
            "outcome": outcome,
            "supplement_days": (extended - due).astype(np.float64),
            "supplement_requests": requests.astype(np.float64),
        }
    )
    if end is not None:
        still = done > end
        frame["resolved"] = frame["resolved"].mask(still)
        # a stream of its own, so that what is drawn above stays what it is without `as_of`
        paused = still & (limit >= 3) & (np.random.default_rng([seed, 5]).random(n) < 0.15)
        frame["outcome"] = frame["outcome"].mask(still, "open").mask(paused, "paused")
        frame["supplement_requests"] = frame["supplement_requests"].mask(paused, np.maximum(requests, 1.0))
        late = np.where(still, (extended < end) & ~paused, late)
    truth = pd.DataFrame({"unit": units["unit"], "late_share": units["late_share"]})
    truth["received"] = np.bincount(of, minlength=len(units))
    truth["late"] = np.bincount(of, weights=late, minlength=len(units)).astype(np.int64)

    frame = frame.sort_values("received", kind="stable", ignore_index=True)
    frame["dossier"] = [f"GL.{when.year}.{i:06}" for i, when in enumerate(frame["received"], start=1)]
    return _typed(frame), truth


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table with its words as text and its times to the second, as loaders give them."""
    kinds = dict.fromkeys(frame.select_dtypes(["object", "str"]), "str")
    return frame.astype(kinds | dict.fromkeys(frame.select_dtypes("datetime"), "datetime64[s]"))


def _office_minutes(rng: np.random.Generator, n: int) -> NDArray[np.int64]:
    """Return minutes of the day between 7:30 and 11:30 or 13:30 and 17:00."""
    minute = rng.integers(0, 7 * 60 + 30, n)
    return np.where(minute < 4 * 60, 7 * 60 + 30 + minute, 9 * 60 + 30 + minute)


def _days_of_receipt(
    rng: np.random.Generator, days: NDArray[np.datetime64], online: NDArray[np.bool_], saturday: NDArray[np.bool_]
) -> NDArray[np.datetime64]:
    """Draw days: busier in some months and on Mondays; offline only when the desk is open."""
    monday = (days.astype(np.int64) + 3) % 7 == 0
    busy = _MONTHS[days.astype("datetime64[M]").astype(np.int64) % 12] * np.where(monday, 1.3, 1.0)
    working = workdays.is_working(days)
    opened = workdays.is_working(days, "desk", calendar=workdays.calendar({"desk": "saturday"}))
    out = np.empty(len(online), dtype="datetime64[D]")
    for rows, weight in (
        (online, np.where(working, busy, 0.3 * busy)),
        (~online & ~saturday, np.where(working, busy, 0.0)),
        (saturday, np.where(working, busy, np.where(opened, 0.4 * busy, 0.0))),
    ):
        out[rows] = rng.choice(days, int(rows.sum()), p=weight / weight.sum())
    return out


_CHANNELS = {"reception": "desk", "complaint": "post", "denunciation": "post", "supervision": "other"}
#: The truth: share of cases finished late, of raters satisfied, sent again, of recommendations accepted.
LATE, SATISFIED, REPEATED, ACCEPTED = 0.12, 0.72, 0.06, 0.65
_RATED = 0.4


def cases(
    n: int,
    units: pd.DataFrame,
    *,
    seed: int = 0,
    first: str | date = "2025-01-01",
    last: str | date = "2025-12-31",
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make up the cases of some communes, and say what is true of them.

    Parameters
    ----------
    n : int
        How many cases in all, shared out in proportion to ``population``.
    units : DataFrame
        From :func:`communes`.
    seed : int, default 0
        The same seed gives the same cases.
    first, last : date
        First and last day of receipt, inside the calendar of working days. What is due or finished later is kept.

    Returns
    -------
    frame : DataFrame
        Rows of ``tables.CASES``, in order of receipt, all closed.
    truth : DataFrame
        One row per unit and kind that occurs: ``unit``, ``kind`` and how many cases were ``received``, ``late`` (by the
        day), ``rated``, ``satisfied``, ``repeated`` and ``accepted``, and the ``visits``, ``people``, ``matters`` and
        ``delegations`` among them.
    """
    rng = np.random.default_rng([seed, 5])
    weights = units["population"].to_numpy(dtype=np.float64)
    unit = units["unit"].to_numpy()[rng.choice(len(units), n, p=weights / weights.sum())]
    names, shares, limits, fields = zip(*MADE_UP["kinds"], strict=True)
    code = rng.choice(len(names), n, p=shares)
    kind = np.array(names)[code]
    days = np.arange(np.datetime64(first, "D"), np.datetime64(last, "D") + np.timedelta64(1, "D"))
    received = np.sort(rng.choice(days[workdays.is_working(days)], n))
    limit = np.array(limits)[code]
    due = workdays.add_working_days(received, limit)
    late = rng.random(n) < LATE
    used = np.where(late, limit + rng.integers(1, 20, n), np.floor(limit * rng.beta(3, 2, n)))
    resolved = workdays.add_working_days(received, used.astype(np.int64))

    reception, supervision = kind == "reception", kind == "supervision"
    accepted = np.where(rng.random(n) < ACCEPTED, "accepted", "not_accepted")
    outcome = np.where(supervision, accepted, rng.choice(["handled", "forwarded"], n, p=[0.9, 0.1]))
    group = reception & (rng.random(n) < 0.04)
    people = np.where(group, rng.integers(5, 40, n), rng.integers(1, 4, n)).astype(np.float64)
    rated = ~supervision & (rng.random(n) < _RATED)
    frame = pd.DataFrame(
        {
            "case": [f"GL.VV.{i:06}" for i in range(1, n + 1)],
            "unit": unit,
            "kind": kind,
            "field": [str(rng.choice(fields[c])) for c in code],
            "visits": np.where(reception, 1.0, np.nan),
            "people": np.where(reception, people, np.nan),
            "matters": np.where(reception, 1.0, np.nan),
            "group_visit": pd.Series(group, dtype="boolean").where(reception),
            "channel": [_CHANNELS.get(k, str(rng.choice(["portal", "hotline"]))) for k in kind],
            "received": received,
            "due": due,
            "resolved": resolved,
            "outcome": outcome,
            "satisfied": pd.Series(rng.random(n) < SATISFIED, dtype="boolean").where(rated),
            "repeated": pd.array(rng.random(n) < REPEATED, dtype="boolean"),
        }
    )
    counted = ["received", "late", "rated", "satisfied", "repeated", "accepted"]
    counted += ["visits", "people", "matters", "delegations"]
    told = {"received": 1, "late": late, "rated": rated, "accepted": outcome == "accepted", "delegations": group}
    truth = frame.assign(**told).groupby(["unit", "kind"], sort=False)[counted].sum()
    return _typed(frame), truth.astype(np.int64).reset_index()


#: The truth: share of the models of one stage that reach the next.
PASSED = {"effective": 0.87, "recognised": 0.8, "exemplary": 0.45, "replicated": 0.3, "awarded": 0.5}
#: The truth: share of the models that state each content; what an evaluation needs is stated least.
STATED = dict(zip(MODEL_CONTENTS, (1.0, 0.6, 0.8, 0.95, 0.9, 0.9, 0.5, 0.7, 0.35, 0.3), strict=True))
_DAY = np.timedelta64(1, "D")


def models(n: int, units: pd.DataFrame, *, seed: int = 0, year: int = 2025) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make up the register of a year, and say what is true of it.

    Parameters
    ----------
    n : int
        How many models are registered, over all units.
    units : DataFrame
        From :func:`communes`.
    seed : int, default 0
        The same seed gives the same register.
    year : int, default 2025
        The year of registration.

    Returns
    -------
    frame : DataFrame
        Rows of ``tables.MODELS``: the day on which each stage was reached, the last stage reached, start, evaluation,
        a stop for some with its reason, and which of the ten contents of a registration are stated.
    truth : DataFrame
        One row per stage: ``stage``, how many models ``reached`` it, and ``passed``, the probability that a model of
        the stage before does (1 for the first).
    """
    rng = np.random.default_rng([seed, 7])
    first = np.datetime64(f"{year}-01-15", "D") + rng.integers(0, 60, n) * _DAY
    reached = np.ones(n, dtype=bool)
    columns: dict[str, np.ndarray] = {}
    day, last, counts = first, np.zeros(n, dtype=np.int64), []
    for i, stage in enumerate(STAGES):
        if i:
            reached = reached & (rng.random(n) < PASSED[stage])
            day = day + rng.integers(20, 70, n) * _DAY
        last[reached] = i
        counts.append(int(reached.sum()))
        columns[f"{stage}_on"] = np.where(reached, day, np.datetime64("NaT"))
    start = first + rng.integers(5, 40, n) * _DAY
    stopped = (last == 0) & (rng.random(n) < 0.5)
    frame = pd.DataFrame(
        {
            "model": [f"GL.MH.{year}.{i:04}" for i in range(1, n + 1)],
            "unit": rng.choice(units["unit"].to_numpy(), n),
            "field": rng.choice(MODEL_FIELDS[:5], n, p=[0.35, 0.3, 0.1, 0.15, 0.1]),
            "owner_type": rng.choice(["collective", "individual"], n, p=[0.85, 0.15]),
            "stage": np.array(STAGES)[last],
            **columns,
            "start": start,
            "evaluation": np.where(rng.random(n) < 0.4, start + 300 * _DAY, np.datetime64("NaT")),
            "stop": np.where(stopped, start + rng.integers(30, 200, n) * _DAY, np.datetime64("NaT")),
            "stop_reason": pd.Series(rng.choice(STOP_REASONS[:6], n)).where(stopped),
            **{f"states_{c}": pd.array(rng.random(n) < p, dtype="boolean") for c, p in STATED.items()},
        }
    )
    return _typed(frame), pd.DataFrame({"stage": STAGES, "reached": counts, "passed": [1.0, *PASSED.values()]})


def targets(units: pd.DataFrame, *, seed: int = 0, year: int = 2025) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make up a plan and its results for each unit.

    Parameters
    ----------
    units : DataFrame
        From :func:`communes`.
    seed : int, default 0
        The same seed gives the same results.
    year : int, default 2025
        The year of the plan.

    Returns
    -------
    frame : DataFrame
        Rows of ``tables.TARGETS``, eight targets a unit.
    truth : DataFrame
        One row per target: ``indicator`` and the number of units whose result is above (``more``), equal to (``equal``)
        or below (``less``) the plan.
    """
    rng = np.random.default_rng([seed, 8])
    names, planned = zip(*MADE_UP["targets"], strict=True)
    rows = len(units) * len(names)
    plan = np.tile(planned, len(units))
    change = rng.choice([-1, 0, 1], rows, p=[0.25, 0.3, 0.45])
    result = np.maximum(plan + change * np.ceil(plan * rng.uniform(0.02, 0.2, rows)), 0)
    most = np.tile([100.0 if name.endswith("(%)") else np.inf for name in names], len(units))
    result = np.minimum(result, most)
    frame = pd.DataFrame(
        {
            "unit": np.repeat(units["unit"].to_numpy(), len(names)),
            "period": str(year),
            "indicator": np.tile(names, len(units)),
            "planned": plan,
            "result": result,
        }
    )
    sign = frame[["indicator"]].assign(more=result > plan, equal=result == plan, less=result < plan)
    return _typed(frame), sign.groupby("indicator", sort=False).sum().reset_index()


def rubric(units: pd.DataFrame, *, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make up the self-assessment of each unit and its appraisal.

    Parameters
    ----------
    units : DataFrame
        From :func:`communes`.
    seed : int, default 0
        The same seed gives the same scores.

    Returns
    -------
    frame : DataFrame
        Rows of ``tables.RUBRIC``, eight criteria a unit that add up to 100 points.
    truth : DataFrame
        One row per unit: ``unit``, ``self_total``, ``appraised_total`` and ``maximum`` of the criteria that count, how
        often there was nothing to do (``nothing``) and how often that gave full marks (``full``).
    """
    rng = np.random.default_rng([seed, 9])
    names, maxima, rules = zip(*MADE_UP["criteria"], strict=True)
    rows = len(units) * len(names)
    maximum = np.tile(maxima, len(units)).astype(np.float64)
    rule = np.tile(rules, len(units))
    tasks = rng.integers(0, 9, rows).astype(np.float64)
    done = np.floor(tasks * rng.uniform(0.7, 1.0, rows) + 0.5)
    earned = np.floor(maximum * done / np.where(tasks > 0, tasks, 1) * 2) / 2
    appraised = np.where(tasks > 0, earned, np.where(rule == "full", maximum, 0.0))
    claimed = np.minimum(maximum, appraised + rng.choice([0, 0, 0.5, 1], rows) * (tasks > 0))
    frame = pd.DataFrame(
        {
            "unit": np.repeat(units["unit"].to_numpy(), len(names)),
            "criterion_code": np.tile([str(i) for i in range(1, len(names) + 1)], len(units)),
            "criterion": np.tile(names, len(units)),
            "maximum": maximum,
            "numerator": done,
            "denominator": tasks,
            "self_score": claimed,
            "appraised_score": appraised,
            "evidence": pd.array(rng.random(rows) < 0.8, dtype="boolean"),
            "zero_rule": rule,
            "weight_origin": "own",
        }
    )
    counts = (tasks > 0) | (rule != "excluded")
    truth = frame[["unit"]].assign(
        self_total=claimed * counts,
        appraised_total=appraised * counts,
        maximum=maximum * counts,
        nothing=tasks == 0,
        full=(tasks == 0) & (appraised == maximum),
    )
    return _typed(frame), truth.groupby("unit", sort=False).sum().reset_index()


_NONE = (0.95, 0.03, 0.01, 0.01)  # an answer, "không biết", "không trả lời", nothing


def responses(
    n: int, units: pd.DataFrame, *, seed: int = 0, sensitive: tuple[str, ...] = ()
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make up the answers of `n` people in some communes, and say what is true of them.

    Parameters
    ----------
    n : int
        How many respondents, shared out equally.
    units : DataFrame
        From :func:`communes`.
    seed : int, default 0
        The same seed gives the same answers.
    sensitive : tuple of str, default ()
        ``gender`` adds that column.

    Returns
    -------
    frame : DataFrame
        Rows of ``tables.responses_table(ITEMS, sensitive)``: two strata, four clusters in each unit, weights that
        differ between units, and `ITEMS`.
    truth : DataFrame
        One row per unit and item: ``unit``, ``item`` and the true ``top_share`` (0-1): for ``hai_long_5`` of the two
        highest answers, for ``co_khong`` of “có”.
    """
    rng = np.random.default_rng([seed, 6])
    of = np.arange(n) % len(units)
    level = rng.normal(0.8, 0.6, len(units))
    frame = pd.DataFrame(
        {
            "respondent": [f"GL.P.{i:06}" for i in range(1, n + 1)],
            "unit": units["unit"].to_numpy()[of],
            "stratum": np.where(units["unit"].str.startswith("Phường").to_numpy()[of], "Phường", "Xã"),
            "cluster": [f"Thôn {c}" for c in rng.integers(1, 5, n)],
            "weight": np.round(units["population"].to_numpy()[of] / 1000, 1),
            "mode": rng.choice(["paper", "home", "online"], n, p=[0.5, 0.3, 0.2]),
            "answered": np.datetime64("2025-09-01", "s") + rng.integers(0, 60, n) * np.timedelta64(86_400, "s"),
        }
    )
    if "gender" in sensitive:
        frame["gender"] = rng.choice(["female", "male"], n)
    shares = {}
    for item, scale, ease, *_ in MADE_UP["items"]:
        top = 1 / (1 + np.exp(-(level + ease)))
        shares[item] = top
        high, low = (SCALES[scale][-2:], SCALES[scale][:-2]) if len(SCALES[scale]) > 2 else (("yes",), ("no",))
        answer = pd.Series(np.where(rng.random(n) < top[of], rng.choice(high, n), rng.choice(low, n)))
        kind = rng.choice(4, n, p=_NONE)
        frame[item] = answer.mask(kind == 1, "dont_know").mask(kind == 2, "refused").mask(kind == 3)
    truth = pd.DataFrame(shares, index=units["unit"].to_numpy()).rename_axis("unit").reset_index()
    return _typed(frame), truth.melt("unit", var_name="item", value_name="top_share")


# --- comments: nobody wrote them; names and numbers in them are made up -----------------------------------------------

_TONES = ("positive", "negative", "neutral")
_OPEN = ("", "", "tôi thấy ", "lần này ", "theo tôi ", "ở bộ phận một cửa ", "nói chung ")
_CLOSE = ("", "", "", ", mong duy trì", ", mong xem lại", ", xin cảm ơn", " ạ")
_NAMES = ("Nguyễn Thị Mẫu", "Trần Văn Thử", "Lê Hoàng Ví Dụ", "Phạm Giả Định")
_GIVEN = ("Mẫu", "Thử", "Ví")


def comments(n: int, units: pd.DataFrame, *, seed: int = 0, mislabelled: float = 0.05) -> pd.DataFrame:
    """Make up comments in some communes.

    Parameters
    ----------
    n : int
        How many, shared out equally.
    units : DataFrame
        From :func:`communes`.
    seed : int, default 0
        The same seed gives the same comments.
    mislabelled : float, default 0.05
        Share (0-1) whose tone a careless coder got wrong.

    Returns
    -------
    DataFrame
        ``unit``, ``comment``, ``topic`` (time, staff, procedure, online) and ``tone`` (positive, negative, neutral). A
        fifth is written without diacritics; some hold made-up names and telephone numbers, for trying whether they
        are masked.
    """
    rng = np.random.default_rng([seed, 9])
    topics = rng.choice(list(MADE_UP["said"]), n, p=[0.35, 0.35, 0.2, 0.1])
    tones = rng.choice(3, n, p=[0.5, 0.4, 0.1])
    written = []
    for topic, tone in zip(topics, tones, strict=True):
        words = f"{rng.choice(_OPEN)}{rng.choice(MADE_UP['said'][topic][tone])}{rng.choice(_CLOSE)}"
        kind = rng.random()
        if kind < 0.08:
            words += f", gặp {rng.choice(['ông', 'bà'])} {rng.choice(_NAMES)}"
        elif kind < 0.16:
            words += f", chị {rng.choice(_GIVEN)} tiếp"
        elif kind < 0.2:
            words += f", liên hệ 09{rng.integers(10**7, 10**8)}"
        words = words[0].upper() + words[1:]
        written.append(plain(words) if rng.random() < 0.2 else words)
    wrong = rng.random(n) < mislabelled
    tones = np.where(wrong, (tones + rng.integers(1, 3, n)) % 3, tones)
    frame = {"unit": units["unit"].to_numpy()[np.arange(n) % len(units)], "comment": written, "topic": topics}
    return pd.DataFrame({**frame, "tone": np.array(_TONES)[tones]}).astype("str")


# --- a province: everyone's answers, and a sample of communes drawn from it -------------------------------------------

#: Communes, share of townspeople and level of satisfaction of each kind of place, on the scale of log odds.
_PLACES = {"Đô thị": (30, 0.9), "Đồng bằng": (60, 0.3), "Miền núi": (30, -0.3)}
_PEOPLE = 400  # in each commune, on average
_AGES = ("18-34", "35-54", "55+")
_AGE_SHARES = np.array([0.35, 0.4, 0.25])
#: The young are harder to please and answer less: those who answer are more satisfied than everyone.
_AGE_LEVEL, _AGE_ANSWERS = np.array([-0.9, 0.1, 0.9]), np.array([0.4, 0.65, 0.9])
#: What the spread of answers between communes, between people and between items of one person is.
_COMMUNE, _PERSON, _ITEM = 0.4, 0.8, 1.0


def province(
    scales: Mapping[str, str],
    *,
    outcome: str | None = None,
    drives: Mapping[str, float] | None = None,
    drawn: int = 12,
    each: int = 25,
    silent: bool = True,
    seed: int = 0,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make up a province of 120 communes and draw a sample of communes and people from it.

    Parameters
    ----------
    scales : mapping of str to str
        Item -> its scale, as ``questionnaire("one-stop").scales``.
    outcome : str, optional
        An item that follows from others.
    drives : mapping of str to float, optional
        Item -> how much the outcome follows from it; none of the others matters.
    drawn, each : int, default 12, 25
        Communes drawn in each of three strata, and people asked in each.
    silent : bool, default True
        Whether some do not answer, the young and less satisfied more often than others.
    seed : int, default 0
        The same seed gives the same province and the same sample.

    Returns
    -------
    people : DataFrame
        One row per person asked: ``unit`` (commune), ``stratum``, ``communes`` (in the stratum) and ``residents`` (in
        the commune), both for ``Design(fpc=…)``, ``weight`` (one over the chance to be drawn), ``age``, ``responded``
        (1 or 0) and the items, empty for those who did not answer.
    truth : DataFrame
        ``item`` and ``top_share``, the share (0-1) of the two highest answers (of “có”) among everyone in the province.
    """
    rng = np.random.default_rng([seed, 10])
    frame = _everyone(rng)
    level = frame.pop("level").to_numpy()
    person = level + rng.normal(0, _PERSON, len(frame))
    ease = rng.normal(0.7, 0.5, len(scales))
    feeling = {i: person + e + rng.normal(0, _ITEM, len(frame)) for i, e in zip(scales, ease, strict=True)}
    if outcome:
        follows = sum(weight * feeling[item] for item, weight in (drives or {}).items())
        feeling[outcome] = follows + rng.logistic(0, 0.6, len(frame))
    places = {i: _cut(f, len(SCALES[scales[i]])) for i, f in feeling.items()}
    top = [(p >= len(SCALES[scales[i]]) - (2 if len(SCALES[scales[i]]) > 2 else 1)).mean() for i, p in places.items()]
    truth = pd.DataFrame({"item": list(scales), "top_share": [top[list(places).index(i)] for i in scales]})
    rows = _sample(frame, drawn, each, rng)
    people = frame.iloc[rows].reset_index(drop=True)
    chance = drawn / people["communes"] * each / people["residents"]
    answers = _AGE_ANSWERS[people["age"].map(_AGES.index).to_numpy(dtype=np.intp)]
    people = people.assign(
        weight=1 / chance, responded=((rng.random(len(people)) < answers) | (not silent)).astype(int)
    )
    for item, scale in scales.items():
        words = pd.Series(np.array(SCALES[scale])[places[item][rows]], dtype="str")
        people[item] = words.mask(people["responded"] == 0)
    return people, truth


def _everyone(rng: np.random.Generator) -> pd.DataFrame:
    """Return everyone with commune, stratum, age and level of satisfaction."""
    parts = []
    for kind, (count, high) in _PLACES.items():
        for number in range(count):
            size = int(rng.integers(_PEOPLE // 2, _PEOPLE * 3 // 2))
            age = rng.choice(3, size, p=_AGE_SHARES)
            parts.append(
                pd.DataFrame(
                    {
                        "unit": f"{kind} {number + 1:02} ({MARK})",
                        "stratum": kind,
                        "communes": count,
                        "residents": size,
                        "age": np.array(_AGES)[age],
                        "level": high + rng.normal(0, _COMMUNE) + _AGE_LEVEL[age],
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)


def _cut(feeling: np.ndarray, answers: int) -> np.ndarray:
    """Cut a feeling into places on a scale; the cut below the two highest answers lies at 0."""
    cuts = 1.1 * np.arange(3 - answers, 2) if answers > 2 else np.zeros(1)
    return np.searchsorted(cuts, feeling)


def _sample(frame: pd.DataFrame, drawn: int, each: int, rng: np.random.Generator) -> np.ndarray:
    """Return the rows of a sample: communes by lot within strata, then people by lot within communes."""
    chosen = []
    for _, stratum in frame.groupby("stratum", sort=False):
        units = rng.choice(stratum["unit"].unique(), drawn, replace=False)
        for unit in sorted(units):
            chosen.append(rng.choice(stratum.index[stratum["unit"] == unit].to_numpy(), each, replace=False))
    return np.concatenate(chosen)


#: Share of the communes that never take the model up, communes in a district, first year.
NEVER, DISTRICT, FIRST = 0.4, 10, 2018
#: Spread of the level of communes, of the shock of a year, and of the slope of a commune where models go to improvers.
LEVEL, SHOCK, SLOPE = 6.0, 2.0, 0.8
_DYNAMICS = ("constant", "growing", "fading")
_SELECTION = ("none", "level", "trend", "good_year", "covariate")


def rollout(
    *,
    effect: float = 3.0,
    dynamics: Literal["constant", "growing", "fading"] = "constant",
    selection: Literal["none", "level", "trend", "good_year", "covariate"] = "none",
    spillover: float = 0.0,
    units: int = 200,
    periods: int = 8,
    cohorts: int = 3,
    seed: int = 0,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make up a province in which models spread, and say what is true of it.

    Parameters
    ----------
    effect : float, default 3.0
        What the model adds to the score (points) in the year of adoption, once it is at full strength.
    dynamics : {"constant", "growing", "fading"}, default "constant"
        Full effect at once, a quarter more of it each year up to the full, or half of what is left each year.
    selection : {"none", "level", "trend", "good_year", "covariate"}, default "none"
        Who takes the model up: anybody; communes with a high level; communes already improving; communes after an
        unusually good year; communes with a high ``urban``, which improve faster than others of their own.
    spillover : float, default 0.0
        What a commune without the model gains (points) when all others of its district have it, in proportion.
    units, periods, cohorts : int
        Communes, years, and years in which models start.
    seed : int, default 0
        The same seed gives the same province.

    Returns
    -------
    panel : DataFrame
        ``unit``, ``district``, ``period`` (year), ``adopted`` (year, NaN when never), ``urban`` and ``synthetic_score``
        (points), a row per commune and year. ``attrs["synthetic"]`` is True.
    truth : DataFrame
        ``cohort``, ``period``, ``event_time``, ``units`` and ``effect``, a row per cohort and year from adoption on:
        the mean effect of the model on its own communes, against a province without any model.

    Raises
    ------
    ParameterError
        For an unknown word, what is no number, or sizes that leave no year before or after adoption.
    """
    for name, word, words in (("dynamics", dynamics, _DYNAMICS), ("selection", selection, _SELECTION)):
        check_choice(name, word, words)
    sizes = {"units": units, "periods": periods, "cohorts": cohorts, "seed": seed}
    wrong = [f"{name}={n!r}" for name, n in sizes.items() if not (isinstance(n, Integral) and n >= 0)]
    effects = {"effect": effect, "spillover": spillover}
    wrong += [f"{name}={x!r}" for name, x in effects.items() if not (isinstance(x, Real) and np.isfinite(x))]
    if wrong:
        raise ParameterError("rollout-numbers", got=", ".join(wrong))
    if not 1 <= cohorts < periods or units < 2 * (cohorts + 1):
        got = f"periods={periods}, cohorts={cohorts}, units={units}"
        raise ParameterError("rollout-does-not-fit", got=got)
    rng = np.random.default_rng([seed, 11])
    year = np.arange(periods)
    level, urban = rng.normal(70, LEVEL, units), rng.normal(0, 1, units)
    slope = rng.normal(0, SLOPE, units) if selection == "trend" else np.zeros(units)
    shock = rng.normal(0, SHOCK, (units, periods))
    starts = max(1, (periods - cohorts + 1) // 2) + np.arange(cohorts)
    likely = {"level": level, "trend": slope, "covariate": urban}.get(selection, np.zeros(units))
    # Half as strong for the covariate, so that adopters still have others like them to be compared with.
    likely = (likely - likely.mean()) / (likely.std() or 1) * (0.5 if selection == "covariate" else 1)
    adopted = np.full(units, np.inf)
    size = round(units * (1 - NEVER) / cohorts)
    for start in starts:
        wanted = likely + (shock[:, start - 1] / SHOCK if selection == "good_year" else 0) + rng.normal(0, 1, units)
        adopted[np.argsort(np.where(np.isinf(adopted), wanted, -np.inf))[-size:]] = start
    since = np.maximum(year - adopted[:, None], -periods)
    has = since >= 0
    strength = {
        "constant": np.ones_like(since),
        "growing": np.minimum((since + 1) / 4, 1),
        "fading": 0.5 ** np.abs(since),
    }
    gain = np.where(has, effect * strength[dynamics], 0.0)
    district = np.arange(units) // DISTRICT
    around = pd.DataFrame(has).groupby(district).transform("mean").to_numpy(dtype=np.float64)
    grows = 0.5 * urban if selection == "covariate" else slope
    score = level[:, None] + 0.6 * year + grows[:, None] * year + shock + gain + np.where(has, 0, spillover * around)
    panel = pd.DataFrame(
        {
            "unit": np.repeat([f"Xã Mẫu {i:05} ({MARK})" for i in range(1, units + 1)], periods),
            "district": np.repeat([f"Huyện Mẫu {d + 1:04} ({MARK})" for d in district], periods),
            "period": np.tile(FIRST + year, units),
            "adopted": np.repeat(np.where(np.isinf(adopted), np.nan, FIRST + adopted), periods),
            "urban": np.repeat(urban, periods),
            "synthetic_score": score.ravel(),
        }
    ).astype({"unit": "str", "district": "str"})
    panel.attrs["synthetic"] = True
    rows = [
        (FIRST + int(g), FIRST + int(t), int(t - g), int((adopted == g).sum()), float(gain[adopted == g, t].mean()))
        for g in starts
        for t in year[year >= g]
    ]
    truth = pd.DataFrame(rows, columns=["cohort", "period", "event_time", "units", "effect"])
    return panel, truth
