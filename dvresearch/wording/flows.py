"""Flows and stocks of one unit in words: what came in, where it is now, and what the source leaves out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dvresearch import codebook
from dvresearch.errors import DataError, ParameterError
from dvresearch.tables import TALLY, check
from dvresearch.text import format_number
from dvresearch.wording.periods import period_words
from dvresearch.wording.values import Lang, Row, capital, inside, known, phrase, shown_name

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Flows", "column_name", "count_text", "describe_flows", "read_flows", "unit_and_period"]

_TOTALS = (("workload",), ("carried_in", "received"), ("total",), ("received",))
#: Counted inside other columns by some sources and beside them by others: they are parts only where there is room.
_OPTIONAL = ("withdrawn", "undated")


@dataclass(frozen=True)
class Flows:
    """The parts of one row of a tally and the total they belong to.

    Parameters
    ----------
    base : tuple of str
        Column of the total, or the columns that are added to it; () when the source gives none.
    total : float
        The total; the sum of the parts when the source gives none.
    parts : tuple of (str, float)
        Columns and counts, in the order in which they are told and drawn.
    """

    base: tuple[str, ...]
    total: float
    parts: tuple[tuple[str, float], ...]

    @property
    def remainder(self) -> float:
        """What the parts leave of the total; negative when they exceed it."""
        return self.total - sum(count for _, count in self.parts)


def read_flows(tally: pd.DataFrame) -> tuple[Row, Flows]:
    """Return the one row of a tally and its parts.

    A sum stands in only where none of its parts is known. Nothing is filled in: what the parts
    leave of the total stays a remainder.

    Raises
    ------
    DataError
        When the table breaks its contract or the row has no counts.
    ParameterError
        When there is more than one row.
    """
    check(tally, TALLY)
    if len(tally) > 1:
        raise ParameterError("not-one-row-of-counts", got=str(len(tally)))
    row: Row = tally.to_dict("records")[0]
    counts = {c: float(row[c]) for c in TALLY.names if TALLY.column(c).kind == "count" and known(row.get(c))}

    def told(*columns: str) -> list[str]:
        return [c for c in columns if c in counts]

    finished = told("resolved_early", "resolved_on_time")
    within = finished if len(finished) == 2 else told("resolved_within") or finished
    codes = [*within, *told("resolved_late")] or told("resolved")
    waiting = told("pending_within", "pending_overdue")
    codes += [*waiting, *told("pending_paused")] if waiting else told("pending")
    codes = codes or told("in_time", "out_of_time")
    if not codes:
        raise DataError("row-without-counts", got=", ".join(counts))
    base = next((b for b in _TOTALS if all(c in counts for c in b)), ())
    total = sum(counts[c] for c in base)
    for optional in told(*_OPTIONAL):
        if base and sum(counts[c] for c in codes) + counts[optional] <= total:
            codes.append(optional)
    parts = tuple((c, counts[c]) for c in codes)
    return row, Flows(base, total if base else sum(n for _, n in parts), parts)


def column_name(column: str, lang: Lang) -> str:
    """Return the label of a column of counts."""
    return codebook.get("column", column).label(lang)


def count_text(count: float, lang: Lang) -> str:
    """Return a count as text; published averages may be fractional."""
    return format_number(count, 0 if count == int(count) else 1, lang)


def unit_and_period(row: Row, lang: Lang) -> str:
    """Return which row of a tally it is: ``Quế Sơn, năm 2022``."""
    period = row.get("period")
    when = period_words(period, lang) if isinstance(period, str) and period else ""
    unit = shown_name(row["unit"], lang) if isinstance(row.get("unit"), str) else ""
    words = [unit, when, row.get("group")]
    return ", ".join(w for w in words if isinstance(w, str) and w)


def describe_flows(tally: pd.DataFrame, lang: Lang = "vi") -> list[str]:
    """Return sentences on where the dossiers of one row of a tally are.

    Parameters
    ----------
    tally : DataFrame
        The tally contract, one row.
    lang : {"vi", "en"}, default "vi"
        Language.

    Returns
    -------
    list of str
        The total and its parts; then, where they differ, what the source does not describe or by
        how much the parts exceed the total.

    Raises
    ------
    DataError
        When the table breaks its contract or the row has no counts.
    ParameterError
        When there is more than one row.
    """
    row, flows = read_flows(tally)
    who = unit_and_period(row, lang)
    parts = "; ".join(f"{inside(column_name(c, lang))} {count_text(n, lang)}" for c, n in flows.parts)
    base = " + ".join(inside(column_name(c, lang)) for c in flows.base)
    total = count_text(flows.total, lang)
    told = phrase("flows.of" if base else "flows.no-total", lang, base=base, total=total, parts=parts)
    head = f"{who} – {told}" if who else capital(told)
    rest = flows.remainder
    if abs(rest) < 1e-6:
        return [head]
    return [head, phrase("flows.remainder" if rest > 0 else "flows.excess", lang, count_text(abs(rest), lang))]
