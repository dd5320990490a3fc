"""What the overall effect would be if other places had adopted: intervals and power without large numbers of places."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from dvresearch.metrics.effects.sample import Control, Sample
from dvresearch.metrics.estimates import Floats

__all__ = ["Places", "cell_effects", "overall", "permuted", "places", "randomisation_interval"]

#: Assignments up to which all of them are gone through, however few draws were asked for.
_ALL = 2_000


@dataclass(frozen=True)
class Places:
    """Places with their outcome period by period.

    Parameters
    ----------
    outcome : array of float
        Places × periods.
    cohorts, mass, clusters : array
        Adoption period (0: never), weight and cluster of each place.
    periods : array of float
        In order.
    control : {"never", "not_yet"}
        Comparison places.
    anticipation : int
        Periods before adoption in which the outcome may already react.
    """

    outcome: Floats
    cohorts: Floats
    mass: Floats
    clusters: NDArray[np.intp]
    periods: Floats
    control: Control = "never"
    anticipation: int = 0


def places(data: Sample, *, gaps: bool = False) -> Places:
    """Return the outcome of a sample as a matrix; a place with a gap is left out, unless `gaps` may stay as NaN.

    Without gaps it is the outcome less a regression on the covariates, period by period over all places, which depends
    on the assignment in no way: permuting the assignment stays exact.
    """
    names = ["outcome", *(c for c in data.rows if c.startswith("x"))]
    summed = data.rows[names].mul(data.rows["weight"], axis=0).assign(weight=data.rows["weight"])
    sums = summed.groupby([data.rows["place"], data.rows["period"]]).sum()
    means, mass = sums[names].div(sums["weight"], axis=0), sums["weight"].groupby("place").mean()
    wide = means["outcome"].unstack("period")
    if not gaps:
        wide = wide.dropna()
        for period in wide:
            x = means.xs(period, level="period").loc[wide.index].assign(outcome=1.0).to_numpy()
            wide[period] -= x @ np.linalg.lstsq(x, wide[period], rcond=None)[0]
    at, periods = wide.index.to_numpy(), wide.columns.to_numpy(dtype=np.float64)
    about = data.place_cohorts[at], mass.loc[at].to_numpy(), data.place_clusters[at], periods
    return Places(wide.to_numpy(), *about, data.of.control, data.of.anticipation)


def cell_effects(of: Places, outcome: Floats, cohorts: Floats) -> tuple[Floats, Floats, Floats]:
    """Group-time effects without covariates, linear in `outcome`, from the places known in both periods of a cell.

    Parameters
    ----------
    of : Places
        Weights, periods, and who is compared.
    outcome : array of float
        Places × periods, or a stack of such matrices.
    cohorts : array of float
        Adoption period of each place, 0 for never: the real one, or a permuted one.

    Returns
    -------
    names : array of float
        The cohorts that adopt, in order.
    effects, weight : array of float
        Cohorts × periods; the weight is the size of the cohort from adoption on, 0 elsewhere and where the effect
        cannot be estimated.
    """
    names, at = np.unique(cohorts, return_inverse=True)
    member = (at == np.arange(len(names))[:, None]) * of.mass
    later = (names[:, None] > of.periods + of.anticipation) & (of.control == "not_yet")
    compared = (names == 0)[:, None] | later
    adopting = np.flatnonzero(names > of.periods[0] + of.anticipation)
    base = np.searchsorted(of.periods, names[adopting] - of.anticipation) - 1
    effects = np.empty((*outcome.shape[:-2], len(adopting), len(of.periods)))
    weight = np.empty(effects.shape)
    complete, every = np.isfinite(outcome).all(), member @ outcome
    for i, g in enumerate(adopting):
        if complete:  # the same sums for every base: three times as fast
            sums, mass = every - every[..., [base[i]]], member.sum(axis=1)[:, None] + np.zeros(len(of.periods))
        else:
            change = outcome - outcome[..., [base[i]]]
            sums, mass = member @ np.nan_to_num(change), member @ np.isfinite(change)
        with np.errstate(invalid="ignore", divide="ignore"):
            against = (compared * sums).sum(axis=-2) / (compared * mass).sum(axis=-2)
            effects[..., i, :] = sums[..., g, :] / mass[..., g, :] - against
        weight[..., i, :] = mass[..., g, :]
    after = (of.periods >= names[adopting][:, None]) & np.isfinite(effects)
    return names[adopting], np.nan_to_num(effects), after * weight


def overall(of: Places, outcome: Floats, cohorts: Floats) -> Floats:
    """Average the :func:`cell_effects` from adoption on by cohort size; NaN when there is none."""
    _, effects, weight = cell_effects(of, outcome, cohorts)
    with np.errstate(invalid="ignore"):
        return (weight * effects).sum(axis=(-2, -1)) / weight.sum(axis=(-2, -1))


def permuted(of: Places, draws: int, seed: int) -> Iterator[Floats]:
    """Yield assignments of the adoption periods: to whole clusters where these adopt as one, else within them.

    Every different assignment once where there are no more than `draws` or 2,000 of them; else the real one and then
    random ones.

    Parameters
    ----------
    of : Places
        The places.
    draws : int
        How many random ones.
    seed : int
        Start of the random numbers.
    """
    _, first, cluster = np.unique(of.clusters, return_index=True, return_inverse=True)
    whole = bool((of.cohorts == of.cohorts[first][cluster]).all())
    order = np.argsort(cluster, kind="stable")
    # The periods that change places with each other, and where each place finds its own in them.
    blocks = [of.cohorts[first]] if whole else np.split(of.cohorts[order], np.cumsum(np.bincount(cluster))[:-1])
    at = cluster if whole else np.argsort(order)
    counts = [np.unique(block, return_counts=True)[1].tolist() for block in blocks]
    ways = (math.factorial(sum(n)) // math.prod(map(math.factorial, n)) for n in counts)
    if math.prod(ways) <= max(draws, _ALL):
        for parts in product(*map(_orders, blocks)):
            yield np.concatenate(parts)[at]
        return
    yield of.cohorts
    rng = np.random.default_rng(seed)
    for _ in range(draws):
        if whole:
            yield rng.permutation(blocks[0])[at]
        else:
            yield of.cohorts[np.lexsort((rng.random(len(cluster)), cluster))][at]


def _orders(values: Floats) -> Iterator[Floats]:
    """Yield `values` in every different order."""
    others = values[values != values[0]]
    if not len(others):
        yield values
        return
    for held in combinations(range(len(values)), len(others)):
        for order in _orders(others):
            drawn = np.full(len(values), values[0])
            drawn[list(held)] = order
            yield drawn


def randomisation_interval(data: Sample, confidence: float, draws: int, seed: int) -> tuple[float, float, float, float]:
    """Overall effect with the interval of all constant effects that a permutation test does not reject.

    Parameters
    ----------
    data : Sample
        The rows.
    confidence : float
        Level, 0-1.
    draws, seed : int
        Permutations, and the start of the random numbers.

    Returns
    -------
    value, lower, upper, p : float
        `p` is that of no effect. A limit is infinite when there are too few assignments to reject anything.

    Notes
    -----
    Under a constant effect d the outcome without adoption is Y - d·D. The statistic is linear, T(Y - d·D) = a - d·c
    (c = 1 for the real assignment), so the d that an assignment b does not speak against lie between
    (a - a_b)/(1 - c_b) and (a + a_b)/(1 + c_b); the limits are order statistics of these ends. Exact where
    :func:`permuted` goes through all assignments.

    References
    ----------
    Rosenbaum (2002), Observational Studies, section 2.6; Phipson and Smyth (2010) for counting the real assignment.
    """
    of = places(data)
    reached = ((of.cohorts[:, None] > 0) & (of.periods >= of.cohorts[:, None])).astype(np.float64)
    real = float(overall(of, of.outcome, of.cohorts))
    if np.isnan(real):
        return real, -np.inf, np.inf, np.nan
    both = np.stack([of.outcome, reached])
    drawn = np.array([overall(of, both, cohorts) for cohorts in permuted(of, draws, seed)])
    a, c = drawn[:, 0], drawn[:, 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = np.stack([(real - a) / (1 - c), (real + a) / (1 + c)])
    # An assignment equal to the real one (or its mirror) speaks against no effect at all.
    same = np.isclose(np.abs(c), 1) | ~np.isfinite(ends).all(axis=0)
    lower, upper = np.where(same, -np.inf, ends.min(axis=0)), np.where(same, np.inf, ends.max(axis=0))
    # The real assignment is one of those counted; equal up to rounding is equal.
    p = np.mean(~(np.abs(a) < abs(real) - data.rounding))
    rank = int(np.floor((1 - confidence) * len(a) + 1e-9))
    return real, float(np.sort(lower)[rank]), float(np.sort(upper)[-1 - rank]), float(p)
