"""Loading published figures: what the portal and the articles print, and files with a fault."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from dvresearch import codebook, shipped, tables
from dvresearch.errors import DataError, ParameterError, Text
from dvresearch.loaders import cite, load_figures, load_index766, load_tallies, sources

HEAD = "unit_version,unit_level,unit,period,indicator,value,value_unit,decimals,numerator,denominator,source"
GOOD = "34,province,Gia Lai,2026,dossiers_in_time_share,85.5,%,1,855,1000,x"


def one(**wanted: str) -> pd.Series:
    """Return the only published figure with these properties."""
    found = load_figures(**wanted)
    assert len(found) == 1
    return found.iloc[0]


# ------------------------------------------------------------------ the 766 index as published on 10 October 2026


def test_index766_adds_up_as_the_portal_says() -> None:
    index = load_index766()
    assert index.columns.tolist() == tables.INDEX766.names
    assert len(index) == 34
    # totals of the portal, 10 October 2026
    assert index["received"].sum() == 14_666_757
    assert index["feedback_total"].sum() == 21_399
    assert index["received"].eq(index["in_time"] + index["out_of_time"]).all()
    groups = index[list(tables.Q766_GROUPS)].sum(axis=1)
    assert (groups - index["q766_total"]).abs().max() < 0.005
    # one province, each number as the portal shows it
    hanoi = index.set_index("unit_code").loc["01"]
    assert hanoi[["received", "in_time", "out_of_time", "feedback_total", "feedback_in_time"]].tolist() == [
        1_065_150,
        788_612,
        276_538,
        4_506,
        1_000,
    ]
    assert hanoi[["q766_total", "q766_tdgq", "q766_mdhl", "dossier_days_mean"]].tolist() == [55.23, 14.81, 7.29, 4.24]


def test_national_scores_add_up_and_months_stay_below_the_cumulative_rate() -> None:
    nation = load_figures(source="dvcqg-766-2026-10-10", level="nation").set_index(["period", "indicator"])["value"]
    cumulative = nation.loc["2026-01-01..2026-10-10"]
    parts = ["q766_ckmb", "q766_tdgq", "q766_online_tttt", "q766_mdsh", "q766_mdhl"]
    assert round(cumulative[parts].sum(), 2) == cumulative["q766_total"] == 62.59
    months = nation.xs("dossiers_in_time_share", level="indicator")
    assert len(months) == 10
    assert (months.min(), months.max()) == (0.408, 0.8283)
    index = load_index766()
    assert round(index["in_time"].sum() / index["received"].sum(), 4) == 0.8664


def test_communes_of_gia_lai() -> None:
    communes = load_index766(level="commune")
    assert len(communes) == 135
    assert communes["unit_code"].is_unique
    assert communes["parent_code"].eq("52").all()
    # findings of the field notes: 103 communes with full marks, 14 with six or less, one common score for openness
    assert (communes["q766_mdhl"] == 18).sum() == 103
    assert (communes["q766_mdhl"] <= 6).sum() == 14
    assert communes["q766_ckmb"].unique().tolist() == [11.79]
    counted = communes[communes["received"].notna()].set_index("unit")
    assert counted.loc["xã Vân Canh", ["received", "in_time", "feedback_total"]].tolist() == [2618, 2541, 0]


def test_no_such_level() -> None:
    with pytest.raises(ParameterError, match="No row has unit_level = 'district'"):
        load_index766(level="district")


# ------------------------------------------------------------------ articles, surveys, petitions, models


def test_articles_keep_all_their_figures() -> None:
    articles = {"yenphong-2024": 17, "songlo-2021": 2, "laichau-2018": 20, "queson-2022": 14, "baclieu-2020": 8}
    figures = load_figures()
    counts = figures["source"].value_counts()
    # 16 more of the same sources would be a figure entered twice
    assert {s: int(counts[s]) for s in articles} == articles
    assert sum(articles.values()) == 61


@pytest.mark.parametrize(
    ("wanted", "value", "low", "high"),
    [
        # printed to one decimal, to none, as a whole count, in millions
        ({"source": "yenphong-2024", "indicator": "TL_KYSO"}, 0.992, 0.9915, 0.9925),
        ({"source": "yenphong-2024", "indicator": "TL_PA"}, 0.92, 0.915, 0.925),
        ({"source": "yenphong-2024", "indicator": "HS_NHAN"}, 21_200, 21_200, 21_200),
        ({"source": "baclieu-2020", "indicator": "TNBQ"}, 79_540_000, 79_535_000, 79_545_000),
        # a share cannot exceed 100 %, growth can
        ({"source": "yenphong-2024", "indicator": "TL_HL"}, 1.0, 0.995, 1.0),
        ({"source": "baclieu-2020", "indicator": "GRDP_TANG"}, 0.1257, 0.12565, 0.12575),
        # a score; a share of which only the counts are published is exact
        ({"indicator": "q766_total", "unit": "Hà Nội"}, 55.23, 55.225, 55.235),
        ({"indicator": "TTHC_ONTIME", "unit": "Hà Nội", "source": "dvcqg-766-2026-10-10"}, *[788_612 / 1_065_150] * 3),
        ({"indicator": "sipas", "level": "nation", "period": "2024"}, 0.8394, 0.83935, 0.83945),
    ],
)
def test_value_is_in_codebook_units_with_the_interval_of_its_printing(
    wanted: dict[str, str], value: float, low: float, high: float
) -> None:
    figure = one(**wanted)
    assert figure[["value", "value_low", "value_high"]].tolist() == [value, low, high]


def test_things_that_share_a_code_in_the_sources_are_separate() -> None:
    laichau = load_figures(source="laichau-2018").set_index(["indicator", "part"])["value"]
    assert laichau["agencies_posting_procedures_share", ""] == 0.9
    assert laichau["agencies_posting_conduct_share", ""] == 1.0
    assert (laichau["contest_units_joined", ""], laichau["contest_units", ""]) == (7, 8)
    assert (laichau["one_stop_departments", ""], laichau["one_stop_districts", ""]) == (20, 8)
    assert laichau["one_stop_communes", ""] == 108
    assert laichau["agencies_unspecified", ""] == 16
    levels = laichau["procedures_one_stop"]
    assert levels[["cấp tỉnh", "cấp huyện", "cấp xã"]].sum() == levels[""] == 1_585
    online = laichau["procedures_online"]
    assert online[["cấp độ 1, 2", "cấp độ 3", "cấp độ 4"]].sum() == 1_586  # 1,568 is printed
    assert online[""] == 1_568
    reception = load_figures(source="queson-2022").set_index("indicator")["value"]
    assert (reception["visits"], reception["visitors"]) == (777, 777)
    assert reception["complaints_denunciations_resolved"] == 39


def test_districts_of_the_articles_carry_their_province_and_no_code() -> None:
    figures = load_figures(level="district")
    assert figures["unit_version"].eq("63").all()
    assert figures["unit_code"].eq("").all()
    pairs = set(zip(figures["unit"], figures["parent_code"], strict=True))
    assert {("huyện Yên Phong", "27"), ("huyện Quế Sơn", "49"), ("thành phố Bạc Liêu", "95")} <= pairs


def test_derived_figures_are_marked() -> None:
    derived = load_figures().query("role == 'derived'")
    # 95.26 - 4.11; 86.98 - 2.19; 87.32 - 2.46; 96.17 - 4.30; Bà Rịa - Vũng Tàu 2020; 1,808 - 276
    assert sorted(derived["value"]) == [0.9115, 84.79, 84.86, 86.02, 91.87, 1532.0]
    assert derived["note"].str.contains("suy ra").all()


def test_flags_follow_the_indicator() -> None:
    flags = load_figures().groupby("indicator")["flags"].agg(lambda f: ";".join(sorted(set(f))))
    assert flags[flags == "context"].index.tolist() == ["growth", "income_per_head"]
    assert flags[flags == "imputed"].index.tolist() == [
        "feedback_satisfied_share",
        "q766_mdhl",
        "q766_satisfaction_share",
    ]
    assert set(flags) == {"", "context", "imputed"}


def test_ranks_are_no_scores() -> None:
    ranks = load_figures(indicator="SIPAS_RANK")
    assert ranks["value"].between(1, 63).all()
    assert codebook.quantity("sipas_rank") == "rank"
    assert codebook.quantity("sipas_bottom_group") == "mark"


def test_ninh_thuan_has_proper_units() -> None:
    found = load_figures(source="ninhthuan-28215", period="2020-H1").set_index("indicator")["value"]
    assert found["petitions_workload"] == found["petitions_carried_in"] + found["petitions_new"] == 1_536
    assert found["complaints_resolved"] + found["denunciations_resolved"] == 176
    units = {i: codebook.get("indicator", i).unit for i in found.index}
    assert (units["visits"], units["visitors"], units["delegations"]) == ("visit", "person", "delegation")


def test_models_add_up_by_owner() -> None:
    models = load_figures().query("indicator.str.startswith('models_')", engine="python")
    whole = models[models["part"] == ""].set_index(["unit", "period", "indicator"])["value"]
    parts = models[models["part"] != ""].groupby(["unit", "period", "indicator"])["value"].sum()
    assert len(parts) == 6
    assert parts.to_dict() == whole[parts.index].to_dict()


# ------------------------------------------------------------------ tallies


def test_tallies_keep_unlike_totals_apart() -> None:
    tallies = load_tallies()
    assert tallies.columns.tolist() == tables.TALLY.names
    by = tallies.set_index(["source", "group"])
    queson = by.loc[("queson-2022", "")]
    assert queson[["total", "resolved_within", "resolved_late", "pending_overdue"]].tolist() == [
        43_479,
        33_838,
        8_552,
        374,
    ]
    assert queson[["received", "workload"]].isna().all()
    quarter = by.loc[("baolamdong-332022", "")]
    assert quarter["workload"] == quarter["resolved"] + quarter["pending"] == 159_845
    october = by.loc[("baolamdong-2975513", "cấp tỉnh")]
    assert october[["workload", "received"]].tolist() == [19_361, 16_041]
    # 2,171 carried in + 4,131 new = 6,302 (Vĩnh Phúc, September 2021)
    centre = tallies[tallies["source"].eq("vinhphuc-3158") & tallies["period"].eq("2021-09")].iloc[0]
    assert centre["carried_in"] + centre["received"] == centre["workload"] == 6_302
    assert centre["due_within"] == 4_157
    assert by.loc[("yenphong-2024", "Trung tâm hành chính công huyện"), "received"] == 21_200


def test_overdue_rates_of_vinh_phuc_are_overdue_rates() -> None:
    rates = load_figures(source="vinhphuc-3105", indicator="dossiers_overdue_share", period="2021-08")
    assert rates.set_index("unit")["value"].to_dict() == {
        "huyện Lập Thạch": 0.0033,
        "huyện Sông Lô": 0.0131,
        "huyện Tam Dương": 0.0227,
        "huyện Vĩnh Tường": 0.0998,
    }


def test_published_rates_agree_with_their_counts_but_for_known_slips() -> None:
    rates = load_figures().query("role == 'rate' and numerator.notna() and denominator > 0")
    off = rates[
        (rates["numerator"] / rates["denominator"] < rates["value_low"] - 1e-12)
        | (rates["numerator"] / rates["denominator"] > rates["value_high"] + 1e-12)
    ]
    assert sorted(off["source"]) == [
        "baolamdong-3123212",  # 98.946 % cut to 98.94, not rounded
        "dalatinfo-44313",  # 98.87 % printed as 98.7
        "ninhthuan-28215",  # 79.638 % cut to 79.63
        "noichinh-312734",  # 83.5 % is of those received, not of those processed
        "thanhtra-2024-q1",  # 67.1 % printed as 68.5
    ]


# ------------------------------------------------------------------ choosing rows, sources


def test_filters_narrow_and_complain() -> None:
    figures = load_figures(indicator="Chỉ số hài lòng SIPAS", level="province", period="2023")
    assert set(figures["indicator"]) == {"sipas"}
    assert set(figures["unit"]) == {"Quảng Ninh", "Thái Nguyên", "Hải Dương", "Bắc Kạn", "Gia Lai"}
    with pytest.raises(ParameterError, match="No row has unit = 'Hà Nôi'") as error:
        load_figures(unit="Hà Nôi")
    assert "Try: Hà Nội" in str(error.value)


def test_every_source_can_be_cited() -> None:
    listed = sources()
    assert listed["source"].is_unique
    assert set(listed["reliability"]) == {"A", "B", "C"}
    assert cite("yenphong-2024") == "Báo Bắc Ninh (17/05/2024). “Công tác dân vận ở Yên Phong”."
    portal = cite("dvcqg-766-2026-10-10", "en")
    assert portal.startswith("Cổng Dịch vụ công quốc gia (2026-10-10). [")
    assert portal.endswith("Accessed 2026-10-10.")
    for source in listed["source"]:
        assert not cite(source).endswith("..")
    with pytest.raises(ParameterError, match="There is no source 'x'"):
        cite("x")


# ------------------------------------------------------------------ one's own file


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def file(*lines: str, encoding: str = "utf-8") -> Path:
        path = tmp_path / "so-lieu.csv"
        path.write_bytes("\n".join(lines).encode(encoding))
        return path

    return file


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_own_file_loads(write: Callable[..., Path], encoding: str) -> None:
    figures = load_figures(write(HEAD, GOOD, encoding=encoding))
    assert figures.columns.tolist() == tables.FIGURES.names
    figure = figures.iloc[0]
    assert figure[["unit", "unit_code", "value", "value_low"]].tolist() == ["Gia Lai", "52", 0.855, 0.8545]
    assert figure["period_end"] == pd.Timestamp(2026, 12, 31)
    assert figure["note"] == ""


def test_own_file_may_have_windows_line_ends_blank_lines_and_other_columns(write: Callable[..., Path]) -> None:
    path = write(HEAD + ",ghi_chu_rieng\r", "\r", GOOD + ",a\r", "," * 11 + "\r", "")
    assert load_figures(path)["value"].tolist() == [0.855]


def test_precision_that_is_not_stated_is_not_invented(write: Callable[..., Path]) -> None:
    figure = load_figures(write(HEAD, "34,province,Gia Lai,2026-Q1,dossiers_in_time_share,0.855,,,,,x")).iloc[0]
    assert figure["value"] == 0.855
    assert pd.isna(figure["value_low"])
    assert figure["period_end"] == pd.Timestamp(2026, 3, 31)


@pytest.mark.parametrize(
    ("line", "row", "column", "says"),
    [
        (GOOD.replace("Gia Lai", "Gia Lay"), 3, "unit", "nearest Gia Lai"),
        (GOOD.replace("34,province,Gia Lai", "34,province,Bắc Kạn"), 3, "unit", "part of Thái Nguyên"),
        (GOOD.replace(",855,", ",1855,"), 3, "numerator", "part-above-whole"),
        (GOOD.replace(",855,", ",-855,"), 3, "numerator", "count-is-negative"),
        (GOOD.replace(",855,1000,", ",0,0,"), 3, "value", "Got: 85.5 %, denominator = 0"),
        (GOOD.replace("Gia Lai", ""), 3, "unit", "cell-of-unit-empty"),
        (GOOD.replace("34,province,Gia Lai", "34,commune,"), 3, "unit", "Ghi tên đơn vị vào ô này"),
        (GOOD.replace("dossiers_in_time_share", ""), 3, "indicator", "Got: ''"),
        ("34,province,Gia Lai,2026,dossiers_received,-5,hồ sơ,0,,,x", 3, "value", "count-is-negative"),
        (GOOD.replace("85.5", "tám mươi"), 3, "value", "number-of-file-not-read"),
        (GOOD.replace("85.5", '"85,5"'), 3, "value", "the decimal mark is “.”"),
        (GOOD.replace("85.5", "1.234.5"), 3, "value", "number-of-file-not-read"),
        (GOOD.replace("85.5", "nan"), 3, "value", "number-of-file-not-read"),
        (GOOD.replace("85.5", "185.5"), 3, "value", "percentage-outside-0-100"),
        (GOOD.replace("85.5,%", "85.5,"), 3, "value", "85 with the value_unit “%”"),
        (GOOD.replace(",%,", ",hồ sơ,"), 3, "value_unit", "unit-of-another-indicator"),
        (GOOD.replace(",2026,", ",1826,"), 3, "period", "year-before-1900"),
        (GOOD.replace(",2026,", ",mùa xuân,"), 3, "period", "code-of-period-not-read"),
        (GOOD.replace("in_time_share", "in_time_shore"), 3, "indicator", "Nearest: dossiers_in_time_share"),
        (GOOD.replace("34,province", "34,"), 3, "", "level-or-version-missing"),
        (GOOD.replace("34,province", "35,province"), 3, "", "level-or-version-missing"),
        (GOOD.replace("province", "tỉnh"), 3, "unit_level", "word-not-in-vocabulary"),
        (GOOD.replace("province", "commune"), 3, "parent_code", "code-of-no-province"),
        (GOOD + ",y", 3, "", "row-of-other-length"),
        (GOOD.replace("Gia Lai", '"Gia Lai'), 3, "", "quotation-marks-do-not-match"),
        (GOOD, 3, "indicator", "figure-stands-twice"),
    ],
)
def test_a_fault_is_told_with_its_row_and_column(
    write: Callable[..., Path], line: str, row: int, column: str, says: str
) -> None:
    with pytest.raises(DataError) as error:
        load_figures(write(HEAD, GOOD, line))
    message = str(error.value)
    assert says == error.value.code or says in message
    assert f"so-lieu.csv, dòng/row {row}" in message or f"so-lieu.csv, cột/column {column}, dòng/row {row}" in message
    assert f"cột/column {column}" in message or not column
    assert error.value.title.vi != error.value.title.en


def test_counts_of_nothing_load_without_a_share(write: Callable[..., Path]) -> None:
    assert load_figures(write(HEAD, GOOD.replace("85.5,%,1,855,1000", ",%,,0,0")))["value"].isna().all()


@pytest.mark.parametrize("wrong", ["gia_tri", "Giá trị", "valu"])
def test_a_renamed_column_is_found_and_no_column_of_the_contract_is_taken_for_it(
    write: Callable[..., Path], wrong: str
) -> None:
    with pytest.raises(DataError) as error:
        load_figures(write(HEAD.replace(",value,", f",{wrong},"), GOOD))
    assert error.value.hint == Text(f"Đổi tên cột: {wrong!r} → 'value'.", f"Rename the column: {wrong!r} → 'value'.")
    with pytest.raises(DataError, match="Thêm cột còn thiếu rồi nạp lại"):
        load_figures(write(HEAD.replace(",value,", ",x,"), GOOD))


def test_a_day_before_1900_is_shown_as_the_file_writes_it(write: Callable[..., Path]) -> None:
    with pytest.raises(DataError) as error:
        load_figures(write(HEAD + ",period_start", GOOD + ",1850-01-01"))
    assert (error.value.code, error.value.got) == ("year-before-1900", "1850-01-01")


def test_text_under_the_name_of_a_workbook_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "so-lieu.xlsx"
    path.write_text("hello\n1\n", encoding="utf-8")
    with pytest.raises(DataError, match="văn bản, không phải tệp Excel / text, not an Excel workbook"):
        load_figures(path)


def test_rows_are_counted_as_a_spreadsheet_counts_them(write: Callable[..., Path]) -> None:
    lines = [HEAD, "", GOOD, "", GOOD.replace("Gia Lai", '"Gia\nLay"')]
    with pytest.raises(DataError, match=r"dòng/row 5"):
        load_figures(write(*lines))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "file-is-empty"),
        (b"\xef\xbb\xbf", "header-line-missing"),
        (HEAD.encode() + b"\n", "no-data-row"),
        (HEAD.replace("indicator", "chi_so").encode() + b"\n" + GOOD.encode(), "The table lacks the column indicator"),
        (HEAD.replace(",value,", ",valu,").encode() + b"\n" + GOOD.encode(), "'valu' → 'value'"),
        (f"{HEAD}\n{GOOD}".encode("utf-16"), "file-not-utf8"),
        (f"{HEAD}\n{GOOD}\n{GOOD}".replace("Gia Lai", "Đà Nẵng").encode("cp1258", "replace"), "dòng/row 2"),
        (b"PK\x03\x04" + bytes(64), "file-damaged"),
        (f"{HEAD}\n{GOOD}".replace(",", ";").replace("1000", "1.000").encode(), "a number such as 1234,5"),
        (f"{HEAD},source\n{GOOD},x".encode(), "column-name-twice"),
    ],
)
def test_a_file_that_is_no_table_is_told_so(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "so-lieu.csv"
    path.write_bytes(content)
    with pytest.raises(DataError) as error:
        load_figures(path)
    assert says == error.value.code or says in str(error.value)
    assert "so-lieu.csv" in str(error.value)


def as_workbook(path: Path, *above: list[str]) -> Path:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in above:
        sheet.append(row)
    for cells in csv.reader([HEAD, GOOD]):
        sheet.append([date.fromisoformat(c) if c.count("-") == 2 else c for c in cells])
    book.save(path)
    return path


def test_a_workbook_gives_what_the_same_text_gives(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"{HEAD}\n{GOOD}\n", encoding="utf-8")
    pd.testing.assert_frame_equal(load_figures(as_workbook(tmp_path / "a.xlsx")), load_figures(tmp_path / "a.csv"))
    with pytest.raises(DataError, match="not at A1") as error:
        load_figures(as_workbook(tmp_path / "b.xlsx", [], ["Bảng 1"]))
    assert "A2" in str(error.value) or "A3" in str(error.value)


@pytest.mark.parametrize("mark", [";", "\t"])
def test_a_table_saved_by_excel_set_to_vietnamese(mark: str, tmp_path: Path) -> None:
    path = tmp_path / "so-lieu.csv"
    path.write_text(f"\ufeff{HEAD}\n{GOOD}".replace(",", mark).replace("85.5", "85,5"), encoding="utf-8")
    row = load_figures(path).iloc[0]
    assert row[["value", "numerator", "denominator"]].tolist() == [0.855, 855.0, 1000.0]


def test_a_definition_that_is_not_in_the_codebook(write: Callable[..., Path]) -> None:
    assert load_figures(write(f"{HEAD},definition", f"{GOOD},resolved"))["definition"].tolist() == ["resolved"]
    with pytest.raises(DataError, match="Nearest: resolved"):
        load_figures(write(f"{HEAD},definition", f"{GOOD},resolvd"))


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(DataError, match="There is no such file"):
        load_figures("khong-co.csv")


def test_wrong_code_of_a_province(write: Callable[..., Path]) -> None:
    with pytest.raises(DataError, match="The code is not that of this province"):
        load_figures(write("unit_code," + HEAD, "64," + GOOD))


def test_tally_and_index_files_are_held_to_their_contracts(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("unit_version,unit_level,unit,period,received\n34,province,Gia Lai,2026-02,-3\n", encoding="utf-8")
    for load in (load_tallies, load_index766):
        with pytest.raises(DataError, match="A negative count"):
            load(path)
    path.write_text("unit_version,unit_level,unit,period,received\n34,province,TP HCM,2026-02,3\n", encoding="utf-8")
    for load in (load_tallies, load_index766):
        row = load(path).iloc[0]
        assert row[["unit", "unit_code", "received"]].tolist() == ["Hồ Chí Minh", "79", 3.0]
        assert row["period_start"] == pd.Timestamp(2026, 2, 1)


def test_a_part_above_its_whole_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(
        "unit_version,unit_level,unit,period,received,in_time\n"
        "34,province,Huế,2026,9,9\n34,province,Gia Lai,2026,3,4\n",
        encoding="utf-8",
    )
    for load in (load_tallies, load_index766):
        with pytest.raises(DataError, match="in_time ≤ received") as error:
            load(path)
        assert "t.csv, dòng/row 3, cột/column in_time" in str(error.value)


def test_processed_files_load_to_the_same_tables() -> None:
    processed = shipped.folder().parent / "processed"
    pd.testing.assert_frame_equal(load_figures(processed / "figures.csv"), load_figures())
    pd.testing.assert_frame_equal(load_tallies(processed / "tallies.csv"), load_tallies())
    pd.testing.assert_frame_equal(load_index766(processed / "index766.csv"), load_index766())


@pytest.mark.parametrize("line", ["dossiers_received,1.234,hồ sơ,,", "dossiers_in_time_share,,,1.234,1.500"])
def test_a_thousands_dot_is_not_taken_for_a_decimal_mark(line: str, tmp_path: Path):
    indicator, *rest = line.split(",")
    head = "unit_version,unit_level,unit_code,unit,parent_code,period,period_start,period_end,indicator,value,"
    row = f"34,province,01,Hà Nội,,2026,2026-01-01,2026-12-31,{indicator},{','.join(rest)},x"
    file = tmp_path / "f.csv"
    file.write_text(f"{head}value_unit,numerator,denominator,source\n{row}\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"1234, không viết 1\.234"):
        load_figures(file)
