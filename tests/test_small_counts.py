"""Counts of few people in tables about people: hidden, and not to be had from the totals."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from dvresearch.errors import ParameterError
from dvresearch.privacy import suppress

MARGINS = (("unit",), ("kind",))


def crossed(counts):
    rows, columns = counts.shape
    labels = [(f"u{i}", f"k{j}") for i in range(rows) for j in range(columns)]
    return pd.DataFrame(labels, columns=["unit", "kind"]).assign(n=counts.ravel().astype(float))


# sdcTable's test of primary suppression (frequency, at most 2): of 100 records by region and gender one cell is unsafe.
def test_small_cells_of_a_worked_table(validation):
    folder = validation("sdc_primary_rules")
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["sensitive"]["freq_maxN_2"]
    counts = pd.read_csv(folder / "data.csv").groupby(["region", "gender"]).size().reset_index(name="n")
    found = suppress(counts.assign(reason=""), totals=(("region",), ("gender",)), min_count=3)
    small = found[found["reason"] == "small_count"]
    assert small[["region", "gender"]].to_dict("records") == expected
    hidden = found[found["n"].isna()]
    assert hidden.groupby("region").size().min() >= 2
    assert hidden.groupby("gender").size().min() >= 2


def test_a_number_hidden_alone_takes_the_next_smallest_with_it():
    found = suppress(pd.DataFrame({"n": [3.0, 40.0, 12.0, 25.0], "flags": ["few", "", "", ""], "reason": ""}))
    assert found["n"].isna().tolist() == [True, False, True, False]
    assert found["reason"].tolist() == ["small_count", "", "secondary", ""]
    assert found["flags"].tolist() == ["few;suppressed", "", "suppressed", ""]


def test_two_that_together_are_few_take_a_third_with_them():
    # Shown zeros tell that each hidden one is 1 or more: 1 + 1 from the total would be 1 each.
    found = suppress(pd.DataFrame({"n": [1.0, 1.0, 30.0, 50.0]}))
    assert found["n"].isna().tolist() == [True, True, True, False]
    assert suppress(pd.DataFrame({"n": [4.0, 8.0, 30.0]}))["n"].isna().tolist() == [True, True, False]


def test_zero_is_nobody_and_unknown_stays_unknown():
    found = suppress(pd.DataFrame({"n": [0.0, 0.0, 20.0, np.nan], "reason": ""}))
    assert found["n"].tolist()[:3] == [0, 0, 20]
    assert (found["reason"] == "").all()
    alone = suppress(pd.DataFrame({"n": [0.0, 6.0], "reason": ""}))
    assert alone["n"].isna().tolist() == [False, True]  # nothing else to hide; the total is small itself


def test_groups_are_protected_each_for_itself():
    table = pd.DataFrame({"kind": [*"aaabbb"], "n": [5.0, 50, 60, 70, 80, 90]})
    assert suppress(table, totals=(("kind",),))["n"].isna().tolist() == [True, True, False, False, False, False]
    assert suppress(table)["n"].isna().sum() == 2


def test_threshold_is_the_least_count_shown():
    table = pd.DataFrame({"n": [9.0, 10.0, 30.0, 7.0]})
    assert suppress(table)["n"].isna().tolist() == [True, False, False, True]
    assert suppress(table, min_count=1)["n"].isna().sum() == 0
    with pytest.raises(ParameterError, match="từ 1"):
        suppress(table, min_count=0)


def followed(table, hidden):
    """Hidden rows that follow from both margins: their unit vector lies in the span of the totals' equations."""
    sums = np.array(
        [(table[c] == label) & hidden for c in ("unit", "kind") for label in table[c].unique()], dtype=float
    )
    sums = sums[:, hidden.to_numpy()]
    rank = np.linalg.matrix_rank(sums)
    unit = np.eye(hidden.sum())
    given = [np.linalg.matrix_rank(np.vstack([sums, row])) == rank for row in unit]
    return pd.Series(given, index=table.index[hidden])


def test_no_small_count_follows_from_both_margins_together(rounds):
    bridges = 0
    for seed in range(rounds(30, 2000)):
        rng = np.random.default_rng([seed, 12])
        shape = rng.integers(3, 9, 2)
        table = crossed(rng.choice([0, 3, 8, 12, 20, 45, 90], shape))
        hidden = suppress(table, totals=MARGINS)["n"].isna()
        small = table["n"].between(1, 9)
        assert hidden[small].all()
        for column in ("unit", "kind"):
            group = table.assign(hidden=hidden).groupby(column)
            shown = group.apply(lambda g: ((g["n"] > 0) & ~g["hidden"]).any())
            gone, people = group["hidden"].sum(), table["n"].where(hidden, 0).groupby(table[column]).sum()
            assert ((gone == 0) | ((gone >= 2) & (people >= 10)) | ~shown).all(), seed
        given = followed(table, hidden) if hidden.any() else pd.Series(dtype=bool)
        loose = [r for r in given.index[given] if small[r]]
        for row in loose:  # only where every other number of its unit and of its kind is hidden already or zero
            beside = (table["unit"] == table.loc[row, "unit"]) | (table["kind"] == table.loc[row, "kind"])
            assert not (beside & ~hidden & (table["n"] > 0)).any(), seed
        lines = suppress(suppress(table, totals=MARGINS[:1]), totals=MARGINS[1:])["n"].isna()
        bridges += int(hidden.sum() > lines.sum())
    assert bridges > 0


def test_a_large_table_is_quick():
    rng = np.random.default_rng(0)
    table = crossed(rng.poisson(8, (3321, 6)))
    found = suppress(table, totals=MARGINS)
    assert found["n"].isna().sum() >= table["n"].between(1, 9).sum()
