"""The report as a Word file an office can edit and issue, laid out by NĐ 30/2020/NĐ-CP.

What the decree asks for stands in ``template.docx`` (A4, margins, Times New Roman, black, body 13-14 points, the page
number in the middle of the top margin and none on page 1) and here: the heading block, the order of the components.
Sizes follow its annex (Quốc hiệu 12-13, Tiêu ngữ 13-14, Nơi nhận 12 and 11). Names, number, day and signature belong to
the office: they are blanks to fill in, in brackets or as dots.
"""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

from dvresearch import workbook
from dvresearch.evaluation import wordstyles as look
from dvresearch.evaluation.content import Paragraph, Report
from dvresearch.evaluation.paper import BRIEF_MM, PICTURE_MM, TOGETHER, Exhibit, Grid, lay_out, plain
from dvresearch.evaluation.prose import words

if TYPE_CHECKING:
    from docx.document import Document

__all__ = ["write", "write_brief"]

#: A picture of less height could not be read.
LEAST_MM = 34


def write(report: Report, pictures: dict[str, bytes], path: Path, template: Path | None = None) -> None:
    """Write `report` as a Word file; the same content gives the same bytes.

    Parameters
    ----------
    report : Report
        The content.
    pictures : dict of str to bytes
        PNG bytes of every figure by its code.
    path : Path
        The .docx file.
    template : Path, optional
        The office's own template, see :func:`~dvresearch.evaluation.wordstyles.opened`.
    """
    word, paper = {**words("printed", report.lang), **words("word-file", report.lang)}, lay_out(report)
    document = look.opened(report.lang, template)
    wide = look.text_mm(document)
    _properties(document, report)
    _heading_block(document, word)
    look.add(document, word["kind"], look.TITLE)
    look.add(document, plain(report.title), look.TITLE)
    look.rule(document, wide, wide / 3)
    look.add(document, plain(report.subtitle), look.SUBTITLE)
    # the heading of an official letter leaves no room for the picture, which stands in its section as well
    _brief(document, report, {}, word)
    for at, chapter in enumerate(paper.chapters):
        if chapter.begins:
            look.add(document, plain(chapter.begins), look.UNNUMBERED)
        heading = look.add(document, plain(chapter.title), "Heading 1")
        # the brief is a page of its own: the one a leader reads
        heading.paragraph_format.page_break_before = at == 0
        for part in chapter.parts:
            if isinstance(part, Paragraph):
                look.add(document, plain(part.text), look.ROLES[part.role])
            else:
                _exhibit(document, part, pictures, wide)
    # a signature does not stand on a page of its own
    document.paragraphs[-1].paragraph_format.keep_with_next = True
    _signature(document, word)
    if paper.sources:
        look.add(document, word["sources"], look.UNNUMBERED)
        for n, citation in enumerate(paper.sources, start=1):
            look.add(document, f"[{n}]\t{plain(citation)}", look.SOURCE)
    _save(document, path)


def write_brief(report: Report, pictures: dict[str, bytes], path: Path, template: Path | None = None) -> None:
    """Write page one alone, one A4 page to hand in; the parameters are those of :func:`write`."""
    from docx.shared import Pt

    document = look.opened(report.lang, template)
    # no letter of its own, but a page beside one: smaller, so that it stays one page
    document.styles[look.DASH].font.size = Pt(12)
    _properties(document, report)
    look.add(document, plain(report.title), look.TITLE)
    look.add(document, plain(report.subtitle), look.SUBTITLE)
    _brief(document, report, pictures, words("printed", report.lang))
    _save(document, path)


def _save(document: Document, path: Path) -> None:
    buffer = io.BytesIO()
    document.save(buffer)
    path.write_bytes(workbook.fix_zip(buffer.getvalue()))


def _brief(document: Document, report: Report, pictures: dict[str, bytes], word: dict[str, str]) -> None:
    """Add what a leader reads: findings, one picture and how it is read, what is not known, what to do."""
    brief = report.brief
    told = {"findings": [p.text for p in report.summary], "unknown": brief.unknown, "asks": brief.asks}
    for key, sentences in told.items():
        if sentences:
            look.add(document, word[key], look.UNNUMBERED)
        for sentence in sentences:
            look.add(document, plain(sentence), look.DASH)
        if key == "findings" and (shown := brief.picture) and pictures and (room := _room(report)) >= LEAST_MM:
            _picture(document, shown.code, shown.title, shown.alt, pictures, min(BRIEF_MM, room))
            look.add(document, plain(f"{shown.title}. {brief.reading}".replace("?. ", "? ")), look.NOTE_UNDER)
    if brief.notes:
        look.add(document, plain(" ".join(brief.notes)), look.NOTE_UNDER)


def _room(report: Report) -> float:
    """Return how high a picture the sentences leave on page one, in mm: lines of 12 points, about 96 letters each."""
    brief = report.brief
    told = [*(p.text for p in report.summary), *brief.unknown, *brief.asks]
    lines = sum(math.ceil(len(text) / 96) for text in told)
    small = math.ceil((len(brief.reading) + 60) / 110) + math.ceil(len(" ".join(brief.notes)) / 110)
    title = math.ceil(len(report.title) / 70)
    return 266 - 7 * title - 12 - 3 * 9 - 4.95 * lines - 1.1 * len(told) - 4.2 * small - 8


def _properties(document: Document, report: Report) -> None:
    core = document.core_properties
    core.title, core.subject, core.language = plain(report.title), plain(report.subtitle), look.LANGUAGES[report.lang]
    core.author = core.last_modified_by = "dvresearch"
    core.comments = ""


def _heading_block(document: Document, word: dict[str, str]) -> None:
    widths = (63, look.text_mm(document) - 63)
    left, right = look.two_columns(document, widths)
    look.add(left, word["superior"], look.HEAD_PLAIN)
    look.add(left, word["body"], look.HEAD_BOLD)
    look.rule(left, widths[0], 24)
    look.add(left, word["number"], look.HEAD_NUMBER)
    look.add(right, word["state"], look.HEAD_BOLD)
    look.add(right, word["motto"], look.MOTTO)
    look.rule(right, widths[1], 60)
    look.add(right, word["day"], look.HEAD_DAY)


def _signature(document: Document, word: dict[str, str]) -> None:
    left, right = look.two_columns(document, (80, look.text_mm(document) - 80))
    look.add(left, word["recipients"], look.RECIPIENTS)
    for key in ("recipient", "kept"):
        look.add(left, word[key], look.RECIPIENT)
    look.add(right, word["post"], look.HEAD_BOLD)
    look.add(right, word["seal"], look.SEAL)
    look.add(right, word["signer"], look.HEAD_BOLD)


def _exhibit(document: Document, exhibit: Exhibit, pictures: dict[str, bytes], width: float) -> None:
    look.add(document, f"{exhibit.name}. {plain(exhibit.title)}", "Caption")
    if exhibit.line:
        look.add(document, plain(exhibit.line), look.LINE).paragraph_format.keep_with_next = bool(exhibit.grid)
    if exhibit.alt:
        _picture(document, exhibit.code, exhibit.title, exhibit.alt, pictures, PICTURE_MM, exhibit.name)
    if exhibit.grid:
        document.element.body.insert_element_before(_table(exhibit.grid, exhibit.title, width), "w:sectPr")
    look.add(document, plain(exhibit.note), look.NOTE_UNDER)


def _picture(
    document: Document, code: str, title: str, alt: str, pictures: dict[str, bytes], highest: float, name: str = ""
) -> None:
    from docx.shared import Mm

    shape = look.add(document, "", look.PICTURE).add_run().add_picture(io.BytesIO(pictures[code]))
    scale = min(1, Mm(look.text_mm(document)) / shape.width, Mm(highest) / shape.height)
    shape.width, shape.height = round(shape.width * scale), round(shape.height * scale)
    properties = shape._inline.docPr
    properties.set("name", name or title)
    properties.set("title", plain(title))
    properties.set("descr", plain(alt))


def _table(grid: Grid, title: str, width: float) -> Any:
    """Return a table as an element; written as text, because cell by cell takes ten times as long."""
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    widths = [round(share * width * look.TWIPS_PER_MM) for share in grid.widths]
    size = f'<w:rPr><w:sz w:val="{round(2 * grid.size)}"/></w:rPr>'

    def row(cells: tuple[str, ...], mark: str, keep: bool, styles: list[str]) -> str:
        kept = "<w:keepNext/>" if keep else ""
        inside = "".join(
            f'<w:tc><w:tcPr><w:tcW w:w="{w}" w:type="dxa"/></w:tcPr><w:p><w:pPr><w:pStyle w:val="{style}"/>{kept}'
            f'</w:pPr><w:r>{size}<w:t xml:space="preserve">{escape(plain(text))}</w:t></w:r></w:p></w:tc>'
            for text, w, style in zip(cells, widths, styles, strict=True)
        )
        return f"<w:tr><w:trPr><w:cantSplit/>{mark}</w:trPr>{inside}</w:tr>"

    styles = [look.CELL_NUMBER if numeric else look.CELL for numeric in grid.numeric]
    # the last row stays with the note under the table
    together = [len(grid.rows) <= TOGETHER or n == len(grid.rows) for n in range(1, len(grid.rows) + 1)]
    head = row(grid.head, "<w:tblHeader/>", True, [look.CELL_HEAD] * len(grid.head))
    body = "".join(row(cells, "", keep, styles) for cells, keep in zip(grid.rows, together, strict=True))
    columns = "".join(f'<w:gridCol w:w="{w}"/>' for w in widths)
    return parse_xml(
        f'<w:tbl {nsdecls("w")}><w:tblPr><w:tblStyle w:val="TableGrid"/><w:tblW w:w="{sum(widths)}" w:type="dxa"/>'
        '<w:tblLayout w:type="fixed"/><w:tblLook w:val="0020" w:firstRow="1" w:lastRow="0" w:firstColumn="0"'
        f' w:lastColumn="0" w:noHBand="1" w:noVBand="1"/><w:tblCaption w:val={quoteattr(plain(title))}/></w:tblPr>'
        f"<w:tblGrid>{columns}</w:tblGrid>{head}{body}</w:tbl>"
    )
