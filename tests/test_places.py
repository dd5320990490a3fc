"""Units, names and mergers. Witnesses: the lists of the statistics office as published, and plain sums."""

import unicodedata
from collections.abc import Callable
from typing import Literal

import pandas as pd
import pytest

from dvresearch import places
from dvresearch.errors import DataError, ParameterError
from dvresearch.loaders import load_tallies
from dvresearch.tables import FIGURES, empty


def test_units_are_complete() -> None:
    new, old = places.units("34"), places.units("63")
    assert (len(new), len(old)) == (34, 63)
    assert new["communes"].sum() == 3_321
    assert (new["wards"] + new["rural_communes"] + new["special_zones"]).eq(new["communes"]).all()
    assert new["unit_type"].value_counts().to_dict() == {"tỉnh": 28, "thành phố": 6}
    assert old["valid_to"].eq(pd.Timestamp(2025, 6, 30)).all()
    assert new["valid_from"].eq(places.MERGED_ON).all()


def test_changing_the_returned_table_does_not_change_the_list() -> None:
    mine = places.units("34")
    mine["unit"] = "x"
    assert places.units("34")["unit"].is_unique


def test_districts_have_their_province_and_no_own_code() -> None:
    districts = places.units("63", "district")
    assert districts["unit_code"].eq("").all()
    assert districts["parent_code"].isin(places.units("63")["unit_code"]).all()
    assert districts["valid_to"].eq(pd.Timestamp(2025, 6, 30)).all()


def test_crosswalk_covers_every_province_once() -> None:
    way = places.crosswalk("63", "34")
    assert way["unit_code"].is_unique
    assert set(way["unit_code"]) == set(places.units("63")["unit_code"])
    assert set(way["successor"]) == set(places.units("34")["unit_code"])
    assert way["relation"].value_counts().to_dict() == {"merged": 52, "unchanged": 11}
    # three mergers everybody knows
    pairs = dict(zip(way["unit"], way["successor_unit"], strict=True))
    assert (pairs["Yên Bái"], pairs["Bắc Kạn"], pairs["Cà Mau"]) == ("Lào Cai", "Thái Nguyên", "Cà Mau")
    assert {o for o, n in pairs.items() if n == "Hồ Chí Minh"} == {"Hồ Chí Minh", "Bình Dương", "Bà Rịa - Vũng Tàu"}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("TP. Hồ Chí Minh", "79"),
        ("tp hcm", "79"),
        ("TPHCM", "79"),
        ("TP.HCM", "79"),
        ("Ho Chi Minh City", "79"),
        ("Thừa Thiên - Huế", "46"),
        ("Thua Thien Hue", "46"),
        ("Thừa Thiên-Huế", "46"),
        ("T.T. Huế", "46"),
        ("T.P Hồ Chí Minh", "79"),
        ("Bà Rịa–Vũng Tàu", "77"),
        ("BR-VT", "77"),
        ("tỉnh Đắk Lắk", "66"),
        ("Dak Lak", "66"),
        ("Đắc Lắc", "66"),
        ("Đăk Lăk", "66"),
        ("DAKLAK", "66"),
        ("Hoà Bình", "17"),
        ("Hòa Bình", "17"),
        ("UBND tỉnh Lai Châu", "12"),
        ("  hà   nội ", "01"),
        ("Hà Nội", "01"),
        (unicodedata.normalize("NFD", "Đắk Nông"), "67"),
        ("Bắc Cạn", "06"),
        ("Kontum", "62"),
    ],
)
def test_names_as_people_write_them(name: str, code: str) -> None:
    found = places.match([name], "63")
    assert found["unit_code"].tolist() == [code]
    assert found.columns.tolist() == ["unit_version", "unit_level", "unit_code", "unit", "parent_code"]


@pytest.mark.parametrize("version", ["63", "34"])
def test_every_official_name_finds_itself_in_every_spelling(version: Literal["63", "34"]) -> None:
    units = places.units(version)
    spellings: tuple[Callable[[str], str], ...] = (
        lambda n: n,
        str.upper,
        lambda n: unicodedata.normalize("NFD", n),
        lambda n: "Tỉnh " + n,
        lambda n: "TP. " + n,
        lambda n: n.replace(" ", ""),
    )
    for spelling in spellings:
        found = places.match([spelling(n) for n in units["unit"]], version)
        assert found["unit_code"].tolist() == units["unit_code"].tolist()


def test_unknown_names_are_listed_with_their_rows_and_the_nearest() -> None:
    with pytest.raises(DataError) as error:
        places.match(["Hà Nội", "Hà Giangg", "Quảng Nánh"], "63", rows=[2, 5, 9], where="so-lieu.csv")
    message = str(error.value)
    assert "so-lieu.csv, dòng/row 5, 9" in message
    assert "Hà Giangg; Quảng Nánh" in message
    assert "Hà Giangg: gần nhất là Hà Giang" in message
    assert "Hà Giangg: nearest Hà Giang" in message


def test_a_former_province_asked_of_the_new_list_is_told_where_it_went() -> None:
    with pytest.raises(DataError, match="Bắc Kạn: part of Thái Nguyên since 1 July 2025"):
        places.match(["Bắc Kạn"], "34")


def test_a_name_of_two_units_is_refused_until_its_kind_is_given() -> None:
    with pytest.raises(DataError, match="means more than one unit"):
        places.match(["Bạc Liêu"], "63", level=None)
    assert places.match(["TP. Bạc Liêu"], "63", level=None)["unit_level"].tolist() == ["district"]
    assert places.match(["tỉnh Bạc Liêu"], "63", level=None)["unit_level"].tolist() == ["province"]
    assert places.match(["Bạc Liêu"], "63")["unit_level"].tolist() == ["province"]


@pytest.mark.parametrize("call", [lambda: places.units("64"), lambda: places.units("34", "district")])  # type: ignore[arg-type]
def test_no_such_units(call: Callable[[], object]) -> None:
    with pytest.raises(ParameterError, match="cannot be this"):
        call()


def test_no_crosswalk_backwards() -> None:
    with pytest.raises(ParameterError, match="old cannot be this"):
        places.crosswalk("34", "63")  # type: ignore[arg-type]


def test_initials_get_the_names_they_may_stand_for() -> None:
    with pytest.raises(DataError, match="nearest Hà Nội, Hà Nam"):
        places.match(["hn"], "63")


# ------------------------------------------------------------------ rebase


def figures(*rows: tuple[object, ...], indicator: str = "dossiers_in_time_share") -> pd.DataFrame:
    """Figures of former provinces: (name, value, numerator, denominator)."""
    frame = pd.DataFrame(rows, columns=["unit", "value", "numerator", "denominator"])
    frame = pd.concat([places.match(frame["unit"], "63"), frame.drop(columns="unit")], axis=1)
    out = empty(FIGURES).reindex(range(len(frame)))
    for column in out.columns:
        if out[column].dtype == "str":
            out[column] = ""
    return out.assign(**{c: frame[c] for c in frame.columns}, indicator=indicator, period="2024", source="s")


def test_shares_add_up_by_numerator_and_denominator() -> None:
    table = figures(("Hà Giang", 0.5, 50, 100), ("Tuyên Quang", 0.3, 90, 300), ("Cao Bằng", 0.9, 9, 10))
    out = places.rebase(table).set_index("unit")
    assert out.loc["Tuyên Quang", ["unit_version", "unit_code", "numerator", "denominator"]].tolist() == [
        "34",
        "08",
        140.0,
        400.0,
    ]
    assert out.loc["Tuyên Quang", "value"] == 140 / 400  # not the mean of the rates, 0.4
    assert out.loc["Tuyên Quang", "flags"] == "break"
    assert out.loc["Tuyên Quang", "note"] == "gộp từ Hà Giang, Tuyên Quang"
    assert out.loc["Cao Bằng", ["unit_version", "value", "flags"]].tolist() == ["34", 0.9, ""]


def test_counts_add_up_and_nation_and_new_provinces_stay() -> None:
    table = figures(
        ("Bình Dương", 5, None, None),
        ("Hồ Chí Minh", 7, None, None),
        ("Bà Rịa - Vũng Tàu", 11, None, None),
        indicator="dossiers_received",
    )
    table = pd.concat(
        [
            table,
            table.iloc[[0]].assign(unit_version="", unit_level="nation", unit_code="VN", unit="Việt Nam", value=99),
        ],
        ignore_index=True,
    )
    out = places.rebase(table).set_index("unit")
    assert out["value"].to_dict() == {"Việt Nam": 99.0, "Hồ Chí Minh": 23.0}
    again = places.rebase(out.reset_index())
    assert again["value"].tolist() == out["value"].tolist()


@pytest.mark.parametrize(
    ("indicator", "why"),
    [
        ("sipas", "a share without numerator and denominator"),
        ("par_index", "a score without counts"),
        ("par_index_rank", "a rank"),
        ("dossier_days_mean", "a mean without the number of cases"),
    ],
)
def test_numbers_without_counts_are_not_added(indicator: str, why: str) -> None:
    table = figures(("Hà Giang", 0.5, None, None), ("Tuyên Quang", 0.3, None, None), indicator=indicator)
    with pytest.raises(DataError, match=why) as error:
        places.rebase(table)
    assert "Get numerator and denominator of each province" in str(error.value)
    assert "Lấy tử số và mẫu số của từng tỉnh" in str(error.value)


def test_scores_of_provinces_that_were_not_merged_are_kept() -> None:
    out = places.rebase(figures(("Lai Châu", 63.37, None, None), indicator="par_index"))
    assert out[["unit_version", "unit_code", "value", "flags"]].to_numpy().tolist() == [["34", "12", 63.37, ""]]


def test_an_incomplete_merger_is_refused_or_left_out() -> None:
    table = figures(("Hà Giang", 0.5, 50, 100), ("Lai Châu", 0.9, 9, 10))
    with pytest.raises(DataError, match="Tuyên Quang missing"):
        places.rebase(table)
    assert places.rebase(table, incomplete="drop")["unit"].tolist() == ["Lai Châu"]


def test_what_no_further_row_would_mend_is_said_first() -> None:
    with pytest.raises(DataError, match="a score without counts"):
        places.rebase(figures(("Hà Giang", 63.37, None, None), indicator="par_index"))


def test_definitions_are_not_mixed() -> None:
    table = figures(("Hà Giang", 0.5, 50, 100), ("Tuyên Quang", 0.3, 90, 300))
    table["definition"] = ["due", "resolved"]
    with pytest.raises(DataError, match="the rows differ in definition"):
        places.rebase(table)


def test_two_rows_of_one_province_are_not_added() -> None:
    table = figures(("Hà Giang", 0.5, 50, 100), ("Hà Giang", 0.3, 90, 300), ("Tuyên Quang", 0.3, 90, 300))
    with pytest.raises(DataError, match="two rows for one number"):
        places.rebase(table)


def test_districts_are_refused() -> None:
    tallies = load_tallies()
    with pytest.raises(DataError, match="Only provinces can be brought to new borders"):
        places.rebase(tallies)


def test_a_tally_adds_up_column_by_column_and_missing_stays_missing() -> None:
    old = places.units("63")
    tally = old[["unit_version", "unit_level", "unit_code", "unit", "parent_code"]].assign(
        period="2024",
        group="",
        received=range(63),
        resolved=[None if name == "Yên Bái" else 1.0 for name in old["unit"]],
    )
    out = places.rebase(tally).set_index("unit_code")
    assert len(out) == 34
    assert out["received"].sum() == sum(range(63))
    heirs = dict(zip(old["unit_code"], old["successor"], strict=True))
    for code in out.index:
        parts = [i for i, c in enumerate(old["unit_code"]) if heirs[c] == code]
        assert out.loc[code, "received"] == sum(parts)
        assert out.loc[code, "flags"] == ("break" if len(parts) > 1 else "")
        if code == "15":  # Lào Cai, of which Yên Bái is not known
            assert pd.isna(out.loc[code, "resolved"])
        else:
            assert out.loc[code, "resolved"] == len(parts)


def test_a_table_without_unit_columns_is_told_how_to_get_them() -> None:
    with pytest.raises(DataError, match=r"Join the columns of places\.match"):
        places.rebase(pd.DataFrame({"unit": ["Hà Giang"], "received": [1]}))


def test_other_borders_do_not_exist() -> None:
    with pytest.raises(ParameterError, match="to cannot be this"):
        places.rebase(figures(("Lai Châu", 0.9, 9, 10)), to="63")  # type: ignore[arg-type]
