"""Sentences are compared word by word; the codes they use are added to the codebook for the test.

A label of the codebook may be corrected by anyone who knows the field, and no test here breaks.
"""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

import dvresearch
from dvresearch import codebook, wording
from dvresearch.errors import DataError, ParameterError, Text
from dvresearch.metrics import difference, funnel, proportion, selection_bounds
from dvresearch.metrics.findings import finding, table
from dvresearch.privacy import KINDS
from dvresearch.tables import ESTIMATES, FLAGS
from dvresearch.wording import values

NBSP = "\u00a0"
ENTRIES = [
    ("indicator", "test_share", "Tỷ lệ thử", "Test share", "share", "", ""),
    ("indicator", "test_days", "Số ngày thử", "Test days", "test_day", "", ""),
    (
        "definition",
        "test_base",
        "trên số đã xong",
        "of those done",
        "test_file",
        "Xong chia cho tất cả.",
        "Done by all.",
    ),
    ("unit", "test_file", "hồ sơ", "dossiers", "count", "", ""),
    ("unit", "test_day", "ngày", "days", "mean", "", ""),
    ("method", "test_method", "Wilson thử", "test Wilson", "", "", ""),
    (
        "reason",
        "test_reason",
        "thiếu số xong",
        "number done missing",
        "",
        "Nguồn không cho số xong.",
        "No number done.",
    ),
    ("check", "test_check", "phép thử", "test check", "", "", ""),
]


@pytest.fixture(autouse=True)
def book(monkeypatch):
    extra = {
        (kind, code): codebook.Entry(kind, code, (), vi, en, unit, "", note_vi, note_en)
        for kind, code, vi, en, unit, note_vi, note_en in ENTRIES
    }
    everything = {**codebook._book(), **extra}
    indexes = (codebook.entries, codebook._aliases)
    with monkeypatch.context() as patched:
        patched.setattr(codebook, "_book", lambda: everything)
        for index in indexes:
            index.cache_clear()
        yield
    for index in indexes:  # no other test may find these entries
        index.cache_clear()


def estimate(unit="Hà Nội", **cells):
    row = {
        "unit": unit,
        "indicator": "test_share",
        "value": 0.65,
        "std_error": np.nan,
        "lower": 0.5525,
        "upper": 0.7364,
        "confidence": 0.95,
        "numerator": 65.0,
        "denominator": 100.0,
        "n": 100.0,
        "definition": "test_base",
        "basis": "sample",
        "method": "test_method",
        "flags": "",
        "reason": "",
    }
    return pd.DataFrame([row | cells])


def first(frame, lang="vi"):
    return wording.describe(frame, lang)[0].replace(NBSP, "~")


def test_national_rate_of_2026():
    # Published by the national portal on 10 October 2026: 12,707,675 of 14,666,757 in time, 86.64%.
    x, n = 12_707_675, 14_666_757
    lower, upper = proportion_confint(x, n, method="wilson")
    row = estimate("34 tỉnh", value=x / n, lower=lower, upper=upper, numerator=x, denominator=n, n=n, basis="census")
    assert first(row) == (
        "34 tỉnh – tỷ lệ thử (cách tính: trên số đã xong): 86,64% (12.707.675/14.666.757 hồ sơ; tính trên toàn bộ; "
        "khoảng 86,63–86,66% không phải sai số chọn mẫu)."
    )
    assert first(row, "en") == (
        "34 tỉnh – test share (definition: of those done): 86.64% (12,707,675 of 14,666,757 dossiers; complete count; "
        "the interval 86.63–86.66% is no sampling error)."
    )


@pytest.mark.parametrize(
    ("basis", "vi", "en"),
    [
        ("sample", "khoảng tin cậy 95%: 55,3–73,6%", "95% confidence interval: 55.3–73.6%"),
        (
            "volunteers",
            "chỉ trong số người tự nguyện đánh giá, không suy ra cho mọi người được phục vụ; "
            "khoảng 95% 55,3–73,6% chỉ tính dao động ngẫu nhiên",
            "among people who chose to answer only, not to be extended to everyone served; "
            "the 95% interval 55.3–73.6% covers chance variation only",
        ),
        (
            "unknown",
            "nguồn không nêu số liệu dựa trên gì; khoảng 95% 55,3–73,6% chỉ đúng nếu các trường hợp được chọn "
            "ngẫu nhiên",
            "the source does not say what the number rests on; the 95% interval 55.3–73.6% holds only if the cases "
            "were drawn at random",
        ),
    ],
)
def test_what_the_interval_means_depends_on_the_basis(basis, vi, en):
    row = estimate(basis=basis)
    assert first(row) == f"Hà Nội – tỷ lệ thử (cách tính: trên số đã xong): 65,0% (65/100 hồ sơ; {vi})."
    assert first(row, "en") == f"Hà Nội – test share (definition: of those done): 65.0% (65 of 100 dossiers; {en})."


def test_without_cases_there_is_no_interval_and_the_sentence_says_why():
    blank = dict.fromkeys(("lower", "upper", "numerator", "denominator", "n"), np.nan)
    row = estimate(value=1.0, basis="volunteers", definition="", **blank)
    assert first(row) == (
        "Hà Nội – tỷ lệ thử: 100% (chỉ trong số người tự nguyện đánh giá, không suy ra cho mọi người được phục vụ). "
        "Nguồn không nêu số trường hợp nên không tính được khoảng."
    )
    assert first(row, "en").endswith("The source gives no number of cases, so no interval can be computed.")
    # A reason that is given is told instead of the general one.
    assert first(row.assign(reason="test_reason")).endswith("phục vụ). Nguồn không cho số xong.")


def test_missing_value_is_told_with_its_reasons():
    row = estimate(value=np.nan, lower=np.nan, upper=np.nan, reason="test_reason", flags="few")
    assert first(row) == "Hà Nội – tỷ lệ thử (cách tính: trên số đã xong): không có số liệu. Nguồn không cho số xong."
    assert first(row, "en") == "Hà Nội – test share (definition: of those done): no figure. No number done."
    twice = first(row.assign(reason="test_reason;test_reason"))
    assert twice.count("Nguồn không cho số xong.") == 2


@pytest.mark.parametrize("flag", [f for f in FLAGS if f != "suppressed"])
@pytest.mark.parametrize("lang", ["vi", "en"])
def test_every_flag_adds_its_sentence(flag, lang):
    note = codebook.get("flag", flag).note(lang)
    plain, flagged = (wording.describe(estimate(flags=f), lang)[0] for f in ("", flag))
    assert note
    assert flagged == f"{plain} {note}"


def test_flags_come_in_the_order_of_the_table():
    few, ceiling = (codebook.get("flag", f).note_vi for f in ("few", "ceiling"))
    assert wording.describe(estimate(flags="few;ceiling"))[0].endswith(f"{few} {ceiling}")


def test_suppressed_row_shows_no_number():
    for lang in ("vi", "en"):
        sentence = wording.describe(estimate(flags="few;suppressed"), lang)[0]
        assert not re.search(r"\d", sentence)
        assert codebook.get("flag", "suppressed").note(lang) in sentence


@pytest.mark.parametrize(
    ("column", "code"), [("reason", "nope"), ("flags", "nope"), ("definition", "nope"), ("indicator", "nope")]
)
def test_unknown_code_is_refused_with_its_name(column, code):
    with pytest.raises(ParameterError, match="nope"):
        wording.describe(estimate(**{column: code}))


@pytest.mark.parametrize("lang", ["vi ", "fr", ""])
def test_unknown_language_is_refused(lang):
    for call in (
        lambda: wording.describe(estimate(), lang),
        lambda: wording.verdict_words("pass", lang),
        lambda: wording.alt_text("intervals", estimate(), lang),
    ):
        with pytest.raises(ParameterError, match="lang="):
            call()


def test_broken_table_is_refused():
    with pytest.raises(DataError, match="upper"):
        wording.describe(estimate().drop(columns="upper"))
    with pytest.raises(DataError):
        wording.describe(estimate()[:0])


@pytest.mark.parametrize(
    ("share", "cases", "vi", "en"),
    [
        (0.5, 9_999, "50,0%", "50.0%"),
        (0.5, 10_000, "50,00%", "50.00%"),
        (0.83345, 100, "83,3%", "83.3%"),
        (0.8335, 100, "83,4%", "83.4%"),  # half up, as a spreadsheet rounds
        (0.9996, 9_000, "99,96%", "99.96%"),  # not "100,0%": some were late
        (0.9999999, 10_000_000, "99,99999%", "99.99999%"),
        (0.0004, 9_000, "0,04%", "0.04%"),
        (1.0, 9_000, "100,0%", "100.0%"),
        (0.0, 9_000, "0,0%", "0.0%"),
        (1.0558, 309, "105,6%", "105.6%"),
        (1.0, None, "100%", "100%"),  # without n as published, up to two decimals
        (0.987, float("nan"), "98,7%", "98.7%"),
        (0.77826, None, "77,83%", "77.83%"),
    ],
)
def test_decimals_of_a_percentage(share, cases, vi, en):
    assert values.value(share, "share", cases, "vi").replace(NBSP, "~") == vi
    assert values.value(share, "share", cases, "en") == en


@pytest.mark.parametrize(
    ("number", "unit", "vi", "en"),
    [
        (3.5, "test_day", "3,5~ngày", "3.5~days"),
        (1.0, "test_day", "1~ngày", "1~day"),
        (1234.0, "test_file", "1.234~hồ sơ", "1,234~dossiers"),
        (14.5899, "", "14,59", "14.59"),
        (2.999, "test_day", "3,00~ngày", "3.00~days"),
    ],
)
def test_other_quantities_carry_their_unit(number, unit, vi, en):
    assert values.value(number, unit, None, "vi").replace(NBSP, "~") == vi
    assert values.value(number, unit, None, "en").replace(NBSP, "~") == en


def test_singular_in_english():
    one = estimate(value=1.0, numerator=1.0, denominator=1.0, n=1.0)
    assert "(1 of 1 dossier;" in wording.describe(one, "en")[0]


def test_period_codes_and_numbers_in_front_are_read_out():
    row = estimate().assign(period="2026-Q1", unit_code="01", odds_ratio=2.0)
    front = ["unit", "unit_code", "period", "odds_ratio"]
    row = row[[*front, *ESTIMATES.names]]
    label = codebook.get("column", "odds_ratio").label_vi.lower()
    assert first(row).startswith(f"Hà Nội, quý I/2026, {label} 2 – tỷ lệ thử")
    assert first(row.drop(columns=front)).startswith("Tỷ lệ thử (")


# Differences ---------------------------------------------------------------------------------------------------------


def two_years(a, b, n=1000.0, basis="sample"):
    counts = pd.DataFrame({"period": ["2024", "2025"], "x": [a, b], "n": [n, n]})
    shares = proportion(
        counts, numerator="x", denominator="n", by="period", indicator="test_share", definition="test_base", basis=basis
    )
    return difference(shares, column="period", of="2025", against="2024")


def test_difference_whose_interval_leaves_out_zero():
    low, high = confint_proportions_2indep(800, 1000, 750, 1000, method="newcomb")
    assert (round(100 * low, 1), round(100 * high, 1)) == (1.3, 8.6)
    assert first(two_years(750.0, 800.0)) == (
        "Năm 2025 so với năm 2024 – tỷ lệ thử (cách tính: trên số đã xong): cao hơn 5,0~điểm phần trăm "
        "(n~=~2.000; khoảng tin cậy 95%: 1,3–8,6)."
    )
    assert first(two_years(800.0, 750.0)).endswith(
        "thấp hơn 5,0~điểm phần trăm (n~=~2.000; khoảng tin cậy 95%: từ \u22128,6 đến \u22121,3)."
    )
    assert first(two_years(750.0, 800.0), "en") == (
        "2025 compared with 2024 – test share (definition: of those done): higher by 5.0~percentage points "
        "(n~=~2,000; 95% confidence interval: 1.3–8.6)."
    )


def test_difference_whose_interval_holds_zero():
    assert "chưa đủ cơ sở để nói khác nhau (chênh +0,5~điểm phần trăm)" in first(two_years(750.0, 755.0))
    assert "chưa đủ cơ sở để nói khác nhau (chênh \u22120,5~điểm phần trăm)" in first(two_years(755.0, 750.0))
    english = first(two_years(750.0, 755.0), "en")
    assert "not enough ground to say that they differ (difference +0.5~percentage points)" in english


def test_difference_without_interval_is_no_conclusion():
    row = two_years(750.0, 800.0).assign(lower=np.nan, upper=np.nan, n=np.nan, reason="test_reason")
    assert "chênh +5~điểm phần trăm, không có khoảng nên chưa đủ cơ sở để nói khác nhau" in first(row)


def test_difference_of_other_quantities_keeps_its_unit():
    row = estimate("A \u2212 B", indicator="test_days", value=-2.0, lower=-3.0, upper=-1.0, numerator=np.nan)
    assert "A so với B – số ngày thử (cách tính: trên số đã xong): thấp hơn 2~ngày" in first(row)


def test_bounds_are_not_called_a_confidence_interval():
    counts = pd.DataFrame({"unit": ["A"], "satisfied": [95.0], "rated": [100.0], "served": [1000.0]})
    rows = selection_bounds(
        counts, numerator="satisfied", answered="rated", served="served", by="unit", indicator="test_share"
    )
    worst = first(rows[:1])
    # Worst case by hand: 95/1,000 to (95 + 900)/1,000.
    assert "95,0% (95/100; trong tổng thể 1.000;" in worst
    assert "giới hạn cho mọi trường hợp: 9,5–99,5% (" in worst
    assert "không phải khoảng tin cậy" in worst
    assert "khoảng tin cậy 95" not in worst


# Method, pictures in words -------------------------------------------------------------------------------------------


def test_method_line_names_definitions_and_intervals_once():
    rows = pd.concat([estimate(), estimate("Huế"), estimate("Lào Cai", lower=np.nan, method="other")])
    assert wording.method_line(rows).replace(NBSP, "~") == "Cách tính: Xong chia cho tất cả; Wilson thử, mức 95%."
    assert wording.method_line(rows, "en") == "How it was computed: Done by all; test Wilson, level 95%."
    assert wording.method_line(estimate(definition="", lower=np.nan)) == ""
    limits, spread = (codebook.get("method", m).label_en for m in ("exact", "additive"))
    assert wording.method_line(funnel(many_units()), "en").endswith(f", level 95%; {limits}; {spread}.")


def many_units(seed=3):
    rng = np.random.default_rng(seed)
    n = np.append(rng.integers(50, 5000, 19), 12).astype(float)
    x = np.floor(n * np.clip(rng.normal(0.8, 0.08, 20), 0.1, 0.99))
    counts = pd.DataFrame({"unit": [f"Xã {i}" for i in range(20)], "x": x, "n": n})
    return proportion(
        counts,
        numerator="x",
        denominator="n",
        by="unit",
        indicator="test_share",
        definition="test_base",
        basis="census",
    )


@pytest.mark.parametrize("dispersion", ["none", "additive", "multiplicative"])
def test_funnel_counts_and_names_units_outside(dispersion):
    rows = funnel(many_units(), dispersion=dispersion)
    sentences = wording.describe_funnel(rows, "vi")
    inside, told = 0, {}
    for r in rows.to_dict("records"):  # the slow way: limits row by row
        if r["flags"] == "few":
            continue
        if r["value"] > r["upper998"]:
            told.setdefault("cao hơn giới hạn 99,8%:", []).append(r["unit"])
        elif r["value"] > r["upper95"]:
            told.setdefault("cao hơn giới hạn 95% nhưng", []).append(r["unit"])
        elif r["value"] < r["lower998"]:
            told.setdefault("thấp hơn giới hạn 99,8%:", []).append(r["unit"])
        elif r["value"] < r["lower95"]:
            told.setdefault("thấp hơn giới hạn 95% nhưng", []).append(r["unit"])
        else:
            inside += 1
    assert told
    assert f"{inside} trong 19 đơn vị nằm trong giới hạn 95%" in sentences[0]
    for where, units in told.items():
        (sentence,) = [s.replace(NBSP, "~") for s in sentences if f"đơn vị {where}" in s.replace(NBSP, "~")]
        assert sentence.startswith(f"{len(units)} đơn vị ")
        named = set(re.split(", | và ", sentence.rsplit(": ", 1)[1].rstrip(".")))
        assert named == set(units)
    assert f"Không so được: Xã 19 ({codebook.get('flag', 'few').label_vi})." in sentences
    assert sentences[-1] == "Nằm ngoài giới hạn không có nghĩa là làm kém hay làm tốt: hãy hỏi vì sao."


def test_funnel_says_how_the_limits_were_set():
    rows = funnel(many_units())
    assert rows["dispersion_value"].iloc[0] > 0
    for changes, words in (
        ({}, "Giới hạn đã nới"),
        ({"dispersion_value": 0.0}, "không phải nới"),
        ({"dispersion": "multiplicative", "dispersion_value": 1.0}, "không phải nới"),
        ({"dispersion": "multiplicative", "dispersion_value": 1.7}, "Giới hạn đã nới"),
        ({"dispersion": "none", "dispersion_value": 0.0}, "chỉ tính dao động ngẫu nhiên"),
    ):
        assert words in wording.describe_funnel(rows.assign(**changes))[-2]


def test_funnel_in_english_counts_one_unit_and_several():
    rows = funnel(many_units())
    one = rows.assign(position=["above998"] + ["within"] * 19, flags="")
    assert "19 of 20 units lie within the 95% limits." in wording.describe_funnel(one, "en")[0]
    assert wording.describe_funnel(one, "en")[1] == "1 unit above the 99.8% limits: Xã 0."
    last = one.assign(position=["within"] + ["below95"] * 19)
    assert "1 of 20 units lies within" in wording.describe_funnel(last, "en")[0]
    alone = wording.describe_funnel(one[:1].assign(position="within"), "en")[0]
    assert "1 of 1 unit lies within" in alone


def test_funnel_hides_the_place_of_a_suppressed_unit():
    rows = funnel(many_units()).assign(position="above998")
    rows.loc[0, "flags"] = "suppressed"
    sentences = wording.describe_funnel(rows)
    assert any("Không so được" in s and "Xã 0" in s for s in sentences)
    assert not any("cao hơn" in s and "Xã 0," in s for s in sentences)


def test_several_funnels_in_one_table_are_refused():
    rows = funnel(many_units())
    two = pd.concat([rows, rows.assign(target=0.9)])
    with pytest.raises(ParameterError, match="2 target"):
        wording.describe_funnel(two)
    with pytest.raises(ParameterError, match="không có cột tên"):
        wording.describe_funnel(rows, unit="ten")


def test_long_lists_of_names_end_in_a_count():
    names = [f"Xã {i}" for i in range(23)]
    assert values.listed(names[:1], "vi") == "Xã 0"
    assert values.listed(names[:2], "vi") == "Xã 0 và Xã 1"
    assert values.listed(names[:3], "en") == "Xã 0, Xã 1 and Xã 2"
    assert values.listed(names, "vi").endswith("Xã 19 và 3 đơn vị khác (xem bảng)")
    assert values.listed(names[:21], "en").endswith("Xã 19 and 1 other unit (see the table)")
    assert values.listed([], "vi") == ""


# Findings ------------------------------------------------------------------------------------------------------------

FOUND = [
    finding("test_check", "pass", "Quế Sơn", computed="42764", stated="42764"),
    finding("test_check", "fail", "Lai Châu", computed="91.97%", stated="92.00%", guidance=Text("Hỏi lại.", "Ask.")),
    finding("test_check", "review", "", computed="-715"),
    finding("test_check", "unknown", "Huế", stated="rất cao"),
]


def test_findings_as_sentences():
    told = [s.replace(NBSP, "~") for s in wording.describe_findings(table(FOUND))]
    assert told == [
        "Quế Sơn – phép thử: khớp (tính được 42.764, công bố 42.764).",
        "Lai Châu – phép thử: không khớp (tính được 91,97%, công bố 92,00%). Hỏi lại.",
        "Phép thử: cần xem (tính được \u2212715).",
        "TP. Huế – phép thử: không kiểm được (công bố rất cao).",
    ]
    english = wording.describe_findings(table(FOUND), "en")
    assert english[1] == "Lai Châu – test check: does not agree (computed 91.97%, published 92.00%). Ask."


def test_requirements_have_their_own_words():
    told = wording.describe_findings(table(FOUND), words="pass")
    assert "phép thử: đạt (" in told[0]
    assert "phép thử: không đạt (" in told[1]
    with pytest.raises(ParameterError, match="Got: 'yes'"):
        wording.describe_findings(table(FOUND), words="yes")
    with pytest.raises(ParameterError, match="maybe"):
        wording.verdict_words("maybe", "vi")


def test_summary_counts_the_verdicts():
    assert wording.summarise_findings(table(FOUND)) == (
        "4 kiểm tra: 1 khớp, 1 cần xem, 1 không khớp, 1 không kiểm được."
    )
    assert wording.summarise_findings(table(FOUND[:1]), "en") == "1 check: 1 agrees."
    twice = pd.concat([table(FOUND[:1])] * 2)
    assert wording.summarise_findings(twice, "en") == "2 checks: 2 agree."
    assert wording.summarise_findings(twice.assign(verdict="fail"), "en") == "2 checks: 2 do not agree."
    assert wording.summarise_findings(table(FOUND[:1] * 2), "en").startswith("2 checks:")


@pytest.mark.parametrize("text", ["", "…", "1.2.3", "quý I/2023", "12 hồ sơ", "no_such_code"])
def test_what_is_not_a_number_stays_as_it_is(text):
    assert wording.localised(text, "vi") == text


def test_columns_and_kinds_of_personal_data_are_told_in_words():
    assert wording.localised("channel", "vi") == codebook.get("column", "channel").label_vi.lower()
    assert wording.localised("name", "en") == "name of a person"
    assert {k for k in KINDS if wording.localised(k, "vi") == k} == set()


# Flows ---------------------------------------------------------------------------------------------------------------


def test_remainder_of_que_son():
    # Published for Quế Sơn, 2022: 33,838 on time, 8,552 late, 374 pending and late, 43,479 in all; 715 not described.
    tally = pd.DataFrame(
        {
            "unit": ["Quế Sơn"],
            "period": ["2022"],
            "resolved_within": [33838.0],
            "resolved_late": [8552.0],
            "pending_overdue": [374.0],
            "total": [43479.0],
        }
    )
    told = wording.describe_flows(tally)
    assert told[0].startswith("Quế Sơn, năm 2022 – ")
    assert "43.479, gồm: " in told[0]
    assert told[1] == "Còn lại 715: nguồn không mô tả."
    assert wording.describe_flows(tally, "en")[1] == "The source does not describe the remaining 715."
    assert len(wording.describe_flows(tally.assign(total=42764.0))) == 1


def test_what_is_paused_is_a_part_of_its_own():
    tally = pd.DataFrame(
        {"unit": ["A"], "workload": [20.0], "resolved": [9.0], "pending_within": [3.0], "pending_overdue": [2.0]}
    ).assign(pending_paused=6.0, pending=11.0)
    assert wording.describe_flows(tally) == [
        "A – phải giải quyết 20, gồm: đã giải quyết 9; đang giải quyết, trong hạn 3; đang giải quyết, quá hạn 2; "
        "tạm dừng chờ bổ sung 6."
    ]
    # the sum alone holds the paused ones
    _, flows = wording.flows.read_flows(tally.drop(columns=["pending_within", "pending_overdue"]))
    assert flows.parts == (("resolved", 9.0), ("pending", 11.0)) and flows.remainder == 0


def test_parts_beyond_the_total_of_lai_chau():
    # Published for Lai Châu: 1,186 + 397 + 3 = 1,586 against 1,568 printed.
    tally = pd.DataFrame(
        {
            "unit": ["Lai Châu"],
            "resolved_within": [1186.0],
            "resolved_late": [397.0],
            "pending": [3.0],
            "total": [1568.0],
        }
    )
    assert wording.describe_flows(tally)[1] == "Các phần cộng lại nhiều hơn tổng 18."


def test_flows_take_details_before_sums_and_optional_parts_only_where_there_is_room():
    tally = pd.DataFrame(
        {
            "unit": ["A"],
            "received": [90.0],
            "carried_in": [10.0],
            "resolved_early": [20.0],
            "resolved_on_time": [30.0],
            "resolved_within": [50.0],
            "resolved_late": [5.0],
            "resolved": [55.0],
            "pending": [45.0],
            "withdrawn": [7.0],
        }
    )
    _, flows = wording.flows.read_flows(tally)
    assert flows.base == ("carried_in", "received")
    assert [c for c, _ in flows.parts] == ["resolved_early", "resolved_on_time", "resolved_late", "pending"]
    assert flows.remainder == 0
    _, wider = wording.flows.read_flows(tally.assign(received=97.0))
    assert wider.parts[-1] == ("withdrawn", 7.0)
    assert wider.remainder == 0
    with pytest.raises(ParameterError):
        wording.describe_flows(pd.concat([tally, tally]))
    with pytest.raises(DataError, match="received"):
        wording.describe_flows(tally[["unit", "received"]])


# Pictures in words ---------------------------------------------------------------------------------------------------


def test_alt_text_of_each_picture():
    rows = pd.concat([estimate("A", value=0.4), estimate("B", value=0.9), estimate("C", value=np.nan)])
    rows = rows.assign(lower=[0.38, 0.88, np.nan], upper=[0.42, 0.92, np.nan])
    assert wording.alt_text("intervals", rows).replace(NBSP, "~") == (
        "Biểu đồ điểm kèm khoảng: tỷ lệ thử; cách tính: trên số đã xong; 3 dòng; "
        "cao nhất B 90,0%, thấp nhất A 40,0%; 1 dòng không có số liệu."
    )
    assert wording.alt_text("ladder", rows[2:], "en") == (
        "One rate under its definitions: test share; C; of those done cannot be computed."
    )
    assert wording.alt_text("funnel", funnel(many_units())).startswith("Biểu đồ phễu: tỷ lệ thử. So với mức chung")
    series = pd.DataFrame(
        {"unit": "A", "period": ["2020", "2019", "2022"], "indicator": "test_share", "value": [0.5, 0.4, 0.3]}
    ).assign(flags=["", "", "break"])
    assert wording.alt_text("trend", series).replace(NBSP, "~") == (
        "Biểu đồ theo thời gian: tỷ lệ thử; A: từ 40% (năm 2019) đến 50% (năm 2020); sau mốc gián đoạn, "
        "30% (năm 2022); không nối qua mốc gián đoạn."
    )
    # the break is in a row without a value; the last month is counted to its 10th day, the line is at 60%
    months = pd.DataFrame(
        {
            "unit": "A",
            "period": [f"2026-{m:02}" for m in (1, 2, 3, 4, 5)],
            "period_end": pd.to_datetime([*[None] * 4, "2026-05-10"]),
            "indicator": "test_share",
            "value": [0.3, np.nan, 0.4, 0.7, 0.5],
            "flags": ["", "break", "", "few", ""],
        }
    )
    told = wording.alt_text("trend", months, "en", reference=0.6, reference_name="overall")
    assert told.split("; ")[1:] == [
        "A: 30% (January 2026)",
        "after the break, from 40% (March 2026) to 50% (May 2026, up to 10 May 2026), "
        "highest 70% (few cases) (April 2026)",
        "not joined across the break",
        "dashed line: overall 60%.",
    ]
    few = wording.alt_text("intervals", rows.assign(n=[6.0, 50, np.nan], flags=["few;imputed", "", ""]))
    assert "thấp nhất A 40,0% (n~=~6, ít trường hợp)" in few.replace(NBSP, "~") and "B 90,0%, " in few.replace(
        NBSP, "~"
    )
    near = rows[:2].assign(lower=[0.3, 0.39], upper=[0.4, 0.95])
    assert wording.alt_text("intervals", near, "en").endswith("the intervals of these two overlap.")
    assert "overlap" not in wording.alt_text("intervals", near.assign(lower=[0.3, 0.41]), "en")
    with pytest.raises(ParameterError, match="Got: 'pie'"):
        wording.alt_text("pie", rows)


# All phrases ---------------------------------------------------------------------------------------------------------

#: Words of cause and proof. The estimates of this package do not carry them.
FORBIDDEN = re.compile(
    r"làm tăng|làm giảm|chứng minh|khẳng định|\bnhờ\b|tác động|\bdo đó\b|prove|cause|\bdue to\b|\bimpact|thanks to",
    re.I,
)


PACKAGE = Path(dvresearch.__file__).parent
PHRASES = tomllib.loads((PACKAGE / "wording" / "phrases.toml").read_text(encoding="utf-8"))
#: Keys put together from a beginning that stands in the code and what the data say.
PUT_TOGETHER = (
    *("hedge.", "estimate.alone-", "estimate.interval-", "estimate.note-", "funnel.above", "funnel.below"),
    *("funnel.sign-", "event-study.pointwise", "event-study.simultaneous", "trend.n", "trend.denominator"),
    *("overlap.answered", "overlap.silent"),
    *(f"alt.{kind}" for kind in ("intervals", "funnel", "trend", "ladder", "flows")),
    *("effect.att", "effect.counterfactual", *(f"effect.{step}" for step in wording.impact.LADDER)),
)


def phrases():
    for section, entries in PHRASES.items():
        yield from ((f"phrases {section}.{name}", Text(said["vi"], said["en"])) for name, said in entries.items())
    for kind in ("flag", "basis", "reason", "verdict"):
        yield from ((f"{kind} {e.code}", Text(e.note_vi, e.note_en)) for e in codebook.entries(kind))


def test_no_phrase_speaks_of_cause_or_proof():
    for example in ("Mô hình làm tăng tỷ lệ", "nhờ cán bộ", "this proves that", "which caused it"):
        assert FORBIDDEN.search(example)
    assert not FORBIDDEN.search("nhớ lại")
    seen = list(phrases())
    assert len(seen) > 60
    for where, text in seen:
        assert not FORBIDDEN.search(text.vi), where
        assert not FORBIDDEN.search(text.en), where


def test_every_phrase_is_in_both_languages_and_takes_the_same_numbers():
    for where, text in phrases():
        assert bool(text.vi) == bool(text.en), where
        if not where.startswith(("flag", "basis", "reason", "verdict")):
            blanks = [sorted(set(re.findall(r"{\w*}", t)) - {"{units}", "{lie}"}) for t in (text.vi, text.en)]
            assert blanks[0] == blanks[1], where


def test_every_phrase_is_used_and_every_used_phrase_is_there():
    trees = [
        ast.parse(p.read_text(encoding="utf-8")) for room in ("wording", "plots") for p in (PACKAGE / room).glob("*.py")
    ]
    said = {
        n.value for tree in trees for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)
    }
    keys = {f"{section}.{name}" for section, entries in PHRASES.items() for name in entries}
    assert {key for key in keys - said if not key.startswith(PUT_TOGETHER)} == set()
    wanted = {text for text in said if re.fullmatch(rf"({'|'.join(PHRASES)})\\.[a-z-]*[a-z]", text)}
    assert wanted - keys == set()


def test_number_and_percent_sign_stand_together():
    for where, text in phrases():
        assert not re.search(r"\d[ \u00a0]%", text.vi + text.en), where


def test_every_code_of_the_codebook_can_be_told():
    rows = []
    for e in codebook.entries("indicator"):
        rows.append(estimate(indicator=e.code))
    for e in codebook.entries("definition"):
        rows.append(estimate(definition=e.code))
    for e in codebook.entries("reason"):
        rows.append(estimate(value=np.nan, reason=e.code))
    for lang in ("vi", "en"):
        told = wording.describe(pd.concat(rows), lang)
        assert len(told) == len(rows)
        assert all(s.endswith((".", "”")) and "None" not in s and "nan" not in s for s in told)


def test_wording_does_not_load_the_drawing_library():
    code = "import sys, dvresearch.wording; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_growth_and_ratios_are_told_in_per_cent():
    """Bạc Liêu 2019, growth of 12.57% as printed in its article."""
    assert values.value(0.1257, "growth", None, "vi").replace("\u00a0", " ") == "12,57% so với kỳ trước"


@pytest.mark.parametrize(
    ("indicator", "definition", "unit"),
    [
        ("synthetic_score", "att_never", "point_difference"),
        ("dossiers_in_time_share", "att_not_yet", "percentage_point"),
        ("synthetic_score", "", "point_100"),
    ],
)
def test_an_effect_has_the_unit_of_a_difference(indicator, definition, unit):
    assert values.unit_of({"indicator": indicator, "definition": definition}) == unit


def test_a_period_before_adoption_has_the_minus_sign_of_every_number():
    assert values.names(pd.DataFrame({"event_time": [-2, 0]}), "event_time").tolist() == ["\u22122", "0"]


def test_the_city_has_its_title_wherever_it_is_shown():
    named = estimate("Hồ Chí Minh")
    assert first(named).startswith("TP. Hồ Chí Minh – tỷ lệ thử")
    assert first(estimate("Hồ Chí Minh \u2212 Hà Nội"), "en").startswith("TP. Hồ Chí Minh compared with Hà Nội")
    assert values.names(named, "unit").tolist() == ["TP. Hồ Chí Minh"]
    assert "cao nhất TP. Hồ Chí Minh" in wording.alt_text("intervals", named)
    tally = pd.DataFrame({"unit": ["Hồ Chí Minh"], "resolved": [3.0], "pending": [1.0]})
    assert wording.describe_flows(tally)[0].startswith("TP. Hồ Chí Minh – ")
    found = table([finding("test_check", "pass", "Hồ Chí Minh, 2026", computed="1", stated="1")])
    assert wording.describe_findings(found)[0].startswith("TP. Hồ Chí Minh, 2026 – ")
