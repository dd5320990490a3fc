"""Values as a reader sees them; the one place where a report rounds."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, Literal

from dvresearch import codebook
from dvresearch.text import format_number, format_percent
from dvresearch.wording import values, verdict_words
from dvresearch.wording.findings import localised
from dvresearch.wording.periods import period_words
from dvresearch.wording.values import capital

if TYPE_CHECKING:
    import pandas as pd

    from dvresearch.evaluation.content import Column

__all__ = ["findings_rows", "shown"]

Lang = Literal["vi", "en"]


def shown(value: object, column: Column, lang: Lang, measure: str = "") -> str:
    """Return `value` as text: decimal comma in Vietnamese, an ellipsis where it is not known."""
    if value is None or (isinstance(value, float) and math.isnan(value)) or str(value) in ("NaT", "<NA>"):
        return "…"
    if column.kind == "text":
        return values.say(values.GROUPS[str(value)], lang) if value in values.GROUPS else str(value)
    if column.kind == "measure":
        return values.value(float(value), measure, None, lang)  # type: ignore[arg-type]
    if column.kind == "percent":
        return format_percent(float(value), column.decimals, lang)  # type: ignore[arg-type]
    return format_number(float(value), column.decimals, lang)  # type: ignore[arg-type]


def findings_rows(findings: pd.DataFrame, lang: Lang, words: Literal["pass", "match"]) -> list[dict[str, str]]:
    """Return findings as rows of text, the verdict in the pair of words asked for."""
    return [
        {
            "css": str(row["verdict"]),
            "verdict": _verdict(row, lang, words),
            "check": capital(codebook.label("check", row["check"], lang)),
            "where": ", ".join(period_words(part, lang) for part in str(row["where"]).split(", ")),
            "computed": localised(row["computed"], lang),
            "stated": localised(row["stated"], lang),
            "guidance": str(row[f"guidance_{lang}"]),
        }
        for row in findings.to_dict("records")
    ]


def _verdict(row: dict[Hashable, Any], lang: Lang, words: Literal["pass", "match"]) -> str:
    """Return the verdict, and of one that is not settled how much it matters."""
    text = verdict_words(row["verdict"], lang, words)
    weighty = row["verdict"] in ("fail", "review") and row["severity"] != "info"
    return f"{text} ({codebook.label('severity', row['severity'], lang)})" if weighty else text
