"""Pictures of a survey, tested by what stands in their axes: overlap of chances, and level against importance."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from dvresearch import plots
from dvresearch.errors import DataError
from dvresearch.metrics.estimates import build

CLASSES = pd.DataFrame(
    {
        "lower": [0.2, 0.5],
        "upper": [0.4, 0.5],
        "answered": [30, 80],
        "silent": [70, 20],
        "rate": [0.3, 0.8],
        "n_eff": [25.0, 70.0],
    }
)


def table(items, value, width, **about):
    keys = pd.DataFrame({"item": pd.array(items, dtype="str")})
    value = np.array(value)
    return build(keys, value=value, lower=value - width, upper=value + width, confidence=0.95, n=400, **about)


LEVELS = table(["a", "b", "c"], [0.9, 0.7, 0.5], 0.03, indicator="satisfaction_top2")
RATIOS = table(["c", "b", "a"], [2.0, 1.1, 0.6], 0.3, indicator="odds_ratio_step")


@pytest.fixture(autouse=True)
def closed():
    yield
    mpl.pyplot.close("all")


def test_overlap_draws_two_bars_for_each_class_with_the_share_who_answered():
    ax = plots.overlap(CLASSES)
    widths = {gid: [b.get_width() for b in ax.patches if b.get_gid() == gid] for gid in ("answered", "silent")}
    assert widths == {"answered": [30, 80], "silent": [70, 20]}
    assert {bool(b.get_hatch()) for b in ax.patches if b.get_gid() == "silent"} == {True}  # apart without colour, too
    assert [t.get_text() for t in ax.texts if t.get_gid() == "rate"] == ["30,0% trả lời", "80,0% trả lời"]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["20,0% – 40,0%", "50,0%"]
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["đã trả lời", "không trả lời"]
    top, bottom = ax.get_ylim()[::-1]
    assert top < -0.8 and bottom > 1  # the legend has a row of its own


def test_overlap_in_english_and_in_given_axes():
    fig = plots.figure()
    given = fig.subplots()
    assert plots.overlap(CLASSES, ax=given, lang="en") is given
    assert given.get_xlabel() == "People" and "30.0" in given.texts[0].get_text()


def test_priorities_join_the_tables_by_item():
    ax = plots.priorities(LEVELS, RATIOS, names={"c": "chờ đến lượt"})
    points = {line.get_gid(): sorted(map(tuple, line.get_xydata())) for line in ax.lines if line.get_marker() == "o"}
    # 1.1 ± 0.3 holds 1: not clear; 2 ± 0.3 and 0.6 ± 0.3 do not.
    assert points == {"clear": [(0.6, 0.9), (2.0, 0.5)], "unclear": [(1.1, 0.7)]}
    lines = {line.get_gid(): line for line in ax.lines}
    assert lines["none"].get_xdata()[0] == 1 and lines["mean"].get_ydata()[0] == pytest.approx(0.7)
    assert lines["unclear"].get_markerfacecolor() == "white" != lines["clear"].get_markerfacecolor()
    assert {"chờ đến lượt", "a", "b"} <= {t.get_text() for t in ax.texts}
    assert ax.get_ylabel() == "Tỷ lệ hài lòng (hai mức cao nhất)"
    assert "không phải là nguyên nhân" in " ".join(t.get_text() for t in ax.texts)


def test_permutation_importance_is_held_against_zero():
    ax = plots.priorities(LEVELS, RATIOS.assign(indicator="permutation_importance"))
    lines = {line.get_gid(): line for line in ax.lines}
    assert lines["none"].get_xdata()[0] == 0 and "unclear" not in lines


def test_tables_that_do_not_match_are_refused():
    with pytest.raises(DataError, match="rate"):
        plots.overlap(CLASSES.drop(columns="rate"))
    with pytest.raises(DataError, match="item"):
        plots.priorities(LEVELS.drop(columns="item"), RATIOS)
    with pytest.raises(DataError, match="không ghép được"):
        plots.priorities(LEVELS, RATIOS.assign(item=["x", "y", "z"]))
    with pytest.raises(DataError, match="không ghép được"):
        plots.priorities(pd.concat([LEVELS, LEVELS]), RATIOS)
