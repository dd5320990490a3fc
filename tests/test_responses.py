"""Survey answers: scales, numbers, questionnaires, sensitive attributes, and the threshold on tables about people."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dvresearch import codebook, examples
from dvresearch.errors import DataError, ParameterError
from dvresearch.examples.registers import ITEMS
from dvresearch.loaders import load_responses, questionnaire
from dvresearch.metrics import answer_shares
from dvresearch.metrics.answers import discordant
from dvresearch.metrics.reliability import item_statistics, reliability
from dvresearch.metrics.satisfaction import satisfaction
from dvresearch.tables import ESTIMATES, NO_ANSWER, SCALES, responses_table
from tests import office

UNITS = examples.communes(4, seed=5)
FRAME, TRUTH = examples.responses(1200, UNITS, seed=5, sensitive=("gender",))
HEADER = "Mã phiếu;Đơn vị;Giới tính;Dân tộc;1. Thời gian;2. Thái độ\n"
ASKED = {"q1": "1. Thời gian", "q2": "2. Thái độ"}


def toml(path, body):
    file = path / "phieu.toml"
    file.write_text(body, encoding="utf-8")
    return file


def sheet(path, *rows):
    file = path / "phieu.csv"
    file.write_text(HEADER + "\n".join(rows) + "\n", encoding="utf-8")
    return file


def test_random_surveys_come_back(tmp_path, rounds):
    body = "[items]\n" + "\n".join(f'{i} = {{ header = "{i}", scale = "{s}" }}' for i, s in ITEMS.items())
    asked = toml(tmp_path, body)
    for seed in range(rounds(8, 200)):
        rng = np.random.default_rng([seed, 6])
        frame, _ = examples.responses(int(rng.integers(8, 60)), UNITS, seed=seed, sensitive=("gender",))
        frame = frame.sort_values("unit", kind="stable", ignore_index=True)
        frame["mode"] = frame["mode"].mask(rng.random(len(frame)) < 0.2)
        dropped = rng.choice(
            ["respondent", "stratum", "cluster", "weight", "mode"], int(rng.integers(0, 4)), replace=False
        )
        frame = frame.drop(columns=dropped)
        path = tmp_path / f"gia-lap-{seed}{['.xlsx', '.csv', '.txt'][seed % 3]}"
        office.write_office(frame, path, table=responses_table(ITEMS, ("gender",)), seed=seed)
        loaded = load_responses(path, asked, sensitive=("gender",)).reset_index(drop=True)
        loaded = loaded.astype({"answered": "datetime64[s]"})
        pd.testing.assert_frame_equal(loaded, frame, check_names=False, obj=f"seed {seed}")


def test_dont_know_and_no_answer_are_no_missing_answers(tmp_path):
    path = sheet(
        tmp_path,
        "P1;A;Nam;Kinh;Rất hài lòng;5. Rất hài lòng",
        "P2;A;Nữ;Tày;KHONG BIET;Không trả lời",
        "P3;A;Nữ;Kinh;;hài lòng",
        "P4;A;Nữ;Kinh;Không rõ;Bình thường",
    )
    loaded = load_responses(path, ASKED)
    assert loaded["q1"].tolist()[:2] == ["very_satisfied", "dont_know"]
    assert loaded["q1"].isna().tolist() == [False, False, True, False]
    assert loaded["q1"].iloc[3] == "dont_know"
    assert loaded["q2"].tolist() == ["very_satisfied", "refused", "satisfied", "neutral"]
    assert loaded.attrs["load"]["items"] == {"q1": "hai_long_5", "q2": "hai_long_5"}


def test_numbers_only_when_their_direction_is_stated(tmp_path):
    path = sheet(tmp_path, "P1;A;Nam;Kinh;5;1", "P2;A;Nữ;Kinh;3;9", "P3;A;Nữ;Kinh;;4")
    with pytest.raises(DataError, match="1 là mức nào"):
        load_responses(path, ASKED)
    with pytest.raises(DataError, match="F3"):
        load_responses(path, ASKED, numbers="ascending")
    codes = '[items]\nq1 = "1. Thời gian"\nq2 = { header = "2. Thái độ", codes = { 9 = "dont_know" } }\n'
    up = load_responses(path, toml(tmp_path, 'numbers = "ascending"\n' + codes))
    down = load_responses(path, toml(tmp_path, 'numbers = "descending"\n' + codes))
    assert up["q1"].tolist()[:2] == ["very_satisfied", "neutral"]
    assert up["q2"].tolist() == ["very_dissatisfied", "dont_know", "satisfied"]
    assert down["q2"].tolist() == ["very_satisfied", "dont_know", "dissatisfied"]


def test_scales_differ_by_item(tmp_path):
    body = 'scale = "dong_y_5"\n[items]\nq1 = "1. Thời gian"\nq2 = { header = "2. Thái độ", scale = "co_khong" }\n'
    path = sheet(tmp_path, "P1;A;;;Không đồng ý;Có", "P2;A;;;Hoàn toàn đồng ý;Chưa", "P3;A;;;Đồng ý;Không biết")
    loaded = load_responses(path, toml(tmp_path, body))
    assert loaded["q1"].tolist() == ["disagree", "strongly_agree", "agree"]
    assert loaded["q2"].tolist() == ["yes", "no", "dont_know"]
    # A longer phrase is not taken for its beginning: this one is the middle of that scale, not "không đồng ý".
    with pytest.raises(DataError, match="E2"):
        load_responses(sheet(tmp_path, "P1;A;;;Không đồng ý cũng không phản đối;Có"), toml(tmp_path, body))


@pytest.mark.parametrize("scale", SCALES)
def test_every_answer_has_one_word_in_both_languages(scale):
    words = {}
    for answer in (*SCALES[scale], *NO_ANSWER):
        entry = codebook.get("value", f"{scale}.{answer}")
        for name in (entry.label_vi, entry.label_en, *entry.aliases):
            assert words.setdefault(name.casefold(), answer) == answer
    assert len(set(SCALES[scale])) == len(SCALES[scale])


def test_sensitive_attributes_only_by_name(tmp_path):
    path = sheet(tmp_path, "P1;A;Nam;Kinh;Hài lòng;Hài lòng", "P2;A;Nữ;Tày;Hài lòng;Hài lòng")
    plain = load_responses(path, ASKED)
    assert not {"gender", "ethnicity", "religion"} & set(plain.columns)
    assert "Tày" not in plain.to_csv() + str(plain.attrs)
    asked = load_responses(path, ASKED, sensitive=("gender", "ethnicity"))
    assert asked["gender"].tolist() == ["male", "female"]
    assert asked["ethnicity"].tolist() == ["Kinh", "Tày"]
    with pytest.raises(ParameterError, match="gender, ethnicity, religion"):
        load_responses(path, ASKED, sensitive=("age",))


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("items", "không dùng được"),
        ('[items]\nq1 = { header = "a", weight = 3 }', "weight"),
        ('[items]\nq1 = { header = "a", scale = "hai_long_9" }', "hai_long_5"),
        ('[items]\nq1 = { header = "a", codes = { 9 = "maybe" } }', "dont_know"),
        ('numbers = "up"\n[items]\nq1 = "a"', "ascending"),
        ('[items]\n"Câu 1" = "a"', "tên cột"),
        ('[items]\nunit = "a"', "tên cột"),
        ("[items]", "Chưa nêu các câu hỏi"),
    ],
)
def test_questionnaires_that_are_refused(tmp_path, body, says):
    with pytest.raises((DataError, ParameterError), match=says):
        questionnaire(toml(tmp_path, body))


# --- shares -----------------------------------------------------------------------------------------------------------


def test_shares_against_masks_and_truth():
    found = answer_shares(FRAME, ITEMS, "unit", top=1).set_index(["unit", "item", "indicator"])
    assert [c for c in found.reset_index().columns if c not in ("unit", "item")] == ESTIMATES.names
    for unit in UNITS["unit"]:
        for item, scale in ITEMS.items():
            answers = FRAME.loc[FRAME["unit"] == unit, item]
            known = answers[answers.isin(SCALES[scale])]
            top = found.loc[(unit, item, "answers_top_share")]
            assert top["value"] == (known == SCALES[scale][-1]).mean()
            assert top["n"] == len(known)
            assert found.loc[(unit, item, "answers_none_share"), "value"] == (len(answers) - len(known)) / len(answers)
    five = {i: s for i, s in ITEMS.items() if s == "hai_long_5"}
    two = answer_shares(FRAME, five, "unit", top=2)
    two = two[two["indicator"] == "answers_top_share"].merge(TRUTH, on=["unit", "item"])
    covered = (two["lower"] <= two["top_share"]) & (two["top_share"] <= two["upper"])
    assert len(two) == 20
    assert covered.sum() >= 17


def test_small_groups_are_hidden():
    few = FRAME.assign(ethnicity=np.where(FRAME.index < 4, "Tày", "Kinh"))
    found = answer_shares(few, {"q1": "hai_long_5"}, "ethnicity").set_index(["ethnicity", "indicator"])
    assert found["value"].isna().all()  # the four, and with them the rest: the total would give them away
    assert found.loc[("Tày", "answers_none_share"), "reason"] == "small_count"
    assert found.loc[("Kinh", "answers_none_share"), "reason"] == "secondary"
    open_ = answer_shares(few, {"q1": "hai_long_5"}, "gender")
    assert open_["value"].notna().all()


def test_a_split_questionnaire_counts_those_who_were_asked():
    """Half got q1 and q3, half q2 and q3: by hand, nobody withheld more than the dont_know and the blank beside q3."""
    first = pd.DataFrame({"q1": ["satisfied"] * 30 + ["dont_know"] * 10, "q3": "satisfied"})
    second = pd.DataFrame({"q2": ["neutral"] * 20 + ["satisfied"] * 40, "q3": ["satisfied"] * 57 + [None] * 3})
    frame = pd.concat([first, second], ignore_index=True).assign(unit="A")
    items = {"q1": "hai_long_5", "q2": "hai_long_5", "q3": "hai_long_5"}
    found = answer_shares(frame, items, min_count=1).set_index(["item", "indicator"])
    none = found.xs("answers_none_share", level="indicator")
    assert none["numerator"].tolist() == [10, 0, 3]
    assert none["denominator"].tolist() == [40, 60, 100]
    top = found.xs("answers_top_share", level="indicator")
    assert top["n"].tolist() == [30, 60, 97]
    assert found["reason"].tolist() == ["split_items"] * 4 + ["", ""]


@pytest.mark.parametrize("forms", ["three", "four"])
def test_overlapping_parts_of_a_questionnaire_are_known(forms):
    """Every two items meet in one of the forms; one in ten of those asked leaves an item blank."""
    parts = {"three": ["12", "23", "31"], "four": ["123", "124", "134", "234"]}[forms]
    every = sorted(set("".join(parts)))
    items = {f"q{i}": "hai_long_5" for i in every}
    rng = np.random.default_rng(6)
    rows = [{f"q{i}": "satisfied" for i in part if rng.random() > 0.1} for part in parts for _ in range(60)]
    frame = pd.DataFrame(rows, columns=list(items)).assign(unit="A")
    got = {f"q{i}": sum(60 for part in parts if i in part) for i in every}
    found = answer_shares(frame, items, min_count=1).set_index(["item", "indicator"])
    none = found.xs("answers_none_share", level="indicator")
    assert set(found["reason"]) == {"split_items"}
    # Who left so much blank that several forms would fit stays in the base of each.
    for item, n in got.items():
        assert n <= none.loc[item, "denominator"] <= n + 0.12 * len(frame)
        assert none.loc[item, "value"] < 0.25
    whole = satisfaction(frame, items=list(items), min_count=1).iloc[-1]
    assert "split_items" in whole["reason"] or whole["reason"] == "no_spread"
    assert set(reliability(frame, items=list(items))["reason"]) == {"never_together"}
    assert (item_statistics(frame, items=list(items), min_count=1)["no_answer_share"] < 0.25).all()


def test_blanks_are_no_parts_of_a_questionnaire():
    """Nobody answered all of twenty items, and each is still one that everyone was asked."""
    rng = np.random.default_rng(2)
    answers = np.where(rng.random((300, 20)) < 0.3, None, "satisfied")
    answers[np.arange(300), rng.integers(0, 20, 300)] = None
    frame = pd.DataFrame(answers, columns=[f"q{i}" for i in range(20)]).astype("str").assign(unit="A")
    found = answer_shares(frame, dict.fromkeys(frame.columns[:-1], "hai_long_5"), min_count=1)
    assert (found.loc[found["indicator"] == "answers_none_share", "denominator"] == 300).all()


def test_what_is_refused():
    with pytest.raises(ParameterError, match="No item is named"):
        answer_shares(FRAME, {})
    with pytest.raises(ParameterError, match="top=5"):
        answer_shares(FRAME, {"q1": "hai_long_5"}, top=5)
    with pytest.raises(ParameterError, match="hai_long_5"):
        answer_shares(FRAME, {"q1": "hai_long"})
    with pytest.raises(DataError, match="q9"):
        answer_shares(FRAME, {"q9": "hai_long_5"})
    with pytest.raises(DataError, match="danh mục"):
        answer_shares(FRAME.assign(q1="tốt"), {"q1": "hai_long_5"})


def test_items_are_compared_by_those_who_answered_both():
    from statsmodels.stats.contingency_tables import mcnemar

    items = {"q1": "hai_long_5", "q2": "hai_long_5", "q3": "hai_long_5"}
    rng = np.random.default_rng(4)
    words = [*SCALES["hai_long_5"], NO_ANSWER[0]]
    frame = pd.DataFrame(
        {i: rng.choice(words, 150, p=p) for i, p in zip(items, rng.dirichlet([1] * 6, 3), strict=True)}
    )
    for reverse in ((), ("q2",)):
        found = discordant(frame, items, "q1", reverse=reverse).set_index("against")
        for other in ("q2", "q3"):
            both = frame[frame[["q1", other]].isin(SCALES["hai_long_5"]).all(axis=1)]
            best = SCALES["hai_long_5"][:2] if other in reverse else SCALES["hai_long_5"][-2:]
            ours, theirs = both["q1"].isin(SCALES["hai_long_5"][-2:]), both[other].isin(best)
            table = pd.crosstab(ours, theirs).reindex(index=[True, False], columns=[True, False], fill_value=0)
            assert found.loc[other, ["only_this", "only_other"]].tolist() == [table.iloc[0, 1], table.iloc[1, 0]]
            assert found.loc[other, "p_value"] == pytest.approx(mcnemar(table, exact=True).pvalue, abs=1e-12)
    same = frame.assign(q2=frame["q1"], q3=frame["q1"])
    assert discordant(same, items, "q1")["p_value"].tolist() == [1, 1]
