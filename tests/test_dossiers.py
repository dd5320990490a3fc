"""Lists of dossiers: what is read, converted, set aside, corrected and kept back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import openpyxl
import pandas as pd
import pytest

from dvresearch import examples
from dvresearch.errors import DataError, ParameterError
from dvresearch.loaders import Declaration, Limits, OpenQuestion, convert_dossiers, load_dossiers
from dvresearch.metrics.dossiers import tally
from dvresearch.tables import DOSSIERS
from tests import office

HEADER = "Mã hồ sơ,Đơn vị,Ngày tiếp nhận,Ngày hẹn trả,Ngày trả kết quả,Trạng thái"
ROWS = (
    "HS-01,Xã Mẫu A,05/01/2026 08:30,19/01/2026 17:00,16/01/2026 10:00,Đã trả kết quả",
    "HS-02,Xã Mẫu B,07/01/2026 14:00,21/01/2026 17:00,,Đang xử lý",
    "HS-03,Xã Mẫu B,13/01/2026 07:45,27/01/2026 17:00,27/01/2026 11:00,Từ chối giải quyết hồ sơ",
)


def write(folder: Path, *rows: str, header: str = HEADER, name: str = "danh-sach.csv") -> Path:
    path = folder / name
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8", newline="")
    return path


COLUMNS = {
    "received": "case:startdate",
    "due": "case:deadline",
    "resolved": "case:enddate",
    "unit": "case:department",
    "channel": "case:channel",
    "dossier": "case:concept:name",
}


@pytest.mark.parametrize("zone", [None, "Europe/Amsterdam"])
def test_receipt_log_gives_the_published_counts(validation: Callable[[str], Path], zone: str | None) -> None:
    folder = validation("records")
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    cases = load_dossiers(
        folder / "receipt_cases.csv", columns=COLUMNS, timezone=zone, keep=["case:channel", "case:group"]
    )
    done = cases[cases["resolved"].notna()]
    assert (len(cases), len(done)) == (expected["received"], expected["closed"])
    in_time = done["resolved"] <= done["due"]
    assert in_time.sum() == expected["closed_by_instant"]["on_or_before_deadline"] == 952
    received = cases.groupby("case:channel").size()
    by_channel = done.assign(in_time=in_time).groupby("case:channel")["in_time"].agg(["size", "sum"])
    for name, counts in expected["by_channel"].items():
        assert [received[name], *by_channel.loc[name]] == list(counts.values())
    assert cases["case:group"].isna().sum() == expected["oddities"]["blank_group"]
    assert (done["resolved"] < done["received"]).sum() == expected["oddities"]["closed_before_start"]
    # The reporting instant is the last event; a day on which a zone moves its clock is judged in that zone only.
    as_of = pd.Timestamp(expected["as_of"]).tz_convert(zone or "Asia/Ho_Chi_Minh").tz_localize(None)
    as_of = as_of if zone is None else as_of.tz_localize(zone)
    counts = tally(cases, by=[], as_of=as_of, clock="instant").iloc[0]
    assert [counts["pending_within"], counts["pending_overdue"]] == list(expected["open_at_as_of"].values())
    elapsed = (done["resolved"] - done["received"]).dt.total_seconds() / 86400
    assert elapsed.median() == pytest.approx(expected["elapsed_days_closed"]["median"], abs=1e-6)
    assert elapsed.mean() == pytest.approx(expected["elapsed_days_closed"]["mean"], abs=1e-6)
    if zone:
        days = done["resolved"].dt.tz_localize(None).dt.normalize() - done["due"].dt.tz_localize(None).dt.normalize()
        local = expected["closed_by_local_calendar_date"]
        assert [(days < "0D").sum(), (days == "0D").sum(), (days > "0D").sum()] == list(local.values())
        assert (days <= "0D").sum() == 1020
    else:
        assert ["offsets", "Asia/Ho_Chi_Minh"] in cases.attrs["load"]["notes"]


@pytest.mark.parametrize(
    ("form", "delimiter", "bom", "utc"),
    [
        ("%m/%d/%Y %I:%M:%S %p", ",", "", False),
        ("%-m/%-d/%Y, %-I:%M:%S %p", ";", "\ufeff", False),
        ("%Y-%m-%dT%H:%M:%S.%fZ", "\t", "", True),
        ("%m/%d/%Y %H:%M:%S.%f", ";", "\ufeff", False),
        ("%d-%b-%Y %H:%M:%S", "|", "", False),
    ],
)
def test_receipt_log_written_as_other_systems_export_it(
    form: str, delimiter: str, bom: str, utc: bool, validation: Callable[[str], Path], tmp_path: Path
) -> None:
    cases = pd.read_csv(validation("records") / "receipt_cases.csv", usecols=[*COLUMNS.values()])
    for name in ("case:startdate", "case:deadline", "case:enddate"):
        instants = pd.to_datetime(cases[name], utc=True, format="ISO8601")
        cases[name] = (instants if utc else instants.dt.tz_convert("Europe/Amsterdam")).dt.strftime(form)
    english = dict(zip(COLUMNS.values(), ("opened", "target", "closed", "office", "via", "ref"), strict=True))
    cases = cases.rename(columns=english)
    path = tmp_path / "export.csv"
    path.write_text(bom + cases.to_csv(sep=delimiter, index=False, quoting=1), encoding="utf-8")
    given = {code: english[name] for code, name in COLUMNS.items()}
    loaded = load_dossiers(path, columns=given, timezone="Europe/Amsterdam" if utc else None)
    done = loaded[loaded["resolved"].notna()]
    assert (len(loaded), len(done)) == (1434, 1329)
    # written to the second, two cases closed in the second of their deadline are in time
    assert (done["resolved"] <= done["due"]).sum() == (952 if "%f" in form else 954)
    assert (done["resolved"].dt.date <= done["due"].dt.date).sum() == 1020


#: Times as systems abroad write them, each with the zone its times are in.
FOREIGN = {
    "%m/%d/%Y %I:%M:%S %p": None,
    "%d/%m/%Y %I:%M %p": None,
    "%-m/%-d/%Y %-H:%M": None,
    "%-m/%-d/%Y, %-I:%M:%S %p": None,
    "%d/%m/%Y, %H:%M:%S": None,
    "%m/%d/%Y %H:%M:%S.000": None,
    "%Y-%m-%d %H:%M:%S.000": None,
    "%Y-%m-%dT%H:%M:%S": None,
    "%Y-%m-%dT%H:%M:%S.000Z": "UTC",
    "%Y-%m-%d %H:%M:%S UTC": "UTC",
    "%Y-%m-%dT%H:%M:%S+0700": "Asia/Ho_Chi_Minh",
    "%Y-%m-%d %H:%M:%S+07": "Asia/Ho_Chi_Minh",
    "%Y/%m/%d %H:%M": None,
    "%d-%b-%Y %H:%M:%S": None,
    "%b %d, %Y %I:%M %p": None,
    "%d.%m.%Y %H:%M": None,
    "%H:%M:%S %d/%m/%Y": None,
}


@pytest.mark.parametrize("form", FOREIGN)
def test_times_as_systems_abroad_write_them(form: str, tmp_path: Path) -> None:
    received = pd.Series(pd.date_range("2024-01-03 00:07:09", periods=70, freq="50h"))
    times = pd.DataFrame({"opened": received, "closed": received + pd.Timedelta("40h 11min 30s")})
    times.loc[::7, "closed"] = pd.NaT
    written = times.apply(lambda column: column.dt.strftime(form).fillna(""))
    path = tmp_path / "export.csv"
    written.assign(department="Desk A").to_csv(path, index=False)
    expected = times if "%S" in form else times.apply(lambda column: column.dt.floor("min"))
    if zone := FOREIGN[form]:
        expected = expected.apply(
            lambda column: column.dt.tz_localize(zone).dt.tz_convert("Asia/Ho_Chi_Minh").dt.tz_localize(None)
        )
    columns = {"received": "opened", "resolved": "closed", "unit": "department"}
    loaded = load_dossiers(path, columns=columns)
    convert_dossiers(path, tmp_path / "a.parquet", declaration=Declaration(columns=columns))
    for got in (loaded, pd.read_parquet(tmp_path / "a.parquet")):
        for name, wanted in (("received", expected["opened"]), ("resolved", expected["closed"])):
            assert got[name].tolist() == wanted.tolist() or got[name].equals(wanted), name


def test_table_has_its_contract_and_says_how_it_was_read(tmp_path: Path) -> None:
    path = write(tmp_path, *ROWS)
    loaded = load_dossiers(path)
    assert list(loaded.columns) == [n for n in DOSSIERS.names if n in loaded.columns]
    assert list(loaded["outcome"]) == ["granted", "open", "refused"]
    assert str(loaded["received"].dtype) == "datetime64[us]"
    assert (loaded.index.name, list(loaded.index)) == ("row", [2, 3, 4])
    report = loaded.attrs["load"]
    assert json.loads(json.dumps(report)) == report
    assert (report["file"], report["rows"], report["header_rows"]) == ("danh-sach.csv", 3, [1])
    assert report["columns"]["due"] == "Ngày hẹn trả"
    assert (report["date_order"], report["date_order_known"], report["date_only"]) == ("dmy", True, [])


def test_personal_columns_are_named_by_their_header_and_not_kept(tmp_path: Path) -> None:
    people = ("Họ tên,Số điện thoại,Cột 9,Phí", "Nguyễn Văn An,0912345678,079201001234,20000")
    rows = [f"{r},{people[1]}" for r in ROWS]
    loaded = load_dossiers(write(tmp_path, *rows, header=f"{HEADER},{people[0]}"), keep=["Phí"])
    assert loaded.attrs["load"]["personal"] == {"Họ tên": "name", "Số điện thoại": "phone", "Cột 9": "id_number"}
    assert list(loaded["Phí"]) == ["20000"] * 3
    assert "079201001234" not in loaded.to_csv() + str(loaded.attrs)


def test_a_key_finds_the_same_person_and_shows_nobody(tmp_path: Path) -> None:
    ids = ("079201001234", "001301004321", "079201001234")
    path = write(tmp_path, *(f"{r},{i}" for r, i in zip(ROWS, ids, strict=True)), header=f"{HEADER},CCCD")
    keys = load_dossiers(path, key_salt="bi-mat-2026")["person_key"]
    assert keys.iloc[0] == keys.iloc[2] != keys.iloc[1]
    assert not any(i in " ".join(keys) for i in ids)
    assert "person_key" not in load_dossiers(path)


def test_corrections_are_applied_listed_and_masked(tmp_path: Path) -> None:
    path = write(tmp_path, *ROWS)
    before = path.read_bytes()
    changes = write(
        tmp_path,
        "2,Ngày hẹn trả,19/01/2026 17:00,12/01/2026,01/02/2026,gõ nhầm ngày,văn thư",
        "4,F,,Đang xử lý,01/02/2026,chưa trả,chuyên viên một cửa",
        "3,unit,,Xã Mẫu C,01/02/2026,sáp nhập,chuyên viên một cửa",
        header="row,column,old,new,when,why,by_role",
        name="dinh-chinh.csv",
    )
    loaded = load_dossiers(path, corrections=changes)
    assert loaded.loc[2, "due"] == pd.Timestamp("2026-01-12")
    assert list(loaded["outcome"]) == ["granted", "open", "open"]
    assert loaded.loc[3, "unit"] == "Xã Mẫu C"
    listed = loaded.attrs["load"]["corrections"]
    assert [c["row"] for c in listed] == ["2", "4", "3"]
    assert listed[0] == {
        "row": "2",
        "column": "Ngày hẹn trả",
        "old": "19/01/2026 17:00",
        "new": "12/01/2026",
        "when": "2026-02-01",
        "why": "gõ nhầm ngày",
        "by_role": "văn thư",
    }
    assert (listed[2]["old"], listed[2]["new"]) == ("***", "***")
    assert path.read_bytes() == before


def one_column(folder: Path, *cells: str, **options: object) -> pd.DataFrame:
    path = write(folder, *(f"Xã Mẫu;{c}" for c in cells), header="Đơn vị;Ngày tiếp nhận")
    return load_dossiers(path, **options)  # type: ignore[arg-type]


def test_the_file_decides_whether_the_day_comes_first(tmp_path: Path) -> None:
    assert list(one_column(tmp_path, "03/02/2026", "25/02/2026")["received"].dt.month) == [2, 2]
    american = one_column(tmp_path, "03/02/2026 8:05 PM", "02/25/2026 12:10 AM")
    assert list(american["received"]) == [pd.Timestamp("2026-03-02 20:05"), pd.Timestamp("2026-02-25 00:10")]
    assert american.attrs["load"]["date_order"] == "mdy"
    unclear = one_column(tmp_path, "03/02/2026")
    assert unclear["received"].iloc[0] == pd.Timestamp("2026-02-03")
    assert not unclear.attrs["load"]["date_order_known"]
    assert one_column(tmp_path, "03/02/2026", date_order="mdy")["received"].iloc[0] == pd.Timestamp("2026-03-02")
    with pytest.raises(DataError, match="B3"):
        one_column(tmp_path, "25/02/2026", "02/25/2026")


DAY = "2026-02-24"


@pytest.mark.parametrize(
    ("cell", "stamp"),
    [
        ("24/02/2026", DAY),
        ("24-02-2026", DAY),
        ("24.02.2026", DAY),
        ("24/2/26", DAY),
        ("2026-02-24", DAY),
        ("ngày 24 tháng 2 năm 2026", DAY),
        ("46077", DAY),
        ("46077,354166667", f"{DAY} 08:30"),
        ("24/02/2026 08:30", f"{DAY} 08:30"),
        ("24/02/2026 08:30:15", f"{DAY} 08:30:15"),
        ("08h30 24/02/2026", f"{DAY} 08:30"),
        ("24/02/2026 2:05 CH", f"{DAY} 14:05"),
        ("2026-02-24T08:30:15.250", f"{DAY} 08:30:15.250"),
        ("2026-02-24 08:30:15+00:00", f"{DAY} 15:30:15"),
        ("2026-02-24T01:30:15Z", f"{DAY} 08:30:15"),
        (" 24/02/2026 08:30 ", f"{DAY} 08:30"),
    ],
)
def test_forms_of_dates(cell: str, stamp: str, tmp_path: Path) -> None:
    loaded = one_column(tmp_path, cell, "24/02/2026 00:00:01")
    assert loaded["received"].iloc[0] == pd.Timestamp(stamp)


@pytest.mark.parametrize(
    "cell",
    [
        "29/02/2026",
        "31/04/2026",
        "00/01/2026",
        "24/13/2026",
        "24/02/2026 24:00",
        "24/02/202",
        "19999",
        "x y",
    ],
)
def test_days_that_are_none(cell: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="B2: không phải ngày"):
        one_column(tmp_path, cell, "24/02/2026")


def test_a_year_before_1900_is_named_as_such(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="B2: năm trước 1900 / a year before 1900"):
        one_column(tmp_path, "24/02/1826", "24/02/2026")


def test_a_zone_gives_instants_and_clock_changes_do_not_shift_them(tmp_path: Path) -> None:
    cells = ("2025-03-29 12:00", "2025-03-30T12:00:00+02:00", "2025-03-30 02:30")
    loaded = one_column(tmp_path, *cells, timezone="Europe/Amsterdam")["received"]
    assert str(loaded.dtype) == "datetime64[us, Europe/Amsterdam]"
    assert loaded.iloc[1] - loaded.iloc[0] == pd.Timedelta(hours=23)
    assert loaded.iloc[2] == pd.Timestamp("2025-03-30 03:00", tz="Europe/Amsterdam")
    with pytest.raises(ParameterError, match="timezone"):
        one_column(tmp_path, *cells, timezone="Mars/Olympus")
    with pytest.raises(DataError, match="date_order"):
        one_column(tmp_path, *cells, date_order="ymd")


def test_a_tick_is_no_number(tmp_path: Path) -> None:
    """To Python TRUE equals 1: beside a 1 in its column it was read as one."""
    book = openpyxl.Workbook()
    for row in (
        ["Đơn vị", "Ngày tiếp nhận", "Số ngày chờ bổ sung"],
        ["Xã", "05/01/2026", 1],
        ["Xã", "06/01/2026", True],
    ):
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(DataError, match="C3: không phải số đếm được"):
        load_dossiers(tmp_path / "a.xlsx")


def test_words_are_understood_and_the_others_listed(tmp_path: Path) -> None:
    header = "Đơn vị,Ngày tiếp nhận,Hình thức nộp,Kết quả"
    words = [
        ("Trực tuyến", "Đã trả KQ"),
        ("BCCI", "Công dân rút hồ sơ"),
        ("Zalo", "Chuyển cấp trên"),
        ("", "Chờ bổ sung"),
    ]
    loaded = load_dossiers(write(tmp_path, *(f"Xã,05/01/2026,{a},{b}" for a, b in words), header=header))
    assert list(loaded["channel"].fillna("")) == ["online", "post", "other", ""]
    assert list(loaded["outcome"].fillna("")) == ["granted", "withdrawn", "unknown", "paused"]
    assert loaded.attrs["load"]["words"] == {"channel": {"Zalo": 1}, "outcome": {"Chuyển cấp trên": 1}}


@pytest.mark.parametrize(
    ("written", "outcome"),
    [
        # the ten states of the national list, and what one-stop software writes for them
        ("Mới đăng ký", "not_started"),
        ("Hồ sơ đăng ký mới trực tuyến", "not_started"),
        ("Được tiếp nhận", "open"),
        ("Không được tiếp nhận", "not_admitted"),
        ("Từ chối tiếp nhận", "not_admitted"),
        ("Đang xử lý", "open"),
        ("Chờ ký duyệt", "open"),
        ("Chờ thực hiện liên thông", "open"),
        ("Yêu cầu bổ sung", "paused"),
        ("Bổ sung", "paused"),
        ("CHO BO SUNG", "paused"),
        ("Tạm dừng - chờ bổ sung", "paused"),
        ("Đã bổ sung - chờ tiếp nhận", "paused"),
        ("Chờ công dân bổ sung hồ sơ", "paused"),
        ("Yêu cầu thực hiện NVTC", "financial_duty"),
        ("Chờ thực hiện nghĩa vụ tài chính", "financial_duty"),
        ("Chờ Giấy nộp tiền", "financial_duty"),
        ("Công dân yêu cầu rút", "withdrawn"),
        ("Dừng xử lý", "halted"),
        ("Tạm dừng xử lý", "halted"),
        ("Tạm dừng", "halted"),
        ("Đã xử lý xong", "granted"),
        ("Chờ trả kết quả", "granted"),
        ("Đã trả kết quả", "granted"),
        ("Không đủ điều kiện", "refused"),
        ("Từ chối", "refused"),
    ],
)
def test_states_of_the_one_stop_software(tmp_path: Path, written: str, outcome: str) -> None:
    header = "Đơn vị,Ngày tiếp nhận,Trạng thái"
    assert load_dossiers(write(tmp_path, f"Xã,05/01/2026,{written}", header=header))["outcome"].tolist() == [outcome]


@pytest.mark.parametrize(
    "title", ["Đơn vị xử lý", "Phòng ban", "Bộ phận", "Cơ quan chủ trì giải quyết", "Don vi thu ly"]
)
def test_a_department_is_no_unit(tmp_path: Path, title: str) -> None:
    loaded = load_dossiers(write(tmp_path, "Phòng Kinh tế,05/01/2026", header=f"{title},Ngày tiếp nhận"), unit="Xã A")
    assert loaded[["unit", "department"]].to_numpy().tolist() == [["Xã A", "Phòng Kinh tế"]]


def test_the_verdict_of_the_software_is_read(tmp_path: Path) -> None:
    words = ["Trước hạn", "Sớm hạn", "Đúng hạn", "Trễ hạn", "Trong hạn", "Quá hạn", "Tạm dừng xử lý"]
    header = "Đơn vị,Ngày tiếp nhận,Đúng/quá hạn"
    loaded = load_dossiers(write(tmp_path, *(f"Xã,05/01/2026,{w}" for w in words), header=header))
    assert loaded["verdict"].tolist() == ["early", "early", "on_time", "late", "within", "overdue", "paused"]


@pytest.mark.parametrize("title", ["Ngày có KQ", "Ngay co KQ", "Ngày kết thúc xử lý", "Ngày KT xử lý", "Ngày trả KQ"])
def test_days_of_the_end(tmp_path: Path, title: str) -> None:
    header = f"Đơn vị,Ngày tiếp nhận,{title},Ngày nhận kết quả"
    loaded = load_dossiers(write(tmp_path, "Xã,05/01/2026,07/01/2026,20/01/2026", header=header))
    days = loaded[["resolved", "collected"]].astype("str").to_numpy().tolist()
    assert days == [["2026-01-07", "2026-01-20"]]


# --- at scale --------------------------------------------------------------------------------------------------------


def same(parquet: Path, csv: Path, **options: object) -> None:
    loaded = load_dossiers(csv, **options)  # type: ignore[arg-type]
    converted = load_dossiers(parquet)
    pd.testing.assert_frame_equal(converted.reset_index(drop=True), loaded.reset_index(drop=True))


@pytest.mark.parametrize("seed", range(6))
def test_conversion_gives_what_loading_gives(seed: int, tmp_path: Path) -> None:
    frame, _ = examples.dossiers(200, examples.communes(3, seed=seed), seed=seed)
    mess = office.Mess(
        titles=seed % 3,
        header_rows=1,
        headers=("label", "english", "bare")[seed % 3],
        dates=("text", "iso", "dashes")[seed % 3],
        encoding=("utf-8", "utf-8-sig", "utf-16")[seed % 3],
        delimiter=(",", ";", "\t")[seed % 3],
        applicants=bool(seed % 2),
        missing=("", "-", "…")[seed % 3],
    )
    source = office.write_office(frame, tmp_path / "gia-lap.csv", mess=mess, seed=seed)
    report = convert_dossiers(source, tmp_path / "a.parquet")
    assert report["rows"] == len(frame)
    same(tmp_path / "a.parquet", source)
    names = duckdb.execute(f"DESCRIBE FROM '{tmp_path / 'a.parquet'}'").fetchall()
    assert {n: t for n, t, *_ in names}["received"] == "TIMESTAMP"
    assert {n for n, *_ in names} <= set(DOSSIERS.names)


def test_conversion_of_words_dates_and_units_given_apart(tmp_path: Path) -> None:
    header = "open_dt,closed_dt,Hình thức nộp,Kết quả,Số ngày bổ sung"
    rows = [
        '2026-01-05T08:00:00+07:00,2026-01-09T01:00:00Z,TRỰC TUYẾN,Đã trả KQ,"1,5"',
        "2026-01-06T08:00:00+07:00,,Zalo,lạ,",
    ]
    source = write(tmp_path, *rows, header=header)
    columns = {"received": "open_dt", "resolved": "closed_dt"}
    said = Declaration(columns=columns, given={"unit": "Xã Mẫu"})
    convert_dossiers(source, tmp_path / "a.parquet", declaration=said)
    same(tmp_path / "a.parquet", source, columns=columns, unit="Xã Mẫu")


@pytest.fixture
def short_head(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a small file be a long one: only so much of it is looked at before the conversion."""
    monkeypatch.setattr("dvresearch.loaders.convert._HEAD", 16_384)


@pytest.mark.parametrize("zone", [None, "Europe/Amsterdam"])
def test_text_too_long_for_a_grid_loads_the_same(zone: str | None, tmp_path: Path, short_head: None) -> None:
    rows = [
        f"HS-{i},Xã Mẫu {i % 7},{1 + i % 28}/0{1 + i % 9}/2025 08:{i % 60:02},0{1 + i % 9}/10/2025,,"
        f"{'Đã trả KQ' if i % 3 else ''},{'Mức ' + str(i % 4) if i % 5 else ''}"
        for i in range(3_000)
    ]
    path = write(tmp_path, "(1),(2),(3),(4),(5),(6),(7)", *rows, header=f"{HEADER},Mức độ")
    plain = load_dossiers(path, keep=["Mức độ"], timezone=zone)
    long = load_dossiers(path, keep=["Mức độ"], timezone=zone, limits=Limits(text_file_mib=-1))
    pd.testing.assert_frame_equal(long, plain)
    assert list(plain.index[:2]) == [3, 4]
    assert long.attrs["load"]["columns"] == plain.attrs["load"]["columns"]


def test_order_of_dates_is_looked_for_further_on(tmp_path: Path, short_head: None) -> None:
    days = [1 + i % 12 if i < 2_000 else 20 + i % 9 for i in range(3_000)]
    rows = [f"HS-{i},Xã Mẫu,{1 + i // 300:02}/{day:02}/2025,,," for i, day in enumerate(days)]
    path = write(tmp_path, *rows)
    assert load_dossiers(path).attrs["load"]["date_order"] == "mdy"
    convert_dossiers(path, tmp_path / "a.parquet")
    same(tmp_path / "a.parquet", path)


def test_line_ends_inside_cells_do_not_break_a_long_file(tmp_path: Path, short_head: None) -> None:
    rows = [f'HS-{i},"Xã\nMẫu {i % 7}",{1 + i % 28:02}/01/2025,,,' for i in range(1_000)]
    path = write(tmp_path, *rows)
    convert_dossiers(path, tmp_path / "a.parquet")
    assert len(pd.read_parquet(tmp_path / "a.parquet")) == 1_000


def long_file(folder: Path, spoil: str, at: int = 4_000, rows: int = 4_100) -> Path:
    lines = [f"HS-{i},Xã Mẫu {i % 7},{1 + i % 28:02}/01/2026,,," for i in range(rows)]
    lines[at] = spoil
    return write(folder, *lines)


@pytest.mark.parametrize("at", [4_000, 4_099])  # in between, and the last row
@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        ("HS-X,Xã Mẫu,30/02/2026,,,", "received, dòng/row {}"),
        ("HS-X,Xã Mẫu,,,,", "dòng/row {}"),
        ("HS-X,Xã Mẫu,05/01/2026,5/2/20,,", "due, dòng/row {}"),
        ("HS-X,,05/01/2026,,,", "dòng/row {}"),
        ("HS-X,Xã Mẫu,05/01/2026,,,,thừa,ô", "dòng/row {}"),
        ("Tổng cộng: 4000,,,,,", "dòng/row {}"),
    ],
)
def test_a_row_unlike_the_beginning_is_named_and_nothing_is_left(
    spoil: str, says: str, at: int, tmp_path: Path, short_head: None
) -> None:
    source, target = long_file(tmp_path, spoil, at), tmp_path / "a.parquet"
    with pytest.raises(DataError) as caught:
        convert_dossiers(source, target)
    assert says.format(at + 2) in str(caught.value)
    assert "Xã Mẫu" not in str(caught.value)
    assert [p.name for p in tmp_path.iterdir()] == [source.name]


def test_a_date_written_otherwise_in_a_small_file_is_named(tmp_path: Path) -> None:
    source = write(tmp_path, *ROWS, "HS-X,Xã Mẫu,05/01/2026,5/2/20,,")
    with pytest.raises(DataError, match=f"due, dòng/row {len(ROWS) + 2}"):
        convert_dossiers(source, tmp_path / "a.parquet")


def test_what_cannot_be_converted_is_said(tmp_path: Path, spoilt: Callable[[str], Path]) -> None:
    here = spoilt("ugly")
    for file, says in (("excel_97.xls", "load_dossiers"), ("windows_1258.csv", "UTF-8"), ("phong_tcvn3.csv", "UTF-8")):
        with pytest.raises(DataError, match=says):
            convert_dossiers(here / file, tmp_path / "a.parquet")
    with pytest.raises(DataError, match="Không ghi được"):
        convert_dossiers(write(tmp_path, *ROWS), tmp_path / "khong-co" / "a.parquet")
    with pytest.raises(DataError, match="không có dòng dữ liệu"):
        convert_dossiers(write(tmp_path), tmp_path / "a.parquet")


def test_persons_far_down_a_long_file_are_not_written(tmp_path: Path, short_head: None) -> None:
    header = "Mã hồ sơ,Đơn vị,Thủ tục,Ngày tiếp nhận"
    lines = [f"HS-{i},Xã Mẫu {i % 7},Khai sinh,{1 + i % 28:02}/01/2026" for i in range(3_000)]
    lines[2_900] = "HS-X,Xã Mẫu 1,Khai sinh cho ông Nguyễn Văn An,05/01/2026"
    report = convert_dossiers(write(tmp_path, *lines, header=header), tmp_path / "a.parquet")
    assert report["notes"] == [["personal_cell", "procedure: 1"]]
    converted = pd.read_parquet(tmp_path / "a.parquet")
    assert len(converted) == 3_000
    assert list(converted.index[converted["procedure"].isna()]) == [2_900]
    lines[2_900] = "HS-X,Nguyễn Văn An,Khai sinh,05/01/2026"
    with pytest.raises(DataError, match="unit, dòng/row 2902"):
        convert_dossiers(write(tmp_path, *lines, header=header), tmp_path / "b.parquet")
    assert not (tmp_path / "b.parquet").exists()


def test_a_long_file_is_asked_what_a_short_one_is(tmp_path: Path, short_head: None) -> None:
    rows = [f"HS-{i:04},Xã Mẫu {i % 7},{1 + i % 28:02}/01/2026,,,Đang xử lý" for i in range(2_000)]
    rows += [
        "HS.0001,Xã Mẫu 1,05/01/2026,,,Dừng xử lý",
        "HS-X,Xã Mẫu 1,05/01/2026,,,Chờ họp",
        "HS-Y,Xã Mẫu 1,05/01/2026,,,",
    ]
    path = write(tmp_path, *rows)

    def asked(declaration: Declaration, limits: Limits) -> tuple[pd.DataFrame, set[tuple[str, str]]]:
        frame = load_dossiers(path, declaration=declaration, limits=limits)
        return frame, {(q["code"], q["vi"]) for q in frame.attrs["load"]["questions"]}

    with pytest.warns(OpenQuestion):
        (short, told), (long, again) = (asked(Declaration(), Limits(text_file_mib=mib)) for mib in (24, -1))
    assert {code for code, _ in told} == {"state-halted", "words-unknown", "nothing-finished", "near-duplicates"}
    assert again == told
    assert long.attrs["load"]["words"] == short.attrs["load"]["words"] == {"outcome": {"Chờ họp": 1}}
    words = {"outcome": {"Chờ họp": "paused"}}
    said = Declaration(halted="ends", nothing_finished=True, words=words)
    with pytest.warns(OpenQuestion):
        (short, told), (long, again) = (asked(said, Limits(text_file_mib=mib)) for mib in (24, -1))
    assert {code for code, _ in told} == {"near-duplicates"} and again == told
    pd.testing.assert_frame_equal(long, short)
    assert long["outcome"].iloc[-3:-1].tolist() == ["stopped", "paused"]


@pytest.mark.parametrize(("first", "later"), [("1,5", "1.5"), ("2", "1.234"), ("1.5", "2,25")])
def test_numbers_of_another_convention_far_down_are_named(
    first: str, later: str, tmp_path: Path, short_head: None
) -> None:
    rows = [f"HS-{i};Xã Mẫu;{1 + i % 28:02}/01/2026;{first}" for i in range(3_000)]
    rows.append(f"HS-X;Xã Mẫu;05/01/2026;{later}")
    source = write(tmp_path, *rows, header="Mã hồ sơ;Đơn vị;Ngày tiếp nhận;Số ngày bổ sung")
    with pytest.raises(DataError, match="supplement_days, dòng/row 3002"):
        convert_dossiers(source, tmp_path / "a.parquet")
