"""What speaks against an estimated effect: earlier trends, placebos, spillover, leaving out, honest limits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

import numpy as np
import pandas as pd
from scipy import special

from dvresearch import codebook
from dvresearch.errors import ParameterError, Text
from dvresearch.metrics import findings
from dvresearch.metrics.effects import robustness
from dvresearch.metrics.effects.feasibility import FEW_CLUSTERS, FEW_SIDE, sides
from dvresearch.metrics.effects.fitting import LEAST_DRAWS, Fit, check_fit
from dvresearch.metrics.effects.honest import Restriction, breakdown, refit, time_weights
from dvresearch.metrics.effects.inputs import check_columns, check_constant
from dvresearch.metrics.effects.multiplicity import adjusted
from dvresearch.metrics.estimates import Floats, check_whole, choose, group_names
from dvresearch.metrics.findings import Finding, digits, finding, graded, p_value, untested

__all__ = ["impact_checks", "pretrend_tests"]

_SMALL, _POWER = 0.05, 0.8
_NEAR = Text(
    'Nêu cột cho biết nơi nào gần nhau, ví dụ near="district".',
    'Name the column that tells which places are near each other, for example near="district".',
)
_SAME = Text(
    "Với ít kỳ trước như vậy, kiểm định này trùng với một kiểm định khác ở trên nên không tính lần nữa.",
    "With so few periods before, this is the same test as another one above and is not counted again.",
)
_STILL = Text(
    "Nơi so sánh không hề thay đổi qua các kỳ, nên không biết một năm khác thường rồi có tự trở lại hay không.",
    "The comparison places never change, so it cannot be told whether an unusual year would have passed by itself.",
)
#: Clusters on the smaller side below which several changes tested at once go by that side alone.
_SMALLER = 50
#: Tests of the periods before adoption, the linear combinations of their changes they look at (newest first).
_TESTS = ("pretrends", "anticipation", "placebo_date", "regression_to_mean")


def pretrend_tests(fitted: Fit) -> dict[str, tuple[float, float]]:
    """Test the changes before adoption, where there must be none.

    Parameters
    ----------
    fitted : Fit
        With the varying base.

    Returns
    -------
    dict of str to (float, float)
        Check -> what was found, and the p-value. ``pretrends``: all changes are zero (F test; what was found is the
        largest change). ``anticipation``: the last change. ``placebo_date``: the effect of an adoption moved back by
        half of the periods before. ``regression_to_mean``: by how much the last period before adoption stands out from
        those before it. NaN where there are too few; a p-value of NaN beside a number where so few changes make it
        the same test as another.

    Notes
    -----
    With changes δ(-1), …, δ(-K) from one period to the next and the covariance of their influence functions, every
    test is one of linear combinations of them; p-values use t or F with the clusters less the combinations, or with
    those of the smaller side where it has fewer than 50. Changes of fewer than 5 places on a side, or without any
    spread, and all before them, are left out.
    """
    change, spread, clusters, single = _changes(fitted)
    count = len(change)
    out = dict.fromkeys(_TESTS, (np.nan, np.nan))
    if not count:
        return out
    if clusters - count >= 3:
        wald = float(change @ np.linalg.pinv(spread) @ change) / count * (clusters - count) / (clusters - 1)
        largest = float(change[np.abs(change).argmax()])
        out["pretrends"] = (largest, float(special.fdtrc(count, clusters - count, wald)))
    back = (count + 1) // 2
    combinations = {
        "anticipation": np.eye(count)[0],
        "placebo_date": np.where(np.arange(count) < back, np.arange(1, count + 1) / back, 0.0),
        "regression_to_mean": (count - np.arange(count)) / count,
    }
    made = [np.eye(count)[0]] if count == 1 and np.isfinite(out["pretrends"][1]) else []
    for name, weights in combinations.items():
        found, error = float(weights @ change), float(np.sqrt(weights @ spread @ weights))
        if any(np.array_equal(weights, other) for other in made):
            out[name] = (found, np.nan)
        elif error > fitted.sample.rounding:
            out[name] = (found, float(2 * special.stdtr(single - 1, -abs(found) / error)))
        made.append(weights)
    return out


def _changes(fitted: Fit) -> tuple[Floats, Floats, int, int]:
    """Return the changes before adoption, newest first, their covariance, and the clusters that tests of them go by.

    The clusters are those for a test of all together, then for one of a single combination.
    """
    effects = fitted.effects("event_time")
    enough = (effects.keys[["treated", "least"]].min(axis=1) >= FEW_SIDE).to_numpy()
    before = np.flatnonzero(effects.keys["event_time"].to_numpy() < -fitted.anticipation)[::-1]
    enough = enough & (fitted.errors(effects.influence) > fitted.sample.rounding)
    before = before[np.logical_and.accumulate(enough[before])]
    smaller = min(sides(fitted.sample, fitted.control, fitted.anticipation))
    before = before[: max(smaller - 3, 1)]  # no more than a test of all together has a distribution for
    every = int(fitted.sample.clusters.max()) + 1
    joint, single = (smaller if smaller < few else every for few in (_SMALLER, FEW_CLUSTERS))
    return effects.value[before], fitted.covariance(effects.influence[:, before]), joint, single


def _power(fitted: Fit) -> Finding:
    """Say what a straight difference of trends that the test finds in 80 % of cases would add to the estimate."""
    change, spread, clusters, _ = _changes(fitted)
    count = len(change)
    if not count or clusters - count < 3:
        return untested("pretrends_power")
    inverse = np.linalg.pinv(spread)
    critical = special.fdtri(count, clusters - count, 1 - _SMALL)
    needed = special.ncfdtrinc(count, clusters - count, 1 - _POWER, critical)
    if not inverse.sum() > 0:
        return untested("pretrends_power")
    slope = float(np.sqrt(needed / inverse.sum()))
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
    progress: bool = False,
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
    progress : bool, default False
        Whether a bar is shown on the terminal.

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
        choose("honest", restriction, tuple(_HONEST))
    _check_near(fitted, near)
    if not robustness.estimable(fitted):
        why = [codebook.get("reason", code) for code in fitted.reasons or ("no_cell",)]
        told = Text(" ".join(r.note_vi for r in why), " ".join(r.note_en for r in why))
        return findings.table(
            [finding("impact_feasibility", "fail", "", computed="not_estimable", severity="major", guidance=told)]
        )
    varying = fitted if fitted.base == "varying" else refit(fitted, base="varying")
    with _bar(progress) as track:
        tests = pretrend_tests(varying)
        stands_out, p = tests["regression_to_mean"]
        tests["regression_to_mean"] = (_reversion(varying, stands_out), p)
        tests["spillover"] = robustness.spillover(varying, near) if near is not None else (np.nan, np.nan)
        rows = list(_tested(tests, robustness.overall_of(varying)[0], near is not None))
        rows += [_power(varying), robustness.placebo_units(varying, draws, seed)]
        rows += robustness.one_cohort_out(varying, partial(track, "one_cohort_out"))
        rows += robustness.influential(varying, top, partial(track, "one_place_out"))
        rows += robustness.balance(varying)
        universal = fitted if fitted.base == "universal" else refit(fitted, base="universal")
        rows += [_honest(universal, r) for r in track("honest_relative", [r for r in _HONEST if r in wanted])]
        rows += [robustness.not_made(code, "honest") for r, (code, _) in _HONEST.items() if r not in wanted]
    return findings.table(rows)


def _check_near(fitted: Fit, near: str | None) -> None:
    """Refuse what is no column of groups of near places."""
    if near is None:
        return
    if not isinstance(near, str) or near in (fitted.unit, fitted.period):
        raise ParameterError(
            Text("near phải là cột ghi nhóm các nơi gần nhau.", "near must be a column with groups of near places."),
            expected=Text("một tên cột, mỗi nhóm có nhiều nơi", "the name of one column, several places in a group"),
            got=f"near={near!r}",
            hint=_NEAR,
        )
    check_columns(fitted.panel, [near], [near])
    check_constant(fitted.panel, fitted.unit, [near])


def _tested(tests: Mapping[str, tuple[float, float]], estimate: float, near: bool) -> Iterator[Finding]:
    """Return the findings of the tests and, last, of all together."""
    known = {name: p for name, (value, p) in tests.items() if np.isfinite([value, p]).all()}
    holm = dict(zip(known, adjusted(list(known.values()), "holm"), strict=True))
    for name, (value, p) in tests.items():
        if name == "spillover" and not near:
            yield robustness.not_made(name, "near", _NEAR)
            continue
        if name not in holm:
            why = [told for number, told in ((value, _SAME), (p, _STILL)) if np.isfinite(number)]
            yield untested(name, "", *why)
            continue
        verdict = "fail" if holm[name] < _SMALL else "review" if p < _SMALL else "pass"
        stated = digits(estimate, 3) if name == "regression_to_mean" else ""
        yield graded(name, verdict, computed=f"{digits(value, 3)} ({p_value(p)})", stated=stated)
    if not holm:
        yield untested("all_checks")
        return
    least = min(holm.values())
    yield graded("all_checks", "fail" if least < _SMALL else "pass", computed=p_value(least))


#: Restriction -> code of the check, and the sentence for a conclusion that stands up to `m`.
_HONEST: dict[Restriction, tuple[str, Text]] = {
    "relative_magnitude": (
        "honest_relative",
        Text(
            "Kết luận giữ được chừng nào chênh lệch xu thế mỗi kỳ sau khi có mô hình không quá {} lần chênh lệch lớn "
            "nhất giữa hai kỳ liền nhau trước đó.",
            "The conclusion stands as long as trends differ, from one period to the next, by no more than {} times the "
            "largest difference seen before.",
        ),
    ),
    "smoothness": (
        "honest_smoothness",
        Text(
            "Kéo dài đường chênh lệch trước đó, kết luận giữ được chừng nào độ dốc của đường ấy mỗi kỳ đổi không "
            "quá {}.",
            "With the earlier difference of trends drawn on, the conclusion stands as long as its slope changes by no "
            "more than {} a period.",
        ),
    ),
}
#: Multiple of the largest earlier difference from which a conclusion counts as standing firm (Rambachan and Roth 2023).
_FIRM = 1.0


def _honest(fitted: Fit, restriction: Restriction) -> Finding:
    """Say in words up to which difference of trends the conclusion stands."""
    code, sentence = _HONEST[restriction]
    m = breakdown(fitted, restriction)
    if np.isnan(m):
        return untested(code)
    if m < 0:
        return graded(code, "review", computed="0")
    firm = m >= _FIRM if restriction == "relative_magnitude" else m > 0
    number = digits(m, 2 if restriction == "relative_magnitude" else 3)
    told = Text(sentence.vi.format(number.replace(".", ",")), sentence.en.format(number))
    verdict = "pass" if firm else "review"
    return finding(code, verdict, "", computed=number, severity="info" if firm else "minor", guidance=told)


Track = Callable[[str, Iterable], Iterable]


@contextmanager
def _bar(shown: bool) -> Iterator[Track]:
    """Give a function that wraps a loop and, when asked to, shows how far it is."""
    if not shown:
        yield lambda code, steps: steps
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as bar:
        yield lambda code, steps: bar.track(list(steps), description=codebook.label("check", code))
