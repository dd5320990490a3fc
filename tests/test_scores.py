"""Answers as numbers, worked by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dvresearch.errors import DataError, ParameterError
from dvresearch.metrics.answers import positions, scored, structure
from dvresearch.tables import SCALES

FIVE = SCALES["hai_long_5"]


def places(answers, **options):
    table = pd.DataFrame({"q": pd.Series(answers, dtype=object)})
    return positions(table, ["q"], **{"scale": "hai_long_5", **options})[0][:, 0].tolist()


def test_answers_take_their_place_and_what_is_none_is_missing():
    answers = [*FIVE, "dont_know", "refused", None, np.nan, ""]
    assert places(answers) == pytest.approx([0, 1, 2, 3, 4, *[np.nan] * 5], nan_ok=True)
    assert places(answers, reverse=["q"])[:5] == [4, 3, 2, 1, 0]


def test_answers_can_be_numbers_with_codes_for_none():
    assert places([1, 5.0, 9, 3], scale=[1, 2, 3, 4, 5], no_answer=[9]) == pytest.approx([0, 4, np.nan, 2], nan_ok=True)


def test_categories_are_answers_too():
    table = pd.DataFrame({"q": pd.Categorical(["satisfied", "neutral", None], categories=FIVE)})
    got = positions(table, ["q"], scale={"q": "hai_long_5"})
    np.testing.assert_array_equal(got[0][:, 0], [3, 2, np.nan])
    assert got[1] == [5]


def test_an_answer_off_the_scale_is_refused_and_its_row_named():
    with pytest.raises(DataError, match=r"dòng/row 2, cột/column q \(\+1\)") as error:
        places(["satisfied", "tốt", "tốt"])
    assert "Nhận được: tốt" in str(error.value)
    with pytest.raises(DataError) as error:
        places(["Nguyễn Văn An, 0912345678"])
    assert "Nguyễn" not in str(error.value) and "0912345678" not in str(error.value)


@pytest.mark.parametrize(
    ("score", "size", "expected"),
    [
        ("top2", 5, [0, 0, 0, 1, 1]),
        ("top1", 5, [0, 0, 0, 0, 1]),
        ("mean100", 5, [0, 25, 50, 75, 100]),
        ("net", 5, [-1, -1, 0, 1, 1]),
        ("top2", 4, [0, 0, 1, 1]),
        ("net", 4, [-1, -1, 1, 1]),
        ("net", 3, [-1, 0, 1]),
        ("top1", 2, [0, 1]),
        ("mean100", 2, [0, 100]),
    ],
)
def test_scores(score, size, expected):
    answers = np.append(np.arange(size, dtype=float), np.nan)[:, None]
    got = scored(answers, [size], ["q"], score)[:, 0]
    np.testing.assert_array_equal(got, [*expected, np.nan])


def test_two_highest_of_three_answers_are_not_satisfied():
    with pytest.raises(ParameterError, match='score="top1"'):
        scored(np.zeros((2, 2)), [5, 3], ["q1", "q2"], "top2")


def test_a_factor_is_the_plain_mean_of_its_items():
    form = structure(["all"], {"access": ["a1", "a2"], "result": ["r1"]})
    assert form.items == ["all", "a1", "a2", "r1"]
    assert form.factor == ["", "access", "access", "result", "access", "result", "(tất cả)"]
    assert form.item == ["all", "a1", "a2", "r1", *["(tất cả)"] * 3]
    np.testing.assert_allclose(form.combine.T, [[0, 0.5, 0.5, 0], [0, 0, 0, 1], [0, 0.25, 0.25, 0.5]])
    np.testing.assert_allclose(structure(["a", "b"], None).combine, [[0.5], [0.5]])


@pytest.mark.parametrize(
    ("items", "factors"),
    [(None, None), ([], {}), (["a", "a"], None), (None, {"f": ["a"], "g": ["a"]}), (None, {"f": []})],
)
def test_items_are_named_once(items, factors):
    with pytest.raises(ParameterError, match="trống hoặc lặp"):
        structure(items, factors)


def test_words_are_checked():
    with pytest.raises(ParameterError, match="scale='hai_long_5'"):
        places(["satisfied"], scale="hai_long_7")
    with pytest.raises(ParameterError, match="hai mức khác nhau"):
        places([1], scale=[1, 1])
    with pytest.raises(ParameterError, match="reverse='q'"):
        places(["satisfied"], reverse=["p"])
    with pytest.raises(DataError, match="thiếu câu hỏi z"):
        positions(pd.DataFrame({"q": ["satisfied"]}), ["q", "z"], scale="hai_long_5")
