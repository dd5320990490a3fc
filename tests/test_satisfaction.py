"""Published satisfaction: what is known of it and what is not."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from dvresearch.codebook import get
from dvresearch.errors import DataError
from dvresearch.loaders import load_figures
from dvresearch.metrics.satisfaction import published_satisfaction
from dvresearch.tables import ESTIMATES, check


def test_one_hundred_percent_without_n():
    # Báo Bắc Ninh, 17 May 2024: "100 %" of those who rated in Yên Phong, their number not printed.
    row = published_satisfaction(load_figures(indicator="raters_satisfied_share")).iloc[0]
    assert row["value"] == 1 and np.isnan(row["lower"]) and np.isnan(row["n"])
    assert row[["basis", "flags", "reason", "method"]].tolist() == ["volunteers", "ceiling", "no_n", "published"]
    assert np.isnan(row["confidence"])


def test_feedback_of_the_34_provinces_is_imputed_and_rests_on_6_to_5514_cases():
    figures = load_figures(indicator="feedback_satisfied_share", level="province")
    rows = published_satisfaction(figures)
    assert len(rows) == 34 and (rows["n"].min(), rows["n"].max()) == (6, 5514)
    assert rows["flags"].str.contains("imputed").all()
    assert rows.loc[rows["n"] == 6, "flags"].tolist() == ["few;imputed"]
    row = rows.set_index("unit").loc["Đồng Nai"]  # 641 of 1285
    lower, upper = proportion_confint(641, 1285, method="wilson")
    assert row["value"] == 641 / 1285 and (row["lower"], row["upper"]) == pytest.approx((lower, upper), abs=1e-12)


def test_the_satisfaction_of_766_counts_every_dossier_and_asks_nobody():
    rows = published_satisfaction(load_figures(indicator="q766_satisfaction_share", level="province"))
    assert set(rows["basis"]) == {"census"} and rows["flags"].str.contains("imputed").all()


def test_survey_indices_keep_their_basis():
    rows = published_satisfaction(load_figures(indicator="sipas", unit="Việt Nam")).set_index("period")
    assert rows.loc["2024", "value"] == 0.8394 and set(rows["basis"]) == {"sample"}
    assert set(rows["reason"]) == {"no_n"} and set(rows["flags"]) == {""}


def test_several_indicators_at_once_are_an_estimates_table():
    figures = load_figures()
    figures = figures[figures["indicator"].isin(["sipas", "raters_satisfied_share", "feedback_satisfied_share"])]
    rows = published_satisfaction(figures)
    check(rows, ESTIMATES)
    assert len(rows) == len(figures) and list(rows.columns)[-len(ESTIMATES.names) :] == ESTIMATES.names
    assert all(get("reason", r).note_vi for r in rows["reason"].unique() if r)
    assert set(rows.loc[rows["denominator"] == 0, "reason"]) == {"zero_denominator"}


def test_an_impossible_count_is_refused():
    figures = load_figures(indicator="feedback_satisfied_share", unit="Đồng Nai").assign(numerator=1286)
    with pytest.raises(DataError, match="numerator ≤ denominator"):
        published_satisfaction(figures)
