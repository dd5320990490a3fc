"""What speaks against an estimated effect: earlier trends, placebos, spillover, leaving out, chance, honest limits."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import linalg, optimize, special

from dvresearch import codebook
from dvresearch.errors import DataError, ParameterError, Text, check_choice, message
from dvresearch.metrics import findings
from dvresearch.metrics.effects.impact import LEAST_DRAWS, Fit, check_fit, refit
from dvresearch.metrics.effects.randomisation import places, randomisation_interval
from dvresearch.metrics.effects.sample import FEW_CLUSTERS, FEW_SIDE, check_columns, check_constant
from dvresearch.metrics.estimates import Floats, build, check_confidence, check_whole, group_names
from dvresearch.metrics.findings import Finding, digits, finding, graded, p_value, percent, untested
from dvresearch.tables import ESTIMATES, check

__all__ = [
    "adjusted", "breakdown", "honest_effects", "impact_checks", "influential", "one_cohort_out", "pretrend_tests",
    "relative_limits", "several_outcomes", "spillover", "time_weights",
]  # fmt: skip

Restriction = Literal["relative_magnitude", "smoothness"]
Limits = Callable[[float], tuple[float, float]]
Rows = NDArray[np.intp]
#: Where the point of breakdown is looked for, and how exactly: multiples of the largest earlier difference; bends of
#: the line in standard errors of the effect, few of them, because each interval takes seconds.
_SEARCH: dict[Restriction, tuple[float, float]] = {"relative_magnitude": (10.0, 0.005), "smoothness": (0.8, 0.02)}
#: Error of a difference below which it is one with the effect, as a share of the errors of both; halvings of a search.
_TIED, _HALVINGS = 1e-6, 30
#: P-value below which a test speaks against an effect, and the chance with which it should find what is there.
_SMALL, _POWER = 0.05, 0.8
#: Tests of the periods before adoption.
_TESTS = ("pretrends", "anticipation", "placebo_date", "regression_to_mean")
#: Degrees of freedom of the denominator below which no changes are tested together.
_LEAST_FREEDOM = 3
#: Restriction -> code of the check, and decimals of what the conclusion stands.
_HONEST: dict[Restriction, tuple[str, int]] = {
    "relative_magnitude": ("honest_relative", 2),
    "smoothness": ("honest_smoothness", 3),
}
#: Multiple of the largest earlier difference from which a conclusion counts as standing firm (Rambachan and Roth 2023).
_FIRM = 1.0
#: Standardised difference from which groups are unlike (Imbens and Rubin 2015, chapter 14, name 0.25); score above
#: which a place has next to nobody to be compared with (Crump et al. 2009), and the share of such places to ask about.
UNLIKE, ALONE, MANY_ALONE = 0.25, 0.9, 0.05
#: Share of the places that must be seen in every period for a permutation to speak for all.
_COMPLETE = 0.8
#: The rows of a table of effects that sum an outcome up: column, and its word there.
_SUMS = {"effect": "overall", "term": "average"}
#: Ways to adjust p-values for their number, and what statsmodels calls them.
_METHODS = {"holm": "holm", "benjamini_hochberg": "fdr_bh"}
#: Columns that tell the rows of one outcome apart, not the outcomes.
_OF_ONE = {*_SUMS, "cohort", "period", "event_time", "band", "restriction", "m"}


class _Joint(NamedTuple):
    """Changes before adoption, the inverse of their covariance, and the degrees of freedom of that covariance."""

    changes: Floats
    inverse: Floats
    freedom: float

    @property
    def denominator(self) -> float:
        return self.freedom - len(self.changes) + 1


def pretrend_tests(fitted: Fit, joint: _Joint | None = None) -> dict[str, tuple[float, float]]:
    """Test the changes before adoption, where there must be none.

    Parameters
    ----------
    fitted : Fit
        With the varying base.
    joint : optional
        What is tested together, where it is known already.

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
    joint = joint or _joint(fitted)
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
    smaller = min(fitted.sample.sides())
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
    rows = keys.assign(enough=enough)[keys["event_time"] < -fitted.of.anticipation]
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
    cells = cells.at(spread)
    places = cells.keys.groupby("cohort")["treated"].max()
    most = (data.sides()[1] - 1) // 2
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


def _power(fitted: Fit, joint: _Joint | None) -> Finding:
    """Say what a straight difference of trends that the test finds in 80 % of cases would add to the estimate."""
    if joint is None or not joint.inverse.sum() > 0:
        return untested("pretrends_power")
    size = len(joint.changes), joint.denominator
    needed = special.ncfdtrinc(*size, 1 - _POWER, special.fdtri(*size, 1 - _SMALL))
    weights, slope = time_weights(fitted), float(np.sqrt(needed / joint.inverse.sum()))
    added = slope * float(weights @ (weights.index.to_numpy() + 1 + fitted.of.anticipation))
    estimate = abs(fitted.overall()[0])
    verdict = "review" if added > estimate else "pass"
    return graded("pretrends_power", verdict, computed=digits(added, 3), stated=digits(estimate, 3))


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
        The estimate to check, from :func:`dvresearch.metrics.effects.impact.fit`.
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
    if near is not None:
        if not isinstance(near, str) or near in (fitted.of.unit, fitted.of.period):
            raise ParameterError("near-is-no-group", got=f"near={near!r}")
        check_columns(fitted.sample.panel, [near], [near])
        check_constant(fitted.sample.panel, fitted.of.unit, [near])
    if not fitted.estimable:
        why = [codebook.get("reason", code) for code in fitted.reasons or ("no_cell",)]
        told = Text(" ".join(r.note_vi for r in why), " ".join(r.note_en for r in why))
        return findings.table(
            [finding("impact_feasibility", "fail", "", computed="not_estimable", severity="major", guidance=told)]
        )
    varying, universal = refit(fitted, base="varying"), refit(fitted, base="universal")
    joint = _joint(varying)
    tests = pretrend_tests(varying, joint)
    stands_out, p = tests["regression_to_mean"]
    tests["regression_to_mean"] = (_reversion(varying, stands_out), p)
    tests["spillover"] = (np.nan, np.nan) if near is None else spillover(varying, near)
    return findings.table(
        [
            *_tested(tests, varying.overall()[0], near is not None),
            _power(varying, joint),
            _placebo_units(varying, draws, seed),
            one_cohort_out(varying),
            *influential(varying, top),
            *_balance(varying),
            *(_honest(universal, r) for r in _HONEST if r in wanted),
            *(_not_made(code, argument="honest") for r, (code, _) in _HONEST.items() if r not in wanted),
        ]
    )


def _tested(tests: Mapping[str, tuple[float, float]], estimate: float, near: bool) -> Iterator[Finding]:
    """Return the findings of the tests and, last, of all together."""
    known = {name: p for name, (value, p) in tests.items() if np.isfinite([value, p]).all()}
    holm = dict(zip(known, adjusted([*known.values()], "holm"), strict=True))
    for name, (value, p) in tests.items():
        if name == "spillover" and not near:
            yield _not_made(name, message("near-names-groups"))
            continue
        if name not in holm:
            code = "same-test-as-above" if np.isfinite(value) else "comparison-places-still" if np.isfinite(p) else ""
            yield untested(name, "", message(code)) if code else untested(name)
            continue
        verdict = "fail" if holm[name] < _SMALL else "review" if p < _SMALL else "pass"
        stated = digits(estimate, 3) if name == "regression_to_mean" else ""
        yield graded(name, verdict, computed=f"{digits(value, 3)} ({p_value(p)})", stated=stated)
    least = min(holm.values(), default=np.nan)
    verdict = "fail" if least < _SMALL else "pass"
    yield graded("all_checks", verdict, computed=p_value(least)) if holm else untested("all_checks")


def _honest(fitted: Fit, restriction: Restriction) -> Finding:
    """Say in words up to which difference of trends the conclusion stands."""
    code, decimals = _HONEST[restriction]
    m = breakdown(fitted, restriction)
    if not m >= 0:
        return untested(code) if np.isnan(m) else graded(code, "review", computed="0")
    relative, number = restriction == "relative_magnitude", digits(m, decimals)
    said = "stands-relative-difference" if relative else "stands-bend"
    told = message(said, number=Text(number.replace(".", ","), number))
    verdict, severity = ("pass", "info") if m >= _FIRM or (m > 0 and not relative) else ("review", "minor")
    return finding(code, verdict, "", computed=number, severity=severity, guidance=told)


def _not_made(check: str, told: Text | None = None, *, argument: str = "") -> Finding:
    """Return the finding of a check that the call left out, which matters more than one that the data do not allow."""
    guidance = message("check-not-made", told=told or message("check-switched-off", argument=argument))
    return finding(check, "unknown", "", severity="minor", guidance=guidance)


def _told(_: float, lower: float, upper: float) -> int:
    """Return 1 or -1 for an interval above or below 0, 0 for one that holds it."""
    return int(lower > 0) - int(upper < 0)


def one_cohort_out(fitted: Fit) -> Finding:
    """Leave out one cohort after the other: ``one_cohort_out``, the estimate farthest from that of all cohorts."""
    data, cohorts = fitted.sample, np.unique(fitted.cells.keys["cohort"])
    if len(cohorts) < 2:
        return untested("one_cohort_out")
    parts = [data.names[data.place_cohorts == cohort] for cohort in cohorts]
    return _left_out("one_cohort_out", fitted, dict(zip(data.label(cohorts), parts, strict=True)), hangs=False)


def influential(fitted: Fit, top: int = 20) -> Iterator[Finding]:
    """Leave out the places with the largest influence: ``one_place_out`` one by one, ``top_places_out`` all together.

    Parameters
    ----------
    fitted : Fit
        The fit.
    top : int, default 20
        How many places; at most a fifth of all.
    """
    if not top:
        yield from (_not_made(code, argument="top") for code in ("one_place_out", "top_places_out"))
        return
    pull = np.bincount(fitted.sample.places, weights=fitted.effects("overall").influence[:, 0])
    most = np.argsort(-np.abs(pull), kind="stable")[: min(top, len(pull) // 5)]
    names = fitted.sample.names[most]
    yield _left_out("one_place_out", fitted, {str(name): [name] for name in names})
    yield _left_out("top_places_out", fitted, {"": names} if len(names) else {})


def _left_out(check: str, fitted: Fit, parts: Mapping[str, Any], *, hangs: bool = True) -> Finding:
    """Fit again without each part of the places and compare with everything: does the interval tell the same?

    Where no answer can be given without a part the conclusion hangs on it, unless `hangs` says otherwise.
    """
    whole, found, panel = fitted.overall(), {}, fitted.sample.panel
    for label, names in parts.items():
        rest = refit(fitted, panel[~panel[fitted.of.unit].isin(names).to_numpy()])
        found[label] = rest.overall() if rest.estimable else (np.nan, np.nan, np.nan)
    known = {label: abs(rest[0] - whole[0]) for label, rest in found.items() if np.isfinite(rest[0])}
    if not known:
        return untested(check)
    changed = [label for label, rest in found.items() if (_told(*rest) != _told(*whole) if label in known else hangs)]
    shown = changed[0] if changed else max(known, key=lambda label: known[label])
    verdict = "review" if changed else "pass"
    return graded(check, verdict, shown, computed=digits(found[shown][0], 3), stated=digits(whole[0], 3))


def _placebo_units(fitted: Fit, draws: int, seed: int) -> Finding:
    """Relabel who adopted when, at random: how often does chance give as large an effect?

    Only places seen in every period can be relabelled; with fewer than 80 % of them the answer is ``unknown``.
    """
    if not draws:
        return _not_made("placebo_units", argument="draws")
    if len(places(fitted.sample).mass) < _COMPLETE * len(fitted.sample.names):
        return untested("placebo_units")
    p = randomisation_interval(fitted.sample, 0.95, draws, seed)[3]
    told = _told(*fitted.overall()) != 0
    return graded("placebo_units", "fail" if told and p > _SMALL else "pass", computed=p_value(p))


def _balance(fitted: Fit) -> Iterator[Finding]:
    """Compare places that adopt with the others before anybody did: ``balance`` per covariate, ``overlap``."""
    data = fitted.sample
    start = data.rows[data.rows["period"] == data.periods[0]]
    adopts = start["cohort"].to_numpy() > 0
    if adopts.all() or not adopts.any():
        yield untested("balance", fitted.of.outcome)
        return
    columns = {fitted.of.outcome: "outcome"} | {c: f"x{j}" for j, c in enumerate(fitted.of.covariates)}
    for name, column in columns.items():
        one, other = start.loc[adopts, column], start.loc[~adopts, column]
        spread, apart = np.sqrt((one.var(ddof=0) + other.var(ddof=0)) / 2), one.mean() - other.mean()
        rounding = 1e-9 * start[column].abs().max()
        # Without any spread every difference is beyond measure, and has no number.
        distance = apart / spread if spread > rounding else 0.0 if abs(apart) <= rounding else np.nan
        verdict = "pass" if abs(distance) <= UNLIKE else "review"
        yield graded("balance", verdict, name, computed=digits(distance, 2), stated=digits(UNLIKE, 2))
    if not fitted.of.covariates:
        yield untested("overlap", guidance=message("no-covariates-no-overlap"))
    else:
        from diff_diff.linalg import solve_logit  # Slow to load: only when asked for.

        x = start[list(columns.values())[1:]].to_numpy()
        score = solve_logit(x, adopts.astype(np.float64), rank_deficient_action="silent")[1]
        alone = float((score[adopts] > ALONE).mean())
        verdict = "fail" if alone > 0.5 else "review" if alone > MANY_ALONE else "pass"
        yield graded("overlap", verdict, computed=percent(alone, 1), stated=percent(MANY_ALONE, 0))


def spillover(fitted: Fit, near: str) -> tuple[float, float]:
    """Do places without a model change when others near them have one?

    Parameters
    ----------
    fitted : Fit
        The fit.
    near : str
        Column of the panel that tells which places are near each other (the district).

    Returns
    -------
    change : float
        Change of a place without a model when all others near it have one; NaN when it cannot be told.
    p : float
        Of no change; Student's t over the groups of near places.

    Notes
    -----
    Outcome on the share of the other places near by that have adopted, over rows without a model, less the means of
    place and period; errors clustered by group.
    """
    import statsmodels.api as sm  # Slow to load, both: only when asked for.
    from diff_diff.utils import demean_by_groups

    data = fitted.sample
    group_of = data.panel.drop_duplicates(fitted.of.unit).set_index(fitted.of.unit)[near]
    groups = pd.factorize(group_of.loc[data.names])[0]
    adopts = data.place_cohorts[:, None]
    adopted = (adopts > 0) & (data.periods >= adopts)
    held = pd.DataFrame(adopted).groupby(groups).transform("sum").to_numpy()
    exposure = (held - adopted) / np.maximum(np.bincount(groups)[groups] - 1, 1)[:, None]
    rows = data.rows[(data.rows["cohort"] == 0) | (data.rows["period"] < data.rows["cohort"] - fitted.of.anticipation)]
    group, labels = pd.factorize(groups[rows["place"]])
    if len(labels) < 3:
        return np.nan, np.nan
    rows = rows.assign(exposure=exposure[rows["place"], np.searchsorted(data.periods, rows["period"])])
    y, x = (
        demean_by_groups(rows, [name], ["place", "period"], tol=rounding)[0][name].to_numpy()
        for name, rounding in (("outcome", data.rounding), ("exposure", 1e-10))
    )
    if x @ x < 1e-9:
        return np.nan, np.nan
    found = sm.OLS(y, x).fit(cov_type="cluster", cov_kwds={"groups": group}, use_t=True)
    return (float(found.params[0]), float(found.pvalues[0])) if found.bse[0] > data.rounding else (np.nan, np.nan)


def time_weights(fitted: Fit) -> pd.Series:
    """Return the weight of each event time from 0 on in the overall effect; they add up to 1."""
    cells = fitted.effects("group_time")
    since = cells.keys["event_time"] >= 0
    weight = pd.Series(fitted.sizes(cells))[since].groupby(cells.keys["event_time"]).sum()
    return weight / weight.sum()


def honest_effects(
    fitted: Fit,
    *,
    restriction: Restriction = "relative_magnitude",
    m: Sequence[float] = (0.0, 0.5, 1.0, 1.5, 2.0),
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Overall effect with intervals that allow trends to have differed.

    Parameters
    ----------
    fitted : Fit
        From :func:`dvresearch.metrics.effects.impact.fit`; fitted again with the universal base where it is not.
    restriction : {"relative_magnitude", "smoothness"}, default "relative_magnitude"
        ``relative_magnitude``: from one period to the next since adoption, trends differ by at most `m` times the
        largest such difference before adoption. ``smoothness``: the difference of the trends follows a straight
        line, drawn on from before adoption, whose slope changes by at most `m` from one period to the next.
    m : sequence of float
        How much is allowed, 0 or more: multiples, or units of the outcome.
    confidence : float, default 0.95
        Two-sided level, 0-1.

    Returns
    -------
    DataFrame
        ``restriction``, ``m``, then the columns of ``tables.ESTIMATES``: the same ``value`` in every row, the interval
        for each `m`. Without two periods before adoption, or none after, the rows carry ``no_pretrend``.

    Raises
    ------
    ParameterError
        When `fitted` is no fit, `restriction` is unknown, or `m` or `confidence` is out of range.

    Notes
    -----
    ``relative_magnitude`` is :func:`relative_limits`; the covariance of the effect and of the differences before
    adoption is that of their influence functions. The interval covers the effect, not all effects that the restriction
    would allow. ``smoothness`` is the optimal interval of fixed length of diff-diff. Normal quantiles are taken as wide
    as Student's t of ``impact``. The weights of the periods count as known, as in HonestDiD of R, so that at ``m = 0``
    the interval is that of ``impact`` less the sampling error of the cohort sizes; ``std_error`` is that of ``impact``.

    References
    ----------
    Rambachan and Roth (2023), Review of Economic Studies 90:2555-2591.
    """
    check_choice("restriction", restriction, tuple(_SEARCH))
    check_confidence(confidence)
    check_fit(fitted)
    keys = pd.DataFrame({"restriction": restriction, "m": _allowed(m)})
    found = _limits(fitted, restriction, 1 - confidence)
    value, error, limits = np.nan, np.nan, np.full((len(keys), 2), np.nan)
    if found is not None:
        overall = fitted.effects("overall")
        value, error = overall.value[0], fitted.errors(overall.influence)[0]
        limits = np.array([found(allowed) for allowed in keys["m"]])
    return build(
        keys,
        indicator=fitted.of.outcome,
        value=value,
        std_error=error,
        lower=limits[:, 0],
        upper=limits[:, 1],
        confidence=confidence,
        n=len(fitted.sample.mass),
        definition=f"att_{fitted.of.control}",
        method=f"honest_{restriction}",
        reasons={**dict.fromkeys(fitted.reasons, True), "no_pretrend": found is None},
    )


def _allowed(m: object) -> Floats:
    """Return how much difference is allowed, as numbers; anything but numbers from 0 on is refused."""
    try:
        allowed = np.atleast_1d(np.asarray(m, dtype=np.float64))
    except (TypeError, ValueError):
        allowed = np.array([np.nan])
    if allowed.ndim == 1 and allowed.size and (np.isfinite(allowed) & (allowed >= 0)).all():
        return allowed
    raise ParameterError("m-below-zero", got=f"m={m!r}")


def breakdown(fitted: Fit, restriction: Restriction) -> float:
    """Return the `m` up to which the 95 % interval leaves 0 out.

    Parameters
    ----------
    fitted : Fit
        A fit.
    restriction : {"relative_magnitude", "smoothness"}
        As for :func:`honest_effects`.

    Returns
    -------
    float
        To 0.005, or to 0.02 standard errors of the effect for ``smoothness``; 10, or 0.8 standard errors, stand for
        that and more. -1 when 0 is inside at ``m = 0`` already; NaN without a period to go by.
    """
    limits = _limits(fitted, restriction, _SMALL)
    if limits is None:
        return np.nan
    most, exact = _SEARCH[restriction]
    if restriction == "smoothness":
        most, exact = np.array([most, exact]) * fitted.errors(fitted.effects("overall").influence)[0]

    def beyond(m: float) -> float:
        lower, upper = limits(m)
        return max(lower, -upper)

    if beyond(0.0) <= 0:
        return -1.0
    return float(most) if beyond(most) > 0 else float(optimize.brentq(beyond, 0.0, most, xtol=exact))


def relative_limits(
    effect: Floats | float, changes: Floats, covariance: Floats, most: float, alpha: float
) -> tuple[Floats, Floats]:
    """Interval of an effect when trends differ by some multiple of the largest difference before adoption.

    Parameters
    ----------
    effect : float, or array of float (…)
        The estimated effect, of one sample or of many.
    changes : array of float (…, K)
        The estimated differences of trends from one period to the next before adoption.
    covariance : array of float (…, 1 + K, 1 + K)
        Of the effect, then of the changes.
    most : float
        The most by which the effect can be off, in multiples of the largest change: the multiple `m` allowed from one
        period to the next, times the changes that add up in the effect (for weights l of the periods t after
        adoption Σₜ |Σ of l from t on|).
    alpha : float
        One less the level.

    Returns
    -------
    lower, upper : array of float (…)
        The limits.

    Notes
    -----
    Were change s the largest, of sign ±, the effect would lie within p = ±`most`·changeₛ of `effect`: two moment
    inequalities. Each of the 2 K cases is tested by the conditional test of Andrews, Roth and Pakes with a first stage
    of size α/10 by least favourable critical values; a case whose inequalities contradict each other there is left
    out. The interval is the hull of the cases. With two inequalities the largest is normal, truncated from below where
    the other would take its place, so no simulation is needed.

    References
    ----------
    Rambachan and Roth (2023), section 3.2; Andrews, Roth and Pakes (2023), Review of Economic Studies 90:2763-2791.
    """
    times = most * np.repeat([1.0, -1.0], changes.shape[-1])
    off = times * np.concatenate([changes, changes], axis=-1)
    alone = covariance[..., :1, 0]
    of_off = times**2 * np.tile(np.diagonal(covariance, axis1=-2, axis2=-1)[..., 1:], 2)
    shared = 2 * times * np.tile(covariance[..., 0, 1:], 2)
    # A change tied perfectly to the effect leaves one end without error.
    above, below = (
        np.sqrt(np.maximum(alone + of_off + part, _TIED**2 * (alone + of_off))) for part in (shared, -shared)
    )
    r = np.clip((of_off - alone) / (above * below), -1 + _TIED**2, 1 - _TIED**2)
    first = alpha / 10
    second = (alpha - first) / (1 - first)
    # Both of two normal variables with correlation r are below c with chance Φ(c) - 2 T(c, √((1 - r)/(1 + r))).
    slant = np.sqrt((1 - r) / (1 + r))
    ends = (np.full(r.shape, special.ndtri(1 - chance)) for chance in (first, first / 2))
    critical = _largest(lambda c: special.ndtr(c) - 2 * special.owens_t(c, slant) <= 1 - first, *ends)

    def reach(near: Floats, far: Floats) -> Floats:
        """Return how far the interval of each case goes on the side of error `near`."""

        def accepted(x: Floats) -> NDArray[np.bool_]:
            largest, other = (x - off) / near, (-x - off) / far
            truncated = special.ndtr(np.minimum((other - r * largest) / (1 - r), critical))
            chance = truncated + (1 - second) * (special.ndtr(critical) - truncated)
            return (largest <= 0) | (special.ndtr(largest) <= chance)

        return _largest(accepted, off * (near - far) / (near + far), off + critical * near)

    empty = -2 * off > critical * (above + below)
    up, down = (np.where(empty, -np.inf, reach(*ends)).max(axis=-1) for ends in ((above, below), (below, above)))
    return effect - down, effect + up


def _largest(holds: Callable[[Floats], NDArray[np.bool_]], low: Floats, high: Floats) -> Floats:
    """Return the largest numbers between `low` and `high` for which `holds`, which does so up to there."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        held = holds(middle)
        low, high = np.where(held, middle, low), np.where(held, high, middle)
    return low


def _limits(fitted: Fit, restriction: Restriction, alpha: float) -> Limits | None:
    """Return the interval of the overall effect as a function of `m`; None without a period to go by.

    Only periods that follow one another without a gap are used.
    """
    universal = refit(fitted, base="universal")
    effects, overall = universal.effects("event_time"), universal.effects("overall")
    times, base = effects.keys["event_time"].to_numpy(), -1.0 - universal.of.anticipation
    usable = universal.errors(effects.influence) > universal.sample.rounding

    def run(step: int) -> Rows:
        """Return where the periods on one side of the base are, from it on, up to the first that cannot be used."""
        there = np.flatnonzero(step * (times - base) > 0)[::step]
        followed = usable[there] & (step * (times[there] - base) == 1 + np.arange(len(there)))
        return there[np.logical_and.accumulate(followed)]

    before, after = run(-1), run(1)
    if not len(before) or not (times[after] >= 0).any():
        return None
    # diff-diff and the closed form go by normal quantiles: by the level at which they are as wide as Student's t.
    level = float(2 * special.ndtr(-universal.quantile(overall.keys, alpha / 2)[0]))
    weights = time_weights(universal)
    weight = np.array([weights.get(t, 0.0) for t in times[after]])
    if restriction == "smoothness":
        return _smoothness(universal, before[::-1], after, weight / weight.sum(), level)
    # From one period to the next: each less the one before it, the base being zero.
    differences = np.diff(np.eye(len(before) + 1), axis=0)[:, 1:]
    # The weights of the periods count as known, as in HonestDiD of R.
    influence = np.column_stack([effects.influence[:, after] @ weight, effects.influence[:, before] @ differences.T])
    covariance, changes = universal.covariance(influence), differences @ effects.value[before]
    reach = float(weights @ (weights.index.to_numpy() - base))

    def relative(m: float) -> tuple[float, float]:
        lower, upper = relative_limits(overall.value[0], changes, covariance, m * reach, level)
        return float(lower), float(upper)

    return relative


def _smoothness(universal: Fit, before: Rows, after: Rows, weight: Floats, alpha: float) -> Limits:
    """Return the interval of diff-diff as a function of `m`, from the event study as it takes it."""
    from diff_diff.honest_did import HonestDiD  # Slow to load: only when asked for.
    from diff_diff.results import MultiPeriodDiDResults, PeriodEffect

    kept, effects = np.concatenate([before, after]), universal.effects("event_time")
    times, values = effects.keys["event_time"].to_numpy(), effects.value[kept]
    spread = universal.covariance(effects.influence[:, kept])
    nothing: Any = (np.nan, np.nan, (np.nan, np.nan))
    found = zip(times[kept], values, np.sqrt(np.diag(spread)), strict=True)
    about: dict[str, Any] = {
        "period_effects": {t: PeriodEffect(t, value, error, *nothing) for t, value, error in found},
        "pre_periods": times[before].tolist(),
        "post_periods": times[after].tolist(),
        "vcov": spread,
        "interaction_indices": {t: j for j, t in enumerate(times[kept])},
        "reference_period": -1.0 - universal.of.anticipation,
    }
    average = ("avg_att", "avg_se", "avg_t_stat", "avg_p_value", "n_obs", "n_treated", "n_control")
    study = MultiPeriodDiDResults(**about, **dict.fromkeys(average, np.nan), avg_conf_int=(np.nan, np.nan))

    def limits(m: float) -> tuple[float, float]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = HonestDiD(method="smoothness", M=m, alpha=alpha, l_vec=weight).fit(study)
        return result.ci_lb, result.ci_ub

    return limits


def adjusted(p: Sequence[float], method: Literal["holm", "benjamini_hochberg"]) -> list[float]:
    """Return p-values adjusted for their number, in the same order.

    Parameters
    ----------
    p : sequence of float
        Raw p-values.
    method : {"holm", "benjamini_hochberg"}
        Holm's step-down (chance of any false rejection), or Benjamini and Hochberg's step-up (share of false ones
        among the rejections).

    Notes
    -----
    As in statsmodels. Checked against R ``p.adjust``, validation case ``multiple_testing``.
    """
    from statsmodels.stats.multitest import multipletests

    return multipletests(p, method=_METHODS[method])[1].tolist() if len(p) else []


def several_outcomes(estimates: pd.DataFrame) -> pd.DataFrame:
    """Say which of several outcomes still stand out when it counts that several were looked at.

    Parameters
    ----------
    estimates : DataFrame
        Tables of :func:`impact` or :func:`interrupted_series` for several outcomes, one under the other. Of each, the
        row that sums it up is taken (``overall``, ``average``); any other table has one row for each outcome. Columns
        in front (the field, the name of a series) tell outcomes of the same indicator apart.

    Returns
    -------
    DataFrame
        Findings ``several_outcomes``, one for each outcome: ``stated`` its own p-value, ``computed`` the one after
        Benjamini and Hochberg's adjustment; ``review`` when only the first is below 0.05, ``unknown`` without interval.

    Raises
    ------
    DataError
        When `estimates` breaks its contract, holds no row that sums up, or several for one outcome.

    Notes
    -----
    The p-value is read from the interval, so that it is below 0.05 exactly when a 95 % interval leaves no effect out:
    Student's t of the limit on the side of no effect, with the degrees of freedom at which its quantile is as many
    standard errors long as the interval; of a ratio the logarithm, no effect being 1. Where there is a permutation
    interval its limit is the one used. Checked against Student's t and permutation tests (tests/test_effect_checks.py).
    """
    check(estimates, ESTIMATES)
    rows = estimates.reset_index(drop=True)
    for column, word in _SUMS.items():
        if column in rows:  # a table of another kind, put under this one, has nothing there
            rows = rows[rows[column].isna() | (rows[column] == word)]
    named = [c for c in rows.loc[:, :"indicator"].columns[:-1] if c not in _OF_ONE]
    where = [
        f"{name} ({', '.join(map(str, label))})" if (label := [v for v in labels if pd.notna(v)]) else str(name)
        for name, *labels in rows[["indicator", *named]].itertuples(index=False)
    ]
    rows, ratio = rows.set_axis(where), (rows["indicator"] == "series_change_ratio").to_numpy()
    limits = ["value", "lower", "upper"]
    rows.loc[ratio, "std_error"] /= rows.loc[ratio, "value"]
    rows.loc[ratio, limits] = np.log(rows.loc[ratio, limits])
    # How far the interval reaches out on the side of no effect.
    rows["reach"] = np.where(rows["value"] > 0, rows["value"] - rows["lower"], rows["upper"] - rows["value"])
    drawn = (rows["method"] == "randomisation").to_numpy()
    # What cannot be estimated has a row for each reason.
    whole = rows[~drawn].loc[lambda rows: rows["value"].notna() | ~rows.index.duplicated()]
    if whole.empty:
        raise DataError("no-overall-estimate", got="0")
    twice = whole.index[whole.index.duplicated()]
    if len(twice):
        raise DataError("outcome-with-several-estimates", got=f"{twice[0]}: {(whole.index == twice[0]).sum()}")
    told = pd.concat([rows[drawn], whole])
    told = told[~told.index.duplicated()].loc[whole.index]
    tail, long = (1 + told["confidence"]) / 2, whole["reach"] / whole["std_error"]
    # A place of its own on one side has no error: as few degrees of freedom as there can be.
    freedom = special.stdtridf(tail, long).where(np.isfinite(long), 1.0)
    own = 2 * special.stdtr(freedom, -special.stdtrit(freedom, tail) * told["value"].abs() / told["reach"])
    own = own.where(told["reach"] > 0)
    after = pd.Series(adjusted(own.dropna().tolist(), "benjamini_hochberg"), own.dropna().index)
    code = "several_outcomes"
    return findings.table(
        graded(code, "review" if p < _SMALL <= q else "pass", name, computed=p_value(q), stated=p_value(p))
        if np.isfinite(p)
        else untested(code, name, message("no-interval-no-p"))
        for name, p, q in zip(own.index, own, after.reindex(own.index), strict=True)
    )
