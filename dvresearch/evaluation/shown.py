"""Values as a reader sees them; the one place where a report rounds."""

from __future__ import annotations

import math
import re
from collections.abc import Hashable
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from dvresearch import codebook
from dvresearch.metrics.identities import SOURCE_GROUPS
from dvresearch.text import format_number, format_percent
from dvresearch.wording import localised, values, verdict_words
from dvresearch.wording.periods import period_words
from dvresearch.wording.values import capital

if TYPE_CHECKING:
    import pandas as pd

    from dvresearch.evaluation.content import Column, Sheet

__all__ = ["findings_rows", "row_decimals", "shown"]

Lang = Literal["vi", "en"]

#: What a place in a file is called; findings name it in both languages.
_PLACES = ("trang tính/sheet", "dòng/row", "cột/column", "ô/cell")


def shown(value: object, column: Column, lang: Lang, measure: str = "") -> str:
    """Return `value` as text: decimal comma in Vietnamese, an ellipsis where it is not known."""
    if value is None or (isinstance(value, float) and math.isnan(value)) or str(value) in ("NaT", "<NA>"):
        return "…"
    if column.key == "hedge":
        return values.hedged("", value, lang)
    if column.kind == "text":
        return values.shown_name(str(value), lang)
    if column.kind == "measure":
        return values.value(float(value), measure, None, lang)  # type: ignore[arg-type]
    if column.kind == "percent":
        return format_percent(float(value), column.decimals, lang)  # type: ignore[arg-type]
    return format_number(float(value), column.decimals, lang)  # type: ignore[arg-type]


def row_decimals(sheet: Sheet) -> list[int]:
    """Return for each row the decimals its ``number`` cells need: rows count different things."""
    columns = [c for c in sheet.columns if c.kind == "number"]
    most = max((c.decimals for c in columns), default=0)
    cells = zip(*(sheet.frame[c.key] for c in columns), strict=True) if columns else [()] * len(sheet.frame)
    return [values.needed([float(x) for x in row if values.known(x)], most) for row in cells]


def findings_rows(findings: pd.DataFrame, lang: Lang, words: Literal["pass", "match"]) -> list[dict[str, str]]:
    """Return findings as rows of text, the verdict in the pair of words asked for."""
    return [
        {
            "css": str(row["verdict"]),
            "verdict": _verdict(row, lang, words),
            "check": capital(codebook.label("check", row["check"], lang)),
            "where": _where(str(row["where"]), lang),
            "computed": localised(row["computed"], lang),
            "stated": localised(row["stated"], lang),
            "guidance": str(row[f"guidance_{lang}"]),
        }
        for row in findings.to_dict("records")
    ]


@cache
def _english() -> dict[str, str]:
    """Return what tables and findings name in Vietnamese only, groups and what is counted, by its English name."""
    groups = [e for e in codebook.entries("value") if e.code.startswith(SOURCE_GROUPS)]
    counted = [*codebook.entries("column"), *codebook.entries("indicator")]
    return {e.label("vi"): e.label("en") for e in (*counted, *groups)}


@cache
def _named() -> re.Pattern[str]:
    names = "|".join(re.escape(name) for name in sorted(_english(), key=len, reverse=True))
    return re.compile(rf"(?:^|(?<=, ))(?:{names})(?=, | \(|$)")


def _where(where: str, lang: Lang) -> str:
    """Return a place in the reader's language: its periods in words, and ``dòng 6`` for ``dòng/row 6``."""
    if lang == "en":
        where = _named().sub(lambda name: _english()[name[0]], where)
    words, counting = [], False
    for part in where.split(", "):
        # the numbers of further rows follow the first: row 2019 is no year
        counting = part.startswith("dòng/row") or (counting and part.split(" ")[0].isdecimal())
        words.append(part if counting else period_words(values.shown_name(part, lang), lang))
    told = ", ".join(words)
    for pair in _PLACES:
        told = told.replace(pair, pair.split("/")[lang == "en"])
    return told


def _verdict(row: dict[Hashable, Any], lang: Lang, words: Literal["pass", "match"]) -> str:
    """Return the verdict, and of one that is not settled how much it matters."""
    text = verdict_words(row["verdict"], lang, words)
    weighty = row["verdict"] in ("fail", "review") and row["severity"] != "info"
    return f"{text} ({codebook.label('severity', row['severity'], lang)})" if weighty else text
