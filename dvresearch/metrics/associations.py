"""What goes with satisfaction: proportional odds with the errors of the design, and importance as description."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from dvresearch.errors import DataError, ParameterError, check_choice
from dvresearch.metrics.answers import Scale, positions
from dvresearch.metrics.estimates import FEW, Floats, build, check_confidence, column_numbers, is_text
from dvresearch.metrics.survey import FEW_CLUSTERS, Design, Draw, draw, need_columns, t_value
from dvresearch.tables import NO_ANSWER

__all__ = ["driver_importance", "drivers"]

#: Largest change of a coefficient that counts as none, and least information, relative to that at the start.
CONVERGED, FLAT = 1e-9, 1e-9


@dataclass(frozen=True)
class Fit:
    """Coefficients of a regression.

    Parameters
    ----------
    coefficients : array of float
        The coefficients, those of the terms first, then the thresholds.
    linear : array of float, rows × coefficients
        What each row of the sample adds to them, for :meth:`dvresearch.metrics.survey.Draw.covariance`.
    covariance : array of float
        Their covariance under the design.
    inverse : array of float
        The inverse information: without weights the covariance if respondents were drawn alone and the model held.
    df : float
        Clusters less strata among the rows used, less the coefficients but one.
    n : int
        Rows used.
    loglik : float
        Weighted log-likelihood.
    """

    coefficients: Floats
    linear: Floats
    covariance: Floats
    inverse: Floats
    df: float
    n: int
    loglik: float


def model_matrix(table: pd.DataFrame, columns: Sequence[str]) -> tuple[Floats, list[str]]:
    """Return the columns as numbers: words as indicators of every label but the most frequent (of equals the first).

    Parameters
    ----------
    table : DataFrame
        One row per respondent.
    columns : sequence of str
        Numbers, yes-or-no or words. A row with a missing cell is NaN.

    Returns
    -------
    matrix : array of float, rows × terms
    names : list of str
        ``age``, or ``mode=kiosk`` for an indicator.
    """
    parts, names = [np.empty((len(table), 0))], []
    for column in columns:
        values = table[column]
        if is_text(values) or isinstance(values.dtype, pd.CategoricalDtype):
            counts = values.astype("str").value_counts().sort_index()
            for label in counts.index.drop(counts.idxmax()) if len(counts) else []:
                parts.append((values == label).to_numpy(dtype=np.float64, na_value=np.nan)[:, None])
                names.append(f"{column}={label}")
            if names:
                parts[-1] = np.where(values.isna().to_numpy()[:, None], np.nan, parts[-1])
        else:
            parts.append(column_numbers(table, column)[:, None])
            names.append(column)
    return np.hstack(parts), names


def fit_ordinal(x: Floats, y: Floats, sampled: Draw) -> Fit:
    """Proportional-odds model ``logit P(Y ≤ j) = θ_j - xβ``, by weighted maximum likelihood.

    Parameters
    ----------
    x : array of float, rows × terms
        Without intercept. Rows with a missing value are left out but keep their place in the design.
    y : array of float
        Place of the answer, 0 for the lowest; places nobody chose are passed over. With two places this
        is logistic regression, with the intercept -θ.
    sampled : Draw
        The design.

    Raises
    ------
    DataError
        When the model cannot be estimated or the answers can be told without error.

    Notes
    -----
    Newton's method on the observed information. Without weights the inverse information is the covariance of
    ``clm`` (R ordinal); under a design the errors are those of ``svyglm`` (R survey), see tests/test_regression.py.
    """
    used = ~np.isnan(y) & ~np.isnan(x).any(axis=1) & (sampled.weights > 0)
    terms = np.column_stack([np.ones(used.sum()), x[used]])
    if len(terms) <= terms.shape[1] or np.linalg.matrix_rank(terms) < terms.shape[1]:
        raise DataError("model-not-estimable", got=f"n = {len(terms)}, {terms.shape[1]} hệ số/coefficients")
    levels, place = np.unique(y[used], return_inverse=True)
    if len(levels) < 2:
        raise DataError("everyone-answered-alike", got=f"n = {len(place)}")
    w, cuts = sampled.weights[used], len(levels) - 1
    # An answer lies between two thresholds; beyond the first and the last there is none.
    threshold = np.pad(np.eye(cuts), ((1, 1), (0, 0)))
    upper, lower = (np.hstack([-x[used], threshold[place + end]]) for end in (1, 0))

    def below(b: Floats) -> tuple[Floats, Floats]:
        """Return the chance of an answer up to the upper and up to the lower end."""
        high, low = special.expit(upper @ b), special.expit(lower @ b)
        return np.where(place == cuts, 1.0, high), np.where(place == 0, 0.0, low)

    def loglik(b: Floats) -> float:
        high, low = below(b)
        return float((w * np.log(high - low)).sum()) if (high > low).all() else -np.inf

    def derivatives(b: Floats) -> tuple[Floats, Floats]:
        """Return the weighted score of each row and the observed information."""
        high, low = below(b)
        up, down = high * (1 - high) / (high - low), -low * (1 - low) / (high - low)
        score = up[:, None] * upper + down[:, None] * lower
        bent = [(end.T * (w * d * (1 - 2 * f))) @ end for end, d, f in ((upper, up, high), (lower, down, low))]
        return w[:, None] * score, (score.T * w) @ score - sum(bent)

    share = np.cumsum(np.bincount(place, weights=w))[:-1] / w.sum()
    b = np.concatenate([np.zeros(x.shape[1]), special.logit(share)])
    size = np.sqrt(np.diag(derivatives(b)[1]))
    current, moved = loglik(b), np.inf
    for _ in range(100):
        scores, information = derivatives(b)
        # Where answers can be told without error the likelihood flattens out for ever: there is no estimate.
        told = np.linalg.eigvalsh(information / np.outer(size, size))[0] < FLAT
        if told or moved < CONVERGED:
            break
        step = np.linalg.solve(information, scores.sum(axis=0))
        while loglik(b + step) < current and np.abs(step).max() > CONVERGED:
            step = step / 2
        b, moved = b + step, np.abs(step).max()
        current = loglik(b)
    if told or not moved < CONVERGED:
        raise DataError("model-does-not-converge", got=f"n = {len(place)}")
    inverse = np.asarray(np.linalg.inv(information), dtype=np.float64)
    linear = np.zeros((len(y), len(b)))
    linear[used] = scores @ inverse
    clusters, strata = (len(np.unique(codes[used])) for codes in (sampled.clusters, sampled.strata))
    df = float(clusters - strata + 1 - len(b))
    return Fit(b, linear, sampled.covariance(linear), inverse, df, len(place), current)


def drivers(
    responses: pd.DataFrame,
    *,
    outcome: str,
    items: Sequence[str],
    controls: Sequence[str] = (),
    scale: Scale | Mapping[str, Scale] = "hai_long_5",
    no_answer: Sequence[Hashable] = NO_ANSWER,
    reverse: Sequence[str] = (),
    design: Design | None = None,
    errors: Literal["design", "model"] = "design",
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Which items go with a higher answer to the outcome, the other items being equal.

    An association, not an effect: who answers high on one item tends to answer high on all, and
    nothing here says that raising an item would raise the outcome.

    Parameters
    ----------
    responses : DataFrame
        One row per respondent of the whole sample.
    outcome : str
        The item to be explained, for example overall satisfaction.
    items : sequence of str
        Items that may go with it, each taken as steps on its scale.
    controls : sequence of str, default ()
        Further columns held equal: numbers, or words (against their most frequent label).
    scale, no_answer, reverse
        As for :func:`dvresearch.metrics.satisfaction`; `scale` covers the outcome too.
    design : Design, optional
        How respondents were drawn; a simple random sample when not given.
    errors : {"design", "model"}, default "design"
        Errors from the design, or those of respondents drawn alone and a model that holds exactly, for
        comparison with software that knows no other.
    confidence : float, default 0.95
        Two-sided level, 0-1.

    Returns
    -------
    DataFrame
        ``item`` (a control with words as ``column=label``), then the columns of ``tables.ESTIMATES``: ``value`` is the
        ratio of the odds of a higher answer for one step up (for a label against the most frequent one), with a
        t interval. Then ``coefficient`` and ``coefficient_error`` on the log scale, ``t``, ``p`` and ``df``.
        ``n`` are the respondents with every answer. Flags: ``few``; reasons: ``no_freedom`` where the clusters are too
        few for so many terms, ``few_clusters``.

    Raises
    ------
    DataError
        For a missing column or answers that cannot be modelled.
    ParameterError
        For an unknown word, an outcome among the items, or ``errors="model"`` with weights.

    Notes
    -----
    Proportional odds: ``logit P(Y > j) = xβ - θ_j``, the same β at every step j. Checked against ``clm`` of R ordinal
    2022.11-16 and ``svyglm`` of R survey 4.1.1 (tests/test_drivers.py).

    References
    ----------
    McCullagh (1980), Journal of the Royal Statistical Society B 42:109-142. Binder (1983), International
    Statistical Review 51:279-292, for the errors.
    """
    check_choice("errors", errors, ("design", "model"))
    check_confidence(confidence)
    y, x, names = _model(responses, outcome, items, controls, scale, no_answer, reverse)
    if errors == "model" and design is not None:
        raise ParameterError("errors-of-model-with-design", got="design=Design(…)")
    sampled = draw(responses, design)
    fit = fit_ordinal(x, y, sampled)
    terms = len(names)
    b = fit.coefficients[:terms]
    error = np.sqrt(np.diag(fit.covariance if errors == "design" else fit.inverse)[:terms])
    df = np.full(terms, fit.df if errors == "design" else np.inf)
    half = t_value(confidence, df) * error
    few = len(np.unique(sampled.clusters)) < FEW_CLUSTERS if sampled.clustered else fit.n < FEW
    table = build(
        pd.DataFrame({"item": pd.array(names, dtype="str")}),
        indicator="odds_ratio_step",
        value=np.exp(b),
        std_error=np.exp(b) * error,
        lower=np.exp(b - half),
        upper=np.exp(b + half),
        confidence=confidence,
        n=fit.n,
        definition="others_equal",
        basis="unknown" if design is None else "sample",
        method=f"proportional_odds_{errors}",
        flags={"few": few},
        reasons={"no_freedom": df <= 0, "few_clusters": few and sampled.clustered},
    )
    p = 2 * special.stdtr(df, -np.abs(b / error))
    return table.assign(coefficient=b, coefficient_error=error, t=b / error, p=p, df=df)


def _model(
    responses: pd.DataFrame,
    outcome: str,
    items: Sequence[str],
    controls: Sequence[str],
    scale: Scale | Mapping[str, Scale],
    no_answer: Sequence[Hashable],
    reverse: Sequence[str],
) -> tuple[Floats, Floats, list[str]]:
    """Return the outcome, the terms and their names."""
    if outcome in (*items, *controls) or not (items or controls):
        raise ParameterError("outcome-among-items", got=f"outcome={outcome!r}, items={list(items)}")
    need_columns(responses, controls)
    places, _ = positions(responses, [outcome, *items], scale=scale, no_answer=no_answer, reverse=reverse)
    extra, names = model_matrix(responses, controls)
    return places[:, 0], np.hstack([places[:, 1:], extra]), [*items, *names]


def driver_importance(
    responses: pd.DataFrame,
    *,
    outcome: str,
    items: Sequence[str],
    controls: Sequence[str] = (),
    scale: Scale | Mapping[str, Scale] = "hai_long_5",
    no_answer: Sequence[Hashable] = NO_ANSWER,
    reverse: Sequence[str] = (),
    design: Design | None = None,
    folds: int = 5,
    repeats: int = 2,
    shuffles: int = 5,
    seed: int = 0,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """How much worse the outcome is foretold when the answers to one item are shuffled.

    A description, beside the estimate of :func:`drivers`: it sees curves and interplay, and knows nothing of
    what would happen if an item were improved. Of two items that say the same, either can look unimportant.

    Parameters
    ----------
    responses, outcome, items, controls, scale, no_answer, reverse, design
        As for :func:`drivers`. With clusters in the design, a cluster is never split between learning and testing.
    folds, repeats, shuffles : int, default 5, 2, 5
        Parts the sample is split into, how often it is split anew, and shuffles of each item in each part.
    seed : int, default 0
        Start of the random numbers.
    confidence : float, default 0.95
        Two-sided level, 0-1.

    Returns
    -------
    DataFrame
        ``item``, then the columns of ``tables.ESTIMATES``: ``value`` is the share of the variance of the outcome that
        is no longer explained in parts the model has not seen (negative values are chance); the interval is
        over the parts, widened because they share respondents. ``explained`` is what the whole model explains
        there; where it is not above 0, importance means nothing. Respondents with a missing answer are left out.

    Raises
    ------
    DataError
        For a missing column, or fewer clusters (respondents) than folds.
    ParameterError
        As for :func:`drivers`.

    References
    ----------
    Breiman (2001), Machine Learning 45:5-32. Nadeau and Bengio (2003), Machine Learning 52:239-281, for the variance
    over parts.
    """
    from sklearn.ensemble import GradientBoostingRegressor
    from sklearn.inspection import permutation_importance
    from sklearn.model_selection import GroupKFold

    check_confidence(confidence)
    y, x, names = _model(responses, outcome, items, controls, scale, no_answer, reverse)
    sampled = draw(responses, design)
    used = ~np.isnan(y) & ~np.isnan(x).any(axis=1) & (sampled.weights > 0)
    y, x, w, groups = y[used], x[used], sampled.weights[used], sampled.clusters[used]
    if len(np.unique(groups)) < max(folds, 2) or folds < 2:
        got = f"{len(np.unique(groups))}, folds={folds}"
        raise DataError("too-few-clusters-to-split", got=got, least=max(folds, 2))
    drops: list[NDArray[np.float64]] = []
    explained = []
    for repeat in range(repeats):
        splits = GroupKFold(folds, shuffle=True, random_state=seed + repeat).split(x, y, groups)
        for train, test in splits:
            model = GradientBoostingRegressor(n_estimators=60, max_depth=3, subsample=0.5, random_state=seed)
            model.fit(x[train], y[train], sample_weight=w[train])
            explained.append(model.score(x[test], y[test], sample_weight=w[test]))
            found = permutation_importance(
                model, x[test], y[test], n_repeats=shuffles, random_state=seed + repeat, sample_weight=w[test]
            )
            drops.append(found.importances_mean)
    values = np.array(drops)
    count = len(values)
    error = values.std(axis=0, ddof=1) * np.sqrt(1 / count + 1 / (folds - 1))
    half = t_value(confidence, np.array(count - 1.0)) * error
    mean = values.mean(axis=0)
    table = build(
        pd.DataFrame({"item": pd.array(names, dtype="str")}),
        indicator="permutation_importance",
        value=mean,
        std_error=error,
        lower=mean - half,
        upper=mean + half,
        confidence=confidence,
        n=len(y),
        definition="foretold_unseen",
        basis="unknown" if design is None else "sample",
        method="permutation_by_cluster",
        flags={"few": len(y) < FEW},
    )
    return table.assign(explained=float(np.mean(explained)))
