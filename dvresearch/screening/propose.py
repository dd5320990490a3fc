"""Propose the declaration of a file: what was found, and every question as lines that one ``#`` less answers."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from dvresearch import codebook, workbook
from dvresearch.errors import Answer, DataError, ParameterError, message
from dvresearch.loaders.cells import finder, vocabulary
from dvresearch.loaders.convert import is_long
from dvresearch.loaders.declaration import (
    LEFT_OUT,
    RECORDS,
    Declaration,
    Stated,
    all_declared,
    beside,
    check_kind,
    declared,
    from_mapping,
)
from dvresearch.loaders.form_layouts import FORM_CODES, printed_codes
from dvresearch.loaders.forms import read_form
from dvresearch.loaders.guard import shown_name
from dvresearch.loaders.headers import find_blocks
from dvresearch.loaders.kinds import KINDS
from dvresearch.loaders.load import readings
from dvresearch.loaders.reading import Reading
from dvresearch.loaders.sheets import Sheet, read_sheets, texts
from dvresearch.privacy import shown_header
from dvresearch.tables import SCALES, responses_table
from dvresearch.text import plain

__all__ = ["Choice", "Proposal", "answer", "declare", "likely_kind", "propose", "read_answers", "write_questions"]

_SHEET = ("Câu hỏi", "Lựa chọn")
#: Questions that name a sheet of the file.
_OF_SHEETS = ("sheet-unread", "hidden-sheet-read", "sheets-repeat")
#: A question, where it arises, and what answers it.
_Asked = tuple[str, str, Sequence[Answer]]
_Questions = list[tuple[str, "list[Choice]"]]
#: What the other words of a declaration mean.
_SAID = {
    ("financial_duty", "runs"): "thời hạn vẫn chạy",
    ("financial_duty", "paused"): "thời hạn tạm dừng",
    ("halted", "ends"): "đã kết thúc",
    ("halted", "paused"): "chỉ tạm dừng",
    ("rows", "record"): "dòng số liệu",
    ("rows", "total"): "dòng tổng, để riêng",
    ("rows", "section"): "dòng mục",
    ("rows", "note"): "ghi chú, để riêng",
    ("due_contains_pause", "true"): "ngày hẹn trả đã lùi",
    ("due_contains_pause", "false"): "ngày hẹn trả chưa lùi",
    ("nothing_finished", "true"): "đúng là chưa hồ sơ nào xong",
    ("numbers", "ascending"): "1 là mức thấp nhất",
    ("numbers", "descending"): "1 là mức cao nhất",
    ("decimal", "comma"): "1.234 là một nghìn hai trăm ba mươi tư",
    ("decimal", "dot"): "1.234 là một phẩy hai ba bốn",
}
#: Columns of answers on one scale from which a table holds a survey; rows and answers that are looked at.
_ITEMS, _HEAD, _ANSWERS = 3, 30, 200
#: Title of the first column of what an online form writes.
_ONLINE = ("dau thoi gian", "timestamp")
_ROUNDS = 8  # answers may bring up further questions, never that often


class Choice(str):
    """A line that answers a question.

    Parameters
    ----------
    line : str
        The line.
    meaning : str
        What its code means.
    """

    meaning: str

    def __new__(cls, line: str, meaning: str) -> Choice:
        """Return the line with its meaning."""
        made = super().__new__(cls, line)
        made.meaning = meaning
        return made


class Proposal(NamedTuple):
    """The proposed declaration of a file.

    Parameters
    ----------
    text : str
        The TOML; what is open stands as lines behind ``#``.
    questions : list of (str, list of Choice)
        Each question, and the lines of which one answers it.
    cells : int
        How many cells have to be mended in the file itself.
    """

    text: str
    questions: list[tuple[str, list[Choice]]]
    cells: int


def declare(
    path: str | Path,
    kind: str = "",
    *,
    ask: Callable[[str, list[Choice]], str] | None = None,
    answers: Path | None = None,
    questions: Path | None = None,
    **short: Any,
) -> tuple[Path, Proposal]:
    """Write the declaration beside a file; answers that stand there already are kept.

    Parameters
    ----------
    path : str or Path
        The data file.
    kind : str
        What it holds, as for :func:`propose`.
    ask : callable, optional
        Is given a question and the lines that answer it, and returns one of them (``…`` filled in), or ``""`` to
        leave it open; no question is put to it twice. Without it nothing is asked.
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
    proposal : Proposal
        What was written, and what is open.

    Raises
    ------
    DataError, ParameterError
        As for :func:`propose`, and for an answer that cannot be used: then nothing of it is written.
    """
    file, later = beside(path), set[str]()
    proposal = propose(path, kind, **short)
    for _ in range(_ROUNDS):
        text = read_answers(proposal, answers) if answers else proposal.text
        for number, (question, lines) in enumerate(proposal.questions, start=1):
            if ask and question not in later and f"# HỎI {number}:" in text:
                line = ask(question, lines)
                text = answer(text, number, line) if line else text
                later |= set() if line else {question}
        if text == proposal.text:
            break
        tables = [from_mapping(table, file) for table in tomllib.loads(text)["table"]]
        proposal, answers = propose(path, kind, tables), None
        if ask:  # what was answered so far is not lost when the rest is left
            file.write_text(proposal.text, encoding="utf-8", newline="\n")
    file.write_text(proposal.text, encoding="utf-8", newline="\n")
    if questions is not None and proposal.questions:
        write_questions(proposal, questions)
    return file, proposal


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
    earlier = all_declared(path, stated)
    there = list(dict.fromkeys(t.kind for t in earlier if t.kind))
    kinds = [kind] if kind else there or [likely_kind(path)]
    for wanted in (k for k in kinds if k not in there):
        if wanted in FORM_CODES and not _of_form(path, wanted, [Declaration(wanted)], []):
            line = "form" if wanted == "II.06a" else f"form_{wanted.lower().replace('/', '_')}"
            raise ParameterError("form-needs-no-declaration", form=wanted, name=shown_name(Path(path)), key=line)
        if not wanted:
            raise ParameterError("kind-not-told", got=shown_name(Path(path)), words=", ".join(RECORDS))
        check_kind(wanted, (*RECORDS, *FORM_CODES))
    questions: _Questions = []
    name = shown_name(Path(path))
    lines, cells = [message("declaration-head", file=name, name=name).vi], 0
    # a table without `as` is of the kind asked for, and stays without
    mine = {k: [t for t in earlier if t.kind or k == kinds[0]] for k in (*kinds, *there)}
    said = {k: declared(path, k, found, **(short if k in kinds else {})) for k, found in mine.items()}
    for wanted, tables in said.items():
        # what other tables of the file hold need not be said a second time
        others = {sheet for k, found in said.items() if k != wanted for table in found for sheet in table.sheets}
        kinds_written = [t.kind for t in mine[wanted] if t.kind in ("", wanted)] or [wanted]
        own = [
            replace(table, kind=as_written, unread=tuple(s for s in table.unread if s not in others))
            for table, as_written in zip(tables, kinds_written, strict=True)
        ]
        if wanted in FORM_CODES:
            lines += _of_form(path, wanted, own, questions) or [r for t in own for r in _table(t, (), questions)]
            continue
        written, count = _tables(path, wanted, tables, own, questions)
        lines, cells = lines + written, cells + count
    return Proposal("\n".join([*lines, ""]), questions, cells)


def likely_kind(path: str | Path) -> str:
    """Return the kind of table a file most likely holds, or the code of a form; ``""`` where nothing tells.

    A form prints its code above its table; a survey has several columns of answers on one scale, or the times of an
    online form; any other table is the one most of whose columns the headers name.
    """
    if is_long(Path(path)):
        return "dossiers"
    sheets = read_sheets(path, rows=_ANSWERS)
    heads = [texts(row) for s in sheets for row in ([s.titles] if s.titles else s.rows(0, _HEAD))]
    printed = (code for head in heads for code in printed_codes(" ".join(head)))
    if form := next((code for code in printed if code in FORM_CODES), ""):
        return form

    def named(kind: str) -> int:
        said = Declaration(kind)
        return max((len(b.names) for s in sheets for b in find_blocks(s, KINDS[kind].table, said)), default=0)

    counts = {kind: named(kind) for kind in KINDS}
    best = max(counts, key=counts.__getitem__)
    online = any(plain(title) in _ONLINE for title in heads[0])
    if online or max(map(_items, sheets)) >= max(_ITEMS, counts[best]):
        return "responses"
    return best if counts[best] else ""


def _items(sheet: Sheet) -> int:
    """Return how many columns of a sheet hold answers on one and the same scale."""
    columns = [[t for t in texts(column[:_ANSWERS]) if t] for column in sheet.columns]

    def on(scale: str) -> int:
        find = finder(vocabulary(responses_table({"item": scale}).column("item")))
        return sum(len(told) > 1 and 2 * sum(map(bool, map(find, told))) > len(told) for told in columns)

    return max(on(scale) for scale in SCALES if scale != "co_khong")


def _of_form(path: str | Path, code: str, own: Sequence[Declaration], questions: _Questions) -> list[str]:
    """Return the lines of a form of which something is asked; of any other, or one that cannot be read, none."""
    try:
        asked = read_form(path, code, None, own).questions
    except DataError:
        return []
    told = [(q.text().vi, ": ".join(filter(None, (q.where, q.evidence))), q.answers) for q in asked if q.answers]
    return _table(own[0], told, questions) if told else []


def _tables(
    path: str | Path, kind: str, said: Sequence[Declaration], own: Sequence[Declaration], questions: _Questions
) -> tuple[list[str], int]:
    """Return the lines of the tables of one kind, and how many cells are to be mended; `own`: theirs to say."""
    try:
        parts = readings(path, kind, said)
    except DataError as error:
        if not error.give:
            raise
        asked = _each(error.title.vi, error.where or "", error.give)
        return [line for table in own for line in _table(table, asked, questions)], 0
    lines = []
    for declaration, reading in zip(own, parts, strict=True):
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
    return lines, sum(len(reading.problems) for reading in parts)


def _by_header(reading: Reading) -> list[tuple[list[str], dict[str, str]]]:
    """Return the sheets that were read with one header, and its titles -> columns."""
    titled: dict[str, dict[str, str]] = {}
    for block in (part.block for part in reading.parts):
        named = {title: n for n, c in block.columns.items() if shown_header(title := block.titles[c]) == title}
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


def _table(said: Declaration, asked: Iterable[_Asked], questions: _Questions) -> list[str]:
    """Return the lines of one ``[[table]]``: what is known, then the questions where their answers belong."""
    lines, asked = {"": ["[[table]]"]}, list(asked)
    doubted = {(a.key, a.entry) for *_, answers in asked for a in answers if a.entry}
    for known in (a for a in said.answers() if (a.key, a.entry) not in doubted):
        lines.setdefault(_place(known), [f"[table{_place(known)}]"]).append(known.toml())
    for text, where, stated in (part for question in asked if question[2] for part in _single(*question)):
        # a table whose sheets are named is left out by taking it away
        answers = [a for a in stated if not (said.sheets and _names_only(a, said.sheets))]
        if answers:
            places = dict.fromkeys(map(_place, answers))
            here = "" if "" in places else next(iter(places))
            questions.append((f"{text} ({where})", [Choice(_inline(a, here), _meaning(a)) for a in answers]))
            # each line stands where it is right once its # is gone
            for place in places:
                number = f"# HỎI {len(questions)}"
                there = lines.setdefault(place, [f"[table{place}]"])
                there.append(f"{number}: {text} ({where})" if place == here else f"{number}, hoặc dòng này:")
                there += [
                    f"#{a.toml()}" + (f"  # {meant}" if (meant := _meaning(a)) else "")
                    for a in answers
                    if _place(a) == place
                ]
    return [*chain.from_iterable(lines.values()), ""]


def _names_only(answer: Answer, sheets: Sequence[str]) -> bool:
    """Tell whether an answer says which sheets to read, or that none but some of `sheets` is to be left unread."""
    unread = answer.key == "unread" and isinstance(answer.value, list) and {*answer.value} <= {*sheets}
    return answer.key == "sheets" or unread


def _place(answer: Answer) -> str:
    """Return the table within ``[table]`` in which an answer stands: ``.columns``."""
    return f".{answer.key}" if answer.entry else ""


def _inline(answer: Answer, here: str) -> str:
    """Return an answer as one line to choose, with its table in front where that is not the one asked about."""
    return answer.toml() if _place(answer) == here else f"[table{_place(answer)}] {answer.toml()}"


def _single(text: str, where: str, answers: Sequence[Answer]) -> list[_Asked]:
    """Return a question about several words, rows or missing columns as one for each."""
    each = all(a.value == "…" or a.key == "rows" or a.key.startswith("words.") for a in answers)
    return _each(text, where, answers) if each else [(text, where, answers)]


def _each(text: str, where: str, answers: Sequence[Answer]) -> list[_Asked]:
    """Return what is asked for each entry that the answers are about."""
    entries = dict.fromkeys((a.key, a.entry) for a in answers)
    return [
        (
            text,
            f"{where}; {entry}" if len(entries) > 1 else where,
            [a for a in answers if (a.key, a.entry) == (name, entry)],
        )
        for name, entry in entries
    ]


def _meaning(answer: Answer) -> str:
    """Return what a code means, in words."""
    column = answer.entry if answer.key == "given" else answer.key.removeprefix("words.")
    if answer.value == "":
        return "không rõ, không tính"
    if answer.key == "columns":
        known = codebook.find("column", str(answer.value))
        return "không dùng" if answer.value == LEFT_OUT else codebook.label("column", known) if known else ""
    said = str(answer.value).lower()
    known = codebook.find("value", f"{column}.{said}")
    return codebook.label("value", known) if known else _SAID.get((answer.key, said), "")


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
    rest: list[str] = []
    lines, start, inside = text.splitlines(), -1, False
    for said in lines:
        if re.match(r"# HỎI ", said) or not said.startswith("#"):
            inside = re.match(rf"# HỎI {question}[:,]", said) is not None
            start = len(rest) if said.startswith(f"# HỎI {question}:") else start
        if not inside:
            rest.append(said)
    # an answer stays within the declared table that is asked about
    first = max(i for i in range(start) if rest[i] == "[[table]]")
    after = next((i for i in range(start, len(rest)) if rest[i] == "[[table]]"), len(rest))
    moved = re.fullmatch(r"\[table(\.[^\]]+)?\] (.*)", line)
    if not moved:
        name = line.partition(" = ")[0]
        old = next((i for i in range(first, after) if rest[i].startswith(f"{name} = [")), None)
        if old is None:
            return "\n".join([*rest[:start], line, *rest[start:]]) + "\n"
        rest[old] = _joined(name, rest[old], line)  # sheets are asked about one by one
        return "\n".join(rest) + "\n"
    table = rest[first:after]
    head = f"[table{moved[1]}]" if moved[1] else "[[table]]"
    if head not in table:
        table = [*"\n".join(table).rstrip().splitlines(), head]
    at = table.index(head)
    return "\n".join([*rest[:first], *table[: at + 1], moved[2], *table[at + 1 :], *rest[after:]]) + "\n"


def _joined(name: str, *lines: str) -> str:
    """Return the line that says what several lines of one list say."""
    return Answer(name, [*dict.fromkeys(v for line in lines for v in tomllib.loads(line)[name])]).toml()


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
    """Return the declaration with the answers of a workbook of questions filled in; unanswered ones stay open.

    Raises
    ------
    ParameterError
        For an answer that is none of the lines to choose from, and for a question that is not asked of this file.
    """
    sheet, text = read_sheets(path, sheet=_SHEET[0])[0], proposal.text
    numbers = {" ".join(question.split()): n for n, (question, _) in enumerate(proposal.questions, start=1)}
    for row, cells in enumerate(sheet.rows(1, sheet.height), start=sheet.first_row + 1):
        _, asked, line = (texts(cells) + [""] * 3)[:3]
        where = f"{shown_name(path)}, dòng/row {row}"
        if not line or line.rpartition("] ")[2] in text.splitlines():
            continue  # open still, or answered before
        number = numbers.get(" ".join(asked.split()))
        if number is None:
            raise ParameterError("answer-to-another-file", where=where, got=line)
        lines = proposal.questions[number - 1][1]
        if not any(re.fullmatch(re.escape(known).replace("…", r'[^"\\…]+'), line) for known in lines):
            raise ParameterError("answer-is-no-choice", where=where, got=line, words="; ".join(lines))
        text = answer(text, number, line)
    return text
