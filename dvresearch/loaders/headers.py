"""Find the header of a table in a sheet, and tell which column is which.

A header is the one to four rows whose cells name the most columns of a contract. Names are
compared without diacritics, case, punctuation and spaces, with the names, labels and aliases of the
codebook (an entry ``dossiers.received`` goes before one called ``received``); the user's own
names, given as a mapping, go before both.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from dvresearch import codebook
from dvresearch.errors import DataError, ParameterError, Text
from dvresearch.loaders.sheets import Sheet, column_letters, texts
from dvresearch.privacy import showable
from dvresearch.tables import Table
from dvresearch.text import plain

__all__ = [
    "Header",
    "column_names",
    "find_header",
    "is_numbering",
    "key",
    "label",
    "layouts",
    "read_mapping",
    "save_mapping",
    "to_contract",
]

_DEEPEST = 60  # rows that are looked at for a header
_WIDEST = 300  # columns
_TALLEST = 4  # rows a header may take
#: What a header can do without: remarks in brackets, and the year ("Kế hoạch năm 2025").
_REMARK = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|(?:\bnăm\s+)?\b(?:19|20)\d{2}\b", re.IGNORECASE)
_NUMBERING = re.compile(r"[(\[]?\s*(?:\d{1,2}|[A-Ea-e]|[ivxIVX]{1,4})\s*[)\]]?(?:\s*=\s*[\d()+\-\s]+)?")


@lru_cache(maxsize=65536)
def key(name: str) -> str:
    """Return the form in which names are compared."""
    return plain(name).replace(" ", "")


@dataclass(frozen=True)
class Header:
    """A header found in a sheet.

    Parameters
    ----------
    sheet : Sheet
        The sheet.
    top, height : int
        First row of the header, counted from 0, and its rows; 0 rows for a file that keeps titles apart.
    titles : tuple of str
        The full title of each column, the words of all header rows joined.
    columns : dict of str to int
        Contract name -> column, counted from 0.
    """

    sheet: Sheet
    top: int
    height: int
    titles: tuple[str, ...]
    columns: dict[str, int]

    @property
    def body(self) -> int:
        """The first row below the header, counted from 0."""
        return self.top + self.height


@cache
def column_names(table: Table) -> dict[str, str]:
    """Return every name a column of `table` is known by, in the form of :func:`key` -> contract name."""
    known = {e.code: e for e in codebook.entries("column")}
    names: dict[str, str] = {}
    for column in table.columns:
        names[key(column.name)] = column.name
    for column in table.columns:
        entry = known.get(f"{table.name}.{column.name}") or known.get(column.name)
        for name in (*column.titles, *((entry.label_vi, entry.label_en, *entry.aliases) if entry else ())):
            names.setdefault(key(name), column.name)
    return names


def label(table: Table, column: str) -> str:
    """Return the Vietnamese label of a column of `table`."""
    for code in (f"{table.name}.{column}", column):
        try:
            return codebook.label("column", code)
        except ParameterError:
            pass
    return column


def to_contract(columns: Mapping[str, str] | None, table: Table) -> dict[str, str]:
    """Return a mapping given by the user as the file's name -> contract name, whichever way round it was given.

    Raises
    ------
    ParameterError
        When neither side holds contract names only, or two headers go to one column.
    """
    if not columns:
        return {}
    if all(v in table.names for v in columns.values()):
        mapping = dict(columns)
    elif all(k in table.names for k in columns):
        mapping = {header: name for name, header in columns.items()}
    else:
        unknown = [v for v in columns.values() if v not in table.names]
        near = {n for v in unknown for n in difflib.get_close_matches(v, table.names, 2, 0.5)}
        raise ParameterError(
            Text(
                f"Bảng {table.name} không có cột {', '.join(unknown)}.",
                f"The table {table.name} has no column {', '.join(unknown)}.",
            ),
            expected=Text('columns={"tiêu đề trong tệp": "tên cột"}', 'columns={"header in the file": "column"}'),
            got=repr(dict(columns)),
            hint=Text(
                f"Tên cột: {', '.join(sorted(near) or table.names)}.",
                f"Columns: {', '.join(sorted(near) or table.names)}.",
            ),
        )
    if len(set(mapping.values())) < len(mapping):
        raise ParameterError(
            Text("Hai tiêu đề cùng chỉ vào một cột.", "Two headers are mapped to one column."),
            got=repr(dict(columns)),
            hint=Text("Giữ một tiêu đề cho mỗi cột.", "Keep one header for each column."),
        )
    return mapping


def is_numbering(cells: Sequence[Any]) -> bool:
    """Tell whether a row only numbers the columns: ``(1) (2) (3)``, ``A B 1 2``, ``3=4+5+6``."""
    filled = [t for t in texts(cells) if t]
    if len(filled) < 2 or not all(_NUMBERING.fullmatch(t) for t in filled):
        return False
    # numbers that rise, by one where nothing else tells: answers to a survey typed as codes are small numbers, too
    numbers = [int(m[0]) for t in filled if (m := re.match(r"\d+", t.lstrip("([ ")))]
    steps = [after - before for before, after in pairwise(numbers)]
    return all(step == 1 for step in steps) if all(map(str.isdecimal, filled)) else all(step > 0 for step in steps)


def find_header(
    sheets: Sequence[Sheet],
    table: Table,
    *,
    columns: Mapping[str, str] | None = None,
    given: Sequence[str] = (),
) -> Header:
    """Find the sheet, the header and the columns of `table` in a file.

    Parameters
    ----------
    sheets : sequence of Sheet
        The sheets of one file.
    table : Table
        The contract.
    columns : mapping, optional
        File's name -> contract name, see :func:`to_contract`.
    given : sequence of str
        Contract names whose content does not come from the file.

    Raises
    ------
    DataError
        When a required column is not found, two columns carry the same meaning, a header of the mapping is
        not there, or several sheets fit equally; the message lists what was seen.
    """
    mapping = {key(name): code for name, code in (columns or {}).items()}
    guesses = [_best(s, table, mapping) for s in sheets]
    needed = {c.name for c in table.columns if c.required} - set(given)
    fits = [g for g in guesses if needed <= g.found.keys() and set(mapping.values()) <= g.by_user]
    fits = [g for g in fits if not g.sheet.hidden] or fits
    if not fits:
        raise _missing(max(guesses, key=lambda g: len(g.found)), table, needed, columns or {}, len(sheets))
    best = max(fits, key=lambda g: len(g.found))
    rivals = [g for g in fits if len(g.found) > 0.6 * len(best.found)]
    if len(rivals) > 1:
        raise DataError(
            Text("Có nhiều trang tính cùng dạng bảng này.", "Several sheets hold such a table."),
            where=best.sheet.file,
            got=", ".join(g.sheet.name for g in rivals),
            hint=Text(
                "Nêu một trang tính: sheet=…; nạp từng trang rồi ghép.", "Name one: sheet=…; load each and join."
            ),
        )
    doubles = {name: at for name, at in best.found.items() if len(at) > 1}
    if doubles:
        raise _ambiguous(best, doubles)
    return Header(best.sheet, best.top, best.height, best.titles, {name: at[0] for name, at in best.found.items()})


@dataclass(frozen=True)
class _Guess:
    sheet: Sheet
    top: int
    height: int
    titles: tuple[str, ...]
    found: dict[str, list[int]]
    by_user: frozenset[str] = frozenset()


def layouts(sheet: Sheet) -> Iterator[tuple[int, int, list[list[str]]]]:
    """Yield where a header could be: its first row, its rows, and the words above each column, top down."""
    if sheet.titles:
        yield 0, 0, [[t] for t in sheet.titles]
        return
    head = [texts(row) for row in zip(*(c[:_DEEPEST] for c in sheet.columns[:_WIDEST]), strict=True)]
    head = _fill_merged(head, sheet)
    for top in range(len(head)):
        for height in range(1, min(_TALLEST, len(head) - top) + 1):
            yield top, height, _titles(head[top : top + height])


def _best(sheet: Sheet, table: Table, mapping: Mapping[str, str]) -> _Guess:
    """Return the layout that names the most columns; of none, the fullest of the first rows, to show what is there."""
    guesses = [_guess(sheet, *layout, column_names(table), mapping) for layout in layouts(sheet)]
    best = max(guesses, key=lambda g: (len(g.found), -g.height), default=_Guess(sheet, 0, 1, (), {}))
    if len(best.found) < 2 and guesses:
        best = max((g for g in guesses if g.height < 2), key=lambda g: (len(g.found), sum(map(bool, g.titles))))
    return best


def _fill_merged(head: list[list[str]], sheet: Sheet) -> list[list[str]]:
    for top, left, _, right in sheet.merged:
        if 0 <= top < len(head) and 0 <= left < len(head[top]):
            for column in range(left + 1, min(right + 1, len(head[top]))):
                head[top][column] = head[top][left]
    return head


def _titles(rows: list[list[str]]) -> list[list[str]]:
    """Return the words above each column, top down; a group title stands over the columns to its right, too."""
    *upper, last = rows
    spread = []
    for row in upper:
        filled: list[str] = []
        for column, cell in enumerate(row):
            filled.append(cell or (filled[-1] if filled and last[column] else ""))
        spread.append(filled)
    out = []
    for parts in zip(*spread, last, strict=True):
        words = [p for i, p in enumerate(parts) if p and p not in parts[:i]]
        out.append([w for w in words if not _NUMBERING.fullmatch(w)] or words)
    return out


def _guess(
    sheet: Sheet, top: int, height: int, titles: list[list[str]], names: Mapping[str, str], mapping: Mapping[str, str]
) -> _Guess:
    found: dict[str, list[int]] = {}
    by_user: dict[str, list[int]] = {}
    for column, parts in ((at, words) for at, words in enumerate(titles) if words):
        # Ngày + tiếp nhận, Mã under Hồ sơ; a key has no spaces, so that of several words is theirs joined
        single = [key(p) for p in parts]
        forms = (" ".join(parts), " ".join(reversed(parts)), parts[-1])
        bare = [key(_REMARK.sub(" ", f)) for f in forms if _REMARK.search(f)]
        keys = ["".join(single), "".join(reversed(single)), single[-1], *bare]
        if mine := next((mapping[k] for k in keys if k in mapping), None):
            by_user.setdefault(mine, []).append(column)
        elif name := next((names[k] for k in keys if k in names), None):
            found.setdefault(name, []).append(column)
    return _Guess(sheet, top, height, tuple(" ".join(p) for p in titles), {**found, **by_user}, frozenset(by_user))


def _shown(guess: _Guess) -> str:
    return ", ".join(
        f"{column_letters(guess.sheet.first_column + i)}: {showable(t)}" for i, t in enumerate(guess.titles) if t
    )[:1500]


def _missing(guess: _Guess, table: Table, needed: set[str], columns: Mapping[str, str], sheets: int) -> DataError:
    absent = [h for h, name in columns.items() if name not in guess.by_user]
    lacking = [n for n in table.names if n in needed and n not in guess.found]
    taken = {c for at in guess.found.values() for c in at}
    # only what can be typed as it is shown, and is long enough to be told from any other word
    free = [" ".join(t.split()) for i, t in enumerate(guess.titles) if i not in taken]
    seen = {key(t): t for t in free if len(key(t)) > 2 and showable(t) == t and not set('"}') & set(t)}
    guessed: dict[str, str] = {}
    for name in [*absent, *lacking]:
        forms = [key(name)] if name in absent else [k for k, v in column_names(table).items() if v == name]
        near = [n for f in forms for n in difflib.get_close_matches(f, seen, 1, 0.6)]
        if near and columns.get(name, name) not in guessed.values():
            guessed[seen.pop(near[0])] = columns.get(name, name)
    mapping = {h: c for h, c in columns.items() if h not in absent} | guessed
    rest = [n for n in lacking if n not in mapping.values()]
    pairs = ", ".join(f'"{header}": "{n}"' for header, n in (*mapping.items(), *(("…", n) for n in rest)))
    perhaps = Text(f"Có thể là: columns={{{pairs}}}. ", f"Perhaps: columns={{{pairs}}}. ") if guessed else Text("", "")
    alone = Text(
        ' Tệp của một đơn vị, không có cột đơn vị: nêu unit="tên đơn vị".' if "unit" in rest else "",
        ' A file of one unit, without such a column: give unit="name of the unit".' if "unit" in rest else "",
    )
    labels = ", ".join(f"{n} ({label(table, n)})" for n in lacking)
    if absent:
        title = Text(
            "Không thấy tiêu đề đã nêu trong columns: " + ", ".join(absent) + ".",
            "Headers named in columns are not there: " + ", ".join(absent) + ".",
        )
    elif len(guess.found) >= 2:
        title = Text(f"Bảng thiếu cột bắt buộc: {labels}.", f"The table lacks required columns: {', '.join(lacking)}.")
    else:
        title = Text(
            "Không tìm thấy dòng tiêu đề của bảng" + (f" trong {sheets} trang tính." if sheets > 1 else "."),
            "No header row of such a table was found" + (f" in {sheets} sheets." if sheets > 1 else "."),
        )
    return DataError(
        title,
        where=guess.sheet.where(guess.top),
        expected=Text(
            ", ".join(f"{n} ({label(table, n)})" for n in table.names if n in needed),
            ", ".join(n for n in table.names if n in needed),
        ),
        got=_shown(guess) or None,
        hint=Text(
            perhaps.vi + 'Sửa tiêu đề trong tệp hoặc dùng columns={"tiêu đề": "tên cột"}.' + alone.vi,
            perhaps.en + 'Change the header in the file or give columns={"header": "column"}.' + alone.en,
        ),
    )


def _ambiguous(guess: _Guess, doubles: Mapping[str, list[int]]) -> DataError:
    letters = {
        name: " / ".join(f"{column_letters(guess.sheet.first_column + c)}: {showable(guess.titles[c])}" for c in at)
        for name, at in doubles.items()
    }
    name, at = next(iter(doubles.items()))
    example = f'columns={{"{showable(guess.titles[at[0]])}": "{name}"}}'
    return DataError(
        Text("Nhiều cột cùng khớp một nội dung.", "Several columns fit one meaning."),
        where=guess.sheet.where(guess.top),
        got="; ".join(f"{name} ← {shown}" for name, shown in letters.items()),
        hint=Text(
            f"Chọn một cột: {example}; nếu hai tiêu đề giống hệt nhau thì đổi tên một cột trong tệp.",
            f"Choose one: {example}; where two headers are the same, rename one in the file.",
        ),
    )


# --- the user's mapping, kept beside the data -------------------------------------------------------------------------


def _mapping_file(path: str | Path) -> Path:
    path = Path(path)
    return path.with_name(path.name + ".columns.toml")


def read_mapping(path: str | Path, table: Table) -> dict[str, str]:
    """Return the mapping saved beside a data file, empty when there is none.

    Raises
    ------
    DataError
        When the file beside the data cannot be read as a mapping for `table`.
    """
    import tomllib

    beside = _mapping_file(path)
    try:
        if not beside.is_file():
            return {}
        saved = tomllib.loads(beside.read_text(encoding="utf-8"))
        columns = saved["columns"]
        if saved.get("table") != table.name or not all(isinstance(v, str) for v in columns.values()):
            raise ValueError(saved.get("table"))
        return to_contract(columns, table)
    except (OSError, ValueError, KeyError, AttributeError) as fault:
        raise DataError(
            Text("Tệp tiêu đề cột lưu cạnh dữ liệu không dùng được.", "The saved column mapping cannot be used."),
            where=beside.name,
            expected=Text(
                f'table = "{table.name}" và [columns] "tiêu đề" = "tên cột"', f'table = "{table.name}" and [columns]'
            ),
            got=type(fault).__name__,
            hint=Text("Xóa tệp đó hoặc nêu columns=.", "Delete that file or give columns=."),
        ) from None


def save_mapping(path: str | Path, table: Table, columns: Mapping[str, str]) -> Path:
    """Write a mapping beside a data file, as ``<file>.columns.toml``, and return its path."""
    import json

    lines = [f'table = "{table.name}"', "", "[columns]"]
    quoted = {json.dumps(h, ensure_ascii=False).replace("\x7f", "\\u007f"): c for h, c in columns.items()}
    lines += [f"{header} = {json.dumps(name)}" for header, name in quoted.items()]
    beside = _mapping_file(path)
    beside.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    return beside
