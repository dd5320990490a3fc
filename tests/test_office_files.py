"""Office files of known content, kept beside the project: how they are read, and one commune's report from them.

They stand beside the folder that DVRESEARCH_VALIDATION names; long runs, so a campaign only.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dvresearch import loaders, metrics
from dvresearch.screening.propose import declare

SHARED = Path(os.environ.get("DVRESEARCH_VALIDATION", "/nowhere")).parent
DOSSIERS, CASES = "DanhSachHoSo_10thang2026.xlsx", "SoTheoDoi_TCD_DonThu_PAKN_2026.xlsx"
SURVEY, MODELS = "KhaoSatHaiLong_GoogleForm.xlsx", "DanhSach_MoHinh_DanVanKheo_2026.docx"
TARGETS, FORM = "ChiTieu_KeHoach_2026.xlsx", "Bieu_II06a_2026.xlsx"
UNIT = "Xã Suối Thông"
SPECIFICATION = f"""
name = "van-phong"
title_vi = "Đánh giá (dữ liệu giả lập)"
title_en = "Evaluation (synthetic data)"
scope = "commune"
as_of = "2026-10-31"
[inputs]
dossiers = "{DOSSIERS}"
form = "{FORM}"
cases = "{CASES}"
models = "{MODELS}"
targets = "{TARGETS}"
items = "cau-hoi-8.toml"
responses = {{ file = "{SURVEY}", given = {{ unit = "{UNIT}" }} }}
"""

pytestmark = [
    pytest.mark.campaign,
    pytest.mark.skipif("DVRESEARCH_CAMPAIGN" not in os.environ, reason="long: run.py campaign"),
    pytest.mark.skipif(not (SHARED / "reading").is_dir(), reason="office files of known content are not here"),
]


def run(*words: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*map(str, words)], cwd=folder, capture_output=True, text=True, check=False)


def test_nothing_is_read_wrong_in_silence() -> None:
    done = run(sys.executable, "score.py", SHARED / "reading", folder=SHARED / "reading")
    print(done.stdout)
    assert done.returncode == 0, done.stdout
    exact = re.search(r"^all\s+(\d+)", done.stdout, re.M)
    assert exact and int(exact[1]) >= 240


def test_persons_are_recognised() -> None:
    said = run(sys.executable, "score_persons.py", SHARED / "reading", folder=SHARED / "reading").stdout
    print(said)
    found = re.findall(r"recall (\d+) of (\d+) .*, false alarms (\d+) of (\d+)", said)
    assert len(found) == 2
    for hits, persons, alarms, others in (map(int, line) for line in found):
        assert hits >= 0.95 * persons
        assert alarms <= 0.05 * others


@pytest.mark.parametrize("case", sorted(p.name for p in (SHARED / "cases").glob("*") if (p / "run.py").is_file()))
def test_case_is_tried(case: str) -> None:
    # each says what it expects in words; a refusal, which it prints, ends its script: right as well
    done = run(sys.executable, "run.py", folder=SHARED / "cases" / case)
    print((SHARED / "cases" / case / "expected.txt").read_text(encoding="utf-8"), done.stdout, done.stderr[-800:])
    assert done.returncode == 0 or re.search(r"\b(Data|Parameter)Error \|", done.stdout), done.stderr


def test_a_commune_s_files_become_its_report(tmp_path: Path) -> None:
    folder = tmp_path / "van-phong"
    shutil.copytree(SHARED / "office", folder)
    for file in (folder, *folder.iterdir()):
        file.chmod(0o755)
    (folder / "evaluation.toml").write_text(SPECIFICATION, encoding="utf-8")
    asked = []

    def answer(question: str, lines: list[str]) -> str:
        asked.append(question)
        known = ('"Ghi chú" = "stage"', '"period" = "…"', '"Không đạt" = ""', '"Duy trì" = "recognised"')
        line = next(line for line in known if line in lines)
        return line.replace("…", "2026")

    for name, kind in ((DOSSIERS, "dossiers"), (CASES, "cases"), (MODELS, "models"), (TARGETS, "targets")):
        _, made = declare(folder / name, kind, ask=answer, given={"unit": UNIT})
        assert made.questions == []
    assert len(asked) + 5 <= 12  # the unit was stated for five files
    program = Path(sys.executable).with_name("dvresearch")
    checked = run(program, "check", folder, folder=tmp_path)
    assert checked.returncode == 0, checked.stdout
    made = run(program, "evaluate", folder, "--out", tmp_path / "out", folder=tmp_path)
    assert made.returncode == 0, made.stderr
    page = (tmp_path / "out" / "van-phong" / "report.html").read_text(encoding="utf-8")
    for said in ("2.706/2.900", "42 hồ sơ tạm dừng", "3/8 chỉ tiêu", "46 lượt", "9 mô hình"):
        assert said in page
    cases = loaders.load_cases(folder / CASES)
    assert len(cases) == 46 + 68 + 83
    frame = loaders.load_dossiers(folder / DOSSIERS)
    counted = metrics.tally(frame, as_of="2026-10-31", supplement="ignore").sum(numeric_only=True)
    assert (counted["pending_paused"], counted["pending_overdue"]) == (42, 3)
