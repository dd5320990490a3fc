"""Errors a user can act on: what was wrong, what was expected, what to type.

Every message exists in Vietnamese and in English, because the person at the
keyboard and the person who is asked for help often read different languages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

__all__ = ["DataError", "ParameterError", "ReportError", "Text", "refuse_rows"]


@dataclass(frozen=True)
class Text:
    """One sentence in both languages.

    Parameters
    ----------
    vi, en : str
        The sentence in Vietnamese and in English.
    """

    vi: str
    en: str


class DvError(ValueError):
    """Base of the errors this package raises for a user's input.

    Parameters
    ----------
    title : Text
        What was wrong, in one sentence.
    expected : Text or None
        What would have been right.
    got : str or None
        What was found. Never the content of a personal cell.
    hint : Text or None
        What to type or to change.
    where : str or None
        File, sheet, row and column, as far as they are known. Rows are counted
        as the user's spreadsheet counts them: the first line of the file is 1.
    """

    exit_status = 2

    def __init__(
        self,
        title: Text,
        *,
        expected: Text | None = None,
        got: str | None = None,
        hint: Text | None = None,
        where: str | None = None,
    ) -> None:
        self.title, self.expected, self.got, self.hint, self.where = title, expected, got, hint, where
        super().__init__(str(self))

    def lines(self, lang: str) -> list[str]:
        """Return the message in one language, a line for each part."""
        word = _WORDS[lang]
        out = [getattr(self.title, lang)]
        if self.where:
            out.append(f"  {word['where']}: {self.where}")
        if self.expected:
            out.append(f"  {word['expected']}: {getattr(self.expected, lang)}")
        if self.got is not None:
            out.append(f"  {word['got']}: {self.got}")
        if self.hint:
            out.append(f"  {word['hint']}: {getattr(self.hint, lang)}")
        return out

    def __str__(self) -> str:
        return "\n".join([*self.lines("vi"), *self.lines("en")])

    def _render_traceback_(self) -> list[str]:
        # What a notebook shows: the message is for the user, the calls within the package are not.
        return [f"{type(self).__name__}: {self}"]


_WORDS = {
    "vi": {"where": "Ở đâu", "expected": "Cần có", "got": "Nhận được", "hint": "Cách sửa"},
    "en": {"where": "Where", "expected": "Expected", "got": "Got", "hint": "What to do"},
}


class DataError(DvError):
    """The data cannot be used as they are.

    Parameters
    ----------
    title, expected, got, hint, where
        As for :class:`DvError`.
    rows : sequence
        The rows at fault, as their source counts them, where the fault lies in cells.
    column : str, optional
        The column of these cells.
    """

    def __init__(
        self,
        title: Text,
        *,
        expected: Text | None = None,
        got: str | None = None,
        hint: Text | None = None,
        where: str | None = None,
        rows: Sequence[object] = (),
        column: str | None = None,
    ) -> None:
        self.rows, self.column = rows, column
        super().__init__(title, expected=expected, got=got, hint=hint, where=where)


class ParameterError(DvError):
    """A function or command was asked for something it cannot do."""


class ReportError(DvError):
    """A report could not be written; the previous one is untouched."""


def refuse_rows(
    rows: Sequence[object],
    title: Text,
    *,
    where: str,
    got: Callable[[object], object],
    hint: Text | Callable[[object], Text],
    expected: Text | None = None,
    column: str | None = None,
) -> None:
    """Raise a `DataError` that names the first of `rows`; do nothing when there is none.

    Parameters
    ----------
    rows : sequence
        The rows at fault, as their source counts them.
    title, expected : Text
        What is wrong; what would be right.
    where : str
        File or table the rows are in.
    got : callable
        Given the first row, returns what was found there.
    hint : Text or callable
        What to do; when it depends on what was found, a function of that.
    column : str, optional
        The column at fault.
    """
    if not len(rows):
        return
    found = got(rows[0])
    place = f"{where}, dòng/row {rows[0]}" + (f", cột/column {column}" if column else "")
    raise DataError(
        title,
        expected=expected,
        got=str(found) or "''",
        hint=hint if isinstance(hint, Text) else hint(found),
        where=place + (f" (+{len(rows) - 1})" if len(rows) > 1 else ""),
        rows=rows,
        column=column,
    )
