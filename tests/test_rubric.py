"""Self-assessment and appraisal: gaps, classes, nothing to do; sheets with headings that add up their parts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dvresearch import examples
from dvresearch.errors import DataError
from dvresearch.loaders import load_rubric
from dvresearch.metrics import appraisal, zero_denominators
from dvresearch.tables import ESTIMATES, RUBRIC
from tests import office

UNITS = examples.communes(20, seed=11)
FRAME, TRUTH = examples.rubric(UNITS, seed=11)

# Ngân Sơn district, 2020 (nganson.backan.gov.vn): 13 offices and 9 communes, all at 80 ("tốt") or more by themselves;
# one commune was lowered from 87 to 78 ("khá"; the page calls the difference 10 points), two could not be ranked.
# Only 87 and 78 are published: the others stand at the least they can be.
NGAN_SON = pd.DataFrame(
    {
        "unit": [f"đơn vị {i}" for i in range(1, 23)],
        "criterion": "tổng điểm",
        "maximum": 100.0,
        "self_score": [87.0] + [80.0] * 21,
        "appraised_score": [78.0] + [80.0] * 19 + [np.nan] * 2,
    }
)


def test_ngan_son_gap_is_nine_points_not_ten():
    found = appraisal(NGAN_SON).set_index(["unit", "indicator"])
    assert found.loc[("đơn vị 1", "appraisal_gap"), "value"] == 9
    assert found.loc[("đơn vị 1", "self_score_total"), "value"] == 87
    assert found.loc[("đơn vị 1", "appraised_score_total"), "value"] == 78
    assert found.loc[("đơn vị 22", "appraised_score_total"), "reason"] == "not_scored"


def test_ngan_son_all_22_are_good_by_themselves():
    found = appraisal(NGAN_SON).set_index("indicator")["value"]
    assert (found["self_score_total"] >= 80).sum() == 22
    assert (found["appraised_score_total"] >= 80).sum() == 19
    assert found["appraised_score_total"].notna().sum() == 20


def test_totals_are_those_of_the_truth():
    found = appraisal(FRAME)
    wide = found.pivot_table("value", "unit", "indicator", aggfunc="first", dropna=False).loc[TRUTH["unit"]]
    assert wide["self_score_total"].tolist() == TRUTH["self_total"].tolist()
    assert wide["appraised_score_total"].tolist() == TRUTH["appraised_total"].tolist()
    assert wide["appraisal_gap"].tolist() == (TRUTH["self_total"] - TRUTH["appraised_total"]).tolist()
    base = found[found["indicator"] == "appraisal_gap"].set_index("unit").loc[TRUTH["unit"], "denominator"]
    assert base.tolist() == TRUTH["maximum"].tolist()
    assert (TRUTH["maximum"] < 100).any()
    assert [c for c in found if c != "unit"] == ESTIMATES.names


def test_gaps_add_up_over_units_and_over_criteria():
    whole = appraisal(FRAME, overall="append")
    gap = whole[whole["indicator"] == "appraisal_gap"].set_index("unit")["value"]
    assert gap["(tất cả)"] == pytest.approx(gap.drop("(tất cả)").sum())
    by_criterion = appraisal(FRAME, "criterion")
    assert by_criterion.loc[by_criterion["indicator"] == "appraisal_gap", "value"].sum() == pytest.approx(
        gap["(tất cả)"]
    )


def test_one_missing_score_leaves_the_total_missing():
    row = appraisal(FRAME.assign(self_score=FRAME["self_score"].mask(FRAME.index == 1))).iloc[0]
    assert np.isnan(row["value"])
    assert row["reason"] == "partly_missing"


def test_a_criterion_with_nothing_to_do_counts_as_its_rule_says():
    rows = pd.DataFrame({"unit": "A", "criterion": ["a", "b"], "maximum": [60.0, 40.0], "denominator": [5, 0]})
    rows = rows.assign(self_score=[48.0, 40.0], appraised_score=[48.0, 40.0])
    points = {}
    for rule in ("full", "zero", "excluded"):
        found = appraisal(rows.assign(zero_rule=rule)).iloc[0]
        points[rule] = found[["value", "denominator"]].tolist()
    assert points == {"full": [88, 100], "zero": [88, 100], "excluded": [48, 60]}


def test_zero_denominators_and_full_marks():
    found = zero_denominators(FRAME, "unit").set_index(["unit", "indicator"])
    truth = TRUTH.set_index("unit")
    for unit in UNITS["unit"]:
        share, full = (found.loc[(unit, f"zero_{x}_share")] for x in ("denominator", "full_marks"))
        assert share[["numerator", "denominator"]].tolist() == [truth.loc[unit, "nothing"], 8]
        assert full[["numerator", "denominator"]].tolist() == truth.loc[unit, ["full", "nothing"]].tolist()
        assert full["reason"] == ("" if truth.loc[unit, "nothing"] else "zero_denominator")
    by_rule = zero_denominators(FRAME, "zero_rule").set_index(["zero_rule", "indicator"])["value"]
    assert by_rule[("full", "zero_full_marks_share")] == 1
    assert by_rule[("zero", "zero_full_marks_share")] == 0


# A commune sheet (chuẩn tiếp cận pháp luật, Đông Quang 2023) gives 3 of 3 when no task was assigned in the year.
def test_three_of_three_for_no_task():
    row = pd.DataFrame(
        {"unit": ["Đông Quang"], "criterion": ["nhiệm vụ được giao"], "maximum": [3], "denominator": [0]}
    )
    found = zero_denominators(row.assign(self_score=3.0, zero_rule="full"))
    assert found["value"].tolist() == [1, 1]


def test_a_score_above_its_maximum_is_refused():
    with pytest.raises(DataError, match="lớn hơn"):
        appraisal(FRAME.assign(self_score=FRAME["maximum"] + 0.5))


# --- files ------------------------------------------------------------------------------------------------------------


def test_random_sheets_come_back(tmp_path, rounds):
    for seed in range(rounds(8, 200)):
        rng = np.random.default_rng([seed, 9])
        frame, _ = examples.rubric(UNITS.head(int(rng.integers(1, 5))), seed=seed)
        for name in ("self_score", "appraised_score", "denominator", "zero_rule", "weight_origin"):
            frame[name] = frame[name].mask(rng.random(len(frame)) < rng.choice([0, 0.2]))
        optional = [c for c in frame if c not in ("unit", "criterion", "maximum")]
        frame = frame.drop(columns=rng.choice(optional, int(rng.integers(0, 6)), replace=False))
        path = tmp_path / f"gia-lap-{seed}{['.xlsx', '.csv', '.txt'][seed % 3]}"
        office.write_office(frame, path, table=RUBRIC, seed=seed)
        loaded = load_rubric(path).reset_index(drop=True)
        pd.testing.assert_frame_equal(loaded, frame, check_names=False, obj=f"seed {seed}")


NESTED = (
    "BẢNG TỰ CHẤM ĐIỂM\nTT;Nội dung tiêu chí;Điểm tối đa;Căn cứ;Điểm tự chấm;Điểm thẩm định\n"
    "I;Lãnh đạo, chỉ đạo;20;;18;17\n1;Ban hành kế hoạch;10;KH số 12;10;9\n2;Kiểm tra;10;;8;8\n"
    "II;Thủ tục hành chính;80;;75;70\n1;Đúng hạn;50;98%;48;45\n1.1;Cấp xã;30;;28;25\n1.2;Cấp tỉnh;20;;20;20\n"
    "2;Công khai;30;;27;25\n;Tổng cộng;100;;93;87\nGhi chú: không\n"
)


def test_headings_that_add_up_their_parts_do_not_count_twice(tmp_path):
    path = tmp_path / "tu-cham.csv"
    path.write_text(NESTED, encoding="utf-8")
    loaded = load_rubric(path, unit="Xã Mẫu", zero_rule="full")
    assert loaded["criterion"].tolist() == ["Ban hành kế hoạch", "Kiểm tra", "Cấp xã", "Cấp tỉnh", "Công khai"]
    assert loaded["maximum"].sum() == 100
    assert loaded["evidence"].tolist() == [True, False, False, False, False]
    assert loaded.attrs["load"]["skipped"] == {"total": [7, 11], "note": [12], "sum": [3, 6]}
    assert set(loaded["zero_rule"]) == {"full"}


def test_a_flat_list_keeps_every_row(tmp_path):
    path = tmp_path / "tu-cham.csv"
    rows = "TT;Tiêu chí;Điểm tối đa;Điểm tự chấm\n1;Một;10;9\n2;Hai;20;15\n;Ba;5;5\n3;Bốn;65;60\n"
    path.write_text(rows, encoding="utf-8")
    assert load_rubric(path, unit="A")["criterion"].tolist() == ["Một", "Hai", "Ba", "Bốn"]
    path.write_text(rows.replace(";Ba;5;5", ";Ba;12;5\n;Năm;8;8"), encoding="utf-8")  # 12 + 8 = the 20 above
    assert load_rubric(path, unit="A")["criterion"].tolist() == ["Một", "Ba", "Năm", "Bốn"]
