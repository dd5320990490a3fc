"""The one builder of findings tables: verdicts, what was computed, what was stated, what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import ROUND_HALF_UP, Decimal

import pandas as pd

from dvresearch import codebook
from dvresearch.errors import Text
from dvresearch.tables import FINDINGS
from dvresearch.text.formats import Lang

__all__ = ["Finding", "digits", "finding", "graded", "p_value", "percent", "table", "untested", "written"]


#: One row of a findings table, see ``tables.FINDINGS``.
Finding = dict[str, str]


def finding(
    check: str,
    verdict: str,
    where: str,
    *,
    computed: str = "",
    stated: str = "",
    severity: str = "info",
    guidance: Text | None = None,
) -> Finding:
    """Return one finding.

    Parameters
    ----------
    check : str
        Code of the check, as in the codebook.
    verdict : {"pass", "review", "fail", "unknown"}
        The outcome.
    where : str
        The row, unit or document it is about.
    computed, stated : str
        The recomputed and the stated number, written by :func:`digits` or :func:`percent`.
    severity : {"info", "minor", "major"}
        How much it matters.
    guidance : Text, optional
        What it means and what to ask or to do.
    """
    advice = guidance or Text("", "")
    row = (check, verdict, severity, where, computed, stated, advice.vi, advice.en)
    return dict(zip(FINDINGS.names, row, strict=True))


def table(rows: Iterable[Finding]) -> pd.DataFrame:
    """Return findings as a table with the columns of ``tables.FINDINGS``, in order."""
    return pd.DataFrame(list(rows), columns=FINDINGS.names, dtype="str")


def digits(number: float, decimals: int | None = None) -> str:
    """Return a number as plain digits with a decimal point, no separators: a renderer gives it its language.

    Parameters
    ----------
    number : float
        The number; "" when it is not known.
    decimals : int, optional
        Decimals, rounded half up; without it the shortest form.
    """
    if pd.isna(number):
        return ""
    if decimals is None:
        return f"{number:.12g}"
    return str(Decimal(f"{number:.12g}").quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP))


def percent(share: float, decimals: int = 2) -> str:
    """Return a share 0-1 as plain digits and a per cent sign: ``91.97 %``."""
    return digits(100 * share, decimals) + "\u00a0%" if pd.notna(share) else ""


def graded(check: str, verdict: str, where: str = "", *, computed: str = "", stated: str = "") -> Finding:
    """Return a finding with the guidance and the severity that go with its check and verdict.

    Parameters
    ----------
    check : str
        Code of the check; its note in the codebook is the guidance where the check is not passed.
    verdict : {"pass", "review", "fail", "unknown"}
        The outcome: ``fail`` is major, ``review`` minor.
    where, computed, stated : str
        As for :func:`finding`.
    """
    entry = codebook.get("check", check)
    return finding(
        check,
        verdict,
        where,
        computed=computed,
        stated=stated,
        severity={"fail": "major", "review": "minor"}.get(verdict, "info"),
        guidance=None if verdict == "pass" else Text(entry.note_vi, entry.note_en),
    )


#: What is said of a check that the data do not allow.
_UNTESTED = Text("Số liệu không đủ để làm kiểm tra này.", "The data do not allow this check.")


def untested(check: str, where: str = "", guidance: Text = _UNTESTED) -> Finding:
    """Return the finding of a check that could not be made: what its failure would mean is not said.

    Parameters
    ----------
    check, where : str
        As for :func:`finding`.
    guidance : Text
        What is missing.
    """
    return finding(check, "unknown", where, guidance=guidance)


def written(write: Callable[[float, int, Lang], str], number: float, decimals: int) -> Text:
    """Return a number as sentences of either language write it, by ``format_number`` or ``format_percent``."""
    return Text(write(number, decimals, "vi"), write(number, decimals, "en"))


def p_value(p: float) -> str:
    """Return a p-value as text, three decimals: ``p = 0.031``, ``p < 0.001``; "" when it is not known."""
    return "" if pd.isna(p) else f"p = {digits(p, 3)}" if p >= 0.001 else "p < 0.001"
