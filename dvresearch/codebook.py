"""Every indicator, column, definition, method and remark once: code, aliases, labels, unit, meaning.

The entries are rows of ``codebook.csv`` beside this module, so that a person who
knows the field and no Python can correct a term. Nothing else in the package
spells out a label.
"""

from __future__ import annotations

import csv
import difflib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from dvresearch.errors import ParameterError, Text, message
from dvresearch.text import plain

__all__ = ["KINDS", "Entry", "entries", "find", "get", "glossary", "label", "nearest", "quantity"]

#: What an entry can be, in the order of the glossary, and the heading of its part there.
_HEADINGS = {
    "indicator": Text("Chỉ số", "Indicators"),
    "column": Text("Cột", "Columns"),
    "table": Text("Bảng", "Tables"),
    "definition": Text("Định nghĩa tỷ lệ", "Definitions of rates"),
    "method": Text("Phương pháp", "Methods"),
    "basis": Text("Cơ sở số liệu", "Bases"),
    "flag": Text("Lưu ý", "Flags"),
    "reason": Text("Lý do thiếu giá trị hoặc khoảng", "Reasons for a missing value or interval"),
    "check": Text("Phép kiểm tra", "Checks"),
    "verdict": Text("Kết luận kiểm tra", "Verdicts"),
    "severity": Text("Mức độ", "Severities"),
    "level": Text("Cấp đơn vị", "Levels of units"),
    "unit": Text("Đơn vị tính", "Units of measure"),
    "value": Text("Giá trị của các cột mã", "Words of coded columns"),
}
KINDS = tuple(_HEADINGS)


@dataclass(frozen=True)
class Entry:
    """One term.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    code : str
        The name used in tables and code.
    aliases : tuple of str
        Other names seen in files and sources, matched after :func:`dvresearch.text.plain`.
    label_vi, label_en : str
        Short label for axes and headings.
    unit : str
        Unit code of an indicator or column (``share``, ``dossier``, ``day``, ...), empty when none. Of a
        unit: its kind of quantity, which says how it may be added up: ``count``, ``share``, ``rate``,
        ``score``, ``mean``, ``money``, ``rank`` or ``mark``.
    better : str
        ``higher``, ``lower`` or ``none``: whether a larger value is a better one; ``context`` for an
        indicator that is no result of the work evaluated. Indicators only.
    note_vi, note_en : str
        Definition in one or two sentences, with the formula where there is one.
    """

    kind: str
    code: str
    aliases: tuple[str, ...]
    label_vi: str
    label_en: str
    unit: str
    better: str
    note_vi: str
    note_en: str

    def label(self, lang: str) -> str:
        """Return the short label in ``vi`` or ``en``."""
        return self.label_vi if lang == "vi" else self.label_en

    def note(self, lang: str) -> str:
        """Return the definition in ``vi`` or ``en``."""
        return self.note_vi if lang == "vi" else self.note_en


@cache
def _book() -> dict[tuple[str, str], Entry]:
    path = Path(__file__).with_name("codebook.csv")
    with path.open(encoding="utf-8", newline="") as file:
        rows: list[dict[str, Any]] = list(csv.DictReader(file))
    book = [Entry(**{**row, "aliases": tuple(filter(None, row["aliases"].split("|")))}) for row in rows]
    return {(e.kind, e.code): e for e in book}


@cache
def entries(kind: str | None = None) -> tuple[Entry, ...]:
    """Return all entries, or those of one kind, in the order of the file.

    Parameters
    ----------
    kind : str, optional
        One of `KINDS`; all kinds when not given.
    """
    return tuple(e for e in _book().values() if kind in (None, e.kind))


def get(kind: str, code: str) -> Entry:
    """Return the entry of a code.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    code : str
        The code.

    Raises
    ------
    ParameterError
        When the codebook has no such code; the message names the nearest ones.
    """
    try:
        return _book()[kind, code]
    except KeyError:
        raise ParameterError("not-in-codebook", got=code, kind=kind, near=nearest(kind, code)) from None


def nearest(kind: str, name: str) -> Text:
    """Return the sentence that names the codes nearest to a name, for an error.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    name : str
        What was asked for.
    """
    near = difflib.get_close_matches(name, [e.code for e in entries(kind)], 3, 0.5)
    return message("codes-nearby", near=", ".join(near)) if near else message("codes-in-glossary")


def quantity(indicator: str) -> str:
    """Return the kind of quantity of an indicator, which says how it may be added up.

    Parameters
    ----------
    indicator : str
        Code of the indicator.

    Returns
    -------
    str
        ``count``, ``share``, ``rate``, ``score``, ``mean``, ``money``, ``rank`` or ``mark``; ``score`` without unit.
    """
    unit = get("indicator", indicator).unit
    return get("unit", unit).unit if unit else "score"


def label(kind: str, code: str, lang: Literal["vi", "en"] = "vi") -> str:
    """Return the short label of a code.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    code : str
        The code.
    lang : {"vi", "en"}, default "vi"
        Language.
    """
    return get(kind, code).label(lang)


@cache
def _aliases(kind: str) -> dict[str, str]:
    names = [(_key(name), e.code) for e in entries(kind) for name in (e.code, e.label_vi, e.label_en, *e.aliases)]
    return dict(reversed(names))  # of two entries of one name the first


def _key(name: str) -> str:
    """Return what names are matched by; "điểm %" is not "điểm"."""
    return plain(name.replace("%", " phần trăm "))


def find(kind: str, name: str) -> str | None:
    """Return the code whose code, label or alias is a name after normalising, or None.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    name : str
        The name, with or without diacritics.
    """
    return _aliases(kind).get(_key(name))


def glossary() -> str:
    """Return the codebook as a Markdown page in both languages, ``docs/glossary.md``."""
    parts = [
        "# Thuật ngữ / Glossary",
        "Trang này sinh ra từ `dvresearch/codebook.csv` bằng `dvresearch build`; sửa ở tệp đó, không sửa ở đây.  \n"
        "This page is generated from `dvresearch/codebook.csv` by `dvresearch build`; edit that file, not this page.",
    ]
    for kind in KINDS:
        rows = ["| mã / code | tiếng Việt | English | đơn vị / unit |", "| --- | --- | --- | --- |"]
        for e in entries(kind):
            cells = (f"`{e.code}`", _cell(e.label_vi, e.note_vi), _cell(e.label_en, e.note_en), e.unit)
            rows.append("| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |")
        if len(rows) > 2:
            parts += [f"## {_HEADINGS[kind].vi} / {_HEADINGS[kind].en}", "\n".join(rows)]
    return "\n\n".join(parts) + "\n"


def _cell(label_: str, note: str) -> str:
    return f"**{label_}**" + (f": {note}" if note else "")
