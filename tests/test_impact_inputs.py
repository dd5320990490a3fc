"""What a panel must be before an effect is estimated: columns, periods, adoption, gaps, noise, power."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from dvresearch import build_panel, feasibility, impact, impact_cross_check, two_way_fixed_effects
from dvresearch.errors import DataError, ParameterError
from dvresearch.examples import rollout
from dvresearch.metrics.effects import randomisation
from dvresearch.metrics.effects.impact import fit

SCORE = "synthetic_score"
PANEL = rollout(effect=2, units=60, seed=5)[0]
FIRST = PANEL["period"].min()


def overall(panel, **options):
    return impact(panel, outcome=SCORE, draws=19, **options).iloc[0]


@pytest.fixture(scope="module")
def plain():
    """The estimate of the panel by calendar years."""
    return overall(PANEL)["value"]


def checks(panel, outcome=SCORE, **options):
    return feasibility(panel, outcome=outcome, **options).set_index("check")


def shifted(by):
    return PANEL.assign(period=PANEL["period"] + by, adopted=PANEL["adopted"] + by)


def refused(panel, **options):
    """Return the English part of the message."""
    for call in (impact, feasibility, two_way_fixed_effects, impact_cross_check):
        with pytest.raises(DataError) as caught:
            call(panel, outcome=SCORE, **options)
    return "\n".join(caught.value.lines("en"))


@pytest.mark.parametrize("by", [-2021, -2023, -2024])
def test_adoption_in_a_period_0_is_not_never(by, plain):
    """Witness: the same panel by calendar years."""
    relative = shifted(by)
    told = refused(relative)
    assert ("means never" in told) == (by != -2024) and "NaN when never" in told
    shift = int(told.rsplit("+ ", 1)[1].split(";")[0])
    again = relative.assign(period=relative["period"] + shift, adopted=relative["adopted"] + shift)
    assert overall(again)["value"] == plain


def test_a_panel_may_begin_with_period_0(plain):
    """Then 0 is never, as in other packages, unless empty cells say it already."""
    relative = shifted(-FIRST)
    assert overall(relative)["value"] == overall(relative.fillna({"adopted": 0}))["value"] == plain
    early = relative["unit"] == relative["unit"].iloc[0]
    assert "means never" in refused(relative.assign(adopted=relative["adopted"].mask(early, 0)))


def test_periods_before_1970_are_periods(plain):
    """pandas numbers them from 1970: neither 0 nor a number below it is never."""
    old = {
        c: pd.PeriodIndex([pd.NaT if np.isnan(y) else pd.Period(f"{y - 51:.0f}", "Y") for y in PANEL[c]], freq="Y")
        for c in ("period", "adopted")
    }
    ours = impact(PANEL.assign(**old), outcome=SCORE, draws=19)
    assert ours["value"].iloc[0] == plain
    assert set(ours["cohort"]) == {"", "1970", "1971", "1972"}


@pytest.mark.parametrize("never", [-1, -np.inf])
def test_minus_one_is_not_never(never, plain):
    told = refused(PANEL.assign(adopted=PANEL["adopted"].fillna(never)))
    assert "negative" in told and "leave it empty" in told
    assert overall(PANEL.assign(adopted=PANEL["adopted"].fillna(np.inf)))["value"] == plain


def test_empty_cells_of_an_object_column_are_never(plain):
    for never in (None, pd.NA, np.nan):
        cells = PANEL["adopted"].astype(object).where(PANEL["adopted"].notna(), never)
        assert overall(PANEL.assign(adopted=cells))["value"] == plain


def test_adoption_is_no_yes_or_no(plain):
    """Witness: what the hint says, typed."""
    has = PANEL["adopted"].notna()
    for column in (has, has.astype(int), has.astype(object), has.astype(float)):
        assert "who has a model" in refused(PANEL.assign(adopted=column))
    by_period = PANEL["period"] >= PANEL["adopted"]
    for panel in (PANEL, shifted(1 - FIRST)):
        for column in (by_period, by_period.astype(int)):
            panel = panel.assign(adopted=column)
            hint = refused(panel).rsplit("What to do: ", 1)[1]
            scope = {"panel": panel}
            exec(hint, scope)
            assert overall(scope["panel"])["value"] == plain


def by(frequency, spell=lambda p: p):
    """The panel in months or quarters, each period of it and of adoption spelled by `spell`."""
    first = pd.Period("2023-10", frequency)
    spelled = {
        c: [None if np.isnan(y) else spell(first + int(y - FIRST)) for y in PANEL[c]] for c in ("period", "adopted")
    }
    return PANEL.assign(**spelled)


SPELLINGS = [
    ("M", lambda p: p.year * 100 + p.month),
    ("M", lambda p: f"{p.year}{p.month:02}"),
    ("M", str),
    ("M", lambda p: f"T{p.month:02}/{p.year}"),
    ("M", lambda p: f"tháng {p.month} năm {p.year}"),
    ("M", lambda p: p.start_time),
    ("M", lambda p: p.end_time.normalize()),
    ("M", lambda p: p.start_time.date()),
    ("Q", lambda p: p.year * 10 + p.quarter),
    ("Q", str),
    ("Q", lambda p: f"quý {('I', 'II', 'III', 'IV')[p.quarter - 1]}/{p.year}"),
    ("Q", lambda p: f"{p.start_time:%d/%m/%Y}"),
    ("Y", lambda p: f"năm {p.year}"),
]


@pytest.mark.parametrize(("frequency", "spell"), SPELLINGS)
def test_periods_are_periods_however_they_are_written(frequency, spell):
    """Witness: the same panel with periods of pandas."""
    written, real = by(frequency, spell), by(frequency)
    for call in (partial(impact, draws=19), feasibility, two_way_fixed_effects, impact_cross_check):
        pd.testing.assert_frame_equal(call(written, outcome=SCORE), call(real, outcome=SCORE))
    register = pd.DataFrame({"unit": [PANEL["unit"].iloc[0]], "start": pd.to_datetime(["2025-02-03"])})
    wanted = ["unit", "period", SCORE]
    pd.testing.assert_frame_equal(*(build_panel(register, panel[wanted]) for panel in (written, real)))


def test_a_day_of_adoption_is_the_period_that_contains_it(plain):
    days = by("Q").assign(
        adopted=lambda t: [p if pd.isna(p) else p.start_time + pd.Timedelta(40, "D") for p in t["adopted"]]
    )
    assert overall(days)["value"] == plain
    assert overall(days.assign(period=by("Q", lambda p: p.year * 10 + p.quarter)["period"]))["value"] == plain


@pytest.mark.parametrize(
    ("panel", "said"),
    [
        (by("M", lambda p: p.year * 100 + p.month + (12 if p.month == 12 else 0)), "like months"),
        (by("M", lambda p: p.year if p.month == 12 else p.year * 100 + p.month), "like months"),
        (by("M", lambda p: p.year * 10000 + p.month * 100 + 1), "holds days"),
        (by("M", lambda p: p.start_time + pd.Timedelta(p.month, "D")), "holds days"),
        (by("M", lambda p: str(p) if p.month > 6 else f"{p.year}-Q{p.quarter}"), "differ in length"),
        (by("M", lambda p: f"kỳ {p.month}"), "does not hold periods"),
        (by("M", lambda p: p.year * 100 + p.month).assign(adopted=PANEL["adopted"]), "different kinds"),
        (PANEL.assign(adopted=by("M", lambda p: p.year * 100 + p.month)["adopted"]), "different kinds"),
        (by("M", lambda p: p.year * 100 + p.month).fillna({"adopted": -1}), "like months"),
        (by("M", lambda p: p.year * 100 + p.month).fillna({"adopted": -np.inf}), "like months"),
    ],
)
def test_what_may_be_periods_but_cannot_be_told_is_refused(panel, said):
    assert said in refused(panel)


def test_0_is_never_beside_months_written_as_numbers(plain):
    panel = by("M", lambda p: p.year * 100 + p.month)
    for never in (0, np.inf):
        assert overall(panel.fillna({"adopted": never}))["value"] == plain


@pytest.mark.parametrize("share", [247.27, -0.01])
def test_a_share_lies_between_0_and_1(share, plain):
    name = "dossiers_in_time_share"
    fine = PANEL.assign(**{name: PANEL[SCORE] / 100})
    assert impact(fine, outcome=name, draws=19).iloc[0]["value"] == pytest.approx(plain / 100)
    wrong = fine.assign(**{name: fine[name].mask(PANEL.index == 7, share)})
    for call in (impact, feasibility):
        with pytest.raises(DataError, match=r"outside 0-1[\s\S]*row 8[\s\S]*Divide by 100"):
            call(wrong, outcome=name)
    # Shares added up may pass 1 in the last digit, a result may pass its plan, other names say nothing of a share.
    feasibility(fine.assign(**{name: fine[name].mask(PANEL.index == 7, 1 + 1e-12)}), outcome=name)
    for other in ("target_attainment", "my_share"):
        feasibility(wrong.rename(columns={name: other}), outcome=other)


@pytest.mark.parametrize("argument", ["outcome", "unit", "period", "adopted", "by", "cluster", "weights"])
def test_a_column_is_named_by_one_string(argument):
    for wrong in ([SCORE], *((None,) if argument in ("outcome", "unit", "period", "adopted") else ())):
        with pytest.raises(ParameterError, match="name of a column"):
            impact(PANEL, **{"outcome": SCORE, argument: wrong})


def test_columns_of_one_name_are_refused():
    with pytest.raises(DataError, match=r"panel\.columns\.duplicated"):
        impact(pd.concat([PANEL, PANEL[[SCORE]]], axis=1), outcome=SCORE)
    # What is not used may be there twice.
    impact(pd.concat([PANEL, PANEL[["urban"]]], axis=1), outcome=SCORE, draws=19)


def test_only_adoption_is_called_the_first_period_with_a_model():
    mixed = PANEL.assign(size=np.arange(len(PANEL)) + 1.0, adopted=PANEL["adopted"].mask(PANEL.index == 7, 2020.0))
    assert "first with a model" in refused(mixed)
    with pytest.raises(DataError, match="Every row of the unit must have the same size") as caught:
        impact(mixed.assign(adopted=PANEL["adopted"]), outcome=SCORE, weights="size")
    assert "with a model" not in str(caught.value)


def test_a_row_that_is_not_there_is_a_gap():
    """Witness: the same panel with empty cells."""
    kept = PANEL.sample(frac=0.5, random_state=3).sort_index()
    holes = PANEL.assign(**{SCORE: PANEL[SCORE].where(PANEL.index.isin(kept.index))})
    rows, cells = (feasibility(p, outcome=SCORE) for p in (kept, holes))
    pd.testing.assert_frame_equal(rows, cells)
    found = rows.set_index("check")
    assert found.loc["outcome_gaps", ["computed", "verdict", "severity"]].tolist() == [
        "50.00\u00a0%",
        "review",
        "major",
    ]
    assert found.iloc[0]["computed"] == "weak"
    waves = checks(kept, sampling="cross_sections")
    assert waves.loc["outcome_gaps", "verdict"] == "pass"


@pytest.mark.parametrize("control", ["never", "not_yet"])
@pytest.mark.parametrize("anticipation", [0, 1])
def test_power_is_known_with_gaps(control, anticipation):
    """Witnesses: the estimate of diff-diff on the same panel, and 2.8 of its standard errors."""
    panel = rollout(effect=2, units=200, seed=6)[0].sample(frac=0.8, random_state=3)
    fitted = fit(panel, outcome=SCORE, control=control, anticipation=anticipation)
    of = randomisation.places(fitted.sample, gaps=True)
    assert np.isnan(of.outcome).any()
    part = fitted.effects("overall")
    found = randomisation.overall(of, of.outcome, of.cohorts)
    assert found == pytest.approx(part.value[0], abs=1e-12)
    row = checks(panel, control=control, anticipation=anticipation).loc["minimum_detectable_effect"]
    power = (norm.ppf(0.975) + norm.ppf(0.8)) * fitted.errors(part.influence)[0]
    assert float(row["computed"]) == pytest.approx(power, rel=0.15)
    assert len(row["computed"].lstrip("0.").replace(".", "")) <= 3


def test_a_large_detectable_effect_is_written_in_plain_digits():
    row = feasibility(PANEL.assign(**{SCORE: 10_000 * PANEL[SCORE]}), outcome=SCORE).set_index("check")
    assert row.loc["minimum_detectable_effect", "computed"].endswith("00")


def test_what_cannot_be_known_is_weak():
    waves = PANEL.assign(unit=np.arange(len(PANEL)))  # other places in each wave
    found = checks(waves, sampling="cross_sections")
    assert found.loc["minimum_detectable_effect", "verdict"] == "unknown"
    assert found.iloc[0]["computed"] == "weak"
    assert "no place has an outcome in every period" in found.iloc[0]["guidance_en"]


def exact(noise=0.0, constant=False):
    """Every place on one line, an effect of exactly 1, and as much noise as asked for."""
    rng = np.random.default_rng(1)
    level = 70 + rng.normal(size=60).round(3)[pd.factorize(PANEL["unit"])[0]]
    line = level + 0.6 * (PANEL["period"] - FIRST) + (PANEL["period"] >= PANEL["adopted"])
    line += noise * rng.normal(size=len(PANEL))
    return PANEL.assign(**{SCORE: line.mask(PANEL["adopted"].isna(), 99.0) if constant else line})


def test_without_noise_there_is_no_error_to_compute():
    ours = impact(exact(), outcome=SCORE, draws=19)
    assert ours["reason"].tolist() == ["exact_fit"] and ours["value"].isna().all()
    found = checks(exact())
    assert found.loc["minimum_detectable_effect", "verdict"] == "fail" and found.iloc[0]["computed"] == "not_estimable"
    crossed, two_way = impact_cross_check(exact(), outcome=SCORE), two_way_fixed_effects(exact(), outcome=SCORE)
    crossed = crossed[crossed["effect"] == "overall"]
    assert crossed["value"].isna().all() and crossed["reason"].tolist() == ["exact_fit"] * 2
    assert two_way["reason"].iloc[0] == "exact_fit" and pd.isna(two_way["value"].iloc[0])


SMALL = PANEL.assign(**{SCORE: 1e3 + 1e-6 * PANEL[SCORE]})


@pytest.mark.parametrize(
    "panel", [exact(1e-5), exact(0.5, constant=True), SMALL], ids=["a little noise", "a ceiling", "a high level"]
)
def test_noise_on_one_side_is_enough(panel):
    row = overall(panel)
    assert row["lower"] < row["value"] < row["upper"]
    assert checks(panel).iloc[0]["computed"] != "not_estimable"


def test_one_cluster_is_named_as_the_reason():
    """Witness: the same regression without clusters."""
    panel = PANEL.assign(province="A")
    rows, plain = (two_way_fixed_effects(panel, outcome=SCORE, cluster=c) for c in ("province", None))
    assert rows["value"].tolist() == plain["value"].tolist()
    assert rows["reason"].iloc[0] == "one_cluster" and pd.isna(rows["lower"].iloc[0])
    assert overall(panel, cluster="province")["reason"] == "one_cluster"
    found = checks(panel, cluster="province")
    assert found.iloc[0]["computed"] == "not_estimable"
    assert found.iloc[0]["guidance_en"].count("clusters has one value") == 1
    # One place that adopts is still one place, whatever its cluster.
    alone = PANEL[PANEL["adopted"].isna() | (PANEL["unit"] == PANEL["unit"][PANEL["adopted"].notna()].iloc[0])]
    assert overall(alone)["reason"] == "one_adopting"


def test_adoption_in_the_first_period_is_told():
    found = checks(PANEL.assign(adopted=PANEL["adopted"].where(PANEL["adopted"].isna(), FIRST)))
    assert "36 units adopted in the first period" in found.loc["adopting_units", "guidance_en"]
    assert found.loc["already_adopted", "computed"] == "36; 0"
    assert checks(PANEL).loc["already_adopted", "computed"] == "0"


@pytest.mark.parametrize("worthwhile", ["a", 0, np.nan])
def test_what_would_be_worthwhile_is_a_number(worthwhile):
    with pytest.raises(ParameterError, match="above 0"):
        feasibility(PANEL, outcome=SCORE, worthwhile=worthwhile)
