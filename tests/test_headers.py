"""Headers are found wherever they stand and however they are written; what is not found is explained."""

from __future__ import annotations

import json
import random
import unicodedata
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvresearch import codebook
from dvresearch.errors import DataError, ParameterError
from dvresearch.loaders.corrections import CORRECTIONS
from dvresearch.loaders.headers import (
    column_names,
    find_header,
    is_numbering,
    key,
    label,
    read_mapping,
    save_mapping,
    to_contract,
)
from dvresearch.loaders.sheets import Sheet
from dvresearch.tables import DOSSIERS, TABLES, Table

OWN = {e.code: e for e in codebook.entries("column")}
READ = [DOSSIERS, CORRECTIONS]


def sheet(*rows: list[object], name: str = "") -> Sheet:
    width = max(map(len, rows))
    padded = [[*r, *[""] * (width - len(r))] for r in rows]
    return Sheet("a.csv", name, [list(c) for c in zip(*padded, strict=True)])


def written(table: Table, column: str) -> list[str]:
    entry = OWN.get(f"{table.name}.{column}") or OWN[column]
    return [column, entry.label_vi, entry.label_en, *entry.aliases]


@pytest.mark.parametrize("table", READ, ids=lambda t: t.name)
def test_a_header_means_one_column_of_its_table(table: Table) -> None:
    meanings = defaultdict(set)
    for column in table.names:
        for name in written(table, column):
            meanings[key(name)].add(column)
    assert not {name: columns for name, columns in meanings.items() if len(columns) > 1}


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda t: t.name)
def test_every_contract_can_be_matched(table: Table) -> None:
    assert set(column_names(table).values()) == set(table.names)


@given(st.lists(st.text(max_size=8), min_size=1, max_size=4))
def test_the_key_of_joined_words_is_their_keys_joined(words: list[str]) -> None:
    assert key(" ".join(words)) == "".join(map(key, words))


def spoil(name: str, rng: random.Random) -> str:
    def bare(text: str) -> str:
        letters = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
        return "".join(c for c in letters if not unicodedata.combining(c))

    ways = (
        str,
        str.upper,
        str.title,
        bare,
        lambda t: unicodedata.normalize("NFD", t),
        lambda t: t.replace(" ", "_"),
        lambda t: "".join(w.capitalize() for w in t.split()),
        lambda t: t.replace(" ", "\n", 1),
        lambda t: f"  {t} * ",
        lambda t: f"{t} (dd/mm/yyyy)",
        lambda t: f"{t} [3]",
    )
    return rng.choice(ways)(name)


@given(st.integers(0, 2**32))
def test_columns_are_found_by_any_name_in_any_order_below_any_title(seed: int) -> None:
    rng = random.Random(seed)
    chosen = ["unit", "received", *rng.sample([n for n in DOSSIERS.names if n not in ("unit", "received")], 5)]
    order: list[str | None] = [*chosen, *[None] * rng.randint(0, 3)]
    rng.shuffle(order)
    header: list[object] = [
        spoil(rng.choice(written(DOSSIERS, n)), rng) if n else rng.choice(["", "STT", "Phí"]) for n in order
    ]
    titles = [["UBND XÃ MẪU"], [], ["DANH SÁCH HỒ SƠ", "", "từ 01/01/2026"], ["Đơn vị tính: hồ sơ"]]
    above = titles[: rng.randint(0, 4)]
    below = [[f"x{i}" for i in range(len(order))], ["(1)", "(2)", "(3)"]][: rng.randint(0, 2)]
    found = find_header([sheet(*above, header, *below)], DOSSIERS)
    assert found.columns == {n: i for i, n in enumerate(order) if n}
    assert (found.top, found.height) == (len(above), 1)


def test_words_of_several_rows_are_joined_and_groups_reach_to_the_right() -> None:
    found = find_header(
        [
            sheet(
                ["STT", "Hồ sơ", "", "Ngày", "", "", "Kết quả"],
                ["", "Mã", "Đơn vị", "tiếp nhận", "hẹn trả", "trả kết quả", ""],
                [1, "HS-1", "Xã Mẫu", "05/01/2026", "", "", ""],
            )
        ],
        DOSSIERS,
    )
    assert found.columns == {"dossier": 1, "unit": 2, "received": 3, "due": 4, "resolved": 5, "outcome": 6}
    assert (found.top, found.height, found.body) == (0, 2, 2)
    assert found.titles[3] == "Ngày tiếp nhận"


FOREIGN = ["open_dt", "sla_target_dt", "closed_dt", "department", "n"]


@pytest.mark.parametrize(
    "columns",
    [
        {"open_dt": "received", "sla_target_dt": "due", "department": "unit"},
        {"received": "open_dt", "due": "sla_target_dt", "unit": "department"},
    ],
)
def test_a_mapping_may_be_given_either_way_round(columns: dict[str, str]) -> None:
    mapping = to_contract(columns, DOSSIERS)
    assert mapping == {"open_dt": "received", "sla_target_dt": "due", "department": "unit"}
    found = find_header([sheet(FOREIGN, ["x"] * 5)], DOSSIERS, columns=mapping)
    assert found.columns == {"received": 0, "due": 1, "resolved": 2, "unit": 3}


def test_the_mapping_outranks_the_codebook() -> None:
    header: list[object] = ["Đơn vị", "Ngày tiếp nhận", "Ngày trả kết quả", "Ngày kết thúc"]
    with pytest.raises(DataError, match="C: Ngày trả kết quả / D: Ngày kết thúc"):
        find_header([sheet(header)], DOSSIERS)
    found = find_header([sheet(header)], DOSSIERS, columns={"Ngày kết thúc": "resolved"})
    assert found.columns["resolved"] == 3


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"A": "reseived"}, "received"),
        ({"A": "received", "B": "received"}, "Hai tiêu đề"),
        ({"A": "received", "unit": "B"}, "không có cột"),
    ],
)
def test_a_wrong_mapping_is_explained(columns: dict[str, str], says: str) -> None:
    with pytest.raises(ParameterError, match=says):
        to_contract(columns, DOSSIERS)


def test_the_sheet_with_the_table_is_chosen() -> None:
    good: list[object] = ["Mã hồ sơ", "Đơn vị", "Ngày tiếp nhận", "Ngày hẹn trả", "Ngày trả kết quả"]
    summary: list[object] = ["Đơn vị", "Tiếp nhận", "Ghi chú"]
    sheets = [sheet(["Hướng dẫn"], name="HD"), sheet(summary, name="Tổng hợp"), sheet(good, name="Chi tiết")]
    assert find_header(sheets, DOSSIERS).sheet.name == "Chi tiết"
    hidden = Sheet("a.xlsx", "ẩn", sheets[2].columns, hidden=True)
    assert find_header([sheets[2], hidden], DOSSIERS).sheet.name == "Chi tiết"
    with pytest.raises(DataError, match="Chi tiết, Tháng 2"):
        find_header([sheets[2], sheet(good, name="Tháng 2")], DOSSIERS)


def test_a_missing_column_names_what_was_seen_and_the_nearest() -> None:
    with pytest.raises(DataError) as caught:
        find_header([sheet(["Mã hồ sơ", "Đơn vị", "Ngày tiếp nhậm", "Ngày hẹn trả", "Nguyễn Văn An"])], DOSSIERS)
    message = str(caught.value)
    assert 'columns={"Ngày tiếp nhậm": "received"}' in message
    assert "D: Ngày hẹn trả" in message
    assert "Nguyễn" not in message


def test_what_is_advised_is_one_whole_mapping_that_works() -> None:
    head: list[object] = ["Mã hồ sơ", "Đơn vy", "Ngày tiếp nhậm", "Hẹn"]
    with pytest.raises(DataError) as caught:
        find_header([sheet(head)], DOSSIERS, columns={"Hẹn": "due"})
    advised = {"Hẹn": "due", "Đơn vy": "unit", "Ngày tiếp nhậm": "received"}
    assert f"columns={json.dumps(advised, ensure_ascii=False)}" in str(caught.value)
    assert find_header([sheet(head)], DOSSIERS, columns=advised).columns["unit"] == 1


def test_a_single_letter_is_no_slip_of_a_header_and_the_unit_may_be_stated() -> None:
    with pytest.raises(DataError) as caught:
        find_header([sheet(["a", "b", "c"])], DOSSIERS)
    hint = caught.value.hint
    assert hint is not None
    assert "Có thể là" not in hint.vi + hint.en
    assert 'nêu unit="tên đơn vị".' in hint.vi
    assert 'give unit="name of the unit".' in hint.en


def test_what_does_not_come_from_the_file_is_not_missed() -> None:
    found = find_header([sheet(["Mã hồ sơ", "Ngày tiếp nhận"])], DOSSIERS, given=["unit"])
    assert found.columns == {"dossier": 0, "received": 1}


@pytest.mark.parametrize(
    ("row", "answer"),
    [
        (["(1)", "(2)", "(3)"], True),
        (["A", "B", 1.0, 2.0, 3.0], True),
        (["1", "2", "3=4+5+6", "(7)=(8)+(9)"], True),
        (["", "(1)", "", "(2)"], True),
        (["1", "Đất đai", "3"], False),
        (["1", "5", "4", "4"], False),  # respondent 1 of a survey typed as codes
        (["A", "5", "1", "2"], False),
        (["(1)"], False),
        (["2026", "2027"], False),
        ([], False),
    ],
)
def test_rows_that_number_the_columns(row: list[object], answer: bool) -> None:
    assert is_numbering(row) is answer


def test_labels_come_from_the_table_first() -> None:
    assert label(DOSSIERS, "received") == "ngày tiếp nhận"
    assert label(CORRECTIONS, "why") == "lý do"


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.sampled_from(DOSSIERS.names), max_size=4
    )
)
def test_a_saved_mapping_is_read_back(columns: dict[str, str]) -> None:
    import tempfile

    columns = {header: name for name, header in {n: h for h, n in columns.items()}.items()}
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "danh sách.csv"
        assert read_mapping(data, DOSSIERS) == {}
        beside = save_mapping(data, DOSSIERS, columns)
        assert beside.name == "danh sách.csv.columns.toml"
        assert read_mapping(data, DOSSIERS) == columns
