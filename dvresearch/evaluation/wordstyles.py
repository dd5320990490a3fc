"""Styles, sections and numbering of the Word file: how its parts look, apart from what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dvresearch.evaluation.paper import MARGINS_MM

if TYPE_CHECKING:
    from docx.document import Document
    from docx.section import Section
    from docx.table import _Cell
    from docx.text.paragraph import Paragraph

__all__ = ["LANGUAGES", "ROLES", "add", "new_section", "prepare", "rule", "two_columns"]

FONT = "Times New Roman"
A4_MM = (210, 297)
TEXT_MM = A4_MM[0] - MARGINS_MM[1] - MARGINS_MM[3]
SIDEWAYS_MM = A4_MM[1] - MARGINS_MM[1] - MARGINS_MM[3]
#: Twentieths of a point, the unit of lengths in a Word file.
TWIPS_PER_MM = 1440 / 25.4
LANGUAGES = {"vi": "vi-VN", "en": "en-GB"}

TITLE, SUBTITLE, UNNUMBERED, DASH = "DV Title", "DV Subtitle", "DV Heading", "DV Summary"
HEAD_PLAIN, HEAD_BOLD, MOTTO, HEAD_NUMBER, HEAD_DAY = "DV Body Name", "DV Body Bold", "DV Motto", "DV Number", "DV Day"
RECIPIENTS, RECIPIENT, SEAL, SOURCE = "DV Recipients", "DV Recipient", "DV Seal", "DV Source"
LINE, PICTURE, NOTE_UNDER, RULE = "DV Line", "DV Picture", "DV Note Under", "DV Rule"
CELL, CELL_NUMBER, CELL_HEAD = "DVCell", "DVCellNumber", "DVCellHead"
#: Style of a paragraph of the content by its role.
ROLES = {"lead": "Body Text", "text": "Body Text", "note": "DV Note", "caution": "DV Caution"}

BODY, SMALL = 13.0, 10.0


def add(where: Document | _Cell, text: str, style: str) -> Paragraph:
    """Add a paragraph, its style by its id: by name python-docx reads through all styles for every paragraph."""
    paragraph = where.add_paragraph(text)
    paragraph._p.style = style.replace(" ", "")
    return paragraph


def prepare(document: Document, lang: str) -> None:
    """Give an empty document its page, its font, its language, its styles and its page number."""
    from docx.oxml.ns import qn

    for fonts in document.styles.element.iter(qn("w:rFonts")):
        fonts.attrib.clear()
        for script in ("ascii", "hAnsi", "cs", "eastAsia"):
            fonts.set(qn(f"w:{script}"), FONT)
    for language in document.styles.element.iter(qn("w:lang")):
        language.set(qn("w:val"), LANGUAGES[lang])
    settings = document.settings.element
    for name, value in (("w:themeFontLang", LANGUAGES[lang]), ("w:decimalSymbol", "," if lang == "vi" else ".")):
        settings.find(qn(name)).set(qn("w:val"), value)
    # otherwise Word opens the file in the mode of an older version
    settings.xpath("w:compat/w:compatSetting[@w:name='compatibilityMode']")[0].set(qn("w:val"), "15")
    _styles(document)
    _table_style(document)
    _number_headings(document)
    section = document.sections[0]
    _page(section, sideways=False)
    section.different_first_page_header_footer = True
    _page_number(section.header.paragraphs[0])


def _styles(document: Document) -> None:
    from docx.enum.style import WD_STYLE_TYPE
    from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN
    from docx.shared import Mm, Pt, RGBColor

    def style(name: str, size: float = BODY, look: str = "", align: Any = ALIGN.LEFT, *, before: float = 0,
              after: float = 6, keep: bool = False, indent: float = 0, first: float = 0) -> Any:  # fmt: skip
        known = {s.name for s in document.styles}
        made = document.styles[name] if name in known else document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        made.base_style = None if name == "Normal" else document.styles["Normal"]
        made.font.name, made.font.size, made.font.color.rgb = FONT, Pt(size), RGBColor(0, 0, 0)
        made.font.bold, made.font.italic = "b" in look, "i" in look
        form = made.paragraph_format
        form.alignment, form.keep_with_next, form.widow_control = align, keep, True
        form.space_before, form.space_after, form.line_spacing = Pt(before), Pt(after), 1.0
        form.left_indent, form.first_line_indent = Mm(indent), Mm(first)
        return made

    style("Normal", after=0)
    style("Header", align=ALIGN.CENTER, after=0)
    style("Body Text", align=ALIGN.JUSTIFY, first=12.7).paragraph_format.line_spacing = 1.15
    style("DV Note", 12, "i", ALIGN.JUSTIFY, first=12.7)
    _border(style("DV Caution", 13, "", ALIGN.JUSTIFY, before=3, after=9, indent=5), "left", 18, 6)
    style("Heading 1", BODY, "b", before=12, keep=True)
    style("Heading 2", 12, "b", before=12, after=4, keep=True)
    style("Caption", 12, "b", before=10, after=4, keep=True)
    style(UNNUMBERED, BODY, "b", ALIGN.CENTER, before=12, keep=True)
    style(TITLE, 14, "b", ALIGN.CENTER, after=2)
    style(SUBTITLE, BODY, "i", ALIGN.CENTER, before=4, after=10)
    style(DASH, align=ALIGN.JUSTIFY).paragraph_format.line_spacing = 1.15
    style(HEAD_PLAIN, 12, "", ALIGN.CENTER, after=0)
    style(HEAD_BOLD, 12, "b", ALIGN.CENTER, after=0)
    style(MOTTO, BODY, "b", ALIGN.CENTER, after=0)
    style(HEAD_NUMBER, BODY, "", ALIGN.CENTER, before=4, after=14)
    style(HEAD_DAY, BODY, "i", ALIGN.CENTER, before=4, after=14)
    style(RECIPIENTS, 12, "bi", after=0)
    style(RECIPIENT, 11, "", after=0)
    style(SEAL, BODY, "i", ALIGN.CENTER, before=28, after=28)
    style(SOURCE, 11, "", indent=10, first=-10, after=4)
    style(LINE, 12, "", ALIGN.JUSTIFY, after=4)
    style(PICTURE, after=2, align=ALIGN.CENTER, keep=True)
    style(NOTE_UNDER, SMALL, "i", before=3, after=10)
    _border(style(RULE, 2, before=2, after=0), "top", 6, 0)
    style(CELL, SMALL, after=0)
    style(CELL_NUMBER, SMALL, "", ALIGN.RIGHT, after=0)
    style(CELL_HEAD, SMALL, "b", ALIGN.CENTER, after=0, keep=True)


def _border(style: Any, side: str, eighths: int, space: int) -> None:
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    properties = style.element.get_or_add_pPr()
    line = f'w:val="single" w:sz="{eighths}" w:space="{space}" w:color="000000"'
    border = parse_xml(f"<w:pBdr {nsdecls('w')}><w:{side} {line}/></w:pBdr>")
    properties.insert_element_before(border, "w:shd", "w:spacing", "w:ind", "w:jc", "w:outlineLvl", "w:rPr")


def _table_style(document: Document) -> None:
    """Give tables a little air; the style already draws their lines."""
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls, qn

    sides = (("top", 20), ("left", 60), ("bottom", 20), ("right", 60))
    inside = "".join(f'<w:{side} w:w="{twips}" w:type="dxa"/>' for side, twips in sides)
    properties = document.styles["Table Grid"].element.find(qn("w:tblPr"))
    for old in properties.findall(qn("w:tblCellMar")):
        properties.remove(old)
    properties.append(parse_xml(f"<w:tblCellMar {nsdecls('w')}>{inside}</w:tblCellMar>"))


def _number_headings(document: Document) -> None:
    """Number headings and begin the lines of the summary with a dash, as lists that an editor can go on with."""
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    numbering = document.part.numbering_part.element
    for code, (style, kind, text, hanging) in enumerate(
        (("Heading 1", "decimal", "%1.", 0), (DASH, "bullet", "–", 283)), start=90
    ):
        made = document.styles[style]
        numbering.insert(
            0,
            parse_xml(
                f'<w:abstractNum {nsdecls("w")} w:abstractNumId="{code}"><w:multiLevelType w:val="singleLevel"/>'
                f'<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="{kind}"/><w:pStyle w:val="{made.style_id}"/>'
                f'<w:suff w:val="{"tab" if hanging else "space"}"/><w:lvlText w:val="{text}"/><w:lvlJc w:val="left"/>'
                f'<w:pPr><w:ind w:left="{hanging}" w:hanging="{hanging}"/></w:pPr>'
                f'<w:rPr><w:rFonts w:ascii="{FONT}" w:hAnsi="{FONT}" w:cs="{FONT}"/></w:rPr></w:lvl></w:abstractNum>'
            ),
        )
        numbering.append(parse_xml(f'<w:num {nsdecls("w")} w:numId="{code}"><w:abstractNumId w:val="{code}"/></w:num>'))
        properties = made.element.get_or_add_pPr()
        properties.get_or_add_numPr().get_or_add_numId().val = code
        made.paragraph_format.left_indent = made.paragraph_format.first_line_indent = None


def _page(section: Section, *, sideways: bool) -> None:
    from docx.enum.section import WD_ORIENT
    from docx.shared import Mm

    width, height = reversed(A4_MM) if sideways else A4_MM
    section.orientation = WD_ORIENT.LANDSCAPE if sideways else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = Mm(width), Mm(height)
    top, right, bottom, left = (Mm(side) for side in MARGINS_MM)
    section.top_margin, section.right_margin, section.bottom_margin, section.left_margin = top, right, bottom, left
    section.header_distance = section.footer_distance = Mm(10)


def new_section(document: Document, *, sideways: bool) -> None:
    """Begin a section on a new page that carries its number from the first page on."""
    section = document.add_section()
    _page(section, sideways=sideways)
    section.different_first_page_header_footer = False


def _page_number(paragraph: Paragraph) -> None:
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    field = f'<w:fldSimple {nsdecls("w")} w:instr=" PAGE "><w:r><w:t>2</w:t></w:r></w:fldSimple>'
    paragraph._p.append(parse_xml(field))


def rule(container: Document | _Cell, width: float, length: float) -> None:
    """Draw a line of `length` mm in the middle of `width`; the decree has lines drawn, not words underlined."""
    from docx.shared import Mm, Pt

    paragraph = container.add_paragraph(style=RULE)
    form = paragraph.paragraph_format
    form.left_indent = form.right_indent = Mm((width - length) / 2)
    form.line_spacing = Pt(4)


def two_columns(document: Document, widths: tuple[float, float]) -> tuple[_Cell, _Cell]:
    """Return the cells of a table of one row without lines, which stays on one page."""
    from docx.oxml import OxmlElement
    from docx.shared import Mm

    table = document.add_table(rows=1, cols=2)
    table.autofit = False
    cells = table.rows[0].cells
    for cell, column, width in zip(cells, table.columns, widths, strict=True):
        cell.width = column.width = Mm(width)
        # a cell cannot be without a paragraph: it is taken away once there are others
        cell._tc.remove(cell.paragraphs[0]._p)
    table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
    return cells[0], cells[1]
