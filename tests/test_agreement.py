"""Agreement of coders against Fleiss, SAS, Shrout and Fleiss, and by hand."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import aggregate_raters, cohens_kappa, fleiss_kappa

from dvresearch.errors import DataError, ParameterError
from dvresearch.metrics.reliability import agreement, intraclass
from dvresearch.tables import ESTIMATES, check


@pytest.fixture
def case(validation):
    folder = validation("agreement_fleiss_shrout")
    return pd.read_csv(folder / "data.csv"), json.loads((folder / "expected.json").read_text(encoding="utf-8"))


def from_counts(counts):
    """Return codes of as many coders as each row of counts adds up to."""
    codes = pd.DataFrame([[k for k, c in enumerate(row) for _ in range(c)] for row in counts])
    return codes.add_prefix("coder")


def from_table(table):
    """Return codes of two coders from their cross table."""
    return pd.DataFrame(
        [(i, j) for i, row in enumerate(table) for j, c in enumerate(row) for _ in range(c)], columns=["a", "b"]
    )


def kappa(codes, **options):
    got = agreement(codes, coders=list(codes.columns), **options)
    check(got, ESTIMATES)
    return got.iloc[0]


def test_fleiss_1971(case):
    codes, expected = case
    got = kappa(codes, measure="fleiss")
    assert got["value"] == pytest.approx(expected["fleiss_1971"]["kappa_formula"], rel=1e-12)
    assert got["z"] == pytest.approx(expected["fleiss_1971"]["z_irr"], abs=5.1e-6)
    assert got["n"] == 30


def test_counts_of_wikipedia_and_randolph(case):
    _, expected = case
    block = expected["wikipedia_fleiss"]
    assert kappa(from_counts(block["counts"]), measure="fleiss")["value"] == pytest.approx(block["kappa"], abs=5.1e-4)
    for block in expected["randolph"]["tables"]:
        codes = from_counts(block["counts"])
        assert kappa(codes, measure="fleiss")["value"] == pytest.approx(block["fleiss"], abs=5.1e-7)
        assert kappa(codes, measure="randolph")["value"] == pytest.approx(block["randolph_free"], abs=5.1e-7)


@pytest.mark.parametrize(("measure", "key"), [("cohen", "unweighted"), ("cohen_linear", "linear_weighted")])
def test_cohen_is_that_of_sas(case, measure, key):
    _, expected = case
    got = kappa(from_table(expected["cohen_sas"]["table"]), measure=measure, categories=[0, 1, 2])
    sas = expected["cohen_sas"][key]
    ours = got[["value", "std_error", "lower", "upper", "std_error_null", "z"]].tolist()
    theirs = [sas[k] for k in ("kappa", "ase", "low", "high", "ase_h0", "z")]
    assert ours == pytest.approx(theirs, abs=5.1e-5)


@pytest.mark.parametrize("measure", ["cohen", "cohen_linear", "cohen_quadratic"])
def test_cohen_is_that_of_statsmodels(measure):
    table = np.array([[20, 5, 1, 0], [4, 15, 6, 2], [1, 7, 18, 5], [0, 1, 4, 11]])
    weights = {"cohen": None, "cohen_linear": "linear", "cohen_quadratic": "quadratic"}[measure]
    theirs = cohens_kappa(table, wt=weights)
    got = kappa(from_table(table), measure=measure)
    assert [got["value"], got["std_error"], got["std_error_null"]] == pytest.approx(
        [theirs.kappa, theirs.std_kappa, theirs.std_kappa0]
    )


@pytest.mark.parametrize("measure", ["fleiss", "randolph"])
def test_jackknife_against_leaving_out_each_row(measure):
    rng = np.random.default_rng(4)
    truth = rng.integers(0, 3, 40)
    codes = pd.DataFrame({c: np.where(rng.random(40) < 0.7, truth, rng.integers(0, 3, 40)) for c in "abc"})

    def by_statsmodels(rows):
        counts, _ = aggregate_raters(rows.to_numpy(), n_cat=3)
        return fleiss_kappa(counts, method=measure)

    left_out = np.array([by_statsmodels(codes.drop(index=i)) for i in range(40)])
    got = kappa(codes, measure=measure)
    assert got["value"] == pytest.approx(by_statsmodels(codes))
    assert got["std_error"] == pytest.approx(np.sqrt(39 / 40 * np.square(left_out - left_out.mean()).sum()))


def test_incomplete_rows_are_dropped_and_n_counted_after():
    codes = pd.DataFrame({"a": ["x", "y", "x", None, "y"] * 8, "b": ["x", "y", "y", "x", "y"] * 8})
    pd.testing.assert_series_equal(kappa(codes), kappa(codes.dropna()))
    assert kappa(codes)["n"] == 32


@pytest.mark.parametrize("measure", ["cohen", "cohen_linear", "fleiss", "randolph"])
def test_edges(measure):
    empty = kappa(pd.DataFrame({"a": [], "b": []}), measure=measure)
    assert (empty["n"], empty["reason"]) == (0, "no_answer")
    same = kappa(pd.DataFrame({"a": ["x"] * 10, "b": ["x"] * 10}), measure=measure)
    assert np.isnan(same["value"]) and same["reason"] == "no_spread"
    perfect = kappa(pd.DataFrame({"a": ["x", "y"] * 10, "b": ["x", "y"] * 10}), measure=measure)
    assert (perfect["value"], perfect["reason"]) == (1, "all_alike") and np.isnan(perfect["lower"])


def test_randolph_depends_on_the_categories_that_were_offered():
    codes = pd.DataFrame({"a": ["x", "y", "x"], "b": ["x", "y", "y"]})
    two, four = (kappa(codes, measure="randolph", categories=c)["value"] for c in ("xy", "xyzw"))
    assert (two, four) == pytest.approx(((2 / 3 - 1 / 2) / (1 / 2), (2 / 3 - 1 / 4) / (3 / 4)))


def test_intraclass_correlations_are_those_of_shrout_and_fleiss(case):
    _, expected = case
    block = expected["shrout_fleiss_1979"]
    ratings = pd.DataFrame(block["ratings"])
    names = ["single_random", "single_two_way", "single_fixed", "mean_random", "mean_two_way", "mean_fixed"]
    for form, theirs in zip(names, block["icc"], strict=True):
        got = intraclass(ratings, coders=list(ratings), form=form)
        check(got, ESTIMATES)
        ours = got.iloc[0][["value", "lower", "upper", "F", "df1", "df2"]].tolist()
        assert ours == pytest.approx([theirs[k] for k in ("ICC", "lower", "upper", "F", "df1", "df2")], rel=1e-9)
        assert got["value"].iloc[0] == pytest.approx(block["published"][theirs["type"]], abs=5.1e-3)


def test_intraclass_edges():
    one = intraclass(pd.DataFrame({"a": [1.0], "b": [2.0]}), coders=["a", "b"]).iloc[0]
    assert np.isnan(one["value"]) and one["reason"] == "no_freedom"
    flat = intraclass(pd.DataFrame({"a": [3.0] * 4, "b": [3.0] * 4}), coders=["a", "b"]).iloc[0]
    assert np.isnan(flat["value"]) and flat["reason"] == "no_spread"
    gaps = pd.DataFrame({"a": [1.0, 4, 2, 5, np.nan], "b": [2.0, 4, 3, 5, 1]})
    pd.testing.assert_frame_equal(intraclass(gaps, coders=["a", "b"]), intraclass(gaps.dropna(), coders=["a", "b"]))


def test_a_coder_with_one_category_gives_no_interval():
    """Cohen's kappa is 0 by construction then (scikit-learn gives 0 too); its error formula divides by nothing."""
    got = kappa(pd.DataFrame({"a": ["x"] * 20, "b": ["x", "y"] * 10}))
    assert (got["value"], got["reason"]) == (0, "one_code_only")
    assert got[["std_error", "lower", "upper", "z"]].isna().all()


ANSWERS = ["very_dissatisfied", "dissatisfied", "neutral", "satisfied", "very_satisfied"]


@pytest.mark.parametrize(("measure", "weights"), [("cohen_linear", "linear"), ("cohen_quadratic", "quadratic")])
def test_weighted_kappas_go_by_the_order_of_the_categories(measure, weights):
    """However the codes are kept, they give what scikit-learn gives for their places."""
    rng = np.random.default_rng(0)
    a = rng.integers(0, 12, 80)
    places = pd.DataFrame({"a": a, "b": np.clip(a + rng.integers(-1, 2, 80), 0, 11)})
    expected = cohen_kappa_score(places["a"], places["b"], weights=weights)
    assert kappa(places, measure=measure)["value"] == pytest.approx(expected)
    assert kappa(places.astype(str), measure=measure)["value"] == pytest.approx(expected)
    # the answers of a scale have its order, which is not that of the alphabet; a Categorical has its own
    fives = places * 5 // 12
    expected = cohen_kappa_score(fives["a"], fives["b"], weights=weights)
    words = fives.map(ANSWERS.__getitem__)
    assert kappa(words, measure=measure)["value"] == pytest.approx(expected)
    levels = ["một", "hai", "ba", "bốn", "năm"]
    own = fives.map(levels.__getitem__)
    ordered = own.apply(lambda codes: pd.Categorical(codes, levels, ordered=True))
    assert kappa(ordered, measure=measure)["value"] == pytest.approx(expected)
    assert kappa(own, measure=measure, categories=levels)["value"] == pytest.approx(expected)
    with pytest.raises(DataError, match="categories="):
        kappa(own, measure=measure)
    with pytest.raises(DataError, match="một kiểu"):
        kappa(pd.DataFrame({"a": [1, 2, "1"], "b": [1, 2, 1]}))


def test_words_are_checked():
    codes = pd.DataFrame({"a": ["x", "y"], "b": ["x", "z"], "c": ["x", "y"]})
    with pytest.raises(ParameterError, match='measure="fleiss"'):
        agreement(codes, coders=["a", "b", "c"])
    with pytest.raises(DataError, match="không nằm trong danh sách"):
        agreement(codes, coders=["a", "b"], categories=["x", "y"])
    with pytest.raises(DataError, match="thiếu cột d"):
        agreement(codes, coders=["a", "d"])
    with pytest.raises(ParameterError, match="không hợp với hệ số"):
        intraclass(codes, coders=["a"])
