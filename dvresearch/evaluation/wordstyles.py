"""The template of Word files and the names of its styles: how their parts look, apart from what they say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

from dvresearch.errors import DataError

if TYPE_CHECKING:
    from docx.document import Document
    from docx.table import _Cell
    from docx.text.paragraph import Paragraph

__all__ = ["LANGUAGES", "ROLES", "STYLES", "add", "opened", "rule", "text_mm", "two_columns"]

#: Page, styles and numbering by NĐ 30/2020/NĐ-CP; an office may take its own.
TEMPLATE = Path(__file__).with_name("template.docx")
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
#: All of them; headings and the lines of the summary are numbered by the template.
STYLES = (
    *("Normal", "Header", "Heading 1", "Caption", "Table Grid", *ROLES.values()),
    *(TITLE, SUBTITLE, UNNUMBERED, DASH, HEAD_PLAIN, HEAD_BOLD, MOTTO, HEAD_NUMBER, HEAD_DAY, RECIPIENTS, RECIPIENT),
    *(SEAL, SOURCE, LINE, PICTURE, NOTE_UNDER, RULE, CELL, CELL_NUMBER, CELL_HEAD),
)


def add(where: Document | _Cell, text: str, style: str) -> Paragraph:
    """Add a paragraph, its style by its id: by name python-docx reads through all styles for every paragraph."""
    paragraph = where.add_paragraph(text)
    paragraph._p.style = style.replace(" ", "")
    return paragraph


def opened(lang: str, template: Path | None = None) -> Document:
    """Return a document without content that looks as a template says: its page, styles, numbering, header and footer.

    Parameters
    ----------
    lang : {"vi", "en"}
        Language of what will be written.
    template : Path, optional
        A Word file of the office, for example an earlier ``report.docx`` in which it changed the styles; what is
        written in it is left out. The one of the package when not given.

    Raises
    ------
    DataError
        When it is no Word file or lacks styles.
    """
    import docx
    from docx.enum.section import WD_ORIENT
    from docx.opc.exceptions import PackageNotFoundError
    from docx.oxml.ns import qn

    file = template or TEMPLATE
    try:
        document = docx.Document(str(file))
    except (PackageNotFoundError, KeyError, ValueError, BadZipFile):
        raise DataError("template-no-word-file", where=file.name) from None
    named = {str(style.style_id) for style in document.styles}
    if lacking := [name for name in STYLES if name.replace(" ", "") not in named]:
        raise DataError("template-lacks-styles", where=file.name, got=", ".join(lacking))
    body = document.element.body
    for element in [e for e in body if e is not body.sectPr]:
        body.remove(element)
    for language in document.styles.element.iter(qn("w:lang")):
        language.set(qn("w:val"), LANGUAGES[lang])
    settings = document.settings.element
    for name, value in (("w:themeFontLang", LANGUAGES[lang]), ("w:decimalSymbol", "," if lang == "vi" else ".")):
        for setting in settings.findall(qn(name)):
            setting.set(qn("w:val"), value)
    section: Any = document.sections[0]
    # an earlier report of the office may end with pages turned
    section.orientation = WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = sorted((section.page_width, section.page_height))
    section.different_first_page_header_footer = True
    if section.header.is_linked_to_previous:  # a report's last section, which has the header of the first
        _page_number(section.header.paragraphs[0])
    return document


def text_mm(document: Document) -> float:
    """Return the width of the text."""
    section: Any = document.sections[0]
    return float((section.page_width - section.left_margin - section.right_margin) / 36_000)


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
