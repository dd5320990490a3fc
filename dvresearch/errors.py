"""Errors a user can act on: what was wrong, what was expected, what to type.

Every message stands in ``messages.toml`` in Vietnamese and in English, because the person at the keyboard and
the person who is asked for help often read different languages. An error knows *what* has to be given
(:class:`Answer`); whoever shows it says *how*: as an argument in Python, a flag in a terminal, a line of the
declaration beside an office's file.
"""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Answer", "DataError", "ParameterError", "ReportError", "Text", "check_choice", "declared_lines", "known_message",
    "message", "refuse_cells", "refuse_rows",
]  # fmt: skip

Dialect = Literal["python", "terminal", "declaration"]


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


@dataclass(frozen=True)
class Answer:
    """Something a user can state about a file, see :class:`dvresearch.loaders.Declaration`.

    Parameters
    ----------
    key : str
        A key of the declaration: ``columns``, ``given``, ``sheets``, ``financial_duty`` …
    value : str, bool or sequence of str
        What is stated; ``…`` where only the user knows.
    entry : str
        Of a key that is a table (``columns``, ``given``, ``words.outcome`` …), the entry: a header, a word, a row.
    """

    key: str
    value: str | bool | Sequence[str]
    entry: str = ""

    def toml(self) -> str:
        """Return the line of the declaration, without the table it stands in."""
        return f"{_quoted(self.entry) if self.entry else self.key} = {_quoted(self.value)}"

    @property
    def table(self) -> str:
        """The table within ``[[table]]`` in which the line stands: ``[table.columns]``; empty for the table itself."""
        return f"[table.{self.key}]" if self.entry else ""

    def written(self, dialect: Dialect) -> str:
        """Return what a user types: an argument, a flag, or lines of the declaration."""
        value = _quoted(self.value)
        plain = self.value if isinstance(self.value, str) else value
        python = terminal = declaration = "\n".join(declared_lines([self]))
        if self.key == "given":
            python, terminal = f"{self.entry}={value}", f'--given "{self.entry}={plain}"'
        elif self.key == "columns":
            python = f"declaration=Declaration(columns={{{_quoted(self.entry)}: {value}}})"
            terminal = f'--columns "{plain}={self.entry}"'
        elif self.key == "numbers":
            python = f"numbers={value}"
        elif self.key == "date_order":
            python = f"declaration=Declaration(date_order={value})"
        return {"python": python, "terminal": terminal, "declaration": declaration}[dialect]


#: Where a line belongs that stands in no table within ``[[table]]``: behind one it would be read as part of that.
_ABOVE = "  # ngay dưới / right below [[table]]"


def declared_lines(answers: Sequence[Answer]) -> list[str]:
    """Return answers as lines that can be pasted into a declaration, those of one table below its name.

    The words to choose from stand once behind the first of several words; each word itself counts as unknown, as it
    does without an answer.

    Parameters
    ----------
    answers : sequence of Answer
        The answers, of which one or some are right.
    """
    offered: dict[tuple[str, str], list[Answer]] = {}
    for answer in answers:
        offered.setdefault((answer.key, answer.entry), []).append(answer)
    lines: dict[str, list[str]] = {"": []}
    for alternatives in offered.values():
        first, table = alternatives[0], alternatives[0].table
        here = lines.setdefault(table, [table])
        if first.key.startswith("words.") and len(alternatives) > 1:
            choices = ", ".join(str(a.value) for a in alternatives if a.value)
            remark = f'  # "" không rõ / unknown; {choices}' if len(here) == 1 else ""
            here.append(Answer(first.key, "", first.entry).toml() + remark)
        else:
            here += [a.toml() + ("" if table else _ABOVE) for a in alternatives]
    return [line for here in lines.values() for line in here]


def _quoted(value: object) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


@cache
def _messages() -> dict[str, dict[str, dict[str, str]]]:
    with Path(__file__).with_name("messages.toml").open("rb") as file:
        return tomllib.load(file)


def message(code: str, part: str = "what", /, **blanks: object) -> Text:
    """Return a part of a message of ``messages.toml``, its blanks filled.

    Parameters
    ----------
    code : str
        The message: ``header-not-found``.
    part : {"what", "expected", "do"}
        What is wrong or asked; what would be right; what to do. Empty where the message has no such part.
    **blanks
        What stands where the sentence has braces: a value for both languages, or a :class:`Text`.
    """

    def fill(lang: str) -> str:
        said = {name: getattr(v, lang) if isinstance(v, Text) else v for name, v in blanks.items()}
        return _messages()[code][lang].get(part, "").format(**said)

    return Text(fill("vi"), fill("en"))


def known_message(code: str) -> bool:
    """Tell whether ``messages.toml`` has a message of a code.

    Parameters
    ----------
    code : str
        The code.
    """
    return code in _messages()


def page() -> str:
    """Return the messages as a Markdown page in both languages, ``docs/errors.md``."""

    def cell(parts: dict[str, str]) -> str:
        return "<br>".join(parts[name] for name in ("what", "expected", "do") if name in parts).replace("|", "\\|")

    rows = [f"| `{code}` | {cell(said['vi'])} | {cell(said['en'])} |\n" for code, said in _messages().items()]
    return _HEAD + "".join(rows)


_HEAD = """# Thông báo / Messages

Trang này sinh ra từ `dvresearch/messages.toml` bằng `dvresearch build`; sửa ở tệp đó.\x20\x20
This page is generated from `dvresearch/messages.toml` by `dvresearch build`; edit that file.

Mỗi ô: điều gì sai hoặc cần hỏi, cần có gì, cách sửa.\x20\x20
Each cell: what is wrong or asked, what was expected, what to do.

| mã / code | tiếng Việt | English |
| --- | --- | --- |
"""


class DvError(ValueError):
    """Base of the errors this package raises for a user's input.

    Parameters
    ----------
    code : str
        The message of ``messages.toml``: ``header-not-found``.
    got : str or None
        What was found. Never the content of a personal cell.
    where : str or None
        File, sheet, row and column, as far as they are known. Rows are counted
        as the user's spreadsheet counts them: the first line of the file is 1.
    give : sequence of Answer
        What the user can state to mend it.
    **blanks
        Of a message by code, what its braces stand for.
    """

    exit_status = 2

    def __init__(
        self,
        code: str,
        /,
        *,
        got: str | None = None,
        where: str | None = None,
        give: Sequence[Answer] = (),
        **blanks: Any,
    ) -> None:
        self.code, self.got, self.where, self.give = code, got, where, tuple(give)
        # Cells that are tried and cannot be read make errors by the thousand that nobody sees: sentences come late.
        self._blanks = blanks
        super().__init__(code)

    @property
    def title(self) -> Text:
        """What was wrong."""
        return message(self.code, "what", **self._blanks)

    @property
    def expected(self) -> Text:
        """What would have been right; empty where there is nothing to say."""
        return message(self.code, "expected", **self._blanks)

    @property
    def hint(self) -> Text:
        """What to type or to change; empty where there is nothing to say."""
        return message(self.code, "do", **self._blanks)

    def lines(self, lang: Literal["vi", "en"], dialect: Dialect = "python") -> list[str]:
        """Return the message in one language, a line for each part."""
        word = _WORDS[lang]
        out = [getattr(self.title, lang)]
        parts = {"where": self.where, "expected": self.expected, "got": self.got, "hint": self.hint}
        for name, part in parts.items():
            said = getattr(part, lang) if isinstance(part, Text) else part
            if said:
                out.append(f"  {word[name]}: {said}")
        typed = [line for answer in self.give for line in answer.written(dialect).split("\n")]
        return out + [f"    {line}" for line in (declared_lines(self.give) if dialect == "declaration" else typed)]

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
    code, **parts
        As for :class:`DvError`.
    rows : sequence
        The rows at fault, as their source counts them, where the fault lies in cells.
    column : str, optional
        The column of these cells.
    """

    def __init__(self, code: str, /, *, rows: Sequence[object] = (), column: str | None = None, **parts: Any) -> None:
        self.rows, self.column = rows, column
        super().__init__(code, **parts)


class ParameterError(DvError):
    """A function or command was asked for something it cannot do."""


class ReportError(DvError):
    """A report could not be written; the previous one is untouched."""


def check_choice(name: str, value: object, words: Sequence[object]) -> None:
    """Raise a `ParameterError` when what was given is none of the words it may be.

    Parameters
    ----------
    name : str
        The argument, or the key of a file.
    value : object
        What was given.
    words : sequence
        What it may be.
    """
    if value not in words:
        # the nearest where one is near, or else all: which of them fits is for the user to say
        near = [f"{name}={w!r}" for w in difflib.get_close_matches(str(value), list(map(str, words)), 1) or words]
        raise ParameterError(
            "choice-not-stated" if value is None else "no-such-choice",
            got=repr(value),
            name=name,
            words=", ".join(map(str, words)),
            near=Text(" hoặc ".join(near), " or ".join(near)),
        )


def refuse_rows(
    rows: Sequence[object],
    code: str,
    *,
    where: str,
    got: Callable[[object], object],
    column: str | None = None,
    **parts: Any,
) -> None:
    """Raise a `DataError` that names the first of `rows`; do nothing when there is none.

    Parameters
    ----------
    rows : sequence
        The rows at fault, as their source counts them.
    code : str
        The message of ``messages.toml``.
    where : str
        File or table the rows are in.
    got : callable
        Given the first row, returns what was found there.
    column : str, optional
        The column at fault.
    **parts
        Blanks of the message; a function is given what was found.
    """
    if not len(rows):
        return
    found = got(rows[0])
    raise DataError(
        code,
        got=str(found) or "''",
        where=f"{where}, dòng/row {rows[0]}"
        + (f", cột/column {column}" if column else "")
        + (f" (+{len(rows) - 1})" if len(rows) > 1 else ""),
        rows=rows,
        column=column,
        **{name: part(found) if callable(part) else part for name, part in parts.items()},
    )


def refuse_cells(cells: pd.Series, wrong: pd.Series, code: str, where: str, **blanks: Any) -> None:
    """Raise a `DataError` that names the first wrong cell of a column; do nothing when there is none.

    Parameters
    ----------
    cells : Series
        The column; its index holds the rows as their source counts them.
    wrong : Series of bool
        Which of its cells are at fault.
    code, where, **blanks
        As for :func:`refuse_rows`.
    """
    refuse_rows(cells.index[wrong], code, where=where, column=str(cells.name), got=cells.get, **blanks)
