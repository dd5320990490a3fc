"""Samples: how they were drawn, how many to ask, and means and shares of their answers with the errors of the draw.

Variances come from Taylor linearisation, as in the R package survey: a linearised variable holds, row by row, what a
respondent adds to an estimate (weight × deviation / sum of weights for a mean), and the variance of the estimate is
that of its total under the design.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse, special

from dvresearch.errors import DataError, ParameterError, check_choice, refuse_rows
from dvresearch.metrics.counts import clopper_pearson, z_value
from dvresearch.metrics.estimates import CEILING, FEW, Floats, build, check_confidence, column_numbers, label_groups
from dvresearch.privacy import MIN_COUNT, suppress

__all__ = ["Design", "sample_size", "survey_mean"]

Codes = NDArray[np.intp]
Bools = NDArray[np.bool_]
Columns = str | Sequence[str]

#: What to do with a stratum from which a single cluster was drawn, see :class:`Design`.
LONELY = ("adjust", "average", "certainty", "refuse")
#: Rules for the degrees of freedom of an interval, see :func:`survey_mean`.
DEGREES = ("domain", "design", "normal")
#: Clusters below which a 95 % interval can cover less than it says (benchmarks/coverage.py): flagged ``few``.
FEW_CLUSTERS = 30
#: Relative size below which a difference is left over from adding up.
ROUNDING = 1e-12
#: Variance, relative to that of a simple random sample, up to which a design has shown none: where all clusters of
#: each stratum agree, or none has a second one to be compared with, only rounding is left of it.
UNSEEN = 1e-6


# --- how respondents were drawn ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Design:
    """How respondents were drawn: the columns that say so.

    Without any of them: a simple random sample, everyone with the same chance.

    Parameters
    ----------
    strata : str or sequence of str, default ()
        Columns whose combinations are the strata of the first stage. For samples of several years, one
        drawn apart from the other, the year is one of them.
    clusters : str or sequence of str, default ()
        The units drawn at each stage, first stage first (districts, then communes). Labels may repeat
        from stratum to stratum. Without them respondents were drawn directly.
    weights : str, optional
        Column of weights, proportional to one over the chance to be drawn. Without it everyone weighs
        one, or as `fpc` says.
    fpc : str or sequence of str, default ()
        For each stage, how many units there are to draw from (in the stratum, then in the cluster), or the
        share of them that was drawn (0-1). One more than `clusters` when the last stage draws respondents.
    stages : int, optional
        How many stages count in the variance: as many as have an `fpc`, but at least one, when not given. With 1 and no
        `fpc` clusters count as drawn with replacement, which is on the safe side.
    lonely : {"adjust", "average", "certainty", "refuse"}, default "adjust"
        A stratum with a single cluster has no variance of its own. ``adjust`` measures its distance from the
        mean of all clusters (too large rather than too small), ``average`` gives it the mean variance of
        the other strata, ``certainty`` none, ``refuse`` raises an error. A group all of whose clusters are alone in
        their strata has no interval under any of them (``no_freedom``; R survey gives one).
    margins : sequence of (str or sequence of str), default ()
        What the weights were fitted to (:func:`dvresearch.metrics.calibrate`): columns whose totals are known.
        A sequence stands for the combinations of its columns. The variance then is that of the
        residuals from these margins.
    """

    strata: Columns = ()
    clusters: Columns = ()
    weights: str | None = None
    fpc: Columns = ()
    stages: int | None = None
    lonely: Literal["adjust", "average", "certainty", "refuse"] = "adjust"
    margins: Sequence[Columns] = field(default=())

    def __post_init__(self) -> None:
        check_choice("lonely", self.lonely, LONELY)
        known, clusters = len(listed(self.fpc)), len(listed(self.clusters))
        if known > clusters + 1 or not 1 <= (self.stages or 1) <= max(clusters, known, 1):
            got = f"clusters={listed(self.clusters)}, fpc={listed(self.fpc)}, stages={self.stages}"
            raise ParameterError("stages-of-the-draw-do-not-match", got=got)

    @property
    def columns(self) -> list[str]:
        """Every column the design names, once."""
        margins = [c for m in self.margins for c in listed(m)]
        named = [*listed(self.strata), *listed(self.clusters), *listed(self.weights or ()), *listed(self.fpc), *margins]
        return list(dict.fromkeys(named))


def listed(columns: Columns) -> list[str]:
    """Return one column or several as a list."""
    return [columns] if isinstance(columns, str) else list(columns)


@dataclass(frozen=True)
class Draw:
    """A design read from a table, row by row.

    Parameters
    ----------
    weights : array of float
        Weight of each row, 0 or more.
    strata, clusters : array of int
        Stratum and first-stage unit of each row.
    between, pooled : sparse array, units × rows
        What makes variances: with z a linearised variable they are ``Σ(between @ z)² - Σ(pooled @ z)²``. The first adds
        up units (clusters, or respondents), the second all units of a stratum or of a cluster of the stage before.
    lonely : str
        The rule that was needed for strata with a single cluster, ``""`` when there was none.
    clustered : bool
        Whether clusters, rather than respondents, were drawn first.
    margins : list of array of int
        Categories of each margin the weights were fitted to, row by row.
    """

    weights: Floats
    strata: Codes
    clusters: Codes
    between: sparse.csr_array
    pooled: sparse.csr_array
    lonely: str
    clustered: bool
    margins: list[Codes]

    @property
    def complete(self) -> bool:
        """Whether every unit was drawn, so that no stage leaves anything to chance."""
        return not self.lonely and not self.between.data.any()

    def totals(self, z: sparse.csr_array) -> tuple[sparse.csr_array, sparse.csr_array]:
        """Return both kinds of totals of linearised variables (rows × columns), margins taken out."""
        sums = self.between @ z, self.pooled @ z
        if not self.margins:
            return sums
        # Raking takes residuals from the unweighted fit, one margin from the weighted one, as the R package survey
        # does: the difference vanishes as samples grow, and the numbers can be compared.
        w = self.weights
        x = sparse.vstack([adding(m) for m in self.margins]).T.toarray()
        fitted = x * ((w > 0) if len(self.margins) > 1 else w)[:, None]
        inverse = np.divide(1, w, out=np.zeros_like(w), where=w > 0)
        slopes = np.linalg.pinv(x.T @ fitted) @ ((fitted * inverse[:, None]).T @ z)
        between, pooled = (m @ (w[:, None] * x) @ slopes for m in (self.between, self.pooled))
        return sparse.csr_array(sums[0] - between), sparse.csr_array(sums[1] - pooled)

    def variance(self, z: sparse.csr_array) -> Floats:
        """Variance of the sum of each column of linearised variables."""
        between, pooled = (np.asarray(t.power(2).sum(axis=0)) for t in self.totals(z))
        return np.maximum(between - pooled, 0)

    def covariance(self, z: sparse.csr_array | Floats) -> Floats:
        """Covariance matrix of the sums of the columns."""
        between, pooled = self.totals(sparse.csr_array(z))
        return (between.T @ between - pooled.T @ pooled).toarray()


def draw(table: pd.DataFrame, design: Design | None) -> Draw:
    """Read the columns of a design.

    Parameters
    ----------
    table : DataFrame
        One row per respondent.
    design : Design, optional
        None for a simple random sample.

    Raises
    ------
    DataError
        For a missing column, a row without stratum, cluster or weight, a negative weight, a population
        smaller than its sample, or a lonely cluster that is to be refused.
    """
    design = design or Design()
    missing = [c for c in design.columns if c not in table.columns]
    if missing:
        raise DataError("design-column-missing", got=", ".join(map(str, table.columns)), missing=", ".join(missing))
    if not len(table):
        raise DataError("table-has-no-row")
    clusters, known = listed(design.clusters), listed(design.fpc)
    for column in [c for c in design.columns if c not in (design.weights, *known)]:
        _refuse("design-label-missing", table[column].isna().to_numpy(), column, lambda _: "")
    rows, every = np.arange(len(table)), np.ones(len(table))
    strata = _numbered(0 * rows, *(table[c].array for c in listed(design.strata)))
    wanted = design.stages or max(len(known), 1)
    cell, units, stages, lonely, chance, selected = strata, [], [], "", every, every
    for k in range(max(wanted, len(known))):
        unit = _numbered(cell, table[clusters[k]].array) if k < len(clusters) else rows
        drawn = pd.Series(unit).groupby(cell).transform("nunique").to_numpy(dtype=np.float64)
        share = _share_drawn(table, known[k], cell, drawn) if k < len(known) else 0 * every
        left = chance * (1 - share)
        alone = (drawn == 1) & (left > 0)
        if k < wanted:
            stages.append(_stage(cell, unit, drawn, left, alone, design.lonely))
            lonely = design.lonely if alone.any() else lonely
        chance, selected = chance * share, selected * share if k < len(known) else selected
        units.append(unit)
        cell = unit
    weights = 1 / selected if design.weights is None else column_numbers(table, design.weights)
    wrong = ~(np.isfinite(weights) & (weights >= 0))
    _refuse("weight-missing-or-negative", wrong, design.weights, lambda at: weights[at])
    if not weights.any():
        raise DataError("all-weights-are-zero", where=f"cột/column {design.weights}")
    return Draw(
        weights=weights,
        strata=strata,
        clusters=units[0],
        between=sparse.vstack([between for between, _ in stages], format="csr"),
        pooled=sparse.vstack([pooled for _, pooled in stages], format="csr"),
        lonely=lonely,
        clustered=bool(clusters),
        margins=[_numbered(*(table[c].array for c in listed(m))) for m in design.margins],
    )


def _refuse(code: str, wrong: Bools, column: str | None, got: Callable[[int], object]) -> None:
    """Refuse a table with wrong cells in a column of the design; `got` shows the one in a position."""
    rows = (np.flatnonzero(wrong) + 1).tolist()
    refuse_rows(rows, code, where="responses", column=column, got=lambda row: got(int(str(row)) - 1))


def _numbered(*labels: Any) -> Codes:
    """Number the combinations of labels, row by row."""
    return pd.DataFrame(dict(enumerate(labels))).groupby([*range(len(labels))], sort=False).ngroup().to_numpy()


def _share_drawn(table: pd.DataFrame, column: str, cell: Codes, drawn: Floats) -> Floats:
    """Return for each row which share of its cell was drawn."""
    fpc = column_numbers(table, column)
    share = fpc if (fpc <= 1).all() else drawn / fpc
    first = pd.Series(fpc).groupby(cell).transform("first").to_numpy()
    wrong = ~((fpc == first) & (share > 0) & (share <= 1))
    _refuse("population-unlike-the-sample", wrong, column, lambda at: f"{fpc[at]:.15g} / {drawn[at]:.0f}")
    return share


def _stage(
    cell: Codes, unit: Codes, drawn: Floats, left: Floats, alone: Bools, lonely: str
) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Return what adds up the units of one stage and those of each cell, scaled for the variance (:class:`Draw`).

    `left` is the share that was not drawn, times the chance of what it is part of.
    """
    cells, singles = len(np.unique(cell)), len(np.unique(cell[alone]))
    if singles and lonely == "refuse":
        raise DataError("stratum-of-one-cluster", got=f"{singles} / {cells}")
    factor = left * drawn / np.maximum(drawn - 1, 1)
    if singles and lonely == "average":
        factor = factor * cells / max(cells - singles, 1)
    # The totals of all clusters add up to zero, so the distance of a lonely one from their mean is its total.
    between = np.where(alone, left if lonely == "adjust" else 0.0, factor)
    return adding(unit, np.sqrt(between)), adding(cell, np.sqrt(np.where(alone, 0.0, factor / drawn)))


def adding(codes: Codes, scale: Floats | None = None, size: int | None = None) -> sparse.csr_array:
    """Return the matrix that adds up the rows of each code."""
    rows = np.arange(len(codes))
    values = np.ones(len(codes)) if scale is None else scale
    return sparse.csr_array((values, (codes, rows)), shape=(size or codes.max() + 1, len(codes)))


# --- means and what their intervals need ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Means:
    """Weighted means by domain (rows) and column.

    ``n`` are the respondents behind a mean, ``split`` the composites of which nobody answered every column;
    ``answered`` and ``linear`` hold, row by row, who counts and the linearised variable.
    """

    value: Floats
    n: Floats
    split: Bools
    answered: Bools
    linear: Floats


def apart(z: Floats | Bools, domain: Codes, domains: int) -> sparse.csr_array:
    """Return values (rows × columns) with a copy of each column for every domain, empty outside of it."""
    rows, columns = z.shape
    at = domain[:, None] * columns + np.arange(columns)
    return sparse.csr_array((z.ravel(), at.ravel(), columns * np.arange(rows + 1)), shape=(rows, domains * columns))


def domain_means(y: Floats, domain: Codes, domains: int, sampled: Draw, combine: Floats | None = None) -> Means:
    """Weighted mean of each column within each domain, missing values left out.

    Parameters
    ----------
    y : array of float, rows × columns
        NaN where there is no answer.
    domain : array of int
        Domain of each row. Outside its domain a row counts as 0, and clusters without such a row do too.
    domains : int
        How many there are.
    sampled : Draw
        The design.
    combine : array of float, columns × composites, optional
        Composites are appended as further columns: weighted sums of the means. Their ``n`` is the
        smallest of those of their columns.
    """
    w, inside = sampled.weights[:, None], adding(domain, size=domains)
    answered = ~np.isnan(y) & (w > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        total = inside @ (answered * w)
        value = inside @ (answered * w * np.nan_to_num(y)) / total
        linear = np.where(answered, w * (y - value[domain]) / total[domain], 0.0)
    n = inside @ answered.astype(np.float64)
    split = np.zeros(n.shape, dtype=bool)
    if combine is not None:
        part = combine != 0
        given = answered.astype(np.float64) @ part
        # A column without answers spoils the composites it is part of, and no other.
        of = np.where(np.isnan(value) @ part, np.nan, np.nan_to_num(value) @ combine)
        value, linear = np.hstack([value, of]), np.hstack([linear, linear @ combine])
        n = np.hstack([n, np.where(part, n[:, :, None], np.inf).min(axis=1)])
        split = np.hstack([split, inside @ (given == part.sum(axis=0)).astype(np.float64) == 0])
        answered = np.hstack([answered, given > 0])
    return Means(value, n, split, answered, linear)


def kish(weights: Floats) -> float:
    """Design effect of unequal weights alone: ``n Σw² / (Σw)²`` over the positive ones (Kish 1965)."""
    used = weights[weights > 0]
    return float(len(used) * (used**2).sum() / used.sum() ** 2)


def t_value(confidence: float, df: Floats) -> Floats:
    """Two-sided quantile of Student's t, the normal one for infinitely many degrees, NaN for none."""
    return special.stdtrit(np.asarray(df, dtype=np.float64), (1 + confidence) / 2)


def estimated(
    responses: pd.DataFrame,
    y: Floats,
    each: Mapping[str, list[str]],
    *,
    by: Columns,
    design: Design | None,
    basis: Any,
    interval: str,
    degrees: str,
    confidence: float,
    min_count: int,
    indicator: str,
    definition: list[str],
    ends: tuple[float, float] | None,
    combine: Floats | None = None,
) -> pd.DataFrame:
    """Return the estimates of columns of numbers, a row per group and column.

    Parameters
    ----------
    responses, by, design, basis, interval, degrees, confidence, min_count
        As for :func:`survey_mean`.
    y : array of float, respondents × columns
        The numbers, NaN where there is none.
    each : mapping of str to list of str
        The labels of the columns, composites last.
    indicator : str
        What is measured.
    definition : list of str
        The definition of each column.
    ends : tuple of float, optional
        The least and the largest possible mean; needed for logit intervals. From 95 % of the largest on a row is
        flagged ``ceiling``.
    combine : array of float, optional
        As for :func:`domain_means`.
    """
    check_choice("interval", interval, ("logit", "wald"))
    check_choice("degrees", degrees, DEGREES)
    check_confidence(confidence)
    basis = basis or ("unknown" if design is None else "sample")
    check_choice("basis", basis, ("sample", "volunteers", "unknown"))
    need_columns(responses, listed(by))
    sampled = draw(responses, design)
    keys, domain = label_groups(responses, listed(by))
    means = domain_means(y, domain, len(keys), sampled, combine)
    value, n, w = means.value.ravel(), means.n.ravel(), sampled.weights[:, None]

    def summed(rows: Floats) -> Floats:
        return (adding(domain, size=len(keys)) @ rows).ravel()

    weighted, used = means.answered * w, summed(means.answered.astype(np.float64))
    total, answered = summed(weighted), apart(means.answered, domain, len(keys))
    clusters, strata = (
        np.asarray((adding(units) @ answered > 0).sum(axis=0), dtype=np.float64)
        for units in (sampled.clusters, sampled.strata)
    )
    drawn, layers = (len(np.unique(units[w[:, 0] > 0])) for units in (sampled.clusters, sampled.strata))
    everywhere = np.inf if degrees == "normal" else drawn - layers
    df = clusters - strata if degrees == "domain" else np.full_like(value, everywhere)
    # Within its only cluster a group has no deviation, and where it has one cluster in each of its strata, what is done
    # about lonely ones is all that is left: nothing is known of how clusters differ.
    free = (df > 0) & (clusters > (strata if sampled.lonely else 1))
    few = (clusters < FEW_CLUSTERS) & sampled.clustered
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = sampled.variance(apart(means.linear, domain, len(keys)))
        # What the variance would be in a simple random sample of n drawn with replacement.
        squares = summed(np.divide(means.linear**2, w, out=np.zeros_like(means.linear), where=w > 0))
        spread = total * squares / (used - 1)
        # All answers are the same (to each item, of a composite), or there is one at most.
        alike = ~(spread > (ROUNDING * value) ** 2)
        # Answers differ, but the design shows no error: what looks like certainty is not to be told as such, unless
        # there is nothing left to chance.
        unseen = ~alike & (variance <= UNSEEN * spread)
        settled = unseen & (sampled.complete or bool(sampled.margins))
        error = np.where(free & ~np.isnan(value) & (settled | ~unseen), np.sqrt(variance), np.nan)
        deff = np.where(alike | unseen, np.nan, error**2 / spread)
        # Weights scaled to n add up to it but for rounding, which must not be taken for people who were not asked.
        share = used / total
        without = np.where(share < 1 - UNSEEN, deff / (1 - share), np.nan)
        t = t_value(confidence, np.where(free, df, 0))
        half, exact = t * np.where(alike | unseen, np.nan, error), np.zeros_like(alike)
        lower, upper = value - half, value + half
        if interval == "logit" and ends:
            low, width = ends[0], ends[1] - ends[0]
            p = (value - low) / width
            centre, half = special.logit(p), half / width / (p * (1 - p))
            lower, upper = (low + width * special.expit(centre + sign * half) for sign in (-1, 1))
            end = np.round(p)  # a mean of items that are all 1 can be a hair off 1
            exact = alike & (np.abs(p - end) < ROUNDING) & (ends == (0.0, 1.0)) & ~np.isnan(t)
            unequal = used * summed(weighted**2) / total**2
            size = np.where(n > 1, n / unequal * np.minimum((t_value(confidence, n - 1) / t) ** 2, 1), n)
            at_end = clopper_pearson(end * size, size, confidence)
            lower, upper = np.where(exact, at_end[0], lower), np.where(exact, at_end[1], upper)
    rule = "t_" + degrees if degrees != "normal" else degrees
    table = build(
        repeat_keys(keys, **each),
        indicator=indicator,
        value=value,
        std_error=error,
        lower=lower,
        upper=upper,
        confidence=confidence,
        n=n,
        definition=pd.Series(definition * len(keys)),
        basis=basis,
        method=pd.Series(np.where(exact, f"korn_graubard_{rule}", f"{interval}_{rule}")),
        flags={"few": (n < FEW) | few, "ceiling": value >= CEILING * (ends[1] if ends else np.inf)},
        reasons={
            "no_answer": n == 0,
            "no_value": np.isnan(value),
            "no_freedom": ~free,
            "no_spread": alike & ~exact,
            "no_sampling_error": settled,
            "clusters_alike": unseen,
            "split_items": means.split.ravel(),
            "few_clusters": few,
        },
    )
    extra = {"deff": deff, "deff_wor": without, "n_eff": n / deff, "df": df, "clusters": clusters, "strata": strata}
    table = table.assign(**extra, lonely=sampled.lonely)
    table["confidence"] = table["confidence"].where(table["lower"].notna())
    totals = [[*each, *(c for c in keys if c != gone)] for gone in keys] or [[*each]]
    hide = ["value", "std_error", "lower", "upper", "n", *extra]
    return suppress(table, hide=hide, totals=totals, min_count=min_count)


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
        Reasons: ``no_answer``, ``no_freedom`` (a single cluster, or one in each stratum), ``no_spread`` (all answers
        alike), ``clusters_alike`` (the clusters of each stratum do not differ: the error is unknown, not 0),
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
    names, share = listed(values), interval == "logit"
    need_columns(responses, names)
    y = np.column_stack([column_numbers(responses, c) for c in names])
    if share and not np.isin(y[~np.isnan(y)], (0.0, 1.0)).all():
        raise DataError("logit-of-no-share")
    return estimated(
        responses,
        y,
        {"item": names},
        by=by,
        design=design,
        basis=basis,
        interval=interval,
        degrees=degrees,
        confidence=confidence,
        min_count=min_count,
        indicator="survey_share" if share else "survey_mean",
        definition=["of_answers"] * len(names),
        ends=(0.0, 1.0) if share else None,
    )


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


# --- how many to ask -------------------------------------------------------------------------------------------------


def sample_size(
    population: float | Sequence[float],
    *,
    margin: float = 0.05,
    share: float = 0.5,
    deff: float = 1.0,
    response: float = 1.0,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Number of respondents for an interval of a share, beside that of the official formula.

    Parameters
    ----------
    population : number or sequence of numbers
        People the sample is to stand for, N: one province, or several.
    margin : float, default 0.05
        Half the width of the interval wished for, as a share (0-1): 0.05 for ± 5 percentage points.
    share : float, default 0.5
        Share expected, 0-1; 0.5 needs the most respondents.
    deff : float, default 1
        Planned design effect: 1 for a simple random sample, 1.5 to 3 where people of one commune resemble each
        other or weights differ.
    response : float, default 1
        Share of those asked who will answer, 0-1.
    confidence : float, default 0.95
        Two-sided level, 0-1.

    Returns
    -------
    DataFrame
        For each population: ``official_n``, ``N/(1 + N·e²)``; ``official_margin``, the half width that number
        of answers really gives; ``n``, the answers needed for `margin`; ``to_ask``, those divided by `response`.
        Numbers of people are rounded up.

    Raises
    ------
    ParameterError
        For a number outside its range.

    Notes
    -----
    ``n = m/(1 + (m - 1)/N)`` with ``m = deff·z²·p(1 - p)/e²``. The official formula (QĐ 1383/QĐ-BNV
    with e = 5 %, after Yamane 1967) is nearly this with p = 0.5, z = 2 and deff = 1: it leaves no room for
    clusters, unequal weights or people who do not answer. Checked against statsmodels (tests/test_sample_size.py).

    Examples
    --------
    >>> sample_size(1_000_000, deff=2, response=0.8)[["official_n", "official_margin", "n", "to_ask"]].round(3)
       official_n  official_margin    n  to_ask
    0         400            0.069  768     960
    """
    check_confidence(confidence)
    sizes = [float(n) for n in (population if isinstance(population, Sequence) else [population])]
    bad = {
        "population": not all(1 <= n < math.inf for n in sizes),
        "margin": not 0 < margin < 1,
        "share": not 0 < share < 1,
        "deff": not 0 < deff < math.inf,
        "response": not 0 < response <= 1,
    }
    wrong = [name for name, is_wrong in bad.items() if is_wrong]
    if wrong:
        got = f"population={population!r}, margin={margin}, share={share}, deff={deff}, response={response}"
        raise ParameterError("sample-size-out-of-range", got=got, names=", ".join(wrong))
    z, spread = z_value(confidence), share * (1 - share)
    rows = []
    for size in sizes:
        official = _up(size / (1 + size * margin**2))
        wanted = deff * z**2 * spread / margin**2
        n = _up(min(wanted / (1 + (wanted - 1) / size), size))
        left = max(1 - (official - 1) / max(size - 1, 1), 0)
        rows.append((size, official, z * math.sqrt(deff * spread / official * left), n, _up(n / response)))
    return pd.DataFrame(rows, columns=["population", "official_n", "official_margin", "n", "to_ask"])


def _up(number: float) -> int:
    """Round up, but not for an excess of rounding errors."""
    return math.ceil(round(number, 9))
