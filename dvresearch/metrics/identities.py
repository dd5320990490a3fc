"""Printed numbers held against each other: sums, shares and their counts, a report and its list.

An identity is data (:class:`Identity`): a total and the columns that add up to it. The same engine checks the flows
and stocks of a tally, the numbered columns of an official form, and the parts an article prints beside a total.
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
from dvresearch.errors import Text, message
from dvresearch.metrics import findings
from dvresearch.metrics.estimates import Floats, column_numbers
from dvresearch.tables import FIGURES, TALLY, check
from dvresearch.text.formats import Lang, format_number, format_percent

__all__ = ["Identity", "check_identities", "check_parts", "check_shares", "check_tally", "compare_counts"]

#: How codes of the groups of a source begin (kind ``value`` of the codebook); tables hold their Vietnamese names.
SOURCE_GROUPS = ("group.", "owner_type.")
#: Residual, relative to the total, up to which a mismatch is called minor.
MINOR = 0.001
#: Columns that name a figure.
_LABEL = ("where", "unit", "part", "period", "indicator")


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

    @property
    def words(self) -> Text:
        """The identity in the labels of the codebook: ``Đã giải quyết = đúng hạn + trễ hạn``."""

        def said(lang: Lang) -> str:
            return f"{term(self.total, lang)} = " + " + ".join(term(p, lang) for p in (*self.parts, *self.where_given))

        return Text(said("vi"), said("en"))


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
    table: pd.DataFrame, identities: Sequence[Identity], *, label: Sequence[str], tolerance: float = 0.0
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
        totals = [(row if identity.role == "link" else given).get(identity.total, np.nan) for identity in identities]
        tested = [_one(identity, name, t, row, tolerance) for identity, t in zip(identities, totals, strict=True)]
        lacking = findings.finding("identities", "unknown", name, guidance=message("sum-not-checkable"))
        rows += [t for t in tested if t] or [(lacking, np.nan)]
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
        names = [_named(row[k]) for k in keys]
        for column in (c for c in columns if not np.isnan(row[c])):
            a, b = row[column], row[f"{column}_counted"]
            where = ", ".join([*names, codebook.label("column", column)])
            verdict, severity, told = "pass", "info", message("list-and-form-agree")
            if np.isnan(b):
                verdict, told = "unknown", message("list-lacks-period")
            elif a != b:
                severity = "minor" if abs(a - b) <= 0.01 * a else "major"
                verdict, told = "fail", message("list-and-form-differ")
            found = {"computed": findings.digits(b), "stated": findings.digits(a)}
            rows.append(findings.finding("reported_counts", verdict, where, **found, severity=severity, guidance=told))
    return findings.table(rows)


def _named(key: object) -> str:
    """Return a key as a place names it: a month, the first day of a window, or what it is."""
    if not isinstance(key, pd.Timestamp):
        return str(key)
    return f"{key:%Y-%m}" if key.day == 1 else f"{key:%Y-%m-%d}"


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
    whole = len(parts) == len(identity.parts)
    room = sum(among(identity.up_to)) + slack
    sums = [sum(s) for k in range(1, len(optional) + 1) for s in combinations(optional, k)]
    severity = "info"
    if whole and abs(residual) <= slack:
        verdict, code = "pass", "sum-holds"
    elif whole and (0 < residual <= room or any(abs(residual - s) <= slack for s in sums)):
        verdict, code = "pass", "sum-holds-with-kept-apart"
    elif identity.base == "unnamed":
        verdict, severity = "review", "minor"
        code = "sum-leaves-remainder" if residual > 0 else "parts-exceed-unnamed-total"
    elif not whole and residual >= -slack:
        return None
    else:
        verdict, severity = "fail", "minor" if abs(residual) <= MINOR * abs(total) else "major"
        code = "sum-off-by-swapped-digits" if _swapped(total, computed) else "sum-off"
    pair = [_count(n) for n in (computed, total)]
    share = findings.written(format_percent, residual / total, 2) if total else ""
    told = message(
        code,
        words=identity.words,
        number=_count(residual),
        share=share,
        pair=Text(" và ".join(n.vi for n in pair), " and ".join(n.en for n in pair)),
    )
    stated = {"computed": findings.digits(computed), "stated": findings.digits(total)}
    return findings.finding(identity.check, verdict, where, **stated, severity=severity, guidance=told), residual


def _count(number: float) -> Text:
    return findings.written(format_number, number, 0 if abs(number - round(number)) < 1e-6 else 2)


def _swapped(a: float, b: float) -> bool:
    """Whether two whole numbers differ by two neighbouring digits changing places (1 568 and 1 586)."""
    s, t = f"{a:.12g}", f"{b:.12g}"
    return s != t and any(s[:i] + s[i + 1] + s[i] + s[i + 2 :] == t for i in range(len(s) - 1))


def check_parts(figures: pd.DataFrame) -> pd.DataFrame:
    """Add up the parts a source prints beside a total.

    Parameters
    ----------
    figures : DataFrame
        Published numbers, see ``tables.FIGURES``. Figures of one `source` and `group` belong together;
        the one with the role ``total`` is compared with the sum of those with the role ``part``.

    Returns
    -------
    DataFrame
        As :func:`check_identities`, a row per group with one total and at least two parts.

    Notes
    -----
    Checked against Lai Châu 2018: 1 151 + 299 + 135 = 1 585 holds, 1 186 + 397 + 3 against 1 568 is
    off by -18 (tests/test_published.py).
    """
    check(figures, FIGURES)
    rows = []
    tied = figures[figures["group"].fillna("") != ""]
    for _, statement in tied.groupby(["source", "group"], sort=False):
        total, parts = statement[statement["role"] == "total"], statement[statement["role"] == "part"]
        # The parts are told apart by what they cover, or by what they count.
        by = next((c for c in ("part", "indicator") if (parts[c].fillna("") != "").all() and parts[c].is_unique), None)
        if len(total) == 1 and len(parts) > 1 and by:
            line = total[["unit", "period", "indicator"]].reset_index(drop=True)
            numbers = pd.DataFrame([[*total["value"], *parts["value"]]], columns=[*total["indicator"], *parts[by]])
            identity = Identity("parts_of_total", str(total["indicator"].iloc[0]), tuple(parts[by]))
            rows.append(check_identities(line.join(numbers), [identity], label=("unit", "period", "indicator")))
    return pd.concat(rows, ignore_index=True) if rows else findings.table([]).assign(residual=np.empty(0))


def check_shares(figures: pd.DataFrame) -> pd.DataFrame:
    """Recompute every published share that comes with its counts.

    Parameters
    ----------
    figures : DataFrame
        Published numbers, see ``tables.FIGURES``: ``value`` a share 0-1, ``value_low`` and
        ``value_high`` the interval its printed precision allows (0.915-0.925 for a printed 92 %), ``numerator``,
        ``denominator``. Rows without one of these, counts, and shares that were not printed are left out. A column
        ``where``, if there is one, says where a row stands and is told with the finding.

    Returns
    -------
    DataFrame
        Findings, a row per figure that can be checked. ``pass``: the recomputed share rounds to the printed one.
        ``review``: the printed one is the recomputed one with its last digits cut off instead of rounded. ``fail``
        otherwise; ``minor`` below half a percentage point, else ``major``. The other counts of the same source, unit
        and period are tried where the share does not fit its denominator, and the first that fits is named.
    """
    check(figures, FIGURES)
    needed = ["value", "value_low", "value_high", "numerator", "denominator"]
    # A number without printed precision is a count, or was computed from the counts beside it.
    printed = (figures["value_high"] - figures["value_low"] > 1e-9) & (figures["value"] <= 1)
    rows = figures[printed & figures[needed].notna().all(axis=1) & (figures["denominator"] > 0)]
    counts = figures[figures["value"] > 1]
    same, slack, out = ["source", "unit", "period"], 1e-12, []
    for where, (_, row) in zip(row_names(rows, _LABEL), rows.iterrows(), strict=True):
        stated, low, high, numerator = (row[c] for c in needed[:4])
        share = numerator / row["denominator"]
        severity = "info"
        if low - slack <= share <= high + slack:
            verdict, told = "pass", message("share-fits-counts")
        elif stated - slack <= share < stated + (high - low) - slack:
            verdict, severity, told = "review", "minor", message("share-cut-off")
        else:
            verdict, severity = "fail", "minor" if abs(share - stated) < 0.005 else "major"
            beside = counts[(counts[same] == row[same]).all(axis=1)]
            fits = beside.loc[(numerator / beside["value"]).between(low - slack, high + slack), "indicator"]
            told = message("share-fits-no-counts")
            if len(fits):
                labels = [term(fits.iloc[0], lang) for lang in ("vi", "en")]
                inside = Text(*(label[:1].lower() + label[1:] for label in labels))
                told = message("share-fits-other-count", other=inside)
        decimals = max(0, round(-np.log10(max(high - low, 1e-9))) - 2)
        found = {"computed": findings.percent(share), "stated": findings.percent(stated, decimals)}
        out.append(findings.finding("published_share", verdict, where, **found, severity=severity, guidance=told))
    return findings.table(out)
