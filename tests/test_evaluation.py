"""The main job end to end: the default report, its manifest, what interrupts it, and the messages of bad input."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from dvresearch import load_figures, load_responses, metrics
from dvresearch.errors import DataError, ParameterError, ReportError
from dvresearch.evaluation import job, spec
from dvresearch.evaluation.compose import compose
from dvresearch.evaluation.content import Checks, Paragraph, Sheet
from dvresearch.evaluation.context import Context
from dvresearch.evaluation.example import write_example
from dvresearch.evaluation.sections import closing, dossiers
from dvresearch.tables import SCALES

ROOT = Path(__file__).parent.parent
FIGURE_ARTICLES = ("yenphong-2024", "songlo-2021", "laichau-2018", "queson-2022", "baclieu-2020")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return job.evaluate(out=tmp_path_factory.mktemp("reports"))


@pytest.fixture(scope="module")
def page(report: Path) -> str:
    return (report / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def manifest(report: Path) -> dict:
    return json.loads((report / "manifest.json").read_text(encoding="utf-8"))


class Links(HTMLParser):
    """Every address a browser would fetch or follow, and every alternative text."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.ids: list[str] = []
        self.anchors: list[str] = []
        self.alts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {k: v or "" for k, v in attrs}
        self.ids += [found["id"]] if "id" in found else []
        self.fetched += [found[k] for k in ("src", "data", "action", "poster") if k in found]
        if tag == "link":
            self.fetched.append(found["href"])
        if tag == "a":
            self.anchors.append(found["href"])
        if tag == "img":
            self.alts.append(found.get("alt", ""))


@pytest.fixture(scope="module")
def links(page: str) -> Links:
    parser = Links()
    parser.feed(page)
    return parser


def test_page_makes_no_outside_request(links: Links, page: str):
    assert links.fetched and all(address.startswith("data:") for address in links.fetched)
    assert "<script" not in page and "@import" not in page and "url(" not in page


def test_every_link_leads_to_a_place_on_the_page(links: Links):
    assert len(links.ids) == len(set(links.ids))
    assert {a[1:] for a in links.anchors} <= set(links.ids)


def test_every_picture_has_an_alternative_text(links: Links):
    assert links.alts and all(len(alt) > 40 for alt in links.alts)


def test_national_figures_stand_in_the_page_each_with_its_name(page: str):
    """Published: pooled 86.64 %, 17.56 and 17.33 points, 40 % of feedback in time (domain notes 1.2)."""
    text = page.replace("\u00a0", " ")
    for expected in ("86,64 %", "87,78 %", "17,56", "17,33", "40,44 %", "82,83 %", "14.666.757"):
        assert expected in text, expected


def test_all_61_figures_of_the_articles_are_listed_each_with_its_article():
    ctx = Context(spec.read())
    (table,) = [b for b in closing.annex(ctx).blocks if isinstance(b, Sheet)]
    assert len(table.frame) == 61
    assert set(table.frame["source"]) == set(FIGURE_ARTICLES)
    assert not (table.frame["cited"] == "").any()


def test_every_article_figure_stands_in_the_page(page: str):
    rows = load_figures()
    rows = rows[rows["source"].isin(FIGURE_ARTICLES)]
    annex = page[page.index('id="section-annex"') :]
    assert annex.count("<tr>") >= len(rows) == 61


def test_manifest_names_every_exhibit_its_call_and_its_inputs(manifest: dict, page: str, report: Path):
    assert len(manifest["exhibits"]) >= 20
    for exhibit in manifest["exhibits"]:
        assert exhibit["call"] and exhibit["inputs"], exhibit
        assert f'id="{exhibit["code"]}"' in page
        assert all((report / file).exists() for file in exhibit["files"])
    assert {i for e in manifest["exhibits"] for i in e["inputs"]} == {i["file"] for i in manifest["inputs"]}


def test_manifest_checksums_are_those_of_the_files(manifest: dict, report: Path):
    for output in manifest["outputs"]:
        assert hashlib.sha256((report / output["file"]).read_bytes()).hexdigest() == output["sha256"]
    for entry in manifest["inputs"]:
        data = (ROOT / "data" / "raw" / entry["file"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == entry["sha256"]
    assert "/" not in "".join(i["file"] for i in manifest["inputs"])


def test_workbook_holds_numbers_as_numbers_with_source_and_call(report: Path):
    book = openpyxl.load_workbook(report / "tables.xlsx")
    sheet = next(s for s in book.worksheets if s.title.endswith("-provinces") and "index766" not in s.title)
    rows = list(sheet.iter_rows(values_only=True))
    assert len(rows) > 34 + 3
    assert isinstance(rows[3][1], float) and 0 < rows[3][1] < 1
    notes = [str(r[0]) for r in rows[3 + 34 :] if r[0]]
    assert any(n.startswith("Nguồn: ") for n in notes) and any(n.startswith("Cách tạo: ") for n in notes)


def test_sentences_are_complete_in_both_languages():
    vi, _ = compose(spec.read())
    en, _ = compose(replace(spec.read(), language="en"))
    for one, other in zip(vi.sections, en.sections, strict=True):
        assert [type(b) for b in one.blocks] == [type(b) for b in other.blocks]
        assert one.title != other.title
    told = " ".join(b.text for s in en.sections for b in s.blocks if isinstance(b, Paragraph))
    assert not re.search(r"[{}]", told)
    assert not re.search(r"\b(của|và|không|được)\b", told)


def test_words_that_claim_an_effect_never_appear(page: str):
    assert not re.search(r"làm tăng|làm giảm|chứng minh rằng|chứng tỏ", page)


def test_an_interrupted_run_leaves_the_previous_report(report: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    shutil.copytree(report, tmp_path / report.name)
    before = {p.name: p.read_bytes() for p in (tmp_path / report.name).rglob("*") if p.is_file()}

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(job.manifest, "write", stop)
    with pytest.raises(KeyboardInterrupt):
        job.evaluate(out=tmp_path)
    assert {p.name: p.read_bytes() for p in (tmp_path / report.name).rglob("*") if p.is_file()} == before
    assert [p.name for p in tmp_path.iterdir()] == [report.name]


def test_a_swap_stopped_between_its_renames_is_mended(report: Path, tmp_path: Path):
    target = tmp_path / report.name
    shutil.copytree(report, tmp_path / f".{report.name}.previous")
    job._recover(target)
    assert (target / "report.html").exists() and not (tmp_path / f".{report.name}.previous").exists()


def test_a_folder_that_cannot_be_written_is_one_message(tmp_path: Path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(ReportError, match="Không ghi được báo cáo"):
        job.evaluate(out=blocked)


def run(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dvresearch.cli", *arguments]
    env = {**os.environ, "PYTHONIOENCODING": "utf-8", **environment}
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, encoding="utf-8", check=False)


def test_same_bytes_from_another_place_time_zone_locale_and_thread_count(report: Path, tmp_path: Path):
    elsewhere = tmp_path / "một thư mục khác"
    elsewhere.mkdir()
    result = run(
        "evaluate", cwd=elsewhere, TZ="America/Lima", LC_ALL="tr_TR.UTF-8", OMP_NUM_THREADS="1",
        OPENBLAS_NUM_THREADS="1", PYTHONHASHSEED="7",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    other = elsewhere / "reports" / report.name
    ours, theirs = ({p.relative_to(r).as_posix(): p.read_bytes() for p in r.rglob("*") if p.is_file()}
                    for r in (report, other))  # fmt: skip
    assert ours.keys() == theirs.keys()
    for name in ours.keys() - {"manifest.json"}:
        assert ours[name] == theirs[name], name
    drop = [json.loads(x["manifest.json"]) for x in (ours, theirs)]
    for m in drop:
        del m["made"]
    assert drop[0] == drop[1]


SPEC = """name = "thu"
title_vi = "Thử"
title_en = "Trial"
as_of = "2026-10-10"
sections = ["own"]
[inputs]
figures = "f.csv"
"""
HEAD = (
    "unit_version,unit_level,unit_code,unit,parent_code,period,period_start"
    ",period_end,indicator,value,value_unit,numerator,denominator,source"
)
GOOD = "34,province,01,Hà Nội,,2026,2026-01-01,2026-12-31,dossiers_in_time_share,50,%,5,10,x"


def bad(old: str, new: str) -> bytes:
    return f"{HEAD}\n{GOOD}\n{GOOD.replace('2026,', '2025,', 1).replace(old, new)}\n".encode()


BAD_FILES = {
    "unknown unit": (bad("01,Hà Nội", ",Hà Nộii"), "row 3", "Hà Nội"),
    "numerator above denominator": (bad("5,10", "15,10"), "row 3", "15"),
    "negative count": (bad("5,10", "-5,10"), "row 3", "-5"),
    "missing column": (
        f"{HEAD.replace('indicator,', '')}\n".encode() + GOOD.replace("dossiers_in_time_share,", "").encode(),
        "",
        "indicator",
    ),
    "empty file": (b"", "", "f.csv"),
    "wrong encoding": (bad("x", "Hà Nội").decode().encode("utf-16"), "", "UTF-8"),
    "year before 1900": (bad("2025-", "1825-").replace(b"2026-01-01", b"1826-01-01"), "row", "1826"),
    "text in a number column": (bad("50,%", "năm mươi,%"), "row 3", "value"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_input_is_one_message_in_both_languages_and_nothing_is_written(name: str, tmp_path: Path):
    content, row, word = BAD_FILES[name]
    (tmp_path / "evaluation.toml").write_text(SPEC, encoding="utf-8")
    (tmp_path / "f.csv").write_bytes(content)
    result = run("evaluate", "evaluation.toml", cwd=tmp_path)
    assert result.returncode == 2, result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    assert row in result.stderr and word in result.stderr
    assert re.search(r"Cách sửa|Cần có", result.stderr) and re.search(r"What to do|Expected", result.stderr)
    assert not (tmp_path / "reports").exists()


def test_own_figures_are_shown_with_intervals(tmp_path: Path):
    (tmp_path / "evaluation.toml").write_text(SPEC, encoding="utf-8")
    (tmp_path / "f.csv").write_text(f"{HEAD}\n{GOOD}\n", encoding="utf-8")
    folder = job.evaluate(tmp_path / "evaluation.toml", tmp_path / "out")
    text = (folder / "report.html").read_text(encoding="utf-8").replace("\u00a0", " ")
    # Wilson interval of 5/10 from R prop.test(5, 10, correct = FALSE): 0.2366, 0.7634
    assert "23,66 %" in text and "76,34 %" in text
    assert "f.csv" in text


@pytest.mark.parametrize(
    ("old", "new", "line", "word"),
    [
        ('name = "thu"', 'name = "Báo cáo"', 1, "chữ thường"),
        ('as_of = "2026-10-10"', 'as_of = "10/10/2026"', 4, "năm-tháng-ngày"),
        ('sections = ["own"]', "confidence = 95", 5, "0.95"),
        ('sections = ["own"]', 'langauge = "vi"', 5, "language"),
        ('figures = "f.csv"', 'figures = "g.csv"', 7, "g.csv"),
        ('figures = "f.csv"', 'figure = "f.csv"', 7, "figures"),
        ('sections = ["own"]', 'sections = "own"', 5, "sections"),
    ],
)
def test_a_bad_specification_names_its_line(old: str, new: str, line: int, word: str, tmp_path: Path):
    file = tmp_path / "evaluation.toml"
    file.write_text(SPEC.replace(old, new), encoding="utf-8")
    (tmp_path / "f.csv").write_text(f"{HEAD}\n{GOOD}\n", encoding="utf-8")
    with pytest.raises(ParameterError) as caught:
        spec.read(file)
    assert f"evaluation.toml, dòng/line {line}" in str(caught.value) and word in str(caught.value)


def test_a_section_that_does_not_exist_is_named(tmp_path: Path):
    with pytest.raises(ParameterError, match="own"):
        compose(spec.Spec("a", "b", "c", "2026-10-10", sections=("owm",)))


def test_an_unknown_unit_is_a_data_error_with_the_nearest_name(tmp_path: Path):
    (tmp_path / "f.csv").write_bytes(BAD_FILES["unknown unit"][0])
    with pytest.raises(DataError, match="Hà Nội"):
        load_figures(tmp_path / "f.csv")


@pytest.fixture(scope="module")
def commune(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("commune")
    file = write_example(folder / "input", seed=3)
    return file, job.evaluate(file, folder / "out")


def test_example_of_one_commune_is_labelled_synthetic_and_holds_no_person(commune: tuple[Path, Path]):
    file, folder = commune
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert "giả lập" in text and "gia-lap" in folder.name
    sheet = openpyxl.load_workbook(file.parent / "ho-so-2025-gia-lap.xlsx", read_only=True).worksheets[0]
    rows = list(sheet.iter_rows(values_only=True))
    (at, column), *_ = [(i, r.index("Người nộp hồ sơ")) for i, r in enumerate(rows) if "Người nộp hồ sơ" in r]
    people = {r[column] for r in rows[at + 3 : -6] if isinstance(r[column], str)}
    assert len(people) > 20
    outputs = text + (folder / "manifest.json").read_text(encoding="utf-8")
    assert not [name for name in people if name in outputs]


def test_form_of_the_commune_agrees_with_its_list(commune: tuple[Path, Path]):
    """Both are made from the same synthetic dossiers by different code, so any difference is an error."""
    ctx = Context(spec.read(commune[0]))
    (compared,) = [b for b in dossiers.form(ctx).blocks if isinstance(b, Checks) and b.code == "form-compared"]
    assert len(compared.frame) == 36 and set(compared.frame["verdict"]) == {"pass"}


def test_year_of_the_commune_is_counted_by_hand(commune: tuple[Path, Path]):
    ctx = Context(spec.read(commune[0]))
    frame = ctx.dossiers
    new = frame["received"].dt.year == 2025
    done = frame["resolved"].notna() & (frame["resolved"].dt.year == 2025)
    (row,) = ctx.tally().to_dict("records")
    assert (row["received"], row["carried_in"]) == (new.sum(), (~new).sum())
    assert row["resolved"] + row["withdrawn"] == done.sum()


def test_a_folder_with_files_is_never_overwritten(tmp_path: Path):
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(ParameterError, match="đã có tệp"):
        write_example(tmp_path)


def test_one_reported_number_that_differs_from_the_list_is_found():
    stated = pd.DataFrame({"period": ["2025-01", "2025-02", "2024-12"], "received": [10.0, 21.0, 5.0]})
    counted = pd.DataFrame({"period": ["2025-01", "2025-02"], "received": [10.0, 12.0]})
    found = metrics.compare_counts(stated, counted, on="period", columns=["received"])
    assert found["verdict"].tolist() == ["pass", "fail", "unknown"]
    assert found.loc[1, ["computed", "stated", "severity"]].tolist() == ["12", "21", "major"]


def test_every_table_of_the_commune_is_in_its_report(commune: tuple[Path, Path]):
    _, folder = commune
    page = (folder / "report.html").read_text(encoding="utf-8")
    for section in ("quality", "dossiers", "form", "cases", "survey", "models", "targets", "rubric", "limits"):
        assert f'id="section-{section}"' in page
    codes = {e["code"] for e in json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["exhibits"]}
    assert {f"{t}-screening" for t in ("cases", "responses", "models", "targets", "rubric")} <= codes


def test_survey_of_the_commune_equals_a_plain_count(commune: tuple[Path, Path]):
    inputs = spec.read(commune[0]).inputs
    frame = load_responses(inputs["responses"], inputs["items"])
    top = frame["q1"].isin(["satisfied", "very_satisfied"]).sum()
    known = frame["q1"].isin(SCALES["hai_long_5"]).sum()
    page = (commune[1] / "report.html").read_text(encoding="utf-8")
    assert re.search(rf">q1</td>.*?>{top}</td><td[^>]*>{known}</td>", page)


def test_a_target_that_should_stay_low_is_not_praised_for_being_high(commune: tuple[Path, Path]):
    page = (commune[1] / "report.html").read_text(encoding="utf-8")
    row = re.search(r"<tr><td[^>]*>Số hộ nghèo</td>.*?</tr>", page)
    assert row and ("không đạt" in row[0]) == (_numbers(row[0])[1] > _numbers(row[0])[0])


def _numbers(row: str) -> list[float]:
    return [float(n.replace(".", "").replace(",", ".")) for n in re.findall(r'class="num">([\d.,]+)</td>', row)]
