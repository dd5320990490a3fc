"""Propose the declaration of a file: what was found, and every question as lines that one ``#`` less answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from dvresearch import codebook, workbook
from dvresearch.errors import Answer, DataError, ParameterError, message
from dvresearch.loaders.declaration import LEFT_OUT, Declaration, Stated, beside, declared
from dvresearch.loaders.load import readings
from dvresearch.loaders.reading import Reading
from dvresearch.loaders.sheets import read_sheets, texts
from dvresearch.privacy import showable
from dvresearch.screening.kinds import DECLARED, FORM_CODES, check_kind, declared_kinds, likely_kind

__all__ = ["Proposal", "answer", "declare", "propose", "read_answers", "write_questions"]

_SHEET = ("Câu hỏi", "Lựa chọn")
#: Questions that name a sheet of the file.
_OF_SHEETS = ("sheet-unread", "hidden-sheet-read")
#: A question, where it arises, and what answers it.
_Asked = tuple[str, str, Sequence[Answer]]
_ROUNDS = 8  # answers may bring up further questions, never that often


def declare(
    path: str | Path,
    kind: str = "",
    *,
    ask: Callable[[str, list[str]], str] | None = None,
    answers: Path | None = None,
    questions: Path | None = None,
    **short: Any,
) -> tuple[Path, int]:
    """Write the declaration beside a file; answers that stand there already are kept.

    Parameters
    ----------
    path : str or Path
        The data file.
    kind : str
        What it holds, as for :func:`propose`.
    ask : callable, optional
        Is given a question and the lines that answer it, and returns one of them (``…`` filled in), or ``""`` to
        leave it open. Without it nothing is asked.
    answers : Path, optional
        A workbook of questions with the answers filled in.
    questions : Path, optional
        Where to write such a workbook.
    **short
        Single keys of a declaration.

    Returns
    -------
    file : Path
        The declaration.
    count : int
        How many questions are open.
    """
    file = beside(path)
    for _ in range(_ROUNDS):
        proposal = propose(path, kind, **short)
        text = read_answers(proposal, answers) if answers else proposal.text
        for number, (question, lines) in enumerate(proposal.questions, start=1):
            if ask and f"# HỎI {number}:" in text and (line := ask(question, lines)):
                text = answer(text, number, line)
        file.write_text(text, encoding="utf-8", newline="\n")
        if text == proposal.text:
            break
        answers, short = None, {}  # both stand in the declaration now
    if questions is not None and proposal.questions:
        write_questions(proposal, questions)
    return file, len(proposal.questions)


class Proposal(NamedTuple):
    """The proposed declaration of a file.

    Parameters
    ----------
    text : str
        The TOML; what is open stands as lines behind ``#``.
    questions : list of (str, list of str)
        Each question, and the lines of which one answers it.
    """

    text: str
    questions: list[tuple[str, list[str]]]


def propose(path: str | Path, kind: str = "", stated: Stated = None, **short: Any) -> Proposal:
    """Propose the declaration of a file; earlier answers are kept, and so are tables of other kinds.

    Parameters
    ----------
    path : str or Path
        The data file.
    kind : str
        What it holds: ``dossiers``, ``cases``, ``responses``, ``models``, ``targets`` or ``rubric``; when empty what
        is declared already, or else what is likely.
    stated : Declaration, str or Path, optional
        What is declared already; the declaration beside the file without it.
    **short
        Single keys of a declaration.

    Raises
    ------
    DataError
        When the file cannot be read.
    ParameterError
        For a kind that cannot be declared, and where nothing tells which kind it is.
    """
    there = declared_kinds(path) if stated is None else []
    kinds = [kind] if kind else there or [likely_kind(path)]
    for wanted in kinds:
        if wanted in FORM_CODES:
            line = "form" if wanted == "II.06a" else f"form_{wanted.lower().replace('/', '_')}"
            raise ParameterError("form-needs-no-declaration", form=wanted, name=Path(path).name, key=line)
        if not wanted:
            raise ParameterError("kind-not-told", got=Path(path).name, words=", ".join(DECLARED))
        check_kind(wanted, DECLARED)
    proposal = Proposal("", [])
    lines = [message("declaration-head", file=Path(path).name, name=Path(path).name).vi]
    for wanted in dict.fromkeys((*kinds, *there)):
        said = declared(path, wanted, stated, **(short if wanted in kinds else {}))
        lines += _tables(path, wanted, said, proposal.questions)
    return proposal._replace(text="\n".join([*lines, ""]))


def _tables(
    path: str | Path, kind: str, said: Sequence[Declaration], questions: list[tuple[str, list[str]]]
) -> list[str]:
    """Return the lines of the tables of one kind."""
    try:
        parts = readings(path, kind, said)
    except DataError as error:
        if not error.give:
            raise
        asked = [(error.title.vi, error.where or "", error.give)]
        return [line for table in said for line in _table(table, asked, questions)]
    lines = []
    for declaration, reading in zip(said, parts, strict=True):
        groups = _by_header(reading)
        names = [f"“{name}”" for sheets, _ in groups for name in sheets]
        open_ones = [
            (q.text().vi, ": ".join(filter(None, (q.where, q.evidence))), q.answers) for q in reading.questions
        ]
        for number, (sheets, columns) in enumerate(groups):
            mine = [q for q in open_ones if any(f"“{s}”" in q[1] for s in sheets)]
            mine += [q for q in open_ones if not number and not any(name in q[1] for name in names)]
            told = next((p.block.given for p in reading.parts if p.block.sheet.name in sheets), {})
            # to name the sheets would answer what is still asked of them
            open_sheets = len(groups) == 1 and any(q.code in _OF_SHEETS for q in reading.questions)
            kept = {h: n for h, n in declaration.mapping(reading.table).items() if n == LEFT_OUT or h in columns}
            known = replace(
                declaration,
                given={**told, **declaration.given},
                sheets=declaration.sheets if open_sheets or not sheets else tuple(sheets),
                columns=columns | kept or declaration.columns,
            )
            lines += _table(known, mine, questions)
    return lines


def _by_header(reading: Reading) -> list[tuple[list[str], dict[str, str]]]:
    """Return the sheets that were read with one header, and its titles -> columns."""
    titled: dict[str, dict[str, str]] = {}
    for block in (part.block for part in reading.parts):
        named = {title: n for n, c in block.columns.items() if showable(title := block.titles[c]) == title}
        given = {**reading.stated.given, **block.given}
        titled.setdefault(block.sheet.name, {}).update({t: n for t, n in named.items() if n not in given})
    found: list[tuple[list[str], dict[str, str]]] = []
    said = reading.stated.mapping(reading.table)
    for sheet, titles in titled.items():
        # a column with two titles in one sheet, below two headers, is found again by its names
        names = list(titles.values())
        columns = {t: n for t, n in titles.items() if names.count(n) == 1 or t in said}
        same = next((sheets for sheets, others in found if others == columns), None)
        if same is None:
            found.append(([sheet] if sheet else [], columns))
        else:
            same.append(sheet)
    return found


def _table(said: Declaration, asked: Iterable[_Asked], questions: list[tuple[str, list[str]]]) -> list[str]:
    """Return the lines of one ``[[table]]``: what is known, then the questions where their answers belong."""
    lines = {"": ["[[table]]"]}
    for known in said.answers():
        lines.setdefault(_place(known), [f"[table{_place(known)}]"]).append(known.toml())
    for text, where, stated in (part for question in asked if question[2] for part in _single(*question)):
        # a table whose sheets are named is left out by taking it away
        answers = [a for a in stated if not (said.sheets and _names_only(a, said.sheets))]
        if answers:
            here = _place(answers[0])
            inline = [a.toml() if _place(a) == here else f"[table{_place(a)}] {a.toml()}" for a in answers]
            questions.append((f"{text} ({where})", inline))
            asks = [f"#{line}{_meaning(a)}" for line, a in zip(inline, answers, strict=True)]
            there = lines.setdefault(here, [f"[table{here}]"])
            there += [f"# HỎI {len(questions)}: {text} ({where})", *asks]
    return [*chain.from_iterable(lines.values()), ""]


def _names_only(answer: Answer, sheets: Sequence[str]) -> bool:
    """Tell whether an answer says which sheets to read, or that none but some of `sheets` is to be left unread."""
    unread = answer.key == "unread" and isinstance(answer.value, list) and {*answer.value} <= {*sheets}
    return answer.key == "sheets" or unread


def _place(answer: Answer) -> str:
    """Return the table within ``[table]`` in which an answer stands: ``.columns``."""
    return f".{answer.key}" if answer.entry else ""


def _single(text: str, where: str, answers: Sequence[Answer]) -> list[_Asked]:
    """Return a question about several words, rows or missing columns as one for each."""
    entries = dict.fromkeys((a.key, a.entry) for a in answers)
    each = all(a.value == "…" or a.key == "rows" or a.key.startswith("words.") for a in answers)
    if not each or len(entries) < 2:
        return [(text, where, answers)]
    return [
        (text, f"{where}; {entry}", [a for a in answers if (a.key, a.entry) == (name, entry)])
        for name, entry in entries
    ]


def _meaning(answer: Answer) -> str:
    """Return what a code means, as a remark behind its line."""
    column = answer.entry if answer.key == "given" else answer.key.removeprefix("words.")
    if not answer.value:
        return "  # không rõ, không tính"
    known = codebook.find("value", f"{column}.{answer.value}")
    return f"  # {codebook.label('value', known)}" if known else ""


def answer(text: str, question: int, line: str) -> str:
    """Return a proposed declaration in which a question is answered by one of its lines, the other lines gone.

    Parameters
    ----------
    text : str
        The TOML.
    question : int
        Number of the question, from 1.
    line : str
        The line that answers it, as it stands behind ``#``, or with ``…`` filled in.
    """
    lines = text.splitlines()
    start = next(i for i, said in enumerate(lines) if said.startswith(f"# HỎI {question}:"))
    end = next((i for i in range(start + 1, len(lines)) if not re.match(r"#(?! HỎI )", lines[i])), len(lines))
    moved = re.fullmatch(r"\[table(\.[^\]]+)?\] (.*)", line)
    if not moved:
        return "\n".join([*lines[:start], line, *lines[end:]]) + "\n"
    # an answer that belongs elsewhere stays within the declared table that is asked about
    first = max(i for i in range(start) if lines[i] == "[[table]]")
    after = next((i for i in range(end, len(lines)) if lines[i] == "[[table]]"), len(lines))
    table = [*lines[first:start], *lines[end:after]]
    head = f"[table{moved[1]}]" if moved[1] else "[[table]]"
    if head not in table:
        table = [*"\n".join(table).rstrip().splitlines(), head]
    at = table.index(head)
    return "\n".join([*lines[:first], *table[: at + 1], moved[2], *table[at + 1 :], *lines[after:]]) + "\n"


def write_questions(proposal: Proposal, path: Path) -> None:
    """Write the questions as a workbook with the possible answers to choose from."""
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font
    from openpyxl.worksheet.datavalidation import DataValidation

    book = Workbook()
    sheet, choices = book.active, book.create_sheet(_SHEET[1])
    sheet.title = _SHEET[0]
    choices.sheet_state = "hidden"
    sheet.append(["Số", "Câu hỏi", "Trả lời (chọn trong danh sách; thay … bằng nội dung đúng)"])
    for number, (text, lines) in enumerate(proposal.questions, start=1):
        sheet.append([number, text])
        for column, line in enumerate(lines, start=1):
            choices.cell(number, column, line)
        last = str(choices.cell(number, len(lines)).column_letter)
        rule = DataValidation("list", formula1=f"'{_SHEET[1]}'!$A${number}:${last}${number}", showErrorMessage=False)
        sheet.add_data_validation(rule)
        rule.add(f"C{number + 1}")
    for letter, width in (("A", 6), ("B", 90), ("C", 60)):
        sheet.column_dimensions[letter].width = width
    for row in sheet.iter_rows():
        for cell in row:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            cell.font = Font(name="Times New Roman", size=12, bold=cell.row == 1)
    workbook.save(book, path)


def read_answers(proposal: Proposal, path: Path) -> str:
    """Return the declaration with the answers of a workbook of questions filled in; unanswered ones stay open."""
    rows = read_sheets(path, sheet=_SHEET[0])[0].rows(1, len(proposal.questions) + 1)
    text = proposal.text
    for cells in rows:
        said, _, line = (texts(cells) + [""] * 3)[:3]
        if line and said.isdecimal() and int(said) <= len(proposal.questions):
            text = answer(text, int(said), line)
    return text
