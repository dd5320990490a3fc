"""A whole province at once: `python benchmarks/province.py [--dossiers N] [--keep FOLDER]`.

124 communes, 1,000,000 dossiers as CSV, 15,800 respondents, 3,000 cases, 300 models, plan targets and
self-assessments, all synthetic and written here, then `dvresearch evaluate` as an office runs it: under 40 s and
1.5 GiB (all processes together).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from dvresearch import codebook, examples
from dvresearch.examples.registers import ITEMS
from dvresearch.tables import CASES, DOSSIERS, MODELS, RUBRIC, TARGETS, responses_table

UNITS, DOSSIERS_IN_ALL, RESPONDENTS, CASES_IN_ALL, MODELS_IN_ALL = 124, 1_000_000, 15_800, 3_000, 300
#: Seconds, GiB.
LONGEST, MEMORY = 40.0, 1.5
YEAR = 2025
SPEC = """# DỮ LIỆU GIẢ LẬP / SYNTHETIC DATA: một tỉnh không có thật.
name = "tinh-mau-gia-lap"
title_vi = "Đánh giá công tác dân vận chính quyền năm 2025 của một tỉnh (dữ liệu giả lập)"
title_en = "Government mass mobilisation work of one province in 2025 (synthetic data)"
scope = "province"
as_of = "2025-12-31"

[inputs]
"""


def write_dossiers(path: Path, rows: int, units: pd.DataFrame) -> None:
    """Write the list of dossiers as text, with a column of applicants, without the detours of a messy file."""
    from pyarrow import Table
    from pyarrow.csv import write_csv

    frame, _ = examples.dossiers(rows, units, first=f"{YEAR - 1}-11-01", as_of=f"{YEAR}-12-31")
    cells = {}
    for name in frame.columns:
        column, values = DOSSIERS.column(name), frame[name]
        entry = codebook.find("column", f"dossiers.{name}") or name
        if column.kind == "time":
            # a tenth of the moments occur more than once: each is written once
            written = {moment: f"{moment:%d/%m/%Y %H:%M}" for moment in values.dropna().unique()}
            values = values.map(written)
        elif column.words:
            values = values.map({word: codebook.label("value", column.entry(word)) for word in column.words})
        elif column.kind in ("count", "number"):
            values = values.astype("Int64")
        cells[codebook.label("column", entry)] = values
    cells["Người nộp hồ sơ"] = "Người nộp mẫu " + (frame.index % 9_973).astype(str)
    write_csv(Table.from_pandas(pd.DataFrame(cells), preserve_index=False), path)


def write_files(folder: Path, rows: int) -> Path:
    """Write the files of the province and its specification."""
    units = examples.communes(UNITS)
    write_dossiers(folder / "ho-so-gia-lap.csv", rows, units)
    frames = {
        "cases": (examples.cases(CASES_IN_ALL, units)[0], CASES),
        "responses": (examples.responses(RESPONDENTS, units)[0], responses_table(ITEMS)),
        "models": (examples.models(MODELS_IN_ALL, units, year=YEAR)[0], MODELS),
        "targets": (examples.targets(units, year=YEAR)[0], TARGETS),
        "rubric": (examples.rubric(units)[0], RUBRIC),
    }
    for name, (frame, table) in frames.items():
        examples.write_office(frame, folder / f"{name}-gia-lap.xlsx", table=table)
    items = "\n".join(f'{item} = {{ header = "{item}", scale = "{scale}" }}' for item, scale in ITEMS.items())
    (folder / "items-gia-lap.toml").write_text(f"[items]\n{items}\n", encoding="utf-8", newline="\n")
    listed = 'dossiers = { file = "ho-so-gia-lap.csv", due_contains_pause = false }\nitems = "items-gia-lap.toml"\n'
    listed += "".join(f'{name} = "{name}-gia-lap.xlsx"\n' for name in frames)
    (folder / "evaluation.toml").write_text(SPEC + listed, encoding="utf-8", newline="\n")
    return folder / "evaluation.toml"


def memory_of(process: int) -> int:
    """Return the memory a process and its children hold now, in bytes."""
    try:
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
        held = next(line for line in Path(f"/proc/{process}/status").read_text().splitlines() if "VmRSS" in line)
    except (OSError, StopIteration):
        return 0
    return int(held.split()[1]) * 1024 + sum(memory_of(int(child)) for child in children)


def evaluate(specification: Path, out: Path) -> tuple[float, float]:
    """Run the command; return seconds and the most memory in GiB."""
    began, most = time.perf_counter(), 0
    process = subprocess.Popen(
        [sys.executable, "-m", "dvresearch.cli", "evaluate", str(specification), "--out", str(out)],
        stdout=subprocess.DEVNULL,
    )
    while process.poll() is None:
        most = max(most, memory_of(process.pid))
        time.sleep(0.05)
    if process.returncode:
        raise SystemExit(f"dvresearch evaluate ended with {process.returncode}")
    return time.perf_counter() - began, most / 2**30


def main() -> int:
    """Measure, print, and return 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dossiers", type=int, default=DOSSIERS_IN_ALL)
    parser.add_argument("--keep", type=Path, help="an empty folder in which files and report are kept")
    given = parser.parse_args()
    missed = 0

    def judge(what: str, value: float, most: float, unit: str) -> None:
        nonlocal missed
        missed += value > most
        share = f"{value / most:.0%} of {most:g} {unit}"
        print(f"{what:44} {value:7.2f} {unit:3} = {share}{'' if value <= most else '  MISSED'}", flush=True)

    with tempfile.TemporaryDirectory() as name:
        folder = given.keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        specification = write_files(folder, given.dossiers)
        seconds, memory = evaluate(specification, folder / "reports")
        judge("one run", seconds, LONGEST, "s")
        judge("most memory, all processes together", memory, MEMORY, "GiB")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
