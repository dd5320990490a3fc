"""Every indicator, column, definition, method and remark once: code, aliases, labels, unit, meaning.

The entries are rows of ``codebook.csv`` beside this module, so that a person who
knows the field and no Python can correct a term. Nothing else in the package
spells out a label.
"""

from __future__ import annotations

import csv
import difflib
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from dvresearch.errors import ParameterError, Text

__all__ = ["KINDS", "Entry", "entries", "find", "get", "label", "plain"]

#: What an entry can be, in the order of the glossary.
KINDS = (
    "indicator",
    "column",
    "table",
    "definition",
    "method",
    "basis",
    "flag",
    "reason",
    "check",
    "verdict",
    "severity",
    "level",
    "unit",
    "value",
)


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
        Other names seen in files and sources, matched after :func:`plain`.
    label_vi, label_en : str
        Short label for axes and headings.
    unit : str
        Unit code of an indicator or column (``share``, ``dossier``, ``day``, ...), empty when none.
    better : str
        ``higher``, ``lower`` or ``none``: whether a larger value is a better one. Indicators only.
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
        rows = [
            Entry(
                r["kind"],
                r["code"],
                tuple(a for a in r["aliases"].split("|") if a),
                r["label_vi"],
                r["label_en"],
                r["unit"],
                r["better"],
                r["note_vi"],
                r["note_en"],
            )
            for r in csv.DictReader(file)
        ]
    return {(e.kind, e.code): e for e in rows}


def entries(kind: str | None = None) -> list[Entry]:
    """Return all entries, or those of one kind, in the order of the file."""
    return [e for e in _book().values() if kind in (None, e.kind)]


def get(kind: str, code: str) -> Entry:
    """Return the entry of `code`.

    Raises
    ------
    ParameterError
        When the codebook has no such code; the message names the nearest ones.
    """
    try:
        return _book()[kind, code]
    except KeyError:
        near = difflib.get_close_matches(code, [e.code for e in entries(kind)], 3, 0.5)
        raise ParameterError(
            Text(f"Sổ mã không có {kind} {code!r}.", f"The codebook has no {kind} {code!r}."),
            got=code,
            hint=Text(
                "Gần nhất: " + ", ".join(near) if near else "Xem docs/glossary.md.",
                "Nearest: " + ", ".join(near) if near else "See docs/glossary.md.",
            ),
        ) from None


def label(kind: str, code: str, lang: Literal["vi", "en"] = "vi") -> str:
    """Return the short label of `code`."""
    return get(kind, code).label(lang)


def plain(name: str) -> str:
    """Return `name` without diacritics, case, punctuation and repeated spaces, for matching only."""
    text = unicodedata.normalize("NFD", name.replace("đ", "d").replace("Đ", "D"))
    kept = "".join(c if c.isalnum() else " " for c in text if not unicodedata.combining(c))
    return " ".join(kept.casefold().split())


@cache
def _aliases(kind: str) -> dict[str, str]:
    out: dict[str, str] = {}
    for e in entries(kind):
        for name in (e.code, e.label_vi, e.label_en, *e.aliases):
            out.setdefault(plain(name), e.code)
    return out


def find(kind: str, name: str) -> str | None:
    """Return the code whose code, label or alias is `name` after normalising, or None."""
    return _aliases(kind).get(plain(name))
