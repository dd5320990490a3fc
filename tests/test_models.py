"""The register of models: what is read, what is dropped, and the truth of a synthetic one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dvresearch import examples
from dvresearch.loaders import load_models
from dvresearch.screening import screen
from dvresearch.tables import MODEL_CONTENTS, MODELS, STAGES
from tests import office

UNITS = examples.communes(5, seed=7)
FRAME, TRUTH = examples.models(400, UNITS, seed=7)
DAYS = [c.name for c in MODELS.columns if c.kind == "date"]
REGISTER = (
    "DANH SÁCH MÔ HÌNH “DÂN VẬN KHÉO” NĂM 2025\n\n"
    "TT;Tên mô hình;Đơn vị đăng ký;Lĩnh vực;Tập thể, cá nhân;Thực trạng, lý do;Mục tiêu;Sản phẩm;"
    "Ngày đăng ký;Ngày công nhận;Ngày dừng;Lý do dừng;Người phụ trách\n"
    "1;Tổ tự quản môi trường;Xã A;Văn hóa - xã hội;TT;Rác thải nhiều;Giảm rác;;01/03/2025;;;;Nguyễn Văn A\n"
    "2;Đường hoa;Xã A;Chuyển đổi số;CN;;x;Báo cáo;2/3/2025;15/11/2025;;;Trần Thị B\n"
    "3;Camera an ninh;Xã B;QP-AN;tập thể;Có;-;chưa có;5/3/2025;;30/06/2025;Ông Bình chuyển công tác;Lê Văn C\n"
    "4;Nhà sạch;Xã B;NTM;tập thể;;;;;;;Sáp nhập xã;\n"
    "Tổng cộng: 4 mô hình\n"
)


@pytest.fixture
def register(tmp_path):
    path = tmp_path / "mo-hinh.csv"
    path.write_text(REGISTER, encoding="utf-8")
    return path


def test_random_registers_come_back(tmp_path, rounds):
    for seed in range(rounds(8, 200)):
        rng = np.random.default_rng([seed, 7])
        frame, _ = examples.models(int(rng.integers(6, 30)), UNITS, seed=seed)
        frame = frame.sort_values("unit", kind="stable", ignore_index=True)
        for name in ("field", "owner_type", "evaluation", "start", "stop_reason"):
            frame[name] = frame[name].mask(rng.random(len(frame)) < rng.choice([0, 0.3]))
        optional = [c for c in frame if c not in ("unit", "stage", "states_name")]
        frame = frame.drop(columns=rng.choice(optional, int(rng.integers(0, 8)), replace=False))
        path = tmp_path / f"gia-lap-{seed}{['.xlsx', '.csv', '.txt'][seed % 3]}"
        office.write_office(frame, path, table=MODELS, seed=seed)
        loaded = load_models(path).reset_index(drop=True)
        loaded = loaded.astype({c: "datetime64[s]" for c in DAYS if c in loaded})
        pd.testing.assert_frame_equal(loaded, frame, check_names=False, obj=f"seed {seed}")


def test_words_of_offices(register):
    loaded = load_models(register)
    assert loaded["field"].tolist() == ["culture_society", "other", "defence_security", "new_countryside"]
    assert loaded["field_named"].tolist()[1] == "Chuyển đổi số"
    assert loaded["owner_type"].tolist() == ["collective", "individual", "collective", "collective"]
    assert loaded["stop_reason"].tolist()[2:] == ["other", "merged"]
    assert loaded["states_baseline"].tolist() == [True, False, True, False]
    assert loaded["states_target"].tolist() == [True, True, False, False]
    assert loaded["states_output"].tolist() == [False, True, False, False]
    assert loaded.attrs["load"]["skipped"] == {"total": [8]}


def test_the_stage_follows_from_the_dates(register):
    assert load_models(register)["stage"].tolist()[:3] == ["registered", "recognised", "registered"]
    assert load_models(register)["stage"].isna().tolist()[3]


def test_names_and_words_are_dropped(register):
    loaded = load_models(register)
    everything = loaded.to_csv() + str(loaded.attrs) + screen(register, "models").to_csv()
    for word in ("Tổ tự quản", "Rác thải", "Giảm rác", "Ông Bình", "chuyển công tác", "Nguyễn Văn A", "Lê Văn C"):
        assert word not in everything
    assert loaded.attrs["load"]["personal"] == {"Người phụ trách": "name"}


def test_a_field_that_names_a_person_is_not_kept(register):
    register.write_text(REGISTER.replace("Chuyển đổi số", "Nguyễn Văn Hùng"), encoding="utf-8")
    loaded = load_models(register)
    assert loaded["field"].tolist()[1] == "other"
    assert "field_named" not in loaded
    assert "Hùng" not in loaded.to_csv() + str(loaded.attrs) + screen(register, "models").to_csv()


def test_the_truth_of_the_example():
    assert [int((FRAME[f"{s}_on"].notna()).sum()) for s in STAGES] == TRUTH["reached"].tolist()
    assert (
        FRAME["stage"].map(STAGES.index).tolist()
        == (FRAME[[f"{s}_on" for s in STAGES]].notna().sum(axis=1) - 1).tolist()
    )
    reached = TRUTH["reached"].to_numpy()
    share, n = reached[1:] / reached[:-1], reached[:-1]
    error = np.sqrt(TRUTH["passed"][1:] * (1 - TRUTH["passed"][1:]) / n)
    assert (abs(share - TRUTH["passed"][1:]) < 4 * error).all()
    assert (FRAME["stop"].dropna() > FRAME.loc[FRAME["stop"].notna(), "start"]).all()


def test_what_a_register_lacks_decides_what_can_be_evaluated(tmp_path):
    frame = FRAME.head(60).drop(columns="states_forces")
    path = office.write_office(frame, tmp_path / "gia-lap.xlsx", table=MODELS, mess=office.Mess())
    found = screen(path, "models").set_index("check")
    assert found.loc["lacks_forces", ["verdict", "computed"]].tolist() == ["review", "100.00\u00a0%"]
    lacking = 100 * (1 - frame["states_output"].mean())
    assert found.loc["lacks_output", "computed"] == f"{lacking:.2f}\u00a0%"
    assert found.loc["lacks_output", "severity"] == "major"
    ready = frame["states_baseline"] & frame["states_target"] & frame["states_output"] & frame["evaluation"].notna()
    assert found.loc["can_be_evaluated", "computed"] == f"{ready.sum()}/60"
    assert {f"lacks_{c}" for c in MODEL_CONTENTS} <= set(found.index)
    assert not (found["verdict"] == "fail").any()
