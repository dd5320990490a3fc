"""Means and shares of a sample with the errors of its design: the one place where their intervals are made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from dvresearch.errors import DataError, check_choice
from dvresearch.metrics.design import Design, Draw, draw, listed
from dvresearch.metrics.estimates import (
    CEILING,
    FEW,
    Floats,
    build,
    check_confidence,
    column_numbers,
    label_groups,
)
from dvresearch.metrics.linearise import ROUNDING, Means, domain_means
from dvresearch.metrics.proportions import clopper_pearson, z_value
from dvresearch.privacy import MIN_COUNT, suppress

__all__ = ["DEGREES", "FEW_CLUSTERS", "intervals", "survey_mean", "t_value", "with_errors"]

#: Rules for the degrees of freedom of an interval, see :func:`survey_mean`.
DEGREES = ("domain", "design", "normal")
#: Clusters below which a 95 % interval can cover less than it says (benchmarks/coverage.py): flagged ``few``.
FEW_CLUSTERS = 30


def t_value(confidence: float, df: Floats) -> Floats:
    """Two-sided quantile of Student's t, the normal one for infinitely many degrees, NaN for none."""
    df = np.asarray(df, dtype=np.float64)
    inside = np.where(np.isfinite(df) & (df > 0), df, 1.0)
    t = special.stdtrit(inside, (1 + confidence) / 2)
    return np.where(df > 0, np.where(np.isinf(df), z_value(confidence), t), np.nan)


def intervals(
    means: Means, df: Floats, *, limits: tuple[float, float] | None, confidence: float
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return the limits of each mean, and where they are exact ones at the end of a share.

    Parameters
    ----------
    means : Means
        Means with their variance.
    df : array of float
        Degrees of freedom of each, 0 or less for no interval.
    limits : tuple of float, optional
        The least and the largest possible mean: the interval then is symmetric on the logit scale between
        them. Without it, it is symmetric about the mean.
    confidence : float
        Two-sided level, 0-1.
    """
    t = t_value(confidence, df)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.where(means.alike | means.unseen, np.nan, np.sqrt(means.variance))
        if limits is None:
            return means.value - t * error, means.value + t * error, np.zeros_like(means.alike)
        low, width = limits[0], limits[1] - limits[0]
        p = (means.value - low) / width
        centre, half = special.logit(p), t * error / width / (p * (1 - p))
        lower, upper = (low + width * special.expit(centre + sign * half) for sign in (-1, 1))
        end = np.round(p)  # a mean of items that are all 1 can be a hair off 1
        exact = means.alike & (np.abs(p - end) < ROUNDING) & (limits == (0.0, 1.0)) & ~np.isnan(t)
        size = means.n / means.kish * np.minimum((t_value(confidence, means.n - 1) / t) ** 2, 1)
        size = np.where(means.n > 1, size, means.n)
        ends = clopper_pearson(end * size, size, confidence)
        lower, upper = (np.where(exact, at, limit) for at, limit in zip(ends, (lower, upper), strict=True))
    return lower, upper, exact


def with_errors(
    keys: pd.DataFrame,
    means: Means,
    sampled: Draw,
    *,
    indicator: str,
    definition: str | pd.Series,
    basis: str,
    interval: str,
    degrees: str,
    confidence: float,
    limits: tuple[float, float] | None = None,
    ceiling: float | None = None,
) -> pd.DataFrame:
    """Return the estimates of means, a row per domain and column, domain by domain.

    Parameters
    ----------
    keys : DataFrame
        The grouping columns of these rows.
    means : Means
        The means.
    sampled : Draw
        The design they come from.
    indicator, definition, basis, interval, degrees, confidence
        As for :func:`survey_mean`.
    limits : tuple of float, optional
        The least and the largest possible mean; needed for logit intervals.
    ceiling : float, optional
        Value from which a row is flagged ``ceiling``.

    Returns
    -------
    DataFrame
        `keys`, then the columns of ``tables.SURVEYED``.
    """
    used = sampled.weights > 0
    clusters, strata = (len(np.unique(codes[used])) for codes in (sampled.clusters, sampled.strata))
    everywhere = np.inf if degrees == "normal" else clusters - strata
    df = means.clusters - means.strata if degrees == "domain" else np.full_like(means.value, everywhere)
    # Within its only cluster a group has no deviation: nothing is known of how clusters differ.
    free = (df > 0) & (means.clusters > 1)
    lower, upper, exact = intervals(
        means, np.where(free, df, 0), limits=limits if interval == "logit" else None, confidence=confidence
    )
    shape = "t_" + degrees if degrees != "normal" else degrees
    method = np.where(exact, f"korn_graubard_{shape}", f"{interval}_{shape}")
    settled = means.unseen & (sampled.complete or sampled.margins is not None)
    few = (means.clusters < FEW_CLUSTERS) & sampled.clustered
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.where(free & (settled | ~means.unseen), np.sqrt(means.variance), np.nan)
        deff = np.where(means.alike | means.unseen, np.nan, error**2 / means.spread)
        without = np.where(means.share < 1 - ROUNDING, deff / (1 - means.share), np.nan)
    table = build(
        keys,
        indicator=indicator,
        value=means.value.ravel(),
        std_error=error.ravel(),
        lower=lower.ravel(),
        upper=upper.ravel(),
        confidence=confidence,
        n=means.n.ravel(),
        definition=definition,
        basis=basis,
        method=pd.Series(method.ravel()),
        flags={
            "few": ((means.n < FEW) | few).ravel(),
            "ceiling": False if ceiling is None else (means.value >= ceiling).ravel(),
        },
        reasons={
            "no_answer": (means.n == 0).ravel(),
            "no_value": np.isnan(means.value).ravel(),
            "no_freedom": ~free.ravel(),
            "no_spread": (means.alike & ~exact).ravel(),
            "no_sampling_error": settled.ravel(),
            "clusters_alike": means.unseen.ravel(),
            "split_items": means.split.ravel(),
            "few_clusters": few.ravel(),
        },
    )
    extra = {
        "deff": deff,
        "deff_wor": without,
        "n_eff": means.n / deff,
        "df": df,
        "clusters": means.clusters,
        "strata": means.strata,
    }
    table = table.assign(**{name: numbers.ravel() for name, numbers in extra.items()}, lonely=sampled.lonely)
    return table.assign(confidence=table["confidence"].where(table["lower"].notna()))


def survey_mean(
    responses: pd.DataFrame,
    *,
    values: str | Sequence[str],
    by: str | Sequence[str] = (),
    design: Design | None = None,
    basis: Literal["sample", "volunteers", "unknown"] | None = None,
    interval: Literal["logit", "wald"] = "wald",
    degrees: Literal["domain", "design", "normal"] = "domain",
    confidence: float = 0.95,
    min_count: int = MIN_COUNT,
) -> pd.DataFrame:
    """Weighted mean or share of columns of a sample, by group, with the errors of its design.

    Parameters
    ----------
    responses : DataFrame
        One row per respondent of the whole sample: groups are chosen with `by`, never by dropping rows,
        because the clusters without such a respondent belong to the design.
    values : str or sequence of str
        Columns of numbers; a column of 0 and 1 gives a share. Missing cells are left out.
    by : str or sequence of str, default ()
        Grouping columns.
    design : Design, optional
        How respondents were drawn; a simple random sample when not given.
    basis : {"sample", "volunteers", "unknown"}, optional
        Who answered; ``sample`` where a design is given, else ``unknown``.
    interval : {"logit", "wald"}, default "wald"
        Symmetric about the mean, or on the logit scale, for columns of 0 and 1.
    degrees : {"domain", "design", "normal"}, default "domain"
        Degrees of freedom of the interval: clusters less strata with an answer in the group, those of the whole
        design, or none (normal quantile). ``method`` names the rule.
    confidence : float, default 0.95
        Two-sided level, 0-1.
    min_count : int, default 10
        Least number of respondents a number may stand for.

    Returns
    -------
    DataFrame
        `by`, ``item`` (the column), then the columns of ``tables.SURVEYED``: those of the estimates, the
        design effect against a simple random sample drawn with (``deff``) and without replacement
        (``deff_wor``; missing where weights do not add up to more than n), the number of respondents of a
        simple random sample with the same error (``n_eff``), and the degrees of freedom.
        ``numerator`` and ``denominator`` are missing: weighted counts would be taken for counts.
        Reasons: ``no_answer``, ``no_freedom`` (a single cluster), ``no_spread`` (all answers alike),
        ``clusters_alike`` (the clusters of each stratum do not differ: the error is unknown, not 0),
        ``no_sampling_error`` (everyone was asked, or the weights settle the number), and ``few_clusters``, which
        comes with an interval: under 30 clusters it can be too narrow.

    Raises
    ------
    DataError
        For a missing column, text, or a design that does not fit the table.
    ParameterError
        For an unknown word.

    Notes
    -----
    Taylor linearisation; a share of 0 or 1 has the exact limits of Korn and Graubard with the effective
    number of the weights alone, since the sample holds nothing about the design effect there. Checked against R
    survey 4.1.1 and svy 0.35 (tests/test_surveyed.py).

    References
    ----------
    Lumley (2010), Complex Surveys. Korn and Graubard (1998), Survey Methodology 24:193-201.
    """
    names, labels = listed(values), listed(by)
    who = check_options(design, basis, interval=interval, degrees=degrees, confidence=confidence)
    need_columns(responses, [*names, *labels])
    sampled = draw(responses, design)
    y = np.column_stack([column_numbers(responses, c) for c in names])
    share = interval == "logit"
    if share and not np.isin(y[~np.isnan(y)], (0.0, 1.0)).all():
        raise DataError("logit-of-no-share")
    keys, domain = label_groups(responses, labels)
    means = domain_means(y, domain, len(keys), sampled)
    table = with_errors(
        repeat_keys(keys, item=names),
        means,
        sampled,
        indicator="survey_share" if share else "survey_mean",
        definition="of_answers",
        basis=who,
        interval=interval,
        degrees=degrees,
        confidence=confidence,
        limits=(0.0, 1.0) if share else None,
        ceiling=CEILING if share else None,
    )
    return suppress_groups(table, ["item"], labels, min_count)


def check_options(design: Design | None, basis: str | None, *, interval: str, degrees: str, confidence: float) -> str:
    """Refuse unknown words; return the basis."""
    check_choice("interval", interval, ("logit", "wald"))
    check_choice("degrees", degrees, DEGREES)
    check_confidence(confidence)
    basis = basis or ("unknown" if design is None else "sample")
    check_choice("basis", basis, ("sample", "volunteers", "unknown"))
    return basis


def need_columns(responses: pd.DataFrame, columns: Sequence[str]) -> None:
    """Refuse a table without one of `columns`."""
    missing = [c for c in columns if c not in responses.columns]
    if missing:
        raise DataError("survey-column-missing", where="responses", missing=", ".join(map(str, missing)))


def repeat_keys(keys: pd.DataFrame, **columns: Sequence[str]) -> pd.DataFrame:
    """Return each row of `keys` once for each row of `columns`."""
    size = len(next(iter(columns.values())))
    out = keys.loc[keys.index.repeat(size)].reset_index(drop=True)
    return out.assign(**{name: pd.array(list(words) * len(keys), dtype="str") for name, words in columns.items()})


def suppress_groups(table: pd.DataFrame, each: list[str], labels: list[str], min_count: int) -> pd.DataFrame:
    """Hide rows about fewer than `min_count` people; the totals over each of `labels` count as published too."""
    totals = [[*each, *(c for c in labels if c != gone)] for gone in labels] or [each]
    return suppress(
        table,
        hide=["value", "std_error", "lower", "upper", "n", "deff", "deff_wor", "n_eff", "df", "clusters", "strata"],
        totals=totals,
        min_count=min_count,
    )
