"""Where every cell of a file ended: the account of a reading, and the questions it leaves open.

Each cell that holds something has exactly one fate. What was not read is named, what was set aside has a
reason no record can have, and what the file alone does not decide is a question whose answer is a line of
the declaration.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dvresearch import codebook
from dvresearch.errors import Answer, DataError, Text, declared_lines, message
from dvresearch.loaders.sheets import Sheet, column_letters

__all__ = ["Fate", "Problem", "Question", "SheetAccount", "refuse_problems", "refuse_questions", "summary"]

_SHOWN = 8  # cells or questions named in one message


class Fate(IntEnum):
    """What became of a cell; of two readings of one file the fate that stands further up tells more."""

    NONE = 0
    VALUE = 1
    HEADER = 2
    SECTION = 3
    ASIDE = 4
    PROBLEM = 5
    LEFT_OUT = 6
    TITLE = 7
    UNREAD = 8


@dataclass(frozen=True)
class Question:
    """What the file alone does not decide.

    Parameters
    ----------
    code : str
        A message of ``messages.toml``: ``result-date-unused``.
    where : str
        File, sheet, rows and column.
    evidence : str
        What is seen there; no content of a personal cell.
    answers : tuple of Answer
        Lines of the declaration, one of which answers it.
    blocking : bool
        Whether a required column or the existence of a record depends on it: the table is refused then.
    blanks : mapping
        What the braces of the message stand for.
    about : str
        Column of the contract that stays in doubt; ``""`` when the table as a whole does.
    first : bool
        Whether its answer decides how cells are read, so that it comes before what is wrong with them.
    """

    code: str
    where: str
    evidence: str = ""
    answers: tuple[Answer, ...] = ()
    blocking: bool = False
    blanks: Mapping[str, Any] = field(default_factory=dict)
    about: str = ""
    first: bool = False

    def record(self) -> dict[str, Any]:
        """Return the question as plain values."""
        text, lines = self.text(), declared_lines(self.answers)
        return {"code": self.code, "where": self.where, "vi": text.vi, "en": text.en, "answers": lines}

    def text(self) -> Text:
        """Return the question in both languages."""
        return message(self.code, **self.blanks)

    def advice(self) -> Text:
        """Return what to do, in both languages."""
        return message(self.code, "do", **self.blanks)


@dataclass(frozen=True)
class Problem:
    """A cell to mend.

    Parameters
    ----------
    code : str
        What is wrong: a check of the codebook.
    row, column : int
        Where, counted from 0 in the sheet.
    looks : str
        The shape of its content, never the content.
    sheet : Sheet
        The sheet.
    """

    code: str
    row: int
    column: int
    looks: str
    sheet: Sheet

    def cell(self) -> str:
        """Return the cell as a spreadsheet names it: ``F12``."""
        return f"{column_letters(self.sheet.first_column + self.column)}{self.sheet.first_row + self.row}"


class SheetAccount:
    """The fates of the cells of one sheet.

    Parameters
    ----------
    sheet : Sheet
        The sheet as the file holds it, before merged cells are filled.
    """

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        shape = (sheet.height, len(sheet.columns))
        self.filled: NDArray[np.bool_] = np.zeros(shape, dtype=bool)
        if not sheet.titles:
            for at in range(len(sheet.columns)):
                self.filled[:, at] = sheet.filled(at)
        self.clear()

    def clear(self) -> None:
        """Forget the fates."""
        self.fates = np.zeros(self.filled.shape, dtype=np.uint8)

    def put(self, fate: Fate, rows: Any, columns: Any = slice(None)) -> None:
        """Give cells their fate; a fate once given stays, but for a problem."""
        if isinstance(rows, list | np.ndarray) and isinstance(columns, list | np.ndarray):
            rows, columns = np.ix_(rows, columns)
        there = self.fates[rows, columns]
        self.fates[rows, columns] = np.where((there == Fate.NONE) | (fate == Fate.PROBLEM), fate, there)

    def join(self, other: SheetAccount) -> None:
        """Take over what another reading of the same sheet tells of its cells."""
        self.fates = np.minimum(self.fates, other.fates)

    def settle(self) -> dict[str, int]:
        """Return how many cells had which fate.

        Raises
        ------
        DataError
            When a cell that holds something has none, or the file's own count of its cells is another one.
        """
        lost = np.argwhere(self.filled & (self.fates == Fate.NONE))
        if len(lost):
            row, column = map(int, lost[0])
            where = self.sheet.where(row, column)
            raise DataError("cells-without-account", where=where, count=len(lost))
        if self.sheet.counted and not self.sheet.titles and int(self.filled.sum()) != self.sheet.counted:
            raise DataError("cells-without-account", where=self.sheet.where(), count=self.sheet.counted)
        counts = np.bincount(self.fates[self.filled], minlength=len(Fate))
        return {fate.name.lower(): int(n) for fate, n in zip(Fate, counts, strict=True) if n}


def refuse_problems(problems: Sequence[Problem]) -> None:
    """Raise a `DataError` that names the cells to mend, if there are any."""
    if not problems:
        return
    ordered = sorted(problems, key=lambda p: (p.sheet.name, p.row, p.column))
    named = [
        f"{p.cell()}: {codebook.label('check', p.code, 'vi')} / {codebook.label('check', p.code, 'en')}"
        + (f" ({p.looks})" if p.looks else "")
        for p in ordered[:_SHOWN]
    ]
    more = f"; … (+{len(ordered) - _SHOWN})" if len(ordered) > _SHOWN else ""
    first = ordered[0]
    raise DataError(
        "cells-to-mend",
        where=first.sheet.where(first.row, first.column),
        got="; ".join(named) + more,
        count=len(ordered),
    )


def refuse_questions(questions: Sequence[Question]) -> None:
    """Raise a `DataError` for the questions without whose answer the table cannot be used, if there are any."""
    open_ones = [q for q in questions if q.blocking]
    if not open_ones:
        return
    first, *rest = open_ones
    raise DataError(
        first.code,
        where=first.where + (f" (+{len(rest)})" if rest else ""),
        got=first.evidence or None,
        give=[answer for question in open_ones[:_SHOWN] for answer in question.answers],
        **first.blanks,
    )


def summary(report: Mapping[str, Any]) -> Text:
    """Return the account of a reading in one paragraph, in both languages.

    Parameters
    ----------
    report : mapping
        ``attrs["load"]`` of a loaded table.
    """
    parts = [message("account-rows", rows=report["rows"], sheets=report["sheet"] or report["file"])]
    for reason, rows in report["skipped"].items():
        label = codebook.get("check", f"skipped_{reason}")
        what = Text(label.label_vi, label.label_en)
        parts.append(message("account-aside", what=what, count=len(rows), rows=_listed(rows)))
    if hidden := [int(count) for code, count in report["notes"] if code == "hidden_rows"]:
        parts.append(message("account-hidden", count=sum(hidden)))
    if left := [*report["personal"], *report["unused"]]:
        parts.append(message("account-left-out", count=len(left), titles="; ".join(f"“{t}”" for t in left[:12])))
    if unread := report["unread"]:
        parts.append(message("account-unread", sheets="; ".join(f"“{name}”" for name, _ in unread)))
    return Text(*(" ".join(getattr(part, lang) for part in parts) for lang in ("vi", "en")))


def _listed(rows: Sequence[int]) -> str:
    return ", ".join(map(str, rows[:_SHOWN])) + (f" (+{len(rows) - _SHOWN})" if len(rows) > _SHOWN else "")
