"""The main job end to end: the default report, its manifest, what interrupts it, and the messages of bad input."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Literal

import numpy as np
import openpyxl
import pandas as pd
import pytest

from dvresearch import (
    cli,
    examples,
    load_cases,
    load_dossiers,
    load_figures,
    load_form,
    load_models,
    load_responses,
    load_targets,
    metrics,
    plots,
    questionnaire,
)
from dvresearch.errors import DataError, ParameterError, ReportError
from dvresearch.evaluation import annex, job, spec
from dvresearch.evaluation.backtest import backtest
from dvresearch.evaluation.brief import assemble, tell
from dvresearch.evaluation.compose import compose
from dvresearch.evaluation.content import Checks, Figure, Paragraph, Report, Sheet
from dvresearch.evaluation.context import Context
from dvresearch.evaluation.example import write_example
from dvresearch.evaluation.sections import comparison, dossiers, older, registers
from dvresearch.loaders.declaration import Declaration
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
    """Published: pooled 86.64%, 17.56 and 17.33 points, 40% of feedback in time (domain notes 1.2)."""
    text = page.replace("\u00a0", " ")
    for expected in ("86,64%", "87,78%", "17,56", "17,33", "40,44%", "82,83%", "14.666.757"):
        assert expected in text, expected


def test_all_61_figures_of_the_articles_are_listed_each_with_its_article():
    ctx = Context(spec.read())
    (table,) = [b for b in older.annex(ctx).blocks if isinstance(b, Sheet)]
    assert len(table.frame) == 61
    assert set(table.frame["source"]) == set(FIGURE_ARTICLES)
    assert not (table.frame["cited"] == "").any()


def test_every_article_figure_stands_in_the_page(page: str):
    rows = load_figures()
    rows = rows[rows["source"].isin(FIGURE_ARTICLES)]
    annex = page[page.index('id="section-annex"') :]
    assert annex.count("<tr>") >= len(rows) == 61
    assert page.index('id="part"') < page.index('id="section-satisfaction"') < page.index('id="section-annex"')


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
    sheet = annex.page_of(book, "provinces")
    assert sheet and sheet.title == "Bảng 1"
    rows = list(sheet.iter_rows(values_only=True))
    assert len(rows) > 34 + 3
    assert isinstance(rows[3][1], float) and 0 < rows[3][1] < 1
    notes = [str(r[0]) for r in rows[3 + 34 :] if r[0]]
    assert any(n.startswith("Nguồn: ") for n in notes) and any(n.startswith("Cách tạo: ") for n in notes)


def test_workbook_names_the_unit_of_each_number_and_leaves_no_separator_behind(report: Path):
    book = openpyxl.load_workbook(report / "tables.xlsx")
    assert all(re.fullmatch(r"Mục lục|(Bảng|Kiểm tra) \d+", name) for name in book.sheetnames)
    page = annex.page_of(book, "context")
    assert page
    head = [c.value for c in page[3]]
    rows = {r[0].value: r for r in page.iter_rows(min_row=4) if r[0].value}
    income = rows["Thu nhập bình quân đầu người"]
    assert income[head.index("Giá trị")].value == 79_540_000 and income[head.index("Đơn vị tính")].value == "đồng"
    formats = {c.number_format for s in book.worksheets for row in s.iter_rows(min_row=4) for c in row}
    assert formats <= {"General", "#,##0", "#,##0.0", "#,##0.00", "0%", "0.0%", "0.00%"}


def test_published_rates_without_counts_are_shown_without_interval(national: Report):
    (table,) = [b for b in national.exhibits() if b.code == "local-uncounted"]
    assert isinstance(table, Sheet)
    shown = set(zip(table.frame["unit"], table.frame["period"], table.frame["value"].round(4), strict=True))
    # as printed in baolamdong 2978336, the Thái Nguyên paper of 2023 and vinhphuc.gov.vn 3105
    assert shown >= {
        ("Lâm Đồng", "2019", 0.9896), ("Thái Nguyên", "2023-Q1", 0.97),
        ("huyện Lập Thạch", "2021-08", 0.0033), ("huyện Vĩnh Tường", "2021-08", 0.0998),
        ("huyện Sông Lô", "2021-07", 0.1085), ("huyện Sông Lô", "2021-08", 0.0131),
        ("huyện Tam Dương", "2021-07", 0.1055), ("huyện Tam Dương", "2021-08", 0.0227),
    }  # fmt: skip
    assert set(table.frame["remarks"]) == {"nguồn không nêu số đếm"}
    assert not {"lower", "upper"} & {c.key for c in table.columns}


def test_a_rate_on_counts_that_do_not_add_up_says_so(national: Report):
    (table,) = [b for b in national.exhibits() if b.code == "local-rates"]
    assert isinstance(table, Sheet)
    remarks = table.frame.set_index(["unit", "group", "period"])["remarks"]
    # off by 8,801 dossiers (Lâm Đồng, first quarter of 2020); reconciles (first quarter of 2024)
    assert remarks.loc["Lâm Đồng", "", "2019-12-01..2020-02-29"].str.contains("không cộng đúng").all()
    assert not remarks.loc["Lâm Đồng", "", "2024-Q1"].str.contains("không cộng đúng").any()


def test_the_national_report_says_what_its_numbers_rest_on(national: Report):
    told = " ".join(b.text for s in national.sections for b in s.blocks if isinstance(b, Paragraph))
    assert "không có SIPAS cả nước năm 2021" in told
    assert "35.268 (2019)" in told and "36.525 (2024)" in told
    assert "87,78% (n = 34 tỉnh, thành phố" in told
    assert "mục 5.2): 40,44% (8.654/21.399" in told
    (months,) = [b for b in national.exhibits() if b.code == "months"]
    assert "tháng 10/2026 mới tính đến ngày 10/10/2026" in " ".join(months.notes)
    wheres = " ".join(w for b in national.exhibits() if isinstance(b, Checks) for w in b.frame["where"])
    assert "(1.336/1.990)" in wheres
    assert not re.search(r"details_|raw_Prov|_GiaLai_", " ".join(national.citations.values()))


def test_the_day_of_the_figures_is_theirs_and_not_that_of_the_specification(national: Report):
    assert national.subtitle == "Số liệu công bố đến ngày 10/10/2026"
    later = replace(spec.read(), as_of="2026-12-31", sections=("unknown",))
    assert compose(later)[0].subtitle.startswith("Số liệu công bố mới nhất đến ngày 10/10/2026;")


def test_sentences_are_complete_in_both_languages(national: Report):
    vi = national
    en, _ = compose(replace(spec.read(), language="en"))
    for one, other in zip(vi.sections, en.sections, strict=True):
        assert [type(b) for b in one.blocks] == [type(b) for b in other.blocks]
        assert one.title != other.title
    told = " ".join(b.text for s in en.sections for b in s.blocks if isinstance(b, Paragraph))
    assert not re.search(r"[{}]", told)
    assert not re.search(r"\b(của|và|không|được)\b", told)


def test_words_that_claim_an_effect_never_appear(page: str):
    assert not re.search(r"làm tăng|làm giảm|chứng minh rằng|chứng tỏ", page)


def test_an_interrupted_run_leaves_the_previous_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    specification, out = tmp_path / "evaluation.toml", tmp_path / "out"
    specification.write_text(SPEC, encoding="utf-8")
    (tmp_path / "f.csv").write_text(f"{HEAD}\n{GOOD}\n", encoding="utf-8")
    report = job.evaluate(specification, out)
    before = {p.name: p.read_bytes() for p in report.rglob("*") if p.is_file()}
    (tmp_path / "f.csv").write_text(f"{HEAD}\n{GOOD.replace('5,10', '6,12')}\n", encoding="utf-8")

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(job.manifest, "write", stop)
    with pytest.raises(KeyboardInterrupt):
        job.evaluate(specification, out)
    assert {p.name: p.read_bytes() for p in report.rglob("*") if p.is_file()} == before
    assert {p.name for p in out.iterdir()} == {report.name, f".{report.name}", f"{report.name}.log"}


def test_a_folder_that_cannot_be_written_is_one_message(tmp_path: Path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(ReportError, match="Không ghi được báo cáo"):
        job.evaluate(out=blocked)


def run(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dvresearch.cli", *arguments]
    env = {**os.environ, "PYTHONIOENCODING": "utf-8", **environment}
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, encoding="utf-8", check=False)


#: Evaluates as on a day 400 days later, and draws a figure as SVG.
LATER = """
import datetime, time
import duckdb, pandas, pyarrow.parquet, matplotlib.pyplot, scipy.stats  # compiled: they know one datetime only
from pathlib import Path
shift, clock, local, world = 400 * 86400, time.time, time.localtime, time.gmtime
time.time = lambda: clock() + shift
time.localtime = lambda at=None: local(time.time() if at is None else at)
time.gmtime = lambda at=None: world(time.time() if at is None else at)
class Later(datetime.datetime):
    __slots__ = ()
    @classmethod
    def now(cls, tz=None):
        return datetime.datetime.fromtimestamp(time.time(), tz)
datetime.datetime = Later
from dvresearch import metrics, plots
from dvresearch.evaluation import job
folder = job.evaluate()
rows = metrics.resolution_rate(pandas.DataFrame({"in_time": [5, 7], "resolved": [9, 8]}), definition="resolved")
plots.save(plots.intervals(rows, unit="definition").figure, folder / "figures" / "figure.svg")
"""


def test_same_bytes_from_another_place_day_time_zone_locale_and_thread_count(report: Path, tmp_path: Path):
    elsewhere, copy = tmp_path / "một thư mục khác", tmp_path / "copy"
    elsewhere.mkdir()
    shutil.copytree(report, copy)
    rows = metrics.resolution_rate(pd.DataFrame({"in_time": [5, 7], "resolved": [9, 8]}), definition="resolved")
    plots.save(plots.intervals(rows, unit="definition").figure, copy / "figures" / "figure.svg")
    variables = {"TZ": "America/Lima", "LC_ALL": "tr_TR.UTF-8", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    result = subprocess.run(
        [sys.executable, "-c", LATER], cwd=elsewhere, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONHASHSEED": "7", "MPLBACKEND": "Agg", **variables},
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    other = elsewhere / "reports" / report.name
    ours, theirs = ({p.relative_to(r).as_posix(): p.read_bytes() for p in r.rglob("*") if p.is_file()}
                    for r in (copy, other))  # fmt: skip
    assert ours.keys() == theirs.keys()
    made = {".png", ".svg", ".html", ".docx", ".pptx", ".xlsx", ".csv", ".pdf", ".json"}
    assert made == {Path(name).suffix for name in ours}
    for name in ours.keys() - {"manifest.json"}:
        assert ours[name] == theirs[name], name
    drop = [json.loads(x["manifest.json"]) for x in (ours, theirs)]
    days = [date.fromisoformat(m.pop("made")[:10]) for m in drop]
    assert (days[1] - days[0]).days >= 399
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
def test_bad_input_is_one_message_in_both_languages_and_nothing_is_written(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    content, row, word = BAD_FILES[name]
    (tmp_path / "evaluation.toml").write_text(SPEC, encoding="utf-8")
    (tmp_path / "f.csv").write_bytes(content)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["dvresearch", "evaluate", "evaluation.toml"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    said = capsys.readouterr().err
    assert ended.value.code == 2, said
    assert row in said and word in said
    assert re.search(r"Cách sửa|Cần có", said) and re.search(r"What to do|Expected", said)
    assert not (tmp_path / "reports" / "thu").exists()


OFFICE = """name = "thu"
title_vi = "Thử"
title_en = "Trial"
scope = "commune"
as_of = "2025-12-31"
[inputs]
dossiers = "ho-so.csv"
"""
#: Lists that cannot be used at all.
BAD_LISTS = {
    "empty": "",
    "text date": "HS-1,Xã Mẫu,hôm qua,19/01/2025",
    "year 1850": "HS-1,Xã Mẫu,05/01/1850,19/01/2025",
    "empty unit": "HS-1,,05/01/2025,19/01/2025",
}


@pytest.mark.parametrize("name", BAD_LISTS)
def test_a_list_that_cannot_be_used_is_one_message_and_nothing_is_written(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    row = BAD_LISTS[name]
    (tmp_path / "evaluation.toml").write_text(OFFICE, encoding="utf-8")
    list_of_dossiers = f"Mã hồ sơ,Đơn vị,Ngày tiếp nhận,Ngày hẹn trả\n{row}\n" if row else ""
    (tmp_path / "ho-so.csv").write_text(list_of_dossiers, encoding="utf-8")
    report = tmp_path / "reports" / "thu"
    report.mkdir(parents=True)
    (report / "report.html").write_text("the previous report")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["dvresearch", "evaluate", "evaluation.toml"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    said = capsys.readouterr().err
    assert ended.value.code == 2, said
    assert "ho-so.csv" in said and re.search(r"Cách sửa|Cần có", said) and re.search(r"What to do|Expected", said)
    assert [p.read_text() for p in report.iterdir()] == ["the previous report"]


def test_own_figures_are_shown_with_intervals(tmp_path: Path):
    (tmp_path / "evaluation.toml").write_text(SPEC, encoding="utf-8")
    (tmp_path / "f.csv").write_text(f"{HEAD}\n{GOOD}\n", encoding="utf-8")
    folder = job.evaluate(tmp_path / "evaluation.toml", tmp_path / "out")
    text = (folder / "report.html").read_text(encoding="utf-8").replace("\u00a0", " ")
    # Wilson interval of 5/10 from R prop.test(5, 10, correct = FALSE): 0.2366, 0.7634
    assert "23,66%" in text and "76,34%" in text
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


def test_the_report_of_the_commune_is_short(commune: tuple[Path, Path], read_pdf: Callable):
    assert len(read_pdf(commune[1] / "report.pdf")) <= 12


def test_models_are_counted_by_field_and_level(commune: tuple[Path, Path]):
    ctx = Context(spec.read(commune[0]))
    (table,) = [b for b in registers.models(ctx).blocks if isinstance(b, Sheet) and b.code == "models-fields"]
    counts = load_models(ctx.spec.inputs["models"]).groupby(["field", "stage"]).size()
    cells = table.frame.iloc[:-1, 2:]
    assert cells.to_numpy().sum() == counts.sum() == table.frame.iloc[-1, 1]
    assert sorted(cells.to_numpy().ravel()[cells.to_numpy().ravel() > 0]) == sorted(counts)


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
    (row,) = ctx.tally().frame.to_dict("records")
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
    asked = questionnaire(inputs["items"]).wording()["q1"]
    assert re.search(rf">{asked}</td>.*?>{top}</td><td[^>]*>{known}</td>", page)


def test_files_of_the_commune_agree_with_each_other(commune: tuple[Path, Path]):
    """What the plan and the published figures state is what the report counts in the lists."""
    ctx = Context(spec.read(commune[0]))
    stated = load_targets(ctx.spec.inputs["targets"]).set_index("indicator")["result"]
    in_time = metrics.resolution_rate(ctx.tally().frame, definition="resolved")["value"].item()
    assert stated["Tỷ lệ hồ sơ giải quyết đúng hạn (%)"] == round(100 * in_time, 1)
    figures = load_figures(ctx.spec.inputs["figures"]).set_index("indicator")
    online = figures.loc["dossiers_online_share"]
    assert online["denominator"] == ctx.tally().frame["received"].item()
    assert stated["Tỷ lệ hồ sơ nộp trực tuyến (%)"] == pytest.approx(100 * online["value"])
    assert round(online["numerator"] / online["denominator"], 3) == pytest.approx(online["value"])
    assert stated["Số cuộc đối thoại với Nhân dân"] == figures.loc["dialogues", "value"]
    registered = len(load_models(ctx.spec.inputs["models"]))
    assert stated["Số mô hình Dân vận khéo đăng ký mới"] == figures.loc["models_registered", "value"] == registered
    cases = registers.cases_in_time(Context(replace(ctx.spec, privacy_threshold=3)), "kind").frame.set_index("kind")
    letters = cases.loc[cases.index.isin(["complaint", "petition", "denunciation"]), ["numerator", "denominator"]]
    share = letters["numerator"].sum() / letters["denominator"].sum()
    assert len(letters) == 3 and stated["Tỷ lệ đơn thư giải quyết đúng hạn (%)"] == round(100 * share, 1)
    assert "phép kiểm tra nghiêm trọng không đạt" not in (commune[1] / "report.html").read_text(encoding="utf-8")


def test_what_becomes_of_dossiers_handed_back_is_told_as_it_is_counted(commune: tuple[Path, Path]):
    ctx = Context(spec.read(commune[0]))
    rows = ctx.dossiers[ctx.dossiers["received"] <= "2025-12-31"]
    back = rows[rows["outcome"].isin(["returned", "withdrawn"])]
    ladder = metrics.resolution_rate(ctx.tally().frame, definition="all").set_index("definition")
    counts = ctx.tally().frame.iloc[0]
    # of the workload all of them are not late, by 766 only those that ended by the due day: no sentence may deny it
    assert ladder.loc["workload", "numerator"] == counts[["resolved_within", "pending_within", "withdrawn"]].sum()
    assert 0 < counts["in_time"] - counts["resolved_within"] < len(back)
    (figure,) = [b for b in dossiers.dossiers(ctx).blocks if isinstance(b, Figure) and b.code == "ladder"]
    assert re.match(rf"{counts['withdrawn']} hồ sơ trả lại hoặc xin rút: .* không bị coi là quá hạn", figure.notes[0])
    page = (commune[1] / "report.html").read_text(encoding="utf-8")
    assert "không tính là đúng hạn hay quá hạn" not in page and "xin rút không nằm trong hai tỷ lệ này" in page


def test_what_waits_for_the_citizen_is_told_apart_from_what_is_overdue(commune: tuple[Path, Path]):
    ctx = Context(spec.read(commune[0]))
    waiting = int((ctx.dossiers["outcome"] == "paused").sum())
    assert waiting > 0 and ctx.tally().frame["pending_paused"].tolist() == [waiting]
    section = dossiers.dossiers(ctx)
    (ladder,) = [b for b in section.blocks if isinstance(b, Figure) and b.code == "ladder"]
    assert ladder.notes[1].startswith(f"{waiting} hồ sơ tạm dừng chờ người dân bổ sung")
    page = (commune[1] / "report.html").read_text(encoding="utf-8")
    assert f"; {waiting} hồ sơ đang tạm dừng chờ người dân bổ sung, không tính là quá hạn" in page
    (months,) = [b for b in section.blocks if getattr(b, "code", "") == "months-table"]
    assert "pending_paused" in [c.key for c in months.columns]


def test_days_of_supplements_are_not_said_to_be_subtracted_where_none_are_recorded(commune: tuple[Path, Path]):
    ctx = Context(spec.read(commune[0]))
    said = next(b.text for b in dossiers.dossiers(ctx).blocks if isinstance(b, Paragraph) and b.role == "note")
    assert "trừ ngày chờ bổ sung" in said
    ctx.dossiers = ctx.dossiers.drop(columns=["supplement_days", "supplement_requests"])
    ctx.kept.clear()
    said = next(b.text for b in dossiers.dossiers(ctx).blocks if isinstance(b, Paragraph) and b.role == "note")
    assert "trừ ngày" not in said and "giữ nguyên ngày hẹn trả" in said


# Page one: rows at fault, items in words ------------------------------------------------------------------------------


def _told(made: spec.Spec) -> list[Paragraph]:
    ctx = Context(made)
    ctx.sections = list(made.sections)
    told = [one for code in made.sections for one in tell(ctx, code)]
    return list(assemble(ctx, told, ())[0])


def test_page_one_says_that_rows_at_fault_are_counted(tmp_path: Path):
    frame, _ = examples.dossiers(300, examples.communes(1, seed=1), seed=1, as_of="2025-12-31")
    cases, _ = examples.cases(60, examples.communes(1, seed=1), seed=1, last="2025-06-30")
    made = spec.Spec(
        "thu", "Thử", "Trial", "2025-12-31", scope="commune", sections=("quality", "dossiers", "cases"),
        inputs={"dossiers": tmp_path / "ho-so-gia-lap.csv", "cases": tmp_path / "so-gia-lap.csv"},
    )  # fmt: skip
    cases.to_csv(made.inputs["cases"], index=False)
    frame.to_csv(made.inputs["dossiers"], index=False)
    assert {p.role for p in _told(made)} == {"text"}
    frame.loc[5, "resolved"] = frame.loc[5, "received"] - pd.Timedelta(days=9)
    frame.loc[7, "dossier"] = frame.loc[8, "dossier"]
    frame.to_csv(made.inputs["dossiers"], index=False)
    first, numbers, *others = _told(made)
    assert first.role == "caution" and "đã giải quyết" in numbers.text
    assert "ho-so-gia-lap.csv có 2 phép kiểm tra nghiêm trọng không đạt" in first.text
    assert "còn tính cả những dòng ấy (xem phần “Danh sách hồ sơ đã nạp có dùng được không?”)" in first.text
    assert len(Context(made).dossiers) == 300 and {p.role for p in others} == {"text"}
    assert "dvresearch check" in _told(replace(made, sections=("dossiers",)))[0].text
    cases.loc[3, "resolved"] = cases.loc[3, "received"] - pd.Timedelta(days=9)
    cases.to_csv(made.inputs["cases"], index=False)
    assert [p.role for p in _told(made)][:3] == ["caution", "caution", "text"]
    en = _told(replace(made, language="en"))
    assert "severe checks failed: 2" in en[0].text and "severe checks failed: 1" in en[1].text


def _survey(folder: Path, shares: list[float], n: int, seed: int) -> spec.Spec:
    """Answers to the questionnaire that `dvresearch new` hands out: each item with its own chance of a high answer."""
    rng = np.random.default_rng(seed)
    asked = questionnaire("five-factors").questions[: len(shares)]
    high = rng.random((n, len(shares))) < shares
    answers = np.where(high, rng.choice(["hài lòng", "rất hài lòng"], high.shape), "bình thường")
    frame = pd.DataFrame(answers, columns=[q.wording.vi for q in asked]).assign(**{"Đơn vị": "Xã Mẫu"})
    frame.to_csv(folder / "phieu.csv", index=False)
    rows = [f'{q.code} = {{ vi = "{q.wording.vi}", en = "{q.wording.en}" }}' for q in asked]
    (folder / "phieu.toml").write_text("\n".join(["[items]", *rows, ""]), encoding="utf-8")
    inputs = {"responses": folder / "phieu.csv", "items": folder / "phieu.toml"}
    return spec.Spec("thu", "Thử", "Trial", "2025-12-31", scope="commune", sections=("survey",), inputs=inputs)


ALL = len(questionnaire("five-factors").questions)


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_items_stand_in_words_in_figure_table_and_sentence(lang: Literal["vi", "en"], tmp_path: Path):
    made = replace(_survey(tmp_path, [0.9, 0.3, *[0.6] * (ALL - 2)], 300, 1), language=lang)
    words = list(questionnaire("five-factors").wording(lang).values())
    report, _ = compose(made)
    blocks = {b.code: b for b in report.exhibits()}
    figure, table = blocks["survey-top"], blocks["survey-shares"]
    assert isinstance(figure, Figure) and isinstance(table, Sheet)
    labels = [label.get_text().replace("\n", " ") for label in figure.draw().axes[0].get_yticklabels()]
    assert len(labels) == ALL and all(w.startswith(x.removesuffix(" …")) for x, w in zip(labels, words, strict=True))
    assert max(map(len, labels)) <= 76 and table.frame["item"].unique().tolist() == words
    told = report.summary[0].text
    assert f"“{words[0]}”" in told and f"“{words[1]}”" in told and words[0] in figure.alt


def test_items_without_words_keep_their_code(tmp_path: Path):
    made = _survey(tmp_path, [0.9, 0.3], 300, 1)
    words = [q.wording.vi for q in questionnaire("five-factors").questions[:2]]
    made.inputs["items"].write_text(
        f'[items]\na = "{words[0]}"\nb = {{ header = "{words[1]}", vi = "Một" }}\n', "utf-8"
    )
    assert Context(made).asked() == {"a": words[0], "b": "Một"}
    assert Context(made).asked(12)["a"].endswith(" …")
    lines = '[items]\nq1 = { vi = "Một" }\nq2 = { vi = "Một" }\nq3 = {}\n'
    made.inputs["items"].write_text(lines, "utf-8")
    assert list(Context(made).asked().values()) == ["Một (q1)", "Một (q2)", "q3"]


def test_highest_and_lowest_are_named_only_where_persons_tell_them_from_every_other_item(
    tmp_path: Path, rounds: Callable[[int, int], int]
):
    from statsmodels.stats.contingency_tables import mcnemar

    def sentence(shares: list[float], seed: int) -> tuple[str, bool, bool]:
        made = _survey(tmp_path, shares, 200, seed)
        high = pd.read_csv(made.inputs["responses"]).drop(columns="Đơn vị").isin(["hài lòng", "rất hài lòng"])
        x = high.sum().sort_values()
        text = _told(made)[0].text.replace("\u00a0", " ")
        for k in (x.iloc[0], x.iloc[-1]):  # both ends with their counts
            assert f"{k}/200" in text
        pairs = len(x) * (len(x) - 1) / 2

        def differ(one: str, other: str) -> bool:
            return mcnemar(pd.crosstab(high[one], high[other]), exact=True).pvalue * pairs <= 0.05

        low, *others, up = x.index if len(x) > 1 else (x.index[0], x.index[0])
        return text, differ(low, up), all(differ(low, o) and differ(up, o) for o in others)

    for seed in range(rounds(1, 100)):  # purely random answers
        text, apart, _ = sentence([0.7] * ALL, seed)
        assert not apart and "chưa đủ rõ" in text and "cao nhất ở câu" not in text
    text, apart, alone = sentence([0.95, 0.3, *[0.65] * (ALL - 2)], 0)
    assert apart and alone and "cao nhất ở câu" in text and "thấp nhất ở câu" in text and "chưa đủ rõ" not in text
    text, apart, alone = sentence([0.9, 0.88, 0.4, *[0.7] * (ALL - 3)], 0)
    assert apart and not alone and "cao hơn rõ so với câu" in text
    assert "cao nhất ở câu" not in text and "thấp nhất ở câu" not in text
    text = _told(_survey(tmp_path, [0.7], 200, 0))[0].text
    assert "cao nhất ở câu" not in text and "chưa đủ rõ" not in text


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_an_item_answered_by_yes_or_no_is_shown(lang: Literal["vi", "en"], commune: tuple[Path, Path]):
    made = replace(spec.read(commune[0]), language=lang)
    counts = load_responses(made.inputs["responses"], made.inputs["items"])["q6"].value_counts()
    yes, no = counts[["yes", "no"]]
    blocks = {b.code: b for b in registers.survey(Context(made)).blocks if isinstance(b, Sheet)}
    row = blocks["survey-yes"].frame.iloc[0]
    assert (row["numerator"], row["denominator"], row["value"]) == (yes, yes + no, yes / (yes + no))
    assert row["item"] == questionnaire(made.inputs["items"]).wording(lang)["q6"]


def test_answers_by_field_age_and_sex_hide_small_groups_and_topics_are_counted(tmp_path: Path):
    made = _survey(tmp_path, [0.8, 0.5], 300, 4)
    rng = np.random.default_rng(4)
    frame = pd.read_csv(made.inputs["responses"]).assign(
        **{
            "Giới tính": rng.choice(["Nam", "Nữ"], 300),
            "Độ tuổi": np.where(np.arange(300) < 4, "trên 80", rng.choice(["18-34", "35-59"], 300)),
            "Lĩnh vực": rng.choice(["Hộ tịch", "Đất đai"], 300),
            "Chủ đề góp ý": np.where(np.arange(300) < 40, "Thời gian", np.where(np.arange(300) < 43, "Khác", None)),
        }
    )
    frame.to_csv(made.inputs["responses"], index=False)

    def tables(**declared: object) -> dict[str, pd.DataFrame]:
        said = (Declaration(kind="responses", columns=declared),) if declared else ()
        ctx = Context(replace(made, declared={"responses": said} if said else {}))
        return {b.code: b.frame for b in registers.survey(ctx).blocks if isinstance(b, Sheet)}

    found = tables()
    assert "survey-by-gender" not in found  # sex is read only where it is declared
    found = tables(**{"Giới tính": "gender"})
    high = frame.iloc[:, 0].isin(["hài lòng", "rất hài lòng"])
    for code, column in (("gender", "Giới tính"), ("field", "Lĩnh vực")):
        shown = found[f"survey-by-{code}"]
        first = shown[shown["item"] == shown["item"].iloc[0]]
        counted = high.groupby(frame[column]).agg(["sum", "count"])
        assert sorted(first[["numerator", "denominator"]].to_numpy().tolist()) == sorted(counted.to_numpy().tolist())
    ages = found["survey-by-age_group"]
    assert (
        "trên 80" not in set(ages["age_group"])
        and ages.loc[ages["age_group"] == "(các nhóm ít người)", "value"].isna().all()
    )
    topics = found["survey-topics"].set_index("topic")
    # three comments alone would tell who sent them, and 43 less 40 would tell three
    assert "Khác" not in topics.index and topics["value"].isna().all()


def test_petition_forms_of_the_commune_are_counted_by_hand(commune: tuple[Path, Path]):
    line = examples.petition_lines("01/KQGQ", examples.communes(seed=3).head(1), seed=3).iloc[0]
    page = (commune[1] / "report.html").read_text(encoding="utf-8")
    for above, below in ((line["5"] + line["6"], line["4"]), (line["25"], line["25"] + line["26"])):
        assert re.search(rf">{above:.0f}</td><td[^>]*>{below:.0f}</td>", page)
    for code in ("01/TCD", "01/XLD", "02/XLD", "03/XLD", "01/KQGQ"):
        assert f"Biểu {code} có cộng đúng không?" in page
    assert "14" in re.search(r"Mô hình đăng ký.*?</tr>", page)[0]


def test_form_and_register_of_receptions_are_put_side_by_side(commune: tuple[Path, Path], tmp_path: Path):
    def told(made: spec.Spec) -> list[Paragraph]:
        found = [b for b in dossiers.petitions(Context(made)).blocks if isinstance(b, Paragraph)]
        return [b for b in found if "01/TCD ghi" in b.text or "cùng ghi" in b.text]

    made = spec.read(commune[0])
    line = load_form(made.inputs["form_01_tcd"], "01/TCD").iloc[0]
    register = load_cases(made.inputs["cases"])
    rows = register[register["kind"] == "reception"]
    (caution,) = told(made)
    assert caution.role == "caution" and "không khớp" in caution.text
    assert f"biểu 01/TCD ghi {line['1']:.0f} lượt, {line['2']:.0f} người, {line['3']:.0f} vụ việc" in caution.text
    assert f"ghi {len(rows)} lượt, {rows['people'].sum():.0f} người" in caution.text
    alike = pd.DataFrame(
        {"unit": "Xã A", "kind": "reception", "received": "2025-03-03", "visits": [line["1"]], "people": [line["2"]]}
    )
    alike.assign(matters=line["3"]).to_csv(tmp_path / "so-gia-lap.csv", index=False)
    (note,) = told(replace(made, inputs={**made.inputs, "cases": tmp_path / "so-gia-lap.csv"}))
    assert note.role == "note" and "cùng ghi" in note.text
    assert not told(replace(made, inputs={k: v for k, v in made.inputs.items() if k != "cases"}))


def test_it_is_said_that_a_total_elsewhere_can_tell_a_hidden_cell(commune: tuple[Path, Path]):
    ctx = Context(spec.read(commune[0]))
    by_kind, whole = registers.cases_in_time(ctx, "kind").frame, registers.cases_in_time(ctx).frame.iloc[0]
    hidden = by_kind["value"].isna()
    # the two tables together give the hidden rows' sum away: what the note warns of
    assert hidden.any() and whole["denominator"] - by_kind["denominator"].sum() > 0
    (note,) = [b for b in registers.cases(ctx).blocks if isinstance(b, Paragraph) and b.role == "note"]
    assert "chỉ xét trong từng bảng" in note.text and "Trước khi gửi báo cáo ra ngoài" in note.text


def test_a_target_that_should_stay_low_is_not_praised_for_being_high(commune: tuple[Path, Path]):
    page = (commune[1] / "report.html").read_text(encoding="utf-8")
    row = re.search(r"<tr><td[^>]*>Số hộ nghèo \(càng thấp càng tốt\)</td>.*?</tr>", page)
    assert re.search(r"<tr><td[^>]*>Số cuộc đối thoại với Nhân dân</td>", page)
    assert row and ("không đạt" in row[0]) == (_numbers(row[0])[1] > _numbers(row[0])[0])


def _numbers(row: str) -> list[float]:
    return [float(n.replace(".", "").replace(",", ".")) for n in re.findall(r'class="num"[^>]*>([\d.,]+)</td>', row)]


# Several units, periods, and an earlier year -------------------------------------------------------------------------


def _listed(folder: Path, year: int, units: pd.DataFrame) -> Path:
    frame, _ = examples.dossiers(
        1500, units, seed=year, first=f"{year - 1}-11-01", last=f"{year}-12-31", as_of=f"{year}-12-31"
    )
    path = folder / f"ho-so-{year}-gia-lap.csv"
    frame[(frame["received"].dt.year == year) | ~(frame["resolved"].dt.year < year)].to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def province(tmp_path_factory: pytest.TempPathFactory) -> spec.Spec:
    folder = tmp_path_factory.mktemp("province")
    units = examples.communes(6, seed=1)
    files = {year: {"dossiers": _listed(folder, year, units)} for year in (2023, 2024)}
    return spec.Spec(
        "tinh", "Tỉnh", "Province", "2024-12-31", scope="province", compare_with=2023,
        sections=("dossiers", "units", "limits"), inputs=files[2024], previous=files[2023],
    )  # fmt: skip


def _shares(made: spec.Spec, by: list[str]) -> pd.DataFrame:
    """Count in the plainest way: finished in the year, in time by the day after taking off the supplement days."""
    frame = load_dossiers(made.inputs["dossiers"])
    frame = frame[
        (frame["resolved"].dt.year == int(made.as_of[:4])) & ~frame["outcome"].isin(["returned", "withdrawn"])
    ]
    due = frame["due"] + pd.to_timedelta(frame["supplement_days"].fillna(0), unit="D")
    good = frame["resolved"].dt.normalize() <= due.dt.normalize()
    return good.groupby([frame[c] for c in by] or np.zeros(len(frame))).agg(["sum", "count"])


def test_units_of_a_province_are_counted_and_compared(province: spec.Spec):
    report, _ = compose(province)
    (table,) = [b for b in report.exhibits() if b.code == "units-table"]
    assert isinstance(table, Sheet)
    shown = table.frame.set_index("unit")[["numerator", "denominator"]].sort_index()
    assert shown.to_numpy().tolist() == _shares(province, ["unit"]).sort_index().to_numpy().tolist()
    assert "units-funnel" in {b.code for b in report.exhibits()}
    told = " ".join(p.text for p in report.summary)
    total = _shares(province, [])
    assert f"đã giải quyết {int(total['count'].iloc[0]):,} hồ sơ".replace(",", ".") in told
    everything = " ".join(b.text for s in report.sections for b in s.blocks if isinstance(b, Paragraph))
    assert "không phải con người" in everything and "hạng" not in told


def test_a_list_of_several_units_is_no_report_of_one_commune(province: spec.Spec):
    with pytest.raises(DataError) as caught:
        Context(replace(province, scope="commune")).tally()
    assert "6 đơn vị" in str(caught.value) and 'scope = "province"' in str(caught.value)


def test_the_difference_from_the_earlier_year_is_newcombes(province: spec.Spec):
    from statsmodels.stats.proportion import confint_proportions_2indep

    tables = {b.code: b.frame for b in comparison.compose(Context(province)).blocks if isinstance(b, Sheet)}
    assert len(tables["comparison-units"]) == 6 * 2
    row = tables["comparison"].set_index("definition").loc["resolved"]
    (x1, n1), (x2, n2) = (_shares(s, []).iloc[0] for s in (province, province.earlier()))
    assert row[["after", "before"]].tolist() == pytest.approx([100 * x1 / n1, 100 * x2 / n2])
    assert row["value"] == pytest.approx(100 * (x1 / n1 - x2 / n2))
    limits = confint_proportions_2indep(x1, n1, x2, n2, method="newcomb", compare="diff")
    assert row[["lower", "upper"]].tolist() == pytest.approx([100 * limit for limit in limits], abs=1e-7)


def test_of_a_place_with_several_numbers_in_a_year_none_is_printed(tmp_path: Path):
    head = "unit_version,unit_level,unit_code,unit,period,indicator,value,value_unit,role,source"
    one = "63,province,79,Hồ Chí Minh,{},dossiers_in_time_share,{},%,{},x"
    rows = [one.format(2023, 90, ""), one.format(2024, 80, ""), one.format(2024, 60, "restated")]
    (tmp_path / "f.csv").write_text("\n".join([head, *rows]), encoding="utf-8")
    made = replace(spec.read(), as_of="2024-12-31", compare_with=2023, inputs={"figures": tmp_path / "f.csv"})
    changes = comparison.differences(Context(made))
    row = changes[(changes["unit"] == "Hồ Chí Minh") & (changes["why"] != "")].iloc[0]
    assert row["before"] == 0.9 and np.isnan(row["after"]) and np.isnan(row["value"])  # no mean of 80 and 60


def test_no_difference_across_the_mergers_unless_something_bridges_them(province: spec.Spec, tmp_path: Path):
    files = {"dossiers": _listed(tmp_path, 2025, examples.communes(6, seed=1))}
    later = replace(province, as_of="2025-12-31", compare_with=2024, inputs=files, previous=province.inputs)
    apart = comparison.differences(Context(later))
    # both years stand beside each other, without a difference and with the reason
    assert len(apart) == 14 and apart["value"].isna().all() and apart["why"].str.contains("01/7/2025").all()
    joined = comparison.differences(Context(replace(later, bridge="xã không đổi địa giới")))
    assert len(joined) == 14 and (joined["why"] == "").all() and joined["period"].str.contains("không đổi").all()
    sides = ["unit", "definition", "before", "after"]
    pd.testing.assert_frame_equal(*(t[sides].sort_values(sides[:2], ignore_index=True) for t in (apart, joined)))
    said = " ".join(b.text for b in comparison.compose(Context(later)).blocks if isinstance(b, Paragraph))
    assert "không so sánh" in said and "01/7/2025" in said


@pytest.mark.parametrize(
    ("period", "as_of", "months"), [("quarter", "2024-09-30", (7, 9)), ("half-year", "2024-06-30", (1, 6))]
)
def test_a_shorter_period_counts_its_own_months(period: str, as_of: str, months: tuple[int, int], province: spec.Spec):
    ctx = Context(replace(province, period=period, as_of=as_of))
    (row,) = ctx.tally().frame.to_dict("records")
    received = ctx.dossiers["received"]
    assert row["received"] == ((received.dt.year == 2024) & received.dt.month.between(*months)).sum()


def test_the_privacy_threshold_hides_small_numbers(commune: tuple[Path, Path]):
    read = spec.read(commune[0])
    hidden = [
        registers.cases_in_time(Context(replace(read, privacy_threshold=least)), "kind").frame["value"].isna().sum()
        for least in (3, 10, 60)
    ]
    assert hidden[0] < hidden[1] < hidden[2]


def test_months_of_which_the_list_holds_leftovers_only_are_named(province: spec.Spec):
    def cautions(made: spec.Spec) -> list[str]:
        blocks = dossiers.dossiers(Context(made)).blocks
        return [b.text for b in blocks if isinstance(b, Paragraph) and b.role == "caution"]

    assert not cautions(province)
    (told,) = cautions(replace(province, period="three-years", compare_with=None, previous={}))
    assert "tháng 12/2023" in told and "2024" not in told


def test_a_published_report_made_again_has_the_same_numbers(
    commune: tuple[Path, Path], tmp_path: Path, rounds: Callable[[int, int], int]
):
    file, folder = commune
    if not rounds(0, 1):  # two sections of it; in a campaign all
        file = file.with_name("evaluation-two.toml")
        two = (
            (commune[0])
            .read_text(encoding="utf-8")
            .replace("[inputs]", 'sections = ["models", "targets"]\n[inputs]', 1)
        )
        file.write_text(two, encoding="utf-8")
        folder = job.evaluate(file, tmp_path)
    assert backtest(file, folder).empty
