"""The ladder of words: how far each goes, what stops it, and what a paragraph has to tell beside its number."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dvresearch import (
    Interruption,
    codebook,
    examples,
    feasibility,
    fit_impact,
    impact,
    impact_checks,
    interrupted_series,
    series_findings,
    two_way_fixed_effects,
    wording,
)
from dvresearch.errors import ParameterError
from dvresearch.metrics.effects.checks import honest_effects
from dvresearch.metrics.estimates import build
from dvresearch.tables import FINDINGS
from dvresearch.wording.impact import LADDER

ROW = {
    "value": 2.0,
    "lower": 1.0,
    "upper": 3.0,
    "confidence": 0.95,
    "definition": "att_never",
    "indicator": "synthetic_score",
}
TRENDS = {"all_checks": "pass", "pretrends": "pass", "pretrends_power": "pass"}
FULL = TRENDS | {"honest_relative": "pass"}
CAUSE = {
    "vi": ("làm tăng", "làm giảm", "nhờ", "tác động của"),
    "en": ("caused", "causes", "increased by", "thanks"),
}


def estimate(**row) -> pd.DataFrame:
    keys = pd.DataFrame({"effect": ["overall"], "band": "pointwise"})
    return build(keys, **{"method": "", "n": 10, "std_error": 0.5} | ROW | row)


def finding_table(**verdict: str) -> pd.DataFrame:
    rows = [
        dict.fromkeys(FINDINGS.names, "") | {"check": k, "verdict": v, "severity": "info"} for k, v in verdict.items()
    ]
    return pd.DataFrame(rows, columns=FINDINGS.names)


@pytest.mark.parametrize(
    ("row", "findings", "step"),
    [
        ({}, None, "untested"),
        ({}, {"all_checks": "pass"}, "untested"),
        ({}, {"impact_feasibility": "pass"}, "untested"),
        ({}, FULL | {"pretrends": "unknown"}, "untested"),
        ({}, FULL | {"pretrends_power": "review"}, "untested"),
        ({}, FULL | {"pretrends_power": "unknown"}, "untested"),
        ({}, TRENDS, "fairly_clear"),
        ({}, FULL | {"honest_relative": "unknown"}, "fairly_clear"),
        ({}, FULL | {"honest_relative": "review"}, "fairly_clear"),
        ({}, FULL | {"impact_feasibility": "review"}, "fairly_clear"),
        ({}, FULL, "clear"),
        ({}, FULL | {"balance": "review"}, "clear"),
        ({}, FULL | {"all_checks": "fail"}, "not_to_be_believed"),
        ({"lower": -1.0}, {"all_checks": "fail"}, "not_told_apart"),
        ({"lower": np.nan, "upper": np.nan}, None, "no_ground"),
        ({}, {"impact_feasibility": "fail"}, "no_ground"),
        ({"definition": "counterfactual_trend"}, {"series_before": "pass"}, "same_time"),
        ({"definition": "counterfactual_trend_compared"}, {"series_placebo": "pass"}, "clear"),
        ({"definition": "counterfactual_trend_compared"}, {"series_placebo": "unknown"}, "untested"),
        ({"definition": "counterfactual_trend_compared"}, {"series_before": "pass"}, "untested"),
        ({"indicator": "series_change_ratio", "lower": 0.9, "upper": 1.2}, None, "not_told_apart"),
    ],
)
def test_ladder_of_words(row, findings, step) -> None:
    found = None if findings is None else finding_table(**findings)
    assert wording.impact_verdict(ROW | row, found) == step
    table = build(
        pd.DataFrame({"effect": ["overall", "cohort"], "band": "pointwise"}),
        method="", n=10, std_error=0.5, **(ROW | row),
    )  # fmt: skip
    for lang, cause in CAUSE.items():
        (told,) = wording.describe_impact(table, found, lang)  # type: ignore[arg-type]
        assert not [word for word in cause if word in told] and "{" not in told
        assert ("rõ rệt" in told if lang == "vi" else "; a clear difference" in told) == (step == "clear")
        assert ("khá rõ" in told if lang == "vi" else "fairly clear" in told) == (step == "fairly_clear")
        assert step == "no_ground" or "n\u00a0=\u00a010" in told or step == "not_told_apart"


def test_every_step_has_its_words() -> None:
    assert all(codebook.get("value", f"ladder.{step}").note_en for step in LADDER)


def test_what_only_describes_and_what_was_not_made_is_told() -> None:
    table = build(pd.DataFrame({"effect": ["overall"], "band": "pointwise"}), method="", n=10, std_error=0.5, **ROW)
    (told,) = wording.describe_impact(table, finding_table(**FULL, balance="review"), "en")
    label = codebook.get("check", "balance").label("en")
    assert f"a clear difference. Still to be looked at: {label}." in told and "is passed" not in told
    assert codebook.get("check", "spillover").label("en") in told.split("Not made: ")[1]
    made = dict.fromkeys(("placebo_units", "one_place_out", "spillover"), "pass")
    assert "Not made" not in wording.describe_impact(table, finding_table(**FULL, **made), "en")[0]
    alone = table.assign(definition="counterfactual_trend")
    (told,) = wording.describe_impact(alone, finding_table(series_gaps="review"), "vi")
    assert codebook.get("check", "series_gaps").label("vi") in told.split("Còn cần xem: ")[1]
    assert "được chọn ngẫu nhiên" not in told


def test_no_sentence_says_that_all_is_passed_while_something_is_open() -> None:
    table = build(pd.DataFrame({"effect": ["overall"], "band": "pointwise"}), method="", n=10, std_error=0.5, **ROW)
    words = {"vi": ("đều đạt", "Còn cần xem"), "en": ("is passed", "Still to be looked at")}
    checks = ("balance", "overlap", "honest_smoothness", "honest_relative", "one_place_out", "pretrends")
    for check in ("", *checks):
        for verdict in ("pass", "review", "fail"):
            found = finding_table(**FULL | ({check: verdict} if check else {}))
            for lang, (passed, still_open) in words.items():
                (told,) = wording.describe_impact(table, found, lang)  # type: ignore[arg-type]
                assert not (passed in told and still_open in told)
                assert (passed in told) == (not check or verdict == "pass")


def test_without_a_test_of_the_trends_before_nothing_is_clear() -> None:
    chosen, _ = examples.rollout(effect=0, selection="trend", seed=11)
    effects = impact(chosen, outcome="synthetic_score", draws=99)
    before = feasibility(chosen, outcome="synthetic_score")
    assert wording.impact_verdict(effects.iloc[0].to_dict(), before) == "untested"
    assert "No check has been made" in wording.describe_impact(effects, None, "en")[0]
    two = examples.rollout(effect=5, cohorts=1, periods=2, seed=1)[0]
    found = impact_checks(fit_impact(two, outcome="synthetic_score"), top=0, draws=0)
    assert wording.impact_verdict(impact(two, outcome="synthetic_score").iloc[0].to_dict(), found) == "untested"
    untold = found[found["verdict"] == "unknown"]
    assert len(untold) > 4 and not untold["guidance_en"].str.contains("already|rejects").any()


def test_few_places_that_went_to_the_improving_are_not_said_to_differ(rounds) -> None:
    # 60 communes, four years, no effect: no test of the trends before has power, and nearly all used to be "khá rõ".
    steps = []
    for seed in range(rounds(6, 40)):
        panel, _ = examples.rollout(effect=0, selection="trend", units=60, periods=4, cohorts=2, seed=seed)
        found = impact_checks(
            fit_impact(panel, outcome="synthetic_score"), top=0, draws=0, honest=["relative_magnitude"]
        )
        steps.append(wording.impact_verdict(impact(panel, outcome="synthetic_score").iloc[0].to_dict(), found))
    assert np.mean([step in ("fairly_clear", "clear") for step in steps]) <= 0.1


def test_every_group_has_its_paragraph() -> None:
    panel, _ = examples.rollout(effect=3, seed=17)
    adopting = panel.loc[panel["adopted"].notna(), "unit"].unique()
    fields = pd.cut(range(len(adopting)), [-1, 99, 116, 200], labels=["môi trường", "an ninh", "văn hóa"]).astype(str)
    effects = impact(
        panel.assign(field=panel["unit"].map(dict(zip(adopting, fields, strict=True)))),
        outcome="synthetic_score", by="field", draws=99,
    )  # fmt: skip
    drawn = effects[effects["band"] == "randomisation"]
    assert 0 < len(drawn) < 3  # the smallest group is told by its permutation interval, the others by their own
    told = wording.describe_impact(effects)
    assert sorted(t.split(":")[0] for t in told) == [
        f"Điểm giả lập ({name})" for name in ("an ninh", "môi trường", "văn hóa")
    ]


def test_tables_of_other_functions_and_several_outcomes_are_refused() -> None:
    panel, _ = examples.rollout(effect=3, units=60, seed=1)
    fitted = fit_impact(panel, outcome="synthetic_score")
    for table in (two_way_fixed_effects(panel, outcome="synthetic_score"), honest_effects(fitted, m=[0.5])):
        with pytest.raises(ParameterError, match="impact"):
            wording.describe_impact(table)
    effects = impact(panel, outcome="synthetic_score", draws=99)
    both = pd.concat([effects, effects.assign(indicator="other")])
    with pytest.raises(ParameterError, match="one outcome"):
        wording.describe_impact(both, impact_checks(fitted, top=0, honest=[], draws=0))
    assert len(wording.describe_impact(both, unit="points")) == 2


@pytest.mark.parametrize(
    ("unit", "written"), [("share", "0.412"), ("points", "0.00412"), ("count", "0.00412"), ("phút", "0.00412")]
)
def test_the_unit_of_an_outcome_is_asked_and_digits_follow_its_error(unit, written) -> None:
    """An effect of 0.0041 on a share was told as "0.00 higher, a clear difference"."""
    own = {"indicator": "on_time", "value": 0.00412, "std_error": 0.00051, "lower": 0.00312, "upper": 0.00512}
    table = estimate(**own)
    assert 'unit="share"' in wording.describe_impact(table)[0]
    (told,) = wording.describe_impact(table, lang="en", unit=unit)
    assert written in told and "unit=" not in told
    assert (f"{written}\u00a0{unit}" in told) == (unit in ("phút", "points"))
    # a limit that is not 0 never reads as 0
    near = estimate(**own | {"lower": 0.0000021, "std_error": 0.002})
    (told,) = wording.describe_impact(near, lang="en", unit="points")
    assert "interval: 0.000002" in told


def test_what_was_drawn_by_lot_has_its_own_sentence() -> None:
    (told,) = wording.describe_impact(estimate(), drawn_by_lot=True)
    assert "bốc thăm" in told and "mối liên quan" not in told


def test_a_two_way_effect_is_told_as_a_difference() -> None:
    panel, _ = examples.rollout(effect=3, units=60, seed=1)
    row = two_way_fixed_effects(panel, outcome="synthetic_score").iloc[:1]
    assert "out of" not in wording.describe(row, "en")[0] and "points" in wording.describe(row, "en")[0]
    share = row.assign(indicator="dossiers_in_time_share", value=0.029, lower=0.01, upper=0.05)
    assert "điểm phần trăm" in wording.describe(share)[0]


def test_an_interrupted_series_names_what_was_measured_in_its_unit() -> None:
    rng = np.random.default_rng(1)
    share = 0.8 + 0.02 * rng.normal(size=48) + 0.06 * (np.arange(48) >= 24)
    months = pd.period_range("2021-01", periods=48, freq="M")
    data = pd.DataFrame({"period": months, "dossiers_in_time_share": share, "calls": rng.poisson(40, 48)})
    linear = Interruption("dossiers_in_time_share", start="2023-01", family="linear")
    (told,) = wording.describe_impact(interrupted_series(data, linear), series_findings(data, linear))
    assert told.startswith("Tỷ lệ hồ sơ trước và đúng hạn: ") and "điểm phần trăm" in told
    assert "Còn cần xem: có nơi so sánh" not in told and "không có nơi so sánh" in told
    (told,) = wording.describe_impact(interrupted_series(data, Interruption("calls", start="2023-01")), None, "en")
    assert told.startswith("Calls: ") and "%" in told


def test_units_behind_a_row_are_those_that_stand_in_it() -> None:
    panel, _ = examples.rollout(effect=2, units=60, seed=5)
    few = panel.sample(frac=0.5, random_state=3)
    row = impact(few, outcome="synthetic_score", draws=99).iloc[0]
    seen = {(u, p) for u, p in zip(few["unit"], few["period"], strict=True)}
    adopted = few.groupby("unit")["adopted"].first()
    behind = set()
    for cohort in adopted.dropna().unique():
        for period in range(int(cohort), int(few["period"].max()) + 1):
            both = {u for u in adopted.index if {(u, period), (u, cohort - 1)} <= seen}
            treated, compared = {u for u in both if adopted[u] == cohort}, {u for u in both if pd.isna(adopted[u])}
            if treated and compared:
                behind |= treated | compared
    assert row["n"] == len(behind) < few["unit"].nunique()
