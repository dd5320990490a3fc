"""Means and shares of samples against R survey, svy, and slow recomputation by hand."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from dvresearch.errors import DataError, ParameterError
from dvresearch.metrics.counts import clopper_pearson
from dvresearch.metrics.survey import Design, domain_means, draw, survey_mean, t_value
from dvresearch.tables import SURVEYED, check

SCHOOLS = {
    "survey_apisrs": Design(weights="pw", fpc="fpc"),
    "survey_apistrat": Design(strata="stype", weights="pw", fpc="fpc"),
}
NHANES = Design(strata="SDMVSTRA", clusters="SDMVPSU", weights="WTMEC2YR")


def case(validation, name):
    folder = validation(name)
    return pd.read_csv(folder / "data.csv"), json.loads((folder / "expected.json").read_text(encoding="utf-8"))


def agree(row, expected, *, deff=None):
    pairs = {"estimate": "value", "se": "std_error", "ci_low": "lower", "ci_high": "upper"}
    for theirs, ours in pairs.items():
        if theirs in expected:
            assert row[ours] == pytest.approx(expected[theirs], rel=1e-9), theirs
    if deff:
        assert row[deff] == pytest.approx(expected["deff"], rel=1e-9)


# Against R survey 4.1.1 ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCHOOLS)
def test_means_and_their_design_effects(validation, name):
    data, expected = case(validation, name)
    terms = [m["term"] for m in expected["mean"]]
    got = survey_mean(data, values=terms, design=SCHOOLS[name], degrees="normal").set_index("item")
    for m in expected["mean"]:
        agree(got.loc[m["term"]], m, deff="deff_wor")
    agree(got.loc["api00"], {**expected["mean_deff_replace"][0]}, deff="deff")
    with_t = survey_mean(data, values="api00", design=SCHOOLS[name], degrees="design").iloc[0]
    agree(with_t, expected["mean_ci_t_df"][0])
    assert with_t["df"] == expected["degf"]


@pytest.mark.parametrize("name", SCHOOLS)
def test_domains_keep_the_design_of_the_whole(validation, name):
    data, expected = case(validation, name)
    by_type = survey_mean(data, values="api00", by="stype", design=SCHOOLS[name], degrees="normal").set_index("stype")
    for m in expected["domain_mean_api00_by_stype"]:
        agree(by_type.loc[m["group"]], m)
    improved = survey_mean(data, values="api00", by="comp.imp", design=SCHOOLS[name], degrees="normal")
    agree(improved.set_index("comp.imp").loc["Yes"], expected["domain_subset_compimp_yes_mean_api00"][0])


@pytest.mark.parametrize("name", SCHOOLS)
def test_logit_intervals_of_shares(validation, name):
    data, expected = case(validation, name)
    data["awards"], data["sch.wide"] = ((data[c] == "Yes").astype(float) for c in ("awards", "sch.wide"))
    got = survey_mean(
        data, values=["awards", "sch.wide"], design=SCHOOLS[name], interval="logit", degrees="design"
    ).set_index("item")
    for item, block in (("awards", "ciprop_awards"), ("sch.wide", "ciprop_schwide")):
        logit = next(m for m in expected[block] if m["method"] == "logit")
        assert got.loc[item, ["value", "lower", "upper"]].tolist() == pytest.approx(
            [logit["estimate"], logit["ci_low"], logit["ci_high"]], rel=1e-8
        )
    assert got.loc["sch.wide", "std_error"] == pytest.approx(expected["prop_schwide"][1]["se"], rel=1e-9)


def test_without_population_correction(validation):
    data, expected = case(validation, "survey_apistrat")
    got = survey_mean(data, values="api00", design=Design(strata="stype", weights="pw"), degrees="normal").iloc[0]
    agree(got, expected["no_fpc"]["mean"][0], deff="deff_wor")


def test_strata_clusters_weights_and_missing_outcomes(validation):
    data, expected = case(validation, "survey_nhanes")
    got = survey_mean(data, values="HI_CHOL", design=NHANES, degrees="normal").iloc[0]
    agree(got, expected["mean_HI_CHOL"][0], deff="deff_wor")
    logit = survey_mean(data, values="HI_CHOL", design=NHANES, interval="logit").iloc[0]
    r = expected["ciprop_HI_CHOL"][0]
    assert [logit["lower"], logit["upper"]] == pytest.approx([r["ci_low"], r["ci_high"]], rel=1e-8)
    assert logit["df"] == expected["degf"]
    for column, block in (("race", "domain_by_race"), ("agecat", "domain_by_agecat")):
        groups = survey_mean(data, values="HI_CHOL", by=column, design=NHANES, degrees="normal")
        groups = groups.set_index(groups[column].astype(str))
        for m in expected[block]:
            agree(groups.loc[m["group"]], m)


def test_two_real_citizen_surveys(validation):
    folder = validation("survey_micro")
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["afrobarometer_tunisia_r8_2020"]
    data = pd.read_csv(folder / "afrobarometer_tunisia_r8_2020.csv")
    codes = pd.read_csv(folder / "afrobarometer_tunisia_r8_2020_codebook.csv")
    for q in expected["estimates"]:
        own = codes[codes["column"] == q["question"]].assign(code=lambda c: pd.to_numeric(c["code"]))
        yes = data[q["question"]].isin(own.loc[own["code_label"].isin(q["answers"]), "code"]).astype(float)
        if q["base"] != "all":
            yes = yes.mask(data[q["question"]].isin(own.loc[own["code_label"] == "Not applicable", "code"]))
        table = data.assign(yes=yes)
        plain = survey_mean(table, values="yes", design=Design(weights=q["weight"])).iloc[0]
        assert plain["n"] == q["n"]
        assert 100 * plain["value"] == pytest.approx(q["weighted_pct"], abs=5.1e-5)
        if q["base"] == "all":
            assert 100 * plain["std_error"] == pytest.approx(q["se_pct_linearised_no_strata"], abs=5.1e-5)
            crossed = Design(strata=["REGION", "URBRUR"], weights=q["weight"])
            error = survey_mean(table, values="yes", design=crossed)["std_error"].iloc[0]
            assert 100 * error == pytest.approx(q["se_pct_linearised_stratified_region_x_urbrur"], abs=5.1e-5)


# Against svy ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sample():
    """Communes within strata, people within communes, some answers missing; the last stratum has one commune."""
    rng = np.random.default_rng(7)
    rows = []
    for stratum in range(5):
        for cluster in range(1 if stratum == 4 else int(rng.integers(2, 6))):
            level = rng.normal(0, 5)
            for _ in range(int(rng.integers(4, 12))):
                rows.append((stratum, 10 * stratum + cluster, rng.lognormal(0, 0.5), 50 + level + rng.normal(0, 10)))
    table = pd.DataFrame(rows, columns=["stratum", "cluster", "weight", "y"])
    table["yes"] = (table["y"] > 50).astype(float)
    table["group"] = rng.choice(["a", "b", "c"], len(table))
    table["person"] = np.arange(len(table))
    table["communes"], table["people"] = 12.0 + table["stratum"], 40.0 + table["cluster"]
    table.loc[rng.choice(len(table), 15, replace=False), "y"] = np.nan
    return table


#: Means of `y` by group of `sample` from svy 0.35.0 (``Sample.estimation.mean``), which is no longer installed here.
#: Two stages: the first four strata, ``Design(ssu="person", pop_size=...)`` and ``deff="wr"``.
TWO_STAGES = {
    "value": [46.62953901689809, 49.158051338204245, 48.722047041626276],
    "std_error": [2.702900415425582, 1.7845708383419776, 1.8849993463341175],
    "lower": [40.607101588238514, 45.181779719172766, 44.5220067620905],
    "upper": [52.65197644555767, 53.134322957235725, 52.92208732116205],
    "deff": [1.6147135309831044, 0.880140391267684, 1.4501103641174935],
    "n": [28, 26, 39],
}
#: All strata, the last of one cluster, by our word for svy's ``singleton`` of ``center``, ``scale`` and ``skip``.
ONE_CLUSTER = {
    "adjust": {
        "std_error": [2.8815476291122395, 1.687808286071385, 1.966469489632605],
        "lower": [39.57838235479102, 44.816066242819346, 44.16394751836927],
        "upper": [52.41935880733885, 52.337408676619376, 52.92708166056133],
    },
    "average": {
        "std_error": [3.1489721266459116, 1.803806102023388, 2.190225676951833],
        "lower": [38.982523441863336, 44.55760700235113, 43.66538766403098],
        "upper": [53.015217720266534, 52.59586791708759, 53.42564151489962],
    },
    "certainty": {
        "std_error": [2.816526293772934, 1.6133732249412864, 1.9589973998919172],
        "lower": [39.723258918268556, 44.98191789447329, 44.18059637182603],
        "upper": [52.274482243861314, 52.17155702496543, 52.91043280710457],
    },
}
ALL_STRATA = {"value": [45.998870581064935, 48.57673745971936, 48.5455145894653], "n": [29, 29, 41]}


def same_as_svy(ours, theirs):
    ours = ours.sort_values("group")
    for name, values in {**theirs, "df": [10, 10, 10]}.items():
        assert ours[name].tolist() == pytest.approx(values, rel=1e-10), name


def test_two_stages_with_population_corrections(sample):
    several = sample[sample["stratum"] < 4]
    two = Design(strata="stratum", clusters="cluster", weights="weight", fpc=["communes", "people"])
    ours = survey_mean(several, values="y", by="group", design=two)
    same_as_svy(ours, TWO_STAGES)
    first = Design(strata="stratum", clusters="cluster", weights="weight", fpc=["communes", "people"], stages=1)
    ultimate = Design(strata="stratum", clusters="cluster", weights="weight", fpc="communes")
    errors = [survey_mean(several, values="y", by="group", design=d)["std_error"].tolist() for d in (first, ultimate)]
    assert errors[0] == errors[1]
    assert (np.array(errors[0]) < ours["std_error"]).all()


@pytest.mark.parametrize("rule", ONE_CLUSTER)
def test_a_stratum_with_one_cluster(sample, rule):
    design = Design(strata="stratum", clusters="cluster", weights="weight", lonely=rule)
    ours = survey_mean(sample, values="y", by="group", design=design)
    same_as_svy(ours, {**ALL_STRATA, **ONE_CLUSTER[rule]})
    assert (ours["lonely"] == rule).all()
    several = survey_mean(sample[sample["stratum"] < 4], values="y", design=design)
    assert several["lonely"].tolist() == [""]


def test_a_lonely_cluster_can_be_refused(sample):
    with pytest.raises(DataError, match="chỉ chọn một cụm"):
        survey_mean(sample, values="y", design=Design(strata="stratum", clusters="cluster", lonely="refuse"))


# By hand -------------------------------------------------------------------------------------------------------------


def slow_variance(table, y, domain):
    """Variance of a domain mean, cluster by cluster and stratum by stratum."""
    inside = domain & y.notna()
    w = table["weight"].where(inside, 0.0)
    mean = (w * y.fillna(0)).sum() / w.sum()
    z = (w * (y.fillna(0) - mean) / w.sum()).where(inside, 0.0)
    total = 0.0
    for _, rows in table.groupby("stratum"):
        sums = z[rows.index].groupby(rows["cluster"]).sum()
        if len(sums) > 1:
            total += len(sums) / (len(sums) - 1) * ((sums - sums.mean()) ** 2).sum()
    return mean, total


def test_each_group_against_a_loop(sample):
    table = sample[sample["stratum"] < 4].reset_index(drop=True)
    got = survey_mean(
        table,
        values=["y", "yes"],
        by="group",
        design=Design(strata="stratum", clusters="cluster", weights="weight"),
    )
    check(got, SURVEYED)
    assert list(got.columns) == ["group", "item", *SURVEYED.names]
    for row in got.to_dict("records"):
        mean, variance = slow_variance(table, table[row["item"]], table["group"] == row["group"])
        assert row["value"] == pytest.approx(mean)
        assert row["std_error"] ** 2 == pytest.approx(variance)
        inside = table[(table["group"] == row["group"]) & table[row["item"]].notna()]
        assert (row["n"], row["clusters"]) == (len(inside), inside["cluster"].nunique())
        assert row["df"] == inside["cluster"].nunique() - inside["stratum"].nunique()
        half = stats.t.ppf(0.975, row["df"]) * row["std_error"]
        assert (row["lower"], row["upper"]) == pytest.approx((mean - half, mean + half))
        assert row["n_eff"] == pytest.approx(row["n"] / row["deff"])


def test_covariance_of_two_groups_gives_the_variance_of_their_difference(sample):
    table = sample[sample["stratum"] < 4].reset_index(drop=True)
    sampled = draw(table, Design(strata="stratum", clusters="cluster", weights="weight"))
    domain = table["group"].map({"a": 0, "b": 1, "c": 2}).to_numpy()
    z = domain_means(table[["yes"]].to_numpy(), domain, 3, sampled).linear[:, 0]
    matrix = sampled.covariance(np.column_stack([np.where(domain == d, z, 0) for d in range(2)]))
    contrast = np.where(domain == 0, z, 0) - np.where(domain == 1, z, 0)
    sums = pd.Series(contrast).groupby([table["stratum"], table["cluster"]]).sum()
    slow = sum(len(s) / (len(s) - 1) * ((s - s.mean()) ** 2).sum() for _, s in sums.groupby(level=0))
    assert matrix[0, 0] + matrix[1, 1] - 2 * matrix[0, 1] == pytest.approx(slow)


def test_without_a_design_it_is_a_simple_random_sample():
    y = np.array([3.0, 5, 8, 8, 1, 4, 7, 2, 6, 9, 5])
    got = survey_mean(pd.DataFrame({"y": y}), values="y").iloc[0]
    assert got["std_error"] == pytest.approx(stats.sem(y))
    limits = stats.t.interval(0.95, len(y) - 1, y.mean(), stats.sem(y))
    assert (got["lower"], got["upper"]) == pytest.approx(limits)
    assert got["deff"] == pytest.approx(1)
    assert got["basis"] == "unknown"


def test_weights_follow_from_the_population_when_they_are_not_given():
    table = pd.DataFrame({"y": [1.0, 3, 2, 4] * 5, "s": list("aabb") * 5, "N": [100.0, 100, 900, 900] * 5})
    implied = survey_mean(table, values="y", design=Design(strata="s", fpc="N")).iloc[0]
    assert implied["value"] == pytest.approx((100 * 2 + 900 * 3) / 1000)
    drawn = table.assign(N=table["N"].map({100: 0.1, 900: 10 / 900}))
    share = survey_mean(drawn, values="y", design=Design(strata="s", fpc="N"))
    assert share["std_error"].iloc[0] == pytest.approx(implied["std_error"])


# Edges ---------------------------------------------------------------------------------------------------------------


def shares(x, n, **options):
    table = pd.DataFrame({"y": [1.0] * x + [0.0] * (n - x)})
    return survey_mean(table, values="y", interval="logit", **options).iloc[0]


@pytest.mark.parametrize(("x", "n"), [(38, 38), (0, 77)])
def test_all_or_none_give_the_exact_limits_of_the_counts(x, n):
    got = shares(x, n)
    lower, upper = clopper_pearson(np.array([float(x)]), np.array([float(n)]))
    assert (got["lower"], got["upper"]) == pytest.approx((lower[0], upper[0]))
    assert got["method"] == "korn_graubard_t_domain"
    assert got["std_error"] == 0


def test_all_satisfied_in_few_clusters_with_unequal_weights_say_less_than_their_number():
    table = pd.DataFrame({"y": 1.0, "c": np.repeat(range(8), 20), "w": np.tile([1.0, 3.0], 80)})
    got = survey_mean(table, values="y", interval="logit", design=Design(clusters="c", weights="w")).iloc[0]
    n = 160 / 1.25 * (stats.t.ppf(0.975, 159) / stats.t.ppf(0.975, 7)) ** 2
    assert got["lower"] == pytest.approx(0.025 ** (1 / n))
    assert got["upper"] == 1
    assert got["flags"] == "few;ceiling"


def test_one_cluster_has_no_error():
    table = pd.DataFrame({"y": [0.0, 1] * 20, "c": "A"})
    got = survey_mean(table, values="y", design=Design(clusters="c")).iloc[0]
    assert got["value"] == 0.5
    assert got[["std_error", "lower", "upper", "confidence"]].isna().all()
    assert got["reason"] == "no_freedom"


def test_one_respondent_and_nobody():
    got = survey_mean(pd.DataFrame({"y": [0.7], "z": [np.nan]}), values=["y", "z"], min_count=1).set_index("item")
    assert got.loc["y", "value"] == 0.7
    assert got["reason"].tolist() == ["no_freedom", "no_answer"]
    assert got.loc["z", ["value", "lower", "n"]].tolist() == pytest.approx([np.nan, np.nan, 0], nan_ok=True)


def test_means_that_are_all_alike_have_no_interval():
    got = survey_mean(pd.DataFrame({"y": [4.0] * 50}), values="y").iloc[0]
    assert got["value"] == 4
    assert np.isnan(got["lower"])
    assert got["reason"] == "no_spread"


def test_rows_of_weight_zero_belong_to_the_design_and_not_to_the_base():
    table = pd.DataFrame({"y": [1.0, 0, 1, 0, 9, 9] * 6, "w": [1.0, 1, 2, 2, 0, 0] * 6, "c": np.repeat(range(9), 4)})
    design = Design(clusters="c", weights="w")
    got = survey_mean(table, values="y", design=design).iloc[0]
    missing = survey_mean(table.assign(y=table["y"].where(table["w"] > 0)), values="y", design=design).iloc[0]
    assert got["n"] == 24
    pd.testing.assert_series_equal(got, missing)


def test_groups_of_few_people_are_hidden_with_a_second_one():
    table = pd.DataFrame({"y": np.arange(60.0), "g": ["a"] * 7 + ["b"] * 20 + ["c"] * 33})
    got = survey_mean(table, values="y", by="g").set_index("g")
    assert got["reason"].tolist() == ["small_count", "secondary", ""]
    assert got.loc["a", ["value", "lower", "n", "n_eff", "df"]].isna().all()


def test_few_clusters_come_with_a_remark():
    table = pd.DataFrame({"y": np.tile([0.0, 1, 1, 1, 1], 32), "c": np.repeat(range(40), 4)})
    enough = survey_mean(table, values="y", design=Design(clusters="c")).iloc[0]
    table["y"] = table["y"] * (table["c"] % 3)
    few = survey_mean(table[table["c"] < 29], values="y", design=Design(clusters="c"))
    assert (enough["flags"], enough["reason"]) == ("", "")
    assert few[["flags", "reason"]].iloc[0].tolist() == ["few", "few_clusters"]
    assert few["lower"].notna().all()


def test_t_value():
    got = t_value(0.9, np.array([1.0, 7.5, 1e6, np.inf, 0, -2]))
    expected = [*stats.t.ppf(0.95, [1, 7.5, 1e6]), stats.norm.ppf(0.95), np.nan, np.nan]
    assert got.tolist() == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(
    ("table", "design", "message"),
    [
        ({"y": [1.0, 2]}, Design(weights="w"), "Thiếu cột của thiết kế mẫu: w"),
        ({"y": [1.0, 2], "w": [1.0, -1]}, Design(weights="w"), "dòng/row 2, cột/column w"),
        ({"y": [1.0, 2], "w": [0.0, 0]}, Design(weights="w"), "Mọi trọng số bằng 0"),
        ({"y": [1.0, 2], "s": ["a", None]}, Design(strata="s"), "dòng/row 2, cột/column s"),
        ({"y": [1.0, 2], "N": [1.5, 1.5]}, Design(fpc="N"), "không hợp với số đã chọn"),
        ({"y": [1.0, 2], "N": [10.0, 20.0]}, Design(fpc="N"), "không hợp với số đã chọn"),
        ({"y": ["1", "2"]}, None, "Có chữ trong cột số"),
    ],
)
def test_tables_that_do_not_fit_are_refused(table, design, message):
    with pytest.raises(DataError, match=message):
        survey_mean(pd.DataFrame(table), values="y", design=design)


def test_words_are_checked():
    table = pd.DataFrame({"y": [0.5, 1, 0]})
    with pytest.raises(DataError, match='interval="wald"'):
        survey_mean(table, values="y", interval="logit")
    with pytest.raises(ParameterError, match="degrees='domain'"):
        survey_mean(table, values="y", degrees="satterthwaite")
    with pytest.raises(ParameterError, match="Số bước chọn mẫu không khớp"):
        Design(clusters="a", fpc=["x", "y", "z"])
    with pytest.raises(ParameterError, match="Số bước chọn mẫu không khớp"):
        Design(clusters="a", stages=3)
