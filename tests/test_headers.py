"""Headers are found wherever they stand and however they are written; what is not found is explained."""

from __future__ import annotations

import inspect
import random
import unicodedata
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvresearch import codebook
from dvresearch.errors import Answer, DataError, ParameterError
from dvresearch.loaders import reading as reading_module
from dvresearch.loaders.corrections import CORRECTIONS
from dvresearch.loaders.declaration import Declaration
from dvresearch.loaders.headers import Block, column_names, find_blocks, is_numbering, key, label
from dvresearch.loaders.kinds import KINDS
from dvresearch.loaders.reading import Reading, read
from dvresearch.loaders.sheets import Sheet
from dvresearch.tables import DOSSIERS, TABLES, Table

OWN = {e.code: e for e in codebook.entries("column")}
READ = [DOSSIERS, CORRECTIONS]


def sheet(*rows: list[object], name: str = "") -> Sheet:
    width = max(map(len, rows))
    padded = [[*r, *[""] * (width - len(r))] for r in rows]
    return Sheet("a.csv", name, [list(c) for c in zip(*padded, strict=True)])


def found(page: Sheet, **said: object) -> Block:
    (block,) = find_blocks(page, DOSSIERS, Declaration(**said))  # type: ignore[arg-type]
    return block


def reading(*pages: Sheet, **said: object) -> Reading:
    return read(pages, KINDS["dossiers"], Declaration(**said))  # type: ignore[arg-type]


def refusal(*pages: Sheet, **said: object) -> DataError:
    with pytest.raises(DataError) as caught:
        reading(*pages, **said).refuse()
    return caught.value


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
    block = found(sheet(*above, header, *below))
    assert block.columns == {n: i for i, n in enumerate(order) if n}
    assert (block.top, block.height) == (len(above), 1)


def test_words_of_several_rows_are_joined_and_groups_reach_to_the_right() -> None:
    block = found(
        sheet(
            ["STT", "Hồ sơ", "", "Ngày", "", "", "Kết quả"],
            ["", "Mã", "Đơn vị", "tiếp nhận", "hẹn trả", "trả kết quả", ""],
            [1, "HS-1", "Xã Mẫu", "05/01/2026", "", "", ""],
        )
    )
    assert block.columns == {"dossier": 1, "unit": 2, "received": 3, "due": 4, "resolved": 5, "outcome": 6}
    assert (block.top, block.height, block.body) == (0, 2, 2)
    assert block.titles[3] == "Ngày tiếp nhận"


FOREIGN = ["open_dt", "sla_target_dt", "closed_dt", "department", "n"]


@pytest.mark.parametrize(
    "columns",
    [
        {"open_dt": "received", "sla_target_dt": "due", "department": "unit"},
        {"received": "open_dt", "due": "sla_target_dt", "unit": "department"},
    ],
)
def test_columns_may_be_declared_either_way_round(columns: dict[str, str]) -> None:
    block = found(sheet(FOREIGN, ["x"] * 5), columns=columns)
    assert block.columns == {"received": 0, "due": 1, "resolved": 2, "unit": 3}


def test_what_is_declared_outranks_the_codebook() -> None:
    page = sheet(
        ["Đơn vị", "Ngày tiếp nhận", "Ngày trả kết quả", "Ngày trả KQ"], ["Xã Mẫu", "05/01/2026", "", "06/01/2026"]
    )
    error = refusal(page)
    assert error.got == "C: Ngày trả kết quả; D: Ngày trả KQ"
    assert Answer("columns", "resolved", "Ngày trả KQ") in error.give
    assert found(page, columns={"Ngày trả KQ": "resolved"}).columns["resolved"] == 3


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"A": "reseived"}, "received"),
        ({"A": "received", "unit": "B"}, "không có cột"),
    ],
)
def test_wrong_columns_are_explained(columns: dict[str, str], says: str) -> None:
    with pytest.raises(ParameterError, match=says):
        found(sheet(["A", "B"]), columns=columns)


GOOD: list[object] = ["Mã hồ sơ", "Đơn vị", "Ngày tiếp nhận", "Ngày hẹn trả", "Ngày trả kết quả"]


def record(number: int) -> list[object]:
    return [f"HS-{number:02}", "Xã Mẫu", f"{number:02}/01/2026", "30/01/2026", f"{number + 3:02}/01/2026"]


def test_sheets_with_the_table_are_read_together_and_the_others_named() -> None:
    pages = [
        sheet(["Hướng dẫn"], name="HD"),
        sheet(["Đơn vị", "Hồ sơ trong kỳ"], ["Xã Mẫu", 3], name="Tổng hợp"),
        sheet(GOOD, record(1), name="Quý I"),
        sheet(["UBND XÃ MẪU"], GOOD, record(2), record(3), name="Quý II"),
    ]
    read = reading(*pages)
    assert list(read.frame.index) == ["Quý I!2", "Quý II!3", "Quý II!4"]
    assert list(read.frame["dossier"]) == ["HS-01", "HS-02", "HS-03"]
    assert [name for name, _ in read.unread] == ["HD", "Tổng hợp"]
    assert list(reading(*pages, sheets=("Quý I",)).frame["dossier"]) == ["HS-01"]
    assert list(reading(*pages, unread=("Quý I",)).frame["dossier"]) == ["HS-02", "HS-03"]


def test_a_second_header_opens_a_table_of_its_own_with_its_own_columns() -> None:
    turned = [4, 3, 2, 1, 0]
    page = sheet(GOOD, record(1), [], [GOOD[i] for i in turned], [record(2)[i] for i in turned], GOOD, record(3))
    read = reading(page)
    assert list(read.frame["dossier"]) == ["HS-01", "HS-02", "HS-03"]
    assert read.frame["received"].dt.day.tolist() == [1, 2, 3]
    assert list(read.frame.index) == [2, 5, 7]


def test_a_missing_column_names_what_was_seen_and_the_nearest() -> None:
    error = refusal(sheet(["Mã hồ sơ", "Đơn vị", "Ngày tiếp nhậm", "Ngày hẹn trả", "Nguyễn Văn An"], record(1)))
    assert error.give == (Answer("columns", "received", "Ngày tiếp nhậm"),)
    assert "D: Ngày hẹn trả" in str(error)
    assert "Nguyễn" not in str(error)


def test_the_advice_works_when_it_is_followed() -> None:
    page = sheet(["Mã hồ sơ", "Đơn vy", "Ngày tiếp nhậm", "Hẹn"], record(1)[:4])
    error = refusal(page, columns={"Hẹn": "due"})
    columns = {"Hẹn": "due"} | {answer.entry: str(answer.value) for answer in error.give}
    assert reading(page, columns=columns).frame["due"].dt.day.tolist() == [30]


def test_a_single_letter_is_no_slip_of_a_header_and_the_unit_may_be_stated() -> None:
    give = refusal(sheet(["a", "b", "c"], ["x", "y", "z"])).give
    assert Answer("given", "…", "unit") in give
    assert not {answer.entry for answer in give} & {"a", "b", "c"}


def test_what_does_not_come_from_the_file_is_not_missed() -> None:
    read = reading(sheet(["Mã hồ sơ", "Ngày tiếp nhận"], ["HS-1", "05/01/2026"]), given={"unit": "Xã Mẫu"})
    assert read.frame["unit"].tolist() == ["Xã Mẫu"]


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


@pytest.mark.parametrize("name", KINDS)
def test_the_way_to_read_names_no_table(name: str) -> None:
    # what is special of a kind of table stands beside it, as a field of its kind
    assert f'"{name}"' not in inspect.getsource(reading_module)
