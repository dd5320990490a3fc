"""What speaks against an estimated effect: earlier trends, placebos, spillover, leaving out, honest limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import linalg, special

from dvresearch import codebook
from dvresearch.errors import ParameterError, Text, check_choice, message
from dvresearch.metrics import findings
from dvresearch.metrics.effects import robustness
from dvresearch.metrics.effects.feasibility import FEW_CLUSTERS, FEW_SIDE, sides
from dvresearch.metrics.effects.fitting import LEAST_DRAWS, Effects, Fit, check_fit
from dvresearch.metrics.effects.honest import Restriction, breakdown, refit, time_weights
from dvresearch.metrics.effects.inputs import check_columns, check_constant
from dvresearch.metrics.effects.multiplicity import adjusted
from dvresearch.metrics.estimates import Floats, check_whole, group_names
from dvresearch.metrics.findings import Finding, digits, finding, graded, p_value, untested

__all__ = ["impact_checks", "pretrend_tests"]

_SMALL, _POWER = 0.05, 0.8
#: Tests of the periods before adoption.
_TESTS = ("pretrends", "anticipation", "placebo_date", "regression_to_mean")
#: Degrees of freedom of the denominator below which no changes are tested together.
_LEAST_FREEDOM = 3


class _Joint(NamedTuple):
    """Changes before adoption, the inverse of their covariance, and the degrees of freedom of that covariance."""

    changes: Floats
    inverse: Floats
    freedom: float

    @property
    def denominator(self) -> float:
        return self.freedom - len(self.changes) + 1


def pretrend_tests(fitted: Fit) -> dict[str, tuple[float, float]]:
    """Test the changes before adoption, where there must be none.

    Parameters
    ----------
    fitted : Fit
        With the varying base.

    Returns
    -------
    dict of str to (float, float)
        Check -> what was found, and the p-value. ``pretrends``: all changes of all cohorts are zero (what was found is
        the largest). Of changes averaged over cohorts, ``anticipation``: the last; ``placebo_date``: the effect of an
        adoption moved back by half of the periods before; ``regression_to_mean``: by how much the last period before
        adoption stands out from those before it. NaN where there are too few; a p-value of NaN beside a number where
        so few changes make it the same test as another.

    Notes
    -----
    ``pretrends`` is Wald's test W of the p group-time cells before adoption, so that opposite trends of two cohorts do
    not cancel: W·(ν - p + 1)/(ν·p) is compared with F(p, ν - p + 1). The degrees of freedom ν of the covariance are
    those of a sum of Wishart matrices, one for each cohort and one for the comparison (Nel and van der Merwe 1986; with
    one cell Welch's test); of clusters that hold several cohorts, those of independent places in them. It rejects in 2
    to 7 % of samples without any trend, with 20 to 200 places, skewed errors or 10 to 20 clusters
    (tests/test_effect_checks.py). A cohort of n clusters tells at most (n - 1)/2 changes, the newest; one within a
    single cluster tells none. Cohorts of fewer than 5 places are averaged by time since adoption. Where ν - p + 1 would
    be below 3 older changes are left out, for all cohorts alike, and if that is not enough, all cohorts are averaged.

    The other tests are single linear combinations; Student's t has the clusters less 1, or those of the smaller side
    where it has fewer than 20. Changes of fewer than 5 places on a side, or without any spread, and all before them,
    are left out of every test.

    References
    ----------
    Nel and van der Merwe (1986), Communications in Statistics 15:3719-3735; Krishnamoorthy and Yu (2004), Statistics &
    Probability Letters 66:161-169.
    """
    out = dict.fromkeys(_TESTS, (np.nan, np.nan))
    joint = _joint(fitted)
    if joint is not None:
        wald = joint.changes @ joint.inverse @ joint.changes * joint.denominator / joint.freedom / len(joint.changes)
        largest = float(joint.changes[np.abs(joint.changes).argmax()])
        out["pretrends"] = (largest, float(special.fdtrc(len(joint.changes), joint.denominator, wald)))
    effects = fitted.effects("event_time")
    before = _usable(fitted, effects.keys.assign(group=0), effects.influence)
    count = len(before)
    if not count:
        return out
    change, spread = effects.value[before], fitted.covariance(effects.influence[:, before])
    smaller = min(sides(fitted.sample, fitted.control, fitted.anticipation))
    clusters = smaller if smaller < FEW_CLUSTERS else int(fitted.sample.clusters.max()) + 1
    back = (count + 1) // 2
    combinations = {
        "anticipation": np.eye(count)[0],
        "placebo_date": np.where(np.arange(count) < back, np.arange(1, count + 1) / back, 0.0),
        "regression_to_mean": (count - np.arange(count)) / count,
    }
    made = [np.ones(1)] if joint is not None and len(joint.changes) == 1 else []
    for name, weights in combinations.items():
        found, error = float(weights @ change), float(np.sqrt(weights @ spread @ weights))
        if any(np.array_equal(weights, other) for other in made):
            out[name] = (found, np.nan)
        elif error > fitted.sample.rounding:
            out[name] = (found, float(2 * special.stdtr(clusters - 1, -abs(found) / error)))
        made.append(weights)
    return out


def _usable(fitted: Fit, keys: pd.DataFrame, influence: Floats) -> NDArray[np.intp]:
    """Return the rows that tell a change before adoption, group by group and newest first."""
    enough = (keys[["treated", "least"]].min(axis=1) >= FEW_SIDE) & (fitted.errors(influence) > fitted.sample.rounding)
    rows = keys.assign(enough=enough)[keys["event_time"] < -fitted.anticipation]
    rows = rows.sort_values(["group", "event_time"], ascending=[True, False])
    return rows.index[rows.groupby("group")["enough"].cummin()].to_numpy()


def _joint(fitted: Fit) -> _Joint | None:
    """Return all changes before adoption that can be tested together; None when none can."""
    cells, data = fitted.effects("group_time"), fitted.sample
    held = pd.crosstab(data.clusters, data.cohorts, normalize="columns")
    common = held.T @ held  # of a cohort with itself one by the number of its clusters, were they of equal size
    freedom = 1 / pd.Series(np.diag(common), common.index) - 1
    # A cohort within one cluster shows no spread of its own.
    spread = cells.keys["cohort"].map(freedom).to_numpy() > 0.5
    cells = Effects(cells.keys[spread], cells.value[spread], cells.influence[:, spread], cells.standing[:, spread])
    places = cells.keys.groupby("cohort")["treated"].max()
    most = (sides(data, fitted.control, fitted.anticipation)[1] - 1) // 2
    for averaged in (places.index[places < FEW_SIDE], places.index):
        group = cells.keys["cohort"].mask(cells.keys["cohort"].isin(averaged), -1)
        keys = cells.keys.assign(group=group).groupby(["group", "event_time"])
        member = fitted.sizes(cells)[:, None] * pd.get_dummies(keys.ngroup()).to_numpy()
        member = member / member.sum(axis=0)
        rows = keys.agg(treated=("treated", "sum"), least=("least", "min")).reset_index()
        value, influence = cells.value @ member, cells.influence @ member
        usable = rows.loc[_usable(fitted, rows, influence)]
        back = usable.groupby("group").cumcount()
        each = freedom[places.index].groupby(lambda g, averaged=averaged: -1 if g in averaged else g).sum()
        # one hundredth: the number of clusters is not always whole
        back = back[back < usable["group"].map((each + 0.01) // 2).clip(1, max(most, 1))]
        for horizon in range(back.max() if len(back) else -1, -1, -1):
            kept = back.index[back <= horizon]
            joint = _weighed(fitted, value[kept], influence[:, kept], common)
            if joint.denominator >= _LEAST_FREEDOM:
                return joint
    return None


def _weighed(fitted: Fit, changes: Floats, influence: Floats, common: pd.DataFrame) -> _Joint:
    """Return changes with what they weigh; the degrees of freedom are those of independent places in each cohort."""
    at = common.index.get_indexer(fitted.sample.cohorts)
    # Influence functions divide by the places, not by one less.
    grown = 1 / np.sqrt(np.maximum(1 - np.diag(common), 1e-12))
    influence = influence * grown[at, None]
    parts = np.array([influence[at == i].T @ influence[at == i] for i in range(len(common))])
    parts = parts @ linalg.pinvh(parts.sum(axis=0))
    traces = np.trace(parts, axis1=1, axis2=2)
    both = np.outer(traces, traces) + np.einsum("iab,jba->ij", parts, parts)
    lost = common.to_numpy() * np.outer(grown, grown) * both
    summed = fitted.by_cluster(influence)
    count = len(changes)
    return _Joint(changes, linalg.pinvh(summed.T @ summed), count * (count + 1) / float(lost.sum()))


def _power(fitted: Fit) -> Finding:
    """Say what a straight difference of trends that the test finds in 80 % of cases would add to the estimate."""
    joint = _joint(fitted)
    if joint is None or not joint.inverse.sum() > 0:
        return untested("pretrends_power")
    size = len(joint.changes), joint.denominator
    needed = special.ncfdtrinc(*size, 1 - _POWER, special.fdtri(*size, 1 - _SMALL))
    slope = float(np.sqrt(needed / joint.inverse.sum()))
    weights = time_weights(fitted)
    added = slope * float(weights @ (weights.index.to_numpy() + 1 + fitted.anticipation))
    estimate = robustness.overall_of(fitted)[0]
    verdict = "review" if added > abs(estimate) else "pass"
    return graded("pretrends_power", verdict, computed=digits(added, 3), stated=digits(abs(estimate), 3))


def _reversion(fitted: Fit, stands_out: float) -> float:
    """Return what would follow anyway after a year that stands out: shocks keep only their autocorrelation.

    NaN when the places without the model have no shocks.
    """
    rows = fitted.sample.rows
    compared = rows[(rows["cohort"] == 0) & rows["outcome"].notna()]
    wide = compared.pivot_table(index="unit", columns="period", values="outcome").dropna()
    if len(wide) < 2 or wide.shape[1] < 3:
        return -stands_out
    shock = wide.to_numpy()
    shock = shock - shock.mean(axis=0) - (shock - shock.mean(axis=0)).mean(axis=1, keepdims=True)
    if np.abs(shock).max() <= fitted.sample.rounding:
        return np.nan
    kept = float((shock[:, 1:] * shock[:, :-1]).sum() / (shock[:, :-1] ** 2).sum())
    # Taking the mean of a place off makes its shocks look opposed to each other, by 1/(T - 1).
    return -stands_out * (1 - float(np.clip(kept + 1 / (wide.shape[1] - 1), 0, 1)))


def impact_checks(
    fitted: Fit,
    *,
    near: str | None = None,
    top: int = 20,
    honest: Sequence[Restriction] = ("relative_magnitude", "smoothness"),
    draws: int = 499,
    seed: int = 2026,
) -> pd.DataFrame:
    """Check an estimated effect in every way the panel allows.

    Parameters
    ----------
    fitted : Fit
        The estimate to check, from :func:`dvresearch.metrics.effects.fitting.fit`.
    near : str, optional
        Column of the panel with the group of places near each other (the district), for spillover.
    top : int, default 20
        Places of largest influence that are left out and the effect fitted again; 0 for none.
    honest : sequence of str
        Restrictions of :func:`honest_effects` under which the point of breakdown is looked for.
    draws, seed : int
        Permutations of the adoption dates (0 for none), and the start of their random numbers.

    Returns
    -------
    DataFrame
        Findings. Tests with a p-value, ``review`` below 0.05 and ``fail`` when still below 0.05 after Holm's
        adjustment over all of them: ``pretrends``, ``anticipation``, ``placebo_date`` (see :func:`pretrend_tests`),
        ``regression_to_mean`` (what would follow anyway after the last year before adoption, beside the estimate),
        ``spillover``. ``all_checks``: the smallest adjusted p-value. Then without part in that adjustment:
        ``pretrends_power``, ``placebo_units`` (permutation), ``one_cohort_out``, ``one_place_out`` and
        ``top_places_out`` (the places of largest influence), ``balance``, ``overlap``, ``honest_relative`` and
        ``honest_smoothness`` (how much difference of trends the conclusion stands). What the data do not allow is
        ``unknown`` with severity ``info``; what the call left out (no `near`, ``top=0``, ``draws=0``, a restriction not
        named) is ``unknown`` with severity ``minor``: every check has its finding. A panel that allows no estimate has
        the one finding ``impact_feasibility``, which says why.

    Raises
    ------
    DataError
        When the column `near` is missing, has empty cells, or differs within a unit.
    ParameterError
        When `fitted` is no fit, `near` no column of groups, a restriction is unknown, or a number of places or draws
        makes no sense (of draws none, or 19 or more: fewer make nothing rarer than one in twenty).

    Notes
    -----
    Passing every test is no proof: ``pretrends_power`` says what they could have missed. Checked against refits, a
    loop over cells, closed forms and simulated provinces with a known truth (tests/test_effect_checks.py,
    benchmarks/impact_coverage.py).
    """
    check_fit(fitted)
    check_whole("top", top)
    check_whole("draws", draws, LEAST_DRAWS if draws else 0)
    check_whole("seed", seed)
    wanted = group_names(honest)
    for restriction in wanted:
        check_choice("honest", restriction, tuple(_HONEST))
    _check_near(fitted, near)
    if not robustness.estimable(fitted):
        why = [codebook.get("reason", code) for code in fitted.reasons or ("no_cell",)]
        told = Text(" ".join(r.note_vi for r in why), " ".join(r.note_en for r in why))
        return findings.table(
            [finding("impact_feasibility", "fail", "", computed="not_estimable", severity="major", guidance=told)]
        )
    varying = fitted if fitted.base == "varying" else refit(fitted, base="varying")
    tests = pretrend_tests(varying)
    stands_out, p = tests["regression_to_mean"]
    tests["regression_to_mean"] = (_reversion(varying, stands_out), p)
    tests["spillover"] = robustness.spillover(varying, near) if near is not None else (np.nan, np.nan)
    universal = fitted if fitted.base == "universal" else refit(fitted, base="universal")
    rows = [
        *_tested(tests, robustness.overall_of(varying)[0], near is not None),
        _power(varying),
        robustness.placebo_units(varying, draws, seed),
        robustness.one_cohort_out(varying),
        *robustness.influential(varying, top),
        *robustness.balance(varying),
        *(_honest(universal, r) for r in _HONEST if r in wanted),
        *(robustness.not_made(code, argument="honest") for r, (code, _) in _HONEST.items() if r not in wanted),
    ]
    return findings.table(rows)


def _check_near(fitted: Fit, near: str | None) -> None:
    """Refuse what is no column of groups of near places."""
    if near is None:
        return
    if not isinstance(near, str) or near in (fitted.unit, fitted.period):
        raise ParameterError("near-is-no-group", got=f"near={near!r}")
    check_columns(fitted.panel, [near], [near])
    check_constant(fitted.panel, fitted.unit, [near])


def _tested(tests: Mapping[str, tuple[float, float]], estimate: float, near: bool) -> Iterator[Finding]:
    """Return the findings of the tests and, last, of all together."""
    known = {name: p for name, (value, p) in tests.items() if np.isfinite([value, p]).all()}
    holm = dict(zip(known, adjusted(list(known.values()), "holm"), strict=True))
    for name, (value, p) in tests.items():
        if name == "spillover" and not near:
            yield robustness.not_made(name, message("near-names-groups"))
            continue
        if name not in holm:
            code = "same-test-as-above" if np.isfinite(value) else "comparison-places-still" if np.isfinite(p) else ""
            yield untested(name, "", message(code)) if code else untested(name)
            continue
        verdict = "fail" if holm[name] < _SMALL else "review" if p < _SMALL else "pass"
        stated = digits(estimate, 3) if name == "regression_to_mean" else ""
        yield graded(name, verdict, computed=f"{digits(value, 3)} ({p_value(p)})", stated=stated)
    if not holm:
        yield untested("all_checks")
        return
    least = min(holm.values())
    yield graded("all_checks", "fail" if least < _SMALL else "pass", computed=p_value(least))


#: Restriction -> code of the check, and decimals of what the conclusion stands.
_HONEST: dict[Restriction, tuple[str, int]] = {
    "relative_magnitude": ("honest_relative", 2),
    "smoothness": ("honest_smoothness", 3),
}
#: Multiple of the largest earlier difference from which a conclusion counts as standing firm (Rambachan and Roth 2023).
_FIRM = 1.0


def _honest(fitted: Fit, restriction: Restriction) -> Finding:
    """Say in words up to which difference of trends the conclusion stands."""
    code, decimals = _HONEST[restriction]
    m = breakdown(fitted, restriction)
    if np.isnan(m):
        return untested(code)
    if m < 0:
        return graded(code, "review", computed="0")
    relative = restriction == "relative_magnitude"
    firm = m >= _FIRM if relative else m > 0
    number = digits(m, decimals)
    told = message(
        "stands-relative-difference" if relative else "stands-bend", number=Text(number.replace(".", ","), number)
    )
    verdict, severity = ("pass", "info") if firm else ("review", "minor")
    return finding(code, verdict, "", computed=number, severity=severity, guidance=told)
