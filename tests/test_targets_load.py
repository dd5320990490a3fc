"""Plan targets from the files of offices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dvresearch import examples
from dvresearch.errors import DataError
from dvresearch.loaders import Declaration, load_targets
from dvresearch.metrics import attainment, attainment_shares
from dvresearch.tables import TARGETS
from tests import office

UNITS = examples.communes(6, seed=9)
FRAME, TRUTH = examples.targets(UNITS, seed=9)


def test_random_plans_come_back(tmp_path, rounds):
    for seed in range(rounds(8, 200)):
        rng = np.random.default_rng([seed, 8])
        frame, _ = examples.targets(UNITS.head(int(rng.integers(1, 6))), seed=seed)
        for name in ("planned", "result"):
            frame[name] = (frame[name] + rng.choice([0, 0.25, 1234.5], len(frame))).mask(rng.random(len(frame)) < 0.1)
        path = tmp_path / f"gia-lap-{seed}{['.xlsx', '.csv', '.txt'][seed % 3]}"
        office.write_office(frame, path, table=TARGETS, seed=seed)
        loaded = load_targets(path).reset_index(drop=True)
        loaded = loaded.drop(columns="direction")
        pd.testing.assert_frame_equal(loaded, frame, check_names=False, obj=f"seed {seed}")


def _plan(path, *rows):
    lines = [";".join(["STT", "Chỉ tiêu", "ĐVT", "Kế hoạch", "Thực hiện"])]
    lines += [";".join([str(i + 1), *row]) for i, row in enumerate(rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "cells", [("1,500", "1,600"), ("2,000 hộ", "1,999 hộ"), ("1,999", "…"), ("1,250,000", "1,300")]
)
def test_commas_before_three_digits_alone_are_asked_about(cells, tmp_path):
    path = _plan(tmp_path / "a.csv", ("Số hộ tham gia", "hộ", *cells), ("Số mô hình", "mô hình", "12", "14"))
    english = "1,250,000" in cells  # two groups are thousands for sure
    if english:
        assert load_targets(path, unit="Xã Mẫu", period="2026")["result"].tolist() == [1300, 14]
        return
    with pytest.raises(DataError) as caught:
        load_targets(path, unit="Xã Mẫu", period="2026")
    assert [a.toml() for a in caught.value.give] == ['decimal = "comma"', 'decimal = "dot"']
    for word, planned in (("comma", 1), ("dot", 1000)):
        said = Declaration("targets", decimal=word)
        loaded = load_targets(path, unit="Xã Mẫu", period="2026", declaration=said)
        assert planned <= loaded["planned"].iloc[0] < 2.001 * planned


def test_a_comma_that_another_cell_decides_is_not_asked_about(tmp_path):
    path = _plan(tmp_path / "a.csv", ("Diện tích rừng", "ha", "1,234", "1,300"), ("Thu ngân sách", "tỷ", "1,5", "1,45"))
    with pytest.raises(DataError) as caught:  # 1,5 says that a comma marks decimals: one or thousands?
        load_targets(path, unit="Xã Mẫu", period="2026")
    assert "1.234" in caught.value.title.vi
    path = _plan(tmp_path / "b.csv", ("Diện tích", "ha", "1,234", "1,3005"), ("Thu ngân sách", "tỷ", "1.000,5", "999"))
    assert load_targets(path, unit="Xã Mẫu", period="2026")["planned"].tolist() == [1.234, 1000.5]


def test_a_sheet_as_communes_keep_it(tmp_path):
    path = tmp_path / "chi-tieu.csv"
    path.write_text(
        "ỦY BAN NHÂN DÂN XÃ MẪU\nKẾT QUẢ THỰC HIỆN CÁC CHỈ TIÊU NĂM 2025\n\n"
        "STT;Chỉ tiêu;ĐVT;Kế hoạch năm 2025;Thực hiện;Tỷ lệ %\nA;B;1;2;3;4\nI;Chỉ tiêu kinh tế\n"
        "1;Tổng thu ngân sách trên địa bàn;tr.đ;1.234,5;1.300;105,3\n2;Thu nhập bình quân đầu người;tr.đ;65;…\n"
        "II;Chỉ tiêu xã hội\n3;Tỷ lệ hộ nghèo;%;2,5;2,1\n4;Tỷ lệ trẻ em tiêm chủng đầy đủ;%;98 %;99,5 %\n\n"
        "Người lập biểu;;;Chủ tịch\n",
        encoding="utf-8",
    )
    loaded = load_targets(path, unit="Xã Mẫu", period="2025")
    assert loaded.index.tolist() == [7, 8, 10, 11]
    assert loaded["planned"].tolist() == [1234.5, 65, 2.5, 98]
    assert loaded["result"].isna().tolist() == [False, True, False, False]
    assert loaded["result"].dropna().tolist() == [1300, 2.1, 99.5]
    assert loaded.attrs["load"]["skipped"] == {"numbering": [5], "section": [6, 9], "note": [13]}
    outcome = attainment(loaded, lower_is_better={"Tỷ lệ hộ nghèo"})["target_outcome"]
    assert outcome.tolist() == ["exceeded", "", "exceeded", "exceeded"]


def test_outcomes_are_those_of_the_truth():
    # The counts of the truth are of results above and at their plan, whatever is better.
    found = attainment_shares(FRAME.assign(direction="higher"), by="unit")
    met = found[found["indicator"] == "plan_targets_met_share"]
    assert met["numerator"].sum() == TRUTH["more"].sum() + TRUTH["equal"].sum()
    assert met["denominator"].sum() == len(FRAME)


def test_the_office_s_own_judgement_and_the_direction_are_read(tmp_path: Path) -> None:
    path = tmp_path / "chi-tieu.csv"
    path.write_text(
        "Chỉ tiêu;Kế hoạch;Thực hiện;Chiều;Kết quả đánh giá\n"
        "Số hộ nghèo còn lại;45;52;Càng thấp càng tốt;Chưa đạt\n"
        "Nhà ở;100;100;;Đạt\nĐường;10;12;;Vượt kế hoạch\n",
        encoding="utf-8",
    )
    loaded = load_targets(path, unit="Xã A", period="2026")
    assert loaded["judged"].tolist() == ["not_met", "met", "exceeded"]
    assert loaded["direction"].fillna("").tolist() == ["lower", "", ""]
    assert attainment(loaded)["target_outcome"].tolist() == ["not_met", "met", "exceeded"]


def test_plan_and_result_are_read_on_one_scale(tmp_path: Path) -> None:
    path = tmp_path / "chi-tieu.csv"
    rows = ("Số cuộc đối thoại;4;năm cuộc", "Số cuộc tiếp dân;4;5/4", "Tỷ lệ hồ sơ đúng hạn;95;96,5 %")
    path.write_text("Chỉ tiêu;Kế hoạch;Thực hiện\n" + "\n".join(rows) + "\n", encoding="utf-8")
    loaded = load_targets(path, unit="Xã Mẫu", period="2025")
    assert loaded["planned"].tolist() == [4, 4, 95]
    assert loaded["result"].isna().tolist() == [True, False, False]
    assert loaded["result"].tolist()[1:] == [5, 96.5]
