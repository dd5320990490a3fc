"""A questionnaire as a Word form to print: one box for each answer, with the number to type for it."""

from __future__ import annotations

import io
import itertools
from pathlib import Path
from typing import TYPE_CHECKING

from dvresearch import codebook, workbook
from dvresearch.errors import ParameterError, Text
from dvresearch.evaluation import wordstyles as look
from dvresearch.evaluation.prose import words
from dvresearch.evaluation.shown import Lang
from dvresearch.loaders import Questionnaire, questionnaire
from dvresearch.tables import NO_ANSWER, SCALES

if TYPE_CHECKING:
    from docx.document import Document
    from docx.table import _Cell

    from dvresearch.loaders.questionnaires import Question

__all__ = ["questionnaire_form"]

_BOX, _LINE = "☐", "…" * 37
#: Width of the number of an item, in mm, and size of its wording, in points.
_NUMBER_MM, _SIZE = 8, 11.5
#: Width of the box of an answer and size of its heading: “dissatisfied” is a long word.
_ANSWER = {"vi": (15.0, 10.0), "en": (18.5, 8.0)}


def questionnaire_form(path: str | Path, items: str | Path | Questionnaire, *, lang: Lang = "vi") -> Path:
    """Write a questionnaire as a Word form to print; the same bytes every time.

    Parameters
    ----------
    path : str or Path
        The .docx file to write.
    items : str, Path or Questionnaire
        As for :func:`dvresearch.questionnaire`: ``"one-stop"``, or a TOML file.
    lang : {"vi", "en"}, default "vi"
        Language of the form.

    Returns
    -------
    Path
        The file. Items of one scale stand in one table, under their factors; under each answer stands what to type
        for it, so that answers typed from the form load with :func:`dvresearch.load_responses` as they are.

    Raises
    ------
    DataError, ParameterError
        For a questionnaire that cannot be used, one without wordings, or a path that is taken, no .docx or nowhere.
    """
    asked = items if isinstance(items, Questionnaire) else questionnaire(items)
    bare = [q.code for q in asked.questions if not q.wording.vi]
    if bare:
        raise ParameterError("item-without-words", got=", ".join(bare))
    target = Path(path)
    if target.exists() or target.suffix.lower() != ".docx" or not target.absolute().parent.is_dir():
        raise ParameterError("slip-not-written", name=target.name)
    word, document = words("slip", lang), look.opened(lang)
    core = document.core_properties
    core.title, core.language, core.comments = _say(asked.title, lang), look.LANGUAGES[lang], ""
    core.author = core.last_modified_by = "dvresearch"
    look.add(document, _say(asked.title, lang), look.TITLE)
    look.add(document, _say(asked.lead, lang), look.LINE)
    look.add(document, word["place"], look.LINE)
    look.add(document, _say(asked.question, lang), "Caption")
    first = 1
    for _, group in itertools.groupby(asked.questions, lambda q: q.scale):
        questions = list(group)
        _table(document, asked, questions, first, lang)
        first += len(questions)
    if asked.comment.vi:
        look.add(document, _say(asked.comment, lang), "Caption")
        for _ in range(3):
            look.add(document, _LINE, look.LINE)
    look.add(document, word["thanks"], look.LINE)
    if asked.note.vi:
        look.add(document, _say(asked.note, lang), look.NOTE_UNDER)
    buffer = io.BytesIO()
    document.save(buffer)
    target.write_bytes(workbook.fix_zip(buffer.getvalue()))
    return target


def _answers(question: Question, lang: Lang) -> list[str]:
    """Return the headings of the boxes: each answer, and “don't know” where it has a code, over what to type."""
    codes: dict[str, str] = {}
    for code, word in question.codes.items():
        codes.setdefault(word, code)
    boxes = [*SCALES[question.scale], *(w for w in NO_ANSWER[:1] if w in codes)]
    labels = [codebook.label("value", f"{question.scale}.{w}", lang) for w in boxes]
    return [
        f"{label[:1].upper()}{label[1:]}\n{codes.get(w, '')}".strip() for w, label in zip(boxes, labels, strict=True)
    ]


def _table(document: Document, asked: Questionnaire, questions: list[Question], first: int, lang: Lang) -> None:
    """Add the items of one scale; the name of a factor stands in a row of its own above its items."""
    from docx.oxml import OxmlElement
    from docx.shared import Mm

    answers = _answers(questions[0], lang)
    wide, size = _ANSWER[lang]
    widths = [_NUMBER_MM, look.text_mm(document) - _NUMBER_MM - wide * len(answers), *[wide] * len(answers)]
    table = document.add_table(rows=0, cols=len(widths), style="Table Grid")
    table.autofit = False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Mm(width)

    def row(mark: str = "w:cantSplit") -> tuple[_Cell, ...]:
        made = table.add_row()
        made._tr.get_or_add_trPr().append(OxmlElement(mark))
        for cell, width in zip(made.cells, widths, strict=True):
            cell.width = Mm(width)
        return made.cells

    for cell, text in zip(row("w:tblHeader"), ["", words("slip", lang)["item"], *answers], strict=True):
        _write(cell, text, look.CELL_HEAD, size, bold=True)
    above = ""
    for n, question in enumerate(questions, start=first):
        if question.factor != above:
            cells = row()
            whole = cells[0].merge(cells[-1])
            _write(whole, _say(asked.factor_names[question.factor], lang), look.CELL, _SIZE, bold=True)
            whole.paragraphs[0].paragraph_format.keep_with_next = True
            above = question.factor
        number, wording, *boxes = row()
        _write(number, str(n), look.CELL, _SIZE)
        _write(wording, _say(question.wording, lang), look.CELL, _SIZE)
        for cell in boxes:
            _write(cell, _BOX, look.CELL_HEAD, 14)
    look.add(document, "", look.CELL)


def _write(cell: _Cell, text: str, style: str, size: float, *, bold: bool = False) -> None:
    from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT
    from docx.shared import Pt

    cell.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.CENTER
    paragraph = cell.paragraphs[0]
    paragraph._p.style = style  # its id: by name python-docx reads through all styles for every cell
    run = paragraph.add_run(text)
    run.font.size, run.font.bold = Pt(size), bold


def _say(text: Text, lang: Lang) -> str:
    return text.en if lang == "en" else text.vi
