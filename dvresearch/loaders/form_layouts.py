"""What the columns of the official report forms are, and how offices word them: the entries of ``forms.toml``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dvresearch.errors import DataError, ParameterError, Text
from dvresearch.text import plain

__all__ = [
    "FORMS", "FORM_CODES", "TTCP", "Form", "FormColumn", "form", "printed_codes", "refuse_unknown", "title_words",
]  # fmt: skip

_DATA = tomllib.loads(Path(__file__).with_name("forms.toml").read_text(encoding="utf-8"))
#: Thông tư 02/2021/TT-TTCP.
TTCP = "TT02/2021"


@dataclass(frozen=True)
class FormColumn:
    """A numbered column of a form.

    Parameters
    ----------
    number : int
        Its number on the form; 0 for columns that offices add.
    name : str
        Column of ``tables.TALLY`` (or one of ``received_online``, ``received_direct``), or the number itself.
    title : Text
        The title on the blank form.
    group, leaf : str
        Patterns of the words above the column, as :func:`title_words` gives them: somewhere in all of them, and the
        title itself. Without them the column is found by its number only.
    part : bool
        Whether offices split the column further, so that several columns add up to it.
    """

    number: int
    name: str
    title: Text
    group: str = ""
    leaf: str = ""
    part: bool = False


@dataclass(frozen=True)
class Form:
    """A report form.

    Parameters
    ----------
    code, version, title : str
        What is printed at its top.
    columns : tuple of FormColumn
        Its columns.
    groups : tuple of (str, int, int)
        Titles above several columns: title, first and last number.
    sums : tuple of (int, tuple of int)
        A column and those that add up to it, parts before the totals built from them.
    unit : str
        What is counted.
    lines : str
        What a line is: the title of the column of labels.
    tally : mapping of str to list of int
        Columns of ``tables.TALLY`` and the numbered columns that they are the sum of, where the names do not say it.
    """

    code: str
    version: str
    title: str
    columns: tuple[FormColumn, ...]
    groups: tuple[tuple[str, int, int], ...]
    sums: tuple[tuple[int, tuple[int, ...]], ...]
    unit: str
    lines: str
    tally: Mapping[str, list[int]]

    @property
    def numbered(self) -> bool:
        """Whether the columns are known by their numbers and not by their titles."""
        return self.columns[0].name.isdecimal()

    @property
    def names(self) -> dict[int, str]:
        """The name of each numbered column."""
        return {c.number: c.name for c in self.columns if c.number}

    @property
    def first(self) -> int:
        """The first numbered column of the sheet: II.06a numbers the two columns of labels, too."""
        return min(self.names)

    def checks(self) -> list[str]:
        """Return the code under which the codebook describes each of `sums`, kind ``check``."""
        name = plain(self.code).replace(" ", "")
        return [f"form_{name}_{i}" for i in range(1, len(self.sums) + 1)]


def _form(entry: Mapping[str, Any]) -> Form:
    """Return an entry of ``forms.toml``; a column whose meaning is not known is called by its number."""
    titles = entry.get("titles", {})
    columns = [FormColumn(**{**c, "title": Text(*c["title"])}) for c in entry.get("columns", ())] or [
        FormColumn(n, str(n), Text(*titles.get(str(n), (f"cột {n}", f"column {n}"))))
        for n in range(1, entry["last"] + 1)
    ]
    sums = [[int(n) for n in re.findall(r"\d+", written)] for written in entry["sums"]]
    return Form(
        **{key: entry[key] for key in ("code", "version", "title", "unit", "lines")},
        columns=tuple(columns),
        groups=tuple((title, left, right) for title, left, right in entry.get("groups", ())),
        sums=tuple((total, tuple(parts)) for total, *parts in sums),
        tally=entry.get("tally", {}),
    )


#: Forms by code and version.
FORMS = {(f.code, f.version): f for f in map(_form, _DATA["form"])}
#: Codes of the report forms, each once.
FORM_CODES = tuple(dict.fromkeys(code for code, _ in FORMS))


def title_words(title: str) -> str:
    """Return a title without diacritics, case and punctuation, one word for one thing: ``Trễ hẹn`` is ``qua han``."""
    return " ".join(_DATA["words"].get(word, word) for word in plain(title).split())


def printed_codes(line: str) -> set[str]:
    """Return the codes of forms, known or not, that a line of a file names."""
    codes = {code for code, _ in FORMS} | {code for entry in _DATA["unknown"] for code in entry["codes"]}
    bare = re.sub(r"\s*/\s*", "/", line)
    return {code for code in codes if re.search(rf"(?<!\w){re.escape(code)}(?!\w)", bare)}


def refuse_unknown(code: str, line: str, where: str) -> None:
    """Raise a `DataError` when a line of a file names a circular whose forms are not known."""
    for entry in _DATA["unknown"]:
        if re.search(entry["printed"], line, re.IGNORECASE):
            raise DataError("form-layout-not-known", where=where, got=entry["version"], form=code, **entry)


def form(code: str, version: str | None = None) -> Form:
    """Return a form by code and version; without a version the only one that is known.

    Raises
    ------
    ParameterError
        For a form that is not known; the message lists those that are.
    """
    found = [f for (c, v), f in FORMS.items() if c == code and version in (None, v)]
    if found:
        return found[-1]
    for entry in _DATA["unknown"]:
        if version == entry["version"] or (version is None and code in entry["codes"]):
            raise ParameterError("form-layout-not-known", got=version or entry["version"], form=code, **entry)
    known = "; ".join(f"{c}, version={v!r}" for c, v in FORMS)
    raise ParameterError("form-not-known", known=known, form=f"{code}, {version}" if version else code)
