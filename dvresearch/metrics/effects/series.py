"""One place only: an interrupted time series, with its own rules of when it says something."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from numbers import Real
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.polynomial.polynomial import polyval
from scipy import special
from scipy.linalg import matmul_toeplitz

from dvresearch.errors import DataError, ParameterError, Text, check_choice, refuse_cells
from dvresearch.metrics import findings
from dvresearch.metrics.effects.sample import check_columns, read_periods, read_written, refuse_twice
from dvresearch.metrics.estimates import Floats, build, check_confidence, check_whole, column_numbers
from dvresearch.metrics.findings import Finding, graded, untested
from dvresearch.tables import Column, Table, check
from dvresearch.text import period as read_period

__all__ = ["Interruption", "interrupted_series", "series_findings"]

#: Periods on each side below which the answer is weak (Penfold and Zhang 2013, Academic Pediatrics 13:S38).
ENOUGH = 8
#: Periods on each side, and periods left over by the terms, below which nothing is estimated (the rule of Cochrane EPOC
#: for including a series).
LEAST = 3
#: Whole cycles before the start that a season needs.
CYCLES = 2
_SMALL = 0.05
#: Distances from the model, as a share of the values, that are nothing but rounding in the computer.
_ROUNDING = 1e-9
#: Highest autocorrelation allowed for: beyond it a series is as good as a random walk.
_MOST = 0.95
#: Months in the periods of the calendar; those named by a day last until the next day named.
_MONTHS = {"month": 1, "quarter": 3, "half": 6, "year": 12, "day": 0}


@dataclass(frozen=True)
class Interruption:
    """What was measured, since when the model runs, and which form its link may take.

    Parameters
    ----------
    outcome : str
        Column of the outcome: counts for ``quasipoisson``, any number for ``linear``.
    start : number, date or period
        First period with the model, or a day in it: ``2024-03``, ``15/03/2024`` (day/month/year), a Timestamp, a
        Period; a whole number where periods are whole numbers. A year in a series of months is refused.
    period : str, default "period"
        Column of the period: whole numbers (202403 is a month, 20241 a quarter), periods of pandas or as tables write
        them (``2024-03``, ``2024-Q1``), or dates. Dates of which no month has two are months (quarters or years when
        they lie that far apart); other dates stand for the days from each to the next.
    exposure : str, optional
        Column a count is measured against (dossiers received, population). Counts only.
    family : {"quasipoisson", "linear"}, default "quasipoisson"
        Log-linear model of a count, or linear model of a number.
    change : {"both", "level", "slope"}, default "both"
        What may change at the start: the level, the slope, or both.
    season : int or "indicators", default 0
        Pairs of sine and cosine terms, 0 for none; or ``"indicators"``: a term of its own for every period of the cycle
        but the first (eleven month terms), which takes more periods and supposes nothing about the shape.
    cycle : int, default 12
        Periods in a season: 12 for months, 4 for quarters.
    group : str, optional
        Column that tells the place with the model from a comparison place.
    of : str, optional
        The label of the place with the model in `group`.
    transition : int, default 0
        Periods from the start on that are left out, while the model is being set up.
    """

    outcome: str
    start: Any
    period: str = "period"
    exposure: str | None = None
    family: Literal["quasipoisson", "linear"] = "quasipoisson"
    change: Literal["both", "level", "slope"] = "both"
    season: int | Literal["indicators"] = 0
    cycle: int = 12
    group: str | None = None
    of: str | None = None
    transition: int = 0

    def __post_init__(self) -> None:
        check_choice("family", self.family, ("quasipoisson", "linear"))
        check_choice("change", self.change, ("both", "level", "slope"))
        for name in ("cycle", "transition", *(() if self.season == "indicators" else ("season",))):
            check_whole(name, getattr(self, name))
        wrong = {
            "outcome": not isinstance(self.outcome, str),
            "period": not isinstance(self.period, str),
            "group": not isinstance(self.group, str | None),
            "exposure": self.exposure is not None and (self.family == "linear" or not isinstance(self.exposure, str)),
            "season": self.cycle < 2 if self.season == "indicators" else not 2 * self.season < self.cycle,
            "of": (self.group is None) != (self.of is None),
        }
        for name, bad in wrong.items():
            if bad:
                raise ParameterError("interruption-does-not-fit", got=f"{name}={getattr(self, name)!r}", name=name)


def interrupted_series(
    table: pd.DataFrame,
    interruption: Interruption,
    *,
    errors: Literal["newey_west", "model"] = "newey_west",
    lags: int | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Change of a series at the start of a model, in level and slope, over what its own trend and season predict.

    Parameters
    ----------
    table : DataFrame
        One row per period, and per place when there is a comparison place.
    interruption : Interruption
        The columns, the start and the form of the model.
    errors : {"newey_west", "model"}, default "newey_west"
        Errors that allow for autocorrelation (Student's t, see Notes), or those of the model itself (normal quantile;
        for counts with the Pearson dispersion, as in R; two places as if nothing hit them together).
    lags : int, optional
        Lags of Newey-West, fewer than there are periods. When not given, ``floor(4·(T/100)^(2/9))``, and errors are
        never below those of a first-order autoregression.
    confidence : float, default 0.95
        Two-sided level, 0-1.

    Returns
    -------
    DataFrame
        ``outcome`` (its column) and ``term``, then the columns of ``tables.ESTIMATES``. Terms are ``average`` (over the
        periods since the start), ``level`` and ``slope`` as far as `change` asks for them, and ``trend`` of the place
        before the start; with a comparison place the first three are differences from its change. Counts give ratios (1
        is no change), with ``std_error`` by the delta method and limits from the log scale; numbers give differences.
        ``n`` is the number of rows used. A series that allows no estimate has no value, only the reason:
        ``no_variation`` (the outcome, or the rate, of a place never changes), ``exact_fit`` (it, or what sets it apart
        from the comparison, lies on the line of the model, which leaves no error), ``only_zeros`` (a stretch of zero
        counts, so that no finite ratio is the most likely), else ``not_estimable``; :func:`series_findings` says more.

    Raises
    ------
    DataError
        For a missing column, an empty cell in the columns of the period and the place, periods of different length,
        text, a negative count, an exposure of 0, a period twice, or a start outside the series.
    ParameterError
        For an unknown word or label, a start that is no period and no day or longer than a period, lags below 0, or as
        many lags as periods.

    Notes
    -----
    ``g(E y) = a + b·t + level·D + slope·D·t + season (+ log exposure)``, D = 1 from the start (t = 0) on; with a
    comparison place every term but the season also by place. A change at the start is not yet an effect: whatever else
    happened then is in it.

    ``level`` is the change in the first period with the model. Where ``slope`` counts the periods since the start from
    1 (common in textbooks) the level is told one period earlier: theirs is this one less the slope (a ratio divided by
    the slope's). Newey-West errors have the factor ``√(n/(n - k))`` for n rows and k terms, as in statsmodels and
    ``vcovHAC`` of R sandwich; ``NeweyWest`` of sandwich and ``xtscc`` of Stata leave it out unless told otherwise.

    Errors are Newey-West, of two places Driscoll and Kraay, which allow the places to be hit together. In short series
    both come out too small, so they are never below ``(X'WX)⁻¹ X'W^½ Ω W^½X (X'WX)⁻¹`` with the covariance of two
    places in a period in ``Ω``: of a linear change against a comparison this is the error of the difference of the two
    series. Without `lags`, periods are also taken to follow each other as ``ρ^distance``; ρ is where the
    autocorrelation expected of the residuals, which fitting lowers, is the one seen.

    Checked against R 4.2.2 ``glm`` on the Sicilian smoking ban of Lopez Bernal, Cummins and Gasparrini (2017),
    validation case ``its_sicily`` (tests/test_series.py).
    """
    check_choice("errors", errors, ("newey_west", "model"))
    check_confidence(confidence)
    series = _read(table, interruption)
    if lags is not None:
        check_whole("lags", lags)
        if lags > (most := series.periods - 1):
            default = _default_lags(series.periods)
            raise ParameterError("lags-not-fewer-than-periods", got=f"lags={lags!r}", most=most, default=default)
    contrasts = series.contrasts()
    failed = {f["check"] for f in series.feasible() if f["verdict"] == "fail"}
    reason = series.unvaried() if failed == {"series_variation"} else "not_estimable"
    value = error = np.full(len(contrasts), np.nan)
    if not failed:
        value, error = contrasts.to_numpy() @ series.fitted.params, series.errors(contrasts, errors, lags)
    tail = (1 + confidence) / 2
    quantile = special.ndtri(tail) if errors == "model" else special.stdtrit(series.spare, tail)
    lower, upper = value - quantile * error, value + quantile * error
    counts = interruption.family == "quasipoisson"
    if counts:
        value, lower, upper = np.exp([value, lower, upper])
        error = value * error
    return build(
        pd.DataFrame({"outcome": interruption.outcome, "term": contrasts.index}),
        indicator="series_change_ratio" if counts else "series_change",
        value=value,
        std_error=error,
        lower=lower,
        upper=upper,
        confidence=confidence,
        n=len(series.y),
        definition="counterfactual_trend_compared" if series.compared else "counterfactual_trend",
        basis="census",
        method=f"its_{interruption.family}_{errors}",
        reasons={reason: np.isnan(value)},
    )


def series_findings(table: pd.DataFrame, interruption: Interruption) -> pd.DataFrame:
    """Say whether a series allows an estimate, and what speaks against believing it.

    Parameters
    ----------
    table, interruption
        As for :func:`interrupted_series`.

    Returns
    -------
    DataFrame
        Findings. Before any estimate: ``series_before`` and ``series_after`` (periods on each side: ``fail`` below 3,
        ``review`` below 8), ``series_gaps`` (missing periods), ``series_season`` (whole cycles before the start),
        ``series_terms`` (more periods than terms), ``series_variation`` (not constant, not exactly on the line of the
        model, no stretch of zero counts that leaves the ratio without limit), ``series_comparison`` (a comparison
        place). Where none of them fails: ``series_autocorrelation`` (Ljung-Box of the residuals), and
        ``series_placebo``, the change at a start moved to the middle of the periods before, where there must be none.

    Raises
    ------
    DataError, ParameterError
        As :func:`interrupted_series`.
    """
    series = _read(table, interruption)
    found = list(series.feasible())
    if all(f["verdict"] != "fail" for f in found):
        found += [series.autocorrelated(), series.placebo()]
    return findings.table(found).assign(where=str(interruption.of or ""))


class _Series:
    """A series, its terms and its fit: `t` counts periods from the start, `treated` marks the place with the model."""

    def __init__(self, rows: pd.DataFrame, design: Interruption, *, compared: bool) -> None:
        self.rows, self.design, self.compared = rows, design, compared
        self.y, self.exposure, self.t, self.treated = rows[["y", "exposure", "t", "treated"]].to_numpy().T
        self.places = [self.treated == place for place in np.unique(self.treated)]
        self.periods = rows["t"].nunique()
        own, other = (np.flatnonzero(self.treated == place) for place in (1, 0))
        _, i, j = np.intersect1d(self.t[own], self.t[other], return_indices=True)
        # The rows of the place with the model, and of the other, in the periods that both have.
        self.own, self.other = own[i], other[j]
        terms = self._terms()
        self.names, self.x = list(terms), terms.to_numpy()
        # The terms of one place: all of them, or with two places those that may differ between the two.
        self.free = self.x[:, [not compared or f"{name}:treated" in terms for name in terms]]
        # How many periods more than terms there are, at the place that has fewer periods.
        self.spare = min((here.sum() for here in self.places), default=0) - sum(":" not in name for name in terms)

    def _terms(self) -> pd.DataFrame:
        t, after, design = self.rows["t"], (self.rows["t"] >= 0).astype(np.float64), self.design
        terms = pd.DataFrame({"const": 1.0, "t": t, "level": after, "slope": after * t})
        terms = terms.drop(columns={"level": "slope", "slope": "level", "both": []}[design.change])
        if self.compared:
            terms = terms.join(terms.mul(self.treated, axis=0).add_suffix(":treated"))
        if design.season == "indicators":
            return terms.assign(**{f"place{k}": 1.0 * (t % design.cycle == k) for k in range(1, design.cycle)})
        for k in range(1, design.season + 1):
            turn = 2 * np.pi * k * t / design.cycle
            terms = terms.assign(**{f"sin{k}": np.sin(turn), f"cos{k}": np.cos(turn)})
        return terms

    def contrasts(self) -> pd.DataFrame:
        """Return the changes asked for and the trend, a row each, as what they weigh the terms."""
        after, suffix = self.t[(self.t >= 0) & (self.treated == 1)], ":treated" if self.compared else ""
        rows = {"average": {f"level{suffix}": 1.0, f"slope{suffix}": after.sum() / max(len(after), 1)}}
        rows |= {name: {f"{name}{suffix}": 1.0} for name in ("level", "slope") if self.design.change in ("both", name)}
        rows["trend"] = {"t": 1.0, "t:treated": 1.0}
        return pd.DataFrame([*rows.values()], [*rows]).reindex(columns=self.names).fillna(0.0)

    def feasible(self) -> Iterator[Finding]:
        """Say whether the series allows an estimate."""
        own = self.t[self.treated == 1]
        for code, n in (("series_before", (own < 0).sum()), ("series_after", (own >= 0).sum())):
            verdict = "fail" if n < LEAST else "review" if n < ENOUGH else "pass"
            yield graded(code, verdict, computed=str(n), stated=str(ENOUGH))
        missing = 0
        for t in (self.t[here] for here in self.places):
            missing += len(np.setdiff1d(np.arange(t.min(), t.max()), [*t, *range(self.design.transition)]))
        yield graded("series_gaps", "review" if missing else "pass", computed=str(missing))
        if self.design.season:
            cycles = (own < 0).sum() / self.design.cycle
            verdict = "fail" if cycles < 1 else "review" if cycles < CYCLES else "pass"
            yield graded("series_season", verdict, computed=findings.digits(cycles, 1), stated=str(CYCLES))
        spare = self.spare if np.linalg.matrix_rank(self.x) == len(self.names) else 0
        yield graded("series_terms", "pass" if spare >= LEAST else "fail", computed=str(spare), stated=str(LEAST))
        if spare >= LEAST:
            yield graded("series_variation", "fail" if self.unvaried() else "pass")
        yield graded("series_comparison", "pass" if self.compared else "review")

    def unvaried(self) -> str:
        """Return the reason for which the variation of the series carries no estimate, "" when it does."""
        y = self.y
        if self.design.family == "quasipoisson":
            if self._separated():
                return "only_zeros" if y.any() else "no_variation"
            y = np.log(np.where(y == 0, 0.5, y) / self.exposure)
        left = y - self.x @ np.linalg.lstsq(self.x, y, rcond=None)[0]
        for here in self.places:
            rounding = _ROUNDING * np.abs(y[here]).max()
            if np.ptp(y[here]) <= rounding:
                return "no_variation"
            if np.abs(left[here]).max() <= rounding:
                return "exact_fit"
        apart = np.abs(left[self.own] - left[self.other]).max(initial=0 if len(self.own) else np.inf)
        return "exact_fit" if apart <= _ROUNDING * np.abs(y).max() else ""

    def _separated(self) -> bool:
        """Tell whether zeros let a log-linear model of counts run off to infinity.

        They do when some combination of its terms is 0 at all other counts and below 0 at zeros only (Correia,
        Guimarães and Zylkin 2020, Stata Journal 20:95).
        """
        from scipy.optimize import Bounds, milp

        zero, terms = self.y == 0, self.x / np.abs(self.x).max(axis=0)
        room = milp(zero @ terms, bounds=Bounds(-np.inf, np.inf), constraints=(terms, np.where(zero, -1.0, 0.0), 0.0))
        return bool(room.fun < -0.5)

    @cached_property
    def fitted(self) -> Any:
        """The model as statsmodels fits it; of numbers that is least squares."""
        import statsmodels.api as sm

        family = sm.families.Poisson() if self.design.family == "quasipoisson" else sm.families.Gaussian()
        return sm.GLM(self.y, self.x, family=family, offset=np.log(self.exposure)).fit(scale="X2")

    @cached_property
    def left(self) -> Floats:
        """The Pearson residuals."""
        return self.fitted.resid_pearson

    @cached_property
    def root(self) -> Floats:
        """The roots of the weights of the rows."""
        return np.sqrt(self.fitted.family.variance(self.fitted.fittedvalues))

    def errors(self, contrasts: pd.DataFrame, errors: str, lags: int | None) -> Floats:
        """Return the standard errors of combinations of the terms: each the largest of those that may be believed."""
        weights = contrasts.to_numpy()

        def variances(spread: Floats) -> Floats:
            return np.diag(weights @ spread @ weights.T)

        if errors == "model":
            return np.sqrt(variances(self.fitted.cov_params()))
        # In short series Newey-West errors come out too small: they may widen the others, never narrow them.
        found = [variances(self._newey_west(lags)), variances(self.together())]
        if lags is None:
            own, apart = (variances(self.together(self._autocorrelation(of))) for of in (False, self.compared))
            found.append(np.where(contrasts.index == "trend", own, apart))
        return np.sqrt(np.max(found, axis=0))

    def _newey_west(self, lags: int | None) -> Floats:
        """Return the covariance of the terms of Newey and West, of two places that of Driscoll and Kraay."""
        from statsmodels.stats.sandwich_covariance import cov_nw_groupsum

        scores = self.x * (self.root * self.left)[:, None]
        lags = _default_lags(self.periods) if lags is None else lags
        # Places are summed period by period before the lags are taken, so one place is plain Newey-West.
        time = pd.factorize(self.t, sort=True)[0]
        return cov_nw_groupsum((scores, self.fitted.normalized_cov_params), lags, time, use_correction="hac")

    def together(self, rho: float = 0.0) -> Floats:
        """Return the covariance of the terms if places are hit together and periods follow each other as rho^apart."""
        left, design, size = self.left, self.free * self.root[:, None], np.empty(len(self.t))
        for here in self.places:
            size[here] = np.sqrt(left[here] @ left[here] / polyval(rho, _kept(self.t[here], design[here], 0)))
        one, other = left[self.own], left[self.other]
        enough = len(one) - design.shape[1] >= LEAST
        alike = one @ other / np.sqrt(one @ one * (other @ other)) if enough else 0.0
        half = self.fitted.normalized_cov_params @ (self.x * (self.root * size)[:, None]).T
        # Periods × places × terms; a period that is missing at a place has zeros.
        at = (self.t - self.t.min()).astype(np.intp)
        grid = np.zeros((at.max() + 1, 2, len(half)))
        grid[at, self.treated.astype(np.intp)] = half.T
        reached = matmul_toeplitz(rho ** np.arange(len(grid)), grid.reshape(len(grid), -1)).reshape(grid.shape)
        return np.einsum("tpk,pq,tql->kl", grid, [[1.0, alike], [alike, 1.0]], reached)

    def _autocorrelation(self, apart: bool) -> float:
        """Return the first-order autocorrelation, 0 or more, of the place with the model, or of what sets it apart.

        Fitting takes autocorrelation out of residuals. The one returned is that under which the residuals of this
        design would show on average what these show.
        """
        from scipy.optimize import brentq

        rows, away, variance = np.flatnonzero(self.treated == 1), self.left / self.root, self.root**-2.0
        if apart:
            rows = self.own
            away[rows] -= away[self.other]
            variance[rows] += variance[self.other]
        t, root = self.t[rows], variance[rows] ** -0.5
        left, design = away[rows] * root, self.free[rows] * root[:, None]
        if len(t) - design.shape[1] < LEAST:
            return 0.0
        alone, neighbours = (_kept(t, design, lag) for lag in (0, 1))
        seen = 2 * left[:-1] @ (left[1:] * (np.diff(t) == 1)) / (left @ left)

        def excess(rho: float) -> float:
            return float(polyval(rho, neighbours) / polyval(rho, alone) - seen)

        if excess(0.0) >= 0:
            return 0.0
        return float(brentq(excess, 0.0, _MOST)) if excess(_MOST) > 0 else _MOST

    def autocorrelated(self) -> Finding:
        """Say whether periods that follow each other still depend on each other (Ljung-Box)."""
        from statsmodels.stats.diagnostic import acorr_ljungbox

        own = self.left[self.treated == 1]
        # Terms fitted to a short series leave residuals that alternate, so few lags are looked at.
        lags = min(_default_lags(len(own)), len(own) // 4) or 1
        p = float(acorr_ljungbox(own, lags=[lags])["lb_pvalue"].iloc[0])
        return graded("series_autocorrelation", "review" if p < _SMALL else "pass", computed=findings.p_value(p))

    def placebo(self) -> Finding:
        """Test the change at a start moved to the middle of the periods before, where there must be none."""
        before = self.rows[self.rows["t"] < 0]
        moved = before.assign(t=before["t"] - np.floor(before["t"].median()))
        placebo = _Series(moved, self.design, compared=self.compared)
        if any(f["verdict"] == "fail" for f in placebo.feasible()):
            return untested("series_placebo")
        weights = placebo.contrasts().drop(["average", "trend"]).to_numpy()
        change, spread = weights @ placebo.fitted.params, weights @ placebo.together() @ weights.T
        f_value = change @ np.linalg.solve(spread, change) / len(change)
        p = float(special.fdtrc(len(change), placebo.spare, f_value))
        return graded("series_placebo", "fail" if p < _SMALL else "pass", computed=findings.p_value(p))


def _default_lags(periods: int) -> int:
    """Return the lags of Newey-West for a number of periods."""
    return int(4 * (periods / 100) ** (2 / 9))


def _kept(t: Floats, design: Floats, lag: int) -> Floats:
    """Return what residuals of a design keep of values 0, 1, 2, ... periods apart, multiplied `lag` (0 or 1) apart.

    With M the matrix that makes residuals and N the one that picks the pairs of periods at that lag, these are the sums
    of MNM over the pairs at each distance; with M = I - QQ' they are correlations of the columns of Q with those of NQ.
    """
    at = (t - t.min()).astype(np.intp)
    there, q = np.zeros((at.max() + 1, 1)), np.zeros((at.max() + 1, design.shape[1]))
    there[at], q[at] = 1.0, np.linalg.qr(design)[0]

    def picked(x: Floats) -> Floats:
        beside = np.pad(x, ((1, 1), (0, 0)))
        return there * (beside[2:] + beside[:-2]) if lag else x

    def apart(x: Floats, y: Floats) -> Floats:
        both = np.sum([np.correlate(a, b, "full") for a, b in zip(x.T, y.T, strict=True)], axis=0)
        return both[len(x) - 1 :] + np.append(0.0, both[: len(x) - 1][::-1])

    near = picked(q)
    sums = apart(q @ (q.T @ near), q) - 2 * apart(q, near)
    sums[lag] += float(np.sum(there * picked(there)))
    return sums


def _read(table: pd.DataFrame, design: Interruption) -> _Series:
    """Return the series an interruption names, checked."""
    if not isinstance(design, Interruption):
        raise ParameterError("interruption-missing", got=type(design).__name__)
    labels = [c for c in (design.period, design.group) if c]
    counted: Literal["count", "number"] = "count" if design.family == "quasipoisson" else "number"
    columns = [Column(c, counted, required=True) for c in (design.outcome, design.exposure) if c]
    columns += [Column(c, "text", required=True) for c in labels]
    check(table, Table("series", Text("chuỗi số", "series"), (), tuple(columns)))
    check_columns(table, labels, labels)
    exposure = treated = np.ones(len(table))
    if design.exposure:
        exposure = column_numbers(table, design.exposure)
        cells = pd.Series(exposure, range(1, len(table) + 1), name=design.exposure)
        refuse_cells(cells, cells == 0, "exposure-is-zero", "series")
    if design.group:
        treated = (table[design.group] == design.of).to_numpy(dtype=float)
        places = table[design.group].nunique()
        if not treated.any() or places > 2:
            raise ParameterError("one-place-and-one-comparison", got=f"{design.group}: {places}; of={design.of!r}")
    t = _since(table[design.period], design.start, treated)
    rows = pd.DataFrame({"y": column_numbers(table, design.outcome), "exposure": exposure, "t": t, "treated": treated})
    refuse_twice(table, labels, "period-has-several-rows", [t, treated])
    own = t[treated == 1]
    if not own.min() < 0 <= own.max():
        raise DataError("start-outside-series", got=f"start={design.start!r}")
    rows = rows[(t < 0) | (t >= design.transition)].dropna().sort_values("t", kind="stable", ignore_index=True)
    return _Series(rows, design, compared=not treated.all())


def _since(values: pd.Series, start: Any, treated: Floats) -> Floats:
    """Return the periods since the one that holds the start, counted in the shortest distance between two of them."""
    periods, kind = read_written(values)
    running = pd.api.types.is_numeric_dtype(periods)
    if running and isinstance(start, Real):
        if start % 1:
            raise ParameterError("numbered-periods-not-whole", got=f"start={start!r}")
        number = np.append(periods, float(start))
    else:
        first, last = _days_of(start)
        # The month of the first day tells what to type where the start is longer than a period.
        days = pd.DatetimeIndex([first + pd.offsets.MonthEnd(0), last, first])
        if running:
            number = np.append(periods, days.year)
        elif kind:
            number = _numbered(periods, kind, days, treated)
        else:
            number = np.append(periods.astype("int64"), days.to_period(periods.dt.freq).astype("int64"))
        if number[-2] != number[-1]:
            told = f'"{first:%Y-%m}"' if number[-3] == number[-1] else f'"{first:%Y-%m-%d}"'
            told = f"{first:%Y%m}" if pd.api.types.is_numeric_dtype(values) and not running else told
            raise ParameterError("start-longer-than-period", got=f"start={start!r}", told=told)
    t = number[: len(values)] - number[-1]
    return t / _step(np.append(t, 0))


def _numbered(values: pd.Series, kind: str, days: pd.DatetimeIndex, treated: Floats) -> Floats:
    """Return the running number of each period that begins on a day, and after them of those that hold some days."""
    if kind not in _MONTHS:
        raise DataError("periods-of-several-lengths", got=kind, name=values.name)
    every, months = pd.DatetimeIndex([*values, *days]), _MONTHS[kind]
    month = every.year * 12 + every.month - 1
    if not months and not pd.DataFrame({"place": treated, "month": month[: len(values)]}).duplicated().any():
        months = math.gcd(_step(month[: len(values)]), 12)
    offset = (every - every[: len(values)].min()).days
    return (month // months if months else offset // _step(offset[: len(values)])).to_numpy(dtype=np.float64)


def _step(numbers: Any) -> int:
    """Return the largest whole number of which all distances are multiples."""
    return int(np.gcd.reduce(np.diff(np.unique(numbers)).astype(np.int64))) or 1


def _days_of(start: Any) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return the first and the last day of what an interruption gives as its start: a day is day/month/year."""
    first = pd.NaT
    try:
        # 202401 is a month, 20241 a quarter
        given = read_periods(pd.Series([start])).iloc[0] if isinstance(start, Real) else start
        if isinstance(given, pd.Period):
            first, last = given.start_time, given.end_time.normalize()
        elif isinstance(given, dt.date | np.datetime64):
            first = last = pd.Timestamp(given).tz_localize(None)
        else:
            span = read_period(f"{given:.0f}" if isinstance(given, float) else str(given))
            first, last = pd.Timestamp(span.start), pd.Timestamp(span.end or span.start)
    except DataError:
        pass
    if first is pd.NaT:
        raise ParameterError("start-is-no-period", got=f"start={start!r}")
    return first, last
