"""Sums a table must satisfy, each as a finding with its residual.

An identity is data (:class:`Identity`): a total and the columns that add up to it. The same
engine checks the flows and stocks of a tally and the numbered columns of an official form.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dvresearch import codebook
from dvresearch.errors import Text
from dvresearch.metrics import findings
from dvresearch.metrics.estimates import Floats, column_numbers
from dvresearch.tables import TALLY, check
from dvresearch.text.formats import format_number, format_percent

__all__ = [
    "TALLY_IDENTITIES",
    "Identity",
    "check_identities",
    "compare_counts",
    "check_tally",
    "complete",
    "row_names",
    "term",
]

#: How codes of the groups of a source begin (kind ``value`` of the codebook); tables hold their Vietnamese names.
SOURCE_GROUPS = ("group.", "owner_type.")
#: Residual, relative to the total, up to which a mismatch is called minor.
MINOR = 0.001


@dataclass(frozen=True)
class Identity:
    """A total and the parts that add up to it.

    Parameters
    ----------
    check : str
        Code of the check, as in the codebook.
    total : str
        Column of the total.
    parts : tuple of str
        Columns that are added.
    optional : tuple of str
        Columns that some sources count outside the parts (withdrawn dossiers, say): the identity
        also holds when one or several of them fill the gap exactly.
    where_given : tuple of str
        Further parts that few sources know (paused dossiers): added where there is a number, none where not.
    up_to : tuple of str
        Columns of which any part may be missing from the total: the identity also holds when the gap is
        no more than their sum.
    role : {"sum", "link"}
        ``sum``: the parts define the total, so a blank total may be filled from them.
        ``link``: two independent numbers must agree, nothing is filled.
    base : {"named", "unnamed"}
        ``unnamed``: the source does not say what its total counts, so a gap is a remainder to ask
        about and not an error.
    """

    check: str
    total: str
    parts: tuple[str, ...]
    optional: tuple[str, ...] = ()
    where_given: tuple[str, ...] = ()
    up_to: tuple[str, ...] = ()
    role: Literal["sum", "link"] = "sum"
    base: Literal["named", "unnamed"] = "named"

    def words(self, lang: str) -> str:
        """Return the identity in the labels of the codebook: ``Đã giải quyết = đúng hạn + trễ hạn``."""
        return f"{term(self.total, lang)} = " + " + ".join(term(p, lang) for p in (*self.parts, *self.where_given))


#: What holds between the columns of a tally. Parts stand before the totals that are built from them.
TALLY_IDENTITIES = (
    Identity("within_parts", "resolved_within", ("resolved_early", "resolved_on_time")),
    Identity("resolved_parts", "resolved", ("resolved_within", "resolved_late"), optional=("withdrawn", "undated")),
    Identity("pending_parts", "pending", ("pending_within", "pending_overdue"), where_given=("pending_paused",)),
    Identity("workload_in", "workload", ("carried_in", "received")),
    Identity("workload_out", "workload", ("resolved", "pending"), optional=("withdrawn", "undated"), role="link"),
    # Those carried in are paused or undated too, and not among the received.
    Identity("received_766", "received", ("in_time", "out_of_time"), up_to=("undated", "pending_paused"), role="link"),
    Identity(
        "total_parts",
        "total",
        ("resolved_within", "resolved_late", "pending_within", "pending_overdue"),
        optional=("withdrawn", "undated", "pending_paused"),
        role="link",
        base="unnamed",
    ),
)


def term(code: str, lang: str) -> str:
    """Return the label of a column, an indicator or a group of a source, or the name itself (columns of a form)."""
    known = [e for kind in ("column", "indicator") for e in codebook.entries(kind) if e.code == code]
    named = (e for e in codebook.entries("value") if e.code.startswith(SOURCE_GROUPS) and e.label_vi == code)
    entry = known[0] if known else next(named, None)
    return entry.label(lang) if entry else code


def complete(
    columns: Mapping[str, Floats], identities: Sequence[Identity] = TALLY_IDENTITIES
) -> tuple[dict[str, Floats], dict[str, NDArray[np.bool_]]]:
    """Fill blank totals from their parts, where every part is known.

    Nothing is obtained by subtraction: a difference would hand the files a source does not
    describe to whichever column is blank.

    Parameters
    ----------
    columns : mapping of str to array of float
        Counts by column, NaN where not known.
    identities : sequence of Identity
        Those with the role ``sum`` are used, in their order: the first that can fill a cell does.

    Returns
    -------
    filled : dict of str to array of float
        `columns`, and the totals that could be made, filled as far as possible.
    derived : dict of str to array of bool
        By check code, the rows in which that identity supplied the total.
    """
    rows = len(next(iter(columns.values()), np.empty(0)))
    filled, derived = dict(columns), {}
    for identity in (i for i in identities if i.role == "sum"):
        derived[identity.check] = np.zeros(rows, dtype=bool)
        if all(p in filled for p in identity.parts):
            total = filled.get(identity.total, np.full(rows, np.nan))
            further = [np.nan_to_num(filled[p]) for p in identity.where_given if p in filled]
            parts = np.sum([*(filled[p] for p in identity.parts), *further], axis=0)
            derived[identity.check] = np.isnan(total) & ~np.isnan(parts)
            filled[identity.total] = np.where(derived[identity.check], parts, total)
    return filled, derived


def check_tally(tally: pd.DataFrame, *, identities: Sequence[Identity] = TALLY_IDENTITIES) -> pd.DataFrame:
    """Check the sums within the rows of a tally.

    Parameters
    ----------
    tally : DataFrame
        Counts, see ``tables.TALLY``.
    identities : sequence of Identity
        Which sums are checked.

    Returns
    -------
    DataFrame
        As :func:`check_identities`; ``where`` names unit, period and group.

    Raises
    ------
    DataError
        For a table that breaks the contract of a tally.
    """
    check(tally, TALLY)
    return check_identities(tally, identities, label=("unit", "period", "group"))


def check_identities(
    table: pd.DataFrame,
    identities: Sequence[Identity],
    *,
    label: Sequence[str],
    tolerance: float = 0.0,
) -> pd.DataFrame:
    """Check sums between columns, row by row.

    Parameters
    ----------
    table : DataFrame
        Numbers by column; a blank is not known, not zero.
    identities : sequence of Identity
        The sums, parts before the totals built from them.
    label : sequence of str
        Columns whose cells name a row in ``where``.
    tolerance : float, default 0
        Residual, in the unit of the columns, up to which a sum holds (for rounded scores).

    Returns
    -------
    DataFrame
        The columns of ``tables.FINDINGS`` and ``residual`` = stated total - sum of the known parts.
        The rows of `table` follow each other, each with the sums it can be tested on. ``pass``: it holds.
        ``fail``: all parts are known and do not add up, or the known ones already exceed the total;
        ``minor`` up to 0.1 % of the total, else ``major``. ``review``: the gap of a total whose base the source
        does not name. A row that no sum can be tested on has one finding ``identities``, ``unknown``.

    Notes
    -----
    Checked against the columns ``identity_check`` typed from the sources (Lâm Đồng, first quarter
    of 2020: +8 801 dossiers; Huế: +9 612) in tests/test_identities.py.
    """
    names = {c for i in identities for c in (i.total, *i.parts, *i.optional, *i.where_given, *i.up_to)}
    stated = {c: column_numbers(table, c) for c in table.columns if c in names}
    filled, _ = complete(stated, identities)
    rows: list[tuple[findings.Finding, float]] = []
    for i, name in enumerate(row_names(table, label)):
        given, row = ({c: float(v[i]) for c, v in columns.items()} for columns in (stated, filled))
        tested = [
            _one(
                identity, name, (row if identity.role == "link" else given).get(identity.total, np.nan), row, tolerance
            )
            for identity in identities
        ]
        rows += [t for t in tested if t] or [
            (findings.finding("identities", "unknown", name, guidance=_UNTESTED), np.nan)
        ]
    return findings.table(f for f, _ in rows).assign(residual=np.array([r for _, r in rows], dtype=float))


def compare_counts(
    stated: pd.DataFrame, counted: pd.DataFrame, *, on: str | Sequence[str], columns: Sequence[str]
) -> pd.DataFrame:
    """Compare the counts a unit reported with those of its own list of cases.

    Parameters
    ----------
    stated, counted : DataFrame
        Counts as reported and as counted again; `on` names a row in both.
    on : str or sequence of str
        The columns that tell which rows belong together.
    columns : sequence of str
        Counts to compare.

    Returns
    -------
    DataFrame
        Findings ``reported_counts``, one for each row of `stated` and column known on both sides: ``pass`` when equal,
        ``fail`` otherwise (``minor`` up to 1 % of the reported number). Rows of `counted` that were not reported are
        passed over, and so are reported rows that were not counted (``unknown``).
    """
    keys = [on] if isinstance(on, str) else list(on)
    both = stated[[*keys, *columns]].merge(
        counted[[*keys, *columns]], on=keys, how="left", suffixes=("", "_counted"), validate="one_to_one"
    )
    rows = []
    for row in both.to_dict("records"):
        names = [f"{row[k]:%Y-%m}" if hasattr(row[k], "year") else str(row[k]) for k in keys]
        for column in columns:
            a, b = row[column], row[f"{column}_counted"]
            if np.isnan(a):
                continue
            verdict = "unknown" if np.isnan(b) else "pass" if a == b else "fail"
            small = verdict == "fail" and abs(a - b) <= 0.01 * a
            rows.append(
                findings.finding(
                    "reported_counts",
                    verdict,
                    ", ".join([*names, codebook.label("column", column)]),
                    computed="" if np.isnan(b) else findings.digits(b),
                    stated=findings.digits(a),
                    severity="minor" if small else "major" if verdict == "fail" else "info",
                    guidance=_REPORTED[verdict],
                )
            )
    return findings.table(rows)


_REPORTED = {
    "pass": Text("Khớp với danh sách.", "Equal to the list."),
    "fail": Text(
        "Biểu và danh sách khác nhau: kiểm tra ngày chốt số liệu và hồ sơ nhập sau.",
        "Form and list differ: check the day of the figures and dossiers entered later.",
    ),
    "unknown": Text("Danh sách không có kỳ này.", "The list does not cover this period."),
}


def row_names(table: pd.DataFrame, label: Sequence[str]) -> list[str]:
    """Return what each row is about: its cells in the columns `label` that exist, or else its number, from 1."""
    cells = [table[c].astype("str").fillna("").tolist() for c in label if c in table.columns and c != "indicator"]
    if "indicator" in label and "indicator" in table.columns:
        cells.append([term(str(code), "vi") for code in table["indicator"]])
    named = [", ".join(t for t in row if t) for row in zip(*cells, strict=True)] or [""] * len(table)
    return [name or f"dòng/row {i + 1}" for i, name in enumerate(named)]


def _one(
    identity: Identity, where: str, total: float, row: Mapping[str, float], tolerance: float
) -> tuple[findings.Finding, float] | None:
    """Return the finding and its residual, or None where the numbers cannot contradict the identity."""

    def among(columns: Sequence[str]) -> list[float]:
        return [row[c] for c in columns if not np.isnan(row.get(c, np.nan))]

    parts, optional = among(identity.parts), among(identity.optional)
    known = [*parts, *among(identity.where_given)]
    if np.isnan(total) or not known:
        return None
    computed = sum(known)
    residual = total - computed
    # Sums of floats that were read exactly differ by far less than this; a real residual is at least one hundredth.
    slack = tolerance + 1e-9 * max(1.0, abs(total))
    complete_parts = len(parts) == len(identity.parts)
    room = sum(among(identity.up_to)) + slack
    sums = [sum(s) for k in range(1, len(optional) + 1) for s in combinations(optional, k)]
    severity, pair = "info", None
    if complete_parts and abs(residual) <= slack:
        verdict, text = "pass", _HOLDS
    elif complete_parts and (0 < residual <= room or any(abs(residual - s) <= slack for s in sums)):
        verdict, text = "pass", _HOLDS_WITH
    elif identity.base == "unnamed":
        verdict, severity = "review", "minor"
        text = _REMAINDER if residual > 0 else _UNNAMED
    elif not complete_parts and residual >= -slack:
        return None
    else:
        verdict, severity = "fail", "minor" if abs(residual) <= MINOR * abs(total) else "major"
        pair = (computed, total) if _swapped(total, computed) else None
        text = _SWAPPED if pair else _MISMATCH
    found = findings.finding(
        identity.check,
        verdict,
        where,
        computed=findings.digits(computed),
        stated=findings.digits(total),
        severity=severity,
        guidance=_sentence(identity, text, residual=residual, total=total, pair=pair),
    )
    return found, residual


_HOLDS = Text("{words}. Khớp.", "{words}. It holds.")
_HOLDS_WITH = Text(
    "{words}. Khớp khi tính thêm {number} hồ sơ để riêng (trả lại, rút, tạm dừng, quá hạn hoặc không rõ hạn).",
    "{words}. It holds with the {number} files kept apart (returned, withdrawn, paused, overdue or without due date).",
)
_UNTESTED = Text(
    "Không đủ số liệu để kiểm: đẳng thức nào cũng thiếu ít nhất một số.",
    "Not enough numbers to check: every sum lacks at least one.",
)
_REMAINDER = Text(
    "{words}. Còn {number} ({share}) là phần chưa mô tả; nguồn không nói con số tổng gồm những gì. "
    "Đây không phải lỗi; cần hỏi nguồn phần này là gì.",
    "{words}. A remainder of {number} ({share}) is not described; the source does not say what its total counts. "
    "This is not an error; ask the source what it consists of.",
)
_UNNAMED = Text(
    "{words}. Tổng các phần lớn hơn con số tổng: chênh {number}. Nguồn không nói con số tổng gồm những gì; "
    "cần hỏi lại.",
    "{words}. The parts exceed the total: off by {number}. The source does not say what its total counts; ask.",
)
_MISMATCH = Text(
    "{words}. Chênh {number} (số đã nêu trừ tổng các phần). Cần đối chiếu với đơn vị lập biểu.",
    "{words}. Off by {number} (stated total less sum of the parts). Ask the unit that filled in the table.",
)
_SWAPPED = Text(
    "{words}. Chênh {number} (số đã nêu trừ tổng các phần). Hai số {pair} chỉ khác nhau ở hai chữ số "
    "liền kề đổi chỗ: có thể là lỗi đánh máy. Cần đối chiếu với nguồn.",
    "{words}. Off by {number} (stated total less sum of the parts). The numbers {pair} differ only by two "
    "neighbouring digits changing places: possibly a slip of typing. Compare with the source.",
)


def _sentence(
    identity: Identity, text: Text, *, residual: float, total: float, pair: tuple[float, float] | None
) -> Text:
    def fill(pattern: str, lang: Literal["vi", "en"]) -> str:
        return pattern.format(
            words=identity.words(lang),
            number=_count(residual, lang),
            share=format_percent(residual / total, 2, lang) if total else "",
            pair=(" và " if lang == "vi" else " and ").join(_count(n, lang) for n in pair or ()),
        )

    return Text(fill(text.vi, "vi"), fill(text.en, "en"))


def _count(number: float, lang: Literal["vi", "en"]) -> str:
    return format_number(number, 0 if abs(number - round(number)) < 1e-6 else 2, lang)


def _swapped(a: float, b: float) -> bool:
    """Whether two whole numbers differ by two neighbouring digits changing places (1 568 and 1 586)."""
    s, t = f"{a:.12g}", f"{b:.12g}"
    differ = [i for i, (x, y) in enumerate(zip(s, t, strict=False)) if x != y]
    return (
        len(s) == len(t)
        and len(differ) == 2
        and differ[1] == differ[0] + 1
        and s[differ[0]] == t[differ[1]]
        and s[differ[1]] == t[differ[0]]
    )
