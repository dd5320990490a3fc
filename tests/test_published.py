"""Published shares and sums of the press against the counts beside them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dvresearch.codebook import get
from dvresearch.loaders import load_figures
from dvresearch.metrics.identities import check_parts, check_shares
from dvresearch.tables import FIGURES, FINDINGS, check


def check_share(x, n, printed, half, **counts_beside) -> pd.Series:
    """The finding of a printed share, beside other counts of its source."""
    share = {"indicator": "a", "value": printed, "value_low": printed - half, "value_high": printed + half}
    share |= {"numerator": x, "denominator": n}
    rows = [share, *({"indicator": c, "value": v} for c, v in counts_beside.items())]
    figures = load_figures().iloc[: len(rows)].reset_index(drop=True)
    blank = figures.assign(value_low=np.nan, value_high=np.nan, numerator=np.nan, denominator=np.nan)
    named = blank.assign(source="s", unit="A", period="2020", **pd.DataFrame(rows))
    return check_shares(named[FIGURES.names]).iloc[0]


# What the source printed, and what the counts it printed beside give.
@pytest.mark.parametrize(
    ("x", "n", "printed", "half", "verdict", "severity", "computed"),
    [
        (126, 137, 0.92, 0.005, "pass", "info", "91.97"),  # Báo Bắc Ninh 2024, Yên Phong: feedback handled
        (128, 169, 0.757, 0.0005, "pass", "info", "75.74"),  # the same: petitions resolved
        (88004, 105353, 0.835, 0.0005, "pass", "info", "83.53"),  # noichinh.vn, second quarter of 2023: of received
        (88004, 97014, 0.835, 0.0005, "fail", "major", "90.71"),  # the same, over the base the article names
        (1336, 1990, 0.685, 0.0005, "fail", "major", "67.14"),  # thanhtra.com.vn, first quarter of 2024
        (104814, 106014, 0.987, 0.0005, "fail", "minor", "98.87"),  # department of Lâm Đồng, first half of 2021
        (176, 221, 0.7963, 0.00005, "review", "minor", "79.64"),  # Ninh Thuận 2020: cut off, not rounded
        (1, 2, 0.5, 0.005, "pass", "info", "50.00"),
        (1, 8, 0.13, 0.005, "pass", "info", "12.50"),  # 12.5 may be printed as 12 or 13
        (1, 8, 0.12, 0.005, "pass", "info", "12.50"),
    ],
)
def test_shares(x, n, printed, half, verdict, severity, computed):
    found = check_share(x, n, printed, half)
    assert (found["verdict"], found["severity"]) == (verdict, severity)
    assert found["computed"] == f"{computed}\u00a0%"


def test_the_denominator_that_fits_is_named():
    found = check_share(88004, 97014, 0.835, 0.0005, petitions_received=105353)
    assert "đơn tiếp nhận" in found["guidance_vi"]


def test_the_shipped_figures():
    found = check_shares(load_figures())
    check(found, FINDINGS)
    assert all(get("check", code) for code in found["check"])
    assert len(found) == 21
    wrong = found[found["verdict"] == "fail"]
    assert wrong["stated"].tolist() == ["98.7\u00a0%", "83.5\u00a0%", "68.5\u00a0%"]
    assert "đơn tiếp nhận" in wrong["guidance_vi"].iloc[1]
    assert (found["verdict"] == "review").sum() == 2


def test_totals_and_parts_of_the_source_articles():
    # Ban Dân vận tỉnh Lai Châu 2018: 1,151 + 299 + 135 = 1,585; 1,186 + 397 + 3 = 1,586, printed 1,568.
    found = check_parts(load_figures()).set_index("stated")
    assert found.loc["1585", ["verdict", "residual"]].tolist() == ["pass", 0]
    assert found.loc["1568", ["verdict", "residual", "computed"]].tolist() == ["fail", -18, "1586"]
    assert "1.586" in found.loc["1568", "guidance_vi"] and "đổi chỗ" in found.loc["1568", "guidance_vi"]
    # Yên Phong 2023: 128 resolved + 41 pending = 169. Bạc Liêu 2019: 10 exceeded + 14 met = 24.
    assert found.loc["169", "verdict"] == found.loc["24", "verdict"] == "pass"
    assert len(found) == 4 and not found["where"].duplicated().any()


def test_no_parts_no_rows():
    figures = load_figures(source="songlo-2021")
    assert check_parts(figures).empty and check_shares(figures).empty
