"""Hostile files: refused within their limits, whatever they do to the libraries that parse them."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from dvresearch.errors import DataError
from dvresearch.loaders import Limits, load_dossiers, read_sheets
from dvresearch.workbook import safe, save

HERE = Path(__file__).parent
MOST_MEMORY, MOST_SECONDS = 512, 10


def in_own_process(code: str, *arguments: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, code, *arguments], capture_output=True, text=True, check=True, cwd=HERE.parent
    )
    return json.loads(done.stdout)


@pytest.mark.skipif(
    sys.platform == "win32", reason="Windows does not measure or limit the memory of a process this way"
)
def test_spoilt_files_give_a_table_or_an_error_a_user_can_mend(
    rounds: Callable[[int, int], int], spoilt: Callable[[str], Path]
) -> None:
    report = in_own_process(str(HERE / "fuzz.py"), "2026", str(rounds(80, 5000)), str(spoilt("ugly")))
    assert report["faults"] == []
    assert report["tables"]
    assert report["refused"]
    assert report["above_start"] + report["reader"] < MOST_MEMORY
    assert report["slowest"] < MOST_SECONDS


HOSTILE = """
import json, resource, sys, time
from dvresearch.errors import DataError
from dvresearch.loaders import load_dossiers
load_dossiers(sys.argv[1])
peak = lambda who: resource.getrusage(who).ru_maxrss / 1024
start, times = peak(resource.RUSAGE_SELF), {}
for path in sys.argv[2:]:
    began = time.perf_counter()
    try:
        load_dossiers(path)
    except DataError:
        times[path] = time.perf_counter() - began
print(json.dumps({"times": times, "memory": peak(resource.RUSAGE_SELF) - start + peak(resource.RUSAGE_CHILDREN)}))
"""
NAMES = (
    "bom_nen.xlsx",
    "thuc_the_xml.xlsx",
    "o_xa_vo_cung.xlsx",
    "o_hoi_xa.xlsx",
    "chu_lap_khong_lo.xlsx",
    "ods_o_lap_trieu_lan.ods",
    "xls_o_xa.xls",
    "docx_gop_cot_khong_lo.docx",
)


@pytest.fixture
def growing(tmp_path: Path, spoilt: Callable[[str], Path]) -> list[Path]:
    """Files that grow when read, each by another way, too large to keep."""
    empty, deep = tmp_path / "nen-khai-thap.xlsx", tmp_path / "long-nhau.xlsx"
    with (
        zipfile.ZipFile(spoilt("ugly") / "libreoffice.ods") as good,
        zipfile.ZipFile(empty, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as bad,
    ):
        for name in good.namelist():
            bad.writestr(name, good.read(name))
        bad.writestr("Pictures/a.bin", bytes(300 << 20))
    # A directory that lies: it says one byte where 300 MiB follow.
    data = bytearray(empty.read_bytes())
    at = data.rfind(b"PK\x01\x02")
    data[at + 24 : at + 28] = (1).to_bytes(4, "little")
    empty.write_bytes(data)
    with (
        zipfile.ZipFile(deep, "w", zipfile.ZIP_DEFLATED) as bad,
        zipfile.ZipFile(spoilt("ugly") / "co_macro.xlsm") as good,
    ):
        for name in good.namelist():
            content = good.read(name)
            if name.endswith("sheet1.xml"):
                content = b"<worksheet><sheetData>" + b"<row><c><is>" * 400_000
            bad.writestr(name, content)
    wide = tmp_path / "mot-dong-dai.csv"
    wide.write_bytes(b"," * (20 << 20))
    quotes = tmp_path / "ngoac.csv"
    quotes.write_bytes(b'"' * (5 << 20) + b"\n")
    return [empty, deep, wide, quotes]


@pytest.mark.skipif(
    sys.platform == "win32", reason="Windows does not measure or limit the memory of a process this way"
)
def test_hostile_files_stay_within_memory_and_time(
    growing: list[Path], tmp_path: Path, spoilt: Callable[[str], Path]
) -> None:
    paths = [spoilt("broken") / n for n in NAMES] + growing
    script = tmp_path / "run.py"
    script.write_text(HOSTILE, encoding="utf-8")
    report = in_own_process(str(script), str(spoilt("ugly") / "libreoffice.ods"), *map(str, paths))
    times = report["times"]
    assert isinstance(times, dict)
    lying = str(growing[0])  # nothing reads the member, so its lie may do no harm; the others have to be refused
    assert set(times) >= {str(p) for p in paths} - {lying}
    assert max(times.values()) < MOST_SECONDS
    assert isinstance(report["memory"], float)
    assert report["memory"] < MOST_MEMORY


@pytest.mark.parametrize(
    ("file", "limits", "code"),
    [
        ("cham_phay_co_bom.csv", Limits(cells=20), "text-file-too-large"),
        ("cham_phay_co_bom.csv", Limits(text_file_mib=-1), "text-file-too-large"),
        ("libreoffice.ods", Limits(cells=20), "too-many-cells"),
        ("libreoffice.ods", Limits(file_mib=-1), "file-too-large"),
        ("bang_trong_word.docx", Limits(cells=20), "too-many-cells"),
        ("nhieu_trang_tinh.xlsx", Limits(text_mib=-1), "too-much-text"),
        ("nhieu_trang_tinh.xlsx", Limits(unpacked_mib=-1), "archive-grows-abnormally"),
        ("nhieu_trang_tinh.xlsx", Limits(seconds=0.001), "reading-takes-too-long"),
        ("parquet_co_kieu.parquet", Limits(memory_mib=0, memory_per_mib=0), "file-needs-too-much-memory"),
    ],
)
def test_limits_are_those_given(file: str, limits: Limits, code: str, spoilt: Callable[[str], Path]) -> None:
    assert read_sheets(spoilt("ugly") / file)
    with pytest.raises(DataError) as caught:
        read_sheets(spoilt("ugly") / file, limits=limits)
    assert caught.value.code == code


FORMULA = ("=1+1", "+84", "-5 ngày", "@SUM(A1)", "\t=1")


def test_text_that_looks_like_a_formula_is_read_as_text_and_written_so_that_it_never_runs(tmp_path: Path) -> None:
    rows = "\n".join(f'"HS-{i}","Xã {i}",05/01/2026,"{cell}"' for i, cell in enumerate(FORMULA))
    path = tmp_path / "a.csv"
    path.write_text("Mã hồ sơ,Đơn vị,Ngày tiếp nhận,Thủ tục\n" + rows + "\n", encoding="utf-8")
    loaded = load_dossiers(path)["procedure"]
    assert list(loaded) == [cell.strip() for cell in FORMULA]
    book = openpyxl.Workbook()
    assert book.active is not None
    for cell in loaded:
        book.active.append([safe(cell)])
    save(book, tmp_path / "b.xlsx")
    for row in openpyxl.load_workbook(tmp_path / "b.xlsx").active.iter_rows():
        assert row[0].data_type == "s"
        assert row[0].value[0] == "'"


def test_a_formula_without_a_result_is_no_empty_cell(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["a", "=1+1"])
    save(book, tmp_path / "a.xlsx")
    (sheet,) = read_sheets(tmp_path / "a.xlsx")
    assert sheet.columns == [["a"], ["=1+1"]]
    assert sheet.columns[1][0].kind == "formula"
