"""One place only: an interrupted time series, with its own rules of when it says something."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd
from scipy import special

from dvresearch.errors import ParameterError, check_choice
from dvresearch.metrics import findings
from dvresearch.metrics.effects.interruption import Interruption, Series, read_series
from dvresearch.metrics.effects.segmented import (
    LEAST,
    Segmented,
    autocorrelation,
    default_lags,
    newey_west,
    segmented,
    spare_periods,
    terms,
    together,
)
from dvresearch.metrics.estimates import Floats, build, check_confidence, check_whole
from dvresearch.metrics.findings import Finding, graded, untested

__all__ = ["Interruption", "interrupted_series", "series_findings"]

#: Periods on each side below which the answer is weak (Penfold and Zhang 2013, Academic Pediatrics 13:S38).
ENOUGH = 8
#: Whole cycles before the start that a season needs.
CYCLES = 2
_SMALL = 0.05
#: Distances from the model, as a share of the values, that are nothing but rounding in the computer.
_ROUNDING = 1e-9


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
    if lags is not None:
        check_whole("lags", lags)
    series = read_series(table, interruption)
    periods = len(np.unique(series.t))
    if lags is not None and lags >= periods:
        raise ParameterError(
            "lags-not-fewer-than-periods", got=f"lags={lags!r}", most=periods - 1, default=default_lags(periods)
        )
    counts = interruption.family == "quasipoisson"
    asked = ["average", *(t for t in ("level", "slope") if interruption.change in ("both", t)), "trend"]
    keys = pd.DataFrame({"outcome": interruption.outcome, "term": asked})
    failed = {f["check"] for f in _feasible(series, interruption) if f["verdict"] == "fail"}
    reason = _unvaried(series, interruption) if failed == {"series_variation"} else "not_estimable"
    if failed:
        rows, degrees = [(np.nan, np.nan)] * len(asked), np.nan
    else:
        rows, degrees = _terms(series, interruption, asked, errors, lags)
    value, error = np.array(rows, dtype=float).T
    tail = (1 + confidence) / 2
    quantile = special.ndtri(tail) if errors == "model" else special.stdtrit(degrees, tail)
    lower, upper = value - quantile * error, value + quantile * error
    if counts:
        value, lower, upper = np.exp(value), np.exp(lower), np.exp(upper)
        error = value * error
    return build(
        keys,
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


def _terms(
    series: Series, interruption: Interruption, asked: list[str], errors: str, lags: int | None
) -> tuple[list[tuple[float, float]], float]:
    """Return value and error of each term asked for, on the scale of the model, and the degrees of freedom."""
    fit = segmented(series, interruption)
    spreads = {changed: list(_spreads(fit, errors, lags, changed)) for changed in {False, series.compared}}
    after = series.t[(series.t >= 0) & (series.treated == 1)]
    weights = {
        "average": {"level": 1.0, "slope": float(after.mean())},
        "level": {"level": 1.0},
        "slope": {"slope": 1.0},
        "trend": {"t": 1.0, "t:treated": 1.0},
    }
    rows = []
    for term in asked:
        changed = series.compared and term != "trend"
        picked = {f"{name}:treated" if changed else name: w for name, w in weights[term].items()}
        contrast = np.array([picked.get(name, 0.0) for name in fit.names])
        variance = max(contrast @ spread @ contrast for spread in spreads[changed])
        rows.append((contrast @ fit.result.params, np.sqrt(variance)))
    return rows, spare_periods(series, fit.names)


def _spreads(fit: Segmented, errors: str, lags: int | None, changed: bool) -> Iterator[Floats]:
    """Give the covariances of the terms of which the largest counts."""
    if errors == "model":
        yield fit.result.cov_params()
        return
    # In short series Newey-West errors come out too small: they may widen the others, never narrow them.
    yield newey_west(fit, lags)
    yield together(fit)
    if lags is None:
        yield together(fit, autocorrelation(fit, changed))


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
    series = read_series(table, interruption)
    found = list(_feasible(series, interruption))
    if all(f["verdict"] != "fail" for f in found):
        found += _checks(series, interruption)
    return findings.table(found)


def _feasible(series: Series, interruption: Interruption) -> Iterator[Finding]:
    own = series.t[series.treated == 1]
    where = interruption.of or ""
    for code, n in (("series_before", (own < 0).sum()), ("series_after", (own >= 0).sum())):
        verdict = "fail" if n < LEAST else "review" if n < ENOUGH else "pass"
        yield graded(code, verdict, where, computed=str(n), stated=str(ENOUGH))
    missing = sum(_gaps(series.t[series.treated == g], interruption.transition) for g in np.unique(series.treated))
    yield graded("series_gaps", "review" if missing else "pass", where, computed=str(missing))
    if interruption.season:
        cycles = (own < 0).sum() / interruption.cycle
        verdict = "fail" if cycles < 1 else "review" if cycles < CYCLES else "pass"
        yield graded("series_season", verdict, where, computed=findings.digits(cycles, 1), stated=str(CYCLES))
    matrix, names = terms(series, interruption)
    spare = spare_periods(series, names) if np.linalg.matrix_rank(matrix) == len(names) else 0
    yield graded("series_terms", "pass" if spare >= LEAST else "fail", where, computed=str(spare), stated=str(LEAST))
    if spare >= LEAST:
        yield graded("series_variation", "fail" if _unvaried(series, interruption) else "pass", where)
    yield graded("series_comparison", "pass" if series.compared else "review", where)


def _unvaried(series: Series, interruption: Interruption) -> str:
    """Return the reason for which the variation of the series carries no estimate, "" when it does."""
    matrix, _ = terms(series, interruption)
    y, zero = series.y / series.exposure, series.y == 0
    if interruption.family == "quasipoisson":
        if _separated(matrix, zero):
            return "no_variation" if zero.all() else "only_zeros"
        y = np.log(y, where=~zero, out=np.full(len(y), np.nan))
    beta = np.linalg.lstsq(matrix[~np.isnan(y)], y[~np.isnan(y)], rcond=None)[0]
    left = y - matrix @ beta
    for place in np.unique(series.treated):
        here = series.treated == place
        rounding = _ROUNDING * np.abs(y[here]).max(initial=0)
        if np.ptp(y[here]) <= rounding:
            return "no_variation"
        if (np.abs(left[here]) <= rounding).all():
            return "exact_fit"
    kept = pd.Series(np.nan_to_num(left), series.t)
    apart = kept[series.treated == 1].sub(kept[series.treated == 0]).dropna().abs()
    return "exact_fit" if len(apart) and apart.max() <= _ROUNDING * np.nanmax(np.abs(y)) else ""


def _separated(matrix: Floats, zero: np.ndarray) -> bool:
    """Tell whether zeros let a log-linear model of counts run off to infinity.

    They do when some combination of its terms is 0 at all other counts and below 0 at zeros only (Correia, Guimarães
    and Zylkin 2020, Stata Journal 20:95).
    """
    from scipy.optimize import linprog

    if not zero.any():
        return False
    terms = matrix / np.abs(matrix).max(axis=0)
    room = linprog(
        terms[zero].sum(axis=0),
        A_ub=np.vstack([terms[zero], -terms[zero]]),
        b_ub=np.repeat([0.0, 1.0], zero.sum()),
        A_eq=terms[~zero] if not zero.all() else None,
        b_eq=np.zeros((~zero).sum()) if not zero.all() else None,
        bounds=(None, None),
    )
    return bool(room.fun < -0.5)


def _gaps(t: Floats, transition: int) -> int:
    t = t[(t < 0) | (t >= transition)]
    return int(t.max() - t.min() + 1 - len(t) - (transition if t.min() < 0 <= t.max() else 0)) if len(t) else 0


def _checks(series: Series, interruption: Interruption) -> Iterator[Finding]:
    from statsmodels.stats.diagnostic import acorr_ljungbox

    where = interruption.of or ""
    own = segmented(series, interruption).left[series.treated == 1]
    # Terms fitted to a short series leave residuals that alternate, so few lags are looked at.
    p = float(acorr_ljungbox(own, lags=[min(default_lags(len(own)), len(own) // 4) or 1])["lb_pvalue"].iloc[0])
    yield graded("series_autocorrelation", "review" if p < _SMALL else "pass", where, computed=findings.p_value(p))

    before = series.before()
    middle = float(np.floor(np.median(before.t)))
    moved = replace(interruption, transition=0)
    placebo = Series(before.y, before.exposure, before.t - middle, before.treated, before.compared)
    if any(f["verdict"] == "fail" for f in _feasible(placebo, moved)):
        yield untested("series_placebo", where)
        return
    fit = segmented(placebo, moved)
    suffix = ":treated" if series.compared else ""
    tested = [fit.names.index(t + suffix) for t in ("level", "slope") if t + suffix in fit.names]
    change, spread = fit.result.params[tested], together(fit)[np.ix_(tested, tested)]
    f_value = change @ np.linalg.solve(spread, change) / len(tested)
    p = float(special.fdtrc(len(tested), spare_periods(placebo, fit.names), f_value))
    yield graded("series_placebo", "fail" if p < _SMALL else "pass", where, computed=findings.p_value(p))
