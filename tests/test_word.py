"""The Word file: the layout of NĐ 30/2020/NĐ-CP measured in its XML, its content, its bytes, and its pages."""

from __future__ import annotations

import re
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import docx
import pandas as pd
import pytest
from lxml import etree

from dvresearch.errors import DataError
from dvresearch.evaluation import job, spec, word
from dvresearch.evaluation.content import Column, Figure, Paragraph, Report, Section, Sheet, Traced
from dvresearch.evaluation.items import items
from dvresearch.evaluation.paper import lay_out
from dvresearch.evaluation.screened import check_inputs

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
NS = {
    "w": W[1:-1],
    "wp": "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing",
}
TWIPS = 1440 / 25.4


@pytest.fixture(scope="module")
def path(national: Report, blank_pictures: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("word") / "report.docx"
    word.write(national, blank_pictures, file)
    return file


@pytest.fixture(scope="module")
def part(path: Path) -> Callable[[str], etree._Element]:
    """Return `part(name)`: one XML part of the file, read without the library that wrote it."""
    archive = zipfile.ZipFile(path)
    return lambda name: etree.fromstring(archive.read(name))


@pytest.fixture(scope="module")
def document(part: Callable[[str], etree._Element]) -> etree._Element:
    return part("word/document.xml")


def numbers(element: etree._Element) -> dict[str, float]:
    """Attributes that are lengths in twips, in mm."""
    return {k.removeprefix(W): int(v) / TWIPS for k, v in element.attrib.items() if v.isdigit()}


def text_of(element: etree._Element) -> str:
    return "".join(t.text or "" for t in element.iter(f"{W}t"))


def style_named(part: Callable[[str], etree._Element], name: str) -> etree._Element:
    (found,) = part("word/styles.xml").xpath(f"w:style[w:name/@w:val='{name}']", namespaces=NS)
    return found


def value(element: etree._Element, query: str) -> str:
    (found,) = element.xpath(query, namespaces=NS)
    return str(found)


# --- NĐ 30/2020/NĐ-CP, Phụ lục I --------------------------------------------------------------------------------------


def test_every_page_is_a4_with_the_margins_of_the_decree(document: etree._Element):
    sections = document.findall(f".//{W}sectPr")
    assert len(sections) == 1
    for section in sections:
        size, margins = numbers(section.find(f"{W}pgSz")), numbers(section.find(f"{W}pgMar"))
        assert (size["w"], size["h"]) == pytest.approx((210, 297), abs=0.1)
        assert 20 <= round(margins["top"], 1) <= 25 and 20 <= round(margins["bottom"], 1) <= 25
        assert 30 <= round(margins["left"], 1) <= 35 and 15 <= round(margins["right"], 1) <= 20


def test_everything_is_in_times_new_roman_and_black(part: Callable[[str], etree._Element]):
    for name in ("word/styles.xml", "word/document.xml", "word/header1.xml"):
        for fonts in part(name).iter(f"{W}rFonts"):
            assert set(fonts.attrib.values()) == {"Times New Roman"}, etree.tostring(fonts)
    for name in ("Normal", "Body Text", "heading 1", "caption", "header"):
        assert value(style_named(part, name), "w:rPr/w:rFonts/@w:ascii") == "Times New Roman"
        assert value(style_named(part, name), "w:rPr/w:color/@w:val") == "000000"


@pytest.mark.parametrize(
    ("style", "smallest", "largest"),
    [
        ("Body Text", 13, 14),
        ("DV Summary", 13, 14),
        ("heading 1", 13, 14),
        ("DV Title", 13, 14),
        ("DV Motto", 13, 14),
        ("DV Day", 13, 14),
        ("header", 13, 14),
        ("DV Body Bold", 12, 13),
        ("DV Recipients", 12, 12),
        ("DV Recipient", 11, 11),
    ],
)
def test_sizes_are_those_of_the_decree(
    part: Callable[[str], etree._Element], style: str, smallest: float, largest: float
):
    assert smallest <= int(value(style_named(part, style), "w:rPr/w:sz/@w:val")) / 2 <= largest


def test_components_stand_in_the_order_of_the_decree_and_name_no_one(document: etree._Element, national: Report):
    lines = [text_of(p) for p in document.iter(f"{W}p")]
    found = [line for line in lines if line]
    expected = [
        "[TÊN CƠ QUAN CHỦ QUẢN]",
        "[TÊN CƠ QUAN BAN HÀNH]",
        "Số: …/BC-…",
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "Độc lập - Tự do - Hạnh phúc",
        "[Địa danh], ngày … tháng … năm …",
        "BÁO CÁO",
        national.title,
    ]
    assert found[: len(expected)] == expected
    order = [
        found.index(text)
        for text in (
            national.sections[-1].title,
            "Nơi nhận:",
            "[CHỨC VỤ CỦA NGƯỜI KÝ]",
            "[Họ và tên người ký]",
            "Nguồn số liệu",
        )
    ]
    assert order == sorted(order)


def test_page_number_is_in_the_top_margin_in_the_middle_and_not_on_page_1(
    document: etree._Element, part: Callable[[str], etree._Element]
):
    first, *others = document.findall(f".//{W}sectPr")
    assert first.find(f"{W}titlePg") is not None
    assert not [s for s in others if s.find(f"{W}titlePg") is not None]
    kinds = [r.get(f"{W}type") for r in document.iter(f"{W}headerReference")]
    assert "default" in kinds
    assert first.xpath("w:headerReference[@w:type='default']", namespaces=NS), "later sections take it over"
    (field,) = part("word/header1.xml").iter(f"{W}fldSimple")
    assert field.get(f"{W}instr", "").strip() == "PAGE"
    assert value(style_named(part, "header"), "w:pPr/w:jc/@w:val") == "center"
    for section in (first, *others):
        margins = numbers(section.find(f"{W}pgMar"))
        assert 0 < margins["header"] < margins["top"] - 5


# --- content ----------------------------------------------------------------------------------------------------------


def test_every_sentence_is_there_in_order(document: etree._Element, national: Report):
    lines = [text_of(p) for p in document.iter(f"{W}p")]
    at = 0
    told = [p.text for p in national.summary]
    for section in national.sections:
        told += [section.title, *(b.text for b in section.blocks if isinstance(b, Paragraph))]
    for sentence in [*told, *national.citations.values()]:
        found = [i for i, line in enumerate(lines) if i >= at and line.endswith(sentence)]
        assert found, sentence
        at = found[0] if sentence in told else at


def test_every_row_of_every_table_is_there_with_a_decimal_comma(document: etree._Element, national: Report):
    numbered = {text: f"[{n}]" for n, text in enumerate(national.citations.values(), start=1)}
    expected = [row for blocks in items(national) for item in blocks if item.main for row in item.rows]
    printed = [tuple(text_of(c) for c in row.findall(f"{W}tc")) for row in document.iter(f"{W}tr")]
    assert len(expected) > 20
    for row in expected:
        assert tuple(numbered.get(cell, cell) for cell in row) in printed
    cells = " ".join(cell for row in printed for cell in row)
    assert re.search(r"\d,\d+%", cells) and not re.search(r"\d\.\d+%", cells)


def test_tables_repeat_their_head_keep_rows_whole_and_fit_between_the_margins(document: etree._Element):
    tables = [t for t in document.iter(f"{W}tbl") if t.find(f".//{W}tblHeader") is not None]
    assert len(tables) > 6
    for table in tables:
        rows = table.findall(f"{W}tr")
        assert rows[0].find(f"{W}trPr/{W}tblHeader") is not None
        assert all(row.find(f"{W}trPr/{W}cantSplit") is not None for row in rows)
        section = section_of(table)
        size, margins = numbers(section.find(f"{W}pgSz")), numbers(section.find(f"{W}pgMar"))
        width = numbers(table.find(f"{W}tblPr/{W}tblW"))["w"]
        assert 0 < width <= size["w"] - margins["left"] - margins["right"] + 0.2
        columns = [numbers(c)["w"] for c in table.findall(f"{W}tblGrid/{W}gridCol")]
        assert sum(columns) == pytest.approx(width, abs=0.2) and min(columns) > 5


def section_of(element: etree._Element) -> etree._Element:
    """Return the section a table belongs to: the next one that ends."""
    (found,) = element.xpath("(following::w:sectPr)[1]", namespaces=NS)
    return found


def test_every_figure_has_its_caption_and_its_alternative_text(document: etree._Element, national: Report):
    shown = [i for blocks in items(national) for i in blocks if i.main and i.kind == "figure"]
    figures = [i.block for i in shown if isinstance(i.block, Figure)]
    drawn = document.findall(f".//{{{NS['wp']}}}docPr")
    assert [d.get("descr") for d in drawn] == [f.alt for f in figures]
    assert len({d.get("id") for d in drawn}) == len(drawn) > 3
    lines = [text_of(p) for p in document.iter(f"{W}p")]
    for item, figure in zip(shown, figures, strict=True):
        assert f"Hình {item.number}. {figure.title}" in lines
    for extent in document.findall(f".//{{{NS['wp']}}}extent"):
        assert int(extent.get("cx", "0")) / 36000 <= 165.1 and int(extent.get("cy", "0")) / 36000 <= 150.1


def test_the_language_is_set(part: Callable[[str], etree._Element], national: Report, tmp_path: Path):
    assert value(part("word/styles.xml"), "w:docDefaults//w:lang/@w:val") == "vi-VN"
    assert part("docProps/core.xml").xpath("string(*[local-name()='language'])") == "vi-VN"
    english = replace(national, lang="en", sections=(), summary=(Paragraph("One sentence."),))
    word.write(english, {}, tmp_path / "en.docx")
    told = "\n".join(p.text for p in docx.Document(str(tmp_path / "en.docx")).paragraphs)
    assert "REPORT" in told and "BÁO CÁO" not in told
    styles = etree.fromstring(zipfile.ZipFile(tmp_path / "en.docx").read("word/styles.xml"))
    assert value(styles, "w:docDefaults//w:lang/@w:val") == "en-GB"


def small(text: str, rows: int = 3) -> Report:
    """Return a report of one table, with `text` wherever text can stand."""
    frame = pd.DataFrame({"unit": [f"{text} {n}" for n in range(rows)], "value": [0.5] * rows})
    columns = (Column("unit", text), Column("value", "Giá trị", "percent", 1))
    sheet = Sheet("t", text, Traced(frame, "call()", ("s",), ("f.csv",)), columns, notes=(text,))
    section = Section("one", text, (Paragraph(text, "lead"), Paragraph(text, "caution"), sheet))
    return Report("thu", "vi", text, text, (Paragraph(text),), (section,), {"s": text})


def test_text_is_text_whatever_it_holds(tmp_path: Path):
    text = 'a < b & c > "d" <w:br/> &amp; ]]> \x0b{{x}} \u202fđ'
    word.write(small(text), {}, tmp_path / "a.docx")
    document = docx.Document(str(tmp_path / "a.docx"))
    shown = text.replace("\x0b", "")
    assert sum(p.text == shown for p in document.paragraphs) >= 3
    assert document.tables[1].rows[1].cells[0].text == f"{shown} 0"


def test_a_long_table_is_for_the_workbook_and_announced():
    laid = lay_out(small("Thử", rows=13))
    assert laid.chapters[0].parts[-1] == Paragraph("Xem thêm: Bảng 1 (tệp tables.xlsx).", "note")
    short = lay_out(small("Thử", rows=12)).chapters[0].parts[-1]
    assert not isinstance(short, Paragraph) and short.name == "Bảng 1"


# --- bytes ------------------------------------------------------------------------------------------------------------


def test_same_content_same_bytes_and_no_time(national: Report, path: Path, tmp_path: Path, blank_pictures: dict):
    again = tmp_path / "other name.docx"
    word.write(national, blank_pictures, again)
    assert again.read_bytes() == path.read_bytes()
    archive = zipfile.ZipFile(again)
    assert {m.date_time for m in archive.infolist()} == {(2000, 1, 1, 0, 0, 0)}
    core = archive.read("docProps/core.xml").decode()
    assert set(re.findall(r"\d{4}-\d\d-\d\dT[\d:]+Z", core)) == {"2000-01-01T00:00:00Z"}


# --- pages ------------------------------------------------------------------------------------------------------------


# --- a template of the office -----------------------------------------------------------------------------------------


def test_an_office_takes_an_earlier_report_as_its_template(path: Path, tmp_path: Path):
    """Its styles, margins and header come into the next report, what is written in it does not."""
    own = docx.Document(str(path))
    own.styles["Heading 1"].font.size = docx.shared.Pt(15)
    own.sections[-1].left_margin = docx.shared.Mm(25)
    own.save(str(tmp_path / "mau.docx"))
    word.write(small("một câu"), {}, tmp_path / "a.docx", tmp_path / "mau.docx")
    made = docx.Document(str(tmp_path / "a.docx"))
    assert made.styles["Heading 1"].font.size == docx.shared.Pt(15)
    assert [round(made.sections[0].left_margin.mm), round(made.sections[0].page_width.mm)] == [25, 210]
    assert "PAGE" in made.sections[0].header._element.xml and made.sections[0].different_first_page_header_footer
    said = [p.text for p in made.paragraphs]
    assert "một câu" in said and len(said) < 20
    word.write(small("một câu"), {}, tmp_path / "b.docx", tmp_path / "mau.docx")
    assert (tmp_path / "a.docx").read_bytes() == (tmp_path / "b.docx").read_bytes()


def test_a_template_that_cannot_be_one_is_named_before_anything_is_made(tmp_path: Path):
    (tmp_path / "mau.docx").write_text("không phải Word", encoding="utf-8")
    with pytest.raises(DataError, match=r"mau\.docx[\s\S]*report\.docx"):
        word.write(small("x"), {}, tmp_path / "a.docx", tmp_path / "mau.docx")
    docx.Document().save(str(tmp_path / "trong.docx"))
    with pytest.raises(DataError, match="DV Title, DV Subtitle"):
        word.write(small("x"), {}, tmp_path / "a.docx", tmp_path / "trong.docx")
    (tmp_path / "evaluation.toml").write_text(
        'name = "thu"\ntitle_vi = "a"\ntitle_en = "b"\nas_of = "2026-12-31"\n[inputs]\ntemplate = "trong.docx"\n',
        "utf-8",
    )
    for run in (lambda: job.evaluate(tmp_path, tmp_path / "out"), lambda: check_inputs(spec.read(tmp_path))):
        with pytest.raises(DataError, match="DV Title, DV Subtitle"):
            run()
    assert not (tmp_path / "a.docx").exists() and not (tmp_path / "out" / "thu").exists()


@pytest.fixture(scope="module")
def pages(path: Path, program: Callable[[str], str], shipped_fonts: dict[str, str], read_pdf: Callable) -> tuple:
    """Return the pages LibreOffice makes of the file, and the PDF they are in."""
    command = [program("soffice"), f"-env:UserInstallation={(path.parent / 'profile').as_uri()}", "--headless"]
    command += ["--convert-to", "pdf", "--outdir", str(path.parent), str(path)]
    subprocess.run(command, env=shipped_fonts, capture_output=True, check=True, timeout=240)
    printed = path.with_suffix(".pdf")
    return read_pdf(printed), printed


def test_libreoffice_prints_it_with_the_shipped_font(pages: tuple, fonts_in: Callable[[Path], set[str]]):
    assert {name.split("-")[0] for name in fonts_in(pages[1])} == {"LiberationSerif"}


def test_nothing_is_printed_in_the_margins_but_the_page_number(pages: tuple):
    found = pages[0]
    assert len(found) > 10
    for number, page in enumerate(found, start=1):
        assert sorted((page.width, page.height)) == pytest.approx([210, 297], abs=0.2)
        above = [w for w in page.words if w.bottom < 19.5]
        assert [w.text for w in above] == ([] if number == 1 else [str(number)])
        for w in above:
            # in the middle between the margins of 30 and 15 mm
            assert (w.left + w.right) / 2 == pytest.approx((30 + page.width - 15) / 2, abs=1)
        for w in set(page.words) - set(above):
            assert w.left >= 29.5 and w.right <= page.width - 14.5 and w.bottom <= page.height - 19.5, (number, w)


def test_the_brief_to_hand_in_is_one_page(
    national: Report,
    blank_pictures: dict,
    tmp_path: Path,
    program: Callable[[str], str],
    shipped_fonts: dict[str, str],
    read_pdf: Callable,
):
    file = tmp_path / "tom-tat.docx"
    word.write_brief(national, blank_pictures, file)
    command = [program("soffice"), f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--headless"]
    command += ["--convert-to", "pdf", "--outdir", str(tmp_path), str(file)]
    subprocess.run(command, env=shipped_fonts, capture_output=True, check=True, timeout=240)
    (page,) = read_pdf(file.with_suffix(".pdf"))
    brief = national.brief
    for told in [*(p.text for p in national.summary), *brief.unknown, *brief.asks, brief.reading, *brief.notes]:
        assert "".join(told.split()) in page.squeezed()


def test_the_summary_is_a_page_of_its_own(pages: tuple, national: Report):
    first, second = (page.squeezed() for page in pages[0][:2])
    for sentence in national.summary:
        assert "".join(sentence.text.split()) in first
    title = "".join(national.sections[0].title.split())
    assert title not in first and f"1.{title}" in second


def test_no_vietnamese_letter_is_lost_on_the_way_to_paper(pages: tuple, national: Report):
    printed = "".join(page.squeezed() for page in pages[0])
    for section in national.sections:
        for block in section.blocks:
            if isinstance(block, Paragraph):
                assert "".join(block.text.split()) in printed
