"""Speed of the readers against the libraries they stand on: `python benchmarks/files.py [--dossiers N] [--runs N]`.

Synthetic dossiers, nothing real. Four targets, each measured in turn with its yardstick and
judged by the fastest run of each: the cells of a workbook of 100,000 dossiers, counted a second
time in its XML, at most 2.5 times the bare calamine read plus 0.6 seconds, and as a table plus
one second; 10 million rows of text to typed Parquet at most 1.7 times
DuckDB's own typed COPY, under 2 GiB; screening that Parquet under 20 seconds.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

HEADER = ("Mã hồ sơ", "Đơn vị", "Thủ tục hành chính", "Lĩnh vực", "Hình thức tiếp nhận")
TIMES = ("Ngày tiếp nhận", "Ngày hẹn trả", "Ngày trả kết quả")
STATUS = "Trạng thái"


def write_workbook(path: Path, rows: int, *, as_text: bool) -> None:
    """Write dossiers with real dates, or with dates as text and personal columns."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Hồ sơ")
    people = ("Họ và tên", "Số CCCD") if as_text else ()
    sheet.append([*HEADER, *people, *TIMES, STATUS])
    start = datetime(2025, 1, 1, 8)
    for i in range(rows):
        received = start + timedelta(minutes=(i * 7919) % 500_000)
        stamps: list[Any] = [
            received,
            received + timedelta(days=5 + i % 20),
            received + timedelta(minutes=(i * 101) % 40_000),
        ]
        if as_text:
            stamps = [s.strftime("%d/%m/%Y %H:%M") for s in stamps]
        if i % 20 == 0:
            stamps[2] = None
        person = ["Người Giả Lập", f"{i:012d}"] if as_text else []
        words = [f"H26-{i:07d}", f"Phường {i % 40}", f"Thủ tục {i % 300}", f"Lĩnh vực {i % 30}"]
        sheet.append(
            [
                *words,
                "Trực tuyến" if i % 5 else "Trực tiếp",
                *person,
                *stamps,
                "Đã trả kết quả" if i % 20 else "Đang xử lý",
            ]
        )
    book.save(path)


def write_text(path: Path, rows: int) -> None:
    """Write dossiers as text, with DuckDB."""
    import duckdb

    words = "'H26-' || lpad(i::VARCHAR, 9, '0'), 'Phường ' || hash(i) % 3321, 'Thủ tục ' || hash(i + 7) % 300"
    stamp = "strftime({}, '%d/%m/%Y %H:%M')"
    done = "r + to_minutes((hash(i + 5) % 40000)::INT)"
    values = (
        f"{words}, 'Lĩnh vực ' || hash(i + 9) % 30, "
        "CASE WHEN hash(i + 3) % 5 < 4 THEN 'Trực tuyến' ELSE 'Trực tiếp' END, "
        f"{stamp.format('r')}, {stamp.format('r + to_days((5 + hash(i + 1) % 20)::INT)')}, "
        f"CASE WHEN hash(i + 2) % 20 > 0 THEN {stamp.format(done)} END, "
        "CASE WHEN hash(i + 2) % 20 > 0 THEN 'Đã trả kết quả' ELSE 'Đang xử lý' END"
    )
    source = f"(SELECT i, TIMESTAMP '2025-01-01' + to_minutes((hash(i) % 500000)::INT) AS r FROM range({rows}) t(i))"
    names = ", ".join(f'"{n}"' for n in (*HEADER, *TIMES, STATUS))
    duckdb.sql(f"COPY (SELECT * FROM (SELECT {values} FROM {source}) AS t({names})) TO '{path}' (HEADER)")


def bare_read(path: Path) -> object:
    """Read a workbook with calamine alone."""
    import python_calamine as calamine

    return calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()


def copy_typed(source: Path, target: Path) -> None:
    """Convert text to Parquet as DuckDB alone does it, with the same types and the same memory."""
    import duckdb

    kinds = {n: "TIMESTAMP" if n in TIMES else "VARCHAR" for n in (*HEADER, *TIMES, STATUS)}
    columns = ", ".join(f"'{n}': '{k}'" for n, k in kinds.items())
    reading = f"read_csv('{source}', header = true, columns = {{{columns}}}, timestampformat = '%d/%m/%Y %H:%M')"
    with duckdb.connect() as engine:
        engine.execute("SET memory_limit = '1400MiB'")
        engine.execute(f"COPY (SELECT * FROM {reading}) TO '{target}' (FORMAT parquet)")


def fastest(runs: int, *jobs: Callable[[], object]) -> list[float]:
    """Return the shortest time of each job, in seconds; the jobs take turns, so that a slow minute hits all."""
    times: list[list[float]] = [[] for _ in jobs]
    for _ in range(runs):
        for job, taken in zip(jobs, times, strict=True):
            began = time.perf_counter()
            job()
            taken.append(time.perf_counter() - began)
    return [min(taken) for taken in times]


def main() -> int:
    """Measure, print, and return 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dossiers", type=int, default=100_000, help="rows of the workbook")
    parser.add_argument("--rows", type=int, default=10_000_000, help="rows of the text file")
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()

    from dvresearch.loaders import convert_dossiers, load_dossiers, read_sheets
    from dvresearch.screening import screen

    missed = 0

    def judge(what: str, value: float, most: float, unit: str) -> None:
        nonlocal missed
        missed += value > most
        print(f"{what:52} {value:8.2f} {unit:3} (at most {most:.2f}){'' if value <= most else '  MISSED'}", flush=True)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for as_text in (False, True):
            path = folder / f"gia-lap-{as_text}.xlsx"
            write_workbook(path, given.dossiers, as_text=as_text)
            bare, cells, ours = fastest(
                given.runs,
                partial(bare_read, path),
                partial(read_sheets, path),
                partial(load_dossiers, path),
            )
            judge("its cells, counted twice; against bare, less 0.6 s", (cells - 0.6) / bare, 2.5, "x")
            judge(f"workbook, dates as {'text' if as_text else 'dates'}; bare {bare:.2f} s", ours, 2.5 * bare + 1, "s")
        source, plain, parquet = folder / "gia-lap.csv", folder / "plain.parquet", folder / "gia-lap.parquet"
        write_text(source, given.rows)
        bare, ours = fastest(given.runs, lambda: copy_typed(source, plain), lambda: convert_dossiers(source, parquet))
        judge(f"text to Parquet; DuckDB's own {bare:.2f} s", ours / bare, 1.7, "x")
        (screened,) = fastest(given.runs, lambda: screen(parquet))
        judge("screening the Parquet", screened, 20, "s")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        judge("most memory of this process", peak, 2, "GiB")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
