"""Receptions, petitions and feedback: how many, handled in time, satisfied, sent again, recommendations accepted.

Cases are counted by the same tally as dossiers. They are about people, so the tables made of them hide the rows that
stand for too few (:func:`dvresearch.privacy.suppress`), each table for itself and by the cases of a row, not by those
in time or late among them: a total of another table, or one published elsewhere, may tell what is hidden.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal

import numpy as np
import pandas as pd

from dvresearch.metrics.counts import shares
from dvresearch.metrics.dossiers import resolution_rate, tally
from dvresearch.metrics.estimates import build, column_numbers, group_names, grouped_counts
from dvresearch.privacy import MIN_COUNT, suppress
from dvresearch.tables import CASES, Column, Table, check

__all__ = ["case_counts", "case_shares", "cases_in_time", "petition_results", "receptions"]

By = str | Sequence[str]


def case_counts(cases: pd.DataFrame, by: By = ("unit", "kind"), *, min_count: int = MIN_COUNT) -> pd.DataFrame:
    """How many cases were received.

    Parameters
    ----------
    cases : DataFrame
        One row per case, see ``tables.CASES``.
    by : str or sequence of str, default ("unit", "kind")
        Columns to count by.
    min_count : int, default 10
        Least count shown. Where a single column is left out of `by`, the totals are taken to be published too, so
        further counts are hidden that would give a small one away.

    Returns
    -------
    DataFrame
        `by`, then the columns of ``tables.ESTIMATES``: ``cases_received``, a complete count without an interval
        (``not_sampled``); hidden ones have the flag ``suppressed``.

    Raises
    ------
    DataError
        For a table that breaks the contract.
    """
    check(cases, CASES)
    keys, (counts,) = grouped_counts(cases.assign(rows=1.0), ["rows"], by=by)
    return _hidden(_counted(keys, "cases_received", counts, counts), list(keys), min_count)


def receptions(cases: pd.DataFrame, by: By = ("unit",), *, min_count: int = MIN_COUNT) -> pd.DataFrame:
    """Citizen reception by visits (lượt), people (người) and matters (vụ việc), and large groups among them.

    Parameters
    ----------
    cases : DataFrame
        One row per case, see ``tables.CASES``; those of the kind ``reception`` are used. A table
        without the column ``visits`` has one visit a row.
    by : str or sequence of str, default ("unit",)
        Columns to count by.
    min_count : int, default 10
        Least number of people a number may stand for, as for :func:`case_counts`.

    Returns
    -------
    DataFrame
        `by`, then the columns of ``tables.ESTIMATES``, five rows a group: ``visits``, ``visitors``, ``matters``,
        ``delegations`` (groups of many, đoàn đông người) and ``delegation_members``. ``n`` is the number of people
        behind the number, or of visits where people are not counted. A number of which some row is not known is
        missing, with the reason ``no_counts``.

    Raises
    ------
    DataError
        For a table that breaks the contract, or without any reception.
    """
    check(cases, CASES)
    rows = cases[cases["kind"] == "reception"]
    blank = pd.Series(np.nan, index=rows.index)
    visitors = rows.get("people", blank)
    group = rows["group_visit"].astype("float64") if "group_visit" in rows else blank
    counts = {
        "visits": rows.get("visits", pd.Series(1.0, index=rows.index)),
        "visitors": visitors,
        "matters": rows.get("matters", blank),
        "delegations": group,
        "delegation_members": visitors.where(group != 0, 0.0).where(group.notna()),
    }
    keys, sums = grouped_counts(rows.assign(**counts), list(counts), by=by)
    received, members = np.where(np.isnan(sums[1]), sums[0], sums[1]), sums[4]
    people = [received, received, received, members, members]
    frames = [_counted(keys, *row) for row in zip(counts, sums, people, strict=True)]
    return _hidden(pd.concat(frames).sort_index(kind="stable", ignore_index=True), list(keys), min_count)


def case_shares(
    cases: pd.DataFrame, by: By = (), *, confidence: float = 0.95, min_count: int = MIN_COUNT
) -> pd.DataFrame:
    """Share of cases whose sender was satisfied, that were sent again, and of recommendations accepted.

    Parameters
    ----------
    cases : DataFrame
        One row per case, see ``tables.CASES``.
    by : str or sequence of str, default ()
        Grouping columns; without it all cases together.
    confidence : float, default 0.95
        Two-sided level of the Wilson interval, 0-1.
    min_count : int, default 10
        Least number of cases a share may rest on, as for :func:`case_counts`.

    Returns
    -------
    DataFrame
        `by`, then the columns of ``tables.ESTIMATES``, three rows a group: ``cases_satisfied_share`` (of the senders
        who rated; volunteers), ``cases_repeated_share`` (of all) and ``recommendations_accepted_share`` (of the
        recommendations after supervision on which was decided). A share is over the cases of which it is
        known. Where no row of the table says that a case was not sent again and some say nothing, the share
        is missing (``only_yes``): an empty cell may mean no, or not known.

    Raises
    ------
    DataError
        For a table that breaks the contract.
    ParameterError
        For a confidence level outside 0-1.
    """
    check(cases, CASES)
    blank = pd.Series(np.nan, index=cases.index)
    outcome = cases["outcome"] if "outcome" in cases else blank.astype("str")
    decided = (cases["kind"] == "supervision") & outcome.isin(["accepted", "not_accepted"])
    answers = {
        "cases_satisfied_share": ("of_raters", cases.get("satisfied", blank)),
        "cases_repeated_share": ("of_marked", cases.get("repeated", blank)),
        "recommendations_accepted_share": ("of_decided", (outcome == "accepted").where(decided)),
    }
    yes = pd.DataFrame({code: said.astype("Float64").astype("float64") for code, (_, said) in answers.items()})
    counts = cases.join(yes.fillna(0)).join(yes.notna().astype(float).add_suffix("_known"))
    wanted = {code: (code, f"{code}_known", definition) for code, (definition, _) in answers.items()}
    found = shares(counts, wanted, by=by, confidence=confidence)
    found["basis"] = found["basis"].mask(found["indicator"] == "cases_satisfied_share", "volunteers")
    repeated = yes["cases_repeated_share"]
    if repeated.isna().any() and not (repeated == 0).any():
        only_yes = (found["indicator"] == "cases_repeated_share") & (found["denominator"] > 0)
        found.loc[only_yes, ["value", "std_error", "lower", "upper", "numerator"]] = np.nan
        found.loc[only_yes, "reason"] = "only_yes"
    return _hidden(found, group_names(by), min_count)


def cases_in_time(
    cases: pd.DataFrame,
    by: By = ("unit",),
    *,
    as_of: date | datetime | str | pd.Timestamp,
    definition: Literal["resolved", "due", "workload", "q766", "all"] = "resolved",
    clock: Literal["auto", "instant", "date"] = "auto",
    period: Literal["month", "quarter", "year"] | None = None,
    method: Literal["wilson", "clopper_pearson", "agresti_coull", "jeffreys"] = "wilson",
    confidence: float = 0.95,
    min_count: int = MIN_COUNT,
) -> pd.DataFrame:
    """Share of cases handled in time, by the definitions used for dossiers.

    Parameters
    ----------
    cases : DataFrame
        One row per case, see ``tables.CASES``; ``received``, ``due``, ``resolved`` and ``outcome`` are used.
    by : str or sequence of str, default ("unit",)
        Grouping columns.
    as_of, clock, period
        As for :func:`dvresearch.metrics.tally`.
    definition, method, confidence
        As for :func:`dvresearch.metrics.resolution_rate`.
    min_count : int, default 10
        Least number of cases a share may rest on, as for :func:`case_counts`.

    Returns
    -------
    DataFrame
        `by` (and ``period``), then the columns of ``tables.ESTIMATES``: ``cases_in_time_share``.

    Raises
    ------
    DataError, ParameterError
        As :func:`dvresearch.metrics.tally` and :func:`dvresearch.metrics.resolution_rate`.

    Notes
    -----
    Checked against the known truth of synthetic cases and against worked counts of closed and open overdue cases
    (tests/test_cases.py).
    """
    check(cases, CASES)
    labels = group_names(by)
    counts = tally(cases, labels, as_of=as_of, period=period, clock=clock, supplement="ignore")
    labels += ["period"] if period else []
    rates = resolution_rate(counts, definition=definition, by=labels, method=method, confidence=confidence)
    return _hidden(rates.assign(indicator="cases_in_time_share"), labels, min_count)


def petition_results(
    lines: pd.DataFrame, by: By = ("unit",), *, overall: Literal["omit", "append"] = "omit", confidence: float = 0.95
) -> pd.DataFrame:
    """Share of the matters within authority that were resolved, and resolved in time, from form 01/KQGQ.

    Parameters
    ----------
    lines : DataFrame
        Lines of form 01/KQGQ (Thông tư 02/2021/TT-TTCP), as :func:`dvresearch.load_form` returns them.
    by : str or sequence of str, default ("unit",)
        Grouping columns. Counts of a group are added before they are divided.
    overall : {"omit", "append"}, default "omit"
        Whether a last group adds up all lines.
    confidence : float, default 0.95
        Two-sided level of the Wilson interval, 0-1.

    Returns
    -------
    DataFrame
        `by`, then the columns of ``tables.ESTIMATES``, two rows a group: ``petition_matters_resolved_share``
        (definition ``kqgq_resolved``: columns (5 + 6) / 4) and ``petition_matters_in_time_share`` (``kqgq_in_time``:
        25 / (25 + 26)). An official form is shown as it was reported: small numbers are flagged ``few``, not hidden.

    Raises
    ------
    DataError
        When a column of the form is missing, or more matters were resolved than there are.
    """
    needed = tuple(Column(name, "count", required=True) for name in ("4", "5", "6", "25", "26"))
    check(lines, Table("01/KQGQ", CASES.row, (), needed))
    form = {c.name: column_numbers(lines, c.name) for c in needed}
    counts = lines.assign(**{"5 + 6": form["5"] + form["6"], "25 + 26": form["25"] + form["26"]})
    results = {
        "petition_matters_resolved_share": ("5 + 6", "4", "kqgq_resolved"),
        "petition_matters_in_time_share": ("25", "25 + 26", "kqgq_in_time"),
    }
    return shares(counts, results, by=by, overall=overall, confidence=confidence)


def _counted(keys: pd.DataFrame, indicator: str, counts: np.ndarray, people: np.ndarray) -> pd.DataFrame:
    return build(
        keys,
        indicator=indicator,
        value=counts,
        numerator=counts,
        n=people,
        basis="census",
        reasons={"no_counts": np.isnan(counts), "not_sampled": ~np.isnan(counts)},
    )


def _hidden(estimates: pd.DataFrame, labels: list[str], min_count: int) -> pd.DataFrame:
    """Hide what stands for few people; each label left out gives a total that others publish."""
    each = ["indicator", "definition"]
    totals = [[*each, *(c for c in labels if c != gone)] for gone in labels] or [each]
    return suppress(estimates, totals=totals, min_count=min_count)
