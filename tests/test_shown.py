"""What readers see: periods, places, hedges and decimals, in a word and in the national report."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from dvresearch import load_figures
from dvresearch.evaluation import annex
from dvresearch.evaluation.content import Checks, Column, Figure, Paragraph, Report, Section, Sheet, Traced
from dvresearch.evaluation.items import items
from dvresearch.evaluation.shown import findings_rows, shown
from dvresearch.metrics.findings import finding, table
from dvresearch.metrics.identities import term
from dvresearch.wording.periods import period_words
from dvresearch.wording.values import hedged


@pytest.mark.parametrize(
    ("content", "vi", "en"),
    [
        ("2019..2022-10", "2019–10/2022", "2019 – October 2022"),
        ("2020-10..2021-03", "10/2020–3/2021", "October 2020 – March 2021"),
        ("đến 2022-10", "đến tháng 10/2022", "up to October 2022"),
        ("từ 2009", "từ năm 2009", "from 2009"),
        # whole years, calendar units and days read as before
        ("2019..2022", "giai đoạn 2019–2022", "2019–2022"),
        ("2021-01..2021-03", "quý I/2021", "Q1 2021"),
        ("2019-12-01..2020-02-29", "01/12/2019–29/02/2020", "1 December 2019 – 29 February 2020"),
        (
            "lũy kế 2026-01-01..2026-10-10",
            "lũy kế 01/01/2026–10/10/2026",
            "cumulative, 1 January 2026 – 10 October 2026",
        ),
        ("", "", ""),
        ("cấp xã", "cấp xã", "cấp xã"),
    ],
)
def test_words_name_no_day_that_the_period_does_not_name(content: str, vi: str, en: str):
    assert (period_words(content, "vi"), period_words(content, "en")) == (vi, en)


def test_a_period_not_counted_to_its_end_tells_its_last_day():
    day = dt.date(2018, 10, 3)
    assert period_words("2018", "vi", day) == "năm 2018 (đến 03/10/2018)"
    assert period_words("2018", "en", pd.Timestamp(day)) == "2018 (up to 3 October 2018)"
    assert period_words("2018", "vi", dt.date(2018, 12, 31)) == period_words("2018", "vi", pd.NaT) == "năm 2018"
    assert period_words("2019..2022-10", "vi", dt.date(2022, 10, 13)) == "2019–10/2022"


def test_groups_and_what_is_counted_are_named_in_english():
    told = "Vĩnh Phúc, cấp huyện, cấp xã, 2021-08, Tỷ lệ phản ánh, kiến nghị đã xử lý (126/137)"
    found = table([finding("published_share", "pass", where) for where in (told, "cấp xã Mẫu, 2021", "sở, ngành")])
    english = [row["where"] for row in findings_rows(found, "en", "match")]
    # a name that only begins like a group stays
    assert english == [
        "Vĩnh Phúc, district and commune level, August 2021, Share of feedback handled (126/137)",
        "cấp xã Mẫu, 2021",
        "departments",
    ]
    assert findings_rows(found, "vi", "match")[0]["where"] == told.replace("2021-08", "tháng 8/2021")
    assert [term(g, "en") for g in ("cấp tỉnh", "Tổ 1", "")] == ["province level", "Tổ 1", ""]
    assert term("cấp tỉnh", "vi") == "cấp tỉnh"


def test_a_place_in_a_file_is_named_in_one_language():
    where = "a.xlsx, trang tính/sheet “Tháng 1”, dòng/row 6, 2019, 2020 (+1), cột/column C, 2024-Q1"
    found = table([finding("cumulative_share", "pass", where)])
    vi, en = (findings_rows(found, lang, "pass")[0]["where"] for lang in ("vi", "en"))
    # rows 2019 and 2020 are no years
    assert vi == "a.xlsx, trang tính “Tháng 1”, dòng 6, 2019, 2020 (+1), cột C, quý I/2024"
    assert en == "a.xlsx, sheet “Tháng 1”, row 6, 2019, 2020 (+1), column C, Q1 2024"


def test_the_word_before_a_number_is_in_the_language_of_the_report():
    assert hedged("81%", "khoảng", "en") == "about 81%"
    assert hedged("81", "khoảng", "vi") == "khoảng 81"
    assert hedged("81", "cỡ chừng", "en") == "cỡ chừng 81"  # a word nobody translated is kept, not dropped
    assert hedged("81", "", "en") == hedged("81", float("nan"), "en") == "81"
    assert shown("gần", Column("hedge", ""), "en") == "nearly"
    assert shown("gần", Column("unit", ""), "en") == "gần"


def test_a_row_has_the_decimals_its_own_numbers_need(tmp_path: Path):
    frame = pd.DataFrame({"name": list("abcd"), "plan": [4.0, 95, 60.26, 1], "done": [5.0, 97.5, 54, float("nan")]})
    columns = (Column("name", "Tên"), Column("plan", "Kế hoạch", "number", 1), Column("done", "Thực hiện", "number", 1))
    sheet = Sheet("t", "T", Traced(frame, "f()", ("a",), ()), columns)
    report = Report("r", "vi", "R", "", (), (Section("s", "S", (sheet,)),), {"a": "A"})
    (((item,)),) = items(report)
    assert [row[1:] for row in item.rows] == [("4", "5"), ("95,0", "97,5"), ("60,3", "54,0"), ("1", "…")]
    annex.write(report, tmp_path / "t.xlsx")
    page = openpyxl.load_workbook(tmp_path / "t.xlsx").worksheets[1]
    assert [[page.cell(r, c).number_format for c in (2, 3)] for r in (4, 5)] == [["#,##0"] * 2, ["#,##0.0"] * 2]


# The national report --------------------------------------------------------------------------------------------------


def exhibit(report: Report, code: str) -> Sheet | Checks:
    (found,) = [b for b in report.exhibits() if b.code == code]
    assert isinstance(found, Sheet | Checks)
    return found


def printed(report: Report) -> str:
    """Every cell, note and sentence of a report."""
    parts = []
    for item in (i for section in items(report) for i in section):
        parts += [cell for row in item.rows for cell in row]
        parts += [cell for row in (*item.open, *item.settled) for cell in row.values()]
        parts += [item.block.text] if isinstance(item.block, Paragraph) else getattr(item.block, "notes", ())
    return "\n".join(parts)


def test_periods_are_those_of_the_sources(national: Report):
    text = printed(national)
    assert "31/10/2022" not in text and "2019–10/2022" in text
    # the article on Lai Châu is of 3 October 2018, that on Yên Phong gives no period for its petitions
    periods = exhibit(national, "articles").frame.groupby("source")["period_shown"].unique()
    assert periods["laichau-2018"].tolist() == ["năm 2018 (đến 03/10/2018)"]
    assert "Lai Châu, năm 2018 (đến 03/10/2018) – độ phủ một cửa" in text
    assert "Lai Châu, năm 2018 (đến 03/10/2018), Thủ tục cung cấp trực tuyến" in text
    assert "Huyện Yên Phong – tỷ lệ giải quyết đơn" in text
    assert "Huyện Yên Phong, năm 2023 – tỷ lệ phản ánh, kiến nghị đã xử lý" in text


def test_an_unstated_period_is_explained_where_it_is_printed(national: Report):
    for block in (b for b in national.exhibits() if isinstance(b, Sheet) and "period_shown" in b.frame):
        assert ("…" in set(block.frame["period_shown"])) <= ("“…”" in " ".join(block.notes)), block.code
    assert "…" in set(exhibit(national, "local-rates").frame["period_shown"])


def test_a_hedged_number_stands_beside_its_hedge_in_every_table(national: Report):
    figures = load_figures().query("hedge != ''")
    hedges = figures.groupby(["source", "unit", "indicator", "period"])["hedge"].unique()
    rows = 0
    for block in (b for b in national.exhibits() if isinstance(b, Sheet) and "hedge" in b.frame):
        told = [c.key for c in block.columns]
        for row in block.frame.to_dict("records"):
            words = hedges.get((row["source"], row["unit"], row["indicator"], row["period"]), ())
            if len(words):
                assert "hedge" in told and row["hedge"] in words, (block.code, row["indicator"])
                rows += row["indicator"] == "dossiers_in_time_share"
    (sipas,) = [b.alt for b in national.exhibits() if isinstance(b, Figure) and b.code == "sipas"]
    assert "từ khoảng 81% (năm 2017)" in sipas
    assert rows == 2  # Yên Phong's "gần 99,5%": among the uncounted shares and in the annex


def test_a_number_stated_twice_is_told_from_the_first(national: Report):
    for code in ("services", "articles"):
        frame = exhibit(national, code).frame
        rows = frame[frame["indicator"] == "procedures_shortened"]
        assert rows["name"].tolist() == ["Thủ tục được cắt giảm thời gian", "Thủ tục được cắt giảm thời gian (nêu lại)"]
    listed = exhibit(national, "articles").frame
    assert not listed.duplicated(["source", "name", "place", "period_shown", "value"]).any()


def test_each_printed_share_is_checked_once(national: Report):
    def places(code: str) -> list[str]:
        return [where.split(" (")[0] for where in exhibit(national, code).frame["where"]]

    dossiers, petitions = places("local-shares"), places("petition-shares")
    assert sum("huyện Yên Phong" in where for where in petitions) == 2
    assert not set(dossiers) & set(petitions)
    assert "yenphong-2024" in exhibit(national, "petition-shares").sources


def test_what_was_computed_is_named(national: Report):
    (months,) = exhibit(national, "months-check").frame["where"]
    assert "tháng cao nhất" in months
    first, *others = exhibit(national, "index766-imputed").frame["where"]
    assert first == "hệ số tương quan r, n = 34" and all("số đơn vị" in where for where in others)


def test_remarks_hold_wherever_the_table_stands(national: Report):
    # on paper the table is in the annex, away from its check
    remarks = " ".join(exhibit(national, "local-rates").frame["remarks"])
    assert exhibit(national, "local-identities").title in remarks and "bên dưới" not in remarks
