"""Nobody is named: names and numbers planted in every column of every example appear in no output, log or message."""

from __future__ import annotations

import io
import json
import logging
import re
import subprocess
import sys
import zipfile

import openpyxl
import pandas as pd
import pytest

from dvresearch import cli, examples, loaders, metrics
from dvresearch.errors import DataError
from dvresearch.examples import commune
from dvresearch.examples.registers import ITEMS
from dvresearch.privacy import holds_person, showable
from dvresearch.screening import screen
from dvresearch.tables import CASES, DOSSIERS, MODELS, RUBRIC, TARGETS, responses_table
from dvresearch.text import plain
from tests import office

UNITS = examples.communes(3, seed=13)
#: What is planted, one after another, and what must not be found afterwards (without diacritics and spaces).
PLANTED = (
    "Nguyễn Thị Hồng Nhung",
    "001185012345",
    "0912345678",
    "Đơn của ông Lê Văn Bảy, CCCD 001085 099 887, ĐT 0987.654.321",
    "bay.le@example.org",
    "LE VAN BAY",
)
TRACES = ("hongnhung", "vanbay", "001185012345", "0912345678", "912345678", "001085", "0987654321", "baylexampleorg")
SURVEY = responses_table(ITEMS, ("gender",))
EXAMPLES = {
    "dossiers": (examples.dossiers(60, UNITS, seed=13)[0], DOSSIERS),
    "cases": (examples.cases(60, UNITS, seed=13)[0], CASES),
    "responses": (examples.responses(60, UNITS, seed=13, sensitive=("gender",))[0], SURVEY),
    "models": (examples.models(60, UNITS, seed=13)[0], MODELS),
    "targets": (examples.targets(UNITS, seed=13)[0], TARGETS),
    "rubric": (examples.rubric(UNITS, seed=13)[0], RUBRIC),
}
MESS = office.Mess(titles=2, serial=True, total=True, notes=True)
FIRST = 6  # row of the first record: behind the notice, two titles, an empty row and the header


def load(path, table):
    if table == "responses":
        return loaders.load_responses(path, asked(path.parent), sensitive=("gender",))
    return getattr(loaders, f"load_{table}")(path)


def asked(folder):
    file = folder / "phieu.toml"
    body = "\n".join(f'{item} = {{ header = "{item}", scale = "{scale}" }}' for item, scale in ITEMS.items())
    file.write_text("[items]\n" + body, encoding="utf-8")
    return file


def planted(table, columns, tmp_path):
    """Write the example, then plant each text once in each of `columns`."""
    frame, contract = EXAMPLES[table]
    path = office.write_office(frame, tmp_path / f"{table}-gia-lap.xlsx", table=contract, mess=MESS, seed=1)
    book = openpyxl.load_workbook(path)
    sheet = book["Giả lập"]
    for shift, name in enumerate(columns):
        for i, text in enumerate(PLANTED):
            row = (3 * shift + 2 * i) % len(frame)
            sheet.cell(FIRST + row, 2 + list(frame.columns).index(name)).value = text
    book.save(path)
    return path


def no_trace(*outputs):
    said = plain(" ".join(map(str, outputs))).replace(" ", "")
    assert not [trace for trace in TRACES if trace in said]


def told(path, table):
    """Everything a user gets to see of a file without loading it: findings in words, and all of them as data."""
    options = ["--items", str(asked(path.parent))] if table == "responses" else []
    return (
        run("check", str(path), "--as", table, *options),
        run("check", str(path), "--as", table, "--json", *options),
    )


def run(*arguments):
    out, before = io.StringIO(), (sys.argv, sys.stdout, sys.stderr)
    sys.argv, sys.stdout, sys.stderr = ["dvresearch", *arguments], out, out
    try:
        cli.main()
    except SystemExit:
        pass
    finally:
        sys.argv, sys.stdout, sys.stderr = before
    assert "Traceback" not in out.getvalue()
    return out.getvalue()


def measures(frame, table):
    """Tables made of what was loaded."""
    if table == "dossiers":
        yield metrics.tally(frame, ["unit", "procedure", "field"], as_of="2026-12-31")
    if table == "cases":
        yield metrics.case_counts(frame, ["unit", "kind", "field"], min_count=1)
        yield metrics.case_shares(frame, "field", min_count=1)
    if table == "responses":
        yield metrics.answer_shares(frame, {"q1": "hai_long_5"}, ["stratum", "cluster"], min_count=1)
    if table == "targets":
        yield metrics.attainment(frame)
    if table == "rubric":
        yield metrics.appraisal(frame, ["unit", "criterion"])


def columns_of(table, *, required):
    frame, contract = EXAMPLES[table]
    words = [c for c in contract.columns if c.name in frame and c.kind in ("text", "code", "yesno")]
    closed = [c.name for c in words if c.required or c.vocabulary in ITEMS.values() or c.kind == "yesno"]
    if required:
        return [c.name for c in contract.columns if c.name in frame and c.kind != "stated"]
    return [c.name for c in words if c.name not in closed] + [
        c.name for c in contract.columns if c.name in frame and c.kind == "stated"
    ]


@pytest.mark.parametrize("table", EXAMPLES)
def test_columns_that_may_be_empty_lose_such_cells(table, tmp_path, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    columns = columns_of(table, required=False)
    assert columns or table == "targets"
    path = planted(table, columns, tmp_path)
    frame = load(path, table)
    no_trace(frame.to_csv(), frame.attrs, *(m.to_csv() for m in measures(frame, table)), *told(path, table))
    no_trace(caplog.text, *capfd.readouterr())
    source, contract = EXAMPLES[table]
    for name in columns:  # only the planted cells are gone
        if not contract.column(name).words and contract.column(name).kind != "stated":
            kept = frame[name].reset_index(drop=True).notna() | source[name].isna()
            assert (~kept).sum() == len(PLANTED), name


@pytest.mark.parametrize("table", EXAMPLES)
def test_where_one_is_needed_the_file_is_refused_without_repeating_it(table, tmp_path, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    path = planted(table, columns_of(table, required=True), tmp_path)
    with pytest.raises(DataError) as caught:
        load(path, table)
    no_trace(caught.value, repr(caught.value), caught.value.args, *told(path, table), caplog.text, *capfd.readouterr())


#: Files whose planted cells make them useless: their sections fail, which the report says without repeating a cell.
REFUSED = {"models", "rubric"}
EVALUATION = """name = "thu-gia-lap"
title_vi = "Thử (giả lập)"
title_en = "Trial (synthetic)"
scope = "province"
as_of = "2025-12-31"
[inputs]
"""


def evaluated(refused, tmp_path):
    """Evaluate planted files, some of them useless, and return what the command printed."""
    asked(tmp_path)
    named = {"items": "phieu.toml"}
    for table in EXAMPLES:
        columns = columns_of(table, required=table in refused)
        named[table] = planted(table, columns, tmp_path).name
    inputs = "".join(f'{key} = "{name}"\n' for key, name in named.items())
    (tmp_path / "evaluation.toml").write_text(EVALUATION + inputs, encoding="utf-8")
    answers = tmp_path / f"{named['dossiers']}.khai.toml"
    answers.write_text('[[table]]\nas = "dossiers"\ndue_contains_pause = false\n', encoding="utf-8")
    return run("evaluate", str(tmp_path / "evaluation.toml"), "--out", str(tmp_path / "out"))


def test_where_no_file_can_be_used_the_message_names_nobody(tmp_path, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    said = evaluated(EXAMPLES, tmp_path)
    assert "dossiers-gia-lap.xlsx" in said and not (tmp_path / "out" / "thu-gia-lap").exists()
    no_trace(said, caplog.text, *capfd.readouterr())
    for path in (tmp_path / "out").rglob("*"):
        if path.is_file():
            no_trace(path.read_bytes().decode("utf-8", "ignore"))


def test_an_evaluation_of_planted_files_names_nobody(tmp_path, program, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    said = evaluated(REFUSED, tmp_path)
    report = tmp_path / "out" / "thu-gia-lap"
    stated = json.loads((report / "manifest.json").read_text(encoding="utf-8"))
    failed = {f["section"] for f in stated["failed"]}
    assert failed == REFUSED
    assert {s["code"] for s in stated["sections"]} >= {"quality", "dossiers", "units", "cases", "survey", "targets"}
    no_trace(said, json.dumps(stated, ensure_ascii=False), caplog.text, *capfd.readouterr())
    no_trace((tmp_path / "out" / "thu-gia-lap.log").read_text(encoding="utf-8"))
    # pictures hold no text that could be searched: their words are those of the tables and the alternative texts
    no_trace(re.sub(r"base64,[^\"]+", "", (report / "report.html").read_text(encoding="utf-8")))
    for office_file in ("report.docx", "tables.xlsx"):
        with zipfile.ZipFile(report / office_file) as parts:
            for name in parts.namelist():
                if name.endswith((".xml", ".rels")):
                    no_trace(re.sub(r"<[^>]+>", "", parts.read(name).decode("utf-8")), parts.read(name).decode("utf-8"))
    no_trace(
        subprocess.run(
            [program("pdftotext"), report / "report.pdf", "-"], capture_output=True, check=True
        ).stdout.decode()
    )


@pytest.mark.parametrize("code", [*commune.PETITION_FORMS, "II.06a"])
def test_forms_name_nobody(code, tmp_path):
    path = loaders.blank_form(tmp_path / "bieu-gia-lap.xlsx", code, lines=len(PLANTED))
    book = openpyxl.load_workbook(path)
    sheet = book.active
    for i, text in enumerate(PLANTED):
        sheet.cell(8 + i, 2).value = text
        for column in range(3, sheet.max_column):
            sheet.cell(8 + i, column).value = 5
    sheet["A3"] = "Người lập biểu: Nguyễn Thị Hồng Nhung, ĐT 0912345678"
    sheet["H2"] = PLANTED[3]
    book.save(path)
    with pytest.raises(DataError) as caught:
        loaders.load_form(path, code)
    no_trace(caught.value, screen(path, code).to_csv(), run("check", str(path), "--as", code))


@pytest.mark.parametrize("text", PLANTED)
def test_planted_texts_are_recognised(text):
    assert holds_person(text)
    no_trace(showable(text))


@pytest.mark.parametrize(
    "text",
    [
        "Phường Nguyễn Trãi",
        "Xã Lê Lợi",
        "UBND phường Trần Hưng Đạo",
        "Trường THPT Lê Hồng Phong",
        "Đường Nguyễn Thị Minh Khai",
        "Thái Nguyên",
        "Sơn La",
        "Thị xã Bà Rịa",
        "Sở Y tế Hà Nội",
        "Cấp Giấy chứng nhận quyền sử dụng đất",
        "000.00.12.H05-251103-0001",
        "H05-031103-0001",
        "GL.2025.000001",
        "Thu ngân sách 120.345.678.900 đồng",
        "Thực hiện Nghị định 136/2013/NĐ-CP",
        "Lý lịch tư pháp",
    ],
)
def test_places_bodies_and_numbers_are_no_persons(text):
    assert not holds_person(text)


def test_a_name_on_many_rows_is_that_of_a_ward(tmp_path):
    rows = [f"HS-{i};Lê Lợi;05/01/2026;19/01/2026" for i in range(12)] + ["HS-99;Phường Hai;05/01/2026;19/01/2026"]
    path = tmp_path / "ho-so.csv"
    path.write_text("Mã hồ sơ;Đơn vị;Ngày tiếp nhận;Ngày hẹn trả\n" + "\n".join(rows), encoding="utf-8")
    with pytest.raises(DataError, match="dữ liệu cá nhân"):  # half of the units look like people
        loaders.load_dossiers(path)
    more = [f"HS-{i};Phường {w};05/01/2026;19/01/2026" for i, w in enumerate(["Ba", "Tư", "Năm"], start=200)]
    path.write_text("Mã hồ sơ;Đơn vị;Ngày tiếp nhận;Ngày hẹn trả\n" + "\n".join([*rows, *more]), encoding="utf-8")
    assert pd.Series(loaders.load_dossiers(path)["unit"]).value_counts()["Lê Lợi"] == 12


def test_a_person_in_the_name_of_a_sheet_or_a_file_is_in_no_output(tmp_path, monkeypatch, capsys):
    book, path = openpyxl.Workbook(), tmp_path / "Ho so Nguyễn Văn Bình.xlsx"
    header = ["Mã hồ sơ", "Ngày tiếp nhận", "Ngày hẹn trả", "Ngày trả kết quả"]
    for name in ("Trần Thị Hoa", "Phạm Văn Dũng"):
        sheet = book.create_sheet(name)
        sheet.append(header)
        sheet.append([f"HS-{name[0]}", "02/13/2026", "05/03/2026", "04/03/2026"])
    book["Phạm Văn Dũng"]["B2"] = "02/03/2026"
    del book["Sheet"]
    book.save(path)
    for words in (["check", "--given", "unit=Xã A"], ["declare", "--given", "unit=Xã A"], ["check", "--json"]):
        monkeypatch.setattr(sys, "argv", ["dvresearch", words[0], str(path), *words[1:]])
        with pytest.raises(SystemExit):
            cli.main()
    beside = path.with_name(f"{path.name}.khai.toml")
    said = "".join(capsys.readouterr()) + beside.read_text(encoding="utf-8")
    assert "trang 2" in said or "trang 1" in said
    assert not [name for name in ("Bình", "Hoa", "Dũng") if name in said]
    # whoever knows the name may type it
    beside.unlink()
    for sheet in ("Phạm Văn Dũng", "trang 2"):
        assert len(loaders.load_dossiers(path, unit="Xã A", sheet=sheet)) == 1
