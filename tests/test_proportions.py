"""Proportions against R, PHEindicatormethods, Newcombe's table and statsmodels; grouping and its edges."""

from __future__ import annotations

import doctest
import json
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from dvresearch.errors import DataError, ParameterError
from dvresearch.metrics import counts
from dvresearch.metrics.counts import METHODS, agresti_coull, clopper_pearson, jeffreys, proportion, wilson
from dvresearch.metrics.estimates import ALL, FEW, NOT_STATED, add_flag, build, has_flag
from dvresearch.tables import ESTIMATES, FLAGS, check


def limits(method, x, n, confidence=0.95):
    """Return the limits of one proportion as two floats."""
    lower, upper = method(np.array([x], dtype=float), np.array([n], dtype=float), confidence)
    return lower[0], upper[0]


def table(**columns) -> pd.DataFrame:
    return pd.DataFrame(columns)


# Newcombe (1998), Statistics in Medicine 17:857-872, table I: methods 3 (score) and 5 (exact).
@pytest.mark.parametrize(
    ("x", "n", "score", "exact"),
    [
        (81, 263, (0.2553, 0.3662), (0.2527, 0.3676)),
        (15, 148, (0.0624, 0.1605), (0.0578, 0.1617)),
        (0, 20, (0.0000, 0.1611), (0.0000, 0.1684)),
        (1, 29, (0.0061, 0.1718), (0.0009, 0.1776)),
    ],
)
def test_wilson_and_clopper_pearson_print_newcombes_table(x, n, score, exact):
    assert limits(wilson, x, n) == pytest.approx(score, abs=5e-5)
    assert limits(clopper_pearson, x, n) == pytest.approx(exact, abs=5e-5)


def test_equal_to_r(validation):
    """prop.test, binom.test and Agresti-Coull by formula, R 4.2.2."""
    expected = json.loads((validation("prop_single_R") / "expected.json").read_text(encoding="utf-8"))
    for level, confidence in (("level_95", 0.95), ("level_99", 0.99)):
        for row in expected[level]:
            for name in ("wilson", "clopper_pearson", "agresti_coull"):
                got = limits(METHODS[name], row["x"], row["n"], confidence)
                assert got == pytest.approx((row[f"{name}_low"], row[f"{name}_high"]), rel=1e-12, abs=1e-12), (
                    name,
                    row,
                )


def test_equal_to_phe_workbook(validation):
    """Wilson at 95% and 99.8% with missing inputs, as shares and as percentages."""
    expected = pd.DataFrame(
        json.loads((validation("prop_phe_wilson") / "expected.json").read_text(encoding="utf-8"))["expected"]
    )
    expected["row"] = range(len(expected))
    for confidence, low, high in ((0.95, "lower95_0cl", "upper95_0cl"), (0.998, "lower99_8cl", "upper99_8cl")):
        got = proportion(expected, numerator="Numerator", denominator="Denominator", by=["row"], confidence=confidence)
        for ours, theirs in (("value", "value"), ("lower", low), ("upper", high)):
            np.testing.assert_allclose(
                got[ours] * expected["multiplier"], expected[theirs].astype(float), rtol=1e-12, atol=1e-13
            )
        assert (got["reason"] == "").equals(expected["value"].notna())


@pytest.mark.parametrize(
    ("name", "theirs"),
    [("wilson", "wilson"), ("clopper_pearson", "beta"), ("agresti_coull", "agresti_coull"), ("jeffreys", "jeffreys")],
)
def test_equal_to_statsmodels_on_a_wide_grid(name, theirs):
    rng = np.random.default_rng(7)
    n = np.concatenate([np.arange(2, 60), rng.integers(60, 2_000_000, 300)]).astype(float)
    x = np.clip(np.floor(n * rng.random(len(n))), 1, n - 1)
    for confidence in (0.8, 0.95, 0.998):
        lower, upper = METHODS[name](x, n, confidence)
        expected = proportion_confint(x, n, alpha=1 - confidence, method=theirs)
        # statsmodels alone clips Agresti-Coull
        np.testing.assert_allclose(np.clip(lower, 0, 1), np.clip(expected[0], 0, 1), rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(np.clip(upper, 0, 1), np.clip(expected[1], 0, 1), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("n", [1, 2, 20, 263, 1_653_458])
@pytest.mark.parametrize("method", [wilson, clopper_pearson, jeffreys])
def test_limits_at_none_and_all_are_exact_and_mirrored(method, n):
    none, everything = limits(method, 0, n), limits(method, n, n)
    assert none[0] == 0.0
    assert everything[1] == 1.0
    assert 0 < none[1] < 1
    assert everything[0] == pytest.approx(1 - none[1], rel=1e-9)


def test_agresti_coull_leaves_the_range_as_published():
    """Adds z²/2 successes and z² trials; the unclipped limits of 0/20 are in R's output too."""
    assert limits(agresti_coull, 0, 20) == pytest.approx((-0.028684402, 0.189809561), abs=1e-9)


def test_fractional_counts_lie_between_their_neighbours():
    for method in METHODS.values():
        low, middle, high = (limits(method, x, 10) for x in (3, 3.5, 4))
        assert low[0] < middle[0] < high[0]
        assert low[1] < middle[1] < high[1]


def test_groups_are_added_not_averaged():
    data = table(
        unit=["B", "A", "B", "A", "C"], on_time=[1, 30, 80, 50, 7], received=[10, 60, 90, 50, 7], extra=list("vwxyz")
    )
    got = proportion(data, numerator="on_time", denominator="received", by="unit", overall="append")
    assert got["unit"].tolist() == ["B", "A", "C", ALL]
    for row in got.itertuples():
        part = data if row.unit == ALL else data[data["unit"] == row.unit]
        x, n = part["on_time"].sum(), part["received"].sum()
        assert (row.numerator, row.denominator, row.n, row.value) == (x, n, n, x / n)
        assert (row.lower, row.upper) == pytest.approx(proportion_confint(x, n, method="wilson"), rel=1e-12)
        assert row.std_error == pytest.approx(np.sqrt(x / n * (1 - x / n) / n), rel=1e-12)
    assert list(got.columns) == ["unit", *ESTIMATES.names]
    check(got, ESTIMATES)


def test_the_example_of_the_docstring_runs():
    assert doctest.testmod(counts).failed == 0


def test_without_groups_there_is_one_row():
    got = proportion(table(x=[1, 2], n=[3, 4]), numerator="x", denominator="n", overall="append")
    assert got[["numerator", "denominator"]].to_numpy().tolist() == [[3, 7]]
    assert list(got.columns) == ESTIMATES.names


def test_missing_labels_are_a_group():
    data = table(unit=["A", None, "A", None], year=[2025, 2025, None, 2026], x=[1, 2, 3, 4], n=[10, 10, 10, 10])
    got = proportion(data, numerator="x", denominator="n", by=["unit", "year"])
    assert got["unit"].tolist() == ["A", NOT_STATED, "A", NOT_STATED]
    assert got["numerator"].tolist() == [1, 2, 3, 4]
    assert got["year"].isna().tolist() == [False, False, True, False]


def test_total_row_keeps_whole_years():
    data = table(year=[2025, 2026], x=[1, 2], n=[10, 10])
    got = proportion(data, numerator="x", denominator="n", by="year", overall="append")
    assert got["year"].tolist() == [2025, 2026, pd.NA]
    assert got["year"].dtype == "Int64"
    assert got["value"].tolist() == [0.1, 0.2, 0.15]


def test_what_is_not_known_stays_unknown_and_says_why():
    data = table(unit=list("abcdef"), x=[np.nan, 1, np.nan, 0, 3, 1], n=[10, np.nan, np.nan, 0, 10, 1])
    got = proportion(data, numerator="x", denominator="n", by="unit").set_index("unit")
    assert got["reason"].tolist() == ["no_numerator", "no_denominator", "no_counts", "zero_denominator", "", ""]
    assert got["value"].isna().tolist() == [True] * 4 + [False] * 2
    assert got.loc[["a", "b", "c", "d"], ["std_error", "lower", "upper"]].isna().all(axis=None)
    assert got["flags"].tolist() == ["few", "", "", "few", "few", "few"]
    # one unknown count makes the sum of its group unknown
    whole = proportion(data, numerator="x", denominator="n")
    assert whole["reason"].tolist() == ["no_counts"]


@pytest.mark.parametrize("dtype", ["Int64", "object", "float32", "int8"])
def test_number_types_do_not_matter(dtype):
    values = [Decimal(3), 4] if dtype == "object" else [3, 4]
    data = table(x=pd.Series(values, dtype=dtype), n=[10, 10])
    assert proportion(data, numerator="x", denominator="n")["value"].item() == 0.35


def test_categories_without_rows_make_no_group():
    data = table(unit=pd.Categorical(["A", None], categories=["A", "B"]), x=[1, 2], n=[10, 10])
    assert proportion(data, numerator="x", denominator="n", by="unit")["unit"].tolist() == ["A", NOT_STATED]


def test_flags_follow_their_thresholds():
    data = table(unit=["at", "below"], x=[FEW, FEW - 1], n=[FEW, FEW - 1])
    got = proportion(data, numerator="x", denominator="n", by="unit", ceiling=0.95)
    assert got["flags"].tolist() == ["ceiling", "few;ceiling"]
    got = proportion(data, numerator="x", denominator="n", by="unit", few=0)
    assert got["flags"].tolist() == ["", ""]


def test_flags_are_added_in_their_fixed_order():
    keys = table(unit=["a", "b"])
    got = build(keys, indicator="i", value=[0.5, 0.5], flags={"break": [True, False], "few": [True, True]})
    assert got["flags"].tolist() == ["few;break", "few"]
    got = add_flag(got, "ceiling", [False, True])
    assert got["flags"].tolist() == ["few;break", "few;ceiling"]
    assert {f: has_flag(got, f).tolist() for f in ("few", "break", "ceiling")} == {
        "few": [True, True],
        "break": [True, False],
        "ceiling": [False, True],
    }
    every = got
    for flag in reversed(FLAGS):
        every = add_flag(every, flag)
    assert every["flags"].tolist() == [";".join(FLAGS)] * 2


@pytest.mark.parametrize(
    ("columns", "where", "vi", "en"),
    [
        ({"x": [1, 5, 9], "n": [2, 4, 1]}, "dòng/row 2, cột/column x (+1)", "lớn hơn cột n", "larger than n"),
        ({"x": [1, 0], "n": [2, -4]}, "dòng/row 2, cột/column n", "Số đếm âm", "negative count"),
        ({"x": [1, np.inf], "n": [2, np.inf]}, "dòng/row 2, cột/column x", "vô hạn", "infinite"),
        ({"x": ["1.234", "7"], "n": [2000, 10]}, "dòng/row 1, cột/column x", "chữ trong cột số", "Text in a number"),
        ({"x": [5], "n": [0]}, "dòng/row 1, cột/column x", "lớn hơn cột n", "larger than n"),
        ({"x": [], "n": []}, "counts", "không có dòng", "no data row"),
        ({"x": [1]}, "counts", "thiếu cột n", "lacks the column n"),
    ],
)
def test_bad_counts_are_refused_in_both_languages(columns, where, vi, en):
    with pytest.raises(DataError) as caught:
        proportion(pd.DataFrame(columns), numerator="x", denominator="n")
    assert where in caught.value.where
    assert vi in str(caught.value)
    assert en in str(caught.value)


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ({"method": "wald"}, "method='wilson'"),
        ({"basis": "all"}, "basis='census'"),
        ({"overall": True}, "overall='omit'"),
        ({"confidence": 95}, "confidence=0.95"),
        ({"by": ["unit", "unit"]}, "rename"),
        ({"by": "value"}, "rename"),
    ],
)
def test_bad_options_say_what_to_type(options, hint):
    data = table(unit=["A"], value=["v"], x=[1], n=[2])
    with pytest.raises(ParameterError, match="Cách sửa") as caught:
        proportion(data, numerator="x", denominator="n", **options)
    assert hint in str(caught.value)
