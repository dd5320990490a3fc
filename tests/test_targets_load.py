"""Plan targets from the files of offices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from dvresearch import examples
from dvresearch.loaders import load_targets
from dvresearch.metrics import attainment, attainment_shares
from dvresearch.tables import TARGETS

UNITS = examples.communes(6, seed=9)
FRAME, TRUTH = examples.targets(UNITS, seed=9)


def test_random_plans_come_back(tmp_path, rounds):
    for seed in range(rounds(8, 200)):
        rng = np.random.default_rng([seed, 8])
        frame, _ = examples.targets(UNITS.head(int(rng.integers(1, 6))), seed=seed)
        for name in ("planned", "result"):
            frame[name] = (frame[name] + rng.choice([0, 0.25, 1234.5], len(frame))).mask(rng.random(len(frame)) < 0.1)
        path = tmp_path / f"gia-lap-{seed}{['.xlsx', '.csv', '.txt'][seed % 3]}"
        examples.write_office(frame, path, table=TARGETS, seed=seed)
        loaded = load_targets(path).reset_index(drop=True)
        loaded = loaded.drop(columns="direction")
        pd.testing.assert_frame_equal(loaded, frame, check_names=False, obj=f"seed {seed}")


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
