"""Values as a reader sees them; the one place where a report rounds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from dvresearch import codebook
from dvresearch.text import format_number, format_percent
from dvresearch.wording import values

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
        return str(value)
    if column.kind == "measure":
        return values.value(float(value), measure, None, lang)  # type: ignore[arg-type]
    if column.kind == "percent":
        return format_percent(float(value), column.decimals, lang)  # type: ignore[arg-type]
    return format_number(float(value), column.decimals, lang)  # type: ignore[arg-type]


_MATCH = {
    "vi": {"pass": "khớp", "review": "cần xem", "fail": "không khớp", "unknown": "không kiểm được"},
    "en": {"pass": "match", "review": "to review", "fail": "no match", "unknown": "cannot be checked"},
}


def findings_rows(findings: pd.DataFrame, lang: str, words: Literal["pass", "match"]) -> list[dict[str, str]]:
    """Return findings as rows of text, the verdict in the pair of words asked for."""
    out = []
    for row in findings.to_dict("records"):
        verdict = str(row["verdict"])
        out.append(
            {
                "css": verdict,
                "verdict": _MATCH[lang][verdict] if words == "match" else codebook.label("verdict", verdict, lang),  # type: ignore[arg-type]
                "check": codebook.label("check", str(row["check"]), lang),  # type: ignore[arg-type]
                "where": str(row["where"]),
                "computed": str(row["computed"]),
                "stated": str(row["stated"]),
                "guidance": str(row[f"guidance_{lang}"]),
            }
        )
    return out
